//! The parts of the shell that can be switched, each by itself: network, TCP, QUIC, the search on
//! the local network, the distributed hash table. The door for this computer always stays open.

use std::sync::Arc;

use node::input::{Input, ServiceChange};
use tokio::sync::mpsc;
use transport::{Event, Events, Handle, Medium, StartError};
use zeroize::Zeroizing;

use crate::records::validator;
use crate::run::happening::Happening;
use crate::run::local::Local;
use crate::settings::Settings;

/// What came of switching the network.
pub(crate) enum Switched {
    /// It runs.
    On(Handle, Events),
    /// It could not be started.
    Failed,
    /// It has stopped.
    Off,
}

/// The network, which may be off.
pub(crate) struct Net {
    settings: Settings,
    local: Arc<Local>,
    running: Option<(Handle, Events)>,
    /// Whether it was told to end and has not said yet that it did.
    is_stopping: bool,
}

impl Net {
    /// A network that is off.
    pub(crate) fn new(settings: Settings, local: Arc<Local>) -> Self {
        Self { settings, local, running: None, is_stopping: false }
    }

    /// Starts it, with the media that are wanted from the beginning.
    ///
    /// # Errors
    /// An address to listen on is taken or wrong.
    pub(crate) async fn start(&mut self, tcp: bool, quic: bool) -> Result<(), StartError> {
        let started = start(&self.settings, &self.local, (tcp, quic)).await?;
        self.running = Some(started);
        Ok(())
    }

    /// The network, if it runs. Dropping the last handle would end it.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.running.as_ref().map(|(handle, _)| handle)
    }

    /// What the network tells next; never while it is off.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        match &mut self.running {
            Some((_, events)) => events.next().await,
            None => std::future::pending().await,
        }
    }

    /// The network was switched.
    pub(crate) fn switched(&mut self, running: Option<(Handle, Events)>) {
        self.running = running;
        self.is_stopping = false;
    }

    /// The network tells nothing any more. Says what the node is told if nobody ordered that.
    pub(crate) fn ended(&mut self) -> Option<Input> {
        self.running = None;
        if self.is_stopping {
            return None;
        }
        tracing::error!("the network has ended by itself");
        Some(Input::ServiceChanged { service: "network", change: ServiceChange::Stopped })
    }

    /// Starts or stops a service, in a task of its own; `ServiceChanged` comes when it is done.
    pub(crate) fn switch(
        &mut self,
        service: &'static str,
        on: bool,
        happenings: mpsc::Sender<Happening>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let handle = self.handle().cloned();
        self.is_stopping |= service == "network" && !on && handle.is_some();
        let (settings, local) = (self.settings.clone(), self.local.clone());
        async move {
            let change = match (service, handle) {
                ("network", None) if on => {
                    // Its media are switched on by services of their own.
                    let started = start(&settings, &local, (false, false)).await;
                    return tell(&happenings, started.map_err(|error| failed(service, &error)))
                        .await;
                }
                ("network", Some(handle)) if !on => {
                    handle.stop().await;
                    let _ = happenings.send(Happening::Network(Switched::Off)).await;
                    ServiceChange::Stopped
                }
                ("network" | "schedule", _) => done(on),
                (part, Some(handle)) => switch_part(&handle, part, on).await,
                (_, None) if on => ServiceChange::Failed,
                (_, None) => ServiceChange::Stopped,
            };
            let input = Input::ServiceChanged { service, change };
            let _ = happenings.send(Happening::Input(input)).await;
        }
    }
}

async fn tell(happenings: &mpsc::Sender<Happening>, started: Result<(Handle, Events), ()>) {
    let (switched, change) = match started {
        Ok((handle, events)) => (Switched::On(handle, events), ServiceChange::Started),
        Err(()) => (Switched::Failed, ServiceChange::Failed),
    };
    let input = Input::ServiceChanged { service: "network", change };
    let _ = happenings.send(Happening::Network(switched)).await;
    let _ = happenings.send(Happening::Input(input)).await;
}

async fn switch_part(handle: &Handle, part: &'static str, on: bool) -> ServiceChange {
    let switched = match part {
        "tcp" => handle.set_medium(Medium::Tcp, on).await,
        "quic" => handle.set_medium(Medium::Quic, on).await,
        "mdns" => handle.set_mdns(on).await,
        "dht" => {
            handle.set_dht_server(on).await;
            Ok(())
        }
        _ => Ok(()),
    };
    match switched {
        Ok(()) => done(on),
        Err(error) => {
            failed(part, &error);
            ServiceChange::Failed
        }
    }
}

fn done(on: bool) -> ServiceChange {
    if on { ServiceChange::Started } else { ServiceChange::Stopped }
}

fn failed(service: &'static str, error: &dyn std::error::Error) {
    tracing::warn!(service, %error, "a service could not be switched");
}

async fn start(
    settings: &Settings,
    local: &Arc<Local>,
    (tcp, quic): (bool, bool),
) -> Result<(Handle, Events), StartError> {
    let network = &settings.network;
    let secret = Zeroizing::new(local.keys.device.seed().0);
    let validator = validator(local.clone());
    let plan = transport::Settings {
        listen: network.listen.clone(),
        bootstrap: network.bootstrap.clone(),
        tcp,
        quic,
        mdns: false,
        dht_server: false,
        ..transport::Settings::new(network.name.clone(), secret, validator)
    };
    transport::start(plan).await
}
