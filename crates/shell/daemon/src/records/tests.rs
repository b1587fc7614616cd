//! Who is given the newest record, and which addresses are told.

use base::DAY_MS;
use identity::{Edition, IdentityDocument, Services, SignedDocument};
use mesh::{RecordKey, RecordKind};
use transport::Answer;

use super::*;
use crate::fixtures::{NETWORK, keys, local};

fn document(sequence: u64) -> (Vec<u8>, Vec<u8>) {
    let (keys, here) = (keys(2), local(2, NETWORK));
    let now = here.clock.now().date;
    let edition = Edition::new(here.network, sequence, now, DAY_MS);
    let agreement = keys.agreement.public();
    let (devices, services, sources) = (vec![], Services::default(), vec![]);
    let body = IdentityDocument { edition, agreement, devices, services, sources };
    let document = SignedDocument::publish(&keys.master, keys.chain.clone(), body).unwrap();
    let key = RecordKey { kind: RecordKind::Identity, subject: keys.identity().0, salt: 0 };
    (key.bytes(), Record::Identity(document).bytes())
}

#[test]
fn those_who_lag_behind_are_given_the_newest() {
    let here = local(1, NETWORK);
    let ((key, old), (_, new)) = (document(5), document(6));
    let peers: Vec<PeerKey> = (0..5).map(|number| keys(10 + number).device_id().0).collect();
    let answer =
        |peer: usize, value: &[u8]| Answer { from: Some(peers[peer]), value: value.to_vec() };
    let answers = Answers {
        found: vec![
            answer(0, &old),
            answer(1, &new),
            answer(2, b"garbage"),
            Answer { from: None, value: old.clone() },
        ],
        lacking: vec![peers[3]],
    };
    let date = here.clock.now().date;
    let (newest, behind_ones) = behind(&answers, &key, here.network, date).unwrap();
    assert_eq!(newest, new);
    assert_eq!(behind_ones, [peers[0], peers[2], peers[3]]);

    let agreed = Answers { found: vec![answer(1, &new)], lacking: vec![] };
    assert!(behind(&agreed, &key, here.network, date).is_none());
    let nothing = Answers { found: vec![answer(2, b"garbage")], lacking: vec![peers[3]] };
    assert!(behind(&nothing, &key, here.network, date).is_none(), "nothing valid to give");
}

#[test]
fn the_judge_refuses_what_is_older_or_of_another_network() {
    let judge = validator(local(1, NETWORK));
    let ((key, old), (_, new)) = (document(5), document(6));
    let accept = Verdict::Accept { publisher: keys(2).identity().0 };
    assert_eq!(judge(&key, &old, None), accept);
    assert_eq!(judge(&key, &new, Some(&old)), accept);
    assert_eq!(judge(&key, &old, Some(&new)), Verdict::Refuse);
    assert_eq!(judge(b"/elsewhere/", &new, None), Verdict::Refuse);
    assert_eq!(validator(local(1, "another"))(&key, &new, None), Verdict::Refuse);
}

#[test]
fn others_are_told_of_useful_addresses_only() {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (loopback, home) = ("/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.2/tcp/1");
    assert_eq!(published(texts(&[loopback, home])), [home]);
    assert_eq!(published(texts(&[loopback])), [loopback], "a network on one machine");
    let many: Vec<String> = (0..50).map(|port| format!("/ip4/10.0.0.1/tcp/{port}")).collect();
    assert_eq!(published(many).len(), ADDRESSES_MAX);
}

#[tokio::test]
async fn one_look_up_answers_all_who_ask_meanwhile() {
    let (happenings, mut told) = mpsc::channel(8);
    let records = Records::new(local(1, NETWORK), happenings);
    assert!(records.begins_reading(b"key", 1));
    assert!(!records.begins_reading(b"key", 2));
    assert!(records.begins_reading(b"other", 3), "another record is another look-up");
    assert_eq!(records.ends_reading(b"key"), [1, 2]);
    // Without a network everybody is answered at once, each time.
    for query in [4, 5] {
        records.clone().get(None, query, b"key".to_vec()).await;
        let told = told.recv().await;
        assert!(matches!(
            told,
            Some(Happening::Input(Input::RecordGot { query: told, values })) if told == query && values.is_empty()
        ));
    }
}
