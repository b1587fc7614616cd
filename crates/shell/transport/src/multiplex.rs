//! Many streams on one TCP connection: Yamux, with windows that the network library's own wrapper
//! does not let one set.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::UpgradeInfo;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use yamux::{Connection, ConnectionError, Mode, Stream};

/// Bytes with which each stream's receive window begins. Fixed by Yamux.
pub(crate) const WINDOW_BYTES: usize = 256 * 1024;
/// Bytes by which the windows of a connection may grow together, where distance asks for it.
pub(crate) const WINDOW_GROWTH_BYTES: usize = 1024 * 1024;
/// Bytes of a frame. Larger frames mean fewer turns of the connection's task, and more delay for
/// small messages beside bulk.
const FRAME_BYTES: usize = 64 * 1024;

/// The settings of Yamux.
#[derive(Clone)]
pub(crate) struct Multiplex {
    config: yamux::Config,
    streams_max: usize,
}

impl Multiplex {
    /// A peer that opens more streams than `streams_max` loses the connection.
    pub(crate) fn new(streams_max: usize) -> Self {
        let mut config = yamux::Config::default();
        config.set_max_connection_receive_window(None);
        config.set_max_num_streams(streams_max);
        let window = streams_max * WINDOW_BYTES + WINDOW_GROWTH_BYTES;
        config.set_max_connection_receive_window(Some(window));
        config.set_split_send_size(FRAME_BYTES);
        Self { config, streams_max }
    }

    fn begin<C: AsyncRead + AsyncWrite + Unpin>(self, socket: C, mode: Mode) -> Multiplexed<C> {
        Multiplexed {
            connection: Connection::new(socket, self.config, mode),
            came: VecDeque::new(),
            came_max: self.streams_max,
            waker: None,
        }
    }
}

impl UpgradeInfo for Multiplex {
    type Info = &'static str;
    type InfoIter = [&'static str; 1];

    fn protocol_info(&self) -> [&'static str; 1] {
        ["/yamux/1.0.0"]
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Multiplex {
    type Output = Multiplexed<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Multiplexed<C>>>;

    fn upgrade_inbound(self, socket: C, _: &'static str) -> Self::Future {
        ready(Ok(self.begin(socket, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C>
    for Multiplex
{
    type Output = Multiplexed<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Multiplexed<C>>>;

    fn upgrade_outbound(self, socket: C, _: &'static str) -> Self::Future {
        ready(Ok(self.begin(socket, Mode::Client)))
    }
}

/// A connection with many streams. Yamux makes progress only by looking for the next inbound
/// stream, so all work is done in `poll`, and what came meanwhile waits here.
pub(crate) struct Multiplexed<C> {
    connection: Connection<C>,
    came: VecDeque<Stream>,
    came_max: usize,
    waker: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Multiplexed<C> {
    type Substream = Stream;
    type Error = ConnectionError;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream, ConnectionError>> {
        if let Some(stream) = self.came.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream, ConnectionError>> {
        self.connection.poll_new_outbound(cx)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionError>> {
        self.connection.poll_close(cx)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, ConnectionError>> {
        while self.came.len() < self.came_max {
            let next = ready!(self.connection.poll_next_inbound(cx));
            self.came.push_back(next.unwrap_or(Err(ConnectionError::Closed))?);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
        // There may be more, after these have been taken.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
