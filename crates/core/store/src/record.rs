//! The form of one record in a segment: a header that says everything about it, its text (a
//! manifest or a document) and its payload, padded to 4 KiB. See `docs/protocols/fragment-store.md`.

use base::{BlockId, ContractId, Date, Hash, IdentityId};

/// Records begin at multiples of this, bytes.
pub(crate) const ALIGN_BYTES: u64 = 4096;
/// The header of a record, bytes.
pub(crate) const HEADER_BYTES: usize = 256;
/// The longest text of a record (a manifest, a contract document), bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The longest payload of a record, bytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

const MAGIC: [u8; 4] = *b"BDrc";
const VERSION: u8 = 1;
const CHECKED_BYTES: usize = HEADER_BYTES - 16;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A fragment: text is the manifest, payload the masked bytes.
    Fragment,
    /// The names of fragments that were deleted.
    Tombstone,
    /// What the supplier signed.
    Receipt,
    /// The terms of a contract: text is the document.
    ContractDocument,
    /// A customer's signature under a receipt.
    Agreement,
    /// Something that the supplier keeps for an owner beside fragments.
    OwnerRecord,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Fragment,
        Self::Tombstone,
        Self::Receipt,
        Self::ContractDocument,
        Self::Agreement,
        Self::OwnerRecord,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Where a record stands in its log, and the batch that it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The segment.
    pub(crate) segment: u32,
    /// The record's first byte, in units of 4 KiB.
    pub(crate) at: u32,
    /// The number of the batch; batches are numbered from 1 and never share a number.
    pub(crate) batch: u64,
    /// Where the batch begins, in units of 4 KiB.
    pub(crate) batch_at: u32,
    /// The length of the whole batch, in units of 4 KiB.
    pub(crate) batch_units: u32,
}

/// A record's own description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What it holds.
    pub(crate) kind: Kind,
    /// Fragment: its index in the block. Owner record: the owner's number for its kind.
    pub(crate) index: u8,
    /// Whose it is.
    pub(crate) owner: IdentityId,
    /// The contract under which it is kept; zeros for owner records.
    pub(crate) contract: ContractId,
    /// Fragment: the block.
    pub(crate) block: BlockId,
    /// The plain BLAKE3 hash of the payload; for a fragment its masked root.
    pub(crate) hash: Hash,
    /// Fragment, tombstone, receipt, agreement: the receipt's sequence. Owner record: its own.
    pub(crate) sequence: u64,
    /// When it was written.
    pub(crate) date: Date,
    /// Length of the text, bytes.
    pub(crate) text_bytes: u32,
    /// Length of the payload, bytes.
    pub(crate) payload_bytes: u32,
    /// The first 16 bytes of the text's BLAKE3 hash.
    pub(crate) text_check: [u8; 16],
}

impl Header {
    /// A header for these bytes; the payload's hash is given, for it is known where it matters.
    ///
    /// # Panics
    /// The text or the payload is longer than a record may hold; callers check before.
    pub(crate) fn new(kind: Kind, hash: Hash, text: &[u8], payload_bytes: usize) -> Self {
        assert!(text.len() <= TEXT_BYTES_MAX && payload_bytes <= PAYLOAD_BYTES_MAX);
        Self {
            kind,
            index: 0,
            owner: IdentityId::default(),
            contract: ContractId::default(),
            block: BlockId::default(),
            hash,
            sequence: 0,
            date: Date::default(),
            text_bytes: text.len() as u32,
            payload_bytes: payload_bytes as u32,
            text_check: text_check(text),
        }
    }

    /// The record's length with padding, in units of 4 KiB.
    pub(crate) fn units(&self) -> u32 {
        units(self.text_bytes, self.payload_bytes)
    }

    /// Whether text and payload are those that the header was made for.
    pub(crate) fn matches(&self, text: &[u8], payload: &[u8]) -> bool {
        self.text_matches(text)
            && payload.len() == self.payload_bytes as usize
            && plain_hash(payload) == self.hash
    }

    /// Whether the text is the one that the header was made for.
    pub(crate) fn text_matches(&self, text: &[u8]) -> bool {
        text.len() == self.text_bytes as usize && text_check(text) == self.text_check
    }
}

/// The plain BLAKE3 hash of a payload.
pub(crate) fn plain_hash(payload: &[u8]) -> Hash {
    Hash(*blake3::hash(payload).as_bytes())
}

/// The length of a record with padding, in units of 4 KiB.
pub(crate) fn units(text_bytes: u32, payload_bytes: u32) -> u32 {
    let bytes = HEADER_BYTES as u64 + u64::from(text_bytes) + u64::from(payload_bytes);
    bytes.div_ceil(ALIGN_BYTES) as u32
}

fn text_check(text: &[u8]) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&blake3::hash(text).as_bytes()[..16]);
    check
}

/// Writes a header. Its check is keyed with the store's own secret, so that no customer can put
/// bytes into a fragment that would ever be read as a record.
pub(crate) fn write_header(header: &Header, spot: &Spot, key: &[u8; 32]) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..4].copy_from_slice(&MAGIC);
    bytes[4] = VERSION;
    bytes[5] = header.kind as u8;
    bytes[6] = header.index;
    bytes[8..12].copy_from_slice(&spot.segment.to_le_bytes());
    bytes[12..16].copy_from_slice(&spot.at.to_le_bytes());
    bytes[16..24].copy_from_slice(&spot.batch.to_le_bytes());
    bytes[24..28].copy_from_slice(&spot.batch_at.to_le_bytes());
    bytes[28..32].copy_from_slice(&spot.batch_units.to_le_bytes());
    bytes[32..36].copy_from_slice(&header.text_bytes.to_le_bytes());
    bytes[36..40].copy_from_slice(&header.payload_bytes.to_le_bytes());
    bytes[40..48].copy_from_slice(&header.sequence.to_le_bytes());
    bytes[48..56].copy_from_slice(&header.date.0.to_le_bytes());
    bytes[56..72].copy_from_slice(&header.text_check);
    bytes[72..104].copy_from_slice(&header.owner.0);
    bytes[104..136].copy_from_slice(&header.contract.0);
    bytes[136..168].copy_from_slice(&header.block.0);
    bytes[168..200].copy_from_slice(&header.hash.0);
    let check = blake3::keyed_hash(key, &bytes[..CHECKED_BYTES]);
    bytes[CHECKED_BYTES..].copy_from_slice(&check.as_bytes()[..16]);
    bytes
}

/// Reads a header that stands at (`segment`, `at`); `None` if there is none, whatever the reason.
pub(crate) fn read_header(
    bytes: &[u8; HEADER_BYTES],
    segment: u32,
    at: u32,
    key: &[u8; 32],
) -> Option<(Header, Spot)> {
    if bytes[0..4] != MAGIC || bytes[4] != VERSION {
        return None;
    }
    let check = blake3::keyed_hash(key, &bytes[..CHECKED_BYTES]);
    if check.as_bytes()[..16] != bytes[CHECKED_BYTES..] {
        return None;
    }
    let spot = Spot {
        segment: u32::from_le_bytes(array(bytes, 8)),
        at: u32::from_le_bytes(array(bytes, 12)),
        batch: u64::from_le_bytes(array(bytes, 16)),
        batch_at: u32::from_le_bytes(array(bytes, 24)),
        batch_units: u32::from_le_bytes(array(bytes, 28)),
    };
    let header = Header {
        kind: Kind::from_byte(bytes[5])?,
        index: bytes[6],
        owner: IdentityId(array(bytes, 72)),
        contract: ContractId(array(bytes, 104)),
        block: BlockId(array(bytes, 136)),
        hash: Hash(array(bytes, 168)),
        sequence: u64::from_le_bytes(array(bytes, 40)),
        date: Date(u64::from_le_bytes(array(bytes, 48))),
        text_bytes: u32::from_le_bytes(array(bytes, 32)),
        payload_bytes: u32::from_le_bytes(array(bytes, 36)),
        text_check: array(bytes, 56),
    };
    let is_within = header.text_bytes as usize <= TEXT_BYTES_MAX
        && header.payload_bytes as usize <= PAYLOAD_BYTES_MAX
        && spot.batch_at <= spot.at
        && u64::from(spot.at) + u64::from(header.units())
            <= u64::from(spot.batch_at) + u64::from(spot.batch_units);
    // A record that is well made but stands elsewhere than it was written for was misdirected.
    (spot.segment == segment && spot.at == at && is_within).then_some((header, spot))
}

fn array<const N: usize>(bytes: &[u8; HEADER_BYTES], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

#[cfg(test)]
mod tests;
