//! The node: one value that decides everything and touches nothing.

use std::collections::BTreeMap;

use automata::{Atlas, Drawing, Journal, Snapshot, Tick};
use base::{Date, DeviceId, HOUR_MS, NetworkId, SpaceId, SymmetricKey};
use identity::Keystore;
use storage::wire::Asker;

use crate::book::Book;
use crate::chance::Chance;
use crate::input::Input;
use crate::output::Output;
use crate::settings::Settings;
use crate::wiring::auditing::Audits;
use crate::wiring::customer::Customer;
use crate::wiring::documents::Documents;
use crate::wiring::fetching::Fetching;
use crate::wiring::finding::Finding;
use crate::wiring::healing::Heals;
use crate::wiring::jobs::Jobs;
use crate::wiring::judging::Judging;
use crate::wiring::notes::Notes;
use crate::wiring::notices::Notices;
use crate::wiring::peers::Links;
use crate::wiring::placing::Placing;
use crate::wiring::records::Records;
use crate::wiring::requests::Requests;
use crate::wiring::services::Services;
use crate::wiring::supplier::Supplier;
use crate::wiring::watching::Watching;

/// The two clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// For timers.
    pub tick: Tick,
    /// For documents.
    pub date: Date,
}

/// What a node is made of.
pub struct Setup {
    /// What can be set.
    pub settings: Settings,
    /// Who it is.
    pub keys: Keystore,
    /// In which network.
    pub network: NetworkId,
    /// The own drive.
    pub space: SpaceId,
    /// The drive's keyring, sealed under the storage root.
    pub keyring: Vec<u8>,
    /// The seed of everything random.
    pub entropy: SymmetricKey,
}

/// A peer that is connected and has proved who it is.
pub(crate) struct Peer {
    pub(crate) asker: Asker,
    pub(crate) network: Option<u64>,
    /// Whether it was asked for fragments and says nothing.
    pub(crate) is_silent: bool,
}

/// The whole node.
pub struct Node {
    pub(crate) settings: Settings,
    pub(crate) keys: Keystore,
    pub(crate) network: NetworkId,
    pub(crate) space: SpaceId,
    pub(crate) keyring: Vec<u8>,
    pub(crate) me: Asker,
    pub(crate) chance: Chance,
    pub(crate) now: Now,
    pub(crate) journal: Journal,
    pub(crate) out: Vec<Output>,
    pub(crate) book: Book,
    pub(crate) notes: Notes,
    pub(crate) peers: BTreeMap<DeviceId, Peer>,
    pub(crate) requests: Requests,
    pub(crate) links: Links,
    pub(crate) watching: Watching,
    pub(crate) audits: Audits,
    pub(crate) judging: Judging,
    pub(crate) services: Services,
    pub(crate) finding: Finding,
    pub(crate) customer: Customer,
    pub(crate) placing: Placing,
    pub(crate) heals: Heals,
    pub(crate) fetching: Fetching,
    pub(crate) documents: Documents,
    pub(crate) records: Records,
    pub(crate) supplier: Supplier,
    pub(crate) notices: Notices,
    pub(crate) jobs: Jobs,
}

/// A calendar that says at the start that a contract has ended may be wrong: it has so long to be set
/// right.
const CALENDAR_MS: u64 = 6 * HOUR_MS;

impl Node {
    /// A node that waits for `Input::Opened`.
    pub fn new(setup: Setup) -> Self {
        let Setup { settings, keys, network, space, keyring, entropy } = setup;
        let me = Asker {
            identity: keys.identity(),
            device: keys.device_id(),
            generation: keys.chain.generation(),
        };
        let mut chance = Chance::new(&entropy);
        Self {
            me,
            network,
            space,
            keyring,
            now: Now::default(),
            journal: Journal::default(),
            out: vec![],
            book: Book::default(),
            notes: Notes::new(),
            peers: BTreeMap::new(),
            requests: Requests::default(),
            links: Links::default(),
            watching: Watching::new(&settings),
            audits: Audits::new(&settings),
            judging: Judging::default(),
            services: Services::new(),
            finding: Finding::new(&settings.clocks),
            customer: Customer::new(&settings.clocks, chance.bytes()),
            placing: Placing::default(),
            heals: Heals::new(settings.clocks.heal_again_ms),
            fetching: Fetching::default(),
            documents: Documents::default(),
            records: Records::default(),
            supplier: Supplier::new(settings.donated_bytes),
            notices: Notices::default(),
            jobs: Jobs::default(),
            chance,
            keys,
            settings,
        }
    }

    /// Takes what happened and says what is to be done.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Output> {
        self.now = Now { tick: now.tick.max(self.now.tick), date: now.date };
        self.take(input);
        self.poll_timers();
        std::mem::take(&mut self.out)
    }

    /// When `Input::Time` is due, unless something else comes before.
    pub fn deadline(&self) -> Option<Tick> {
        let timers = [
            self.notes.deadline(),
            self.services.deadline(),
            self.finding.deadline(),
            self.links.deadline(),
            self.watching.deadline(),
            self.audits.deadline(),
            self.judging.deadline(),
            self.customer.deadline(),
            self.placing.deadline(),
            self.heals.deadline(),
            self.fetching.deadline(),
            self.documents.deadline(),
            self.records.deadline(),
            self.supplier.deadline(),
            self.notices.deadline(),
            self.jobs.deadline(),
        ];
        timers.into_iter().flatten().min()
    }

    /// What the automata did; the observer drains it.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// How all automata stand.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        let mut all = vec![self.notes.snapshot()];
        all.extend(self.finding.snapshots());
        all.extend(self.services.snapshots());
        all.extend(self.links.snapshots());
        all.extend(self.watching.snapshots());
        all.extend(self.audits.snapshots());
        all.extend(self.judging.snapshots());
        all.extend(self.customer.snapshots());
        all.extend(self.placing.snapshots());
        all.extend(self.heals.snapshots());
        all.extend(self.fetching.snapshots());
        all.extend(self.documents.snapshots());
        all.extend(self.records.snapshots());
        all.extend(self.supplier.snapshots());
        all.extend(self.jobs.snapshots());
        all
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Time => {}
            Input::Opened { book, drive, tenants, free_bytes } => {
                self.book = book.clone().unwrap_or_default();
                self.open_supplier(tenants, free_bytes);
                self.open(book, drive);
            }
            Input::Kept { id, ok } => self.kept(id, ok),
            Input::Disk { free_bytes } => self.supplier.free_bytes = free_bytes,
            Input::Online { peer, network } => self.peer_online(peer, network),
            Input::Offline { device } => self.peer_offline(device),
            Input::Unreachable { device } => self.peer_unreachable(device),
            Input::Received { from, id, answer_to, message } => {
                self.received(from, id, answer_to, message);
            }
            Input::Probed { heard } => self.probed(heard),
            Input::SuppliersFound { devices } => self.suppliers_found(devices),
            Input::RecordPut { query, ok } => self.record_put(query, ok),
            Input::RecordGot { query, values } => self.record_got(query, values),
            Input::PutDone { device, block, index, outcome } => {
                self.put_done(device, (block, index), outcome);
            }
            Input::GetDone { fetch, index, outcome } => self.get_done(fetch, index, outcome),
            Input::Audited { device, outcome } => self.audited(device, outcome),
            Input::Silent { device, is_silent } => self.supplier_silent(device, is_silent),
            Input::Asked { stream, from, request } => self.asked(stream, from, request),
            Input::Served { stream, kept } => self.served(stream, kept),
            Input::TenancyOpened { contract, refused } => self.tenancy_opened(contract, refused),
            Input::DocumentKept { id, refused } => self.document_kept_here(id, refused),
            other => self.take_work(other),
        }
    }

    fn take_work(&mut self, input: Input) {
        match input {
            Input::Sealed { job, block, fragment_bytes } => self.sealed(job, block, fragment_bytes),
            Input::StageSealed { job, stage, head } => self.stage_sealed(job, stage, head),
            Input::Recorded { block, ok } => self.recorded(block, ok),
            Input::BlocksListed { arrangement, blocks, more } => {
                self.blocks_listed(arrangement, blocks, more);
            }
            Input::Mended { block, outcome } => self.mended(block, outcome),
            Input::MendVerified { block, ok } => self.mend_verified(block, ok),
            Input::MendRecorded { block, ok } => self.mend_recorded(block, ok),
            Input::WorkDone { job } => self.work_done(job),
            Input::WorkFailed { job, failure } => self.work_failed(job, failure),
            Input::Wanted { fetch, block, arrangement, spread, need } => {
                self.wanted(fetch, block, arrangement, (spread, need));
            }
            Input::Unwanted { fetch } => self.unwanted(fetch),
            Input::Assembled { fetch, ok } => self.assembled(fetch, ok),
            Input::Rebuilt { ok } => self.rebuilt(ok),
            Input::ServiceChanged { service, change } => self.service_changed(service, change),
            Input::Wished { id, wish } => self.wished(id, wish),
            _ => unreachable!("all others are taken by `take`"),
        }
    }

    fn poll_timers(&mut self) {
        self.poll_notes();
        self.poll_services();
        self.poll_finding();
        self.poll_links();
        self.poll_watching();
        self.poll_auditing();
        self.poll_judging();
        self.poll_customer();
        self.poll_placing();
        self.poll_healing();
        self.poll_fetching();
        self.poll_documents();
        self.poll_records();
        self.poll_notices();
        self.poll_supplier();
        self.poll_jobs();
    }

    pub(crate) fn order(&mut self, output: Output) {
        self.out.push(output);
    }

    pub(crate) fn is_online(&self, device: &DeviceId) -> bool {
        self.peers.contains_key(device)
    }

    /// A date as a tick of this process.
    pub(crate) fn tick_of(&self, date: Date) -> Tick {
        self.now.tick + date.since_ms(self.now.date)
    }

    /// The end of something that was kept from before the start: not at once, whatever the calendar
    /// says.
    pub(crate) fn tick_of_end(&self, date: Date) -> Tick {
        self.tick_of(date).max(self.now.tick + CALENDAR_MS)
    }
}

/// The diagrams of all automata of the node.
pub fn drawings() -> Vec<Drawing> {
    atlases().iter().map(Atlas::drawing).collect()
}

/// What all automata of the node do.
pub fn atlases() -> Vec<Atlas> {
    vec![
        crate::keeping::atlas(),
        crate::service::atlas(),
        storage::audit::atlas(),
        storage::backup::atlas(),
        storage::brake::atlas(),
        storage::contract::atlas(),
        storage::custody::atlas(),
        storage::deposit::atlas(),
        storage::fetch::atlas(),
        storage::healing::atlas(),
        storage::hiring::atlas(),
        storage::ladder::atlas(),
        storage::placement::atlas(),
        storage::presence::atlas(),
        storage::repair::atlas(),
        storage::retrieval::atlas(),
        storage::tenancy::atlas(),
        mesh::lookup::atlas(),
        mesh::peer_link::atlas(),
        mesh::publication::atlas(),
    ]
}
