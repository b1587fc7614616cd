//! The side that keeps: takes fragments in, gives them back, erases them, if the node says so.

use std::sync::Arc;
use std::time::Duration;

use base::{DeviceId, Label, RequestId, Signed, decode, encode};
use storage::audit::{Answer, Challenge};
use storage::wire::{Asker, BulkAnswer, BulkRequest, Refusal};
use store::fragments::Put;
use tokio::io::{AsyncRead, AsyncWrite, BufStream};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::desk::{Desk, Granted};
use super::{IDLE_WAIT, body_wait, is_of};
use crate::border::{
    BULK_ANSWER, BULK_REQUEST, BorderError, ENVELOPE_WAIT, Inward, Letter, Outward, greet,
    read_exactly, write_all,
};
use crate::run::chance;
use crate::run::happening::Happening;
use crate::run::local::Local;
use crate::supplier::{Coming, FragmentName, Order, Served, Supplier};

/// How long a request waits for memory before it is told to come again.
const MEMORY_WAIT: Duration = Duration::from_secs(20);
/// The longest fragment, bytes.
const FRAGMENT_BYTES_MAX: u32 = base::DATA_BYTES_MAX as u32;
/// Who is refused waits so long before the next request: refusals cost signatures, too.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// What a stream that is served needs.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) local: Arc<Local>,
    pub(crate) supplier: Arc<Supplier>,
    pub(crate) desk: Desk,
    pub(crate) happenings: mpsc::Sender<Happening>,
}

/// A stream that is served.
struct Counter<S> {
    server: Server,
    stream: BufStream<S>,
    inward: Inward,
    outward: Outward,
}

/// What is answered: the head, and the bytes that follow it with their share of the memory.
struct Reply {
    head: BulkAnswer,
    body: Vec<u8>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Server {
    /// Serves one request after the other until the peer ends or breaks the protocol.
    pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, peer: DeviceId) {
        let Some(_seat) = self.desk.seat(peer) else {
            return tracing::debug!("a peer with too many bulk streams");
        };
        let mut stream = BufStream::with_capacity(READ_BYTES, READ_BYTES, stream);
        let (inward, outward) = match greet(&mut stream, peer, &self.local).await {
            Ok(greeted) => greeted,
            Err(error) => return tracing::debug!(%error, "a bulk stream without a greeting"),
        };
        let mut counter = Counter { server: self, stream, inward, outward };
        loop {
            match counter.one().await {
                Ok(()) => {}
                Err(BorderError::Closed) => return,
                Err(error) => return tracing::debug!(%error, "a bulk stream ended"),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Counter<S> {
    /// One request and its answer.
    async fn one(&mut self) -> Result<(), BorderError> {
        let envelope = self.inward.receive(&mut self.stream, BULK_REQUEST, Some(IDLE_WAIT)).await?;
        let request: BulkRequest = decode(&envelope.payload).map_err(|_| BorderError::Payload)?;
        if !request.is_sound() {
            return Err(BorderError::Payload);
        }
        let from = self.inward.peer();
        let asked = self.server.desk.ask(from, request.clone(), &self.server.happenings).await;
        let reply = match (asked, request) {
            (Ok(granted), put @ BulkRequest::Put { .. }) => self.take(granted, from, put).await?,
            (Ok(granted), BulkRequest::Get { contract, block, index }) => {
                self.give(granted, FragmentName { contract, block, index }).await
            }
            (Ok(granted), BulkRequest::Delete { contract, block, index }) => {
                self.erase(granted, FragmentName { contract, block, index }).await
            }
            (Ok(granted), BulkRequest::Audit { challenge }) => {
                self.prove(granted, challenge.body).await
            }
            (Err(reason), request) => {
                if let BulkRequest::Put { bytes, .. } = request {
                    self.skip(bytes).await?;
                }
                sleep(REFUSED_PAUSE).await;
                refused(reason)
            }
        };
        self.answer(envelope.id, reply).await
    }

    async fn take(
        &mut self,
        granted: Granted,
        owner: Asker,
        request: BulkRequest,
    ) -> Result<Reply, BorderError> {
        let BulkRequest::Put { contract, block, index, bytes, masked_root, manifest } = request
        else {
            return Err(BorderError::Payload);
        };
        let supplier = self.server.supplier.clone();
        let coming = supplier.announce();
        let Ok(Some(memory)) = timeout(MEMORY_WAIT, supplier.memory(bytes)).await else {
            self.skip(bytes).await?;
            return Ok(refused(Refusal::Busy));
        };
        // Hashed as it comes, so that the last byte is soon followed by the answer.
        let mut hasher = blake3::Hasher::new();
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        let (body, wait) = ((supplier.buffers().take(), length), body_wait(bytes));
        let read = read_exactly(&mut self.stream, body, wait, |run| {
            hasher.update(run);
        });
        let payload = read.await?;
        let is_right = hasher.finalize() == masked_root.0
            && is_of(&manifest, owner.device, block, (index, bytes));
        if !is_right {
            return Ok(refused(Refusal::Mismatch));
        }
        let put =
            Put { owner: owner.identity, contract, block, index, masked_root, manifest, payload };
        let (reply, stored) = oneshot::channel();
        supplier.order(Order::Put(Coming { stream: granted.stream(), put, memory, reply }));
        granted.hand_over();
        drop(coming);
        Ok(receipted(stored.await))
    }

    async fn give(&mut self, granted: Granted, name: FragmentName) -> Reply {
        let supplier = self.server.supplier.clone();
        // How long it is stands in the store; room for the longest is taken.
        let Ok(Some(memory)) = timeout(MEMORY_WAIT, supplier.memory(FRAGMENT_BYTES_MAX)).await
        else {
            return refused(Refusal::Busy);
        };
        let read = spawn_blocking(move || supplier.read(name)).await;
        drop(granted);
        match read {
            Ok(Ok(Served { bytes: body, manifest })) => {
                let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
                let head = BulkAnswer::Fragment { bytes, manifest };
                Reply { head, body, memory: Some(memory) }
            }
            Ok(Err(reason)) => refused(reason),
            Err(_) => refused(Refusal::DiskFailed),
        }
    }

    async fn prove(&mut self, granted: Granted, challenge: Challenge) -> Reply {
        let supplier = self.server.supplier.clone();
        let Ok(Some(memory)) = timeout(MEMORY_WAIT, supplier.memory(FRAGMENT_BYTES_MAX)).await
        else {
            return refused(Refusal::Busy);
        };
        let local = self.server.local.clone();
        let proving = spawn_blocking(move || {
            let (id, reply) = (challenge.id(), supplier.prove(&challenge));
            drop((granted, memory));
            let answer = Answer { challenge: id, reply };
            Signed::new(&local.keys.device, Label::AuditAnswer, answer)
        });
        match proving.await {
            Ok(answer) => {
                Reply { head: BulkAnswer::Audited { answer }, body: vec![], memory: None }
            }
            Err(_) => refused(Refusal::DiskFailed),
        }
    }

    async fn erase(&mut self, granted: Granted, name: FragmentName) -> Reply {
        let (reply, erased) = oneshot::channel();
        let order = Order::Delete { stream: granted.stream(), name, reply };
        self.server.supplier.order(order);
        granted.hand_over();
        receipted(erased.await)
    }

    /// Reads past the bytes of a fragment that is not taken, so that the stream can be used again.
    async fn skip(&mut self, bytes: u32) -> Result<(), BorderError> {
        let skip = async {
            let mut run = tokio::io::AsyncReadExt::take(&mut self.stream, u64::from(bytes));
            tokio::io::copy(&mut run, &mut tokio::io::sink()).await
        };
        let skipped = timeout(body_wait(bytes), skip).await.map_err(|_| BorderError::TooSlow)??;
        if skipped == u64::from(bytes) { Ok(()) } else { Err(BorderError::Closed) }
    }

    async fn answer(&mut self, to: RequestId, reply: Reply) -> Result<(), BorderError> {
        let Reply { head, body, memory } = reply;
        let (kind, id, payload) = (BULK_ANSWER, RequestId(chance::bytes()), encode(&head));
        let head = self.outward.seal(Letter { kind, id, answer_to: Some(to), payload })?;
        let wait = body_wait(u32::try_from(body.len()).unwrap_or(u32::MAX)) + ENVELOPE_WAIT;
        let written = write_all(&mut self.stream, &[&head, &body], wait).await;
        drop(memory);
        written
    }
}

fn refused(reason: Refusal) -> Reply {
    Reply { head: BulkAnswer::Refused { reason }, body: vec![], memory: None }
}

/// What the store thread said; it says nothing when the daemon ends.
fn receipted(said: Result<Result<Vec<u8>, Refusal>, oneshot::error::RecvError>) -> Reply {
    match said {
        Ok(Ok(receipt)) => {
            Reply { head: BulkAnswer::Stored { receipt }, body: vec![], memory: None }
        }
        Ok(Err(reason)) => refused(reason),
        Err(_) => refused(Refusal::Closed),
    }
}
