//! What the data survives, as the node knows it: the worst case exactly, the long run by estimate.

use base::DeviceId;
use storage::durability::Assumptions;
use storage::ladder::Rung;
use storage::margin::{Fate, Standing};

/// How it stands with the own drive.
#[derive(Clone, Debug, Default)]
pub struct Durability {
    /// Each arrangement that blocks may lie under, the weakest first; none if nothing is stored.
    pub placements: Vec<Placed>,
    /// The suppliers that data lies with or that have a contract.
    pub suppliers: Vec<Attending>,
    /// Whether the newest version is confirmed by all its suppliers.
    pub is_confirmed: bool,
    /// State of the automaton `brake`.
    pub brake: &'static str,
    /// What is assumed for the estimates.
    pub assumed: Assumptions,
}

/// The blocks under one arrangement: each has all its receipts, so that they stand alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// The arrangement.
    pub arrangement: u32,
    /// Whether new blocks are placed under it.
    pub is_in_force: bool,
    /// The policy's name.
    pub policy: &'static str,
    /// Its places.
    pub suppliers: u8,
    /// Suppliers that must be left.
    pub needed: u8,
    /// Suppliers that are counted on.
    pub counted: u8,
    /// What may be lost more.
    pub fate: Fate,
    /// How many networks may be lost with all suppliers in them, as far as networks are known.
    pub may_lose_networks: Option<u8>,
    /// Whether so few are counted on that it is to be repaired.
    pub wants_repair: bool,
    /// The chance of loss within a year, if all is repaired in the assumed time.
    pub yearly_loss: f64,
    /// Mean days until the data is lost if nobody repairs.
    pub days_to_live: f64,
    /// Bytes that repairs move in a year, in multiples of the data.
    pub repair_traffic_yearly: f64,
}

/// One supplier and whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attending {
    /// Its device.
    pub device: DeviceId,
    /// Its place in the arrangement in force.
    pub place: Option<u8>,
    /// Whether it is connected.
    pub is_online: bool,
    /// How far it is counted on.
    pub standing: Standing,
    /// What is thought of it.
    pub rung: Rung,
    /// For how long it is away, of this node's own running time, milliseconds.
    pub away_ms: u64,
    /// The share of the time it is there, in parts of `storage::uptime::WHOLE`, once measured.
    pub uptime: Option<u32>,
}
