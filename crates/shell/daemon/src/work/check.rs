//! The worker of checks: asks every supplier for its fragments of a sample of blocks, and verifies
//! what comes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use base::BlockId;
use drive::catalog::Catalog;
use drive::check::{Hurt, Sample, hurt};
use drive::format::BlockEntry;
use drive::restore::Reader;
use node::input::Failure;
use storage::fetch::Need;
use storage::terms::Arrangement;

use super::JobRequest;
use super::clock::random;
use super::fetches::{self, Fetched, Source, name_of, spread_of};
use super::halt::Halt;
use super::jobs::Job;
use super::restore::{CACHE_BYTES, pick, tell_end};
use super::shared::Shared;
use crate::view::UnreachedView;
use crate::view::path_text::from_bytes;

mod verdict;

use verdict::Verdict;

/// Blocks that are asked for at once. Their fragments are verified as they come and not kept.
const BLOCKS_MAX: usize = 4;
/// Rows of one page.
const PAGE_BLOCKS: usize = 256;

/// Begins a check.
pub(super) fn start(shared: &Arc<Shared>, job: Arc<Job>) {
    let (id, own) = (job.id, shared.clone());
    let started = shared.spawn("check", move || {
        let result = run(&own, &job);
        tell_end(&own, id, result);
    });
    if let Err(error) = started {
        let failure = Failure::Outside { what: format!("no thread can be started: {error}") };
        shared.tell_later(node::input::Input::WorkFailed { job: id, failure });
    }
}

fn run(shared: &Arc<Shared>, job: &Job) -> Result<(), Halt> {
    job.begin();
    let JobRequest::Check(request) = &*job.request else {
        return Err(Halt::Failed(Failure::Outside { what: "the job is no check".into() }));
    };
    job.phase("asking the suppliers for fragments");
    let sample = Sample { share: u16::from(request.percent.min(100)) * 100, seed: random() };
    let (blocks, bytes) = total(shared, &sample)?;
    job.update(|view| (view.files_total, view.bytes_total) = (blocks, bytes));
    job.has_totals();
    let mut check = Check {
        shared,
        job,
        asked: VecDeque::new(),
        arrangements: BTreeMap::new(),
        missing: BTreeSet::new(),
        unreached: BTreeMap::new(),
        verdict: Verdict::default(),
    };
    let mut page = Page::default();
    while let Some(block) = page.next(shared, &sample)? {
        job.gate.pass()?;
        check.ask(block);
        if check.asked.len() >= BLOCKS_MAX {
            check.answer()?;
        }
    }
    while !check.asked.is_empty() {
        job.gate.pass()?;
        check.answer()?;
    }
    check.conclude();
    if !check.missing.is_empty() {
        job.phase("looking which files are hurt");
        tell_hurt(shared, job, &check.missing)?;
    }
    Ok(())
}

/// Blocks of the sample, and all their bytes.
fn total(shared: &Shared, sample: &Sample) -> Result<(u64, u64), Halt> {
    let (mut blocks, mut bytes) = (0, 0);
    let mut page = Page::default();
    while let Some(block) = page.next(shared, sample)? {
        blocks += 1;
        bytes += stored_bytes(&block);
    }
    Ok((blocks, bytes))
}

/// Bytes of all fragments.
fn stored_bytes(block: &BlockEntry) -> u64 {
    u64::from(block.fragment_bytes) * (u64::from(block.k) + u64::from(block.m))
}

/// A place in the table of blocks.
#[derive(Default)]
struct Page {
    rows: VecDeque<BlockEntry>,
    after: Option<BlockId>,
    is_end: bool,
}

impl Page {
    /// The next block of the sample, drawn whole.
    fn next(&mut self, shared: &Shared, sample: &Sample) -> Result<Option<BlockEntry>, Halt> {
        loop {
            while let Some(block) = self.rows.pop_front() {
                if sample.has(block.id, 0) {
                    return Ok(Some(block));
                }
            }
            if self.is_end {
                return Ok(None);
            }
            self.rows = Catalog::new(&shared.drive).blocks(self.after, PAGE_BLOCKS)?.into();
            self.is_end = self.rows.len() < PAGE_BLOCKS;
            self.after = self.rows.back().map(|block| block.id).or(self.after);
        }
    }
}

struct Check<'a> {
    shared: &'a Arc<Shared>,
    job: &'a Job,
    asked: VecDeque<(u64, BlockEntry)>,
    arrangements: BTreeMap<u32, Option<Arrangement>>,
    missing: BTreeSet<BlockId>,
    /// Suppliers that could not be asked, by their names.
    unreached: BTreeMap<String, UnreachedView>,
    verdict: Verdict,
}

impl Check<'_> {
    fn ask(&mut self, block: BlockEntry) {
        let fetch = fetches::want(self.shared, &block, Need::Everything, &self.job.gate);
        self.asked.push_back((fetch, block));
    }

    /// Waits for the block that was asked for first.
    fn answer(&mut self) -> Result<(), Halt> {
        let Some((fetch, block)) = self.asked.front().cloned() else { return Ok(()) };
        let outcome = self.job.gate.wait(|| fetches::take(self.shared, fetch))?;
        self.asked.pop_front();
        let fetched = outcome.unwrap_or_else(|failure| {
            let why = super::texts::failure_view(&failure).happened;
            self.job.problem(name_of(block.id), why);
            Fetched::default()
        });
        self.judge(&block, &fetched)?;
        let moved = u64::from(block.fragment_bytes) * fetched.right.len() as u64;
        self.job.update(|view| {
            view.files_done += 1;
            view.bytes_done += stored_bytes(&block);
            view.bytes_moved += moved;
        });
        Ok(())
    }

    /// A supplier that could not be asked says nothing about the data; one that was asked and has
    /// not got it, or not right, does.
    fn judge(&mut self, block: &BlockEntry, fetched: &Fetched) -> Result<(), Halt> {
        self.verdict.add(spread_of(block), fetched);
        for index in 0..block.k.saturating_add(block.m) {
            if fetched.right.contains(&index) {
                continue;
            }
            let supplier = self.supplier(block, index)?;
            if let Some(since) = fetched.unreached.get(&index) {
                let new = UnreachedView { device: supplier.clone(), since: *since, fragments: 0 };
                let unreached = self.unreached.entry(supplier).or_insert(new);
                unreached.fragments += 1;
                unreached.since = unreached.since.max(*since);
                continue;
            }
            let what =
                if fetched.wrong.contains(&index) { "gave wrong bytes for" } else { "has not got" };
            self.job.problem(supplier, format!("{what} fragment {index} of {}", name_of(block.id)));
        }
        // What those may have who were not reached is still to be hoped for.
        if fetched.right.len() + fetched.unreached.len() < usize::from(block.k) {
            self.missing.insert(block.id);
            let why = format!(
                "only {} of the {} fragments that are needed are left; what is in it cannot be \
                 restored",
                fetched.right.len(),
                block.k
            );
            self.job.problem(name_of(block.id), why);
        }
        Ok(())
    }

    /// Tells what was seen of the data as a whole.
    fn conclude(&mut self) {
        let (verdict, unreached) = (self.verdict.text(), std::mem::take(&mut self.unreached));
        self.job.update(|view| {
            view.safety = verdict;
            view.unreached = unreached.into_values().collect();
        });
    }

    /// Who keeps a fragment, as it is told to the user.
    fn supplier(&mut self, block: &BlockEntry, index: u8) -> Result<String, Halt> {
        let number = block.arrangement;
        if !self.arrangements.contains_key(&number) {
            let own_disk = |error: store::DatabaseError| {
                Halt::Failed(Failure::OwnDisk { what: error.to_string() })
            };
            let found = self.shared.arrangement(number).map_err(own_disk)?;
            self.arrangements.insert(number, found);
        }
        let place = spread_of(block).place_of(index);
        let arrangement = self.arrangements.get(&number).and_then(Option::as_ref);
        let found = arrangement.and_then(|found| found.places.get(usize::from(place)));
        Ok(found.map_or_else(|| format!("supplier {place}"), |found| found.device.to_string()))
    }
}

impl Drop for Check<'_> {
    fn drop(&mut self) {
        for (fetch, _) in &self.asked {
            fetches::give_up(self.shared, *fetch);
        }
    }
}

/// Names the files of the newest version that the missing blocks hurt.
fn tell_hurt(shared: &Arc<Shared>, job: &Job, missing: &BTreeSet<BlockId>) -> Result<(), Halt> {
    let keyring = shared.keyring().ok_or(Halt::Failed(Failure::DriveNotReady))?;
    let version = match pick(Catalog::new(&shared.drive), None) {
        Ok(version) => version,
        // Blocks of a backup that never came to its end hurt nobody.
        Err(Halt::Failed(Failure::NoVersion { .. })) => return Ok(()),
        Err(halt) => return Err(halt),
    };
    let mut source = Source::new(shared.clone(), job.gate.clone());
    let reason = source.failure();
    let mut reader = Reader::with_cache(&shared.drive, &keyring, &mut source, CACHE_BYTES);
    let number = version.number;
    let told = hurt(&version, missing, &mut reader, &mut |hurt| {
        let (path, why) = match hurt {
            Hurt::File { path } => (path, "its content"),
            Hurt::Directory { path } => (path, "what is in it"),
        };
        let why = format!("{why} in version {number} cannot be restored whole now");
        job.problem(from_bytes(&path), why);
        job.gate.pass()
    });
    told.map_err(|error| Halt::of(&error, &reason))?;
    Ok(())
}
