//! Answers about versions: what is in them, how they differ, ranges of their files.

use std::cell::OnceCell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::Builder;

use drive::Stop;
use drive::catalog::{Catalog, CatalogError};
use drive::diff::{Change, Diff};
use drive::format::{Kind, Version};
use drive::restore::{Reader, RestoreError, Run, find};
use node::input::Failure;

use super::fetches::Source;
use super::gate::Gate;
use super::halt::Halt;
use super::restore::{pick, shown, version_path};
use super::shared::Shared;
use super::{Stored, texts};
use crate::handle::{Answer, Items, ItemsSender, Unread, items};
use crate::view::path_text::{from_bytes, to_bytes};
use crate::view::{DifferenceView, EntryView, ErrorView, VersionView};

mod entries;
#[cfg(test)]
mod tests;

/// Answers that wait for whoever reads them.
const WAITING_MAX: usize = 64;
/// Bytes of one answer of a range.
const PART_BYTES: usize = 256 * 1024;
/// Readings at once.
const READINGS_MAX: usize = 4;
/// Fragments that one of them keeps, bytes.
const CACHE_BYTES: usize = 24 * 1024 * 1024;
/// Entries of one page.
const PAGE_ENTRIES: usize = 1_000;
/// Versions of one page; each may take some megabytes.
const PAGE_VERSIONS: usize = 100;

/// All versions, newest first. Reads the database.
pub(super) fn versions(shared: &Shared) -> Answer<Vec<VersionView>> {
    let own_disk = |error: CatalogError| halted(Halt::from(error));
    let (mut views, mut after) = (Vec::new(), 0);
    loop {
        let page = Catalog::new(&shared.drive).versions(after, PAGE_VERSIONS).map_err(own_disk)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        views.extend(page.iter().map(version_view));
    }
    views.reverse();
    Ok(views)
}

fn version_view(version: &Version) -> VersionView {
    VersionView {
        number: version.number,
        started: version.started.0,
        finished: version.finished.0,
        paths: version.paths.iter().map(|path| from_bytes(path)).collect(),
        files: version.files,
        bytes: version.bytes,
        problems: version.problems,
    }
}

/// What lies at suppliers. Reads the table of blocks whole, but only when it has changed.
pub(super) fn stored(shared: &Shared) -> Answer<Stored> {
    let own_disk = |error: CatalogError| halted(Halt::from(error));
    let catalog = Catalog::new(&shared.drive);
    let counts = catalog.counts().map_err(own_disk)?;
    let head = catalog.head().map_err(own_disk)?;
    let known = head.and_then(|head| head.blocks.first().map(|block| block.id));
    let mut last = shared.stored.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((state, stored)) = &*last
        && *state == (counts, known)
    {
        return Ok(*stored);
    }
    let (mut stored, mut after) = (Stored::default(), None);
    loop {
        let page = catalog.blocks(after, PAGE_ENTRIES).map_err(own_disk)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for block in &page {
            let size = u64::from(block.fragment_bytes);
            stored.blocks += 1;
            stored.packed_bytes += size * u64::from(block.k);
            stored.stored_bytes += size * (u64::from(block.k) + u64::from(block.m));
        }
    }
    let mut number = 0;
    loop {
        let page = catalog.versions(number, PAGE_VERSIONS).map_err(own_disk)?;
        let Some(last) = page.last() else { break };
        number = last.number;
        stored.versions += page.len() as u64;
    }
    *last = Some(((counts, known), stored));
    Ok(stored)
}

/// The entries below a path.
pub(super) fn entries(
    shared: &Arc<Shared>,
    version: Option<u64>,
    path: &str,
    recursive: bool,
) -> Answer<Items<EntryView>> {
    let path = path_of(path)?;
    let version = version_of(shared, version)?;
    start(shared, move |reading, reader| {
        if recursive {
            entries::all_below(reading, &version, &path, reader)
        } else {
            entries::one_level(reading, &version, &path, reader)
        }
    })
}

/// What differs between two versions.
pub(super) fn differences(
    shared: &Arc<Shared>,
    older: u64,
    newer: u64,
) -> Answer<Items<DifferenceView>> {
    let (older, newer) = (version_of(shared, Some(older))?, version_of(shared, Some(newer))?);
    start(shared, move |reading, reader| {
        let mut diff = Diff::new(&older, &newer);
        while let Some(difference) = diff.next(reader)? {
            let change = match difference.change {
                Change::Added(_) => "added",
                Change::Removed(_) => "removed",
                Change::Content { .. } => "changed",
                Change::Attributes { .. } => "metadata",
            };
            let path = from_bytes(&difference.path);
            let view = DifferenceView { path, change: change.into() };
            reading.give(view).map_err(|Stop| RestoreError::Stopped)?;
        }
        Ok(())
    })
}

/// A range of a file.
pub(super) fn read_file(
    shared: &Arc<Shared>,
    version: Option<u64>,
    path: &str,
    (offset, bytes): (u64, Option<u64>),
) -> Answer<Items<Vec<u8>>> {
    let path = path_of(path)?;
    let version = version_of(shared, version)?;
    start(shared, move |reading, reader| {
        let Some(node) = find(&version, &path, reader)? else {
            return reading.refuse(no_such_path(&path, &version));
        };
        let Kind::File { content } = &node.kind else {
            let happened = format!("{} is not a file.", from_bytes(&path));
            return reading.refuse(texts::bad_request(happened));
        };
        let length = bytes.unwrap_or(u64::MAX);
        reader.read_range(content, offset, length, &mut |run| match run {
            Run::Bytes(bytes) => {
                bytes.chunks(PART_BYTES).try_for_each(|part| reading.give(part.to_vec()))
            }
            Run::Hole(mut left) => {
                while left > 0 {
                    let now = left.min(PART_BYTES as u64);
                    reading.give(vec![0; now as usize])?;
                    left -= now;
                }
                Ok(())
            }
        })
    })
}

/// One reading with the one who wants its answers.
struct Reading<T> {
    answers: ItemsSender<T>,
    /// What is told in place of the end.
    refusal: OnceCell<ErrorView>,
}

impl<T> Reading<T> {
    fn give(&self, answer: T) -> Result<(), Stop> {
        self.answers.give(answer).map_err(|Unread| Stop)
    }

    fn refuse(&self, error: ErrorView) -> Result<(), RestoreError> {
        // A reading is refused once, and then over.
        let _ = self.refusal.set(error);
        Ok(())
    }
}

/// Starts a reading on a thread of its own; it ends when nobody reads the answers any more.
fn start<T: Send + 'static>(
    shared: &Arc<Shared>,
    read: impl FnOnce(&Reading<T>, &mut Reader<'_>) -> Result<(), RestoreError> + Send + 'static,
) -> Answer<Items<T>> {
    let Some(place) = Place::take(shared) else {
        return Err(texts::busy("As many versions are being read as can be at once."));
    };
    let keyring = shared.keyring().ok_or_else(|| texts::failure_view(&Failure::DriveNotReady))?;
    let (answers, received) = items(WAITING_MAX);
    let own = shared.clone();
    // Nobody waits for it at the end: whoever takes the answers may be slow.
    let started = Builder::new().name("reading".into()).spawn(move || {
        let (is_read, closing) = (answers.watcher(), own.clone());
        let reading = Reading { answers, refusal: OnceCell::new() };
        let gate = Gate::abandoned_when(move || !is_read() || closing.is_closing());
        let mut source = Source::new(own.clone(), Arc::new(gate));
        let reason = source.failure();
        let mut reader = Reader::with_cache(&own.drive, &keyring, &mut source, CACHE_BYTES);
        let read = read(&reading, &mut reader);
        let Reading { answers, refusal } = reading;
        answers.end(match (read, refusal.into_inner()) {
            (Err(error), _) => Err(shown(&error, &reason)),
            (Ok(()), Some(refusal)) => Err(refusal),
            (Ok(()), None) => Ok(()),
        });
        drop(place);
    });
    match started {
        Ok(_) => Ok(received),
        Err(error) => Err(texts::failed(format!("No thread can be started: {error}."))),
    }
}

/// One of the readings that may be at once.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let take = |now: usize| (now < READINGS_MAX).then_some(now + 1);
        let taken = shared.readings.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.ok().map(|_| Self(shared.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.readings.fetch_sub(1, Ordering::Relaxed);
    }
}

fn path_of(text: &str) -> Result<Vec<u8>, ErrorView> {
    let bytes = to_bytes(text)
        .map_err(|error| texts::bad_request(format!("`{text}` is no path: {error}.")))?;
    Ok(version_path(&bytes))
}

fn version_of(shared: &Shared, number: Option<u64>) -> Answer<Version> {
    pick(Catalog::new(&shared.drive), number).map_err(halted)
}

fn halted(halt: Halt) -> ErrorView {
    match halt {
        Halt::Stopped => texts::failure_view(&Failure::Cancelled),
        Halt::Failed(failure) => texts::failure_view(&failure),
    }
}

fn no_such_path(path: &[u8], version: &Version) -> ErrorView {
    texts::no_such_path(format!("Version {} has no {}.", version.number, from_bytes(path)))
}
