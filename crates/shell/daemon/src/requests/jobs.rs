//! Jobs: begun by the workers with the node's consent, and steered by the node.

use base::JobId;
use node::wish::{BackupWish, CheckWish, Reply, RestoreWish, Wish};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{Clerk, error, errors, parsing};
use crate::handle::Answer;
use crate::view::{BackupRequest, CheckRequest, ErrorView, JobView, RestoreRequest};
use crate::work::{JobRequest, Works};

impl Clerk {
    /// Begins a backup. The very same one that is under way already, as after a restart of the
    /// daemon, is not begun twice: whoever asks again is told of it.
    pub(crate) async fn backup(&self, request: BackupRequest) -> Answer<JobView> {
        if request.dry_run {
            return self.at_work(|works| works.dry_run(JobRequest::Backup(request))).await;
        }
        let wish = |request| Wish::Backup(BackupWish::new(request));
        let begun = self.begin(JobRequest::Backup(request.clone()), wish).await;
        match begun {
            Err(error) if error.code == "busy" => self.works.backup_of(&request).ok_or(error),
            begun => begun,
        }
    }

    pub(super) async fn restore(&self, request: RestoreRequest) -> Answer<JobView> {
        let is_dry = request.dry_run;
        let request = JobRequest::Restore(request);
        if is_dry {
            return self.at_work(|works| works.dry_run(request)).await;
        }
        self.begin(request, |request| Wish::Restore(RestoreWish::new(request))).await
    }

    pub(super) async fn check(&self, request: CheckRequest) -> Answer<JobView> {
        let percent = request.percent;
        self.begin(JobRequest::Check(request), |_| Wish::Check(CheckWish { percent, kept: None }))
            .await
    }

    /// Begins a job: the workers keep the request, the node decides.
    async fn begin(&self, request: JobRequest, wish: impl FnOnce(u64) -> Wish) -> Answer<JobView> {
        let request = self.at_work(|works| works.begin(request)).await?;
        let answer = self.wish(wish(request)).await;
        let begun = match answer {
            Ok(Reply::Job(job)) => self.works.bind(request, job).ok_or_else(|| no_such(job)),
            Ok(Reply::Done | Reply::Services(_) | Reply::Overview(_)) => Err(errors::stopping()),
            Err(failed) => Err(failed),
        };
        self.works.forget(request);
        if begun.is_ok() {
            // Whoever is told of the job finds it again, whatever becomes of this daemon.
            self.keep_jobs().await;
        }
        begun
    }

    /// Goes on with the jobs of earlier daemons.
    pub(super) async fn go_on(self) {
        for (job, request) in self.works.kept() {
            let kept = Some(job);
            // The request is bound to its job already; its number is not looked at.
            let wish = match &*request {
                JobRequest::Backup(_) => Wish::Backup(BackupWish { request: 0, kept }),
                JobRequest::Restore(_) => Wish::Restore(RestoreWish { request: 0, kept }),
                JobRequest::Check(request) => {
                    Wish::Check(CheckWish { percent: request.percent, kept })
                }
            };
            match self.wish(wish).await {
                Ok(_) => tracing::info!(job = %job.id, "goes on with a job"),
                // It is kept for the next start.
                Err(error) if error.code == errors::stopping().code => return,
                Err(error) => {
                    tracing::warn!(job = %job.id, code = error.code, "a job cannot go on");
                    let refuse = move |works: &Works| {
                        works.refuse(job.id, error);
                        Ok(())
                    };
                    let _ = self.at_work(refuse).await;
                }
            }
        }
    }

    async fn keep_jobs(&self) {
        let keep = |works: &Works| {
            works.keep_jobs();
            Ok(())
        };
        // It fails at the end of the daemon only.
        let _ = self.at_work(keep).await;
    }

    /// What the workers answer, on a thread that may wait for the disk.
    pub(super) async fn at_work<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Works) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let works = self.works.clone();
        let answer = spawn_blocking(move || ask(&works)).await;
        answer.unwrap_or_else(|_| Err(errors::stopping()))
    }

    pub(super) fn job(&self, id: &str) -> Answer<JobView> {
        self.view_of(parsing::job(id)?)
    }

    pub(super) fn watch_job(&self, id: &str) -> Answer<watch::Receiver<JobView>> {
        let job = parsing::job(id)?;
        self.works.watch(job).ok_or_else(|| no_such(job))
    }

    /// Pauses, resumes or cancels a job.
    pub(super) async fn steer(&self, id: &str, wish: fn(JobId) -> Wish) -> Answer<JobView> {
        let job = parsing::job(id)?;
        let before = self.view_of(job)?;
        if before.is_over() {
            return Ok(before);
        }
        self.wish(wish(job)).await?;
        self.keep_jobs().await;
        self.view_of(job)
    }

    /// Ends a job; the node knows nothing of dry runs.
    pub(super) async fn cancel(&self, id: &str) -> Answer<JobView> {
        let job = parsing::job(id)?;
        if self.works.cancel_dry_run(job) {
            self.view_of(job)
        } else {
            self.steer(id, Wish::Cancel).await
        }
    }

    fn view_of(&self, job: JobId) -> Answer<JobView> {
        self.works.job(job).ok_or_else(|| no_such(job))
    }
}

fn no_such(job: JobId) -> ErrorView {
    let happened = format!("No job is named {job}.");
    error("no-such-job", happened, "Nothing was changed.", "See `bitdust job list`.")
}
