//! A reader that sleeps does not cost more and more memory, and misses nothing that matters.

use super::*;
use crate::{Medium, Path, Source};

fn connected(n: u8) -> Event {
    let address = String::new();
    let path = Path { medium: Medium::Tcp, address, direct: true, dialled: true };
    Event::PeerConnected { peer: [n; 32], path }
}

fn disconnected(n: u8) -> Event {
    Event::PeerDisconnected { peer: [n; 32] }
}

fn drain(outbox: &mut Outbox) -> Vec<String> {
    std::iter::from_fn(|| outbox.pop())
        .map(|event| match event {
            Event::PeerConnected { peer, .. } => format!("+{}", peer[0]),
            Event::PeerDisconnected { peer } => format!("-{}", peer[0]),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_peer_that_comes_and_goes_unseen_leaves_nothing() {
    let mut outbox = Outbox::default();
    for _ in 0..1000 {
        outbox.push(connected(1));
        outbox.push(disconnected(1));
    }
    assert!(outbox.is_empty());
}

#[test]
fn a_peer_that_was_seen_and_comes_again_is_told_as_gone_and_come() {
    let mut outbox = Outbox::default();
    outbox.push(connected(1));
    assert_eq!(drain(&mut outbox), ["+1"]);
    for _ in 0..1000 {
        outbox.push(disconnected(1));
        outbox.push(connected(1));
    }
    outbox.push(connected(2));
    assert_eq!(drain(&mut outbox), ["-1", "+1", "+2"]);
}

#[test]
fn hints_are_dropped_when_there_are_too_many() {
    let mut outbox = Outbox::default();
    let hint = || Event::Discovered { peer: [0; 32], addresses: vec![], source: Source::Peer };
    for _ in 0..2 * HINTS_MAX {
        outbox.push(hint());
    }
    assert_eq!(outbox.events.len(), HINTS_MAX);
    outbox.pop();
    outbox.push(hint());
    outbox.push(connected(1));
    assert_eq!(outbox.events.len(), HINTS_MAX + 1);
}
