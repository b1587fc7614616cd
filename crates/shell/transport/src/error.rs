//! What can go wrong, one small enum for each operation.

use crate::PeerKey;

/// A text that is not a multiaddress that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{address}' is not an address that can be used here")]
pub struct BadAddress {
    /// The text.
    pub address: String,
}

/// Why the transport did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The network's id is empty, too long or has other characters than letters, digits, `-_.`.
    #[error("'{0}' cannot be the id of a network")]
    Network(String),
    /// The device key cannot be used.
    #[error("the device key cannot be used")]
    Key,
    /// An address to listen on or to start from cannot be used.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// An address to listen on is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No listener came up in time.
    #[error("cannot listen: no address came up in time")]
    NothingListens,
    /// Looking for peers on the local network did not start.
    #[error("cannot look for peers on the local network")]
    LocalNetwork(#[source] std::io::Error),
    /// The system's resolver of names cannot be used.
    #[error("cannot use the system's resolver of names")]
    Resolver(#[source] std::io::Error),
}

/// Why a service of the transport could not be switched.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// An address to listen on is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Looking for peers on the local network did not start.
    #[error("cannot look for peers on the local network")]
    LocalNetwork(#[source] std::io::Error),
    /// The transport has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// Why there is no connection to a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// An address that was given cannot be used.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The key is not an Ed25519 public key.
    #[error("not a device key")]
    Key,
    /// The peer is this node.
    #[error("this is the own node")]
    Myself,
    /// Nobody knows an address of the peer.
    #[error("no address of the peer is known")]
    NoAddresses,
    /// No address answered, or only with a failed handshake.
    #[error("the peer cannot be reached at {tried} addresses")]
    Unreachable {
        /// How many addresses were tried.
        tried: usize,
    },
    /// Somebody else answers at the address.
    #[error("another peer answers at this address")]
    OtherPeer {
        /// Who answers, when it has an Ed25519 key.
        found: Option<PeerKey>,
    },
    /// The peer is of another network.
    #[error("the peer is of another network")]
    OtherNetwork,
    /// The node has as many connections as it may.
    #[error("too many connections")]
    TooMany,
    /// The connection was lost before it could be used.
    #[error("the connection was lost")]
    Lost,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The transport has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// Why a stream was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no connection to the peer.
    #[error("not connected")]
    NotConnected,
    /// This side has as many streams on the connection as it may.
    #[error("too many streams on this connection")]
    TooMany,
    /// The peer says that it cannot take another stream now.
    #[error("the peer is busy")]
    Busy,
    /// The peer does not speak this protocol.
    #[error("the peer does not speak this protocol")]
    Unsupported,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection was lost.
    #[error("the connection was lost")]
    Lost,
    /// The transport has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// Why a record was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The validator refuses it, or a newer one is stored here.
    #[error("the record is not valid, or older than the one known")]
    Refused,
    /// Key or value are too long.
    #[error("the record is too large")]
    TooLarge,
    /// As many records are published as may be.
    #[error("too many own records")]
    TooMany,
    /// Fewer peers than wanted have acknowledged it.
    #[error("only {acknowledged} peers have taken the record")]
    TooFew {
        /// How many have.
        acknowledged: usize,
    },
    /// No answer in time.
    #[error("no answer in time, {acknowledged} peers have taken the record")]
    TimedOut {
        /// How many have acknowledged it.
        acknowledged: usize,
    },
    /// As many queries run as may.
    #[error("too many queries at once")]
    Busy,
    /// The transport has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// Why a query to the DHT has no result. Finding nothing is a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No peer is known to ask.
    #[error("no peer is known")]
    NoPeers,
    /// As many queries run, or keys are provided, as may be.
    #[error("too many at once")]
    Busy,
    /// The key asked for is not an Ed25519 public key.
    #[error("not a device key")]
    Key,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The transport has stopped.
    #[error("the network has stopped")]
    Stopped,
}
