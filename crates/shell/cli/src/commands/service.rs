//! `bitdust service`: every service by itself.

use daemon::view::ServiceView;
use serde_json::json;

use super::Context;
use crate::args::ServiceCommand;
use crate::errors::Outcome;
use crate::table::Table;

/// Lists, starts and stops services.
pub(super) async fn run(context: &Context, command: ServiceCommand) -> Outcome<()> {
    let (client, screen) = (&context.client, context.screen);
    match command {
        ServiceCommand::List => screen.show(&client.services().await?, |all| list(all)),
        ServiceCommand::Start { name } => {
            screen.show(&client.start_service(&name).await?, |all| list(all))
        }
        ServiceCommand::Stop { name, dry_run } => {
            let stopped = client.stop_service(&name, dry_run).await?;
            let document = json!({ "dry_run": dry_run, "stopped": stopped });
            let verb = if dry_run { "Would stop" } else { "Stopped" };
            screen.show(&document, |_| format!("{verb}: {}.", stopped.join(", ")))
        }
    }
}

fn list(services: &[ServiceView]) -> String {
    let heads = ["service", "state", "wanted", "needs", "when it stops, also", "purpose"];
    let mut table = Table::new(&heads, "No services.");
    for service in services {
        table.row([
            service.name.clone(),
            service.state.clone(),
            if service.enabled { "yes" } else { "no" }.into(),
            service.needs.join(", "),
            service.stops.join(", "),
            service.purpose.clone(),
        ]);
    }
    table.text()
}
