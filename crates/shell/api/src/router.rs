//! All routes, and the OpenAPI document made of the same attributes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use daemon::handle::Handle;
use daemon::view::ErrorView;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::refusal::Refusal;
use crate::routes::{jobs, network, node, versions};
use crate::server::Closing;
use crate::stream::{BrokenOff, Lost};

/// What every route works with.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// The daemon.
    pub(crate) daemon: Handle,
    /// Says when the server ends.
    pub(crate) closing: Closing,
    description: Arc<str>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "BitDust local API",
        description = "What the command line and the page ask of the daemon, over the Unix socket \
            `api.sock` in its home. Paths of files are text without loss: bytes that are not UTF-8, \
            control characters and backslashes are written \\xNN. Errors are an ErrorView with a \
            stable code; docs/errors.md lists them.",
        license(name = "AGPL-3.0-only", identifier = "AGPL-3.0-only"),
    ),
    components(schemas(BrokenOff, ErrorView, Lost)),
    tags(
        (name = "node", description = "The node, its services, settings and automata"),
        (name = "jobs", description = "Backups, restores and checks; they outlive who began them"),
        (name = "versions", description = "What is in the drive"),
        (name = "network", description = "Suppliers, customers and peers"),
    ),
)]
struct Frame;

/// The API as an axum router over the daemon; `closing` ends its streams.
pub fn router(daemon: Handle, closing: Closing) -> Router {
    let (router, description) = all().split_for_parts();
    let description = description.to_json().expect("the description is plain data").into();
    router.fallback(no_such_route).method_not_allowed_fallback(wrong_method).with_state(Door {
        daemon,
        closing,
        description,
    })
}

/// The OpenAPI document.
pub fn description() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(openapi))
        .routes(routes!(node::status))
        .routes(routes!(node::durability))
        .routes(routes!(node::services))
        .routes(routes!(node::start_service))
        .routes(routes!(node::stop_service))
        .routes(routes!(node::automata))
        .routes(routes!(node::automaton_events))
        .routes(routes!(node::automaton))
        .routes(routes!(node::config, node::set_config))
        .routes(routes!(node::shutdown))
        .routes(routes!(jobs::backup))
        .routes(routes!(jobs::restore))
        .routes(routes!(jobs::check))
        .routes(routes!(jobs::jobs))
        .routes(routes!(jobs::job))
        .routes(routes!(jobs::job_events))
        .routes(routes!(jobs::pause_job))
        .routes(routes!(jobs::resume_job))
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(versions::versions))
        .routes(routes!(versions::entries))
        .routes(routes!(versions::differences))
        .routes(routes!(versions::read_file))
        .routes(routes!(network::suppliers))
        .routes(routes!(network::hire_supplier))
        .routes(routes!(network::end_supplier))
        .routes(routes!(network::customers))
        .routes(routes!(network::end_customer))
        .routes(routes!(network::peers))
        .routes(routes!(network::connect))
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "node",
    responses((status = 200, body = Object, description = "OpenAPI 3.1")))]
async fn openapi(State(door): State<Door>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], door.description.to_string())
}

async fn no_such_route(request: Request) -> Refusal {
    Refusal::of("no-such-route", format!("There is no route {}.", request.uri().path()))
}

async fn wrong_method(request: Request) -> Refusal {
    let happened = format!("{} does not take {}.", request.uri().path(), request.method());
    Refusal::of("wrong-method", happened).with_status(StatusCode::METHOD_NOT_ALLOWED)
}
