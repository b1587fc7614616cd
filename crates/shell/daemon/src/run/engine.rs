//! The loop itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base::DeviceId;
use node::Node;
use node::input::{Failure, Input};
use node::wish::Reply;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::sleep_until;
use transport::{Event, PeerKey, Stream};

use super::QUEUE_MAX;
use super::anchoring::Anchoring;
use super::chronicle::Chronicle;
use super::happening::{Happening, Question};
use super::keeping::Keeping;
use super::local::Local;
use crate::bulk::client::Client;
use crate::bulk::desk::Desk;
use crate::bulk::server::Server;
use crate::home::Home;
use crate::peers::addresses::Addresses;
use crate::peers::{Links, connect, link};
use crate::records::Records;
use crate::requests::{Clerk, peer_view};
use crate::services::{Net, Switched};
use crate::settings::Settings;
use crate::supplier::Supplier;
use crate::work::Works;

/// Tasks for streams of others at once; transport limits them for each peer, this for all.
const STREAM_TASKS_MAX: usize = 2048;

/// All that the task which owns the node holds.
pub(super) struct Engine {
    pub(super) node: Node,
    pub(super) local: Arc<Local>,
    pub(super) home: Arc<Home>,
    pub(super) settings: Settings,
    pub(super) net: Net,
    pub(super) links: Links,
    pub(super) addresses: Addresses,
    pub(super) desk: Desk,
    pub(super) bulk: Client,
    pub(super) records: Records,
    pub(super) supplier: Arc<Supplier>,
    pub(super) works: Works,
    pub(super) anchoring: Anchoring,
    pub(super) keeping: Keeping,
    pub(super) chronicle: Chronicle,
    pub(super) clerk: Clerk,
    pub(super) queues: Queues,
    pub(super) tasks: JoinSet<()>,
    pub(super) running: Parts,
    /// Wishes that the node has not answered.
    pub(super) pending: BTreeMap<u64, oneshot::Sender<Result<Reply, Failure>>>,
    pub(super) wishes: u64,
    pub(super) links_made: u64,
    /// Who wants to know when the daemon has ended.
    pub(super) ended: Option<oneshot::Sender<()>>,
}

/// Tasks that run as long as a service does.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) announcing: Option<AbortHandle>,
    pub(super) contact: Option<(AbortHandle, mpsc::Sender<()>)>,
    pub(super) schedule: Option<AbortHandle>,
}

impl Parts {
    /// Ends all of them.
    pub(super) fn end(self) {
        let Self { announcing, contact, schedule } = self;
        let contact = contact.map(|(task, _)| task);
        [announcing, contact, schedule].into_iter().flatten().for_each(|task| task.abort());
    }
}

/// A queue with both its ends.
pub(super) struct Queue<T> {
    pub(super) sender: mpsc::Sender<T>,
    pub(super) receiver: mpsc::Receiver<T>,
}

/// The task that answers the doors.
pub(super) struct Serving {
    pub(super) task: JoinHandle<()>,
    /// Sending into it, or dropping it, ends the task.
    pub(super) end: oneshot::Sender<()>,
}

/// What comes to the loop.
pub(super) struct Queues {
    /// From the workers and the store thread.
    pub(super) inputs: Queue<Input>,
    /// From all tasks of the shell.
    pub(super) happenings: Queue<Happening>,
}

impl Queues {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let inputs = Queue { sender, receiver };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        Self { inputs, happenings: Queue { sender, receiver } }
    }
}

impl Engine {
    /// Runs until the end is asked for, and closes everything.
    pub(super) async fn run(mut self, opened: Input, serving: Serving) {
        self.feed(opened);
        self.meet_anchors();
        while self.ended.is_none() {
            let deadline = self.node.deadline().map(|tick| self.local.clock.instant(tick).into());
            let due = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(input) = self.queues.inputs.receiver.recv() => self.feed(input),
                Some(happening) = self.queues.happenings.receiver.recv() => self.happened(happening),
                event = self.net.next() => self.heard(event),
                () = due => self.feed(Input::Time),
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(%error, "a task broke");
                    }
                }
            }
        }
        self.close(serving).await;
    }

    /// Feeds the node, and with what is answered at once as well.
    pub(super) fn feed(&mut self, input: Input) {
        let mut next = VecDeque::from([input]);
        while let Some(input) = next.pop_front() {
            let outputs = self.node.handle(input, self.local.clock.now());
            next.extend(outputs.into_iter().filter_map(|output| self.carry_out(output)));
        }
        self.chronicle.write(self.node.journal().drain());
    }

    fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Input(input) => self.feed(input),
            Happening::LinkUp(link) => {
                self.addresses.prove(link.asker.device);
                self.anchoring.keep(self.addresses.anchors());
                if let Some(input) = self.links.up(link) {
                    self.feed(input);
                }
            }
            Happening::LinkDown { device, number } => {
                if let Some(input) = self.links.down(device, number) {
                    self.feed(input);
                }
            }
            Happening::ConnectEnded { device } => {
                if let Some(input) = self.links.end_connecting(device) {
                    self.feed(input);
                }
            }
            Happening::Say { to, post } => {
                if !self.links.send(to, &post) {
                    tracing::debug!("nothing can be said to a peer that is gone");
                }
            }
            Happening::Network(Switched::On(handle, events)) => {
                self.net.switched(Some((handle, events)));
            }
            Happening::Network(Switched::Failed | Switched::Off) => {
                self.net.switched(None);
                self.links.cut_all();
            }
            Happening::Asked(question) => self.answer(question),
        }
    }

    fn answer(&mut self, question: Question) {
        // Whoever asked may be gone; then nobody hears the answer.
        match question {
            Question::Wish(wish, reply) => {
                self.wishes += 1;
                let id = self.wishes;
                self.pending.insert(id, reply);
                self.feed(Input::Wished { id, wish });
            }
            Question::Automata(reply) => drop(reply.send(self.node.snapshots())),
            Question::Journal(name, reply) => drop(reply.send(self.chronicle.of(&name))),
            Question::Peers(reply) => {
                drop(reply.send(self.links.all().map(peer_view).collect()));
            }
            Question::Learn(device, addresses, reply) => {
                self.addresses.learn(device, addresses);
                // Whoever asked looks whether the link comes.
                let _ = self.connect(device);
                let _ = reply.send(());
            }
            Question::Network(reply) => drop(reply.send(self.net.handle().cloned())),
            Question::Shutdown(reply) => self.ended = Some(reply),
        }
    }

    /// What the network tells.
    fn heard(&mut self, event: Option<Event>) {
        match event {
            Some(Event::InboundControl(stream)) => self.accept_control(stream),
            Some(Event::InboundBulk(stream)) => self.accept_bulk(stream),
            Some(Event::PeerConnected { peer, path }) => {
                let device = DeviceId(peer);
                let addresses = if path.dialled { vec![path.address] } else { vec![] };
                self.addresses.learn(device, addresses);
                self.addresses.prove(device);
                self.anchoring.keep(self.addresses.anchors());
            }
            Some(Event::PeerDisconnected { peer }) => self.links.cut(DeviceId(peer)),
            Some(Event::Discovered { peer, addresses, .. }) => {
                self.addresses.learn(DeviceId(peer), addresses);
            }
            Some(Event::Listening { .. } | Event::ListeningEnded { .. }) => {
                if let Some((_, changed)) = &self.running.contact {
                    // A sign that waits already is enough.
                    let _ = changed.try_send(());
                }
            }
            None => {
                self.links.cut_all();
                if let Some(input) = self.net.ended() {
                    self.feed(input);
                }
            }
        }
    }

    fn accept_control(&mut self, stream: Stream) {
        if self.tasks.len() >= STREAM_TASKS_MAX {
            return tracing::debug!("too many streams: one is refused");
        }
        self.links_made += 1;
        let (peer, path) = (DeviceId(stream.peer()), stream.path().clone());
        let begin = link::Begin { stream, peer, path, is_own: false, number: self.links_made };
        let happenings = self.queues.happenings.sender.clone();
        self.tasks.spawn(link::run(begin, self.local.clone(), happenings));
    }

    fn accept_bulk(&mut self, stream: Stream) {
        if self.tasks.len() >= STREAM_TASKS_MAX {
            return tracing::debug!("too many streams: one is refused");
        }
        let server = Server {
            local: self.local.clone(),
            supplier: self.supplier.clone(),
            desk: self.desk.clone(),
            happenings: self.queues.happenings.sender.clone(),
        };
        let peer = DeviceId(stream.peer());
        self.tasks.spawn(server.serve(stream, peer));
    }

    /// Makes a link to a peer, unless one is being made. Says what the node is told at once.
    pub(super) fn connect(&mut self, device: DeviceId) -> Option<Input> {
        if let Some(link) = self.links.of(device) {
            return Some(link.online());
        }
        let Some(net) = self.net.handle().cloned() else {
            return Some(Input::Unreachable { device });
        };
        if !self.links.begin_connecting(device) {
            return None;
        }
        self.links_made += 1;
        let number = self.links_made;
        let happenings = self.queues.happenings.sender.clone();
        let (local, known) = (self.local.clone(), self.addresses.of(device));
        self.tasks.spawn(async move {
            match connect::control(net, local.clone(), device, known).await {
                Some(stream) => {
                    let path = stream.path().clone();
                    let begin = link::Begin { stream, peer: device, path, is_own: true, number };
                    link::run_own(begin, local, happenings).await;
                }
                None => {
                    let _ = happenings.send(Happening::ConnectEnded { device }).await;
                }
            }
        });
        None
    }

    /// Those who were there last time.
    fn meet_anchors(&mut self) {
        let Some(net) = self.net.handle().cloned() else { return };
        for anchor in self.addresses.anchors().0 {
            let (net, peer): (_, PeerKey) = (net.clone(), anchor.device.0);
            self.tasks.spawn(async move {
                if let Err(error) = net.connect(peer, anchor.addresses).await {
                    tracing::debug!(%error, "a peer of the last time is not reached");
                }
            });
        }
    }
}
