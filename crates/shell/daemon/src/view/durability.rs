//! What the data survives, as the local API tells it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What may be lost now, and what may be expected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DurabilityView {
    /// `safe`, `kept`, `at risk`, `waits` (for missing suppliers), `lost` or `empty`.
    pub verdict: String,
    /// How it stands, in sentences, the most important first.
    pub summary: Vec<String>,
    /// What to do; empty if nothing needs to be done.
    pub advice: Vec<String>,
    /// How many suppliers, whichever they are, may be lost now: exact, for the worst case.
    pub may_lose: u32,
    /// How many networks may be lost with all suppliers in them, as far as networks are known.
    pub may_lose_networks: u32,
    /// Estimate: the chance that data is lost within a year, if each loss is repaired in time.
    pub yearly_loss: f64,
    /// Estimate: mean days until data is lost if nothing is ever repaired.
    pub days_to_live: f64,
    /// Estimate: bytes that repairs move in a year.
    pub repair_bytes_yearly: u64,
    /// Assumed for the estimates: days until a supplier leaves for ever, on average.
    pub assumed_life_days: f64,
    /// Assumed for the estimates: days from a loss to its repair, on average.
    pub assumed_repair_days: f64,
    /// Whether this node seems cut off from the network, so that no absence counts.
    pub cut_off: bool,
    /// The placements that data lies in, the weakest first.
    pub placements: Vec<PlacementView>,
    /// The suppliers.
    pub suppliers: Vec<AttendanceView>,
}

/// Data that is placed alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlacementView {
    /// The number of its arrangement.
    pub arrangement: u32,
    /// Whether new data is placed so.
    pub in_force: bool,
    /// `double`, `standard`, `vault` or `bunker`.
    pub policy: String,
    /// Suppliers of the placement.
    pub suppliers: u32,
    /// Suppliers that are needed to bring the data back.
    pub needed: u32,
    /// Suppliers that are counted on now.
    pub counted: u32,
    /// How many more may be lost, whichever they are; none if too few are there.
    pub may_lose: Option<u32>,
    /// Whether so few are counted on that it is to be repaired.
    pub wants_repair: bool,
    /// Estimate: the chance that it is lost within a year.
    pub yearly_loss: f64,
    /// Estimate: mean days until it is lost if nothing is repaired.
    pub days_to_live: f64,
}

/// A supplier, and whether it is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttendanceView {
    /// Its device.
    pub device: String,
    /// Its place among the suppliers, from 0; none if it has only older data.
    pub place: Option<u32>,
    /// Whether it is connected now.
    pub online: bool,
    /// `present`, `suspect`, `missing` (not counted on) or `gone`.
    pub standing: String,
    /// What is thought of it: `trusted`, `watched`, `contained`, `drained`, `fired` or `shunned`.
    pub verdict: String,
    /// For how long it is away, milliseconds of this node's own running time.
    pub away_ms: u64,
    /// Percent of the time that it is there, once measured; the last month counts most.
    pub uptime_percent: Option<f64>,
}
