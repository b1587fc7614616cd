//! Catalogs made to write outside the target: names, planted links, links of their own, doubles.
//! After each of them everything outside the target is as it was, and a writer without care is
//! shown to fail the same test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;
use crate::tree::model::DEPTH_MAX;

/// One entry of a catalog, with its path as raw bytes.
#[derive(Clone, Debug)]
enum Act {
    Directory(Vec<u8>),
    File(Vec<u8>),
    Linked(Vec<u8>, u64),
    Symlink(Vec<u8>, Vec<u8>),
}

/// A target among things that must not change.
struct Sandbox {
    home: tempfile::TempDir,
    before: BTreeMap<PathBuf, Seen>,
}

/// What is watched of an entry outside the target.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    mode: u32,
    owner: (u32, u32),
    inode: u64,
    size: u64,
    mtime: (i64, i64),
    content: Vec<u8>,
}

/// Planted names in the target that lead out of it, or nowhere.
const PLANTED: [&str; 9] =
    ["out", "absolute", "secret", "new", "up", "loop", "magic", "hard", "pipe"];

impl Sandbox {
    fn new() -> Sandbox {
        // Thousands of these are made; in memory that is quicker.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("outside/dir")).unwrap();
        fs::create_dir(at("target")).unwrap();
        fs::write(at("outside/secret"), b"secret").unwrap();
        fs::write(at("outside/hard"), b"hard").unwrap();
        fs::write(at("outside/dir/inner"), b"inner").unwrap();
        symlink("../outside", at("target/out")).unwrap();
        symlink(at("outside"), at("target/absolute")).unwrap();
        symlink("../outside/secret", at("target/secret")).unwrap();
        symlink("../outside/new", at("target/new")).unwrap();
        symlink("..", at("target/up")).unwrap();
        symlink("loop", at("target/loop")).unwrap();
        let magic = Path::new("/proc/self/root").join(at("outside").strip_prefix("/").unwrap());
        symlink(magic, at("target/magic")).unwrap();
        fs::hard_link(at("outside/hard"), at("target/hard")).unwrap();
        mkfifoat(CWD, at("target/pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        let before = look_outside(home.path());
        Sandbox { home, before }
    }

    fn target(&self) -> PathBuf {
        self.home.path().join("target")
    }

    fn is_untouched(&self) -> bool {
        look_outside(self.home.path()) == self.before
    }
}

/// Everything in the home but what is inside the target.
fn look_outside(home: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut open = vec![home.to_path_buf()];
    while let Some(path) = open.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let is_target = path == home.join("target");
        if meta.is_dir() && !is_target {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        if !is_target {
            seen.insert(
                path.clone(),
                Seen {
                    mode: meta.mode(),
                    owner: (meta.uid(), meta.gid()),
                    inode: meta.ino(),
                    size: meta.size(),
                    mtime: (meta.mtime(), meta.mtime_nsec()),
                    content: if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() },
                },
            );
        }
    }
    seen
}

/// Names that are bad whatever is done under them. Absolute ones lead into the sandbox only.
fn bad_paths(outside: &Path) -> Vec<Vec<u8>> {
    let outside = outside.as_os_str().as_bytes();
    let climbs: [&[u8]; 28] = [
        b".",
        b"..",
        b"/",
        b"//",
        b"./",
        b"../",
        b"a/..",
        b"a/.",
        b"../x",
        b"../outside/x",
        b"./../outside/x",
        b"a/../../outside/x",
        b"a/b/../../../outside/x",
        b"..//outside/x",
        b".././outside/x",
        b"../target/../outside/x",
        b"out/../../outside/x",
        b"/../outside/x",
        b"a//x",
        b"a/",
        b"a\0",
        b"\0",
        b"..\0/outside/x",
        b"a\0/../../outside/x",
        b"../outside/secret\0.txt",
        b"up/../../outside/secret",
        b"....//..//outside/x",
        b"a/b/c/d/e/f/../../../../../../../outside/x",
    ];
    let mut paths: Vec<Vec<u8>> = climbs.iter().map(|path| path.to_vec()).collect();
    for end in ["", "/", "/x", "/secret", "//x", "/dir/../x"] {
        paths.push([outside, end.as_bytes()].concat());
        paths.push([b"/".as_slice(), outside, end.as_bytes()].concat());
    }
    for length in [256, 257, 1_000, 4_096, 70_000] {
        paths.push(vec![b'n'; length]);
        paths.push([b"a/".as_slice(), &vec![b'n'; length]].concat());
    }
    for depth in [DEPTH_MAX + 1, DEPTH_MAX + 2, 5_000] {
        paths.push(b"d/".repeat(depth)[..depth * 2 - 1].to_vec());
    }
    // Climbing at each depth.
    for depth in 1..20 {
        paths.push([b"a/".repeat(depth), b"../".repeat(depth + 1), b"outside/x".to_vec()].concat());
    }
    paths
}

/// Catalogs of entries that are each well-formed by themselves.
fn structures(outside: &Path) -> Vec<Vec<Act>> {
    let bytes = |text: String| text.into_bytes();
    let directory = |path: &str| Act::Directory(path.into());
    let file = |path: &str| Act::File(path.into());
    let mut all = Vec::new();
    for planted in PLANTED {
        let at = |below: &str| bytes(format!("{planted}{below}"));
        let (file_in, dir_in) = (Act::File(at("/x")), Act::Directory(at("/d")));
        let symlink_in = Act::Symlink(at("/s"), b"secret".to_vec());
        all.push(vec![Act::File(at(""))]);
        all.push(vec![Act::Directory(at(""))]);
        all.push(vec![Act::Symlink(at(""), b"../outside/secret".to_vec()), Act::File(at(""))]);
        all.push(vec![file_in.clone()]);
        all.push(vec![Act::File(at("/secret")), Act::File(at("/outside/secret"))]);
        all.push(vec![dir_in.clone(), Act::File(at("/d/x")), Act::File(at("/dir/inner"))]);
        all.push(vec![symlink_in.clone(), Act::File(at("/s"))]);
        all.push(vec![Act::Directory(at("")), file_in.clone(), dir_in, symlink_in.clone()]);
        all.push(vec![Act::Linked(at(""), 1), Act::Linked(at("2"), 1), Act::File(at("2"))]);
        all.push(vec![Act::Linked(b"first".to_vec(), 1), Act::Linked(at("/x"), 1)]);
        all.push(vec![Act::Linked(b"first".to_vec(), 1), Act::Linked(at(""), 1)]);
        all.push(vec![Act::Directory(at("/dir")), Act::Directory(at("/..dir"))]);
    }
    let absolute = outside.as_os_str().as_bytes();
    let targets: [&[u8]; 7] =
        [b"../outside", b"../outside/", b"out", b"up/outside", b"..", absolute, b"./../outside/."];
    for target in targets {
        let link = |path: &str| Act::Symlink(path.into(), target.to_vec());
        all.push(vec![link("s"), file("s/x")]);
        all.push(vec![link("s"), file("s/secret"), directory("s/dir")]);
        all.push(vec![link("s"), directory("s"), file("s/x"), file("s/secret")]);
        all.push(vec![directory("s"), link("s"), file("s/x")]);
        all.push(vec![directory("s"), file("s/x"), link("s"), file("s/secret")]);
        all.push(vec![directory("s"), link("s/t"), file("s/t/x"), directory("s/t/dir")]);
        all.push(vec![file("s"), link("s"), file("s"), file("s/x")]);
        all.push(vec![link("s"), file("s"), link("s")]);
        all.push(vec![link("s"), link("s"), link("s/t")]);
        all.push(vec![Act::Linked(b"s".into(), 1), link("s"), Act::Linked(b"t".into(), 1)]);
        all.push(vec![link("s"), Act::Linked(b"s".into(), 1), Act::Linked(b"s/t".into(), 1)]);
        all.push(vec![
            Act::Linked(b"a".into(), 1),
            Act::Linked(b"s".into(), 1),
            link("s"),
            link("a"),
            Act::Linked(b"b".into(), 1),
        ]);
        all.push(vec![directory("s"), directory("S"), link("S"), file("S/x"), file("s/x")]);
    }
    all.push(vec![file("d"), directory("d"), file("d/x"), directory("d"), file("d")]);
    all.push(vec![directory("d"), file("d"), file("d/d"), directory("d/d"), file("d/d/x")]);
    all
}

fn run(target: &Path, acts: &[Act], options: Options, has_openat2: bool) {
    let writer = if has_openat2 {
        Writer::open(target, options)
    } else {
        Writer::open_without_openat2(target, options)
    };
    let writer = writer.unwrap();
    for act in acts {
        // What is refused is refused; what counts is what is there afterwards.
        let _ = perform(&writer, act);
    }
    writer.finish().unwrap();
}

fn perform(writer: &Writer, act: &Act) -> Option<()> {
    let path = |raw: &[u8]| TreePath::parse(raw).ok();
    let put = |raw: &[u8], link_group| {
        let wanted = FileWanted { link_group, ..wanted(7) };
        match writer.file(&path(raw)?, wanted).ok()? {
            FileStart::Write(mut file) => {
                file.write_at(0, b"hostile").unwrap();
                file.finish().map(|_| ()).ok()
            }
            FileStart::Identical | FileStart::LinkLater => Some(()),
        }
    };
    match act {
        Act::Directory(raw) => {
            writer.directory(&path(raw)?, &attributes(0o777), &[]).map(|_| ()).ok()
        }
        Act::File(raw) => put(raw, None),
        Act::Linked(raw, group) => put(raw, Some(*group)),
        Act::Symlink(raw, target) => writer.symlink(&path(raw)?, target, &attributes(0)).ok(),
    }
}

/// Every policy, new and resumed, and both ways to open directories.
fn variants() -> [(Options, bool); 6] {
    [
        (Existing::Refuse, false, true),
        (Existing::Refuse, true, false),
        (Existing::Overwrite, false, true),
        (Existing::Overwrite, true, false),
        (Existing::KeepBoth, false, false),
        (Existing::KeepBoth, true, true),
    ]
    .map(|(existing, resumes, has_openat2)| (Options { existing, resumes, ..quick() }, has_openat2))
}

#[test]
fn bad_names_touch_nothing_outside() {
    let sandbox = Sandbox::new();
    let paths = bad_paths(&sandbox.home.path().join("outside"));
    assert!(paths.len() * 4 >= 200, "{}", paths.len());
    for raw in &paths {
        let shown = raw.get(..80).unwrap_or(raw).escape_ascii();
        assert!(TreePath::parse(raw).is_err(), "{shown} is a path");
    }
    for (options, has_openat2) in variants() {
        for raw in &paths {
            let target = b"../outside/secret".to_vec();
            let acts = [
                Act::Directory(raw.clone()),
                Act::File(raw.clone()),
                Act::Linked(raw.clone(), 1),
                Act::Symlink(raw.clone(), target),
            ];
            run(&sandbox.target(), &acts, options.clone(), has_openat2);
        }
        assert!(sandbox.is_untouched());
        assert_eq!(names(&sandbox.target()).len(), PLANTED.len());
    }
}

#[test]
fn hostile_structures_touch_nothing_outside() {
    let count = structures(Path::new("/")).len();
    assert!(count >= 200, "{count}");
    for (options, has_openat2) in variants() {
        for number in 0..count {
            let sandbox = Sandbox::new();
            let acts = &structures(&sandbox.home.path().join("outside"))[number];
            // A small catalog shows best what it did.
            let shown = acts.get(..8).unwrap_or(acts);
            run(&sandbox.target(), acts, options.clone(), has_openat2);
            assert!(sandbox.is_untouched(), "{options:?} {has_openat2} {shown:?}");
        }
    }
}

/// The same catalogs, written as one would without thinking of them.
#[test]
fn a_careless_writer_is_caught() {
    let mut caught = 0;
    let count = structures(Path::new("/")).len();
    for number in 0..count {
        let sandbox = Sandbox::new();
        for act in &structures(&sandbox.home.path().join("outside"))[number] {
            let _ = carelessly(&sandbox.target(), act);
        }
        caught += usize::from(!sandbox.is_untouched());
    }
    // Many of the others it escapes only because the standard library fails half-way.
    assert!(caught >= count / 3, "{caught} of {count}");
}

fn carelessly(target: &Path, act: &Act) -> std::io::Result<()> {
    let at = |raw: &[u8]| {
        let path = target.join(OsStr::from_bytes(raw));
        // Nobody reads the pipe.
        let is_pipe = raw.starts_with(b"pipe");
        if is_pipe { Err(std::io::Error::other("pipe")) } else { Ok(path) }
    };
    match act {
        Act::Directory(raw) => fs::create_dir_all(at(raw)?),
        Act::File(raw) | Act::Linked(raw, _) => fs::write(at(raw)?, b"hostile"),
        Act::Symlink(raw, link) => symlink(OsStr::from_bytes(link), at(raw)?),
    }
}

#[test]
fn nothing_is_made_below_a_link_of_the_catalog_itself() {
    let sandbox = Sandbox::new();
    let writer = Writer::open(&sandbox.target(), quick()).unwrap();
    writer.symlink(&path("s"), b"../outside", &attributes(0)).unwrap();
    assert_eq!(put(&writer, "s/x", b"x"), Err(WriteError::NoParent));
    assert_eq!(put(&writer, "out/x", b"x"), Err(WriteError::Blocked));
    assert_eq!(put(&writer, "hard/x", b"x"), Err(WriteError::Blocked));
    let reserved = String::from_utf8(partial_name(3)).unwrap();
    assert_eq!(put(&writer, &reserved, b"x"), Err(WriteError::Reserved));
    assert_eq!(put(&writer, &format!("{reserved}/x"), b"x"), Err(WriteError::Reserved));
    assert_eq!(put_root(&writer), Err(WriteError::Root));
    for target in [&b""[..], b"a\0b", &[b'x'; 5_000]] {
        let refused = writer.symlink(&path("t"), target, &attributes(0));
        assert_eq!(refused, Err(WriteError::BadTarget));
    }
    assert_eq!(writer.finish().unwrap().problems, []);
    assert!(sandbox.is_untouched());
}

fn put_root(writer: &Writer) -> Result<(), WriteError> {
    writer.file(&TreePath::root(), wanted(1)).map(|_| ())
}

#[test]
fn the_deepest_path_is_the_limit() {
    let target = tempfile::tempdir().unwrap();
    for has_openat2 in [true, false] {
        let acts: Vec<_> = (1..=DEPTH_MAX + 9)
            .map(|depth| Act::Directory(b"d/".repeat(depth)[..depth * 2 - 1].to_vec()))
            .collect();
        let target = target.path().join(has_openat2.to_string());
        run(&target, &acts, quick(), has_openat2);
        let made = std::iter::successors(Some(target), |at| Some(at.join("d")));
        assert_eq!(made.take_while(|at| at.is_dir()).count(), DEPTH_MAX + 1);
    }
}

#[test]
fn a_long_path_is_opened_in_parts() {
    let target = tempfile::tempdir().unwrap();
    for has_openat2 in [true, false] {
        let target = target.path().join(has_openat2.to_string());
        let writer = if has_openat2 {
            Writer::open(&target, quick()).unwrap()
        } else {
            Writer::open_without_openat2(&target, quick()).unwrap()
        };
        // 40 names of 250 bytes: more than one call of the kernel takes.
        let name = "n".repeat(250);
        let mut at = TreePath::root();
        for _ in 0..40 {
            at = at.join(&crate::tree::model::Name::new(name.as_bytes()).unwrap()).unwrap();
            writer.directory(&at, &attributes(0o700), &[]).unwrap();
        }
        let joined = String::from_utf8(at.as_bytes().to_vec()).unwrap();
        put(&writer, &format!("{joined}/file"), b"deep").unwrap();
        assert_eq!(writer.finish().unwrap().problems, []);
        // A new writer has none of the directories open.
        let writer = Writer::open(&target, resuming()).unwrap();
        let again = put(&writer, &format!("{joined}/file"), b"deep").unwrap();
        assert_eq!(again, None);
        drop(writer);
    }
}
