//! What a handle asks of the task.

use tokio::sync::oneshot;

use crate::{
    Answers, BadAddress, ConnectError, ConnectedPeer, KnownPeer, Medium, OpenError, PeerKey,
    PutError, QueryError, Stream, StreamKind, SwitchError,
};

/// Where the answer goes.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// A record to be published, and how many peers must acknowledge it.
pub(crate) struct Put {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) quorum: usize,
}

/// What a handle asks of the task.
pub(crate) enum Command {
    Listening(Reply<Vec<String>>),
    Peers(Reply<Vec<ConnectedPeer>>),
    Table(Reply<Vec<KnownPeer>>),
    Connect { peer: PeerKey, addresses: Vec<String>, reply: Reply<Result<(), ConnectError>> },
    DialAddress { address: String, reply: Reply<Result<PeerKey, ConnectError>> },
    Disconnect { peer: PeerKey, reply: Reply<()> },
    Open { peer: PeerKey, kind: StreamKind, reply: Reply<Result<Stream, OpenError>> },
    Put { put: Put, reply: Reply<Result<(), PutError>> },
    PutTo { peers: Vec<PeerKey>, put: Put, reply: Reply<Result<(), PutError>> },
    Unpublish { key: Vec<u8>, reply: Reply<()> },
    Get { key: Vec<u8>, reply: Reply<Result<Answers, QueryError>> },
    Provide { key: Vec<u8>, reply: Reply<Result<(), QueryError>> },
    StopProviding { key: Vec<u8>, reply: Reply<()> },
    Providers { key: Vec<u8>, reply: Reply<Result<Vec<PeerKey>, QueryError>> },
    Find { peer: PeerKey, reply: Reply<Result<Vec<String>, QueryError>> },
    Bootstrap { reply: Reply<Result<(), QueryError>> },
    SetBootstrap { addresses: Vec<String>, reply: Reply<Result<(), BadAddress>> },
    SetLocalNetwork { on: bool, reply: Reply<Result<(), SwitchError>> },
    SetServer { on: bool, reply: Reply<()> },
    SetMedium { medium: Medium, on: bool, reply: Reply<Result<(), SwitchError>> },
    Stop { reply: Reply<()> },
}
