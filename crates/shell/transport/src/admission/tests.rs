//! Places in the routing table.

use std::sync::Arc;

use super::*;
use crate::handle::Counts;
use crate::{Limits, Verdict};

fn peer(n: u16) -> PeerId {
    let mut seed = [7; 32];
    seed[..2].copy_from_slice(&n.to_be_bytes());
    libp2p::identity::Keypair::ed25519_from_bytes(seed).unwrap().public().to_peer_id()
}

fn table() -> kad::Behaviour<Records> {
    let validator = Arc::new(|_: &[u8], _: &[u8], _: Option<&[u8]>| Verdict::Refuse);
    let counts = Arc::new(Counts::default());
    kad::Behaviour::new(peer(0), Records::new(peer(0), Limits::default(), validator, counts))
}

fn admit(
    admission: &mut Admission,
    table: &mut kad::Behaviour<Records>,
    n: u16,
    host: &str,
) -> bool {
    let seen: Multiaddr = format!("/ip4/{host}/tcp/{n}").parse().unwrap();
    admission.admit(table, peer(n), &seen, std::slice::from_ref(&seen))
}

/// Peers of the bucket that holds half of all.
fn far_peers() -> Vec<u16> {
    let mut table = table();
    let far = |n: &u16| table.kbucket(peer(*n)).unwrap().range().0.ilog2() == Some(255);
    (1..400).filter(far).collect()
}

#[test]
fn a_bucket_takes_two_of_one_network_and_any_number_of_loopback() {
    let (mut admission, mut table) = (Admission::new(2), table());
    let far = far_peers();
    let same = far[..10].iter().filter(|n| admit(&mut admission, &mut table, **n, "9.9.9.9"));
    assert_eq!(same.count(), 2);
    let other = far[10..20].iter().filter(|n| admit(&mut admission, &mut table, **n, "9.9.8.9"));
    assert_eq!(other.count(), 2);
    let here = far[20..36].iter().filter(|n| admit(&mut admission, &mut table, **n, "127.0.0.1"));
    assert_eq!(here.count(), 16);
}

#[test]
fn a_place_that_was_left_is_free_for_the_network_again() {
    let (mut admission, mut table) = (Admission::new(2), table());
    let far = far_peers();
    for n in &far[..2] {
        assert!(admit(&mut admission, &mut table, *n, "9.9.9.9"));
    }
    assert!(!admit(&mut admission, &mut table, far[2], "9.9.9.9"));
    for _ in 0..FAILURES_MAX {
        admission.failed(&mut table, peer(far[0]), true);
    }
    assert!(known_addresses(&mut table, &peer(far[0])).is_empty());
    assert!(admit(&mut admission, &mut table, far[2], "9.9.9.9"));
}

#[test]
fn nobody_loses_a_place_while_the_node_is_cut_off_or_after_an_answer() {
    let (mut admission, mut table) = (Admission::new(2), table());
    assert!(admit(&mut admission, &mut table, 1, "9.9.9.9"));
    for _ in 0..100 {
        admission.failed(&mut table, peer(1), false);
    }
    for _ in 0..100 {
        admission.failed(&mut table, peer(1), true);
        assert!(admit(&mut admission, &mut table, 1, "9.9.9.9"));
    }
    assert_eq!(known_addresses(&mut table, &peer(1)).len(), 1);
}

#[test]
fn new_addresses_replace_the_old_ones() {
    let (mut admission, mut table) = (Admission::new(2), table());
    let address = |port: u16| -> Multiaddr { format!("/ip4/9.9.9.9/tcp/{port}").parse().unwrap() };
    for port in 1..50 {
        let both = [address(port), address(port + 1)];
        assert!(admission.admit(&mut table, peer(1), &address(5), &both));
    }
    let known: Vec<_> = known_addresses(&mut table, &peer(1))
        .into_iter()
        .map(|known| address::split(known).0)
        .collect();
    assert_eq!(known, [address(49), address(50)]);
}

#[test]
fn a_peer_without_an_address_gets_no_place() {
    let (mut admission, mut table) = (Admission::new(2), table());
    let seen: Multiaddr = "/ip4/9.9.9.9/tcp/1".parse().unwrap();
    assert!(!admission.admit(&mut table, peer(1), &seen, &[]));
}
