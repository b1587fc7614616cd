//! Two threads for heavy work that belongs to no worker.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Threads of the pool.
const THREADS: usize = 2;

type Task = Box<dyn FnOnce() + Send>;

/// The threads, and the queue before them. Each task belongs to a fetch or a job, whose number is
/// limited elsewhere.
pub(crate) struct Pool {
    queue: Mutex<Option<Sender<Task>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (queue, tasks) = channel();
        let tasks = Arc::new(Mutex::new(tasks));
        let threads = (0..THREADS).map(|_| {
            let tasks = tasks.clone();
            Builder::new().name("work-pool".into()).spawn(move || run(&tasks))
        });
        let threads = threads.collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads) })
    }

    /// Does something on one of the threads; after [`Pool::close`] nothing.
    pub(crate) fn give(&self, task: impl FnOnce() + Send + 'static) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            // The threads end only when the queue is gone.
            let _ = queue.send(Box::new(task));
        }
    }

    /// Ends the threads when all that was given is done.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the pool ended badly");
            }
        }
    }
}

fn run(tasks: &Mutex<Receiver<Task>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(task) => task(),
            Err(_) => return,
        }
    }
}
