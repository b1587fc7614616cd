//! Who is given up, and for how long.

use libp2p::identity::Keypair;

use super::*;

fn peer(seed: u8) -> PeerId {
    Keypair::ed25519_from_bytes([seed; 32]).unwrap().public().to_peer_id()
}

fn may_dial(unreached: &mut Unreached, peer: PeerId, named: &[Multiaddr]) -> bool {
    let id = ConnectionId::new_unchecked(1);
    unreached.handle_pending_outbound_connection(id, Some(peer), named, Endpoint::Dialer).is_ok()
}

#[test]
fn a_peer_dialled_in_vain_rests_unless_an_address_is_named() {
    let mut unreached = Unreached::new(Duration::from_secs(600));
    assert!(may_dial(&mut unreached, peer(1), &[]));
    unreached.remember(peer(1), Instant::now());
    assert!(!may_dial(&mut unreached, peer(1), &[]));
    assert!(may_dial(&mut unreached, peer(1), &["/ip4/127.0.0.1/tcp/1".parse().unwrap()]));
    assert!(may_dial(&mut unreached, peer(2), &[]));
}

#[test]
fn it_is_dialled_again_after_a_while() {
    let mut unreached = Unreached::new(Duration::from_secs(60));
    let now = Instant::now();
    unreached.remember(peer(1), now);
    assert!(unreached.is_given_up(&peer(1), now + Duration::from_secs(59)));
    assert!(!unreached.is_given_up(&peer(1), now + Duration::from_secs(60)));
    unreached.remember(peer(1), now + Duration::from_secs(60));
    assert!(unreached.is_given_up(&peer(1), now + Duration::from_secs(61)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut unreached = Unreached::new(Duration::from_secs(60));
    let now = Instant::now();
    for n in 0..=PEERS_MAX {
        unreached.remember(PeerId::random(), now + Duration::from_millis(n as u64));
    }
    assert_eq!(unreached.failed.len(), PEERS_MAX);
}
