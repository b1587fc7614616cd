//! The whole promise in one command: real nodes on loopback, a backup, a disaster, and every byte
//! back from the words alone.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::fleet::{Daemon, Media};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use daemon::view::{BackupRequest, JobView, RestoreRequest, path_text};
use disk::tree::compare::{Aspects, compare_trees};
use disk::tree::sample::make_sample;
use storage::policy::{Policy, Spread};

mod fleet;
mod healing;
mod report;

use self::fleet::{Fleet, Setting};
use self::report::Report;

/// Show the whole thing: back up, destroy, recover from the words, compare every byte.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  bitdust demo                              a tree of 256 MiB over 7 suppliers
  bitdust demo ~/Pictures --suppliers 13    your own files, any 6 suppliers may die
  bitdust demo --policy standard --size 16MiB")]
pub(crate) struct DemoArgs {
    /// The file or directory to back up; a tree is made if none is named.
    pub(crate) path: Option<PathBuf>,
    /// How many supplier processes are started: 7 if none is said; the policies other than double
    /// have a number of their own.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) suppliers: Option<u8>,
    /// How the data is spread: double, standard, vault or bunker.
    #[arg(long, default_value = "double")]
    pub(crate) policy: String,
    /// Size of the tree that is made.
    #[arg(long, default_value = "256 MiB")]
    pub(crate) size: String,
    /// Leave the demo's directory where it is.
    #[arg(long)]
    pub(crate) keep: bool,
    /// What the nodes speak with.
    #[arg(long, value_enum, default_value_t = Transport::Both)]
    pub(crate) transport: Transport,
}

/// What the nodes speak with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// TCP only.
    Tcp,
    /// QUIC only.
    Quic,
    /// Both.
    Both,
}

impl From<Transport> for Media {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => Self::Tcp,
            Transport::Quic => Self::Quic,
            Transport::Both => Self::Both,
        }
    }
}

/// Suppliers of a demo if none is said.
const SUPPLIERS: u8 = 7;
/// How long one step may take before the demo gives up.
const STEP_MAX: Duration = Duration::from_secs(900);
/// Errors name a device by the beginning of its id.
const SHORT_NAME: usize = 16;
/// The error about missing suppliers must come within this time.
const CLEAR_ERROR_MAX: Duration = Duration::from_secs(60);

/// Runs the demo. The exit code says whether every byte came back and the last loss was named.
///
/// # Errors
/// A process could not be started, or a step took too long.
pub(crate) async fn run(args: DemoArgs, json: bool) -> anyhow::Result<ExitCode> {
    let policy = Policy::of_name(&args.policy).with_context(|| {
        format!("'{}' is no policy: double, standard, vault or bunker", args.policy)
    })?;
    let suppliers = policy.suppliers().or(args.suppliers).unwrap_or(SUPPLIERS);
    if let Some(asked) = args.suppliers.filter(|asked| *asked != suppliers) {
        bail!("the policy {} takes {suppliers} suppliers, not {asked}", policy.name());
    }
    let spread = Spread::new(policy, suppliers)?;
    let size = base::parse_bytes(&args.size)?;
    let root = std::env::temp_dir().join(format!("bitdust-demo-{}", std::process::id()));
    std::fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let source = args.path.clone();
    let setting =
        Setting { root: root.clone(), policy, spread, media: args.transport.into(), size };
    let report = Report::new(json, args.keep.then(|| root.clone()));

    let outcome = tokio::select! {
        outcome = story(setting, source, &report) => outcome,
        () = interrupted() => {
            report.say("Interrupted: stopping all nodes and cleaning up.");
            Ok(130)
        }
    };
    if !args.keep {
        std::fs::remove_dir_all(&root)
            .with_context(|| format!("cannot remove {}", root.display()))?;
    }
    report.end();
    Ok(ExitCode::from(outcome?))
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without it there is still Ctrl-C.
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

async fn story(setting: Setting, source: Option<PathBuf>, report: &Report) -> anyhow::Result<u8> {
    let (policy, spread) = (setting.policy, setting.spread);
    let source = match source {
        Some(path) => std::fs::canonicalize(&path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => make_tree(&setting, report).await?,
    };
    report.say(&format!(
        "Starting {} suppliers, each a process of its own ({}) …",
        spread.suppliers,
        setting.media.name()
    ));
    let mut fleet = Fleet::start(setting).await?;
    let (customer, words) = fleet.new_customer().await?;
    report.say("A new identity was made; its 24 words are all that will survive.");

    let job = back_up(&customer, &source, report).await?;
    report.stored(&customer.client.status().await?, &job, spread);

    // The other policies wait with repairs until many are lost.
    let is_healed = if policy == Policy::Double && spread.may_lose() > 0 {
        healing::heal(&mut fleet, &customer, spread, report).await?
    } else {
        true
    };

    let victims = fleet.kill_suppliers(spread.may_lose()).await?;
    let home = customer.kill().await?;
    std::fs::remove_dir_all(&home).with_context(|| format!("cannot erase {}", home.display()))?;
    report.destroyed(&victims, &home);

    let recovered = fleet.recover_customer(&words).await?;
    let target = fleet.root().join("restored");
    let verdict = restore_and_compare(&recovered, &source, &target, report).await?;

    let is_clear = if spread.may_lose() < spread.suppliers {
        let victim = fleet.kill_suppliers(1).await?;
        one_more_lost((&recovered, &source), &fleet, &victim, report).await?
    } else {
        true
    };
    fleet.stop().await;
    Ok(u8::from(!(is_healed && verdict && is_clear)))
}

async fn make_tree(setting: &Setting, report: &Report) -> anyhow::Result<PathBuf> {
    let path = setting.root.join("files");
    let (tree, size) = (path.clone(), setting.size);
    let made = tokio::task::spawn_blocking(move || make_sample(&tree, size, 1)).await??;
    report.say(&format!(
        "Made a tree of {} files in {} directories, {}.",
        made.files,
        made.directories,
        base::format_bytes(made.bytes)
    ));
    Ok(path)
}

async fn back_up(customer: &Daemon, source: &Path, report: &Report) -> anyhow::Result<JobView> {
    let request =
        BackupRequest { paths: vec![path_text::from_path(source)], ..BackupRequest::default() };
    let job = customer.client.backup(&request).await.context("the backup was not taken")?;
    let job = follow(customer, &job.id, "backing up", report).await?;
    if job.state != "done" {
        bail!("the backup ended as {}: {}", job.state, report::explain(&job));
    }
    ensure!(job.problems_total == 0, "not everything could be read: {:?}", job.problems.first());
    Ok(job)
}

async fn restore_and_compare(
    customer: &Daemon,
    source: &Path,
    target: &Path,
    report: &Report,
) -> anyhow::Result<bool> {
    let request =
        RestoreRequest { target: path_text::from_path(target), ..RestoreRequest::default() };
    let job = customer.client.restore(&request).await.context("the restore was not taken")?;
    let job = follow(customer, &job.id, "restoring", report).await?;
    if job.state != "done" || job.problems_total > 0 {
        report.say(&format!("The restore ended as {}: {}", job.state, report::explain(&job)));
        return Ok(false);
    }
    report.restored(&job);
    let (first, second) = (source.to_path_buf(), restored_copy(source, target));
    let compared =
        tokio::task::spawn_blocking(move || compare_trees(&first, &second, Aspects::default()))
            .await??;
    report.compared(&compared);
    Ok(compared.is_equal())
}

/// A version keeps the whole path of what was backed up, so that several trees fit into one.
fn restored_copy(source: &Path, target: &Path) -> PathBuf {
    target.join(source.strip_prefix("/").unwrap_or(source))
}

async fn one_more_lost(
    (customer, source): (&Daemon, &Path),
    fleet: &Fleet,
    victim: &[String],
    report: &Report,
) -> anyhow::Result<bool> {
    report.say(&format!("Killing one supplier more than the policy allows: {}", victim.join(", ")));
    let target = fleet.root().join("too-late");
    let request =
        RestoreRequest { target: path_text::from_path(&target), ..RestoreRequest::default() };
    let begun = Instant::now();
    let job = customer.client.restore(&request).await.context("the restore was not taken")?;
    let job = follow(customer, &job.id, "restoring", report).await?;
    let took = begun.elapsed();
    if job.state == "done" && job.problems_total == 0 {
        // So little that it lies in the catalog, which is here again.
        let (first, second) = (source.to_path_buf(), restored_copy(source, &target));
        let comparing = move || compare_trees(&first, &second, Aspects::default());
        let compared = tokio::task::spawn_blocking(comparing).await??;
        report.not_needed(compared.is_equal());
        return Ok(compared.is_equal());
    }
    let named = job.error.as_ref().is_some_and(|error| {
        error.code == "too-few-suppliers"
            && victim.iter().all(|name| error.happened.contains(&name[..SHORT_NAME]))
    });
    let is_clear = job.state == "failed" && named && took <= CLEAR_ERROR_MAX;
    report.refused(&job, took, is_clear);
    Ok(is_clear && no_file_in(&target))
}

/// No file, whole or partial, may be left where data could not be had.
fn no_file_in(directory: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else { return true };
    entries.flatten().all(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => no_file_in(&entry.path()),
        Ok(kind) => !kind.is_file(),
        Err(_) => false,
    })
}

async fn follow(
    customer: &Daemon,
    id: &str,
    verb: &str,
    report: &Report,
) -> anyhow::Result<JobView> {
    let watch = async {
        let mut events = customer.client.watch_job(id).await?;
        let mut last = customer.client.job(id).await?;
        while let Some(job) = events.next().await? {
            report.progress(verb, &job);
            let is_over = job.is_over();
            last = job;
            if is_over {
                break;
            }
        }
        report.progress_end();
        anyhow::Ok(last)
    };
    match tokio::time::timeout(STEP_MAX, watch).await {
        Ok(job) => job,
        Err(_) => bail!("{verb} took longer than {} s", STEP_MAX.as_secs()),
    }
}
