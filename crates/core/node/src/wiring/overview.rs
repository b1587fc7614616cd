//! How it all stands, for the user.

use std::collections::BTreeSet;

use base::DeviceId;

use crate::book::Tie;
use crate::catalogue::{SERVICES, dependants};
use crate::node::Node;
use crate::wish::{CustomerOverview, Overview, ServiceOverview, SupplierOverview};

impl Node {
    pub(crate) fn overview(&self) -> Overview {
        Overview {
            drive: self.finding.state(),
            policy: self.settings.policy.name(),
            suppliers_wanted: self.settings.suppliers,
            safety: Some(self.safety_if(self.book.is_confirmed)),
            suppliers: self.supplier_overviews(),
            customers: self.customer_overviews(),
            donated_bytes: self.supplier.room.donated_bytes,
            services: SERVICES.iter().map(|entry| self.service_overview(entry.name)).collect(),
            durability: self.durability(),
            found_nothing: self.finding.found_nothing,
            few_answered: self.finding.few_answered,
        }
    }

    fn supplier_overviews(&self) -> Vec<SupplierOverview> {
        let mut devices: BTreeSet<DeviceId> = self.book.suppliers.keys().copied().collect();
        devices.extend(self.customer.contracts.keys().copied());
        let places = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        let mut all: Vec<SupplierOverview> = devices
            .into_iter()
            .map(|device| {
                let entry = self.book.suppliers.get(&device);
                let contract = entry.and_then(|entry| entry.contract.as_ref());
                let place = places.iter().position(|place| place.device == device);
                let run = self.customer.contracts.get(&device).map(|run| run.state().into());
                let tie = entry.map(|entry| match entry.tie {
                    Tie::Named | Tie::Active => "Unknown",
                    Tie::Ending => "Ending",
                    Tie::Over => "Ended",
                });
                SupplierOverview {
                    place: place.and_then(|place| u8::try_from(place).ok()),
                    device,
                    identity: entry.map(|entry| entry.identity),
                    state: run.or(tie).unwrap_or("Unknown"),
                    is_online: self.is_online(&device),
                    last_seen: entry.and_then(|entry| entry.last_seen).map(|date| date.0),
                    quota_bytes: contract.map_or(0, |contract| contract.terms.quota_bytes),
                    used_bytes: entry.map_or(0, |entry| entry.bytes),
                    fragments: entry.map_or(0, |entry| entry.fragments),
                    until: contract.map_or(0, |contract| contract.until().0),
                }
            })
            .collect();
        all.sort_by_key(|supplier| (supplier.place.is_none(), supplier.place, supplier.device));
        all
    }

    fn customer_overviews(&self) -> Vec<CustomerOverview> {
        let accounts = self.supplier.room.accounts().iter();
        accounts
            .map(|(contract, account)| CustomerOverview {
                identity: account.customer,
                contract: *contract,
                quota_bytes: account.quota_bytes,
                used_bytes: account.used_bytes,
                fragments: account.fragments,
                until: self.supplier.contracts.get(contract).map_or(0, |c| c.until().0),
            })
            .collect()
    }

    fn service_overview(&self, name: &'static str) -> ServiceOverview {
        let found = crate::catalogue::entry(name);
        ServiceOverview {
            name,
            purpose: found.map_or("", |entry| entry.purpose),
            is_enabled: self.is_enabled(name),
            state: self.services.state(name),
            needs: found.map(|entry| entry.needs.to_vec()).unwrap_or_default(),
            stops: dependants(name),
        }
    }
}
