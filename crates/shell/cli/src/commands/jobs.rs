//! `bitdust backup …` and `bitdust job …`: what runs in the daemon.

use base::{format_bytes, format_duration};
use daemon::view::JobView;

use super::{Context, start};
use crate::args::{BackupCommand, JobCommand};
use crate::errors::{Failure, Outcome};
use crate::exit::ExitCode;
use crate::follow::{BreakOff, follow, left_running, progress_text, to_the_end};
use crate::table::{Table, count, date, facts};

/// What `backup` and `job` have in common.
enum Verb {
    List,
    Show,
    Follow,
    Pause,
    Resume,
    Cancel,
}

/// `bitdust backup`.
pub(super) async fn backup(context: &Context, command: BackupCommand) -> Outcome<ExitCode> {
    let kind = Some("backup");
    match command {
        BackupCommand::Start(args) => start::backup(context, args).await,
        BackupCommand::List => run(context, kind, Verb::List, None).await,
        BackupCommand::Show { id } => run(context, kind, Verb::Show, id).await,
        BackupCommand::Pause { id } => run(context, kind, Verb::Pause, id).await,
        BackupCommand::Resume { id } => run(context, kind, Verb::Resume, id).await,
        BackupCommand::Cancel { id } => run(context, kind, Verb::Cancel, id).await,
    }
}

/// `bitdust job`.
pub(super) async fn job(context: &Context, command: JobCommand) -> Outcome<ExitCode> {
    match command {
        JobCommand::List => run(context, None, Verb::List, None).await,
        JobCommand::Show { id } => run(context, None, Verb::Show, id).await,
        JobCommand::Follow { id } => run(context, None, Verb::Follow, id).await,
        JobCommand::Pause { id } => run(context, None, Verb::Pause, id).await,
        JobCommand::Resume { id } => run(context, None, Verb::Resume, id).await,
        JobCommand::Cancel { id } => run(context, None, Verb::Cancel, id).await,
    }
}

async fn run(
    context: &Context,
    kind: Option<&str>,
    verb: Verb,
    id: Option<String>,
) -> Outcome<ExitCode> {
    let (client, screen) = (&context.client, context.screen);
    if matches!(verb, Verb::List) {
        let mut jobs = client.jobs().await?;
        jobs.retain(|job| kind.is_none_or(|kind| job.kind == kind));
        return screen.show(&jobs, |jobs| list(jobs)).map(|()| ExitCode::Done);
    }
    let id = match id {
        Some(id) => whole(context, id).await?,
        None => the_only_one(context, kind).await?,
    };
    let job = match verb {
        Verb::Follow => return follow_job(context, &id).await,
        Verb::Pause => client.pause_job(&id).await?,
        Verb::Resume => client.resume_job(&id).await?,
        Verb::Cancel => client.cancel_job(&id).await?,
        Verb::Show | Verb::List => client.job(&id).await?,
    };
    screen.show(&job, details).map(|()| ExitCode::Done)
}

/// For people a bar and a summary; for programs a line for each change.
async fn follow_job(context: &Context, id: &str) -> Outcome<ExitCode> {
    let screen = context.screen;
    let mut break_off = BreakOff::listen()?;
    if !screen.is_json() {
        let job = follow(&context.client, id, screen, &mut break_off).await?;
        return start::conclude(screen, &job, false);
    }
    let mut events = context.client.watch_job(id).await?;
    let mut shown = Ok(());
    let over = to_the_end(&mut events, |job| {
        if shown.is_ok() {
            shown = screen.line(job, details);
        }
    });
    let job = tokio::select! {
        job = over => job?,
        () = break_off.wait() => return Err(left_running(id)),
    };
    shown?;
    match Failure::of_job(&job) {
        Some(failure) => Err(failure),
        None if job.problems_total > 0 => Ok(ExitCode::Problems),
        None => Ok(ExitCode::Done),
    }
}

/// The id that begins so, if there is but one; nobody types all of it.
async fn whole(context: &Context, start: String) -> Outcome<String> {
    let jobs = context.client.jobs().await?;
    let mut meant = jobs.iter().filter(|job| job.id.starts_with(&start));
    match (meant.next(), meant.next()) {
        (Some(job), None) if !start.is_empty() => Ok(job.id.clone()),
        // The daemon says what is wrong with it.
        _ => Ok(start),
    }
}

/// The id of the one job that is not over, for whoever does not want to copy it.
async fn the_only_one(context: &Context, kind: Option<&str>) -> Outcome<String> {
    let jobs = context.client.jobs().await?;
    let is_meant = |job: &&JobView| !job.is_over() && kind.is_none_or(|kind| job.kind == kind);
    let mut meant = jobs.iter().filter(is_meant);
    match (meant.next(), meant.count()) {
        (Some(job), 0) => Ok(job.id.clone()),
        (None, _) => Err(Failure::of("no-such-job", "No job is running or waiting.")),
        (Some(_), more) => {
            let happened = format!("{} jobs are running or waiting; name one.", more + 1);
            Err(Failure::of("usage", happened))
        }
    }
}

fn list(jobs: &[JobView]) -> String {
    let mut table = Table::new(&["kind", "state", "begun", ">files", ">bytes", "id"], "No jobs.");
    for job in jobs {
        let dry = if job.dry_run { " (dry run)" } else { "" };
        table.row([
            format!("{}{dry}", job.kind),
            job.state.clone(),
            date(job.started),
            job.files_done.to_string(),
            format_bytes(job.bytes_done),
            job.id.clone(),
        ]);
    }
    table.text()
}

fn details(job: &JobView) -> String {
    let mut lines = vec![
        ("id", job.id.clone()),
        ("kind", job.kind.clone()),
        ("state", job.state.clone()),
        ("begun", date(job.started)),
        ("progress", progress_text(job)),
        ("unchanged", count(job.files_unchanged, "file")),
        ("moved", format_bytes(job.bytes_moved)),
    ];
    if let Some(ended) = job.ended {
        lines.push(("took", format_duration(ended.saturating_sub(job.started))));
    }
    lines.extend(job.version.map(|number| ("version", number.to_string())));
    lines.extend(job.safety.clone().map(|safety| ("safety", safety)));
    if let Some(error) = &job.error {
        lines.push(("error", format!("{} [{}]", error.happened, error.code)));
        lines.push(("", error.meaning.clone()));
        lines.push(("", error.advice.clone()));
    }
    for unreached in &job.unreached {
        let seen = unreached.since.map_or_else(|| "never seen".into(), date);
        lines.push(("not reached", format!("{} (last seen {seen})", unreached.device)));
    }
    for problem in &job.problems {
        lines.push(("problem", format!("{}: {}", problem.what, problem.why)));
    }
    if job.problems_total > job.problems.len() as u64 {
        lines.push(("problems", format!("{} in all", job.problems_total)));
    }
    facts(&lines)
}
