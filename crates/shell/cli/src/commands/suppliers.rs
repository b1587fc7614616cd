//! `bitdust supplier`: who keeps my data, and how much room I give myself.

use base::format_bytes;
use daemon::view::SupplierView;
use serde_json::json;

use super::{Context, config};
use crate::args::SupplierCommand;
use crate::errors::Outcome;
use crate::table::{Table, date};

/// The setting of what is given to others.
const OFFER: &str = "supplier.donated";

/// Lists, hires and ends suppliers; sets the own offer.
pub(super) async fn run(context: &Context, command: SupplierCommand) -> Outcome<()> {
    let (client, screen) = (&context.client, context.screen);
    let suppliers = match command {
        SupplierCommand::List => client.suppliers().await?,
        SupplierCommand::Hire { device, address } => client.hire_supplier(device, address).await?,
        SupplierCommand::End { device } => client.end_supplier(&device).await?,
        SupplierCommand::Offer { size } => {
            config::set(context, OFFER, &format!("{size} B")).await?;
            return screen.show(&json!({ "offered_bytes": size }), |_| {
                format!("Others may keep {} here.", format_bytes(size))
            });
        }
    };
    screen.show(&suppliers, |suppliers| list(suppliers))
}

fn list(suppliers: &[SupplierView]) -> String {
    let heads = [">place", "state", "online", "last seen", ">kept", ">promised", "until", "device"];
    let mut table = Table::new(&heads, "No suppliers.");
    for supplier in suppliers {
        table.row([
            supplier.place.map_or_else(|| "-".into(), |place| place.to_string()),
            supplier.state.clone(),
            if supplier.online { "yes" } else { "no" }.into(),
            supplier.last_seen.map_or_else(|| "never".into(), date),
            format_bytes(supplier.used_bytes),
            format_bytes(supplier.quota_bytes),
            date(supplier.until),
            supplier.device.clone(),
        ]);
    }
    table.text()
}
