//! The memory that peers can fill, counted in streams of all connections together: each has a
//! receive window that a peer may fill while nobody reads.
//!
//! A connection may have as many inbound streams as a quarter of what is still free. So one alone
//! gets plenty, a hundred greedy ones get a few each, and there is always a place left for the next
//! (dynamic thresholds, Choudhury and Hahne 1998).

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

use crate::handle::{Counts, count};

/// Which part of the free places one connection may hold.
const SHARE: usize = 4;

/// The places for streams of all connections.
pub(crate) struct Meter {
    max: usize,
    taken: AtomicUsize,
    counts: Arc<Counts>,
}

impl Meter {
    pub(crate) fn new(max: usize, counts: Arc<Counts>) -> Arc<Self> {
        Arc::new(Self { max, taken: AtomicUsize::new(0), counts })
    }

    /// A connection with streams that are counted here.
    pub(crate) fn watch<M: StreamMuxer>(self: &Arc<Self>, connection: M) -> Metered<M> {
        let share = Share { meter: self.clone(), taken: Arc::new(AtomicUsize::new(0)) };
        Metered { connection, share, came: VecDeque::new(), waker: None }
    }
}

/// What one connection holds of all places.
#[derive(Clone)]
struct Share {
    meter: Arc<Meter>,
    taken: Arc<AtomicUsize>,
}

impl Share {
    /// A place for a stream that the peer has opened, if there is one for it.
    fn ask(&self) -> Option<Place> {
        let free = self.meter.max.saturating_sub(self.meter.taken.load(Ordering::Acquire));
        // With the integer division a connection without streams is let in until the last places.
        if self.taken.load(Ordering::Acquire) > free / SHARE || free == 0 {
            count(&self.meter.counts.streams_refused);
            return None;
        }
        Some(self.take())
    }

    /// A place for a stream that this side has opened: its own limits hold, so it is only counted.
    fn take(&self) -> Place {
        self.meter.taken.fetch_add(1, Ordering::AcqRel);
        self.taken.fetch_add(1, Ordering::AcqRel);
        Place(self.clone())
    }
}

/// The place of one stream; free again when dropped.
struct Place(Share);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.meter.taken.fetch_sub(1, Ordering::AcqRel);
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection whose streams are counted.
pub(crate) struct Metered<M: StreamMuxer> {
    connection: M,
    share: Share,
    /// Streams that have a place and wait to be looked at.
    came: VecDeque<MeteredStream<M::Substream>>,
    waker: Option<Waker>,
}

/// A stream that is counted.
pub(crate) struct MeteredStream<S> {
    stream: S,
    _place: Place,
}

impl<M: StreamMuxer + Unpin> Unpin for Metered<M> {}

impl<M> StreamMuxer for Metered<M>
where
    M: StreamMuxer + Unpin,
    M::Substream: Unpin,
{
    type Substream = MeteredStream<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        if let Some(stream) = self.came.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        let stream = ready!(Pin::new(&mut self.connection).poll_outbound(cx))?;
        Poll::Ready(Ok(MeteredStream { stream, _place: self.share.take() }))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        Pin::new(&mut self.connection).poll_close(cx)
    }

    /// Takes in each stream as soon as it comes, whether somebody wants to look at it now or not:
    /// what is not counted must not hold any memory for long.
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, M::Error>> {
        if let Poll::Ready(event) = Pin::new(&mut self.connection).poll(cx) {
            return Poll::Ready(event);
        }
        while let Poll::Ready(stream) = Pin::new(&mut self.connection).poll_inbound(cx) {
            let stream = stream?;
            // A stream without a place is dropped, and so reset.
            if let Some(place) = self.share.ask() {
                self.came.push_back(MeteredStream { stream, _place: place });
                if let Some(waker) = self.waker.take() {
                    waker.wake();
                }
            }
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read_vectored(cx, buffers)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
mod tests;
