//! The first byte of a stream: the side that is asked says accepted or busy, once the protocol has
//! been agreed on. docs/protocols/transport.md

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _};
use libp2p::StreamProtocol;
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade};
use libp2p::swarm::Stream as Socket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StreamKind;
use crate::handle::{Counts, count};
use crate::stream::{Slot, Slots};

/// The stream is taken.
const ACCEPTED: u8 = 1;
/// A limit is reached; the stream ends here.
const BUSY: u8 = 2;

/// The names of both protocols in one network.
#[derive(Clone)]
pub(super) struct Protocols {
    control: StreamProtocol,
    bulk: StreamProtocol,
}

impl Protocols {
    /// `None` if the network's id does not make a valid name.
    pub(super) fn of(network: &str) -> Option<Self> {
        let name = |kind| StreamProtocol::try_from_owned(format!("/bitdust/{network}/{kind}/1"));
        Some(Self { control: name("control").ok()?, bulk: name("bulk").ok()? })
    }

    fn name(&self, kind: StreamKind) -> &StreamProtocol {
        match kind {
            StreamKind::Control => &self.control,
            StreamKind::Bulk => &self.bulk,
        }
    }
}

/// What decides whether an inbound stream of one connection is let in.
pub(super) struct Door {
    pub(super) slots: Slots,
    pub(super) slots_max: usize,
    pub(super) waiting: Arc<Semaphore>,
    pub(super) counts: Arc<Counts>,
}

impl Door {
    fn enter(&self) -> Option<(Slot, OwnedSemaphorePermit)> {
        let slot = self.slots.take(self.slots_max)?;
        let waiting = self.waiting.clone().try_acquire_owned().ok()?;
        Some((slot, waiting))
    }
}

/// An inbound stream that was let in.
pub(crate) struct Accepted {
    pub(super) socket: Socket,
    pub(super) kind: StreamKind,
    pub(super) slot: Slot,
    pub(super) waiting: OwnedSemaphorePermit,
}

/// Answers an inbound stream. It is made anew at each turn of a connection, so it is cheap to clone.
#[derive(Clone)]
pub(crate) struct Answer(Arc<(Protocols, Door)>);

impl Answer {
    pub(super) fn new(protocols: Protocols, door: Door) -> Self {
        Self(Arc::new((protocols, door)))
    }

    pub(super) fn protocols(&self) -> &Protocols {
        &self.0.0
    }
}

impl UpgradeInfo for Answer {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; 2];

    fn protocol_info(&self) -> [StreamProtocol; 2] {
        let Protocols { control, bulk } = self.protocols();
        [control.clone(), bulk.clone()]
    }
}

impl InboundUpgrade<Socket> for Answer {
    /// `None` if it was refused.
    type Output = Option<Accepted>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Option<Accepted>>>;

    fn upgrade_inbound(self, mut socket: Socket, name: StreamProtocol) -> Self::Future {
        let is_control = name == self.protocols().control;
        let kind = if is_control { StreamKind::Control } else { StreamKind::Bulk };
        async move {
            let (_, door) = &*self.0;
            let Some((slot, waiting)) = door.enter() else {
                count(&door.counts.streams_refused);
                socket.write_all(&[BUSY]).await?;
                socket.close().await?;
                return Ok(None);
            };
            socket.write_all(&[ACCEPTED]).await?;
            socket.flush().await?;
            Ok(Some(Accepted { socket, kind, slot, waiting }))
        }
        .boxed()
    }
}

/// Asks for an outbound stream.
pub(crate) struct Question {
    protocol: StreamProtocol,
}

impl Question {
    pub(super) fn new(protocols: &Protocols, kind: StreamKind) -> Self {
        Self { protocol: protocols.name(kind).clone() }
    }
}

/// Why an outbound stream is not open although the protocol was agreed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the peer is busy")]
    Busy,
    #[error("the stream broke before it was accepted")]
    Broken(#[from] io::Error),
}

impl UpgradeInfo for Question {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; 1];

    fn protocol_info(&self) -> [StreamProtocol; 1] {
        [self.protocol.clone()]
    }
}

impl OutboundUpgrade<Socket> for Question {
    type Output = Socket;
    type Error = Refusal;
    type Future = BoxFuture<'static, Result<Socket, Refusal>>;

    fn upgrade_outbound(self, mut socket: Socket, _: StreamProtocol) -> Self::Future {
        async move {
            let mut answer = [0];
            socket.read_exact(&mut answer).await?;
            match answer {
                [ACCEPTED] => Ok(socket),
                [BUSY] => Err(Refusal::Busy),
                _ => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
            }
        }
        .boxed()
    }
}
