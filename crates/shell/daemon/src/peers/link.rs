//! One control stream, from its greeting to its end.

use std::sync::Arc;

use base::{DeviceId, decode, encode};
use node::input::Input;
use storage::wire::Message;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::pace::Pace;
use super::{Link, OUTGOING_MAX, Post};
use crate::border::{BorderError, CONTROL, Inward, Letter, Outward, greet};
use crate::run::happening::Happening;
use crate::run::local::Local;

/// A control stream that begins.
pub(crate) struct Begin<S> {
    pub(crate) stream: S,
    pub(crate) peer: DeviceId,
    pub(crate) path: transport::Path,
    /// Whether this side opened the stream.
    pub(crate) is_own: bool,
    /// A number that no other link has.
    pub(crate) number: u64,
}

/// A stream that a peer opened: greets, tells the loop, and carries messages until one side ends.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    begin: Begin<S>,
    local: Arc<Local>,
    happenings: mpsc::Sender<Happening>,
) {
    if let Some(greeted) = meet(begin, &local, &happenings).await {
        carry(greeted, &happenings).await;
    }
}

/// A stream that this side opened: the same, and the loop is told when the greeting is over, well or
/// not.
pub(crate) async fn run_own<S: AsyncRead + AsyncWrite + Unpin>(
    begin: Begin<S>,
    local: Arc<Local>,
    happenings: mpsc::Sender<Happening>,
) {
    let device = begin.peer;
    let greeted = meet(begin, &local, &happenings).await;
    // Nobody listens when the daemon ends; so it is with all that is told.
    let _ = happenings.send(Happening::ConnectEnded { device }).await;
    if let Some(greeted) = greeted {
        carry(greeted, &happenings).await;
    }
}

/// A stream after its greeting.
struct Greeted<S> {
    stream: S,
    inward: Inward,
    outward: Outward,
    posts: mpsc::Receiver<Post>,
    number: u64,
}

async fn meet<S: AsyncRead + AsyncWrite + Unpin>(
    begin: Begin<S>,
    local: &Arc<Local>,
    happenings: &mpsc::Sender<Happening>,
) -> Option<Greeted<S>> {
    let Begin { mut stream, peer, path, is_own, number } = begin;
    let (inward, outward) = match greet(&mut stream, peer, local).await {
        Ok(greeted) => greeted,
        Err(error) => {
            tracing::debug!(%error, "a control stream without a greeting");
            return None;
        }
    };
    let (outgoing, posts) = mpsc::channel(OUTGOING_MAX);
    let link = Link { number, asker: inward.peer(), outgoing, path, is_own };
    happenings.send(Happening::LinkUp(link)).await.ok()?;
    Some(Greeted { stream, inward, outward, posts, number })
}

/// Messages that the peer sends wait in the stream while the loop is busy.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    greeted: Greeted<S>,
    happenings: &mpsc::Sender<Happening>,
) {
    let Greeted { stream, inward, outward, posts, number } = greeted;
    let device = inward.peer().device;
    let (reader, writer) = tokio::io::split(stream);
    let ended = tokio::select! {
        ended = receive(reader, inward, happenings) => ended,
        ended = send(writer, outward, posts) => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a control stream ended");
    }
    let _ = happenings.send(Happening::LinkDown { device, number }).await;
}

async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    reader: ReadHalf<S>,
    mut inward: Inward,
    happenings: &mpsc::Sender<Happening>,
) -> Result<(), BorderError> {
    let mut reader = BufReader::new(reader);
    let mut pace = Pace::new(Instant::now());
    let from = inward.peer();
    loop {
        // The transport finds out when the peer is silent because it is gone.
        let envelope = match inward.receive(&mut reader, CONTROL, None).await {
            Err(BorderError::Closed) => return Ok(()),
            received => received?.into_inner(),
        };
        let next = pace.take(Instant::now());
        let message: Message = decode(&envelope.payload).map_err(|_| BorderError::Payload)?;
        let (id, answer_to) = (envelope.id, envelope.answer_to);
        let input = Input::Received { from, id, answer_to, message };
        if happenings.send(Happening::Input(input)).await.is_err() {
            return Ok(());
        }
        sleep_until(next).await;
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    mut writer: WriteHalf<S>,
    mut outward: Outward,
    mut posts: mpsc::Receiver<Post>,
) -> Result<(), BorderError> {
    while let Some(Post { id, answer_to, message }) = posts.recv().await {
        let payload = encode(&message);
        outward.send(&mut writer, Letter { kind: CONTROL, id, answer_to, payload }).await?;
    }
    Ok(())
}
