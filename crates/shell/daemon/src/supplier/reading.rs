//! Reading for customers. Everything here blocks.

use base::{ContractId, Hash, IdentityId, decode, encode};
use storage::audit::{Challenge, Reply, reply};
use storage::terms::Contract;
use storage::wire::{DocumentKind, Message, Refusal};
use store::receipt::{Change, ReceiptEntry};

use super::refusal::of_read;
use super::{FragmentName, Order, Supplier};

/// Receipts that are read at once.
const RECEIPTS_AT_ONCE: usize = 64;

/// A fragment as it is given back.
pub(crate) struct Served {
    /// The masked bytes.
    pub(crate) bytes: Vec<u8>,
    /// The manifest that came with it.
    pub(crate) manifest: Vec<u8>,
}

impl Supplier {
    /// A fragment, verified: a copy that is damaged is never given out as if it were sound.
    pub(crate) fn read(&self, name: FragmentName) -> Result<Served, Refusal> {
        let FragmentName { contract, block, index } = name;
        let reader = self.reader().ok_or(Refusal::DiskFailed)?;
        let refused = |error| of_read(&error);
        let view = reader.view(contract, block, index).map_err(refused)?;
        let bytes = reader.read(contract, (block, index), 0..view.bytes).map_err(refused)?;
        if codec::fragment_root(&bytes) != view.masked_root {
            self.order(Order::MarkDamaged(name));
            return Err(Refusal::Damaged);
        }
        let manifest = reader.manifest(contract, block).map_err(refused)?;
        Ok(Served { bytes, manifest })
    }

    /// What is said to a question about a fragment.
    pub(crate) fn prove(&self, challenge: &Challenge) -> Reply {
        let Challenge { contract, block, index, .. } = *challenge;
        let name = FragmentName { contract, block, index };
        let view = self.reader().and_then(|reader| reader.view(contract, block, index).ok());
        let masked_root = view.map_or(Hash([0; 32]), |view| view.masked_root);
        match self.read(name) {
            Ok(served) => reply(challenge.question, Ok(&served.bytes), masked_root),
            Err(Refusal::Missing) if self.was_erased(name) => {
                reply(challenge.question, Err(Refusal::Ended), masked_root)
            }
            Err(reason) => reply(challenge.question, Err(reason), masked_root),
        }
    }

    /// Whether the owner had it erased; if that cannot be told, nothing is admitted.
    fn was_erased(&self, name: FragmentName) -> bool {
        let Some(reader) = self.reader() else { return true };
        let FragmentName { contract, block, index } = name;
        let is_it = |entry: &ReceiptEntry| {
            entry.change == Change::Removed && (entry.block, entry.index) == (block, index)
        };
        let mut after = 0;
        loop {
            match reader.receipts(contract, after, RECEIPTS_AT_ONCE) {
                Ok(page) if page.is_empty() => return false,
                Ok(page) => {
                    if page.iter().flat_map(|receipt| &receipt.body.entries).any(is_it) {
                        return true;
                    }
                    after = page.last().map_or(u64::MAX, |receipt| receipt.body.sequence);
                }
                Err(_) => return true,
            }
        }
    }

    /// How a contract stands, as it is told to its customer.
    pub(crate) fn standing(&self, contract: ContractId) -> Message {
        let found = self.stands(contract);
        found.unwrap_or_else(|reason| Message::Decline { reason })
    }

    fn stands(&self, id: ContractId) -> Result<Message, Refusal> {
        let reader = self.reader().ok_or(Refusal::DiskFailed)?;
        let view = reader.contract(id).ok_or(Refusal::NoContract)?;
        let document = reader.document(id).map_err(|error| of_read(&error))?;
        let contract: Contract = decode(&document).map_err(|_| Refusal::DiskFailed)?;
        let receipt = reader.receipt(id, view.chain.sequence).ok().map(|receipt| encode(&receipt));
        let (fragments, bytes) = (view.totals.fragments, view.totals.bytes);
        Ok(Message::Standing { contract, fragments, bytes, receipt })
    }

    /// A document that is kept for its owner, or none.
    pub(crate) fn document(&self, owner: IdentityId, kind: DocumentKind) -> Message {
        let reader = self.reader();
        let record = reader.and_then(|reader| reader.owner_record(owner, kind as u8).ok());
        Message::Document { owner, kind, bytes: record.map(|record| record.bytes) }
    }
}
