//! The automaton is sound and as drawn, and its stories are told.

use expect_test::{expect, expect_file};

use super::*;
use crate::story::tell;

fn run(end_wait_ms: u64) -> ContractRun {
    ContractRun {
        answer_wait_ms: 10,
        renew_ms: 30,
        renew_again_ms: 10,
        repeat_ms: 20,
        end_wait_ms,
        begun: Tick(0),
    }
}

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

#[test]
fn an_agreement_is_made_and_ended() {
    let run = run(100);
    use Event::*;
    let events = vec![
        (1, Online),
        (2, PeerLost),
        (3, Online),
        (4, Accepted { until: Tick(900) }),
        (5, PeerLost),
        (50, End),
        (60, Online),
        (85, Declined),
        (90, Ended),
    ];
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        2: Proposing -PeerLost-> Wanted
        3: Wanted -Online-> Proposing [SendProposal]
        4: Proposing -Accepted-> Active [ReportActive]
        5: Active ignores PeerLost
        50: Active -End-> Ending [ReportEnding, SendEnd]
        60: Ending -Online-> Ending [SendEnd]
        80: Ending -Elapsed-> Ending (not confirmed yet) [SendEnd]
        85: Ending ignores Declined
        90: Ending -Ended-> Ended [ReportEnded]
    "#]]
    .assert_eq(&tell(run, events));
}

#[test]
fn nobody_waits_for_ever() {
    let run = run(50);
    use Event::*;
    expect![[r#"
        10: Wanted -Elapsed-> Declined (not reached in time) [ReportDeclined]
        99: Declined ignores PeerLost
    "#]]
    .assert_eq(&tell(run, vec![(99, PeerLost)]));
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        11: Proposing -Elapsed-> Declined (no answer) [ReportDeclined]
        99: Declined ignores PeerLost
    "#]]
    .assert_eq(&tell(run, vec![(1, Online), (99, PeerLost)]));
    expect![[r#"
        1: Wanted -Unreachable-> Declined (not reached) [ReportDeclined]
    "#]]
    .assert_eq(&tell(run, vec![(1, Unreachable)]));
    let accepted = Accepted { until: Tick(70) };
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        2: Proposing -Accepted-> Active [ReportActive]
        40: Active -Elapsed-> Active (before it ends) [SendRenewal]
        50: Active -Elapsed-> Active (before it ends) [SendRenewal]
        60: Active -Elapsed-> Active (before it ends) [SendRenewal]
        70: Active -Elapsed-> Ended (the term is over) [ReportEnded]
        99: Ended ignores Online
    "#]]
    .assert_eq(&tell(run, vec![(1, Online), (2, accepted.clone()), (99, Online)]));
    let events = vec![(1, Online), (2, accepted), (3, End), (99, PeerLost)];
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        2: Proposing -Accepted-> Active [ReportActive]
        3: Active -End-> Ending [ReportEnding, SendEnd]
        23: Ending -Elapsed-> Ending (not confirmed yet) [SendEnd]
        43: Ending -Elapsed-> Ending (not confirmed yet) [SendEnd]
        63: Ending -Elapsed-> Ended (never confirmed) [ReportEnded]
        99: Ended ignores PeerLost
    "#]]
    .assert_eq(&tell(run, events));
}

#[test]
fn a_supplier_that_ends_it_is_believed() {
    let run = run(50);
    use Event::*;
    let events = vec![(1, Online), (2, Accepted { until: Tick(900) }), (3, Ended), (4, Online)];
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        2: Proposing -Accepted-> Active [ReportActive]
        3: Active -Ended-> Ended (by the supplier) [ReportEnded]
        4: Ended ignores Online
    "#]]
    .assert_eq(&tell(run, events));
}

#[test]
fn it_is_renewed_before_it_ends() {
    use Event::*;
    let events = vec![
        (1, Online),
        (2, Accepted { until: Tick(100) }),
        (20, Online),
        (75, Online),
        (87, Accepted { until: Tick(200) }),
        (90, Online),
        (220, Online),
    ];
    expect![[r#"
        1: Wanted -Online-> Proposing [SendProposal]
        2: Proposing -Accepted-> Active [ReportActive]
        20: Active ignores Online
        70: Active -Elapsed-> Active (before it ends) [SendRenewal]
        75: Active -Online-> Active (it ends soon) [SendRenewal]
        85: Active -Elapsed-> Active (before it ends) [SendRenewal]
        87: Active -Accepted-> Active
        90: Active ignores Online
        170: Active -Elapsed-> Active (before it ends) [SendRenewal]
        180: Active -Elapsed-> Active (before it ends) [SendRenewal]
        190: Active -Elapsed-> Active (before it ends) [SendRenewal]
        200: Active -Elapsed-> Ended (the term is over) [ReportEnded]
        220: Ended ignores Online
    "#]]
    .assert_eq(&tell(run(50), events));
}
