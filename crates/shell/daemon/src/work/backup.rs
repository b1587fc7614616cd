//! The worker of backups: reads files, seals them into blocks, and writes down what is placed.
//!
//! One run at a time. The thread of a run alone touches its session; the loop speaks to it through
//! its mailbox. A run that is paused ends; the next one of the same job finds what was placed. The
//! node releases each block that it was told of, also when the run that sealed it is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{BlockId, JobId};
use node::input::{Failure, Input};
use storage::backup::Stage;
use storage::terms::Arrangement;

use super::halt::Halt;
use super::jobs::Job;
use super::shared::Shared;

mod count;
mod desk;
mod dry;
mod mailbox;
mod meta;
mod read;
mod roots;
mod run;
mod walk;

pub(super) use dry::{DryEnd, dry_run};
pub(super) use meta::to_disk;
pub(super) use roots::{absolute, roots_of};

use mailbox::Mailbox;

/// The runs of backups.
#[derive(Default)]
pub(crate) struct Runs {
    active: Mutex<Option<(JobId, Arc<Mailbox>)>>,
    /// Held by the run whose session is open.
    turn: Mutex<()>,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, Option<(JobId, Arc<Mailbox>)>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, job: JobId) -> Option<Arc<Mailbox>> {
        self.lock().as_ref().filter(|(active, _)| *active == job).map(|(_, mail)| mail.clone())
    }

    fn active(&self) -> Option<Arc<Mailbox>> {
        self.lock().as_ref().map(|(_, mailbox)| mailbox.clone())
    }

    /// A run is over; another may have begun meanwhile.
    fn end(&self, mailbox: &Arc<Mailbox>) {
        let mut active = self.lock();
        if active.as_ref().is_some_and(|(_, active)| Arc::ptr_eq(active, mailbox)) {
            *active = None;
        }
    }

    /// Ends the run of a job, or of any.
    pub(super) fn stop(&self, job: Option<JobId>) {
        let mailbox = job.map_or_else(|| self.active(), |job| self.of(job));
        if let Some(mailbox) = mailbox {
            mailbox.put(|mail| mail.is_stopped = true);
        }
    }
}

/// Begins a run.
pub(super) fn start(shared: &Arc<Shared>, job: Arc<Job>, arrangement: Arrangement) {
    let mailbox = Arc::new(Mailbox::default());
    *shared.runs.lock() = Some((job.id, mailbox.clone()));
    let (id, own) = (job.id, shared.clone());
    let started = shared.spawn("backup", move || {
        let turn = own.runs.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let result = run::run(&own, &job, &mailbox, &arrangement);
        own.runs.end(&mailbox);
        // Nothing refers to what this run has not written down: it need not be written any more.
        for block in mailbox.take().placed {
            own.tell(Input::Recorded { block, ok: true });
        }
        drop(turn);
        own.tell(match result {
            Ok(()) => Input::WorkDone { job: job.id },
            // The node begins no other run before it hears this: what this one said is not mixed
            // up with what the next one says.
            Err(Halt::Stopped) => Input::WorkFailed { job: job.id, failure: Failure::Cancelled },
            Err(Halt::Failed(failure)) => Input::WorkFailed { job: job.id, failure },
        });
    });
    if let Err(error) = started {
        let failure = Failure::Outside { what: format!("no thread can be started: {error}") };
        shared.tell_later(Input::WorkFailed { job: id, failure });
    }
}

/// The next stage may begin.
pub(super) fn next_stage(shared: &Shared, job: JobId, stage: Stage) {
    if let Some(mailbox) = shared.runs.of(job) {
        mailbox.put(|mail| mail.next = Some(stage));
    }
}

/// The version is published.
pub(super) fn conclude(shared: &Shared, job: JobId) {
    if let Some(mailbox) = shared.runs.of(job) {
        mailbox.put(|mail| mail.must_conclude = true);
    }
}

/// A block is with its suppliers. One of a run that is over is nobody's any more.
pub(super) fn record(shared: &Arc<Shared>, block: BlockId) {
    let active = shared.runs.lock();
    match &*active {
        Some((_, mailbox)) => mailbox.put(|mail| mail.placed.push(block)),
        None => shared.tell_later(Input::Recorded { block, ok: true }),
    }
}

/// Nobody needs a block any more.
pub(super) fn release(shared: &Shared, block: BlockId) {
    let stripe = shared.sealed.remove(block);
    if let Some(mailbox) = shared.runs.active() {
        // The worker waits for room also when the memory is still being sent from.
        mailbox.put(|mail| mail.spare.extend(stripe));
    }
}
