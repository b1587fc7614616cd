//! What is kept of a verdict: the rung, on what ground, and since when; without the clock of a process.

use automata::Tick;
use base::{Date, Hash, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{Ladder, State};

/// [`State`] without timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Rung {
    /// As any other.
    #[default]
    Trusted,
    /// Nothing new is placed with it.
    Watch {
        /// Audits it did not answer.
        ignored: u8,
    },
    /// Not counted on.
    Contain {
        /// Because it is missing.
        is_absent: bool,
        /// Audits it has passed since.
        passed: u8,
    },
    /// The contract is ended.
    Drain {
        /// Losses that were proved.
        losses: u8,
        /// Audits it has passed since.
        passed: u8,
    },
    /// No dealings any more.
    Fired {
        /// The evidence; none when the user wanted it.
        evidence: Option<Hash>,
    },
    /// Not even a connection.
    Shunned {
        /// The evidence.
        evidence: Hash,
    },
}

/// A rung with its ground, as it is kept and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Verdict {
    /// The rung.
    pub rung: Rung,
    /// Since when.
    pub since: Date,
    /// What the user said when deciding, at most [`Verdict::REASON_CHARS_MAX`]; else empty.
    pub reason: String,
}

impl Verdict {
    /// Characters of a reason that are kept.
    pub const REASON_CHARS_MAX: usize = 200;
}

impl Wire for Verdict {
    const BYTES_MAX: usize = 1024;
}

impl Rung {
    /// As it is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Watch { .. } => "watched",
            Self::Contain { .. } => "contained",
            Self::Drain { .. } => "drained",
            Self::Fired { .. } => "fired",
            Self::Shunned { .. } => "shunned",
        }
    }

    /// What is kept of a state.
    pub fn of(state: &State) -> Self {
        match state {
            State::Trusted => Self::Trusted,
            State::Watch { ignored, .. } => Self::Watch { ignored: *ignored },
            State::Contain { is_absent, passed } => {
                Self::Contain { is_absent: *is_absent, passed: *passed }
            }
            State::Drain { losses, passed } => Self::Drain { losses: *losses, passed: *passed },
            State::Fired { evidence } => Self::Fired { evidence: *evidence },
            State::Shunned { evidence } => Self::Shunned { evidence: *evidence },
        }
    }

    /// The state to go on from in a new process; one that is watched is watched from the start.
    pub fn state(self, ladder: &Ladder, now: Tick) -> State {
        match self {
            Self::Trusted => State::Trusted,
            Self::Watch { ignored } => State::Watch { ignored, until: now + ladder.watch_ms },
            Self::Contain { is_absent, passed } => State::Contain { is_absent, passed },
            Self::Drain { losses, passed } => State::Drain { losses, passed },
            Self::Fired { evidence } => State::Fired { evidence },
            Self::Shunned { evidence } => State::Shunned { evidence },
        }
    }
}
