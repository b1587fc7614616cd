//! What TOML cannot say: values that are well formed and make no sense.

use std::path::Path;

use base::MINUTE_MS;
use storage::policy::{Spread, SpreadError};

use super::{Schedule, Settings};

const LISTEN_MAX: usize = 16;
const BOOTSTRAP_MAX: usize = 64;
const ADDRESS_BYTES_MAX: usize = 256;
const EXCLUDES_MAX: usize = 1024;
const SCHEDULES_MAX: usize = 32;
const SCHEDULE_PATHS_MAX: usize = 1024;
const NETWORK_BYTES_MAX: usize = 64;
/// What the largest block with its parity needs.
const MEMORY_BYTES_MIN: u64 = 32 << 20;
/// Some fragments of the largest size.
const SUPPLIER_MEMORY_BYTES_MIN: u64 = 4 << 20;

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The name of the network.
    #[error("network.name: 1 to 64 of a-z A-Z 0-9 - _ . are needed")]
    Network,
    /// An address.
    #[error("network.{field}: '{address}' is not a multiaddress")]
    Address {
        /// In which setting.
        field: &'static str,
        /// The text.
        address: String,
    },
    /// More of something than can be handled.
    #[error("{key}: {found}, at most {max} are possible")]
    TooMany {
        /// The setting.
        key: &'static str,
        /// How many there are.
        found: usize,
        /// How many are possible.
        max: usize,
    },
    /// Suppliers and policy do not fit together.
    #[error("storage.suppliers: {0}")]
    Spread(#[from] SpreadError),
    /// Less memory than the work needs.
    #[error("{key}: at least {mib} MiB are needed")]
    Memory {
        /// The setting.
        key: &'static str,
        /// The least, MiB.
        mib: u64,
    },
    /// A time that may not be zero.
    #[error("clocks.{0}: a time longer than nothing is needed")]
    Zero(&'static str),
    /// A clock that would strike before the one that comes first.
    #[error("clocks.{later} is shorter than clocks.{earlier}, which comes before it")]
    Order {
        /// The clock that strikes first.
        earlier: &'static str,
        /// The one that follows.
        later: &'static str,
    },
    /// A schedule that says too little, too much or something impossible.
    #[error("backup.schedules: number {number}: {what}")]
    Schedule {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// An empty path.
    #[error("{0}: a path is needed")]
    Path(&'static str),
}

impl Settings {
    /// Whether all values can be used.
    ///
    /// # Errors
    /// The first one that cannot.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.check_network()?;
        Spread::new(self.storage.policy, self.storage.suppliers)?;
        self.check_memory()?;
        self.check_times()?;
        self.check_backup()?;
        let paths = [("supplier.path", &self.supplier.path), ("api.socket", &self.api.socket)];
        match paths.into_iter().find(|(_, path)| path.trim().is_empty()) {
            Some((key, _)) => Err(SettingsError::Path(key)),
            None => Ok(()),
        }
    }

    fn check_network(&self) -> Result<(), SettingsError> {
        let network = &self.network;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = (1..=NETWORK_BYTES_MAX).contains(&network.name.len())
            && network.name.bytes().all(plain);
        if !is_name {
            return Err(SettingsError::Network);
        }
        at_most("network.listen", network.listen.len(), LISTEN_MAX)?;
        at_most("network.bootstrap", network.bootstrap.len(), BOOTSTRAP_MAX)?;
        for (field, addresses) in [("listen", &network.listen), ("bootstrap", &network.bootstrap)] {
            if let Some(address) = addresses.iter().find(|address| !is_address(address)) {
                return Err(SettingsError::Address { field, address: address.clone() });
            }
        }
        Ok(())
    }

    fn check_memory(&self) -> Result<(), SettingsError> {
        let memories = [
            ("storage.memory", self.storage.memory.0, MEMORY_BYTES_MIN),
            ("storage.fetch_memory", self.storage.fetch_memory.0, MEMORY_BYTES_MIN),
            ("supplier.memory", self.supplier.memory.0, SUPPLIER_MEMORY_BYTES_MIN),
        ];
        match memories.into_iter().find(|(_, bytes, least)| bytes < least) {
            Some((key, _, least)) => Err(SettingsError::Memory { key, mib: least >> 20 }),
            None => Ok(()),
        }
    }

    fn check_times(&self) -> Result<(), SettingsError> {
        let clocks = &self.clocks;
        let times = [
            ("answer", clocks.answer),
            ("search", clocks.search),
            ("search_again", clocks.search_again),
            ("refused_again", clocks.refused_again),
            ("seek", clocks.seek),
            ("collect", clocks.collect),
            ("reconnect", clocks.reconnect),
            ("suspect", clocks.suspect),
            ("missing", clocks.missing),
            ("forgotten", clocks.forgotten),
            ("probe", clocks.probe),
            ("probe_again", clocks.probe_again),
            ("heal_again", clocks.heal_again),
            ("audit", clocks.audit),
            ("audit_answer", clocks.audit_answer),
            ("audit_again", clocks.audit_again),
            ("disk_look", clocks.disk_look),
            ("announce", clocks.announce),
        ];
        if let Some((name, _)) = times.into_iter().find(|(_, time)| time.0 == 0) {
            return Err(SettingsError::Zero(name));
        }
        let absences = [
            ("suspect", clocks.suspect, "missing", clocks.missing),
            ("missing", clocks.missing, "forgotten", clocks.forgotten),
        ];
        match absences.into_iter().find(|(_, first, _, then)| then.0 < first.0) {
            Some((earlier, _, later, _)) => Err(SettingsError::Order { earlier, later }),
            None => Ok(()),
        }
    }

    fn check_backup(&self) -> Result<(), SettingsError> {
        let backup = &self.backup;
        at_most("backup.excludes", backup.excludes.len(), EXCLUDES_MAX)?;
        at_most("backup.schedules", backup.schedules.len(), SCHEDULES_MAX)?;
        for (index, schedule) in backup.schedules.iter().enumerate() {
            if let Some(what) = fault_of(schedule) {
                return Err(SettingsError::Schedule { number: index + 1, what });
            }
        }
        Ok(())
    }
}

fn fault_of(schedule: &Schedule) -> Option<&'static str> {
    if schedule.every.is_some() == schedule.at.is_some() {
        return Some("either `every` or `at` is needed");
    }
    if schedule.every.is_some_and(|every| every.0 < MINUTE_MS) {
        return Some("`every` is at least a minute");
    }
    if schedule.paths.is_empty() || schedule.paths.len() > SCHEDULE_PATHS_MAX {
        return Some("between 1 and 1024 `paths` are needed");
    }
    if !schedule.paths.iter().all(|path| Path::new(path).is_absolute()) {
        return Some("`paths` are absolute");
    }
    (schedule.excludes.len() > EXCLUDES_MAX).then_some("at most 1024 `excludes` are possible")
}

/// As much as can be said without the network library.
fn is_address(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= ADDRESS_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn at_most(key: &'static str, found: usize, max: usize) -> Result<(), SettingsError> {
    if found > max { Err(SettingsError::TooMany { key, found, max }) } else { Ok(()) }
}
