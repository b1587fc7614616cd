//! How fast the workers are, without network and suppliers: backup, unchanged backup and restore of
//! a large file and of many small ones, from and to a temporary directory.
//!
//! `cargo run --release -p daemon --example work_speed [MIB] [FILES] [SUPPLIERS]`

#![expect(clippy::print_stdout, reason = "an example tells what it found")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base::{BlockId, ContractId, Date, IdentityId, JobId, SecretKey, SymmetricKey};
use daemon::view::{BackupRequest, RestoreRequest};
use daemon::work::{FRESH_MARK, JobRequest, Limits, Parts, Works, open_drive};
use identity::{DeviceName, Keystore, Phrase, Seed};
use node::input::Input;
use node::output::Output;
use node::wish::{BackupWish, RestoreWish};
use storage::backup::Stage;
use storage::fetch::Need;
use storage::policy::Policy;
use storage::terms::{Arrangement, Place};
use tokio::sync::mpsc;

/// Masked fragments with their manifests.
type Kept = BTreeMap<(BlockId, u8), (Vec<u8>, Arc<[u8]>)>;

fn main() {
    let argument = |number: usize, usual: usize| {
        std::env::args().nth(number).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (mib, files, suppliers) = (argument(1, 1024), argument(2, 10_000), argument(3, 7));
    let place = tempfile::TempDir::new().expect("a temporary directory");
    let large = place.path().join("large");
    std::fs::create_dir(&large).expect("a directory");
    let mut noise = vec![0; mib << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    std::fs::write(large.join("file"), &noise).expect("a file");
    let small = place.path().join("small");
    for number in 0..files {
        let directory = small.join((number / 100).to_string());
        std::fs::create_dir_all(&directory).expect("a directory");
        let bytes = &noise[number * 64..][..4096.min(noise.len() - number * 64)];
        std::fs::write(directory.join(number.to_string()), bytes).expect("a file");
    }
    drop(noise);
    let mut world = World::new(&place.path().join("home"), suppliers as u8);
    println!("{mib} MiB in one file, {files} files of 4 KiB, {suppliers} suppliers");
    let mib = mib as f64;
    let seconds = world.backup(&large);
    println!("backup, large     {seconds:6.2} s  {:7.0} MiB/s", mib / seconds);
    let seconds = world.restore(&place.path().join("back"), 1);
    println!("restore, large    {seconds:6.2} s  {:7.0} MiB/s", mib / seconds);
    let files = files as f64;
    let seconds = world.backup(&small);
    println!("backup, small     {seconds:6.2} s  {:7.0} files/s", files / seconds);
    let seconds = world.restore(&place.path().join("back"), 2);
    println!("restore, small    {seconds:6.2} s  {:7.0} files/s", files / seconds);
    let seconds = world.backup(&small);
    println!("unchanged, small  {seconds:6.2} s  {:7.0} files/s", files / seconds);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{}", peak.unwrap_or_default());
    }
}

/// The workers, with a thread that is node and suppliers.
struct World {
    works: Works,
    ended: std::sync::mpsc::Receiver<Result<(), String>>,
    arrangement: Arrangement,
    jobs: u8,
}

impl World {
    fn new(home: &Path, suppliers: u8) -> Self {
        std::fs::create_dir_all(home).expect("a directory");
        std::fs::write(home.join(FRESH_MARK), "").expect("a file");
        let words = Seed::new(&Phrase::from_entropy([1; 32]));
        let device = SecretKey::from_seed(SymmetricKey([2; 32]));
        let name = DeviceName::new("speed").expect("short");
        let keys = Keystore::from_seed(&words, words.chain(), device, name, Date(1));
        let keys = keys.expect("made from one seed");
        let drive = open_drive(home, &keys).expect("a new drive");
        let (inputs, receiver) = mpsc::channel(256);
        let works = Works::new(Parts {
            drive,
            device: keys.device.clone(),
            storage_root: keys.storage_root.clone(),
            space: spaces::own_drive(keys.identity(), &keys.storage_root),
            excludes: vec![],
            inputs,
            limits: Limits { sealed_bytes: 128 << 20, fetch_bytes: 64 << 20 },
        });
        let works = works.expect("threads");
        let (tell, ended) = std::sync::mpsc::channel();
        let own = works.clone();
        std::thread::spawn(move || answer(&own, suppliers, receiver, &tell));
        let place = |place| Place {
            identity: IdentityId([place + 1; 32]),
            device: SecretKey::from_seed(SymmetricKey([100 + place; 32])).public().into(),
            contract: ContractId([place + 1; 32]),
        };
        let places = (0..suppliers).map(place).collect();
        let arrangement = Arrangement { number: 1, policy: Policy::Double, places };
        Self { works, ended, arrangement, jobs: 0 }
    }

    fn backup(&mut self, path: &Path) -> f64 {
        let paths = vec![path.display().to_string()];
        let request = BackupRequest { paths, ..BackupRequest::default() };
        let request = self.works.begin(JobRequest::Backup(request)).expect("a good request");
        let (job, arrangement) = (self.job(), self.arrangement.clone());
        let wish = BackupWish::new(request);
        self.run(Output::StartBackup { job, wish, arrangement })
    }

    fn restore(&mut self, target: &Path, version: u64) -> f64 {
        let target = target.display().to_string();
        let request = RestoreRequest { target, version: Some(version), ..Default::default() };
        let request = self.works.begin(JobRequest::Restore(request)).expect("a good request");
        let job = self.job();
        self.run(Output::StartRestore { job, wish: RestoreWish::new(request) })
    }

    fn run(&self, order: Output) -> f64 {
        let start = Instant::now();
        self.works.order(order);
        self.ended.recv().expect("an end").expect("a good end");
        start.elapsed().as_secs_f64()
    }

    fn job(&mut self) -> JobId {
        self.jobs += 1;
        JobId([self.jobs; 32])
    }
}

fn answer(
    works: &Works,
    suppliers: u8,
    mut inputs: mpsc::Receiver<Input>,
    ended: &std::sync::mpsc::Sender<Result<(), String>>,
) {
    let kept: Arc<Mutex<Kept>> = Arc::default();
    let (mut open, mut stage) = (0, None);
    while let Some(input) = inputs.blocking_recv() {
        match input {
            Input::Sealed { block, .. } => {
                open += 1;
                keep(works, suppliers, block, &kept);
                works.order(Output::Record { block, arrangement: 1 });
            }
            Input::Recorded { block, .. } => {
                open -= 1;
                works.order(Output::Release { block });
            }
            Input::StageSealed { job, stage: sealed, .. } => stage = Some((job, sealed)),
            Input::WorkDone { .. } => drop(ended.send(Ok(()))),
            Input::WorkFailed { failure, .. } => drop(ended.send(Err(format!("{failure:?}")))),
            Input::Wanted { fetch, block, need: Need::Data(wanted), .. } => {
                for index in wanted {
                    let kept = kept.lock().expect("no panics");
                    let (bytes, manifest) = kept[&(block, index)].clone();
                    drop(kept);
                    works.accept(fetch, index, identity(index % suppliers), bytes, &manifest);
                }
                works.order(Output::Assemble { fetch, unreached: vec![] });
            }
            _ => {}
        }
        if open == 0
            && let Some((job, sealed)) = stage.take()
        {
            works.order(match sealed {
                Stage::Content => Output::NextStage { job, stage: Stage::Index },
                Stage::Index => Output::NextStage { job, stage: Stage::Head },
                Stage::Head => Output::Conclude { job },
            });
        }
    }
}

fn keep(works: &Works, suppliers: u8, block: BlockId, kept: &Mutex<Kept>) {
    for index in 0..2 * suppliers {
        let fragment = works.fragment(block, index).expect("it is there");
        let mut bytes = fragment.bytes.as_ref().to_vec();
        let mask = works.mask(identity(index % suppliers), block, index).expect("a keyring");
        mask.apply_and_root(&mut bytes);
        kept.lock().expect("no panics").insert((block, index), (bytes, fragment.manifest));
    }
}

fn identity(place: u8) -> IdentityId {
    IdentityId([place + 1; 32])
}
