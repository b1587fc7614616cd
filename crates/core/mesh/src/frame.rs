//! Messages on a stream: four bytes of length, least significant first, then the message.

#[cfg(test)]
mod tests;

/// Bytes of the length before each message.
const LENGTH_BYTES: usize = 4;

/// Why a stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message longer than agreed.
    #[error("a message of {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// The length announced.
        bytes: usize,
        /// The longest message of this stream.
        limit: usize,
    },
    /// A message of no bytes: nothing begins like this.
    #[error("an empty message")]
    Empty,
    /// The stream ended inside a message.
    #[error("the stream ended inside a message")]
    CutOff,
}

/// Puts its length before a message.
///
/// # Errors
/// It is empty or longer than `bytes_max`.
pub fn frame(message: &[u8], bytes_max: usize) -> Result<Vec<u8>, FrameError> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    check(length, bytes_max)?;
    Ok([&length.to_le_bytes(), message].concat())
}

/// Splits what arrives on a stream into messages. It holds at most one unfinished message, and
/// memory for what has arrived only, whatever length was announced.
#[derive(Debug)]
pub struct FrameDecoder {
    bytes_max: usize,
    unfinished: Vec<u8>,
    broken: Option<FrameError>,
}

impl FrameDecoder {
    /// A decoder for messages of at most `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, unfinished: vec![], broken: None }
    }

    /// Takes in what arrived, in pieces of any size, and returns the messages that are whole now.
    ///
    /// # Errors
    /// A length that is not allowed. The stream is of no use then: the messages that came whole in
    /// the same piece are dropped, and each further call gives the same error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = self.split(bytes);
        self.broken = result.as_ref().err().copied();
        result
    }

    /// Whether the stream may end here.
    ///
    /// # Errors
    /// It ended inside a message, or was broken before.
    pub fn finish(&self) -> Result<(), FrameError> {
        match self.broken {
            Some(error) => Err(error),
            None if self.unfinished.is_empty() => Ok(()),
            None => Err(FrameError::CutOff),
        }
    }

    fn split(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut messages = vec![];
        while !bytes.is_empty() {
            let missing = self.missing()?;
            let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
            self.unfinished.extend_from_slice(taken);
            bytes = rest;
            if self.unfinished.len() > LENGTH_BYTES && self.missing()? == 0 {
                messages.push(self.unfinished.split_off(LENGTH_BYTES));
                self.unfinished.clear();
            }
        }
        // An announced length is refused when it is read, not when the message comes.
        self.missing().map(|_| messages)
    }

    /// Bytes until the length is known, and then until the message is whole.
    fn missing(&self) -> Result<usize, FrameError> {
        let Some((length, message)) = self.unfinished.split_first_chunk() else {
            return Ok(LENGTH_BYTES - self.unfinished.len());
        };
        Ok(check(u32::from_le_bytes(*length), self.bytes_max)? - message.len())
    }
}

fn check(length: u32, limit: usize) -> Result<usize, FrameError> {
    match usize::try_from(length).unwrap_or(usize::MAX) {
        0 => Err(FrameError::Empty),
        bytes if bytes > limit => Err(FrameError::TooLong { bytes, limit }),
        bytes => Ok(bytes),
    }
}
