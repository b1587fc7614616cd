//! The border to other nodes: every stream begins with a greeting of both sides, and then carries
//! signed envelopes. Protocol: `docs/protocols/mesh.md`.

use std::sync::Arc;
use std::time::Duration;

use base::{DeviceId, RequestId};
use mesh::{
    ENVELOPE_BYTES_MAX, ENVELOPE_LIFE_MS_MAX, Envelope, FrameError, HELLO_BYTES_MAX, Hello, Kind,
    Outgoing, Proving, SealError, Session, Verified, frame,
};
use storage::wire::Asker;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::run::local::Local;

mod frames;
#[cfg(test)]
mod tests;

pub(crate) use frames::{read_exactly, read_frame, write_all};

/// Payload: a `storage::wire::Message`.
pub(crate) const CONTROL: Kind = Kind(1);
/// Payload: a `storage::wire::BulkRequest`.
pub(crate) const BULK_REQUEST: Kind = Kind(2);
/// Payload: a `storage::wire::BulkAnswer`.
pub(crate) const BULK_ANSWER: Kind = Kind(3);

/// Both greetings must have come in this time.
pub(crate) const GREETING_WAIT: Duration = Duration::from_secs(5);
/// An envelope of which something has come must be whole in this time; so must one that is sent.
pub(crate) const ENVELOPE_WAIT: Duration = Duration::from_secs(10);

/// Why a stream came to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BorderError {
    /// The other side has closed it, between two messages.
    #[error("closed by the peer")]
    Closed,
    /// The connection is gone.
    #[error("the stream broke")]
    Io(#[from] std::io::Error),
    /// The other side is too slow or silent.
    #[error("the peer was too slow")]
    TooSlow,
    /// A length that is not allowed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The greeting or an envelope is not taken.
    #[error(transparent)]
    Refused(#[from] mesh::Refusal),
    /// The own envelope could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// An envelope holds what has no place on this stream.
    #[error("an envelope of another kind, or with a payload that cannot be read")]
    Payload,
}

/// What is to be sent.
pub(crate) struct Letter {
    /// What the payload is.
    pub(crate) kind: Kind,
    /// Its id.
    pub(crate) id: RequestId,
    /// The request that it answers.
    pub(crate) answer_to: Option<RequestId>,
    /// At most 64 KiB.
    pub(crate) payload: Vec<u8>,
}

/// The side of a greeted stream that sends.
pub(crate) struct Outward {
    session: Session,
    local: Arc<Local>,
}

/// The side of a greeted stream that receives.
pub(crate) struct Inward {
    session: Session,
    local: Arc<Local>,
}

/// Greets the device that the transport has proved to be at the other end.
///
/// # Errors
/// It did not greet in time, or not as it should.
pub(crate) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    peer: DeviceId,
    local: &Arc<Local>,
) -> Result<(Inward, Outward), BorderError> {
    timeout(GREETING_WAIT, exchange(stream, peer, local)).await.map_err(|_| BorderError::TooSlow)?
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    peer: DeviceId,
    local: &Arc<Local>,
) -> Result<(Inward, Outward), BorderError> {
    let own = Hello::new(local.network, local.keys.credential(), crate::run::chance::bytes());
    // Both sides write first: a greeting fits into any window, so neither waits for the other.
    stream.write_all(&frame(&base::encode(&own), HELLO_BYTES_MAX)?).await?;
    stream.flush().await?;
    let theirs = read_frame(stream, HELLO_BYTES_MAX, GREETING_WAIT).await?;
    let date = local.clock.now().date;
    let session = Session::open(&own, &theirs, peer, Proving::Signatures, date)?;
    let inward = Inward { session: session.clone(), local: local.clone() };
    Ok((inward, Outward { session, local: local.clone() }))
}

impl Outward {
    /// A letter as it goes onto the stream.
    ///
    /// # Errors
    /// The payload is too long.
    pub(crate) fn seal(&mut self, letter: Letter) -> Result<Vec<u8>, BorderError> {
        let Letter { kind, id, answer_to, payload } = letter;
        // A clock that is wrong by less than an hour does no harm: the challenge of the connection
        // keeps replays away.
        let outgoing = Outgoing { kind, id, answer_to, payload, life_ms: ENVELOPE_LIFE_MS_MAX };
        let now = self.local.clock.now().date;
        let sealed = self.session.seal(&self.local.keys.device, outgoing, now)?;
        Ok(frame(&sealed, ENVELOPE_BYTES_MAX)?)
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// It cannot be made, or the peer does not take it in time.
    pub(crate) async fn send<W: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut W,
        letter: Letter,
    ) -> Result<(), BorderError> {
        let bytes = self.seal(letter)?;
        write_all(stream, &[&bytes], ENVELOPE_WAIT).await
    }
}

impl Inward {
    /// Who is at the other end.
    pub(crate) fn peer(&self) -> Asker {
        let speaker = self.session.peer();
        Asker { identity: speaker.identity, device: speaker.device, generation: speaker.generation }
    }

    /// The next envelope of this kind; `wait` is how long the first byte of it may take.
    ///
    /// # Errors
    /// The stream ends, or the peer breaks the protocol; the stream is of no use then.
    pub(crate) async fn receive<R: AsyncRead + Unpin>(
        &mut self,
        stream: &mut R,
        kind: Kind,
        wait: Option<Duration>,
    ) -> Result<Verified<Envelope>, BorderError> {
        let first = match wait {
            Some(wait) => {
                timeout(wait, first_byte(stream)).await.map_err(|_| BorderError::TooSlow)?
            }
            None => first_byte(stream).await,
        }?;
        let first = [first];
        let mut rest = first.as_slice().chain(stream);
        let bytes = read_frame(&mut rest, ENVELOPE_BYTES_MAX, ENVELOPE_WAIT).await?;
        let envelope = self.session.receive(&bytes, self.local.clock.now().date)?;
        if envelope.kind == kind { Ok(envelope) } else { Err(BorderError::Payload) }
    }
}

async fn first_byte<R: AsyncRead + Unpin>(stream: &mut R) -> Result<u8, BorderError> {
    let mut byte = [0];
    match stream.read(&mut byte).await? {
        0 => Err(BorderError::Closed),
        _ => Ok(byte[0]),
    }
}
