//! At a terminal: the words are asked for again, passwords are not shown, progress is drawn, and
//! Ctrl-C works as usual.

use std::io::{Read, Write};
use std::process::Child;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, tcgetattr};

use super::{World, file};

/// A program at a terminal of its own.
struct Seated {
    terminal: Pty,
    seen: String,
    child: Child,
}

impl Seated {
    fn new(world: &World, args: &[&str]) -> Self {
        Self::at(world, args, Size::new(24, 80))
    }

    fn at(world: &World, args: &[&str], size: Size) -> Self {
        let (terminal, seat) = open().unwrap();
        terminal.resize(size).unwrap();
        let mut command = world.command(args);
        command.env("TERM", "xterm");
        let child = Command::from(command).spawn(seat).unwrap();
        Self { terminal, seen: String::new(), child }
    }

    /// Answers a question whose answer is not to be shown.
    fn answer_hidden(&mut self, text: &str) {
        // It asks first, and then sees to it that nothing is shown.
        while tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO) {
            std::thread::yield_now();
        }
        self.answer(text);
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
fn a_password_is_asked_for_and_never_shown() {
    let world = World::new();
    let mut seated = Seated::new(&world, &["init", "--yes"]);
    for prompt in ["New password (empty for none): ", "The same again: "] {
        seated.wait_for(prompt);
        seated.answer_hidden("correct horse");
    }
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert!(seen.contains("keys with a password") && !seen.contains("horse"), "{seen}");

    // Whoever does not know it changes nothing.
    let keystore = std::fs::read(world.path().join("keystore")).unwrap();
    let mut seated = Seated::new(&world, &["password", "change"]);
    seated.wait_for("Password: ");
    seated.answer_hidden("wrong horse");
    let (exit, seen) = seated.end();
    assert!(exit == Some(5) && seen.contains("[wrong-password]"), "{seen}");
    let mut seated = Seated::new(&world, &["password", "change"]);
    let answers = [
        ("Password: ", "correct horse"),
        ("New password (empty for none): ", "battery"),
        ("The same again: ", "batteries"),
    ];
    for (prompt, answer) in answers {
        seated.wait_for(prompt);
        seated.answer_hidden(answer);
    }
    let (exit, seen) = seated.end();
    assert!(exit == Some(5) && seen.contains("[password-mismatch]"), "{exit:?} {seen}");
    assert_eq!(std::fs::read(world.path().join("keystore")).unwrap(), keystore);

    let mut seated = Seated::new(&world, &["password", "change"]);
    let answers = [
        ("Password: ", "correct horse"),
        ("New password (empty for none): ", "battery"),
        ("The same again: ", "battery"),
    ];
    for (prompt, answer) in answers {
        seated.wait_for(prompt);
        seated.answer_hidden(answer);
    }
    let (exit, seen) = seated.end();
    assert!(exit == Some(0) && seen.contains("The password is changed."), "{seen}");
    for (password, exit) in [("correct horse", 5), ("battery", 0)] {
        let path = file(&world, "password", password);
        let args = ["password", "change", "--no-password", "--password-file"];
        let ran = world.run(&[&args[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(ran.exit, Some(exit), "{}", ran.err);
    }
}

#[test]
fn an_empty_password_is_warned_of() {
    let world = World::new();
    let mut seated = Seated::new(&world, &["init", "--yes"]);
    for prompt in ["New password (empty for none): ", "The same again: "] {
        seated.wait_for(prompt);
        seated.answer_hidden("");
    }
    let (exit, seen) = seated.end();
    assert!(exit == Some(0) && seen.contains("Warning: without a password"), "{seen}");
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
fn a_narrow_terminal_gets_one_line_of_progress() {
    let world = World::served();
    let mut seated = Seated::at(&world, &["job", "follow", "job-running"], Size::new(24, 30));
    seated.wait_for("backup 34% 90 MiB of");
    // It may have been drawn more than once.
    let shown = seated.seen.rsplit(['\r', '\u{1b}']).find(|part| part.contains("backup")).unwrap();
    let shown = shown.trim_end();
    assert!(shown.chars().count() <= 30, "{shown:?}");
    // As Ctrl-C does it.
    seated.terminal.write_all(b"\x03").unwrap();
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(130), "{seen}");
    assert!(seen.contains("the job goes on in the daemon"), "{seen}");
}

#[test]
fn quiet_is_quiet_at_a_terminal_too() {
    let world = World::served();
    let seated = Seated::new(&world, &["job", "follow", "job-done", "--quiet"]);
    let (exit, seen) = seated.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert_eq!(seen.lines().count(), 1, "{seen}");
}
