//! What the user can set: one file, one struct, all defaults in one place.
//!
//! `docs/operations/settings.md` is made from this module; its test writes it.

use base::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde::{Deserialize, Serialize};
use storage::policy::Policy;

mod check;
mod document;
mod file;
mod quantity;
mod schedule;
#[cfg(test)]
mod tests;

pub use check::SettingsError;
pub use document::markdown;
pub use file::{ReadError, SetError, SettingsFile};
pub use quantity::{Bytes, Span};
pub use schedule::{Moment, Schedule};

/// Bytes of the settings file at most.
pub const FILE_BYTES_MAX: usize = 256 * 1024;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Declares the sections with the text, the type and the default of each setting.
macro_rules! settings {
    ($($(#[doc = $about:literal])+ $section:ident: $kind:ident {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr;)*
    })*) => {
        /// All settings, a section for each subject.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(#[doc = $about])+ pub $section: $kind,)*
        }

        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $kind {
                $($(#[doc = $doc])+ pub $field: $type,)*
            }

            impl Default for $kind {
                fn default() -> Self {
                    Self { $($field: $default,)* }
                }
            }
        )*

        /// The sections in order: name, text, and the names and texts of the settings.
        const SECTIONS: &[Section] = &[$(Section {
            name: stringify!($section),
            about: &[$($about),+],
            fields: &[$((stringify!($field), &[$($doc),+]),)*],
        },)*];
    };
}

/// One section as it is described.
struct Section {
    name: &'static str,
    about: &'static [&'static str],
    fields: &'static [(&'static str, &'static [&'static str])],
}

settings! {
    /// Which network this node is part of, and how it is reached.
    network: Network {
        /// Whether the service `network` runs.
        enabled: bool = true;
        /// The name of the network: 1 to 64 of `a-z A-Z 0-9 - _ .`. Networks of different names
        /// never mix.
        name: String = "bitdust".into();
        /// Where to listen, as multiaddresses, at most 16. Port 0 takes a free one at each start.
        listen: Vec<String> = texts(&[
            "/ip4/0.0.0.0/tcp/17437",
            "/ip4/0.0.0.0/udp/17437/quic-v1",
            "/ip6/::/tcp/17437",
            "/ip6/::/udp/17437/quic-v1",
        ]);
        /// Addresses of running nodes to begin with, at most 64; any node will do. Nodes met
        /// before are remembered beside them.
        bootstrap: Vec<String> = vec![];
    }

    /// Connections over TCP.
    tcp: Tcp {
        /// Whether the service `tcp` runs.
        enabled: bool = true;
    }

    /// Connections over UDP.
    quic: Quic {
        /// Whether the service `quic` runs.
        enabled: bool = true;
    }

    /// Finding nodes on the local network.
    mdns: Mdns {
        /// Whether the service `mdns` runs: it tells the local network that this node is there.
        enabled: bool = false;
    }

    /// The distributed hash table.
    dht: Dht {
        /// Whether the service `dht` runs: records of others are kept and served.
        enabled: bool = true;
    }

    /// How the own data is kept by others.
    storage: Storage {
        /// Whether the service `customer` runs.
        enabled: bool = true;
        /// How data is spread: `double`, `standard`, `vault` or `bunker`.
        policy: Policy = Policy::Double;
        /// Over how many suppliers: 1 to 64 with `double`; `standard` takes 44, `vault` 56,
        /// `bunker` 64.
        suppliers: u8 = 7;
        /// Room for how much packed data the suppliers together must promise.
        needed: Bytes = Bytes(10 * GIB);
        /// Missing suppliers that are replaced by themselves in a day, at most; 0 for none.
        replacements: u8 = 1;
        /// Whether suppliers are asked, about once an hour each, to prove what they keep.
        audits: bool = true;
        /// Memory for sealed blocks on their way to suppliers, with their parity.
        memory: Bytes = Bytes(96 * MIB);
        /// Memory for fragments on their way from suppliers.
        fetch_memory: Bytes = Bytes(64 * MIB);
    }

    /// What is kept for others.
    supplier: Supplier {
        /// Whether the service `supplier` runs.
        enabled: bool = true;
        /// Room that is given to others.
        donated: Bytes = Bytes(10 * GIB);
        /// Room on the disk that stays free whatever was promised.
        disk_floor: Bytes = Bytes(GIB);
        /// Where the fragments lie, relative to the home or absolute.
        path: String = "supplier".into();
        /// Memory for fragments on their way to the disk.
        memory: Bytes = Bytes(32 * MIB);
    }

    /// Backups.
    backup: Backup {
        /// Whether the service `backup` runs.
        enabled: bool = true;
        /// Patterns in gitignore syntax that every backup leaves out.
        excludes: Vec<String> = vec![];
        /// Backups that begin by themselves, at most 32: tables with `paths`, and either `every`
        /// (a time) or `at` (`HH:MM` in UTC, daily).
        schedules: Vec<Schedule> = vec![];
    }

    /// Restoring and checking.
    restore: Restore {
        /// Whether the service `restore` runs.
        enabled: bool = true;
    }

    /// Backups at set times.
    schedule: Scheduling {
        /// Whether the service `schedule` runs: it begins what `backup.schedules` says.
        enabled: bool = true;
    }

    /// The door for the command line and other programs of this computer.
    api: Api {
        /// The socket, relative to the home or absolute.
        socket: String = "api.sock".into();
    }

    /// How long things are waited for. The defaults are for a worldwide network; tests set less.
    clocks: Clocks {
        /// For an answer of a peer to a request.
        answer: Span = Span(20 * SECOND_MS);
        /// For candidates, when suppliers are looked for.
        search: Span = Span(5 * SECOND_MS);
        /// Until a search for suppliers that found too few is repeated.
        search_again: Span = Span(15 * SECOND_MS);
        /// For suppliers, before a backup gives up.
        hire_wait: Span = Span(2 * MINUTE_MS);
        /// For a supplier that takes nothing, before a backup gives up.
        blocked_wait: Span = Span(DAY_MS);
        /// Until a supplier that refused a fragment is tried again.
        refused_again: Span = Span(30 * SECOND_MS);
        /// For the suppliers' confirmations of a new version.
        publish_wait: Span = Span(5 * MINUTE_MS);
        /// For missing suppliers, before a block counts as not to be had now.
        fetch_patience: Span = Span(30 * SECOND_MS);
        /// For the drive to be found, before a restore gives up.
        drive_wait: Span = Span(2 * MINUTE_MS);
        /// Between look-ups of the own root record on an empty machine.
        seek: Span = Span(5 * SECOND_MS);
        /// For the suppliers' root documents on an empty machine.
        collect: Span = Span(15 * SECOND_MS);
        /// Before a lost supplier is dialled again, at the longest.
        reconnect: Span = Span(MINUTE_MS);
        /// How long data of others outlives its contract.
        notice: Span = Span(60 * DAY_MS);
        /// Until a supplier that is away is suspect: nothing new is placed with it.
        suspect: Span = Span(HOUR_MS);
        /// Until it is missing: it is not counted on until it is back.
        missing: Span = Span(72 * HOUR_MS);
        /// Until it is given up.
        forgotten: Span = Span(60 * DAY_MS);
        /// For a sign of life of anybody, when many suppliers have left at once.
        probe: Span = Span(30 * SECOND_MS);
        /// Until a sign of life is looked for again, while this node is cut off.
        probe_again: Span = Span(MINUTE_MS);
        /// Until healing that could not go on is tried again.
        heal_again: Span = Span(MINUTE_MS);
        /// How long repair is slow after many suppliers have left at once.
        slow_repair: Span = Span(HOUR_MS);
        /// Between two questions to a supplier about what it keeps.
        audit: Span = Span(HOUR_MS);
        /// For the answer to it, until silence is one.
        audit_answer: Span = Span(MINUTE_MS);
        /// Until a question that was not answered is asked again.
        audit_again: Span = Span(10 * MINUTE_MS);
        /// Between two looks at the free room of the supplier's disk.
        disk_look: Span = Span(MINUTE_MS);
        /// Between two announcements of where this node is reached and that it keeps fragments.
        announce: Span = Span(HOUR_MS);
    }

    /// What is written to the log.
    log: Log {
        /// `error`, `warn`, `info`, `debug` or `trace`, or a filter like `info,transport=debug`.
        level: String = "info".into();
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Settings {
    /// The settings as TOML, as they are in force.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("all settings have a form in TOML")
    }

    /// One of them by its name, as TOML; none if there is no such setting.
    pub fn value(&self, key: &str) -> Option<String> {
        let all = toml::Table::try_from(self).expect("all settings have a form in TOML");
        let (section, name) = key.split_once('.')?;
        all.get(section)?.get(name).map(ToString::to_string)
    }

    /// What the node needs of them.
    pub fn for_node(&self) -> node::settings::Settings {
        let clocks = &self.clocks;
        node::settings::Settings {
            policy: self.storage.policy,
            suppliers: self.storage.suppliers,
            needed_bytes: self.storage.needed.0,
            donated_bytes: self.supplier.donated.0,
            disk_floor_bytes: self.supplier.disk_floor.0,
            replacements_daily: self.storage.replacements,
            audits: self.storage.audits,
            services_off: self.services_off(),
            clocks: node::settings::Clocks {
                answer_ms: clocks.answer.0,
                search_ms: clocks.search.0,
                search_again_ms: clocks.search_again.0,
                hire_wait_ms: clocks.hire_wait.0,
                blocked_wait_ms: clocks.blocked_wait.0,
                refused_again_ms: clocks.refused_again.0,
                publish_wait_ms: clocks.publish_wait.0,
                fetch_patience_ms: clocks.fetch_patience.0,
                drive_wait_ms: clocks.drive_wait.0,
                seek_ms: clocks.seek.0,
                collect_ms: clocks.collect.0,
                reconnect_ms_max: clocks.reconnect.0,
                notice_ms: clocks.notice.0,
                suspect_ms: clocks.suspect.0,
                missing_ms: clocks.missing.0,
                forgotten_ms: clocks.forgotten.0,
                probe_ms: clocks.probe.0,
                probe_again_ms: clocks.probe_again.0,
                heal_again_ms: clocks.heal_again.0,
                slow_repair_ms: clocks.slow_repair.0,
                audit_ms: clocks.audit.0,
                audit_answer_ms: clocks.audit_answer.0,
                audit_again_ms: clocks.audit_again.0,
            },
        }
    }

    /// Each service with the setting that switches it.
    fn switches(&self) -> [(&'static str, bool); 10] {
        [
            ("network", self.network.enabled),
            ("tcp", self.tcp.enabled),
            ("quic", self.quic.enabled),
            ("mdns", self.mdns.enabled),
            ("dht", self.dht.enabled),
            ("supplier", self.supplier.enabled),
            ("customer", self.storage.enabled),
            ("backup", self.backup.enabled),
            ("restore", self.restore.enabled),
            ("schedule", self.schedule.enabled),
        ]
    }

    fn services_off(&self) -> Vec<String> {
        let off = self.switches().into_iter().filter(|(_, enabled)| !enabled);
        off.map(|(name, _)| name.to_owned()).collect()
    }
}
