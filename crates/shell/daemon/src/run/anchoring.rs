//! Keeps the peers to begin with as they become known, so that a node that is killed finds the
//! others again at its next start.

use std::time::Duration;

use base::encode;
use disk::document::Document;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use crate::peers::addresses::Anchors;

#[cfg(test)]
mod tests;

/// Between two writings, unless it ends.
const EACH: Duration = Duration::from_secs(10);

/// The writer of the anchors.
pub(crate) struct Anchoring {
    anchors: watch::Sender<Anchors>,
    task: JoinHandle<()>,
}

impl Anchoring {
    /// Starts the writer; `kept` is what stands in the file.
    pub(crate) fn start(document: Document, kept: Anchors) -> Self {
        let (anchors, changed) = watch::channel(sorted(kept));
        Self { anchors, task: tokio::spawn(write(document, changed)) }
    }

    /// Keeps these in place of those before, soon. Never blocks.
    pub(crate) fn keep(&self, anchors: Anchors) {
        let anchors = sorted(anchors);
        self.anchors.send_if_modified(|kept| {
            let is_new = *kept != anchors;
            *kept = anchors;
            is_new
        });
    }

    /// Ends when everything is written.
    pub(crate) async fn close(self) {
        drop(self.anchors);
        if self.task.await.is_err() {
            tracing::error!("the writer of the anchors ended badly");
        }
    }
}

/// The same ones in another order are nothing new.
fn sorted(mut anchors: Anchors) -> Anchors {
    anchors.0.sort_by_key(|anchor| anchor.device);
    anchors
}

async fn write(document: Document, mut changed: watch::Receiver<Anchors>) {
    while changed.changed().await.is_ok() {
        let (document, anchors) = (document.clone(), changed.borrow_and_update().clone());
        let saved = spawn_blocking(move || document.save(&encode(&anchors))).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "the peers to begin with could not be kept");
        }
        tokio::select! {
            () = sleep(EACH) => {}
            // What came meanwhile is written once more; an end does not wait.
            () = ended(changed.clone()) => {}
        }
    }
}

/// Comes back when nothing more will be kept.
async fn ended(mut changed: watch::Receiver<Anchors>) {
    while changed.changed().await.is_ok() {}
}
