//! `bitdust durability`: what the data survives.

use base::format_duration;
use daemon::view::durability::DurabilityView;

use super::Context;
use crate::errors::Outcome;
use crate::table::Table;

/// What may be lost now, what to expect, and what to do.
pub(super) async fn durability(context: &Context) -> Outcome<()> {
    context.screen.show(&context.client.durability().await?, text)
}

fn text(view: &DurabilityView) -> String {
    let mut text = format!("{}\n\n", view.verdict);
    for sentence in &view.summary {
        text.push_str(&format!("{sentence}\n"));
    }
    for advice in &view.advice {
        text.push_str(&format!("! {advice}\n"));
    }
    if !view.placements.is_empty() {
        text.push_str(&format!("\n{}", placements(view)));
    }
    if !view.suppliers.is_empty() {
        text.push_str(&format!("\n{}", suppliers(view)));
    }
    text
}

fn placements(view: &DurabilityView) -> String {
    let heads = ["placed", ">suppliers", ">counted on", ">needed", ">may lose", "new data"];
    let mut table = Table::new(&heads, "");
    for placement in &view.placements {
        table.row([
            placement.policy.clone(),
            placement.suppliers.to_string(),
            placement.counted.to_string(),
            placement.needed.to_string(),
            placement.may_lose.map_or_else(|| "-".into(), |count| count.to_string()),
            if placement.in_force { "here" } else { "elsewhere" }.into(),
        ]);
    }
    table.text()
}

fn suppliers(view: &DurabilityView) -> String {
    let mut table =
        Table::new(&[">place", "standing", "verdict", ">away", ">uptime", "device"], "");
    for supplier in &view.suppliers {
        let away = if supplier.online { "-".into() } else { format_duration(supplier.away_ms) };
        table.row([
            supplier.place.map_or_else(|| "-".into(), |place| place.to_string()),
            supplier.standing.clone(),
            supplier.verdict.clone(),
            away,
            supplier.uptime_percent.map_or_else(|| "-".into(), |percent| format!("{percent} %")),
            supplier.device.clone(),
        ]);
    }
    table.text()
}
