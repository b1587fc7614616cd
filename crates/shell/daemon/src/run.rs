//! The daemon: one task owns the node, feeds it with what happens and carries out what it says.

use std::sync::Arc;

use disk::document::HomeLock;
use identity::Keystore;
use node::input::{DriveCondition, Input};
use node::{Node, Setup};
use spaces::own_drive;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::bulk::client::Client;
use crate::bulk::desk::Desk;
use crate::handle::Handle;
use crate::home::{Home, Kept, read_kept};
use crate::peers::Links;
use crate::peers::addresses::Addresses;
use crate::records::Records;
use crate::requests::{self, Clerk};
use crate::services::Net;
use crate::settings::Settings;
use crate::supplier::{Holdings, Setting, Supplier, SupplierError, real_disk};
use crate::work::{Limits, OpenedDrive, Parts, Works, open_drive};

mod anchoring;
pub(crate) mod chance;
mod chronicle;
pub(crate) mod clock;
mod close;
mod engine;
mod error;
pub(crate) mod happening;
mod keeping;
pub(crate) mod local;
mod outputs;
mod schedule;
#[cfg(test)]
mod tests;

use anchoring::Anchoring;
use chronicle::Chronicle;
use clock::Clock;
use engine::{Engine, Queues, Serving};
pub use error::StartError;
use happening::{Happening, Question};
use keeping::Keeping;
use local::Local;

/// What waits for the loop at most, of each kind; whoever has more waits with it.
const QUEUE_MAX: usize = 1024;

/// What a daemon is started with.
pub struct Start {
    /// The directory of the node.
    pub home: std::path::PathBuf,
    /// Keeps other processes out of it, until the daemon has ended.
    pub lock: HomeLock,
    /// The keys of this device.
    pub keys: Keystore,
    /// What is set.
    pub settings: Settings,
}

/// A daemon that runs.
pub struct Running {
    /// For the doors.
    pub handle: Handle,
    /// Where this node is reached, with its peer id: for others to begin at. Empty while its network
    /// is off.
    pub addresses: Vec<String>,
    /// Where the door for the command line is to be.
    pub socket: std::path::PathBuf,
    happenings: mpsc::Sender<Happening>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Running {
    /// Asks the daemon to end; `wait` returns when it has.
    pub async fn stop(&self) {
        let (ended, _) = tokio::sync::oneshot::channel();
        // It ends already if nobody takes the question.
        let _ = self.happenings.send(Happening::Asked(Question::Shutdown(ended))).await;
    }

    /// Waits until the daemon has ended and everything is closed. Says whether it ended as it should.
    pub async fn wait(&mut self) -> bool {
        (&mut self.task).await.is_ok()
    }
}

/// Starts the daemon; it runs in tasks of its own on the runtime that calls.
///
/// # Errors
/// The home, the network or the store cannot be used as they are.
pub async fn start(start: Start) -> Result<Running, StartError> {
    let Start { home, lock, keys, settings } = start;
    settings.check()?;
    let home = Arc::new(Home::new(home, lock));
    let network = mesh::network_id(&settings.network.name);
    let local = Arc::new(Local { network, keys, clock: Clock::new() });
    let queues = Queues::new();
    let Opened { kept, drive, supplier, holdings } =
        open(&home, &settings, &local, &queues).await?;
    let (condition, keyring_sealed) = (drive.condition, drive.keyring_sealed.clone());
    let works = Works::new(parts(drive, &settings, &local, &queues))?;
    let bulk = Client::new(
        local.clone(),
        works.clone(),
        queues.happenings.sender.clone(),
        settings.storage.fetch_memory.0,
    );
    let mut net = Net::new(settings.clone(), local.clone());
    if wanted("network", &kept, &settings) {
        let (tcp, quic) = (wanted("tcp", &kept, &settings), wanted("quic", &kept, &settings));
        net.start(tcp, quic).await?;
    }
    let addresses = match net.handle() {
        Some(net) => net.invitations().await,
        None => vec![],
    };
    let (handle, requests, journal) = Handle::new();
    let happenings = queues.happenings.sender.clone();
    let clerk = Clerk::new(
        happenings.clone(),
        works.clone(),
        local.clone(),
        (home.settings_file(), settings.clone()),
        kept.warnings.clone(),
    );
    let engine = Engine {
        node: node_of(keyring_sealed, &settings, &local),
        anchoring: Anchoring::start(home.anchors(), kept.anchors.clone()),
        keeping: Keeping::start(home.book(), queues.inputs.sender.clone()),
        records: Records::new(local.clone(), happenings.clone()),
        net,
        links: Links::default(),
        addresses: known(&kept),
        desk: Desk::default(),
        bulk,
        supplier,
        works,
        chronicle: Chronicle::new(journal),
        clerk: clerk.clone(),
        home: home.clone(),
        settings: settings.clone(),
        local,
        queues,
        tasks: tokio::task::JoinSet::new(),
        running: engine::Parts::default(),
        pending: std::collections::BTreeMap::new(),
        wishes: 0,
        links_made: 0,
        ended: None,
    };
    let opened = opened(kept, condition, holdings);
    let (end, ending) = tokio::sync::oneshot::channel();
    let serving = tokio::spawn(requests::serve(clerk, requests, ending));
    let task = tokio::spawn(engine.run(opened, Serving { task: serving, end }));
    let socket = home.socket(&settings);
    Ok(Running { handle, addresses, socket, happenings, task })
}

/// Those who were there last time.
fn known(kept: &Kept) -> Addresses {
    let mut known = Addresses::default();
    for anchor in &kept.anchors.0 {
        known.learn(anchor.device, anchor.addresses.clone());
        known.prove(anchor.device);
    }
    known
}

/// What was found in the home.
struct Opened {
    kept: Kept,
    drive: OpenedDrive,
    supplier: Arc<Supplier>,
    holdings: Holdings,
}

/// Opens the stores on a thread that may wait for the disk.
async fn open(
    home: &Arc<Home>,
    settings: &Settings,
    local: &Arc<Local>,
    queues: &Queues,
) -> Result<Opened, StartError> {
    let (home, local) = (home.clone(), local.clone());
    let inputs = queues.inputs.sender.clone();
    let path = home.supplier(settings);
    let setting = Setting {
        disk_floor_bytes: settings.supplier.disk_floor.0,
        memory_bytes: settings.supplier.memory.0,
        look: std::time::Duration::from_millis(settings.clocks.disk_look.0),
    };
    let opening = spawn_blocking(move || {
        let kept = read_kept(&home);
        let drive = open_drive(home.root(), &local.keys)?;
        let opened = real_disk(&path)
            .map_err(SupplierError::from)
            .and_then(|disk| Supplier::open(disk, setting, local, inputs));
        let (supplier, holdings) = opened
            .map_err(|error| StartError::Supplier { path, what: requests::sentence(&error) })?;
        Ok(Opened { kept, drive, supplier: Arc::new(supplier), holdings })
    });
    opening.await.map_err(|_| StartError::Broken)?
}

fn parts(drive: OpenedDrive, settings: &Settings, local: &Local, queues: &Queues) -> Parts {
    let keys = &local.keys;
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Parts {
        drive,
        device: keys.device.clone(),
        storage_root: keys.storage_root.clone(),
        space: own_drive(keys.identity(), &keys.storage_root),
        inputs: queues.inputs.sender.clone(),
        limits: Limits {
            sealed_bytes: bytes(settings.storage.memory.0),
            fetch_bytes: bytes(settings.storage.fetch_memory.0),
        },
        excludes: settings.backup.excludes.clone(),
    }
}

fn node_of(keyring: Vec<u8>, settings: &Settings, local: &Local) -> Node {
    let keys = local.keys.clone();
    Node::new(Setup {
        settings: settings.for_node(),
        space: own_drive(keys.identity(), &keys.storage_root),
        keys,
        network: local.network,
        keyring,
        entropy: base::SymmetricKey(chance::bytes()),
    })
}

/// The first input of the node.
fn opened(kept: Kept, drive: DriveCondition, holdings: Holdings) -> Input {
    if drive != DriveCondition::Present {
        tracing::info!(condition = ?drive, "the own drive");
    }
    let Holdings { tenants, free_bytes } = holdings;
    Input::Opened { book: kept.book, drive, tenants, free_bytes }
}

/// Whether a service is to run: as the user switched it last, else as it is set.
fn wanted(service: &str, kept: &Kept, settings: &Settings) -> bool {
    let switched = kept.book.as_ref().and_then(|book| book.switches.get(service).copied());
    switched.unwrap_or_else(|| !settings.for_node().services_off.iter().any(|off| off == service))
}
