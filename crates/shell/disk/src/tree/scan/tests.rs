//! Scans are complete, sorted and go on past what cannot be read.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;
use crate::tree::tests::{scan, set_mode, without_privileges};

/// Makes files (`name`), files with content (`name=content`) and directories (`name/`).
fn tree(entries: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for entry in entries {
        let (name, content) = entry.split_once('=').unwrap_or((entry, ""));
        let path = home.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    home
}

/// One word for each item: `+dir`, `file`, `-` or `-?`, `skipped:why`, `!path: problem`.
fn words(root: &Path, options: Options) -> Vec<String> {
    scan(root, options).iter().map(word).collect()
}

fn word(item: &Item) -> String {
    match item {
        Item::Enter(entry) => format!("+{}", entry.path()),
        Item::Entry(entry) => entry.path().to_string(),
        Item::Leave { is_complete: true } => "-".into(),
        Item::Leave { is_complete: false } => "-?".into(),
        Item::Skipped { path, why } => format!("{path}:{why:?}"),
        Item::Problem(problem) => format!("!{problem}"),
    }
}

fn excluding(patterns: &[&str]) -> Options {
    Options { excludes: patterns.iter().map(ToString::to_string).collect(), ..Options::default() }
}

#[test]
fn names_come_in_the_order_of_their_bytes_depth_first() {
    let home = tree(&["b/z", "b/a", "a.txt", "a/x", "B", "é", "empty/"]);
    assert_eq!(
        words(home.path(), Options::default()),
        ["+.", "B", "+a", "a/x", "-", "a.txt", "+b", "b/a", "b/z", "-", "+empty", "-", "é", "-"]
    );
}

#[test]
fn a_root_may_be_a_file_or_a_link() {
    let home = tree(&["file=content", "dir/inside"]);
    symlink("dir", home.path().join("link")).unwrap();
    assert_eq!(words(&home.path().join("file"), Options::default()), ["."]);
    let link = home.path().join("link");
    let items = scan(&link, Options::default());
    let [Item::Entry(entry)] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(entry.meta().kind, Kind::Symlink { target: b"dir".to_vec() });
    assert_eq!(entry.name(), b"link");
    let follows = Options { follows_root: true, ..Options::default() };
    assert_eq!(words(&link, follows), ["+.", "inside", "-"]);
}

#[test]
fn a_missing_root_and_a_bad_pattern_are_errors() {
    let home = tree(&[]);
    let missing = Scan::new(&home.path().join("no"), Options::default());
    assert!(matches!(missing, Err(ScanError::Root(Cause::Missing))));
    let bad = Scan::new(home.path(), excluding(&["ok", "{a"]));
    assert!(matches!(bad, Err(ScanError::Pattern { pattern, .. }) if pattern == "{a"));
}

#[test]
fn pipes_and_sockets_are_reported_and_left_out() {
    let home = tree(&["file"]);
    mkfifoat(CWD, home.path().join("pipe"), Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(home.path().join("socket")).unwrap();
    assert_eq!(
        words(home.path(), Options::default()),
        ["+.", "file", "pipe:Special(Fifo)", "socket:Special(Socket)", "-"]
    );
}

#[test]
fn names_of_one_inode_have_one_identity() {
    let home = tree(&["a=x", "b=x"]);
    fs::hard_link(home.path().join("a"), home.path().join("c")).unwrap();
    let links: Vec<_> = scan(home.path(), Options::default())
        .into_iter()
        .filter_map(|item| match item {
            Item::Entry(entry) => Some(entry.meta().hard_link()),
            _ => None,
        })
        .collect();
    assert_eq!(links.len(), 3);
    assert!(links[0].is_some() && links[0] == links[2]);
    assert_eq!(links[1], None);
}

#[test]
fn patterns_of_the_command_line_leave_out() {
    let home =
        tree(&["a.log", "dir/b.log", "dir/keep.log", "cache/x", "src/cache", "src/target/y"]);
    assert_eq!(
        words(home.path(), excluding(&["*.log", "!keep.log", "/cache", "target/"])),
        [
            "+.",
            "a.log:Excluded",
            "cache:Excluded",
            "+dir",
            "dir/b.log:Excluded",
            "dir/keep.log",
            "-",
            "+src",
            "src/cache",
            "src/target:Excluded",
            "-",
            "-"
        ]
    );
}

#[test]
fn an_inner_ignore_file_wins_and_the_command_line_wins_over_all() {
    let home = tree(&[
        ".bitdustignore=*.tmp\n*.bak\n",
        "a.tmp",
        "in/.bitdustignore=!b.tmp\n!c.bak\n/here\n",
        "in/b.tmp",
        "in/c.bak",
        "in/here",
        "in/deep/here",
        "out/b.tmp",
    ]);
    assert_eq!(
        words(home.path(), excluding(&["*.bak"])),
        [
            "+.",
            ".bitdustignore",
            "a.tmp:Excluded",
            "+in",
            "in/.bitdustignore",
            "in/b.tmp",
            "in/c.bak:Excluded",
            "+in/deep",
            "in/deep/here",
            "-",
            "in/here:Excluded",
            "-",
            "+out",
            "out/b.tmp:Excluded",
            "-",
            "-"
        ]
    );
}

#[test]
fn gitignore_counts_only_when_asked_for() {
    let home = tree(&[".gitignore=*.o\n", "a.o"]);
    assert_eq!(words(home.path(), Options::default()), ["+.", ".gitignore", "a.o", "-"]);
    let git = Options { uses_gitignore: true, ..Options::default() };
    assert_eq!(words(home.path(), git), ["+.", ".gitignore", "a.o:Excluded", "-"]);
}

#[test]
fn a_broken_ignore_file_is_a_problem_and_excludes_nothing() {
    let home = tree(&["a/.bitdustignore={x\n*.log\n", "a/b.log", "c/.bitdustignore/", "c/d"]);
    let large = vec![b'#'; 1 << 21];
    fs::create_dir(home.path().join("e")).unwrap();
    fs::write(home.path().join("e/.bitdustignore"), large).unwrap();
    assert_eq!(
        words(home.path(), Options::default()),
        [
            "+.",
            "+a",
            "!a/.bitdustignore: line 1 of the ignore file is not a pattern",
            "a/.bitdustignore",
            "a/b.log:Excluded",
            "-",
            "+c",
            "!c/.bitdustignore: cannot read the ignore file: a symbolic link or a file stands in \
             the way",
            "+c/.bitdustignore",
            "-",
            "c/d",
            "-",
            "+e",
            "!e/.bitdustignore: the ignore file is too large",
            "e/.bitdustignore",
            "-",
            "-"
        ]
    );
}

#[test]
fn a_tagged_cache_keeps_its_tag_only() {
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# a cache";
    let home = tree(&["x/a", &format!("x/CACHEDIR.TAG={tag}"), "y/CACHEDIR.TAG=forged", "y/b"]);
    let skips = Options { skips_caches: true, ..Options::default() };
    assert_eq!(
        words(home.path(), skips),
        [
            "+.",
            "+x",
            "x:CacheDirectory",
            "x/CACHEDIR.TAG",
            "-",
            "+y",
            "y/CACHEDIR.TAG",
            "y/b",
            "-",
            "-"
        ]
    );
    assert!(words(home.path(), Options::default()).contains(&"x/a".to_string()));
}

#[test]
fn the_home_of_the_node_is_never_entered() {
    let home = tree(&["data/a", "bitdust/keys", "other"]);
    // However it is spelled.
    let spelled = home.path().join("data/../bitdust");
    let options = Options { never_enters: vec![spelled], ..Options::default() };
    assert_eq!(
        words(home.path(), options),
        ["+.", "bitdust:NeverEntered", "+data", "data/a", "-", "other", "-"]
    );
}

#[test]
fn unfinished_files_of_a_restore_are_left_out() {
    let home = tree(&[".bitdust-part-0123456789abcdef", ".bitdust-part-of-my-notes"]);
    assert_eq!(
        words(home.path(), Options::default()),
        ["+.", ".bitdust-part-0123456789abcdef:Partial", ".bitdust-part-of-my-notes", "-"]
    );
}

#[test]
fn a_directory_on_another_file_system_stays_empty() {
    let home = tree(&["a/x", "b"]);
    let options = Options { stays_on_file_system: true, ..Options::default() };
    let mut walk = Scan::new(home.path(), options.clone()).unwrap();
    assert_eq!(walk.by_ref().take(1).map(|item| word(&item)).collect::<String>(), "+.");
    // As if the root were elsewhere than what it contains.
    walk.root_device = walk.root_device.wrapping_add(1);
    let rest: Vec<_> = walk.map(|item| word(&item)).collect();
    assert_eq!(rest, ["+a", "a:OtherFileSystem", "-", "b", "-"]);
    assert_eq!(words(home.path(), options), ["+.", "+a", "a/x", "-", "b", "-"]);
}

#[test]
fn what_cannot_be_read_is_a_problem_and_the_walk_goes_on() {
    let home = tree(&["closed/x", "listed/y", "z"]);
    set_mode(&home.path().join("closed"), 0);
    set_mode(&home.path().join("listed"), 0o400);
    let found = without_privileges(|| words(home.path(), Options::default()));
    set_mode(&home.path().join("closed"), 0o700);
    set_mode(&home.path().join("listed"), 0o700);
    assert_eq!(
        found,
        [
            "+.",
            "+closed",
            "!closed: cannot open the directory: permission denied",
            "-?",
            "+listed",
            "!listed: cannot list the directory: permission denied",
            "-?",
            "z",
            "-"
        ]
    );
}

#[test]
fn what_vanishes_after_the_listing_leaves_the_directory_incomplete() {
    let home = tree(&["a", "b", "c"]);
    let mut walk = Scan::new(home.path(), Options::default()).unwrap();
    let first: Vec<_> = walk.by_ref().take(2).map(|item| word(&item)).collect();
    fs::remove_file(home.path().join("b")).unwrap();
    let rest: Vec<_> = walk.map(|item| word(&item)).collect();
    assert_eq!(first, ["+.", "a"]);
    assert_eq!(rest, ["!b: cannot look at it: it does not exist", "c", "-?"]);
}

#[test]
fn a_directory_that_becomes_a_link_is_not_followed() {
    let home = tree(&["tree/a/x", "tree/b", "elsewhere/secret"]);
    let root = home.path().join("tree");
    let walk = Scan::new(&root, Options::default()).unwrap();
    // The link takes the place of the directory between `stat` and `open`.
    let entry = scan(&root, Options::default())
        .into_iter()
        .find_map(|item| match item {
            Item::Enter(entry) if entry.path().depth() == 1 => Some(entry),
            _ => None,
        })
        .unwrap();
    fs::remove_dir_all(root.join("a")).unwrap();
    symlink("../elsewhere", root.join("a")).unwrap();
    assert!(matches!(open_and_list(&entry), Err(What::Open(Cause::Blocked))));
    let all: Vec<_> = walk.map(|item| word(&item)).collect();
    assert_eq!(all, ["+.", "a", "b", "-"]);
    // Another directory of the same name is not the one that was looked at.
    fs::remove_file(root.join("a")).unwrap();
    fs::create_dir(root.join("keeps the inode number from being used again")).unwrap();
    fs::create_dir(root.join("a")).unwrap();
    assert!(matches!(open_and_list(&entry), Err(What::Replaced)));
}

#[test]
fn the_walk_ends_at_the_depth_limit() {
    let home = tempfile::tempdir().unwrap();
    let deep: PathBuf = std::iter::repeat_n("d", DEPTH_MAX + 20).collect();
    fs::create_dir_all(home.path().join(deep)).unwrap();
    let found = words(home.path(), Options::default());
    // What leads to the root counts, for it is restored with its whole path.
    let deepest = DEPTH_MAX - (home.path().components().count() - 1);
    assert_eq!(found.iter().filter(|word| word.starts_with('+')).count(), deepest + 1);
    assert_eq!(found.iter().filter(|word| word.contains("deeper than")).count(), 1);
    assert_eq!(found.iter().filter(|word| *word == "-?").count(), 1);
    assert_eq!(found.iter().filter(|word| *word == "-").count(), deepest);
}

#[test]
fn whatever_is_found_has_a_path_that_can_be_restored() {
    let home = tempfile::tempdir().unwrap();
    let deep: PathBuf = std::iter::repeat_n("d", DEPTH_MAX).collect();
    fs::create_dir_all(home.path().join(&deep)).unwrap();
    for ancestor in deep.ancestors() {
        fs::write(home.path().join(ancestor).join("file"), b"1").unwrap();
    }
    let items = scan(home.path(), Options::default());
    let entries = items.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(entry.path().as_bytes()),
        _ => None,
    });
    let leading = home.path().to_str().unwrap().trim_start_matches('/').as_bytes();
    let mut deepest = 0;
    for path in entries.filter(|path| !path.is_empty()) {
        let whole = TreePath::parse(&[leading, b"/", path].concat()).expect("not too deep");
        deepest = deepest.max(whole.depth());
    }
    assert_eq!(deepest, DEPTH_MAX);
}

#[test]
fn details_hold_extended_attributes_and_holes() {
    use rustix::fs::{XattrFlags, setxattr};
    use std::os::unix::fs::FileExt;
    let home = tree(&["file=abc"]);
    let path = home.path().join("file");
    let long = vec![7; 3_000];
    setxattr(&path, "user.b", &long, XattrFlags::empty()).unwrap();
    setxattr(&path, "user.a", b"", XattrFlags::empty()).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"end", 1 << 20).unwrap();
    file.set_len(4 << 20).unwrap();
    let items = scan(&path, Options::default());
    let [Item::Entry(entry)] = items.as_slice() else { panic!("{items:?}") };
    let details = entry.read_details().unwrap();
    assert!(details.is_complete);
    let plain: Vec<_> =
        details.xattrs.iter().filter(|xattr| xattr.name.starts_with(b"user.")).collect();
    assert_eq!(plain.len(), 2);
    assert_eq!((plain[0].name.as_slice(), plain[0].value.as_slice()), (&b"user.a"[..], &[][..]));
    assert_eq!((plain[1].name.as_slice(), &plain[1].value), (&b"user.b"[..], &long));
    let extents = details.extents.unwrap();
    assert_eq!(extents.len(), 2);
    assert_eq!(extents[0].offset, 0);
    assert!(extents[1].offset <= 1 << 20 && extents[1].offset + extents[1].length < 4 << 20);
}

#[test]
fn attributes_of_a_file_that_may_not_be_read_are_found() {
    use rustix::fs::{XattrFlags, setxattr};
    let home = tree(&["file=abc", "plain=abc"]);
    let path = home.path().join("file");
    setxattr(&path, "user.a", b"1", XattrFlags::empty()).unwrap();
    set_mode(&path, 0);
    let details = without_privileges(|| {
        let items = scan(&path, Options::default());
        let [Item::Entry(entry)] = items.as_slice() else { panic!("{items:?}") };
        entry.read_details()
    });
    // The names are known; the value of a user attribute needs the right to read.
    assert!(!details.unwrap().is_complete);
}
