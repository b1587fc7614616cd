//! Scenarios: a world, what befalls it, and what must hold afterwards. Each is a file in `scenarios/`.

use std::collections::BTreeSet;

use base::JobId;
use node::input::Failure;
use node::output::Safety;
use node::settings::{Clocks, Settings};
use serde::Deserialize;
use storage::policy::{Policy, Spread};

use crate::world::{Setting, World};

mod befall;

const MINUTE: u64 = base::MINUTE_MS;
const HOUR: u64 = base::HOUR_MS;
const DAY: u64 = base::DAY_MS;

/// One scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The promise that it shows, as a name.
    pub name: String,
    /// The promise in a sentence.
    pub about: String,
    /// What befalls the world.
    pub befalls: Befalls,
    /// The seeds with which it is always run.
    pub seeds: Vec<u64>,
    /// How the data is spread.
    #[serde(default)]
    pub policy: Policy,
    /// Over how many suppliers.
    pub suppliers: u8,
    /// Suppliers in the world, if there are more than one customer needs.
    pub crowd: Option<u8>,
    /// Suppliers that may be replaced in a day without the user.
    #[serde(default = "one")]
    pub replacements: u8,
    /// Customers.
    #[serde(default = "one")]
    pub customers: u8,
    /// Files that each customer backs up.
    pub files: usize,
    /// The longest file, bytes.
    pub bytes_max: u64,
    /// How many sets of suppliers are drawn; all there are if none is said.
    pub draws: Option<usize>,
    /// How often a message breaks its connection, in millionths.
    #[serde(default)]
    pub break_ppm: u32,
    /// How often the table forgets or answers with what is old, in millionths.
    #[serde(default)]
    pub table_fault_ppm: u32,
    /// The longest delay, milliseconds.
    #[serde(default = "short_delay")]
    pub delay_ms_max: u64,
    /// Real signatures on every envelope.
    #[serde(default)]
    pub full_crypto: bool,
    /// For controls: disks of suppliers report syncs that they do not make.
    #[serde(default)]
    pub lying_disks: bool,
    /// Dead suppliers are not sent away: their absence says that they are gone.
    #[serde(default)]
    pub by_absence: bool,
    /// For controls: what a lost supplier kept is not made anew.
    #[serde(default)]
    pub unhealed: bool,
    /// For controls: suppliers are asked for no proof.
    #[serde(default)]
    pub unaudited: bool,
    /// For controls: so many more suppliers are lost than the policy allows.
    #[serde(default)]
    pub extra_losses: u8,
}

/// What befalls the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Befalls {
    /// Every set of suppliers that may be lost is lost; then one more.
    Losses,
    /// Suppliers die, the home burns, the words are left.
    Fire,
    /// As many suppliers as may be lost give back wrong bytes.
    Liars,
    /// Connections break, the network divides, suppliers crash and come back while a backup runs.
    Weather,
    /// Suppliers die one after the other and are replaced; then as many more die as may, and the
    /// home burns.
    Healing,
    /// Suppliers throw away what they receipted, or cheat, and are found.
    Audits,
    /// Suppliers lose power and their disks fail while a backup runs.
    Disks,
}

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Nodes that lived.
    pub nodes: usize,
    /// Lines of all journals.
    pub lines: u64,
    /// A hash of all journals.
    pub trace: base::Hash,
    /// Restores that were compared byte by byte.
    pub restores: u64,
    /// Refusals that had to come and came.
    pub refusals: u64,
}

/// Why a promise was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ScenarioError {
    /// What was seen.
    pub what: String,
}

type Outcome<T> = Result<T, ScenarioError>;

/// A scenario under way.
struct Play<'a> {
    scenario: &'a Scenario,
    spread: Spread,
    world: World,
    suppliers: Vec<usize>,
    customers: Vec<(usize, u64)>,
    restores: u64,
    refusals: u64,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// It is not of this form.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Plays it with a seed.
    ///
    /// # Errors
    /// A promise was not kept; panics where an invariant of the core is broken.
    pub fn play(&self, seed: u64) -> Outcome<Verdict> {
        let mut play = Play::begin(self, seed)?;
        match self.befalls {
            Befalls::Losses => play.losses()?,
            Befalls::Fire => play.fire()?,
            Befalls::Liars => play.liars()?,
            Befalls::Weather => play.weather()?,
            Befalls::Disks => play.disks()?,
            Befalls::Audits => play.audits()?,
            Befalls::Healing => play.healing()?,
        }
        play.receipts_hold()?;
        Ok(Verdict {
            nodes: play.world.len(),
            lines: play.world.lines,
            trace: play.world.trace(),
            restores: play.restores,
            refusals: play.refusals,
        })
    }
}

impl<'a> Play<'a> {
    fn begin(scenario: &'a Scenario, seed: u64) -> Outcome<Self> {
        let spread = Spread::new(scenario.policy, scenario.suppliers)
            .map_err(|error| ScenarioError { what: error.to_string() })?;
        let mut world = World::new(Setting {
            seed,
            delay_ms: (5, scenario.delay_ms_max),
            break_ppm: 0,
            table_fault_ppm: scenario.table_fault_ppm,
            is_full_crypto: scenario.full_crypto,
            is_unhealed: scenario.unhealed,
        });
        let crowd = scenario.crowd.unwrap_or(scenario.suppliers);
        let suppliers: Vec<usize> =
            (0..crowd).map(|_| world.add(scenario.settings(false))).collect();
        if scenario.lying_disks {
            suppliers.iter().for_each(|number| world.let_disk_lie(*number));
        }
        let mut customers = vec![];
        for _ in 0..scenario.customers {
            let number = world.add(scenario.settings(true));
            customers.push((number, world.make_files(scenario.files, scenario.bytes_max)));
        }
        Ok(Self { scenario, spread, world, suppliers, customers, restores: 0, refusals: 0 })
    }

    /// Backs every customer up in good weather.
    fn back_up(&mut self) -> Outcome<()> {
        for (customer, request) in self.customers.clone() {
            let job = self.begin_backup(customer, request)?;
            self.must_become_safe(customer, job, 60 * MINUTE)?;
        }
        Ok(())
    }

    fn begin_backup(&mut self, customer: usize, request: u64) -> Outcome<JobId> {
        // The drive of a new node is in hand after a moment.
        self.world.run_for(1_000);
        let job = self.world.back_up(customer, request);
        job.map_err(|failure| wrong(format!("a backup was refused: {failure:?}")))
    }

    fn must_become_safe(&mut self, customer: usize, job: JobId, ms: u64) -> Outcome<()> {
        let state = self.world.finish(customer, job, ms);
        let expected = match self.spread.may_lose() {
            0 => Safety::Kept,
            may_lose => Safety::Safe { may_lose },
        };
        match state {
            Some(state) if state.state == "done" && state.safety == Some(expected) => Ok(()),
            other => Err(wrong(format!("the backup did not become safe: {other:?}"))),
        }
    }

    fn must_restore(&mut self, customer: usize, request: u64) -> Outcome<()> {
        let job = self.world.restore(customer, request);
        let job = job.map_err(|failure| wrong(format!("a restore was refused: {failure:?}")))?;
        match self.world.finish(customer, job, 60 * MINUTE) {
            Some(state) if state.state == "done" => {
                self.restores += 1;
                Ok(())
            }
            other => Err(wrong(format!("the restore did not succeed: {other:?}"))),
        }
    }

    /// A restore must end with an error that counts and names the missing suppliers.
    fn must_be_refused(&mut self, customer: usize, request: u64, missing: usize) -> Outcome<()> {
        let job = self.world.restore(customer, request);
        let job = job.map_err(|failure| wrong(format!("a restore was refused: {failure:?}")))?;
        let state = self.world.finish(customer, job, 10 * MINUTE);
        let failure = state.as_ref().and_then(|state| state.failure.clone());
        match failure {
            Some(Failure::TooFewSuppliers { missing: named, need, have })
                if named.len() == missing && have < need =>
            {
                self.refusals += 1;
                Ok(())
            }
            _ => Err(wrong(format!("no clear error with {missing} lost: {state:?}"))),
        }
    }

    /// The suppliers of the only customer, by place.
    fn places(&mut self, customer: usize) -> Outcome<Vec<usize>> {
        let overview = self.world.overview(customer).ok_or_else(|| wrong("dead".into()))?;
        let placed = overview.suppliers.iter().filter(|supplier| supplier.place.is_some());
        Ok(placed.map(|supplier| self.world.who(supplier.device)).collect())
    }

    fn until_all_online(&mut self, customer: usize) -> Outcome<()> {
        for _ in 0..100 {
            self.world.run_for(MINUTE);
            let overview = self.world.overview(customer).ok_or_else(|| wrong("dead".into()))?;
            let placed = overview.suppliers.iter().filter(|supplier| supplier.place.is_some());
            if placed.clone().all(|supplier| supplier.is_online) {
                return Ok(());
            }
        }
        Err(wrong("suppliers that came back were not reached again".into()))
    }

    /// What was receipted is there, in every store that can be asked, after one more loss of power.
    fn receipts_hold(&mut self) -> Outcome<()> {
        for number in self.suppliers.clone() {
            self.world.crash(number);
            self.world.wake(number);
        }
        match self.world.broken_receipts() {
            0 => Ok(()),
            broken => Err(wrong(format!("{broken} receipts are broken"))),
        }
    }
}

impl Scenario {
    fn settings(&self, is_customer: bool) -> Settings {
        let off: &[&str] = match is_customer {
            true => &["mdns", "supplier", "schedule"],
            false => &["mdns", "customer", "schedule"],
        };
        Settings {
            policy: self.policy,
            suppliers: self.suppliers,
            needed_bytes: 1 << 30,
            donated_bytes: if is_customer { 0 } else { 1 << 40 },
            disk_floor_bytes: 0,
            replacements_daily: self.replacements,
            audits: !self.unaudited,
            services_off: off.iter().map(|name| (*name).to_owned()).collect(),
            clocks: Clocks { blocked_wait_ms: 10 * DAY, ..Clocks::default() },
        }
    }
}

fn wrong(what: String) -> ScenarioError {
    ScenarioError { what }
}

fn one() -> u8 {
    1
}

fn short_delay() -> u64 {
    80
}

/// All subsets of `0..n` with exactly `size` elements, in order.
fn subsets(n: usize, size: usize) -> Vec<BTreeSet<usize>> {
    (0_u32..1 << n)
        .filter(|bits| bits.count_ones() as usize == size)
        .map(|bits| (0..n).filter(|place| bits >> place & 1 == 1).collect())
        .collect()
}
