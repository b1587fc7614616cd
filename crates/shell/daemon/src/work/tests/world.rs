//! A node and its suppliers in small: whatever the workers ask for is done at once, by one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use base::{
    BlockId, ContractId, Date, DeviceId, Hash, IdentityId, JobId, Label, SecretKey, SymmetricKey,
    encode,
};
use identity::{DeviceName, Keystore, Phrase, Seed};
use node::input::{DriveCondition, Failure, GetOutcome, Input};
use node::output::{JobState, Output};
use node::wish::{BackupWish, CheckWish, RestoreWish};
use storage::backup::Stage;
use storage::fetch::Need;
use storage::policy::{Policy, Spread};
use storage::terms::{Arrangement, Place, RootDocument};
use store::Receipt;
use store::receipt::{Change, ReceiptBody, ReceiptEntry};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::view::{BackupRequest, CheckRequest, JobView, RestoreRequest, path_text};
use crate::work::{FRESH_MARK, JobRequest, Limits, Parts, RECOVER_MARK, Works, open_drive};

/// Something that is done when a block is sealed: its number among all, from 1.
type OnSealed = Box<dyn FnMut(usize) + Send>;

/// A masked fragment and its manifest.
type Kept = (Vec<u8>, Arc<[u8]>);

/// One machine and all suppliers.
pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) works: Works,
    pub(crate) condition: DriveCondition,
    keys: Keystore,
    state: Arc<State>,
    inputs: mpsc::Sender<Input>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    table: Mutex<Table>,
    changed: Condvar,
}

/// What is known of the world, and what goes wrong in it.
#[derive(Default)]
pub(crate) struct Table {
    fragments: BTreeMap<(BlockId, u8), Kept>,
    suppliers: u8,
    /// Places whose supplier is gone.
    pub(crate) lost: BTreeSet<u8>,
    /// Fragments that come back wrong.
    pub(crate) damaged: BTreeSet<(BlockId, u8)>,
    /// Places that another supplier took, by the number it would have.
    pub(crate) taken: BTreeMap<u8, u8>,
    /// What came of listing and mending blocks.
    pub(crate) healed: Vec<Input>,
    /// The job is stopped when so many more blocks were sealed.
    pub(crate) stop_after: Option<usize>,
    pub(crate) on_sealed: Option<OnSealed>,
    /// Fragments that are asked for and not answered.
    pub(crate) is_mute: bool,
    /// Blocks sealed so far.
    pub(crate) sealed: usize,
    /// Bytes of fragments that were given back.
    pub(crate) given_bytes: u64,
    placed: BTreeMap<JobId, (BTreeSet<BlockId>, Option<Stage>)>,
    pub(crate) head: Option<Vec<u8>>,
    ended: BTreeMap<JobId, Result<(), Failure>>,
    pub(crate) rebuilt: Option<bool>,
    jobs: u8,
    is_over: bool,
}

pub(crate) fn keys(seed: u8) -> Keystore {
    let words = Seed::new(&Phrase::from_entropy([seed; 32]));
    let device = SecretKey::from_seed(SymmetricKey([seed + 1; 32]));
    let name = DeviceName::new("test").unwrap();
    Keystore::from_seed(&words, words.chain(), device, name, Date(1_795_000_000_000)).unwrap()
}

fn supplier(place: u8) -> SecretKey {
    SecretKey::from_seed(SymmetricKey([100 + place; 32]))
}

pub(crate) fn device(place: u8) -> DeviceId {
    supplier(place).public().into()
}

fn identity(place: u8) -> IdentityId {
    IdentityId([place + 1; 32])
}

pub(crate) fn place(number: u8) -> Place {
    Place {
        identity: identity(number),
        device: device(number),
        contract: ContractId([number + 1; 32]),
    }
}

pub(crate) fn arrangement(suppliers: u8) -> Arrangement {
    Arrangement { number: 1, policy: Policy::Double, places: (0..suppliers).map(place).collect() }
}

impl World {
    /// A new identity with so many suppliers.
    pub(crate) fn new(suppliers: u8) -> Self {
        Self::with_memory(suppliers, 64 << 20)
    }

    /// As [`World::new`], with so much memory for sealed blocks.
    pub(crate) fn with_memory(suppliers: u8, sealed_bytes: usize) -> Self {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join(FRESH_MARK), "").unwrap();
        let state = Arc::new(State::default());
        state.lock().suppliers = suppliers;
        Self::start(home, state, Limits { sealed_bytes, fetch_bytes: 64 << 20 })
    }

    fn start(home: TempDir, state: Arc<State>, limits: Limits) -> Self {
        let keys = keys(1);
        let drive = open_drive(home.path(), &keys).unwrap();
        let condition = drive.condition;
        let (inputs, receiver) = mpsc::channel(64);
        let works = Works::new(Parts {
            drive,
            device: keys.device.clone(),
            storage_root: keys.storage_root.clone(),
            space: spaces::own_drive(keys.identity(), &keys.storage_root),
            excludes: vec![],
            inputs: inputs.clone(),
            limits,
        });
        let works = works.unwrap();
        state.lock().is_over = false;
        let (own, table) = (works.clone(), state.clone());
        let thread = std::thread::spawn(move || answer(&own, &table, receiver));
        Self { home, works, condition, keys, state, inputs, thread: Some(thread) }
    }

    /// The same home after a restart of the program.
    pub(crate) fn restart(self) -> Self {
        let (home, state, suppliers) = self.end();
        state.lock().suppliers = suppliers;
        Self::start(home, state, Limits { sealed_bytes: 64 << 20, fetch_bytes: 64 << 20 })
    }

    /// A new home on another machine, where only the words and the root document are known.
    pub(crate) fn move_to_an_empty_machine(self) -> Self {
        let sealed = std::fs::read(self.home.path().join("drive/keyring")).unwrap();
        let (_, state, suppliers) = self.end();
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join(RECOVER_MARK), "").unwrap();
        let limits = Limits { sealed_bytes: 64 << 20, fetch_bytes: 64 << 20 };
        let world = Self::start(home, state, limits);
        let root = RootDocument {
            identity: world.keys.identity(),
            space: spaces::own_drive(world.keys.identity(), &world.keys.storage_root),
            sequence: 7,
            date: Date(8),
            keyring: sealed,
            arrangements: vec![arrangement(suppliers)],
            head: world.table().head.clone().unwrap_or_default(),
        };
        world.works.order(Output::Rebuild { root });
        world
    }

    fn end(mut self) -> (TempDir, Arc<State>, u8) {
        let (state, suppliers) = (self.state.clone(), self.table().suppliers);
        let home = std::mem::replace(&mut self.home, TempDir::new().unwrap());
        drop(self);
        (home, state, suppliers)
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.state.lock()
    }

    /// Waits until the table says something.
    pub(crate) fn wait<T>(&self, mut look: impl FnMut(&mut Table) -> Option<T>) -> T {
        let mut table = self.state.lock();
        loop {
            if let Some(found) = look(&mut table) {
                return found;
            }
            table = self.state.changed.wait(table).unwrap();
        }
    }

    /// Begins a backup of these paths.
    pub(crate) fn begin_backup(&mut self, request: BackupRequest) -> JobId {
        let (job, number) =
            (self.new_job(), self.works.begin(JobRequest::Backup(request)).unwrap());
        assert!(self.works.bind(number, job).is_some());
        self.go_on(job);
        job
    }

    /// Begins a run of a job, the first one or another.
    pub(crate) fn go_on(&self, job: JobId) {
        let mut table = self.table();
        let arrangement = arrangement(table.suppliers);
        table.ended.remove(&job);
        table.placed.remove(&job);
        drop(table);
        // The request is bound already; its number is not looked at again.
        let wish = BackupWish::new(0);
        self.works.order(Output::JobChanged { job, progress: state("running") });
        self.works.order(Output::StartBackup { job, wish, arrangement });
    }

    pub(crate) fn backup_of(&mut self, path: &Path) -> JobView {
        let request = BackupRequest { paths: vec![text(path)], ..BackupRequest::default() };
        let job = self.begin_backup(request);
        self.end_of(job).unwrap();
        self.works.job(job).unwrap()
    }

    pub(crate) fn begin_restore(&mut self, request: RestoreRequest) -> JobId {
        let job = self.new_job();
        let request = self.works.begin(JobRequest::Restore(request)).unwrap();
        self.works.order(Output::JobChanged { job, progress: state("running") });
        self.works.order(Output::StartRestore { job, wish: RestoreWish::new(request) });
        job
    }

    /// Begins a restore that is held, and waits until it comes to where it is held.
    pub(crate) fn begin_held_restore(&mut self, request: RestoreRequest) -> JobId {
        let job = self.new_job();
        let request = self.works.begin(JobRequest::Restore(request)).unwrap();
        self.works.bind(request, job).unwrap();
        self.works.order(Output::JobChanged { job, progress: state("running") });
        self.works.order(Output::HoldWork { job });
        self.works.order(Output::StartRestore { job, wish: RestoreWish::new(request) });
        let mut watch = self.works.watch(job).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let is_there = |view: &JobView| view.doing == "restoring files";
        runtime.block_on(async { watch.wait_for(is_there).await.map(drop) }).unwrap();
        job
    }

    /// Restores everything of the newest version.
    pub(crate) fn restore_to(&mut self, target: &Path) -> Result<JobView, Failure> {
        let request = RestoreRequest { target: text(target), ..RestoreRequest::default() };
        self.restore(request)
    }

    pub(crate) fn restore(&mut self, request: RestoreRequest) -> Result<JobView, Failure> {
        let job = self.begin_restore(request);
        self.end_of(job)?;
        Ok(self.works.job(job).unwrap())
    }

    pub(crate) fn check(&mut self, percent: u8) -> JobView {
        let job = self.new_job();
        self.works.begin(JobRequest::Check(CheckRequest { percent })).unwrap();
        self.works.order(Output::StartCheck { job, wish: CheckWish { percent, kept: None } });
        self.end_of(job).unwrap();
        self.works.job(job).unwrap()
    }

    /// How a job ended.
    pub(crate) fn end_of(&self, job: JobId) -> Result<(), Failure> {
        self.wait(|table| table.ended.get(&job).cloned())
    }

    /// Waits for the end of a dry run.
    pub(crate) fn end_of_dry_run(&self, job: &JobView) -> JobView {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut watch = self.works.watch(job.id.parse().unwrap()).unwrap();
        runtime.block_on(async { watch.wait_for(JobView::is_over).await.unwrap().clone() })
    }

    /// Supplier `number` takes a place: what was made for it is brought to it.
    pub(crate) fn give_to(&self, number: u8, block: BlockId, index: u8) {
        let mut table = self.table();
        let fragment = self.works.fragment(block, index).expect("it was made");
        let mut bytes = fragment.bytes.as_ref().to_vec();
        let mask = self.works.mask(identity(number), block, index).unwrap();
        let masked_root = mask.apply_and_root(&mut bytes);
        let receipt = encode(&receipt(number, (block, index), masked_root, bytes.len()));
        table.fragments.insert((block, index), (bytes, fragment.manifest));
        self.works.receipt(block, index, device(number), place(number).contract, &receipt);
    }

    /// The next thing that came of listing or mending blocks.
    pub(crate) fn next_healed(&self) -> Input {
        self.wait(|table| (!table.healed.is_empty()).then(|| table.healed.remove(0)))
    }

    /// A supplier has lost one of its fragments.
    pub(crate) fn forget_fragment(&self, block: BlockId, index: u8) {
        self.table().fragments.remove(&(block, index)).expect("it was there");
    }

    /// All blocks at the suppliers.
    pub(crate) fn blocks(&self) -> BTreeSet<BlockId> {
        self.table().fragments.keys().map(|(block, _)| *block).collect()
    }

    /// Bytes of a fragment of a block.
    pub(crate) fn size_of(&self, block: BlockId) -> usize {
        self.table().fragments[&(block, 0)].0.len()
    }

    fn new_job(&mut self) -> JobId {
        let mut table = self.table();
        table.jobs += 1;
        JobId([table.jobs; 32])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A test that failed shall not wait for workers that wait for it.
        if !std::thread::panicking() {
            self.works.clone().close();
            self.state.lock().is_over = true;
            self.inputs.blocking_send(Input::Time).unwrap();
            self.thread.take().unwrap().join().unwrap();
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) fn text(path: &Path) -> String {
    path_text::from_path(path)
}

/// Where a path is restored below a target.
pub(crate) fn below(target: &Path, path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    target.join(std::ffi::OsStr::from_bytes(&bytes[1..]))
}

fn state(state: &'static str) -> JobState {
    JobState { state, waits_for: None, failure: None, safety: None }
}

fn answer(works: &Works, state: &State, mut inputs: mpsc::Receiver<Input>) {
    while let Some(input) = inputs.blocking_recv() {
        match input {
            Input::Time if state.lock().is_over => return,
            Input::Sealed { job, block, .. } => sealed(works, state, job, block),
            Input::Recorded { block, ok } => {
                assert!(ok, "a block was not written down");
                works.order(Output::Release { block });
                let mut table = state.lock();
                let jobs: Vec<JobId> = table.placed.keys().copied().collect();
                for (blocks, _) in table.placed.values_mut() {
                    blocks.remove(&block);
                }
                drop(table);
                jobs.into_iter().for_each(|job| next(works, state, job));
            }
            Input::StageSealed { job, stage, head } => {
                let mut table = state.lock();
                table.head = head.or_else(|| table.head.take());
                table.placed.entry(job).or_default().1 = Some(stage);
                drop(table);
                next(works, state, job);
            }
            Input::WorkDone { job } => ended(works, state, job, Ok(())),
            Input::WorkFailed { job, failure } => ended(works, state, job, Err(failure)),
            Input::Wanted { fetch, block, spread, need, .. } => {
                wanted(works, state, (fetch, block), (spread, &need));
            }
            Input::Assembled { fetch, ok: false } => {
                let what = "it could not be put together".into();
                works.order(Output::Withhold { fetch, failure: Failure::Damaged { what } });
            }
            Input::Rebuilt { ok } => state.lock().rebuilt = Some(ok),
            Input::BlocksListed { .. }
            | Input::Mended { .. }
            | Input::MendVerified { .. }
            | Input::MendRecorded { .. } => state.lock().healed.push(input),
            _ => {}
        }
        state.changed.notify_all();
    }
}

/// Brings a block to all suppliers, or breaks the backup off.
fn sealed(works: &Works, state: &State, job: JobId, block: BlockId) {
    let mut table = state.lock();
    table.sealed += 1;
    let number = table.sealed;
    if let Some(on_sealed) = &mut table.on_sealed {
        on_sealed(number);
    }
    if let Some(left) = &mut table.stop_after {
        if *left == 0 {
            table.stop_after = None;
            drop(table);
            works.order(Output::StopWork { job });
            works.order(Output::Release { block });
            return;
        }
        *left -= 1;
    }
    for index in 0..2 * table.suppliers {
        let fragment = works.fragment(block, index).expect("it was not released");
        let place = index % table.suppliers;
        let mut bytes = fragment.bytes.as_ref().to_vec();
        let mask = works.mask(identity(place), block, index).unwrap();
        let masked_root = mask.apply_and_root(&mut bytes);
        let receipt = receipt(place, (block, index), masked_root, bytes.len());
        table.fragments.insert((block, index), (bytes, fragment.manifest));
        let contract = ContractId([place + 1; 32]);
        works.receipt(block, index, device(place), contract, &encode(&receipt));
    }
    table.placed.entry(job).or_default().0.insert(block);
    drop(table);
    works.order(Output::Record { block, arrangement: 1 });
}

fn receipt(place: u8, (block, index): (BlockId, u8), masked_root: Hash, bytes: usize) -> Receipt {
    let change = Change::Kept;
    let body = ReceiptBody {
        contract: ContractId([place + 1; 32]),
        sequence: 1,
        previous: Hash([0; 32]),
        entries: vec![ReceiptEntry { change, block, index, masked_root, bytes: bytes as u32 }],
        total_fragments: 1,
        total_bytes: bytes as u64,
        until: Date(9),
        date: Date(8),
    };
    Receipt::new(&supplier(place), Label::Receipt, body)
}

/// Goes on with a backup when everything of a stage is placed.
fn next(works: &Works, state: &State, job: JobId) {
    let mut table = state.lock();
    let Some((blocks, stage)) = table.placed.get_mut(&job) else { return };
    if !blocks.is_empty() {
        return;
    }
    let Some(stage) = stage.take() else { return };
    drop(table);
    works.order(match stage {
        Stage::Content => Output::NextStage { job, stage: Stage::Index },
        Stage::Index => Output::NextStage { job, stage: Stage::Head },
        Stage::Head => Output::Conclude { job },
    });
}

fn ended(works: &Works, state: &State, job: JobId, result: Result<(), Failure>) {
    let progress = match &result {
        Ok(()) => self::state("done"),
        Err(failure) => JobState { failure: Some(failure.clone()), ..self::state("failed") },
    };
    works.order(Output::JobChanged { job, progress });
    state.lock().ended.insert(job, result);
}

/// Gives fragments as the node asks for them: the wanted ones, or any k.
fn wanted(
    works: &Works,
    state: &State,
    (fetch, block): (u64, BlockId),
    (spread, need): (Spread, &Need),
) {
    let mut table = state.lock();
    if table.is_mute {
        return;
    }
    let mut gone = BTreeSet::new();
    loop {
        let is_there = |index: &u8| {
            !table.lost.contains(&spread.place_of(*index))
                && !gone.contains(index)
                && table.fragments.contains_key(&(block, *index))
        };
        let there: Vec<u8> = (0..spread.fragments()).filter(is_there).collect();
        let asked: Option<Vec<u8>> = match need {
            Need::Everything => Some(there),
            Need::These(wanted) => {
                Some(there.into_iter().filter(|index| wanted.contains(index)).collect())
            }
            Need::Data(wanted) if wanted.iter().all(|index| there.contains(index)) => {
                Some(wanted.iter().copied().collect())
            }
            Need::Data(_) if there.len() < spread.data.into() => None,
            Need::Data(_) => Some(there.into_iter().take(spread.data.into()).collect()),
        };
        let Some(asked) = asked else {
            let missing = table.lost.iter().map(|place| (device(*place), Some(1_000))).collect();
            let have = spread.suppliers - table.lost.len() as u8;
            let failure = Failure::TooFewSuppliers { have, need: spread.needed(), missing };
            works.order(Output::Withhold { fetch, failure });
            return;
        };
        let mut is_right = true;
        for index in asked {
            let (mut bytes, manifest) = table.fragments[&(block, index)].clone();
            table.given_bytes += bytes.len() as u64;
            if table.damaged.contains(&(block, index)) {
                bytes[0] ^= 1;
            }
            let place = spread.place_of(index);
            let supplier = identity(*table.taken.get(&place).unwrap_or(&place));
            let outcome = works.accept(fetch, index, supplier, bytes, &manifest);
            if outcome != GetOutcome::Arrived {
                gone.insert(index);
                is_right = false;
            }
        }
        if is_right || matches!(need, Need::Everything | Need::These(_)) {
            let is_lost = |index: &u8| table.lost.contains(&spread.place_of(*index));
            let unreached = (0..spread.fragments()).filter(is_lost);
            let unreached = unreached.map(|index| (index, Some(1_000))).collect();
            works.order(Output::Assemble { fetch, unreached });
            return;
        }
    }
}
