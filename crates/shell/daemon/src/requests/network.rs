//! Suppliers, customers and peers.

use base::DeviceId;
use node::wish::Wish;
use tokio::time::{Instant, sleep};

use super::views::{customer_view, supplier_view};
use super::{Clerk, LINK_WAIT, error, parsing, sentence};
use crate::handle::Answer;
use crate::run::happening::Question;
use crate::view::{CustomerView, ErrorView, PeerView, SupplierView};

/// Between two looks whether a link is there.
const LOOK_EACH: std::time::Duration = std::time::Duration::from_millis(50);

impl Clerk {
    pub(super) async fn suppliers(&self) -> Answer<Vec<SupplierView>> {
        Ok(self.overview().await?.suppliers.iter().map(supplier_view).collect())
    }

    pub(super) async fn hire(
        &self,
        device: Option<String>,
        addresses: Vec<String>,
    ) -> Answer<Vec<SupplierView>> {
        let device = device.as_deref().map(parsing::supplier).transpose()?;
        if let Some(device) = device
            && !addresses.is_empty()
        {
            self.ask(|reply| Question::Learn(device, addresses, reply)).await?;
        }
        self.wish(Wish::Hire(device)).await?;
        self.suppliers().await
    }

    pub(super) async fn end_supplier(&self, device: &str) -> Answer<Vec<SupplierView>> {
        let device = parsing::supplier(device)?;
        if !self.overview().await?.suppliers.iter().any(|supplier| supplier.device == device) {
            let happened = format!("{device} is no supplier of yours.");
            return Err(unknown("no-such-supplier", happened, "See `bitdust supplier list`."));
        }
        self.wish(Wish::EndSupplier(device)).await?;
        self.suppliers().await
    }

    pub(super) async fn customers(&self) -> Answer<Vec<CustomerView>> {
        Ok(self.overview().await?.customers.iter().map(customer_view).collect())
    }

    pub(super) async fn end_customer(&self, identity: &str) -> Answer<Vec<CustomerView>> {
        let identity = parsing::customer(identity)?;
        if !self.overview().await?.customers.iter().any(|customer| customer.identity == identity) {
            let happened = format!("{identity} is no customer of yours.");
            return Err(unknown("no-such-customer", happened, "See `bitdust customer list`."));
        }
        self.wish(Wish::EndCustomer(identity)).await?;
        self.customers().await
    }

    /// The connected peers; those without a link have no identity yet.
    pub(super) async fn peers(&self) -> Answer<Vec<PeerView>> {
        let mut peers = self.ask(Question::Peers).await?;
        let Some(net) = self.ask(Question::Network).await? else { return Ok(peers) };
        for connected in net.peers().await {
            let device = DeviceId(connected.peer).to_string();
            let path = connected.paths.into_iter().next();
            if let (Some(path), false) = (path, peers.iter().any(|peer| peer.device == device)) {
                peers.push(super::views::path_view(device, None, &path));
            }
        }
        peers.sort_by(|one, other| one.device.cmp(&other.device));
        Ok(peers)
    }

    /// Connects to a node by its address, and greets it.
    pub(super) async fn connect(&self, address: &str) -> Answer<PeerView> {
        let Some(net) = self.ask(Question::Network).await? else {
            let happened = "The service `network` does not run.".to_owned();
            return Err(unknown("service-off", happened, "`bitdust service start network`"));
        };
        let device = match net.dial_address(address).await {
            Ok(peer) => DeviceId(peer),
            Err(failed) => return Err(not_reached(sentence(&failed))),
        };
        let addresses = vec![];
        self.ask(|reply| Question::Learn(device, addresses, reply)).await?;
        let name = device.to_string();
        let end = Instant::now() + LINK_WAIT;
        while Instant::now() < end {
            let peers = self.ask(Question::Peers).await?;
            if let Some(peer) = peers.into_iter().find(|peer| peer.device == name) {
                return Ok(peer);
            }
            sleep(LOOK_EACH).await;
        }
        Err(not_reached("It answered, but did not say who it is.".into()))
    }
}

fn not_reached(happened: String) -> ErrorView {
    error(
        "not-reached",
        happened,
        "Nothing was changed.",
        "Check the address and whether that node runs, in the same network.",
    )
}

fn unknown(code: &str, happened: String, advice: &str) -> ErrorView {
    error(code, happened, "Nothing was changed.", advice)
}
