//! How the doors speak to the daemon: one method for each thing that can be asked.

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::view::durability::DurabilityView;
use crate::view::{
    AutomatonDetail, AutomatonView, BackupRequest, CheckRequest, CustomerView, DifferenceView,
    EntryView, ErrorView, JobView, JournalLine, PeerView, RestoreRequest, ServiceView, SettingView,
    Status, SupplierView, VersionView,
};

mod items;

pub use items::{Items, ItemsSender, Unread, items};

/// Requests waiting for the daemon at most; the next one waits in its door.
pub const REQUESTS_MAX: usize = 64;

/// The answer to a request.
pub type Answer<T> = Result<T, ErrorView>;

/// What is asked of the daemon.
#[expect(missing_docs, reason = "each variant is the method of Handle with the same name")]
#[derive(Debug)]
pub enum Request {
    Status(Reply<Status>),
    Durability(Reply<DurabilityView>),
    Services(Reply<Vec<ServiceView>>),
    StartService(String, Reply<Vec<ServiceView>>),
    StopService {
        name: String,
        dry_run: bool,
        reply: Reply<Vec<String>>,
    },
    Automata(Reply<Vec<AutomatonView>>),
    Automaton(String, Reply<AutomatonDetail>),
    Config(Reply<String>),
    SetConfig {
        key: String,
        value: String,
        reply: Reply<SettingView>,
    },
    Backup(BackupRequest, Reply<JobView>),
    Restore(RestoreRequest, Reply<JobView>),
    Check(CheckRequest, Reply<JobView>),
    Jobs(Reply<Vec<JobView>>),
    Job(String, Reply<JobView>),
    WatchJob(String, Reply<watch::Receiver<JobView>>),
    PauseJob(String, Reply<JobView>),
    ResumeJob(String, Reply<JobView>),
    CancelJob(String, Reply<JobView>),
    Versions(Reply<Vec<VersionView>>),
    Entries {
        version: Option<u64>,
        path: String,
        recursive: bool,
        reply: Reply<Items<EntryView>>,
    },
    Differences {
        older: u64,
        newer: u64,
        reply: Reply<Items<DifferenceView>>,
    },
    ReadFile {
        version: Option<u64>,
        path: String,
        offset: u64,
        bytes: Option<u64>,
        reply: Reply<Items<Vec<u8>>>,
    },
    Suppliers(Reply<Vec<SupplierView>>),
    HireSupplier {
        device: Option<String>,
        addresses: Vec<String>,
        reply: Reply<Vec<SupplierView>>,
    },
    EndSupplier {
        device: String,
        reply: Reply<Vec<SupplierView>>,
    },
    Customers(Reply<Vec<CustomerView>>),
    EndCustomer {
        identity: String,
        reply: Reply<Vec<CustomerView>>,
    },
    Peers(Reply<Vec<PeerView>>),
    Connect {
        address: String,
        reply: Reply<PeerView>,
    },
    Shutdown(Reply<()>),
}

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Answer<T>>;

/// A door's end of the daemon; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    journal: broadcast::Sender<JournalLine>,
}

macro_rules! ask {
    ($($(#[$doc:meta])* $name:ident($($field:ident: $kind:ty),*) -> $answer:ty = |$reply:ident| $request:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// Why it cannot be done, in the words that the user is shown.
            pub async fn $name(&self, $($field: $kind),*) -> Answer<$answer> {
                self.ask(|$reply| $request).await
            }
        )*
    };
}

impl Handle {
    /// A handle and the daemon's end of its queues.
    pub fn new() -> (Self, mpsc::Receiver<Request>, broadcast::Sender<JournalLine>) {
        let (requests, received) = mpsc::channel(REQUESTS_MAX);
        let (journal, _) = broadcast::channel(4_096);
        (Self { requests, journal: journal.clone() }, received, journal)
    }

    /// Every step of every automaton from now on; a slow reader loses the oldest.
    pub fn journal(&self) -> broadcast::Receiver<JournalLine> {
        self.journal.subscribe()
    }

    ask! {
        /// The node at a glance.
        status() -> Status = |reply| Request::Status(reply);
        /// What the data survives.
        durability() -> DurabilityView = |reply| Request::Durability(reply);
        /// All services.
        services() -> Vec<ServiceView> = |reply| Request::Services(reply);
        /// Starts a service and what it needs; returns all services.
        start_service(name: String) -> Vec<ServiceView> = |reply| Request::StartService(name, reply);
        /// Stops a service; returns the names of all that stop (or would stop) with it.
        stop_service(name: String, dry_run: bool) -> Vec<String> = |reply| Request::StopService { name, dry_run, reply };
        /// All live automata.
        automata() -> Vec<AutomatonView> = |reply| Request::Automata(reply);
        /// One automaton with diagram, instances and last transitions.
        automaton(name: String) -> AutomatonDetail = |reply| Request::Automaton(name, reply);
        /// The settings in force, as TOML.
        config() -> String = |reply| Request::Config(reply);
        /// Changes one setting (`storage.suppliers`) in the file; says what is kept and what is in force.
        set_config(key: String, value: String) -> SettingView = |reply| Request::SetConfig { key, value, reply };
        /// Begins a backup.
        backup(request: BackupRequest) -> JobView = |reply| Request::Backup(request, reply);
        /// Begins a restore.
        restore(request: RestoreRequest) -> JobView = |reply| Request::Restore(request, reply);
        /// Begins a check of what the suppliers keep.
        check(request: CheckRequest) -> JobView = |reply| Request::Check(request, reply);
        /// All jobs, newest first.
        jobs() -> Vec<JobView> = |reply| Request::Jobs(reply);
        /// One job.
        job(id: String) -> JobView = |reply| Request::Job(id, reply);
        /// One job and its changes; dropping the receiver leaves the job running.
        watch_job(id: String) -> watch::Receiver<JobView> = |reply| Request::WatchJob(id, reply);
        /// Pauses a job.
        pause_job(id: String) -> JobView = |reply| Request::PauseJob(id, reply);
        /// Goes on with a paused job.
        resume_job(id: String) -> JobView = |reply| Request::ResumeJob(id, reply);
        /// Ends a job; what is safe already stays.
        cancel_job(id: String) -> JobView = |reply| Request::CancelJob(id, reply);
        /// All versions, newest first.
        versions() -> Vec<VersionView> = |reply| Request::Versions(reply);
        /// The entries below a path of a version (the latest if none is named).
        entries(version: Option<u64>, path: String, recursive: bool) -> Items<EntryView> = |reply| Request::Entries { version, path, recursive, reply };
        /// What differs between two versions.
        differences(older: u64, newer: u64) -> Items<DifferenceView> = |reply| Request::Differences { older, newer, reply };
        /// A range of a file, without fetching the rest.
        read_file(version: Option<u64>, path: String, offset: u64, bytes: Option<u64>) -> Items<Vec<u8>> = |reply| Request::ReadFile { version, path, offset, bytes, reply };
        /// My suppliers.
        suppliers() -> Vec<SupplierView> = |reply| Request::Suppliers(reply);
        /// Hires one supplier, a named one or the best found.
        hire_supplier(device: Option<String>, addresses: Vec<String>) -> Vec<SupplierView> = |reply| Request::HireSupplier { device, addresses, reply };
        /// Ends the contract with a supplier; another one takes its place, and what it kept is made anew there.
        end_supplier(device: String) -> Vec<SupplierView> = |reply| Request::EndSupplier { device, reply };
        /// My customers.
        customers() -> Vec<CustomerView> = |reply| Request::Customers(reply);
        /// Ends the contract with a customer; its data stays for the notice of 60 days.
        end_customer(identity: String) -> Vec<CustomerView> = |reply| Request::EndCustomer { identity, reply };
        /// The peers connected now.
        peers() -> Vec<PeerView> = |reply| Request::Peers(reply);
        /// Connects to a node by its address.
        connect(address: String) -> PeerView = |reply| Request::Connect { address, reply };
        /// Ends the daemon cleanly.
        shutdown() -> () = |reply| Request::Shutdown(reply);
    }

    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Request) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || ErrorView {
            code: "daemon-stopping".into(),
            happened: "The daemon is stopping and took no more requests.".into(),
            meaning: "Nothing was changed by this request; what was safe stays safe.".into(),
            advice: "Start it again with `bitdust run`.".into(),
        };
        self.requests.send(make(reply)).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
