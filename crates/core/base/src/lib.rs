//! What every subject stands on: ids, keys, signatures, sizes, dates and the versioned encoding.
//!
//! Bytes are described in `docs/protocols/encoding.md`.

mod date;
mod encode;
mod hash;
mod id;
mod key;
mod quantity;
mod sign;

pub use date::{DAY_MS, Date, HOUR_MS, MINUTE_MS, SECOND_MS};
pub use encode::{
    CONTROL_BYTES_MAX, DATA_BYTES_MAX, DecodeError, RECORD_BYTES_MAX, Wire, decode, encode,
};
pub use hash::{Hash, Hasher, hash};
pub use id::{
    BlockId, ChunkId, ContractId, DeviceId, IdentityId, JobId, NetworkId, ParseIdError, RequestId,
    SpaceId,
};
pub use key::{KeyError, PublicKey, SecretKey, SymmetricKey};
pub use quantity::{
    ParseQuantityError, format_bytes, format_duration, parse_bytes, parse_duration,
};
pub use sign::{Label, Signature, SignatureError, Signed};

#[cfg(test)]
mod tests;
