//! Links to peers: a greeted control stream in each direction at most. The loop owns the list; the
//! tasks of the streams tell it what happens.

use std::collections::{BTreeMap, BTreeSet};

use base::{DeviceId, RequestId};
use node::input::Input;
use storage::wire::{Asker, Message};
use tokio::sync::mpsc;

pub(crate) mod addresses;
pub(crate) mod connect;
pub(crate) mod link;
mod network;
mod pace;
#[cfg(test)]
mod tests;

pub(crate) use network::{is_loopback, network_of};

/// Messages that wait for one peer at most; a peer that takes no more is cut off.
pub(crate) const OUTGOING_MAX: usize = 256;

/// A message on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// Its id.
    pub(crate) id: RequestId,
    /// The request that it answers.
    pub(crate) answer_to: Option<RequestId>,
    /// What it says.
    pub(crate) message: Message,
}

/// A control stream whose greeting is done.
#[derive(Debug)]
pub(crate) struct Link {
    /// Its number, from the task that runs it.
    pub(crate) number: u64,
    /// Who is at the other end.
    pub(crate) asker: Asker,
    /// Where what is to be sent goes; dropping it ends the link.
    pub(crate) outgoing: mpsc::Sender<Post>,
    /// The connection that carries it.
    pub(crate) path: transport::Path,
    /// Whether this side opened the stream.
    pub(crate) is_own: bool,
}

impl Link {
    /// What the node is told of it.
    pub(crate) fn online(&self) -> Input {
        Input::Online { peer: self.asker, network: network_of(&self.path.address) }
    }
}

/// All links, by peer.
#[derive(Debug, Default)]
pub(crate) struct Links {
    by_device: BTreeMap<DeviceId, Vec<Link>>,
    connecting: BTreeSet<DeviceId>,
}

impl Links {
    /// Takes a new link over, in place of an older one of the same direction: the older one is of
    /// a connection that the peer knows to be gone. Says what the node is told.
    pub(crate) fn up(&mut self, link: Link) -> Option<Input> {
        let Asker { device, .. } = link.asker;
        let online = link.online();
        let links = self.by_device.entry(device).or_default();
        let is_first = links.is_empty();
        links.retain(|other| other.is_own != link.is_own);
        links.push(link);
        is_first.then_some(online)
    }

    /// A link has ended.
    pub(crate) fn down(&mut self, device: DeviceId, number: u64) -> Option<Input> {
        let links = self.by_device.get_mut(&device)?;
        links.retain(|link| link.number != number);
        if !links.is_empty() {
            return None;
        }
        self.by_device.remove(&device);
        Some(Input::Offline { device })
    }

    /// Sends a message on the newest link that takes it. Says whether there was one.
    pub(crate) fn send(&mut self, device: DeviceId, post: &Post) -> bool {
        let Some(links) = self.by_device.get_mut(&device) else { return false };
        for link in links.iter().rev() {
            if link.outgoing.try_send(post.clone()).is_ok() {
                return true;
            }
        }
        // It takes nothing on any of them: its tasks end, and tell so.
        tracing::debug!("a peer that takes no messages is cut off");
        links.iter_mut().for_each(cut);
        false
    }

    /// The peer's connection is gone. A stream that waits to read does not learn that by itself if
    /// this side has closed the connection; now its task ends, and tells so.
    pub(crate) fn cut(&mut self, device: DeviceId) {
        self.by_device.get_mut(&device).into_iter().flatten().for_each(cut);
    }

    /// All connections are gone.
    pub(crate) fn cut_all(&mut self) {
        self.by_device.values_mut().flatten().for_each(cut);
    }

    /// The peer's newest link.
    pub(crate) fn of(&self, device: DeviceId) -> Option<&Link> {
        self.by_device.get(&device)?.last()
    }

    /// One link of each peer.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Link> {
        self.by_device.values().filter_map(|links| links.last())
    }

    /// Says that a connection is being made; false if one is already.
    pub(crate) fn begin_connecting(&mut self, device: DeviceId) -> bool {
        self.connecting.insert(device)
    }

    /// The attempt is over. Says what the node is told if it came to nothing.
    pub(crate) fn end_connecting(&mut self, device: DeviceId) -> Option<Input> {
        let was_wanted = self.connecting.remove(&device);
        let is_up = self.by_device.contains_key(&device);
        (was_wanted && !is_up).then_some(Input::Unreachable { device })
    }
}

/// Ends the task of a link.
fn cut(link: &mut Link) {
    let (closed, _) = mpsc::channel(1);
    link.outgoing = closed;
}
