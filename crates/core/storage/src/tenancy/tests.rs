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
fn a_customer_comes_and_goes() {
    use Event::*;
    let tenancy = Tenancy { notice_ms: 50 };
    let events = vec![
        (1, Opened { until: Tick(100) }),
        (99, Later { until: Tick(200) }),
        (150, End),
        (151, End),
        (199, Later { until: Tick(300) }),
        (301, End),
    ];
    expect![[r#"
        1: Opening -Opened-> Active [SendAcceptance]
        99: Active -Later-> Active
        150: Active -End-> Notice [Close, SendEnded]
        151: Notice -End-> Notice [SendEnded]
        199: Notice -Later-> Notice
        300: Notice -Elapsed-> Erased [Erase]
        301: Erased ignores End
    "#]]
    .assert_eq(&tell(tenancy, events));
}

#[test]
fn a_contract_that_cannot_be_written_down_is_none() {
    expect![[r#"
        1: Opening -OpenFailed-> Rejected [SendDecline]
    "#]]
    .assert_eq(&tell(Tenancy { notice_ms: 50 }, vec![(1, Event::OpenFailed)]));
}

#[test]
fn a_term_ends_by_itself() {
    let tenancy = Tenancy { notice_ms: 50 };
    let events = vec![(1, Event::Opened { until: Tick(100) }), (200, Event::End)];
    expect![[r#"
        1: Opening -Opened-> Active [SendAcceptance]
        100: Active -Elapsed-> Notice [Close]
        150: Notice -Elapsed-> Erased [Erase]
        200: Erased ignores End
    "#]]
    .assert_eq(&tell(tenancy, events));
}
