//! Runs the services in the order of their needs.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};

use crate::catalogue::{SERVICES, dependants, entry};
use crate::input::{Failure, ServiceChange};
use crate::node::Node;
use crate::output::Output;
use crate::service::{Effect, Event, Service, State};

const AGAIN_MS: u64 = 10_000;

/// All services.
pub(crate) struct Services(BTreeMap<&'static str, Live<Service>>);

impl Services {
    pub(crate) fn new() -> Self {
        let start = |name| Live::start(Service { again_ms: AGAIN_MS }, name);
        Self(SERVICES.iter().map(|entry| (entry.name, start(entry.name))).collect())
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.0.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.0.values().map(Live::snapshot)
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|service| *service.state() == State::On)
    }

    pub(crate) fn state(&self, name: &str) -> &'static str {
        self.0.get(name).map_or("unknown", |service| service.state().into())
    }

    fn needs_met(&self, name: &str) -> bool {
        entry(name).is_some_and(|entry| entry.needs.iter().all(|need| self.is_on(need)))
    }
}

impl Node {
    /// Whether the user or the settings want the service to run.
    pub(crate) fn is_enabled(&self, name: &str) -> bool {
        let default = !self.settings.services_off.iter().any(|off| off == name);
        self.book.switches.get(name).copied().unwrap_or(default)
    }

    pub(crate) fn start_services(&mut self) {
        for entry in &SERVICES {
            if self.is_enabled(entry.name) {
                let needs_met = self.services.needs_met(entry.name);
                self.feed_service(entry.name, Event::Enable { needs_met });
            }
        }
        self.settle_services();
    }

    pub(crate) fn poll_services(&mut self) {
        for entry in &SERVICES {
            let Some(service) = self.services.0.get_mut(entry.name) else { continue };
            let effects = service.poll(self.now.tick, &mut self.journal);
            self.carry_out_service(entry.name, effects);
        }
        self.settle_services();
    }

    pub(crate) fn service_changed(&mut self, service: &'static str, change: ServiceChange) {
        let event = match change {
            ServiceChange::Started => Event::Started,
            ServiceChange::Stopped => Event::Stopped,
            ServiceChange::Failed => Event::Failed,
        };
        self.feed_service(service, event);
        self.settle_services();
    }

    /// Switches a service on, with all that it needs.
    pub(crate) fn enable_service(&mut self, name: &str) -> Result<(), Failure> {
        let found = entry(name).ok_or_else(|| unknown(name))?;
        for need in found.needs {
            self.enable_service(need)?;
        }
        self.book.switches.insert(found.name.into(), true);
        let needs_met = self.services.needs_met(found.name);
        self.feed_service(found.name, Event::Enable { needs_met });
        self.settle_services();
        Ok(())
    }

    /// Switches a service off; what needs it waits until it is on again. Returns what stops.
    pub(crate) fn disable_service(
        &mut self,
        name: &str,
        dry_run: bool,
    ) -> Result<Vec<&'static str>, Failure> {
        let found = entry(name).ok_or_else(|| unknown(name))?;
        let mut stops: Vec<&'static str> = dependants(name);
        stops.retain(|dependant| self.services.is_on(dependant));
        stops.push(found.name);
        if !dry_run {
            self.book.switches.insert(found.name.into(), false);
            self.keep_book();
            for dependant in &stops[..stops.len() - 1] {
                self.feed_service(dependant, Event::NeedsLost);
            }
            self.feed_service(found.name, Event::Disable);
            self.settle_services();
        }
        Ok(stops)
    }

    // Repeats until nothing changes: a service that came on or went off may be what others need.
    fn settle_services(&mut self) {
        for _ in 0..=SERVICES.len() {
            let mut changed = false;
            for entry in &SERVICES {
                let needs_met = self.services.needs_met(entry.name);
                let Some(service) = self.services.0.get(entry.name) else { continue };
                let event = match (service.state(), needs_met) {
                    (State::Waiting, true) => Event::NeedsMet,
                    (State::Starting | State::On | State::Broken { .. }, false) => Event::NeedsLost,
                    _ => continue,
                };
                changed = true;
                self.feed_service(entry.name, event);
            }
            if !changed {
                return;
            }
        }
    }

    fn feed_service(&mut self, name: &'static str, event: Event) {
        let Some(service) = self.services.0.get_mut(name) else { return };
        let effects = service.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_service(name, effects);
    }

    fn carry_out_service(&mut self, name: &'static str, effects: Vec<Effect>) {
        let in_shell = entry(name).is_some_and(|entry| entry.in_shell);
        for effect in effects {
            match effect {
                Effect::Start if in_shell => self.order(Output::StartService { service: name }),
                Effect::Stop if in_shell => self.order(Output::StopService { service: name }),
                Effect::Start => self.feed_service(name, Event::Started),
                Effect::Stop => self.feed_service(name, Event::Stopped),
                Effect::ReportOn => self.service_on(name),
                Effect::ReportOff => self.service_off(name),
            }
        }
    }

    fn service_on(&mut self, name: &str) {
        match name {
            "supplier" => {
                self.order(Output::AnnounceSupplier { is_on: true });
                self.publish_records();
            }
            "customer" => self.count_places(),
            "dht" => self.publish_records(),
            "backup" | "restore" => self.free_jobs_of(name),
            _ => {}
        }
    }

    fn service_off(&mut self, name: &str) {
        match name {
            "supplier" => self.order(Output::AnnounceSupplier { is_on: false }),
            "customer" => self.stop_hiring(),
            "backup" | "restore" => self.hold_jobs_of(name),
            _ => {}
        }
    }
}

fn unknown(name: &str) -> Failure {
    Failure::Unknown { what: format!("the service '{name}'") }
}
