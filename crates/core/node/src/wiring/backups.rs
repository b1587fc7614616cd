//! Backups: when one may begin, what it waits for, and what it says at its end.

use automata::{Live, Tick};
use base::{DeviceId, JobId, SECOND_MS};
use mesh::RecordKind;
use storage::backup::{self, Backup, Stage};

use crate::input::Failure;
use crate::node::Node;
use crate::output::{Output, Safety};
use crate::wiring::jobs::Job;
use crate::wish::BackupWish;

/// A worker that was stopped and does not say so is thought to be gone after this time, milliseconds.
const STOP_MS: u64 = 10 * SECOND_MS;

/// A backup.
pub(crate) struct BackupJob {
    pub(crate) run: Live<Backup>,
    wish: BackupWish,
    /// The arrangement under which its blocks are placed, while it works.
    arrangement: Option<u32>,
    /// Until when a worker that was stopped may still send what is not wanted.
    stopping: Option<Tick>,
    /// Whether the head is sealed as soon as it is known that nobody else was faster.
    is_head_due: bool,
    head: Vec<u8>,
    pub(crate) failure: Option<Failure>,
    pub(crate) safety: Option<Safety>,
}

impl BackupJob {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        let stopping = self.stopping.filter(|_| !self.run.is_done());
        [self.run.deadline(), stopping].into_iter().flatten().min()
    }

    fn is_working(&self) -> bool {
        matches!(self.run.state(), backup::State::Working { .. } | backup::State::Blocked { .. })
    }
}

impl Node {
    pub(crate) fn begin_backup(&mut self, wish: BackupWish) -> Result<JobId, Failure> {
        if wish.kept.is_none() {
            self.need_service("backup")?;
        }
        if self.spread().is_none() {
            let what = "the number of suppliers does not fit the policy".into();
            return Err(Failure::Setting { what });
        }
        if self.jobs.open().iter().any(|id| self.jobs.backup(*id).is_some()) {
            return Err(Failure::Busy);
        }
        let clocks = &self.settings.clocks;
        let run = Backup {
            hire_wait_ms: clocks.hire_wait_ms,
            blocked_wait_ms: clocks.blocked_wait_ms,
            publish_wait_ms: clocks.publish_wait_ms,
            begun: self.now.tick,
        };
        let id = self.add_job(wish.kept, |_, id| {
            Job::Backup(BackupJob {
                run: Live::start(run, id.to_string()),
                wish,
                arrangement: None,
                stopping: None,
                is_head_due: false,
                head: vec![],
                failure: None,
                safety: None,
            })
        })?;
        self.count_places();
        self.suppliers_ready();
        Ok(id)
    }

    /// Begins backups that wait, if every place has a supplier and it is written down where their
    /// blocks will be.
    pub(crate) fn suppliers_ready(&mut self) {
        self.look_for_healing();
        let waiting = self.jobs.open().into_iter().filter(|id| {
            self.jobs.backup(*id).is_some_and(|job| {
                matches!(job.run.state(), backup::State::Hiring { .. }) && job.stopping.is_none()
            })
        });
        let waiting: Vec<JobId> = waiting.collect();
        let may = self.is_drive_ready() && !self.is_catching_up() && self.services.is_on("backup");
        let number = self.whole_arrangement().map(|found| found.number);
        let Some(number) = number.filter(|_| may && !waiting.is_empty()) else { return };
        if self.book.used.insert(number) {
            self.customer.used_order = self.keep_book();
        }
        if self.notes.is_durable(self.customer.used_order) {
            for id in waiting {
                self.feed_backup(id, backup::Event::SuppliersReady);
            }
        }
    }

    /// What jobs wait for may have changed: those who watch are told.
    pub(crate) fn report_jobs(&mut self) {
        for id in self.jobs.open() {
            self.report_job(id);
        }
    }

    /// A supplier is gone for good: what is to be placed with it is placed anew with others.
    pub(crate) fn supplier_gone(&mut self, device: DeviceId) {
        for id in self.jobs.open() {
            let Some(job) = self.jobs.backup(id).filter(|job| job.is_working()) else { continue };
            let number = job.arrangement.and_then(|number| self.book.arrangements.get(&number));
            let is_hit =
                number.is_some_and(|found| found.places.iter().any(|place| place.device == device));
            if is_hit {
                self.feed_backup(id, backup::Event::Interrupted);
            }
        }
    }

    /// Another device has changed the drive: what is under way begins again upon that.
    pub(crate) fn interrupt_backups(&mut self) {
        for id in self.jobs.open() {
            self.feed_backup(id, backup::Event::Interrupted);
        }
    }

    /// The arrangement under which blocks of a job are placed, while it takes blocks.
    pub(crate) fn arrangement_of(&self, id: JobId) -> Option<u32> {
        self.jobs.backup(id).filter(|job| job.is_working())?.arrangement
    }

    pub(crate) fn stage_sealed(&mut self, id: JobId, stage: Stage, head: Option<Vec<u8>>) {
        let Some(job) = self.jobs.backup_mut(id) else { return };
        let is_current = matches!(
            job.run.state(),
            backup::State::Working { stage: now, .. } | backup::State::Blocked { stage: now, .. }
                if *now == stage
        );
        if is_current {
            job.head = head.unwrap_or_default();
            let placed = self.is_all_placed(id);
            self.feed_backup(id, backup::Event::StageSealed { placed });
        }
    }

    pub(crate) fn backup_worker_done(&mut self, id: JobId) {
        let stopping = self.jobs.backup_mut(id).and_then(|job| job.stopping.take());
        match stopping {
            Some(_) => self.suppliers_ready(),
            None => self.version_concluded(id),
        }
    }

    pub(crate) fn backup_worker_failed(&mut self, id: JobId, failure: Failure) {
        let Some(job) = self.jobs.backup_mut(id) else { return };
        if job.stopping.take().is_some() {
            return self.suppliers_ready();
        }
        // A worker ends so only when it was told to, and this one was told by an earlier run.
        if failure != Failure::Cancelled && !job.run.is_done() {
            job.failure.get_or_insert(failure);
            self.feed_backup(id, backup::Event::WorkFailed);
        }
    }

    pub(crate) fn poll_backup(&mut self, id: JobId) {
        let now = self.now.tick;
        let hold_up = self.hold_up();
        let Some(job) = self.jobs.backup_mut(id) else { return };
        let is_gone = job.stopping.take_if(|until| *until <= now).is_some();
        let effects = match self.jobs.backup_mut(id) {
            Some(job) => job.run.poll(now, &mut self.journal),
            None => vec![],
        };
        self.carry_out_backup(id, effects, hold_up);
        if is_gone {
            self.suppliers_ready();
        }
    }

    pub(crate) fn feed_backup(&mut self, id: JobId, event: backup::Event) {
        let hold_up = self.hold_up();
        let (now, journal) = (self.now.tick, &mut self.journal);
        if let Some(job) = self.jobs.backup_mut(id) {
            let effects = job.run.feed(event, now, journal);
            self.carry_out_backup(id, effects, hold_up);
        }
    }

    /// Whether a supplier holds a job up has changed, or not.
    pub(crate) fn look_for_hold_ups(&mut self) {
        let is_held = self.hold_up().is_some();
        for id in self.jobs.open() {
            match self.jobs.backup(id).map(|job| job.run.state()) {
                Some(backup::State::Working { .. }) if is_held => {
                    self.feed_backup(id, backup::Event::Blocked);
                }
                Some(backup::State::Blocked { .. }) if !is_held => {
                    self.feed_backup(id, backup::Event::Unblocked);
                }
                _ => self.report_job(id),
            }
        }
    }

    /// Nobody else was faster: heads that waited for that are sealed.
    pub(crate) fn go_on_with_heads(&mut self) {
        for id in self.jobs.open() {
            let job = self.jobs.backup_mut(id);
            if job.is_some_and(|job| std::mem::take(&mut job.is_head_due) && job.is_working()) {
                self.order(Output::NextStage { job: id, stage: Stage::Head });
            }
        }
    }

    fn carry_out_backup(
        &mut self,
        id: JobId,
        effects: Vec<backup::Effect>,
        hold_up: Option<Failure>,
    ) {
        for effect in effects {
            match effect {
                backup::Effect::StartWork => self.start_backup(id),
                backup::Effect::NextStage => self.next_stage(id),
                backup::Effect::StopWork => self.stop_backup(id),
                backup::Effect::Publish => {
                    if let Some(job) = self.jobs.backup(id) {
                        let head = job.head.clone();
                        self.publish_version(id, head);
                    }
                }
                backup::Effect::ReportSafe => self.set_safety(id, true),
                backup::Effect::ReportAtRisk => self.set_safety(id, false),
                backup::Effect::ReportFailed => self.explain_backup(id, hold_up.clone()),
            }
        }
        self.report_job(id);
    }

    fn start_backup(&mut self, id: JobId) {
        let Some(arrangement) = self.arrangement().cloned() else { return };
        if let Some(job) = self.jobs.backup_mut(id) {
            job.arrangement = Some(arrangement.number);
            job.head.clear();
            let wish = job.wish.clone();
            self.order(Output::StartBackup { job: id, wish, arrangement });
        }
    }

    fn stop_backup(&mut self, id: JobId) {
        let until = self.now.tick + STOP_MS;
        if let Some(job) = self.jobs.backup_mut(id) {
            job.stopping = Some(until);
            job.is_head_due = false;
            job.arrangement = job.arrangement.filter(|_| job.run.is_done());
        }
        self.order(Output::StopWork { job: id });
        self.drop_blocks_of(id);
        self.forget_version(id);
    }

    fn next_stage(&mut self, id: JobId) {
        let Some(job) = self.jobs.backup_mut(id) else { return };
        let backup::State::Working { stage, .. } = *job.run.state() else { return };
        // The head lists all versions: it must be made of the newest that anybody has published.
        if stage == Stage::Head && self.services.is_on("dht") {
            job.is_head_due = true;
            self.look_up(RecordKind::Root);
        } else {
            self.order(Output::NextStage { job: id, stage });
        }
    }

    fn set_safety(&mut self, id: JobId, confirmed: bool) {
        let safety = self.safety_if(confirmed);
        if let Some(job) = self.jobs.backup_mut(id) {
            job.safety = Some(safety);
        }
    }

    fn explain_backup(&mut self, id: JobId, hold_up: Option<Failure>) {
        let missing = self.what_is_missing();
        if let Some(job) = self.jobs.backup_mut(id) {
            let is_working = job.arrangement.is_some();
            let failure = match (job.run.state(), hold_up) {
                (backup::State::Cancelled, _) => Failure::Cancelled,
                (_, Some(hold_up)) if is_working => hold_up,
                _ if is_working => {
                    Failure::OwnDisk { what: "the version could not be written down".into() }
                }
                _ => missing,
            };
            job.failure.get_or_insert(failure);
        }
    }
}
