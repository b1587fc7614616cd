//! The doors are tried over a real Unix socket, before a daemon that answers from fixed values.

use std::path::PathBuf;

use daemon::handle::Handle;
use daemon::view::JournalLine;
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::server::{bind, serve};

mod answers;
mod description;
mod hostile;
mod requests;
mod streams;

/// A server in a home of its own.
struct Served {
    client: Client,
    asked: mpsc::UnboundedReceiver<String>,
    journal: broadcast::Sender<JournalLine>,
    end: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    home: TempDir,
}

fn start() -> Served {
    let (handle, asked, journal) = answers::start();
    start_over(handle, asked, journal)
}

fn start_over(
    handle: Handle,
    asked: mpsc::UnboundedReceiver<String>,
    journal: broadcast::Sender<JournalLine>,
) -> Served {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("api.sock");
    let listener = bind(&socket).unwrap();
    let (end, ended) = oneshot::channel();
    let served = tokio::spawn(serve(listener, handle, async move { drop(ended.await) }));
    Served { client: Client::new(socket), asked, journal, end, served, home }
}

impl Served {
    fn socket(&self) -> PathBuf {
        self.home.path().join("api.sock")
    }

    /// Ends the server and waits until it has ended.
    async fn stop(self) {
        self.end.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        assert!(!self.home.path().join("api.sock").exists());
    }
}
