//! The world: time, chance, and what is on its way.

use std::collections::{BTreeMap, BTreeSet};

use automata::{Atlas, Line, Outcome, Tick};
use base::{ContractId, Date, Hash, Hasher, JobId};
use node::Now;
use node::input::{Failure, Input};
use node::output::JobState;
use node::settings::Settings;
use node::wish::{BackupWish, Overview, Reply, RestoreWish, Wish};

use store::receipt::Receipt;

use crate::audits::Asked;
use crate::being::{Being, Honesty};
use crate::bulk::{Bulk, Transfers};
use crate::chance::Chance;
use crate::links::Links;
use crate::table::Table;

/// When all begins.
pub(crate) const START: Date = Date(1_795_000_000_000);

/// Things that may happen in one millisecond; more are a circle, which would hang the world.
const AT_ONCE_MAX: u32 = 1_000_000;

/// What kind of world.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Everything follows from it.
    pub seed: u64,
    /// Shortest and longest delay of a message, milliseconds.
    pub delay_ms: (u64, u64),
    /// How often a message breaks the connection instead of arriving, in millionths.
    pub break_ppm: u32,
    /// How often the table forgets what is written, or answers with an older version, in millionths.
    pub table_fault_ppm: u32,
    /// Whether envelopes carry real signatures.
    pub is_full_crypto: bool,
    /// For controls: what a lost supplier kept is not made anew.
    pub is_unhealed: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            seed: 0,
            delay_ms: (5, 80),
            break_ppm: 0,
            table_fault_ppm: 0,
            is_full_crypto: false,
            is_unhealed: false,
        }
    }
}

/// Something that will happen.
#[expect(clippy::large_enum_variant, reason = "moved once into the queue and once out of it")]
pub(crate) enum Event {
    /// An input for a node, if it still lives the life that it was meant for.
    Input { to: usize, life: u32, input: Input },
    /// A control envelope.
    Envelope { from: usize, to: usize, epoch: u64, bytes: Vec<u8> },
    /// A bulk request or answer.
    Bulk(Bulk),
    /// A connection is there, if both still live.
    Connected { one: usize, two: usize, lives: (u32, u32) },
}

/// The whole world.
pub struct World {
    pub(crate) setting: Setting,
    pub(crate) chance: Chance,
    pub(crate) now: Now,
    pub(crate) beings: Vec<Being>,
    pub(crate) links: Links,
    pub(crate) table: Table,
    pub(crate) transfers: Transfers,
    pub(crate) streams: u64,
    /// All that was ever receipted.
    pub(crate) receipted: BTreeSet<Receipted>,
    /// The receipts themselves, as customers keep them, by contract and number.
    pub(crate) receipts: BTreeMap<(ContractId, u64), Receipt>,
    /// What customers asked suppliers last.
    pub(crate) questions: BTreeMap<(usize, usize), Asked>,
    /// Audits that were answered.
    pub(crate) audits: u64,
    pub(crate) suppliers: BTreeSet<usize>,
    /// What is backed up, by the number of the request.
    pub(crate) files: BTreeMap<u64, BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(crate) jobs: BTreeMap<(usize, JobId), JobState>,
    /// What restores found to be wrong: whose fragments, which index.
    pub(crate) named: BTreeSet<usize>,
    answers: Vec<Result<Reply, Failure>>,
    queue: BTreeMap<(Tick, u64), Event>,
    sequence: u64,
    /// Things that happened at this tick.
    at_once: u32,
    atlases: Vec<Atlas>,
    trace: Hasher,
    /// Lines of all journals so far.
    pub lines: u64,
}

impl World {
    /// An empty world.
    pub fn new(setting: Setting) -> Self {
        Self {
            chance: Chance::new(setting.seed),
            setting,
            now: Now { tick: Tick(0), date: START },
            beings: vec![],
            links: Links::default(),
            table: Table::default(),
            transfers: Transfers::default(),
            streams: 0,
            receipted: BTreeSet::new(),
            receipts: BTreeMap::new(),
            questions: BTreeMap::new(),
            audits: 0,
            suppliers: BTreeSet::new(),
            files: BTreeMap::new(),
            jobs: BTreeMap::new(),
            named: BTreeSet::new(),
            answers: vec![],
            queue: BTreeMap::new(),
            sequence: 0,
            at_once: 0,
            atlases: node::atlases(),
            trace: Hasher::new("bitdust simulator trace v1"),
            lines: 0,
        }
    }

    /// One more node; returns its number. It lives at once.
    pub fn add(&mut self, settings: Settings) -> usize {
        let number = self.beings.len();
        self.beings.push(Being::new(self.setting.seed << 20 | number as u64, settings));
        self.wake(number);
        number
    }

    /// A node begins to live, again or for the first time.
    pub fn wake(&mut self, number: usize) {
        let being = &mut self.beings[number];
        let tenants = being.wake();
        let input = Input::Opened {
            book: being.book.clone(),
            drive: being.condition,
            tenants,
            free_bytes: 1 << 50,
        };
        self.give(number, input);
    }

    /// The power of a node goes.
    pub fn crash(&mut self, number: usize) {
        let seed = self.chance.below(u64::MAX);
        self.beings[number].crash(seed);
        self.suppliers.remove(&number);
        self.break_all_links(number);
    }

    /// A node loses its home; the same person begins anew with the words.
    pub fn lose_home(&mut self, number: usize) {
        self.crash(number);
        self.beings[number] = Being::from_words(&self.beings[number]);
        self.wake(number);
    }

    /// From now on a node treats those who rely on it like this.
    pub(crate) fn set_honesty(&mut self, number: usize, honesty: Honesty) {
        self.beings[number].honesty = honesty;
    }

    /// From now on a node gives wrong fragments.
    pub fn corrupt(&mut self, number: usize, by_swapping: bool) {
        self.beings[number].honesty = if by_swapping { Honesty::Swapped } else { Honesty::Garbage };
    }

    /// Content that chance makes, for a backup: returns the number of the request.
    pub fn make_files(&mut self, count: usize, bytes_max: u64) -> u64 {
        let request = self.files.len() as u64 + 1;
        let mut files = BTreeMap::new();
        for number in 0..count {
            let mut bytes = vec![0; self.chance.below(bytes_max) as usize];
            self.chance.fill(&mut bytes);
            files.insert(format!("file-{number:05}").into_bytes(), bytes);
        }
        self.files.insert(request, files);
        request
    }

    /// Begins a backup of a node.
    ///
    /// # Errors
    /// The node refuses it.
    pub fn back_up(&mut self, number: usize, request: u64) -> Result<JobId, Failure> {
        self.job(number, Wish::Backup(BackupWish::new(request)))
    }

    /// Begins a restore of the newest version, to be compared with the files of `request`.
    ///
    /// # Errors
    /// The node refuses it.
    pub fn restore(&mut self, number: usize, request: u64) -> Result<JobId, Failure> {
        self.job(number, Wish::Restore(RestoreWish::new(request)))
    }

    /// How it stands with a job.
    pub fn state(&self, number: usize, job: JobId) -> Option<&JobState> {
        self.jobs.get(&(number, job))
    }

    /// How it stands with a node.
    pub fn overview(&mut self, number: usize) -> Option<Overview> {
        match self.wish(number, Wish::Overview) {
            Some(Ok(Reply::Overview(overview))) => Some(*overview),
            _ => None,
        }
    }

    /// Lets time pass until `is_so`, at most `ms`. Says whether it became so.
    pub fn run_until(&mut self, ms: u64, is_so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.tick + ms;
        while !is_so(self) {
            if !self.step(end) {
                return is_so(self);
            }
        }
        true
    }

    /// Lets time pass until a job is over, at most `ms`; returns its state.
    pub fn finish(&mut self, number: usize, job: JobId, ms: u64) -> Option<JobState> {
        let is_over = |world: &Self| {
            let state = world.state(number, job).map(|state| state.state);
            matches!(state, Some("done" | "failed" | "cancelled"))
        };
        self.run_until(ms, is_over);
        self.state(number, job).cloned()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, ms: u64) {
        self.run_until(ms, |_| false);
    }

    /// A hash of everything that all automata did, in order.
    pub fn trace(&self) -> Hash {
        self.trace.finish()
    }

    /// A number below `bound`, from the world's chance.
    pub fn pick(&mut self, bound: u64) -> u64 {
        self.chance.below(bound)
    }

    /// `count` different numbers below `bound`, from the world's chance.
    pub fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        self.chance.choose(count, bound)
    }

    /// Nodes on different sides cannot reach each other; all are together if `sides` is empty.
    pub fn divide(&mut self, side: BTreeSet<usize>) {
        for number in side.clone() {
            self.break_all_links(number);
        }
        self.links.apart = side;
    }

    pub(crate) fn later(&mut self, event: Event) {
        let delay = self.delay();
        self.at(self.now.tick + delay, event);
    }

    /// A delay of the network, milliseconds.
    pub(crate) fn delay(&mut self) -> u64 {
        let (from, to) = self.setting.delay_ms;
        from + self.chance.below(to.saturating_sub(from) + 1)
    }

    pub(crate) fn soon(&mut self, to: usize, input: Input) {
        let life = self.beings[to].lives;
        self.at(self.now.tick, Event::Input { to, life, input });
    }

    pub(crate) fn input_later(&mut self, to: usize, input: Input) {
        let life = self.beings[to].lives;
        self.later(Event::Input { to, life, input });
    }

    pub(crate) fn answered(&mut self, answer: Result<Reply, Failure>) {
        self.answers.push(answer);
    }

    pub(crate) fn give(&mut self, number: usize, input: Input) {
        let Some(life) = self.beings[number].life.as_mut() else { return };
        let outputs = life.node.handle(input, self.now);
        life.deadline = life.node.deadline();
        let lines = life.node.journal().drain();
        self.look_at(number, &lines);
        for output in outputs {
            self.carry_out(number, output);
        }
    }

    /// The user of a node ends the contract with a supplier.
    pub(crate) fn end_supplier(&mut self, number: usize, supplier: usize) {
        let device = self.beings[supplier].device();
        self.wish(number, Wish::EndSupplier(device));
    }

    fn job(&mut self, number: usize, wish: Wish) -> Result<JobId, Failure> {
        match self.wish(number, wish) {
            Some(Ok(Reply::Job(job))) => Ok(job),
            Some(Err(failure)) => Err(failure),
            _ => Err(Failure::Outside { what: "the node is dead".into() }),
        }
    }

    fn wish(&mut self, number: usize, wish: Wish) -> Option<Result<Reply, Failure>> {
        self.give(number, Input::Wished { id: 0, wish });
        self.answers.pop()
    }

    pub(crate) fn at(&mut self, tick: Tick, event: Event) {
        self.sequence += 1;
        self.queue.insert((tick, self.sequence), event);
    }

    /// The next thing happens, if it does before `end`.
    fn step(&mut self, end: Tick) -> bool {
        let living = self.beings.iter().enumerate();
        let timers =
            living.filter_map(|(number, being)| Some((being.life.as_ref()?.deadline?, number)));
        let timer = timers.min();
        let event = self.queue.keys().next().map(|(tick, _)| *tick);
        match (timer, event) {
            (Some((due, number)), event) if due <= end && event.is_none_or(|tick| due < tick) => {
                self.advance(due);
                self.give(number, Input::Time);
                true
            }
            (_, Some(tick)) if tick <= end => {
                self.advance(tick);
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
                true
            }
            _ => {
                self.advance(end);
                false
            }
        }
    }

    fn advance(&mut self, tick: Tick) {
        let tick = tick.max(self.now.tick);
        let passed = tick.since(self.now.tick);
        self.at_once = if passed > 0 { 0 } else { self.at_once + 1 };
        let (seed, at_once) = (self.setting.seed, self.at_once);
        assert!(at_once < AT_ONCE_MAX, "seed {seed}: the nodes go round in circles at {tick:?}");
        self.now = Now { tick, date: self.now.date.plus_ms(passed) };
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Input { to, life, input } if self.beings[to].lives == life => {
                self.give(to, input);
            }
            Event::Input { .. } => {}
            Event::Envelope { from, to, epoch, bytes } => self.envelope(from, to, epoch, &bytes),
            Event::Bulk(bulk) => self.bulk_arrives(bulk),
            Event::Connected { one, two, lives } => self.connected(one, two, lives),
        }
    }

    /// Every line must be drawn in an atlas, and nobody honest is ever refused.
    fn look_at(&mut self, number: usize, lines: &[Line]) {
        for line in lines {
            let is_drawn = self.atlases.iter().any(|atlas| atlas.draws(line));
            assert!(is_drawn, "not drawn in any atlas: {line:?}");
            assert_ne!(line.outcome, Outcome::Refused, "{line:?}");
            let text = format!(
                "{} {number} {} {} {} {} {} {}\n",
                line.at.0, line.automaton, line.instance, line.from, line.event, line.to, line.why
            );
            self.trace.update(text.as_bytes());
            self.lines += 1;
        }
    }
}

/// What scenarios look at and change.
impl World {
    /// Nodes of the world.
    pub fn len(&self) -> usize {
        self.beings.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.beings.is_empty()
    }

    /// Suppliers whose fragments did not agree with their manifests.
    pub fn named(&self) -> BTreeSet<usize> {
        self.named.clone()
    }

    /// Which node a device is.
    pub fn who(&self, device: base::DeviceId) -> usize {
        self.number(device)
    }

    /// How often messages break their connections from now on, in millionths.
    pub fn set_break_ppm(&mut self, ppm: u32) {
        self.setting.break_ppm = ppm;
    }

    /// How often operations of a supplier's disk fail from now on.
    pub fn set_disk_rates(&mut self, number: usize, rates: store::faulty::Rates) {
        self.beings[number].supplier_disk.set_rates(rates);
    }

    /// From now on a supplier's disk reports syncs that it does not make.
    pub fn let_disk_lie(&mut self, number: usize) {
        self.beings[number].supplier_disk.ignore_syncs();
    }

    /// How many fragments were receipted and are not there.
    pub fn broken_receipts(&self) -> usize {
        let is_broken = |(number, contract, block, index): &&Receipted| {
            let life = self.beings[*number].life.as_ref();
            let store = life.and_then(|life| life.store.as_ref());
            store.is_none_or(|store| {
                let reader = store.reader();
                let view = reader.view(*contract, *block, *index);
                let bytes = view.and_then(|view| {
                    let bytes = reader.read(*contract, (*block, *index), 0..view.bytes)?;
                    Ok(codec::fragment_root(&bytes) == view.masked_root)
                });
                !matches!(bytes, Ok(true))
            })
        };
        self.receipted.iter().filter(is_broken).count()
    }
}

/// A fragment that a supplier gave a receipt for.
pub(crate) type Receipted = (usize, base::ContractId, base::BlockId, u8);
