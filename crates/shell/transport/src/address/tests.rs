//! What is read off an address, and what a peer cannot make this node dial.

use super::*;

fn address(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

const PEER: &str = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

#[test]
fn knows_the_media_it_can_use() {
    let cases = [
        ("/ip4/1.2.3.4/tcp/80", Some(Medium::Tcp)),
        ("/ip6/::1/udp/80/quic-v1", Some(Medium::Quic)),
        ("/dns4/example.org/tcp/80", Some(Medium::Tcp)),
        ("/ip4/1.2.3.4/udp/80", None),
        ("/ip4/1.2.3.4/tcp/80/ws", None),
        ("/ip4/1.2.3.4/udp/80/quic", None),
        ("/ip4/1.2.3.4/udp/80/quic-v1/webtransport", None),
        ("/tcp/80", None),
        ("/memory/7", None),
    ];
    for (text, expected) in cases {
        assert_eq!(medium(&address(text)), expected, "{text}");
        if !text.starts_with("/tcp") {
            assert_eq!(medium(&address(&format!("{text}{PEER}"))), expected, "{text} and a peer");
        }
    }
    assert!(parse("no address").is_err());
    assert!(parse("").is_err());
    assert!(parse("/ip4/1.2.3.4/tcp/80").is_ok());
}

#[test]
fn splits_the_peer_off_the_end() {
    let plain = address("/ip4/1.2.3.4/tcp/80");
    assert_eq!(split(plain.clone()), (plain.clone(), None));
    let (rest, peer) = split(address(&format!("/ip4/1.2.3.4/tcp/80{PEER}")));
    assert_eq!((rest, peer.is_some()), (plain, true));
}

#[test]
fn scopes_are_as_the_registries_say() {
    let cases = [
        ("127.0.0.1", Some(Scope::Loopback)),
        ("::1", Some(Scope::Loopback)),
        ("10.1.2.3", Some(Scope::Local)),
        ("172.31.0.1", Some(Scope::Local)),
        ("172.32.0.1", Some(Scope::Global)),
        ("192.168.0.1", Some(Scope::Local)),
        ("169.254.0.1", Some(Scope::Local)),
        ("100.64.0.1", Some(Scope::Local)),
        ("100.128.0.1", Some(Scope::Global)),
        ("fe80::1", None),
        ("fd00::1", Some(Scope::Local)),
        ("2001:db8::1", Some(Scope::Global)),
        ("8.8.8.8", Some(Scope::Global)),
        ("0.0.0.0", None),
        ("::", None),
        ("255.255.255.255", None),
        ("224.0.0.251", None),
    ];
    for (text, expected) in cases {
        assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
    }
}

#[test]
fn networks_are_a_24_or_a_48_and_loopback_is_none() {
    let of = |text: &str| network(&address(text));
    assert_eq!(of("/ip4/9.8.7.6/tcp/1"), of("/ip4/9.8.7.200/udp/2/quic-v1"));
    assert_ne!(of("/ip4/9.8.7.6/tcp/1"), of("/ip4/9.8.6.6/tcp/1"));
    assert_eq!(of("/ip6/2001:db8:1:2::3/tcp/1"), of("/ip6/2001:db8:1:9::9/tcp/1"));
    assert_ne!(of("/ip6/2001:db8:1::/tcp/1"), of("/ip6/2001:db8:2::/tcp/1"));
    assert_eq!(of("/ip6/::ffff:9.8.7.6/tcp/1"), of("/ip4/9.8.7.1/tcp/1"));
    assert_eq!(of("/ip4/127.0.0.1/tcp/1"), None);
    assert_eq!(of("/ip6/::1/tcp/1"), None);
}

#[test]
fn a_distant_peer_cannot_name_near_addresses() {
    let claimed = [
        address("/ip4/127.0.0.1/tcp/22"),
        address("/ip4/192.168.1.1/tcp/80"),
        address("/ip4/9.9.9.9/tcp/443"),
        address("/dns4/inside.example/tcp/443"),
        address("/ip4/0.0.0.0/tcp/443"),
        address("/ip4/9.9.9.9/udp/443"),
    ];
    let seen_from = |text: &str| usable(&claimed, &address(text)).len();
    assert_eq!(usable(&claimed, &address("/ip4/5.5.5.5/tcp/5")), [claimed[2].clone()]);
    assert_eq!(seen_from("/ip4/192.168.1.7/tcp/5"), 2);
    assert_eq!(seen_from("/ip4/127.0.0.1/tcp/5"), 3);
}

#[test]
fn remembers_a_few_different_addresses_only() {
    let many: Vec<_> = (1..100).map(|n| address(&format!("/ip4/9.9.9.{n}/tcp/1"))).collect();
    let seen = address("/ip4/5.5.5.5/tcp/5");
    assert_eq!(usable(&many, &seen).len(), ADDRESSES_PER_PEER_MAX);
    let same = vec![many[0].clone(); 5];
    assert_eq!(usable(&same, &seen).len(), 1);
}

#[test]
fn the_address_that_answers_is_never_the_one_that_is_left_out() {
    let near = (1..50).map(|n| address(&format!("/ip4/192.168.7.{n}/tcp/1")));
    let known = address("/ip4/192.168.9.9/tcp/1");
    let all: Vec<_> = near.chain([known.clone(), address("/ip4/9.9.9.9/tcp/1")]).collect();
    let kept = usable(&all, &address("/ip4/192.168.9.9/tcp/5555"));
    assert_eq!((kept.len(), &kept[0]), (ADDRESSES_PER_PEER_MAX, &known));
}
