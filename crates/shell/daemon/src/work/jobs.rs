//! The table of jobs: what was asked for, how far each is, and who watches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::JobId;
use node::output::JobState;
use tokio::sync::watch;

use super::JobRequest;
use crate::view::JobView;

mod job;
mod ledger;
#[cfg(test)]
mod tests;

pub(crate) use job::{Job, Owner};
pub(crate) use ledger::{Kept, Ledger};

/// Jobs that are over and still told of.
const OVER_MAX: usize = 64;
/// Jobs that are not over.
pub(crate) const OPEN_MAX: usize = 64;
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
    /// Jobs that were over when the daemon was started, oldest first.
    past: VecDeque<JobView>,
}

impl Jobs {
    /// The jobs of an earlier daemon; those that are not over wait until the node takes them.
    pub(crate) fn of(kept: Vec<Kept>) -> Self {
        let mut table = Table::default();
        for Kept { view, request } in kept {
            match (request, view.id.parse()) {
                (Some(request), Ok(id)) => table.take(Job::kept(id, Arc::new(request), view)),
                (None, Ok(_)) => table.past.push_back(view),
                // Not written by this program.
                (_, Err(_)) => {}
            }
        }
        Self { table: Mutex::new(table) }
    }

    /// How it stands with all jobs, for the ledger, oldest first.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let table = self.lock();
        let past = table.past.iter().cloned().map(Kept::over);
        let jobs = table.order.iter().filter_map(|id| table.jobs.get(id));
        let jobs = jobs.filter(|job| job.owner == Owner::Node).map(|job| {
            let view = job.view();
            if view.is_over() {
                Kept::over(view)
            } else {
                Kept::open(view, JobRequest::clone(&job.request))
            }
        });
        past.chain(jobs).collect()
    }

    /// Whether there are as many jobs as can be.
    pub(crate) fn is_full(&self) -> bool {
        let table = self.lock();
        let open = table.jobs.values().filter(|job| !job.is_over()).count();
        open + table.requests.len() >= OPEN_MAX
    }

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

    /// Takes over what the node says of a job. Says whether the ledger must be written.
    pub(crate) fn changed(&self, id: JobId, state: JobState) -> bool {
        let mut table = self.lock();
        match table.jobs.get(&id).cloned() {
            Some(job) => {
                drop(table);
                job.changed(state)
            }
            None => {
                table.early.insert(id, state);
                while table.early.len() > REQUESTS_MAX {
                    table.early.pop_first();
                }
                false
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
        let past = self.lock().past.clone();
        self.all().iter().map(|job| job.view()).chain(past.into_iter().rev()).collect()
    }

    /// One job as it is shown.
    pub(crate) fn view(&self, id: JobId) -> Option<JobView> {
        self.job(id).map(|job| job.view()).or_else(|| self.past(id))
    }

    fn past(&self, id: JobId) -> Option<JobView> {
        let id = id.to_string();
        self.lock().past.iter().find(|view| view.id == id).cloned()
    }

    pub(crate) fn watch(&self, id: JobId) -> Option<watch::Receiver<JobView>> {
        match self.job(id) {
            Some(job) => Some(job.watch()),
            // Nothing more will come of it; this is told once.
            None => Some(watch::Sender::new(self.past(id)?).subscribe()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, id: JobId, request: Arc<JobRequest>, owner: Owner) -> Arc<Job> {
        let job = Job::new(id, request, owner);
        if let Some(state) = self.early.remove(&id) {
            job.changed(state);
        }
        self.take(job);
        self.forget_old();
        self.jobs[&id].clone()
    }

    fn take(&mut self, job: Job) {
        let id = job.id;
        self.jobs.insert(id, Arc::new(job));
        self.order.push_back(id);
    }

    fn forget_old(&mut self) {
        let is_over = |id: &JobId| self.jobs.get(id).is_none_or(|job| job.is_over());
        let over: Vec<JobId> = self.order.iter().copied().filter(is_over).collect();
        let too_many = (self.past.len() + over.len()).saturating_sub(OVER_MAX);
        let of_past = too_many.min(self.past.len());
        self.past.drain(..of_past);
        for id in over.iter().take(too_many - of_past) {
            self.jobs.remove(id);
            self.order.retain(|other| other != id);
        }
    }
}
