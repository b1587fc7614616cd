//! The automaton is sound and as drawn, and its stories are told.

use expect_test::{expect, expect_file};

use super::*;
use crate::story::tell;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

const BACKUP: Backup =
    Backup { hire_wait_ms: 10, blocked_wait_ms: 50, publish_wait_ms: 20, begun: Tick(0) };

#[test]
fn from_the_wish_to_a_version_that_is_safe() {
    use Event::*;
    let events = vec![
        (1, SuppliersReady),
        (2, StageSealed { placed: false }),
        (3, Blocked),
        (4, AllPlaced),
        (5, StageSealed { placed: true }),
        (6, StageSealed { placed: true }),
        (7, Published { everywhere: false }),
        (8, Published { everywhere: true }),
    ];
    expect![[r#"
        1: Hiring -SuppliersReady-> Working [StartWork]
        2: Working -StageSealed-> Working (blocks are on their way)
        3: Working -Blocked-> Blocked
        4: Blocked -AllPlaced-> Working (the content is placed) [NextStage]
        5: Working -StageSealed-> Working (the index is placed) [NextStage]
        6: Working -StageSealed-> Publishing (the head is placed) [Publish]
        7: Publishing -Published-> Publishing (not yet everywhere)
        8: Publishing -Published-> Done (everywhere) [ReportSafe]
    "#]]
    .assert_eq(&tell(BACKUP, events));
}

#[test]
fn what_is_held_up_or_not_confirmed_has_an_end() {
    use Event::*;
    let begun = || vec![(1, SuppliersReady), (2, Blocked)];
    expect![[r#"
        10: Hiring -Elapsed-> Failed (too few suppliers) [ReportFailed]
        99: Failed ignores Pause
    "#]]
    .assert_eq(&tell(BACKUP, vec![(99, Pause)]));
    expect![[r#"
        1: Hiring -SuppliersReady-> Working [StartWork]
        2: Working -Blocked-> Blocked
        52: Blocked -Elapsed-> Failed (held up too long) [StopWork, ReportFailed]
        99: Failed ignores Unblocked
    "#]]
    .assert_eq(&tell(BACKUP, [begun(), vec![(99, Unblocked)]].concat()));
    let placed = |at| (at, StageSealed { placed: true });
    let out = vec![(1, SuppliersReady), placed(2), placed(3), placed(4)];
    expect![[r#"
        1: Hiring -SuppliersReady-> Working [StartWork]
        2: Working -StageSealed-> Working (the content is placed) [NextStage]
        3: Working -StageSealed-> Working (the index is placed) [NextStage]
        4: Working -StageSealed-> Publishing (the head is placed) [Publish]
        24: Publishing -Elapsed-> Failed (not written down in time) [StopWork, ReportFailed]
        99: Failed ignores Cancel
    "#]]
    .assert_eq(&tell(BACKUP, [out.clone(), vec![(99, Cancel)]].concat()));
    let told = vec![(5, Published { everywhere: false }), (99, Cancel)];
    expect![[r#"
        1: Hiring -SuppliersReady-> Working [StartWork]
        2: Working -StageSealed-> Working (the content is placed) [NextStage]
        3: Working -StageSealed-> Working (the index is placed) [NextStage]
        4: Working -StageSealed-> Publishing (the head is placed) [Publish]
        5: Publishing -Published-> Publishing (not yet everywhere)
        25: Publishing -Elapsed-> Done (not all agreed) [ReportAtRisk]
        99: Done ignores Cancel
    "#]]
    .assert_eq(&tell(BACKUP, [out, told].concat()));
}

#[test]
fn what_is_paused_or_interrupted_begins_again() {
    use Event::*;
    let events = vec![
        (1, SuppliersReady),
        (2, Pause),
        (3, StageSealed { placed: true }),
        (4, Resume),
        (5, SuppliersReady),
        (6, Interrupted),
        (7, SuppliersReady),
        (8, WorkFailed),
    ];
    expect![[r#"
        1: Hiring -SuppliersReady-> Working [StartWork]
        2: Working -Pause-> Paused [StopWork]
        3: Paused ignores StageSealed
        4: Paused -Resume-> Hiring
        5: Hiring -SuppliersReady-> Working [StartWork]
        6: Working -Interrupted-> Hiring [StopWork]
        7: Hiring -SuppliersReady-> Working [StartWork]
        8: Working -WorkFailed-> Failed (the work failed) [StopWork, ReportFailed]
    "#]]
    .assert_eq(&tell(BACKUP, events));
}
