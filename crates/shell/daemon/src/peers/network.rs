//! Which network an address belongs to: suppliers are to be in different ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Stands for the /24 (IPv4) or /48 (IPv6) of a multiaddress; none on loopback, in a local network
/// and behind a name.
pub(crate) fn network_of(address: &str) -> Option<u64> {
    let mut parts = address.split('/').skip(1);
    let ip = match (parts.next()?, parts.next()?) {
        ("ip4", text) => IpAddr::V4(text.parse().ok()?),
        ("ip6", text) => IpAddr::V6(text.parse().ok()?),
        _ => return None,
    };
    match ip.to_canonical() {
        IpAddr::V4(ip) => of_v4(ip),
        IpAddr::V6(ip) => of_v6(ip),
    }
}

/// Whether a multiaddress is of this machine only.
pub(crate) fn is_loopback(address: &str) -> bool {
    let mut parts = address.split('/').skip(2);
    let ip = parts.next().and_then(|text| text.parse::<IpAddr>().ok());
    ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn of_v4(ip: Ipv4Addr) -> Option<u64> {
    let is_local = ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified();
    (!is_local).then(|| u64::from(ip.to_bits() >> 8))
}

fn of_v6(ip: Ipv6Addr) -> Option<u64> {
    let is_local = ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_unique_local()
        || ip.is_unicast_link_local();
    // The highest bit keeps both kinds apart.
    let bits = u64::try_from(ip.to_bits() >> 80).unwrap_or_default();
    (!is_local).then_some(bits | 1 << 63)
}
