//! Backups, restores and checks: what the user asked for, and how far it is.

use automata::{Live, Snapshot, Tick};
use base::JobId;
use storage::backup::{self, Backup, Stage};
use storage::retrieval::{self, Retrieval};

use crate::catalogue::entry;
use crate::input::Failure;
use crate::node::Node;
use crate::output::{JobState, Output, Safety};
use crate::wish::{BackupWish, CheckWish, RestoreWish};

/// A job that the user began.
pub(crate) enum Job {
    /// A backup.
    Backup(BackupJob),
    /// A restore or a check.
    Retrieval(RetrievalJob),
}

pub(crate) struct BackupJob {
    run: Live<Backup>,
    wish: BackupWish,
    /// The arrangement under which its blocks are placed, once it works.
    arrangement: Option<u32>,
    head: Vec<u8>,
    failure: Option<Failure>,
    safety: Option<Safety>,
}

pub(crate) struct RetrievalJob {
    run: Live<Retrieval>,
    what: What,
    failure: Option<Failure>,
}

/// What is read.
#[derive(Clone)]
pub(crate) enum What {
    Restore(RestoreWish),
    Check(CheckWish),
}

impl Job {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        match self {
            Self::Backup(job) => job.run.deadline(),
            Self::Retrieval(job) => job.run.deadline(),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        match self {
            Self::Backup(job) => job.run.snapshot(),
            Self::Retrieval(job) => job.run.snapshot(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Backup(job) => job.run.is_done(),
            Self::Retrieval(job) => job.run.is_done(),
        }
    }
}

impl Node {
    pub(crate) fn poll_jobs(&mut self) {
        let now = self.now.tick;
        let due = self.jobs.iter().filter(|(_, job)| job.deadline().is_some_and(|d| d <= now));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            match self.jobs.get_mut(&id) {
                Some(Job::Backup(job)) => {
                    let effects = job.run.poll(now, &mut self.journal);
                    self.carry_out_backup(id, effects);
                }
                Some(Job::Retrieval(job)) => {
                    let effects = job.run.poll(now, &mut self.journal);
                    self.carry_out_retrieval(id, effects);
                }
                None => {}
            }
        }
    }

    pub(crate) fn begin_backup(&mut self, wish: BackupWish) -> Result<JobId, Failure> {
        self.need_service("backup")?;
        if self.spread().is_none() {
            let what = "the number of suppliers does not fit the policy".into();
            return Err(Failure::Setting { what });
        }
        let is_running = |job: &Job| matches!(job, Job::Backup(job) if !job.run.is_done());
        if self.jobs.values().any(is_running) {
            return Err(Failure::Busy);
        }
        let clocks = &self.settings.clocks;
        let run = Backup {
            hire_wait_ms: clocks.hire_wait_ms,
            blocked_wait_ms: clocks.blocked_wait_ms,
            publish_wait_ms: clocks.publish_wait_ms,
            begun: self.now.tick,
        };
        let id = self.new_job();
        let job = BackupJob {
            run: Live::start(run, id.to_string()),
            wish,
            arrangement: None,
            head: vec![],
            failure: None,
            safety: None,
        };
        self.jobs.insert(id, Job::Backup(job));
        self.report_job(id);
        if job_can_start(self) {
            self.feed_backup(id, backup::Event::SuppliersReady);
        } else {
            self.count_places();
        }
        Ok(id)
    }

    pub(crate) fn begin_retrieval(&mut self, what: What) -> Result<JobId, Failure> {
        self.need_service("restore")?;
        let drive_wait_ms = self.settings.clocks.drive_wait_ms;
        let run = Retrieval { drive_wait_ms, begun: self.now.tick };
        let id = self.new_job();
        let run = Live::start(run, id.to_string());
        self.jobs.insert(id, Job::Retrieval(RetrievalJob { run, what, failure: None }));
        self.report_job(id);
        self.drive_changed();
        Ok(id)
    }

    pub(crate) fn steer(
        &mut self,
        id: JobId,
        for_backup: backup::Event,
        for_retrieval: retrieval::Event,
    ) -> Result<(), Failure> {
        match self.jobs.get(&id) {
            Some(Job::Backup(_)) => self.feed_backup(id, for_backup),
            Some(Job::Retrieval(_)) => self.feed_retrieval(id, for_retrieval),
            None => return Err(Failure::Unknown { what: format!("the job {id}") }),
        }
        if job_can_start(self) {
            self.suppliers_ready();
        }
        Ok(())
    }

    pub(crate) fn pause_jobs_of(&mut self, service: &str) {
        for id in self.jobs.keys().copied().collect::<Vec<_>>() {
            match (service, self.jobs.get(&id)) {
                ("backup", Some(Job::Backup(_))) => self.feed_backup(id, backup::Event::Pause),
                ("restore", Some(Job::Retrieval(_))) => {
                    self.feed_retrieval(id, retrieval::Event::Pause);
                }
                _ => {}
            }
        }
    }

    /// Every place has a supplier.
    pub(crate) fn suppliers_ready(&mut self) {
        if job_can_start(self) {
            for id in self.jobs.keys().copied().collect::<Vec<_>>() {
                self.feed_backup(id, backup::Event::SuppliersReady);
            }
        }
    }

    /// Too few suppliers were found for now: those who watch are told.
    pub(crate) fn suppliers_short(&mut self) {
        for id in self.jobs.keys().copied().collect::<Vec<_>>() {
            if self.jobs.get(&id).is_some_and(|job| !job.is_over()) {
                self.report_job(id);
            }
        }
    }

    /// The drive came into hand, or the service that reads from it runs.
    pub(crate) fn drive_changed(&mut self) {
        if self.is_drive_ready() && self.services.is_on("restore") {
            for id in self.jobs.keys().copied().collect::<Vec<_>>() {
                self.feed_retrieval(id, retrieval::Event::DriveReady);
            }
        }
    }

    pub(crate) fn arrangement_of(&self, id: JobId) -> Option<u32> {
        match self.jobs.get(&id)? {
            Job::Backup(job) if !job.run.is_done() => job.arrangement,
            Job::Backup(_) | Job::Retrieval(_) => None,
        }
    }

    pub(crate) fn stage_sealed(&mut self, id: JobId, stage: Stage, head: Option<Vec<u8>>) {
        if let (Some(Job::Backup(job)), Some(head)) = (self.jobs.get_mut(&id), head) {
            job.head = head;
        }
        let is_current = matches!(self.jobs.get(&id), Some(Job::Backup(job)) if matches!(
            job.run.state(),
            backup::State::Working { stage: now, .. } | backup::State::Blocked { stage: now, .. }
                if *now == stage
        ));
        if is_current {
            let placed = self.is_all_placed(id);
            self.feed_backup(id, backup::Event::StageSealed { placed });
        }
    }

    pub(crate) fn work_done(&mut self, id: JobId) {
        match self.jobs.get(&id) {
            Some(Job::Backup(_)) => self.version_concluded(id),
            Some(Job::Retrieval(_)) => self.feed_retrieval(id, retrieval::Event::WorkDone),
            None => {}
        }
    }

    pub(crate) fn work_failed(&mut self, id: JobId, failure: Failure) {
        match self.jobs.get_mut(&id) {
            Some(Job::Backup(job)) => {
                job.failure.get_or_insert(failure);
                self.feed_backup(id, backup::Event::WorkFailed);
            }
            Some(Job::Retrieval(job)) => {
                job.failure.get_or_insert(failure);
                self.feed_retrieval(id, retrieval::Event::WorkFailed);
            }
            None => {}
        }
    }

    pub(crate) fn feed_backup(&mut self, id: JobId, event: backup::Event) {
        if let Some(Job::Backup(job)) = self.jobs.get_mut(&id) {
            let effects = job.run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_backup(id, effects);
        }
    }

    fn feed_retrieval(&mut self, id: JobId, event: retrieval::Event) {
        if let Some(Job::Retrieval(job)) = self.jobs.get_mut(&id) {
            let effects = job.run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_retrieval(id, effects);
        }
    }

    fn carry_out_backup(&mut self, id: JobId, effects: Vec<backup::Effect>) {
        for effect in effects {
            match effect {
                backup::Effect::StartWork => self.start_backup(id),
                backup::Effect::NextStage => self.next_stage(id),
                backup::Effect::StopWork => {
                    self.order(Output::StopWork { job: id });
                    self.drop_blocks_of(id);
                }
                backup::Effect::Publish => {
                    if let Some(Job::Backup(job)) = self.jobs.get(&id) {
                        let head = job.head.clone();
                        self.publish_version(id, head);
                    }
                }
                backup::Effect::ReportSafe => self.set_safety(id, true),
                backup::Effect::ReportAtRisk => self.set_safety(id, false),
                backup::Effect::ReportFailed => self.explain_backup(id),
            }
        }
        self.report_job(id);
    }

    fn carry_out_retrieval(&mut self, id: JobId, effects: Vec<retrieval::Effect>) {
        let Some(Job::Retrieval(job)) = self.jobs.get_mut(&id) else { return };
        for effect in effects {
            match effect {
                retrieval::Effect::StartWork => self.out.push(match job.what.clone() {
                    What::Restore(wish) => Output::StartRestore { job: id, wish },
                    What::Check(wish) => Output::StartCheck { job: id, wish },
                }),
                retrieval::Effect::HoldWork => self.out.push(Output::HoldWork { job: id }),
                retrieval::Effect::ContinueWork => self.out.push(Output::ContinueWork { job: id }),
                retrieval::Effect::StopWork => self.out.push(Output::StopWork { job: id }),
                retrieval::Effect::ReportDone => {}
                retrieval::Effect::ReportFailed => {
                    let was_cancelled = *job.run.state() == retrieval::State::Cancelled;
                    let failure =
                        if was_cancelled { Failure::Cancelled } else { Failure::DriveNotReady };
                    job.failure.get_or_insert(failure);
                }
            }
        }
        self.report_job(id);
    }

    fn start_backup(&mut self, id: JobId) {
        let Some(arrangement) = self.arrangement().cloned() else { return };
        if let Some(Job::Backup(job)) = self.jobs.get_mut(&id) {
            job.arrangement = Some(arrangement.number);
            let wish = job.wish.clone();
            self.order(Output::StartBackup { job: id, wish, arrangement });
        }
    }

    fn next_stage(&mut self, id: JobId) {
        if let Some(Job::Backup(job)) = self.jobs.get(&id)
            && let backup::State::Working { stage, .. } = job.run.state()
        {
            let stage = *stage;
            self.order(Output::NextStage { job: id, stage });
        }
    }

    fn set_safety(&mut self, id: JobId, confirmed: bool) {
        let safety = self.safety_if(confirmed);
        if let Some(Job::Backup(job)) = self.jobs.get_mut(&id) {
            job.safety = Some(safety);
        }
    }

    fn explain_backup(&mut self, id: JobId) {
        let hold_up = self.hold_up();
        let short = self.shortage();
        if let Some(Job::Backup(job)) = self.jobs.get_mut(&id) {
            let failure = match job.run.state() {
                backup::State::Cancelled => Failure::Cancelled,
                _ if job.arrangement.is_none() => short,
                _ => hold_up.unwrap_or(short),
            };
            job.failure.get_or_insert(failure);
        }
    }

    fn report_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let progress = match job {
            Job::Backup(job) => {
                let (state, waits_for) = match job.run.state() {
                    backup::State::Hiring { .. } => ("waiting", Some(self.shortage())),
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
            Job::Retrieval(job) => {
                let (state, waits_for) = match job.run.state() {
                    retrieval::State::Waiting { .. } => ("waiting", Some(Failure::DriveNotReady)),
                    retrieval::State::Running => ("running", None),
                    retrieval::State::Paused => ("paused", None),
                    retrieval::State::Done => ("done", None),
                    retrieval::State::Failed => ("failed", None),
                    retrieval::State::Cancelled => ("cancelled", None),
                };
                JobState { state, waits_for, failure: job.failure.clone(), safety: None }
            }
        };
        self.order(Output::JobChanged { job: id, progress });
    }

    fn new_job(&mut self) -> JobId {
        self.forget_old_jobs();
        JobId(self.chance.bytes())
    }

    fn forget_old_jobs(&mut self) {
        const OVER_MAX: usize = 64;
        let over: Vec<JobId> =
            self.jobs.iter().filter(|(_, job)| job.is_over()).map(|(id, _)| *id).collect();
        for id in over.iter().take(over.len().saturating_sub(OVER_MAX)) {
            self.jobs.remove(id);
        }
    }

    /// A service that is on its way up will do: the job waits for it.
    fn need_service(&self, name: &'static str) -> Result<(), Failure> {
        let needs = entry(name).map(|entry| entry.needs).unwrap_or_default();
        for need in needs {
            self.need_service(need)?;
        }
        if self.is_enabled(name) { Ok(()) } else { Err(Failure::ServiceOff { service: name }) }
    }
}

fn job_can_start(node: &Node) -> bool {
    let wanted = node.spread().map(|spread| usize::from(spread.suppliers));
    let arranged = node.arrangement().map(|arrangement| arrangement.places.len());
    node.is_drive_ready() && wanted.is_some() && wanted == arranged
}
