//! Every label under which this crate derives a key or hashes, in one place.
//!
//! A label with another number is another label: when a format changes, its label gets a new number
//! and the old one stays. All derivations are BLAKE3 in `derive_key` mode; the exact inputs are in
//! docs/protocols/coding.md.

/// gear key → the 256 numbers of the chunker.
pub(crate) const GEAR_TABLE: &str = "bitdust codec gear table v1";
/// epoch secret ‖ suite ‖ chunk id → key of the chunk.
pub(crate) const CHUNK_KEY: &str = "bitdust codec chunk key v1";
/// epoch secret → key of the keyed hash that makes the nonces of chunks.
pub(crate) const CHUNK_NONCE_KEY: &str = "bitdust codec chunk nonce key v1";
/// secret ‖ suite ‖ salt → key of one sealed record.
pub(crate) const RECORD_KEY: &str = "bitdust codec record key v1";
/// padding key ‖ block's number in its run → bytes after the last chunk.
pub(crate) const PADDING: &str = "bitdust codec block padding v1";
/// encoded manifest → block id.
pub(crate) const BLOCK_ID: &str = "bitdust codec block id v1";
/// mask root ‖ supplier ‖ block id ‖ fragment index → key of the fragment's mask.
pub(crate) const MASK_KEY: &str = "bitdust codec fragment mask v1 AES-256-CTR";
