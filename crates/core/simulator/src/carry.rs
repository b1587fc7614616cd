//! Carries out what a node orders.

use base::{DeviceId, RequestId, decode, encode};
use node::input::{DriveCondition, Input, ServiceChange};
use node::output::Output;
use storage::terms::Contract;
use storage::wire::{Message, Refusal};
use store::fragments::{Opening, OwnerRecord};

use crate::world::World;

impl World {
    pub(crate) fn carry_out(&mut self, me: usize, output: Output) {
        match output {
            Output::Keep { id, book } => {
                self.beings[me].book = Some(book);
                // The drive of this device is there from the first book on.
                self.beings[me].condition = DriveCondition::Present;
                self.soon(me, Input::Kept { id, ok: true });
            }
            Output::Connect { device } => self.connect(me, device),
            Output::Send { to, id, answer_to, message } => {
                self.tell(me, to, (id, answer_to), &message);
            }
            Output::Probe => self.probe(me),
            // The control of healing: nobody goes through the blocks.
            Output::ListBlocks { .. } if self.setting.is_unhealed => {}
            Output::FindSuppliers => self.find_suppliers(me),
            Output::AnnounceSupplier { is_on: true } => {
                self.suppliers.insert(me);
            }
            Output::AnnounceSupplier { is_on: false } => {
                self.suppliers.remove(&me);
            }
            Output::PutRecord { query, key, value } => self.put_record(me, query, key, value),
            Output::GetRecord { query, key } => self.get_record(me, query, &key),
            Output::Put { device, contract, block, index, .. } => {
                let supplier = self.number(device);
                self.put(me, supplier, (contract, block, index));
            }
            Output::Get { fetch, device, contract, block, index, .. } => {
                let supplier = self.number(device);
                self.get(me, supplier, fetch, (contract, block, index));
            }
            Output::Audit { device, contract, is_again } => {
                self.audit(me, device, contract, is_again);
            }
            Output::Serve { stream } => self.serve(me, stream),
            Output::Refuse { stream, reason } => self.refuse(me, stream, reason),
            Output::StartService { service } => {
                self.soon(me, Input::ServiceChanged { service, change: ServiceChange::Started });
            }
            Output::StopService { service } => {
                self.soon(me, Input::ServiceChanged { service, change: ServiceChange::Stopped });
            }
            Output::JobChanged { job, progress } => {
                self.jobs.insert((me, job), progress);
            }
            Output::Answer { answer, .. } => self.answered(answer),
            other => self.carry_out_store(me, other),
        }
    }

    fn carry_out_store(&mut self, me: usize, output: Output) {
        match output {
            Output::OpenTenancy { contract } => {
                let id = contract.terms.id();
                let refused = self.open_tenancy(me, &contract);
                self.soon(me, Input::TenancyOpened { contract: id, refused });
            }
            Output::CloseTenancy { contract } => {
                let now = self.now.date;
                if let Some(store) = self.store(me) {
                    // A contract that cannot be closed stays open, and is closed again.
                    let _ = store.close_contract(contract, now);
                }
            }
            Output::TellStanding { to, answer_to, contract } => {
                let message = self.standing(me, contract);
                self.answer_message(me, to, answer_to, &message);
            }
            Output::KeepDocument { id, owner, kind, sequence, bytes } => {
                let now = self.now.date;
                let record = OwnerRecord { sequence, bytes };
                let kept = self
                    .store(me)
                    .map(|store| store.put_owner_record(owner, kind as u8, &record, now).is_ok());
                let refused = (kept != Some(true)).then_some(Refusal::Older);
                self.soon(me, Input::DocumentKept { id, refused });
            }
            Output::TellDocument { to, answer_to, owner, kind } => {
                let reader = self.store(me).map(|store| store.reader());
                let record = reader.and_then(|r| r.owner_record(owner, kind as u8).ok());
                let bytes = record.map(|record| record.bytes);
                let message = Message::Document { owner, kind, bytes };
                self.answer_message(me, to, answer_to, &message);
            }
            other => self.carry_out_work(me, other),
        }
    }

    fn open_tenancy(&mut self, me: usize, contract: &Contract) -> Option<Refusal> {
        let now = self.now.date;
        let opening = Opening {
            contract: contract.terms.id(),
            owner: contract.terms.customer,
            document: encode(contract),
            quota_bytes: contract.terms.quota_bytes,
            until: contract.until(),
        };
        match self.store(me).map(|store| store.open_contract(&opening, now)) {
            Some(Ok(())) => None,
            _ => Some(Refusal::DiskFailed),
        }
    }

    fn standing(&mut self, me: usize, id: base::ContractId) -> Message {
        let found = self.store(me).and_then(|store| {
            let reader = store.reader();
            let view = reader.contract(id)?;
            let contract: Contract = decode(&reader.document(id).ok()?).ok()?;
            let (fragments, bytes) = (view.totals.fragments, view.totals.bytes);
            Some(Message::Standing { contract, fragments, bytes, receipt: None })
        });
        found.unwrap_or(Message::Decline { reason: Refusal::NoContract })
    }

    fn answer_message(&mut self, me: usize, to: DeviceId, request: RequestId, message: &Message) {
        let id = RequestId(self.chance.bytes());
        self.tell(me, to, (id, Some(request)), message);
    }

    fn tell(
        &mut self,
        me: usize,
        to: DeviceId,
        ids: (RequestId, Option<RequestId>),
        message: &Message,
    ) {
        let to = self.number(to);
        self.send(me, to, ids, message);
    }

    fn store(&mut self, me: usize) -> Option<&mut store::FragmentStore> {
        self.beings[me].life.as_mut()?.store.as_mut()
    }

    pub(crate) fn number(&self, device: DeviceId) -> usize {
        let found = self.beings.iter().position(|being| being.device() == device);
        found.expect("every device in this world was made here")
    }
}
