//! What the node must not forget: contracts, arrangements, and where the catalog begins.

use std::collections::{BTreeMap, BTreeSet};

use base::{ContractId, Date, DecodeError, DeviceId, IdentityId, Wire};
use borsh::{BorshDeserialize, BorshSerialize};
use identity::CertifiedDevice;
use storage::ladder::Verdict;
use storage::presence::Attendance;
use storage::terms::{Arrangement, Contract};

mod older;
#[cfg(test)]
mod tests;

/// The node's own lasting state; small, written as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Book {
    /// My suppliers' contracts, also ended ones that blocks still lie under.
    pub suppliers: BTreeMap<DeviceId, SupplierEntry>,
    /// All arrangements, by number; the highest is in force.
    pub arrangements: BTreeMap<u32, Arrangement>,
    /// The arrangements that blocks may lie under: those that a backup was begun with.
    pub used: BTreeSet<u32>,
    /// Sequence of the newest root document seen or made.
    pub root_sequence: u64,
    /// When it was made; the same document is made again after a restart.
    pub root_date: Date,
    /// The device that made it, if it is known.
    pub root_maker: Option<DeviceId>,
    /// Where the catalog's head is; empty for an empty drive.
    pub head: Vec<u8>,
    /// Whether the newest root document is confirmed by all suppliers and read back.
    pub is_confirmed: bool,
    /// Other devices of this identity, as its newest document names them.
    pub siblings: Vec<CertifiedDevice>,
    /// Services switched against their default by the user.
    pub switches: BTreeMap<String, bool>,
    /// Whether the drive has to be found again with the words before anything is published.
    pub is_recovering: bool,
    /// For how long suppliers are away, and how much of the time they are there.
    pub attendances: BTreeMap<DeviceId, Attendance>,
    /// The newest key generation that each identity with a contract has shown, unless it is the
    /// first: devices of an earlier one speak for it no longer.
    pub generations: BTreeMap<IdentityId, u32>,
    /// Contracts of customers that have ended, and what lies under them still.
    pub notices: BTreeMap<ContractId, Notice>,
    /// What is thought of suppliers that are not trusted as any other.
    pub verdicts: BTreeMap<DeviceId, Verdict>,
}

impl Wire for Book {
    const VERSION: u8 = 4;
    const BYTES_MAX: usize = 4 * 1024 * 1024;

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 | 2 => older::read(version, body).map_err(|_| DecodeError::Malformed),
            // It had no verdicts, which stand at the end.
            3 => borsh::from_slice(&[body, &[0; 4]].concat()).map_err(|_| DecodeError::Malformed),
            4 => borsh::from_slice(body).map_err(|_| DecodeError::Malformed),
            found => Err(DecodeError::Version { found, known: Self::VERSION }),
        }
    }
}

/// A customer's contract that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Notice {
    /// When its data is erased.
    pub erased: Date,
    /// How long this node has been awake since the end, milliseconds, counted as far as it matters.
    pub awake_ms: u64,
}

/// How it stands with a supplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Tie {
    /// A root document names it; it has not yet said that the contract holds.
    Named,
    /// The contract holds.
    Active,
    /// This side has ended it; the supplier has not confirmed that yet.
    Ending,
    /// It is over. What lies there can be read until it is erased.
    Over,
}

/// One supplier in the book.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SupplierEntry {
    /// Who it is.
    pub identity: IdentityId,
    /// The contract with both signatures; none for one that is known from a root document only.
    pub contract: Option<Contract>,
    /// How it stands with it.
    pub tie: Tie,
    /// Whether the user ended it, so that it is not hired again unasked.
    pub is_dismissed: bool,
    /// When it was last seen.
    pub last_seen: Option<Date>,
    /// Fragments receipted.
    pub fragments: u64,
    /// Bytes receipted.
    pub bytes: u64,
}
