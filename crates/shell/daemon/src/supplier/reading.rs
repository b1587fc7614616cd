//! Reading for customers. Everything here blocks.

use base::{ContractId, Hash, IdentityId, decode, encode};
use storage::audit::{Challenge, Reply, reply};
use storage::terms::Contract;
use storage::wire::{DocumentKind, Message, Refusal};
use store::receipt::{Change, ReceiptEntry};

use super::refusal::of_read;
use super::{FragmentName, Order, Supplier};

/// How often a fragment may change while it is read.
const CHANGES_MAX: usize = 3;
/// Receipts that are looked through for the end of a fragment; with more of them it is not told.
const RECEIPTS_MAX: u64 = 4_096;
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
        let (bytes, _) = self.read_sound(name)?;
        let reader = self.reader().ok_or(Refusal::DiskFailed)?;
        let manifest = reader.manifest(name.contract, name.block);
        Ok(Served { bytes, manifest: manifest.map_err(|error| of_read(&error))? })
    }

    /// The bytes and the root that they were compared with.
    fn read_sound(&self, name: FragmentName) -> Result<(Vec<u8>, Hash), Refusal> {
        let FragmentName { contract, block, index } = name;
        let reader = self.reader().ok_or(Refusal::DiskFailed)?;
        let view = || reader.view(contract, block, index).map_err(|error| of_read(&error));
        for _ in 0..CHANGES_MAX {
            let before = view()?;
            let bytes = reader.read(contract, (block, index), 0..before.bytes);
            let fault = match bytes {
                Ok(bytes) if codec::fragment_root(&bytes) == before.masked_root => {
                    return Ok((bytes, before.masked_root));
                }
                Ok(_) => Refusal::Damaged,
                Err(error) => of_read(&error),
            };
            // Its owner may have erased it and put another one there meanwhile.
            if view()? != before {
                continue;
            }
            if fault == Refusal::Damaged {
                self.order(Order::MarkDamaged(name));
            }
            return Err(fault);
        }
        Err(Refusal::Busy)
    }

    /// What is said to a question about a fragment.
    pub(crate) fn prove(&self, challenge: &Challenge) -> Reply {
        let Challenge { contract, block, index, masked_root, .. } = *challenge;
        let name = FragmentName { contract, block, index };
        let kept = match self.read_sound(name) {
            Ok((bytes, root)) if root == masked_root => {
                return reply(challenge.question, Ok(&bytes), root);
            }
            // Another one than is asked for: that was erased, by its owner.
            Ok(_) => Refusal::Ended,
            Err(Refusal::Damaged) if !self.is_named(name, masked_root) => Refusal::Ended,
            Err(Refusal::Missing) if self.was_erased(name) => Refusal::Ended,
            Err(reason) => reason,
        };
        reply(challenge.question, Err(kept), masked_root)
    }

    /// Whether this is what the store says that it keeps under the name.
    fn is_named(&self, FragmentName { contract, block, index }: FragmentName, root: Hash) -> bool {
        let view = self.reader().and_then(|reader| reader.view(contract, block, index).ok());
        view.is_some_and(|view| view.masked_root == root)
    }

    /// Whether the owner had it erased; if that cannot be told in reasonable time, nothing is admitted.
    fn was_erased(&self, name: FragmentName) -> bool {
        let Some(reader) = self.reader() else { return true };
        let FragmentName { contract, block, index } = name;
        let is_it = |entry: &ReceiptEntry| {
            entry.change == Change::Removed && (entry.block, entry.index) == (block, index)
        };
        let Some(view) = reader.contract(contract) else { return true };
        if view.chain.sequence > RECEIPTS_MAX {
            return true;
        }
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
