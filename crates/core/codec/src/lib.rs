//! The data path as pure functions over buffers: chunk, seal, pack, code, mask, prove.
//!
//! Bytes are described in `docs/protocols/coding.md`; all of them are frozen by golden tests.
//!
//! On the way out: [`Chunker`] cuts a file, [`EpochKeys::identify`] names a chunk, [`Sealer`] seals
//! it, [`Packer`] packs it into a [`Stripe`], [`BlockCoder`] adds parity and the [`Manifest`], and
//! [`Mask`] hides each fragment from all suppliers but its own. On the way back:
//! [`Manifest::verify`], [`BlockCoder::rebuild`] and [`Opener`]. [`RangeProof`] shows that a part of
//! a fragment is there to somebody who knows the root only.

mod block;
mod chunker;
mod compress;
mod keys;
mod labels;
mod manifest;
mod mask;
mod open;
mod pack;
mod proof;
mod seal;
mod shape;
mod stripe;
mod suite;

pub use block::{BlockCoder, RebuildError};
pub use chunker::{Chunker, Sizes, SizesError};
pub use keys::{EpochKeys, Identified, Kind, RecordScope};
pub use manifest::{FragmentError, Manifest, Piece, Verified};
pub use mask::Mask;
pub use open::{OpenError, Opener};
pub use pack::{Extent, Filled, Finished, Packer, Span};
pub use proof::{ProofError, RangeProof};
pub use seal::{RECORD_OVERHEAD, SEALED_OVERHEAD, SealError, Sealer};
pub use shape::{BLOCK_BYTES_MAX, FragmentClass, Shape, ShapeError};
pub use stripe::Stripe;
pub use suite::Suite;

/// The longest chunk, and the longest plaintext of a record, bytes.
pub const PLAIN_BYTES_MAX: usize = 4 << 20;

/// The BLAKE3 root of a fragment, masked or not: the plain hash of its bytes.
pub fn fragment_root(fragment: &[u8]) -> base::Hash {
    base::Hash(*blake3::hash(fragment).as_bytes())
}

#[cfg(test)]
mod fixtures;
