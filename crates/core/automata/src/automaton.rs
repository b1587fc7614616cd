//! What an author of an automaton writes: three enums, what it does, and how long it waits.

use std::fmt::Debug;

use strum::VariantNames;

use crate::Tick;

/// An enum whose variants have names; comes with `#[derive(VariantNames, IntoStaticStr)]`.
pub trait Named: VariantNames {
    /// The name of this value's variant, one of [`VariantNames::VARIANTS`].
    fn name(&self) -> &'static str;
}

impl<T: VariantNames> Named for T
where
    for<'a> &'a T: Into<&'static str>,
{
    fn name(&self) -> &'static str {
        self.into()
    }
}

/// A process with visible states. The value itself holds only its settings.
pub trait Automaton {
    /// How it is now: at most eight variants; data are ids, sizes, counts and deadlines.
    type State: Named + Clone + Debug + Ord;
    /// What came: facts or wishes, decoded and verified before, at most twelve variants.
    type Event: Named + Clone + Debug;
    /// What is to be done about it.
    type Effect: Named + Debug;

    /// A noun, the name of its module: `peer_link`.
    const NAME: &'static str;
    /// One sentence that says what it is for.
    const PURPOSE: &'static str;

    /// The first state. A timer that must run at once is `Tick(0)`: the first poll ends it.
    fn start(&self) -> Self::State;

    /// What `event` does in `state`. Total: each pair is an arm, none is `_`.
    fn step(&self, state: &Self::State, event: Self::Event, now: Tick) -> Step<Self>;

    /// How long `state` lasts by itself.
    fn wait(&self, state: &Self::State) -> Wait;

    /// The event of a timer that ended; `None` for an automaton without timers.
    ///
    /// It reaches `step` only when the deadline of the present state has passed, so no arm need ask
    /// whether a timer is stale.
    fn elapsed() -> Option<Self::Event> {
        None
    }
}

/// What an event does.
pub enum Step<A: Automaton + ?Sized> {
    /// A row of the table, from the present state to this or another one.
    Move {
        /// The state after it. Its timer is armed, that of the state before it is gone.
        to: A::State,
        /// A short phrase in small letters where a guard decided, else empty.
        why: &'static str,
        /// Orders, in the order in which they are to be carried out.
        effects: Vec<A::Effect>,
    },
    /// Legal, but late or double: nothing changes.
    Ignore,
    /// Breaks the protocol: nothing changes, and the sender is to blame.
    Refuse,
}

/// How long a state lasts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until this moment; then comes [`Automaton::elapsed`].
    Until(Tick),
    /// Until something comes.
    Rest,
    /// For ever: the process has ended.
    Done,
}

/// Whether `event` is that of a timer that `state` has not, or that has not ended yet.
pub(crate) fn is_early<A: Automaton>(
    automaton: &A,
    state: &A::State,
    event: &A::Event,
    now: Tick,
) -> bool {
    let is_timer = A::elapsed().is_some_and(|elapsed| elapsed.name() == event.name());
    let has_ended = matches!(automaton.wait(state), Wait::Until(deadline) if deadline <= now);
    is_timer && !has_ended
}
