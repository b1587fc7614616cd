//! The worker of restores: reads a version from the suppliers and writes it below a directory.

use std::path::PathBuf;
use std::sync::Arc;

use base::JobId;
use disk::tree::cause::Cause;
use disk::tree::write::{Existing, FinishError, Options, Report, WriteError, Writer};
use drive::catalog::Catalog;
use drive::format::{Kind, Version};
use drive::restore::{Filter, Reader, Step, Walk};
use node::input::{Failure, Input};

use super::backup::absolute;
use super::fetches::Source;
use super::halt::{Halt, Reason};
use super::jobs::Job;
use super::shared::Shared;
use super::{JobRequest, texts};
use crate::view::path_text::{from_path, to_bytes};
use crate::view::{ErrorView, RestoreRequest};

mod ahead;
mod dry;
mod places;
mod write;

pub(super) use dry::dry_run;
pub(super) use places::version_path;

/// Fragments that a reader keeps, bytes.
pub(super) const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// A request whose parts were looked at.
pub(super) struct Plan {
    version: Option<u64>,
    path: Option<Vec<u8>>,
    target: PathBuf,
    existing: Existing,
}

/// Looks at a request.
///
/// # Errors
/// A part of it cannot be.
pub(super) fn plan_of(request: &RestoreRequest) -> Result<Plan, ErrorView> {
    let existing = match request.existing.as_deref() {
        None | Some("refuse") => Existing::Refuse,
        Some("overwrite") => Existing::Overwrite,
        Some("keep-both") => Existing::KeepBoth,
        Some(other) => {
            return Err(texts::bad_request(format!(
                "`{other}` is none of `refuse`, `overwrite` and `keep-both`."
            )));
        }
    };
    let path = request.path.as_deref().map(|text| {
        to_bytes(text)
            .map(|path| version_path(&path))
            .map_err(|error| texts::bad_request(format!("`{text}` is no path: {error}.")))
    });
    let target = absolute(&request.target)?;
    Ok(Plan { version: request.version, path: path.transpose()?, target, existing })
}

/// Begins a restore.
pub(super) fn start(shared: &Arc<Shared>, job: Arc<Job>) {
    let (id, own) = (job.id, shared.clone());
    let started = shared.spawn("restore", move || {
        let result = run(&own, &job);
        tell_end(&own, id, result);
    });
    if let Err(error) = started {
        let failure = Failure::Outside { what: format!("no thread can be started: {error}") };
        shared.tell_later(Input::WorkFailed { job: id, failure });
    }
}

/// Tells the node how a worker ended.
pub(super) fn tell_end(shared: &Shared, job: JobId, result: Result<(), Halt>) {
    match result {
        Ok(()) => shared.tell(Input::WorkDone { job }),
        Err(Halt::Stopped) => {}
        Err(Halt::Failed(failure)) => shared.tell(Input::WorkFailed { job, failure }),
    }
}

fn run(shared: &Arc<Shared>, job: &Job) -> Result<(), Halt> {
    job.begin();
    let JobRequest::Restore(request) = &*job.request else {
        return Err(Halt::Failed(Failure::Outside { what: "the job is no restore".into() }));
    };
    let plan = plan_of(request)
        .map_err(|error| Halt::Failed(Failure::Outside { what: error.happened }))?;
    let keyring = shared.keyring().ok_or(Halt::Failed(Failure::DriveNotReady))?;
    let version = pick(Catalog::new(&shared.drive), plan.version)?;
    let mut source = Source::new(shared.clone(), job.gate.clone());
    let (moved, reason) = (source.bytes(), source.failure());
    let mut reader = Reader::with_cache(&shared.drive, &keyring, &mut source, CACHE_BYTES);
    job.phase("reading directories");
    set_totals(job, &version, &plan, (&mut reader, &reason))?;
    // What was begun anew may be complete in part; what is replaced is replaced whole.
    let resumes = plan.existing != Existing::Overwrite;
    let options = Options { existing: plan.existing, resumes, ..Options::default() };
    let writer = Writer::open(&plan.target, options).map_err(|error| unopened(&plan, &error))?;
    job.phase("restoring files");
    let restore = write::Restore::new((job, &moved), &version, &plan, (&writer, &reason));
    restore.all(&mut reader)?;
    job.phase("bringing everything to the disk");
    match writer.finish() {
        Ok(report) => {
            tell_report(job, &plan, &report);
            Ok(())
        }
        Err(FinishError { what, report }) => {
            tell_report(job, &plan, &report);
            Err(own_disk(&plan, &what.to_string()))
        }
    }
}

/// The version of this number, or the newest that is complete.
pub(super) fn pick(catalog: Catalog<'_>, number: Option<u64>) -> Result<Version, Halt> {
    let unknown = || Halt::Failed(Failure::NoVersion { number });
    if let Some(wanted) = number {
        let version = catalog.version(wanted)?;
        return version.ok_or_else(unknown);
    }
    let (mut newest, mut after) = (None, 0);
    loop {
        let versions = catalog.versions(after, 100)?;
        let Some(last) = versions.last() else { break };
        after = last.number;
        newest = versions.into_iter().rev().find(|version| version.complete).or(newest);
    }
    newest.ok_or_else(unknown)
}

/// What of a version is wanted.
fn filter_of(plan: &Plan) -> Filter {
    plan.path.clone().map_or_else(Filter::all, |path| Filter::paths([path]))
}

/// Tells the job how much there is to do; only the whole of a version is known without counting.
fn set_totals(
    job: &Job,
    version: &Version,
    plan: &Plan,
    (reader, reason): (&mut Reader<'_>, &Reason),
) -> Result<(), Halt> {
    let (mut files, mut bytes) = (version.files, version.bytes);
    if let Some(path) = &plan.path {
        (files, bytes) = (0, 0);
        let mut walk = Walk::new(version, filter_of(plan));
        loop {
            job.gate.pass()?;
            match walk.next(reader) {
                Ok(Some(Step::Entry { node, .. })) => {
                    files += 1;
                    bytes += match &node.kind {
                        Kind::File { content } => content.bytes,
                        Kind::Directory { .. } | Kind::Symlink { .. } => 0,
                    };
                }
                Ok(Some(Step::Enter { .. } | Step::Leave { .. })) => {}
                Ok(None) => break,
                Err(error) => match Halt::of(&error, reason) {
                    // The restore itself tells of it.
                    Halt::Failed(Failure::Damaged { .. }) => {}
                    halt => return Err(halt),
                },
            }
        }
        if walk.unmet().next().is_some() {
            let path = crate::view::path_text::from_bytes(path);
            let what = format!("{path} in version {}", version.number);
            return Err(Halt::Failed(Failure::Unknown { what }));
        }
    }
    job.update(|view| {
        view.version = Some(version.number);
        (view.files_total, view.bytes_total) = (files, bytes);
    });
    job.has_totals();
    Ok(())
}

fn tell_report(job: &Job, plan: &Plan, report: &Report) {
    for problem in &report.problems {
        job.problem(places::text_of(&plan.target, &problem.path), problem.what.to_string());
    }
    job.update(|view| view.problems_total += report.problems_unlisted);
}

/// Why nothing can be written to the target: the disk, or the target that was chosen.
fn unopened(plan: &Plan, error: &WriteError) -> Halt {
    let is_disk = match error {
        WriteError::Target(cause) => matches!(
            cause,
            Cause::NoSpace
                | Cause::QuotaUsed
                | Cause::ReadOnly
                | Cause::TooManyOpen
                | Cause::Device
        ),
        _ => false,
    };
    if is_disk {
        return own_disk(plan, &error.to_string());
    }
    let what = format!("{}: {error}", from_path(&plan.target));
    Halt::Failed(Failure::Outside { what })
}

fn own_disk(plan: &Plan, what: &str) -> Halt {
    Halt::Failed(Failure::OwnDisk { what: format!("{}: {what}", from_path(&plan.target)) })
}

/// Why the last block could not be had, for those who only show it.
pub(super) fn shown(error: &drive::restore::RestoreError, reason: &Reason) -> ErrorView {
    match Halt::of(error, reason) {
        Halt::Stopped => texts::failure_view(&Failure::Cancelled),
        Halt::Failed(failure) => texts::failure_view(&failure),
    }
}
