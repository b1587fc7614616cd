//! Files are read whole, with their holes, and changes are noticed.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;
use crate::tree::model::Time;
use crate::tree::scan::{Item, Options, Scan};
use crate::tree::tests::{set_mode, set_mtime, without_privileges};

fn entry(path: &Path) -> Entry {
    match Scan::new(path, Options::default()).unwrap().next() {
        Some(Item::Entry(entry)) => entry,
        other => panic!("{other:?}"),
    }
}

/// A file with an mtime long ago, so that any change of content shows in it.
fn file(home: &Path, content: &[u8]) -> std::path::PathBuf {
    let path = home.join("file");
    fs::write(&path, content).unwrap();
    set_mtime(&path, 1_000_000_000, 1);
    path
}

fn read_all(reading: &mut Reading, buffer_bytes: usize) -> Result<Vec<Piece>, ReadError> {
    let mut buffer = vec![0; buffer_bytes];
    let mut pieces = Vec::new();
    loop {
        match reading.read_piece(&mut buffer)? {
            Piece::End => return Ok(pieces),
            piece => pieces.push(piece),
        }
    }
}

#[test]
fn content_comes_whole_and_in_order() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), &[9; 2_500]);
    let mut reading = entry(&path).open().unwrap();
    let pieces = read_all(&mut reading, 1_000).unwrap();
    let expected = [(0, 1_000), (1_000, 1_000), (2_000, 500)];
    assert_eq!(pieces, expected.map(|(offset, length)| Piece::Content { offset, length }));
    assert!(reading.finish().is_ok());
}

#[test]
fn holes_are_not_read() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("sparse");
    let out = fs::File::create(&path).unwrap();
    out.write_all_at(&[1; 4_096], 1 << 20).unwrap();
    out.set_len(1 << 40).unwrap();
    let mut reading = entry(&path).open().unwrap();
    let pieces = read_all(&mut reading, 1 << 20).unwrap();
    // A terabyte in three steps.
    assert_eq!(pieces.len(), 3, "{pieces:?}");
    assert!(matches!(pieces[0], Piece::Hole { offset: 0, length: 0x10_0000 }));
    assert!(matches!(pieces[1], Piece::Content { offset: 0x10_0000, .. }));
    assert!(matches!(pieces[2], Piece::Hole { .. }));
    assert!(reading.finish().is_ok());
}

#[test]
fn a_file_without_any_content_is_one_hole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hole");
    fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let mut reading = entry(&path).open().unwrap();
    assert_eq!(read_all(&mut reading, 10).unwrap(), [Piece::Hole { offset: 0, length: 1 << 30 }]);
}

/// Changes the file after its first piece was read, and says what the reading made of it.
fn changed_while_read(change: impl FnOnce(&Path)) -> Result<Unchanged, ReadError> {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), &[1; 10_000]);
    let mut reading = entry(&path).open().unwrap();
    reading.read_piece(&mut [0; 5_000]).unwrap();
    change(&path);
    read_all(&mut reading, 5_000)?;
    reading.finish()
}

fn is_changed(result: &Result<Unchanged, ReadError>) -> bool {
    matches!(result, Err(ReadError::Changed { .. }))
}

#[test]
fn changes_while_reading_are_found() {
    assert!(changed_while_read(|_| {}).is_ok());
    let appended = changed_while_read(|path| {
        fs::OpenOptions::new().append(true).open(path).unwrap().write_at(b"x", 10_000).unwrap();
    });
    assert!(is_changed(&appended));
    let overwritten = changed_while_read(|path| {
        fs::OpenOptions::new().write(true).open(path).unwrap().write_at(b"x", 0).unwrap();
    });
    assert!(is_changed(&overwritten));
    let shortened = changed_while_read(|path| {
        fs::OpenOptions::new().write(true).open(path).unwrap().set_len(6_000).unwrap();
    });
    assert!(is_changed(&shortened));
}

#[test]
fn a_change_with_its_old_time_is_found() {
    let result = changed_while_read(|path| {
        let before = fs::metadata(path).unwrap();
        let ctime = |meta: &fs::Metadata| (meta.ctime(), meta.ctime_nsec());
        // The clock of the file system may stand still for some milliseconds.
        loop {
            fs::OpenOptions::new().write(true).open(path).unwrap().write_at(b"x", 0).unwrap();
            set_mtime(path, 1_000_000_000, 1);
            if ctime(&fs::metadata(path).unwrap()) != ctime(&before) {
                break;
            }
        }
    });
    assert!(is_changed(&result));
}

#[test]
fn a_file_replaced_since_the_scan_is_not_taken_for_it() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), b"content");
    let seen = entry(&path);
    fs::write(home.path().join("new"), b"CONTENT").unwrap();
    set_mtime(&home.path().join("new"), 1_000_000_000, 1);
    fs::rename(home.path().join("new"), &path).unwrap();
    let Err(ReadError::Changed { now }) = seen.open() else { panic!("not seen") };
    let again = seen.look_again().unwrap();
    assert_eq!(again.meta().identity, now.identity);
    assert!(again.open().is_ok());
}

#[test]
fn what_is_no_file_any_more_is_not_opened() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), b"content");
    let seen = entry(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(seen.open().err(), Some(ReadError::Open(Cause::Missing)));
    // Nobody writes into it: opening it for reading would wait for ever.
    mkfifoat(CWD, &path, Mode::RUSR).unwrap();
    assert_eq!(seen.open().err(), Some(ReadError::NotAFile));
    fs::remove_file(&path).unwrap();
    symlink("/etc/passwd", &path).unwrap();
    assert_eq!(seen.open().err(), Some(ReadError::Open(Cause::Blocked)));
    assert_eq!(seen.look_again().unwrap().open().err(), Some(ReadError::Open(Cause::Blocked)));
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), b"content");
    set_mode(&path, 0);
    let refused = without_privileges(|| entry(&path).open().err());
    assert_eq!(refused, Some(ReadError::Open(Cause::Denied)));
    set_mode(&path, 0o600);
    assert!(without_privileges(|| entry(&path).open().is_ok()));
}

#[test]
fn ending_early_is_not_a_success() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), &[1; 100]);
    let mut reading = entry(&path).open().unwrap();
    reading.read_piece(&mut [0; 40]).unwrap();
    assert_eq!(reading.finish(), Err(ReadError::Unfinished { read: 40 }));
}

#[test]
fn a_fresh_file_is_not_settled() {
    let home = tempfile::tempdir().unwrap();
    let seen = entry(&file(home.path(), b"x"));
    let at = |later_ms: i128| {
        let ctime = seen.meta().ctime.nanoseconds_since_1970();
        seen.meta().is_settled(Time::from_nanoseconds(ctime + later_ms * 1_000_000))
    };
    assert!(!at(0) && !at(1_999) && at(2_000));
    // A clock that was set back.
    assert!(!at(-100_000));
}
