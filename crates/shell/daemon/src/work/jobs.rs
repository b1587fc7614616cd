//! The table of jobs: what was asked for, how far each is, and who watches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::JobId;
use node::output::JobState;
use tokio::sync::watch;

use super::JobRequest;
use crate::view::JobView;

mod job;
#[cfg(test)]
mod tests;

pub(crate) use job::{Job, Owner};

/// Jobs that are over and still told of.
const OVER_MAX: usize = 64;
/// Requests that wait for the node's answer; of more the oldest are forgotten.
const REQUESTS_MAX: usize = 256;

/// All jobs.
#[derive(Default)]
pub(crate) struct Jobs {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    requests: BTreeMap<u64, Arc<JobRequest>>,
    last_request: u64,
    /// What the node told of jobs before they were bound to their requests.
    early: BTreeMap<JobId, JobState>,
    jobs: BTreeMap<JobId, Arc<Job>>,
    /// Oldest first.
    order: VecDeque<JobId>,
}

impl Jobs {
    /// Keeps a request; the number goes through the node.
    pub(crate) fn request(&self, request: JobRequest) -> u64 {
        let mut table = self.lock();
        table.last_request += 1;
        let number = table.last_request;
        table.requests.insert(number, Arc::new(request));
        while table.requests.len() > REQUESTS_MAX {
            table.requests.pop_first();
        }
        number
    }

    /// Forgets a request that the node refused.
    pub(crate) fn forget(&self, request: u64) {
        self.lock().requests.remove(&request);
    }

    /// Makes a job of a request, once.
    pub(crate) fn bind(&self, request: u64, id: JobId) -> Option<Arc<Job>> {
        let mut table = self.lock();
        if let Some(job) = table.jobs.get(&id) {
            return Some(job.clone());
        }
        let request = table.requests.remove(&request)?;
        Some(table.add(id, request, Owner::Node))
    }

    /// Makes a job of a request that the node knows nothing of.
    pub(crate) fn add(&self, id: JobId, request: JobRequest, owner: Owner) -> Arc<Job> {
        let mut table = self.lock();
        match table.jobs.get(&id) {
            Some(job) => job.clone(),
            None => table.add(id, Arc::new(request), owner),
        }
    }

    /// Takes over what the node says of a job.
    pub(crate) fn changed(&self, id: JobId, state: JobState) {
        let mut table = self.lock();
        match table.jobs.get(&id).cloned() {
            Some(job) => {
                drop(table);
                job.changed(state);
            }
            None => {
                table.early.insert(id, state);
                while table.early.len() > REQUESTS_MAX {
                    table.early.pop_first();
                }
            }
        }
    }

    pub(crate) fn job(&self, id: JobId) -> Option<Arc<Job>> {
        self.lock().jobs.get(&id).cloned()
    }

    /// All jobs, newest first.
    pub(crate) fn all(&self) -> Vec<Arc<Job>> {
        let table = self.lock();
        table.order.iter().rev().filter_map(|id| table.jobs.get(id).cloned()).collect()
    }

    /// All jobs as they are shown, newest first.
    pub(crate) fn views(&self) -> Vec<JobView> {
        self.all().iter().map(|job| job.view()).collect()
    }

    pub(crate) fn watch(&self, id: JobId) -> Option<watch::Receiver<JobView>> {
        Some(self.job(id)?.watch())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, id: JobId, request: Arc<JobRequest>, owner: Owner) -> Arc<Job> {
        let job = Arc::new(Job::new(id, request, owner));
        if let Some(state) = self.early.remove(&id) {
            job.changed(state);
        }
        self.jobs.insert(id, job.clone());
        self.order.push_back(id);
        self.forget_old();
        job
    }

    fn forget_old(&mut self) {
        let is_over = |id: &JobId| self.jobs.get(id).is_none_or(|job| job.is_over());
        let over: Vec<JobId> = self.order.iter().copied().filter(is_over).collect();
        for id in over.iter().take(over.len().saturating_sub(OVER_MAX)) {
            self.jobs.remove(id);
            self.order.retain(|other| other != id);
        }
    }
}
