//! A stream of bytes to a peer and back.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::{AsyncRead as _, AsyncWrite as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use crate::{Path, PeerKey};

/// Bytes that come at once at most, about.
const READ_BYTES: usize = 64 * 1024;

/// What a stream is for; each kind has its own protocol name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Signed envelopes.
    Control,
    /// Fragments.
    Bulk,
}

/// A stream of bytes to a peer and back, with flow control of its own. It keeps its connection open.
///
/// Dropped before `shutdown` it ends for the other side with an error over TCP, but over QUIC like
/// any other end: what is sent must say itself where it is complete.
///
/// Never stop reading one stream while waiting to write another one of the same connection: QUIC
/// streams share a window.
pub struct Stream {
    socket: libp2p::swarm::Stream,
    kind: StreamKind,
    peer: PeerKey,
    path: Arc<Path>,
    _slot: Slot,
    waiting: Option<OwnedSemaphorePermit>,
}

impl Stream {
    pub(crate) fn new(
        socket: libp2p::swarm::Stream,
        kind: StreamKind,
        (peer, path): (PeerKey, Arc<Path>),
        slot: Slot,
        waiting: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { socket, kind, peer, path, _slot: slot, waiting }
    }

    /// Somebody holds the stream now; its place in the queue of accepted streams is free again.
    pub(crate) fn taken(&mut self) {
        self.waiting = None;
    }

    /// Who is at the other end: proved by the handshake of the connection.
    #[must_use]
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// The connection that carries the stream.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the stream is for.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        self.kind
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("kind", &self.kind)
            .field("medium", &self.path.medium)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What the caller has not made ready is made so at every turn: no more of it than comes.
        let room = buffer
            .remaining()
            .min(READ_BYTES.max(buffer.initialized().len() - buffer.filled().len()));
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer.initialize_unfilled_to(room));
        read.map_ok(|bytes| buffer.advance(bytes))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}

/// How many streams a connection carries. Shared by its handler and its streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(Arc<AtomicUsize>);

impl Slots {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// A place for one more stream, unless `max` are taken.
    pub(crate) fn take(&self, max: usize) -> Option<Slot> {
        let grow = |taken: usize| (taken < max).then_some(taken + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, grow).ok()?;
        Some(Slot(self.0.clone()))
    }
}

/// The place of one stream; free again when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
