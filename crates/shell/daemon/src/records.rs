//! Records of the distributed hash table: judged before they are kept, written, collected, and the
//! newest given back to those who have an older one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
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
/// The second announcement comes so soon after the first, the third after twice that, and so on:
/// while a network is young, those who should keep a list change quickly.
const ANNOUNCE_WAIT: Duration = Duration::from_secs(5);
/// A contact record holds so long, milliseconds.
const CONTACT_LIFE_MS: u64 = 2 * HOUR_MS;

/// Asks the distributed hash table, a limited number of things at once.
#[derive(Clone)]
pub(crate) struct Records {
    local: Arc<Local>,
    happenings: mpsc::Sender<Happening>,
    queries: Arc<Semaphore>,
    /// Records that are being read, and who waits for each.
    reading: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u64>>>>,
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
        let queries = Arc::new(Semaphore::new(QUERIES_MAX));
        Self { local, happenings, queries, reading: Arc::default() }
    }

    /// Writes a record; `RecordPut` comes when it is done.
    pub(crate) async fn put(self, net: Option<Handle>, query: u64, key: Vec<u8>, value: Vec<u8>) {
        let ok = match net {
            Some(net) => self.write(&net, key, value).await,
            None => false,
        };
        self.tell(Input::RecordPut { query, ok }).await;
    }

    /// Collects the values of a record; `RecordGot` comes when it is done. Whoever asks while the
    /// same record is being read gets what comes of that: dead peers make a look-up slow, and
    /// another one would be no quicker.
    pub(crate) async fn get(self, net: Option<Handle>, query: u64, key: Vec<u8>) {
        if !self.begins_reading(&key, query) {
            return;
        }
        let answers = match net {
            Some(net) => self.read(&net, key.clone()).await,
            None => Answers::default(),
        };
        let distinct: BTreeSet<Vec<u8>> =
            answers.found.into_iter().map(|answer| answer.value).collect();
        let values: Vec<Vec<u8>> = distinct.into_iter().collect();
        for query in self.ends_reading(&key) {
            self.tell(Input::RecordGot { query, values: values.clone() }).await;
        }
    }

    /// Asks for a record that nobody has; `Probed` says whether anybody answered at all.
    pub(crate) async fn probe(self, net: Option<Handle>, key: Vec<u8>) {
        let answers = match net {
            Some(net) => self.read(&net, key).await,
            None => Answers::default(),
        };
        let heard = !(answers.found.is_empty() && answers.lacking.is_empty());
        self.tell(Input::Probed { heard }).await;
    }

    /// Says whether nobody reads this record yet.
    fn begins_reading(&self, key: &[u8], query: u64) -> bool {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = reading.entry(key.to_vec()).or_default();
        waiting.push(query);
        waiting.len() == 1
    }

    fn ends_reading(&self, key: &[u8]) -> Vec<u64> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        reading.remove(key).unwrap_or_default()
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
        let own = self.local.asker().device;
        let devices = devices.unwrap_or_default().into_iter().map(DeviceId);
        let devices: Vec<DeviceId> = devices.filter(|device| *device != own).collect();
        if !devices.is_empty() {
            self.tell(Input::SuppliersFound { devices }).await;
        }
    }

    /// Stands in the list of suppliers from now on: announced as soon as anybody can be told, soon
    /// again, and then each time `each` has passed, for the nodes that keep the list change as the
    /// network grows.
    pub(crate) async fn announce(self, net: Handle, each: Duration) {
        let (mut after_failure, mut after_success) = (AGAIN_WAIT, ANNOUNCE_WAIT);
        loop {
            let announced = match somebody(&net).await {
                Ok(()) => net.start_providing(self.supplier_key()).await,
                Err(error) => Err(error),
            };
            let wait = match announced {
                Ok(()) => &mut after_success,
                Err(QueryError::NoPeers) => {
                    sleep(AGAIN_WAIT).await;
                    continue;
                }
                Err(QueryError::Stopped) => return,
                Err(error) => {
                    tracing::debug!(%error, "not announced as a supplier");
                    &mut after_failure
                }
            };
            sleep(*wait).await;
            *wait = (*wait * 2).min(each);
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
        let mut got = net.get_record(key.clone()).await;
        if got == Err(QueryError::NoPeers) && net.bootstrap().await.is_ok() {
            got = net.get_record(key.clone()).await;
        }
        match got {
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

/// Waits a moment for the first node to be known: the library calls it a success to have told nobody.
async fn somebody(net: &Handle) -> Result<(), QueryError> {
    if net.table().await.is_empty() { net.bootstrap().await } else { Ok(()) }
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
