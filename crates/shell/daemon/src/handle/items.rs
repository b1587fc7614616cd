//! A long answer, item by item. It is whole only when its end was said: whoever gives it may break.

use tokio::sync::mpsc;

use super::Answer;
use crate::view::ErrorView;

#[cfg(test)]
mod tests;

/// A long answer as it is read.
#[derive(Debug)]
pub struct Items<T> {
    items: mpsc::Receiver<Part<T>>,
    is_over: bool,
}

/// Where a long answer is given.
#[derive(Debug)]
pub struct ItemsSender<T>(mpsc::Sender<Part<T>>);

/// Nobody reads the answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread;

#[derive(Debug)]
enum Part<T> {
    Item(T),
    End(Result<(), ErrorView>),
}

/// A long answer of which so many items may wait for whoever reads it.
pub fn items<T>(waiting_max: usize) -> (ItemsSender<T>, Items<T>) {
    let (sender, items) = mpsc::channel(waiting_max);
    (ItemsSender(sender), Items { items, is_over: false })
}

impl<T> ItemsSender<T> {
    /// Gives one item; waits while too many are unread. For own threads only.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn give(&self, item: T) -> Result<(), Unread> {
        self.0.blocking_send(Part::Item(item)).map_err(|_| Unread)
    }

    /// Says that there is nothing more: all of it was given, or why not. For own threads only.
    pub fn end(self, result: Result<(), ErrorView>) {
        // Nobody may be left to be told.
        let _ = self.0.blocking_send(Part::End(result));
    }

    /// Says at any time, from any thread, whether anybody still reads.
    pub fn watcher(&self) -> impl Fn() -> bool + Send + Sync + 'static + use<T>
    where
        T: Send + 'static,
    {
        let sender = self.0.downgrade();
        move || sender.upgrade().is_some_and(|sender| !sender.is_closed())
    }
}

impl<T> Items<T> {
    /// A long answer that is here already.
    pub fn ready(items: Vec<T>, end: Result<(), ErrorView>) -> Self {
        let (sender, received) = mpsc::channel(items.len() + 1);
        let parts = items.into_iter().map(Part::Item).chain([Part::End(end)]);
        for part in parts {
            // There is room for all of them.
            let _ = sender.try_send(part);
        }
        Self { items: received, is_over: false }
    }

    /// The next item; none after the last. After an error nothing comes: what has come is not the
    /// whole.
    pub async fn next(&mut self) -> Option<Answer<T>> {
        if self.is_over {
            return None;
        }
        let part = self.items.recv().await;
        self.take(part)
    }

    /// The same on a thread that may wait.
    pub fn blocking_next(&mut self) -> Option<Answer<T>> {
        if self.is_over {
            return None;
        }
        let part = self.items.blocking_recv();
        self.take(part)
    }

    fn take(&mut self, part: Option<Part<T>>) -> Option<Answer<T>> {
        self.is_over = !matches!(part, Some(Part::Item(_)));
        match part {
            Some(Part::Item(item)) => Some(Ok(item)),
            Some(Part::End(Ok(()))) => None,
            Some(Part::End(Err(error))) => Some(Err(error)),
            None => Some(Err(broken())),
        }
    }
}

fn broken() -> ErrorView {
    ErrorView {
        code: "daemon-failed".into(),
        happened: "The part of the daemon that gave this answer broke; what has come is not the \
                   whole."
            .into(),
        meaning: "Nothing was changed; what was safe stays safe.".into(),
        advice: "Ask again. If it breaks again, the log of the daemon says more.".into(),
    }
}
