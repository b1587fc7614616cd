//! The socket: who may enter, how many, how slowly, and a clean end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use daemon::handle::Handle;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::refusal::Refusal;
use crate::router;

mod socket;

pub use socket::{BindError, Listener, bind};

/// Connections served at the same time at most.
pub const CONNECTIONS_MAX: usize = 64;

/// Connections above that which are told that it is busy; further ones are closed at once.
pub const BUSY_ANSWERS_MAX: usize = 16;

/// Bytes of the head of a request at most.
pub const HEADER_BYTES_MAX: usize = 16 << 10;

/// Number of header lines at most.
pub const HEADERS_MAX: usize = 64;

/// How long the head of a request may take to come; an idle connection is closed after it too.
pub const HEADER_WAIT: Duration = Duration::from_secs(10);

/// How long running answers may take after the end was asked for.
pub const END_WAIT: Duration = Duration::from_secs(3);

/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Says to everything that serves whether the server ends.
#[derive(Clone, Debug)]
pub struct Closing(watch::Receiver<bool>);

impl Closing {
    /// The sign, and its other end: sending `true`, or dropping it, ends the streams.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (close, closing) = watch::channel(false);
        (close, Self(closing))
    }

    /// Comes back when the server ends.
    pub(crate) async fn wait(&mut self) {
        // An error means that the sender is gone: that is an end as well.
        let _ = self.0.wait_for(|is_set| *is_set).await;
    }
}

/// Serves the daemon on the socket until `end` comes; then streams are ended, running answers get
/// [`END_WAIT`], and the socket is removed.
pub async fn serve(
    listener: Listener,
    daemon: Handle,
    end: impl Future<Output = ()>,
) -> Result<(), std::io::Error> {
    let (close, closing) = Closing::new();
    let entrance = Entrance {
        router: router(daemon, closing.clone()),
        busy: Router::new().fallback(busy),
        seats: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        busy_seats: Arc::new(Semaphore::new(BUSY_ANSWERS_MAX)),
        closing,
    };
    let (socket, guard) = listener.start()?;
    let mut connections = JoinSet::new();
    let mut end = pin!(end);
    loop {
        tokio::select! {
            () = end.as_mut() => break,
            stream = accept(&socket) => entrance.admit(stream, &mut connections),
            Some(_) = connections.join_next() => {}
        }
    }
    drop((socket, guard));
    close.send_replace(true);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(END_WAIT, all_ended).await.is_err() {
        tracing::debug!(left = connections.len(), "answers broken off at the end");
    }
    Ok(())
}

/// What is needed to let a connection in.
struct Entrance {
    router: Router,
    busy: Router,
    seats: Arc<Semaphore>,
    busy_seats: Arc<Semaphore>,
    closing: Closing,
}

impl Entrance {
    fn admit(&self, stream: UnixStream, connections: &mut JoinSet<()>) {
        if !is_peer_allowed(&stream) {
            return;
        }
        let closing = self.closing.clone();
        if let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() {
            connections.spawn(converse(stream, self.router.clone(), seat, closing));
        } else if let Ok(seat) = Arc::clone(&self.busy_seats).try_acquire_owned() {
            connections.spawn(converse(stream, self.busy.clone(), seat, closing));
        }
    }
}

async fn busy(_: Request) -> Response {
    let happened = format!("All {CONNECTIONS_MAX} connections to the daemon are in use.");
    Refusal::of("busy", happened).into_response()
}

async fn accept(socket: &UnixListener) -> UnixStream {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Asks the system who is at the other end; modes of files can be changed by mistake, this not.
fn is_peer_allowed(stream: &UnixStream) -> bool {
    match stream.peer_cred() {
        Ok(peer) if may_enter(peer.uid(), rustix::process::geteuid().as_raw()) => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), "another user knocked at the local API");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "a peer at the local API that cannot be named");
            false
        }
    }
}

/// The user that the daemon runs as, and root, who could anyway.
fn may_enter(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

async fn converse(
    stream: UnixStream,
    router: Router,
    _seat: OwnedSemaphorePermit,
    mut closing: Closing,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WAIT)
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the local API ended early");
    }
}

#[cfg(test)]
mod tests;
