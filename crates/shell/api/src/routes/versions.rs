//! What is in the drive: versions, their entries and files. Nothing here has an effect.

use axum::extract::State;
use axum::response::Response;
use daemon::view::{DifferenceView, EntryView, ErrorView, VersionView};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Ask, Name};
use crate::refusal::{Outcome, Refusal, outcome};
use crate::router::Door;
use crate::stream;

/// Instead of a number: the latest complete version.
pub(crate) const LATEST: &str = "latest";

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntriesQuery {
    /// Path inside the version; its root if absent.
    #[serde(default)]
    path: String,
    /// Also what is further below.
    #[serde(default)]
    recursive: bool,
}

/// What to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// Number of the newer version.
    newer: u64,
}

/// Which bytes of which file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileQuery {
    /// Path inside the version.
    path: String,
    /// The first byte, from 0.
    #[serde(default)]
    offset: u64,
    /// How many bytes; to the end if absent.
    bytes: Option<u64>,
}

/// The bytes of a file as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its description is used")]
struct FileContent(Vec<u8>);

/// All versions, newest first.
#[utoipa::path(get, path = "/v1/versions", tag = "versions",
    responses((status = 200, body = Vec<VersionView>), (status = "default", body = ErrorView)))]
pub(crate) async fn versions(State(door): State<Door>) -> Outcome<Vec<VersionView>> {
    outcome(door.daemon.versions().await)
}

/// The entries below a path of a version, a line each; a last line BrokenOff if it went wrong midway.
#[utoipa::path(get, path = "/v1/versions/{n}/entries", tag = "versions",
    params(("n" = String, Path, description = "Number of the version, or `latest`"), EntriesQuery),
    responses((status = 200, content_type = "application/x-ndjson", body = EntryView),
        (status = "default", body = ErrorView)))]
pub(crate) async fn entries(
    State(door): State<Door>,
    Name(n): Name<String>,
    Ask(EntriesQuery { path, recursive }): Ask<EntriesQuery>,
) -> Result<Response, Refusal> {
    let entries = door.daemon.entries(number(&n)?, path, recursive).await?;
    stream::lines(entries).await
}

/// What differs from this version to a newer one, a line each; a last line BrokenOff if it went wrong
/// midway.
#[utoipa::path(get, path = "/v1/versions/{n}/diff", tag = "versions",
    params(("n" = u64, Path, description = "Number of the older version"), DiffQuery),
    responses((status = 200, content_type = "application/x-ndjson", body = DifferenceView),
        (status = "default", body = ErrorView)))]
pub(crate) async fn differences(
    State(door): State<Door>,
    Name(older): Name<u64>,
    Ask(DiffQuery { newer }): Ask<DiffQuery>,
) -> Result<Response, Refusal> {
    let differences = door.daemon.differences(older, newer).await?;
    stream::lines(differences).await
}

/// A range of a file, without fetching the rest; broken off without an end if it goes wrong midway.
#[utoipa::path(get, path = "/v1/versions/{n}/file", tag = "versions",
    params(("n" = String, Path, description = "Number of the version, or `latest`"), FileQuery),
    responses((status = 200, content_type = "application/octet-stream", body = FileContent),
        (status = "default", body = ErrorView)))]
pub(crate) async fn read_file(
    State(door): State<Door>,
    Name(n): Name<String>,
    Ask(FileQuery { path, offset, bytes }): Ask<FileQuery>,
) -> Result<Response, Refusal> {
    let parts = door.daemon.read_file(number(&n)?, path, offset, bytes).await?;
    stream::bytes(parts).await
}

fn number(text: &str) -> Result<Option<u64>, Refusal> {
    if text == LATEST {
        return Ok(None);
    }
    let wrong = |_| {
        let happened = format!("'{text}' is not the number of a version and not '{LATEST}'.");
        Refusal::of("bad-request", happened)
    };
    text.parse().map(Some).map_err(wrong)
}
