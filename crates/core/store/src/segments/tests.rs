//! A batch is whole or not there, and what lies around damage is found.

use base::ContractId;

use super::*;
use crate::faulty::FaultyDisk;
use crate::record::{Kind, plain_hash};

const LIMITS: LogLimits =
    LogLimits { segment_bytes: 64 * 1024, preallocate_bytes: 16 * 1024, disk_floor_bytes: 0 };

/// The payloads that are found, and the rest of what recovery says.
fn found(disk: &FaultyDisk) -> (Vec<Vec<u8>>, Recovered) {
    let mut payloads = Vec::new();
    let start = Start { from: None, key: None, fresh_key: [5; 32] };
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let recovered = recover(disk, LIMITS, start, &mut |_, found| {
        payloads.push(found.payload.unwrap());
        Ok(())
    });
    (payloads, recovered.unwrap())
}

fn append(log: &mut Log, payloads: &[Vec<u8>]) -> Result<Vec<Place>, AppendError> {
    let record = |payload: &'_ Vec<u8>| {
        let mut header = Header::new(Kind::Tombstone, plain_hash(payload), &[], payload.len());
        header.contract = ContractId([1; 32]);
        header
    };
    let records: Vec<NewRecord<'_>> = payloads
        .iter()
        .map(|payload| NewRecord { header: record(payload), text: &[], payload })
        .collect();
    log.append(&records)
}

fn payload(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) * 333]
}

#[test]
fn batches_are_found_in_their_order_over_segments() {
    let disk = FaultyDisk::new(1);
    let (nothing, mut recovered) = found(&disk);
    assert!(nothing.is_empty());
    assert_eq!(recovered.log.position(), Position::default());
    let mut written = Vec::new();
    for number in 1..20 {
        let batch = vec![payload(number), payload(number + 1)];
        append(&mut recovered.log, &batch).unwrap();
        written.extend(batch);
    }
    let position = recovered.log.position();
    assert!(position.segment >= 3, "{position:?}");
    for disk in [disk.fork(), disk.crash(3)] {
        let (payloads, again) = found(&disk);
        assert_eq!(payloads, written);
        assert_eq!(again.log.position(), position);
        assert_eq!((again.damaged_count, again.cut_bytes), (0, 0));
    }
}

#[test]
fn a_torn_batch_is_cut_and_the_place_used_again() {
    let disk = FaultyDisk::new(1);
    let mut log = found(&disk).1.log;
    append(&mut log, &[payload(1)]).unwrap();
    disk.keep_history();
    append(&mut log, &[payload(20), payload(30)]).unwrap();
    let mut cuts = 0;
    for moment in 0..disk.moments() {
        for seed in 0..40 {
            let crashed = disk.moment(moment).unwrap().crash(seed);
            let (payloads, mut recovered) = found(&crashed);
            assert!(payloads.len() == 1 || payloads.len() == 3, "{}", payloads.len());
            assert_eq!(recovered.damaged_count, 0);
            cuts += usize::from(recovered.cut_bytes > 0);
            append(&mut recovered.log, &[payload(2)]).unwrap();
            let (again, recovered) = found(&crashed.crash(seed));
            assert_eq!(again[..payloads.len()], payloads);
            assert_eq!(again[payloads.len()..], [payload(2)]);
            assert_eq!((recovered.damaged_count, recovered.cut_bytes), (0, 0));
        }
    }
    assert!(cuts > 10, "{cuts}");
}

#[test]
fn a_batch_that_did_not_fit_on_the_disk_leaves_no_trace() {
    let disk = FaultyDisk::new(1);
    let mut log = found(&disk).1.log;
    append(&mut log, &[payload(1)]).unwrap();
    let position = log.position();
    disk.fail_at(disk.operations() + 1, crate::faulty::Fault::NoSpace);
    let refused = append(&mut log, &[payload(3)]);
    assert_eq!(refused, Err(AppendError::NoSpace));
    assert_eq!((log.position().at, log.is_poisoned()), (position.at, false));
    append(&mut log, &[payload(2)]).unwrap();
    assert_eq!(found(&disk.crash(1)).0, [payload(1), payload(2)]);
}

#[test]
fn an_error_while_writing_poisons() {
    let disk = FaultyDisk::new(1);
    let mut log = found(&disk).1.log;
    append(&mut log, &[payload(1)]).unwrap();
    disk.fail_at(disk.operations() + 1, crate::faulty::Fault::Error);
    assert!(matches!(append(&mut log, &[payload(15)]), Err(AppendError::Disk(_))));
    assert_eq!(append(&mut log, &[payload(2)]), Err(AppendError::Poisoned));
    assert_eq!(found(&disk.restart()).0, [payload(1)]);
}

#[test]
fn too_long_a_batch_is_refused_before_anything_is_written() {
    let disk = FaultyDisk::new(1);
    let mut log = found(&disk).1.log;
    let before = disk.digest();
    let refused = append(&mut log, &vec![payload(200); 2]);
    assert_eq!(refused, Err(AppendError::TooLong { units: 34 }));
    assert_eq!(disk.digest(), before);
}

#[test]
fn a_disk_that_cannot_read_the_last_batch_does_not_cost_it() {
    let disk = FaultyDisk::new(1);
    let mut log = found(&disk).1.log;
    append(&mut log, &[payload(1)]).unwrap();
    append(&mut log, &[payload(30)]).unwrap();
    drop(log);
    let count = {
        let clean = disk.fork();
        found(&clean);
        clean.operations()
    };
    for operation in 1..=count {
        let disk = disk.fork();
        disk.fail_at(operation, crate::faulty::Fault::Error);
        let start = Start { from: None, key: None, fresh_key: [5; 32] };
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let _ = recover(shared, LIMITS, start, &mut |_, _| Ok(()));
        assert_eq!(found(&disk.restart()).0, [payload(1), payload(30)], "operation {operation}");
    }
}

#[test]
fn names_of_segments_are_exact() {
    assert_eq!(segment_number("segment-00000012"), Some(12));
    for name in ["segment-12", "segment-000000012", "segment-0000001x", "segment-+0000012", "index"]
    {
        assert_eq!(segment_number(name), None, "{name}");
    }
}
