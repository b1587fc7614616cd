//! Requests to peers that are not answered: only answers that somebody waits for are heard, and only
//! from the one who was asked.

use std::collections::BTreeMap;

use base::{ContractId, DeviceId, RequestId};
use storage::contract;
use storage::terms::Terms;
use storage::wire::{Asker, DocumentKind, Message, Refusal};

use crate::node::Node;
use crate::output::Output;

/// What a peer was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A contract on these terms.
    Offer(Terms),
    /// How a contract stands.
    Standing(ContractId),
    /// A later end of a contract.
    Renewal(ContractId),
    /// To take note that a contract is ended.
    End(ContractId),
    /// To keep a document.
    Keep(DocumentKind),
    /// The own root document.
    Root,
}

/// One request of each kind may wait for each peer; asking again gives the earlier one up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Offer,
    Standing,
    Renewal,
    End,
    Keep(DocumentKind),
    Root,
}

/// All requests that wait for their answers.
#[derive(Default)]
pub(crate) struct Requests(BTreeMap<(DeviceId, Kind), (RequestId, Request)>);

impl Request {
    fn kind(&self) -> Kind {
        match self {
            Self::Offer(_) => Kind::Offer,
            Self::Standing(_) => Kind::Standing,
            Self::Renewal(_) => Kind::Renewal,
            Self::End(_) => Kind::End,
            Self::Keep(kind) => Kind::Keep(*kind),
            Self::Root => Kind::Root,
        }
    }
}

impl Requests {
    /// The peer is gone: what it was asked will not be answered.
    pub(crate) fn forget(&mut self, device: &DeviceId) {
        self.0.retain(|(asked, _), _| asked != device);
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, device: DeviceId, id: RequestId) -> Option<Request> {
        let from = (device, Kind::Offer);
        let of_device = self.0.range(from..).take_while(|((asked, _), _)| *asked == device);
        let key = of_device.into_iter().find(|(_, (asked, _))| *asked == id).map(|(key, _)| *key);
        self.0.remove(&key?).map(|(_, request)| request)
    }
}

impl Node {
    /// Asks a connected peer for something.
    pub(crate) fn ask(&mut self, to: DeviceId, request: Request, message: Message) {
        if self.is_online(&to) {
            let id = self.chance.request_id();
            self.requests.0.insert((to, request.kind()), (id, request));
            self.order(Output::Send { to, id, answer_to: None, message });
        }
    }

    pub(crate) fn received(
        &mut self,
        from: Asker,
        id: RequestId,
        answer_to: Option<RequestId>,
        message: Message,
    ) {
        if !self.is_current(from) {
            // It may look for its own new certificate, and for nothing else.
            match (answer_to, message) {
                (None, message @ Message::AskDocument { .. }) => {
                    self.asked_of_supplier(from, id, message);
                }
                (None, _) => self.answer(from, id, Message::Decline { reason: Refusal::Former }),
                (Some(_), _) => {}
            }
            return;
        }
        match answer_to {
            None => match message {
                Message::Ended { contract, .. } => self.contract_over(from.device, contract),
                request => self.asked_of_supplier(from, id, request),
            },
            Some(asked) => {
                if let Some(request) = self.requests.take(from.device, asked) {
                    self.answered(from, request, message);
                }
            }
        }
    }

    fn answered(&mut self, from: Asker, request: Request, message: Message) {
        let device = from.device;
        match (request, message) {
            (Request::Offer(terms), Message::Accept { contract }) => {
                self.contract_accepted(from, &terms, contract);
            }
            (Request::Offer(_), Message::Decline { .. }) => {
                self.feed_contract(device, contract::Event::Declined);
            }
            (Request::Offer(_), Message::Standing { contract, fragments, bytes, .. }) => {
                self.contract_stands(from, contract, (fragments, bytes));
            }
            (Request::Standing(asked), Message::Standing { contract, fragments, bytes, .. })
                if contract.terms.id() == asked =>
            {
                self.contract_stands(from, contract, (fragments, bytes));
            }
            (Request::Renewal(asked), Message::Accept { contract })
                if contract.terms.id() == asked =>
            {
                self.contract_renewed(from, contract);
            }
            (Request::Standing(asked) | Request::End(asked), Message::Ended { contract, .. })
                if contract == asked =>
            {
                self.contract_over(device, contract);
            }
            (
                Request::Standing(contract) | Request::End(contract),
                Message::Decline { reason: Refusal::NoContract },
            ) => self.contract_over(device, contract),
            (Request::Keep(asked), Message::DocumentKept { kind, sequence }) if kind == asked => {
                self.supplier_keeps(device, (kind, sequence));
            }
            (Request::Keep(kind), Message::Decline { reason }) => {
                self.supplier_refuses(device, kind, reason);
            }
            (Request::Root, Message::Document { owner, kind: DocumentKind::Root, bytes })
                if owner == self.me.identity =>
            {
                self.root_answered(device, bytes.as_deref());
            }
            (Request::Root, Message::Decline { .. }) => self.root_answered(device, None),
            // Something else than what was asked for: the peer is treated as if it were silent.
            _ => {}
        }
    }
}
