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
fn those_who_accept_are_not_enough_and_others_are_looked_for() {
    use Event::*;
    let hiring = Hiring { search_ms: 10, retry_ms: 50 };
    let events = vec![
        (1, PlacesFree),
        (2, Found { enough: false }),
        (20, PlacesFree),
        (21, Found { enough: true }),
        (22, PlacesFull),
    ];
    expect![[r#"
        1: Resting -PlacesFree-> Searching [FindCandidates]
        2: Searching -Found-> Searching (too few yet)
        11: Searching -Elapsed-> Asking [AskBest]
        20: Asking -PlacesFree-> Searching (all have answered) [FindCandidates]
        21: Searching -Found-> Asking (enough) [AskBest]
        22: Asking -PlacesFull-> Resting [ReportFull]
    "#]]
    .assert_eq(&tell(hiring, events));
}

#[test]
fn nobody_left_is_told_and_the_search_repeated() {
    use Event::*;
    let hiring = Hiring { search_ms: 10, retry_ms: 50 };
    let events = vec![
        (1, PlacesFree),
        (2, Found { enough: true }),
        (3, CandidateLost { others: true }),
        (4, CandidateLost { others: false }),
        (70, Stop),
    ];
    expect![[r#"
        1: Resting -PlacesFree-> Searching [FindCandidates]
        2: Searching -Found-> Asking (enough) [AskBest]
        3: Asking -CandidateLost-> Asking (others left) [AskBest]
        4: Asking -CandidateLost-> Short (nobody left) [ReportShort]
        54: Short -Elapsed-> Searching [FindCandidates]
        64: Searching -Elapsed-> Asking [AskBest]
        70: Asking -Stop-> Resting
    "#]]
    .assert_eq(&tell(hiring, events));
}
