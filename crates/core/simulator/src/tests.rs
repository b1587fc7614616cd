//! The scenarios keep their promises, and a seed repeats a world exactly.

use crate::{SCENARIOS, Scenario};

fn scenario(name: &str) -> Scenario {
    let found = SCENARIOS.iter().find(|(each, _)| *each == name);
    Scenario::parse(found.expect("a file of this name").1).expect("of the right form")
}

#[test]
fn every_file_is_a_scenario_of_its_own_name() {
    for (name, _) in SCENARIOS {
        assert_eq!(scenario(name).name, *name);
        assert!(!scenario(name).seeds.is_empty(), "{name} has no seeds");
    }
}

fn all_kept(belongs: impl Fn(&str) -> bool) {
    for (name, _) in SCENARIOS.iter().filter(|(name, _)| belongs(name)) {
        let scenario = scenario(name);
        for seed in &scenario.seeds {
            if let Err(error) = scenario.play(*seed) {
                panic!("{error}; again: cargo xtask sim --scenario {name} --seed {seed}");
            }
        }
    }
}

#[test]
fn every_set_of_suppliers_that_may_be_lost_is_survived() {
    all_kept(|name| name.starts_with("losses-") && name.len() == "losses-7".len());
}

#[test]
fn sets_drawn_among_many_suppliers_are_survived() {
    all_kept(|name| name.starts_with("losses-") && name.len() != "losses-7".len());
}

#[test]
fn fire_is_survived() {
    all_kept(|name| name.starts_with("fire"));
}

#[test]
fn liars_are_named_and_healed_around() {
    all_kept(|name| name.starts_with("liars"));
}

#[test]
fn what_dead_suppliers_kept_is_made_anew() {
    all_kept(|name| name.starts_with("healing"));
}

#[test]
fn traitors_are_found_and_replaced() {
    all_kept(|name| name.starts_with("audits"));
}

#[test]
fn weather_and_bad_disks_are_survived() {
    all_kept(|name| name.starts_with("weather") || name.starts_with("disks"));
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    let trace = |seed| scenario("weather-50").play(seed).expect("kept").trace;
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

/// Controls: with the mechanism switched off the same check must fail.
#[test]
fn a_disk_that_lies_about_syncs_breaks_receipts() {
    let mut lying = scenario("disks-4");
    lying.lying_disks = true;
    let broken = lying.seeds.iter().filter(|seed| lying.play(**seed).is_err()).count();
    assert!(broken > 0, "the check of receipts has no teeth");
}

#[test]
fn without_healing_four_dead_suppliers_of_seven_and_three_more_are_too_many() {
    let mut unhealed = scenario("healing-7");
    unhealed.unhealed = true;
    assert!(unhealed.play(1).is_err(), "seven suppliers died and nothing was missed");
}

#[test]
fn without_audits_a_traitor_is_not_found() {
    let mut unaudited = scenario("audits-7");
    unaudited.unaudited = true;
    assert!(unaudited.play(1).is_err(), "a supplier threw everything away and was replaced");
}

#[test]
fn more_losses_than_allowed_are_not_survived() {
    let mut greedy = scenario("fire-7");
    greedy.extra_losses = 1;
    assert!(greedy.play(1).is_err(), "four of seven suppliers were lost and nothing was missed");
}
