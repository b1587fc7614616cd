//! What the user can wish, and what is answered.

use base::{ContractId, DeviceId, IdentityId, JobId};

use crate::durability::Durability;
use crate::output::Safety;

/// Something that the user wants.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Back files up.
    Backup(BackupWish),
    /// Bring files back.
    Restore(RestoreWish),
    /// Verify what the suppliers keep.
    Check(CheckWish),
    /// Hold a job.
    Pause(JobId),
    /// Let it go on.
    Resume(JobId),
    /// End it.
    Cancel(JobId),
    /// Hire a supplier: this one, or the best found.
    Hire(Option<DeviceId>),
    /// End the contract with a supplier.
    EndSupplier(DeviceId),
    /// End the contract with a customer.
    EndCustomer(IdentityId),
    /// Start a service and what it needs.
    StartService(String),
    /// Stop a service and what needs it.
    StopService {
        /// Its name.
        name: String,
        /// Only tell what would stop.
        dry_run: bool,
    },
    /// Give so many bytes to the network, as a supplier.
    Offer(u64),
    /// Tell how it stands.
    Overview,
}

/// A job that was not over when the shell ended, and goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptJob {
    /// Its id.
    pub id: JobId,
    /// Whether the user had paused it.
    pub is_paused: bool,
}

/// A backup; the request itself is the shell's and passed through by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupWish {
    /// The shell's number of the request.
    pub request: u64,
    /// The job that goes on; none begins one.
    pub kept: Option<KeptJob>,
}

impl BackupWish {
    /// A new one.
    pub const fn new(request: u64) -> Self {
        Self { request, kept: None }
    }
}

/// A restore; the request itself is the shell's and passed through by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreWish {
    /// The shell's number of the request.
    pub request: u64,
    /// The job that goes on; none begins one.
    pub kept: Option<KeptJob>,
}

impl RestoreWish {
    /// A new one.
    pub const fn new(request: u64) -> Self {
        Self { request, kept: None }
    }
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckWish {
    /// Percent of the blocks.
    pub percent: u8,
    /// The job that goes on; none begins one.
    pub kept: Option<KeptJob>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It is done, or begun.
    Done,
    /// The job that was begun.
    Job(JobId),
    /// The names of services that stop, or would.
    Services(Vec<&'static str>),
    /// How it stands.
    Overview(Box<Overview>),
}

/// How it stands with everything that the node holds.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// State of the automaton `custody`.
    pub drive: &'static str,
    /// The policy's name.
    pub policy: &'static str,
    /// Suppliers wanted.
    pub suppliers_wanted: u8,
    /// How safe the data is.
    pub safety: Option<Safety>,
    /// The suppliers.
    pub suppliers: Vec<SupplierOverview>,
    /// The customers.
    pub customers: Vec<CustomerOverview>,
    /// Bytes given to the network.
    pub donated_bytes: u64,
    /// The services: name, purpose, wanted, state, needs, stops.
    pub services: Vec<ServiceOverview>,
    /// Whether the last search for the drive with the words alone found nothing.
    pub found_nothing: bool,
    /// What the data survives.
    pub durability: Durability,
    /// Whether fewer than half of the suppliers answered when the drive was found again, so that a
    /// newer version may exist.
    pub few_answered: bool,
}

/// One supplier of mine.
#[derive(Clone, Debug)]
pub struct SupplierOverview {
    /// Its place, if it has one.
    pub place: Option<u8>,
    /// Its device.
    pub device: DeviceId,
    /// Its identity, once known.
    pub identity: Option<IdentityId>,
    /// State of the automaton `contract`.
    pub state: &'static str,
    /// Whether it is connected.
    pub is_online: bool,
    /// When it was last seen, unix milliseconds.
    pub last_seen: Option<u64>,
    /// Bytes promised.
    pub quota_bytes: u64,
    /// Bytes receipted.
    pub used_bytes: u64,
    /// Fragments receipted.
    pub fragments: u64,
    /// End of the contract, unix milliseconds.
    pub until: u64,
}

/// One customer of mine.
#[derive(Clone, Debug)]
pub struct CustomerOverview {
    /// Who.
    pub identity: IdentityId,
    /// The contract.
    pub contract: ContractId,
    /// Bytes promised.
    pub quota_bytes: u64,
    /// Bytes kept.
    pub used_bytes: u64,
    /// Fragments kept.
    pub fragments: u64,
    /// End of the contract, unix milliseconds.
    pub until: u64,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ServiceOverview {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub purpose: &'static str,
    /// Whether it is wanted.
    pub is_enabled: bool,
    /// State of its automaton.
    pub state: &'static str,
    /// What it needs.
    pub needs: Vec<&'static str>,
    /// What stops with it.
    pub stops: Vec<&'static str>,
}
