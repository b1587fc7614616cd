//! Whole trees there and back, and what the tests of the parts share.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags, setxattr, utimensat};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::compare::{Aspects, compare_trees};
use super::model::Identity;
use super::read::Piece;
use super::scan::{Entry, Item, Options as ScanOptions, Scan};
use super::write::{Durability, FileStart, FileWanted, Options, Report, Writer};
use super::{model::Kind, sample::make_sample};

/// Runs as a user without the rights of root, whoever runs the tests.
pub(super) fn without_privileges<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let run = || {
        let none = CapabilitySet::empty();
        let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
        set_capabilities(None, sets).unwrap();
        assert!(capabilities(None).unwrap().effective.is_empty());
        work()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

pub(super) fn set_mtime(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn scan(root: &Path, options: ScanOptions) -> Vec<Item> {
    Scan::new(root, options).unwrap().collect()
}

/// What a backup and a restore do between them, without anything lost.
pub(super) fn copy(source: &Path, target: &Path, options: Options) -> Report {
    let writer = Writer::open(target, options).unwrap();
    let mut groups: BTreeMap<Identity, u64> = BTreeMap::new();
    for item in scan(source, ScanOptions::default()) {
        match item {
            Item::Enter(entry) | Item::Entry(entry) => {
                let next = groups.len() as u64;
                let group = entry.meta().hard_link().map(|id| *groups.entry(id).or_insert(next));
                copy_entry(&writer, &entry, group);
            }
            Item::Leave { is_complete } => assert!(is_complete),
            Item::Skipped { path, why } => panic!("{path} skipped: {why:?}"),
            Item::Problem(problem) => panic!("{problem}"),
        }
    }
    writer.finish().unwrap()
}

fn copy_entry(writer: &Writer, entry: &Entry, group: Option<u64>) {
    let (meta, path) = (entry.meta(), entry.path());
    let details = entry.read_details().unwrap();
    match &meta.kind {
        Kind::Directory => {
            writer.directory(path, &meta.attributes, &details.xattrs).unwrap();
        }
        Kind::Symlink { target } => writer.symlink(path, target, &meta.attributes).unwrap(),
        Kind::File => {
            let wanted = FileWanted {
                attributes: meta.attributes.clone(),
                xattrs: details.xattrs,
                size: meta.size,
                is_sparse: details.extents.is_some(),
                link_group: group,
            };
            let FileStart::Write(mut file) = writer.file(path, wanted).unwrap() else { return };
            let mut reading = entry.open().unwrap();
            let mut buffer = vec![0; 10_000];
            loop {
                match reading.read_piece(&mut buffer).unwrap() {
                    Piece::Content { offset, length } => {
                        file.write_at(offset, &buffer[..length]).unwrap();
                    }
                    Piece::Hole { offset, length } => file.hole_at(offset, length).unwrap(),
                    Piece::End => break,
                }
            }
            reading.finish().unwrap();
            file.finish().unwrap();
        }
        Kind::Special(special) => panic!("{special:?} in a scan"),
    }
}

#[test]
fn the_sample_comes_back_whole() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    let made = make_sample(&a, 3 << 20, 7).unwrap();
    let report = copy(&a, &b, Options::default());
    assert_eq!(report.problems, []);
    assert_eq!(report.files, made.files);
    assert_eq!(report.hard_links, made.hard_links);
    assert_eq!(report.symlinks, made.symlinks);
    assert_eq!(report.directories, made.directories);
    let compared = compare_trees(&a, &b, Aspects::default()).unwrap();
    assert_eq!(compared.differences, []);
    let entries = made.files + made.hard_links + made.symlinks + made.directories;
    assert_eq!(compared.entries, entries);
}

#[test]
fn holes_stay_holes() {
    use std::os::unix::fs::MetadataExt;
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    make_sample(&a, 1 << 20, 9).unwrap();
    copy(&a, &b, Options::default());
    let sparse = |root: &Path| fs::metadata(root.join("sparse and empty/sparse.img")).unwrap();
    assert!(sparse(&a).blocks() * 512 < sparse(&a).size() / 8, "the sample is not sparse");
    assert!(sparse(&b).blocks() <= sparse(&a).blocks() + 16);
}

/// An entry of a random tree; names are the keys of the map around it.
#[derive(Clone, Debug)]
enum Node {
    File {
        content: Vec<(bool, u16)>,
        mode: u32,
        mtime: (i64, i64),
        xattr: Option<Vec<u8>>,
    },
    Symlink(Vec<u8>),
    /// Another name of the file made before it, if there is one.
    HardLink,
    Directory {
        entries: BTreeMap<Vec<u8>, Node>,
        mode: u32,
        mtime: (i64, i64),
    },
}

fn a_name() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..12),
        4 => "[a-c.]{1,3}".prop_map(String::into_bytes),
        1 => prop::collection::vec(1..=46_u8, 255..=255),
    ];
    bytes.prop_filter_map("not a name", |bytes| {
        super::model::Name::new(&bytes).ok().map(|name| name.as_bytes().to_vec())
    })
}

fn a_time() -> impl Strategy<Value = (i64, i64)> {
    (-1_000_000_000..4_000_000_000_i64, 0..1_000_000_000_i64)
}

fn a_tree() -> impl Strategy<Value = BTreeMap<Vec<u8>, Node>> {
    let content = prop::collection::vec((any::<bool>(), any::<u16>()), 0..4);
    let xattr = prop::option::weighted(0.2, prop::collection::vec(any::<u8>(), 0..300));
    let file = (content, 0..=0o777_u32, a_time(), xattr)
        .prop_map(|(content, mode, mtime, xattr)| Node::File { content, mode, mtime, xattr });
    let target = prop::collection::vec(1..=255_u8, 1..40);
    let leaf = prop_oneof![
        5 => file,
        1 => target.prop_map(Node::Symlink),
        1 => Just(Node::HardLink),
    ];
    let node = leaf.prop_recursive(4, 24, 6, |inner| {
        (prop::collection::btree_map(a_name(), inner, 0..6), 0..=0o777_u32, a_time())
            .prop_map(|(entries, mode, mtime)| Node::Directory { entries, mode, mtime })
    });
    prop::collection::btree_map(a_name(), node, 0..8)
}

fn build(at: &Path, entries: &BTreeMap<Vec<u8>, Node>, last_file: &mut Option<PathBuf>) {
    for (name, node) in entries {
        let path = at.join(OsStr::from_bytes(name));
        match node {
            Node::File { content, mode, mtime, xattr } => {
                build_file(&path, content);
                if let Some(value) = xattr {
                    setxattr(&path, "user.test", value, XattrFlags::empty()).unwrap();
                }
                set_mode(&path, *mode);
                set_mtime(&path, mtime.0, mtime.1);
                *last_file = Some(path);
            }
            Node::Symlink(target) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(target), &path).unwrap();
                set_mtime(&path, 1_000_000_000 + name.len() as i64, 5);
            }
            Node::HardLink => {
                if let Some(file) = &*last_file {
                    fs::hard_link(file, &path).unwrap();
                }
            }
            Node::Directory { entries, mode, mtime } => {
                fs::create_dir(&path).unwrap();
                build(&path, entries, last_file);
                set_mode(&path, *mode | 0o700);
                set_mtime(&path, mtime.0, mtime.1);
            }
        }
    }
}

/// Runs of content and holes.
fn build_file(path: &Path, content: &[(bool, u16)]) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(path).unwrap();
    let mut end = 0;
    for (number, (is_hole, length)) in content.iter().enumerate() {
        if !is_hole {
            file.write_all_at(&vec![number as u8 + 1; usize::from(*length)], end).unwrap();
        }
        end += u64::from(*length);
    }
    file.set_len(end).unwrap();
}

/// All paths below a directory, by the standard library.
fn naive_paths(root: &Path) -> BTreeSet<Vec<u8>> {
    let mut paths = BTreeSet::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                open.push(path.clone());
            }
            paths.insert(path.strip_prefix(root).unwrap().as_os_str().to_owned().into_vec());
        }
    }
    paths
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_tree_comes_back_whole(tree in a_tree()) {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("a"), home.path().join("b"));
        fs::create_dir(&a).unwrap();
        build(&a, &tree, &mut None);
        let options = Options { durability: Durability::Whenever, ..Options::default() };
        let report = copy(&a, &b, options);
        prop_assert_eq!(report.problems, vec![]);
        let compared = compare_trees(&a, &b, Aspects::default()).unwrap();
        prop_assert_eq!(compared.differences, vec![]);
        // The scan is part of both; so what it passes over must be seen by another walk.
        prop_assert_eq!(naive_paths(&a), naive_paths(&b));
        prop_assert_eq!(compared.entries, naive_paths(&a).len() as u64 + 1);
        let leftovers = naive_paths(home.path());
        prop_assert!(!leftovers.iter().any(|path| path.windows(14).any(|w| w == b".bitdust-part-")));
    }

    #[test]
    fn any_tree_is_walked_in_order_and_whole(tree in a_tree()) {
        let home = tempfile::tempdir().unwrap();
        build(home.path(), &tree, &mut None);
        let mut open: Vec<Option<Vec<u8>>> = Vec::new();
        let mut seen = BTreeSet::new();
        for item in scan(home.path(), ScanOptions::default()) {
            match item {
                Item::Enter(entry) | Item::Entry(entry) => {
                    prop_assert_eq!(entry.path().depth(), open.len());
                    if let Some(before) = open.last_mut() {
                        let name = entry.path().name().map(<[u8]>::to_vec);
                        prop_assert!(*before < name);
                        *before = name;
                        seen.insert(entry.path().as_bytes().to_vec());
                    }
                    if entry.meta().kind == Kind::Directory {
                        open.push(None);
                    }
                }
                Item::Leave { is_complete } => {
                    prop_assert!(is_complete);
                    prop_assert!(open.pop().is_some());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(open.is_empty());
        prop_assert_eq!(seen, naive_paths(home.path()));
    }
}
