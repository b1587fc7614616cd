//! Keeps the node's book: one version after the other, and of those that come while one is being
//! written only the last.

use std::sync::{Arc, Mutex, PoisonError};

use base::encode;
use disk::document::Document;
use node::book::Book;
use node::input::Input;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// The writer of the book.
pub(crate) struct Keeping {
    slot: Arc<Slot>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Slot {
    next: Mutex<Next>,
    filled: Notify,
}

#[derive(Default)]
struct Next {
    book: Option<Book>,
    ids: Vec<u64>,
    is_closed: bool,
}

impl Keeping {
    /// Starts the writer.
    pub(crate) fn start(document: Document, inputs: mpsc::Sender<Input>) -> Self {
        let slot = Arc::new(Slot::default());
        let task = tokio::spawn(write(slot.clone(), document, inputs));
        Self { slot, task }
    }

    /// Keeps this book; `Kept` comes for this and all earlier orders when it is durable.
    pub(crate) fn keep(&self, id: u64, book: Book) {
        let mut next = self.slot.lock();
        next.book = Some(book);
        next.ids.push(id);
        drop(next);
        self.slot.filled.notify_one();
    }

    /// Ends when everything is written.
    pub(crate) async fn close(self) {
        self.slot.lock().is_closed = true;
        self.slot.filled.notify_one();
        if self.task.await.is_err() {
            tracing::error!("the writer of the book ended badly");
        }
    }
}

impl Slot {
    fn lock(&self) -> std::sync::MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(slot: Arc<Slot>, document: Document, inputs: mpsc::Sender<Input>) {
    loop {
        let (book, ids, is_closed) = {
            let mut next = slot.lock();
            (next.book.take(), std::mem::take(&mut next.ids), next.is_closed)
        };
        let Some(book) = book else {
            if is_closed {
                return;
            }
            slot.filled.notified().await;
            continue;
        };
        let target = document.clone();
        let saved = tokio::task::spawn_blocking(move || target.save(&encode(&book))).await;
        let ok = match saved {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "the book could not be written");
                false
            }
            Err(_) => false,
        };
        for id in ids {
            // Nobody listens when the daemon ends; the book is written all the same.
            let _ = inputs.send(Input::Kept { id, ok }).await;
        }
    }
}
