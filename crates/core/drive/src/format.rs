//! The bytes of the catalog: entries, contents, index segments and heads.
//!
//! Described in `docs/protocols/catalog.md`. Everything here is stored, so it never changes
//! without a new version.

mod content;
mod index;
mod node;
mod page;
mod version;

pub(crate) use content::sum;
pub use content::{
    Body, ChunkRef, Content, DEPTH_MAX as LIST_DEPTH_MAX, INLINE_BYTES_MAX, ListRef, Piece,
};
pub use index::{BlockEntry, BlockKind, ChunkEntry, ChunkKind, Extent, IndexSegment};
pub use node::{
    Attributes, BadName, Entry, Kind, NAME_BYTES_MAX, Name, Node, OWNER_BYTES_MAX, PATH_BYTES_MAX,
    Time, XATTRS_BYTES_MAX, Xattr,
};
pub(crate) use page::{PageReader, PageWriter};
pub(crate) use version::PlainHeadRef;
pub use version::{HEAD_REF_BYTES_MAX, Head, HeadRef, Root, Version};

#[cfg(test)]
mod tests;
