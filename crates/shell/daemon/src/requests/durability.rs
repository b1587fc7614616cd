//! What the data survives, in numbers and in words.

use base::{DAY_MS, format_duration};
use node::durability::{Attending, Durability, Placed};
use node::output::Safety;
use node::wish::Overview;
use storage::margin::{Fate, Standing};
use storage::uptime::WHOLE;

use super::Clerk;
use crate::handle::Answer;
use crate::view::durability::{AttendanceView, DurabilityView, PlacementView};
use crate::work::Works;

#[cfg(test)]
mod tests;

/// Suppliers that are named in an advice at most.
const NAMED_MAX: usize = 5;

impl Clerk {
    pub(super) async fn durability(&self) -> Answer<DurabilityView> {
        let overview = self.overview().await?;
        // A database that cannot be read is told by what fails without it.
        let stored = self.at_work(Works::stored).await.unwrap_or_default();
        Ok(view(&overview, stored.packed_bytes))
    }
}

/// The whole of it, for so many bytes of packed data.
fn view(overview: &Overview, packed_bytes: u64) -> DurabilityView {
    let durability = &overview.durability;
    let safety = overview.safety.unwrap_or(Safety::Empty);
    let weakest = durability.placements.first();
    let cut_off = durability.brake == "CutOff";
    let most = |of: fn(&Placed) -> f64| durability.placements.iter().map(of).fold(0.0, f64::max);
    DurabilityView {
        verdict: verdict(safety, weakest).into(),
        summary: summary(safety, durability, cut_off),
        advice: advice(safety, durability, cut_off),
        may_lose: weakest.and_then(may_lose).unwrap_or(0),
        may_lose_networks: durability
            .placements
            .iter()
            .map(|placed| placed.may_lose_networks.map_or(0, u32::from))
            .min()
            .unwrap_or(0),
        // Placements may be lost one without the other.
        yearly_loss: durability.placements.iter().map(|p| p.yearly_loss).sum::<f64>().min(1.0),
        days_to_live: weakest.map_or(0.0, |placed| placed.days_to_live),
        repair_bytes_yearly: (most(|placed| placed.repair_traffic_yearly) * packed_bytes as f64)
            as u64,
        assumed_life_days: durability.assumed.life_days,
        assumed_repair_days: durability.assumed.repair_days,
        cut_off,
        placements: durability.placements.iter().map(placement_view).collect(),
        suppliers: durability.suppliers.iter().map(attendance_view).collect(),
    }
}

fn verdict(safety: Safety, weakest: Option<&Placed>) -> &'static str {
    match safety {
        Safety::Empty => "empty",
        Safety::Lost if weakest.is_some_and(|placed| placed.fate == Fate::Waits) => "waits",
        Safety::Lost => "lost",
        Safety::AtRisk => "at risk",
        Safety::Kept => "kept",
        Safety::Safe { .. } => "safe",
    }
}

fn summary(safety: Safety, durability: &Durability, cut_off: bool) -> Vec<String> {
    let mut told = vec![];
    if let Some(weakest) = durability.placements.first() {
        told.push(worst_case(safety, weakest));
        told.extend(away_now(durability));
        let networks = durability.placements.iter().filter_map(|placed| placed.may_lose_networks);
        if let (Some(networks), Some(suppliers)) = (networks.min(), may_lose(weakest))
            && u32::from(networks) < suppliers
        {
            told.push(format!(
                "Some of them are in one network: of whole networks, any {networks} may be lost."
            ));
        }
        if !durability.is_confirmed {
            told.push("The newest version is not confirmed by all suppliers yet.".into());
        }
        told.extend(estimate(weakest, durability));
    } else {
        told.push("Nothing is stored yet.".into());
    }
    if cut_off {
        told.push(
            "This node itself is cut off: nobody answers, and no supplier's absence counts.".into(),
        );
    }
    told
}

fn worst_case(safety: Safety, weakest: &Placed) -> String {
    let Placed { suppliers, needed, counted, .. } = weakest;
    match (weakest.fate, safety) {
        (Fate::Lost, _) => {
            format!("Fewer than the {needed} suppliers that are needed are left: data is lost.")
        }
        (Fate::Waits, _) => format!(
            "Only {counted} of the {needed} suppliers that are needed are there: data cannot be had \
             now. Nothing is lost if the missing ones come back."
        ),
        (Fate::Kept { .. }, Safety::Kept) => {
            "One supplier keeps a plain copy: if it is lost, the data is lost.".into()
        }
        (Fate::Kept { may_lose: 0 }, _) => {
            format!("{counted} of {suppliers} suppliers are counted on: none may be lost more.")
        }
        (Fate::Kept { may_lose }, _) => format!(
            "Any {may_lose} of the {counted} suppliers that are counted on may be lost now, and \
             everything comes back."
        ),
    }
}

/// What those who are away at this moment mean, although they are counted on for some time.
pub(super) fn away_now(durability: &Durability) -> Option<String> {
    let may_lose = usize::from(match durability.placements.first()?.fate {
        Fate::Kept { may_lose } => may_lose,
        Fate::Lost | Fate::Waits => return None,
    });
    let counted = durability.suppliers.iter();
    let counted = counted.filter(|each| each.place.is_some() && each.standing.counts());
    let away = counted.filter(|each| !each.is_online).count();
    let meaning = match may_lose.checked_sub(away) {
        _ if away == 0 => return None,
        None => "not everything can be had before some of them are back".into(),
        Some(0) => "until they are back or replaced, none may be lost more".into(),
        Some(left) => format!("until they are back or replaced, any {left} may be lost more"),
    };
    let who = if away == 1 { "One supplier is".into() } else { format!("{away} suppliers are") };
    Some(format!("{who} not connected now: {meaning}."))
}

fn estimate(weakest: &Placed, durability: &Durability) -> Option<String> {
    let Fate::Kept { .. } = weakest.fate else { return None };
    let loss = durability.placements.iter().map(|placed| placed.yearly_loss).sum::<f64>();
    let life = durability.assumed.life_days;
    Some(format!(
        "By estimate, with suppliers that stay for {life:.0} days on average: the data would live \
         for {:.0} days if nothing was ever repaired, and the chance to lose it within a year is \
         {} if each loss is repaired within {:.0} hours.",
        weakest.days_to_live,
        chance(loss),
        durability.assumed.repair_days * 24.0,
    ))
}

/// A chance in words: `1 in 150`.
fn chance(chance: f64) -> String {
    if chance >= 0.1 {
        return format!("{:.0} %", chance.min(1.0) * 100.0);
    }
    let one_in = 1.0 / chance;
    match one_in {
        _ if one_in >= 1e9 => "less than 1 in 1,000,000,000".into(),
        _ if one_in >= 1e6 => format!("1 in {:.0} million", one_in / 1e6),
        _ if one_in >= 1e4 => format!("1 in {:.0},000", one_in / 1e3),
        _ if one_in >= 100.0 => format!("1 in {:.0}", (one_in / 10.0).round() * 10.0),
        _ => format!("1 in {one_in:.0}"),
    }
}

fn advice(safety: Safety, durability: &Durability, cut_off: bool) -> Vec<String> {
    let mut told = vec![];
    if durability.placements.is_empty() {
        told.push("Back something up: `bitdust backup start DIRECTORY`.".into());
        return told;
    }
    if cut_off {
        told.push("Check this computer's connection; everything else can wait.".into());
    }
    let away: Vec<&Attending> = durability
        .suppliers
        .iter()
        .filter(|each| matches!(each.standing, Standing::Missing | Standing::Gone))
        .collect();
    if !away.is_empty() {
        let named = away.iter().take(NAMED_MAX).map(|each| {
            format!("{} (for {})", each.device, format_duration(rounded(each.away_ms)))
        });
        let more = away.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} others") } else { String::new() };
        told.push(format!(
            "Not counted on, for they are away: {}{more}. What they keep counts again as soon as \
             they are back. Others take their places by themselves, at most as many in a day as \
             storage.replacements says; `bitdust supplier end DEVICE` does it at once.",
            named.collect::<Vec<_>>().join(", ")
        ));
    }
    match safety {
        Safety::Kept => told.push("For safety have at least two suppliers.".into()),
        Safety::AtRisk if !cut_off => told
            .push("Restore what you need while it can be had, or keep another copy of it.".into()),
        Safety::Lost if !cut_off => {
            told.push("Wait for the suppliers that are missing, or ask whoever runs them.".into());
        }
        Safety::AtRisk | Safety::Lost | Safety::Empty | Safety::Safe { .. } => {}
    }
    told
}

/// Whole days of a long time: nobody waits for the minutes of a month.
fn rounded(ms: u64) -> u64 {
    if ms >= 2 * DAY_MS { ms / DAY_MS * DAY_MS } else { ms }
}

fn may_lose(placed: &Placed) -> Option<u32> {
    match placed.fate {
        Fate::Kept { may_lose } => Some(may_lose.into()),
        Fate::Waits | Fate::Lost => None,
    }
}

fn placement_view(placed: &Placed) -> PlacementView {
    PlacementView {
        arrangement: placed.arrangement,
        in_force: placed.is_in_force,
        policy: placed.policy.into(),
        suppliers: placed.suppliers.into(),
        needed: placed.needed.into(),
        counted: placed.counted.into(),
        may_lose: may_lose(placed),
        wants_repair: placed.wants_repair,
        yearly_loss: placed.yearly_loss,
        days_to_live: placed.days_to_live,
    }
}

fn attendance_view(supplier: &Attending) -> AttendanceView {
    let standing = match supplier.standing {
        Standing::Present => "present",
        Standing::Suspect => "suspect",
        Standing::Missing => "missing",
        Standing::Gone => "gone",
    };
    let percent = |share: u32| (f64::from(share) / f64::from(WHOLE) * 1_000.0).round() / 10.0;
    AttendanceView {
        device: supplier.device.to_string(),
        place: supplier.place.map(u32::from),
        online: supplier.is_online,
        standing: standing.into(),
        verdict: supplier.rung.name().into(),
        away_ms: supplier.away_ms,
        uptime_percent: supplier.uptime.map(percent),
    }
}
