//! What can be set about the node's decisions; the daemon reads it from its file.

use base::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use storage::policy::Policy;

/// The settings, with all defaults in `Default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How the own drive is spread.
    pub policy: Policy,
    /// Over how many suppliers.
    pub suppliers: u8,
    /// Bytes of packed data that the suppliers together must have room for.
    pub needed_bytes: u64,
    /// Bytes given to the network.
    pub donated_bytes: u64,
    /// Bytes of the disk that are left free whatever was promised.
    pub disk_floor_bytes: u64,
    /// Missing suppliers that are replaced without the user in a day; 0 for none.
    pub replacements_daily: u8,
    /// Whether suppliers are asked for proof that they keep what they receipted.
    pub audits: bool,
    /// Services that do not run at the start.
    pub services_off: Vec<String>,
    /// The clocks.
    pub clocks: Clocks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::Double,
            suppliers: 7,
            needed_bytes: 10 << 30,
            donated_bytes: 10 << 30,
            disk_floor_bytes: 1 << 30,
            replacements_daily: 1,
            audits: true,
            services_off: vec!["mdns".into()],
            clocks: Clocks::default(),
        }
    }
}

/// How long things are waited for, milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// For an answer to a request.
    pub answer_ms: u64,
    /// For candidates of a search.
    pub search_ms: u64,
    /// Until a search that found too few is repeated.
    pub search_again_ms: u64,
    /// For suppliers, before a backup gives up.
    pub hire_wait_ms: u64,
    /// For a supplier that takes nothing, before a backup gives up.
    pub blocked_wait_ms: u64,
    /// Until a supplier that refused is tried again.
    pub refused_again_ms: u64,
    /// For confirmations of a new version.
    pub publish_wait_ms: u64,
    /// For missing suppliers, before a block is reported as not to be had.
    pub fetch_patience_ms: u64,
    /// For the drive, before a restore gives up.
    pub drive_wait_ms: u64,
    /// Between look-ups of the own root record on an empty machine.
    pub seek_ms: u64,
    /// For suppliers' root documents on an empty machine.
    pub collect_ms: u64,
    /// The longest wait before a lost supplier is dialled again.
    pub reconnect_ms_max: u64,
    /// How long data outlives its contract.
    pub notice_ms: u64,
    /// Until an absent supplier is suspect.
    pub suspect_ms: u64,
    /// Until it is missing, and not counted on.
    pub missing_ms: u64,
    /// Until it is given up.
    pub forgotten_ms: u64,
    /// For a sign of life when many suppliers have left at once.
    pub probe_ms: u64,
    /// Until a sign of life is asked for again while this node is cut off.
    pub probe_again_ms: u64,
    /// Until healing that was held begins again.
    pub heal_again_ms: u64,
    /// How long repair is slow after many suppliers have left at once.
    pub slow_repair_ms: u64,
    /// Between two questions to a supplier about what it keeps.
    pub audit_ms: u64,
    /// For the answer, until silence is one.
    pub audit_answer_ms: u64,
    /// Until a question that was not answered is asked again.
    pub audit_again_ms: u64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            answer_ms: 20 * SECOND_MS,
            search_ms: 5 * SECOND_MS,
            search_again_ms: 15 * SECOND_MS,
            hire_wait_ms: 2 * MINUTE_MS,
            blocked_wait_ms: 24 * HOUR_MS,
            refused_again_ms: 30 * SECOND_MS,
            publish_wait_ms: 5 * MINUTE_MS,
            fetch_patience_ms: 30 * SECOND_MS,
            drive_wait_ms: 2 * MINUTE_MS,
            seek_ms: 5 * SECOND_MS,
            collect_ms: 15 * SECOND_MS,
            reconnect_ms_max: MINUTE_MS,
            notice_ms: 60 * DAY_MS,
            suspect_ms: HOUR_MS,
            missing_ms: 72 * HOUR_MS,
            forgotten_ms: 60 * DAY_MS,
            probe_ms: 30 * SECOND_MS,
            probe_again_ms: MINUTE_MS,
            heal_again_ms: MINUTE_MS,
            slow_repair_ms: HOUR_MS,
            audit_ms: HOUR_MS,
            audit_answer_ms: MINUTE_MS,
            audit_again_ms: 10 * MINUTE_MS,
        }
    }
}
