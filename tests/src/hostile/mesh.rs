//! What a stranger on the network may send: greetings, envelopes, records and their keys, frames.

use std::sync::LazyLock;

use base::{DeviceId, Hash, RequestId, encode};
use identity::{
    CONTACT_LIFE_MS_MAX, CertifiedDevice, ContactRecord, DOCUMENT_LIFE_MS_MAX, DeviceName, Edition,
    IdentityDocument, Keystore, Phrase, Seed, Services, SignedContact, SignedDocument,
};
use mesh::{
    FrameDecoder, FrameError, Hello, Kind, OFFER_LIFE_MS_MAX, OfferedService, Outgoing, Proving,
    ROOT_LIFE_MS_MAX, Record, RecordKey, RootRecord, ServiceOffer, Session, Verdict, frame,
    validate,
};

use super::{Decoder, NETWORK, NOW, device_key, is_form, read};

/// The first message of each side.
pub const HELLO: Decoder =
    Decoder { name: "mesh_hello", takes: takes_hello, valid: || WORLD.greetings.clone() };
/// A signed packet on an open connection.
pub const ENVELOPE: Decoder =
    Decoder { name: "mesh_envelope", takes: takes_envelope, valid: || WORLD.envelopes.clone() };
/// A record of the distributed hash table.
pub const RECORD: Decoder =
    Decoder { name: "mesh_record", takes: takes_record, valid: || WORLD.records.clone() };
/// The key of such a record.
pub const KEY: Decoder = Decoder { name: "mesh_key", takes: takes_key, valid: valid_keys };
/// A stream of frames.
pub const FRAMES: Decoder =
    Decoder { name: "mesh_frames", takes: takes_frames, valid: valid_frames };

/// Messages on the stream under attack, bytes at most.
const FRAME_BYTES_MAX: usize = 1_000;

struct World {
    own: Hello,
    session: Session,
    greetings: Vec<Vec<u8>>,
    envelopes: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
}

/// Bob, at whom everything is thrown, and what Alice once said to him.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (alice, bob) = (keystore(1, 0), keystore(2, 0));
    let hello =
        |keystore: &Keystore| Hello::new(NETWORK, keystore.credential(), keystore.device_id().0);
    let open = |own: &Keystore, peer: &Keystore| {
        let theirs = encode(&hello(peer));
        let session =
            Session::open(&hello(own), &theirs, peer.device_id(), Proving::Signatures, NOW);
        session.expect("both are honest")
    };
    let mut session = open(&alice, &bob);
    let mut seal = |number: u8, answer_to| {
        let payload = vec![number; usize::from(number)];
        let (kind, id) = (Kind(number.into()), RequestId([number; 32]));
        let outgoing = Outgoing { kind, id, answer_to, payload, life_ms: 60_000 };
        session.seal(&alice.device, outgoing, NOW).expect("short")
    };
    let envelopes = vec![seal(0, None), seal(1, Some(RequestId([9; 32]))), seal(99, None)];
    World {
        own: hello(&bob),
        session: open(&bob, &alice),
        greetings: vec![encode(&hello(&alice)), encode(&hello(&keystore(1, 2)))],
        envelopes,
        records: records(&alice),
    }
});

/// Identity `number` after so many rotations of its key.
pub(super) fn keystore(number: u8, rotations: usize) -> Keystore {
    let seed = Seed::new(&Phrase::from_entropy([number; 32]));
    let rotate = |chain: identity::Chain, _| chain.rotate(&seed).expect("few rotations");
    let chain = (0..rotations).fold(seed.chain(), rotate);
    let name = DeviceName::new("laptop").expect("a name");
    Keystore::from_seed(&seed, chain, device_key(number + 10), name, NOW).expect("its own chain")
}

/// What an identity says about itself.
pub(super) fn document(mine: &Keystore) -> SignedDocument {
    let document = IdentityDocument {
        edition: Edition::new(NETWORK, 7, NOW, DOCUMENT_LIFE_MS_MAX),
        agreement: mine.agreement.public(),
        devices: vec![CertifiedDevice::new(&mine.certificate)],
        services: Services::SUPPLIER,
        sources: vec!["/ip4/192.0.2.7/tcp/4001".into()],
    };
    SignedDocument::publish(&mine.master, mine.chain.clone(), document).expect("within the limits")
}

fn records(mine: &Keystore) -> Vec<Vec<u8>> {
    let edition = |life_ms| Edition::new(NETWORK, 7, NOW, life_ms);
    let suppliers = (1..5).map(|number| device_key(number).public().into()).collect();
    let root =
        RootRecord { edition: edition(ROOT_LIFE_MS_MAX), document: Hash([5; 32]), suppliers };
    let addresses = vec!["/ip4/192.0.2.7/tcp/4001".into(), "/ip6/::1/udp/1/quic-v1".into()];
    let contact = ContactRecord { edition: edition(CONTACT_LIFE_MS_MAX), addresses };
    let offer = ServiceOffer {
        edition: edition(OFFER_LIFE_MS_MAX),
        service: OfferedService::Supplier,
        free_bytes: 1 << 40,
        quota_bytes_max: 1 << 36,
        term_ms_max: 1 << 35,
        price: 0,
    };
    let contact = SignedContact::publish(&mine.device, mine.credential(), contact);
    let records = [
        Record::Identity(document(mine)),
        Record::sign_root(&mine.master, mine.chain.clone(), root).expect("within the limits"),
        Record::Contact(contact.expect("within the limits")),
        Record::sign_offer(&mine.device, mine.credential(), offer).expect("within the limits"),
    ];
    records.iter().map(Record::bytes).collect()
}

fn takes_hello(bytes: &[u8]) -> bool {
    let peer: DeviceId = device_key(11).public().into();
    let session = Session::open(&WORLD.own, bytes, peer, Proving::Signatures, NOW);
    let has_form = is_form::<Hello>(bytes);
    assert!(has_form || session.is_err(), "something else than a greeting");
    session.is_ok_and(|session| session.peer().device == peer)
}

fn takes_envelope(bytes: &[u8]) -> bool {
    let is_taken = WORLD.session.clone().receive(bytes, NOW).is_ok();
    assert!(!is_taken || WORLD.envelopes.iter().any(|sent| sent == bytes), "a forged envelope");
    is_taken
}

fn takes_record(bytes: &[u8]) -> bool {
    let Some(record) = read::<Record>(bytes) else {
        let key = RecordKey::all(mesh::RecordKind::Root, [7; 32])[0].bytes();
        let verdict = validate(NETWORK, &key, bytes, None, NOW);
        assert!(matches!(verdict, Verdict::Refuse { .. }), "something else than a record");
        return false;
    };
    let accepted = |(stored, key): (Option<&Vec<u8>>, RecordKey)| {
        let verdict = validate(NETWORK, &key.bytes(), bytes, stored.map(Vec::as_slice), NOW);
        matches!(verdict, Verdict::Accept { .. })
    };
    let stored = WORLD.records.iter().map(Some).chain([None]);
    let is_taken = stored.zip(record.keys().into_iter().cycle()).any(accepted);
    assert!(!is_taken || WORLD.records.iter().any(|made| made == bytes), "a forged record");
    is_taken
}

fn takes_key(bytes: &[u8]) -> bool {
    let Ok(key) = RecordKey::parse(bytes) else { return false };
    assert!(key.bytes() == bytes, "a second form of one key");
    true
}

fn valid_keys() -> Vec<Vec<u8>> {
    let record = |bytes: &Vec<u8>| read::<Record>(bytes).expect("our own");
    WORLD.records.iter().flat_map(|bytes| record(bytes).keys()).map(|key| key.bytes()).collect()
}

/// The first byte tells in what pieces the rest arrives, which makes no difference.
fn takes_frames(bytes: &[u8]) -> bool {
    let Some((piece, stream)) = bytes.split_first() else { return false };
    let messages = split(stream, usize::from(*piece) + 1);
    assert!(messages.is_ok() == split(stream, stream.len().max(1)).is_ok(), "pieces matter");
    let Ok(messages) = messages else { return false };
    let framed = messages.iter().flat_map(|each| frame(each, FRAME_BYTES_MAX).expect("it came so"));
    assert!(framed.eq(stream.iter().copied()), "other messages than were sent");
    true
}

fn split(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut messages = vec![];
    for piece in stream.chunks(piece) {
        messages.extend(decoder.push(piece)?);
    }
    decoder.finish().map(|()| messages)
}

fn valid_frames() -> Vec<Vec<u8>> {
    let framed = |length| frame(&vec![7; length], FRAME_BYTES_MAX).expect("within the limit");
    let stream = |lengths: &[usize]| -> Vec<u8> {
        lengths.iter().flat_map(|length| framed(*length)).collect()
    };
    vec![
        [vec![0], stream(&[1, 2, 3])].concat(),
        [vec![6], stream(&[FRAME_BYTES_MAX])].concat(),
        [vec![255], stream(&[300, 1, 30])].concat(),
    ]
}
