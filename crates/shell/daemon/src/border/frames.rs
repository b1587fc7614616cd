//! Bytes with limits of length and time: memory is taken for what has come, not for what is said.

use std::time::Duration;

use mesh::FrameError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::BorderError;

/// Memory that is taken before anything has come, bytes.
const FIRST_BYTES: usize = 4 * 1024;

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

/// Reads `bytes` raw bytes, which the caller has limited, and shows each run to `seen` as it comes.
///
/// # Errors
/// The end of the stream, or not whole in `wait`.
pub(crate) async fn read_exactly<R: AsyncRead + Unpin>(
    stream: &mut R,
    bytes: usize,
    wait: Duration,
    mut seen: impl FnMut(&[u8]),
) -> Result<Vec<u8>, BorderError> {
    let all = async {
        let mut run = stream.take(bytes as u64);
        let mut body = Vec::with_capacity(bytes.min(FIRST_BYTES));
        while body.len() < bytes {
            // Grows as bytes come, and to the right size at once after the first of them.
            body.reserve_exact(bytes - body.len());
            let before = body.len();
            if run.read_buf(&mut body).await? == 0 {
                return Err(FrameError::CutOff.into());
            }
            seen(&body[before..]);
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
