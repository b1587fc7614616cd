//! What is kept, what makes room, and that nothing gets past the validator.

use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::handle::Counts;

/// A record's value in these tests: publisher, sequence, anything. An odd first byte is a forgery.
fn value(publisher: u8, sequence: u8) -> Vec<u8> {
    vec![0, publisher, sequence]
}

fn judge(_: &[u8], value: &[u8], stored: Option<&[u8]>) -> Verdict {
    match (value, stored) {
        ([0, _, newer, ..], Some([_, _, older, ..])) if newer <= older => Verdict::Refuse,
        ([0, publisher, ..], _) => Verdict::Accept { publisher: [*publisher; 32] },
        _ => Verdict::Refuse,
    }
}

fn records(limits: Limits) -> Records {
    let counts = Arc::new(Counts::default());
    Records::new(peer(0), limits, Arc::new(judge), counts)
}

fn peer(n: u8) -> PeerId {
    let keys = libp2p::identity::Keypair::ed25519_from_bytes([n + 1; 32]).unwrap();
    keys.public().to_peer_id()
}

fn record(key: &str, value: Vec<u8>) -> Record {
    Record::new(key.as_bytes().to_vec(), value)
}

fn has(records: &Records, key: &str) -> bool {
    records.get(&RecordKey::new(&key)).is_some()
}

#[test]
fn a_forgery_gets_in_by_no_door() {
    let mut records = records(Limits::default());
    let forged = record("a", vec![1, 2, 3]);
    let now = Instant::now();
    assert_eq!(records.keep(forged.clone(), Some(peer(1)), now), Err(PutError::Refused));
    assert_eq!(records.keep(forged.clone(), None, now), Err(PutError::Refused));
    assert!(RecordStore::put(&mut records, forged).is_err());
    assert!(!has(&records, "a"));
    assert_eq!(records.counts.records_refused.load(std::sync::atomic::Ordering::Relaxed), 3);
    assert_eq!(records.keep(record("a", value(2, 3)), Some(peer(1)), now), Ok(()));
    assert!(has(&records, "a"));
}

#[test]
fn an_older_record_never_replaces_a_newer_one() {
    let mut records = records(Limits::default());
    let now = Instant::now();
    records.keep(record("a", value(1, 2)), Some(peer(1)), now).unwrap();
    let older = records.keep(record("a", value(1, 1)), Some(peer(2)), now);
    assert_eq!(older, Err(PutError::Refused));
    assert_eq!(records.get(&RecordKey::new(&"a")).unwrap().value, value(1, 2));
    records.keep(record("a", value(1, 3)), Some(peer(2)), now).unwrap();
    assert_eq!(records.get(&RecordKey::new(&"a")).unwrap().value, value(1, 3));
}

#[test]
fn the_same_bytes_renew_the_time_and_are_not_judged_again() {
    let calls = Arc::new(Mutex::new(0));
    let seen = calls.clone();
    let validator: Validator = Arc::new(move |key, value, stored| {
        *seen.lock().unwrap() += 1;
        judge(key, value, stored)
    });
    let limits = Limits::default();
    let mut records = Records::new(peer(0), limits.clone(), validator, Arc::new(Counts::default()));
    let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
    records.keep(record("a", value(1, 1)), Some(peer(1)), now).unwrap();
    records.keep(record("a", value(1, 1)), Some(peer(2)), later).unwrap();
    assert_eq!(*calls.lock().unwrap(), 1);
    let expires = records.get(&RecordKey::new(&"a")).unwrap().expires;
    assert_eq!(expires, Some(later + limits.record_time));
}

#[test]
fn nobody_stores_for_longer_than_the_limit() {
    let limits = Limits::default();
    let mut records = records(limits.clone());
    let now = Instant::now();
    for expires in [None, Some(now + limits.record_time * 9)] {
        let eternal = Record { expires, ..record("a", value(1, 1)) };
        records.keep(eternal, Some(peer(1)), now).unwrap();
        let kept = records.get(&RecordKey::new(&"a")).unwrap().expires;
        assert_eq!(kept, Some(now + limits.record_time));
    }
}

#[test]
fn too_long_keys_and_values_are_refused() {
    let limits = Limits::default();
    let mut records = records(limits.clone());
    let now = Instant::now();
    let long = |bytes: usize| [value(1, 1), vec![0; bytes - 3]].concat();
    let fits = record("a", long(limits.record_bytes_max));
    assert_eq!(records.keep(fits, Some(peer(1)), now), Ok(()));
    let too_long = record("b", long(limits.record_bytes_max + 1));
    assert_eq!(records.keep(too_long, Some(peer(1)), now), Err(PutError::TooLarge));
    let key = "k".repeat(KEY_BYTES_MAX + 1);
    assert_eq!(records.keep(record(&key, value(1, 1)), None, now), Err(PutError::TooLarge));
}

#[test]
fn a_full_store_keeps_the_closest_and_never_gives_up_its_own() {
    let limits = Limits { records_max: 10, ..Limits::default() };
    let mut records = records(limits);
    let now = Instant::now();
    records.keep(record("own", value(9, 1)), None, now).unwrap();
    let keys: Vec<String> = (0..100).map(|n| format!("key {n}")).collect();
    for (n, key) in keys.iter().enumerate() {
        let _ = records.keep(record(key, value(n as u8, 1)), Some(peer(n as u8 % 50)), now);
    }
    let mut closest = keys.clone();
    closest.sort_by_key(|key| records.place.distance(&KBucketKey::new(key.clone().into_bytes())));
    for (n, key) in closest.iter().enumerate() {
        assert_eq!(has(&records, key), n < 10, "{n}");
    }
    assert!(has(&records, "own"));
}

#[test]
fn one_publisher_or_source_cannot_push_others_out() {
    let limits = Limits {
        records_max: 20,
        records_per_publisher_max: 3,
        records_per_source_max: 5,
        ..Limits::default()
    };
    let mut records = records(limits);
    let now = Instant::now();
    for n in 0..10 {
        let other = record(&format!("other {n}"), value(100 + n, 1));
        records.keep(other, Some(peer(n)), now).unwrap();
    }
    for n in 0..200 {
        let _ = records.keep(record(&format!("one {n}"), value(1, 1)), Some(peer(n % 50)), now);
    }
    assert_eq!(records.entries.values().filter(|entry| entry.publisher == [1; 32]).count(), 3);
    for n in 0..200 {
        let _ =
            records.keep(record(&format!("from {n}"), value(n % 50 + 2, 1)), Some(peer(60)), now);
    }
    assert_eq!(records.entries.values().filter(|entry| entry.source == Some(peer(60))).count(), 5);
    assert!((0..10).all(|n| has(&records, &format!("other {n}"))));
}

#[test]
fn expired_records_make_room_first() {
    let limits = Limits { records_max: 1, ..Limits::default() };
    let now = Instant::now();
    let later = now + limits.record_time;
    let let_in = |at| {
        let tried = (0..20).map(|n| {
            let mut records = records(limits.clone());
            records.keep(record("a", value(1, 1)), Some(peer(1)), now).unwrap();
            records.keep(record(&format!("{n}"), value(2, 1)), Some(peer(1)), at)
        });
        tried.filter(Result::is_ok).count()
    };
    assert_eq!(let_in(later), 20);
    assert!(let_in(now) < 20, "while it is valid, a farther one does not replace it");
}

#[test]
fn own_records_have_a_limit_too() {
    let mut records = records(Limits { own_records_max: 2, ..Limits::default() });
    let now = Instant::now();
    for key in ["a", "b"] {
        records.keep(record(key, value(1, 1)), None, now).unwrap();
    }
    records.keep(record("c", value(1, 1)), Some(peer(1)), now).unwrap();
    for key in ["c", "d"] {
        assert_eq!(records.keep(record(key, value(1, 1)), None, now), Err(PutError::TooMany));
    }
    records.keep(record("a", value(1, 2)), None, now).unwrap();
}

#[test]
fn providers_are_bounded_by_key_by_peer_and_in_all() {
    let limits = Limits {
        providers_per_key_max: 3,
        provided_keys_per_peer_max: 4,
        provided_keys_max: 6,
        ..Limits::default()
    };
    let mut records = records(limits);
    let provide = |records: &mut Records, key: &str, n: u8| {
        let key = key.as_bytes().to_vec();
        records.keep_provider(ProviderRecord::new(key, peer(n), Vec::new())).is_ok()
    };
    assert!(provide(&mut records, "own", 0));
    for n in 1..50 {
        provide(&mut records, "k", n);
        provide(&mut records, "own", n);
    }
    assert_eq!(records.providers(&RecordKey::new(&"k")).len(), 3);
    assert_eq!(records.provided().count(), 1, "others never push out this node");
    let taken = (0..10).filter(|n| provide(&mut records, &format!("key {n}"), 60)).count();
    assert!((1..=4).contains(&taken));
    for n in 0..200 {
        provide(&mut records, &format!("more {n}"), 61 + n % 60);
    }
    assert_eq!(records.provided().count(), 1);
    let myself = records.provided().next().unwrap().into_owned();
    records.remove_provider(&myself.key, &myself.provider);
    assert_eq!(records.provided().count(), 0);
}

proptest! {
    #[test]
    fn quotas_hold_after_any_history(
        history in prop::collection::vec((0u8..12, 0u8..4, 0u8..4, prop::bool::ANY), 0..120)
    ) {
        let limits = Limits {
            records_max: 6,
            own_records_max: 2,
            records_per_publisher_max: 3,
            records_per_source_max: 4,
            ..Limits::default()
        };
        let mut records = records(limits);
        let now = Instant::now();
        for (key, publisher, sequence, own) in history {
            let source = (!own).then(|| peer(publisher + 1));
            let record = record(&format!("{key}"), value(publisher, sequence));
            let before = records.get(&record.key).map(|kept| kept.value[2]);
            let kept = records.keep(record.clone(), source, now);
            let after = records.get(&record.key).map(|kept| kept.value[2]);
            prop_assert!(after >= before, "a sequence never goes back");
            prop_assert!(kept.is_err() || after == Some(sequence));
            let count = |quota: Quota| records.entries.values().filter(|e| quota.counts(e)).count();
            prop_assert!(count(Quota::All) <= 6);
            prop_assert!(records.entries.len() <= 8);
            for n in 0..4 {
                prop_assert!(count(Quota::Source(peer(n + 1))) <= 4);
            }
        }
    }
}
