//! The book as it was written before: contracts without a later end, at first no attendances.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};

use base::{Date, DeviceId, IdentityId, Signature};
use borsh::{BorshDeserialize, BorshSerialize};
use identity::CertifiedDevice;
use storage::presence::Attendance;
use storage::terms::{Arrangement, Contract, Terms};

use super::{Book, SupplierEntry, Tie};

/// All but the attendances, which version 2 has at the end.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct Older {
    pub(super) suppliers: BTreeMap<DeviceId, OlderEntry>,
    pub(super) arrangements: BTreeMap<u32, Arrangement>,
    pub(super) used: BTreeSet<u32>,
    pub(super) root_sequence: u64,
    pub(super) root_date: Date,
    pub(super) root_maker: Option<DeviceId>,
    pub(super) head: Vec<u8>,
    pub(super) is_confirmed: bool,
    pub(super) siblings: Vec<CertifiedDevice>,
    pub(super) switches: BTreeMap<String, bool>,
    pub(super) is_recovering: bool,
}

#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct OlderEntry {
    pub(super) identity: IdentityId,
    pub(super) contract: Option<OlderContract>,
    pub(super) tie: Tie,
    pub(super) is_dismissed: bool,
    pub(super) last_seen: Option<Date>,
    pub(super) fragments: u64,
    pub(super) bytes: u64,
}

#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct OlderContract {
    pub(super) terms: Terms,
    pub(super) customer_device: DeviceId,
    pub(super) customer_signature: Signature,
    pub(super) supplier_signature: Signature,
}

/// Reads version 1 or 2.
pub(super) fn read(version: u8, mut body: &[u8]) -> Result<Book> {
    let older = Older::deserialize(&mut body)?;
    let attendances: BTreeMap<DeviceId, Attendance> = match version {
        1 => BTreeMap::new(),
        _ => BTreeMap::deserialize(&mut body)?,
    };
    if !body.is_empty() {
        return Err(Error::new(ErrorKind::InvalidData, "longer than a book"));
    }
    let suppliers = older.suppliers.into_iter().map(|(device, entry)| (device, entry.into()));
    Ok(Book {
        suppliers: suppliers.collect(),
        arrangements: older.arrangements,
        used: older.used,
        root_sequence: older.root_sequence,
        root_date: older.root_date,
        root_maker: older.root_maker,
        head: older.head,
        is_confirmed: older.is_confirmed,
        siblings: older.siblings,
        switches: older.switches,
        is_recovering: older.is_recovering,
        attendances,
        ..Book::default()
    })
}

impl From<OlderEntry> for SupplierEntry {
    fn from(older: OlderEntry) -> Self {
        Self {
            identity: older.identity,
            contract: older.contract.map(Contract::from),
            tie: older.tie,
            is_dismissed: older.is_dismissed,
            last_seen: older.last_seen,
            fragments: older.fragments,
            bytes: older.bytes,
        }
    }
}

impl From<OlderContract> for Contract {
    fn from(older: OlderContract) -> Self {
        Self {
            terms: older.terms,
            customer_device: older.customer_device,
            customer_signature: older.customer_signature,
            supplier_signature: older.supplier_signature,
            renewal: None,
        }
    }
}
