//! The shape of every process: trait, runner, journal line, atlas.
//!
//! A process is three enums and one total function. [`Live`] runs it and is the only place where its
//! state changes; each change leaves a [`Line`] in the [`Journal`]. [`Atlas`] runs it over samples and
//! draws what it does, so that table and diagram are always those of the code.
//!
//! ```
//! use automata::{Atlas, Automaton, Journal, Live, Step, Tick, Wait};
//! use strum::{IntoStaticStr, VariantNames};
//!
//! #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
//! pub enum State { Closed, Open { until: Tick }, Removed }
//! #[derive(Clone, Debug, VariantNames, IntoStaticStr)]
//! pub enum Event { Push, Remove, Elapsed }
//! #[derive(Debug, VariantNames, IntoStaticStr)]
//! pub enum Effect { Ring }
//!
//! pub struct Door { pub open_ms: u64 }
//!
//! impl Automaton for Door {
//!     type State = State;
//!     type Event = Event;
//!     type Effect = Effect;
//!     const NAME: &'static str = "door";
//!     const PURPOSE: &'static str = "Opens on a push and closes by itself.";
//!
//!     fn start(&self) -> State {
//!         State::Closed
//!     }
//!
//!     fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
//!         use {Effect::*, Event::*, State::*};
//!         let go = |to, why, effects| Step::Move { to, why, effects };
//!         match (state, event) {
//!             (Closed, Push) => go(Open { until: now + self.open_ms }, "", vec![Ring]),
//!             (Open { .. }, Elapsed) => go(Closed, "", vec![]),
//!             (Closed | Open { .. }, Remove) => go(Removed, "", vec![]),
//!
//!             (Closed, Elapsed) | (Open { .. }, Push) => Step::Ignore,
//!             (Removed, Push | Remove | Elapsed) => Step::Ignore,
//!         }
//!     }
//!
//!     fn wait(&self, state: &State) -> Wait {
//!         match state {
//!             State::Closed => Wait::Rest,
//!             State::Open { until } => Wait::Until(*until),
//!             State::Removed => Wait::Done,
//!         }
//!     }
//!
//!     fn elapsed() -> Option<Event> {
//!         Some(Event::Elapsed)
//!     }
//! }
//!
//! // Beside the automaton, for its test, the simulator and the page.
//! pub fn atlas() -> Atlas {
//!     use {Event::*, State::*};
//!     let states = [Closed, Open { until: Atlas::NOW }, Removed];
//!     Atlas::of(&Door { open_ms: 500 }, &states, &[Push, Remove, Elapsed])
//! }
//!
//! // In `door/tests.rs`, and then: expect_file!["automaton.md"].assert_eq(&atlas().markdown())
//! atlas().sound();
//!
//! // In the node.
//! let mut journal = Journal::default();
//! let mut door = Live::start(Door { open_ms: 500 }, "front");
//! let effects = door.feed(Event::Push, Tick(1_000), &mut journal);
//! assert!(matches!(effects[..], [Effect::Ring]));
//! assert_eq!(door.deadline(), Some(Tick(1_500)));
//! door.poll(Tick(1_500), &mut journal);
//! assert_eq!(door.state(), &State::Closed);
//! assert!(journal.drain().iter().all(|line| atlas().draws(line)));
//! ```

mod atlas;
mod automaton;
mod journal;
mod live;
mod tick;

#[cfg(test)]
mod delivery;

pub use atlas::{Atlas, Drawing, Fault, Row};
pub use automaton::{Automaton, Named, Step, Wait};
pub use journal::{Journal, Line, Outcome};
pub use live::{Live, Snapshot};
pub use tick::Tick;
