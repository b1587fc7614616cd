//! All jobs: what the user asked for, how far each is, and who is told.

use std::collections::BTreeMap;

use automata::{Snapshot, Tick};
use base::JobId;
use storage::{backup, retrieval};

use crate::catalogue::entry;
use crate::input::Failure;
use crate::node::Node;
use crate::output::JobState;
use crate::wiring::backups::BackupJob;
use crate::wiring::retrievals::RetrievalJob;
use crate::wish::KeptJob;

/// Jobs that are not over at most.
const OPEN_MAX: usize = 256;
/// Jobs that are over and still known.
const OVER_MAX: usize = 64;

/// All jobs.
#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) all: BTreeMap<JobId, Entry>,
    begun: u64,
}

/// A job and what is known of it.
pub(crate) struct Entry {
    pub(crate) job: Job,
    /// In the order in which they were begun.
    number: u64,
    /// Whether its service holds it up, which goes on with it when it runs again.
    is_held: bool,
    /// What was told last.
    pub(crate) told: Option<JobState>,
}

/// A job that the user began.
pub(crate) enum Job {
    /// A backup.
    Backup(BackupJob),
    /// A restore or a check.
    Retrieval(RetrievalJob),
}

impl Job {
    fn deadline(&self) -> Option<Tick> {
        match self {
            Self::Backup(job) => job.deadline(),
            Self::Retrieval(job) => job.run.deadline(),
        }
    }

    fn snapshot(&self) -> Snapshot {
        match self {
            Self::Backup(job) => job.run.snapshot(),
            Self::Retrieval(job) => job.run.snapshot(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Backup(job) => job.run.is_done(),
            Self::Retrieval(job) => job.run.is_done(),
        }
    }

    fn is_paused(&self) -> bool {
        match self {
            Self::Backup(job) => *job.run.state() == backup::State::Paused,
            Self::Retrieval(job) => matches!(job.run.state(), retrieval::State::Paused { .. }),
        }
    }

    /// The service without which it does not run.
    fn service(&self) -> &'static str {
        match self {
            Self::Backup(_) => "backup",
            Self::Retrieval(_) => "restore",
        }
    }
}

impl Jobs {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.all.values().filter_map(|entry| entry.job.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.all.values().map(|entry| entry.job.snapshot())
    }

    pub(crate) fn backup(&self, id: JobId) -> Option<&BackupJob> {
        match &self.all.get(&id)?.job {
            Job::Backup(job) => Some(job),
            Job::Retrieval(_) => None,
        }
    }

    pub(crate) fn backup_mut(&mut self, id: JobId) -> Option<&mut BackupJob> {
        match &mut self.all.get_mut(&id)?.job {
            Job::Backup(job) => Some(job),
            Job::Retrieval(_) => None,
        }
    }

    pub(crate) fn retrieval_mut(&mut self, id: JobId) -> Option<&mut RetrievalJob> {
        match &mut self.all.get_mut(&id)?.job {
            Job::Retrieval(job) => Some(job),
            Job::Backup(_) => None,
        }
    }

    /// The jobs that are not over, in the order in which they were begun.
    pub(crate) fn open(&self) -> Vec<JobId> {
        let open = self.all.iter().filter(|(_, entry)| !entry.job.is_over());
        let mut open: Vec<(u64, JobId)> = open.map(|(id, entry)| (entry.number, *id)).collect();
        open.sort_unstable();
        open.into_iter().map(|(_, id)| id).collect()
    }

    fn forget_old(&mut self) {
        let over = self.all.iter().filter(|(_, entry)| entry.job.is_over());
        let mut over: Vec<(u64, JobId)> = over.map(|(id, entry)| (entry.number, *id)).collect();
        over.sort_unstable();
        for (_, id) in over.iter().take(over.len().saturating_sub(OVER_MAX)) {
            self.all.remove(id);
        }
    }
}

impl Node {
    pub(crate) fn poll_jobs(&mut self) {
        let now = self.now.tick;
        let due = self.jobs.all.iter();
        let due = due.filter(|(_, entry)| entry.job.deadline().is_some_and(|due| due <= now));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            match self.jobs.all.get_mut(&id).map(|entry| &mut entry.job) {
                Some(Job::Backup(_)) => self.poll_backup(id),
                Some(Job::Retrieval(job)) => {
                    let effects = job.run.poll(now, &mut self.journal);
                    self.carry_out_retrieval(id, effects);
                }
                None => {}
            }
        }
    }

    /// Takes a job in: a new one, or one that was not over when the shell ended.
    ///
    /// # Errors
    /// There are too many, or it is here already.
    pub(crate) fn add_job(
        &mut self,
        kept: Option<KeptJob>,
        make: impl FnOnce(&Self, JobId) -> Job,
    ) -> Result<JobId, Failure> {
        self.jobs.forget_old();
        if self.jobs.open().len() >= OPEN_MAX {
            return Err(Failure::Busy);
        }
        let id = kept.map_or_else(|| JobId(self.chance.bytes()), |kept| kept.id);
        if self.jobs.all.contains_key(&id) {
            return Err(Failure::Busy);
        }
        let job = make(self, id);
        self.jobs.begun += 1;
        let number = self.jobs.begun;
        self.jobs.all.insert(id, Entry { job, number, is_held: false, told: None });
        self.report_job(id);
        if let Some(kept) = kept {
            self.leave_paused(id, kept);
        }
        Ok(id)
    }

    /// A job that was paused stays so; one whose service is off is held until that runs.
    fn leave_paused(&mut self, id: JobId, kept: KeptJob) {
        let service = self.jobs.all.get(&id).map(|entry| entry.job.service());
        let is_off = service.is_some_and(|service| self.need_service(service).is_err());
        if kept.is_paused || is_off {
            self.feed_backup(id, backup::Event::Pause);
            self.feed_retrieval(id, retrieval::Event::Pause);
        }
        if let Some(entry) = self.jobs.all.get_mut(&id) {
            entry.is_held = is_off && !kept.is_paused;
        }
    }

    /// Holds a job, lets it go on, or ends it.
    ///
    /// # Errors
    /// There is no such job, or what it needs does not run.
    pub(crate) fn steer(
        &mut self,
        id: JobId,
        for_backup: backup::Event,
        for_retrieval: retrieval::Event,
    ) -> Result<(), Failure> {
        let Some(entry) = self.jobs.all.get_mut(&id) else {
            return Err(Failure::Unknown { what: format!("the job {id}") });
        };
        entry.is_held = false;
        let (is_backup, service) = (matches!(entry.job, Job::Backup(_)), entry.job.service());
        if matches!(for_retrieval, retrieval::Event::Resume) {
            self.need_service(service)?;
        }
        if is_backup {
            self.feed_backup(id, for_backup);
        } else {
            self.feed_retrieval(id, for_retrieval);
        }
        self.jobs_may_go_on();
        Ok(())
    }

    /// A service has stopped: its jobs are held until it runs again.
    pub(crate) fn hold_jobs_of(&mut self, service: &str) {
        for id in self.jobs.open() {
            let Some(entry) = self.jobs.all.get(&id) else { continue };
            if entry.job.service() != service || entry.job.is_paused() {
                continue;
            }
            self.feed_backup(id, backup::Event::Pause);
            self.feed_retrieval(id, retrieval::Event::Pause);
            if let Some(entry) = self.jobs.all.get_mut(&id) {
                entry.is_held = entry.job.is_paused();
            }
        }
    }

    /// A service runs again: what was held goes on.
    pub(crate) fn free_jobs_of(&mut self, service: &str) {
        for id in self.jobs.open() {
            let Some(entry) = self.jobs.all.get_mut(&id) else { continue };
            if entry.job.service() == service && std::mem::take(&mut entry.is_held) {
                self.feed_backup(id, backup::Event::Resume);
                self.feed_retrieval(id, retrieval::Event::Resume);
            }
        }
        self.jobs_may_go_on();
    }

    pub(crate) fn work_done(&mut self, id: JobId) {
        match self.jobs.all.get(&id).map(|entry| &entry.job) {
            Some(Job::Backup(_)) => self.backup_worker_done(id),
            Some(Job::Retrieval(_)) => self.feed_retrieval(id, retrieval::Event::WorkDone),
            None => {}
        }
    }

    pub(crate) fn work_failed(&mut self, id: JobId, failure: Failure) {
        match self.jobs.all.get(&id).map(|entry| &entry.job) {
            Some(Job::Backup(_)) => self.backup_worker_failed(id, failure),
            Some(Job::Retrieval(_)) => self.retrieval_worker_failed(id, failure),
            None => {}
        }
    }

    /// A service that is on its way up will do: the job waits for it.
    pub(crate) fn need_service(&self, name: &'static str) -> Result<(), Failure> {
        let needs = entry(name).map(|entry| entry.needs).unwrap_or_default();
        for need in needs {
            self.need_service(need)?;
        }
        if self.is_enabled(name) { Ok(()) } else { Err(Failure::ServiceOff { service: name }) }
    }

    fn jobs_may_go_on(&mut self) {
        self.count_places();
        self.suppliers_ready();
        self.drive_changed();
    }
}
