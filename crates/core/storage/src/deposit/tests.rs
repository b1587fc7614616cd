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
fn a_document_is_sent_until_it_is_kept() {
    use Event::*;
    let deposit = Deposit { answer_ms: 20, again_ms: 50 };
    let events = vec![
        (1, Changed),
        (2, Online),
        (30, Refused),
        (31, Online),
        (90, PeerLost),
        (91, Online),
        (92, Kept),
        (93, Changed),
        (94, Kept),
        (95, PeerLost),
    ];
    expect![[r#"
        1: Away ignores Changed
        2: Away -Online-> Sending [SendDocument]
        22: Sending -Elapsed-> Sending (no answer) [SendDocument]
        30: Sending -Refused-> Refused
        31: Refused ignores Online
        80: Refused -Elapsed-> Sending (once more) [SendDocument]
        90: Sending -PeerLost-> Away
        91: Away -Online-> Sending [SendDocument]
        92: Sending -Kept-> Kept [ReportKept]
        93: Kept -Changed-> Sending (a newer version) [SendDocument]
        94: Sending -Kept-> Kept [ReportKept]
        95: Kept ignores PeerLost
    "#]]
    .assert_eq(&tell(deposit, events));
}
