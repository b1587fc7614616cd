//! What the home keeps of jobs, so that they outlive the daemon: the requests of those that are not
//! over, and how the last ones ended.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use disk::document::{Document, LoadError, SaveError};
use serde::{Deserialize, Serialize};

use super::{Jobs, OPEN_MAX};
use crate::view::JobView;
use crate::work::JobRequest;

/// The file in the home.
const NAME: &str = "jobs";
const GENERATIONS: u8 = 1;
const VERSION: u32 = 1;
/// The largest request that the API takes, for each job that is not over, and as much for history.
const BYTES_MAX: usize = 2 * (OPEN_MAX << 20);
/// Problems that are kept of a job that is over; all of them are counted.
const PROBLEMS_MAX: usize = 20;

/// One job as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// What is told of it.
    pub(crate) view: JobView,
    /// What was asked for, while it is not over.
    pub(crate) request: Option<JobRequest>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    version: u32,
    /// Oldest first.
    jobs: Vec<Kept>,
}

/// The file of jobs in a home.
pub(crate) struct Ledger {
    document: Document,
    /// What stands in it; who writes holds it.
    written: Mutex<Vec<u8>>,
}

impl Ledger {
    /// The ledger of this home and what it holds, oldest first. Reads a file. Without a ledger that
    /// can be read there are no jobs; what they made safe is not lost by that.
    pub(crate) fn open(home: &Path) -> (Self, Vec<Kept>) {
        let document = Document::new(home.join(NAME), GENERATIONS, BYTES_MAX);
        let jobs = match document.load(|bytes| serde_json::from_slice::<Page>(bytes)) {
            Ok(loaded) if loaded.value.version == VERSION => loaded.value.jobs,
            Ok(_) | Err(LoadError::Missing { .. }) => vec![],
            Err(LoadError::Damaged { first, .. }) => {
                tracing::error!(%first, "the list of jobs is damaged; those not over are to be begun again");
                vec![]
            }
        };
        (Self { document, written: Mutex::default() }, jobs)
    }

    /// Writes down how it stands with all jobs, durably.
    ///
    /// # Errors
    /// The file cannot be written; the one before is still there.
    pub(crate) fn save(&self, jobs: &Jobs) -> Result<(), SaveError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let page = Page { version: VERSION, jobs: jobs.kept() };
        let text = serde_json::to_vec(&page).expect("views and requests are plain data");
        if text != *written {
            self.document.save(&text)?;
            *written = text;
        }
        Ok(())
    }
}

impl Kept {
    /// A job that is over, with some of its problems.
    pub(super) fn over(mut view: JobView) -> Self {
        view.problems.truncate(PROBLEMS_MAX);
        Self { view, request: None }
    }

    /// A job that is not over: what it did so far is found again by whoever goes on with it.
    pub(super) fn open(view: JobView, request: JobRequest) -> Self {
        let JobView { id, kind, started, .. } = view;
        let state = if view.state == "paused" { "paused" } else { "waiting" }.into();
        let view = JobView { id, kind, state, started, ..JobView::default() };
        Self { view, request: Some(request) }
    }
}
