//! All that the world can do to the node.

use base::{BlockId, ContractId, DeviceId, Hash, JobId, RequestId};
use storage::backup::Stage;
use storage::fetch::Need;
use storage::policy::Spread;
use storage::terms::Contract;
use storage::wire::{Asker, BulkRequest, Message, Refusal};

use crate::book::Book;
use crate::wish::Wish;

/// Something that happened outside. Everything in it is decoded, limited and verified; whether the
/// one who did it may do it is for the node to decide.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "moved once from the border into the node")]
pub enum Input {
    /// Time passed. Timers are looked at with every input; this one does nothing else.
    Time,
    /// The stores are open. The first input.
    Opened {
        /// What the node kept; none on the first start.
        book: Option<Book>,
        /// How it stands with the drive's database.
        drive: DriveCondition,
        /// The contracts of the fragment store.
        tenants: Vec<Tenant>,
        /// Bytes free on the disk of the fragment store.
        free_bytes: u64,
    },
    /// `Output::Keep` is carried out: durable, or failed.
    Kept {
        /// The number of the order.
        id: u64,
        /// Whether it is durable.
        ok: bool,
    },
    /// Bytes free on the disk of the fragment store, told now and then.
    Disk {
        /// Bytes.
        free_bytes: u64,
    },

    /// A peer is connected and has proved who it is.
    Online {
        /// Who.
        peer: Asker,
        /// Stands for its network (/24 or /48); none on loopback and in the local network.
        network: Option<u64>,
    },
    /// A peer is not connected any more.
    Offline {
        /// Which.
        device: DeviceId,
    },
    /// `Output::Connect` came to nothing.
    Unreachable {
        /// Whom.
        device: DeviceId,
    },
    /// `Output::Probe` is carried out.
    Probed {
        /// Whether anybody answered.
        heard: bool,
    },
    /// A control message.
    Received {
        /// Who signed it.
        from: Asker,
        /// Its id.
        id: RequestId,
        /// The request that it answers.
        answer_to: Option<RequestId>,
        /// What it says.
        message: Message,
    },
    /// Nodes that say they are suppliers, found by `Output::FindSuppliers`.
    SuppliersFound {
        /// Who.
        devices: Vec<DeviceId>,
    },
    /// `Output::PutRecord` is carried out; an acknowledgement proves nothing yet.
    RecordPut {
        /// The number of the order.
        query: u64,
        /// Whether anybody acknowledged.
        ok: bool,
    },
    /// `Output::GetRecord` is carried out.
    RecordGot {
        /// The number of the order.
        query: u64,
        /// All values that came, unverified, but no longer than a record may be.
        values: Vec<Vec<u8>>,
    },

    /// A fragment of mine came to a supplier, or did not.
    PutDone {
        /// Which supplier.
        device: DeviceId,
        /// Which block.
        block: BlockId,
        /// Which fragment.
        index: u8,
        /// What came of it.
        outcome: PutOutcome,
    },
    /// A fragment of mine came from a supplier and agrees with its manifest, or did not.
    GetDone {
        /// For which fetch.
        fetch: u64,
        /// Which fragment.
        index: u8,
        /// What came of it.
        outcome: GetOutcome,
    },
    /// `Output::Audit` is carried out.
    Audited {
        /// The supplier.
        device: DeviceId,
        /// What came of it.
        outcome: AuditOutcome,
    },
    /// A supplier that was asked for fragments has said nothing for a while, or says something again.
    Silent {
        /// Which.
        device: DeviceId,
        /// False when it is heard again, or nothing is asked of it any more.
        is_silent: bool,
    },
    /// A peer asks for something in bulk.
    Asked {
        /// The stream on which it asks.
        stream: u64,
        /// Who signed the request.
        from: Asker,
        /// What it asks.
        request: BulkRequest,
    },
    /// A request that was granted is over.
    Served {
        /// The stream.
        stream: u64,
        /// Fragments and bytes that the store now counts for the contract, if it changed.
        kept: Option<(u64, u64)>,
    },
    /// A contract is written into the fragment store, or not.
    TenancyOpened {
        /// Which.
        contract: ContractId,
        /// Why not.
        refused: Option<Refusal>,
    },
    /// A document of a customer is kept, or not.
    DocumentKept {
        /// The request.
        id: RequestId,
        /// Why not.
        refused: Option<Refusal>,
    },

    /// A worker sealed a block; it stays in memory until `Output::Release`.
    Sealed {
        /// For which job.
        job: JobId,
        /// The block.
        block: BlockId,
        /// Bytes of one fragment.
        fragment_bytes: u32,
    },
    /// A worker has sealed all of a stage.
    StageSealed {
        /// For which job.
        job: JobId,
        /// Which stage.
        stage: Stage,
        /// With the last stage: where the catalog's head is.
        head: Option<Vec<u8>>,
    },
    /// `Output::Record` is carried out: durable, or failed.
    Recorded {
        /// The block.
        block: BlockId,
        /// Whether it is durable.
        ok: bool,
    },
    /// `Output::ListBlocks` is carried out.
    BlocksListed {
        /// The arrangement.
        arrangement: u32,
        /// The next blocks, in the order of their ids; none if the catalog cannot be read.
        blocks: Option<Vec<BlockId>>,
        /// Whether others may be behind them.
        more: bool,
    },
    /// `Output::Mend` is carried out.
    Mended {
        /// The block.
        block: BlockId,
        /// What came of it.
        outcome: MendOutcome,
    },
    /// `Output::VerifyMended` is carried out.
    MendVerified {
        /// The block.
        block: BlockId,
        /// Whether every fragment came back from its new supplier and is right.
        ok: bool,
    },
    /// `Output::RecordMended` is carried out: durable, or failed.
    MendRecorded {
        /// The block.
        block: BlockId,
        /// Whether it is durable.
        ok: bool,
    },
    /// A worker is through with its job.
    WorkDone {
        /// Which.
        job: JobId,
    },
    /// A worker cannot go on.
    WorkFailed {
        /// Which job.
        job: JobId,
        /// Why.
        failure: Failure,
    },
    /// A worker needs a block, or a part of it.
    Wanted {
        /// The number of the fetch, chosen by the worker.
        fetch: u64,
        /// The block.
        block: BlockId,
        /// The arrangement under which it was placed.
        arrangement: u32,
        /// Its code.
        spread: Spread,
        /// What of it.
        need: Need,
    },
    /// A worker does not need it any more.
    Unwanted {
        /// The number of the fetch.
        fetch: u64,
    },
    /// `Output::Assemble` is carried out.
    Assembled {
        /// The number of the fetch.
        fetch: u64,
        /// Whether the bytes are there.
        ok: bool,
    },
    /// The database of the drive is made anew, or could not be.
    Rebuilt {
        /// Whether it is complete.
        ok: bool,
    },
    /// A part of the shell runs now, or could not be started, or has stopped.
    ServiceChanged {
        /// The name of the service.
        service: &'static str,
        /// What is so now.
        change: ServiceChange,
    },

    /// The user wishes something.
    Wished {
        /// To be named in the answer.
        id: u64,
        /// What.
        wish: Wish,
    },
}

/// How it stands with the database of the own drive at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriveCondition {
    /// It is there.
    Present,
    /// The identity was made on this device, and the drive is empty.
    Fresh,
    /// The identity was recovered from the words, or the database is missing.
    Absent,
    /// It could not be read and was set aside.
    Broken,
}

/// A customer's contract in the fragment store.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The contract.
    pub contract: Contract,
    /// Fragments kept.
    pub fragments: u64,
    /// Bytes kept, as counted against the quota.
    pub used_bytes: u64,
    /// Whether it has not been ended.
    pub is_open: bool,
}

/// What came of sending a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The supplier keeps it; its receipt was verified and names exactly this fragment.
    Receipted {
        /// Fragments that the contract's newest receipt counts.
        fragments: u64,
        /// Bytes that it counts.
        bytes: u64,
    },
    /// The supplier refused.
    Refused(Refusal),
    /// The transfer broke off.
    Lost,
    /// The receipt was not what it should be.
    Wrong,
}

/// What came of making the missing fragments of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MendOutcome {
    /// They are made, and agree with the manifest.
    Made,
    /// Too few others can be had now.
    Short,
    /// They cannot be made: the own disk or memory, or fragments that contradict each other.
    Failed,
}

/// What came of a question to a supplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It proved that it keeps what was asked for.
    Passed,
    /// It admits a loss.
    LossProved {
        /// The evidence, which is kept durably.
        evidence: Hash,
    },
    /// It signed something false.
    Cheated {
        /// The evidence, which is kept durably.
        evidence: Hash,
    },
    /// What it said proves nothing.
    Evaded,
    /// Nothing is receipted there that could be asked for.
    Vacant,
    /// It was not asked: this node was busy, or could not do its part.
    Unasked,
    /// No answer came.
    Lost,
}

/// What came of asking for a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetOutcome {
    /// It is here and agrees with the manifest.
    Arrived,
    /// The supplier refused, or has not got it.
    Refused(Refusal),
    /// The transfer broke off.
    Lost,
    /// The bytes are not those of the fragment.
    Wrong,
}

/// What is so with a service of the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceChange {
    /// It runs.
    Started,
    /// It has stopped.
    Stopped,
    /// It could not be started, or broke.
    Failed,
}

/// Why a job or a wish came to nothing; each has a stable code for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Fewer suppliers than needed.
    TooFewSuppliers {
        /// How many are there.
        have: u8,
        /// How many are needed.
        need: u8,
        /// Those that are missing, and when each was last seen (unix milliseconds).
        missing: Vec<(DeviceId, Option<u64>)>,
    },
    /// A supplier took nothing for too long.
    HeldUp {
        /// Which.
        device: DeviceId,
        /// Why, if it said so.
        reason: Option<Refusal>,
    },
    /// The own disk failed or is full.
    OwnDisk {
        /// What the system said.
        what: String,
    },
    /// The drive is not in hand yet.
    DriveNotReady,
    /// Another backup runs.
    Busy,
    /// The service that is needed does not run.
    ServiceOff {
        /// Which.
        service: &'static str,
    },
    /// There is no such version of the drive, or none at all.
    NoVersion {
        /// Which was named.
        number: Option<u64>,
    },
    /// What was named does not exist.
    Unknown {
        /// What was named.
        what: String,
    },
    /// The user ended it.
    Cancelled,
    /// Data at the suppliers contradicts what is signed.
    Damaged {
        /// What.
        what: String,
    },
    /// Something else in the world outside; said in words.
    Outside {
        /// What happened.
        what: String,
    },
    /// Suppliers and policy do not fit, or a setting is impossible.
    Setting {
        /// Why.
        what: String,
    },
}
