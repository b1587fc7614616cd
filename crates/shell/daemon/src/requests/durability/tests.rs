//! What is told of the data is what the node counted, in words that say what to do.

use base::{DeviceId, HOUR_MS};
use expect_test::expect;
use storage::durability::Assumptions;
use storage::ladder::Rung;

use super::*;

fn placed(counted: u8, fate: Fate) -> Placed {
    Placed {
        arrangement: 65_536,
        is_in_force: true,
        policy: "double",
        suppliers: 7,
        needed: 4,
        counted,
        fate,
        may_lose_networks: match fate {
            Fate::Kept { may_lose } => Some(may_lose),
            Fate::Waits | Fate::Lost => None,
        },
        wants_repair: counted < 7,
        yearly_loss: 6.8e-3,
        days_to_live: 136.7,
        repair_traffic_yearly: 16.2,
    }
}

fn supplier(number: u8, standing: Standing, away_ms: u64) -> Attending {
    Attending {
        device: DeviceId([number; 32]),
        place: Some(number),
        is_online: away_ms == 0,
        standing,
        rung: Rung::Trusted,
        away_ms,
        uptime: Some(WHOLE / 4 * 3),
    }
}

fn overview(safety: Safety, placements: Vec<Placed>, suppliers: Vec<Attending>) -> Overview {
    let durability = Durability {
        placements,
        suppliers,
        is_confirmed: true,
        brake: "Off",
        assumed: Assumptions::default(),
    };
    Overview { safety: Some(safety), durability, ..Overview::default() }
}

fn told(overview: &Overview) -> String {
    let view = view(overview, 100);
    let DurabilityView { verdict, summary, advice, may_lose, .. } = view;
    format!("{verdict}, {may_lose}\n{}\n! {}\n", summary.join("\n"), advice.join("\n! "))
}

#[test]
fn a_whole_placement_is_told_in_plain_words() {
    let all = (0..7).map(|number| supplier(number, Standing::Present, 0)).collect();
    let overview =
        overview(Safety::Safe { may_lose: 3 }, vec![placed(7, Fate::Kept { may_lose: 3 })], all);
    expect![[r#"
        safe, 3
        Any 3 of the 7 suppliers that are counted on may be lost now, and everything comes back.
        By estimate, with suppliers that stay for 180 days on average: the data would live for 137 days if nothing was ever repaired, and the chance to lose it within a year is 1 in 150 if each loss is repaired within 78 hours.
        ! 
    "#]].assert_eq(&told(&overview));
    let view = view(&overview, 1_000);
    assert_eq!((view.repair_bytes_yearly, view.cut_off), (16_200, false));
    assert_eq!(view.suppliers[0].uptime_percent, Some(75.0));
}

#[test]
fn the_missing_are_named_with_what_to_do() {
    let mut all: Vec<_> = (0..6).map(|number| supplier(number, Standing::Present, 0)).collect();
    all.push(supplier(6, Standing::Missing, 100 * HOUR_MS));
    let mut weakest = placed(6, Fate::Kept { may_lose: 2 });
    weakest.may_lose_networks = Some(1);
    expect![[r#"
        safe, 2
        Any 2 of the 6 suppliers that are counted on may be lost now, and everything comes back.
        Some of them are in one network: of whole networks, any 1 may be lost.
        By estimate, with suppliers that stay for 180 days on average: the data would live for 137 days if nothing was ever repaired, and the chance to lose it within a year is 1 in 150 if each loss is repaired within 78 hours.
        ! Not counted on, for they are away: bddev1qcrqvpsxqcrqvpsxqcrqvpsxqcrqvpsxqcrqvpsxqcrqvpsxqcrqntxyjh (for 4 d). What they keep counts again as soon as they are back. Others take their places by themselves, at most as many in a day as storage.replacements says; `bitdust supplier end DEVICE` does it at once.
    "#]].assert_eq(&told(&overview(Safety::Safe { may_lose: 2 }, vec![weakest], all)));
}

#[test]
fn what_waits_and_what_is_lost_are_told_apart() {
    let waits = overview(Safety::Lost, vec![placed(3, Fate::Waits)], vec![]);
    let lost = overview(Safety::Lost, vec![placed(3, Fate::Lost)], vec![]);
    let none = overview(Safety::AtRisk, vec![placed(4, Fate::Kept { may_lose: 0 })], vec![]);
    let empty = overview(Safety::Empty, vec![], vec![]);
    expect![[r#"
        waits, 0
        Only 3 of the 4 suppliers that are needed are there: data cannot be had now. Nothing is lost if the missing ones come back.
        ! Wait for the suppliers that are missing, or ask whoever runs them.
        lost, 0
        Fewer than the 4 suppliers that are needed are left: data is lost.
        ! Wait for the suppliers that are missing, or ask whoever runs them.
        at risk, 0
        4 of 7 suppliers are counted on: none may be lost more.
        By estimate, with suppliers that stay for 180 days on average: the data would live for 137 days if nothing was ever repaired, and the chance to lose it within a year is 1 in 150 if each loss is repaired within 78 hours.
        ! Restore what you need while it can be had, or keep another copy of it.
        empty, 0
        Nothing is stored yet.
        ! Back something up: `bitdust backup start DIRECTORY`.
    "#]].assert_eq(&[waits, lost, none, empty].map(|each| told(&each)).concat());
}

#[test]
fn a_node_that_is_cut_off_says_so_and_blames_nobody() {
    let mut overview =
        overview(Safety::Safe { may_lose: 3 }, vec![placed(7, Fate::Kept { may_lose: 3 })], vec![]);
    overview.durability.brake = "CutOff";
    let view = view(&overview, 0);
    assert!(view.cut_off);
    assert!(view.summary.iter().any(|line| line.contains("itself is cut off")));
    assert_eq!(view.advice.len(), 1);
}

#[test]
fn chances_are_told_in_round_numbers() {
    let all = [1.0, 0.25, 0.07, 6.8e-3, 1.9e-4, 5.5e-7, 6.7e-10, 0.0].map(chance);
    expect!["100 %, 25 %, 1 in 14, 1 in 150, 1 in 5260, 1 in 2 million, less than 1 in 1,000,000,000, less than 1 in 1,000,000,000"].assert_eq(&all.join(", "));
}

#[test]
fn who_is_away_at_this_moment_is_told_before_it_counts() {
    let told = |away: u8| {
        let all = (0..7).map(|n| supplier(n, Standing::Present, u64::from(n < away) * 60_000));
        let placements = vec![placed(7, Fate::Kept { may_lose: 3 })];
        let durability =
            Durability { placements, suppliers: all.collect(), ..Durability::default() };
        away_now(&durability)
    };
    assert_eq!(told(0), None);
    let one = "One supplier is not connected now: until they are back or replaced, any 2 may be lost \
               more.";
    assert_eq!(told(1).as_deref(), Some(one));
    assert!(told(3).is_some_and(|text| text.contains("none may be lost more")));
    assert!(told(4).is_some_and(|text| text.contains("not everything can be had")));
}
