//! Says what a restore would do: reads the directories of the version and looks at the target.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use disk::tree::write::Existing;
use drive::catalog::Catalog;
use drive::format::{Kind, Node, Version};
use drive::restore::{Reader, Step, Walk};
use node::input::Failure;

use super::ahead::is_damage;
use super::places::place_of;
use super::write::path_of;
use super::{CACHE_BYTES, Plan, filter_of, pick, plan_of, set_totals};
use crate::view::RestoreRequest;
use crate::view::path_text::{from_bytes, from_path};
use crate::work::fetches::Source;
use crate::work::halt::Halt;
use crate::work::jobs::Job;
use crate::work::shared::Shared;

/// Goes through all that would be restored.
pub(crate) fn dry_run(
    shared: &Arc<Shared>,
    job: &Job,
    request: &RestoreRequest,
) -> Result<(), Halt> {
    let plan = plan_of(request)
        .map_err(|error| Halt::Failed(Failure::Outside { what: error.happened }))?;
    let keyring = shared.keyring().ok_or(Halt::Failed(Failure::DriveNotReady))?;
    let version = pick(Catalog::new(&shared.drive), plan.version)?;
    let mut source = Source::new(shared.clone(), job.gate.clone());
    let reason = source.failure();
    let mut reader = Reader::with_cache(&shared.drive, &keyring, &mut source, CACHE_BYTES);
    job.phase("reading directories (dry run)");
    set_totals(job, &version, &plan, (&mut reader, &reason))?;
    let mut walk = Walk::new(&version, filter_of(&plan));
    loop {
        job.gate.pass()?;
        match walk.next(&mut reader) {
            Ok(None) => return Ok(()),
            Ok(Some(Step::Entry { root, path, node })) => {
                look(job, &plan, (&version, root, &path), &node);
            }
            Ok(Some(Step::Enter { .. } | Step::Leave { .. })) => {}
            Err(error) if is_damage(&error) => {
                let (root, path) = walk.here();
                let path = from_bytes(&path_of(&version, root, path));
                job.problem(path, format!("cannot be read whole: {error}"));
            }
            Err(error) => return Err(Halt::of(&error, &reason)),
        }
    }
}

fn look(job: &Job, plan: &Plan, (version, root, path): (&Version, usize, &[u8]), node: &Node) {
    let name = version.roots.get(root).map_or(&[][..], |root| &root.path);
    let place = match place_of(name, path) {
        Ok(place) => place,
        Err(error) => {
            let text = from_bytes(&path_of(version, root, path));
            job.problem(text, format!("is no path that can be restored: {error}"));
            return;
        }
    };
    let there = plan.target.join(OsStr::from_bytes(place.as_bytes()));
    let existing = there.symlink_metadata().ok();
    let is_identical = existing.as_ref().is_some_and(|existing| is_identical(node, existing));
    let keeps = plan.existing != Existing::Overwrite;
    if let Some(existing) = &existing
        && !(is_identical && keeps)
        && (plan.existing == Existing::Refuse || existing.is_dir())
    {
        job.problem(from_path(&there), "exists and would be left as it is".into());
    }
    let bytes = node.kind.content().map_or(0, |content| content.bytes);
    job.update(|view| {
        view.files_done += 1;
        view.bytes_done += bytes;
        if is_identical && keeps {
            view.files_unchanged += 1;
        } else if existing.is_none() || plan.existing != Existing::Refuse {
            view.bytes_moved += bytes;
        }
    });
}

/// As a restore decides: a file of this length and time, or a link to the same target.
fn is_identical(node: &Node, existing: &Metadata) -> bool {
    let mtime = node.attributes.mtime;
    match &node.kind {
        Kind::File { content } => {
            existing.is_file()
                && existing.len() == content.bytes
                && existing.mtime() == mtime.seconds()
                && existing.mtime_nsec() == i64::from(mtime.nanoseconds())
        }
        Kind::Symlink { target } => existing.is_symlink() && existing.len() == target.len() as u64,
        Kind::Directory { .. } => false,
    }
}
