//! Where this node listens, and what of it is in use.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use libp2p::Multiaddr;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::swarm::Swarm;

use super::Task;
use crate::behaviour::Behaviour;
use crate::{Event, Medium, StartError, SwitchError, address};

/// A listener that runs.
struct Listener {
    configured: Multiaddr,
    /// Where it can be reached; several when it listens on all interfaces.
    addresses: Vec<Multiaddr>,
}

/// Where this node listens.
pub(super) struct Listeners {
    configured: Vec<Multiaddr>,
    running: Vec<(ListenerId, Listener)>,
}

impl Listeners {
    pub(super) fn new(configured: Vec<Multiaddr>) -> Self {
        Self { configured, running: Vec::new() }
    }

    /// Whether each listener has an address. A machine may have no IPv6 to listen on.
    pub(super) fn are_ready(&self) -> bool {
        self.running.iter().all(|(_, listener)| {
            !listener.addresses.is_empty() || is_any_ipv6(&listener.configured)
        })
    }

    pub(super) fn all(&self) -> Vec<ListenerId> {
        self.running.iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        let all = self.running.iter().flat_map(|(_, listener)| &listener.addresses);
        all.map(address::text).collect()
    }

    /// Begins to listen on the configured addresses of a medium that are not in use yet.
    fn begin(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        medium: Medium,
    ) -> Result<(), (String, io::Error)> {
        for configured in &self.configured {
            let is_running =
                self.running.iter().any(|(_, listener)| listener.configured == *configured);
            if is_running || address::medium(configured) != Some(medium) {
                continue;
            }
            match swarm.listen_on(configured.clone()) {
                Ok(id) => {
                    let listener =
                        Listener { configured: configured.clone(), addresses: Vec::new() };
                    self.running.push((id, listener));
                }
                Err(error) if is_any_ipv6(configured) => {
                    tracing::debug!(%error, "this machine has no IPv6 to listen on");
                }
                Err(error) => return Err((configured.to_string(), io_error(error))),
            }
        }
        Ok(())
    }

    /// Ends the listeners of a medium. Their addresses end with events of their own.
    fn end(&mut self, swarm: &mut Swarm<Behaviour>, medium: Medium) {
        for (id, listener) in &self.running {
            if address::medium(&listener.configured) == Some(medium) {
                swarm.remove_listener(*id);
            }
        }
    }
}

fn is_any_ipv6(configured: &Multiaddr) -> bool {
    address::ip(configured) == Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

fn io_error(error: TransportError<io::Error>) -> io::Error {
    match error {
        TransportError::Other(error) => error,
        TransportError::MultiaddrNotSupported(_) => io::ErrorKind::Unsupported.into(),
    }
}

impl Task {
    /// Listens wherever the settings say.
    pub(super) fn listen(&mut self) -> Result<(), StartError> {
        for medium in [Medium::Tcp, Medium::Quic] {
            if self.switches.is_on(medium) {
                let begun = self.listeners.begin(&mut self.swarm, medium);
                begun.map_err(|(address, source)| StartError::Listen { address, source })?;
            }
        }
        Ok(())
    }

    /// Switches TCP or QUIC with all that hangs on it.
    pub(super) fn switch(&mut self, medium: Medium, on: bool) -> Result<(), SwitchError> {
        self.switches.set(medium, on);
        if on {
            let begun = self.listeners.begin(&mut self.swarm, medium);
            return begun.map_err(|(address, source)| SwitchError::Listen { address, source });
        }
        self.listeners.end(&mut self.swarm, medium);
        for peer in self.peers.connected.values() {
            for (id, connection) in &peer.connections {
                let (plain, _) = address::split(connection.remote.clone());
                if address::medium(&plain) == Some(medium) {
                    self.swarm.close_connection(*id);
                }
            }
        }
        Ok(())
    }

    pub(super) fn listening(&mut self, id: ListenerId, address: Multiaddr) {
        let mut running = self.listeners.running.iter_mut();
        if let Some((_, listener)) = running.find(|(running, _)| *running == id) {
            let text = address::text(&address);
            listener.addresses.push(address);
            self.outbox.push(Event::Listening { address: text });
        }
    }

    pub(super) fn not_listening(&mut self, id: ListenerId, gone: &[Multiaddr]) {
        let mut running = self.listeners.running.iter_mut();
        let Some((_, listener)) = running.find(|(running, _)| *running == id) else { return };
        for address in listener.addresses.extract_if(.., |address| gone.contains(address)) {
            self.outbox.push(Event::ListeningEnded { address: address::text(&address) });
        }
    }

    pub(super) fn listener_ended(&mut self, id: ListenerId, gone: &[Multiaddr]) {
        self.not_listening(id, gone);
        self.listeners.running.retain(|(running, _)| *running != id);
    }
}
