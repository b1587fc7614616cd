//! The journal is bounded, and says what it lost.

use super::{Journal, Line, Outcome};
use crate::Tick;

#[test]
fn drops_the_oldest_lines_and_counts_them() {
    let mut journal = Journal::default();
    let max = Journal::NEW_MAX as u64;
    (0..max).for_each(|ms| journal.write(line(ms)));
    assert_eq!(journal.lost(), 0, "control: a full journal has lost nothing");

    (max..max + 3).for_each(|ms| journal.write(line(ms)));
    assert_eq!(journal.lost(), 3);
    let expected: Vec<_> = (3..max + 3).map(line).collect();
    assert_eq!(journal.drain(), expected);
}

#[test]
fn hands_out_each_line_once() {
    let mut journal = Journal::default();
    journal.write(line(1));
    assert_eq!(journal.drain(), [line(1)]);
    assert_eq!(journal.drain(), []);
}

fn line(ms: u64) -> Line {
    Line {
        at: Tick(ms),
        automaton: "lamp",
        instance: "1".into(),
        from: "Off",
        event: "Push",
        to: "On",
        why: "",
        outcome: Outcome::Moved,
    }
}
