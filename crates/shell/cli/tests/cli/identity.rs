//! An identity is made, kept, opened and brought back from its words, and from nothing else.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use super::{Ran, World, file};

fn init(world: &World, args: &[&str]) -> Ran {
    world.run(&[&["init", "--no-password", "--json"], args].concat())
}

fn made(world: &World, args: &[&str]) -> Value {
    let ran = init(world, args);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn words(made: &Value) -> Vec<String> {
    let words = made["words"].as_array().unwrap();
    words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Recovers from `words` on the standard input.
fn recover(world: &World, words: &str) -> Ran {
    let mut command = world.command(&["init", "--recover", "--no-password", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(words.as_bytes()).unwrap();
    Ran::of(&child.wait_with_output().unwrap(), world.path())
}

#[test]
fn an_identity_is_made_and_its_words_are_told_once() {
    let world = World::new();
    let made = made(&world, &["--name", "Ann's laptop", "--network", "test"]);
    assert_eq!(words(&made).len(), 24);
    assert!(made["identity"].as_str().unwrap().starts_with("bd1"));
    assert!(made["device"].as_str().unwrap().starts_with("bddev1"));
    assert_eq!((&made["name"], &made["recovered"]), (&"Ann's laptop".into(), &false.into()));
    let mode = |name| std::fs::metadata(world.path().join(name)).unwrap().permissions().mode();
    assert_eq!((mode("") & 0o777, mode("keystore") & 0o777), (0o700, 0o600));
    let config = world.run(&["config", "show", "--json"]).out;
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["network"]["name"], "test");
    // No file of the home holds any three of the words in their order.
    let three = words(&made)[3..6].join(" ");
    for entry in std::fs::read_dir(world.path()).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains(&three));
    }
}

#[test]
fn people_see_the_words_numbered() {
    let world = World::new();
    let ran = world.run(&["init", "--no-password", "--yes", "--quiet"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    for number in 1..=24 {
        assert!(ran.out.contains(&format!("{number:>2}. ")), "{}", ran.out);
    }
    assert!(ran.err.starts_with("Warning: without a password"), "{}", ran.err);
}

#[test]
fn the_words_bring_the_same_identity_back() {
    let first = made(&World::new(), &[]);
    let text = words(&first).join(" ");
    let ran = recover(&World::new(), &text);
    let back: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&back["identity"], &back["recovered"]), (&first["identity"], &true.into()));
    assert!(back.get("words").is_none());
    assert_ne!(back["device"], first["device"]);
    // From a file, numbered and in lines.
    let world = World::new();
    let numbered: Vec<String> =
        (1..).zip(words(&first)).map(|(n, word)| format!("{n}. {}", word.to_uppercase())).collect();
    let path = file(&world, "words", &numbered.join("\n"));
    let args = ["--recover", "--words-file", path.to_str().unwrap()];
    assert_eq!(made(&world, &args)["identity"], first["identity"]);
}

#[test]
fn words_that_are_wrong_are_named_and_make_nothing() {
    let all = words(&made(&World::new(), &[]));
    let missing = all[1..].join(" ");
    let mut wrong = all.clone();
    wrong[6] = "bitcoin".into();
    let mut swapped = all.clone();
    let at = (0..23).find(|at| swapped[*at] != swapped[at + 1]).unwrap();
    swapped.swap(at, at + 1);
    let named = format!("{} and {}", at + 1, at + 2);
    for (text, expected) in [
        (missing, "these are 23: 1 missing"),
        (wrong.join(" "), "Word 7 'bitcoin' is not on the list"),
        (String::new(), "these are 0: 24 missing"),
    ] {
        let world = World::new();
        let ran = recover(&world, &text);
        assert_eq!(ran.exit, Some(5));
        assert!(ran.err.contains(expected) && ran.err.contains("[wrong-words]"), "{}", ran.err);
        assert!(!world.path().join("keystore").exists());
    }
    let world = World::new();
    let ran = recover(&world, &swapped.join(" "));
    // One swap of 256 makes valid words too; then it is another identity, and says which.
    if ran.exit == Some(5) {
        assert!(ran.err.contains("swapped") && ran.err.contains(&named), "{}", ran.err);
        assert!(!world.path().join("keystore").exists());
    } else {
        assert_eq!(ran.exit, Some(0));
    }
}

#[test]
fn an_identity_is_never_replaced() {
    let world = World::new();
    let first = made(&world, &[]);
    let keystore = std::fs::read(world.path().join("keystore")).unwrap();
    for ran in [init(&world, &[]), recover(&world, &words(&first).join(" "))] {
        assert_eq!(ran.exit, Some(1));
        assert!(ran.err.contains("[home-exists]"), "{}", ran.err);
    }
    assert_eq!(std::fs::read(world.path().join("keystore")).unwrap(), keystore);
}

#[test]
fn a_home_is_used_by_one_at_a_time() {
    let world = World::new();
    let lock = disk::document::HomeLock::take(world.path()).unwrap();
    let ran = init(&world, &[]);
    assert_eq!(ran.exit, Some(1));
    assert!(ran.err.contains("[home-in-use]"), "{}", ran.err);
    drop(lock);
    made(&world, &[]);
}

#[test]
fn without_a_terminal_a_password_must_come_from_a_file() {
    let world = World::new();
    let ran = world.run(&["init"]);
    assert_eq!(ran.exit, Some(5));
    assert!(ran.err.contains("[password-needed]"), "{}", ran.err);
    assert!(!world.path().join("keystore").exists());
}

#[test]
fn the_password_is_changed_by_who_knows_it() {
    let world = World::new();
    let one = file(&world, "one", "correct horse\nnot this line\n").to_str().unwrap().to_owned();
    let two = file(&world, "two", "battery").to_str().unwrap().to_owned();
    let ran = world.run(&["init", "--password-file", &one, "--json"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(made["has_password"], true);
    let change = |old: &str, new: &[&str]| {
        world.run(&[&["password", "change", "--password-file", old], new].concat())
    };
    let wrong = change(&two, &["--no-password"]);
    assert_eq!(wrong.exit, Some(5));
    assert!(wrong.err.contains("[wrong-password]"), "{}", wrong.err);
    assert_eq!(change(&one, &["--new-password-file", &two]).exit, Some(0));
    assert_eq!(change(&one, &["--no-password"]).exit, Some(5));
    let last = change(&two, &["--no-password"]);
    assert_eq!((last.exit, last.out.as_str()), (Some(0), "The password is changed.\n"));
    // With an empty one, none is asked for.
    assert_eq!(world.run(&["password", "change", "--no-password"]).exit, Some(0));
}

#[test]
fn a_damaged_keystore_is_replaced_by_its_older_generation_and_says_so() {
    let world = World::new();
    made(&world, &[]);
    assert_eq!(world.run(&["password", "change", "--no-password"]).exit, Some(0));
    let path = world.path().join("keystore");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let ran = world.run(&["password", "change", "--no-password"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    assert!(ran.err.contains("the keystore is damaged"), "{}", ran.err);
    for name in ["keystore", "keystore.1", "keystore.2"] {
        std::fs::write(world.path().join(name), "no keystore").unwrap();
    }
    let ran = world.run(&["password", "change", "--no-password"]);
    assert_eq!(ran.exit, Some(1));
    assert!(ran.err.contains("[home-damaged]"), "{}", ran.err);
}

#[test]
fn without_an_identity_there_is_no_password() {
    let ran = World::new().run(&["password", "change", "--no-password"]);
    assert_eq!(ran.exit, Some(1));
    assert!(ran.err.contains("[no-home]"), "{}", ran.err);
}
