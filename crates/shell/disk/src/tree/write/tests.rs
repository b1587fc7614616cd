//! Restores stay below their target and overwrite nothing unless told.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use super::delivered::Delivered;
use super::spool::{Order, Spool, Unnamed};
use super::*;
use crate::tree::cause::Cause;
use crate::tree::model::{Owner, PARTIAL_PREFIX, Time, partial_name};
use crate::tree::tests::{set_mode, set_mtime, without_privileges};

mod hostile;

fn path(joined: &str) -> TreePath {
    TreePath::parse(joined.as_bytes()).unwrap()
}

fn attributes(mode: u32) -> Attributes {
    let mtime = Time::new(1_234_567_890, 123_456_789).unwrap();
    Attributes { mode, owner: Owner::default(), mtime }
}

fn wanted(size: u64) -> FileWanted {
    FileWanted {
        attributes: attributes(0o640),
        xattrs: Vec::new(),
        size,
        is_sparse: false,
        link_group: None,
    }
}

fn quick() -> Options {
    Options { durability: Durability::Whenever, owners: OwnerRule::Nobody, ..Options::default() }
}

fn existing(existing: Existing) -> Options {
    Options { existing, ..quick() }
}

fn resuming() -> Options {
    Options { resumes: true, ..quick() }
}

fn start(writer: &Writer, at: &str, wanted: FileWanted) -> Box<FileWriter> {
    match writer.file(&path(at), wanted).unwrap() {
        FileStart::Write(file) => file,
        other => panic!("{other:?}"),
    }
}

fn put(writer: &Writer, at: &str, content: &[u8]) -> Result<Option<Written>, WriteError> {
    put_wanted(writer, at, content, wanted(content.len() as u64))
}

fn put_wanted(
    writer: &Writer,
    at: &str,
    content: &[u8],
    wanted: FileWanted,
) -> Result<Option<Written>, WriteError> {
    match writer.file(&path(at), wanted)? {
        FileStart::Write(mut file) => {
            file.write_at(0, content)?;
            file.finish().map(Some)
        }
        FileStart::Identical | FileStart::LinkLater => Ok(None),
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_has_its_name_only_when_it_is_complete() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let mut file = start(&writer, "file", wanted(6));
    file.write_at(3, b"def").unwrap();
    let [partial] = names(target.path()).try_into().unwrap();
    assert!(partial.as_bytes().starts_with(PARTIAL_PREFIX));
    file.write_at(0, b"abc").unwrap();
    assert_eq!(file.finish(), Ok(Written { path: path("file") }));
    assert_eq!(names(target.path()), ["file"]);
    assert_eq!(fs::read(target.path().join("file")).unwrap(), b"abcdef");
    let meta = fs::metadata(target.path().join("file")).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o640);
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (1_234_567_890, 123_456_789));
}

#[test]
fn a_cancelled_file_leaves_nothing() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let mut file = start(&writer, "file", wanted(6));
    file.write_at(0, b"abc").unwrap();
    drop(file);
    drop(writer);
    assert_eq!(names(target.path()), [""; 0]);
}

#[test]
fn missing_surplus_and_doubled_content_are_refused() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let mut file = start(&writer, "file", wanted(10));
    file.write_at(0, b"abcd").unwrap();
    let beyond = WriteError::Beyond { offset: 8, length: 3, size: 10 };
    assert_eq!(file.write_at(8, b"xyz"), Err(beyond));
    let beyond = WriteError::Beyond { offset: u64::MAX, length: 2, size: 10 };
    assert_eq!(file.write_at(u64::MAX, b"xy"), Err(beyond));
    assert_eq!(file.write_at(3, b"xy"), Err(WriteError::Twice { offset: 3, length: 2 }));
    assert_eq!(file.finish(), Err(WriteError::Incomplete { delivered: 4, size: 10 }));
    assert_eq!(names(target.path()), [""; 0]);
}

#[test]
fn a_size_that_no_file_can_have_is_refused() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let too_large = |doing| Err(WriteError::Failed { doing, cause: Cause::TooLarge });
    let refused = writer.file(&path("a"), wanted(u64::MAX)).map(|_| ());
    assert_eq!(refused, too_large(Doing::Create));
    let mut file = start(&writer, "b", wanted(i64::MAX as u64));
    file.hole_at(0, i64::MAX as u64).unwrap();
    // Some file systems can hold it.
    let finished = file.finish().map(|_| ());
    assert!(finished == Ok(()) || finished == too_large(Doing::Write), "{finished:?}");
}

#[test]
fn zeros_of_a_sparse_file_take_no_room() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let mut content = vec![0; 1 << 20];
    content[300_000..300_100].fill(7);
    content[(1 << 20) - 1] = 0;
    for (name, is_sparse) in [("sparse", true), ("full", false)] {
        let wanted = FileWanted { is_sparse, ..wanted(content.len() as u64) };
        let mut file = start(&writer, name, wanted);
        for (number, piece) in content.chunks(10_001).enumerate() {
            file.write_at(number as u64 * 10_001, piece).unwrap();
        }
        file.finish().unwrap();
        assert_eq!(fs::read(target.path().join(name)).unwrap(), content);
    }
    let room = |name| fs::metadata(target.path().join(name)).unwrap().blocks() * 512;
    assert!(room("sparse") <= 64 << 10, "{}", room("sparse"));
    assert!(room("full") >= 1 << 20);
}

#[test]
fn what_exists_is_left_alone_by_default() {
    let target = tempfile::tempdir().unwrap();
    fs::write(target.path().join("file"), b"mine").unwrap();
    fs::create_dir(target.path().join("dir")).unwrap();
    symlink("nowhere", target.path().join("link")).unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let conflict = |existing| Err(WriteError::Conflict { existing });
    assert_eq!(put(&writer, "file", b"theirs"), conflict(Occupant::File));
    assert_eq!(put(&writer, "dir", b"theirs"), conflict(Occupant::Directory));
    assert_eq!(put(&writer, "link", b"theirs"), conflict(Occupant::Symlink));
    let made = |at| writer.directory(&path(at), &attributes(0o700), &[]);
    assert_eq!(made("file"), Err(WriteError::Conflict { existing: Occupant::File }));
    assert_eq!(made("link"), Err(WriteError::Conflict { existing: Occupant::Symlink }));
    writer.symlink(&path("file"), b"elsewhere", &attributes(0)).unwrap();
    let report = writer.finish().unwrap();
    let what = WriteError::Conflict { existing: Occupant::File };
    assert_eq!(report.problems, [Problem { path: path("file"), what }]);
    assert_eq!(names(target.path()), ["dir", "file", "link"]);
    assert_eq!(fs::read(target.path().join("file")).unwrap(), b"mine");
}

#[test]
fn a_file_that_appears_while_it_is_written_is_left_alone() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let mut file = start(&writer, "file", wanted(6));
    file.write_at(0, b"theirs").unwrap();
    fs::write(target.path().join("file"), b"mine").unwrap();
    assert_eq!(file.finish(), Err(WriteError::Conflict { existing: Occupant::File }));
    assert_eq!(names(target.path()), ["file"]);
    assert_eq!(fs::read(target.path().join("file")).unwrap(), b"mine");
}

#[test]
fn overwriting_replaces_links_and_files_but_no_directory() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    fs::create_dir(&target).unwrap();
    let outside = home.path().join("outside");
    fs::write(&outside, b"outside").unwrap();
    fs::hard_link(&outside, target.join("hard")).unwrap();
    symlink("../outside", target.join("soft")).unwrap();
    fs::create_dir(target.join("dir")).unwrap();
    symlink("..", target.join("becomes a directory")).unwrap();
    let writer = Writer::open(&target, existing(Existing::Overwrite)).unwrap();
    assert!(put(&writer, "hard", b"new").is_ok());
    assert!(put(&writer, "soft", b"new").is_ok());
    let conflict = WriteError::Conflict { existing: Occupant::Directory };
    assert_eq!(put(&writer, "dir", b"new"), Err(conflict));
    let made = writer.directory(&path("becomes a directory"), &attributes(0o711), &[]);
    assert_eq!(made, Ok(Made::Created));
    writer.symlink(&path("dir"), b"x", &attributes(0)).unwrap();
    writer.symlink(&path("hard"), b"replaced again", &attributes(0)).unwrap();
    let report = writer.finish().unwrap();
    assert_eq!(report.problems, [Problem { path: path("dir"), what: conflict }]);
    assert_eq!(fs::read(outside).unwrap(), b"outside");
    assert_eq!(fs::read(target.join("soft")).unwrap(), b"new");
    assert_eq!(fs::read_link(target.join("hard")).unwrap(), Path::new("replaced again"));
    assert_eq!(names(&target), ["becomes a directory", "dir", "hard", "soft"]);
    let mode = fs::symlink_metadata(target.join("becomes a directory")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o711);
}

#[test]
fn keeping_both_finds_a_name_beside() {
    let target = tempfile::tempdir().unwrap();
    let long = "ä".repeat(127);
    for name in ["file", "file.restored-1", &long] {
        fs::write(target.path().join(name), b"mine").unwrap();
    }
    let writer = Writer::open(target.path(), existing(Existing::KeepBoth)).unwrap();
    let written = put(&writer, "file", b"theirs").unwrap();
    assert_eq!(written, Some(Written { path: path("file.restored-2") }));
    put(&writer, &long, b"theirs").unwrap();
    writer.symlink(&path("file"), b"x", &attributes(0)).unwrap();
    let report = writer.finish().unwrap();
    assert_eq!((report.renamed, report.problems.len()), (3, 0));
    let cut = format!("{}.restored-1", "ä".repeat(122));
    let all = ["file", "file.restored-1", "file.restored-2", "file.restored-3", &long, &cut];
    let mut all = all.map(str::to_owned);
    all.sort();
    assert_eq!(names(target.path()), all);
}

#[test]
fn an_interrupted_restore_is_continued() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let fill = |writer: &Writer, last: &str| {
        writer.directory(&path("dir"), &attributes(0o500), &[]).unwrap();
        let group = |size| FileWanted { link_group: Some(1), ..wanted(size) };
        put_wanted(writer, "dir/first", b"linked", group(6)).unwrap();
        put_wanted(writer, "dir/second", b"linked", group(6)).unwrap();
        put(writer, "dir/a", b"aaaa").unwrap();
        writer.symlink(&path("dir/link"), b"a", &attributes(0)).unwrap();
        put(writer, "dir/b", last.as_bytes())
    };
    fill(&writer, "bb").unwrap();
    let unfinished = start(&writer, "dir/c", wanted(1));
    // The process is killed: nothing is cleaned up, and its locks end with it.
    let leftover = target.path().join("dir").join(OsStrOf(&partial_name(77)));
    fs::write(&leftover, b"half a fi").unwrap();
    drop((unfinished, writer));

    // `b` has changed since, so that what is there is not what is wanted.
    let writer = Writer::open(target.path(), resuming()).unwrap();
    assert_eq!(fill(&writer, "bbb"), Err(WriteError::Conflict { existing: Occupant::File }));
    put(&writer, "dir/c", b"c").unwrap();
    let report = writer.finish().unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.identical, report.files), (2, 1));
    assert_eq!((report.hard_links, report.symlinks, report.leftovers_removed), (1, 1, 1));
    let directory = target.path().join("dir");
    assert_eq!(names(&directory), ["a", "b", "c", "first", "link", "second"]);
    assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o7777, 0o500);
    assert_eq!(fs::metadata(directory.join("second")).unwrap().nlink(), 2);

    // Once more, when everything is there.
    let writer = Writer::open(target.path(), resuming()).unwrap();
    fill(&writer, "bb").unwrap();
    let report = writer.finish().unwrap();
    assert_eq!((report.identical, report.files), (5, 0));
    assert_eq!(report.problems, []);
}

/// A path of raw bytes.
struct OsStrOf<'a>(&'a [u8]);

impl AsRef<Path> for OsStrOf<'_> {
    fn as_ref(&self) -> &Path {
        Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(self.0))
    }
}

#[test]
fn the_files_of_a_running_restore_are_not_leftovers() {
    let target = tempfile::tempdir().unwrap();
    let first = Writer::open(target.path(), quick()).unwrap();
    let mut file = start(&first, "file", wanted(4));
    fs::write(target.path().join(OsStrOf(&partial_name(1))), b"killed").unwrap();
    let second = Writer::open(target.path(), quick()).unwrap();
    assert_eq!(second.finish().unwrap().leftovers_removed, 1);
    file.write_at(0, b"done").unwrap();
    file.finish().unwrap();
    assert_eq!(names(target.path()), ["file"]);
}

#[test]
fn directories_that_existed_keep_their_attributes_unless_told() {
    for (options, mode) in
        [(quick(), 0o755), (resuming(), 0o711), (existing(Existing::Overwrite), 0o711)]
    {
        let target = tempfile::tempdir().unwrap();
        fs::create_dir(target.path().join("dir")).unwrap();
        set_mode(&target.path().join("dir"), 0o755);
        let writer = Writer::open(target.path(), options).unwrap();
        let made = writer.directory(&path("dir"), &attributes(0o711), &[]);
        assert_eq!(made, Ok(Made::Entered));
        writer.finish().unwrap();
        let found = fs::metadata(target.path().join("dir")).unwrap().permissions().mode();
        assert_eq!(found & 0o7777, mode);
    }
}

#[test]
fn closed_directories_are_filled_and_then_closed() {
    let target = tempfile::tempdir().unwrap();
    let restore = |options: Options| {
        let writer = Writer::open(target.path(), options).unwrap();
        writer.directory(&path("a"), &attributes(0), &[]).unwrap();
        writer.directory(&path("a/b"), &attributes(0), &[]).unwrap();
        put(&writer, "a/b/file", b"content").unwrap();
        writer.symlink(&path("a/b/link"), b"x", &attributes(0)).unwrap();
        writer.finish().unwrap()
    };
    set_mode(target.path(), 0o777);
    let report = without_privileges(|| restore(quick()));
    assert_eq!(report.problems, []);
    let closed = |at: &str| fs::metadata(target.path().join(at)).unwrap().mode() & 0o7777;
    assert_eq!(closed("a"), 0);
    // Going on with it opens what it had closed, and closes it again.
    let report = without_privileges(|| restore(resuming()));
    assert_eq!(report.problems, []);
    assert_eq!(report.identical, 2);
    assert_eq!(closed("a"), 0);
    set_mode(&target.path().join("a"), 0o700);
    assert_eq!(closed("a/b"), 0);
    set_mode(&target.path().join("a/b"), 0o700);
    let meta = fs::metadata(target.path().join("a/b")).unwrap();
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (1_234_567_890, 123_456_789));
}

#[test]
fn special_bits_come_back_only_when_asked_for() {
    for (keeps, expected) in [(false, 0o755), (true, 0o6755)] {
        let target = tempfile::tempdir().unwrap();
        let options = Options { keeps_special_bits: keeps, ..quick() };
        let writer = Writer::open(target.path(), options).unwrap();
        let wanted = FileWanted { attributes: attributes(0o6755), ..wanted(1) };
        put_wanted(&writer, "tool", b"x", wanted).unwrap();
        writer.directory(&path("dir"), &attributes(0o1777), &[]).unwrap();
        writer.finish().unwrap();
        let mode = |at| fs::metadata(target.path().join(at)).unwrap().mode() & 0o7777;
        assert_eq!(mode("tool"), expected);
        assert_eq!(mode("dir") & 0o1000 != 0, keeps);
    }
}

#[test]
fn attributes_that_give_rights_are_dropped() {
    use rustix::fs::getxattr;
    use rustix::io::Errno;
    let xattr = |name: &str, value: &[u8]| Xattr { name: name.into(), value: value.into() };
    let capability = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\0\0\0\0";
    let xattrs = vec![
        xattr("user.good", b"1"),
        xattr("security.capability", capability),
        xattr("trusted.x", b"1"),
        xattr("system.other", b"1"),
        xattr("user.nul\0", b"1"),
        xattr("user.large", &[0; 70_000]),
    ];
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    put_wanted(&writer, "file", b"x", FileWanted { xattrs, ..wanted(1) }).unwrap();
    let report = writer.finish().unwrap();
    assert_eq!((report.xattrs_dropped, report.problems), (5, vec![]));
    let get = |name: &str| getxattr(target.path().join("file"), name, &mut [0_u8; 64][..]);
    assert_eq!(get("user.good"), Ok(1));
    assert_eq!(get("security.capability"), Err(Errno::NODATA));
}

/// As root it is given; without the rights it is a problem of the entry, and the file is there.
#[test]
fn owners_are_given_back_or_the_failure_is_reported() {
    let restore = |target: &Path| {
        let options = Options { owners: OwnerRule::ByNumber, ..quick() };
        let writer = Writer::open(target, options).unwrap();
        let owner = Owner { uid: 12_345, gid: 54_321, user: None, group: None };
        let attributes = Attributes { owner, ..attributes(0o600) };
        let wanted = FileWanted { attributes: attributes.clone(), ..wanted(1) };
        put_wanted(&writer, "file", b"x", wanted).unwrap();
        writer.symlink(&path("link"), b"file", &attributes).unwrap();
        // −1 is nobody's number; the kernel would read it as "leave it".
        let nobody = Owner { uid: u32::MAX, gid: u32::MAX, ..Owner::default() };
        let attributes = Attributes { owner: nobody, ..attributes };
        put_wanted(&writer, "kept", b"x", FileWanted { attributes, ..self::wanted(1) }).unwrap();
        writer.finish().unwrap()
    };
    let target = tempfile::tempdir().unwrap();
    set_mode(target.path(), 0o777);
    let report = without_privileges(|| restore(target.path()));
    let what = WriteError::Failed { doing: Doing::SetOwner, cause: Cause::Denied };
    let refused = ["file", "link"].map(|at| Problem { path: path(at), what });
    assert_eq!(report.problems, refused);
    assert_eq!(names(target.path()), ["file", "kept", "link"]);
    if rustix::process::geteuid().is_root() {
        let target = tempfile::tempdir().unwrap();
        assert_eq!(restore(target.path()).problems, []);
        let owner = |at| {
            let meta = fs::symlink_metadata(target.path().join(at)).unwrap();
            (meta.uid(), meta.gid())
        };
        assert_eq!(owner("file"), (12_345, 54_321));
        assert_eq!(owner("link"), (12_345, 54_321));
        assert_eq!(owner("kept"), (0, 0));
    }
}

#[test]
fn hard_links_need_their_first_file() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let group = |number| FileWanted { link_group: Some(number), ..wanted(1) };
    // Dropped: the next name brings the content instead.
    drop(start(&writer, "a", group(1)));
    put_wanted(&writer, "b", b"1", group(1)).unwrap();
    assert!(matches!(writer.file(&path("c"), group(1)), Ok(FileStart::LinkLater)));
    // Dropped after another name was promised to be linked to it.
    let first = start(&writer, "d", group(2));
    assert!(matches!(writer.file(&path("e"), group(2)), Ok(FileStart::LinkLater)));
    drop(first);
    let report = writer.finish().unwrap();
    assert_eq!(report.problems, [Problem { path: path("e"), what: WriteError::NoFirst }]);
    assert_eq!(names(target.path()), ["b", "c"]);
    assert_eq!(fs::metadata(target.path().join("c")).unwrap().nlink(), 2);
}

#[test]
fn a_restore_is_not_finished_while_files_are_open() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    let _open = start(&writer, "a", wanted(1));
    let error = writer.finish().unwrap_err();
    assert_eq!(error.what, WriteError::Unfinished { count: 1 });
}

#[test]
fn everything_waits_in_bounded_memory_and_comes_in_order() {
    #[derive(Debug)]
    struct Here(tempfile::TempDir);
    impl Unnamed for Here {
        fn unnamed_file(&self) -> std::io::Result<fs::File> {
            tempfile::tempfile_in(self.0.path())
        }
    }
    let here = Here(tempfile::tempdir().unwrap());
    for order in [Order::Forward, Order::Backward] {
        let mut spool = Spool::default();
        for number in 0..300_000_u64 {
            spool.push(&(number, vec![1_u8; 9]), &here).unwrap();
        }
        let mut seen = Vec::new();
        spool.drain(order, |(number, _): (u64, Vec<u8>)| seen.push(number)).unwrap();
        let mut expected: Vec<_> = (0..300_000).collect();
        if order == Order::Backward {
            expected.reverse();
        }
        assert!(seen == expected);
    }
}

#[test]
fn many_threads_may_write_one_tree() {
    let target = tempfile::tempdir().unwrap();
    let writer = Writer::open(target.path(), quick()).unwrap();
    for number in 0..100 {
        let at = path(&format!("d{number}"));
        writer.directory(&at, &attributes(0o700), &[]).unwrap();
    }
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0..100 {
                    put(writer, &format!("d{number}/f{thread}"), b"content").unwrap();
                }
            });
        }
    });
    let report = writer.finish().unwrap();
    assert_eq!((report.files, report.problems.len()), (400, 0));
}

#[test]
fn a_target_that_cannot_be_made_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), b"x").unwrap();
    let below = Writer::open(&home.path().join("file/below"), quick());
    assert_eq!(below.err(), Some(WriteError::Target(Cause::Blocked)));
    let itself = Writer::open(&home.path().join("file"), quick());
    assert!(matches!(itself.err(), Some(WriteError::Target(_))));
    let made = Writer::open(&home.path().join("a/b/c"), quick()).unwrap();
    set_mtime(home.path(), 1, 1);
    assert_eq!(made.directory(&TreePath::root(), &attributes(0o700), &[]), Ok(Made::Created));
    assert_eq!(put(&made, "x", b"").unwrap(), Some(Written { path: path("x") }));
    assert_eq!(made.finish().unwrap().problems, []);
    assert_eq!(fs::metadata(home.path().join("a/b/c")).unwrap().mtime(), 1_234_567_890);
}

proptest! {
    /// Pieces of any cut in any order are one whole, and any byte twice is refused.
    #[test]
    fn delivered_bytes_are_counted_once(
        cuts in prop::collection::btree_set(1..1_000_u64, 0..20),
        order in any::<prop::sample::Index>(),
        again in (0..1_000_u64, 1..50_u64),
    ) {
        let mut edges: Vec<u64> = std::iter::once(0).chain(cuts).chain([1_000]).collect();
        edges.dedup();
        let mut pieces: Vec<_> = edges.windows(2).map(|edge| (edge[0], edge[1])).collect();
        let turn = order.index(pieces.len());
        pieces.rotate_left(turn);
        pieces.sort_by_key(|(start, _)| start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (turn % 32));
        let mut delivered = Delivered::default();
        for (start, end) in pieces {
            prop_assert!(delivered.add(start, end));
            prop_assert!(!delivered.add(start, end));
            prop_assert!(delivered.add(start, start));
        }
        prop_assert_eq!(delivered.bytes(), 1_000);
        prop_assert!(!delivered.add(again.0, again.0 + again.1));
        prop_assert_eq!(delivered.bytes(), 1_000);
    }

    /// Whatever runs of zeros there are, the content is what was written.
    #[test]
    fn sparse_content_is_what_was_written(
        runs in prop::collection::vec((any::<bool>(), 1..9_000_usize), 1..8),
        step in 1..7_000_usize,
    ) {
        let mut content = Vec::new();
        for (is_zero, length) in runs {
            content.resize(content.len() + length, u8::from(!is_zero));
        }
        let target = tempfile::tempdir().unwrap();
        let writer = Writer::open(target.path(), quick()).unwrap();
        let wanted = FileWanted { is_sparse: true, ..wanted(content.len() as u64) };
        let mut file = start(&writer, "file", wanted);
        for (number, piece) in content.chunks(step).enumerate() {
            file.write_at((number * step) as u64, piece).unwrap();
        }
        file.finish().unwrap();
        let found = fs::File::open(target.path().join("file")).unwrap();
        let mut read = vec![9; content.len() + 1];
        let length = found.read_at(&mut read, 0).unwrap();
        prop_assert_eq!(&read[..length], content.as_slice());
    }
}
