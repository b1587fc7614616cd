//! What a supplier's disk gives back, and the receipts that others show.

use std::sync::{Arc, LazyLock};

use base::{BlockId, ContractId, Date, Hash, IdentityId, Label, Signature, encode};
use store::disk::{Disk, Open};
use store::fragments::Opening;
use store::{
    Change, FaultyDisk, FragmentStore, Outcome, Put, Receipt, ReceiptBody, ReceiptEntry, Settings,
};

use super::{Decoder, NOW, device_key, read};

/// A supplier's word.
pub const RECEIPT: Decoder =
    Decoder { name: "store_receipt", takes: takes_receipt, valid: valid_receipts };
/// Segments one after another, without an index: the store is made from whatever they hold.
pub const SEGMENTS: Decoder = Decoder {
    name: "store_segments",
    takes: takes_segments,
    valid: || vec![SEGMENTS_MADE.concat()],
};

/// The length of a segment here, bytes.
const SEGMENT_BYTES: usize = 16 * 1024;
const OWNER: IdentityId = IdentityId([2; 32]);
const CONTRACT: ContractId = ContractId([1; 32]);

fn receipt_body() -> ReceiptBody {
    let entry = |index, change| {
        let (block, masked_root) = (BlockId([index; 32]), Hash([4; 32]));
        ReceiptEntry { change, block, index, masked_root, bytes: 65_536 }
    };
    ReceiptBody {
        contract: CONTRACT,
        sequence: 3,
        previous: Hash([7; 32]),
        entries: vec![entry(1, Change::Kept), entry(2, Change::Removed)],
        total_fragments: 9,
        total_bytes: 9 << 16,
        until: NOW,
        date: NOW,
    }
}

fn takes_receipt(bytes: &[u8]) -> bool {
    let Some(receipt) = read::<Receipt>(bytes) else { return false };
    let is_taken = receipt.verify(device_key(5).public(), Label::Receipt).is_ok();
    assert!(!is_taken || receipt.body == receipt_body(), "a forged receipt");
    is_taken
}

fn valid_receipts() -> Vec<Vec<u8>> {
    vec![encode(&Receipt::new(&device_key(5), Label::Receipt, receipt_body()))]
}

fn settings() -> Settings {
    Settings {
        segment_bytes: SEGMENT_BYTES as u64,
        preallocate_bytes: SEGMENT_BYTES as u64,
        reserve_bytes: 0,
        cache_bytes: 64 * 1024,
        ..Settings::usual([7; 32])
    }
}

fn put(number: u8) -> Put {
    let payload = vec![number; 100 * usize::from(number) + 1];
    Put {
        owner: OWNER,
        contract: CONTRACT,
        block: BlockId([number; 32]),
        index: number,
        masked_root: Hash(*blake3::hash(&payload).as_bytes()),
        manifest: vec![number; 40],
        payload,
    }
}

/// Stands in for a signature.
fn sign(body: &ReceiptBody) -> Signature {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&body.chain_hash().0);
    Signature(signature)
}

/// The segments of a small store: a contract, fragments with their receipts, a removal.
static SEGMENTS_MADE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let disk = FaultyDisk::new(1);
    let mut store = FragmentStore::open(Arc::new(disk.clone()), settings()).expect("a new store");
    let (quota_bytes, until) = (1 << 20, Date(NOW.0 + 1));
    let opening =
        Opening { contract: CONTRACT, owner: OWNER, document: vec![3; 100], quota_bytes, until };
    store.open_contract(&opening, NOW).expect("a new contract");
    for number in 1..=KEPT + 1 {
        let outcomes = store.commit(&[put(number)], &sign, NOW);
        assert!(matches!(outcomes[..], [Outcome::Stored { .. }]), "{outcomes:?}");
    }
    store.delete(CONTRACT, &[(put(1).block, 1)], &sign, NOW).expect("it is there");
    let files = disk.files().into_iter().filter(|(name, _)| name.starts_with("segment-"));
    let mut segments: Vec<Vec<u8>> = files.map(|(_, bytes)| bytes).collect();
    let lengths: Vec<usize> = segments.iter().map(Vec::len).collect();
    segments.iter_mut().for_each(|bytes| bytes.resize(SEGMENT_BYTES, 0));
    assert!(lengths.iter().all(|length| *length <= SEGMENT_BYTES), "{lengths:?}");
    segments
});

/// Fragments that are kept in the end.
const KEPT: u8 = 5;

/// Whether everything in them is found. Whatever is found, the store can be read and goes on.
fn takes_segments(bytes: &[u8]) -> bool {
    let disk = FaultyDisk::new(1);
    for (segment, number) in bytes.chunks(SEGMENT_BYTES).zip(1..) {
        let name = format!("segment-{number:08}");
        let file = disk.open(&name, Open::Empty).expect("this disk does not fail");
        file.write_at(0, &[segment]).expect("this disk does not fail");
    }
    let Ok(mut store) = FragmentStore::open(Arc::new(disk), settings()) else { return false };
    let recovery = store.recovery().clone();
    let reader = store.reader();
    let mut sound = 0;
    for view in reader.contracts() {
        for line in reader.list(view.contract, None, 100).expect("the index was just made") {
            let read = reader.read(view.contract, (line.block, line.index), 0..line.bytes);
            sound += u8::from(read.is_ok());
        }
        let _ = (reader.document(view.contract), reader.receipts(view.contract, 0, 100));
    }
    let _ = store.commit(&[put(KEPT + 2)], &sign, Date(u64::MAX));
    recovery.damaged_count == 0 && recovery.cut_bytes == 0 && sound == KEPT
}
