//! Greetings and envelopes on a stream in memory, in a time that passes at once.

use base::{DeviceId, RequestId};
use mesh::Refusal;
use proptest::prelude::*;
use tokio::io::{DuplexStream, duplex};
use tokio::time::Instant;

use super::*;
use crate::fixtures::{NETWORK, local};

const WINDOW: usize = 256 * 1024;

/// Two ends that have greeted each other.
async fn greeted() -> [(DuplexStream, Inward, Outward); 2] {
    let (mut one, mut two) = duplex(WINDOW);
    let (ours, theirs) = (local(1, NETWORK), local(2, NETWORK));
    let (own, other) = tokio::join!(
        greet(&mut one, theirs.asker().device, &ours),
        greet(&mut two, ours.asker().device, &theirs),
    );
    let ((inward, outward), (their_inward, their_outward)) = (own.unwrap(), other.unwrap());
    assert_eq!((inward.peer(), their_inward.peer()), (theirs.asker(), ours.asker()));
    [(one, inward, outward), (two, their_inward, their_outward)]
}

fn letter(payload: Vec<u8>) -> Letter {
    Letter { kind: CONTROL, id: RequestId([7; 32]), answer_to: None, payload }
}

#[tokio::test(start_paused = true)]
async fn letters_arrive_in_their_order() {
    let [(mut one, _, mut outward), (mut two, mut inward, _)] = greeted().await;
    for number in 0..3_u8 {
        outward.send(&mut one, letter(vec![number; 1000])).await.unwrap();
    }
    for number in 0..3_u8 {
        let envelope = inward.receive(&mut two, CONTROL, None).await.unwrap();
        assert_eq!(envelope.payload, vec![number; 1000]);
    }
    drop(one);
    assert!(matches!(inward.receive(&mut two, CONTROL, None).await, Err(BorderError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn another_device_or_network_is_not_greeted() {
    let (ours, theirs) = (local(1, NETWORK), local(2, NETWORK));
    let elsewhere = local(2, "another");
    for (there, expected, wanted) in [
        (&theirs, DeviceId([9; 32]), Refusal::Peer),
        (&elsewhere, theirs.asker().device, Refusal::Network),
        (&ours, ours.asker().device, Refusal::Oneself),
    ] {
        let (mut one, mut two) = duplex(WINDOW);
        let (own, _) = tokio::join!(
            greet(&mut one, expected, &ours),
            greet(&mut two, ours.asker().device, there),
        );
        match own {
            Err(BorderError::Refused(refusal)) => assert_eq!(refusal, wanted),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("greeted: {wanted}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_greet_is_left_after_five_seconds() {
    let (mut one, mut two) = duplex(WINDOW);
    let ours = local(1, NETWORK);
    let begun = Instant::now();
    // A greeting that comes a byte a second.
    let trickle = async {
        let mut length = 4000_u32.to_le_bytes().into_iter();
        for _ in 0..100 {
            if two.write_all(&[length.next().unwrap_or(1)]).await.is_err() {
                return;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    };
    let greeting = greet(&mut one, DeviceId([2; 32]), &ours);
    tokio::select! {
        greeted = greeting => assert!(matches!(greeted, Err(BorderError::TooSlow))),
        () = trickle => panic!("it waits for ever"),
    }
    assert!(begun.elapsed() < GREETING_WAIT * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_envelope_that_begins_must_go_on() {
    let [(mut one, _, mut outward), (mut two, mut inward, _)] = greeted().await;
    let bytes = outward.seal(letter(vec![1; 1000])).unwrap();
    one.write_all(&bytes[..10]).await.unwrap();
    let begun = Instant::now();
    let received = inward.receive(&mut two, CONTROL, None).await;
    assert!(matches!(received, Err(BorderError::TooSlow)));
    assert_eq!(begun.elapsed().as_secs(), ENVELOPE_WAIT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_given_up_where_there_is_a_limit() {
    let [(_one, ..), (mut two, mut inward, _)] = greeted().await;
    let wait = Duration::from_secs(60);
    let received = inward.receive(&mut two, CONTROL, Some(wait)).await;
    assert!(matches!(received, Err(BorderError::TooSlow)));
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_given_up() {
    let [(mut one, _, mut outward), _two] = greeted().await;
    let mut sent = 0;
    let error = loop {
        match outward.send(&mut one, letter(vec![1; 60_000])).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, BorderError::TooSlow));
    assert!(sent < 6, "the window is full after that");
}

#[tokio::test(start_paused = true)]
async fn an_envelope_is_taken_once_and_in_its_place_only() {
    let [(mut one, _, mut outward), (mut two, mut inward, _)] = greeted().await;
    let bytes = outward.seal(letter(vec![1])).unwrap();
    one.write_all(&bytes).await.unwrap();
    one.write_all(&bytes).await.unwrap();
    inward.receive(&mut two, CONTROL, None).await.unwrap();
    let again = inward.receive(&mut two, CONTROL, None).await;
    assert!(matches!(again, Err(BorderError::Refused(Refusal::Counter { .. }))));

    let [(mut other, ..), _] = greeted().await;
    drop(other.write_all(&bytes).await);
    let [_, (_, mut elsewhere, _)] = greeted().await;
    let mut replayed = &bytes[..];
    let refused = elsewhere.receive(&mut replayed, CONTROL, None).await;
    assert!(matches!(refused, Err(BorderError::Refused(Refusal::Challenge))));
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_stream_has_its_own_envelopes() {
    let [(mut one, _, mut outward), (mut two, mut inward, _)] = greeted().await;
    outward.send(&mut one, letter(vec![1])).await.unwrap();
    let received = inward.receive(&mut two, BULK_REQUEST, None).await;
    assert!(matches!(received, Err(BorderError::Payload)));
}

#[tokio::test(start_paused = true)]
async fn a_payload_beyond_the_limit_is_not_sent() {
    let [(mut one, _, mut outward), _two] = greeted().await;
    let sent = outward.send(&mut one, letter(vec![0; mesh::PAYLOAD_BYTES_MAX + 1])).await;
    assert!(matches!(sent, Err(BorderError::Seal(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_peer_sends_ends_in_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        place in 0_usize..400,
        is_mutated: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let [(one, _, mut outward), (_two, mut inward, _)] = greeted().await;
            drop(one);
            let mut sent = outward.seal(letter(bytes.clone())).unwrap();
            if is_mutated {
                let place = place % sent.len();
                sent[place] ^= 1;
            } else {
                sent = bytes;
            }
            let mut stream = &sent[..];
            assert!(inward.receive(&mut stream, CONTROL, None).await.is_err());
        });
    }
}
