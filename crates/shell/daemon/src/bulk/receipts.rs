//! The receipts of suppliers as they come: each must name what was sent, be signed by who keeps it,
//! and continue the chain of its contract.

use std::collections::BTreeMap;

use base::{BlockId, ContractId, DeviceId, Hash, Label, decode};
use store::receipt::{Change, Receipt, ReceiptBody, ReceiptEntry};

/// Receipts of one contract that are remembered, to compare others with.
const REMEMBERED_MAX: usize = 256;
/// Contracts whose receipts are remembered.
const CONTRACTS_MAX: usize = 256;

/// What was sent, which the receipt has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) device: DeviceId,
    pub(crate) contract: ContractId,
    pub(crate) block: BlockId,
    pub(crate) index: u8,
    pub(crate) masked_root: Hash,
    pub(crate) bytes: u32,
}

/// Why a receipt is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReceiptError {
    #[error("not a receipt")]
    Form,
    #[error("signed by somebody else")]
    Signature,
    #[error("of another contract")]
    Contract,
    #[error("it does not name the fragment that was sent")]
    Entry,
    #[error("it counts less than it names")]
    Totals,
    #[error("the supplier signed two chains of receipts")]
    Fork,
}

/// The newest receipts of each contract.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    chains: BTreeMap<ContractId, Chain>,
}

/// By sequence: the receipt's hash, and the one that it names as the one before.
#[derive(Debug, Default)]
struct Chain {
    links: BTreeMap<u64, Link>,
    agreed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    hash: Hash,
    previous: Hash,
}

impl Receipts {
    /// Takes a receipt in.
    ///
    /// # Errors
    /// It proves nothing, or contradicts another one.
    pub(crate) fn take(&mut self, bytes: &[u8], sent: &Sent) -> Result<Receipt, ReceiptError> {
        let receipt: Receipt = decode(bytes).map_err(|_| ReceiptError::Form)?;
        check(&receipt, sent)?;
        if self.chains.len() >= CONTRACTS_MAX && !self.chains.contains_key(&sent.contract) {
            self.chains.pop_first();
        }
        self.chains.entry(sent.contract).or_default().take(&receipt.body)?;
        Ok(receipt)
    }

    /// Whether this is the newest receipt of its contract and not agreed to; then it counts as
    /// agreed to from now on.
    pub(crate) fn agree(&mut self, body: &ReceiptBody) -> bool {
        let Some(chain) = self.chains.get_mut(&body.contract) else { return false };
        let newest = chain.links.last_key_value().map_or(0, |(sequence, _)| *sequence);
        let is_new = body.sequence == newest && body.sequence > chain.agreed;
        if is_new {
            chain.agreed = body.sequence;
        }
        is_new
    }
}

impl Chain {
    /// Receipts may come in another order than they were made: several streams bring them.
    fn take(&mut self, body: &ReceiptBody) -> Result<(), ReceiptError> {
        let link = Link { hash: body.chain_hash(), previous: body.previous };
        let at = |sequence: Option<u64>| sequence.and_then(|sequence| self.links.get(&sequence));
        let same = at(Some(body.sequence)).is_none_or(|known| *known == link);
        let before =
            at(body.sequence.checked_sub(1)).is_none_or(|known| known.hash == link.previous);
        let after =
            at(body.sequence.checked_add(1)).is_none_or(|known| known.previous == link.hash);
        if !(same && before && after) {
            return Err(ReceiptError::Fork);
        }
        self.links.insert(body.sequence, link);
        if self.links.len() > REMEMBERED_MAX {
            self.links.pop_first();
        }
        Ok(())
    }
}

fn check(receipt: &Receipt, sent: &Sent) -> Result<(), ReceiptError> {
    let body = &receipt.body;
    if body.contract != sent.contract {
        return Err(ReceiptError::Contract);
    }
    let Sent { block, index, masked_root, bytes, .. } = *sent;
    let wanted = ReceiptEntry { change: Change::Kept, block, index, masked_root, bytes };
    let newest =
        body.entries.iter().rev().find(|entry| (entry.block, entry.index) == (block, index));
    if newest != Some(&wanted) {
        return Err(ReceiptError::Entry);
    }
    let kept = body.entries.iter().filter(|entry| entry.change == Change::Kept);
    let named: u64 = kept.map(|entry| store::receipt::charge(entry.bytes)).sum();
    if body.sequence == 0 || body.total_fragments == 0 || body.total_bytes < named {
        return Err(ReceiptError::Totals);
    }
    let verdict = receipt.verify(sent.device.into(), Label::Receipt);
    verdict.map(drop).map_err(|_| ReceiptError::Signature)
}
