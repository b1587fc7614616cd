//! Bytes with limits of length and time: memory is taken for what has come, not for what is said.

use std::time::Duration;

use mesh::FrameError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::BorderError;

/// Memory that is taken before anything has come, bytes.
const FIRST_BYTES: usize = 4 * 1024;
/// Bytes that are made ready for reading at once.
const RUN_BYTES: usize = 256 * 1024;

/// Reads one frame: four bytes of length, then so many.
///
/// # Errors
/// A length of 0 or more than `bytes_max`, the end of the stream, or not whole in `wait`.
pub(crate) async fn read_frame<R: AsyncRead + Unpin>(
    stream: &mut R,
    bytes_max: usize,
    wait: Duration,
) -> Result<Vec<u8>, BorderError> {
    timeout(wait, frame_of(stream, bytes_max)).await.map_err(|_| BorderError::TooSlow)?
}

async fn frame_of<R: AsyncRead + Unpin>(
    stream: &mut R,
    bytes_max: usize,
) -> Result<Vec<u8>, BorderError> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = u32::from_le_bytes(length);
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes == 0 {
        return Err(FrameError::Empty.into());
    }
    if bytes > bytes_max {
        return Err(FrameError::TooLong { bytes, limit: bytes_max }.into());
    }
    let mut message = Vec::with_capacity(bytes.min(FIRST_BYTES));
    stream.take(u64::from(length)).read_to_end(&mut message).await?;
    if message.len() == bytes { Ok(message) } else { Err(FrameError::CutOff.into()) }
}

/// Reads `bytes` raw bytes, which the caller has limited, into `body`, and shows each run to `seen`
/// as it comes. What was in `body` before is lost.
///
/// # Errors
/// The end of the stream, or not whole in `wait`.
pub(crate) async fn read_exactly<R: AsyncRead + Unpin>(
    stream: &mut R,
    (mut body, bytes): (Vec<u8>, usize),
    wait: Duration,
    mut seen: impl FnMut(&[u8]),
) -> Result<Vec<u8>, BorderError> {
    let all = async {
        let mut came = 0;
        body.truncate(bytes);
        if body.is_empty() {
            body.resize(bytes.min(FIRST_BYTES), 0);
        }
        while came < bytes {
            if came == body.len() {
                // Grows as bytes come, and each byte is made ready once: readers would make all that
                // is left ready at every turn.
                body.reserve_exact(bytes - came);
                body.resize(bytes.min(came + RUN_BYTES), 0);
            }
            let run = stream.read(&mut body[came..]).await?;
            if run == 0 {
                return Err(FrameError::CutOff.into());
            }
            seen(&body[came..came + run]);
            came += run;
        }
        Ok(body)
    };
    timeout(wait, all).await.map_err(|_| BorderError::TooSlow)?
}

/// Writes the parts one behind the other and sees that they leave.
///
/// # Errors
/// The stream broke, or the peer does not take them in `wait`.
pub(crate) async fn write_all<W: AsyncWrite + Unpin>(
    stream: &mut W,
    parts: &[&[u8]],
    wait: Duration,
) -> Result<(), BorderError> {
    let all = async {
        for part in parts {
            stream.write_all(part).await?;
        }
        stream.flush().await
    };
    Ok(timeout(wait, all).await.map_err(|_| BorderError::TooSlow)??)
}
