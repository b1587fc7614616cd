//! Only what the connected device made for this connection passes the border, and only once.

use base::{CONTROL_BYTES_MAX, HOUR_MS, Label, RequestId, Signature, SymmetricKey};
use expect_test::expect;
use identity::{DeviceCertificate, Keystore};
use proptest::prelude::*;

use super::proof::Proof;
use super::*;
use crate::tests::{
    Chance, NETWORK, NOW, device_id, every_bit_counts, hex, keystore, rotated, withstands,
};

/// Two nodes and their sessions with each other.
struct Pair {
    alice: Keystore,
    bob: Keystore,
    alice_session: Session,
    bob_session: Session,
}

fn hello(keystore: &Keystore) -> Hello {
    Hello::new(NETWORK, keystore.credential(), keystore.device_id().0)
}

fn open(own: &Keystore, theirs: &Hello, peer: DeviceId) -> Result<Session, Refusal> {
    Session::open(&hello(own), &encode(theirs), peer, Proving::Signatures, NOW)
}

fn pair_proving(proving: Proving) -> Pair {
    let (alice, bob) = (keystore(1, 11), keystore(2, 12));
    let open = |own: &Keystore, peer: &Keystore| {
        let theirs = encode(&hello(peer));
        Session::open(&hello(own), &theirs, peer.device_id(), proving.clone(), NOW).unwrap()
    };
    let (alice_session, bob_session) = (open(&alice, &bob), open(&bob, &alice));
    Pair { alice, bob, alice_session, bob_session }
}

fn pair() -> Pair {
    pair_proving(Proving::Signatures)
}

fn outgoing(payload: &[u8]) -> Outgoing {
    Outgoing {
        kind: Kind(3),
        id: RequestId([6; 32]),
        answer_to: None,
        payload: payload.to_vec(),
        life_ms: 60_000,
    }
}

impl Pair {
    /// What Alice sends to Bob.
    fn sent(&mut self, payload: &[u8]) -> Vec<u8> {
        self.alice_session.seal(&self.alice.device, outgoing(payload), NOW).unwrap()
    }

    fn received(&mut self, bytes: &[u8]) -> Result<Verified<Envelope>, Refusal> {
        self.bob_session.receive(bytes, NOW)
    }

    /// What Alice could send if her program had `change` in it.
    fn crafted(&mut self, change: impl FnOnce(&mut Envelope)) -> Vec<u8> {
        let Sealed { mut envelope, .. } = decode(&self.sent(b"dust")).unwrap();
        change(&mut envelope);
        let proof = Proving::Signatures.prove(&self.alice.device, &envelope);
        encode(&Sealed { envelope, proof })
    }

    fn refusal(change: impl FnOnce(&mut Envelope)) -> Option<Refusal> {
        let mut pair = pair();
        let bytes = pair.crafted(change);
        pair.received(&bytes).err()
    }
}

#[test]
fn the_bytes_are_frozen() {
    expect!["01030303030303030303030303030303030303030303030303030303030303030301009c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a060000006c6170746f70151d4ff8a10100000089da7cbf45316119fabf2671b08503cb0720fcc950c5c8e42d7d4b42410d4562f2d1f0995a81cdd34dff3bc6029df9cb90bd7fcbd329df83a0976f7eef9cb70b66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a"].assert_eq(&hex(&encode(&hello(&keystore(1, 11)))));
    expect!["010303030303030303030303030303030303030303030303030303030303030303010003000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a0b513ad9b4924015ca0902ed079044d3ac5dbec2306f06948c10da8eb6e39f2d0606060606060606060606060606060606060606060606060606060606060606000b513ad9b4924015ca0902ed079044d3ac5dbec2306f06948c10da8eb6e39f2d0000000000000000151d4ff8a1010000750750f8a101000004000000647573740085261d0f4b8bf9fbfc026efdc58d68302ef318941889deed0eb3def9d246e535f0470b3fb84c753c201dc259abbd6c1f426eee3f38b23dc2b369c2d600a11302"].assert_eq(&hex(&pair().sent(b"dust")));
}

#[test]
fn what_one_side_says_the_other_side_hears() {
    let mut pair = pair();
    for number in 0..3_u8 {
        let bytes = pair.sent(&[number]);
        let heard = pair.received(&bytes).unwrap();
        assert_eq!(heard.payload, [number]);
        assert_eq!((heard.sender, heard.sender_device), (pair.alice.identity(), device_id(11)));
        assert_eq!(
            (heard.kind, heard.id, heard.counter),
            (Kind(3), RequestId([6; 32]), number.into())
        );
    }
    let answer = Outgoing { answer_to: Some(RequestId([6; 32])), ..outgoing(b"yes") };
    let answer = pair.bob_session.seal(&pair.bob.device, answer, NOW).unwrap();
    let heard = pair.alice_session.receive(&answer, NOW).unwrap().into_inner();
    assert_eq!(heard.answer_to, Some(RequestId([6; 32])));
    assert_eq!(pair.alice_session.peer().identity, pair.bob.identity());
}

#[test]
fn a_greeting_counts_from_the_connected_device_only() {
    let (alice, bob, eve) = (keystore(1, 11), keystore(2, 12), keystore(3, 13));
    assert!(open(&alice, &hello(&bob), bob.device_id()).is_ok());
    // Eve shows what Bob has shown to her.
    assert_eq!(open(&alice, &hello(&bob), eve.device_id()).err(), Some(Refusal::Peer));
    assert_eq!(open(&alice, &hello(&alice), alice.device_id()).err(), Some(Refusal::Oneself));
}

#[test]
fn a_greeting_needs_network_protocol_and_credential() {
    let (alice, bob) = (keystore(1, 11), keystore(2, 12));
    let refusal = |theirs: Hello| open(&alice, &theirs, device_id(12)).err();
    let foreign = Hello { network: NetworkId([4; 32]), ..hello(&bob) };
    assert_eq!(refusal(foreign), Some(Refusal::Network));
    let ancient = Hello { protocol: 0, ..hello(&bob) };
    assert_eq!(refusal(ancient), Some(Refusal::Protocol { found: 0 }));
    let newer = Hello { protocol: 9, ..hello(&bob) };
    assert_eq!(open(&alice, &newer, device_id(12)).unwrap().protocol(), PROTOCOL);
    // Eve gives Bob's device a certificate in the name of Alice.
    let eve = keystore(3, 13);
    let certificate =
        DeviceCertificate { identity: alice.identity(), ..bob.certificate.body.clone() };
    let credential = Credential::issue(&eve.master, alice.chain.clone(), certificate);
    let forged = refusal(Hello { credential, ..hello(&bob) });
    assert_eq!(forged, Some(Refusal::Credential(CredentialError::Signature)));
}

#[test]
fn a_replay_is_refused() {
    let mut pair = pair();
    let (first, second) = (pair.sent(b"one"), pair.sent(b"two"));
    assert!(pair.received(&first).is_ok());
    let again = Refusal::Counter { expected: 1, found: 0 };
    assert_eq!(pair.received(&first).err(), Some(again));
    assert!(pair.received(&second).is_ok());
    let late = Refusal::Counter { expected: 2, found: 0 };
    assert_eq!(pair.received(&first).err(), Some(late));
}

#[test]
fn an_envelope_of_another_connection_is_refused() {
    let mut old = pair();
    let bytes = old.sent(b"dust");
    // The same two devices meet again; Bob's challenge is another one.
    let mut new = pair();
    let hello = Hello { challenge: [1; 32], ..hello(&new.bob) };
    let theirs = encode(&super::tests::hello(&new.alice));
    let proving = Proving::Signatures;
    new.bob_session = Session::open(&hello, &theirs, device_id(11), proving, NOW).unwrap();
    assert_eq!(new.received(&bytes).err(), Some(Refusal::Challenge));
}

#[test]
fn every_claim_of_an_envelope_is_checked() {
    let bob = keystore(2, 12);
    let cases = [
        (Pair::refusal(|envelope| envelope.network = NetworkId([4; 32])), Refusal::Network),
        (Pair::refusal(|envelope| envelope.protocol = 2), Refusal::Protocol { found: 2 }),
        (Pair::refusal(|envelope| envelope.sender = bob.identity()), Refusal::Sender),
        (Pair::refusal(|envelope| envelope.sender_device = device_id(12)), Refusal::Sender),
        (Pair::refusal(|envelope| envelope.recipient_device = device_id(13)), Refusal::Recipient),
        (Pair::refusal(|envelope| envelope.challenge = [1; 32]), Refusal::Challenge),
        (
            Pair::refusal(|envelope| envelope.counter = u64::MAX),
            Refusal::Counter { expected: 0, found: u64::MAX },
        ),
        (Pair::refusal(|envelope| envelope.date = NOW.plus_ms(AHEAD_MS_MAX + 1)), Refusal::Life),
        (
            Pair::refusal(|envelope| {
                envelope.date = NOW.plus_ms(AHEAD_MS_MAX + 1);
                envelope.expires = NOW.plus_ms(HOUR_MS);
            }),
            Refusal::Future(NOW.plus_ms(AHEAD_MS_MAX + 1)),
        ),
        (Pair::refusal(|envelope| envelope.expires = NOW.plus_ms(HOUR_MS + 1)), Refusal::Life),
        (
            Pair::refusal(|envelope| {
                envelope.date = Date(NOW.0 - 2);
                envelope.expires = NOW;
            }),
            Refusal::Expired(NOW),
        ),
        (
            Pair::refusal(|envelope| envelope.payload = vec![0; PAYLOAD_BYTES_MAX + 1]),
            Refusal::Payload(PAYLOAD_BYTES_MAX + 1),
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, Some(expected));
    }
    assert_eq!(Pair::refusal(|_| {}), None);
    assert_eq!(Pair::refusal(|envelope| envelope.counter = 5), None);
}

#[test]
fn a_valid_signature_by_somebody_else_opens_nothing() {
    // The owner/creator hole: the packet names Alice, and is signed, but by Eve.
    let (mut pair, eve) = (pair(), keystore(3, 13));
    let Sealed { envelope, .. } = decode(&pair.sent(b"dust")).unwrap();
    let proof = Proving::Signatures.prove(&eve.device, &envelope);
    let forged = encode(&Sealed { envelope: envelope.clone(), proof });
    assert_eq!(pair.received(&forged).err(), Some(Refusal::Signature));
    // By Alice, but as something else.
    let signature = Signature::make(&pair.alice.device, Label::Receipt, &encode(&envelope));
    let proof = Proof::Signature(signature);
    let misused = encode(&Sealed { envelope: envelope.clone(), proof });
    assert_eq!(pair.received(&misused).err(), Some(Refusal::Signature));
    // By Alice's master key, which does not speak on connections.
    let proof = Proving::Signatures.prove(&pair.alice.master, &envelope);
    let master = encode(&Sealed { envelope, proof });
    assert_eq!(pair.received(&master).err(), Some(Refusal::Signature));
}

#[test]
fn a_refused_envelope_changes_nothing() {
    let mut pair = pair();
    let good = pair.sent(b"dust");
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(pair.received(&bad).err(), Some(Refusal::Signature));
    assert!(pair.received(&good).is_ok());
}

#[test]
fn the_longest_payload_passes_and_no_longer_one() {
    let mut pair = pair();
    let bytes = pair.sent(&vec![7; PAYLOAD_BYTES_MAX]);
    assert!(bytes.len() <= ENVELOPE_BYTES_MAX);
    assert!(pair.received(&bytes).is_ok());
    let too_long = outgoing(&vec![7; PAYLOAD_BYTES_MAX + 1]);
    let error = pair.alice_session.seal(&pair.alice.device, too_long, NOW);
    assert_eq!(error, Err(SealError::Payload(CONTROL_BYTES_MAX + 1)));
    let form = pair.received(&vec![1; ENVELOPE_BYTES_MAX + 1]).err();
    assert!(matches!(form, Some(Refusal::Form(DecodeError::TooLong { .. }))));
}

#[test]
fn keyed_hashes_pass_only_where_they_are_agreed() {
    let mut cheap = pair_proving(Proving::KeyedHashes(SymmetricKey([8; 32])));
    let bytes = cheap.sent(b"dust");
    let mut real = pair();
    assert_eq!(real.received(&bytes).err(), Some(Refusal::Proving));
    let signed = real.sent(b"dust");
    assert_eq!(cheap.received(&signed).err(), Some(Refusal::Proving));
    let mut other = pair_proving(Proving::KeyedHashes(SymmetricKey([9; 32])));
    assert_eq!(other.received(&bytes).err(), Some(Refusal::Signature));
    let session = cheap.bob_session;
    every_bit_counts(&bytes, |bytes| session.clone().receive(bytes, NOW).is_ok());
}

#[test]
fn a_rotated_identity_speaks_with_its_new_generation() {
    let (alice, bob) = (rotated(1, 11), keystore(2, 12));
    let session = open(&bob, &hello(&alice), device_id(11)).unwrap();
    assert_eq!(session.peer().generation, 1);
}

#[test]
fn no_bit_of_an_envelope_is_free() {
    let mut pair = pair();
    let bytes = pair.sent(b"dust");
    let session = pair.bob_session;
    every_bit_counts(&bytes, |bytes| session.clone().receive(bytes, NOW).is_ok());
}

#[test]
fn hostile_bytes_are_refused() {
    let mut pair = pair();
    let good = pair.sent(b"dust");
    withstands(&decode::<Sealed>(&good).unwrap());
    withstands(&hello(&pair.alice));
    let (mut chance, mut session) = (Chance(11), pair.bob_session);
    for _ in 0..100_000 {
        let bytes = chance.mutate(&good);
        assert!(bytes == good || session.receive(&bytes, NOW).is_err());
    }
    assert_eq!(session.next_received, 0);
}

proptest! {
    #[test]
    fn each_envelope_passes_at_most_once(order in prop::collection::vec(0_usize..5, 0..20)) {
        let mut pair = pair_proving(Proving::KeyedHashes(SymmetricKey([8; 32])));
        let sent: Vec<Vec<u8>> = (0..5).map(|number| pair.sent(&[number])).collect();
        let mut heard = vec![];
        for number in order {
            if let Ok(envelope) = pair.received(&sent[number]) {
                heard.push(envelope.counter);
            }
        }
        prop_assert!(heard.is_sorted_by(|one, next| one < next));
    }
}
