//! What customers and suppliers say to each other: see `docs/protocols/storage.md`.

use base::{
    BlockId, ContractId, DATA_BYTES_MAX, Date, DeviceId, Hash, IdentityId, Signature, Wire,
};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::audit::{SignedAnswer, SignedChallenge};
pub use crate::refusal::Refusal;
use crate::terms::{Contract, Terms};

#[cfg(test)]
mod tests;

/// The payload of a control envelope.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// A customer asks for a contract on these terms, signed by its device.
    Propose {
        /// The terms.
        terms: Terms,
        /// The customer's half.
        signature: Signature,
    },
    /// The supplier agrees: the contract with both signatures.
    Accept {
        /// The contract.
        contract: Contract,
    },
    /// The supplier does not do what was asked.
    Decline {
        /// Why.
        reason: Refusal,
    },
    /// The customer asks how a contract stands.
    AskStanding {
        /// The supplier's contract with the asking customer, or the latest one if none is named.
        contract: Option<ContractId>,
    },
    /// How a contract stands.
    Standing {
        /// The contract.
        contract: Contract,
        /// Fragments kept.
        fragments: u64,
        /// Bytes kept, as counted against the quota.
        bytes: u64,
        /// The latest receipt (as the crate `store` writes it), if there is one.
        receipt: Option<Vec<u8>>,
    },
    /// The customer agrees to a receipt.
    Agree {
        /// The contract.
        contract: ContractId,
        /// The receipt's number in the chain.
        sequence: u64,
        /// The customer's signature over the receipt's hash.
        signature: Signature,
    },
    /// The customer ends a contract.
    End {
        /// The contract.
        contract: ContractId,
    },
    /// The contract is ended; data stays until then.
    Ended {
        /// The contract.
        contract: ContractId,
        /// When data is erased.
        erased: Date,
    },
    /// The owner gives a document of its own to keep.
    KeepDocument {
        /// Which.
        kind: DocumentKind,
        /// Its sequence.
        sequence: u64,
        /// Its bytes, signed within.
        bytes: Vec<u8>,
    },
    /// The document is kept, durably.
    DocumentKept {
        /// Which.
        kind: DocumentKind,
        /// Its sequence.
        sequence: u64,
    },
    /// Anybody asks for the document of an owner; it is sealed and signed within.
    AskDocument {
        /// The owner.
        owner: IdentityId,
        /// Which.
        kind: DocumentKind,
    },
    /// The document, if one is kept.
    Document {
        /// The owner.
        owner: IdentityId,
        /// Which.
        kind: DocumentKind,
        /// Its bytes.
        bytes: Option<Vec<u8>>,
    },
    /// A customer asks for a later end of a contract, signed by its device.
    Renew {
        /// The contract.
        contract: ContractId,
        /// When it is to end.
        until: Date,
        /// The customer's half.
        signature: Signature,
    },
}

impl Wire for Message {}

/// A document that suppliers keep for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum DocumentKind {
    /// The identity document.
    Identity,
    /// The root document.
    Root,
}

/// The head of a bulk request; after `Put` follow exactly `bytes` bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum BulkRequest {
    /// Keep a fragment.
    Put {
        /// Under this contract.
        contract: ContractId,
        /// Of this block.
        block: BlockId,
        /// Its index: Data first, then Parity.
        index: u8,
        /// Its length.
        bytes: u32,
        /// The BLAKE3 root of the masked bytes that follow.
        masked_root: Hash,
        /// The block's manifest, signed by the owner.
        manifest: Vec<u8>,
    },
    /// Give a fragment back.
    Get {
        /// Under this contract.
        contract: ContractId,
        /// Of this block.
        block: BlockId,
        /// Its index.
        index: u8,
    },
    /// Erase a fragment.
    Delete {
        /// Under this contract.
        contract: ContractId,
        /// Of this block.
        block: BlockId,
        /// Its index.
        index: u8,
    },
    /// Prove that a fragment is kept.
    Audit {
        /// The question, signed by the customer's device.
        challenge: SignedChallenge,
    },
}

impl Wire for BulkRequest {}

/// The head of a bulk answer; after `Fragment` follow exactly `bytes` bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum BulkAnswer {
    /// The fragment is kept, durably; the receipt names it (as the crate `store` writes it).
    Stored {
        /// The signed receipt.
        receipt: Vec<u8>,
    },
    /// The fragment follows.
    Fragment {
        /// Its length, at most `DATA_BYTES_MAX`.
        bytes: u32,
        /// The manifest that was given with it.
        manifest: Vec<u8>,
    },
    /// Not done.
    Refused {
        /// Why.
        reason: Refusal,
    },
    /// What is said to a question, signed by the supplier's device.
    Audited {
        /// The answer.
        answer: SignedAnswer,
    },
}

impl Wire for BulkAnswer {}

impl BulkRequest {
    /// Whether its numbers are within the limits of the protocol.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Put { bytes, .. } => (1..=DATA_BYTES_MAX as u32).contains(bytes),
            Self::Get { .. } | Self::Delete { .. } | Self::Audit { .. } => true,
        }
    }
}

/// Who is asking, as the border proved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asker {
    /// The identity.
    pub identity: IdentityId,
    /// Its device.
    pub device: DeviceId,
    /// The generation of the identity's key that vouches for the device.
    pub generation: u32,
}
