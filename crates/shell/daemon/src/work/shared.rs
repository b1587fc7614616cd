//! What all workers share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

use base::{BlockId, JobId, SecretKey, SpaceId, SymmetricKey};
use node::input::Input;
use node::output::JobState;
use spaces::Keyring;
use storage::terms::Arrangement;
use store::Drive;
use store::database::{DatabaseError, Table, Write};
use tokio::sync::mpsc;

use super::Stored;
use super::backup::Runs;
use super::fetches::Fetches;
use super::jobs::{Jobs, Ledger};
use super::mend::MendedBlocks;
use super::opening::Home;
use super::pool::Pool;
use super::sealed::SealedBlocks;

/// Arrangements by number, so that a fragment that is not there can be laid at somebody's door.
const ARRANGEMENTS: Table = Table("work arrangements");

/// Numbers of chunks and blocks, and the first block of the head, another one for each version.
type CatalogState = ((u64, u64), Option<BlockId>);

/// Shared by all workers.
pub(crate) struct Shared {
    pub(crate) drive: Drive,
    keyring: RwLock<Option<Arc<Keyring>>>,
    pub(crate) home: Home,
    pub(crate) device: SecretKey,
    pub(crate) storage_root: SymmetricKey,
    pub(crate) space: SpaceId,
    /// Patterns that every backup leaves out.
    pub(crate) excludes: Vec<String>,
    inputs: mpsc::Sender<Input>,
    pub(crate) sealed: SealedBlocks,
    pub(crate) mended: MendedBlocks,
    pub(crate) fetches: Fetches,
    pub(crate) jobs: Jobs,
    ledger: Ledger,
    pub(crate) runs: Runs,
    pub(crate) pool: Pool,
    /// Versions that are being read for the doors.
    pub(crate) readings: AtomicUsize,
    /// What was counted last, and of which state of the catalog.
    pub(crate) stored: Mutex<Option<(CatalogState, Stored)>>,
    is_closing: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Shared {
    pub(crate) fn new(parts: super::Parts) -> std::io::Result<Self> {
        let super::Parts { drive, device, storage_root, space, inputs, limits, excludes } = parts;
        let super::OpenedDrive { drive, keyring, home, jobs: (ledger, kept), .. } = drive;
        Ok(Self {
            drive,
            keyring: RwLock::new(keyring.map(Arc::new)),
            home,
            device,
            storage_root,
            space,
            excludes,
            inputs,
            sealed: SealedBlocks::new(limits.sealed_bytes),
            mended: MendedBlocks::default(),
            fetches: Fetches::new(limits.fetch_bytes),
            jobs: Jobs::of(kept),
            ledger,
            runs: Runs::default(),
            pool: Pool::start()?,
            readings: AtomicUsize::new(0),
            stored: Mutex::default(),
            is_closing: AtomicBool::new(false),
            threads: Mutex::default(),
        })
    }

    /// The keys of the drive, once it is in hand.
    pub(crate) fn keyring(&self) -> Option<Arc<Keyring>> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_keyring(&self, keyring: Keyring) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keyring));
    }

    /// Tells the loop, waiting until it has room. For own threads only.
    pub(crate) fn tell(&self, input: Input) {
        // When the loop is gone, nobody decides anything any more; the workers are ended.
        let _ = self.inputs.blocking_send(input);
    }

    /// Tells the loop from a call of the loop itself, which must not wait.
    pub(crate) fn tell_later(self: &Arc<Self>, input: Input) {
        let shared = self.clone();
        self.pool.give(move || shared.tell(input));
    }

    /// Writes down how it stands with the jobs, so that the next daemon goes on with them.
    pub(crate) fn keep_jobs(&self) {
        if let Err(error) = self.ledger.save(&self.jobs) {
            tracing::error!(%error, "the jobs cannot be kept: the next start will not know of them");
        }
    }

    /// Takes over what the node says of a job, and keeps it. Never blocks.
    pub(crate) fn job_changed(self: &Arc<Self>, job: JobId, state: JobState) {
        if self.jobs.changed(job, state) {
            let shared = self.clone();
            self.pool.give(move || shared.keep_jobs());
        }
    }

    /// Starts a thread. What it was to do is not done if the system gives none.
    pub(crate) fn spawn(
        &self,
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let thread = Builder::new().name(name.into()).spawn(run)?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(())
    }

    /// Whether all workers are to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Ends all workers and waits for them.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.runs.stop(None);
        self.jobs.all().iter().for_each(|job| job.gate.stop());
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended badly");
            }
        }
        self.pool.close();
    }

    /// Keeps arrangements for the naming of suppliers.
    pub(crate) fn keep_arrangements(
        &self,
        arrangements: &[Arrangement],
    ) -> Result<(), DatabaseError> {
        let mut writes = vec![];
        for arrangement in arrangements {
            if self.arrangement(arrangement.number)?.as_ref() != Some(arrangement) {
                let value = borsh::to_vec(arrangement).expect("writing into a Vec cannot fail");
                let key = arrangement.number.to_be_bytes().to_vec();
                writes.push(Write { table: ARRANGEMENTS, key, value: Some(value) });
            }
        }
        if writes.is_empty() { Ok(()) } else { self.drive.database().write(&writes) }
    }

    /// Keeps one from a call of the loop, which must not wait. What is not kept names nobody.
    pub(crate) fn keep_arrangement(self: &Arc<Self>, arrangement: Arrangement) {
        let shared = self.clone();
        self.pool.give(move || {
            if let Err(error) = shared.keep_arrangements(&[arrangement]) {
                tracing::warn!(%error, "an arrangement cannot be kept");
            }
        });
    }

    /// The arrangement of this number, if it was kept.
    pub(crate) fn arrangement(&self, number: u32) -> Result<Option<Arrangement>, DatabaseError> {
        let row = self.drive.database().get(ARRANGEMENTS, &number.to_be_bytes())?;
        // What cannot be read names nobody.
        Ok(row.and_then(|row| borsh::from_slice(&row).ok()))
    }
}
