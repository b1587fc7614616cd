//! The automaton is sound and as drawn, its stories are told, and the ledger asks for what is needed.

use expect_test::{expect, expect_file};

use super::*;
use crate::story::tell;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

#[test]
fn missing_suppliers_are_waited_for_and_then_named() {
    use Event::*;
    let changed = |outlook| Changed { outlook };
    let events = vec![
        (1, changed(Outlook::Possible)),
        (2, changed(Outlook::Short)),
        (3, changed(Outlook::Possible)),
        (4, changed(Outlook::Short)),
        (5, changed(Outlook::Short)),
        (50, changed(Outlook::Enough)),
    ];
    expect![[r#"
        1: Asking -Changed-> Asking (more can be asked) [AskFragments]
        2: Asking -Changed-> Waiting (too few are reached)
        3: Waiting -Changed-> Asking (more can be asked) [AskFragments]
        4: Asking -Changed-> Waiting (too few are reached)
        5: Waiting -Changed-> Waiting (still too few)
        24: Waiting -Elapsed-> Failed (too few suppliers) [ReportMissing]
        50: Failed ignores Changed
    "#]]
    .assert_eq(&tell(Fetch { patience_ms: 20 }, events));
}

#[test]
fn what_is_here_is_put_together() {
    use Event::*;
    let enough = || (1, Changed { outlook: Outlook::Enough });
    let fetch = Fetch { patience_ms: 20 };
    expect![[r#"
        1: Asking -Changed-> Assembling (enough fragments) [Assemble]
        2: Assembling -Assembled-> Complete [ReportComplete]
        3: Complete ignores Cancel
    "#]]
    .assert_eq(&tell(fetch, vec![enough(), (2, Assembled), (3, Cancel)]));
    expect![[r#"
        1: Asking -Changed-> Assembling (enough fragments) [Assemble]
        2: Assembling -AssembleFailed-> Failed [ReportDamaged]
    "#]]
    .assert_eq(&tell(fetch, vec![enough(), (2, AssembleFailed)]));
    expect![[r#"
        1: Asking -Changed-> Assembling (enough fragments) [Assemble]
        2: Assembling -Cancel-> Failed (cancelled)
        3: Failed ignores Assembled
    "#]]
    .assert_eq(&tell(fetch, vec![enough(), (2, Cancel), (3, Assembled)]));
}

mod ledger {
    use std::collections::BTreeSet;

    use crate::fetch::{Fragments, Need, Outlook, Reach};
    use crate::policy::{Policy, Spread};

    fn seven() -> Spread {
        Spread::new(Policy::Double, 7).expect("fits")
    }

    fn wanted(indices: &[u8]) -> Need {
        Need::Data(indices.iter().copied().collect())
    }

    fn all(_: u8) -> Reach {
        Reach::Heard
    }

    /// Those for which it holds are connected.
    fn online(is_online: impl Fn(u8) -> bool) -> impl Fn(u8) -> Reach {
        move |place| if is_online(place) { Reach::Heard } else { Reach::Away }
    }

    /// All are connected, and those for which it holds say nothing.
    fn silent(is_silent: impl Fn(u8) -> bool) -> impl Fn(u8) -> Reach {
        move |place| if is_silent(place) { Reach::Silent } else { Reach::Heard }
    }

    #[test]
    fn a_healthy_read_asks_for_the_wanted_data_alone() {
        let mut fragments = Fragments::new(seven(), wanted(&[1, 2]));
        assert_eq!(fragments.ask(all), [1, 2]);
        fragments.arrived(1);
        assert_eq!(fragments.outlook(all), Outlook::Possible);
        fragments.arrived(2);
        assert_eq!(fragments.outlook(all), Outlook::Enough);
        assert!(fragments.is_direct());
    }

    #[test]
    fn any_allowed_loss_is_survived_and_one_more_is_not() {
        let spread = seven();
        for lost in 0_u32..1 << 7 {
            let gone: BTreeSet<u8> = (0..7).filter(|place| lost >> place & 1 == 1).collect();
            let mut fragments = Fragments::new(spread, wanted(&[0, 1, 2, 3, 4, 5, 6]));
            for index in fragments.ask(online(|place| !gone.contains(&place))) {
                fragments.arrived(index);
            }
            let expected = match gone.len() {
                0..=3 => Outlook::Enough,
                _ => Outlook::Short,
            };
            let outlook = fragments.outlook(online(|place| !gone.contains(&place)));
            assert_eq!(outlook, expected, "{gone:?}");
        }
    }

    #[test]
    fn any_allowed_silence_is_gone_round_and_more_of_it_waited_for() {
        for mute in 0_u32..1 << 7 {
            let is_mute = |place: u8| mute >> place & 1 == 1;
            let mut fragments = Fragments::new(seven(), wanted(&[0, 1, 2, 3, 4, 5, 6]));
            let mut asked: Vec<u8> = fragments.ask(all);
            for place in (0..7).filter(|place| is_mute(*place)) {
                fragments.place_silent(place);
            }
            asked.extend(fragments.ask(silent(is_mute)));
            for index in asked.into_iter().filter(|index| !is_mute(index % 7)) {
                fragments.arrived(index);
            }
            let expected = match mute.count_ones() {
                0..=3 => Outlook::Enough,
                _ => Outlook::Possible,
            };
            assert_eq!(fragments.outlook(silent(is_mute)), expected, "{mute:b}");
        }
    }

    #[test]
    fn a_fragment_that_is_gone_is_replaced_by_parity() {
        let mut fragments = Fragments::new(seven(), wanted(&[0]));
        assert_eq!(fragments.ask(all), [0]);
        fragments.gone(0);
        assert_eq!(fragments.outlook(all), Outlook::Possible);
        assert_eq!(fragments.ask(all), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(fragments.gone_places(), [0].into());
    }

    #[test]
    fn a_supplier_that_returns_is_asked_again() {
        let mut fragments = Fragments::new(seven(), wanted(&[3]));
        assert_eq!(fragments.ask(all), [3]);
        fragments.lost(3);
        assert_eq!(fragments.ask(online(|place| place == 2)), [2, 9]);
        fragments.place_returned(3);
        assert_eq!(fragments.ask(online(|place| place == 3)), [3]);
    }

    #[test]
    fn a_silent_supplier_is_not_waited_for_but_welcome() {
        let mut fragments = Fragments::new(seven(), wanted(&[0, 1]));
        let is_mute = |place| place == 1;
        assert_eq!(fragments.ask(all), [0, 1]);
        fragments.place_silent(1);
        assert_eq!(fragments.ask(silent(is_mute)), [2, 3, 4, 5, 6, 7], "others in its place");
        assert_eq!(fragments.ask(silent(is_mute)), [0_u8; 0], "once");
        fragments.arrived(0);
        fragments.arrived(1);
        assert!(fragments.is_direct(), "it came after all");
    }

    #[test]
    fn a_supplier_that_is_heard_again_is_not_asked_twice() {
        let mut fragments = Fragments::new(seven(), wanted(&[3]));
        let only = || online(|place| place == 3);
        assert_eq!(fragments.ask(only()), [3]);
        fragments.place_silent(3);
        fragments.place_heard(3);
        assert_eq!(fragments.outlook(only()), Outlook::Possible);
        assert_eq!(fragments.ask(only()), [0_u8; 0]);
        fragments.lost(3);
        fragments.place_heard(3);
        assert_eq!(fragments.outlook(only()), Outlook::Short, "lost is lost");
    }

    #[test]
    fn the_silent_are_asked_when_the_others_are_not_enough() {
        let mut fragments = Fragments::new(seven(), wanted(&[0]));
        let asked = fragments.ask(silent(|place| place != 6));
        assert_eq!(asked, [6, 13, 0, 1, 2, 3, 4], "k of them together");
    }

    #[test]
    fn a_check_waits_for_the_silent() {
        let mut fragments = Fragments::new(seven(), Need::Everything);
        for index in fragments.ask(all) {
            if index % 7 != 4 {
                fragments.arrived(index);
            }
        }
        fragments.place_silent(4);
        assert_eq!(fragments.outlook(silent(|place| place == 4)), Outlook::Possible);
        fragments.lost(4);
        fragments.lost(11);
        assert_eq!(fragments.outlook(silent(|place| place == 4)), Outlook::Enough);
    }

    #[test]
    fn everything_means_every_fragment_of_those_who_are_there() {
        let mut fragments = Fragments::new(seven(), Need::Everything);
        assert_eq!(fragments.ask(online(|place| place != 2)).len(), 12);
        fragments.gone(0);
        fragments.lost(1);
        fragments.place_silent(3);
        assert_eq!(fragments.unreached().collect::<Vec<_>>(), [2, 9, 1, 3, 10]);
    }

    #[test]
    fn these_are_asked_of_their_own_suppliers_and_never_made_of_others() {
        let mut fragments = Fragments::new(seven(), Need::These([2, 9].into()));
        assert_eq!(fragments.outlook(all), Outlook::Possible);
        assert_eq!(fragments.ask(all), [2, 9]);
        fragments.arrived(2);
        fragments.gone(9);
        assert_eq!(fragments.outlook(all), Outlook::Enough);
        assert_eq!(fragments.ask(all), [0_u8; 0]);
        let away = Fragments::new(seven(), Need::These([2].into()));
        assert_eq!(away.outlook(online(|place| place != 2)), Outlook::Enough);
    }
}
