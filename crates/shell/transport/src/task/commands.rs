//! What handles ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Instant;

use libp2p::core::transport::ListenerId;
use libp2p::kad::{Quorum, Record, RecordKey};
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::behaviour::{FromSwarm, NewListenAddr};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{DialError, NetworkBehaviour};
use libp2p::{Multiaddr, PeerId};

use super::{LISTEN_WAIT, Task};
use crate::admission::known_addresses;
use crate::behaviour;
use crate::command::{Command, Put, Reply};
use crate::peers::{Peers, Target, Told};
use crate::queries::Query;
use crate::{
    Answers, BadAddress, ConnectError, ConnectedPeer, KnownPeer, PeerKey, PutError, QueryError,
    SwitchError, address, key,
};

/// A dial to whoever is at an address, or to the peer named at its end.
pub(super) fn anybody(address: Multiaddr) -> DialOpts {
    match address::split(address) {
        (address, Some(peer)) => DialOpts::peer_id(peer)
            .addresses(vec![address])
            .condition(PeerCondition::Disconnected)
            .build(),
        (address, None) => DialOpts::unknown_peer_id().address(address).build(),
    }
}

/// One dial for each node that the network begins at, whatever the number of its addresses; none
/// for those that are connected or on the way.
pub(super) fn starts(addresses: &[Multiaddr], peers: &Peers) -> Vec<DialOpts> {
    let mut named = BTreeMap::<PeerId, Vec<Multiaddr>>::new();
    let mut dials = Vec::new();
    for (address, peer) in addresses.iter().cloned().map(address::split) {
        match peer {
            Some(peer) => named.entry(peer).or_default().push(address),
            None if peers.is_connected_to(&address) => {}
            None => dials.push(anybody(address)),
        }
    }
    let named = named.into_iter().map(|(peer, addresses)| {
        let dial = DialOpts::peer_id(peer).addresses(addresses);
        dial.condition(PeerCondition::DisconnectedAndNotDialing).build()
    });
    dials.extend(named);
    dials
}

/// Why a dial has failed, in our words.
pub(super) fn connect_error(error: &DialError) -> ConnectError {
    match error {
        DialError::LocalPeerId { .. } => ConnectError::Myself,
        DialError::NoAddresses => ConnectError::NoAddresses,
        DialError::WrongPeerId { obtained, .. } => {
            ConnectError::OtherPeer { found: key::from_id(obtained) }
        }
        DialError::Denied { .. } => ConnectError::TooMany,
        DialError::Transport(tried) => ConnectError::Unreachable { tried: tried.len() },
        DialError::DialPeerConditionFalse(_) | DialError::Aborted => ConnectError::Lost,
    }
}

impl Task {
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Listening(reply) => answer(reply, self.listeners.addresses()),
            Command::Peers(reply) => answer(reply, self.connected_peers()),
            Command::Table(reply) => answer(reply, self.table()),
            Command::Connect { peer, addresses, reply } => {
                self.connect(peer, &addresses, Told::Connect(reply));
            }
            Command::DialAddress { address, reply } => {
                self.dial_address(&address, Told::Dial(reply));
            }
            Command::Disconnect { peer, reply } => {
                if let Some(id) = key::to_id(&peer) {
                    let _ = self.swarm.disconnect_peer_id(id);
                }
                answer(reply, ());
            }
            Command::Open { peer, kind, reply } => match key::to_id(&peer) {
                Some(id) => self.swarm.behaviour_mut().streams.open(id, kind, reply),
                None => answer(reply, Err(crate::OpenError::NotConnected)),
            },
            Command::SetBootstrap { addresses, reply } => {
                let set = self.set_bootstrap(&addresses);
                answer(reply, set);
            }
            Command::SetLocalNetwork { on, reply } => {
                let switched = self.set_local_network(on);
                answer(reply, switched);
            }
            Command::SetServer { on, reply } => {
                self.swarm.behaviour_mut().kad.set_mode(Some(behaviour::mode(on)));
                answer(reply, ());
            }
            Command::SetMedium { medium, on, reply } => {
                let switched = self.switch(medium, on);
                answer(reply, switched);
            }
            Command::Stop { reply } => answer(reply, ()),
            query => self.ask(query),
        }
    }

    /// What concerns the DHT.
    fn ask(&mut self, command: Command) {
        match command {
            Command::Put { put, reply } => self.put(put, reply),
            Command::PutTo { peers, put, reply } => self.put_to(&peers, put, reply),
            Command::Get { key, reply } => self.get(key, reply),
            Command::Provide { key, reply } => self.provide(key, reply),
            Command::Providers { key, reply } => self.providers(key, reply),
            Command::Find { peer, reply } => self.find(&peer, reply),
            Command::Bootstrap { reply } => self.bootstrap(reply),
            Command::Unpublish { key, reply } => {
                self.swarm.behaviour_mut().kad.remove_record(&RecordKey::from(key));
                answer(reply, ());
            }
            Command::StopProviding { key, reply } => {
                self.swarm.behaviour_mut().kad.stop_providing(&RecordKey::from(key));
                answer(reply, ());
            }
            // All others are carried out before.
            _ => {}
        }
    }

    fn connected_peers(&self) -> Vec<ConnectedPeer> {
        let streams = &self.swarm.behaviour().streams;
        let connected = self.peers.members().filter_map(|id| {
            Some(ConnectedPeer { peer: key::from_id(id)?, paths: streams.paths(id) })
        });
        connected.collect()
    }

    fn table(&mut self) -> Vec<KnownPeer> {
        let mut known = Vec::new();
        for bucket in self.swarm.behaviour_mut().kad.kbuckets() {
            for entry in bucket.iter() {
                let addresses = entry.node.value.iter().map(address::text).collect();
                if let Some(peer) = key::from_id(entry.node.key.preimage()) {
                    known.push(KnownPeer { peer, addresses });
                }
            }
        }
        known
    }

    fn connect(&mut self, peer: PeerKey, addresses: &[String], told: Told) {
        let dialled = self.try_connect(peer, addresses);
        match dialled {
            Ok(None) => told.tell(Ok(peer)),
            Ok(Some(target)) => self.peers.wait(target, self.limits.handshake_wait * 2, told),
            Err(error) => told.tell(Err(error)),
        }
    }

    /// `None` if there is nothing to wait for, else whom to wait for.
    fn try_connect(
        &mut self,
        peer: PeerKey,
        addresses: &[String],
    ) -> Result<Option<Target>, ConnectError> {
        let id = key::to_id(&peer).ok_or(ConnectError::Key)?;
        if id == *self.swarm.local_peer_id() {
            return Err(ConnectError::Myself);
        }
        let mut targets = Vec::new();
        for text in addresses {
            let (address, named) = address::split(address::parse(text)?);
            if named.is_some_and(|named| named != id) {
                return Err(BadAddress { address: text.clone() }.into());
            }
            targets.push(address);
        }
        if self.peers.is_member(&id) {
            return Ok(None);
        }
        let dial = DialOpts::peer_id(id)
            .addresses(targets)
            .extend_addresses_through_behaviour()
            .condition(PeerCondition::Disconnected)
            .build();
        let connection = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => Ok(Some((Some(id), Some(connection)))),
            Err(DialError::DialPeerConditionFalse(_)) => Ok(Some((Some(id), None))),
            Err(error) => Err(connect_error(&error)),
        }
    }

    fn dial_address(&mut self, text: &str, told: Told) {
        let address = match address::parse(text) {
            Ok(address) => address,
            Err(error) => return told.tell(Err(error.into())),
        };
        if let (_, Some(peer)) = address::split(address.clone()) {
            return match key::from_id(&peer) {
                Some(peer) => self.connect(peer, &[text.to_owned()], told),
                None => told.tell(Err(ConnectError::Key)),
            };
        }
        let dial = anybody(address);
        let connection = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => {
                let target = (None, Some(connection));
                self.peers.wait(target, self.limits.handshake_wait * 2, told);
            }
            Err(error) => told.tell(Err(connect_error(&error))),
        }
    }

    fn put(&mut self, put: Put, reply: Reply<Result<(), PutError>>) {
        if self.queries.is_full() {
            return answer(reply, Err(PutError::Busy));
        }
        let mut record = Record::new(put.key, put.value);
        record.publisher = Some(*self.swarm.local_peer_id());
        let kad = &mut self.swarm.behaviour_mut().kad;
        // The library tells only that its store refuses, so the store is asked first.
        if let Err(error) = kad.store_mut().keep(record.clone(), None, Instant::now()) {
            return answer(reply, Err(error));
        }
        match kad.put_record(record, quorum(put.quorum)) {
            Ok(id) => self.queries.add(id, Query::Put { reply }),
            Err(_) => answer(reply, Err(PutError::Refused)),
        }
    }

    fn put_to(&mut self, peers: &[PeerKey], put: Put, reply: Reply<Result<(), PutError>>) {
        if self.queries.is_full() {
            return answer(reply, Err(PutError::Busy));
        }
        if put.value.len() > self.limits.record_bytes_max {
            return answer(reply, Err(PutError::TooLarge));
        }
        let peers: BTreeSet<PeerId> = peers.iter().filter_map(key::to_id).collect();
        if peers.is_empty() {
            return answer(reply, Err(PutError::TooFew { acknowledged: 0 }));
        }
        let record = Record::new(put.key, put.value);
        let all = quorum(peers.len());
        let kad = &mut self.swarm.behaviour_mut().kad;
        let id = kad.put_record_to(record, peers.into_iter(), all);
        self.queries.add(id, Query::Put { reply });
    }

    fn get(&mut self, key: Vec<u8>, reply: Reply<Result<Answers, QueryError>>) {
        if self.queries.is_full() {
            return answer(reply, Err(QueryError::Busy));
        }
        let id = self.swarm.behaviour_mut().kad.get_record(RecordKey::from(key));
        self.queries.add(id, Query::Get { answers: Answers::default(), answered: None, reply });
    }

    fn provide(&mut self, key: Vec<u8>, reply: Reply<Result<(), QueryError>>) {
        if self.queries.is_full() {
            return answer(reply, Err(QueryError::Busy));
        }
        match self.swarm.behaviour_mut().kad.start_providing(RecordKey::from(key)) {
            Ok(id) => self.queries.add(id, Query::Provide { reply }),
            Err(_) => answer(reply, Err(QueryError::Busy)),
        }
    }

    fn providers(&mut self, key: Vec<u8>, reply: Reply<Result<Vec<PeerKey>, QueryError>>) {
        if self.queries.is_full() {
            return answer(reply, Err(QueryError::Busy));
        }
        let id = self.swarm.behaviour_mut().kad.get_providers(RecordKey::from(key));
        self.queries.add(id, Query::Providers { found: BTreeSet::new(), reply });
    }

    fn find(&mut self, peer: &PeerKey, reply: Reply<Result<Vec<String>, QueryError>>) {
        let Some(id) = key::to_id(peer) else { return answer(reply, Err(QueryError::Key)) };
        if let Some(connected) = self.peers.connected.get(&id) {
            let dialled = connected.connections.values().filter(|connection| connection.dialled);
            let known = known_addresses(&mut self.swarm.behaviour_mut().kad, &id);
            let both = dialled.map(|connection| &connection.remote).chain(&known);
            let addresses: BTreeSet<String> = both.map(address::text).collect();
            if !addresses.is_empty() {
                return answer(reply, Ok(addresses.into_iter().collect()));
            }
        }
        if self.queries.is_full() {
            return answer(reply, Err(QueryError::Busy));
        }
        let query = self.swarm.behaviour_mut().kad.get_closest_peers(id);
        self.queries.add(query, Query::Find { peer: id, reply });
    }

    fn bootstrap(&mut self, reply: Reply<Result<(), QueryError>>) {
        if let Some(replies) = self.queries.bootstrap() {
            replies.push(reply);
        } else if let Ok(id) = self.swarm.behaviour_mut().kad.bootstrap() {
            self.queries.add(id, Query::Bootstrap { replies: vec![reply] });
        } else if self.settings.bootstrap.is_empty() {
            answer(reply, Err(QueryError::NoPeers));
        } else {
            self.dial_bootstrap();
            self.waiting_bootstraps.push((Instant::now() + LISTEN_WAIT * 2, reply));
        }
    }

    /// The first peer is known: those who have waited for one get their bootstrap.
    pub(super) fn begin_waiting_bootstraps(&mut self) {
        for (_, reply) in std::mem::take(&mut self.waiting_bootstraps) {
            self.bootstrap(reply);
        }
    }

    fn set_bootstrap(&mut self, addresses: &[String]) -> Result<(), BadAddress> {
        let parsed = addresses.iter().map(|text| address::parse(text));
        self.settings.bootstrap = parsed.collect::<Result<_, _>>()?;
        if self.peers.members().next().is_none() {
            self.dial_bootstrap();
        }
        Ok(())
    }

    fn set_local_network(&mut self, on: bool) -> Result<(), SwitchError> {
        if on == self.swarm.behaviour().mdns.is_enabled() {
            return Ok(());
        }
        let myself = *self.swarm.local_peer_id();
        let searching = on.then(|| behaviour::local_network(myself)).transpose();
        let mut searching = searching.map_err(SwitchError::LocalNetwork)?;
        // It tells others the addresses that it was told of itself, and it comes late.
        if let Some(searching) = &mut searching {
            for addr in self.swarm.listeners() {
                let listener_id = ListenerId::next();
                let event = FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr });
                searching.on_swarm_event(event);
            }
        }
        self.swarm.behaviour_mut().mdns = Toggle::from(searching);
        Ok(())
    }
}

/// Whoever asked may be gone; that is fine.
fn answer<T>(reply: Reply<T>, value: T) {
    let _ = reply.send(value);
}

/// How many peers of twenty must acknowledge.
fn quorum(peers: usize) -> Quorum {
    NonZeroUsize::new(peers).map_or(Quorum::One, Quorum::N)
}
