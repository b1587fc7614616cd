//! Contracts are renewed before they end: the customer asks for a later end, the supplier agrees, and
//! the contract keeps its id, so that what lies under it stays where it is.

use base::{ContractId, DAY_MS, Date, DeviceId, Label, RequestId, Signature, encode};
use storage::contract;
use storage::tenancy;
use storage::terms::{Contract, NewEnd, Renewal, TERM_MS};
use storage::wire::{Asker, Message, Refusal};

use crate::node::Node;
use crate::output::Output;
use crate::wiring::requests::Request;

/// Renewals that are being written down at once.
const RENEWALS_MAX: usize = 64;

impl Node {
    /// Asks a supplier for a later end of its contract.
    pub(crate) fn ask_renewal(&mut self, device: DeviceId) {
        let Some(contract) = self.contract_with(&device).map(|found| found.terms.id()) else {
            return;
        };
        let until = self.now.date.plus_ms(TERM_MS);
        let end = encode(&NewEnd { contract, until });
        let signature = Signature::make(&self.keys.device, Label::ContractRenewal, &end);
        let message = Message::Renew { contract, until, signature };
        self.ask(device, Request::Renewal(contract), message);
    }

    /// A supplier agreed to a later end.
    pub(crate) fn contract_renewed(&mut self, from: Asker, renewed: Contract) {
        let is_right = self.is_mine(&renewed, from);
        let end = self.tick_of(renewed.until());
        let Some(entry) = self.book.suppliers.get_mut(&from.device) else { return };
        let Some(known) = entry.contract.as_mut() else { return };
        if is_right && known.terms == renewed.terms && known.until() < renewed.until() {
            *known = renewed;
            self.keep_book();
            self.feed_contract(from.device, contract::Event::Accepted { until: end });
        }
    }

    /// A customer asks for a later end.
    pub(crate) fn renewed(
        &mut self,
        from: Asker,
        id: RequestId,
        (contract, until): (ContractId, Date),
        signature: Signature,
    ) -> Result<(), Refusal> {
        self.may_read(contract, from)?;
        let known = self.supplier.contracts.get(&contract).ok_or(Refusal::NoContract)?;
        if !self.supplier.room.account(&contract).is_some_and(|account| account.is_open) {
            return Err(Refusal::Ended);
        }
        if !self.services.is_on("supplier") {
            return Err(Refusal::Closed);
        }
        let end = encode(&NewEnd { contract, until });
        let is_fair = until > known.until()
            && until.since_ms(self.now.date) <= TERM_MS + DAY_MS
            && signature.verify(from.device.into(), Label::ContractRenewal, &end).is_ok();
        if !is_fair {
            return Err(Refusal::Terms);
        }
        let (renewals, pending) = (&self.supplier.renewals, &self.supplier.pending);
        let is_busy = renewals.contains_key(&contract) || pending.contains_key(&contract);
        if is_busy || renewals.len() >= RENEWALS_MAX {
            return Err(Refusal::Busy);
        }
        let label = Label::ContractRenewal;
        let renewal = Renewal {
            until,
            customer_device: from.device,
            customer_signature: signature,
            supplier_signature: Signature::make(&self.keys.device, label, &end),
        };
        let renewed = Contract { renewal: Some(renewal), ..known.clone() };
        self.supplier.renewals.insert(contract, (renewed.clone(), from, id));
        self.order(Output::OpenTenancy { contract: renewed });
        Ok(())
    }

    /// A contract is written down, or could not be. Says whether it was a renewal.
    pub(crate) fn renewal_kept(&mut self, id: ContractId, refused: Option<Refusal>) -> bool {
        let Some((contract, from, request)) = self.supplier.renewals.remove(&id) else {
            return false;
        };
        let is_open = self.supplier.room.account(&id).is_some_and(|account| account.is_open);
        // It may have been ended meanwhile; the order to close it came after this one.
        let message = match refused.or((!is_open).then_some(Refusal::Ended)) {
            Some(reason) => Message::Decline { reason },
            None => {
                let until = contract.until();
                self.supplier.ends.insert(id, until);
                self.supplier.contracts.insert(id, contract.clone());
                let until = self.tick_of(until);
                self.feed_tenancy(id, None, tenancy::Event::Later { until });
                Message::Accept { contract }
            }
        };
        self.answer(from, request, message);
        true
    }
}
