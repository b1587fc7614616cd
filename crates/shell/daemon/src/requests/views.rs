//! What the node holds, as the doors show it.

use automata::Snapshot;
use node::output::Safety;
use node::wish::{CustomerOverview, Overview, ServiceOverview, SupplierOverview};
use transport::Medium;

use crate::peers::Link;
use crate::view::{
    AutomatonView, CustomerView, DriveStatus, PeerView, ServiceView, SupplierStatus, SupplierView,
};

pub(super) fn drive_status(overview: &Overview) -> DriveStatus {
    let active = || overview.suppliers.iter().filter(|supplier| supplier.state == "Active");
    let safety = overview.safety.unwrap_or(Safety::Empty);
    DriveStatus {
        state: words(overview.drive),
        policy: overview.policy.into(),
        suppliers_wanted: overview.suppliers_wanted.into(),
        suppliers: count(active().count()),
        suppliers_online: count(active().filter(|supplier| supplier.is_online).count()),
        safety: safety_text(safety),
        may_lose: match safety {
            Safety::Safe { may_lose } => may_lose.into(),
            Safety::Empty | Safety::Lost | Safety::AtRisk | Safety::Kept => 0,
        },
        ..DriveStatus::default()
    }
}

/// `safe, may lose 3`, `at risk` and so on.
pub(crate) fn safety_text(safety: Safety) -> String {
    match safety {
        Safety::Empty => "empty".into(),
        Safety::Lost => "lost".into(),
        Safety::AtRisk => "at risk".into(),
        Safety::Kept => "kept".into(),
        Safety::Safe { may_lose: 0 } => "safe".into(),
        Safety::Safe { may_lose } => format!("safe, may lose {may_lose}"),
    }
}

pub(super) fn supplier_status(overview: &Overview) -> SupplierStatus {
    let service = overview.services.iter().find(|service| service.name == "supplier");
    let sum = |of: fn(&CustomerOverview) -> u64| {
        overview.customers.iter().map(of).fold(0, u64::saturating_add)
    };
    SupplierStatus {
        enabled: service.is_some_and(|service| service.is_enabled),
        donated_bytes: overview.donated_bytes,
        promised_bytes: sum(|customer| customer.quota_bytes),
        used_bytes: sum(|customer| customer.used_bytes),
        customers: u64::try_from(overview.customers.len()).unwrap_or(u64::MAX),
    }
}

pub(super) fn service_view(service: &ServiceOverview) -> ServiceView {
    let texts = |names: &[&'static str]| names.iter().map(|name| (*name).to_owned()).collect();
    ServiceView {
        name: service.name.into(),
        purpose: service.purpose.into(),
        enabled: service.is_enabled,
        state: words(service.state),
        needs: texts(&service.needs),
        stops: texts(&service.stops),
    }
}

pub(super) fn automaton_view(snapshot: &Snapshot) -> AutomatonView {
    let last = snapshot.moves.last();
    AutomatonView {
        name: snapshot.automaton.into(),
        instance: snapshot.instance.to_string(),
        state: snapshot.state.into(),
        since_ms: last.map_or(0, |line| line.at.0),
        why: last.map_or("", |line| line.why).into(),
    }
}

pub(super) fn supplier_view(supplier: &SupplierOverview) -> SupplierView {
    SupplierView {
        place: supplier.place.map(u32::from),
        identity: supplier.identity.map(|identity| identity.to_string()).unwrap_or_default(),
        device: supplier.device.to_string(),
        state: words(supplier.state),
        online: supplier.is_online,
        last_seen: supplier.last_seen,
        quota_bytes: supplier.quota_bytes,
        used_bytes: supplier.used_bytes,
        fragments: supplier.fragments,
        until: supplier.until,
    }
}

pub(super) fn customer_view(customer: &CustomerOverview) -> CustomerView {
    CustomerView {
        identity: customer.identity.to_string(),
        contract: customer.contract.to_string(),
        quota_bytes: customer.quota_bytes,
        used_bytes: customer.used_bytes,
        fragments: customer.fragments,
        until: customer.until,
    }
}

pub(crate) fn peer_view(link: &Link) -> PeerView {
    let identity = Some(link.asker.identity.to_string());
    path_view(link.asker.device.to_string(), identity, &link.path)
}

pub(super) fn path_view(
    device: String,
    identity: Option<String>,
    path: &transport::Path,
) -> PeerView {
    let medium = match path.medium {
        Medium::Tcp => "tcp",
        Medium::Quic => "quic",
    };
    PeerView { device, identity, path: medium.into(), address: path.address.clone() }
}

/// The name of a state in small letters: `found_again` of `FoundAgain`.
fn words(state: &str) -> String {
    let mut text = String::with_capacity(state.len() + 4);
    for (place, letter) in state.chars().enumerate() {
        if letter.is_uppercase() && place > 0 {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
