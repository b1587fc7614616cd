//! `bitdust supplier`: who keeps my data, and how much room I give myself.

use base::format_bytes;
use daemon::view::SupplierView;

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
        SupplierCommand::Offer { size } => return offer(context, size).await,
    };
    screen.show(&suppliers, |suppliers| list(suppliers))
}

/// Gives room to others, in force at once if the node runs.
async fn offer(context: &Context, size: u64) -> Outcome<()> {
    let set = config::set(context, OFFER, &format!("{size} B")).await?;
    let free = free_bytes(context);
    let mut document = config::document(&set);
    document["offered_bytes"] = size.into();
    document["free_bytes"] = free.into();
    context.screen.show(&document, |_| {
        format!("Others may keep {} here.\n{}", format_bytes(size), config::told(&set))
    })?;
    if let Some(free) = free.filter(|free| *free < size) {
        context.screen.warn(&format!(
            "Warning: only {} are free on that disk. What does not fit is refused when it comes.",
            format_bytes(free)
        ));
    }
    Ok(())
}

/// Bytes free on the disk where fragments of others are kept, if the system tells.
fn free_bytes(context: &Context) -> Option<u64> {
    let settings = context.home.settings().ok()?;
    let place = context.home.path().join(settings.supplier.path);
    // The directory is made when the node starts first.
    let there = place.ancestors().find(|path| path.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
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
