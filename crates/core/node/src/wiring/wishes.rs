//! What the user wishes.

use storage::{backup, retrieval};

use crate::input::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::wiring::retrievals::What;
use crate::wish::{Reply, Wish};

impl Node {
    pub(crate) fn wished(&mut self, id: u64, wish: Wish) {
        let answer = self.grant(wish);
        self.order(Output::Answer { id, answer });
    }

    fn grant(&mut self, wish: Wish) -> Result<Reply, Failure> {
        use {backup::Event as B, retrieval::Event as R};
        match wish {
            Wish::Backup(wish) => self.begin_backup(wish).map(Reply::Job),
            Wish::Restore(wish) => self.begin_retrieval(What::Restore(wish)).map(Reply::Job),
            Wish::Check(wish) => self.begin_retrieval(What::Check(wish)).map(Reply::Job),
            Wish::Pause(job) => self.steer(job, B::Pause, R::Pause).map(|()| Reply::Done),
            Wish::Resume(job) => self.steer(job, B::Resume, R::Resume).map(|()| Reply::Done),
            Wish::Cancel(job) => self.steer(job, B::Cancel, R::Cancel).map(|()| Reply::Done),
            Wish::Hire(device) => {
                if !self.services.is_on("customer") {
                    return Err(Failure::ServiceOff { service: "customer" });
                }
                match device {
                    Some(device) if device == self.me.device => {
                        let what = "a node cannot be its own supplier".into();
                        return Err(Failure::Setting { what });
                    }
                    Some(device) => self.hire_by_hand(device),
                    None => self.count_places(),
                }
                Ok(Reply::Done)
            }
            Wish::EndSupplier(device) => {
                if self.dismiss(device) {
                    Ok(Reply::Done)
                } else {
                    Err(Failure::Unknown { what: format!("the supplier {device}") })
                }
            }
            Wish::EndCustomer(identity) => {
                if self.end_customer(identity) {
                    Ok(Reply::Done)
                } else {
                    Err(Failure::Unknown { what: format!("the customer {identity}") })
                }
            }
            Wish::StartService(name) => {
                self.enable_service(&name)?;
                self.keep_book();
                Ok(Reply::Done)
            }
            Wish::StopService { name, dry_run } => {
                self.disable_service(&name, dry_run).map(Reply::Services)
            }
            Wish::Offer(bytes) => {
                self.offer(bytes);
                Ok(Reply::Done)
            }
            Wish::Overview => Ok(Reply::Overview(Box::new(self.overview()))),
        }
    }
}
