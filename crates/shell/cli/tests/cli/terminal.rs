//! At a terminal: the words are asked for again, progress is drawn, and Ctrl-C works as usual.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::World;

/// A program at a terminal of its own.
struct Seated {
    terminal: File,
    seen: String,
    child: Child,
}

impl Seated {
    fn new(world: &World, args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let seat = || File::options().read(true).write(true).open(&name).unwrap();
        let mut command = world.command(args);
        command.env("TERM", "xterm").stdin(seat()).stdout(seat()).stderr(seat());
        Self { terminal: terminal.into(), seen: String::new(), child: command.spawn().unwrap() }
    }

    /// Reads until `text` was shown since the last answer.
    fn wait_for(&mut self, text: &str) {
        let mut part = [0; 4096];
        while !self.seen.contains(text) {
            let bytes = self.terminal.read(&mut part).unwrap_or(0);
            assert!(bytes > 0, "it ended before it showed '{text}':\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&part[..bytes]));
        }
    }

    fn answer(&mut self, text: &str) {
        self.seen.clear();
        writeln!(self.terminal, "{text}").unwrap();
    }

    /// Reads to the end; the exit code.
    fn end(mut self) -> (Option<i32>, String) {
        let mut part = [0; 4096];
        // The system answers with an error once nobody holds the other side.
        while let Ok(bytes) = self.terminal.read(&mut part) {
            if bytes == 0 {
                break;
            }
            self.seen.push_str(&String::from_utf8_lossy(&part[..bytes]));
        }
        (self.child.wait().unwrap().code(), self.seen)
    }
}

/// The words of a screen, in their order.
fn words_on(screen: &str) -> Vec<String> {
    let mut words = vec![String::new(); 24];
    for line in screen.lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        for pair in parts.windows(2) {
            let number = pair[0].strip_suffix('.').and_then(|text| text.parse::<usize>().ok());
            if let Some(number @ 1..=24) = number {
                words[number - 1] = pair[1].into();
            }
        }
    }
    words
}

/// Which word is asked for: the number in the last prompt.
fn asked_for(screen: &str) -> usize {
    let after = screen.rsplit("Word ").next().unwrap();
    after.split(':').next().unwrap().parse().unwrap()
}

#[test]
fn three_words_are_asked_for_again() {
    let world = World::new();
    let mut seated = Seated::new(&world, &["init", "--no-password"]);
    seated.wait_for("Word ");
    seated.wait_for(": ");
    let words = words_on(&seated.seen);
    assert!(words.iter().all(|word| !word.is_empty()), "{}", seated.seen);
    // A typing error is forgiven.
    let first = asked_for(&seated.seen);
    seated.answer("nonsense");
    for _ in 0..3 {
        seated.wait_for("Word ");
        seated.wait_for(": ");
        let number = asked_for(&seated.seen);
        assert!(number >= first);
        seated.answer(&words[number - 1]);
    }
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert!(seen.contains("The identity is made."), "{seen}");
    assert!(world.path().join("keystore").exists());
}

#[test]
fn words_that_were_not_written_down_make_no_identity() {
    let world = World::new();
    let mut seated = Seated::new(&world, &["init", "--no-password"]);
    for _ in 0..3 {
        seated.wait_for("Word ");
        seated.wait_for(": ");
        seated.answer("nonsense");
    }
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(5), "{seen}");
    assert!(seen.contains("[words-not-confirmed]"), "{seen}");
    assert!(!world.path().join("keystore").exists());
}

#[test]
fn recovery_asks_for_the_words() {
    let world = World::new();
    let made = world.run(&["init", "--no-password", "--json"]).out;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let words: Vec<&str> =
        made["words"].as_array().unwrap().iter().filter_map(|w| w.as_str()).collect();
    let empty = World::new();
    let mut seated = Seated::new(&empty, &["init", "--recover", "--no-password"]);
    seated.wait_for("an empty line ends them");
    for line in words.chunks(8) {
        seated.answer(&line.join(" "));
    }
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert!(seen.contains(made["identity"].as_str().unwrap()), "{seen}");
}

#[test]
fn progress_is_drawn_for_who_watches() {
    let world = World::served();
    let mut seated = Seated::new(&world, &["job", "follow", "job-running"]);
    seated.wait_for("90 MiB of 268 MiB");
    seated.wait_for("1.1 min left");
    seated.child.kill().unwrap();
    assert_eq!(seated.end().0, None);
}

#[test]
fn quiet_is_quiet_at_a_terminal_too() {
    let world = World::served();
    let seated = Seated::new(&world, &["job", "follow", "job-done", "--quiet"]);
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert_eq!(seen.lines().count(), 1, "{seen}");
}
