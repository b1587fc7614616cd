//! Asks the task that owns the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::command::{Command, Put, Reply};
use crate::{
    BadAddress, ConnectError, ConnectedPeer, Events, KnownPeer, Medium, OpenError, PeerKey,
    PutError, QueryError, Settings, StartError, Stream, StreamKind, SwitchError, task,
};

/// How often a connection is tried that was lost as soon as it stood.
const CONNECT_ATTEMPTS_MAX: usize = 3;

/// Starts the network in a task of its own, on the tokio runtime that calls. It returns when each
/// listener has an address. The network stops with [`Handle::stop`] or with the last handle.
///
/// # Errors
/// A setting cannot be used, or an address to listen on is taken.
pub async fn start(settings: Settings) -> Result<(Handle, Events), StartError> {
    task::start(settings).await
}

/// One value of a record, and who answered with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who answered; `None` stands for what this node has stored itself.
    pub from: Option<PeerKey>,
    /// What it answered. Not verified.
    pub value: Vec<u8>,
}

/// What the peers closest to a key have for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// All values, also equal ones, in the order they came.
    pub found: Vec<Answer>,
    /// Close peers that have none: where to write the record back.
    pub lacking: Vec<PeerKey>,
}

/// Numbers since the start. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records stored or refreshed for others.
    pub records_kept: u64,
    /// Records refused by the validator.
    pub records_refused: u64,
    /// Records refused because a quota was full of closer ones, or that were too large.
    pub records_over_quota: u64,
    /// Records that made room for closer ones.
    pub records_evicted: u64,
    /// Connections refused or cut because of a limit.
    pub connections_refused: u64,
    /// Connections closed because the peer is of another network.
    pub other_network: u64,
    /// Streams refused because of a limit.
    pub streams_refused: u64,
}

/// The same numbers where they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) records_kept: AtomicU64,
    pub(crate) records_refused: AtomicU64,
    pub(crate) records_over_quota: AtomicU64,
    pub(crate) records_evicted: AtomicU64,
    pub(crate) connections_refused: AtomicU64,
    pub(crate) other_network: AtomicU64,
    pub(crate) streams_refused: AtomicU64,
}

/// One more.
pub(crate) fn count(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

/// Asks the task that owns the network. Cheap to clone. Each method is cancel safe: what was asked
/// may still happen, only the answer is lost.
#[derive(Clone)]
pub struct Handle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) myself: PeerKey,
}

impl Handle {
    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.ok()?;
        answer.await.ok()
    }

    /// The own device key.
    #[must_use]
    pub fn myself(&self) -> PeerKey {
        self.myself
    }

    /// Numbers since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Counters {
            records_kept: read(&self.counts.records_kept),
            records_refused: read(&self.counts.records_refused),
            records_over_quota: read(&self.counts.records_over_quota),
            records_evicted: read(&self.counts.records_evicted),
            connections_refused: read(&self.counts.connections_refused),
            other_network: read(&self.counts.other_network),
            streams_refused: read(&self.counts.streams_refused),
        }
    }

    /// Where this node can be reached now: multiaddresses without the peer id.
    pub async fn listening(&self) -> Vec<String> {
        self.ask(Command::Listening).await.unwrap_or_default()
    }

    /// The same with `/p2p/…` at the end, to be given to others as bootstrap.
    pub async fn invitations(&self) -> Vec<String> {
        let id = crate::key::to_id(&self.myself).map(|id| id.to_string()).unwrap_or_default();
        self.listening().await.into_iter().map(|address| format!("{address}/p2p/{id}")).collect()
    }

    /// The connected peers of this network with the paths to them.
    pub async fn peers(&self) -> Vec<ConnectedPeer> {
        self.ask(Command::Peers).await.unwrap_or_default()
    }

    /// The routing table: peers to start from next time.
    pub async fn table(&self) -> Vec<KnownPeer> {
        self.ask(Command::Table).await.unwrap_or_default()
    }

    /// Connects to a peer: all given addresses and those that the routing table and the peer itself
    /// have told are dialled at once, and the first that answers wins. Returns at once if the peer
    /// is connected already.
    ///
    /// # Errors
    /// See [`ConnectError`]; it takes at most twice the handshake limit.
    pub async fn connect(&self, peer: PeerKey, addresses: Vec<String>) -> Result<(), ConnectError> {
        let mut connected = Err(ConnectError::Lost);
        for _ in 0..CONNECT_ATTEMPTS_MAX {
            let addresses = addresses.clone();
            let asked = self.ask(|reply| Command::Connect { peer, addresses, reply });
            connected = asked.await.unwrap_or(Err(ConnectError::Stopped));
            // Of two sides that dial at once each may drop what the other one has kept.
            if connected != Err(ConnectError::Lost) {
                break;
            }
        }
        connected
    }

    /// Connects to whoever answers at an address, and says who it is. With `/p2p/…` at the end
    /// nobody else is accepted.
    ///
    /// # Errors
    /// See [`ConnectError`]; it takes at most twice the handshake limit.
    pub async fn dial_address(&self, address: &str) -> Result<PeerKey, ConnectError> {
        let address = address.to_owned();
        self.ask(|reply| Command::DialAddress { address, reply })
            .await
            .unwrap_or(Err(ConnectError::Stopped))
    }

    /// Closes all connections to a peer.
    pub async fn disconnect(&self, peer: PeerKey) {
        self.ask(|reply| Command::Disconnect { peer, reply }).await;
    }

    /// Opens a control stream on the best connection to a connected peer.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_control(&self, peer: PeerKey) -> Result<Stream, OpenError> {
        self.open(peer, StreamKind::Control).await
    }

    /// Opens a bulk stream on the best connection to a connected peer.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_bulk(&self, peer: PeerKey) -> Result<Stream, OpenError> {
        self.open(peer, StreamKind::Bulk).await
    }

    async fn open(&self, peer: PeerKey, kind: StreamKind) -> Result<Stream, OpenError> {
        self.ask(|reply| Command::Open { peer, kind, reply })
            .await
            .unwrap_or(Err(OpenError::Stopped))
    }

    /// Publishes a record at the peers closest to its key and keeps it published until
    /// [`Handle::unpublish`] or a newer one. Acknowledged by `quorum` peers (1 to 20) does not mean
    /// stored: read it back.
    ///
    /// # Errors
    /// See [`PutError`].
    pub async fn put_record(
        &self,
        key: Vec<u8>,
        value: Vec<u8>,
        quorum: usize,
    ) -> Result<(), PutError> {
        let put = Put { key, value, quorum };
        self.ask(|reply| Command::Put { put, reply }).await.unwrap_or(Err(PutError::Stopped))
    }

    /// Sends a record to certain peers, and does not keep it here: for writing back what they lack.
    ///
    /// # Errors
    /// See [`PutError`].
    pub async fn put_record_to(
        &self,
        peers: Vec<PeerKey>,
        key: Vec<u8>,
        value: Vec<u8>,
    ) -> Result<(), PutError> {
        let put = Put { key, value, quorum: peers.len() };
        self.ask(|reply| Command::PutTo { peers, put, reply })
            .await
            .unwrap_or(Err(PutError::Stopped))
    }

    /// Ends the publishing of a record. What others have stored stays until it expires there.
    pub async fn unpublish(&self, key: Vec<u8>) {
        self.ask(|reply| Command::Unpublish { key, reply }).await;
    }

    /// Asks the peers closest to a key for their records until enough of them have answered with
    /// one (`Limits::answers_enough`) or all have been asked. Nothing is verified.
    ///
    /// # Errors
    /// See [`QueryError`]. What was found before a timeout is a result.
    pub async fn get_record(&self, key: Vec<u8>) -> Result<Answers, QueryError> {
        self.ask(|reply| Command::Get { key, reply }).await.unwrap_or(Err(QueryError::Stopped))
    }

    /// Announces at the peers closest to a key that this node provides it, now and again until
    /// [`Handle::stop_providing`].
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn start_providing(&self, key: Vec<u8>) -> Result<(), QueryError> {
        self.ask(|reply| Command::Provide { key, reply }).await.unwrap_or(Err(QueryError::Stopped))
    }

    /// Ends the announcements. What others remember stays until it expires there.
    pub async fn stop_providing(&self, key: Vec<u8>) {
        self.ask(|reply| Command::StopProviding { key, reply }).await;
    }

    /// Who says that it provides a key. A hint, to be proved by asking them.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn get_providers(&self, key: Vec<u8>) -> Result<Vec<PeerKey>, QueryError> {
        self.ask(|reply| Command::Providers { key, reply })
            .await
            .unwrap_or(Err(QueryError::Stopped))
    }

    /// Looks for the addresses of a peer: in the routing table, then among the peers closest to it.
    /// Empty if nobody knows any.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn find_peer(&self, peer: PeerKey) -> Result<Vec<String>, QueryError> {
        self.ask(|reply| Command::Find { peer, reply }).await.unwrap_or(Err(QueryError::Stopped))
    }

    /// Fills the routing table: dials the bootstrap addresses if no peer is known, then looks for
    /// the own neighbours. It runs by itself at the start and every five minutes; this waits for one
    /// run.
    ///
    /// # Errors
    /// [`QueryError::NoPeers`] if nobody answers.
    pub async fn bootstrap(&self) -> Result<(), QueryError> {
        self.ask(|reply| Command::Bootstrap { reply }).await.unwrap_or(Err(QueryError::Stopped))
    }

    /// Replaces the addresses to start from, and dials them if no peer is connected.
    ///
    /// # Errors
    /// The first address that cannot be used; then nothing is replaced.
    pub async fn set_bootstrap(&self, addresses: Vec<String>) -> Result<(), BadAddress> {
        self.ask(|reply| Command::SetBootstrap { addresses, reply }).await.unwrap_or(Ok(()))
    }

    /// Switches the search for peers on the local network.
    ///
    /// # Errors
    /// The machine has no multicast.
    pub async fn set_mdns(&self, on: bool) -> Result<(), SwitchError> {
        self.ask(|reply| Command::SetLocalNetwork { on, reply })
            .await
            .unwrap_or(Err(SwitchError::Stopped))
    }

    /// Switches between storing and answering for others in the DHT (true) and only asking.
    pub async fn set_dht_server(&self, on: bool) {
        self.ask(|reply| Command::SetServer { on, reply }).await;
    }

    /// Switches TCP or QUIC: off ends its listeners and connections and dials no more.
    ///
    /// # Errors
    /// An address to listen on is taken now.
    pub async fn set_medium(&self, medium: Medium, on: bool) -> Result<(), SwitchError> {
        self.ask(|reply| Command::SetMedium { medium, on, reply })
            .await
            .unwrap_or(Err(SwitchError::Stopped))
    }

    /// Closes all connections and ends the task. Returns when that is done.
    pub async fn stop(&self) {
        self.ask(|reply| Command::Stop { reply }).await;
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
