//! Dry runs: jobs that the node knows nothing of, for they ask nothing of it but reading.

use std::sync::Arc;

use base::JobId;

use super::backup::{self, DryEnd};
use super::clock::random;
use super::halt::Halt;
use super::jobs::{Job, Owner};
use super::shared::Shared;
use super::{JobRequest, restore, texts};
use crate::handle::Answer;
use crate::view::JobView;

/// Begins a dry run.
pub(super) fn start(shared: &Arc<Shared>, request: JobRequest) -> Answer<JobView> {
    if matches!(request, JobRequest::Check(_)) {
        return Err(texts::bad_request("A check changes nothing and has no dry run."));
    }
    let job = shared.jobs.add(JobId(random()), request, Owner::Worker);
    job.set_own_state("running", None);
    let view = job.view();
    let own = shared.clone();
    let started = shared.spawn("dry-run", move || {
        let result = match &*job.request {
            JobRequest::Backup(request) => backup::dry_run(&own, &job, request),
            JobRequest::Restore(request) => {
                restore::dry_run(&own, &job, request).map_err(DryEnd::from)
            }
            JobRequest::Check(_) => Ok(()),
        };
        tell(&job, result);
    });
    match started {
        Ok(()) => Ok(view),
        Err(error) => Err(texts::failed(format!("No thread can be started: {error}."))),
    }
}

fn tell(job: &Job, result: Result<(), DryEnd>) {
    match result {
        Ok(()) => job.set_own_state("done", None),
        Err(DryEnd::Stopped) => job.set_own_state("cancelled", None),
        Err(DryEnd::Failed(error)) => job.set_own_state("failed", Some(error)),
    }
}

impl From<Halt> for DryEnd {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Stopped => Self::Stopped,
            Halt::Failed(failure) => Self::Failed(texts::failure_view(&failure)),
        }
    }
}
