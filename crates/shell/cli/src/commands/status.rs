//! `bitdust status` and `bitdust stop`.

use base::{format_bytes, format_duration};
use daemon::view::Status;
use serde_json::json;

use super::Context;
use crate::errors::Outcome;
use crate::table::{count, facts};

/// The node at a glance.
pub(super) async fn status(context: &Context) -> Outcome<()> {
    context.screen.show(&context.client.status().await?, text)
}

/// Ends the daemon.
pub(super) async fn stop(context: &Context) -> Outcome<()> {
    context.client.shutdown().await?;
    context.screen.show(&json!({ "stopped": true }), |_| "The node has ended.".into())
}

fn text(status: &Status) -> String {
    let Status { drive, supplier, .. } = status;
    let kept = if supplier.enabled {
        let of = format_bytes(supplier.donated_bytes);
        let promised = format_bytes(supplier.promised_bytes);
        let used = format_bytes(supplier.used_bytes);
        format!(
            "{used} kept, {promised} promised of {of}, {}",
            count(supplier.customers, "customer")
        )
    } else {
        "off".into()
    };
    let mut lines = facts(&[
        ("identity", status.identity.clone()),
        ("device", status.device.clone()),
        ("network", format!("{}, {}", status.network, count(status.peers, "peer"))),
        ("running for", format_duration(status.up_ms)),
        ("program", status.version.clone()),
        ("drive", format!("{}, {}", drive.state, drive.safety)),
        ("versions", drive.versions.to_string()),
        (
            "stored",
            format!(
                "{}, {} with all suppliers together",
                format_bytes(drive.packed_bytes),
                format_bytes(drive.stored_bytes)
            ),
        ),
        (
            "suppliers",
            format!(
                "{} of {} ({}), {} online",
                drive.suppliers, drive.suppliers_wanted, drive.policy, drive.suppliers_online
            ),
        ),
        ("for others", kept),
    ]);
    for address in &status.addresses {
        lines.push_str(&format!("listens at   {address}\n"));
    }
    for warning in &status.warnings {
        lines.push_str(&format!("! {warning}\n"));
    }
    lines
}
