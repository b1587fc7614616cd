//! What a supplier signs: receipts, cumulative and chained by hashes, one chain per contract.

use base::{BlockId, ContractId, Date, Hash, Signature, Signed, Wire, encode, hash};
use borsh::{BorshDeserialize, BorshSerialize};

/// The most entries of one receipt.
pub const RECEIPT_ENTRIES_MAX: usize = 512;
/// A fragment counts against the quota in whole units of this, bytes.
pub const CHARGE_UNIT_BYTES: u64 = 4096;

/// What happened to a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    /// It is kept from now on.
    Kept,
    /// It was deleted by its owner's wish.
    Removed,
}

/// One line of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptEntry {
    /// What happened.
    pub change: Change,
    /// The block.
    pub block: BlockId,
    /// The fragment of the block.
    pub index: u8,
    /// The plain BLAKE3 hash of what is kept; zeros if the removed fragment was unreadable.
    pub masked_root: Hash,
    /// Length of the payload, bytes.
    pub bytes: u32,
}

/// What the supplier signs under `Label::Receipt`, and the customer, to agree, under
/// `Label::ReceiptAgreement`.
///
/// Receipts of a contract are numbered from 1 without gaps and each names the one before, so two
/// different receipts of one number prove that their signer forked the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptBody {
    /// The contract.
    pub contract: ContractId,
    /// The number in the chain, from 1.
    pub sequence: u64,
    /// The hash of the receipt before ([`ReceiptBody::chain_hash`]); zeros for the first.
    pub previous: Hash,
    /// What changed with this receipt, at most [`RECEIPT_ENTRIES_MAX`].
    pub entries: Vec<ReceiptEntry>,
    /// All fragments kept under the contract after this receipt.
    pub total_fragments: u64,
    /// What they count against the quota, bytes: payloads, each rounded up to 4 KiB.
    pub total_bytes: u64,
    /// Until when they are kept, as the contract says.
    pub until: Date,
    /// When it was signed.
    pub date: Date,
}

impl Wire for ReceiptBody {}

/// A receipt with the supplier's signature.
pub type Receipt = Signed<ReceiptBody>;

impl ReceiptBody {
    /// What the next receipt names as `previous`.
    pub fn chain_hash(&self) -> Hash {
        hash("bitdust receipt chain v1", &encode(self))
    }

    /// The receipt, signed by whoever holds the supplier's key.
    pub(crate) fn sign(self, sign: Sign<'_>) -> Receipt {
        let signature = sign(&self);
        Signed { body: self, signature }
    }
}

/// Signs a receipt: `Signature::make(key, Label::Receipt, &encode(body))` where the key is.
pub type Sign<'a> = &'a dyn Fn(&ReceiptBody) -> Signature;

/// What `payload_bytes` count against a quota.
pub fn charge(payload_bytes: u32) -> u64 {
    u64::from(payload_bytes).next_multiple_of(CHARGE_UNIT_BYTES)
}

#[cfg(test)]
mod tests;
