//! Suppliers, customers and peers.

use axum::extract::State;
use daemon::view::{CustomerView, ErrorView, PeerView, SupplierView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Name, Wish};
use crate::refusal::{Outcome, outcome};
use crate::router::Door;

/// Whom to hire.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HireRequest {
    /// The device; the best found if absent.
    #[serde(default)]
    pub(crate) device: Option<String>,
    /// Where it may be reached, if that is known.
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
}

/// Where to connect to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectRequest {
    /// Address of the node, with its peer id (multiaddr text).
    pub(crate) address: String,
}

/// My suppliers.
#[utoipa::path(get, path = "/v1/suppliers", tag = "network",
    responses((status = 200, body = Vec<SupplierView>), (status = "default", body = ErrorView)))]
pub(crate) async fn suppliers(State(door): State<Door>) -> Outcome<Vec<SupplierView>> {
    outcome(door.daemon.suppliers().await)
}

/// Hires one supplier, a named one or the best found.
#[utoipa::path(post, path = "/v1/suppliers/hire", tag = "network", request_body = HireRequest,
    responses((status = 200, body = Vec<SupplierView>), (status = "default", body = ErrorView)))]
pub(crate) async fn hire_supplier(
    State(door): State<Door>,
    Wish(HireRequest { device, addresses }): Wish<HireRequest>,
) -> Outcome<Vec<SupplierView>> {
    outcome(door.daemon.hire_supplier(device, addresses).await)
}

/// Ends the contract with a supplier; another one takes its place, and what it kept is made anew there.
#[utoipa::path(post, path = "/v1/suppliers/{device}/end", tag = "network",
    params(("device" = String, Path, description = "Device of the supplier")),
    responses((status = 200, body = Vec<SupplierView>), (status = "default", body = ErrorView)))]
pub(crate) async fn end_supplier(
    State(door): State<Door>,
    Name(device): Name<String>,
) -> Outcome<Vec<SupplierView>> {
    outcome(door.daemon.end_supplier(device).await)
}

/// My customers.
#[utoipa::path(get, path = "/v1/customers", tag = "network",
    responses((status = 200, body = Vec<CustomerView>), (status = "default", body = ErrorView)))]
pub(crate) async fn customers(State(door): State<Door>) -> Outcome<Vec<CustomerView>> {
    outcome(door.daemon.customers().await)
}

/// Ends the contract with a customer; its data stays for the notice of 60 days.
#[utoipa::path(post, path = "/v1/customers/{identity}/end", tag = "network",
    params(("identity" = String, Path, description = "Identity of the customer")),
    responses((status = 200, body = Vec<CustomerView>), (status = "default", body = ErrorView)))]
pub(crate) async fn end_customer(
    State(door): State<Door>,
    Name(identity): Name<String>,
) -> Outcome<Vec<CustomerView>> {
    outcome(door.daemon.end_customer(identity).await)
}

/// The peers connected now.
#[utoipa::path(get, path = "/v1/peers", tag = "network",
    responses((status = 200, body = Vec<PeerView>), (status = "default", body = ErrorView)))]
pub(crate) async fn peers(State(door): State<Door>) -> Outcome<Vec<PeerView>> {
    outcome(door.daemon.peers().await)
}

/// Connects to a node by its address.
#[utoipa::path(post, path = "/v1/peers/connect", tag = "network", request_body = ConnectRequest,
    responses((status = 200, body = PeerView), (status = "default", body = ErrorView)))]
pub(crate) async fn connect(
    State(door): State<Door>,
    Wish(ConnectRequest { address }): Wish<ConnectRequest>,
) -> Outcome<PeerView> {
    outcome(door.daemon.connect(address).await)
}
