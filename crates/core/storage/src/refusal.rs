//! Why something is not done, in the words of the protocol.

use borsh::{BorshDeserialize, BorshSerialize};

/// Why something is not done.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    thiserror::Error,
)]
pub enum Refusal {
    /// The service is off.
    #[error("takes no customers")]
    Closed,
    /// More than it has to give.
    #[error("has not that much space to give")]
    NoRoom,
    /// Beyond the quota of the contract.
    #[error("the quota of the contract is used up")]
    Quota,
    /// The disk is down to its floor or full.
    #[error("its disk is full")]
    DiskFull,
    /// The asking node is not the owner.
    #[error("only the owner may do this")]
    NotYours,
    /// No such contract.
    #[error("no such contract")]
    NoContract,
    /// The contract has ended.
    #[error("the contract has ended")]
    Ended,
    /// Not there.
    #[error("does not have it")]
    Missing,
    /// It is there, but damaged.
    #[error("lost it: its copy is damaged")]
    Damaged,
    /// Terms that are not accepted: term, price, or not for this node.
    #[error("does not accept these terms")]
    Terms,
    /// An older document than the one that is kept.
    #[error("keeps a newer one")]
    Older,
    /// The bytes do not match what was announced.
    #[error("the bytes were not those announced")]
    Mismatch,
    /// Too much at once; try again later.
    #[error("is busy")]
    Busy,
    /// Its disk failed; nothing was acknowledged.
    #[error("its disk failed")]
    DiskFailed,
    /// The identity of the one who asks has newer keys, and this device has none of them.
    #[error("the device speaks with a key that was replaced")]
    Former,
}
