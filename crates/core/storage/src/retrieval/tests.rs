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
fn a_restore_waits_for_the_drive_and_is_paused_and_ends() {
    use Event::*;
    let retrieval = Retrieval { drive_wait_ms: 10, begun: Tick(0) };
    let events = vec![
        (1, Pause),
        (50, Resume),
        (51, DriveComing),
        (500, DriveReady),
        (501, Pause),
        (502, Resume),
        (503, WorkDone),
    ];
    expect![[r#"
        1: Waiting -Pause-> Paused
        50: Paused -Resume-> Waiting (it had not begun)
        51: Waiting -DriveComing-> Waiting
        500: Waiting -DriveReady-> Running [StartWork]
        501: Running -Pause-> Paused [HoldWork]
        502: Paused -Resume-> Running (it had begun) [ContinueWork]
        503: Running -WorkDone-> Done [ReportDone]
    "#]]
    .assert_eq(&tell(retrieval, events));
}

#[test]
fn a_drive_that_does_not_come_is_not_waited_for() {
    use Event::*;
    let retrieval = Retrieval { drive_wait_ms: 10, begun: Tick(0) };
    let events = vec![(1, DriveComing), (100, DriveFailed), (111, WorkDone)];
    expect![[r#"
        1: Waiting -DriveComing-> Waiting
        100: Waiting -DriveFailed-> Waiting
        110: Waiting -Elapsed-> Failed (the drive is not ready) [ReportFailed]
        111: Failed ignores WorkDone
    "#]]
    .assert_eq(&tell(retrieval, events));
}

#[test]
fn only_what_has_begun_is_stopped() {
    use Event::*;
    let retrieval = Retrieval { drive_wait_ms: 10, begun: Tick(0) };
    expect![[r#"
        1: Waiting -Pause-> Paused
        2: Paused -Cancel-> Cancelled (it had not begun) [ReportFailed]
    "#]]
    .assert_eq(&tell(retrieval, vec![(1, Pause), (2, Cancel)]));
    expect![[r#"
        1: Waiting -DriveReady-> Running [StartWork]
        2: Running -Pause-> Paused [HoldWork]
        3: Paused -Cancel-> Cancelled (it had begun) [StopWork, ReportFailed]
    "#]]
    .assert_eq(&tell(retrieval, vec![(1, DriveReady), (2, Pause), (3, Cancel)]));
    expect![[r#"
        1: Waiting -DriveReady-> Running [StartWork]
        2: Running -WorkFailed-> Failed (the work failed) [ReportFailed]
    "#]]
    .assert_eq(&tell(retrieval, vec![(1, DriveReady), (2, WorkFailed)]));
}
