//! Daemons, and nodes that do not keep to the rules, for the tests of this crate.

use std::path::Path;
use std::sync::Arc;

use base::{
    BlockId, ContractId, DAY_MS, Date, DeviceId, Hash, Label, RequestId, SecretKey, Signature,
    Signed, SymmetricKey, decode, encode,
};
use codec::Manifest;
use disk::document::HomeLock;
use identity::{DeviceName, Keystore, Phrase, Seed};
use storage::terms::{Contract, Terms};
use storage::wire::{BulkAnswer, BulkRequest, Message};
use tempfile::TempDir;
use transport::{Handle, Stream};
use zeroize::Zeroizing;

use crate::border::{BULK_ANSWER, BULK_REQUEST, CONTROL, Inward, Letter, Outward, greet};
use crate::border::{BorderError, read_exactly};
use crate::records::validator;
use crate::run::chance;
use crate::run::clock::Clock;
use crate::run::local::Local;
use crate::settings::{Bytes, Settings, Span};
use crate::{Running, Start, start};

pub(crate) const NETWORK: &str = "daemon-tests";
/// Bytes of the fragments that tests store.
pub(crate) const FRAGMENT_BYTES: usize = 4096;

/// An identity and its device, the same for the same number.
pub(crate) fn keys(number: u8) -> Keystore {
    let seed = Seed::new(&Phrase::from_entropy([number; 32]));
    let device = SecretKey::from_seed(SymmetricKey([number ^ 0x55; 32]));
    let name = DeviceName::new("test").unwrap();
    Keystore::from_seed(&seed, seed.chain(), device, name, Date(0)).unwrap()
}

pub(crate) fn local(number: u8, network: &str) -> Arc<Local> {
    let network = mesh::network_id(network);
    Arc::new(Local { network, keys: keys(number), clock: Clock::new() })
}

/// Settings for loopback, TCP only, with short clocks.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.network.name = NETWORK.into();
    settings.network.listen = vec!["/ip4/127.0.0.1/tcp/0".into()];
    settings.quic.enabled = false;
    settings.supplier.disk_floor = Bytes(0);
    settings.storage.enabled = false;
    settings.storage.suppliers = 1;
    settings.storage.needed = Bytes(64 << 20);
    for clock in [&mut settings.clocks.search, &mut settings.clocks.search_again] {
        *clock = Span(500);
    }
    settings
}

/// A daemon with a home of its own, which is removed at the end.
pub(crate) struct Daemon {
    pub(crate) running: Running,
    pub(crate) home: TempDir,
    pub(crate) keys: Keystore,
    settings: Settings,
}

impl Daemon {
    pub(crate) async fn start(number: u8, settings: Settings) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(crate::work::FRESH_MARK), b"").unwrap();
        let running = run(home.path(), number, settings.clone()).await;
        Self { running, home, keys: keys(number), settings }
    }

    /// Ends it and starts it again on the same home.
    pub(crate) async fn restart(self, number: u8) -> Self {
        let Self { mut running, home, keys, settings } = self;
        running.stop().await;
        assert!(running.wait().await);
        let running = run(home.path(), number, settings.clone()).await;
        Self { running, home, keys, settings }
    }

    pub(crate) async fn stop(mut self) {
        self.running.stop().await;
        assert!(self.running.wait().await);
    }

    pub(crate) fn address(&self) -> &str {
        &self.running.addresses[0]
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.keys.device_id()
    }
}

async fn run(home: &Path, number: u8, settings: Settings) -> Running {
    let lock = HomeLock::take(home).unwrap();
    let plan = Start { home: home.to_owned(), lock, keys: keys(number), settings };
    start(plan).await.unwrap()
}

/// A node of the tests' own: it has an identity and a network, and says what it likes.
pub(crate) struct Outsider {
    pub(crate) local: Arc<Local>,
    pub(crate) net: Handle,
}

/// A greeted stream of an outsider.
pub(crate) struct Talk {
    pub(crate) stream: Stream,
    pub(crate) inward: Inward,
    pub(crate) outward: Outward,
}

impl Outsider {
    pub(crate) async fn new(number: u8) -> Self {
        let local = local(number, NETWORK);
        let secret = Zeroizing::new(local.keys.device.seed().0);
        let mut plan = transport::Settings::new(NETWORK, secret, validator(local.clone()));
        plan.listen = vec!["/ip4/127.0.0.1/tcp/0".into()];
        plan.quic = false;
        let (net, mut events) = transport::start(plan).await.unwrap();
        // What is told is of no interest, but must not fill the queue.
        tokio::spawn(async move { while events.next().await.is_some() {} });
        Self { local, net }
    }

    pub(crate) async fn meet(&self, daemon: &Daemon) {
        let peer = self.net.dial_address(daemon.address()).await.unwrap();
        assert_eq!(DeviceId(peer), daemon.device());
    }

    pub(crate) async fn control(&self, daemon: &Daemon) -> Talk {
        self.talk(self.net.open_control(daemon.device().0).await.unwrap()).await
    }

    pub(crate) async fn bulk(&self, daemon: &Daemon) -> Talk {
        self.talk(self.net.open_bulk(daemon.device().0).await.unwrap()).await
    }

    async fn talk(&self, mut stream: Stream) -> Talk {
        let peer = DeviceId(stream.peer());
        let (inward, outward) = greet(&mut stream, peer, &self.local).await.unwrap();
        Talk { stream, inward, outward }
    }

    /// Comes to an agreement with the daemon.
    pub(crate) async fn contract(&self, daemon: &Daemon, quota_bytes: u64) -> Contract {
        let now = self.local.clock.now().date;
        let terms = Terms {
            network: self.local.network,
            customer: self.local.keys.identity(),
            supplier: daemon.keys.identity(),
            device: daemon.device(),
            quota_bytes,
            from: now,
            until: now.plus_ms(30 * DAY_MS),
            price: 0,
            salt: chance::bytes(),
        };
        let key = &self.local.keys.device;
        let signature = Signature::make(key, Label::ContractOffer, &encode(&terms));
        let answer = self.control(daemon).await.ask(Message::Propose { terms, signature }).await;
        let Message::Accept { contract } = answer else { panic!("no contract: {answer:?}") };
        contract.verify().unwrap();
        contract
    }
}

impl Talk {
    /// Says something on a control stream and waits for the answer to it.
    pub(crate) async fn ask(&mut self, message: Message) -> Message {
        let id = RequestId(chance::bytes());
        let letter = Letter { kind: CONTROL, id, answer_to: None, payload: encode(&message) };
        self.outward.send(&mut self.stream, letter).await.unwrap();
        loop {
            let envelope = self.inward.receive(&mut self.stream, CONTROL, None).await.unwrap();
            if envelope.answer_to == Some(id) {
                return decode(&envelope.payload).unwrap();
            }
        }
    }

    /// The bytes of a bulk request as they go onto the stream.
    pub(crate) fn seal(&mut self, request: &BulkRequest) -> Vec<u8> {
        let id = RequestId(chance::bytes());
        let payload = encode(request);
        self.outward.seal(Letter { kind: BULK_REQUEST, id, answer_to: None, payload }).unwrap()
    }

    /// Asks for something in bulk, with bytes behind it.
    pub(crate) async fn request(
        &mut self,
        request: &BulkRequest,
        body: &[u8],
    ) -> Result<(BulkAnswer, Vec<u8>), BorderError> {
        let head = self.seal(request);
        let wait = std::time::Duration::from_secs(30);
        crate::border::write_all(&mut self.stream, &[&head, body], wait).await?;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> Result<(BulkAnswer, Vec<u8>), BorderError> {
        let wait = std::time::Duration::from_secs(30);
        let envelope = self.inward.receive(&mut self.stream, BULK_ANSWER, Some(wait)).await?;
        let head: BulkAnswer = decode(&envelope.payload).unwrap();
        let body = match &head {
            BulkAnswer::Fragment { bytes, .. } => {
                read_exactly(&mut self.stream, (vec![], *bytes as usize), wait, |_| {}).await?
            }
            BulkAnswer::Stored { .. } | BulkAnswer::Refused { .. } | BulkAnswer::Audited { .. } => {
                vec![]
            }
        };
        Ok((head, body))
    }
}

/// A block of two fragments, signed by a device; the bytes follow from the number.
pub(crate) struct TestBlock {
    pub(crate) id: BlockId,
    pub(crate) fragments: [Vec<u8>; 2],
    pub(crate) manifest: Vec<u8>,
}

pub(crate) fn block(device: &SecretKey, number: u64) -> TestBlock {
    let fragments = [0_u8, 1].map(|index| {
        let mut bytes = vec![0; FRAGMENT_BYTES];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&number.to_le_bytes()).update(&[index]).finalize_xof().fill(&mut bytes);
        bytes
    });
    let length = u32::try_from(FRAGMENT_BYTES).unwrap().to_le_bytes();
    let roots = fragments.each_ref().map(|bytes| codec::fragment_root(bytes).0);
    let bytes = [&[1, 1, 1][..], &length, &roots[0], &roots[1]].concat();
    let manifest: Manifest = decode(&bytes).unwrap();
    let id = manifest.block_id();
    let signed = Signed::new(device, Label::Manifest, manifest);
    TestBlock { id, fragments, manifest: encode(&signed) }
}

impl TestBlock {
    /// The request to keep fragment `index`. Tests do not mask: a supplier cannot tell.
    pub(crate) fn put(&self, contract: ContractId, index: u8) -> BulkRequest {
        let bytes = &self.fragments[usize::from(index)];
        BulkRequest::Put {
            contract,
            block: self.id,
            index,
            bytes: u32::try_from(bytes.len()).unwrap(),
            masked_root: root(bytes),
            manifest: self.manifest.clone(),
        }
    }

    pub(crate) fn get(&self, contract: ContractId, index: u8) -> BulkRequest {
        BulkRequest::Get { contract, block: self.id, index }
    }

    pub(crate) fn delete(&self, contract: ContractId, index: u8) -> BulkRequest {
        BulkRequest::Delete { contract, block: self.id, index }
    }
}

pub(crate) fn root(bytes: &[u8]) -> Hash {
    codec::fragment_root(bytes)
}
