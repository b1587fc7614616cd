//! The part of the streams that lives on one connection.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionHandler, ConnectionHandlerEvent, Stream as Socket, StreamUpgradeError,
    SubstreamProtocol,
};
use tokio::sync::OwnedSemaphorePermit;

use super::upgrade::{Answer, Door, Protocols, Question, Refusal};
use crate::stream::Slot;
use crate::{OpenError, StreamKind};

/// Open a stream.
#[derive(Debug)]
pub(crate) struct Order {
    pub(super) id: u64,
    pub(super) kind: StreamKind,
}

/// What became of an order, or what came from the other side.
pub(crate) enum Report {
    Opened { id: u64, socket: Socket },
    Failed { id: u64, error: OpenError },
    Accepted { socket: Socket, kind: StreamKind, slot: Slot, waiting: OwnedSemaphorePermit },
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opened { .. } => "Opened",
            Self::Failed { .. } => "Failed",
            Self::Accepted { .. } => "Accepted",
        })
    }
}

/// The part of the streams that lives on one connection.
pub(crate) struct Handler {
    answer: Answer,
    wait: Duration,
    orders: VecDeque<Order>,
    reports: VecDeque<Report>,
    waker: Option<Waker>,
}

impl Handler {
    pub(super) fn new(protocols: Protocols, door: Door, wait: Duration) -> Self {
        let answer = Answer::new(protocols, door);
        Self { answer, wait, orders: VecDeque::new(), reports: VecDeque::new(), waker: None }
    }

    fn report(&mut self, report: Report) {
        self.reports.push_back(report);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn open_error(error: &StreamUpgradeError<Refusal>) -> OpenError {
    match error {
        StreamUpgradeError::Timeout => OpenError::TimedOut,
        StreamUpgradeError::Apply(Refusal::Busy) => OpenError::Busy,
        StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
        StreamUpgradeError::Apply(Refusal::Broken(_)) | StreamUpgradeError::Io(_) => {
            OpenError::Lost
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Report;
    type InboundProtocol = Answer;
    type OutboundProtocol = Question;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = u64;

    fn listen_protocol(&self) -> SubstreamProtocol<Answer, ()> {
        SubstreamProtocol::new(self.answer.clone(), ()).with_timeout(self.wait)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Question, u64, Report>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some(Order { id, kind }) = self.orders.pop_front() {
            let question = Question::new(self.answer.protocols(), kind);
            let protocol = SubstreamProtocol::new(question, id).with_timeout(self.wait);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, order: Order) {
        self.orders.push_back(order);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Answer, Question, (), u64>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: Some(accepted),
                ..
            }) => {
                let (socket, kind) = (accepted.socket, accepted.kind);
                let (slot, waiting) = (accepted.slot, accepted.waiting);
                self.report(Report::Accepted { socket, kind, slot, waiting });
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: socket,
                info: id,
            }) => self.report(Report::Opened { id, socket }),
            ConnectionEvent::DialUpgradeError(failed) => {
                let error = open_error(&failed.error);
                self.report(Report::Failed { id: failed.info, error });
            }
            _ => {}
        }
    }
}
