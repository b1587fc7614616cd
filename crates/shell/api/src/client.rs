//! The other end of the API, for the command line: a method for each route, over the Unix socket.

use std::path::{Path, PathBuf};

use daemon::view::durability::DurabilityView;
use daemon::view::{
    AutomatonDetail, AutomatonView, BackupRequest, CheckRequest, CustomerView, DifferenceView,
    EntryView, JobView, PeerView, RestoreRequest, ServiceView, SettingView, Status, SupplierView,
    VersionView,
};

use crate::routes::network::{ConnectRequest, HireRequest};
use crate::routes::node::{ConfigView, SetConfigRequest, StopRequest};
use crate::routes::versions::LATEST;

mod error;
mod stream;
mod wire;

pub use error::ClientError;
pub use stream::{FileBytes, JobEvents, Lines, Step, Steps};
use wire::segment;

/// What came of a request.
pub type Answer<T> = Result<T, ClientError>;

/// Asks the daemon behind one socket. Each request has its own connection.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the daemon that listens at `socket`; nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Where the daemon listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

/// Every method fails with [`ClientError`]: no daemon, a broken connection, or the daemon's refusal.
#[expect(clippy::missing_errors_doc, reason = "the block says it for all of them")]
impl Client {
    /// The node at a glance.
    pub async fn status(&self) -> Answer<Status> {
        self.get("/v1/status").await
    }

    /// What the data survives.
    pub async fn durability(&self) -> Answer<DurabilityView> {
        self.get("/v1/durability").await
    }

    /// All services.
    pub async fn services(&self) -> Answer<Vec<ServiceView>> {
        self.get("/v1/services").await
    }

    /// Starts a service and what it needs; returns all services.
    pub async fn start_service(&self, name: &str) -> Answer<Vec<ServiceView>> {
        self.act(&format!("/v1/services/{}/start", segment(name))).await
    }

    /// Stops a service; returns the names of all that stop, or would stop, with it.
    pub async fn stop_service(&self, name: &str, dry_run: bool) -> Answer<Vec<String>> {
        let path = format!("/v1/services/{}/stop", segment(name));
        self.post(&path, &StopRequest { dry_run }).await
    }

    /// All live automata.
    pub async fn automata(&self) -> Answer<Vec<AutomatonView>> {
        self.get("/v1/automata").await
    }

    /// One automaton with diagram, instances and last transitions.
    pub async fn automaton(&self, name: &str) -> Answer<AutomatonDetail> {
        self.get(&format!("/v1/automata/{}", segment(name))).await
    }

    /// Every step of every automaton from now on.
    pub async fn journal(&self) -> Answer<Steps> {
        Ok(Steps::new(self.open("/v1/automata/events").await?))
    }

    /// The settings in force, as TOML.
    pub async fn config(&self) -> Answer<String> {
        let view: ConfigView = self.get("/v1/config").await?;
        Ok(view.toml)
    }

    /// Changes one setting in the file; says what is kept and what is in force.
    pub async fn set_config(&self, key: &str, value: &str) -> Answer<SettingView> {
        let request = SetConfigRequest { key: key.into(), value: value.into() };
        self.post("/v1/config", &request).await
    }

    /// Begins a backup.
    pub async fn backup(&self, request: &BackupRequest) -> Answer<JobView> {
        self.post("/v1/backups", request).await
    }

    /// Begins a restore.
    pub async fn restore(&self, request: &RestoreRequest) -> Answer<JobView> {
        self.post("/v1/restores", request).await
    }

    /// Begins a check of what the suppliers keep.
    pub async fn check(&self, request: &CheckRequest) -> Answer<JobView> {
        self.post("/v1/checks", request).await
    }

    /// All jobs, newest first.
    pub async fn jobs(&self) -> Answer<Vec<JobView>> {
        self.get("/v1/jobs").await
    }

    /// One job.
    pub async fn job(&self, id: &str) -> Answer<JobView> {
        self.get(&format!("/v1/jobs/{}", segment(id))).await
    }

    /// One job and its changes, until it is over; dropping it leaves the job running.
    pub async fn watch_job(&self, id: &str) -> Answer<JobEvents> {
        Ok(JobEvents::new(self.open(&format!("/v1/jobs/{}/events", segment(id))).await?))
    }

    /// Pauses a job.
    pub async fn pause_job(&self, id: &str) -> Answer<JobView> {
        self.act(&format!("/v1/jobs/{}/pause", segment(id))).await
    }

    /// Goes on with a paused job.
    pub async fn resume_job(&self, id: &str) -> Answer<JobView> {
        self.act(&format!("/v1/jobs/{}/resume", segment(id))).await
    }

    /// Ends a job; what is safe already stays.
    pub async fn cancel_job(&self, id: &str) -> Answer<JobView> {
        self.act(&format!("/v1/jobs/{}/cancel", segment(id))).await
    }

    /// All versions, newest first.
    pub async fn versions(&self) -> Answer<Vec<VersionView>> {
        self.get("/v1/versions").await
    }

    /// The entries below a path of a version (the latest if none is named).
    pub async fn entries(
        &self,
        version: Option<u64>,
        path: &str,
        recursive: bool,
    ) -> Answer<Lines<EntryView>> {
        let (number, path) = (number(version), segment(path));
        let path = format!("/v1/versions/{number}/entries?path={path}&recursive={recursive}");
        Ok(Lines::new(self.open(&path).await?))
    }

    /// What differs between two versions.
    pub async fn differences(&self, older: u64, newer: u64) -> Answer<Lines<DifferenceView>> {
        Ok(Lines::new(self.open(&format!("/v1/versions/{older}/diff?newer={newer}")).await?))
    }

    /// A range of a file, without fetching the rest.
    pub async fn read_file(
        &self,
        version: Option<u64>,
        path: &str,
        offset: u64,
        bytes: Option<u64>,
    ) -> Answer<FileBytes> {
        let (number, path) = (number(version), segment(path));
        let bytes = bytes.map(|bytes| format!("&bytes={bytes}")).unwrap_or_default();
        let path = format!("/v1/versions/{number}/file?path={path}&offset={offset}{bytes}");
        Ok(FileBytes::new(self.open(&path).await?))
    }

    /// My suppliers.
    pub async fn suppliers(&self) -> Answer<Vec<SupplierView>> {
        self.get("/v1/suppliers").await
    }

    /// Hires one supplier, a named one or the best found.
    pub async fn hire_supplier(
        &self,
        device: Option<String>,
        addresses: Vec<String>,
    ) -> Answer<Vec<SupplierView>> {
        self.post("/v1/suppliers/hire", &HireRequest { device, addresses }).await
    }

    /// Ends the contract with a supplier; another one takes its place, and what it kept is made anew there.
    pub async fn end_supplier(&self, device: &str) -> Answer<Vec<SupplierView>> {
        self.act(&format!("/v1/suppliers/{}/end", segment(device))).await
    }

    /// My customers.
    pub async fn customers(&self) -> Answer<Vec<CustomerView>> {
        self.get("/v1/customers").await
    }

    /// Ends the contract with a customer; its data stays for the notice of 60 days.
    pub async fn end_customer(&self, identity: &str) -> Answer<Vec<CustomerView>> {
        self.act(&format!("/v1/customers/{}/end", segment(identity))).await
    }

    /// The peers connected now.
    pub async fn peers(&self) -> Answer<Vec<PeerView>> {
        self.get("/v1/peers").await
    }

    /// Connects to a node by its address.
    pub async fn connect(&self, address: &str) -> Answer<PeerView> {
        self.post("/v1/peers/connect", &ConnectRequest { address: address.into() }).await
    }

    /// Ends the daemon cleanly.
    pub async fn shutdown(&self) -> Answer<()> {
        self.do_post("/v1/shutdown").await.map(drop)
    }
}

fn number(version: Option<u64>) -> String {
    version.map_or_else(|| LATEST.into(), |number| number.to_string())
}
