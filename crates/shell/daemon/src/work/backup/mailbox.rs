//! What the loop tells the worker of a backup.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use base::BlockId;
use codec::Stripe;
use storage::backup::Stage;

/// Where it waits for the worker.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    mail: Mail,
    has_come: bool,
}

/// What has come since the worker looked last. Its lists are bounded by the sealed blocks.
#[derive(Default)]
pub(crate) struct Mail {
    /// Blocks to be written down.
    pub(crate) placed: Vec<BlockId>,
    /// Memory to be used again.
    pub(crate) spare: Vec<Stripe>,
    /// The stage that may begin.
    pub(crate) next: Option<Stage>,
    /// The version is published.
    pub(crate) must_conclude: bool,
    /// The run ends; stays so.
    pub(crate) is_stopped: bool,
}

impl Mailbox {
    /// Adds to the mail and wakes the worker.
    pub(crate) fn put(&self, add: impl FnOnce(&mut Mail)) {
        let mut state = self.lock();
        add(&mut state.mail);
        state.has_come = true;
        self.came.notify_all();
    }

    /// Takes what has come, maybe nothing.
    pub(crate) fn take(&self) -> Mail {
        let mut state = self.lock();
        state.has_come = false;
        let is_stopped = state.mail.is_stopped;
        std::mem::replace(&mut state.mail, Mail { is_stopped, ..Mail::default() })
    }

    /// Blocks until something comes.
    pub(crate) fn wait(&self) {
        let mut state = self.lock();
        while !state.has_come {
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the run is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().mail.is_stopped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
