//! Measures the data path of the drive in memory, on one thread: 1 GiB of incompressible bytes beside
//! the bound of its parts in the same run, and 10,000 small files, backed up, unchanged and restored.
//!
//! Times are those of the processor, from `/proc/thread-self/schedstat`; on a busy machine only the
//! ratios mean something. The database lies on the disk of the simulator.
//!
//! `cargo run --release -p drive --example backup`
#![expect(clippy::print_stdout, reason = "a measurement, not the core")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use base::{BlockId, Date, SpaceId, SymmetricKey};
use codec::{BlockCoder, Chunker, EpochKeys, Kind, Packer, Sealer, Shape, Sizes, Stripe, Suite};
use drive::backup::{Meta, Outcome, SealedBlock, Session, Settings};
use drive::catalog::{Catalog, Placed, Stat};
use drive::format::BlockEntry;
use drive::restore::{BlockSource, Filter, Range, Reader, SourceError, Step, Walk};
use spaces::Keyring;
use store::{Drive, FaultyDisk};

const LARGE: usize = 1 << 30;
const SMALL_FILES: u32 = 10_000;
const SMALL_BYTES: usize = 4_096;

fn main() {
    for (k, m) in [(64, 64), (16, 28), (7, 7), (4, 4)] {
        let shape = Shape::new(k, m).expect("a known shape");
        let whole = large_file(shape);
        if k == 64 {
            println!("peak memory of the process after 1 GiB at 64+64: {}", peak());
        }
        let parts = parts(shape);
        let sum: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        println!("\n{k}+{m}, 1 GiB incompressible: {whole:.2} CPU-s/GiB, {:.2} GB/s", gb(whole));
        println!("  bound of the parts {sum:.2} CPU-s/GiB: {:.0} % of it", 100.0 * sum / whole);
        for (name, seconds) in parts {
            println!("    {name:<28} {seconds:.3}  {:>3.0} %", 100.0 * seconds / whole);
        }
    }
    small_files();
}

fn gb(seconds_per_gib: f64) -> f64 {
    LARGE as f64 / 1e9 / seconds_per_gib
}

/// Seconds that this thread has had of the processor.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
    first.unwrap_or(0.0) / 1e9
}

fn timed<T>(total: &mut f64, run: impl FnOnce() -> T) -> T {
    let begin = cpu();
    let result = run();
    *total += cpu() - begin;
    result
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".into(), |line| line.trim_start_matches("VmHWM:").trim().into())
}

/// Fast noise: xorshift64*, whose bytes do not compress.
struct Noise(u64);

impl Noise {
    fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            word.copy_from_slice(&number[..word.len()]);
        }
    }
}

struct World {
    drive: Drive,
    keyring: Keyring,
    shape: Shape,
    runs: u8,
}

impl World {
    fn new(shape: Shape) -> Self {
        let disk = Arc::new(FaultyDisk::new(1));
        let drive = Drive::open(disk, "drive").expect("an empty disk");
        let keyring = Keyring::create(SpaceId([1; 32]), &SymmetricKey([2; 32]));
        Self { drive, keyring, shape, runs: 0 }
    }

    fn session(&mut self) -> (Session<'_>, Receiver<SealedBlock>) {
        self.runs += 1;
        let settings = Settings {
            shape: self.shape,
            arrangement: 1,
            started: Date(1),
            suite: Suite::for_this_machine(),
            random: SymmetricKey([self.runs; 32]),
        };
        let (send, receive) = channel();
        let sink = Box::new(move |block| send.send(block).map_err(|_| drive::Stop));
        let session = Session::new(&self.drive, &self.keyring, &settings, sink);
        (session.expect("a new database"), receive)
    }
}

/// Says that everything is placed, and gives the memory back.
fn place(
    session: &mut Session<'_>,
    receive: &Receiver<SealedBlock>,
    keep: &mut Option<&mut Blocks>,
) {
    while let Ok(sealed) = receive.try_recv() {
        if let Some(blocks) = keep {
            blocks.0.insert(sealed.entry.id, sealed.stripe.data().to_vec());
        }
        let placed = Placed { block: sealed.entry.id, fragments: Vec::new() };
        session.give_back(sealed.stripe);
        session.placed(&[placed]).expect("the database takes it");
    }
}

fn finish(
    mut session: Session<'_>,
    receive: &Receiver<SealedBlock>,
    keep: &mut Option<&mut Blocks>,
) {
    session.seal_content(Vec::new(), Date(2), true).expect("nothing is open");
    place(&mut session, receive, keep);
    session.seal_index().expect("all is placed");
    place(&mut session, receive, keep);
    session.seal_head([7; 32]).expect("all is placed");
    place(&mut session, receive, keep);
    session.commit_version().expect("all is placed");
}

fn large_file(shape: Shape) -> f64 {
    let mut world = World::new(shape);
    let (mut session, receive) = world.session();
    let (mut seconds, mut noise, mut left) = (0.0, Noise(9), LARGE);
    session.begin_file(b"/large", Meta::default(), Stat::default()).expect("a good name");
    while left > 0 {
        let space = session.space();
        let now = left.min(space.len()).min(1 << 20);
        noise.fill(&mut space[..now]);
        left -= now;
        timed(&mut seconds, || {
            session.advance(now).expect("nobody stops it");
            place(&mut session, &receive, &mut None);
        });
    }
    timed(&mut seconds, || {
        session.end_file(Outcome::Whole { is_settled: true }).expect("nobody stops it");
        finish(session, &receive, &mut None);
    });
    seconds
}

/// What the parts cost by themselves, over as many bytes.
fn parts(shape: Shape) -> Vec<(&'static str, f64)> {
    let key = |byte| SymmetricKey([byte; 32]);
    let chunker = Chunker::new(Sizes::STANDARD, &key(1));
    let keys = EpochKeys::new(SpaceId([2; 32]), 0, key(3), key(4));
    let mut sealer = Sealer::new(Suite::for_this_machine());
    let coder = BlockCoder::new(shape);
    let mut packer = Packer::new(Stripe::new(shape));
    let mut spare = Some(Stripe::new(shape));
    let mut noise = Noise(9);
    let mut input = vec![0; 64 << 20];
    let (mut cut, mut identify, mut seal, mut pack, mut code) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for _ in 0..LARGE / input.len() {
        noise.fill(&mut input);
        let mut rest = input.as_slice();
        while !rest.is_empty() {
            let length = timed(&mut cut, || chunker.cut(rest, true)).unwrap_or(rest.len());
            let (chunk, next) = rest.split_at(length);
            rest = next;
            let chunk = timed(&mut identify, || keys.identify(chunk));
            let sealed = timed(&mut seal, || sealer.seal(&keys, Kind::Data, chunk));
            let mut sealed = sealed.expect("a chunk is short");
            loop {
                sealed = timed(&mut pack, || packer.fill(sealed));
                if packer.is_full() {
                    let empty = spare.take().expect("it comes back each time");
                    let mut filled = packer.replace(empty);
                    timed(&mut code, || coder.encode(&mut filled.stripe));
                    spare = Some(filled.stripe);
                }
                if sealed.is_empty() {
                    break;
                }
            }
        }
    }
    vec![
        ("cut", cut),
        ("identify", identify),
        ("compress and encrypt", seal),
        ("pack (copy)", pack),
        ("code and hash fragments", code),
    ]
}

/// The data of all blocks.
#[derive(Default)]
struct Blocks(BTreeMap<BlockId, Vec<u8>>);

impl BlockSource for Blocks {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        let missing = SourceError::Missing { present: 0, needed: block.k.into() };
        let data = self.0.get(&block.id).ok_or(missing)?;
        let part = |range: &Range| data[range.offset as usize..range.end() as usize].to_vec();
        Ok(ranges.iter().map(part).collect())
    }
}

fn small_files() {
    let mut world = World::new(Shape::new(7, 7).expect("a known shape"));
    let mut blocks = Blocks::default();
    for run in ["new", "unchanged"] {
        let (mut session, receive) = world.session();
        let (mut seconds, mut noise) = (0.0, Noise(11));
        let mut bytes = vec![0; SMALL_BYTES];
        timed(&mut seconds, || session.enter_directory(b"/small", Meta::default()))
            .expect("a good name");
        for number in 0..SMALL_FILES {
            noise.fill(&mut bytes);
            let name = format!("{number:08}");
            let stat = Stat { inode: number.into(), ..Stat::default() };
            timed(&mut seconds, || {
                small_file(&mut session, name.as_bytes(), stat, &bytes);
                place(&mut session, &receive, &mut Some(&mut blocks));
            });
        }
        timed(&mut seconds, || {
            session.leave_directory(true).expect("it is open");
            finish(session, &receive, &mut Some(&mut blocks));
        });
        println!("\n{SMALL_FILES} files of 4 KiB, {run}: {:.0} files/s", rate(seconds));
    }
    let version = Catalog::new(&world.drive).version(2).ok().flatten().expect("two runs");
    let mut reader = Reader::new(&world.drive, &world.keyring, &mut blocks);
    let mut walk = Walk::new(&version, Filter::all());
    let (mut seconds, mut bytes) = (0.0, 0);
    timed(&mut seconds, || {
        while let Some(step) = walk.next(&mut reader).expect("all blocks are there") {
            let Step::Entry { node, .. } = step else { continue };
            let Some(content) = node.kind.content() else { continue };
            let read = reader.read(content, &mut |run| {
                if let drive::restore::Run::Bytes(part) = run {
                    bytes += part.len();
                }
                Ok(())
            });
            read.expect("all blocks are there");
        }
    });
    assert_eq!(bytes, SMALL_FILES as usize * SMALL_BYTES);
    println!("\n{SMALL_FILES} files of 4 KiB, restored: {:.0} files/s", rate(seconds));
}

fn small_file(session: &mut Session<'_>, name: &[u8], stat: Stat, bytes: &[u8]) {
    if session.reuse(name, &stat).expect("a good name") {
        return;
    }
    session.begin_file(name, Meta::default(), stat).expect("a good name");
    session.write(bytes).expect("nobody stops it");
    session.end_file(Outcome::Whole { is_settled: true }).expect("nobody stops it");
}

fn rate(seconds: f64) -> f64 {
    f64::from(SMALL_FILES) / seconds
}
