//! Records and providers.

use transport::{Answer, PeerKey, PutError};

use crate::nodes::{
    Media, Node, connect, forgery, gullible, join, limits, network, record, run, settings, within,
};

fn key() -> Vec<u8> {
    b"/bitdust/test/key".to_vec()
}

/// What a node has stored itself.
async fn stored(node: &Node) -> Option<Vec<u8>> {
    let answers = within("a look-up", node.handle.get_record(key())).await.unwrap_or_default();
    answers.found.into_iter().find(|answer| answer.from.is_none()).map(|answer| answer.value)
}

async fn written_is_read(media: Media) {
    let nodes = network(8, media).await;
    within("a put", nodes[1].handle.put_record(key(), record(1, 1), 4)).await.unwrap();
    for node in &nodes[2..] {
        let answers = within("a get", node.handle.get_record(key())).await.unwrap();
        let from: Vec<PeerKey> = answers.found.iter().filter_map(|answer| answer.from).collect();
        assert!(answers.found.iter().all(|answer| answer.value == record(1, 1)));
        assert!(from.len() >= 4, "{} answers from others", from.len());
        let mut different = from.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), from.len(), "each answer is another peer's");
    }
    let absent = within("a get", nodes[3].handle.get_record(b"absent".to_vec())).await.unwrap();
    assert_eq!(absent.found, []);
    assert!(!absent.lacking.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_read_over_tcp_only() {
    written_is_read(Media::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_read_over_quic_only() {
    written_is_read(Media::Quic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_read_over_both() {
    written_is_read(Media::Both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgery_is_stored_nowhere_but_at_the_gullible() {
    let honest = network(5, Media::Tcp).await;
    let mut settings = [settings(20, Media::Tcp), settings(21, Media::Tcp)];
    for settings in &mut settings {
        settings.validator = gullible();
        settings.bootstrap = honest[0].handle.invitations().await;
    }
    let [forger, believer] = settings;
    let (forger, believer) = (run(forger).await, run(believer).await);
    within("a bootstrap", believer.handle.bootstrap()).await.unwrap();
    within("a bootstrap", forger.handle.bootstrap()).await.unwrap();
    let all: Vec<PeerKey> =
        honest.iter().chain([&believer]).map(|node| node.handle.myself()).collect();
    for node in honest.iter().chain([&believer]) {
        connect(&forger, node).await;
    }
    // Once by the look-up of the closest, once straight to everybody.
    let forged = forgery(1, 9);
    let _ = within("a put", forger.handle.put_record(key(), forged.clone(), 6)).await;
    within("a put", forger.handle.put_record_to(all, key(), forged.clone())).await.unwrap();
    for node in &honest {
        assert_eq!(stored(node).await, None);
        assert!(node.handle.counters().records_refused > 0, "it has come and was refused");
        let own = within("a put", node.handle.put_record(key(), forged.clone(), 1)).await;
        assert_eq!(own, Err(PutError::Refused));
    }
    assert_eq!(stored(&believer).await, Some(forged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_record_comes_back_beside_the_new_one_and_never_replaces_it() {
    let nodes = network(6, Media::Tcp).await;
    for other in &nodes[1..] {
        connect(&nodes[0], other).await;
    }
    let keys: Vec<PeerKey> = nodes.iter().map(|node| node.handle.myself()).collect();
    let send = |to: &[PeerKey], value: Vec<u8>| {
        within("a put", nodes[0].handle.put_record_to(to.to_vec(), key(), value))
    };
    send(&keys[1..3], record(1, 2)).await.unwrap();
    send(&keys[1..5], record(1, 1)).await.unwrap();
    let mut held = Vec::new();
    for node in &nodes {
        held.push(stored(node).await.map(|value| value[2]));
    }
    assert_eq!(held, [None, Some(2), Some(2), Some(1), Some(1), None]);

    let answers = within("a get", nodes[5].handle.get_record(key())).await.unwrap();
    let mut sequences: Vec<u8> = answers.found.iter().map(|answer| answer.value[2]).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 1, 2, 2]);
    // Writing back heals what is stale and what lacks it.
    let is_stale = |answer: &Answer| answer.value != record(1, 2);
    let stale = answers.found.iter().filter(|answer| is_stale(answer));
    let back: Vec<PeerKey> =
        stale.filter_map(|answer| answer.from).chain(answers.lacking.clone()).collect();
    let write_back = nodes[5].handle.put_record_to(back, key(), record(1, 2));
    let _ = within("a put", write_back).await;
    for node in &nodes[1..5] {
        assert_eq!(stored(node).await, Some(record(1, 2)));
    }
}

#[tokio::test]
async fn a_value_has_its_bound_at_both_ends() {
    let there = run(settings(1, Media::Tcp)).await;
    let mut wide = settings(0, Media::Tcp);
    wide.limits = limits(|limits| limits.record_bytes_max = 9000);
    wide.bootstrap = there.handle.invitations().await;
    let here = run(wide).await;
    within("a bootstrap", here.handle.bootstrap()).await.unwrap();
    let value = |bytes: usize| [record(1, bytes as u8), vec![0; bytes - 3]].concat();
    let peer = there.handle.myself();
    for (bytes, fits) in [(4096, true), (4097, false)] {
        let put = here.handle.put_record_to(vec![peer], key(), value(bytes));
        within("a put", put).await.unwrap();
        assert_eq!(stored(&there).await.is_some_and(|kept| kept.len() == bytes), fits);
        let own = within("a put", there.handle.put_record(b"k".to_vec(), value(bytes), 1)).await;
        assert_eq!(own == Err(PutError::TooLarge), !fits);
    }
    assert_eq!(there.handle.counters().records_over_quota, 2, "one of each end");
}

#[tokio::test]
async fn an_unpublished_record_is_no_longer_kept_here() {
    let there = run(settings(0, Media::Tcp)).await;
    let here = join(1, Media::Tcp, &there).await;
    within("a put", here.handle.put_record(key(), record(1, 1), 1)).await.unwrap();
    assert_eq!(stored(&here).await, Some(record(1, 1)));
    here.handle.unpublish(key()).await;
    assert_eq!(stored(&here).await, None);
    assert_eq!(stored(&there).await, Some(record(1, 1)));
}

#[tokio::test]
async fn too_few_acknowledgements_are_told_with_their_number() {
    let there = run(settings(0, Media::Tcp)).await;
    let here = join(1, Media::Tcp, &there).await;
    let put = within("a put", here.handle.put_record(key(), record(1, 1), 3)).await;
    assert_eq!(put, Err(PutError::TooFew { acknowledged: 1 }));
}

#[tokio::test]
async fn a_node_that_only_asks_stores_nothing_and_is_in_no_table() {
    let there = run(settings(0, Media::Tcp)).await;
    let mut asking = settings(1, Media::Tcp);
    asking.dht_server = false;
    asking.bootstrap = there.handle.invitations().await;
    let asking = run(asking).await;
    within("a bootstrap", asking.handle.bootstrap()).await.unwrap();
    within("a put", asking.handle.put_record(key(), record(1, 1), 1)).await.unwrap();
    assert_eq!(stored(&there).await, Some(record(1, 1)));
    assert_eq!(there.handle.table().await, []);
    let push =
        there.handle.put_record_to(vec![asking.handle.myself()], b"x".to_vec(), record(1, 1));
    assert!(within("a put", push).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_are_found_until_they_stop() {
    let nodes = network(6, Media::Both).await;
    for node in &nodes[1..4] {
        within("an announcement", node.handle.start_providing(key())).await.unwrap();
    }
    let mut truth: Vec<PeerKey> = nodes[1..4].iter().map(|node| node.handle.myself()).collect();
    truth.sort_unstable();
    // Announcements are not acknowledged, so they may still be under way.
    within("all providers", async {
        loop {
            let mut found = nodes[5].handle.get_providers(key()).await.unwrap();
            found.sort_unstable();
            if found == truth {
                break;
            }
            assert!(found.iter().all(|peer| truth.contains(peer)));
        }
    })
    .await;
    let nobody = within("a search", nodes[5].handle.get_providers(b"other".to_vec())).await;
    assert_eq!(nobody, Ok(vec![]));
    nodes[1].handle.stop_providing(key()).await;
}
