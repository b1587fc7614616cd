//! Follows a job to its end. The job is the daemon's: whoever follows it may go and come back.

use api::client::{Client, JobEvents};
use base::{format_bytes, format_duration};
use daemon::view::JobView;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::errors::{Failure, Outcome};
use crate::screen::{Screen, printable};
use crate::table::count;

/// Ctrl-C and SIGTERM, from the moment when this is made.
#[derive(Debug)]
pub(crate) struct BreakOff {
    interrupt: Signal,
    terminate: Signal,
}

impl BreakOff {
    /// From now on both no longer end the program by themselves.
    ///
    /// # Errors
    /// The system gives no signals.
    pub(crate) fn listen() -> Outcome<Self> {
        let failed = |error: std::io::Error| {
            Failure::caused("daemon-failed", "No signals can be received", &error)
        };
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self { interrupt, terminate })
    }

    /// Comes back when the user wants to end it.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Follows the job until it is over, with a bar if somebody watches. Ctrl-C leaves the job running.
///
/// # Errors
/// Broken off, or the daemon went away; the job goes on in both.
pub(crate) async fn follow(
    client: &Client,
    id: &str,
    screen: Screen,
    break_off: &mut BreakOff,
) -> Outcome<JobView> {
    let mut events = client.watch_job(id).await?;
    let bar = screen.has_progress().then(bar);
    let outcome = tokio::select! {
        outcome = to_the_end(&mut events, |job| show(bar.as_ref(), job)) => outcome,
        () = break_off.wait() => Err(left_running(id)),
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcome
}

/// Calls `seen` for the job and each change of it; returns it when it is over.
///
/// # Errors
/// The daemon went away.
pub(crate) async fn to_the_end(
    events: &mut JobEvents,
    mut seen: impl FnMut(&JobView),
) -> Outcome<JobView> {
    let mut last = JobView::default();
    while let Some(job) = events.next().await? {
        seen(&job);
        last = job;
    }
    Ok(last)
}

/// The user goes, the job stays.
pub(crate) fn left_running(id: &str) -> Failure {
    let mut error = api::catalogue::view(
        "interrupted",
        "Broken off here; the job goes on in the daemon.".into(),
    );
    error.meaning = "Nothing is lost: what is safe already is not sent again.".into();
    error.advice = format!("Follow it: bitdust job follow {id}\nEnd it: bitdust job cancel {id}");
    Failure::Told(error)
}

/// Columns of a terminal with room for a bar beside the words.
const BAR_COLUMNS_MIN: u16 = 72;

fn bar() -> ProgressBar {
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| size.ws_col);
    // In a narrow terminal a bar would take a second line, and draw itself again and again.
    let template = match columns {
        0 | BAR_COLUMNS_MIN.. => "{prefix:>9} {percent:>3}% [{bar:24}] {wide_msg}",
        _ => "{prefix} {percent}% {wide_msg}",
    };
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    ProgressBar::hidden().with_style(style)
}

fn show(bar: Option<&ProgressBar>, job: &JobView) {
    let Some(bar) = bar else { return };
    bar.set_prefix(job.kind.clone());
    bar.set_length(job.bytes_total.max(1));
    bar.set_position(job.bytes_done.min(job.bytes_total));
    bar.set_message(progress_text(job));
    if bar.is_hidden() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.tick();
    }
}

/// How far a job is, in one line.
pub(crate) fn progress_text(job: &JobView) -> String {
    let mut parts =
        vec![format!("{} of {}", format_bytes(job.bytes_done), format_bytes(job.bytes_total))];
    parts.extend(job.eta_ms.map(|ms| format!("{} left", format_duration(ms))));
    parts.push(format!("{} of {}", job.files_done, count(job.files_total, "file")));
    if job.state != "running" {
        parts.push(job.state.clone());
    }
    if !job.doing.is_empty() {
        parts.push(printable(&job.doing));
    }
    parts.join(", ")
}
