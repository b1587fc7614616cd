//! Carries out what the node orders. Nothing here waits: what takes time is a task, a thread or a
//! queue, and answers with an input.

use std::time::Duration;

use base::{DeviceId, RequestId};
use node::input::Input;
use node::output::Output;
use storage::wire::Message;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::engine::Engine;
use super::happening::Happening;
use super::{chance, schedule};
use crate::bulk::audits::Audit;
use crate::bulk::client::{Get, Put};
use crate::bulk::desk::Verdict;
use crate::peers::Post;
use crate::supplier::{Order, Supplier};

impl Engine {
    /// Carries out one order. Says what the node is told at once.
    pub(super) fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Keep { id, book } => self.keeping.keep(id, book),
            Output::Connect { device } => return self.connect(device),
            Output::Send { to, id, answer_to, message } => {
                if !self.links.send(to, &Post { id, answer_to, message }) {
                    tracing::debug!("nothing can be said to a peer that is gone");
                }
            }
            Output::Probe => {
                let net = self.net.handle().cloned();
                let key = chance::bytes::<32>().to_vec();
                self.tasks.spawn(self.records.clone().probe(net, key));
            }
            Output::FindSuppliers => {
                let net = self.net.handle().cloned();
                self.tasks.spawn(self.records.clone().find_suppliers(net));
            }
            Output::AnnounceSupplier { is_on } => self.announce(is_on),
            Output::PutRecord { query, key, value } => {
                let net = self.net.handle().cloned();
                self.tasks.spawn(self.records.clone().put(net, query, key, value));
            }
            Output::GetRecord { query, key } => {
                let net = self.net.handle().cloned();
                self.tasks.spawn(self.records.clone().get(net, query, key));
            }
            Output::Put { device, contract, supplier, block, index } => {
                let net = self.net.handle().cloned();
                let put = Put { device, contract, supplier, block, index };
                self.tasks.spawn(self.bulk.clone().put(net, put));
            }
            Output::Get { fetch, device, contract, supplier, block, index } => {
                let net = self.net.handle().cloned();
                let get = Get { fetch, device, contract, supplier, block, index };
                self.tasks.spawn(self.bulk.clone().get(net, get));
            }
            Output::Audit { device, contract, is_again } => {
                let (net, home) = (self.net.handle().cloned(), self.home.clone());
                let audit = Audit { device, contract, is_again };
                self.tasks.spawn(self.bulk.clone().audit(net, home, audit));
            }
            Output::Serve { stream } => {
                let is_there = self.desk.decide(stream, Verdict::Serve);
                return (!is_there).then_some(Input::Served { stream, kept: None });
            }
            Output::Refuse { stream, reason } => {
                self.desk.decide(stream, Verdict::Refuse(reason));
            }
            other => return self.carry_out_stores(other),
        }
        None
    }

    fn carry_out_stores(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::OpenTenancy { contract } => self.supplier.order(Order::Open(contract)),
            Output::CloseTenancy { contract } => self.supplier.order(Order::Close(contract)),
            Output::EraseTenancy { contract } => self.supplier.order(Order::Erase(contract)),
            Output::KeepAgreement { contract, sequence, signature } => {
                self.supplier.order(Order::Agree { contract, sequence, signature });
            }
            Output::KeepDocument { id, owner, kind, sequence, bytes } => {
                self.supplier.order(Order::Document { id, owner, kind, sequence, bytes });
            }
            Output::TellStanding { to, answer_to, contract } => {
                self.tell_from_store(to, answer_to, move |supplier| supplier.standing(contract));
            }
            Output::TellDocument { to, answer_to, owner, kind } => {
                self.tell_from_store(to, answer_to, move |supplier| supplier.document(owner, kind));
            }
            Output::StartService { service } => self.switch(service, true),
            Output::StopService { service } => self.switch(service, false),
            Output::Answer { id, answer } => {
                if let Some(reply) = self.pending.remove(&id) {
                    // Whoever wished may be gone.
                    let _ = reply.send(answer);
                }
            }
            // All others are for the workers.
            other => self.works.order(other),
        }
        None
    }

    /// The contract and the documents are read where reading may wait for the disk.
    fn tell_from_store(
        &mut self,
        to: DeviceId,
        answer_to: RequestId,
        read: impl FnOnce(&Supplier) -> Message + Send + 'static,
    ) {
        let (supplier, happenings) = (self.supplier.clone(), self.queues.happenings.sender.clone());
        self.tasks.spawn(async move {
            let Ok(message) = spawn_blocking(move || read(&supplier)).await else { return };
            let (id, answer_to) = (RequestId(chance::bytes()), Some(answer_to));
            let post = Post { id, answer_to, message };
            let _ = happenings.send(Happening::Say { to, post }).await;
        });
    }

    fn announce(&mut self, is_on: bool) {
        if let Some(announcing) = self.running.announcing.take() {
            announcing.abort();
        }
        let Some(net) = self.net.handle().cloned() else { return };
        let records = self.records.clone();
        let each = Duration::from_millis(self.settings.clocks.announce.0);
        let task = if is_on {
            self.tasks.spawn(records.announce(net, each))
        } else {
            self.tasks.spawn(records.retire(net))
        };
        self.running.announcing = is_on.then_some(task);
    }

    fn switch(&mut self, service: &'static str, on: bool) {
        match service {
            "schedule" => self.switch_schedule(on),
            "dht" => self.switch_contact(on),
            _ => {}
        }
        let happenings = self.queues.happenings.sender.clone();
        let switching = self.net.switch(service, on, happenings);
        self.tasks.spawn(switching);
    }

    fn switch_schedule(&mut self, on: bool) {
        if let Some(schedule) = self.running.schedule.take() {
            schedule.abort();
        }
        let schedules = self.settings.backup.schedules.clone();
        if on && !schedules.is_empty() {
            let run = schedule::run(self.clerk.clone(), schedules, self.home.schedule());
            self.running.schedule = Some(self.tasks.spawn(run));
        }
    }

    /// While the distributed hash table is used, it is told where this node is reached.
    fn switch_contact(&mut self, on: bool) {
        if let Some((contact, _)) = self.running.contact.take() {
            contact.abort();
        }
        let Some(net) = self.net.handle().cloned().filter(|_| on) else { return };
        let each = Duration::from_millis(self.settings.clocks.announce.0);
        let (changed, changes) = mpsc::channel(1);
        let task = self.tasks.spawn(self.records.clone().publish_contact(net, each, changes));
        self.running.contact = Some((task, changed));
    }
}
