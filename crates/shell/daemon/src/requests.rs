//! Answers the doors: what they ask of the node goes to the loop, what they ask of the workers to
//! them.

use std::sync::Arc;
use std::time::Duration;

use base::Date;
use node::wish::{Overview, Reply, Wish};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::handle::{Answer, Request};
use crate::run::happening::{Happening, Question};
use crate::run::local::Local;
use crate::settings::{Settings, SettingsFile};
use crate::view::ErrorView;
use crate::work::Works;

mod durability;
mod errors;
mod jobs;
mod network;
mod parsing;
mod state;
#[cfg(test)]
mod tests;
mod views;

pub(crate) use errors::sentence;
pub use errors::{FAILURE_CODES, failure_view};
pub(crate) use views::peer_view;

/// Requests that are worked at at once; others wait in their doors.
const REQUESTS_MAX: usize = 64;
/// How long a new link may take before a request says that it did not come.
const LINK_WAIT: Duration = Duration::from_secs(20);

/// What answers requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Clerk {
    happenings: mpsc::Sender<Happening>,
    works: Works,
    local: Arc<Local>,
    file: SettingsFile,
    /// In force since the start.
    settings: Arc<Settings>,
    warnings: Arc<Vec<String>>,
}

impl Clerk {
    pub(crate) fn new(
        happenings: mpsc::Sender<Happening>,
        works: Works,
        local: Arc<Local>,
        (file, settings): (SettingsFile, Settings),
        warnings: Vec<String>,
    ) -> Self {
        let (settings, warnings) = (Arc::new(settings), Arc::new(warnings));
        Self { happenings, works, local, file, settings, warnings }
    }

    /// The date.
    pub(crate) fn now(&self) -> Date {
        self.local.clock.now().date
    }

    /// A wish for the node.
    async fn wish(&self, wish: Wish) -> Answer<Reply> {
        let answer = self.ask(|reply| Question::Wish(wish, reply)).await?;
        answer.map_err(|failure| failure_view(&failure))
    }

    async fn overview(&self) -> Answer<Overview> {
        match self.wish(Wish::Overview).await? {
            Reply::Overview(overview) => Ok(*overview),
            Reply::Done | Reply::Job(_) | Reply::Services(_) => Err(errors::stopping()),
        }
    }

    /// A question to the loop.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let asked = self.happenings.send(Happening::Asked(question(reply))).await;
        asked.map_err(|_| errors::stopping())?;
        answer.await.map_err(|_| errors::stopping())
    }
}

/// Answers requests until nobody asks any more or `end` comes; each in a task of its own, so that
/// none waits for another one. What was asked before the end is answered. The jobs of earlier daemons
/// come first: whoever asks for one finds it with the node.
pub(crate) async fn serve(
    clerk: Clerk,
    mut requests: mpsc::Receiver<Request>,
    mut end: oneshot::Receiver<()>,
) {
    clerk.clone().go_on().await;
    let seats = Arc::new(Semaphore::new(REQUESTS_MAX));
    let mut tasks = JoinSet::new();
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            _ = &mut end => break,
        };
        let Some(request) = request else { break };
        while tasks.try_join_next().is_some() {}
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        let clerk = clerk.clone();
        tasks.spawn(async move {
            answer(&clerk, request).await;
            drop(seat);
        });
    }
    drop(requests);
    while tasks.join_next().await.is_some() {}
}

/// Gives an answer to whoever asked, if it is still there.
macro_rules! reply {
    ($reply:expr, $answer:expr) => {
        drop($reply.send($answer))
    };
}

async fn answer(clerk: &Clerk, request: Request) {
    match request {
        Request::Status(reply) => reply!(reply, clerk.status().await),
        Request::Durability(reply) => reply!(reply, clerk.durability().await),
        Request::Services(reply) => reply!(reply, clerk.services().await),
        Request::StartService(name, reply) => reply!(reply, clerk.start_service(name).await),
        Request::StopService { name, dry_run, reply } => {
            reply!(reply, clerk.stop_service(name, dry_run).await);
        }
        Request::Automata(reply) => reply!(reply, clerk.automata().await),
        Request::Automaton(name, reply) => reply!(reply, clerk.automaton(name).await),
        Request::Config(reply) => {
            reply!(reply, clerk.in_force().await.map(|settings| settings.to_toml()));
        }
        Request::SetConfig { key, value, reply } => {
            reply!(reply, clerk.set_config(key, value).await);
        }
        Request::Suppliers(reply) => reply!(reply, clerk.suppliers().await),
        Request::HireSupplier { device, addresses, reply } => {
            reply!(reply, clerk.hire(device, addresses).await);
        }
        Request::EndSupplier { device, reply } => reply!(reply, clerk.end_supplier(&device).await),
        Request::Customers(reply) => reply!(reply, clerk.customers().await),
        Request::EndCustomer { identity, reply } => {
            reply!(reply, clerk.end_customer(&identity).await);
        }
        Request::Peers(reply) => reply!(reply, clerk.peers().await),
        Request::Connect { address, reply } => reply!(reply, clerk.connect(&address).await),
        Request::Shutdown(reply) => reply!(reply, clerk.shutdown().await),
        about_jobs => answer_about_jobs(clerk, about_jobs).await,
    }
}

async fn answer_about_jobs(clerk: &Clerk, request: Request) {
    match request {
        Request::Backup(request, reply) => reply!(reply, clerk.backup(request).await),
        Request::Restore(request, reply) => reply!(reply, clerk.restore(request).await),
        Request::Check(request, reply) => reply!(reply, clerk.check(request).await),
        Request::Jobs(reply) => reply!(reply, Ok(clerk.works.jobs())),
        Request::Job(id, reply) => reply!(reply, clerk.job(&id)),
        Request::WatchJob(id, reply) => reply!(reply, clerk.watch_job(&id)),
        Request::PauseJob(id, reply) => reply!(reply, clerk.steer(&id, Wish::Pause).await),
        Request::ResumeJob(id, reply) => reply!(reply, clerk.steer(&id, Wish::Resume).await),
        Request::CancelJob(id, reply) => reply!(reply, clerk.cancel(&id).await),
        Request::Versions(reply) => reply!(reply, clerk.at_work(Works::versions).await),
        Request::Entries { version, path, recursive, reply } => {
            let entries = move |works: &Works| works.entries(version, &path, recursive);
            reply!(reply, clerk.at_work(entries).await);
        }
        Request::Differences { older, newer, reply } => {
            reply!(reply, clerk.at_work(move |works| works.differences(older, newer)).await);
        }
        Request::ReadFile { version, path, offset, bytes, reply } => {
            let read = move |works: &Works| works.read_file(version, &path, offset, bytes);
            reply!(reply, clerk.at_work(read).await);
        }
        // All others are answered before.
        _ => {}
    }
}

/// An error of the doors' own.
fn error(code: &str, happened: String, meaning: &str, advice: &str) -> ErrorView {
    ErrorView { code: code.into(), happened, meaning: meaning.into(), advice: advice.into() }
}
