//! What a run takes and refuses, what the next run knows of it, and what it holds meanwhile.

use std::sync::mpsc::{Receiver, channel};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::catalog::{Placed, Stat};
use crate::format::{Attributes, NAME_BYTES_MAX, Name, Xattr};
use crate::tests::model::{Item, random_bytes};
use crate::tests::world::{World, shape};

fn session(world: &mut World) -> (Session<'_>, Receiver<SealedBlock>) {
    let settings = world.settings();
    let (send, receive) = channel();
    let sink = Box::new(move |block| send.send(block).map_err(|_| crate::Stop));
    (Session::new(&world.drive, &world.keyring, &settings, sink).unwrap(), receive)
}

fn file(session: &mut Session<'_>, name: &str, bytes: &[u8], outcome: Outcome) {
    session.begin_file(name.as_bytes(), Meta::default(), Stat::default()).unwrap();
    session.write(bytes).unwrap();
    session.end_file(outcome).unwrap();
}

fn whole() -> Outcome {
    Outcome::Whole { is_settled: true }
}

/// Ends the run; nothing is lost.
fn finish(mut session: Session<'_>, receive: &Receiver<SealedBlock>) -> Committed {
    session.seal_content(Vec::new(), Date(5), true).unwrap();
    place(&mut session, receive);
    session.seal_index().unwrap();
    place(&mut session, receive);
    session.seal_head([1; 32]).unwrap();
    place(&mut session, receive);
    session.commit_version().unwrap()
}

fn place(session: &mut Session<'_>, receive: &Receiver<SealedBlock>) {
    let blocks: Vec<_> = receive.try_iter().map(|sealed| sealed.entry.id).collect();
    let placed = |block| Placed { block, fragments: Vec::new() };
    session.placed(&blocks.into_iter().map(placed).collect::<Vec<_>>()).unwrap();
}

#[test]
fn a_session_may_go_to_a_worker() {
    fn is_send<T: Send>() {}
    is_send::<Session<'_>>();
    is_send::<SealedBlock>();
}

#[test]
fn names_come_in_order_and_once() {
    let mut world = World::new(shape(2, 2));
    let (mut session, _receive) = session(&mut world);
    for bad in [&b""[..], b"a\0b", &[b'x'; 5_000]] {
        let entered = session.enter_directory(bad, Meta::default());
        assert!(matches!(entered, Err(BackupError::Path)));
    }
    session.enter_directory(b"/", Meta::default()).unwrap();
    file(&mut session, "b", b"", whole());
    for (name, is_order) in [("a", true), ("b", true), ("..", false), ("c/d", false), ("", false)] {
        let begun = session.begin_file(name.as_bytes(), Meta::default(), Stat::default());
        match begun {
            Err(BackupError::Order) => assert!(is_order, "{name}"),
            Err(BackupError::Name(_)) => assert!(!is_order, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let long = vec![b'x'; NAME_BYTES_MAX + 1];
    assert!(session.symlink(&long, Meta::default(), b"x").is_err());
    assert!(Name::new(vec![b'x'; NAME_BYTES_MAX]).is_ok());
    let target = vec![b'x'; 5_000];
    let linked = session.symlink(b"c", Meta::default(), &target);
    assert!(matches!(linked, Err(BackupError::Target)));
    // What was refused left nothing behind.
    file(&mut session, "c", b"", whole());
    session.leave_directory(true).unwrap();
    assert_eq!(session.seal_content(Vec::new(), Date(5), true).unwrap().files, 2);
}

#[test]
fn calls_out_of_turn_are_refused() {
    let mut world = World::new(shape(2, 2));
    let (mut session, receive) = session(&mut world);
    let refused = |result: Result<(), BackupError>| {
        assert!(matches!(result, Err(BackupError::OutOfTurn)), "{result:?}");
    };
    refused(session.write(b"x"));
    refused(session.zeros(9));
    refused(session.leave_directory(true));
    refused(session.end_file(whole()));
    refused(session.seal_index());
    refused(session.seal_head([1; 32]).map(drop));
    session.enter_directory(b"/a", Meta::default()).unwrap();
    session.begin_file(b"f", Meta::default(), Stat::default()).unwrap();
    refused(session.enter_directory(b"g", Meta::default()));
    refused(session.leave_directory(true));
    refused(session.seal_content(Vec::new(), Date(5), true).map(drop));
    session.write(&[1; 600]).unwrap();
    session.end_file(whole()).unwrap();
    session.leave_directory(true).unwrap();
    session.seal_content(Vec::new(), Date(5), true).unwrap();
    refused(session.enter_directory(b"/b", Meta::default()));
    let unplaced = session.unplaced();
    assert!(unplaced > 0);
    let early = session.seal_index();
    assert!(matches!(early, Err(BackupError::Unplaced { blocks }) if blocks == unplaced));
    place(&mut session, &receive);
    session.seal_index().unwrap();
    place(&mut session, &receive);
    session.seal_head([1; 32]).unwrap();
    assert!(matches!(session.commit_version(), Err(BackupError::Unplaced { .. })));
}

#[test]
fn directories_have_a_deepest_level() {
    let mut world = World::new(shape(2, 2));
    let (mut session, receive) = session(&mut world);
    session.enter_directory(b"/", Meta::default()).unwrap();
    for _ in 1..DEPTH_MAX {
        session.enter_directory(b"d", Meta::default()).unwrap();
    }
    let deeper = session.enter_directory(b"d", Meta::default());
    assert!(matches!(deeper, Err(BackupError::TooDeep)));
    for _ in 0..DEPTH_MAX {
        session.leave_directory(true).unwrap();
    }
    finish(session, &receive);
    let mut tree = Item::directory([("f", Item::file(b"at the bottom"))]);
    for _ in 1..DEPTH_MAX {
        tree = Item::directory([("d", tree)]);
    }
    world.backup(&tree);
    assert!(world.restore(2).unwrap() == tree);
}

#[test]
fn pages_on_the_way_are_bounded() {
    let mut world = World::new(shape(2, 2));
    let (mut session, receive) = session(&mut world);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut meta = || {
        let value = random_bytes(50_000, &mut random);
        let attributes = Attributes {
            xattrs: vec![Xattr { name: b"user.x".to_vec(), value }],
            ..Default::default()
        };
        Meta { attributes, hard_link: None }
    };
    session.enter_directory(b"/", Meta::default()).unwrap();
    for _ in 1..DEPTH_MAX {
        for name in [b"a", b"b", b"c"] {
            session.symlink(name, meta(), b"x").unwrap();
        }
        session.enter_directory(b"d", Meta::default()).unwrap();
        assert!(session.open_pages_bytes() <= 8 << 20);
    }
    for _ in 0..DEPTH_MAX {
        session.leave_directory(true).unwrap();
    }
    finish(session, &receive);
    assert_eq!(world.version(1).files, 3 * (DEPTH_MAX as u64 - 1));
}

#[test]
fn a_file_that_changed_is_kept_and_counted_and_read_again() {
    let mut world = World::new(shape(2, 2));
    let (mut first, receive) = session(&mut world);
    first.enter_directory(b"/", Meta::default()).unwrap();
    file(&mut first, "a-whole", &[1; 900], whole());
    file(&mut first, "b-changed", &[2; 900], Outcome::Changed);
    file(&mut first, "c-discarded", &[3; 900], Outcome::Discarded);
    first.problem();
    file(&mut first, "d-unsettled", &[4; 900], Outcome::Whole { is_settled: false });
    first.leave_directory(true).unwrap();
    let committed = finish(first, &receive);
    assert_eq!((committed.version.files, committed.version.problems), (3, 2));
    let (mut second, _receive) = session(&mut world);
    second.enter_directory(b"/", Meta::default()).unwrap();
    let names = ["a-whole", "b-changed", "c-discarded", "d-unsettled"];
    let reused = names.map(|name| second.reuse(name.as_bytes(), &Stat::default()).unwrap());
    assert_eq!(reused, [true, false, false, false]);
}

#[test]
fn a_file_is_known_only_with_the_same_stat() {
    let mut world = World::new(shape(2, 2));
    world.backup(&Item::directory([("f", Item::file(&[1; 900]))]));
    let row = world.drive.file(0, b"/home/ann/f").unwrap().unwrap();
    let (size, inode, mode) = (row.size, row.inode, row.mode);
    let (mtime_ns, ctime_ns) = (row.mtime_ns, row.ctime_ns);
    let same = Stat { size, mtime_ns, ctime_ns, inode, mode };
    let others = [
        Stat { size: size + 1, ..same },
        Stat { mtime_ns: mtime_ns + 1, ..same },
        Stat { ctime_ns: ctime_ns + 1, ..same },
        Stat { inode: inode + 1, ..same },
        Stat { mode: mode + 1, ..same },
    ];
    for (stat, known) in others.iter().map(|stat| (stat, false)).chain([(&same, true)]) {
        let (mut session, _receive) = session(&mut world);
        session.enter_directory(b"/home/ann", Meta::default()).unwrap();
        assert_eq!(session.reuse(b"f", stat).unwrap(), known, "{stat:?}");
    }
}

#[test]
fn what_is_gone_is_forgotten_but_not_what_was_not_seen() {
    let mut world = World::new(shape(2, 2));
    let small = || Item::file(b"x");
    let inner = Item::directory((0..600).map(|number| (format!("{number:03}"), small())));
    let tree = [("a", small()), ("b", inner.clone()), ("b.c", small()), ("z", inner)];
    world.backup(&Item::directory(tree));
    let known = |world: &World, path: &str| {
        let path = format!("/home/ann/{path}");
        world.drive.file(0, path.as_bytes()).unwrap().is_some()
    };
    assert!(["a", "b/000", "b/599", "b.c", "z/599"].iter().all(|path| known(&world, path)));
    // Another root knows nothing of this one.
    let (mut other, receive) = session(&mut world);
    other.enter_directory(b"/home/anna", Meta::default()).unwrap();
    other.leave_directory(true).unwrap();
    finish(other, &receive);
    assert!(known(&world, "b/599"));
    let (mut next, receive) = session(&mut world);
    next.enter_directory(b"/home/ann", Meta::default()).unwrap();
    next.enter_directory(b"b", Meta::default()).unwrap();
    // Could not be listed to its end.
    next.leave_directory(false).unwrap();
    file(&mut next, "b.d", b"new", whole());
    next.leave_directory(true).unwrap();
    finish(next, &receive);
    assert!(["b/000", "b/599", "b.d"].iter().all(|path| known(&world, path)));
    assert!(!["a", "b.c", "z/000", "z/599"].iter().any(|path| known(&world, path)));
}

#[test]
fn a_second_name_is_not_read_again() {
    let mut world = World::new(shape(2, 2));
    let (mut session, receive) = session(&mut world);
    let meta = Meta { hard_link: Some(7), ..Meta::default() };
    session.enter_directory(b"/", Meta::default()).unwrap();
    assert!(!session.hard_link(b"a", &Stat::default(), 7).unwrap());
    session.begin_file(b"a", meta, Stat::default()).unwrap();
    session.write(&[1; 900]).unwrap();
    session.end_file(whole()).unwrap();
    assert!(!session.hard_link(b"b", &Stat::default(), 8).unwrap());
    assert!(session.hard_link(b"b", &Stat::default(), 7).unwrap());
    session.leave_directory(true).unwrap();
    assert_eq!(finish(session, &receive).version.bytes, 1_800);
    let version = world.version(1);
    let mut reader = world.reader();
    let [a, b] = [b"/a", b"/b"]
        .map(|path| crate::restore::find(&version, path, &mut reader).unwrap().unwrap());
    assert_eq!((&a, a.hard_link), (&b, Some(7)));
}

#[test]
fn too_many_attributes_are_left_out_and_counted() {
    let mut world = World::new(shape(2, 2));
    let (mut session, receive) = session(&mut world);
    let xattrs = vec![Xattr { name: b"user.x".to_vec(), value: vec![1; 300_000] }];
    let user = Some(vec![b'u'; 300]);
    let attributes = Attributes { xattrs, user, ..Attributes::default() };
    session.symlink(b"/l", Meta { attributes, hard_link: None }, b"x").unwrap();
    let version = finish(session, &receive).version;
    assert_eq!(version.problems, 1);
    assert_eq!(version.roots[0].node.attributes, Attributes::default());
}

#[test]
fn what_is_placed_is_not_held() {
    let mut world = World::new(shape(64, 64));
    let (mut session, receive) = session(&mut world);
    let mut random = ChaCha8Rng::seed_from_u64(6);
    session.begin_file(b"/f", Meta::default(), Stat::default()).unwrap();
    let (mut most_blocks, mut most_chunks) = (0, 0);
    for _ in 0..96 {
        let bytes = random_bytes(1 << 20, &mut random);
        session.write(&bytes).unwrap();
        let (chunks, blocks) = session.held();
        most_blocks = most_blocks.max(session.unplaced());
        most_chunks = most_chunks.max(chunks);
        assert!(blocks <= 3);
        place(&mut session, &receive);
    }
    session.end_file(whole()).unwrap();
    assert!(most_blocks <= 1 && most_chunks <= 40, "{most_blocks} {most_chunks}");
    session.seal_content(Vec::new(), Date(5), true).unwrap();
    place(&mut session, &receive);
    assert_eq!(session.held(), (0, 0));
}
