//! Where a worker can be held or stopped, and where it waits for what others bring.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drive::Stop;

/// How often a worker that waits looks whether anybody still wants its result.
const LOOK: Duration = Duration::from_millis(250);

/// The gate of one worker.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    /// Says that nobody wants the result any more, for work without a job.
    is_abandoned: Option<Box<dyn Fn() -> bool + Send + Sync>>,
}

#[derive(Default)]
struct State {
    is_held: bool,
    is_stopped: bool,
}

impl Gate {
    /// The gate of work that ends when `is_abandoned` says so.
    pub(crate) fn abandoned_when(is_abandoned: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_abandoned: Some(Box::new(is_abandoned)), ..Self::default() }
    }

    /// Holds the worker where it passes next.
    pub(crate) fn hold(&self) {
        self.lock().is_held = true;
    }

    /// Lets it go on.
    pub(crate) fn let_go(&self) {
        self.lock().is_held = false;
        self.changed.notify_all();
    }

    /// Ends the worker, also one that is held or waits.
    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Makes a worker that waits look again.
    pub(crate) fn poke(&self) {
        // Whoever looks does so under the lock: it has not looked yet, or it waits.
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Blocks while the worker is held.
    ///
    /// # Errors
    /// It is stopped.
    pub(crate) fn pass(&self) -> Result<(), Stop> {
        let mut state = self.lock();
        while state.is_held && !self.must_stop(&state) {
            state = self.wait_on(state);
        }
        if self.must_stop(&state) { Err(Stop) } else { Ok(()) }
    }

    /// Blocks until `look` finds something. What it looks at is changed before [`Gate::poke`].
    ///
    /// # Errors
    /// The worker is stopped.
    pub(crate) fn wait<T>(&self, mut look: impl FnMut() -> Option<T>) -> Result<T, Stop> {
        let mut state = self.lock();
        loop {
            if self.must_stop(&state) {
                return Err(Stop);
            }
            if let Some(found) = look() {
                return Ok(found);
            }
            state = self.wait_on(state);
        }
    }

    fn must_stop(&self, state: &State) -> bool {
        state.is_stopped || self.is_abandoned.as_ref().is_some_and(|is_abandoned| is_abandoned())
    }

    fn wait_on<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if self.is_abandoned.is_none() {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
