//! Restores and checks.

use std::collections::BTreeSet;

use automata::Live;
use base::{DeviceId, JobId};
use storage::retrieval::{self, Retrieval};

use crate::input::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::wiring::jobs::Job;
use crate::wish::{CheckWish, RestoreWish};

/// A restore or a check.
pub(crate) struct RetrievalJob {
    pub(crate) run: Live<Retrieval>,
    what: What,
    pub(crate) failure: Option<Failure>,
    /// Suppliers that a check waits for: it begins when each is there, or was not reached.
    pub(crate) awaited: BTreeSet<DeviceId>,
}

/// What is read.
#[derive(Clone)]
pub(crate) enum What {
    Restore(RestoreWish),
    Check(CheckWish),
}

impl Node {
    pub(crate) fn begin_retrieval(&mut self, what: What) -> Result<JobId, Failure> {
        let kept = match &what {
            What::Restore(wish) => wish.kept,
            What::Check(wish) => wish.kept,
        };
        if kept.is_none() {
            self.need_service("restore")?;
        }
        let awaited = match what {
            // What a supplier has is asked of the supplier itself.
            What::Check(_) => self.dial_absent(),
            What::Restore(_) => BTreeSet::new(),
        };
        let drive_wait_ms = self.settings.clocks.drive_wait_ms;
        let run = Retrieval { drive_wait_ms, begun: self.now.tick };
        let id = self.add_job(kept, |_, id| {
            let run = Live::start(run, id.to_string());
            Job::Retrieval(RetrievalJob { run, what, failure: None, awaited })
        })?;
        if self.finding.is_coming() {
            self.feed_retrieval(id, retrieval::Event::DriveComing);
        }
        self.drive_changed();
        Ok(id)
    }

    /// The drive came into hand, the service that reads from it runs, or a supplier came or was not
    /// reached: jobs that waited for it begin.
    pub(crate) fn drive_changed(&mut self) {
        if !self.is_drive_ready() || !self.services.is_on("restore") {
            return;
        }
        for id in self.jobs.open() {
            let Self { jobs, links, .. } = self;
            let Some(job) = jobs.retrieval_mut(id) else { continue };
            job.awaited.retain(|device| links.is_trying(device));
            let is_waiting = matches!(job.run.state(), retrieval::State::Waiting { .. });
            if is_waiting && job.awaited.is_empty() {
                self.feed_retrieval(id, retrieval::Event::DriveReady);
            }
        }
    }

    /// The drive is on its way: it was found and is being made anew.
    pub(crate) fn drive_coming(&mut self) {
        if self.finding.is_coming() {
            self.tell_waiting(&retrieval::Event::DriveComing);
        }
    }

    /// It could not be made anew for now.
    pub(crate) fn drive_failed(&mut self) {
        if !self.is_drive_ready() {
            self.tell_waiting(&retrieval::Event::DriveFailed);
        }
    }

    pub(crate) fn feed_retrieval(&mut self, id: JobId, event: retrieval::Event) {
        let (now, journal) = (self.now.tick, &mut self.journal);
        if let Some(job) = self.jobs.retrieval_mut(id) {
            let effects = job.run.feed(event, now, journal);
            self.carry_out_retrieval(id, effects);
        }
    }

    pub(crate) fn retrieval_worker_failed(&mut self, id: JobId, failure: Failure) {
        if let Some(job) = self.jobs.retrieval_mut(id).filter(|job| !job.run.is_done()) {
            job.failure.get_or_insert(failure);
        }
        self.feed_retrieval(id, retrieval::Event::WorkFailed);
    }

    pub(crate) fn carry_out_retrieval(&mut self, id: JobId, effects: Vec<retrieval::Effect>) {
        let Some(job) = self.jobs.retrieval_mut(id) else { return };
        let mut orders = vec![];
        for effect in effects {
            match effect {
                retrieval::Effect::StartWork => orders.push(match job.what.clone() {
                    What::Restore(wish) => Output::StartRestore { job: id, wish },
                    What::Check(wish) => Output::StartCheck { job: id, wish },
                }),
                retrieval::Effect::HoldWork => orders.push(Output::HoldWork { job: id }),
                retrieval::Effect::ContinueWork => orders.push(Output::ContinueWork { job: id }),
                retrieval::Effect::StopWork => orders.push(Output::StopWork { job: id }),
                retrieval::Effect::ReportDone => {}
                retrieval::Effect::ReportFailed => {
                    let failure = match job.run.state() {
                        retrieval::State::Cancelled => Failure::Cancelled,
                        _ => Failure::DriveNotReady,
                    };
                    job.failure.get_or_insert(failure);
                }
            }
        }
        self.out.extend(orders);
        self.report_job(id);
    }

    /// Those that wait for the drive; the others have no use for it.
    fn tell_waiting(&mut self, event: &retrieval::Event) {
        for id in self.jobs.open() {
            let job = self.jobs.retrieval_mut(id);
            if job.is_some_and(|job| matches!(job.run.state(), retrieval::State::Waiting { .. })) {
                self.feed_retrieval(id, event.clone());
            }
        }
    }
}
