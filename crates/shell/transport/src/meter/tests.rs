//! How places are shared out.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

fn shares(meter: &Arc<Meter>, connections: usize) -> Vec<Share> {
    let share = || Share { meter: meter.clone(), taken: Arc::new(AtomicUsize::new(0)) };
    (0..connections).map(|_| share()).collect()
}

/// Asks for places until there are none.
fn grab(share: &Share) -> Vec<Place> {
    std::iter::from_fn(|| share.ask()).collect()
}

#[test]
fn one_connection_gets_plenty_but_not_all() {
    let meter = Meter::new(1024, Arc::default());
    let one = &shares(&meter, 1)[0];
    assert_eq!(grab(one).len(), 205);
}

#[test]
fn two_hundred_greedy_connections_leave_a_few_places_to_each() {
    let meter = Meter::new(1024, Arc::default());
    let all = shares(&meter, 200);
    let mut held = Vec::new();
    // They come one place at a time, in turn.
    for _ in 0..300 {
        held.extend(all.iter().filter_map(Share::ask));
    }
    for share in &all {
        assert!(share.taken.load(Ordering::Relaxed) >= 5);
    }
    let late = &shares(&meter, 1)[0];
    assert!(grab(late).len() >= 4, "who comes last still gets a few");
}

#[test]
fn a_place_is_free_again_when_its_stream_ends() {
    let meter = Meter::new(64, Arc::default());
    let one = &shares(&meter, 1)[0];
    let first = grab(one);
    let number = first.len();
    assert!(one.ask().is_none());
    drop(first);
    assert_eq!(meter.taken.load(Ordering::Relaxed), 0);
    assert_eq!(grab(one).len(), number);
}

proptest! {
    #[test]
    fn what_peers_open_never_exceeds_the_places(
        max in 1usize..200,
        steps in prop::collection::vec((0usize..20, prop::bool::weighted(0.8)), 0..400)
    ) {
        let meter = Meter::new(max, Arc::default());
        let all = shares(&meter, 20);
        let mut held: Vec<Vec<Place>> = all.iter().map(|_| Vec::new()).collect();
        for (connection, opens) in steps {
            if opens {
                held[connection].extend(all[connection].ask());
            } else {
                held[connection].pop();
            }
            let taken: usize = held.iter().map(Vec::len).sum();
            prop_assert_eq!(taken, meter.taken.load(Ordering::Relaxed));
            prop_assert!(taken <= max);
        }
    }
}
