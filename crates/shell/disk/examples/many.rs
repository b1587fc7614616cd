//! Measures the stores on the real disk with very many things in them: the supplier's start after
//! SIGKILL with many fragments, and the rows of the customer's files. Its speed with few large ones
//! is told by `cargo xtask bench store`.
//!
//! `cargo run --release -p disk --example many -- start [DIRECTORY [FRAGMENTS]]`
//! `cargo run --release -p disk --example many -- drive [DIRECTORY [FILES]]`
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{
    BlockId, ContractId, Date, IdentityId, Label, SecretKey, Signature, SymmetricKey, encode, hash,
};
use disk::RealDisk;
use rustix::time::{ClockId, clock_gettime};
use store::database::PAGE_ROWS_MAX;
use store::drive::{Drive, FileRow};
use store::fragments::{FragmentStore, Opening, Put, Settings, masked_root};
use store::receipt::ReceiptBody;

type Failed = Box<dyn Error>;

const NOW: Date = Date(1_800_000_000_000);
const MANIFEST_BYTES: usize = 700;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |at: usize| arguments.get(at).map(String::as_str);
    let directory = text(1).map_or_else(
        || std::env::temp_dir().join(format!("many-{}", std::process::id())),
        PathBuf::from,
    );
    let count = || text(2).map_or(Ok(1_000_000), str::parse);
    match text(0) {
        Some("fill") => return fill(&directory, count()?),
        Some("drive") => drive(&directory, count()?)?,
        Some("start") | None => start(&directory, count()?)?,
        Some(other) => return Err(format!("'{other}' is not start or drive").into()),
    }
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn make_puts(count: usize, payload_bytes: usize, from: usize) -> Vec<Put> {
    let make = |number: usize| {
        let block = hash("example block", &(number as u64).to_le_bytes()).0;
        let seed = u64::from_le_bytes([1, block[1], block[2], block[3], block[4], 5, 6, 7]);
        let mut state = seed;
        let word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_le_bytes()
        };
        let payload: Vec<u8> =
            std::iter::repeat_with(word).take(payload_bytes / 8).flatten().collect();
        Put {
            owner: IdentityId([1; 32]),
            contract: ContractId([2; 32]),
            block: BlockId(block),
            index: (number % 4) as u8,
            masked_root: masked_root(&payload),
            manifest: vec![7; MANIFEST_BYTES],
            payload,
        }
    };
    (from..from + count).map(make).collect()
}

fn sign(key: &SecretKey) -> impl Fn(&ReceiptBody) -> Signature {
    move |body| Signature::make(key, Label::Receipt, &encode(body))
}

fn open(directory: &Path) -> Result<FragmentStore, Failed> {
    let disk = Arc::new(RealDisk::open(directory)?);
    let mut store = FragmentStore::open(disk, Settings::usual([1; 32]))?;
    if store.contracts().is_empty() {
        store.open_contract(
            &Opening {
                contract: ContractId([2; 32]),
                owner: IdentityId([1; 32]),
                document: vec![1; 1000],
                quota_bytes: 1 << 44,
                until: NOW.plus_ms(1 << 40),
            },
            NOW,
        )?;
    }
    Ok(store)
}

fn start(directory: &Path, count: usize) -> Result<(), Failed> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("fill")
        .arg(directory)
        .arg(count.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if line.starts_with("filled") {
            break;
        }
    }
    // It goes on writing, so that it is killed in the middle of something.
    std::thread::sleep(Duration::from_millis(300));
    child.kill()?;
    child.wait()?;
    for what in ["after SIGKILL", "again"] {
        let begun = Instant::now();
        let store = open(directory)?;
        let wall = begun.elapsed();
        let recovery = store.recovery();
        println!(
            "start {what}: {:.0} ms; index {:?}, {} records read, {} bytes cut, {} fragments, {} MiB resident",
            wall.as_secs_f64() * 1e3,
            recovery.index,
            recovery.records,
            recovery.cut_bytes,
            store.contracts()[0].totals.fragments,
            resident_mib(),
        );
    }
    std::fs::remove_file(directory.join("index"))?;
    let begun = Instant::now();
    let store = open(directory)?;
    println!(
        "start without the index: {:.1} s; {} fragments, {} MiB resident",
        begun.elapsed().as_secs_f64(),
        store.contracts()[0].totals.fragments,
        resident_mib(),
    );
    Ok(())
}

fn fill(directory: &Path, count: usize) -> Result<(), Failed> {
    let key = SecretKey::from_seed(SymmetricKey([3; 32]));
    let mut store = open(directory)?;
    let begun = Instant::now();
    for from in (0..).step_by(512) {
        if (count..count + 512).contains(&from) {
            let seconds = begun.elapsed().as_secs_f64();
            println!(
                "filled with {from} fragments in {seconds:.0} s, {} MiB resident",
                resident_mib()
            );
        }
        store.commit(&make_puts(512, 4096, from), &sign(&key), NOW);
    }
    Ok(())
}

/// The memory of this process that is in use, MiB; 0 where the system does not tell.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// Rows of files: written as a first backup does, and read as the next one does.
fn drive(directory: &Path, count: usize) -> Result<(), Failed> {
    let drive = Drive::open(Arc::new(RealDisk::open(directory)?), "drive")?;
    let row = |number: usize| {
        let path = format!("home/user/projects/{:03}/{:05}/file.rs", number % 400, number);
        let number = number as u64;
        let content = hash("example", &number.to_le_bytes()).0.to_vec();
        let (mtime_ns, ctime_ns) = (1_700_000_000_000_000_000, 1_700_000_000_000_000_000);
        let row = FileRow { size: number, mtime_ns, ctime_ns, inode: number, mode: 0o644, content };
        (path.into_bytes(), Some(row))
    };
    let begun = Instant::now();
    for from in (0..count).step_by(5000) {
        let rows: Vec<_> = (from..count.min(from + 5000)).map(row).collect();
        drive.record_files(1, &rows)?;
    }
    let written = begun.elapsed().as_secs_f64();
    let (begun, before) = (Instant::now(), cpu());
    let (mut after, mut read): (Option<Vec<u8>>, usize) = (None, 0);
    loop {
        let page = drive.files(1, after.as_deref(), PAGE_ROWS_MAX)?;
        read += page.files.len();
        after = page.files.into_iter().next_back().map(|(path, _)| path);
        if !page.has_more {
            break;
        }
    }
    let (wall, busy) = (begun.elapsed().as_secs_f64(), (cpu() - before).as_secs_f64());
    println!(
        "{count} files: {:.0} rows/s written, {:.0} rows/s read ({:.0} per CPU second), {} MiB resident",
        count as f64 / written,
        read as f64 / wall,
        read as f64 / busy,
        resident_mib(),
    );
    Ok(())
}
