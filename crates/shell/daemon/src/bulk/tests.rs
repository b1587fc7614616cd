//! Receipts in any order, manifests, and a server that nobody is quick for.

use std::time::Duration;

use base::{BlockId, ContractId, Date, Hash, Label, Signed, encode};
use storage::wire::BulkRequest;
use store::receipt::{Change, ReceiptBody, ReceiptEntry};

use super::desk::{Desk, Verdict};
use super::is_of;
use super::receipts::{ReceiptError, Receipts, Sent};
use crate::fixtures::{FRAGMENT_BYTES, block, keys};

mod silent;
mod slow;

const CONTRACT: ContractId = ContractId([4; 32]);

fn entry(number: u8) -> ReceiptEntry {
    ReceiptEntry {
        change: Change::Kept,
        block: BlockId([number; 32]),
        index: 0,
        masked_root: Hash([number; 32]),
        bytes: 4096,
    }
}

fn sent(number: u8) -> Sent {
    let ReceiptEntry { block, index, masked_root, bytes, .. } = entry(number);
    let device = keys(1).device_id();
    Sent { device, contract: CONTRACT, block, index, masked_root, bytes }
}

/// A chain of receipts, each for one fragment.
fn chain(length: u8) -> Vec<ReceiptBody> {
    let mut all: Vec<ReceiptBody> = vec![];
    for number in 1..=length {
        all.push(ReceiptBody {
            contract: CONTRACT,
            sequence: number.into(),
            previous: all.last().map_or(Hash::default(), ReceiptBody::chain_hash),
            entries: vec![entry(number)],
            total_fragments: number.into(),
            total_bytes: u64::from(number) * 4096,
            until: Date(1),
            date: Date(0),
        });
    }
    all
}

fn signed(body: &ReceiptBody) -> Vec<u8> {
    encode(&Signed::new(&keys(1).device, Label::Receipt, body.clone()))
}

#[test]
fn receipts_may_come_in_any_order() {
    let chain = chain(5);
    for order in [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 1, 5, 2, 4]] {
        let mut receipts = Receipts::default();
        for number in order {
            let body = &chain[usize::from(number) - 1];
            let receipt = receipts.take(&signed(body), &sent(number)).unwrap();
            assert_eq!(&receipt.body, body);
        }
        assert!(receipts.agree(&chain[4]), "the newest is agreed to");
        assert!(!receipts.agree(&chain[4]), "once");
        assert!(!receipts.agree(&chain[3]), "older ones never");
    }
}

#[test]
fn a_second_chain_is_seen_from_both_sides() {
    let chain = chain(3);
    let forged = ReceiptBody { date: Date(9), ..chain[1].clone() };
    for taken in [0, 1, 2] {
        let mut receipts = Receipts::default();
        let number = u8::try_from(taken).unwrap() + 1;
        receipts.take(&signed(&chain[taken]), &sent(number)).unwrap();
        let second = receipts.take(&signed(&forged), &sent(2));
        // One after the first is as it should be; it contradicts its like and what follows.
        assert_eq!(second.err(), (taken > 0).then_some(ReceiptError::Fork), "{taken}");
    }
}

#[test]
fn a_receipt_names_exactly_what_was_sent() {
    let body = chain(1).remove(0);
    let with = |change: fn(&mut ReceiptBody)| {
        let mut body = body.clone();
        change(&mut body);
        Receipts::default().take(&signed(&body), &sent(1)).unwrap_err()
    };
    assert_eq!(with(|body| body.contract = ContractId([5; 32])), ReceiptError::Contract);
    assert_eq!(with(|body| body.entries[0].index = 1), ReceiptError::Entry);
    assert_eq!(with(|body| body.entries[0].masked_root = Hash([9; 32])), ReceiptError::Entry);
    assert_eq!(with(|body| body.entries[0].bytes = 1), ReceiptError::Entry);
    assert_eq!(with(|body| body.entries[0].change = Change::Removed), ReceiptError::Entry);
    assert_eq!(with(|body| body.entries.clear()), ReceiptError::Entry);
    assert_eq!(with(|body| body.total_bytes = 4095), ReceiptError::Totals);
    assert_eq!(with(|body| body.total_fragments = 0), ReceiptError::Totals);
    assert_eq!(with(|body| body.sequence = 0), ReceiptError::Totals);
    let by_another = encode(&Signed::new(&keys(2).device, Label::Receipt, body.clone()));
    let refused = Receipts::default().take(&by_another, &sent(1));
    assert_eq!(refused.unwrap_err(), ReceiptError::Signature);
    assert_eq!(Receipts::default().take(&[1, 2], &sent(1)).unwrap_err(), ReceiptError::Form);
}

#[test]
fn a_manifest_is_of_its_block_device_and_length() {
    let (owner, bytes) = (keys(1), FRAGMENT_BYTES as u32);
    let own = block(&owner.device, 1);
    let device = owner.device_id();
    assert!(is_of(&own.manifest, device, own.id, (0, bytes)));
    assert!(is_of(&own.manifest, device, own.id, (1, bytes)));
    assert!(!is_of(&own.manifest, device, own.id, (2, bytes)));
    assert!(!is_of(&own.manifest, device, own.id, (0, bytes / 2)));
    assert!(!is_of(&own.manifest, device, BlockId([1; 32]), (0, bytes)));
    assert!(!is_of(&own.manifest, keys(2).device_id(), own.id, (0, bytes)));
    assert!(!is_of(&block(&keys(2).device, 1).manifest, device, own.id, (0, bytes)));
    assert!(!is_of(&[], device, own.id, (0, bytes)));
}

#[test]
fn a_peer_has_so_many_streams_and_no_more() {
    let desk = Desk::default();
    let device = keys(1).device_id();
    let mut seats: Vec<_> = std::iter::from_fn(|| desk.seat(device)).take(100).collect();
    assert_eq!(seats.len(), 8);
    assert!(desk.seat(keys(2).device_id()).is_some(), "others are not concerned");
    seats.pop();
    assert!(desk.seat(device).is_some(), "a place is free again");
}

#[tokio::test]
async fn a_grant_that_comes_too_late_serves_nobody() {
    let desk = Desk::default();
    let (happenings, mut told) = tokio::sync::mpsc::channel(8);
    let request = BulkRequest::Get { contract: CONTRACT, block: BlockId([1; 32]), index: 0 };
    let asker = crate::fixtures::local(1, "n").asker();
    let asking = desk.ask(asker, request.clone(), &happenings);
    assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
    assert!(!desk.decide(0, Verdict::Serve), "the stream is gone");
    told.recv().await.unwrap();

    let (granted, ()) = tokio::join!(desk.ask(asker, request, &happenings), async {
        told.recv().await.unwrap();
        assert!(desk.decide(1, Verdict::Serve));
    });
    drop(granted.unwrap());
    let told = told.recv().await.unwrap();
    assert!(matches!(
        told,
        crate::run::happening::Happening::Input(node::input::Input::Served {
            stream: 1,
            kept: None
        })
    ));
}
