//! Names and paths inside a tree, in types that hold only what may be created below a directory.

use std::fmt;

use thiserror::Error;

/// The longest name in bytes, on every common file system.
pub const NAME_BYTES_MAX: usize = 255;

/// The deepest entry below the root of a tree. Deeper ones are reported by a scan and refused by a
/// restore; a scan holds one directory open for each level.
pub const DEPTH_MAX: usize = 256;

/// How the names of files begin that a restore has not finished; 16 hexadecimal digits follow.
pub const PARTIAL_PREFIX: &[u8] = b".bitdust-part-";

const PARTIAL_DIGITS: usize = 16;

/// The name of one entry in a directory: bytes of any encoding that cannot lead elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

/// Why bytes are not the name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadName {
    /// There is no byte in it.
    #[error("the name is empty")]
    Empty,
    /// `.` and `..` lead elsewhere.
    #[error("the name is `.` or `..`")]
    Dots,
    /// A slash leads elsewhere.
    #[error("the name contains a slash")]
    Slash,
    /// No system can store it.
    #[error("the name contains a NUL byte")]
    Nul,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("the name has {bytes} bytes, more than {NAME_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl Name {
    /// Checks bytes from anywhere.
    pub fn new(bytes: &[u8]) -> Result<Name, BadName> {
        check(bytes)?;
        Ok(Name(bytes.into()))
    }

    /// The bytes as they are on disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Name {
    /// Safe for a terminal: control characters and what is not UTF-8 are escaped.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_shown(&self.0, out)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{self}\"")
    }
}

fn check(bytes: &[u8]) -> Result<(), BadName> {
    match bytes {
        [] => Err(BadName::Empty),
        b"." | b".." => Err(BadName::Dots),
        _ if bytes.contains(&b'/') => Err(BadName::Slash),
        _ if bytes.contains(&0) => Err(BadName::Nul),
        _ if bytes.len() > NAME_BYTES_MAX => Err(BadName::TooLong { bytes: bytes.len() }),
        _ => Ok(()),
    }
}

/// Whether this is the name of an unfinished file of a restore.
pub(crate) fn is_partial(name: &[u8]) -> bool {
    name.strip_prefix(PARTIAL_PREFIX).is_some_and(|digits| {
        digits.len() == PARTIAL_DIGITS && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

/// The name of an unfinished file.
pub(crate) fn partial_name(number: u64) -> Vec<u8> {
    let mut name = PARTIAL_PREFIX.to_vec();
    name.extend_from_slice(format!("{number:016x}").as_bytes());
    name
}

/// The way from the root of a tree to an entry: checked names, at most [`DEPTH_MAX`] of them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath {
    joined: Vec<u8>,
    depth: usize,
}

/// A path has more than [`DEPTH_MAX`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the path is deeper than {DEPTH_MAX} directories")]
pub struct TooDeep;

/// Why bytes are not a path in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadPath {
    /// One of the names is bad; an absolute path and a double slash have an empty one.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Too many names.
    #[error(transparent)]
    Depth(#[from] TooDeep),
}

impl TreePath {
    /// The root of the tree itself.
    pub fn root() -> TreePath {
        TreePath::default()
    }

    /// Takes names joined by `/`; no bytes at all are the root.
    pub fn parse(joined: &[u8]) -> Result<TreePath, BadPath> {
        let mut path = TreePath::root();
        if joined.is_empty() {
            return Ok(path);
        }
        for name in joined.split(|byte| *byte == b'/') {
            check(name)?;
            path = path.join_checked(name)?;
        }
        Ok(path)
    }

    /// The entry of this name in this directory.
    pub fn join(&self, name: &Name) -> Result<TreePath, TooDeep> {
        self.join_checked(name.as_bytes())
    }

    /// As [`join`](Self::join), for a name that the kernel gave or that was checked before.
    pub(crate) fn join_checked(&self, name: &[u8]) -> Result<TreePath, TooDeep> {
        if self.depth >= DEPTH_MAX {
            return Err(TooDeep);
        }
        let mut joined = Vec::with_capacity(self.joined.len() + 1 + name.len());
        joined.extend_from_slice(&self.joined);
        if self.depth > 0 {
            joined.push(b'/');
        }
        joined.extend_from_slice(name);
        Ok(TreePath { joined, depth: self.depth + 1 })
    }

    /// The names joined by `/`, empty for the root.
    pub fn as_bytes(&self) -> &[u8] {
        &self.joined
    }

    /// How many names it has; 0 for the root.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether this is the root of the tree.
    pub fn is_root(&self) -> bool {
        self.depth == 0
    }

    /// The last name, nothing for the root.
    pub fn name(&self) -> Option<&[u8]> {
        self.names().next_back()
    }

    /// The directory of this entry, nothing for the root.
    pub fn parent(&self) -> Option<TreePath> {
        let name = self.name()?;
        let rest = self.joined.len() - name.len();
        let joined = self.joined[..rest.saturating_sub(1)].to_vec();
        Some(TreePath { joined, depth: self.depth - 1 })
    }

    /// The names from the root down.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.joined.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
    }
}

impl fmt::Display for TreePath {
    /// Safe for a terminal, as that of [`Name`]; the root is `.`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() { out.write_str(".") } else { write_shown(&self.joined, out) }
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{self}\"")
    }
}

fn write_shown(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_harmless(character) {
                fmt::Write::write_char(out, character)?;
            } else {
                write!(out, "{}", character.escape_unicode())?;
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Neither a control character nor one that turns the direction of what follows: with those, a
/// name could look like another or speak to the terminal.
fn is_harmless(character: char) -> bool {
    let turns = matches!(character,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !turns
}
