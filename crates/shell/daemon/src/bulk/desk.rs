//! Where requests of others wait for the node's decision.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::DeviceId;
use node::input::Input;
use storage::wire::{Asker, BulkRequest, Refusal};
use tokio::sync::{mpsc, oneshot};

use crate::run::happening::Happening;

/// Bulk streams that one peer may have open here.
const STREAMS_PER_PEER_MAX: usize = 8;
/// Bulk streams of all peers.
const STREAMS_MAX: usize = 512;

/// The desk; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: AtomicU64,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Verdict>>>,
    streams: Mutex<BTreeMap<DeviceId, usize>>,
}

/// What the node decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Serve,
    Refuse(Refusal),
}

/// A stream of a peer that is counted.
pub(crate) struct Seat {
    desk: Desk,
    device: DeviceId,
}

/// A request that was granted: the node is told when it is over, however it ends.
pub(crate) struct Granted {
    stream: u64,
    happenings: Option<mpsc::Sender<Happening>>,
}

impl Desk {
    /// A place for one more stream of this peer, if it has not too many.
    pub(crate) fn seat(&self, device: DeviceId) -> Option<Seat> {
        let mut streams = lock(&self.0.streams);
        let all: usize = streams.values().sum();
        let own = streams.entry(device).or_default();
        if *own >= STREAMS_PER_PEER_MAX || all >= STREAMS_MAX {
            if *own == 0 {
                streams.remove(&device);
            }
            return None;
        }
        *own += 1;
        Some(Seat { desk: self.clone(), device })
    }

    /// Asks the node whether this may be done.
    ///
    /// # Errors
    /// It may not.
    pub(crate) async fn ask(
        &self,
        from: Asker,
        request: BulkRequest,
        happenings: &mpsc::Sender<Happening>,
    ) -> Result<Granted, Refusal> {
        let stream = self.0.asked.fetch_add(1, Ordering::Relaxed);
        let (verdict, decided) = oneshot::channel();
        lock(&self.0.waiting).insert(stream, verdict);
        let forget = Forget { desk: self.clone(), stream };
        let asked = Happening::Input(Input::Asked { stream, from, request });
        happenings.send(asked).await.map_err(|_| Refusal::Closed)?;
        let verdict = decided.await.map_err(|_| Refusal::Closed)?;
        drop(forget);
        match verdict {
            Verdict::Serve => Ok(Granted { stream, happenings: Some(happenings.clone()) }),
            Verdict::Refuse(reason) => Err(reason),
        }
    }

    /// The node has decided. Says whether the stream is still there.
    pub(crate) fn decide(&self, stream: u64, verdict: Verdict) -> bool {
        let waiting = lock(&self.0.waiting).remove(&stream);
        waiting.is_some_and(|waiting| waiting.send(verdict).is_ok())
    }
}

impl Granted {
    /// Its number.
    pub(crate) fn stream(&self) -> u64 {
        self.stream
    }

    /// The store thread tells the node how it ended.
    pub(crate) fn hand_over(mut self) {
        self.happenings = None;
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        let Some(happenings) = self.happenings.take() else { return };
        let served = Happening::Input(Input::Served { stream: self.stream, kept: None });
        if let Err(mpsc::error::TrySendError::Full(served)) = happenings.try_send(served)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                let _ = happenings.send(served).await;
            });
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut streams = lock(&self.desk.0.streams);
        if let Some(own) = streams.get_mut(&self.device) {
            *own -= 1;
            if *own == 0 {
                streams.remove(&self.device);
            }
        }
    }
}

/// Takes a request that nobody waits for any more off the desk.
struct Forget {
    desk: Desk,
    stream: u64,
}

impl Drop for Forget {
    fn drop(&mut self) {
        lock(&self.desk.0.waiting).remove(&self.stream);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
