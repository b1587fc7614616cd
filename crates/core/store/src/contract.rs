//! What the store knows of a contract: its terms, what is kept under it, and its receipts.

use base::{ContractId, Date, Hash, IdentityId, Signature, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::receipt::ReceiptBody;
use crate::rows::FragmentRow;
use crate::segments::Place;

/// The terms that the store itself enforces; everything else is in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// What may be kept, bytes: payloads, each rounded up to 4 KiB.
    pub quota_bytes: u64,
    /// Until when it is kept; receipts repeat it.
    pub until: Date,
    /// Nothing more is taken; what is there can be read and deleted.
    pub is_closed: bool,
}

impl Wire for Terms {}

/// What is kept under a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Totals {
    /// Fragments.
    pub fragments: u64,
    /// What they count against the quota, bytes.
    pub bytes: u64,
    /// What they take on the disk, with headers, manifests and padding, bytes.
    pub stored_bytes: u64,
}

/// The end of a chain of receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainEnd {
    /// The sequence of the last receipt; 0 if there is none.
    pub sequence: u64,
    /// Its hash; zeros if there is none.
    pub hash: Hash,
    /// The highest sequence that the customer agreed to; 0 if none.
    pub agreed: u64,
    /// The customer's signature under that one.
    pub agreement: Option<Signature>,
}

/// A contract as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractView {
    /// Its id.
    pub contract: ContractId,
    /// The customer.
    pub owner: IdentityId,
    /// The terms.
    pub terms: Terms,
    /// What is kept.
    pub totals: Totals,
    /// The end of its receipts.
    pub chain: ChainEnd,
    /// Whether the document is lost; then nothing more is taken.
    pub is_orphan: bool,
}

/// A contract in the memory of the store.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Contract {
    /// Stands for the contract in the keys of the index.
    pub(crate) number: u32,
    pub(crate) owner: IdentityId,
    pub(crate) terms: Terms,
    pub(crate) document: Option<StoredPlace>,
    pub(crate) totals: Totals,
    pub(crate) chain: ChainEnd,
    pub(crate) agreement_at: Option<StoredPlace>,
    /// The highest receipt that any record names, should the receipt itself be lost.
    pub(crate) sequence_seen: u64,
}

impl Wire for Contract {}

/// A place in the form of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredPlace {
    segment: u32,
    at: u32,
    text_bytes: u32,
    payload_bytes: u32,
}

impl From<Place> for StoredPlace {
    fn from(place: Place) -> Self {
        let Place { segment, at, text_bytes, payload_bytes } = place;
        Self { segment, at, text_bytes, payload_bytes }
    }
}

impl From<StoredPlace> for Place {
    fn from(place: StoredPlace) -> Self {
        let StoredPlace { segment, at, text_bytes, payload_bytes } = place;
        Self { segment, at, text_bytes, payload_bytes }
    }
}

impl Contract {
    /// A contract of which nothing but the number and the owner is known yet.
    pub(crate) fn unknown(number: u32, owner: IdentityId) -> Self {
        Self {
            number,
            owner,
            terms: Terms { is_closed: true, ..Terms::default() },
            document: None,
            totals: Totals::default(),
            chain: ChainEnd::default(),
            agreement_at: None,
            sequence_seen: 0,
        }
    }

    pub(crate) fn view(&self, contract: ContractId) -> ContractView {
        let Self { owner, terms, totals, chain, .. } = *self;
        let is_orphan = self.document.is_none();
        ContractView { contract, owner, terms, totals, chain, is_orphan }
    }

    /// The head of the next receipt. If receipts were lost to damage, their numbers are skipped
    /// rather than given twice: a gap is a loss, a fork would be a lie.
    pub(crate) fn next_receipt(&self, contract: ContractId, date: Date) -> ReceiptBody {
        ReceiptBody {
            contract,
            sequence: self.sequence_next(),
            previous: self.chain.hash,
            entries: Vec::new(),
            total_fragments: self.totals.fragments,
            total_bytes: self.totals.bytes,
            until: self.terms.until,
            date,
        }
    }

    pub(crate) fn sequence_next(&self) -> u64 {
        self.sequence_seen.max(self.chain.sequence) + 1
    }
}

impl Totals {
    pub(crate) fn add(&mut self, row: &FragmentRow) {
        self.fragments += 1;
        self.bytes += crate::receipt::charge(row.place.payload_bytes);
        self.stored_bytes += row.place.units() * crate::record::ALIGN_BYTES;
    }

    pub(crate) fn subtract(&mut self, row: &FragmentRow) {
        self.fragments -= 1;
        self.bytes -= crate::receipt::charge(row.place.payload_bytes);
        self.stored_bytes -= row.place.units() * crate::record::ALIGN_BYTES;
    }
}
