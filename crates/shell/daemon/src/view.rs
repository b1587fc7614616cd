//! What the daemon tells about itself: the types of the local API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub mod durability;
pub mod path_text;

/// The node at a glance.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Who this is (`bd1…`).
    pub identity: String,
    /// This device (`bddev1…`).
    pub device: String,
    /// The name of the network.
    pub network: String,
    /// Milliseconds since the start.
    pub up_ms: u64,
    /// Addresses where this node listens (multiaddr texts, with peer id).
    pub addresses: Vec<String>,
    /// Number of peers connected now.
    pub peers: u64,
    /// The own drive.
    pub drive: DriveStatus,
    /// What is kept for others.
    pub supplier: SupplierStatus,
    /// What the user should know or do, most important first.
    pub warnings: Vec<String>,
}

/// The state of the own drive.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DriveStatus {
    /// `empty`, `recovering`, `ready`, …: the state of the drive's automaton.
    pub state: String,
    /// The policy in force: `double`, `standard`, `vault`, `bunker`.
    pub policy: String,
    /// Suppliers wanted.
    pub suppliers_wanted: u32,
    /// Suppliers with an active contract.
    pub suppliers: u32,
    /// Of these, connected now.
    pub suppliers_online: u32,
    /// `safe`, `safe, may lose N`, `at risk`, `kept`, `lost` or `empty`.
    pub safety: String,
    /// How many more suppliers may be lost now before data is lost.
    pub may_lose: u32,
    /// Number of versions.
    pub versions: u64,
    /// Bytes of sealed blocks (without parity).
    pub packed_bytes: u64,
    /// Bytes kept at all suppliers together.
    pub stored_bytes: u64,
}

/// What this node keeps for others.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SupplierStatus {
    /// Whether new contracts are accepted.
    pub enabled: bool,
    /// Bytes given to the network.
    pub donated_bytes: u64,
    /// Bytes promised in contracts.
    pub promised_bytes: u64,
    /// Bytes kept now.
    pub used_bytes: u64,
    /// Contracts in force.
    pub customers: u64,
}

/// One service and whether it runs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// What it does, one sentence.
    pub purpose: String,
    /// Whether the settings want it to run.
    pub enabled: bool,
    /// `off`, `starting`, `on`, `stopping`, `waiting`.
    pub state: String,
    /// Services that it needs.
    pub needs: Vec<String>,
    /// Services that stop when it stops.
    pub stops: Vec<String>,
}

/// One live automaton.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AutomatonView {
    /// Name of the automaton: `contract`.
    pub name: String,
    /// Which one of its kind.
    pub instance: String,
    /// Its state now.
    pub state: String,
    /// Milliseconds (of the node's clock) when it came into this state.
    pub since_ms: u64,
    /// Why it is there.
    pub why: String,
}

/// One automaton in full.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AutomatonDetail {
    /// What it is for.
    pub purpose: String,
    /// Its instances now.
    pub instances: Vec<AutomatonView>,
    /// The diagram as Mermaid text.
    pub mermaid: String,
    /// The whole table as Markdown.
    pub markdown: String,
    /// Its last transitions, oldest first.
    pub journal: Vec<JournalLine>,
}

/// One step that an automaton took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalLine {
    /// Milliseconds of the node's clock.
    pub at_ms: u64,
    /// Name of the automaton.
    pub automaton: String,
    /// Which one of its kind.
    pub instance: String,
    /// The state before.
    pub from: String,
    /// What came.
    pub event: String,
    /// The state after.
    pub to: String,
    /// Why, where a guard decided.
    pub why: String,
    /// `moved`, `ignored` or `refused`.
    pub outcome: String,
}

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingView {
    /// Its name: `storage.suppliers`.
    pub key: String,
    /// What the file says now, as TOML.
    pub kept: String,
    /// What is in force in the daemon that runs, as TOML; none if none runs.
    pub in_force: Option<String>,
}

impl SettingView {
    /// Whether the daemon must be started again before what is kept is in force.
    pub fn needs_restart(&self) -> bool {
        self.in_force.as_ref().is_some_and(|in_force| *in_force != self.kept)
    }
}

/// What to back up and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// Absolute paths of files or directories (raw bytes as lossless text, see `path_text`).
    pub paths: Vec<String>,
    /// Patterns in gitignore syntax that are left out.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Leave out what `.gitignore` files say (`.bitdustignore` always counts).
    #[serde(default)]
    pub gitignore: bool,
    /// Leave out directories marked by CACHEDIR.TAG.
    #[serde(default)]
    pub skip_caches: bool,
    /// Stay on the file system of each path.
    #[serde(default)]
    pub one_file_system: bool,
    /// Only tell what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// Read every file, also those whose stat is unchanged.
    #[serde(default)]
    pub read_all: bool,
}

/// What to restore and where.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    /// The version; the latest complete one if absent.
    #[serde(default)]
    pub version: Option<u64>,
    /// Path inside the version; everything if absent.
    #[serde(default)]
    pub path: Option<String>,
    /// The directory to restore into; it is made if it does not exist.
    pub target: String,
    /// `refuse` (default), `overwrite` or `keep-both` where something exists.
    #[serde(default)]
    pub existing: Option<String>,
    /// Only tell what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What to verify at the suppliers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// Percent of the blocks to fetch and verify, 0–100; 100 reads everything.
    pub percent: u8,
}

/// A job of the daemon: backup, restore or check.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// `backup`, `restore` or `check`.
    pub kind: String,
    /// Whether it only tells what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// `waiting`, `running`, `paused`, `publishing`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// What it is doing or why it waits, in words.
    pub doing: String,
    /// Unix milliseconds of its start.
    pub started: u64,
    /// Unix milliseconds of its end.
    pub ended: Option<u64>,
    /// Files looked at so far.
    pub files_done: u64,
    /// Files in total, as far as known.
    pub files_total: u64,
    /// Bytes of content done.
    pub bytes_done: u64,
    /// Bytes of content in total, as far as known.
    pub bytes_total: u64,
    /// Bytes of new sealed data (backup) or fetched (restore, check).
    pub bytes_moved: u64,
    /// Files left as they were because their stat is unchanged.
    pub files_unchanged: u64,
    /// Estimated milliseconds to the end.
    pub eta_ms: Option<u64>,
    /// The version made or read.
    pub version: Option<u64>,
    /// What was reached by a backup that is done: `safe`, `kept`, `at risk`. What was found by a
    /// check: `safe, may lose N` where everything is as it should be, `may lose N`, `at risk`,
    /// `kept`, `not to be had now`, `lost`.
    pub safety: Option<String>,
    /// Suppliers that a check could not ask: their fragments are neither sound nor damaged.
    #[serde(default)]
    pub unreached: Vec<UnreachedView>,
    /// What could not be read, written or verified (at most 1,000; `problems_total` counts all).
    pub problems: Vec<Problem>,
    /// Number of problems.
    pub problems_total: u64,
    /// Why it failed.
    pub error: Option<ErrorView>,
}

impl JobView {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }
}

/// One thing that a job had to leave out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which file, block or supplier.
    pub what: String,
    /// What happened.
    pub why: String,
}

/// A supplier that could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreachedView {
    /// Its device.
    pub device: String,
    /// Unix milliseconds when it was last seen; none if never.
    pub since: Option<u64>,
    /// Fragments that were to be asked for.
    pub fragments: u64,
}

/// An error as it is shown: what happened, what it means for the data, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorView {
    /// Stable code: `too-few-suppliers`.
    pub code: String,
    /// What happened.
    pub happened: String,
    /// What it means for the data.
    pub meaning: String,
    /// What to do now.
    pub advice: String,
}

/// One version of the drive.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// Its number, from 1.
    pub number: u64,
    /// Unix milliseconds when it was begun.
    pub started: u64,
    /// Unix milliseconds when it was finished.
    pub finished: u64,
    /// The paths that were backed up.
    pub paths: Vec<String>,
    /// Files in it.
    pub files: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Things that could not be read.
    pub problems: u64,
}

/// One entry of a version's tree.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EntryView {
    /// Path inside the version.
    pub path: String,
    /// `file`, `dir`, `symlink`.
    pub kind: String,
    /// Bytes of content.
    pub bytes: u64,
    /// Unix permission bits.
    pub mode: u32,
    /// Modification time, Unix nanoseconds.
    pub mtime_ns: i64,
    /// Target of a symlink.
    pub target: Option<String>,
}

/// One difference between two versions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// Path inside the versions.
    pub path: String,
    /// `added`, `removed`, `changed`, `metadata`.
    pub change: String,
}

/// A supplier of mine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SupplierView {
    /// Its place among the suppliers, from 0; none if it is no longer placed.
    pub place: Option<u32>,
    /// Who it is.
    pub identity: String,
    /// Its device.
    pub device: String,
    /// State of the contract's automaton.
    pub state: String,
    /// Whether it is connected now.
    pub online: bool,
    /// Unix milliseconds when it was last seen; none if never.
    pub last_seen: Option<u64>,
    /// Bytes it promised.
    pub quota_bytes: u64,
    /// Bytes it has receipted.
    pub used_bytes: u64,
    /// Fragments it has receipted.
    pub fragments: u64,
    /// Unix milliseconds until when the contract runs.
    pub until: u64,
}

/// A customer of mine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CustomerView {
    /// Who it is.
    pub identity: String,
    /// The contract.
    pub contract: String,
    /// Bytes promised.
    pub quota_bytes: u64,
    /// Bytes kept.
    pub used_bytes: u64,
    /// Fragments kept.
    pub fragments: u64,
    /// Unix milliseconds until when the contract runs.
    pub until: u64,
}

/// A peer connected now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerView {
    /// Its device.
    pub device: String,
    /// Its identity, once greeted.
    pub identity: Option<String>,
    /// `tcp` or `quic`.
    pub path: String,
    /// Its address.
    pub address: String,
}
