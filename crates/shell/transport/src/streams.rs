//! Control and bulk streams: opened on a chosen connection, several at once, and answered with a
//! byte that says accepted or busy, so that nothing is dropped in silence.

mod handler;
mod upgrade;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::behaviour::ConnectionEstablished;
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler,
    THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::Semaphore;

use crate::command::Reply;
use crate::handle::Counts;
use crate::stream::{Slot, Slots};
use crate::{Limits, OpenError, Path, PeerKey, Stream, StreamKind, address, key};

use handler::{Handler, Order, Report};
use upgrade::{Door, Protocols};

/// What a new connection is called by in this file.
type Route = (PeerKey, Arc<Path>);

/// One connection as this behaviour sees it.
struct Connection {
    id: ConnectionId,
    path: Arc<Path>,
    slots: Slots,
}

/// An opening that has been ordered from a handler.
struct Opening {
    connection: ConnectionId,
    kind: StreamKind,
    route: Route,
    slot: Slot,
    reply: Reply<Result<Stream, OpenError>>,
}

/// The behaviour for all control and bulk streams.
pub(crate) struct Streams {
    protocols: Protocols,
    limits: Limits,
    counts: Arc<Counts>,
    waiting: Arc<Semaphore>,
    peers: BTreeMap<PeerId, Vec<Connection>>,
    slots: BTreeMap<ConnectionId, Slots>,
    openings: BTreeMap<u64, Opening>,
    last_opening: u64,
    orders: VecDeque<ToSwarm<Stream, Order>>,
    waker: Option<Waker>,
}

impl Streams {
    pub(crate) fn new(network: &str, limits: Limits, counts: Arc<Counts>) -> Option<Self> {
        Some(Self {
            protocols: Protocols::of(network)?,
            waiting: Arc::new(Semaphore::new(limits.streams_waiting_max)),
            limits,
            counts,
            peers: BTreeMap::new(),
            slots: BTreeMap::new(),
            openings: BTreeMap::new(),
            last_opening: 0,
            orders: VecDeque::new(),
            waker: None,
        })
    }

    /// Opens a stream on the best connection: direct before relayed, then the youngest, for an old
    /// one may be half dead after the peer has restarted.
    pub(crate) fn open(
        &mut self,
        peer: PeerId,
        kind: StreamKind,
        reply: Reply<Result<Stream, OpenError>>,
    ) {
        let best = |connections: &Vec<Connection>| {
            let newest = connections.iter().enumerate();
            newest.max_by_key(|(age, connection)| (connection.path.direct, *age)).map(|(at, _)| at)
        };
        let chosen = self.peers.get(&peer).and_then(|all| best(all).map(|at| &all[at]));
        let (Some(connection), Some(peer_key)) = (chosen, key::from_id(&peer)) else {
            let _ = reply.send(Err(OpenError::NotConnected));
            return;
        };
        let Some(slot) = connection.slots.take(self.limits.streams_per_connection_max) else {
            let _ = reply.send(Err(OpenError::TooMany));
            return;
        };
        self.last_opening += 1;
        let id = self.last_opening;
        let (connection, path) = (connection.id, connection.path.clone());
        let opening = Opening { connection, kind, route: (peer_key, path), slot, reply };
        self.openings.insert(id, opening);
        self.push(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: Order { id, kind },
        });
    }

    /// All connections to a peer, the one that [`Streams::open`] takes first.
    pub(crate) fn paths(&self, peer: &PeerId) -> Vec<Path> {
        let all = self.peers.get(peer).map(Vec::as_slice).unwrap_or_default();
        let mut paths: Vec<_> = all.iter().rev().map(|one| Path::clone(&one.path)).collect();
        paths.sort_by_key(|path| !path.direct);
        paths
    }

    /// Whether a connection carries none of these streams.
    pub(crate) fn is_idle(&self, connection: ConnectionId) -> bool {
        self.slots.get(&connection).is_none_or(Slots::is_empty)
    }

    fn push(&mut self, order: ToSwarm<Stream, Order>) {
        self.orders.push_back(order);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn handler(&mut self, id: ConnectionId) -> Handler {
        let slots = self.slots.entry(id).or_default().clone();
        let door = Door {
            slots,
            slots_max: self.limits.streams_per_connection_max,
            waiting: self.waiting.clone(),
            counts: self.counts.clone(),
        };
        Handler::new(self.protocols.clone(), door, self.limits.stream_wait)
    }

    fn on_established(&mut self, established: &ConnectionEstablished<'_>) {
        let id = established.connection_id;
        let slots = self.slots.entry(id).or_default().clone();
        let path = Arc::new(path(established.endpoint));
        let connections = self.peers.entry(established.peer_id).or_default();
        connections.push(Connection { id, path, slots });
    }

    fn on_closed(&mut self, peer: &PeerId, id: ConnectionId) {
        self.slots.remove(&id);
        if let Some(connections) = self.peers.get_mut(peer) {
            connections.retain(|connection| connection.id != id);
            if connections.is_empty() {
                self.peers.remove(peer);
            }
        }
        for (_, lost) in self.openings.extract_if(.., |_, opening| opening.connection == id) {
            let _ = lost.reply.send(Err(OpenError::Lost));
        }
    }

    fn route(&self, peer: &PeerId, id: ConnectionId) -> Option<Route> {
        let connection = self.peers.get(peer)?.iter().find(|connection| connection.id == id)?;
        Some((key::from_id(peer)?, connection.path.clone()))
    }
}

/// How a peer is reached, as the network library tells it.
pub(crate) fn path(point: &ConnectedPoint) -> Path {
    let remote = point.get_remote_address();
    let (plain, _) = address::split(remote.clone());
    Path {
        medium: address::medium(&plain).unwrap_or(crate::Medium::Tcp),
        address: plain.to_string(),
        direct: !address::is_relayed(remote),
        dialled: point.is_dialer(),
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Stream;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(id))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(id))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => self.on_established(&established),
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                self.on_closed(&peer_id, connection_id);
            }
            // A connection that another behaviour denied after this one had made its handler.
            FromSwarm::DialFailure(failure) => {
                self.slots.remove(&failure.connection_id);
            }
            FromSwarm::ListenFailure(failure) => {
                self.slots.remove(&failure.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        report: THandlerOutEvent<Self>,
    ) {
        match report {
            Report::Opened { id, socket } => {
                let Some(opening) = self.openings.remove(&id) else { return };
                let Opening { kind, route, slot, reply, .. } = opening;
                let _ = reply.send(Ok(Stream::new(socket, kind, route, slot, None)));
            }
            Report::Failed { id, error } => {
                if let Some(opening) = self.openings.remove(&id) {
                    let _ = opening.reply.send(Err(error));
                }
            }
            Report::Accepted { socket, kind, slot, waiting } => {
                let Some(route) = self.route(&peer, connection) else { return };
                let stream = Stream::new(socket, kind, route, slot, Some(waiting));
                self.push(ToSwarm::GenerateEvent(stream));
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Stream, THandlerInEvent<Self>>> {
        if let Some(order) = self.orders.pop_front() {
            return Poll::Ready(order);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
