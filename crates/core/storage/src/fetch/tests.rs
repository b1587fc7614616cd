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

    use crate::fetch::{Fragments, Need, Outlook};
    use crate::policy::{Policy, Spread};

    fn seven() -> Spread {
        Spread::new(Policy::Double, 7).expect("fits")
    }

    fn wanted(indices: &[u8]) -> Need {
        Need::Data(indices.iter().copied().collect())
    }

    #[test]
    fn a_healthy_read_asks_for_the_wanted_data_alone() {
        let mut fragments = Fragments::new(seven(), wanted(&[1, 2]));
        assert_eq!(fragments.ask(|_| true), [1, 2]);
        fragments.arrived(1);
        assert_eq!(fragments.outlook(|_| true), Outlook::Possible);
        fragments.arrived(2);
        assert_eq!(fragments.outlook(|_| true), Outlook::Enough);
        assert!(fragments.is_direct());
    }

    #[test]
    fn any_allowed_loss_is_survived_and_one_more_is_not() {
        let spread = seven();
        for lost in 0_u32..1 << 7 {
            let gone: BTreeSet<u8> = (0..7).filter(|place| lost >> place & 1 == 1).collect();
            let mut fragments = Fragments::new(spread, wanted(&[0, 1, 2, 3, 4, 5, 6]));
            let is_online = |place| !gone.contains(&place);
            for index in fragments.ask(is_online) {
                fragments.arrived(index);
            }
            let expected = match gone.len() {
                0..=3 => Outlook::Enough,
                _ => Outlook::Short,
            };
            assert_eq!(fragments.outlook(is_online), expected, "{gone:?}");
        }
    }

    #[test]
    fn a_fragment_that_is_gone_is_replaced_by_parity() {
        let mut fragments = Fragments::new(seven(), wanted(&[0]));
        assert_eq!(fragments.ask(|_| true), [0]);
        fragments.gone(0);
        assert_eq!(fragments.outlook(|_| true), Outlook::Possible);
        assert_eq!(fragments.ask(|_| true), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(fragments.gone_places(), [0].into());
    }

    #[test]
    fn a_supplier_that_returns_is_asked_again() {
        let mut fragments = Fragments::new(seven(), wanted(&[3]));
        assert_eq!(fragments.ask(|_| true), [3]);
        fragments.lost(3);
        assert_eq!(fragments.ask(|place| place == 2), [2, 9]);
        fragments.place_returned(3);
        assert_eq!(fragments.ask(|place| place == 3), [3]);
    }

    #[test]
    fn everything_means_every_fragment_of_those_who_are_there() {
        let mut fragments = Fragments::new(seven(), Need::Everything);
        assert_eq!(fragments.ask(|place| place != 2).len(), 12);
    }

    #[test]
    fn these_are_asked_of_their_own_suppliers_and_never_made_of_others() {
        let mut fragments = Fragments::new(seven(), Need::These([2, 9].into()));
        assert_eq!(fragments.outlook(|_| true), Outlook::Possible);
        assert_eq!(fragments.ask(|_| true), [2, 9]);
        fragments.arrived(2);
        fragments.gone(9);
        assert_eq!(fragments.outlook(|_| true), Outlook::Enough);
        assert_eq!(fragments.ask(|_| true), []);
        let away = Fragments::new(seven(), Need::These([2].into()));
        assert_eq!(away.outlook(|place| place != 2), Outlook::Enough);
    }
}
