//! Who is connected, whether it is of this network, and who waits for a connection.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};

use crate::command::Reply;
use crate::key::from_id;
use crate::{ConnectError, PeerKey};

/// Those who wait for a connection at once.
const WAITERS_MAX: usize = 1024;

/// One connection.
pub(crate) struct Connection {
    pub(crate) remote: Multiaddr,
    /// Whether this side dialled, and so the remote address can be dialled again.
    pub(crate) dialled: bool,
    pub(crate) since: Instant,
    /// Pings in a row that were not answered.
    pub(crate) silent: u8,
}

/// A connected peer.
#[derive(Default)]
pub(crate) struct Peer {
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    /// It has said that it is of this network, or has spoken a protocol of it.
    pub(crate) is_member: bool,
    /// Where it says that it listens.
    pub(crate) addresses: Vec<Multiaddr>,
}

/// Who is told about a connection.
pub(crate) enum Told {
    Connect(Reply<Result<(), ConnectError>>),
    Dial(Reply<Result<PeerKey, ConnectError>>),
}

impl Told {
    /// Somebody who is told may be gone; that is fine.
    pub(crate) fn tell(self, result: Result<PeerKey, ConnectError>) {
        match self {
            Self::Connect(reply) => drop(reply.send(result.map(|_| ()))),
            Self::Dial(reply) => drop(reply.send(result)),
        }
    }
}

/// What is waited for: a peer, the outcome of a dial, or both.
pub(crate) type Target = (Option<PeerId>, Option<ConnectionId>);

/// Somebody who waits for a connection.
struct Waiter {
    peer: Option<PeerId>,
    /// A dial that has neither failed nor succeeded yet.
    dial: Option<ConnectionId>,
    until: Instant,
    told: Told,
}

/// Who is connected, and who waits.
#[derive(Default)]
pub(crate) struct Peers {
    pub(crate) connected: BTreeMap<PeerId, Peer>,
    waiters: Vec<Waiter>,
}

impl Peers {
    pub(crate) fn is_member(&self, peer: &PeerId) -> bool {
        self.connected.get(peer).is_some_and(|peer| peer.is_member)
    }

    /// Peers of this network that are connected.
    pub(crate) fn members(&self) -> impl Iterator<Item = &PeerId> {
        self.connected.iter().filter(|(_, peer)| peer.is_member).map(|(id, _)| id)
    }

    /// Whether a connection leads to this address.
    pub(crate) fn is_connected_to(&self, remote: &Multiaddr) -> bool {
        let mut connections = self.connected.values().flat_map(|peer| peer.connections.values());
        connections.any(|connection| connection.remote == *remote)
    }

    /// The connections that end while more than `enough` stand, so that newcomers get in: idle ones
    /// that began before `settled`, first those beside another one to the same peer, then the
    /// oldest.
    pub(crate) fn spare(
        &self,
        enough: usize,
        settled: Instant,
        is_idle: impl Fn(ConnectionId) -> bool,
    ) -> Vec<ConnectionId> {
        let standing: usize = self.connected.values().map(|peer| peer.connections.len()).sum();
        if standing <= enough {
            return Vec::new();
        }
        let mut idle = Vec::new();
        for peer in self.connected.values() {
            let spare = peer.connections.iter();
            let spare = spare.filter(|(id, one)| one.since < settled && is_idle(**id));
            // The first of several, unless one stays that is in use or young.
            let mut is_last = spare.clone().count() == peer.connections.len();
            for (id, one) in spare.rev() {
                idle.push((is_last, one.since, *id));
                is_last = false;
            }
        }
        idle.sort();
        idle.truncate(standing - enough);
        idle.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Waits for a target, and is told what came of it.
    pub(crate) fn wait(&mut self, (peer, dial): Target, wait: Duration, told: Told) {
        if self.waiters.len() >= WAITERS_MAX {
            told.tell(Err(ConnectError::TooMany));
            return;
        }
        self.waiters.push(Waiter { peer, dial, until: Instant::now() + wait, told });
    }

    /// A connection stands.
    pub(crate) fn established(&mut self, peer: PeerId, id: ConnectionId, connection: Connection) {
        self.connected.entry(peer).or_default().connections.insert(id, connection);
        for waiter in &mut self.waiters {
            if waiter.dial == Some(id) {
                (waiter.peer, waiter.dial) = (Some(peer), None);
            }
        }
        if self.is_member(&peer) {
            self.tell(&peer);
        }
    }

    /// A peer is of this network. Returns whether that is news.
    pub(crate) fn confirm(&mut self, peer: &PeerId) -> bool {
        let Some(state) = self.connected.get_mut(peer) else { return false };
        let is_news = !std::mem::replace(&mut state.is_member, true);
        self.tell(peer);
        is_news
    }

    fn tell(&mut self, peer: &PeerId) {
        let key = from_id(peer).ok_or(ConnectError::OtherPeer { found: None });
        for waiter in self.waiters.extract_if(.., |waiter| waiter.peer == Some(*peer)) {
            waiter.told.tell(key.clone());
        }
    }

    /// A connection is gone. Returns whether the peer, of this network, is gone with it.
    pub(crate) fn closed(&mut self, peer: &PeerId, id: ConnectionId) -> bool {
        let Some(state) = self.connected.get_mut(peer) else { return false };
        state.connections.remove(&id);
        if !state.connections.is_empty() {
            return false;
        }
        let was_member = state.is_member;
        self.connected.remove(peer);
        // Of two sides that dial at once each may drop what the other one has kept; whose dial is
        // still on the way goes on waiting.
        let lost = |waiter: &mut Waiter| waiter.peer == Some(*peer) && waiter.dial.is_none();
        for waiter in self.waiters.extract_if(.., lost) {
            waiter.told.tell(Err(ConnectError::Lost));
        }
        was_member
    }

    /// Those who wait for a peer wait in vain.
    pub(crate) fn fail(&mut self, peer: &PeerId, error: &ConnectError) {
        for waiter in self.waiters.extract_if(.., |waiter| waiter.peer == Some(*peer)) {
            waiter.told.tell(Err(error.clone()));
        }
    }

    /// A dial has failed. Who waits for a peer that is connected by now goes on waiting.
    pub(crate) fn dial_failed(&mut self, dial: ConnectionId, error: &ConnectError) {
        let connected = &self.connected;
        let hopeless = |waiter: &mut Waiter| {
            if waiter.dial != Some(dial) {
                return false;
            }
            waiter.dial = None;
            waiter.peer.is_none_or(|peer| !connected.contains_key(&peer))
        };
        for waiter in self.waiters.extract_if(.., hopeless) {
            waiter.told.tell(Err(error.clone()));
        }
    }

    /// Tells those who have waited long enough.
    pub(crate) fn expire(&mut self, now: Instant) {
        for waiter in self.waiters.extract_if(.., |waiter| waiter.until <= now) {
            waiter.told.tell(Err(ConnectError::TimedOut));
        }
    }
}
