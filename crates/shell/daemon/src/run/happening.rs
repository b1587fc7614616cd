//! What the tasks of the shell tell the loop, and what they ask it.

use automata::Snapshot;
use base::DeviceId;
use node::input::{Failure, Input};
use node::wish::{Reply, Wish};
use tokio::sync::oneshot;

use crate::peers::{Link, Post};
use crate::view::{JournalLine, PeerView};

/// What a task tells the loop.
pub(crate) enum Happening {
    /// Something for the node.
    Input(Input),
    /// A control stream is greeted.
    LinkUp(Link),
    /// It has ended.
    LinkDown {
        /// Whose.
        device: DeviceId,
        /// Which.
        number: u64,
    },
    /// An attempt to connect is over, well or not.
    ConnectEnded {
        /// To whom.
        device: DeviceId,
    },
    /// Something is to be said to a peer beside what the node says.
    Say {
        /// To whom.
        to: DeviceId,
        /// What.
        post: Post,
    },
    /// A part of the network was switched.
    Network(crate::services::Switched),
    /// A question.
    Asked(Question),
}

/// What a task asks the loop.
pub(crate) enum Question {
    /// A wish for the node.
    Wish(Wish, oneshot::Sender<Result<Reply, Failure>>),
    /// How all automata stand.
    Automata(oneshot::Sender<Vec<Snapshot>>),
    /// The last lines of all instances of one automaton.
    Journal(String, oneshot::Sender<Vec<JournalLine>>),
    /// The greeted peers.
    Peers(oneshot::Sender<Vec<PeerView>>),
    /// A link to a peer, by these addresses beside those that are known.
    Learn(DeviceId, Vec<String>, oneshot::Sender<()>),
    /// The network, if it runs.
    Network(oneshot::Sender<Option<transport::Handle>>),
    /// The end of the daemon; answered when all is closed.
    Shutdown(oneshot::Sender<()>),
}
