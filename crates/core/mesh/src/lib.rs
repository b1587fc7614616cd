//! Nodes among nodes: records that prove themselves, the border of a connection, links to peers,
//! publishing and looking up.
//!
//! Bytes and rules are in `docs/protocols/mesh.md`.

mod frame;
pub mod lookup;
mod network;
pub mod peer_link;
pub mod publication;
mod record;
mod session;

pub use frame::{FrameDecoder, FrameError, frame};
pub use network::network_id;
pub use record::{
    OFFER_LIFE_MS_MAX, OfferedService, Publisher, ROOT_LIFE_MS_MAX, Rank, Record, RecordError,
    RecordKey, RecordKeyError, RecordKind, RootRecord, SALTS, SHARDS, SUPPLIERS_MAX, ServiceOffer,
    SignedOffer, SignedRoot, Sorted, Verdict, sort, validate, volunteers_key,
};
pub use session::{
    ENVELOPE_BYTES_MAX, ENVELOPE_LIFE_MS_MAX, Envelope, HELLO_BYTES_MAX, Hello, Kind, Outgoing,
    PAYLOAD_BYTES_MAX, PROTOCOL, Proving, Refusal, SealError, Session, Verified,
};

#[cfg(test)]
mod tests;
