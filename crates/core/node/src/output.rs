//! All that the node can ask of the world.

use base::{BlockId, ContractId, DeviceId, IdentityId, JobId, RequestId};
use storage::backup::Stage;
use storage::terms::{Arrangement, Contract, Place, RootDocument};
use storage::wire::{DocumentKind, Message, Refusal};

use crate::book::Book;
use crate::input::Failure;
use crate::wish::{BackupWish, CheckWish, Reply, RestoreWish};

/// An order. Where an answer is expected, the input that brings it is named.
#[derive(Clone, Debug)]
pub enum Output {
    /// Keep the book, durably, in place of the one before. Answer: `Kept`.
    Keep {
        /// The number of the order.
        id: u64,
        /// What to keep.
        book: Book,
    },

    /// Connect to a peer, by all addresses that are known or can be found, and greet it.
    /// Answer: `Online` or `Unreachable`.
    Connect {
        /// Whom.
        device: DeviceId,
    },
    /// Send a control message.
    Send {
        /// To whom.
        to: DeviceId,
        /// Its id.
        id: RequestId,
        /// The request that it answers.
        answer_to: Option<RequestId>,
        /// What it says.
        message: Message,
    },
    /// Ask anybody in the network for a sign of life, over and above those who are connected.
    /// Answer: `Probed`.
    Probe,
    /// Look for suppliers. Answer: `SuppliersFound`, once or several times.
    FindSuppliers,
    /// Say in the distributed hash table that this node is a supplier, or no longer say so.
    AnnounceSupplier {
        /// Whether it is one.
        is_on: bool,
    },
    /// Write a record. Answer: `RecordPut`.
    PutRecord {
        /// The number of the order.
        query: u64,
        /// Its key.
        key: Vec<u8>,
        /// The signed record.
        value: Vec<u8>,
    },
    /// Collect all values of a record. Answer: `RecordGot`.
    GetRecord {
        /// The number of the order.
        query: u64,
        /// Its key.
        key: Vec<u8>,
    },

    /// Mask and send a fragment of a sealed block. Answer: `PutDone`.
    Put {
        /// To whom.
        device: DeviceId,
        /// Under which contract.
        contract: ContractId,
        /// The supplier's identity, from which the mask follows.
        supplier: IdentityId,
        /// Which block.
        block: BlockId,
        /// Which fragment.
        index: u8,
    },
    /// Ask for a fragment, unmask and verify it. Answer: `GetDone`.
    Get {
        /// For which fetch.
        fetch: u64,
        /// From whom.
        device: DeviceId,
        /// Under which contract.
        contract: ContractId,
        /// The supplier's identity, from which the mask follows.
        supplier: IdentityId,
        /// Which block.
        block: BlockId,
        /// Which fragment.
        index: u8,
    },
    /// Ask a supplier for proof of something that it receipted, chosen by chance; the same as last
    /// time if that was not answered. `Input::Audited` answers.
    Audit {
        /// The supplier.
        device: DeviceId,
        /// The contract with it.
        contract: Contract,
        /// Whether the last question stands.
        is_again: bool,
    },
    /// Do what a peer asks on a stream: take the fragment, give it, erase it. Answer: `Served`.
    Serve {
        /// The stream.
        stream: u64,
    },
    /// Refuse it.
    Refuse {
        /// The stream.
        stream: u64,
        /// Why.
        reason: Refusal,
    },
    /// Write a contract into the fragment store. Answer: `TenancyOpened`.
    OpenTenancy {
        /// The contract.
        contract: Contract,
    },
    /// Write into the fragment store that it is ended.
    CloseTenancy {
        /// Which.
        contract: ContractId,
    },
    /// Erase what is kept under it.
    EraseTenancy {
        /// Which.
        contract: ContractId,
    },
    /// Answer how a contract stands, with `Message::Standing` or `Message::Decline`.
    TellStanding {
        /// To whom.
        to: DeviceId,
        /// The request that it answers.
        answer_to: RequestId,
        /// Which contract.
        contract: ContractId,
    },
    /// Write a customer's agreement to a receipt down.
    KeepAgreement {
        /// Which contract.
        contract: ContractId,
        /// The receipt's number.
        sequence: u64,
        /// The signature.
        signature: base::Signature,
    },
    /// Keep a document for its owner. Answer: `DocumentKept`.
    KeepDocument {
        /// The request.
        id: RequestId,
        /// The owner.
        owner: IdentityId,
        /// Which.
        kind: DocumentKind,
        /// Its sequence.
        sequence: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Answer with a document that is kept, or with none: `Message::Document`.
    TellDocument {
        /// To whom.
        to: DeviceId,
        /// The request that it answers.
        answer_to: RequestId,
        /// The owner.
        owner: IdentityId,
        /// Which.
        kind: DocumentKind,
    },

    /// Begin to read and seal. Answers: `Sealed`, `StageSealed`, `WorkFailed`.
    StartBackup {
        /// The job.
        job: JobId,
        /// What.
        wish: BackupWish,
        /// Under which arrangement blocks are placed.
        arrangement: Arrangement,
    },
    /// Seal the next stage: everything before it is placed.
    NextStage {
        /// The job.
        job: JobId,
        /// Which stage.
        stage: Stage,
    },
    /// The version is published: write it into the database as the newest. Answer: `WorkDone`.
    Conclude {
        /// The job.
        job: JobId,
    },
    /// Begin to restore. Answers: `Wanted`, `WorkDone`, `WorkFailed`.
    StartRestore {
        /// The job.
        job: JobId,
        /// What.
        wish: RestoreWish,
    },
    /// Begin to check. Answers: `Wanted`, `WorkDone`, `WorkFailed`.
    StartCheck {
        /// The job.
        job: JobId,
        /// What.
        wish: CheckWish,
    },
    /// Hold a worker where it is.
    HoldWork {
        /// The job.
        job: JobId,
    },
    /// Let it go on.
    ContinueWork {
        /// The job.
        job: JobId,
    },
    /// End a worker; what is half done is removed.
    StopWork {
        /// The job.
        job: JobId,
    },
    /// Write a placed block, its chunks and receipts down, durably. Answer: `Recorded`.
    Record {
        /// The block.
        block: BlockId,
        /// Under which arrangement it was placed.
        arrangement: u32,
    },
    /// Read which blocks lie under an arrangement, a page at a time. Answer: `BlocksListed`.
    ListBlocks {
        /// The arrangement.
        arrangement: u32,
        /// Behind this block, in the order of their ids.
        after: Option<BlockId>,
    },
    /// Fetch any k fragments of a block and make these ones of them, to be sent to the suppliers
    /// named here; they stay in memory until `Release`. Answer: `Mended`.
    Mend {
        /// The block.
        block: BlockId,
        /// The fragments, and who is to keep each.
        fragments: Vec<(u8, Place)>,
    },
    /// Read the fragments that were made back from their new suppliers. Answer: `MendVerified`.
    VerifyMended {
        /// The block.
        block: BlockId,
        /// The arrangement that names the new suppliers.
        arrangement: u32,
    },
    /// Write the new suppliers' receipts down. Answer: `MendRecorded`.
    RecordMended {
        /// The block.
        block: BlockId,
    },
    /// Remember who has which place in an arrangement, to name suppliers by.
    KeepArrangement {
        /// The arrangement.
        arrangement: Arrangement,
    },
    /// Free the memory of a sealed or mended block.
    Release {
        /// The block.
        block: BlockId,
    },
    /// Put the wanted bytes together from the fragments that are here, rebuilding what is missing,
    /// and hand them to the worker that wants them. Answer: `Assembled`.
    Assemble {
        /// The number of the fetch.
        fetch: u64,
        /// Where everything is wanted: the fragments that no supplier could be asked for, and when
        /// each one's supplier was last seen (unix milliseconds).
        unreached: Vec<(u8, Option<u64>)>,
    },
    /// Tell the worker that it cannot have the bytes, and free what is here of them.
    Withhold {
        /// The number of the fetch.
        fetch: u64,
        /// Why.
        failure: Failure,
    },
    /// Make the drive's database anew from the catalog that this document names. Answers: `Wanted`,
    /// `Rebuilt`.
    Rebuild {
        /// The newest root document.
        root: RootDocument,
    },

    /// Start a part of the shell. Answer: `ServiceChanged`.
    StartService {
        /// Its name.
        service: &'static str,
    },
    /// Stop it. Answer: `ServiceChanged`.
    StopService {
        /// Its name.
        service: &'static str,
    },

    /// How it stands with a job, for those who watch it.
    JobChanged {
        /// The job.
        job: JobId,
        /// How it stands.
        progress: JobState,
    },
    /// The answer to a wish.
    Answer {
        /// The id of the wish.
        id: u64,
        /// The answer.
        answer: Result<Reply, Failure>,
    },
}

/// How it stands with a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// `waiting`, `running`, `paused`, `publishing`, `done`, `failed`, `cancelled`.
    pub state: &'static str,
    /// What it waits for.
    pub waits_for: Option<Failure>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What was reached, for a backup that is done.
    pub safety: Option<Safety>,
}

/// How safe data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// Nothing is stored.
    Empty,
    /// Fewer suppliers are left than are needed.
    Lost,
    /// One more loss may lose data, or not everything is confirmed.
    AtRisk,
    /// A plain copy with one supplier.
    Kept,
    /// So many more suppliers may be lost.
    Safe {
        /// How many.
        may_lose: u8,
    },
}
