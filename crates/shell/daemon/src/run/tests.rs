//! Whole daemons on loopback, and what strangers, liars and the slow get from them.

use std::collections::BTreeSet;

use base::encode;
use storage::wire::{BulkAnswer, Message, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast;

use crate::bulk::receipts::{Receipts, Sent};
use crate::fixtures::{Daemon, FRAGMENT_BYTES, Outsider, TestBlock, block, root, settings};
use crate::view::JournalLine;

mod doors;
mod kept;
mod pairs;

/// Fragments that a contract holds in the test of its quota.
const QUOTA: u64 = 20;

fn refusal(answer: &BulkAnswer) -> Refusal {
    match answer {
        BulkAnswer::Refused { reason } => *reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// Waits for a line of the journal.
pub(super) async fn line(
    journal: &mut broadcast::Receiver<JournalLine>,
    automaton: &str,
    to: &str,
) -> JournalLine {
    loop {
        let line = journal.recv().await.expect("the daemon runs");
        if line.automaton == automaton && line.to == to {
            return line;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_receipted_and_comes_back() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let mut bulk = customer.bulk(&daemon).await;
    let mut receipts = Receipts::default();
    for number in 0..3 {
        let block = block(&customer.local.keys.device, number);
        for index in [0, 1] {
            let bytes = &block.fragments[usize::from(index)];
            let (answer, _) = bulk.request(&block.put(contract, index), bytes).await.unwrap();
            let BulkAnswer::Stored { receipt } = answer else { panic!("not kept: {answer:?}") };
            let sent = Sent {
                device: daemon.device(),
                contract,
                block: block.id,
                index,
                masked_root: root(bytes),
                bytes: FRAGMENT_BYTES as u32,
            };
            let receipt = receipts.take(&receipt, &sent).unwrap();
            assert_eq!(receipt.body.total_fragments, number * 2 + u64::from(index) + 1);
        }
        let (answer, body) = bulk.request(&block.get(contract, 1), &[]).await.unwrap();
        let manifest = block.manifest.clone();
        assert_eq!(answer, BulkAnswer::Fragment { bytes: FRAGMENT_BYTES as u32, manifest });
        assert_eq!(body, block.fragments[1]);
    }
    let customers = daemon.running.handle.customers().await.unwrap();
    assert_eq!(customers.len(), 1);
    assert_eq!((customers[0].fragments, customers[0].used_bytes), (6, 6 * 4096));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_opens_nothing_with_a_valid_signature() {
    let daemon = Daemon::start(1, settings()).await;
    let (customer, stranger) = (Outsider::new(2).await, Outsider::new(3).await);
    customer.meet(&daemon).await;
    stranger.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let own = block(&customer.local.keys.device, 1);
    let mut bulk = customer.bulk(&daemon).await;
    bulk.request(&own.put(contract, 0), &own.fragments[0]).await.unwrap();

    let mut line = stranger.bulk(&daemon).await;
    let theirs = block(&stranger.local.keys.device, 2);
    for (request, body) in [
        (own.get(contract, 0), &[][..]),
        (own.delete(contract, 0), &[]),
        (own.put(contract, 0), &own.fragments[0]),
        (own.put(contract, 1), &own.fragments[1]),
        (theirs.put(contract, 0), &theirs.fragments[0]),
    ] {
        let (answer, body) = line.request(&request, body).await.unwrap();
        assert_eq!((refusal(&answer), body), (Refusal::NotYours, vec![]), "{request:?}");
    }
    // A contract of one's own opens nothing of others', either.
    let other = stranger.contract(&daemon, 1 << 20).await.terms.id();
    let (answer, _) = line.request(&own.get(other, 0), &[]).await.unwrap();
    assert_eq!(refusal(&answer), Refusal::Missing);
    let mut control = stranger.control(&daemon).await;
    for message in [Message::AskStanding { contract: Some(contract) }, Message::End { contract }] {
        let answer = control.ask(message).await;
        assert_eq!(answer, Message::Decline { reason: Refusal::NotYours });
    }
    // All of it is still there, for its owner.
    let (_, body) = bulk.request(&own.get(contract, 0), &[]).await.unwrap();
    assert_eq!(body, own.fragments[0]);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_those_announced_are_not_kept() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let mut bulk = customer.bulk(&daemon).await;
    let (one, two) = (block(&customer.local.keys.device, 1), block(&customer.local.keys.device, 2));
    let forged = block(&crate::fixtures::keys(9).device, 1);
    let with_manifest_of = |other: &TestBlock| TestBlock {
        id: one.id,
        fragments: one.fragments.clone(),
        manifest: other.manifest.clone(),
    };
    let wrong = [
        (one.put(contract, 0), &one.fragments[1]),
        (with_manifest_of(&two).put(contract, 0), &one.fragments[0]),
        (with_manifest_of(&forged).put(contract, 0), &one.fragments[0]),
    ];
    for (request, body) in wrong {
        let (answer, _) = bulk.request(&request, body).await.unwrap();
        assert_eq!(refusal(&answer), Refusal::Mismatch, "{request:?}");
    }
    // The stream is as good as before, and the reservations are free again.
    let (answer, _) = bulk.request(&one.put(contract, 0), &one.fragments[0]).await.unwrap();
    assert!(matches!(answer, BulkAnswer::Stored { .. }));
    let customers = daemon.running.handle.customers().await.unwrap();
    assert_eq!(customers[0].fragments, 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_request_serves_nobody_again() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let own = block(&customer.local.keys.device, 1);
    let mut bulk = customer.bulk(&daemon).await;
    bulk.request(&own.put(contract, 0), &own.fragments[0]).await.unwrap();

    let captured = bulk.seal(&own.delete(contract, 0));
    let mut other = customer.bulk(&daemon).await;
    other.stream.write_all(&captured).await.unwrap();
    other.stream.flush().await.unwrap();
    assert!(other.answer().await.is_err(), "made for another connection");

    let get = bulk.seal(&own.get(contract, 0));
    for is_first in [true, false] {
        bulk.stream.write_all(&get).await.unwrap();
        bulk.stream.flush().await.unwrap();
        assert_eq!(bulk.answer().await.is_ok(), is_first, "once, and not again");
    }
    let mut fresh = customer.bulk(&daemon).await;
    let (_, body) = fresh.request(&own.get(contract, 0), &[]).await.unwrap();
    assert_eq!(body, own.fragments[0], "the deletion that was replayed did nothing");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_puts_at_once_stay_within_the_quota() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let quota_bytes = QUOTA * FRAGMENT_BYTES as u64;
    let contract = customer.contract(&daemon, quota_bytes).await.terms.id();
    let mut tasks = tokio::task::JoinSet::new();
    for stream in 0..4_u64 {
        let mut bulk = customer.bulk(&daemon).await;
        let key = customer.local.keys.device.clone();
        tasks.spawn(async move {
            let mut kept = vec![];
            for number in 0..QUOTA {
                let block = block(&key, stream * 100 + number);
                let request = block.put(contract, 0);
                match bulk.request(&request, &block.fragments[0]).await.unwrap().0 {
                    BulkAnswer::Stored { .. } => kept.push(block.id),
                    other => assert_eq!(refusal(&other), Refusal::Quota),
                }
            }
            kept
        });
    }
    let kept: BTreeSet<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(kept.len() as u64, QUOTA, "as many as there is room for, and no more");
    let standing = customer.control(&daemon).await;
    let mut standing = standing;
    let answer = standing.ask(Message::AskStanding { contract: Some(contract) }).await;
    let Message::Standing { fragments, bytes, receipt: Some(_), .. } = answer else {
        panic!("no standing: {answer:?}")
    };
    assert_eq!((fragments, bytes), (QUOTA, quota_bytes));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_is_there_after_a_restart() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let own = block(&customer.local.keys.device, 1);
    let mut bulk = customer.bulk(&daemon).await;
    bulk.request(&own.put(contract, 0), &own.fragments[0]).await.unwrap();
    bulk.request(&own.put(contract, 1), &own.fragments[1]).await.unwrap();
    let ask = Message::AskStanding { contract: Some(contract) };
    let before = customer.control(&daemon).await.ask(ask.clone()).await;

    let daemon = daemon.restart(1).await;
    customer.meet(&daemon).await;
    assert_eq!(customer.control(&daemon).await.ask(ask).await, before);
    let mut bulk = customer.bulk(&daemon).await;
    for index in [0, 1] {
        let (_, body) = bulk.request(&own.get(contract, index), &[]).await.unwrap();
        assert_eq!(body, own.fragments[usize::from(index)]);
    }
    // The same again is no second fragment.
    let (answer, _) = bulk.request(&own.put(contract, 0), &own.fragments[0]).await.unwrap();
    assert!(matches!(answer, BulkAnswer::Stored { .. }));
    let (answer, _) = bulk.request(&own.delete(contract, 0), &[]).await.unwrap();
    assert!(matches!(answer, BulkAnswer::Stored { .. }));
    let (answer, _) = bulk.request(&own.get(contract, 0), &[]).await.unwrap();
    assert_eq!(refusal(&answer), Refusal::Missing);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_lengths_and_garbage_end_a_stream_and_nothing_else() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 20).await.terms.id();
    let huge = [u32::MAX.to_le_bytes(), [0; 4]].concat();
    let garbage = [&8_u32.to_le_bytes()[..], &[7; 8]].concat();
    for bytes in [huge, garbage, vec![0; 4]] {
        for talk in [customer.control(&daemon).await, customer.bulk(&daemon).await] {
            let mut stream = talk.stream;
            stream.write_all(&bytes).await.unwrap();
            stream.flush().await.unwrap();
            let mut rest = vec![];
            // Closed or reset; control streams may have said something before.
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
    let own = block(&customer.local.keys.device, 1);
    let mut bulk = customer.bulk(&daemon).await;
    let (answer, _) = bulk.request(&own.put(contract, 0), &own.fragments[0]).await.unwrap();
    assert!(matches!(answer, BulkAnswer::Stored { .. }));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fragment_longer_than_any_may_be_ends_the_stream() {
    let daemon = Daemon::start(1, settings()).await;
    let customer = Outsider::new(2).await;
    customer.meet(&daemon).await;
    let contract = customer.contract(&daemon, 1 << 30).await.terms.id();
    let own = block(&customer.local.keys.device, 1);
    let mut bulk = customer.bulk(&daemon).await;
    let storage::wire::BulkRequest::Put { block, index, masked_root, manifest, .. } =
        own.put(contract, 0)
    else {
        panic!("a put")
    };
    let bytes = base::DATA_BYTES_MAX as u32 + 1;
    let request =
        storage::wire::BulkRequest::Put { contract, block, index, bytes, masked_root, manifest };
    assert!(encode(&request).len() < base::CONTROL_BYTES_MAX);
    assert!(bulk.request(&request, &[]).await.is_err());
    daemon.stop().await;
}
