//! The automaton is sound and as drawn, and its stories are told.

use expect_test::{expect, expect_file};

use super::*;
use crate::story::tell;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

#[test]
fn all_receipts_are_waited_for_and_written_down() {
    use Event::*;
    let events = vec![(1, Receipted), (2, Recorded), (3, Receipted), (4, Recorded), (5, Drop)];
    expect![[r#"
        1: Sending -Receipted-> Sending (others are missing)
        2: Sending ignores Recorded
        3: Sending -Receipted-> Recording (all are here) [Record]
        4: Recording -Recorded-> Placed [Release, ReportPlaced]
        5: Placed ignores Drop
    "#]]
    .assert_eq(&tell(Placement { fragments: 2 }, events));
}

#[test]
fn a_block_that_cannot_be_written_down_is_given_up() {
    use Event::*;
    let one = Placement { fragments: 1 };
    expect![[r#"
        1: Sending -Receipted-> Recording (all are here) [Record]
        2: Recording -RecordFailed-> Dropped [Release, ReportFailed]
    "#]]
    .assert_eq(&tell(one, vec![(1, Receipted), (2, RecordFailed)]));
    expect![[r#"
        1: Sending -Drop-> Dropped [Release]
        2: Dropped ignores Receipted
    "#]]
    .assert_eq(&tell(one, vec![(1, Drop), (2, Receipted)]));
}
