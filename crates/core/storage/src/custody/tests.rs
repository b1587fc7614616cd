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
fn the_words_alone_bring_the_drive_into_hand() {
    use Event::*;
    let custody = Custody { seek_ms: 5, look_ms: 60, collect_ms: 20 };
    let events = vec![
        (1, Absent),
        (50, NothingFound),
        (56, RecordFound),
        (57, Answered { all: false, any: true }),
        (90, RebuildFailed),
        (100, RecordFound),
        (101, Answered { all: true, any: true }),
        (102, Rebuilt),
    ];
    expect![[r#"
        1: Opening -Absent-> Seeking [LookUp]
        50: Seeking -NothingFound-> Seeking [ReportNothing]
        55: Seeking -Elapsed-> Seeking [LookUp]
        56: Seeking -RecordFound-> Collecting [AskSuppliers]
        57: Collecting -Answered-> Collecting (others are to answer)
        76: Collecting -Elapsed-> Rebuilding (not all answered) [Rebuild]
        90: Rebuilding -RebuildFailed-> Seeking
        95: Seeking -Elapsed-> Seeking [LookUp]
        100: Seeking -RecordFound-> Collecting [AskSuppliers]
        101: Collecting -Answered-> Rebuilding (all answered) [Rebuild]
        102: Rebuilding -Rebuilt-> Ready [ReportReady]
    "#]]
    .assert_eq(&tell(custody, events));
}

#[test]
fn a_look_up_that_is_never_answered_is_made_again() {
    let custody = Custody { seek_ms: 5, look_ms: 60, collect_ms: 20 };
    expect![[r#"
        1: Opening -Absent-> Seeking [LookUp]
        61: Seeking -Elapsed-> Seeking [LookUp]
        70: Seeking -NothingFound-> Seeking [ReportNothing]
    "#]]
    .assert_eq(&tell(custody, vec![(1, Event::Absent), (70, Event::NothingFound)]));
}

#[test]
fn nobody_has_it_or_answers() {
    use Event::*;
    let custody = Custody { seek_ms: 5, look_ms: 60, collect_ms: 20 };
    let events = vec![
        (1, Broken),
        (10, RecordFound),
        (11, Answered { all: true, any: false }),
        (17, RecordFound),
        (40, RecordFound),
    ];
    expect![[r#"
        1: Opening -Broken-> Damaged
        6: Damaged -Elapsed-> Seeking [LookUp]
        10: Seeking -RecordFound-> Collecting [AskSuppliers]
        11: Collecting -Answered-> Seeking (nobody had it) [ReportNothing]
        16: Seeking -Elapsed-> Seeking [LookUp]
        17: Seeking -RecordFound-> Collecting [AskSuppliers]
        37: Collecting -Elapsed-> Seeking (nobody answered) [LookUp]
        40: Seeking -RecordFound-> Collecting [AskSuppliers]
    "#]]
    .assert_eq(&tell(custody, events));
}

#[test]
fn a_database_that_is_lost_alone_is_made_anew_at_once() {
    let custody = Custody { seek_ms: 5, look_ms: 60, collect_ms: 20 };
    expect![[r#"
        1: Opening -Known-> Rebuilding [Rebuild]
        2: Rebuilding -Rebuilt-> Ready [ReportReady]
    "#]]
    .assert_eq(&tell(custody, vec![(1, Event::Known), (2, Event::Rebuilt)]));
}
