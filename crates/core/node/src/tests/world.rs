//! A world for tests: messages, records and fragments reach their goal at once; what a worker would
//! do is done with a single block of each stage.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automata::{Line, Tick};
use base::{BlockId, ContractId, Date, DeviceId, Hash, JobId, NetworkId, RequestId, SymmetricKey};
use identity::{DeviceName, Keystore, Phrase, Seed};
use mesh::{Record, RecordKey, RecordKind};
use storage::backup::Stage;
use storage::fetch::Need;
use storage::terms::{Arrangement, Contract, RootDocument};
use storage::wire::{Asker, BulkRequest, DocumentKind, Message, Refusal};

use crate::book::Book;
use crate::input::{
    AuditOutcome, DriveCondition, Failure, GetOutcome, Input, MendOutcome, PutOutcome,
    ServiceChange, Tenant,
};
use crate::node::{Node, Now, Setup};
use crate::output::{JobState, Output};
use crate::settings::Settings;
use crate::wiring::documents::SignedRoot;
use crate::wish::{BackupWish, Overview, Reply, Wish};

pub(super) struct World {
    nodes: Vec<Being>,
    now: Now,
    queue: VecDeque<(usize, Input)>,
    pub(super) records: BTreeMap<Vec<u8>, Vec<u8>>,
    suppliers: BTreeSet<DeviceId>,
    jobs: BTreeMap<JobId, JobState>,
    pub(super) lines: Vec<Line>,
    pub(super) fetched: Vec<Result<(), Failure>>,
    answers: Vec<Result<Reply, Failure>>,
    refusals: Vec<Refusal>,
    streams: u64,
    requests: u64,
    /// Heads that were ever sealed.
    heads: BTreeSet<Vec<u8>>,
    /// The last arrangement that a backup was begun with.
    pub(super) arrangement: Option<Arrangement>,
    /// All that all nodes ordered.
    pub(super) ordered: Vec<(usize, Output)>,
    /// Outputs of which nothing comes, and those that were.
    swallow: Vec<Swallow>,
    /// All that all nodes were given, if it is wanted.
    pub(super) given: Option<Vec<(usize, Input)>>,
    pub(super) swallowed: Vec<(usize, Output)>,
    /// The blocks that were placed, with their arrangements.
    pub(super) recorded: BTreeMap<BlockId, u32>,
    /// What comes of making missing fragments, and whether new suppliers give them back.
    pub(super) mend_outcome: MendOutcome,
    pub(super) is_kept_well: bool,
    /// What comes of audits, if it is not what honest suppliers prove.
    pub(super) audits: BTreeMap<DeviceId, AuditOutcome>,
}

/// Says of which outputs of which node nothing is to come.
type Swallow = Box<dyn Fn(usize, &Output) -> bool>;

struct Being {
    node: Node,
    seed: u8,
    device: u8,
    settings: Settings,
    network: Option<u64>,
    is_alive: bool,
    /// Whether its line to the others works.
    is_plugged: bool,
    book: Option<Book>,
    contracts: BTreeMap<ContractId, (Contract, u64)>,
    closed: BTreeSet<ContractId>,
    documents: BTreeMap<(base::IdentityId, DocumentKind), (u64, Vec<u8>)>,
    online: BTreeSet<DeviceId>,
    asked: BTreeMap<u64, (usize, BulkRequest, Option<u64>)>,
}

pub(super) const NETWORK: NetworkId = NetworkId([42; 32]);
const START: Date = Date(1_795_000_000_000);

impl World {
    /// A customer, number 0, and so many suppliers.
    pub(super) fn new(suppliers: u8) -> Self {
        Self::with(suppliers, &Settings::default())
    }

    /// The same with other settings of the customer.
    pub(super) fn with(suppliers: u8, settings: &Settings) -> Self {
        let mut world = Self::at_rest(suppliers, settings);
        world.wake();
        world
    }

    /// The same before anybody has begun to live.
    pub(super) fn at_rest(suppliers: u8, settings: &Settings) -> Self {
        Self {
            nodes: (0..=suppliers)
                .map(|seed| match seed {
                    0 => device_of(seed, seed, settings),
                    _ => device_of(seed, seed, &supplier_settings()),
                })
                .collect(),
            now: Now { tick: Tick(0), date: START },
            queue: VecDeque::new(),
            records: BTreeMap::new(),
            suppliers: BTreeSet::new(),
            jobs: BTreeMap::new(),
            lines: vec![],
            fetched: vec![],
            answers: vec![],
            refusals: vec![],
            streams: 0,
            requests: 0,
            heads: BTreeSet::new(),
            arrangement: None,
            ordered: vec![],
            swallow: vec![],
            given: None,
            swallowed: vec![],
            recorded: BTreeMap::new(),
            mend_outcome: MendOutcome::Made,
            is_kept_well: true,
            audits: BTreeMap::new(),
        }
    }

    /// Everybody begins to live.
    pub(super) fn wake(&mut self) {
        for number in (0..self.nodes.len()).rev() {
            self.give(number, opened(DriveCondition::Fresh));
        }
        self.run_for(1_000);
    }

    pub(super) fn back_up(&mut self) -> JobId {
        let job = self.wish_job(Wish::Backup(BackupWish::new(1)));
        self.run_for(60_000);
        job
    }

    pub(super) fn wish_job(&mut self, wish: Wish) -> JobId {
        self.wish_job_of(0, wish)
    }

    pub(super) fn wish_job_of(&mut self, number: usize, wish: Wish) -> JobId {
        match self.wish(number, wish) {
            Ok(Reply::Job(job)) => job,
            other => panic!("no job: {other:?}"),
        }
    }

    pub(super) fn wish(&mut self, number: usize, wish: Wish) -> Result<Reply, Failure> {
        self.give(number, Input::Wished { id: 1, wish });
        self.answers.pop().expect("every wish is answered")
    }

    pub(super) fn overview(&mut self, number: usize) -> Overview {
        match self.wish(number, Wish::Overview) {
            Ok(Reply::Overview(overview)) => *overview,
            other => panic!("no overview: {other:?}"),
        }
    }

    pub(super) fn stop_service(&mut self, number: usize, name: &str) -> Vec<&'static str> {
        match self.wish(number, Wish::StopService { name: name.into(), dry_run: false }) {
            Ok(Reply::Services(names)) => names,
            other => panic!("not stopped: {other:?}"),
        }
    }

    pub(super) fn start_service(&mut self, number: usize, name: &str) {
        assert!(self.wish(number, Wish::StartService(name.into())).is_ok());
    }

    pub(super) fn job(&self, job: JobId) -> JobState {
        self.jobs[&job].clone()
    }

    pub(super) fn kill(&mut self, number: usize) {
        self.nodes[number].is_alive = false;
        self.lose_links_of(number);
    }

    /// The line of a node is dead; its process goes on.
    pub(super) fn unplug(&mut self, number: usize) {
        self.nodes[number].is_plugged = false;
        for device in self.nodes[number].online.clone() {
            self.give(number, Input::Offline { device });
        }
        self.lose_links_of(number);
    }

    pub(super) fn plug_in(&mut self, number: usize) {
        self.nodes[number].is_plugged = true;
    }

    fn is_reached(&self, number: usize) -> bool {
        self.nodes[number].is_alive && self.nodes[number].is_plugged
    }

    fn lose_links_of(&mut self, number: usize) {
        let device = self.device(number);
        for other in 0..self.nodes.len() {
            if self.nodes[other].online.remove(&device) {
                self.give(other, Input::Offline { device });
            }
        }
        self.nodes[number].online.clear();
    }

    /// The process of a node begins again, with what is on its disks.
    pub(super) fn revive(&mut self, number: usize) {
        let settings = self.nodes[number].settings.clone();
        self.revive_as(number, &settings, DriveCondition::Present);
    }

    /// The same, with other settings or damage.
    pub(super) fn revive_as(&mut self, number: usize, settings: &Settings, drive: DriveCondition) {
        let old = &mut self.nodes[number];
        let (seed, device) = (old.seed, old.device);
        let (contracts, documents) =
            (std::mem::take(&mut old.contracts), std::mem::take(&mut old.documents));
        let closed = std::mem::take(&mut old.closed);
        let book = old.book.take();
        let drive = if book.is_some() { drive } else { DriveCondition::Fresh };
        self.nodes[number] =
            Being { contracts, closed, documents, book, ..device_of(seed, device, settings) };
        let tenants = self.nodes[number].contracts.iter().map(|(id, (contract, used))| Tenant {
            contract: contract.clone(),
            fragments: *used / 4096,
            used_bytes: *used,
            is_open: !self.nodes[number].closed.contains(id),
        });
        let input = Input::Opened {
            tenants: tenants.collect(),
            book: self.nodes[number].book.clone(),
            drive,
            free_bytes: 1 << 40,
        };
        self.give(number, input);
    }

    /// One more device of the person of node `number`, made from the words; returns its number.
    pub(super) fn second_device_of(&mut self, number: usize) -> usize {
        let (seed, settings) = (self.nodes[number].seed, self.nodes[number].settings.clone());
        self.nodes.push(device_of(seed, seed + 100, &settings));
        let second = self.nodes.len() - 1;
        self.give(second, opened(DriveCondition::Absent));
        second
    }

    /// One more supplier, which says so; returns its number.
    pub(super) fn new_supplier(&mut self) -> usize {
        let number = self.nodes.len();
        let seed = u8::try_from(number).expect("a small world");
        self.nodes.push(device_of(seed, seed, &supplier_settings()));
        self.give(number, opened(DriveCondition::Fresh));
        number
    }

    /// From now on nothing comes of some outputs; they are kept in `swallowed`.
    pub(super) fn swallow(&mut self, which: impl Fn(usize, &Output) -> bool + 'static) {
        self.swallow.push(Box::new(which));
    }

    /// From now on nothing comes of these outputs only.
    pub(super) fn swallow_only(&mut self, which: impl Fn(usize, &Output) -> bool + 'static) {
        self.swallow = vec![Box::new(which)];
    }

    pub(super) fn place_in_network(&mut self, number: usize, network: u64) {
        self.nodes[number].network = Some(network);
    }

    /// What was swallowed happens now, and everything from now on.
    pub(super) fn give_back(&mut self) {
        self.swallow.clear();
        for (number, output) in std::mem::take(&mut self.swallowed) {
            self.carry_out(number, output);
        }
        self.deliver();
    }

    /// How many orders of a node are such.
    pub(super) fn count(&self, number: usize, is_such: impl Fn(&Output) -> bool) -> usize {
        let own = self.ordered.iter().filter(|(who, _)| *who == number);
        own.filter(|(_, output)| is_such(output)).count()
    }

    /// What node `from` answers, or asks, node `to` from now on.
    pub(super) fn say(&mut self, from: usize, to: usize, message: Message) {
        self.requests += 1;
        let mut id = [7; 32];
        id[..8].copy_from_slice(&self.requests.to_le_bytes());
        self.say_as(from, to, (RequestId(id), None), message);
    }

    /// The same with ids of one's own choice.
    pub(super) fn say_as(
        &mut self,
        from: usize,
        to: usize,
        (id, answer_to): (RequestId, Option<RequestId>),
        message: Message,
    ) {
        let from = self.asker(from);
        self.give(to, Input::Received { from, id, answer_to, message });
    }

    /// The messages that a node sent to another one.
    pub(super) fn said(&self, from: usize, to: usize) -> Vec<Message> {
        let target = self.device(to);
        let sent = self.ordered.iter().filter_map(|(who, output)| match output {
            Output::Send { to, message, .. } if *who == from && *to == target => Some(message),
            _ => None,
        });
        sent.cloned().collect()
    }

    pub(super) fn keys(&self, number: usize) -> &Keystore {
        &self.nodes[number].node.keys
    }

    /// The supplier loses what it keeps.
    pub(super) fn wipe(&mut self, number: usize) {
        self.nodes[number].contracts.clear();
        self.nodes[number].documents.clear();
    }

    pub(super) fn node(&self, number: usize) -> &Node {
        &self.nodes[number].node
    }

    pub(super) fn book(&self, number: usize) -> &Book {
        &self.nodes[number].node.book
    }

    /// The root document of node 0 that a supplier keeps.
    pub(super) fn root_at(&self, supplier: usize) -> Option<RootDocument> {
        let owner = self.asker(0).identity;
        let (_, bytes) = self.nodes[supplier].documents.get(&(owner, DocumentKind::Root))?;
        Some(base::decode::<SignedRoot>(bytes).expect("honest documents").body)
    }

    /// The newest own record of node 0 in the table.
    pub(super) fn record(&self, kind: RecordKind) -> Option<Record> {
        let keys = RecordKey::all(kind, self.asker(0).identity.0);
        let found = keys.into_iter().filter_map(|key| {
            let key = key.bytes();
            let value = self.records.get(&key)?;
            mesh::sort(NETWORK, &key, &[value.as_slice()], self.now.date).newest
        });
        found.max_by_key(Record::rank)
    }

    /// The id of the last message of this kind that a node sent to another one.
    pub(super) fn last_id(
        &self,
        from: usize,
        to: usize,
        is_such: impl Fn(&Message) -> bool,
    ) -> Option<RequestId> {
        let target = self.device(to);
        self.ordered.iter().rev().find_map(|(who, output)| match output {
            Output::Send { to, id, message, .. }
                if *who == from && *to == target && is_such(message) =>
            {
                Some(*id)
            }
            _ => None,
        })
    }

    /// The calendar jumps; timers go on.
    pub(super) fn set_date(&mut self, date: Date) {
        self.now.date = date;
    }

    pub(super) fn date(&self) -> Date {
        self.now.date
    }

    /// A new device of the same identity, made from the words.
    pub(super) fn lose_the_home_of(&mut self, number: usize) {
        self.kill(number);
        let (seed, settings) = (self.nodes[number].seed, self.nodes[number].settings.clone());
        self.nodes[number] = device_of(seed, seed + 100, &settings);
        self.give(number, opened(DriveCondition::Absent));
    }

    /// What a bulk request of node `asker` to node `supplier` is refused with.
    pub(super) fn ask_as(
        &mut self,
        asker: usize,
        supplier: usize,
        request: BulkRequest,
    ) -> Option<Refusal> {
        self.streams += 1;
        let (stream, from) = (self.streams, self.asker(asker));
        self.nodes[supplier].asked.insert(stream, (asker, request.clone(), None));
        self.give(supplier, Input::Asked { stream, from, request });
        self.refusals.pop()
    }

    /// Lets time pass in steps of timers.
    pub(super) fn run_for(&mut self, ms: u64) {
        let end = self.now.tick + ms;
        loop {
            self.deliver();
            let alive = self.nodes.iter().enumerate().filter(|(_, being)| being.is_alive);
            let next = alive.filter_map(|(n, being)| Some((being.node.deadline()?, n))).min();
            let Some((due, number)) = next.filter(|(due, _)| *due <= end) else { break };
            self.advance_to(due);
            self.queue.push_back((number, Input::Time));
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, tick: Tick) {
        let tick = tick.max(self.now.tick);
        let passed = tick.since(self.now.tick);
        self.now = Now { tick, date: self.now.date.plus_ms(passed) };
    }

    pub(super) fn give(&mut self, number: usize, input: Input) {
        self.queue.push_back((number, input));
        self.deliver();
    }

    fn deliver(&mut self) {
        let mut steps = 0;
        while let Some((number, input)) = self.queue.pop_front() {
            steps += 1;
            assert!(steps < 100_000, "the nodes go round in circles: {input:?}");
            if self.nodes[number].is_alive {
                if let Some(given) = &mut self.given {
                    given.push((number, input.clone()));
                }
                let outputs = self.nodes[number].node.handle(input, self.now);
                self.lines.extend(self.nodes[number].node.journal().drain());
                for output in outputs {
                    self.ordered.push((number, output.clone()));
                    if self.swallow.iter().any(|which| which(number, &output)) {
                        self.swallowed.push((number, output));
                    } else {
                        self.carry_out(number, output);
                    }
                }
            }
        }
    }

    fn audit(&mut self, me: usize, device: DeviceId) {
        let is_there = self.number(device).is_some_and(|number| self.is_reached(number));
        let outcome = match self.audits.get(&device) {
            _ if !is_there || !self.nodes[me].is_plugged => AuditOutcome::Lost,
            Some(outcome) => *outcome,
            None => AuditOutcome::Passed,
        };
        self.queue.push_back((me, Input::Audited { device, outcome }));
    }

    fn carry_out(&mut self, me: usize, output: Output) {
        let mut back = |input| self.queue.push_back((me, input));
        match output {
            Output::Keep { id, book } => {
                self.nodes[me].book = Some(book);
                back(Input::Kept { id, ok: true });
            }
            Output::Connect { device } => self.connect(me, device),
            Output::Send { to, id, answer_to, message } => {
                self.send(me, to, (id, answer_to), message);
            }
            Output::Probe => {
                let others = (0..self.nodes.len()).filter(|number| *number != me);
                let heard = self.nodes[me].is_plugged
                    && others.into_iter().any(|number| self.is_reached(number));
                self.queue.push_back((me, Input::Probed { heard }));
            }
            Output::FindSuppliers => {
                back(Input::SuppliersFound { devices: self.suppliers.iter().copied().collect() });
            }
            Output::AnnounceSupplier { is_on } => {
                // The customer of these tests keeps nothing for others.
                if is_on && self.nodes[me].seed > 0 {
                    self.suppliers.insert(self.device(me));
                } else {
                    self.suppliers.remove(&self.device(me));
                }
            }
            Output::PutRecord { query, key, value } => {
                back(Input::RecordPut { query, ok: true });
                let stored = self.records.get(&key).map(Vec::as_slice);
                let verdict = mesh::validate(NETWORK, &key, &value, stored, self.now.date);
                if matches!(verdict, mesh::Verdict::Accept { .. }) {
                    self.records.insert(key, value);
                }
            }
            Output::GetRecord { query, key } => {
                let values = self.records.get(&key).cloned().into_iter().collect();
                back(Input::RecordGot { query, values });
            }
            Output::Put { device, contract, block, index, .. } => {
                self.put(me, device, (contract, block, index));
            }
            Output::Get { fetch, device, .. } => {
                let outcome = match self.number(device) {
                    Some(number) if self.nodes[number].is_alive => GetOutcome::Arrived,
                    _ => GetOutcome::Lost,
                };
                let Output::Get { index, .. } = output else { return };
                self.queue.push_back((me, Input::GetDone { fetch, index, outcome }));
            }
            Output::Audit { device, .. } => self.audit(me, device),
            Output::Serve { stream } => self.serve(me, stream),
            Output::Refuse { stream, reason } => {
                self.refusals.push(reason);
                let Some((asker, request, _)) = self.nodes[me].asked.remove(&stream) else {
                    return;
                };
                self.put_ended(asker, me, &request, PutOutcome::Refused(reason));
            }
            Output::JobChanged { job, progress } => {
                self.jobs.insert(job, progress);
            }
            Output::Answer { answer, .. } => self.answers.push(answer),
            Output::StartService { service } => {
                back(Input::ServiceChanged { service, change: ServiceChange::Started });
            }
            Output::StopService { service } => {
                back(Input::ServiceChanged { service, change: ServiceChange::Stopped });
            }
            other => self.carry_out_stores(me, other),
        }
    }

    fn carry_out_stores(&mut self, me: usize, output: Output) {
        let mut back = |input| self.queue.push_back((me, input));
        match output {
            Output::OpenTenancy { contract } => {
                let id = contract.terms.id();
                back(Input::TenancyOpened { contract: id, refused: None });
                let used = self.nodes[me].contracts.get(&id).map_or(0, |(_, used)| *used);
                self.nodes[me].contracts.insert(id, (contract, used));
            }
            Output::TellStanding { to, answer_to, contract } => {
                let (contract, bytes) = self.nodes[me].contracts[&contract].clone();
                let message =
                    Message::Standing { contract, fragments: bytes / 4096, bytes, receipt: None };
                self.send(me, to, (RequestId([0; 32]), Some(answer_to)), message);
            }
            Output::KeepDocument { id, owner, kind, sequence, bytes } => {
                let kept = self.nodes[me].documents.get(&(owner, kind));
                let is_older = kept.is_some_and(|(newest, kept)| {
                    *newest > sequence || *newest == sequence && *kept != bytes
                });
                back(Input::DocumentKept { id, refused: is_older.then_some(Refusal::Older) });
                if !is_older {
                    self.nodes[me].documents.insert((owner, kind), (sequence, bytes));
                }
            }
            Output::TellDocument { to, answer_to, owner, kind } => {
                let kept = self.nodes[me].documents.get(&(owner, kind));
                let bytes = kept.map(|(_, bytes)| bytes.clone());
                let message = Message::Document { owner, kind, bytes };
                self.send(me, to, (RequestId([0; 32]), Some(answer_to)), message);
            }
            Output::StartBackup { job, arrangement, .. } => {
                self.arrangement = Some(arrangement);
                self.seal(me, job, Stage::Content);
            }
            Output::StopWork { job } => {
                back(Input::WorkFailed { job, failure: Failure::Cancelled });
            }
            Output::NextStage { job, stage } => self.seal(me, job, stage),
            Output::Record { block, arrangement } => {
                back(Input::Recorded { block, ok: true });
                self.recorded.insert(block, arrangement);
            }
            Output::Conclude { job } => back(Input::WorkDone { job }),
            Output::StartRestore { .. } => {
                let found = self.arrangement.as_ref().expect("a restore comes after a backup");
                let spread = found.spread().expect("in force");
                back(Input::Wanted {
                    fetch: 1,
                    block: block_of(Stage::Content),
                    arrangement: found.number,
                    spread,
                    need: Need::Data((0..spread.data).collect()),
                });
            }
            Output::Assemble { fetch, .. } => {
                back(Input::Assembled { fetch, ok: true });
                self.fetched.push(Ok(()));
            }
            Output::Withhold { failure, .. } => self.fetched.push(Err(failure)),
            Output::Rebuild { root } => {
                assert!(self.heads.contains(&root.head), "a head that nobody sealed");
                back(Input::Rebuilt { ok: true });
            }
            other => self.carry_out_mending(me, other),
        }
    }

    fn carry_out_mending(&mut self, me: usize, output: Output) {
        let mut back = |input| self.queue.push_back((me, input));
        match output {
            Output::ListBlocks { arrangement, after } => {
                let all = self.recorded.iter().filter(|(_, number)| **number == arrangement);
                let mut behind = all.map(|(block, _)| *block);
                // One at a time, so that walks have several pages.
                let next = behind.find(|block| after.is_none_or(|after| *block > after));
                let (blocks, more) = (next.into_iter().collect(), next.is_some());
                back(Input::BlocksListed { arrangement, blocks: Some(blocks), more });
            }
            Output::Mend { block, .. } => {
                let outcome = self.mend_outcome;
                back(Input::Mended { block, outcome });
            }
            Output::VerifyMended { block, .. } => {
                let ok = self.is_kept_well;
                back(Input::MendVerified { block, ok });
            }
            Output::RecordMended { block } => back(Input::MendRecorded { block, ok: true }),
            Output::CloseTenancy { contract } => {
                self.nodes[me].closed.insert(contract);
            }
            Output::EraseTenancy { contract } => {
                self.nodes[me].contracts.remove(&contract);
            }
            _ => {}
        }
    }

    fn seal(&mut self, me: usize, job: JobId, stage: Stage) {
        let number = u8::try_from(self.heads.len()).expect("few heads");
        let head = (stage == Stage::Head).then(|| vec![number + 1; 20]);
        self.heads.extend(head.clone());
        let block = block_of(stage);
        self.queue.push_back((me, Input::Sealed { job, block, fragment_bytes: 4096 }));
        self.queue.push_back((me, Input::StageSealed { job, stage, head }));
    }

    fn connect(&mut self, me: usize, device: DeviceId) {
        let is_plugged = self.nodes[me].is_plugged;
        let other = self.number(device).filter(|number| self.is_reached(*number) && is_plugged);
        match other {
            Some(other) => {
                for (one, two) in [(me, other), (other, me)] {
                    let (peer, network) = (self.asker(two), self.nodes[two].network);
                    if self.nodes[one].online.insert(peer.device) {
                        self.queue.push_back((one, Input::Online { peer, network }));
                    }
                }
            }
            None => self.queue.push_back((me, Input::Unreachable { device })),
        }
    }

    fn send(
        &mut self,
        me: usize,
        to: DeviceId,
        (id, answer_to): (RequestId, Option<RequestId>),
        message: Message,
    ) {
        let from = self.asker(me);
        if let Some(number) = self.number(to) {
            self.queue.push_back((number, Input::Received { from, id, answer_to, message }));
        }
    }

    fn put(&mut self, me: usize, device: DeviceId, key: (ContractId, BlockId, u8)) {
        let request = put_request(key);
        match self.number(device).filter(|number| self.nodes[*number].is_alive) {
            Some(number) => {
                self.streams += 1;
                let stream = self.streams;
                self.nodes[number].asked.insert(stream, (me, request.clone(), Some(stream)));
                let from = self.asker(me);
                self.queue.push_back((number, Input::Asked { stream, from, request }));
            }
            None => {
                let outcome = PutOutcome::Lost;
                let (block, index) = (key.1, key.2);
                self.queue.push_back((me, Input::PutDone { device, block, index, outcome }));
            }
        }
    }

    fn serve(&mut self, me: usize, stream: u64) {
        let Some((asker, request, _)) = self.nodes[me].asked.remove(&stream) else { return };
        let mut kept = None;
        if let BulkRequest::Put { contract, bytes, .. } = &request
            && let Some((_, used)) = self.nodes[me].contracts.get_mut(contract)
        {
            *used += u64::from(*bytes);
            kept = Some((*used / 4096, *used));
        }
        self.queue.push_back((me, Input::Served { stream, kept }));
        let (fragments, bytes) = kept.unwrap_or_default();
        self.put_ended(asker, me, &request, PutOutcome::Receipted { fragments, bytes });
    }

    fn put_ended(&mut self, asker: usize, me: usize, request: &BulkRequest, outcome: PutOutcome) {
        if let BulkRequest::Put { block, index, .. } = request {
            let (device, block, index) = (self.device(me), *block, *index);
            self.queue.push_back((asker, Input::PutDone { device, block, index, outcome }));
        }
    }

    pub(super) fn device(&self, number: usize) -> DeviceId {
        self.nodes[number].node.me.device
    }

    pub(super) fn asker(&self, number: usize) -> Asker {
        self.nodes[number].node.me
    }

    fn number(&self, device: DeviceId) -> Option<usize> {
        self.nodes.iter().position(|being| being.node.me.device == device)
    }
}

/// The node `seed` of a world before it begins to live.
pub(super) fn newborn(seed: u8, settings: &Settings) -> Node {
    device_of(seed, seed, settings).node
}

/// One request of each kind under a contract.
pub(super) fn requests_under(contract: ContractId) -> Vec<BulkRequest> {
    let block = block_of(Stage::Content);
    vec![
        put_request((contract, block, 0)),
        BulkRequest::Get { contract, block, index: 0 },
        BulkRequest::Delete { contract, block, index: 0 },
    ]
}

fn put_request((contract, block, index): (ContractId, BlockId, u8)) -> BulkRequest {
    let masked_root = Hash([0; 32]);
    BulkRequest::Put { contract, block, index, bytes: 4096, masked_root, manifest: vec![] }
}

fn block_of(stage: Stage) -> BlockId {
    BlockId([stage as u8 + 1; 32])
}

fn device_of(seed: u8, device: u8, settings: &Settings) -> Being {
    let phrase = Phrase::from_entropy([seed + 1; 32]);
    let words = Seed::new(&phrase);
    let name = DeviceName::new("test").expect("short");
    let device_key = base::SecretKey::from_seed(SymmetricKey([device + 1; 32]));
    let keys = Keystore::from_seed(&words, words.chain(), device_key, name, START);
    let keys = keys.expect("made from one seed");
    let node = Node::new(Setup {
        settings: settings.clone(),
        space: spaces::own_drive(keys.identity(), &keys.storage_root),
        keyring: vec![1, 2, 3],
        network: NETWORK,
        entropy: SymmetricKey([device; 32]),
        keys,
    });
    Being {
        node,
        seed,
        device,
        settings: settings.clone(),
        network: None,
        is_alive: true,
        is_plugged: true,
        book: None,
        contracts: BTreeMap::new(),
        closed: BTreeSet::new(),
        documents: BTreeMap::new(),
        online: BTreeSet::new(),
        asked: BTreeMap::new(),
    }
}

/// Suppliers that are nothing but that.
pub(super) fn supplier_settings() -> Settings {
    Settings { services_off: vec!["mdns".into(), "customer".into()], ..Settings::default() }
}

fn opened(drive: DriveCondition) -> Input {
    Input::Opened { book: None, drive, tenants: vec![], free_bytes: 1 << 40 }
}
