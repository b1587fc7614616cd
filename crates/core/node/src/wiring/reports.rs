//! What those are told who watch a job.

use base::DeviceId;
use storage::{backup, retrieval};

use crate::input::Failure;
use crate::node::Node;
use crate::output::{JobState, Output};
use crate::wiring::backups::BackupJob;
use crate::wiring::jobs::Job;
use crate::wiring::retrievals::RetrievalJob;

impl Node {
    /// Tells how it stands with a job, if that has changed.
    pub(crate) fn report_job(&mut self, id: base::JobId) {
        let Some(entry) = self.jobs.all.get(&id) else { return };
        let progress = match &entry.job {
            Job::Backup(job) => self.backup_state(job),
            Job::Retrieval(job) => self.retrieval_state(job),
        };
        if let Some(entry) = self.jobs.all.get_mut(&id)
            && entry.told.as_ref() != Some(&progress)
        {
            entry.told = Some(progress.clone());
            self.order(Output::JobChanged { job: id, progress });
        }
    }

    /// What a backup waits for before it begins.
    pub(crate) fn what_is_missing(&self) -> Failure {
        let setting = |what: &str| Failure::Setting { what: what.into() };
        if !self.is_drive_ready() || self.is_catching_up() {
            Failure::DriveNotReady
        } else if self.spread().is_none() {
            setting("the number of suppliers does not fit the policy")
        } else if self.customer.is_exhausted {
            setting("the drive was spread anew too often for one root document to name it all")
        } else {
            self.shortage()
        }
    }

    /// How many suppliers there are, and which of those that should be are not connected.
    fn shortage(&self) -> Failure {
        let active = self.customer.contracts.keys();
        let active: Vec<DeviceId> =
            active.filter(|device| self.customer.is_active(device)).copied().collect();
        let places = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        let silent = places.iter().map(|place| place.device).filter(|each| self.is_silent(each));
        let all = active.iter().copied().chain(silent);
        let seen = |device: &DeviceId| {
            let entry = self.book.suppliers.get(device);
            entry.and_then(|entry| entry.last_seen).map(|date| date.0)
        };
        let missing = all.filter(|device| !self.is_online(device));
        Failure::TooFewSuppliers {
            have: u8::try_from(active.len()).unwrap_or(u8::MAX),
            need: self.settings.suppliers,
            missing: missing.map(|device| (device, seen(&device))).collect(),
        }
    }

    fn backup_state(&self, job: &BackupJob) -> JobState {
        let (state, waits_for) = match job.run.state() {
            backup::State::Hiring { .. } => ("waiting", Some(self.what_is_missing())),
            backup::State::Working { .. } => ("running", None),
            backup::State::Blocked { .. } => ("running", self.hold_up()),
            backup::State::Publishing { .. } => ("publishing", None),
            backup::State::Paused => ("paused", None),
            backup::State::Done => ("done", None),
            backup::State::Failed => ("failed", None),
            backup::State::Cancelled => ("cancelled", None),
        };
        JobState { state, waits_for, failure: job.failure.clone(), safety: job.safety }
    }

    fn retrieval_state(&self, job: &RetrievalJob) -> JobState {
        // A check that dials its suppliers waits for nothing that the user could do.
        let is_dialling = self.is_drive_ready() && !job.awaited.is_empty();
        let drive = (!is_dialling).then_some(Failure::DriveNotReady);
        let (state, waits_for) = match job.run.state() {
            retrieval::State::Waiting { .. } => ("waiting", drive),
            retrieval::State::Running => ("running", None),
            retrieval::State::Paused { .. } => ("paused", None),
            retrieval::State::Done => ("done", None),
            retrieval::State::Failed => ("failed", None),
            retrieval::State::Cancelled => ("cancelled", None),
        };
        JobState { state, waits_for, failure: job.failure.clone(), safety: None }
    }
}
