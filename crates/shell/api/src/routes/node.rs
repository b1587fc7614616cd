//! The node, its services, settings and automata.

use axum::extract::State;
use axum::response::Response;
use daemon::view::durability::DurabilityView;
use daemon::view::{
    AutomatonDetail, AutomatonView, ErrorView, JournalLine, ServiceView, SettingView, Status,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Name, Wish};
use crate::refusal::{Outcome, Refusal, outcome};
use crate::router::Door;
use crate::stream;

/// How to stop a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRequest {
    /// Only tell what would stop.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// One setting to change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetConfigRequest {
    /// Its name: `storage.suppliers`.
    pub(crate) key: String,
    /// Its new value, as it stands in the file.
    pub(crate) value: String,
}

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConfigView {
    /// As TOML.
    pub(crate) toml: String,
}

/// The node at a glance.
#[utoipa::path(get, path = "/v1/status", tag = "node",
    responses((status = 200, body = Status), (status = "default", body = ErrorView)))]
pub(crate) async fn status(State(door): State<Door>) -> Outcome<Status> {
    outcome(door.daemon.status().await)
}

/// What the data survives: the worst case exactly, the long run by estimate, and what to do.
#[utoipa::path(get, path = "/v1/durability", tag = "node",
    responses((status = 200, body = DurabilityView), (status = "default", body = ErrorView)))]
pub(crate) async fn durability(State(door): State<Door>) -> Outcome<DurabilityView> {
    outcome(door.daemon.durability().await)
}

/// All services.
#[utoipa::path(get, path = "/v1/services", tag = "node",
    responses((status = 200, body = Vec<ServiceView>), (status = "default", body = ErrorView)))]
pub(crate) async fn services(State(door): State<Door>) -> Outcome<Vec<ServiceView>> {
    outcome(door.daemon.services().await)
}

/// Starts a service and what it needs.
#[utoipa::path(post, path = "/v1/services/{name}/start", tag = "node",
    params(("name" = String, Path, description = "Name of the service")),
    responses((status = 200, body = Vec<ServiceView>), (status = "default", body = ErrorView)))]
pub(crate) async fn start_service(
    State(door): State<Door>,
    Name(name): Name<String>,
) -> Outcome<Vec<ServiceView>> {
    outcome(door.daemon.start_service(name).await)
}

/// Stops a service; returns the names of all that stop, or would stop, with it.
#[utoipa::path(post, path = "/v1/services/{name}/stop", tag = "node",
    params(("name" = String, Path, description = "Name of the service")),
    request_body = StopRequest,
    responses((status = 200, body = Vec<String>), (status = "default", body = ErrorView)))]
pub(crate) async fn stop_service(
    State(door): State<Door>,
    Name(name): Name<String>,
    Wish(request): Wish<StopRequest>,
) -> Outcome<Vec<String>> {
    outcome(door.daemon.stop_service(name, request.dry_run).await)
}

/// All live automata.
#[utoipa::path(get, path = "/v1/automata", tag = "node",
    responses((status = 200, body = Vec<AutomatonView>), (status = "default", body = ErrorView)))]
pub(crate) async fn automata(State(door): State<Door>) -> Outcome<Vec<AutomatonView>> {
    outcome(door.daemon.automata().await)
}

/// One automaton with diagram, instances and last transitions.
#[utoipa::path(get, path = "/v1/automata/{name}", tag = "node",
    params(("name" = String, Path, description = "Name of the automaton")),
    responses((status = 200, body = AutomatonDetail), (status = "default", body = ErrorView)))]
pub(crate) async fn automaton(
    State(door): State<Door>,
    Name(name): Name<String>,
) -> Outcome<AutomatonDetail> {
    outcome(door.daemon.automaton(name).await)
}

/// Every step of every automaton from now on: `step` events (JournalLine), `lost` events where the
/// reader was too slow, `error` when the daemon stops.
#[utoipa::path(get, path = "/v1/automata/events", tag = "node",
    responses((status = 200, content_type = "text/event-stream", body = JournalLine)))]
pub(crate) async fn automaton_events(State(door): State<Door>) -> Response {
    stream::journal_events(door.daemon.journal(), door.closing)
}

/// The settings in force.
#[utoipa::path(get, path = "/v1/config", tag = "node",
    responses((status = 200, body = ConfigView), (status = "default", body = ErrorView)))]
pub(crate) async fn config(State(door): State<Door>) -> Outcome<ConfigView> {
    outcome(door.daemon.config().await.map(|toml| ConfigView { toml }))
}

/// Changes one setting in the file; says what is kept and what is in force.
#[utoipa::path(post, path = "/v1/config", tag = "node", request_body = SetConfigRequest,
    responses((status = 200, body = SettingView), (status = "default", body = ErrorView)))]
pub(crate) async fn set_config(
    State(door): State<Door>,
    Wish(SetConfigRequest { key, value }): Wish<SetConfigRequest>,
) -> Outcome<SettingView> {
    outcome(door.daemon.set_config(key, value).await)
}

/// Ends the daemon cleanly.
#[utoipa::path(post, path = "/v1/shutdown", tag = "node",
    responses((status = 200, description = "It is ending"), (status = "default", body = ErrorView)))]
pub(crate) async fn shutdown(State(door): State<Door>) -> Result<(), Refusal> {
    Ok(door.daemon.shutdown().await?)
}
