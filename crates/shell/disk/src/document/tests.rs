//! Documents survive crashes, and one process uses a home.

use std::fs;
use std::path::Path;

use super::*;

/// A sound version is a number with a full stop.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("not a version")]
struct NotAVersion;

fn check(content: &[u8]) -> Result<u32, NotAVersion> {
    let text = std::str::from_utf8(content).map_err(|_| NotAVersion)?;
    text.strip_suffix('.').and_then(|number| number.parse().ok()).ok_or(NotAVersion)
}

fn document(home: &Path) -> Document {
    Document::new(home.join("state"), 2, 100)
}

fn load(document: &Document) -> Result<Loaded<u32>, LoadError<NotAVersion>> {
    document.load(check)
}

fn names(home: &Path) -> Vec<String> {
    let names = fs::read_dir(home).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn versions_before_are_kept_beside() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    assert!(!document.exists());
    assert!(matches!(load(&document), Err(LoadError::Missing { .. })));
    for number in 1..=5 {
        document.save(format!("{number}.").as_bytes()).unwrap();
        assert_eq!(load(&document).unwrap(), Loaded { value: number, generation: 0 });
    }
    assert!(document.exists());
    assert_eq!(names(home.path()), ["state", "state.1", "state.2"]);
    assert_eq!(fs::read(home.path().join("state.1")).unwrap(), b"4.");
    assert_eq!(fs::read(home.path().join("state.2")).unwrap(), b"3.");
}

#[test]
fn what_is_replaced_alone_leaves_nothing_of_before() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    for number in 1..=4 {
        document.save(format!("{number}.").as_bytes()).unwrap();
    }
    document.save_only(b"5.").unwrap();
    for name in names(home.path()) {
        assert_eq!(fs::read(home.path().join(&name)).unwrap(), b"5.", "{name}");
    }
    assert!(names(home.path()).len() > 1, "a copy stands beside it");
}

#[test]
fn without_generations_only_the_newest_is_there() {
    let home = tempfile::tempdir().unwrap();
    let document = Document::new(home.path().join("state"), 0, 100);
    document.save(b"1.").unwrap();
    document.save(b"2.").unwrap();
    assert_eq!(names(home.path()), ["state"]);
    assert_eq!(load(&document).unwrap().value, 2);
}

#[test]
fn a_damaged_version_is_replaced_by_the_one_before() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    for number in 1..=3 {
        document.save(format!("{number}.").as_bytes()).unwrap();
    }
    fs::write(home.path().join("state"), b"3").unwrap();
    assert_eq!(load(&document).unwrap(), Loaded { value: 2, generation: 1 });
    fs::write(home.path().join("state.1"), vec![b'2'; 101]).unwrap();
    assert_eq!(load(&document).unwrap(), Loaded { value: 1, generation: 2 });
    fs::remove_file(home.path().join("state.2")).unwrap();
    fs::create_dir(home.path().join("state.2")).unwrap();
    let damaged = load(&document);
    assert!(matches!(damaged, Err(LoadError::Damaged { first: Damage::Content(NotAVersion), .. })));
}

#[test]
fn a_version_too_long_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    document.save(b"1.").unwrap();
    let refused = document.save(&[b'1'; 101]);
    assert!(matches!(refused, Err(SaveError::TooLarge { bytes: 101, bytes_max: 100 })));
    assert_eq!(names(home.path()), ["state"]);
    assert_eq!(load(&document).unwrap().value, 1);
}

/// The steps of a save, as a crash may end them.
fn crashed_after(steps: usize, home: &Path) {
    let at = |name: &str| home.join(name);
    let all: [&dyn Fn(); 6] = [
        &|| fs::write(at("state.new"), b"").unwrap(),
        &|| fs::write(at("state.new"), b"4").unwrap(),
        &|| fs::write(at("state.new"), b"4.").unwrap(),
        &|| fs::rename(at("state.1"), at("state.2")).unwrap(),
        &|| fs::hard_link(at("state"), at("state.1")).unwrap(),
        &|| fs::rename(at("state.new"), at("state")).unwrap(),
    ];
    all[..steps].iter().for_each(|step| step());
}

#[test]
fn a_crash_at_any_step_leaves_a_whole_version() {
    for steps in 0..=6 {
        let home = tempfile::tempdir().unwrap();
        let document = document(home.path());
        for number in 1..=3 {
            document.save(format!("{number}.").as_bytes()).unwrap();
        }
        crashed_after(steps, home.path());
        let found = load(&document).unwrap();
        let expected = if steps == 6 { 4 } else { 3 };
        assert_eq!(found, Loaded { value: expected, generation: 0 }, "after {steps}");
        // The next save is as any other, and what the crash left is gone.
        document.save(b"5.").unwrap();
        assert_eq!(load(&document).unwrap().value, 5);
        fs::write(home.path().join("state"), b"torn").unwrap();
        assert_eq!(load(&document).unwrap().value, expected, "after {steps}");
        assert!(!names(home.path()).contains(&"state.new".to_string()));
    }
}

/// Without hard links, the current name is missing for a moment.
#[test]
fn a_crash_between_two_renames_leaves_the_version_before() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    document.save(b"1.").unwrap();
    fs::rename(home.path().join("state"), home.path().join("state.1")).unwrap();
    assert_eq!(load(&document).unwrap(), Loaded { value: 1, generation: 1 });
    document.save(b"2.").unwrap();
    assert_eq!(load(&document).unwrap(), Loaded { value: 2, generation: 0 });
}

#[test]
fn a_document_that_cannot_be_written_keeps_its_version() {
    let home = tempfile::tempdir().unwrap();
    let document = document(home.path());
    document.save(b"1.").unwrap();
    fs::create_dir(home.path().join("state.new")).unwrap();
    assert!(matches!(document.save(b"2."), Err(SaveError::Write { .. })));
    assert_eq!(load(&document).unwrap().value, 1);
    let nowhere = Document::new(home.path().join("no/state"), 2, 100);
    assert!(matches!(nowhere.save(b"1."), Err(SaveError::Write { .. })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    make_private_directory(&home.path().join("a/b")).unwrap();
    make_private_directory(&home.path().join("a/b")).unwrap();
    let document = document(&home.path().join("a/b"));
    // What a crash left could be open to everybody.
    fs::write(home.path().join("a/b/state.new"), b"x").unwrap();
    fs::set_permissions(home.path().join("a/b/state.new"), fs::Permissions::from_mode(0o666))
        .unwrap();
    document.save(b"1.").unwrap();
    let mode = |at: &str| fs::metadata(home.path().join(at)).unwrap().permissions().mode();
    assert_eq!(mode("a/b/state") & 0o777, 0o600);
    assert_eq!(mode("a/b") & 0o777, 0o700);
}

#[test]
fn a_second_process_is_told_of_the_first() {
    let home = tempfile::tempdir().unwrap();
    // A longer number of an earlier process must not show through.
    fs::write(home.path().join(LOCK_FILE), b"99999999999\n").unwrap();
    let lock = HomeLock::take(home.path()).unwrap();
    let Err(LockError::AlreadyRunning { pid }) = HomeLock::take(home.path()) else {
        panic!("locked twice")
    };
    assert_eq!(pid, Some(std::process::id()));
    drop(lock);
    assert!(HomeLock::take(home.path()).is_ok());
    let nowhere = HomeLock::take(&home.path().join("no"));
    assert!(matches!(nowhere, Err(LockError::Io { .. })));
}
