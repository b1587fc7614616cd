//! Offline is no crime, evidence is needed for a verdict, and the user has the last word.

use automata::{Journal, Live, Named};
use base::{Date, decode, encode};
use expect_test::{expect, expect_file};
use proptest::prelude::*;

use super::*;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

const EVIDENCE: Hash = Hash([7; 32]);

fn begun() -> Live<Ladder> {
    Live::start(Ladder::default(), "supplier")
}

fn feed(run: &mut Live<Ladder>, event: Event) -> &'static str {
    let _ = run.feed(event, Tick(0), &mut Journal::default());
    run.state().name()
}

fn story(events: impl IntoIterator<Item = Event>) -> Vec<&'static str> {
    let mut run = begun();
    events.into_iter().map(|event| feed(&mut run, event)).collect()
}

#[test]
fn months_offline_lead_to_the_end_of_a_contract_and_no_further() {
    use Event::*;
    let away = [Away, Missing, LongAway, Away, Missing, LongAway];
    assert_eq!(story(away), ["Watch", "Contain", "Drain", "Drain", "Drain", "Drain"]);
}

#[test]
fn one_that_returns_is_counted_at_once_and_trusted_after_a_day() {
    let mut run = begun();
    feed(&mut run, Event::Away);
    feed(&mut run, Event::Missing);
    assert_eq!(feed(&mut run, Event::Returned), "Watch");
    let _ = run.poll(Tick(DAY_MS), &mut Journal::default());
    assert_eq!(run.state(), &State::Trusted);
}

#[test]
fn one_that_is_there_and_ignores_audits_is_contained_until_it_passes_twenty() {
    let mut run = begun();
    for expected in ["Watch", "Watch", "Contain"] {
        assert_eq!(feed(&mut run, Event::AuditIgnored), expected);
    }
    assert_eq!(feed(&mut run, Event::Returned), "Contain", "to be there is not to answer");
    for _ in 0..19 {
        assert_eq!(feed(&mut run, Event::AuditPassed), "Contain");
    }
    assert_eq!(feed(&mut run, Event::AuditPassed), "Watch");
    for _ in 0..100 {
        feed(&mut run, Event::AuditIgnored);
    }
    assert_eq!(run.state().name(), "Contain", "silence alone is never more");
}

#[test]
fn rare_hiccups_among_answers_never_add_up() {
    let mut run = begun();
    for _ in 0..100 {
        assert_eq!(feed(&mut run, Event::AuditIgnored), "Watch");
        assert_eq!(feed(&mut run, Event::AuditIgnored), "Watch");
        assert_eq!(feed(&mut run, Event::AuditPassed), "Watch");
        assert_eq!(feed(&mut run, Event::Away), "Watch");
    }
}

#[test]
fn a_proved_loss_ends_the_contract_and_a_second_one_all_dealings() {
    use Event::*;
    let told =
        story([LossTold, LossProved { evidence: EVIDENCE }, LossProved { evidence: EVIDENCE }]);
    assert_eq!(told, ["Watch", "Drain", "Fired"]);
    // One that is drained for its absence is not fired at its first loss.
    let story = story([LongAway, LossProved { evidence: EVIDENCE }]);
    assert_eq!(story, ["Drain", "Drain"]);
}

#[test]
fn cheating_fires_at_once_and_shuns_when_verified_here() {
    let mut run = begun();
    assert_eq!(feed(&mut run, Event::Confirmed { evidence: EVIDENCE }), "Trusted");
    assert_eq!(feed(&mut run, Event::Cheated { evidence: EVIDENCE }), "Fired");
    assert_eq!(run.state(), &State::Fired { evidence: Some(EVIDENCE) });
    assert_eq!(feed(&mut run, Event::Confirmed { evidence: Hash([8; 32]) }), "Fired", "another's");
    assert_eq!(feed(&mut run, Event::Confirmed { evidence: EVIDENCE }), "Shunned");
    assert_eq!(feed(&mut run, Event::Judged { trust: true }), "Watch");
}

#[test]
fn the_user_decides_either_way() {
    assert_eq!(story([Event::Judged { trust: false }]), ["Fired"]);
    let mut run = begun();
    feed(&mut run, Event::LongAway);
    assert_eq!(feed(&mut run, Event::Judged { trust: true }), "Trusted");
    feed(&mut run, Event::Judged { trust: false });
    assert_eq!(run.state(), &State::Fired { evidence: None });
}

#[test]
fn the_kept_form_is_frozen() {
    let verdict = Verdict {
        rung: Rung::Fired { evidence: Some(EVIDENCE) },
        since: Date(5),
        reason: "lost my holiday photos".into(),
    };
    let hex: String = encode(&verdict).iter().map(|byte| format!("{byte:02x}")).collect();
    expect!["01040107070707070707070707070707070707070707070707070707070707070707070500000000000000160000006c6f7374206d7920686f6c696461792070686f746f73"].assert_eq(&hex);
    assert_eq!(decode(&encode(&verdict)), Ok(verdict));
}

fn events() -> impl Strategy<Value = Event> {
    use Event::*;
    let evidence = EVIDENCE;
    prop_oneof![
        Just(Away),
        Just(Missing),
        Just(LongAway),
        Just(Returned),
        Just(AuditPassed),
        Just(AuditIgnored),
        Just(LossTold),
        Just(Elapsed),
        Just(LossProved { evidence }),
        Just(Cheated { evidence }),
        Just(Confirmed { evidence }),
        any::<bool>().prop_map(|trust| Judged { trust }),
    ]
}

proptest! {
    #[test]
    fn without_evidence_and_without_the_user_nobody_is_fired(
        events in proptest::collection::vec(events(), 0..200),
    ) {
        let mut run = begun();
        for event in events {
            let is_harmless = !matches!(
                event,
                Event::LossProved { .. } | Event::Cheated { .. } | Event::Judged { .. }
            );
            if is_harmless {
                let name = feed(&mut run, event);
                prop_assert!(name != "Fired" && name != "Shunned");
            }
        }
    }

    #[test]
    fn who_is_fired_without_the_user_has_evidence_against_him(
        events in proptest::collection::vec(events(), 0..200),
    ) {
        let mut run = begun();
        for event in events.into_iter().filter(|event| !matches!(event, Event::Judged { .. })) {
            feed(&mut run, event);
            prop_assert_ne!(run.state(), &State::Fired { evidence: None });
        }
    }

    #[test]
    fn the_user_can_forgive_anything_and_end_anything(
        events in proptest::collection::vec(events(), 0..50),
    ) {
        let mut run = begun();
        for event in events {
            feed(&mut run, event);
        }
        let name = feed(&mut run, Event::Judged { trust: true });
        prop_assert!(name == "Trusted" || name == "Watch");
        prop_assert_eq!(feed(&mut run, Event::Judged { trust: false }), "Fired");
    }

    #[test]
    fn a_restart_changes_no_rung(events in proptest::collection::vec(events(), 0..50)) {
        let mut run = begun();
        for event in events {
            feed(&mut run, event);
        }
        let kept = Rung::of(run.state());
        let state = kept.state(&Ladder::default(), Tick(99));
        prop_assert_eq!(Rung::of(&state), kept);
        prop_assert_eq!(state.name(), run.state().name());
    }
}
