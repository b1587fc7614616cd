//! Control requests of others: contracts, how they stand, documents. Whether the one who signed a
//! request may have what it asks for is decided here, for each of them.

use automata::Live;
use base::{ContractId, DAY_MS, IdentityId, Label, RequestId, Signature, encode};
use storage::tenancy::{Event, Tenancy};
use storage::terms::{Contract, QUOTA_BYTES_MIN, RootDocument, TERM_MS, Terms};
use storage::wire::{Asker, DocumentKind, Message, Refusal};

use crate::node::Node;
use crate::output::Output;

/// Contracts that one node has with customers at most.
const TENANTS_MAX: usize = 10_000;
/// Contracts that are being written down at once.
const PENDING_MAX: usize = 64;
/// Requests that wait for one of them.
const WAITING_MAX: usize = 8;
/// Documents that are being written down at once, of all customers and of one device.
const DOCUMENTS_MAX: usize = 256;
const DOCUMENTS_OF_ONE_MAX: usize = 4;

impl Node {
    /// A control request of somebody else.
    pub(crate) fn asked_of_supplier(&mut self, from: Asker, id: RequestId, message: Message) {
        let outcome = match message {
            Message::Propose { terms, signature } => self.proposed(from, id, terms, signature),
            Message::AskStanding { contract } => self.asked_standing(from, id, contract),
            Message::Agree { contract, sequence, signature } => {
                self.may_read(contract, from).map(|()| {
                    self.order(Output::KeepAgreement { contract, sequence, signature });
                })
            }
            Message::Renew { contract, until, signature } => {
                self.renewed(from, id, (contract, until), signature)
            }
            Message::End { contract } => self.may_read(contract, from).map(|()| {
                self.feed_tenancy(contract, Some((from, id)), Event::End);
            }),
            Message::KeepDocument { kind, sequence, bytes } => {
                self.document_given(from, id, (kind, sequence), bytes)
            }
            Message::AskDocument { owner, kind } => {
                let to = from.device;
                self.order(Output::TellDocument { to, answer_to: id, owner, kind });
                Ok(())
            }
            // Answers without a request.
            Message::Accept { .. }
            | Message::Decline { .. }
            | Message::Standing { .. }
            | Message::Ended { .. }
            | Message::DocumentKept { .. }
            | Message::Document { .. } => Ok(()),
        };
        if let Err(reason) = outcome {
            self.answer(from, id, Message::Decline { reason });
        }
    }

    pub(crate) fn document_kept_here(&mut self, id: RequestId, refused: Option<Refusal>) {
        let Some((from, kind, sequence)) = self.supplier.documents.remove(&id) else { return };
        let message = match refused {
            None => Message::DocumentKept { kind, sequence },
            Some(reason) => Message::Decline { reason },
        };
        self.answer(from, id, message);
    }

    fn document_given(
        &mut self,
        from: Asker,
        id: RequestId,
        (kind, sequence): (DocumentKind, u64),
        bytes: Vec<u8>,
    ) -> Result<(), Refusal> {
        self.is_customer(from.identity)?;
        let bytes_max = match kind {
            DocumentKind::Identity => identity::DOCUMENT_BYTES_MAX,
            DocumentKind::Root => <RootDocument as base::Wire>::BYTES_MAX,
        };
        if bytes.len() > bytes_max {
            return Err(Refusal::Mismatch);
        }
        let documents = &self.supplier.documents;
        let of_one = documents.values().filter(|(asker, ..)| asker.device == from.device).count();
        let is_full = documents.len() >= DOCUMENTS_MAX || of_one >= DOCUMENTS_OF_ONE_MAX;
        if is_full || documents.contains_key(&id) {
            return Err(Refusal::Busy);
        }
        self.supplier.documents.insert(id, (from, kind, sequence));
        let owner = from.identity;
        self.order(Output::KeepDocument { id, owner, kind, sequence, bytes });
        Ok(())
    }

    fn is_customer(&self, identity: IdentityId) -> Result<(), Refusal> {
        let mut accounts = self.supplier.room.accounts().values();
        let is_customer = accounts.any(|account| account.customer == identity && account.is_open);
        if is_customer { Ok(()) } else { Err(Refusal::NoContract) }
    }

    fn proposed(
        &mut self,
        from: Asker,
        id: RequestId,
        terms: Terms,
        signature: Signature,
    ) -> Result<(), Refusal> {
        if !self.services.is_on("supplier") {
            return Err(Refusal::Closed);
        }
        if let Some(contract) = self.open_contract_of(from.identity) {
            return self.tell_standing(from, id, contract);
        }
        let name = terms.id();
        if !self.is_fair(&terms, from, signature) || self.supplier.room.account(&name).is_some() {
            return Err(Refusal::Terms);
        }
        if self.supplier.tenancies.len() >= TENANTS_MAX {
            return Err(Refusal::NoRoom);
        }
        if self.supplier.pending.len() >= PENDING_MAX {
            return Err(Refusal::Busy);
        }
        self.supplier.room.promise(name, from.identity, terms.quota_bytes)?;
        let label = Label::ContractAcceptance;
        let contract = Contract {
            customer_device: from.device,
            customer_signature: signature,
            supplier_signature: Signature::make(&self.keys.device, label, &encode(&terms)),
            renewal: None,
            terms,
        };
        let tenancy = Tenancy { notice_ms: self.settings.clocks.notice_ms };
        self.supplier.tenancies.insert(name, Live::start(tenancy, name.to_string()));
        self.supplier.contracts.insert(name, contract.clone());
        self.supplier.pending.insert(name, vec![(from, id)]);
        self.order(Output::OpenTenancy { contract });
        Ok(())
    }

    /// Whether terms are such as this node accepts, for this node and by the one who asks.
    fn is_fair(&self, terms: &Terms, from: Asker, signature: Signature) -> bool {
        terms.network == self.network
            && terms.customer == from.identity
            && terms.supplier == self.me.identity
            && terms.device == self.me.device
            && terms.quota_bytes >= QUOTA_BYTES_MIN
            && terms.from.since_ms(self.now.date) <= DAY_MS
            && terms.until > self.now.date
            && terms.until.since_ms(self.now.date) <= TERM_MS + DAY_MS
            && terms.customer != self.me.identity
            && signature.verify(from.device.into(), Label::ContractOffer, &encode(terms)).is_ok()
    }

    fn asked_standing(
        &mut self,
        from: Asker,
        id: RequestId,
        contract: Option<ContractId>,
    ) -> Result<(), Refusal> {
        let of_customer = || self.contracts_of(from.identity).next_back();
        let contract = contract.or_else(of_customer).ok_or(Refusal::NoContract)?;
        self.may_read(contract, from)?;
        self.tell_standing(from, id, contract)
    }

    /// Answers how a contract of the asking customer stands.
    fn tell_standing(
        &mut self,
        from: Asker,
        id: RequestId,
        contract: ContractId,
    ) -> Result<(), Refusal> {
        if let Some(waiting) = self.supplier.pending.get_mut(&contract) {
            if waiting.len() >= WAITING_MAX {
                return Err(Refusal::Busy);
            }
            waiting.push((from, id));
            return Ok(());
        }
        let is_open = self.supplier.room.account(&contract).is_some_and(|account| account.is_open);
        if is_open {
            self.order(Output::TellStanding { to: from.device, answer_to: id, contract });
        } else {
            let ended = self.ended(contract);
            self.answer(from, id, ended);
        }
        Ok(())
    }

    fn open_contract_of(&self, customer: IdentityId) -> Option<ContractId> {
        let newest = self.contracts_of(customer).next_back()?;
        self.supplier.room.account(&newest).filter(|account| account.is_open).map(|_| newest)
    }

    /// The contracts of a customer: ended ones first, the newest last.
    fn contracts_of(&self, customer: IdentityId) -> impl DoubleEndedIterator<Item = ContractId> {
        let accounts = self.supplier.room.accounts().iter();
        let of_customer = accounts.filter(|(_, account)| account.customer == customer);
        let mut found: Vec<_> = of_customer
            .map(|(id, account)| {
                let until = self.supplier.contracts.get(id).map(Contract::until);
                (account.is_open, until, *id)
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, _, id)| id)
    }
}
