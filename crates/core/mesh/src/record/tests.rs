//! Records prove who made them, and nobody makes them for another.

use base::SymmetricKey;
use expect_test::expect;
use identity::{
    CONTACT_LIFE_MS_MAX, CertifiedDevice, ContactRecord, DOCUMENT_LIFE_MS_MAX, IdentityDocument,
    Keystore, Services,
};

use super::*;
use crate::tests::{
    NETWORK, NOW, device_id, every_bit_counts, hex, keystore, rotated, seed, withstands,
};

pub(super) fn edition(sequence: u64, life_ms: u64) -> Edition {
    Edition::new(NETWORK, sequence, NOW, life_ms)
}

pub(super) fn identity(mine: &Keystore, sequence: u64) -> Record {
    let document = IdentityDocument {
        edition: edition(sequence, DOCUMENT_LIFE_MS_MAX),
        agreement: mine.agreement.public(),
        devices: vec![CertifiedDevice::new(&mine.certificate)],
        services: Services::default(),
        sources: vec![],
    };
    let signed = SignedDocument::publish(&mine.master, mine.chain.clone(), document);
    Record::Identity(signed.unwrap())
}

pub(super) fn root(mine: &Keystore, sequence: u64) -> Record {
    let root = RootRecord {
        edition: edition(sequence, ROOT_LIFE_MS_MAX),
        document: Hash([5; 32]),
        suppliers: vec![device_id(21), device_id(22)],
    };
    Record::sign_root(&mine.master, mine.chain.clone(), root).unwrap()
}

pub(super) fn contact(mine: &Keystore, sequence: u64) -> Record {
    let edition = edition(sequence, CONTACT_LIFE_MS_MAX);
    let contact = ContactRecord { edition, addresses: vec!["/ip4/192.0.2.7/tcp/4001".into()] };
    let signed = SignedContact::publish(&mine.device, mine.credential(), contact);
    Record::Contact(signed.unwrap())
}

pub(super) fn supplier_offer(sequence: u64) -> ServiceOffer {
    ServiceOffer {
        edition: edition(sequence, OFFER_LIFE_MS_MAX),
        service: OfferedService::Supplier,
        free_bytes: 1 << 40,
        quota_bytes_max: 1 << 36,
        term_ms_max: 400 * DAY_MS,
        price: 0,
    }
}

pub(super) fn offer(mine: &Keystore, sequence: u64) -> Record {
    Record::sign_offer(&mine.device, mine.credential(), supplier_offer(sequence)).unwrap()
}

pub(super) fn all(mine: &Keystore, sequence: u64) -> [Record; 4] {
    let (identity, root) = (identity(mine, sequence), root(mine, sequence));
    [identity, root, contact(mine, sequence), offer(mine, sequence)]
}

#[test]
fn the_bytes_are_frozen() {
    let [identity, root, contact, offer] = all(&keystore(1, 11), 7).map(|record| record.bytes());
    expect!["01009c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b"]
        .assert_eq(&hex(&identity[..40]));
    expect!["01019c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f000000000003030303030303030303030303030303030303030303030303030303030303030700000000000000151d4ff8a101000015dd3e04aa010000050505050505050505050505050505050505050505050505050505050505050502000000d54207da194977dcf46adbfec2bc2e75b52d5a8a42184fedfdc00024f0e3e8da511c34a1a2cb521df16bb246b8de8e7997ce235c7e76b22a3d7503a24819dd8af06627bfad908a776908d441db6b456d37dae47bbca9608350dc187e4f85aec61fe760cdb5c4e3b7a42103dec24f4725fc8b6e7cdba077f5e696931bb4e2a40f"].assert_eq(&hex(&root));
    expect!["01029c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a060000006c6170746f70151d4ff8a10100000089da7cbf45316119fabf2671b08503cb0720fcc950c5c8e42d7d4b42410d4562f2d1f0995a81cdd34dff3bc6029df9cb90bd7fcbd329df83a0976f7eef9cb70b03030303030303030303030303030303030303030303030303030303030303030700000000000000151d4ff8a101000015fabcf8a101000001000000170000002f6970342f3139322e302e322e372f7463702f343030315aa13d1fb3228e5d90d5480bb29db3a9c739e6a209c70bd61c9ff2893860fe540c9dea5d435f756bf81c581b9091a85b392bbed5d41e2c27fb7c69a813b34c08"].assert_eq(&hex(&contact));
    expect!["01039c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a060000006c6170746f70151d4ff8a10100000089da7cbf45316119fabf2671b08503cb0720fcc950c5c8e42d7d4b42410d4562f2d1f0995a81cdd34dff3bc6029df9cb90bd7fcbd329df83a0976f7eef9cb70b03030303030303030303030303030303030303030303030303030303030303030700000000000000151d4ff8a101000015d59b02a2010000000000000000010000000000001000000000c0ef0b08000000000000000000000041cfcf762b9bcfd29373ab0704ec920f66798027c3138ec6b1c61266c30de7f9cf72c5ecbfdb3d9eceeb8d4547f7e76d9469cdef6697b2c5f4b1053369f9b709"].assert_eq(&hex(&offer));
}

#[test]
fn each_record_names_its_publisher() {
    let mine = keystore(1, 11);
    for record in all(&mine, 7) {
        let publisher = Publisher { identity: mine.identity(), generation: 0 };
        assert_eq!(record.check(NETWORK, NOW), Ok(publisher));
    }
}

#[test]
fn subjects_are_identities_and_devices() {
    let mine = keystore(1, 11);
    let (identity, device) = (mine.identity().0, mine.device_id().0);
    let subjects = all(&mine, 7).map(|record| record.subject());
    assert_eq!(subjects, [identity, identity, device, device]);
}

#[test]
fn each_kind_lasts_as_long_as_it_may() {
    let lives = [DOCUMENT_LIFE_MS_MAX, ROOT_LIFE_MS_MAX, CONTACT_LIFE_MS_MAX, OFFER_LIFE_MS_MAX];
    for (record, life) in all(&keystore(1, 11), 7).iter().zip(lives) {
        assert!(record.check(NETWORK, Date(NOW.0 + life - 1)).is_ok());
        assert!(record.check(NETWORK, NOW.plus_ms(life)).is_err());
        assert!(record.check(NetworkId([4; 32]), NOW).is_err());
        assert!(record.check(NETWORK, Date(NOW.0 - identity::AHEAD_MS_MAX - 1)).is_err());
    }
    let mine = keystore(1, 11);
    let long = ServiceOffer { edition: edition(7, OFFER_LIFE_MS_MAX + 1), ..supplier_offer(7) };
    let long = Record::sign_offer(&mine.device, mine.credential(), long);
    assert_eq!(long, Err(RecordError::Edition(EditionError::Life)));
}

fn root_with(mine: &Keystore, suppliers: Vec<DeviceId>) -> Result<Record, RecordError> {
    let root = RootRecord { edition: edition(7, 1), document: Hash([5; 32]), suppliers };
    Record::sign_root(&mine.master, mine.chain.clone(), root)
}

#[test]
fn suppliers_are_different_and_few() {
    let mine = keystore(1, 11);
    let many = |count: u8| (0..count).map(|number| DeviceId([number; 32])).collect();
    assert_eq!(root_with(&mine, vec![device_id(1); 2]), Err(RecordError::Suppliers));
    assert_eq!(root_with(&mine, many(65)), Err(RecordError::Suppliers));
    assert!(root_with(&mine, many(64)).is_ok());
}

#[test]
fn the_most_suppliers_fit_beside_the_longest_chain() {
    let seed = seed(1);
    let longest = |chain: Chain, _| chain.rotate(&seed).unwrap();
    let chain = (0..identity::ROTATIONS_MAX).fold(seed.chain(), longest);
    let name = identity::DeviceName::new("laptop").unwrap();
    let key = SecretKey::from_seed(SymmetricKey([11; 32]));
    let mine = Keystore::from_seed(&seed, chain, key, name, NOW).unwrap();
    let suppliers = (0..64).map(|number| DeviceId([number; 32])).collect();
    assert!(root_with(&mine, suppliers).is_ok());
}

#[test]
fn nobody_signs_for_another() {
    let (mine, yours) = (keystore(1, 11), keystore(2, 12));
    let forged = RootRecord { edition: edition(7, 1), document: Hash([5; 32]), suppliers: vec![] };
    let forged = Record::sign_root(&yours.master, mine.chain.clone(), forged);
    assert_eq!(forged, Err(RecordError::Statement(StatementError::Signature)));
    let offer = Record::sign_offer(&yours.device, mine.credential(), supplier_offer(7));
    assert_eq!(offer, Err(RecordError::Statement(StatementError::Signature)));
    // The device key signs no root record: it speaks for its connections, not for the data.
    let device = RootRecord { edition: edition(7, 1), document: Hash([5; 32]), suppliers: vec![] };
    let device = Record::sign_root(&mine.device, mine.chain.clone(), device);
    assert_eq!(device, Err(RecordError::Statement(StatementError::Signature)));
}

#[test]
fn no_bit_of_a_record_is_free() {
    for record in all(&rotated(1, 11), 7) {
        let publisher = record.check(NETWORK, NOW);
        every_bit_counts(&record.bytes(), |bytes| {
            base::decode::<Record>(bytes).is_ok_and(|read| read.check(NETWORK, NOW) == publisher)
        });
    }
}

#[test]
fn hostile_bytes_are_refused() {
    all(&rotated(1, 11), 7).iter().for_each(withstands);
}

#[test]
fn keys_are_frozen_and_read_back() {
    for record in all(&keystore(1, 11), 7) {
        let keys = record.keys();
        assert_eq!(keys.len(), usize::from(record.kind().salts()));
        for key in keys {
            assert_eq!(RecordKey::parse(&key.bytes()), Ok(key));
        }
    }
    let key = RecordKey { kind: RecordKind::Root, subject: [1; 32], salt: 3 };
    expect![[r#"/bitdust/root/\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x03"#]].assert_eq(&key.bytes().escape_ascii().to_string());
    expect!["/bitdust/volunteers/supplier/7"]
        .assert_eq(&volunteers_key(OfferedService::Supplier, 7).escape_ascii().to_string());
    assert!(OfferedService::Supplier.shard(DeviceId([0xff; 32])) < SHARDS);
}

#[test]
fn keys_of_no_record_are_refused() {
    let good = RecordKey { kind: RecordKind::Contact, subject: [1; 32], salt: 0 }.bytes();
    assert_eq!(RecordKey::parse(b"/other/x"), Err(RecordKeyError::Kind));
    assert_eq!(RecordKey::parse(&good[..good.len() - 1]), Err(RecordKeyError::Subject));
    assert_eq!(RecordKey::parse(&[&good[..], &[0]].concat()), Err(RecordKeyError::Subject));
    let salted = [&good[..good.len() - 1], &[1]].concat();
    assert_eq!(RecordKey::parse(&salted), Err(RecordKeyError::Subject));
    let mut chance = crate::tests::Chance(1);
    for _ in 0..100_000 {
        let bytes = chance.mutate(&good);
        assert!(RecordKey::parse(&bytes).is_ok_and(|key| key.bytes() == bytes) || bytes != good);
    }
}
