//! A walk that ends names the new suppliers; one that is broken off changes nothing.

use expect_test::{expect, expect_file};

use super::*;
use crate::story::tell;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

#[test]
fn a_walk_ends_with_the_last_blocks_and_one_broken_off_begins_again() {
    use Event::*;
    let story = tell(
        Healing { again_ms: 100 },
        vec![
            (0, Wanted),
            (1, Listed { any: true }),
            (2, Repaired { more: true }),
            (3, Stopped),
            (50, Wanted),
            (104, Wanted),
            (105, Listed { any: true }),
            (106, Repaired { more: false }),
        ],
    );
    expect![[r#"
        0: Resting -Wanted-> Listing [List]
        1: Listing -Listed-> Repairing (some) [Repair]
        2: Repairing -Repaired-> Listing (others may follow) [List]
        3: Listing -Stopped-> Held [Drop]
        50: Held ignores Wanted
        103: Held -Elapsed-> Resting [Look]
        104: Resting -Wanted-> Listing [List]
        105: Listing -Listed-> Repairing (some) [Repair]
        106: Repairing -Repaired-> Resting (they were the last) [Rearrange, Look]
    "#]]
    .assert_eq(&story);
}
