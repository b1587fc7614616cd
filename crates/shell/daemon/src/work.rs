//! The workers: everything that reads and writes files and blocks for the node's jobs, on threads
//! of its own. The loop gives them the node's orders; they answer with its inputs.

use std::sync::Arc;

use base::{BlockId, ContractId, DeviceId, IdentityId, JobId};
use codec::Mask;
use node::input::{GetOutcome, Input};
use node::output::Output;
use node::wish::KeptJob;
use store::DatabaseError;
use store::drive::Drawn;
use store::receipt::Receipt;
use tokio::sync::watch;

use crate::handle::{Answer, Items};
use crate::view::{
    BackupRequest, CheckRequest, DifferenceView, EntryView, ErrorView, JobView, VersionView,
};

mod backup;
mod check;
mod clock;
mod dry;
mod fetches;
mod gate;
mod halt;
mod jobs;
mod mend;
mod opening;
mod parts;
mod pool;
mod reading;
mod rebuild;
mod restore;
mod sealed;
mod shared;
#[cfg(test)]
mod tests;
mod texts;

pub use opening::{FRESH_MARK, OpenDriveError, OpenedDrive, RECOVER_MARK, open_drive};
pub use parts::{JobRequest, Limits, Parts, Stored};
pub use sealed::{Fragment, FragmentSlice};

use shared::Shared;

/// The workers; cheap to clone.
#[derive(Clone)]
pub struct Works {
    shared: Arc<Shared>,
}

impl Works {
    /// Starts what all workers need.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(parts: Parts) -> std::io::Result<Self> {
        Ok(Self { shared: Arc::new(Shared::new(parts)?) })
    }

    /// Carries out an order of the node, if it is one for workers. Never blocks.
    pub fn order(&self, output: Output) {
        let shared = &self.shared;
        match output {
            Output::StartBackup { job, wish, arrangement } => {
                match shared.jobs.bind(wish.request, job) {
                    Some(job) => backup::start(shared, job, arrangement),
                    None => self.fail_unknown(job),
                }
            }
            Output::StartRestore { job, wish } => match shared.jobs.bind(wish.request, job) {
                Some(job) => restore::start(shared, job),
                None => self.fail_unknown(job),
            },
            Output::StartCheck { job, wish } => {
                let request = JobRequest::Check(CheckRequest { percent: wish.percent });
                check::start(shared, shared.jobs.add(job, request, jobs::Owner::Node));
            }
            Output::NextStage { job, stage } => backup::next_stage(shared, job, stage),
            Output::Conclude { job } => backup::conclude(shared, job),
            Output::Record { block, .. } => backup::record(shared, block),
            Output::Release { block } => {
                backup::release(shared, block);
                shared.mended.remove(block);
            }
            Output::ListBlocks { arrangement, after } => mend::list(shared, arrangement, after),
            Output::Mend { block, fragments } => mend::start(shared, block, fragments),
            Output::VerifyMended { block, arrangement } => mend::verify(shared, block, arrangement),
            Output::RecordMended { block } => mend::record(shared, block),
            Output::KeepArrangement { arrangement } => shared.keep_arrangement(arrangement),
            Output::HoldWork { job } => self.with_job(job, |job| job.gate.hold()),
            Output::ContinueWork { job } => self.with_job(job, |job| job.gate.let_go()),
            Output::StopWork { job } => {
                shared.runs.stop(Some(job));
                // The gate of a backup stays open: it may begin again.
                self.with_job(job, |job| {
                    if !matches!(*job.request, JobRequest::Backup(_)) {
                        job.gate.stop();
                    }
                });
            }
            Output::Assemble { fetch, unreached } => fetches::assemble(shared, fetch, unreached),
            Output::Withhold { fetch, failure } => shared.fetches.withhold(fetch, failure),
            Output::Rebuild { root } => rebuild::start(shared, root),
            Output::JobChanged { job, progress } => shared.job_changed(job, progress),
            _ => {}
        }
    }

    /// Keeps a request, whose number then goes through the node in the wish.
    ///
    /// # Errors
    /// The request cannot be: a path that is none, a wrong word.
    pub fn begin(&self, request: JobRequest) -> Answer<u64> {
        request.check()?;
        if self.shared.jobs.is_full() {
            return Err(texts::busy("As many jobs run or wait as can be at once."));
        }
        Ok(self.shared.jobs.request(request))
    }

    /// The jobs of earlier daemons that are not over: for the node, which goes on with them.
    pub fn kept(&self) -> Vec<(KeptJob, Arc<JobRequest>)> {
        let jobs = self.shared.jobs.all().into_iter().rev().filter(|job| !job.is_over());
        jobs.map(|job| {
            let is_paused = job.view().state == "paused";
            (KeptJob { id: job.id, is_paused }, job.request.clone())
        })
        .collect()
    }

    /// The backup of just this request that is under way, unless it is paused.
    pub fn backup_of(&self, request: &BackupRequest) -> Option<JobView> {
        let is_it = |job: &Arc<jobs::Job>| {
            let is_same = matches!(&*job.request, JobRequest::Backup(of) if of == request);
            is_same && job.owner == jobs::Owner::Node && !job.is_over()
        };
        let found = self.shared.jobs.all().into_iter().find(is_it)?.view();
        (found.state != "paused").then_some(found)
    }

    /// The node cannot go on with a job of an earlier daemon. Waits for the disk.
    pub fn refuse(&self, job: JobId, error: ErrorView) {
        self.with_job(job, |job| job.set_own_state("failed", Some(error)));
        self.keep_jobs();
    }

    /// Writes down how it stands with the jobs, so that the next daemon goes on with them. Waits
    /// for the disk.
    pub fn keep_jobs(&self) {
        self.shared.keep_jobs();
    }

    /// The node has made a job of a request: how it stands.
    pub fn bind(&self, request: u64, job: JobId) -> Option<JobView> {
        self.shared.jobs.bind(request, job).map(|job| job.view())
    }

    /// The node has refused a request.
    pub fn forget(&self, request: u64) {
        self.shared.jobs.forget(request);
    }

    /// Looks what a backup or a restore would do, without the node. It stands among the jobs.
    ///
    /// # Errors
    /// The request cannot be, or is one of those that have no dry run.
    pub fn dry_run(&self, request: JobRequest) -> Answer<JobView> {
        request.check()?;
        dry::start(&self.shared, request)
    }

    /// Ends a dry run, which the node knows nothing of; says whether the job is one.
    pub fn cancel_dry_run(&self, job: JobId) -> bool {
        let job = self.shared.jobs.job(job).filter(|job| job.owner == jobs::Owner::Worker);
        job.inspect(|job| job.gate.stop()).is_some()
    }

    /// A fragment of a sealed block, for `Output::Put`.
    pub fn fragment(&self, block: BlockId, index: u8) -> Option<Fragment> {
        let sealed = self.shared.sealed.fragment(block, index);
        sealed.or_else(|| self.shared.mended.fragment(block, index))
    }

    /// The mask of a fragment at a supplier; none before the drive is in hand.
    pub fn mask(&self, supplier: IdentityId, block: BlockId, index: u8) -> Option<Mask> {
        let keyring = self.shared.keyring()?;
        Some(Mask::new(keyring.mask_root(), supplier, block, index))
    }

    /// A fragment under a contract drawn by chance, with the supplier's word for it; none if there
    /// is none. Reads the database; call it on a thread that may wait.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn draw(
        &self,
        contract: ContractId,
        random: impl FnMut() -> [u8; 40],
    ) -> Result<Option<(Drawn, Receipt)>, DatabaseError> {
        let drive = &self.shared.drive;
        let Some(drawn) = drive.draw(contract, random)? else { return Ok(None) };
        let receipt = drive.receipt(contract, drawn.receipt.sequence)?;
        Ok(receipt.map(|receipt| (drawn, receipt)))
    }

    /// Keeps a receipt that was verified and names this fragment, to be written down with the block.
    #[expect(clippy::too_many_arguments, reason = "a fragment is named as the node names it")]
    pub fn receipt(
        &self,
        block: BlockId,
        index: u8,
        device: DeviceId,
        contract: ContractId,
        receipt: &[u8],
    ) {
        self.shared.sealed.receipt((block, index), device, contract, receipt);
        self.shared.mended.receipt((block, index), device, contract, receipt);
    }

    /// Whether what is fetched under this number is still wanted.
    pub fn is_wanted(&self, fetch: u64) -> bool {
        self.shared.fetches.is_wanted(fetch)
    }

    /// Takes a fragment that came for `Output::Get`: unmasks it and verifies it. Costs time; call
    /// it on a thread that may work.
    #[expect(clippy::too_many_arguments, reason = "a fragment is named as the node names it")]
    pub fn accept(
        &self,
        fetch: u64,
        index: u8,
        supplier: IdentityId,
        masked: Vec<u8>,
        manifest: &[u8],
    ) -> GetOutcome {
        let Some(keyring) = self.shared.keyring() else { return GetOutcome::Lost };
        let mask = (keyring.mask_root(), supplier);
        self.shared.fetches.accept((fetch, index), mask, masked, manifest)
    }

    /// All jobs, newest first.
    pub fn jobs(&self) -> Vec<JobView> {
        self.shared.jobs.views()
    }

    /// One job.
    pub fn job(&self, job: JobId) -> Option<JobView> {
        self.shared.jobs.view(job)
    }

    /// One job and its changes, at most ten in a second.
    pub fn watch(&self, job: JobId) -> Option<watch::Receiver<JobView>> {
        self.shared.jobs.watch(job)
    }

    /// All versions, newest first. Reads the database; call it on a thread that may wait.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn versions(&self) -> Answer<Vec<VersionView>> {
        reading::versions(&self.shared)
    }

    /// The entries below a path of a version (of the latest if none is named), one after the other.
    /// Reads the database; call it on a thread that may wait.
    ///
    /// # Errors
    /// There is no such version, the path is none, or too many are read at once.
    pub fn entries(
        &self,
        version: Option<u64>,
        path: &str,
        recursive: bool,
    ) -> Answer<Items<EntryView>> {
        reading::entries(&self.shared, version, path, recursive)
    }

    /// What differs between two versions, one after the other. Reads the database; call it on a
    /// thread that may wait.
    ///
    /// # Errors
    /// There is no such version, or too many are read at once.
    pub fn differences(&self, older: u64, newer: u64) -> Answer<Items<DifferenceView>> {
        reading::differences(&self.shared, older, newer)
    }

    /// A range of a file, to its end if no length is named; only what it needs is fetched. Reads
    /// the database; call it on a thread that may wait.
    ///
    /// # Errors
    /// There is no such version, the path is none, or too many are read at once.
    pub fn read_file(
        &self,
        version: Option<u64>,
        path: &str,
        offset: u64,
        bytes: Option<u64>,
    ) -> Answer<Items<Vec<u8>>> {
        reading::read_file(&self.shared, version, path, (offset, bytes))
    }

    /// How many blocks are known and how many bytes they have, without and with parity. Reads the
    /// database; call it on a thread that may wait.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stored(&self) -> Answer<Stored> {
        reading::stored(&self.shared)
    }

    /// Ends all workers and waits for them. The loop must take no more inputs (its receiver is
    /// closed), or go on taking them meanwhile.
    pub fn close(self) {
        self.shared.close();
    }

    fn with_job(&self, job: JobId, act: impl FnOnce(&jobs::Job)) {
        if let Some(job) = self.shared.jobs.job(job) {
            act(&job);
        }
    }

    fn fail_unknown(&self, job: JobId) {
        let failure = node::input::Failure::Unknown { what: "the request of the job".into() };
        self.shared.tell_later(Input::WorkFailed { job, failure });
    }
}
