//! Begins the backups that are set to begin by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Date, hash};
use disk::document::Document;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::requests::Clerk;
use crate::settings::Schedule;
use crate::view::BackupRequest;

/// The longest wait between two looks at the clock, which the user may put right.
const LOOK_EACH: Duration = Duration::from_secs(60);

/// When each was begun last, by a hash of what it says.
type Begun = BTreeMap<String, u64>;

/// Begins backups when they are due, for as long as the task lives.
pub(super) async fn run(clerk: Clerk, schedules: Vec<Schedule>, document: Document) {
    let mut begun = load(document.clone()).await;
    let since = clerk.now();
    loop {
        let now = clerk.now();
        for schedule in &schedules {
            let name = name_of(schedule);
            if schedule.due(begun.get(&name).copied().map(Date), since) > now {
                continue;
            }
            match clerk.backup(request_of(schedule)).await {
                Ok(job) => {
                    tracing::info!(job = job.id, "a scheduled backup began");
                    begun.insert(name, now.0);
                    save(document.clone(), begun.clone()).await;
                }
                // It stays due.
                Err(error) => {
                    tracing::warn!(code = error.code, "a scheduled backup did not begin");
                }
            }
        }
        sleep(LOOK_EACH).await;
    }
}

fn request_of(schedule: &Schedule) -> BackupRequest {
    let Schedule { paths, excludes, gitignore, skip_caches, one_file_system, .. } =
        schedule.clone();
    BackupRequest {
        paths,
        excludes,
        gitignore,
        skip_caches,
        one_file_system,
        ..BackupRequest::default()
    }
}

fn name_of(schedule: &Schedule) -> String {
    let text = serde_json::to_vec(schedule).unwrap_or_default();
    hash("bitdust schedule name v1", &text).to_string()
}

/// What cannot be read was not begun: one backup too many does no harm.
async fn load(document: Document) -> Begun {
    let loading = spawn_blocking(move || {
        document.load(|bytes| serde_json::from_slice::<Begun>(bytes)).map(|loaded| loaded.value)
    });
    loading.await.ok().and_then(Result::ok).unwrap_or_default()
}

async fn save(document: Document, begun: Begun) {
    let saving = spawn_blocking(move || {
        let text = serde_json::to_vec(&begun).unwrap_or_default();
        document.save(&text)
    });
    if let Ok(Err(error)) = saving.await {
        tracing::warn!(%error, "when scheduled backups were begun could not be kept");
    }
}
