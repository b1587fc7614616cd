//! Keeps a session with one wanted peer, and tries again with growing patience when there is none.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the peer. `failures` counts the attempts in a row that led nowhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// There is no connection; the next attempt comes at `until`.
    Away {
        /// Attempts in a row that led nowhere.
        failures: u8,
        /// Before this moment not even a new address makes us dial.
        earliest: Tick,
        /// When the next attempt comes by itself.
        until: Tick,
    },
    /// A connection is being made.
    Dialing {
        /// Attempts in a row that led nowhere.
        failures: u8,
        /// When it has taken too long.
        until: Tick,
    },
    /// Connected; the two greetings are on their way.
    Greeting {
        /// Attempts in a row that led nowhere.
        failures: u8,
        /// When it has taken too long.
        until: Tick,
    },
    /// There is a session.
    Online {
        /// Attempts in a row that led nowhere, before this one.
        failures: u8,
        /// From this moment on the link counts as a good one.
        proven: Tick,
    },
    /// Nobody wants this peer any more.
    Unwanted,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// A connection stands, whoever made it.
    Connected,
    /// No address answered.
    DialFailed,
    /// The session is open.
    Greeted,
    /// The greeting was refused: another network, another identity, no common protocol.
    GreetingRefused,
    /// The last connection is gone.
    Lost,
    /// A new address of the peer is known.
    AddressFound,
    /// Something waits for this peer now.
    Needed,
    /// Nobody wants this peer any more.
    Unwant,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Connect on all known addresses.
    Dial,
    /// Look for the peer's contact record.
    FindAddress,
    /// Send the greeting.
    Greet,
    /// Close all connections.
    Close,
    /// Tell that requests can be sent.
    ReportOnline,
    /// Tell that requests can no longer be sent.
    ReportOffline,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct PeerLink {
    /// How long a connection may take.
    pub dial_ms: u64,
    /// How long the greetings may take.
    pub greet_ms: u64,
    /// The wait after the first failure; each further one doubles it.
    pub wait_ms_min: u64,
    /// The longest wait.
    pub wait_ms_max: u64,
    /// Added to each wait, different for each link: many links that broke at once must not all
    /// come back at once.
    pub spread_ms: u64,
    /// A session that lasted so long was a good one.
    pub proven_ms: u64,
}

impl PeerLink {
    /// Times for the open network.
    pub const fn new(spread_ms: u64) -> Self {
        Self {
            dial_ms: 15_000,
            greet_ms: 5_000,
            wait_ms_min: 1_000,
            wait_ms_max: 600_000,
            spread_ms,
            proven_ms: 60_000,
        }
    }

    fn wait_ms(&self, failures: u8) -> u64 {
        let doublings = u32::from(failures.saturating_sub(1)).min(32);
        let wait = self.wait_ms_min.saturating_mul(1 << doublings).min(self.wait_ms_max);
        wait.saturating_add(self.spread_ms)
    }

    fn away(&self, failures: u8, now: Tick) -> State {
        let until = now + self.wait_ms(failures);
        State::Away { failures, earliest: now + self.wait_ms_min, until }
    }
}

impl Automaton for PeerLink {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "peer_link";
    const PURPOSE: &'static str =
        "Keeps a session with one wanted peer, and tries again with growing patience.";

    fn start(&self) -> State {
        State::Away { failures: 0, earliest: Tick(0), until: Tick(0) }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event::*, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let dial =
            |failures, why| go(Dialing { failures, until: now + self.dial_ms }, why, vec![Dial]);
        let greet =
            |failures| go(Greeting { failures, until: now + self.greet_ms }, "", vec![Greet]);
        let fail = |failures: &u8, why, effects| {
            go(self.away(failures.saturating_add(1), now), why, effects)
        };
        match (state, event) {
            (Away { failures, .. }, Elapsed) => dial(*failures, ""),
            (Away { failures, earliest, .. }, AddressFound) if *earliest <= now => {
                dial(*failures, "a new address")
            }
            (Away { failures, earliest, .. }, Needed) if *earliest <= now => {
                dial(*failures, "needed now")
            }
            (Away { .. }, Needed) => Step::Ignore,
            (Away { failures, earliest, .. }, AddressFound) => {
                let (failures, earliest) = (*failures, *earliest);
                go(Away { failures, earliest, until: earliest }, "a new address, soon", vec![])
            }
            (Away { failures, .. } | Dialing { failures, .. }, Connected) => greet(*failures),
            (Dialing { failures, .. }, DialFailed) => fail(failures, "", vec![FindAddress]),
            (Dialing { failures, .. }, Elapsed) => {
                fail(failures, "no answer in time", vec![Close, FindAddress])
            }
            (Greeting { failures, .. }, Greeted) => {
                let (failures, proven) = (*failures, now + self.proven_ms);
                go(Online { failures, proven }, "", vec![ReportOnline])
            }
            // Such a peer does not become another one soon.
            (Greeting { .. }, GreetingRefused) => go(self.away(u8::MAX, now), "", vec![Close]),
            (Greeting { failures, .. }, Elapsed) => {
                fail(failures, "no greeting in time", vec![Close])
            }
            (Greeting { failures, .. }, Lost) => fail(failures, "", vec![]),
            (Online { proven, .. }, Lost) if *proven <= now => {
                go(self.away(0, now), "", vec![ReportOffline])
            }
            (Online { failures, .. }, Lost) => {
                fail(failures, "lost soon after it began", vec![ReportOffline])
            }
            (Away { .. }, Unwant) => go(Unwanted, "", vec![]),
            (Dialing { .. } | Greeting { .. }, Unwant) => go(Unwanted, "", vec![Close]),
            (Online { .. }, Unwant) => go(Unwanted, "", vec![Close, ReportOffline]),

            (Away { .. }, DialFailed | Greeted | GreetingRefused | Lost) => Step::Ignore,
            (Dialing { .. }, Greeted | GreetingRefused | Lost | AddressFound) => Step::Ignore,
            (Dialing { .. } | Greeting { .. } | Online { .. }, Needed) => Step::Ignore,
            (Greeting { .. }, Connected | DialFailed | AddressFound) => Step::Ignore,
            (Online { .. }, Connected | DialFailed | Greeted | GreetingRefused) => Step::Ignore,
            (Online { .. }, AddressFound | Elapsed) => Step::Ignore,
            (Unwanted, Connected | DialFailed | Greeted | GreetingRefused | Lost) => Step::Ignore,
            (Unwanted, AddressFound | Needed | Unwant | Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Away { until, .. }
            | State::Dialing { until, .. }
            | State::Greeting { until, .. } => Wait::Until(*until),
            State::Online { .. } => Wait::Rest,
            State::Unwanted => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State::*};
    let (failures, until, later) = (1, Atlas::NOW, Atlas::NOW + 1);
    let states = [
        Away { failures: 0, earliest: until, until },
        Away { failures, earliest: later, until: later },
        Dialing { failures, until },
        Greeting { failures, until },
        Online { failures, proven: until },
        Online { failures, proven: later },
        Unwanted,
    ];
    let events = [
        Connected,
        DialFailed,
        Greeted,
        GreetingRefused,
        Lost,
        AddressFound,
        Needed,
        Unwant,
        Elapsed,
    ];
    Atlas::of(&PeerLink::new(0), &states, &events)
}
