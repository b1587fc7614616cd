//! The chapter of a supplier that dies while its customer is there: what it kept is made anew at
//! another one, and nobody has to do anything.

use std::time::{Duration, Instant};

use ::fleet::Daemon;
use api::client::Step;
use daemon::view::durability::DurabilityView;
use storage::policy::Spread;

use super::fleet::Fleet;
use super::report::Report;

/// How long it may take, many times of what it does.
const HEAL_MAX: Duration = Duration::from_secs(300);

/// What was seen.
pub(super) struct Healed {
    pub(super) victim: String,
    /// Who has its place now.
    pub(super) successor: Option<String>,
    pub(super) blocks: usize,
    pub(super) took: Duration,
    pub(super) is_whole: bool,
}

/// One supplier dies; returns whether everything was whole again afterwards.
pub(super) async fn heal(
    fleet: &mut Fleet,
    customer: &Daemon,
    spread: Spread,
    report: &Report,
) -> anyhow::Result<bool> {
    fleet.start_spare().await?;
    let before = placed(&customer.client.durability().await?);
    // Followed before it dies, so that nothing is missed.
    let steps = customer.client.journal().await?;
    let victim = fleet.kill_suppliers(1).await?.remove(0);
    let begun = Instant::now();
    report.dies(&victim);
    let (mut blocks, mut is_healed) = (0, false);
    let watching = async {
        let mut steps = steps;
        loop {
            if let Step::Line(line) = steps.next().await? {
                match (line.automaton.as_str(), line.to.as_str()) {
                    ("presence", "Missing") if line.instance == victim => {
                        report.happens(begun.elapsed(), "it is missing, and not counted on");
                    }
                    ("contract", "Active") if line.from != line.to => {
                        report.happens(begun.elapsed(), "another one is hired for its place");
                    }
                    ("repair", "Done") => blocks += 1,
                    ("healing", "Resting") => is_healed = true,
                    _ => {}
                }
            }
            // What is told is older than how it stands: all of it is heard first.
            if is_healed {
                let view = customer.client.durability().await?;
                if is_whole(&view, &victim, spread) {
                    return anyhow::Ok(view);
                }
            }
        }
    };
    let view = match tokio::time::timeout(HEAL_MAX, watching).await {
        Ok(view) => Some(view?),
        Err(_) => None,
    };
    let successor = view
        .as_ref()
        .map(placed)
        .and_then(|after| after.into_iter().find(|device| !before.contains(device)));
    let is_whole = view.is_some();
    report.healed(&Healed { victim, successor, blocks, took: begun.elapsed(), is_whole }, spread);
    Ok(is_whole)
}

fn placed(view: &DurabilityView) -> Vec<String> {
    let placed = view.suppliers.iter().filter(|supplier| supplier.place.is_some());
    placed.map(|supplier| supplier.device.clone()).collect()
}

fn is_whole(view: &DurabilityView, victim: &String, spread: Spread) -> bool {
    view.verdict == "safe"
        && view.may_lose == u32::from(spread.may_lose())
        && !placed(view).contains(victim)
}
