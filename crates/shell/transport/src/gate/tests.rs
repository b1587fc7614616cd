//! The limits of one network, with given times.

use std::time::Duration;

use super::*;

fn gate() -> Gate {
    Gate::new(Limits::default())
}

fn remote(host: &str) -> Multiaddr {
    format!("/ip4/{host}/tcp/5").parse().unwrap()
}

fn arrive(gate: &mut Gate, id: usize, host: &str) -> bool {
    let id = ConnectionId::new_unchecked(id);
    gate.handle_pending_inbound_connection(id, &remote("1.1.1.1"), &remote(host)).is_ok()
}

#[test]
fn a_network_has_its_number_of_connections_and_loopback_any() {
    let mut gate = gate();
    let max = gate.limits.connections_per_network_max;
    let let_in = (0..20).filter(|id| arrive(&mut gate, *id, &format!("9.9.9.{id}"))).count();
    assert_eq!(let_in, max);
    assert!(arrive(&mut gate, 100, "9.9.8.1"), "another network is not concerned");
    assert!((200..300).all(|id| arrive(&mut gate, id, "127.0.0.1")));
}

#[test]
fn a_closed_connection_makes_room() {
    let mut gate = gate();
    for id in 0..20 {
        arrive(&mut gate, id, "9.9.9.9");
    }
    assert!(!arrive(&mut gate, 30, "9.9.9.9"));
    gate.inbound.remove(&ConnectionId::new_unchecked(3));
    assert!(arrive(&mut gate, 31, "9.9.9.9"));
}

#[test]
fn a_network_that_comes_too_fast_waits_a_little() {
    let mut gate = gate();
    let network = address::network(&remote("9.9.9.9")).unwrap();
    let start = Instant::now();
    let burst = (0..1000).filter(|_| gate.may_begin(network, start)).count();
    assert_eq!(burst, gate.limits.handshakes_burst_max as usize);
    assert!(!gate.may_begin(network, start + Duration::from_millis(100)));
    assert!(gate.may_begin(network, start + Duration::from_secs(1)));
    let rested = start + Duration::from_secs(60);
    let again = (0..1000).filter(|_| gate.may_begin(network, rested)).count();
    assert_eq!(again, burst, "rest does not save up more than a burst");
}

#[test]
fn the_memory_of_rates_is_bounded() {
    let mut gate = gate();
    let now = Instant::now();
    for n in 0..2 * NETWORKS_MAX {
        let [.., b, c] = (n as u32).to_be_bytes();
        gate.may_begin(Network::V4([9, b, c]), now + Duration::from_millis(n as u64));
    }
    assert_eq!(gate.rates.len(), NETWORKS_MAX);
}
