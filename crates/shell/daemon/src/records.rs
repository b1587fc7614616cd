//! Records of the distributed hash table: judged before they are kept, written, collected, and the
//! newest given back to those who have an older one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::{DeviceId, HOUR_MS};
use identity::{ADDRESSES_MAX, ContactRecord, Edition, SignedContact, next_sequence};
use mesh::{OfferedService, Record, SHARDS, sort, validate, volunteers_key};
use node::input::Input;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use transport::{Answers, Handle, PeerKey, PutError, QueryError, Validator, Verdict};

use crate::peers::is_loopback;
use crate::run::happening::Happening;
use crate::run::local::Local;

#[cfg(test)]
mod tests;

/// Queries of this node at once; others wait.
const QUERIES_MAX: usize = 64;
/// Nodes that are given a newer record after one look-up.
const WRITE_BACK_MAX: usize = 8;
/// After a failure an announcement is made again.
const AGAIN_WAIT: Duration = Duration::from_secs(5);
/// The longest wait between two attempts.
const AGAIN_WAIT_MAX: Duration = Duration::from_secs(300);
/// A contact record holds so long, milliseconds.
const CONTACT_LIFE_MS: u64 = 2 * HOUR_MS;

/// Asks the distributed hash table, a limited number of things at once.
#[derive(Clone)]
pub(crate) struct Records {
    local: Arc<Local>,
    happenings: mpsc::Sender<Happening>,
    queries: Arc<Semaphore>,
}

/// The judge of records: pure rules, the network's id and the date.
pub(crate) fn validator(local: Arc<Local>) -> Validator {
    Arc::new(move |key, value, stored| {
        let date = local.clock.now().date;
        match validate(local.network, key, value, stored, date) {
            mesh::Verdict::Accept { publisher } => {
                Verdict::Accept { publisher: publisher.identity.0 }
            }
            mesh::Verdict::Refuse { error } => {
                tracing::debug!(%error, "a record is refused");
                Verdict::Refuse
            }
        }
    })
}

impl Records {
    pub(crate) fn new(local: Arc<Local>, happenings: mpsc::Sender<Happening>) -> Self {
        Self { local, happenings, queries: Arc::new(Semaphore::new(QUERIES_MAX)) }
    }

    /// Writes a record; `RecordPut` comes when it is done.
    pub(crate) async fn put(self, net: Option<Handle>, query: u64, key: Vec<u8>, value: Vec<u8>) {
        let ok = match net {
            Some(net) => self.write(&net, key, value).await,
            None => false,
        };
        self.tell(Input::RecordPut { query, ok }).await;
    }

    /// Collects the values of a record; `RecordGot` comes when it is done.
    pub(crate) async fn get(self, net: Option<Handle>, query: u64, key: Vec<u8>) {
        let answers = match net {
            Some(net) => self.read(&net, key).await,
            None => Answers::default(),
        };
        let distinct: BTreeSet<Vec<u8>> =
            answers.found.into_iter().map(|answer| answer.value).collect();
        self.tell(Input::RecordGot { query, values: distinct.into_iter().collect() }).await;
    }

    /// Looks for suppliers in all lists of volunteers; `SuppliersFound` comes for each list that
    /// names somebody, and once at the end.
    pub(crate) async fn find_suppliers(self, net: Option<Handle>) {
        if let Some(net) = net {
            if net.table().await.is_empty() {
                // The first search of a fresh node: somebody must be known before.
                let _ = net.bootstrap().await;
            }
            let mut lists = tokio::task::JoinSet::new();
            for shard in 0..SHARDS {
                lists.spawn(self.clone().list(net.clone(), shard));
            }
            while lists.join_next().await.is_some() {}
        }
        self.tell(Input::SuppliersFound { devices: vec![] }).await;
    }

    async fn list(self, net: Handle, shard: u8) {
        let Ok(_turn) = self.queries.acquire().await else { return };
        let key = volunteers_key(OfferedService::Supplier, shard);
        let found = net.get_providers(key).await;
        let devices = found.inspect_err(|error| tracing::debug!(%error, "a list was not read"));
        let devices: Vec<DeviceId> =
            devices.unwrap_or_default().into_iter().map(DeviceId).collect();
        if !devices.is_empty() {
            self.tell(Input::SuppliersFound { devices }).await;
        }
    }

    /// Stands in the list of suppliers from now on, as soon as anybody can be told.
    pub(crate) async fn announce(self, net: Handle) {
        let mut wait = AGAIN_WAIT;
        while let Err(error) = net.start_providing(self.supplier_key()).await {
            tracing::debug!(%error, "not yet announced as a supplier");
            if error == QueryError::Stopped {
                return;
            }
            sleep(wait).await;
            wait = (wait * 2).min(AGAIN_WAIT_MAX);
        }
    }

    /// Stands there no longer.
    pub(crate) async fn retire(self, net: Handle) {
        net.stop_providing(self.supplier_key()).await;
    }

    /// Tells where this node is reached, again and again, and soon after that changes.
    pub(crate) async fn publish_contact(
        self,
        net: Handle,
        each: Duration,
        mut changed: mpsc::Receiver<()>,
    ) {
        loop {
            let addresses = published(net.listening().await);
            let wait = if self.publish(&net, addresses).await { each } else { AGAIN_WAIT };
            let next = Instant::now() + wait;
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                change = changed.recv() => {
                    if change.is_none() {
                        return;
                    }
                    // Several addresses change together.
                    sleep(Duration::from_secs(1)).await;
                    while changed.try_recv().is_ok() {}
                }
            }
        }
    }

    async fn publish(&self, net: &Handle, addresses: Vec<String>) -> bool {
        let (keys, now) = (&self.local.keys, self.local.clock.now().date);
        let edition =
            Edition::new(self.local.network, next_sequence(None, now), now, CONTACT_LIFE_MS);
        let contact = ContactRecord { edition, addresses };
        let signed = match SignedContact::publish(&keys.device, keys.credential(), contact) {
            Ok(signed) => Record::Contact(signed),
            Err(error) => {
                tracing::warn!(%error, "the own contact record cannot be made");
                return true;
            }
        };
        let mut ok = false;
        for key in signed.keys() {
            ok |= self.write(net, key.bytes(), signed.bytes()).await;
        }
        ok
    }

    async fn write(&self, net: &Handle, key: Vec<u8>, value: Vec<u8>) -> bool {
        let Ok(_turn) = self.queries.acquire().await else { return false };
        match net.put_record(key, value, 1).await {
            Ok(()) => true,
            Err(PutError::TooFew { acknowledged } | PutError::TimedOut { acknowledged }) => {
                acknowledged > 0
            }
            Err(error) => {
                tracing::debug!(%error, "a record was not written");
                false
            }
        }
    }

    async fn read(&self, net: &Handle, key: Vec<u8>) -> Answers {
        let Ok(_turn) = self.queries.acquire().await else { return Answers::default() };
        match net.get_record(key.clone()).await {
            Ok(answers) => {
                self.write_back(net, key, &answers).await;
                answers
            }
            Err(error) => {
                tracing::debug!(%error, "a record was not read");
                Answers::default()
            }
        }
    }

    /// Gives the newest record to those who should have it.
    async fn write_back(&self, net: &Handle, key: Vec<u8>, answers: &Answers) {
        let date = self.local.clock.now().date;
        let Some((newest, peers)) = behind(answers, &key, self.local.network, date) else { return };
        if let Err(error) = net.put_record_to(peers, key, newest).await {
            tracing::debug!(%error, "a newer record was not taken");
        }
    }

    fn supplier_key(&self) -> Vec<u8> {
        let service = OfferedService::Supplier;
        volunteers_key(service, service.shard(self.local.asker().device))
    }

    async fn tell(&self, input: Input) {
        // Nobody listens when the daemon ends.
        let _ = self.happenings.send(Happening::Input(input)).await;
    }
}

/// The newest valid record among the answers, and who has an older one or none.
fn behind(
    answers: &Answers,
    key: &[u8],
    network: base::NetworkId,
    date: base::Date,
) -> Option<(Vec<u8>, Vec<PeerKey>)> {
    let values: Vec<&[u8]> = answers.found.iter().map(|answer| answer.value.as_slice()).collect();
    let sorted = sort(network, key, &values, date);
    let newest = sorted.newest?.bytes();
    let stale = sorted.stale.iter().chain(sorted.refused.iter().map(|(place, _)| place));
    let stale = stale.filter_map(|place| answers.found.get(*place)?.from);
    let mut peers: Vec<PeerKey> = stale.chain(answers.lacking.iter().copied()).collect();
    peers.truncate(WRITE_BACK_MAX);
    (!peers.is_empty()).then_some((newest, peers))
}

/// The addresses that others are told: those of this machine alone are of use to nobody else,
/// unless it has no other.
fn published(listening: Vec<String>) -> Vec<String> {
    let (own, mut addresses): (Vec<_>, Vec<_>) =
        listening.into_iter().partition(|address| is_loopback(address));
    if addresses.is_empty() {
        addresses = own;
    }
    addresses.truncate(ADDRESSES_MAX);
    addresses
}
