//! Missing fragments made anew for new suppliers, as the daemon's workers do it.

use std::collections::{BTreeMap, BTreeSet};

use base::{BlockId, IdentityId, Label, Signed, encode};
use codec::{BlockCoder, Manifest};
use drive::catalog::Catalog;
use drive::format::BlockEntry;
use node::input::{Input, MendOutcome};
use node::output::Output;
use storage::fetch::Need;
use storage::terms::Place;
use store::drive::FragmentReceipt;
use store::receipt::{ReceiptBody, ReceiptEntry};

use super::{Fetched, Works, wanted_for};

/// Fragments that were made, and their receipts.
pub(super) struct Mended {
    fragments: BTreeMap<u8, Vec<u8>>,
    manifest: Vec<u8>,
    receipts: Vec<(BlockId, u8, Option<FragmentReceipt>)>,
}

/// What a fetch is for.
pub(super) enum Purpose {
    /// A restore, or the catalog.
    Read,
    /// These fragments are to be made.
    Mend(Vec<u8>),
    /// These are to have come back.
    Verify(BTreeSet<u8>),
}

impl Works {
    /// Carries out what has to do with missing fragments.
    pub(super) fn mending(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::ListBlocks { arrangement, after } => Some(self.list(arrangement, after)),
            Output::Mend { block, fragments } => Some(self.mend(block, &fragments)),
            Output::VerifyMended { block, arrangement } => Some(self.verify(block, arrangement)),
            Output::RecordMended { block } => Some(self.record_mended(block)),
            _ => None,
        }
    }

    /// The blocks under an arrangement, those of the head included.
    fn list(&self, arrangement: u32, after: Option<BlockId>) -> Input {
        let catalog = Catalog::new(self.drive);
        let rows = catalog.blocks(after, 1_000).expect("the catalog can be read");
        let head = catalog.head().expect("the catalog can be read").map(|head| head.blocks);
        let all: BTreeMap<BlockId, BlockEntry> = rows
            .into_iter()
            .chain(head.into_iter().flatten())
            .filter(|block| block.arrangement == arrangement)
            .map(|block| (block.id, block))
            .collect();
        let blocks = Some(all.into_keys().collect());
        Input::BlocksListed { arrangement, blocks, more: false }
    }

    fn mend(&mut self, block: BlockId, fragments: &[(u8, Place)]) -> Input {
        let indices: Vec<u8> = fragments.iter().map(|(index, _)| *index).collect();
        let Some(entry) = self.entry(block) else {
            return Input::Mended { block, outcome: MendOutcome::Failed };
        };
        let need = Need::Data(indices.iter().copied().collect());
        self.begin_fetch(&entry, Purpose::Mend(indices), need)
    }

    fn verify(&mut self, block: BlockId, arrangement: u32) -> Input {
        let made = self.mended.get(&block);
        let indices: BTreeSet<u8> =
            made.map(|made| made.fragments.keys().copied().collect()).unwrap_or_default();
        let Some(entry) = self.entry(block) else {
            return Input::MendVerified { block, ok: false };
        };
        let entry = BlockEntry { arrangement, ..entry };
        self.begin_fetch(&entry, Purpose::Verify(indices.clone()), Need::These(indices))
    }

    fn record_mended(&mut self, block: BlockId) -> Input {
        let rows = self.mended.get(&block).map(|made| made.receipts.clone()).unwrap_or_default();
        let ok = !rows.is_empty() && self.drive.record_fragments(&rows).is_ok();
        Input::MendRecorded { block, ok }
    }

    pub(super) fn release_mended(&mut self, block: BlockId) {
        self.mended.remove(&block);
    }

    /// What came of a fetch that was no read.
    pub(super) fn mend_fetched(&mut self, fetched: Fetched) -> Option<Input> {
        let block = fetched.block;
        match &fetched.purpose {
            Purpose::Read => None,
            Purpose::Mend(indices) => {
                let made = self.made(&fetched, indices);
                let outcome = if made.is_some() { MendOutcome::Made } else { MendOutcome::Failed };
                self.mended.extend(made.map(|made| (block, made)));
                Some(Input::Mended { block, outcome })
            }
            Purpose::Verify(indices) => {
                let mut all = indices.iter();
                let ok =
                    !indices.is_empty() && all.all(|index| fetched.fragments.contains_key(index));
                Some(Input::MendVerified { block, ok })
            }
        }
    }

    /// What becomes of a fetch that was no read and that nothing came of.
    pub(super) fn mend_withheld(fetched: &Fetched) -> Option<Input> {
        let block = fetched.block;
        match &fetched.purpose {
            Purpose::Read => None,
            Purpose::Mend(_) => Some(Input::Mended { block, outcome: MendOutcome::Short }),
            Purpose::Verify(_) => Some(Input::MendVerified { block, ok: false }),
        }
    }

    /// A fragment that was made, and the block's manifest.
    pub(super) fn mended_fragment(&self, block: BlockId, index: u8) -> Option<(Vec<u8>, Vec<u8>)> {
        let made = self.mended.get(&block)?;
        Some((made.fragments.get(&index)?.clone(), made.manifest.clone()))
    }

    pub(super) fn mended_receipt(
        &mut self,
        body: &ReceiptBody,
        entry: ReceiptEntry,
        supplier: IdentityId,
    ) {
        if let Some(made) = self.mended.get_mut(&entry.block) {
            let receipt = FragmentReceipt {
                supplier,
                contract: body.contract,
                sequence: body.sequence,
                masked_root: entry.masked_root,
                until: body.until,
            };
            made.receipts.push((entry.block, entry.index, Some(receipt)));
        }
    }

    fn made(&self, fetched: &Fetched, indices: &[u8]) -> Option<Mended> {
        let manifest = fetched.manifest.as_ref()?;
        let verified: Vec<_> = fetched
            .fragments
            .iter()
            .filter_map(|(index, bytes)| manifest.verify(usize::from(*index), bytes).ok())
            .collect();
        // Who is replaced may still have given some of them.
        let (given, lacking): (Vec<u8>, Vec<u8>) =
            indices.iter().partition(|index| fetched.fragments.contains_key(index));
        let mut made = vec![vec![0; manifest.class().bytes()]; lacking.len()];
        let mut out: Vec<&mut [u8]> = made.iter_mut().map(Vec::as_mut_slice).collect();
        let wanted: Vec<usize> = lacking.iter().map(|index| usize::from(*index)).collect();
        let coder = BlockCoder::new(manifest.shape());
        if !wanted.is_empty() {
            coder.rebuild(manifest, &verified, &wanted, &mut out).ok()?;
        }
        let signed: Signed<Manifest> = Signed::new(&self.device, Label::Manifest, manifest.clone());
        let given = given.into_iter().map(|index| (index, fetched.fragments[&index].clone()));
        Some(Mended {
            fragments: lacking.into_iter().zip(made).chain(given).collect(),
            manifest: encode(&signed),
            receipts: vec![],
        })
    }

    fn entry(&self, block: BlockId) -> Option<BlockEntry> {
        let catalog = Catalog::new(self.drive);
        let known = catalog.block(block).expect("the catalog can be read");
        known.or_else(|| {
            let head = catalog.head().expect("the catalog can be read")?;
            head.blocks.into_iter().find(|entry| entry.id == block)
        })
    }

    fn begin_fetch(&mut self, entry: &BlockEntry, purpose: Purpose, need: Need) -> Input {
        self.next_fetch += 1;
        let fetch = self.next_fetch;
        let (block, manifest, fragments) = (entry.id, None, BTreeMap::new());
        self.fetches.insert(fetch, Fetched { block, manifest, fragments, purpose });
        wanted_for(fetch, entry, need)
    }
}
