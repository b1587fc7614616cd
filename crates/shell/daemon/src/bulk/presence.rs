//! Whether a supplier that is asked says anything: a connection may be dead long before anybody
//! closes it, and a disk may sleep.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// A supplier that is asked and from which no byte comes for so long is silent. Whoever is only slow
/// sends something meanwhile.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(1);

/// What is heard of one supplier on all its streams; cheap to clone.
#[derive(Clone)]
pub(super) struct Presence(Arc<Mutex<State>>);

struct State {
    /// Requests that are not answered.
    asked: usize,
    /// When something was heard last, or the first of the requests began.
    since: Instant,
    /// What the node was told.
    is_silent: bool,
}

/// A request that is not answered; over when dropped.
pub(super) struct Asked(Presence);

impl Presence {
    pub(super) fn new() -> Self {
        let state = State { asked: 0, since: Instant::now(), is_silent: false };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A request begins.
    pub(super) fn ask(&self) -> Asked {
        let mut state = self.lock();
        if state.asked == 0 {
            state.since = Instant::now();
        }
        state.asked += 1;
        drop(state);
        Asked(self.clone())
    }

    /// Something has come.
    pub(super) fn hear(&self) {
        self.lock().since = Instant::now();
    }

    /// When to look whether it is silent.
    pub(super) fn due(&self) -> Instant {
        let state = self.lock();
        if state.is_silent { Instant::now() + SILENT_AFTER } else { state.since + SILENT_AFTER }
    }

    /// Whether it is silent now and was not before: the node is to be told.
    pub(super) fn falls_silent(&self) -> bool {
        let mut state = self.lock();
        let is_news = !state.is_silent && state.asked > 0 && !state.is_heard();
        state.is_silent |= is_news;
        is_news
    }

    /// Whether it was silent and is so no more, or is not asked any more: the node is to be told.
    pub(super) fn is_back(&self) -> bool {
        let mut state = self.lock();
        let is_news = state.is_silent && (state.asked == 0 || state.is_heard());
        state.is_silent &= !is_news;
        is_news
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_heard(&self) -> bool {
        self.since.elapsed() < SILENT_AFTER
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.lock().asked -= 1;
    }
}
