//! A daemon that answers every request from fixed values, at the real seam: the queue of requests.

use daemon::handle::{Answer, Handle, Items, Reply, Request, items};
use daemon::view::durability::{AttendanceView, DurabilityView, PlacementView};
use daemon::view::{
    AutomatonDetail, AutomatonView, CustomerView, DifferenceView, DriveStatus, EntryView,
    ErrorView, JobView, JournalLine, PeerView, Problem, ServiceView, SettingView, Status,
    SupplierStatus, SupplierView, UnreachedView, VersionView,
};
use tokio::sync::{broadcast, mpsc, watch};

/// The daemon's side of the queues.
pub(crate) struct Answers {
    requests: mpsc::Receiver<Request>,
    seen: mpsc::UnboundedSender<String>,
    /// Jobs that run for ever: their senders.
    running: Vec<watch::Sender<JobView>>,
}

/// A handle; what it was asked, as `Debug` text without the replies; the journal.
pub(crate) fn start() -> (Handle, mpsc::UnboundedReceiver<String>, broadcast::Sender<JournalLine>) {
    let (handle, requests, journal) = Handle::new();
    let (seen, asked) = mpsc::unbounded_channel();
    tokio::spawn(Answers { requests, seen, running: Vec::new() }.run());
    (handle, asked, journal)
}

pub(crate) fn error(code: &str, happened: &str) -> ErrorView {
    ErrorView {
        code: code.into(),
        happened: happened.into(),
        meaning: "Nothing is lost: what was safe stays safe.".into(),
        advice: "Start the missing suppliers, or hire others.".into(),
    }
}

fn too_few() -> ErrorView {
    error("too-few-suppliers", "4 suppliers are needed and 3 of 7 can be reached.")
}

pub(crate) fn job(id: &str) -> Answer<JobView> {
    let (kind, state) = match id {
        "job-restore" => ("restore", "done"),
        "job-check" => ("check", "done"),
        "job-running" => ("backup", "running"),
        "job-done" | "job-problems" => ("backup", "done"),
        "job-failed" => ("backup", "failed"),
        "job-cancelled" => ("backup", "cancelled"),
        _ => return Err(error("no-such-job", &format!("There is no job {id}."))),
    };
    let is_running = state == "running";
    let is_problem = id == "job-problems";
    let problem = Problem { what: "/home/ann/secret.txt".into(), why: "permission denied".into() };
    Ok(JobView {
        id: id.into(),
        kind: kind.into(),
        dry_run: false,
        state: state.into(),
        doing: if is_running { "uploading block 3 of 8" } else { "" }.into(),
        started: 1_780_000_000_000,
        ended: (!is_running).then_some(1_780_000_090_000),
        files_done: if is_running { 40 } else { 120 },
        files_total: 120,
        bytes_done: if is_running { 90 << 20 } else { 268 << 20 },
        bytes_total: 268 << 20,
        bytes_moved: 100 << 20,
        files_unchanged: 17,
        eta_ms: is_running.then_some(65_000),
        version: (state == "done").then_some(3),
        safety: match kind {
            "backup" => (state == "done").then(|| "safe".into()),
            "check" => Some("may lose 2".into()),
            _ => None,
        },
        unreached: if kind == "check" { vec![unreached()] } else { vec![] },
        problems: if is_problem { vec![problem] } else { vec![] },
        problems_total: is_problem.into(),
        error: (state == "failed").then(too_few),
    })
}

fn unreached() -> UnreachedView {
    UnreachedView { device: "bddev1cccc".into(), since: Some(1_780_000_000_000), fragments: 12 }
}

pub(crate) fn step(n: u64) -> JournalLine {
    JournalLine {
        at_ms: n,
        automaton: "contract".into(),
        instance: "bddev1aaaa".into(),
        from: "Offering".into(),
        event: "Accepted".into(),
        to: "Active".into(),
        why: "signed by both".into(),
        outcome: "moved".into(),
    }
}

impl Answers {
    async fn run(mut self) {
        while let Some(request) = self.requests.recv().await {
            let text = format!("{request:?}");
            let name: String = text.split(['(', ' ', '{']).next().unwrap_or_default().into();
            // A test may not look at what was asked.
            let _ = self.seen.send(name);
            if self.answer(request) {
                break;
            }
        }
    }

    /// Answers one request; true if it was the last.
    fn answer(&mut self, request: Request) -> bool {
        match request {
            Request::Status(reply) => give(reply, Ok(status())),
            Request::Durability(reply) => give(reply, Ok(durability())),
            Request::Services(reply) => give(reply, Ok(services())),
            Request::StartService(name, reply) => give(reply, known(&name).map(|()| services())),
            Request::StopService { name, dry_run: _, reply } => {
                give(reply, known(&name).map(|()| vec![name, "supplier".into()]));
            }
            Request::Automata(reply) => give(reply, Ok(vec![automaton()])),
            Request::Automaton(name, reply) => give(reply, detail(&name)),
            Request::Config(reply) => give(reply, Ok("[storage]\nsuppliers = 7\n".into())),
            Request::SetConfig { key, value, reply } => {
                // What is offered takes effect at once, as in a real daemon.
                let in_force = if key == "supplier.donated" { value.clone() } else { "7".into() };
                give(reply, Ok(SettingView { key, kept: value, in_force: Some(in_force) }));
            }
            Request::Suppliers(reply) => give(reply, Ok(suppliers())),
            Request::HireSupplier { device: _, addresses: _, reply } => {
                give(reply, Ok(suppliers()));
            }
            Request::EndSupplier { device: _, reply } => give(reply, Ok(suppliers()[1..].into())),
            Request::Customers(reply) => give(reply, Ok(customers())),
            Request::EndCustomer { identity: _, reply } => give(reply, Ok(vec![])),
            Request::Peers(reply) => give(reply, Ok(vec![peer()])),
            Request::Connect { address, reply } => give(reply, Ok(PeerView { address, ..peer() })),
            Request::Shutdown(reply) => {
                give(reply, Ok(()));
                return true;
            }
            other => self.answer_storage(other),
        }
        false
    }

    fn answer_storage(&mut self, request: Request) {
        match request {
            Request::Backup(request, reply) => give(reply, backup(&request.paths)),
            Request::Restore(request, reply) => {
                let id = match request.version {
                    Some(9) => "job-failed",
                    _ => "job-restore",
                };
                give(reply, job(id));
            }
            Request::Check(_, reply) => give(reply, job("job-check")),
            Request::Jobs(reply) => {
                give(reply, ["job-running", "job-check"].map(job).into_iter().collect())
            }
            Request::Job(id, reply) => give(reply, job(&id)),
            Request::WatchJob(id, reply) => give(reply, self.watch(&id)),
            Request::PauseJob(id, reply) | Request::ResumeJob(id, reply) => give(reply, job(&id)),
            Request::CancelJob(id, reply) => {
                give(reply, job(&id).and_then(|_| job("job-cancelled")));
            }
            Request::Versions(reply) => give(reply, Ok(versions())),
            Request::Entries { version, path, recursive, reply } => {
                give(reply, entries(version, &path, recursive));
            }
            Request::Differences { older: _, newer, reply } => give(reply, differences(newer)),
            Request::ReadFile { version: _, path, offset, bytes, reply } => {
                give(reply, file(&path, offset, bytes));
            }
            _ => unreachable!("answered by the caller"),
        }
    }

    fn watch(&mut self, id: &str) -> Answer<watch::Receiver<JobView>> {
        let (job, watch) = watch::channel(job(id)?);
        self.running.push(job);
        Ok(watch)
    }
}

fn give<T>(reply: Reply<T>, answer: Answer<T>) {
    // The door may have gone in the meantime.
    let _ = reply.send(answer);
}

fn known(service: &str) -> Answer<()> {
    match service {
        "storage" | "supplier" => Ok(()),
        _ => Err(error("no-such-service", &format!("There is no service '{service}'."))),
    }
}

fn backup(paths: &[String]) -> Answer<JobView> {
    match paths.first().map(|path| path.rsplit('/').next().unwrap_or_default()) {
        Some("running") => job("job-running"),
        Some("problems") => job("job-problems"),
        Some("failed") => job("job-failed"),
        Some("nobody") => Err(too_few()),
        Some("full") => Err(error("own-disk", "The disk of this computer is full.")),
        _ => job("job-done"),
    }
}

fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        identity: "bd1aaaa".into(),
        device: "bddev1aaaa".into(),
        network: "main".into(),
        up_ms: 7_530_000,
        addresses: vec!["/ip4/127.0.0.1/tcp/4001/p2p/12D3".into()],
        peers: 9,
        drive: DriveStatus {
            state: "ready".into(),
            policy: "double".into(),
            suppliers_wanted: 7,
            suppliers: 7,
            suppliers_online: 6,
            safety: "safe, may lose 2".into(),
            may_lose: 2,
            versions: 3,
            packed_bytes: 100 << 20,
            stored_bytes: 200 << 20,
        },
        supplier: SupplierStatus {
            enabled: true,
            donated_bytes: 10 << 30,
            promised_bytes: 4 << 30,
            used_bytes: 1 << 30,
            customers: 2,
        },
        warnings: vec!["Supplier bddev1cccc has been away for 3 h.".into()],
    }
}

fn durability() -> DurabilityView {
    let supplier = |device: &str, place, standing: &str, away_ms| AttendanceView {
        device: device.into(),
        place: Some(place),
        online: away_ms == 0,
        standing: standing.into(),
        verdict: "trusted".into(),
        away_ms,
        uptime_percent: Some(97.5),
    };
    DurabilityView {
        verdict: "safe".into(),
        summary: vec!["Any 2 of the 6 suppliers that are counted on may be lost now.".into()],
        advice: vec!["Not counted on: bddev1cccc (for 4 d).".into()],
        may_lose: 2,
        may_lose_networks: 2,
        yearly_loss: 0.007,
        days_to_live: 111.0,
        repair_bytes_yearly: 16 << 30,
        assumed_life_days: 180.0,
        assumed_repair_days: 3.25,
        cut_off: false,
        placements: vec![PlacementView {
            arrangement: 65_536,
            in_force: true,
            policy: "double".into(),
            suppliers: 7,
            needed: 4,
            counted: 6,
            may_lose: Some(2),
            wants_repair: true,
            yearly_loss: 0.007,
            days_to_live: 111.0,
        }],
        suppliers: vec![
            supplier("bddev1bbbb", 0, "present", 0),
            supplier("bddev1cccc", 1, "missing", 345_600_000),
        ],
    }
}

fn services() -> Vec<ServiceView> {
    let service = |name: &str, state: &str, needs: &[&str]| ServiceView {
        name: name.into(),
        purpose: format!("What {name} does."),
        enabled: state == "on",
        state: state.into(),
        needs: needs.iter().map(|need| (*need).into()).collect(),
        stops: vec![],
    };
    vec![service("storage", "on", &["network"]), service("supplier", "off", &["network", "dht"])]
}

fn automaton() -> AutomatonView {
    AutomatonView {
        name: "contract".into(),
        instance: "bddev1aaaa".into(),
        state: "Active".into(),
        since_ms: 5_000,
        why: "signed by both".into(),
    }
}

fn detail(name: &str) -> Answer<AutomatonDetail> {
    if name != "contract" {
        let happened = format!("There is no automaton '{name}'.");
        return Err(error("no-such-automaton", &happened));
    }
    Ok(AutomatonDetail {
        purpose: "Agrees with one supplier on quota and term.".into(),
        instances: vec![automaton()],
        mermaid: "stateDiagram-v2\n    Offering --> Active: Accepted\n".into(),
        markdown: "# contract\n".into(),
        journal: vec![step(5_000)],
    })
}

fn versions() -> Vec<VersionView> {
    let version = |number: u64, problems| VersionView {
        number,
        started: 1_780_000_000_000 + number * 86_400_000,
        finished: 1_780_000_090_000 + number * 86_400_000,
        paths: vec!["/home/ann".into()],
        files: 100 + number,
        bytes: number << 28,
        problems,
    };
    vec![version(3, 1), version(2, 0)]
}

/// Items already in a queue, and its end.
fn queue<T>(items: Vec<Answer<T>>) -> Items<T> {
    let mut end = Ok(());
    let mut given = vec![];
    for item in items {
        match item {
            Ok(item) => given.push(item),
            Err(error) => end = Err(error),
        }
    }
    Items::ready(given, end)
}

/// What gives the answer breaks after one item.
fn broken<T>(item: T) -> Items<T>
where
    T: Send + 'static,
{
    let (sender, items) = items(1);
    std::thread::spawn(move || sender.give(item).is_ok());
    items
}

fn entries(version: Option<u64>, path: &str, recursive: bool) -> Answer<Items<EntryView>> {
    let entry = |path: &str, kind: &str, bytes| {
        let target = (kind == "symlink").then(|| "photos/a.jpg".into());
        let path = path.into();
        let kind = kind.into();
        Ok(EntryView {
            path,
            kind,
            bytes,
            mode: 0o644,
            mtime_ns: 1_780_000_000_000_000_000,
            target,
        })
    };
    match (version, path) {
        (Some(404), _) => Err(error("no-such-version", "There is no version 404.")),
        (_, "broken") => Ok(queue(vec![entry("broken/a", "file", 1), Err(too_few())])),
        (_, "vanished") => Ok(broken(entry("vanished/a", "file", 1)?)),
        (_, "refused") => Ok(queue(vec![Err(too_few())])),
        _ => {
            let mut all = vec![entry("photos", "dir", 0), entry("caf\\xe9", "file", 1_500)];
            if recursive {
                all.push(entry("photos/a.jpg", "file", 3 << 20));
                all.push(entry("photos/latest", "symlink", 0));
            }
            Ok(queue(all))
        }
    }
}

fn differences(newer: u64) -> Answer<Items<DifferenceView>> {
    if newer == 404 {
        return Err(error("no-such-version", "There is no version 404."));
    }
    if newer == 5 {
        let (path, change) = ("notes.txt".into(), "changed".into());
        return Ok(broken(DifferenceView { path, change }));
    }
    let difference =
        |path: &str, change: &str| Ok(DifferenceView { path: path.into(), change: change.into() });
    Ok(queue(vec![
        difference("photos/b.jpg", "added"),
        difference("notes.txt", "changed"),
        difference("old.txt", "removed"),
        difference("run.sh", "metadata"),
    ]))
}

fn file(path: &str, offset: u64, bytes: Option<u64>) -> Answer<Items<Vec<u8>>> {
    let whole = b"Hello from far away.\n";
    match path {
        "hello.txt" => {
            let from = (offset as usize).min(whole.len());
            let to = bytes.map_or(whole.len(), |bytes| (from + bytes as usize).min(whole.len()));
            let (first, second) = whole[from..to].split_at((to - from) / 2);
            Ok(queue(vec![Ok(first.to_vec()), Ok(second.to_vec())]))
        }
        "empty" => Ok(queue(vec![])),
        "broken" => Ok(queue(vec![Ok(whole.to_vec()), Err(too_few())])),
        "vanished" => Ok(broken(whole.to_vec())),
        _ => Err(error("no-such-path", &format!("Version 3 has no '{path}'."))),
    }
}

fn suppliers() -> Vec<SupplierView> {
    let supplier = |place: u32, device: &str, online| SupplierView {
        place: Some(place),
        identity: format!("bd1{device}"),
        device: format!("bddev1{device}"),
        state: "Active".into(),
        online,
        last_seen: Some(1_780_000_000_000),
        quota_bytes: 1 << 30,
        used_bytes: 300 << 20,
        fragments: 1_200,
        until: 1_790_000_000_000,
    };
    vec![supplier(0, "bbbb", true), supplier(1, "cccc", false)]
}

fn customers() -> Vec<CustomerView> {
    vec![CustomerView {
        identity: "bd1dddd".into(),
        contract: "bdcon1dddd".into(),
        quota_bytes: 2 << 30,
        used_bytes: 1 << 30,
        fragments: 4_096,
        until: 1_790_000_000_000,
    }]
}

fn peer() -> PeerView {
    PeerView {
        device: "bddev1bbbb".into(),
        identity: Some("bd1bbbb".into()),
        path: "quic".into(),
        address: "/ip4/10.0.0.2/udp/4001/quic-v1".into(),
    }
}
