//! Paths as text without loss: file names are bytes, JSON and terminals want text.
//!
//! Valid UTF-8 stays as it is. A backslash, a control character and each byte that is not UTF-8
//! becomes `\xNN` for each of its bytes. So every path has one text, every text names at most one
//! path, and a name cannot command the terminal that shows it.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// Why a text names no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParsePathError {
    /// A backslash without `x` and two hexadecimal digits after it.
    #[error("the backslash at byte {at} is not the start of \\xNN; write a backslash as \\x5c")]
    Escape {
        /// Where it stands, in bytes from the start.
        at: usize,
    },
    /// No path of this system has these bytes.
    #[error("the path has a zero byte, which no file name may hold")]
    Zero,
}

/// The text of raw path bytes.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' || character.is_control() {
                let mut utf8 = [0; 4];
                escape(character.encode_utf8(&mut utf8).as_bytes(), &mut text);
            } else {
                text.push(character);
            }
        }
        escape(chunk.invalid(), &mut text);
    }
    text
}

/// The raw path bytes of a text; takes characters that [`from_bytes`] would escape also as they are.
///
/// # Errors
/// A backslash that starts no `\xNN`, or a zero byte.
pub fn to_bytes(text: &str) -> Result<Vec<u8>, ParsePathError> {
    let from = text.as_bytes();
    let mut bytes = Vec::with_capacity(from.len());
    let mut at = 0;
    while let Some(&byte) = from.get(at) {
        if byte == b'\\' {
            bytes.push(unescape(&from[at..]).ok_or(ParsePathError::Escape { at })?);
            at += 4;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    if bytes.contains(&0) { Err(ParsePathError::Zero) } else { Ok(bytes) }
}

/// The text of a path of this system.
pub fn from_path(path: &Path) -> String {
    from_bytes(path.as_os_str().as_encoded_bytes())
}

/// The path of a text.
///
/// # Errors
/// As [`to_bytes`].
#[cfg(unix)]
pub fn to_path(text: &str) -> Result<PathBuf, ParsePathError> {
    use std::os::unix::ffi::OsStringExt;
    Ok(PathBuf::from(OsString::from_vec(to_bytes(text)?)))
}

fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        write!(text, "\\x{byte:02x}").expect("a string takes everything");
    }
}

fn unescape(at_backslash: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = at_backslash else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    Some(digit(*high)? << 4 | digit(*low)?)
}
