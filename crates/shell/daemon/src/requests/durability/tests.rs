//! What is told of the data is what the node counted, in words that say what to do.

use base::{DeviceId, HOUR_MS};
use expect_test::expect;
use storage::durability::Assumptions;

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
    expect![[""]].assert_eq(&told(&overview));
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
    expect![[""]].assert_eq(&told(&overview(Safety::Safe { may_lose: 2 }, vec![weakest], all)));
}

#[test]
fn what_waits_and_what_is_lost_are_told_apart() {
    let waits = overview(Safety::Lost, vec![placed(3, Fate::Waits)], vec![]);
    let lost = overview(Safety::Lost, vec![placed(3, Fate::Lost)], vec![]);
    let none = overview(Safety::AtRisk, vec![placed(4, Fate::Kept { may_lose: 0 })], vec![]);
    let empty = overview(Safety::Empty, vec![], vec![]);
    expect![[""]].assert_eq(&[waits, lost, none, empty].map(|each| told(&each)).concat());
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
    expect![[""]].assert_eq(&all.join(", "));
}
