//! Connections, streams and records among peers, over libp2p. The only crate that names the network
//! library, and it decides nothing about trust: who a peer is, what a record is worth and whether a
//! request is granted are questions for the core.
//!
//! One task owns the network and never waits. [`Handle`] asks it, [`Events`] tells what happened.
//! Addresses are multiaddress texts, peers are Ed25519 device keys, streams are [`Stream`].

mod address;
mod admission;
mod behaviour;
mod command;
mod error;
mod event;
mod gate;
mod handle;
mod key;
mod limits;
mod media;
mod meter;
mod multiplex;
mod outbox;
mod peers;
mod queries;
mod records;
mod secure;
mod settings;
mod stream;
mod streams;
mod task;
mod unreached;

pub use error::{
    BadAddress, ConnectError, OpenError, PutError, QueryError, StartError, SwitchError,
};
pub use event::{Event, Events, Source};
pub use handle::{Answer, Answers, Counters, Handle, start};
pub use key::PeerKey;
pub use limits::Limits;
pub use settings::{ConnectedPeer, KnownPeer, Medium, Path, Settings, Validator, Verdict};
pub use stream::{Stream, StreamKind};
