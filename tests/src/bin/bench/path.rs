//! The whole path with real processes: a file that nothing compresses through seven suppliers on
//! loopback and back, beside what its parts cost in the same run; a range of it; three suppliers dead.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use daemon::view::path_text;
use e2e::{Network, back_up, compare, restore};
use fleet::{Daemon, Media};

use crate::beside;
use crate::codec::{self, Whole};
use crate::cost::{Begun, Cost, cpu_s, file_bytes_read, peak_mib};
use crate::input::{noise, write_noise};
use crate::network;
use crate::report::{Cell, Table};
use crate::scale::Scale;
use crate::store;

const SUPPLIERS: usize = 7;
/// With `double`, so many may be lost.
const DEAD: usize = 3;
/// `double` stores and sends so much for each byte.
const EXPANSION: f64 = 2.0;
const GIB: f64 = (1_u64 << 30) as f64;
const MIB: u64 = 1 << 20;
/// Ranges that are read, each of 1 MiB at a place of its own.
const RANGES: u64 = 16;

/// The tables.
pub(crate) async fn run(scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let parts = Parts::measure(scale).await?;
    let mut world = World::start(scale).await?;
    let upload = world.upload().await?;
    let healthy = world.restore("healthy").await?;
    let range = world.ranges().await?;
    let peaks = world.peaks()?;
    world.kill().await?;
    let half_dead = world.restore("half-dead").await?;
    let title = format!(
        "Path: {} MiB incompressible, {SUPPLIERS} suppliers, double, {}, all on this machine",
        world.bytes / MIB,
        scale.media.name()
    );
    let columns = ["", "MB/s", "CPU-s/GiB", "customer", "suppliers", "parts", "ratio"];
    let mut table = Table::new(title, &columns);
    table.row(spent("upload", &upload, world.bytes, parts.upload()));
    table.row(spent("restore, all alive", &healthy, world.bytes, parts.restore()));
    let name = format!("restore, {DEAD} of {SUPPLIERS} dead");
    table.row(spent(&name, &half_dead, world.bytes, parts.restore()));
    table.note(
        "CPU-s/GiB: user and system of all eight processes. Target of the ratio: 1.3 at most.",
    );
    let kept = half_dead.wall_s / healthy.wall_s;
    table.note(format!(
        "With {DEAD} dead the restore has {:.2} of the healthy speed on the wall; target 0.80.",
        1.0 / kept
    ));
    let mut tables = vec![parts.table(), table, range, peaks];
    tables.extend(beside::large(&world.source, world.bytes)?);
    Ok(tables)
}

fn spent(name: &str, spent: &Spent, bytes: u64, parts: f64) -> Vec<Cell> {
    let gib = bytes as f64 / GIB;
    let all = (spent.customer_s + spent.suppliers_s) / gib;
    vec![
        name.into(),
        (bytes as f64 / 1e6 / spent.wall_s).into(),
        all.into(),
        (spent.customer_s / gib).into(),
        (spent.suppliers_s / gib).into(),
        parts.into(),
        (all / parts).into(),
    ]
}

/// What the parts cost by themselves, CPU seconds per GiB of plain data.
struct Parts {
    codec: Whole,
    network: f64,
    segments: f64,
    files: f64,
}

impl Parts {
    async fn measure(scale: &Scale) -> anyhow::Result<Self> {
        let case = if scale.media == Media::Quic { network::QUIC } else { network::TCP };
        let bytes = scale.path_bytes();
        let per_gib = |cost: Cost| cost.cpu_s / (bytes as f64 / GIB);
        let (mut network, mut segments, mut files) = (f64::MAX, f64::MAX, f64::MAX);
        // The first to touch memory and disk pays for all who follow: it does not count.
        store::write_raw(bytes)?;
        for _ in 0..scale.rounds() {
            network = network.min(per_gib(network::transfer(case, bytes).await?));
            segments = segments.min(per_gib(store::write_raw(bytes)?));
            files = files.min(per_gib(write_file(bytes)?));
        }
        Ok(Self { codec: codec::whole(SUPPLIERS, SUPPLIERS, scale), network, segments, files })
    }

    fn codec(&self) -> [f64; 2] {
        [self.codec.encode_bound, self.codec.decode_bound].map(|per_gb| per_gb * GIB / 1e9)
    }

    fn upload(&self) -> f64 {
        self.codec()[0] + EXPANSION * (self.network + self.segments)
    }

    fn restore(&self) -> f64 {
        self.codec()[1] + self.network + self.files
    }

    fn table(&self) -> Table {
        let mut table = Table::new(
            "Path: the parts by themselves, CPU-s/GiB of plain data",
            &["", "once", "in an upload", "in a restore"],
        );
        let [encode, decode] = self.codec();
        let sent = EXPANSION * self.network;
        table.row(vec!["codec".into(), Cell::Empty, encode.into(), decode.into()]);
        table.row(vec!["transfer".into(), self.network.into(), sent.into(), self.network.into()]);
        let written = EXPANSION * self.segments;
        table.row(vec!["segments".into(), self.segments.into(), written.into(), Cell::Empty]);
        table.row(vec!["file".into(), self.files.into(), Cell::Empty, self.files.into()]);
        let [encode, decode] =
            [self.codec.encode, self.codec.decode].map(|per_gb| per_gb * GIB / 1e9);
        table.note(format!(
            "The codec by itself needs {encode:.2} and {decode:.2}; above stand the raw speeds of its parts."
        ));
        let (upload, restore) = (self.upload(), self.restore());
        table.row(vec!["together".into(), Cell::Empty, upload.into(), restore.into()]);
        table
    }
}

/// Writes one file as a restore must, in pieces, without a sync.
fn write_file(bytes: u64) -> anyhow::Result<Cost> {
    use std::io::Write;
    let directory = tempfile::tempdir()?;
    let piece = noise(1, 1 << 20);
    let begun = Begun::now();
    let mut file = std::fs::File::create(directory.path().join("file"))?;
    for _ in 0..bytes / MIB {
        file.write_all(&piece)?;
    }
    Ok(begun.cost())
}

/// What a job cost all processes.
struct Spent {
    wall_s: f64,
    customer_s: f64,
    suppliers_s: f64,
}

struct World {
    network: Network,
    customer: Daemon,
    source: std::path::PathBuf,
    bytes: u64,
}

impl World {
    async fn start(scale: &Scale) -> anyhow::Result<Self> {
        let network = Network::start(SUPPLIERS, scale.media).await?;
        let config = network.customer_config("double", SUPPLIERS as u8);
        let (customer, _) = network.customer("customer", &config).await?;
        let source = network.root.path().join("files");
        std::fs::create_dir_all(&source)?;
        let bytes = scale.path_bytes();
        write_noise(&source.join("large"), bytes)?;
        Ok(Self { network, customer, source, bytes })
    }

    async fn upload(&self) -> anyhow::Result<Spent> {
        let begun = Before::now(&self.network, &self.customer)?;
        back_up(&self.customer, &self.source).await?;
        begun.spent(&self.network, &self.customer)
    }

    async fn restore(&self, name: &str) -> anyhow::Result<Spent> {
        let target = self.network.root.path().join(name);
        let begun = Before::now(&self.network, &self.customer)?;
        let job = restore(&self.customer, &target).await?;
        let spent = begun.spent(&self.network, &self.customer)?;
        if job.state != "done" || job.problems_total > 0 {
            bail!("the restore ended so: {job:?}");
        }
        ensure!(compare(&self.source, &target)?.is_equal(), "other bytes came back");
        std::fs::remove_dir_all(&target)?;
        Ok(spent)
    }

    /// Reads some ranges far apart, each by itself.
    async fn ranges(&self) -> anyhow::Result<Table> {
        let path = path_text::from_path(&self.source.join("large"));
        let step = self.bytes / RANGES;
        let read = |network: &Network| -> anyhow::Result<u64> {
            pids(network)?.into_iter().map(file_bytes_read).sum()
        };
        let before = read(&self.network)?;
        let mut times_ms = vec![];
        for number in 0..RANGES {
            let offset = number * step + step / 3;
            let begun = Instant::now();
            let mut range = self.customer.client.read_file(None, &path, offset, Some(MIB)).await?;
            let mut bytes = vec![];
            while let Some(piece) = range.next().await? {
                bytes.extend_from_slice(&piece);
            }
            times_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            ensure!(bytes == part(&self.source.join("large"), offset)?, "other bytes came");
        }
        times_ms.sort_by(f64::total_cmp);
        let fetched = (read(&self.network)? - before) as f64 / RANGES as f64 / MIB as f64;
        let mut table = Table::new(
            format!("Path: {RANGES} ranges of 1 MiB, each for itself"),
            &["", "median ms", "worst ms", "MiB read by suppliers"],
        );
        let (median, worst) = (times_ms[times_ms.len() / 2], times_ms[times_ms.len() - 1]);
        table.row(vec!["range".into(), median.into(), worst.into(), fetched.into()]);
        table.note("A block has 7 MiB of data here. Target: at most 3 blocks for a range.");
        Ok(table)
    }

    fn peaks(&self) -> anyhow::Result<Table> {
        let mut table = Table::new("Path: peak memory, MiB", &["", "peak RSS", "allowed"]);
        let customer = peak_mib(self.customer.pid().context("it runs")?)?;
        let suppliers: Vec<f64> =
            pids(&self.network)?.into_iter().map(peak_mib).collect::<Result<_, _>>()?;
        let most = suppliers.into_iter().fold(0.0, f64::max);
        table.row(vec!["customer".into(), customer.into(), 256.0.into()]);
        table.row(vec!["supplier, the largest".into(), most.into(), 256.0.into()]);
        Ok(table)
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        for number in 0..DEAD {
            self.network.kill(number).await?;
        }
        Ok(())
    }
}

fn part(path: &Path, offset: u64) -> anyhow::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; MIB as usize];
    std::fs::File::open(path)?.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// The processes of all suppliers that are alive.
fn pids(network: &Network) -> anyhow::Result<Vec<u32>> {
    let alive = network.suppliers.iter().flatten();
    alive.map(|daemon| daemon.pid().context("a supplier has ended")).collect()
}

/// How things stood before a job.
struct Before {
    at: Instant,
    customer_s: f64,
    suppliers_s: f64,
}

impl Before {
    fn now(network: &Network, customer: &Daemon) -> anyhow::Result<Self> {
        let customer_s = cpu_s(customer.pid().context("the customer has ended")?)?;
        let suppliers_s = pids(network)?.into_iter().map(cpu_s).sum::<Result<f64, _>>()?;
        Ok(Self { at: Instant::now(), customer_s, suppliers_s })
    }

    fn spent(&self, network: &Network, customer: &Daemon) -> anyhow::Result<Spent> {
        let now = Self::now(network, customer)?;
        Ok(Spent {
            wall_s: self.at.elapsed().as_secs_f64(),
            customer_s: now.customer_s - self.customer_s,
            suppliers_s: now.suppliers_s - self.suppliers_s,
        })
    }
}
