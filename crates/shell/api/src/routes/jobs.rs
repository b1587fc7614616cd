//! Backups, restores and checks. A job belongs to the daemon and outlives who began it.

use axum::extract::State;
use axum::response::Response;
use daemon::view::{BackupRequest, CheckRequest, ErrorView, JobView, RestoreRequest};

use crate::extract::{Name, Wish};
use crate::refusal::{Outcome, Refusal, outcome};
use crate::router::Door;
use crate::stream;

/// Begins a backup; one of just this request that is under way already is not begun twice.
#[utoipa::path(post, path = "/v1/backups", tag = "jobs", request_body = BackupRequest,
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn backup(
    State(door): State<Door>,
    Wish(request): Wish<BackupRequest>,
) -> Outcome<JobView> {
    outcome(door.daemon.backup(request).await)
}

/// Begins a restore.
#[utoipa::path(post, path = "/v1/restores", tag = "jobs", request_body = RestoreRequest,
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn restore(
    State(door): State<Door>,
    Wish(request): Wish<RestoreRequest>,
) -> Outcome<JobView> {
    outcome(door.daemon.restore(request).await)
}

/// Begins a check of what the suppliers keep.
#[utoipa::path(post, path = "/v1/checks", tag = "jobs", request_body = CheckRequest,
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn check(
    State(door): State<Door>,
    Wish(request): Wish<CheckRequest>,
) -> Outcome<JobView> {
    outcome(door.daemon.check(request).await)
}

/// All jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs",
    responses((status = 200, body = Vec<JobView>), (status = "default", body = ErrorView)))]
pub(crate) async fn jobs(State(door): State<Door>) -> Outcome<Vec<JobView>> {
    outcome(door.daemon.jobs().await)
}

/// One job.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn job(State(door): State<Door>, Name(id): Name<String>) -> Outcome<JobView> {
    outcome(door.daemon.job(id).await)
}

/// One job and its changes until it is over: `job` events (JobView), `error` when the daemon stops.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, content_type = "text/event-stream", body = JobView),
        (status = "default", body = ErrorView)))]
pub(crate) async fn job_events(
    State(door): State<Door>,
    Name(id): Name<String>,
) -> Result<Response, Refusal> {
    Ok(stream::job_events(door.daemon.watch_job(id).await?, door.closing))
}

/// Pauses a job.
#[utoipa::path(post, path = "/v1/jobs/{id}/pause", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn pause_job(
    State(door): State<Door>,
    Name(id): Name<String>,
) -> Outcome<JobView> {
    outcome(door.daemon.pause_job(id).await)
}

/// Goes on with a paused job.
#[utoipa::path(post, path = "/v1/jobs/{id}/resume", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn resume_job(
    State(door): State<Door>,
    Name(id): Name<String>,
) -> Outcome<JobView> {
    outcome(door.daemon.resume_job(id).await)
}

/// Ends a job; what is safe already stays.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs",
    params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobView), (status = "default", body = ErrorView)))]
pub(crate) async fn cancel_job(
    State(door): State<Door>,
    Name(id): Name<String>,
) -> Outcome<JobView> {
    outcome(door.daemon.cancel_job(id).await)
}
