//! The streams to one supplier: a few, opened when they are needed and used again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{DeviceId, RequestId, decode, encode};
use storage::wire::{BulkAnswer, BulkRequest};
use tokio::io::BufStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use transport::{Handle, Stream};

use super::presence::Presence;
use super::{ANSWER_WAIT, IDLE_WAIT, body_wait};
use crate::border::{
    BULK_ANSWER, BULK_REQUEST, BorderError, ENVELOPE_WAIT, Inward, Letter, Outward, greet,
    read_exactly, write_all,
};
use crate::run::chance;
use crate::run::local::Local;

/// Streams to one supplier at most.
pub(super) const STREAMS_MAX: usize = 4;
/// Suppliers whose streams are kept.
const SUPPLIERS_MAX: usize = 256;
/// The other side closes a stream that is idle for longer; this much earlier it is not used again.
const CAUTION: Duration = Duration::from_secs(10);
/// Bytes that are read or written at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// The streams to all suppliers.
#[derive(Default)]
pub(super) struct Pools(Mutex<BTreeMap<DeviceId, Arc<Pool>>>);

/// The streams to one.
pub(super) struct Pool {
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Line>>,
    presence: Presence,
}

/// A greeted stream.
pub(super) struct Line {
    stream: BufStream<Stream>,
    inward: Inward,
    outward: Outward,
    used: Instant,
    presence: Presence,
}

/// A stream in use; put it back when the exchange was whole.
pub(super) struct Taken {
    pub(super) line: Line,
    /// Whether it was used before, so that the other side may have closed it.
    pub(super) is_used: bool,
}

/// An answer with the bytes that follow it, and their share of the memory.
pub(super) struct Answered {
    pub(super) head: BulkAnswer,
    pub(super) body: Vec<u8>,
    pub(super) memory: Option<OwnedSemaphorePermit>,
}

impl Pools {
    /// The streams to a supplier.
    pub(super) fn of(&self, device: DeviceId) -> Arc<Pool> {
        let mut pools = lock(&self.0);
        if pools.len() >= SUPPLIERS_MAX {
            // Those in use are held by their users, too.
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        let fresh = || {
            let turns = Arc::new(Semaphore::new(STREAMS_MAX));
            Arc::new(Pool { turns, idle: Mutex::default(), presence: Presence::new() })
        };
        pools.entry(device).or_insert_with(fresh).clone()
    }
}

impl Pool {
    /// Waits until a stream may be used.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.clone().acquire_owned().await.ok()
    }

    /// Whether nobody but the caller uses a stream.
    pub(super) fn is_quiet(&self) -> bool {
        self.turns.available_permits() + 1 >= STREAMS_MAX
    }

    /// An idle stream, or a new one.
    ///
    /// # Errors
    /// The supplier is not connected or does not greet.
    pub(super) async fn take(
        &self,
        net: &Handle,
        device: DeviceId,
        local: &Arc<Local>,
    ) -> Result<Taken, BorderError> {
        let fresh_after = Instant::now().checked_sub(IDLE_WAIT - CAUTION);
        let idle = {
            let mut idle = lock(&self.idle);
            idle.retain(|line| fresh_after.is_none_or(|after| line.used > after));
            idle.pop()
        };
        match idle {
            Some(line) => Ok(Taken { line, is_used: true }),
            None => {
                let line = Line::open(net, device, local, &self.presence).await?;
                Ok(Taken { line, is_used: false })
            }
        }
    }

    /// Whether the supplier says anything.
    pub(super) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// A stream whose last exchange was whole.
    pub(super) fn put_back(&self, mut line: Line) {
        line.used = Instant::now();
        lock(&self.idle).push(line);
    }
}

impl Line {
    async fn open(
        net: &Handle,
        device: DeviceId,
        local: &Arc<Local>,
        presence: &Presence,
    ) -> Result<Self, BorderError> {
        let stream = net.open_bulk(device.0).await.map_err(std::io::Error::other)?;
        let mut stream = BufStream::with_capacity(BUFFER_BYTES, BUFFER_BYTES, stream);
        let (inward, outward) = greet(&mut stream, device, local).await?;
        presence.hear();
        Ok(Self { stream, inward, outward, used: Instant::now(), presence: presence.clone() })
    }

    /// Asks, with raw bytes behind the request, and waits for the answer to it. What follows the
    /// answer takes its length of `memory`, which has room for the longest.
    ///
    /// # Errors
    /// The stream broke, the peer is too slow or breaks the protocol.
    pub(super) async fn exchange(
        &mut self,
        request: &BulkRequest,
        body: &[u8],
        memory: &Arc<Semaphore>,
    ) -> Result<Answered, BorderError> {
        let (kind, id, payload) = (BULK_REQUEST, RequestId(chance::bytes()), encode(request));
        let head = self.outward.seal(Letter { kind, id, answer_to: None, payload })?;
        let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
        write_all(&mut self.stream, &[&head, body], body_wait(bytes) + ENVELOPE_WAIT).await?;
        let envelope =
            self.inward.receive(&mut self.stream, BULK_ANSWER, Some(ANSWER_WAIT)).await?;
        if envelope.answer_to != Some(id) {
            return Err(BorderError::Payload);
        }
        let head: BulkAnswer = decode(&envelope.payload).map_err(|_| BorderError::Payload)?;
        self.presence.hear();
        let BulkAnswer::Fragment { bytes, .. } = &head else {
            return Ok(Answered { head, body: vec![], memory: None });
        };
        let length = usize::try_from(*bytes).unwrap_or(usize::MAX);
        if length == 0 || length > base::DATA_BYTES_MAX {
            return Err(BorderError::Payload);
        }
        // Not before: who is asked and says nothing must not keep memory from the others.
        let memory = memory.clone().acquire_many_owned(*bytes).await.ok();
        let presence = &self.presence;
        let (body, wait) = ((vec![], length), body_wait(*bytes));
        let read = read_exactly(&mut self.stream, body, wait, |_| presence.hear());
        let body = read.await?;
        Ok(Answered { head, body, memory })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
