//! Long answers: NDJSON lines, server-sent events and raw bytes, each ending when the server ends.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use daemon::handle::Items;
use daemon::view::{ErrorView, JobView, JournalLine};
use futures::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;

use crate::catalogue;
use crate::refusal::Refusal;
use crate::server::Closing;

/// The least time between two events of one job: a page needs no more.
const JOB_EVENT_MS_MIN: u64 = 50;

/// How often a quiet event stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One line of an NDJSON answer that went wrong after it had begun; it is the last line.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BrokenOff {
    /// Why there are no more lines.
    pub(crate) error: ErrorView,
}

/// Lines of JSON. What fails before the first line is an ordinary error answer.
pub(crate) async fn lines<T: Serialize + Send + 'static>(
    mut items: Items<T>,
) -> Result<Response, Refusal> {
    let first = items.next().await.transpose()?;
    let rest = stream::unfold(Some(items), async |state| {
        let mut items = state?;
        match items.next().await? {
            Ok(item) => Some((line(&item), Some(items))),
            Err(error) => Some((line(&BrokenOff { error }), None)),
        }
    });
    let first = stream::iter(first.map(|item| line(&item)));
    Ok(answer("application/x-ndjson", first.chain(rest)))
}

/// Bytes as they are. What fails before the first byte is an ordinary error answer; later the
/// connection is broken off, so that nobody takes a part for the whole.
pub(crate) async fn bytes(mut parts: Items<Vec<u8>>) -> Result<Response, Refusal> {
    let first = parts.next().await.transpose()?;
    let rest = stream::unfold(parts, async |mut parts| {
        let part = parts.next().await?;
        if part.is_err() {
            // An error drops what is not flushed yet; while this waits, that is flushed.
            tokio::task::yield_now().await;
        }
        let broken = |error: ErrorView| std::io::Error::other(error.happened);
        Some((part.map(Bytes::from).map_err(broken), parts))
    });
    let first = stream::iter(first.map(|part| Ok(Bytes::from(part))));
    Ok(answer("application/octet-stream", first.chain(rest)))
}

/// `job` events with the job as it is and each change, until it is over.
pub(crate) fn job_events(mut jobs: watch::Receiver<JobView>, closing: Closing) -> Response {
    jobs.mark_changed();
    events(stream::unfold(Some((jobs, closing, 0)), async |state| {
        let (mut jobs, mut closing, pause_ms) = state?;
        let is_changed = tokio::select! {
            is_changed = async {
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                jobs.changed().await.is_ok()
            } => is_changed,
            () = closing.wait() => false,
        };
        if !is_changed {
            return Some((event("error", &stopping()), None));
        }
        let job = jobs.borrow_and_update().clone();
        let next = (!job.is_over()).then_some((jobs, closing, JOB_EVENT_MS_MIN));
        Some((event("job", &job), next))
    }))
}

/// How many lines a reader was too slow for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Lost {
    /// Number of lines that are missing here.
    pub(crate) lost: u64,
}

/// `step` events, one for each journal line; a `lost` event where the reader was too slow.
pub(crate) fn journal_events(
    journal: broadcast::Receiver<JournalLine>,
    closing: Closing,
) -> Response {
    events(stream::unfold(Some((journal, closing)), async |state| {
        let (mut journal, mut closing) = state?;
        let received = tokio::select! {
            received = journal.recv() => received,
            () = closing.wait() => Err(broadcast::error::RecvError::Closed),
        };
        match received {
            Ok(step) => Some((event("step", &step), Some((journal, closing)))),
            Err(broadcast::error::RecvError::Lagged(lost)) => {
                Some((event("lost", &Lost { lost }), Some((journal, closing))))
            }
            Err(broadcast::error::RecvError::Closed) => Some((event("error", &stopping()), None)),
        }
    }))
}

fn stopping() -> ErrorView {
    catalogue::view("daemon-stopping", "The daemon is stopping and ended the stream.".into())
}

fn event<T: Serialize>(name: &str, data: &T) -> Event {
    Event::default().event(name).json_data(data).expect("views are plain data")
}

fn events(stream: impl Stream<Item = Event> + Send + 'static) -> Response {
    let stream = stream.map(Ok::<_, Infallible>);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn line<T: Serialize>(item: &T) -> Result<Bytes, std::io::Error> {
    let mut line = serde_json::to_vec(item)?;
    line.push(b'\n');
    Ok(line.into())
}

fn answer(
    kind: &'static str,
    stream: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Response {
    let headers: [(HeaderName, &str); 2] = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(stream)).into_response()
}
