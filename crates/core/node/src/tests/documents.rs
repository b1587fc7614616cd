//! Root document, identity document and their records: what is confirmed is what is so now.

use base::DAY_MS;
use mesh::{Record, RecordKind};
use storage::wire::{DocumentKind, Message};

use super::World;
use crate::input::{DriveCondition, Input};
use crate::output::{Output, Safety};
use crate::settings::Settings;
use crate::wish::{BackupWish, Wish};

const MAY_LOSE_3: Option<Safety> = Some(Safety::Safe { may_lose: 3 });

fn is_root_kept(output: &Output) -> bool {
    let kind = DocumentKind::Root;
    matches!(output, Output::Send { message: Message::DocumentKept { kind: k, .. }, .. } if *k == kind)
}

fn begin_backup(world: &mut World) -> base::JobId {
    world.wish_job(Wish::Backup(BackupWish::new(1)))
}

#[test]
fn an_answer_to_an_older_document_confirms_no_newer_one() {
    let mut world = World::new(7);
    world.back_up();
    let older = world.book(0).root_sequence;
    assert!(world.book(0).is_confirmed);
    world.swallow(|number, output| number == 3 && is_root_kept(output));
    let job = begin_backup(&mut world);
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "publishing");
    let keep = |message: &Message| {
        matches!(message, Message::KeepDocument { kind: DocumentKind::Root, .. })
    };
    let asked = world.last_id(0, 3, keep).expect("the document was sent");
    let kept = |sequence| Message::DocumentKept { kind: DocumentKind::Root, sequence };
    world.say_as(3, 0, (base::RequestId([3; 32]), Some(asked)), kept(older));
    assert!(!world.book(0).is_confirmed);
    world.run_for(6 * 60_000);
    let job = world.job(job);
    assert_eq!((job.state, job.safety), ("done", Some(Safety::AtRisk)));
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.overview(0).safety, MAY_LOSE_3);
}

#[test]
fn a_document_is_sent_again_when_the_answer_is_lost() {
    let mut world = World::new(7);
    world.run_for(20_000);
    world.swallow(|number, output| number == 3 && is_root_kept(output));
    let job = begin_backup(&mut world);
    world.run_for(5_000);
    assert_eq!(world.job(job).state, "publishing");
    world.swallow_only(|_, _| false);
    world.run_for(60_000);
    let job = world.job(job);
    assert_eq!((job.state, job.safety), ("done", MAY_LOSE_3));
}

#[test]
fn a_supplier_that_was_away_gets_the_newest_document() {
    let mut world = World::new(7);
    world.back_up();
    let job = begin_backup(&mut world);
    world.swallow(|number, output| {
        number == 0 && matches!(output, Output::PutRecord { .. } | Output::Send { .. })
    });
    world.run_for(5_000);
    world.kill(3);
    world.swallow_only(|_, _| false);
    world.revive(3);
    world.run_for(300_000);
    assert_eq!(world.job(job).state, "done");
    let sequence = world.root_at(3).expect("kept").sequence;
    assert_eq!(sequence, world.book(0).root_sequence);
}

#[test]
fn a_new_arrangement_is_told_to_suppliers_and_table() {
    let mut world = World::new(7);
    world.back_up();
    let before = world.root_at(1).expect("kept");
    let new = world.new_supplier();
    let device = world.device(2);
    assert!(world.wish(0, Wish::EndSupplier(device)).is_ok());
    world.run_for(60_000);
    let root = world.root_at(new).expect("the new supplier keeps it too");
    assert!(root.sequence > before.sequence);
    assert_eq!(root.head, before.head);
    let places = |place: &storage::terms::Place| place.device == world.device(new);
    assert!(root.arrangements.last().is_some_and(|last| last.places.iter().any(places)));
    let Some(Record::Root(record)) = world.record(RecordKind::Root) else { panic!("no record") };
    assert_eq!(record.body.edition.sequence, root.sequence);
    assert!(record.body.suppliers.contains(&world.device(new)));
    assert!(!record.body.suppliers.contains(&device));
}

#[test]
fn the_records_of_a_drive_are_renewed_before_they_end() {
    let mut world = World::new(7);
    world.back_up();
    for _ in 0..3 {
        world.run_for(150 * DAY_MS);
        for kind in [RecordKind::Root, RecordKind::Identity] {
            let record = world.record(kind).expect("it is there at any time");
            assert!(record.edition().expires > world.date().plus_ms(20 * DAY_MS), "{kind:?}");
        }
    }
}

#[test]
fn a_restart_keeps_the_other_devices_in_the_identity_document() {
    let devices = |world: &World| match world.record(RecordKind::Identity) {
        Some(Record::Identity(found)) => {
            let devices = found.body.devices.iter().map(|each| each.device);
            devices.collect::<std::collections::BTreeSet<_>>()
        }
        _ => panic!("no identity document"),
    };
    let mut world = World::new(7);
    world.back_up();
    let second = world.second_device_of(0);
    world.run_for(60_000);
    let both = [world.device(0), world.device(second)].into();
    assert_eq!(devices(&world), both);
    world.kill(second);
    world.kill(0);
    world.revive(0);
    world.run_for(120_000);
    assert_eq!(devices(&world), both);
    // Nor does the end of the document lose one.
    world.run_for(390 * DAY_MS);
    assert_eq!(devices(&world), both);
}

#[test]
fn an_identity_document_that_only_suppliers_have_is_outdone() {
    let mut world = World::new(7);
    world.back_up();
    let services_off = vec!["mdns".into(), "supplier".into()];
    let changed = Settings { services_off, ..Settings::default() };
    // A newer one comes to the suppliers, and the node is killed before it comes to the table.
    world.kill(0);
    world.swallow(|number, output| number == 0 && matches!(output, Output::PutRecord { .. }));
    world.revive_as(0, &changed, DriveCondition::Present);
    world.run_for(10_000);
    world.kill(0);
    world.swallow_only(|_, _| false);
    world.revive_as(0, &Settings::default(), DriveCondition::Present);
    let job = begin_backup(&mut world);
    world.run_for(60_000);
    let job = world.job(job);
    assert_eq!((job.state, job.safety), ("done", MAY_LOSE_3));
}

#[test]
fn what_another_device_has_published_is_taken_over_and_not_written_over() {
    let mut world = World::new(7);
    world.back_up();
    let second = world.second_device_of(0);
    world.run_for(60_000);
    world.kill(0);
    let job = world.wish_job_of(second, Wish::Backup(BackupWish::new(2)));
    world.run_for(120_000);
    assert_eq!(world.job(job).state, "done");
    let head = world.book(second).head.clone();
    assert_ne!(world.book(0).head, head, "the first device knows an older one");
    world.revive(0);
    world.run_for(120_000);
    assert_eq!(world.book(0).head, head);
    // Now both are awake, and the first one changes something: the head stays that of the second.
    world.new_supplier();
    let device = world.device(2);
    assert!(world.wish(0, Wish::EndSupplier(device)).is_ok());
    world.run_for(120_000);
    for supplier in [1, 3, 4, 5, 6, 7] {
        assert_eq!(world.root_at(supplier).expect("kept").head, head);
    }
}

#[test]
fn a_device_with_an_older_view_gives_way_to_a_newer_version() {
    let mut world = World::new(7);
    world.back_up();
    let second = world.second_device_of(0);
    world.run_for(60_000);
    let job = world.wish_job_of(second, Wish::Backup(BackupWish::new(2)));
    world.run_for(120_000);
    assert_eq!(world.job(job).state, "done");
    // The first device was awake all the time and has heard nothing of it.
    let job = begin_backup(&mut world);
    world.run_for(300_000);
    assert_eq!(world.job(job).state, "done");
    assert_eq!(world.count(0, |output| matches!(output, Output::Rebuild { .. })), 1);
}

#[test]
fn questions_without_answers_do_not_pile_up() {
    let mut world = World::new(7);
    world.back_up();
    world.swallow(|number, output| {
        number == 0 && matches!(output, Output::GetRecord { .. } | Output::PutRecord { .. })
    });
    world.swallow(|number, output| number != 0 && matches!(output, Output::Send { .. }));
    for _ in 0..40 {
        world.new_supplier();
        let device = world.device(3);
        world.give(0, Input::Offline { device });
        world.run_for(DAY_MS);
    }
    assert!(world.node(0).records.open_queries() <= 64);
    assert!(world.node(0).requests.len() <= 5 * 48);
}
