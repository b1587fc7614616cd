//! What can be read off a multiaddress: medium, scope, network.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::{BadAddress, Medium};

/// Addresses of one peer that are remembered or passed on.
pub(crate) const ADDRESSES_PER_PEER_MAX: usize = 8;

/// From how far an address can be reached, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// This machine.
    Loopback,
    /// The local network, or one behind the same translator.
    Local,
    /// The Internet.
    Global,
}

/// An IPv4 /24 or an IPv6 /48: what one owner easily has many addresses of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Network {
    V4([u8; 3]),
    V6([u16; 3]),
}

/// Reads an address that has a medium.
pub(crate) fn parse(text: &str) -> Result<Multiaddr, BadAddress> {
    let bad = || BadAddress { address: text.to_owned() };
    let address: Multiaddr = text.parse().map_err(|_| bad())?;
    medium(&address).map(|_| address).ok_or_else(bad)
}

/// Splits a peer id off the end.
pub(crate) fn split(mut address: Multiaddr) -> (Multiaddr, Option<PeerId>) {
    match address.pop() {
        Some(Protocol::P2p(peer)) => (address, Some(peer)),
        Some(other) => (address.with(other), None),
        None => (address, None),
    }
}

/// The text without the peer id.
pub(crate) fn text(address: &Multiaddr) -> String {
    split(address.clone()).0.to_string()
}

/// What carries a connection to this address, or `None` if nothing here can.
pub(crate) fn medium(address: &Multiaddr) -> Option<Medium> {
    let mut parts = address.iter();
    let host = parts.next()?;
    if !matches!(
        host,
        Protocol::Ip4(_)
            | Protocol::Ip6(_)
            | Protocol::Dns(_)
            | Protocol::Dns4(_)
            | Protocol::Dns6(_)
    ) {
        return None;
    }
    let medium = match (parts.next()?, parts.next()) {
        (Protocol::Udp(_), Some(Protocol::QuicV1)) => Medium::Quic,
        (Protocol::Tcp(_), None) => return Some(Medium::Tcp),
        (Protocol::Tcp(_), Some(Protocol::P2p(_))) => Medium::Tcp,
        _ => return None,
    };
    match (medium, parts.next(), parts.next()) {
        (_, None, _) => Some(medium),
        (Medium::Quic, Some(Protocol::P2p(_)), None) => Some(medium),
        _ => None,
    }
}

/// Whether a router stands between.
pub(crate) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

/// The host, if it is given as a number.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
        _ => None,
    }
}

/// From how far a host can be reached; `None` if it is no host that can be dialled.
pub(crate) fn scope(ip: IpAddr) -> Option<Scope> {
    if ip.is_unspecified() || ip.is_multicast() {
        return None;
    }
    let local = match ip {
        IpAddr::V4(ip) if ip.is_broadcast() => return None,
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || is_shared(ip),
        // Without the name of an interface, which no peer can tell, it leads nowhere.
        IpAddr::V6(ip) if is_link_local(ip) => return None,
        IpAddr::V6(ip) => is_unique_local(ip),
    };
    Some(match (ip.is_loopback(), local) {
        (true, _) => Scope::Loopback,
        (_, true) => Scope::Local,
        _ => Scope::Global,
    })
}

/// Carrier-grade translators, RFC 6598.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && (64..128).contains(&second)
}

/// RFC 4193.
fn is_unique_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xfe00 == 0xfc00
}

/// RFC 4291, 2.5.6.
fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

/// The network of a host; `None` for this machine itself, of which there may be any number.
pub(crate) fn network(address: &Multiaddr) -> Option<Network> {
    match ip(address)? {
        ip if ip.is_loopback() => None,
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some(Network::V4([a, b, c]))
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some(Network::V6([a, b, c]))
        }
    }
}

/// What of a peer's own list is worth remembering, when it is connected from `seen`: numeric
/// addresses that reach at least as far, at most [`ADDRESSES_PER_PEER_MAX`], the likeliest first. A
/// peer on the Internet cannot make this node dial its local network.
pub(crate) fn usable<'a>(
    claimed: impl IntoIterator<Item = &'a Multiaddr>,
    seen: &Multiaddr,
) -> Vec<Multiaddr> {
    let Some(from) = ip(seen).and_then(scope) else { return Vec::new() };
    let mut kept = BTreeMap::new();
    for address in claimed {
        let address = split(address.clone()).0;
        let reach = ip(&address).and_then(scope).filter(|reach| *reach >= from);
        if let Some(reach) = reach
            && medium(&address).is_some()
        {
            // The host that is known to answer, then from near to far.
            kept.insert((ip(&address) != ip(seen), reach, address.to_string()), address);
        }
    }
    kept.into_values().take(ADDRESSES_PER_PEER_MAX).collect()
}

#[cfg(test)]
mod tests;
