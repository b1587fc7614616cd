//! Fragments on their way back: what is wanted, what is here, and the blocks made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{BlockId, IdentityId, Signed, SymmetricKey, decode};
use codec::{BlockCoder, Manifest, Mask, Verified};
use drive::format::BlockEntry;
use node::input::{Failure, GetOutcome, Input};
use storage::fetch::Need;
use storage::policy::Spread;

use super::gate::Gate;
use super::shared::Shared;

mod source;
#[cfg(test)]
mod tests;

pub(crate) use source::Source;

/// All fetches.
pub(crate) struct Fetches {
    last: AtomicU64,
    table: Mutex<BTreeMap<u64, Fetch>>,
    budget: Budget,
    coders: Mutex<BTreeMap<(usize, usize), Arc<BlockCoder>>>,
}

/// Memory for what is fetched ahead.
pub(crate) struct Budget {
    used: Mutex<usize>,
    bytes_max: usize,
}

struct Fetch {
    block: BlockEntry,
    need: Need,
    gate: Arc<Gate>,
    manifest: Option<Arc<Manifest>>,
    here: BTreeMap<u8, Vec<u8>>,
    /// For a check: what came and was right, without its bytes.
    right: BTreeSet<u8>,
    wrong: BTreeSet<u8>,
    outcome: Option<Result<Fetched, Failure>>,
}

/// What came of a fetch.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// The wanted Data fragments.
    pub(crate) fragments: BTreeMap<u8, Vec<u8>>,
    /// For a check: all fragments that came and were right.
    pub(crate) right: BTreeSet<u8>,
    /// All that came and were not.
    pub(crate) wrong: BTreeSet<u8>,
    /// The roots of all fragments, if any of them came.
    pub(crate) manifest: Option<Arc<Manifest>>,
    /// All whose supplier could not be asked, and when it was last seen (unix milliseconds).
    pub(crate) unreached: BTreeMap<u8, Option<u64>>,
}

impl Fetches {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            last: AtomicU64::new(0),
            table: Mutex::default(),
            budget: Budget { used: Mutex::new(0), bytes_max },
            coders: Mutex::default(),
        }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Whether somebody waits for this fetch.
    pub(crate) fn is_wanted(&self, number: u64) -> bool {
        self.lock().get(&number).is_some_and(|fetch| fetch.outcome.is_none())
    }

    /// Takes bytes that came from a supplier: unmasks and verifies them. Costs time.
    pub(crate) fn accept(
        &self,
        (fetch, index): (u64, u8),
        (mask_root, supplier): (&SymmetricKey, IdentityId),
        mut bytes: Vec<u8>,
        manifest: &[u8],
    ) -> GetOutcome {
        let known = self.lock().get(&fetch).map(|it| (it.block.clone(), it.manifest.clone()));
        let Some((block, known)) = known else { return GetOutcome::Lost };
        let manifest = known.or_else(|| believe(manifest, &block).map(Arc::new));
        let is_right = manifest.as_ref().is_some_and(|manifest| {
            Mask::new(mask_root, supplier, block.id, index).apply(&mut bytes);
            manifest.verify(index.into(), &bytes).is_ok()
        });
        let mut table = self.lock();
        let Some(fetch) = table.get_mut(&fetch) else { return GetOutcome::Lost };
        if !is_right {
            fetch.wrong.insert(index);
            return GetOutcome::Wrong;
        }
        fetch.manifest = manifest;
        match fetch.need {
            Need::Data(_) => {
                fetch.here.insert(index, bytes);
            }
            // Whoever checks wants to know, not to have.
            Need::Everything | Need::These(_) => {
                fetch.right.insert(index);
            }
        }
        GetOutcome::Arrived
    }

    /// Puts the wanted bytes together; says whether they are there.
    fn assemble(&self, number: u64, unreached: Vec<(u8, Option<u64>)>) -> bool {
        let mut table = self.lock();
        let Some(fetch) = table.get_mut(&number) else { return false };
        let here = std::mem::take(&mut fetch.here);
        let (need, manifest) = (fetch.need.clone(), fetch.manifest.clone());
        let mut fetched = Fetched {
            right: std::mem::take(&mut fetch.right),
            wrong: fetch.wrong.clone(),
            manifest: fetch.manifest.clone(),
            unreached: unreached.into_iter().collect(),
            ..Fetched::default()
        };
        drop(table);
        if let Need::Data(wanted) = need {
            let Some(fragments) = self.gather(&wanted, here, manifest.as_deref()) else {
                return false;
            };
            fetched.fragments = fragments;
        }
        self.finish(number, Ok(fetched));
        true
    }

    /// The wanted fragments out of those that are here, made again where they are not.
    fn gather(
        &self,
        wanted: &BTreeSet<u8>,
        mut here: BTreeMap<u8, Vec<u8>>,
        manifest: Option<&Manifest>,
    ) -> Option<BTreeMap<u8, Vec<u8>>> {
        let missing: Vec<u8> =
            wanted.iter().copied().filter(|index| !here.contains_key(index)).collect();
        if !missing.is_empty() {
            let manifest = manifest?;
            let have: Vec<Verified<'_>> = here
                .iter()
                .filter_map(|(index, bytes)| manifest.verify((*index).into(), bytes).ok())
                .collect();
            let mut made = vec![vec![0; manifest.class().bytes()]; missing.len()];
            let mut out: Vec<&mut [u8]> = made.iter_mut().map(Vec::as_mut_slice).collect();
            let indices: Vec<usize> = missing.iter().map(|index| (*index).into()).collect();
            let rebuilt = self.coder(manifest).rebuild(manifest, &have, &indices, &mut out);
            if let Err(error) = rebuilt {
                tracing::warn!(%error, "a block cannot be put together");
                return None;
            }
            here.extend(missing.into_iter().zip(made));
        }
        here.retain(|index, _| wanted.contains(index));
        Some(here)
    }

    fn coder(&self, manifest: &Manifest) -> Arc<BlockCoder> {
        let shape = manifest.shape();
        let mut coders = self.coders.lock().unwrap_or_else(PoisonError::into_inner);
        let coder = coders.entry((shape.data(), shape.parity()));
        coder.or_insert_with(|| Arc::new(BlockCoder::new(shape))).clone()
    }

    /// Hands over what came of a fetch.
    fn finish(&self, number: u64, outcome: Result<Fetched, Failure>) {
        let mut table = self.lock();
        let Some(fetch) = table.get_mut(&number) else { return };
        fetch.here.clear();
        fetch.outcome = Some(outcome);
        let gate = fetch.gate.clone();
        drop(table);
        gate.poke();
    }

    /// The node says that it cannot be had.
    pub(crate) fn withhold(&self, number: u64, failure: Failure) {
        self.finish(number, Err(failure));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Fetch>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a fetch.
pub(crate) fn want(shared: &Shared, block: &BlockEntry, need: Need, gate: &Arc<Gate>) -> u64 {
    let number = shared.fetches.last.fetch_add(1, Ordering::Relaxed) + 1;
    let fetch = Fetch {
        block: block.clone(),
        need: need.clone(),
        gate: gate.clone(),
        manifest: None,
        here: BTreeMap::new(),
        right: BTreeSet::new(),
        wrong: BTreeSet::new(),
        outcome: None,
    };
    shared.fetches.lock().insert(number, fetch);
    let (id, arrangement, spread) = (block.id, block.arrangement, spread_of(block));
    shared.tell(Input::Wanted { fetch: number, block: id, arrangement, spread, need });
    number
}

/// What came of a fetch, once; nothing while it is under way.
pub(crate) fn take(shared: &Shared, number: u64) -> Option<Result<Fetched, Failure>> {
    let mut table = shared.fetches.lock();
    let outcome = table.get_mut(&number)?.outcome.take()?;
    table.remove(&number);
    Some(outcome)
}

/// Gives a fetch up, if it is still there.
pub(crate) fn give_up(shared: &Shared, number: u64) {
    let fetch = shared.fetches.lock().remove(&number);
    if fetch.is_some_and(|fetch| fetch.outcome.is_none()) {
        shared.tell(Input::Unwanted { fetch: number });
    }
}

/// Does what `Output::Assemble` orders, on the pool.
pub(crate) fn assemble(shared: &Arc<Shared>, number: u64, unreached: Vec<(u8, Option<u64>)>) {
    let own = shared.clone();
    shared.pool.give(move || {
        let ok = own.fetches.assemble(number, unreached);
        own.tell(Input::Assembled { fetch: number, ok });
    });
}

/// A manifest counts for the block whose id it hashes to, whoever sends it.
fn believe(manifest: &[u8], block: &BlockEntry) -> Option<Manifest> {
    let signed: Signed<Manifest> = decode(manifest).ok()?;
    let fits = signed.body.block_id() == block.id
        && signed.body.class().bytes() == block.fragment_bytes as usize;
    fits.then_some(signed.body)
}

/// How a block was spread: with `double` there are as many suppliers as Data fragments, else one
/// for each fragment.
pub(crate) fn spread_of(block: &BlockEntry) -> Spread {
    let suppliers = if block.k == block.m { block.k } else { block.k.saturating_add(block.m) };
    Spread { data: block.k, parity: block.m, suppliers }
}

/// The ids of blocks as they are told to the user.
pub(crate) fn name_of(block: BlockId) -> String {
    format!("block {block}")
}

impl Budget {
    /// Takes a part of the memory, if it is free.
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = used.saturating_add(bytes) <= self.bytes_max;
        if fits {
            *used += bytes;
        }
        fits
    }

    /// Takes it also when it is not free: what a worker cannot go on without.
    pub(crate) fn take(&self, bytes: usize) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
    }

    /// Gives it back.
    pub(crate) fn give_back(&self, bytes: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(bytes);
    }
}
