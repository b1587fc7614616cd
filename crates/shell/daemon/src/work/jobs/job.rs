//! One job as it is shown, brought up to date by its worker and by the node.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base::JobId;
use node::output::{JobState, Safety};
use tokio::sync::watch;

use crate::view::{ErrorView, JobView, Problem};
use crate::work::clock::{date, milliseconds};
use crate::work::gate::Gate;
use crate::work::{JobRequest, texts};

/// Those who watch are told no more often.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// Problems that are listed; more are counted.
const PROBLEMS_MAX: usize = 1_000;

/// Who decides about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The node.
    Node,
    /// Its worker: a dry run asks nothing of the network but reading.
    Worker,
}

/// One job.
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) request: Arc<JobRequest>,
    pub(crate) owner: Owner,
    /// Where its worker passes.
    pub(crate) gate: Arc<Gate>,
    view: watch::Sender<JobView>,
    pace: Mutex<Pace>,
}

/// What is needed for telling in time and for estimates.
struct Pace {
    told: Option<Instant>,
    /// What the worker is at.
    phase: &'static str,
    waits_for: Option<String>,
    /// When it began to run, if it runs.
    running: Option<Instant>,
    /// How long it ran before that.
    worked: Duration,
    /// Bytes that were done without work before the estimate's base.
    has_totals: bool,
}

impl Job {
    pub(crate) fn new(id: JobId, request: Arc<JobRequest>, owner: Owner) -> Self {
        let view = JobView {
            id: id.to_string(),
            kind: request.kind().into(),
            dry_run: owner == Owner::Worker,
            state: "waiting".into(),
            started: date().0,
            ..JobView::default()
        };
        Self::with_view(id, request, owner, view)
    }

    /// A job that was not over when the last daemon ended.
    pub(crate) fn kept(id: JobId, request: Arc<JobRequest>, view: JobView) -> Self {
        Self::with_view(id, request, Owner::Node, view)
    }

    fn with_view(id: JobId, request: Arc<JobRequest>, owner: Owner, view: JobView) -> Self {
        let pace = Pace {
            told: None,
            phase: "",
            waits_for: None,
            running: None,
            worked: Duration::ZERO,
            has_totals: false,
        };
        let (gate, view) = (Arc::default(), watch::Sender::new(view));
        Self { id, request, owner, gate, view, pace: Mutex::new(pace) }
    }

    /// How it stands.
    pub(crate) fn view(&self) -> JobView {
        self.view.borrow().clone()
    }

    /// How it stands, again and again.
    pub(crate) fn watch(&self) -> watch::Receiver<JobView> {
        self.view.subscribe()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.view.borrow().is_over()
    }

    /// A worker begins with it, for the first time or again.
    pub(crate) fn begin(&self) {
        self.pace().has_totals = false;
        self.view.send_modify(|view| {
            view.files_done = 0;
            view.bytes_done = 0;
            view.files_unchanged = 0;
            view.problems.clear();
            view.problems_total = 0;
            view.unreached.clear();
            view.safety = None;
        });
    }

    /// Progress; those who watch are told when it is time.
    pub(crate) fn update(&self, change: impl FnOnce(&mut JobView)) {
        let mut pace = self.pace();
        let is_due = pace.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if is_due {
            pace.told = Some(Instant::now());
        }
        self.view.send_if_modified(|view| {
            change(view);
            if is_due {
                view.eta_ms = pace.eta_ms(view);
            }
            is_due
        });
    }

    /// Tells now what [`Job::update`] changed.
    pub(crate) fn flush(&self) {
        let pace = self.pace();
        self.view.send_modify(|view| view.eta_ms = pace.eta_ms(view));
    }

    /// The totals are known: from now on there are estimates.
    pub(crate) fn has_totals(&self) {
        self.pace().has_totals = true;
    }

    /// What the worker is at, in words.
    pub(crate) fn phase(&self, phase: &'static str) {
        let mut pace = self.pace();
        pace.phase = phase;
        self.view.send_modify(|view| view.doing = pace.doing(&view.state));
    }

    /// Something that had to be left out.
    pub(crate) fn problem(&self, what: String, why: String) {
        self.update(|view| {
            view.problems_total += 1;
            if view.problems.len() < PROBLEMS_MAX {
                view.problems.push(Problem { what, why });
            }
        });
    }

    /// Takes over what the node says. Says whether the ledger must be written: only what a restart
    /// of the daemon asks for stands in it.
    pub(crate) fn changed(&self, state: JobState) -> bool {
        let kept = |job: &Self| {
            let view = job.view.borrow();
            (view.state == "paused", view.is_over())
        };
        let before = kept(self);
        let JobState { state, waits_for, failure, safety } = state;
        let waits_for = waits_for.map(|failure| texts::failure_view(&failure).happened);
        let error = failure.as_ref().map(texts::failure_view);
        self.set_state(state, waits_for, |view| {
            view.error = error;
            // What a check found is its worker's to say.
            if let Some(safety) = safety {
                view.safety = Some(safety_text(safety).into());
            }
        });
        kept(self) != before
    }

    /// The state of a job that the node knows nothing of.
    pub(crate) fn set_own_state(&self, state: &'static str, error: Option<ErrorView>) {
        self.set_state(state, None, |view| view.error = error);
    }

    fn set_state(
        &self,
        state: &'static str,
        waits_for: Option<String>,
        change: impl FnOnce(&mut JobView),
    ) {
        let mut pace = self.pace();
        pace.waits_for = waits_for;
        match (state == "running", pace.running) {
            (true, None) => pace.running = Some(Instant::now()),
            (false, Some(since)) => {
                pace.worked += since.elapsed();
                pace.running = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
        self.view.send_modify(|view| {
            view.state = state.into();
            view.doing = pace.doing(state);
            change(view);
            if view.is_over() {
                view.ended.get_or_insert(date().0);
                view.eta_ms = None;
            } else {
                view.eta_ms = pace.eta_ms(view);
            }
        });
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn doing(&self, state: &str) -> String {
        match (&self.waits_for, state) {
            (Some(waits_for), _) => waits_for.clone(),
            (None, "running") => self.phase.into(),
            (None, "publishing") => "waiting for the suppliers to confirm the version".into(),
            (None, _) => String::new(),
        }
    }

    /// What is left takes as long for each byte as what was done.
    fn eta_ms(&self, view: &JobView) -> Option<u64> {
        let running = self.running?;
        let left = view.bytes_total.checked_sub(view.bytes_done)?;
        if !self.has_totals || view.bytes_done == 0 {
            return None;
        }
        let worked = milliseconds(self.worked + running.elapsed());
        let eta = u128::from(worked) * u128::from(left) / u128::from(view.bytes_done);
        u64::try_from(eta).ok()
    }
}

fn safety_text(safety: Safety) -> &'static str {
    match safety {
        Safety::Empty => "empty",
        Safety::Lost => "lost",
        Safety::AtRisk => "at risk",
        Safety::Kept => "kept",
        Safety::Safe { .. } => "safe",
    }
}
