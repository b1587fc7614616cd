//! The store thread: groups, refusals, a disk that fails, and what a restart finds.

use std::time::Duration;

use base::{ContractId, DAY_MS, Date, Hash, Label, RequestId, Signature, decode, encode};
use storage::audit::{Challenge, Question, Reply};
use storage::terms::Terms;
use storage::wire::Message;
use store::FaultyDisk;
use store::receipt::Receipt;
use tokio::sync::mpsc::{Receiver as Inputs, channel as inputs};

use super::*;
use crate::fixtures::{FRAGMENT_BYTES, NETWORK, block, keys, local, root};

const QUOTA: u64 = 100 * FRAGMENT_BYTES as u64;

struct World {
    disk: FaultyDisk,
    supplier: Supplier,
    told: Inputs<Input>,
    holdings: Holdings,
    streams: u64,
}

fn open(disk: FaultyDisk) -> World {
    let (sender, told) = inputs(1024);
    let setting =
        Setting { disk_floor_bytes: 0, memory_bytes: 1 << 20, look: Duration::from_secs(3600) };
    let own: Arc<dyn Disk> = Arc::new(disk.clone());
    let (supplier, holdings) = Supplier::open(own, setting, local(1, NETWORK), sender).unwrap();
    World { disk, supplier, told, holdings, streams: 0 }
}

/// An agreement between customer 2 and supplier 1.
fn contract() -> Contract {
    let (customer, supplier) = (keys(2), keys(1));
    let terms = Terms {
        network: local(1, NETWORK).network,
        customer: customer.identity(),
        supplier: supplier.identity(),
        device: supplier.device_id(),
        quota_bytes: QUOTA,
        from: Date(1),
        until: Date(1 + DAY_MS),
        price: 0,
        salt: [0; 16],
    };
    let signed = encode(&terms);
    Contract {
        customer_device: customer.device_id(),
        customer_signature: Signature::make(&customer.device, Label::ContractOffer, &signed),
        supplier_signature: Signature::make(&supplier.device, Label::ContractAcceptance, &signed),
        renewal: None,
        terms,
    }
}

impl World {
    fn open_contract(&mut self) -> ContractId {
        self.supplier.order(Order::Open(contract()));
        match self.told.blocking_recv() {
            Some(Input::TenancyOpened { contract, refused: None }) => contract,
            other => panic!("not opened: {other:?}"),
        }
    }

    fn put(
        &mut self,
        contract: ContractId,
        number: u64,
    ) -> oneshot::Receiver<Result<Vec<u8>, Refusal>> {
        let own = block(&keys(2).device, number);
        let payload = own.fragments[0].clone();
        let put = fragments::Put {
            owner: keys(2).identity(),
            contract,
            block: own.id,
            index: 0,
            masked_root: root(&payload),
            manifest: own.manifest,
            payload,
        };
        self.streams += 1;
        let bytes = FRAGMENT_BYTES as u32;
        let memory = self.supplier.memory.clone().try_acquire_many_owned(bytes).unwrap();
        let (reply, answer) = oneshot::channel();
        self.supplier.order(Order::Put(Coming { stream: self.streams, put, memory, reply }));
        answer
    }

    fn name(&self, contract: ContractId, number: u64) -> FragmentName {
        FragmentName { contract, block: block(&keys(2).device, number).id, index: 0 }
    }
}

fn receipt(answer: oneshot::Receiver<Result<Vec<u8>, Refusal>>) -> Receipt {
    decode(&answer.blocking_recv().unwrap().unwrap()).unwrap()
}

#[test]
fn receipts_are_chained_and_the_node_counts_with_the_store() {
    let mut world = open(FaultyDisk::new(1));
    let contract = world.open_contract();
    let answers: Vec<_> = (0..20).map(|number| world.put(contract, number)).collect();
    let receipts: Vec<Receipt> = answers.into_iter().map(receipt).collect();
    let distinct: std::collections::BTreeMap<u64, Receipt> =
        receipts.iter().map(|receipt| (receipt.body.sequence, receipt.clone())).collect();
    for pair in distinct.values().collect::<Vec<_>>().windows(2) {
        assert_eq!(pair[1].body.previous, pair[0].body.chain_hash());
    }
    let last = distinct.values().last().unwrap();
    last.verify(keys(1).device_id().into(), Label::Receipt).unwrap();
    assert_eq!((last.body.total_fragments, last.body.total_bytes), (20, 20 * 4096));
    // The node was told in the order of the store, of each stream once.
    let mut counted = 0;
    for _ in 0..20 {
        match world.told.blocking_recv() {
            Some(Input::Served { kept: Some((fragments, _)), .. }) => {
                assert!(fragments >= counted);
                counted = fragments;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.supplier.memory.available_permits(), 1 << 20, "all memory is free again");
    world.supplier.close();
}

#[test]
fn what_waits_is_written_in_one_group_up_to_a_limit() {
    let (queue, orders) = channel();
    let memory = Arc::new(Semaphore::new(1000));
    let coming = |number: u64, bytes: usize| {
        let own = block(&keys(2).device, number);
        let put = fragments::Put {
            owner: keys(2).identity(),
            contract: ContractId([1; 32]),
            block: own.id,
            index: 0,
            masked_root: base::Hash([0; 32]),
            manifest: own.manifest,
            payload: vec![0; bytes],
        };
        let memory = memory.clone().try_acquire_owned().unwrap();
        Coming { stream: number, put, memory, reply: oneshot::channel().0 }
    };
    for number in 1..20 {
        queue.send(Order::Put(coming(number, 4096))).unwrap();
    }
    queue.send(Order::Close(ContractId([1; 32]))).unwrap();
    queue.send(Order::Put(coming(20, 4096))).unwrap();
    let group = group::collect(coming(0, 4096), &orders, || false);
    let streams: Vec<u64> = group.fragments.iter().map(|fragment| fragment.stream).collect();
    assert_eq!(streams, (0..20).collect::<Vec<_>>(), "all that waited, in its order");
    assert!(matches!(group.then, Some(Order::Close(_))), "and what came between two of them");

    for number in 21..30 {
        queue.send(Order::Put(coming(number, 1 << 20))).unwrap();
    }
    let group = group::collect(coming(0, 1 << 20), &orders, || false);
    let bytes: usize = group.fragments.iter().map(|fragment| fragment.put.payload.len()).sum();
    assert!((group::GROUP_BYTES_MAX..group::GROUP_BYTES_MAX + (1 << 20)).contains(&bytes));
}

#[test]
fn a_restart_after_a_crash_finds_everything_that_was_receipted() {
    let mut world = open(FaultyDisk::new(2));
    let contract = world.open_contract();
    for number in 0..5 {
        receipt(world.put(contract, number));
    }
    let crashed = world.disk.crash(3);
    let again = open(crashed);
    let [tenant] = &again.holdings.tenants[..] else { panic!("one contract") };
    assert_eq!((tenant.fragments, tenant.used_bytes, tenant.is_open), (5, 5 * 4096, true));
    assert_eq!(tenant.contract, self::contract());
    for number in 0..5 {
        let served = again.supplier.read(again.name(contract, number)).unwrap();
        assert_eq!(served.bytes, block(&keys(2).device, number).fragments[0]);
    }
    let Message::Standing { fragments: 5, receipt: Some(_), .. } =
        again.supplier.standing(contract)
    else {
        panic!("no standing")
    };
    again.supplier.close();
    world.supplier.close();
}

#[test]
fn a_damaged_copy_is_never_given_out_and_can_be_put_again() {
    let mut world = open(FaultyDisk::new(4));
    let contract = world.open_contract();
    receipt(world.put(contract, 1));
    // The payload stands behind its header and the manifest.
    let files = world.disk.files();
    let payload = block(&keys(2).device, 1).fragments[0].clone();
    let (name, place) = files
        .iter()
        .find_map(|(name, bytes)| {
            let found = bytes.windows(64).position(|run| run == &payload[..64]);
            found.map(|place| (name.clone(), place))
        })
        .expect("it is kept as it came");
    assert!(world.disk.rot(&name, place as u64, 1));
    let damaged = world.supplier.read(world.name(contract, 1));
    assert!(matches!(damaged, Err(Refusal::Damaged)));
    receipt(world.put(contract, 1));
    let served = world.supplier.read(world.name(contract, 1)).unwrap();
    assert_eq!(served.bytes, payload);
    world.supplier.close();
}

/// What is said of fragment `number`, asked for under this root.
fn proof(world: &World, contract: ContractId, number: u64, masked_root: Hash) -> Reply {
    let FragmentName { block, index, .. } = world.name(contract, number);
    let (question, nonce, date) = (Question::Range { index: 0 }, [0; 16], Date(1));
    let network = base::NetworkId([1; 32]);
    let asked = Challenge { network, contract, block, index, masked_root, question, nonce, date };
    world.supplier.prove(&asked)
}

#[test]
fn nobody_admits_the_loss_of_what_its_owner_erased_or_replaced() {
    let mut world = open(FaultyDisk::new(9));
    let contract = world.open_contract();
    let kept = receipt(world.put(contract, 1)).body.entries[0].masked_root;
    assert!(matches!(proof(&world, contract, 1, kept), Reply::Range { .. }));
    // Other bytes under the same name, as after an erasure: nothing is said of what was there.
    let ended = Reply::Refused { reason: Refusal::Ended };
    assert_eq!(proof(&world, contract, 1, Hash([1; 32])), ended);
    let missing = Reply::Refused { reason: Refusal::Missing };
    assert_eq!(proof(&world, contract, 2, kept), missing, "never kept, and never erased");
    let (reply, erased) = oneshot::channel();
    world.supplier.order(Order::Delete { stream: 1, name: world.name(contract, 1), reply });
    receipt(erased);
    assert_eq!(proof(&world, contract, 1, kept), ended);
    world.supplier.close();
}

#[test]
fn what_went_bad_is_admitted_and_never_signed_as_sound() {
    let mut world = open(FaultyDisk::new(10));
    let contract = world.open_contract();
    let kept = receipt(world.put(contract, 1)).body.entries[0].masked_root;
    let payload = block(&keys(2).device, 1).fragments[0].clone();
    let (name, place) = world
        .disk
        .files()
        .iter()
        .find_map(|(name, bytes)| {
            let found = bytes.windows(64).position(|run| run == &payload[..64]);
            found.map(|place| (name.clone(), place))
        })
        .expect("it is kept as it came");
    assert!(world.disk.rot(&name, place as u64, 1));
    let damaged = Reply::Refused { reason: Refusal::Damaged };
    assert_eq!(proof(&world, contract, 1, kept), damaged);
    world.supplier.close();
}

#[test]
fn a_full_disk_is_a_refusal_and_room_helps() {
    let mut world = open(FaultyDisk::new(5));
    let contract = world.open_contract();
    receipt(world.put(contract, 1));
    world.disk.set_capacity(Some(world.disk.used_bytes()));
    // The store had room in hand; it ends.
    let refused = (2..20_000).find_map(|number| {
        let answer = world.put(contract, number).blocking_recv().unwrap();
        world.told.blocking_recv();
        answer.err()
    });
    assert!(matches!(refused, Some(Refusal::DiskFull | Refusal::Quota)), "{refused:?}");
    world.disk.set_capacity(None);
    let served = world.supplier.read(world.name(contract, 1)).unwrap();
    assert_eq!(served.bytes, block(&keys(2).device, 1).fragments[0]);
    world.supplier.close();
}

#[test]
fn a_failed_sync_gives_no_receipt_and_the_store_is_opened_again() {
    let mut world = open(FaultyDisk::new(6));
    let contract = world.open_contract();
    receipt(world.put(contract, 1));
    let mut seen_failure = false;
    for number in 2..10 {
        world.disk.fail_at(world.disk.operations() + 2, store::faulty::Fault::Error);
        match world.put(contract, number).blocking_recv().unwrap() {
            Ok(_) => {}
            Err(reason) => {
                assert_eq!(reason, Refusal::DiskFailed);
                seen_failure = true;
                break;
            }
        }
    }
    assert!(seen_failure);
    // The thread has opened it again; what was receipted is there, and more is taken.
    let kept = loop {
        match world.put(contract, 50).blocking_recv().unwrap() {
            Ok(bytes) => break decode::<Receipt>(&bytes).unwrap(),
            Err(reason) => assert_eq!(reason, Refusal::DiskFailed),
        }
    };
    assert!(kept.body.total_fragments >= 2);
    let served = world.supplier.read(world.name(contract, 1)).unwrap();
    assert_eq!(served.bytes, block(&keys(2).device, 1).fragments[0]);
    world.supplier.close();
}

#[test]
fn only_the_customers_own_agreement_is_kept() {
    let mut world = open(FaultyDisk::new(7));
    let contract = world.open_contract();
    let body = receipt(world.put(contract, 1)).body;
    let agreement = |signer: u8| {
        let key = keys(signer).device;
        Signature::make(&key, Label::ReceiptAgreement, &encode(&body))
    };
    let agreed = |world: &World| {
        let reader = world.supplier.reader().unwrap();
        reader.contract(contract).unwrap().chain.agreed
    };
    for (signer, expected) in [(3, 0), (1, 0), (2, body.sequence)] {
        let (sequence, signature) = (body.sequence, agreement(signer));
        world.supplier.order(Order::Agree { contract, sequence, signature });
        // One after the other: when this is answered, that is done.
        receipt(world.put(contract, 1));
        assert_eq!(agreed(&world), expected, "signed by {signer}");
    }
    world.supplier.close();
}

#[test]
fn documents_of_owners_only_get_newer() {
    let mut world = open(FaultyDisk::new(8));
    let owner = keys(2).identity();
    let mut keep = |sequence: u64, text: &[u8]| {
        let (id, kind, bytes) = (RequestId([1; 32]), DocumentKind::Root, text.to_vec());
        world.supplier.order(Order::Document { id, owner, kind, sequence, bytes });
        match world.told.blocking_recv() {
            Some(Input::DocumentKept { refused, .. }) => refused,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(keep(5, b"five"), None);
    assert_eq!(keep(5, b"five"), None, "the same again is kept");
    assert_eq!(keep(4, b"four"), Some(Refusal::Older));
    assert_eq!(keep(5, b"other"), Some(Refusal::Older));
    assert_eq!(keep(6, b"six"), None);
    let kind = DocumentKind::Root;
    let expected = Message::Document { owner, kind, bytes: Some(b"six".to_vec()) };
    assert_eq!(world.supplier.document(owner, kind), expected);
    let kind = DocumentKind::Identity;
    let none = Message::Document { owner, kind, bytes: None };
    assert_eq!(world.supplier.document(owner, kind), none);
    world.supplier.close();
}

#[test]
fn an_erased_contract_holds_nothing() {
    let mut world = open(FaultyDisk::new(9));
    let contract = world.open_contract();
    for number in 0..30 {
        receipt(world.put(contract, number));
    }
    world.supplier.order(Order::Close(contract));
    assert_eq!(world.put(contract, 99).blocking_recv().unwrap(), Err(Refusal::Ended));
    assert!(world.supplier.read(world.name(contract, 3)).is_ok(), "in the notice it is there");
    world.supplier.order(Order::Erase(contract));
    assert_eq!(world.put(contract, 99).blocking_recv().unwrap(), Err(Refusal::Ended));
    assert!(matches!(world.supplier.read(world.name(contract, 3)), Err(Refusal::Missing)));
    world.supplier.close();
}
