//! `bitdust customer` and `bitdust peer`.

use base::format_bytes;
use daemon::view::{CustomerView, PeerView};

use super::Context;
use crate::args::{CustomerCommand, PeerCommand};
use crate::errors::Outcome;
use crate::table::{Table, date};

/// Lists and ends customers.
pub(super) async fn customer(context: &Context, command: CustomerCommand) -> Outcome<()> {
    let customers = match command {
        CustomerCommand::List => context.client.customers().await?,
        CustomerCommand::End { identity } => context.client.end_customer(&identity).await?,
    };
    context.screen.show(&customers, |customers| customer_list(customers))
}

/// Lists peers and connects to one.
pub(super) async fn peer(context: &Context, command: PeerCommand) -> Outcome<()> {
    match command {
        PeerCommand::List => {
            context.screen.show(&context.client.peers().await?, |peers| peer_list(peers))
        }
        PeerCommand::Connect { address } => {
            let peer = context.client.connect(&address).await?;
            context.screen.show(&peer, |peer| peer_list(std::slice::from_ref(peer)))
        }
    }
}

fn customer_list(customers: &[CustomerView]) -> String {
    let heads = [">kept", ">promised", ">fragments", "until", "identity"];
    let mut table = Table::new(&heads, "No customers.");
    for customer in customers {
        table.row([
            format_bytes(customer.used_bytes),
            format_bytes(customer.quota_bytes),
            customer.fragments.to_string(),
            date(customer.until),
            customer.identity.clone(),
        ]);
    }
    table.text()
}

fn peer_list(peers: &[PeerView]) -> String {
    let mut table = Table::new(&["path", "address", "device", "identity"], "No peers.");
    for peer in peers {
        table.row([
            peer.path.clone(),
            peer.address.clone(),
            peer.device.clone(),
            peer.identity.clone().unwrap_or_else(|| "not greeted yet".into()),
        ]);
    }
    table.text()
}
