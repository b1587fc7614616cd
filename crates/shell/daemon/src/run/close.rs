//! The end of the daemon, in the order in which nothing is lost.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::engine::{Engine, Serving};

/// Streams that are being served may take so long to end.
const STREAMS_WAIT: Duration = Duration::from_secs(2);

/// Answers that are under way may take so long.
const ANSWERS_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// Ends what runs, writes what is in hand, closes the stores.
    pub(super) async fn close(self, serving: Serving) {
        let Self {
            net,
            mut tasks,
            works,
            supplier,
            keeping,
            anchoring,
            mut queues,
            home,
            running,
            ..
        } = self;
        // Nobody answers any more: whoever waits for the node learns that it ends.
        drop(self.pending);
        running.end();
        queues.inputs.receiver.close();
        queues.happenings.receiver.close();
        if let Some(net) = net.handle() {
            net.stop().await;
        }
        let streams_end = async { while tasks.join_next().await.is_some() {} };
        if timeout(STREAMS_WAIT, streams_end).await.is_err() {
            tasks.shutdown().await;
        }
        // What has come in is written and receipted; jobs keep what is safe.
        drop(queues);
        anchoring.keep(self.addresses.anchors());
        let closing = spawn_blocking(move || {
            works.close();
            supplier.close();
        });
        if closing.await.is_err() {
            tracing::error!("the stores were not closed as they should");
        }
        anchoring.close().await;
        keeping.close().await;
        // From here on another process may work on it.
        drop(home);
        if let Some(ended) = self.ended {
            // Whoever asked may be gone.
            let _ = ended.send(());
        }
        drop(serving.end);
        if timeout(ANSWERS_WAIT, serving.task).await.is_err() {
            tracing::debug!("requests without an answer at the end");
        }
        tracing::info!("ended");
    }
}
