//! The task that owns the network. It never waits for anything but the next thing to do.

mod commands;
mod happenings;
mod listeners;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libp2p::identity::Keypair;
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId, swarm};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::admission::Admission;
use crate::behaviour::Behaviour;
use crate::command::{Command, Reply};
use crate::handle::Counts;
use crate::media::{self, Switches};
use crate::outbox::Outbox;
use crate::peers::Peers;
use crate::queries::Queries;
use crate::{Event, Events, Handle, Limits, Settings, StartError, address, key};

use listeners::Listeners;

/// Commands and events that wait in the channels. What is beyond waits at the sender, or in the
/// outbox.
const CHANNEL_MAX: usize = 64;
/// Time until the addresses to listen on must be known.
const LISTEN_WAIT: Duration = Duration::from_secs(5);
/// Time between looks at the clock.
const TICK: Duration = Duration::from_secs(1);
/// Time for closing connections at the end.
const STOP_WAIT: Duration = Duration::from_secs(2);
/// Known peers below which the bootstrap addresses are dialled again.
const PEERS_FEW: usize = 8;
/// Peers of other networks that are remembered, and for how long, so that they are not dialled
/// again and again.
const STRANGERS_MAX: usize = 256;
const STRANGER_TIME: Duration = Duration::from_secs(600);

/// Everything that the task owns.
pub(crate) struct Task {
    swarm: Swarm<Behaviour>,
    settings: Plan,
    limits: Limits,
    counts: Arc<Counts>,
    switches: Arc<Switches>,
    listeners: Listeners,
    peers: Peers,
    queries: Queries,
    admission: Admission,
    outbox: Outbox,
    strangers: BTreeMap<PeerId, Instant>,
    /// Who waits for a bootstrap while no peer is known, and until when.
    waiting_bootstraps: Vec<(Instant, Reply<Result<(), crate::QueryError>>)>,
    bootstrap_at: Instant,
}

/// What may change while the task runs.
struct Plan {
    network: String,
    bootstrap: Vec<Multiaddr>,
}

/// Builds the network, listens, and lets the task run.
pub(crate) async fn start(settings: Settings) -> Result<(Handle, Events), StartError> {
    let mut secret = settings.device_secret.clone();
    let keys = Keypair::ed25519_from_bytes(&mut secret[..]).map_err(|_| StartError::Key)?;
    let myself = keys.public().to_peer_id();
    let counts = Arc::new(Counts::default());
    let behaviour = Behaviour::new(&settings, &keys, &counts)?;
    let switches = Arc::new(Switches::new(settings.tcp, settings.quic));
    let transport = media::build(&keys, &settings.limits, switches.clone(), counts.clone())?;
    let config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(settings.limits.idle_wait)
        .with_max_negotiating_inbound_streams(settings.limits.streams_negotiating_max);
    let parse = |texts: &[String]| -> Result<Vec<Multiaddr>, StartError> {
        Ok(texts.iter().map(|text| address::parse(text)).collect::<Result<_, _>>()?)
    };
    let mut task = Task {
        swarm: Swarm::new(transport, behaviour, myself, config),
        settings: Plan {
            network: settings.network.clone(),
            bootstrap: parse(&settings.bootstrap)?,
        },
        queries: Queries::new(&settings.limits),
        admission: Admission::new(settings.limits.bucket_peers_per_network_max),
        listeners: Listeners::new(parse(&settings.listen)?),
        limits: settings.limits,
        counts: counts.clone(),
        switches,
        peers: Peers::default(),
        outbox: Outbox::default(),
        strangers: BTreeMap::new(),
        waiting_bootstraps: Vec::new(),
        bootstrap_at: Instant::now(),
    };
    task.listen()?;
    let (commands, receiver) = mpsc::channel(CHANNEL_MAX);
    let (sender, events) = mpsc::channel(CHANNEL_MAX);
    let (ready, is_ready) = oneshot::channel();
    tokio::spawn(task.run(receiver, sender, ready));
    let is_ready = tokio::time::timeout(LISTEN_WAIT, is_ready).await;
    let myself = key::from_id(&myself).ok_or(StartError::Key)?;
    let handle = Handle { commands, counts, myself };
    if is_ready.is_err() && handle.listening().await.is_empty() {
        return Err(StartError::NothingListens);
    }
    Ok((handle, Events { receiver: events }))
}

impl Task {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
        ready: oneshot::Sender<()>,
    ) {
        let mut ready = Some(ready);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = loop {
            if self.listeners.are_ready()
                && let Some(ready) = ready.take()
            {
                let _ = ready.send(());
            }
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stop { reply }) => break Some(reply),
                    Some(command) => self.carry_out(command),
                    None => break None,
                },
                happening = self.swarm.select_next_some() => self.happened(happening),
                place = events.reserve(), if !self.outbox.is_empty() => match place {
                    Ok(place) => {
                        if let Some(event) = self.outbox.pop() {
                            place.send(event);
                        }
                    }
                    Err(_) => self.outbox.clear(),
                },
                _ = tick.tick() => self.look_at_the_clock(),
            }
        };
        drop(commands);
        self.close().await;
        if let Some(reply) = stopped {
            let _ = reply.send(());
        }
    }

    fn look_at_the_clock(&mut self) {
        let now = Instant::now();
        self.peers.expire(now);
        self.strangers.retain(|_, seen| *seen + STRANGER_TIME > now);
        for (_, late) in self.waiting_bootstraps.extract_if(.., |(until, _)| *until <= now) {
            let _ = late.send(Err(crate::QueryError::NoPeers));
        }
        self.queries.look_at_the_clock(&mut self.swarm.behaviour_mut().kad, now);
        self.make_room(now);
        if self.bootstrap_at <= now && self.is_lonely() {
            self.dial_bootstrap();
        }
    }

    /// Ends connections that carry nothing while too many stand, so that newcomers get in.
    fn make_room(&mut self, now: Instant) {
        let enough = usize::try_from(self.limits.connections_max / 2).unwrap_or(usize::MAX);
        let Some(settled) = now.checked_sub(self.limits.settle_wait) else { return };
        let streams = &self.swarm.behaviour().streams;
        for connection in self.peers.spare(enough, settled, |id| streams.is_idle(id)) {
            self.swarm.close_connection(connection);
        }
    }

    /// Whether so few peers are known that the rest of the network may not be found through them:
    /// the bootstrap node may have been full while somebody else dialled this one.
    fn is_lonely(&mut self) -> bool {
        let buckets = self.swarm.behaviour_mut().kad.kbuckets();
        buckets.map(|bucket| bucket.num_entries()).sum::<usize>() < PEERS_FEW
    }

    /// Dials where the network begins for this node.
    fn dial_bootstrap(&mut self) {
        self.bootstrap_at = Instant::now() + self.limits.bootstrap_pause;
        for start in commands::starts(&self.settings.bootstrap, &self.peers) {
            if let Err(error) = self.swarm.dial(start) {
                tracing::debug!(%error, "bootstrap address not dialled");
            }
        }
    }

    /// Says goodbye to all peers, but does not wait for long.
    async fn close(mut self) {
        for listener in self.listeners.all() {
            self.swarm.remove_listener(listener);
        }
        for peer in self.peers.connected.keys() {
            let _ = self.swarm.disconnect_peer_id(*peer);
        }
        let until = tokio::time::sleep(STOP_WAIT);
        tokio::pin!(until);
        while !self.peers.connected.is_empty() {
            tokio::select! {
                happening = self.swarm.select_next_some() => self.happened(happening),
                () = &mut until => break,
            }
        }
    }
}
