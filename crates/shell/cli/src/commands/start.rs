//! What begins a job: `backup start`, `restore`, `check`; and what is said when it is over.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use api::client::Answer;
use api::path_text;
use base::{format_bytes, format_duration};
use daemon::view::{BackupRequest, CheckRequest, JobView, RestoreRequest, UnreachedView};

use super::Context;
use crate::args::{BackupStart, CheckArgs, RestoreArgs};
use crate::errors::{Failure, Outcome};
use crate::exit::ExitCode;
use crate::follow::{BreakOff, follow};
use crate::screen::Screen;
use crate::table::{count, date};

/// Problems that are listed after a job; the rest is counted.
const PROBLEMS_LISTED_MAX: usize = 20;

/// Begins a backup.
pub(super) async fn backup(context: &Context, args: BackupStart) -> Outcome<ExitCode> {
    let paths = args.paths.iter().map(|path| source(path)).collect::<Outcome<Vec<String>>>()?;
    let request = BackupRequest {
        paths,
        excludes: args.exclude,
        gitignore: args.gitignore,
        skip_caches: args.skip_caches,
        one_file_system: args.one_file_system,
        dry_run: args.dry_run,
        read_all: args.read_all,
    };
    let begun = context.client.backup(&request);
    attend(context, begun, args.detach, args.dry_run).await
}

/// Begins a restore.
pub(super) async fn restore(context: &Context, args: RestoreArgs) -> Outcome<ExitCode> {
    let existing = match (args.overwrite, args.keep_both) {
        (true, _) => Some("overwrite".into()),
        (_, true) => Some("keep-both".into()),
        (false, false) => None,
    };
    let request = RestoreRequest {
        version: args.version.0,
        path: args.path.as_deref().map(inside),
        target: path_text::from_path(&absolute(&args.target)?),
        existing,
        dry_run: args.dry_run,
    };
    let begun = context.client.restore(&request);
    attend(context, begun, args.detach, args.dry_run).await
}

/// Begins a check.
pub(super) async fn check(context: &Context, args: CheckArgs) -> Outcome<ExitCode> {
    let request = CheckRequest { percent: args.percent };
    attend(context, context.client.check(&request), args.detach, false).await
}

/// Begins a job and follows it, unless the user does not want to wait.
async fn attend(
    context: &Context,
    begun: impl Future<Output = Answer<JobView>>,
    is_detached: bool,
    is_dry: bool,
) -> Outcome<ExitCode> {
    let (client, screen) = (&context.client, context.screen);
    // Before the job begins: whoever breaks it off a moment later is told how to find it again.
    let mut break_off = BreakOff::listen()?;
    let asked = super::init::now().0;
    let job = begun.await?;
    if job.started < asked && !job.is_over() {
        let since = date(job.started);
        screen.hint(&format!("This {} is under way already, since {since}.", job.kind));
    }
    if is_detached {
        screen.show(&job, |job| job.id.clone())?;
        screen.hint(&format!("Follow it: bitdust job follow {}", job.id));
        return Ok(ExitCode::Done);
    }
    let job =
        if job.is_over() { job } else { follow(client, &job.id, screen, &mut break_off).await? };
    conclude(screen, &job, is_dry)
}

/// Says how a job ended.
///
/// # Errors
/// It did not reach its end.
pub(super) fn conclude(screen: Screen, job: &JobView, is_dry: bool) -> Outcome<ExitCode> {
    if let Some(failure) = Failure::of_job(job) {
        tell_problems(screen, job);
        return Err(failure);
    }
    screen.show(job, |job| summary(job, is_dry))?;
    tell_problems(screen, job);
    tell_unreached(screen, job);
    let is_short = job.kind == "check" && SHORT.contains(&job.safety.as_deref().unwrap_or("safe"));
    Ok(if job.problems_total > 0 || is_short { ExitCode::Problems } else { ExitCode::Done })
}

/// Verdicts of a check that ask the user to do something.
const SHORT: [&str; 3] = ["at risk", "not to be had now", "lost"];

fn summary(job: &JobView, is_dry: bool) -> String {
    let files = count(job.files_done, "file");
    let bytes = format_bytes(job.bytes_done);
    let moved = format_bytes(job.bytes_moved);
    let took = format_duration(job.ended.unwrap_or(job.started).saturating_sub(job.started));
    let version = job.version.map(|number| format!("ersion {number}"));
    let of = version.as_ref().map(|v| format!(" of v{v}")).unwrap_or_default();
    match (job.kind.as_str(), is_dry) {
        ("backup", true) => format!(
            "Would back up {files}, {bytes}; {} unchanged. Nothing was changed.",
            job.files_unchanged
        ),
        ("restore", true) => format!("Would restore {files}, {bytes}{of}. Nothing was changed."),
        ("backup", false) => {
            let version = version.map_or_else(|| "The backup".into(), |v| format!("V{v}"));
            let safety = job.safety.as_deref().unwrap_or("done");
            let unchanged = job.files_unchanged;
            format!(
                "{version} is {safety}: {files}, {bytes}, {unchanged} unchanged, {moved} new, in {took}."
            )
        }
        ("restore", false) if job.problems_total > 0 => format!(
            "Restored {bytes}{of} in {took}, but not all of {files}: {}.",
            count(job.problems_total, "problem")
        ),
        ("restore", false) => {
            let there = match job.files_unchanged {
                0 => String::new(),
                there => format!("; {there} of them were there already"),
            };
            format!("Restored {files}, {bytes}{of} in {took}{there}.")
        }
        ("check", _) if job.files_total == 0 => "There was nothing to verify.".into(),
        ("check", _) if job.bytes_moved == 0 => "Nothing could be verified.".into(),
        ("check", _) => {
            let verdict = job.safety.as_ref().map(|safety| format!(" The data: {safety}."));
            let sound = sound(job.problems_total);
            format!("Verified {moved}{of} in {took}: {sound}.{}", verdict.unwrap_or_default())
        }
        (kind, _) => format!("The {kind} is done: {files}, {bytes} in {took}."),
    }
}

fn sound(problems: u64) -> String {
    if problems == 0 { "all sound".into() } else { count(problems, "problem") }
}

fn tell_problems(screen: Screen, job: &JobView) {
    if job.problems_total == 0 {
        return;
    }
    screen.warn(&format!("{}:", count(job.problems_total, "problem")));
    let listed = job.problems.iter().take(PROBLEMS_LISTED_MAX);
    for problem in listed {
        screen.warn(&format!("  {}: {}", problem.what, problem.why));
    }
    if job.problems_total > PROBLEMS_LISTED_MAX as u64 {
        screen.warn(&format!("  … and more; all that are kept: bitdust job show {}", job.id));
    }
}

/// Names the suppliers that a check could not ask, which says nothing about what they keep.
fn tell_unreached(screen: Screen, job: &JobView) {
    if job.unreached.is_empty() {
        return;
    }
    screen.warn("Not reached now, so not verified:");
    for UnreachedView { device, since, fragments } in &job.unreached {
        let seen =
            since.map_or_else(|| "never seen".into(), |at| format!("last seen {}", date(at)));
        screen.warn(&format!("  {device}: {seen}, {}", count(*fragments, "fragment")));
    }
}

/// A path of this computer that is to be backed up: absolute, and it must exist. What is itself a
/// link stays a link.
fn source(path: &Path) -> Outcome<String> {
    let missing = |error: std::io::Error| {
        let happened = format!("{} cannot be found: {error}.", path.display());
        let mut view = api::catalogue::view("no-such-path", happened);
        view.advice = "Check how the path is written; one with spaces needs quotes.".into();
        Failure::Told(view)
    };
    path.symlink_metadata().map_err(missing)?;
    let real = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            parent.canonicalize().map(|parent| parent.join(name))
        }
        _ => path.canonicalize(),
    };
    Ok(path_text::from_path(&real.map_err(missing)?))
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    let wrong = |error| Failure::caused("usage", "The target cannot be named", &error);
    std::path::absolute(path).map_err(wrong)
}

/// A path inside a version: the text that `version show` prints, or raw bytes.
pub(super) fn inside(path: &OsStr) -> String {
    match path.to_str() {
        Some(text) => text.into(),
        None => path_text::from_path(Path::new(path)),
    }
}
