//! The customer's rows are kept together, and files come in the order of a walk.

use base::{Date, Hash, IdentityId, Signature};
use proptest::prelude::*;

use super::*;
use crate::faulty::FaultyDisk;
use crate::receipt::ReceiptBody;

fn open(disk: &FaultyDisk) -> Drive {
    Drive::open(Arc::new(disk.clone()), "drive").unwrap()
}

fn block_id(number: u32) -> BlockId {
    BlockId(base::hash("test", &number.to_le_bytes()).0)
}

fn record(number: u32) -> BlockRecord {
    let block = block_id(number);
    let row = BlockRow {
        k: 4,
        m: 4,
        fragment_bytes: 65_536,
        arrangement: 2,
        kind: 1,
        date: Date(u64::from(number)),
    };
    let chunk = |n: u32| {
        let extents = vec![Extent { block, offset: n * 100, length: 100 }];
        let id = ChunkId(base::hash("test", &(number * 10 + n).to_be_bytes()).0);
        (id, ChunkPlace { epoch: 3, kind: 0, plain_bytes: 200, extents })
    };
    let signed = |index: u8| {
        let receipt = FragmentReceipt {
            supplier: IdentityId([index; 32]),
            contract: ContractId([index; 32]),
            sequence: number.into(),
            masked_root: Hash([index; 32]),
            until: Date(9),
        };
        (index, receipt)
    };
    BlockRecord {
        block,
        row,
        chunks: (0..3).map(chunk).collect(),
        fragments: (0..8).map(signed).collect(),
    }
}

fn is_there(drive: &Drive, record: &BlockRecord) -> bool {
    let ids: Vec<ChunkId> = record.chunks.iter().map(|(id, _)| *id).collect();
    let places: Vec<_> = record.chunks.iter().map(|(_, place)| Some(place.clone())).collect();
    let row = drive.block(record.block).unwrap();
    let chunks = drive.chunks(&ids).unwrap();
    let fragments = drive.fragments(record.block).unwrap();
    if row.is_none() {
        assert!(chunks.iter().all(Option::is_none) && fragments.is_empty(), "a part of a block");
        return false;
    }
    assert_eq!((row, chunks), (Some(record.row), places));
    assert_eq!(fragments, record.fragments);
    true
}

fn file(number: u64) -> FileRow {
    let (mtime_ns, ctime_ns) = (-(number as i64), number as i64);
    FileRow { size: number, mtime_ns, ctime_ns, inode: 5, mode: 0o644, content: vec![1; 33] }
}

#[test]
fn a_block_is_entered_whole_and_forgotten_whole() {
    let disk = FaultyDisk::new(1);
    let drive = open(&disk);
    drive.record_block(&record(1)).unwrap();
    drive.record_blocks(&[record(2), record(3)]).unwrap();
    drop(drive);
    let drive = open(&disk);
    assert!((1..=3).all(|number| is_there(&drive, &record(number))));
    let mut ids: Vec<BlockId> = (1..=3).map(block_id).collect();
    ids.sort_unstable();
    let listed: Vec<BlockId> =
        drive.blocks(None, 10).unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(listed, ids);
    assert_eq!(drive.blocks(Some(ids[0]), 1).unwrap()[0].0, ids[1]);
    drive.record_fragments(&[(block_id(1), 7, None)]).unwrap();
    assert_eq!(drive.fragments(block_id(1)).unwrap().len(), 7);
    let chunks: Vec<ChunkId> = record(2).chunks.iter().map(|(id, _)| *id).collect();
    drive.forget_blocks(&[block_id(2)], &chunks).unwrap();
    assert!(!is_there(&drive, &record(2)));
    assert!(is_there(&drive, &record(3)));
    assert_eq!(drive.chunk(record(3).chunks[0].0).unwrap(), Some(record(3).chunks[0].1.clone()));
}

#[test]
fn receipts_and_versions_are_kept_in_order() {
    let drive = open(&FaultyDisk::new(1));
    let receipt = |contract: u8, sequence| Receipt {
        body: ReceiptBody {
            contract: ContractId([contract; 32]),
            sequence,
            previous: Hash::default(),
            entries: vec![],
            total_fragments: 0,
            total_bytes: 0,
            until: Date(1),
            date: Date(2),
        },
        signature: Signature([1; 64]),
    };
    let all: Vec<Receipt> = [300, 2, 256, 1].map(|sequence| receipt(1, sequence)).to_vec();
    drive.record_receipts(&all).unwrap();
    drive.record_receipts(&[receipt(2, 5)]).unwrap();
    let found = drive.receipts(ContractId([1; 32]), 1, 10).unwrap();
    let sequences: Vec<u64> = found.iter().map(|receipt| receipt.body.sequence).collect();
    assert_eq!(sequences, [2, 256, 300]);
    assert_eq!(drive.receipt(ContractId([2; 32]), 5).unwrap(), Some(receipt(2, 5)));
    assert_eq!(drive.receipt(ContractId([2; 32]), 6).unwrap(), None);
    for number in [3, 1, 258] {
        drive.record_version(number, Some(&number.to_le_bytes())).unwrap();
    }
    drive.record_version(3, None).unwrap();
    let numbers: Vec<u64> = drive.versions(0, 10).unwrap().into_iter().map(|(n, _)| n).collect();
    assert_eq!(numbers, [1, 258]);
    assert_eq!(drive.version(258).unwrap(), Some(258_u64.to_le_bytes().to_vec()));
}

#[test]
fn files_come_in_the_order_of_a_sorted_walk() {
    let drive = open(&FaultyDisk::new(1));
    // As a walk meets them: everything below `a` before `a-b`, although `-` sorts before `/`.
    let walk = ["a", "a/b", "a/b/c", "a/c", "a-b", "a.txt", "b", "\u{e9}"];
    let rows: Vec<(Vec<u8>, Option<FileRow>)> =
        walk.iter().rev().map(|path| (path.as_bytes().to_vec(), Some(file(7)))).collect();
    drive.record_files(1, &rows).unwrap();
    drive.record_files(0, &[(b"zero".to_vec(), Some(file(1)))]).unwrap();
    drive.record_files(2, &[(b"two".to_vec(), Some(file(2)))]).unwrap();
    let paths = |page: &FilePage| -> Vec<String> {
        page.files.iter().map(|(path, _)| String::from_utf8(path.clone()).unwrap()).collect()
    };
    let page = drive.files(1, None, 100).unwrap();
    assert_eq!((paths(&page), page.has_more), (walk.map(String::from).to_vec(), false));
    let page = drive.files(1, Some(b"a/b/c"), 2).unwrap();
    assert_eq!((paths(&page), page.has_more), (vec!["a/c".into(), "a-b".into()], true));
    assert_eq!(drive.file(1, b"a/b").unwrap(), Some(file(7)));
    assert_eq!(drive.file(3, b"a/b").unwrap(), None);
    drive.record_files(1, &[(b"a/b".to_vec(), None)]).unwrap();
    assert_eq!(drive.file(1, b"a/b").unwrap(), None);
    let long = vec![b'x'; PATH_BYTES_MAX + 1];
    assert!(drive.record_files(1, &[(long, None)]).is_err());
}

#[test]
fn no_crash_parts_a_block_from_its_chunks() {
    const SEEDS: u64 = 36;
    let disk = FaultyDisk::new(0);
    disk.keep_history();
    let drive = open(&disk);
    let mut acknowledged = vec![(disk.moments() - 1, 0)];
    for number in (0..24).step_by(2) {
        drive.record_blocks(&[record(number), record(number + 1)]).unwrap();
        acknowledged.push((disk.moments() - 1, number + 2));
    }
    let mut states = 0;
    for moment in 0..disk.moments() {
        let known =
            acknowledged.iter().rev().find(|(at, _)| *at <= moment).map_or(0, |known| known.1);
        for seed in 0..SEEDS {
            let drive = open(&disk.moment(moment).unwrap().crash(seed));
            let there: Vec<bool> =
                (0..26).map(|number| is_there(&drive, &record(number))).collect();
            let count = there.iter().take_while(|is_there| **is_there).count() as u32;
            assert!(there[count as usize..].iter().all(|is_there| !is_there));
            assert!(count == known || count == known + 2, "{count} of {known}");
            states += 1;
        }
    }
    println!("{states} crash states");
    assert!(states >= 5000, "{states}");
}

#[test]
fn a_newer_row_is_not_misread() {
    let drive = open(&FaultyDisk::new(1));
    let row =
        |value: Vec<u8>| Write { table: BLOCKS, key: block_id(1).0.to_vec(), value: Some(value) };
    drive.database().write(&[row(vec![9, 1, 2])]).unwrap();
    let newer = DatabaseError::Schema { found: 9, known: 1 };
    assert_eq!(drive.block(block_id(1)), Err(newer));
    drive.database().write(&[row(vec![1, 2])]).unwrap();
    assert!(matches!(drive.block(block_id(1)), Err(DatabaseError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn arbitrary_rows_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), form in 0_u8..4) {
        let bytes = [vec![1], bytes].concat();
        let again = match form {
            0 => decode::<ChunkPlace>(&bytes).ok().map(|row| encode(&row)),
            1 => decode::<BlockRow>(&bytes).ok().map(|row| encode(&row)),
            2 => decode::<FragmentReceipt>(&bytes).ok().map(|row| encode(&row)),
            _ => decode::<FileRow>(&bytes).ok().map(|row| encode(&row)),
        };
        prop_assert!(again.is_none_or(|again| again == bytes));
    }
}
