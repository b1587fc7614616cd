//! What a daemon's workers do, done at once: sealing, assembling, reading, rebuilding.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::{BlockId, IdentityId, JobId, Label, Signed, SymmetricKey, decode, encode};
use codec::{BlockCoder, Manifest, Mask, Shape, Suite};
use drive::backup::{Meta, Outcome, SealedBlock, Session, Settings};
use drive::catalog::{Catalog, Placed, Stat};
use drive::format::{HeadRef, Kind};
use drive::restore::{Filter, Reader, RestoreError, Run, Step, Walk};
use identity::Keystore;
use node::input::{Failure, Input};
use node::output::Output;
use spaces::{Keyring, own_drive};
use storage::backup::Stage;
use storage::fetch::Need;
use storage::policy::Spread;
use storage::terms::{Arrangement, RootDocument};
use store::drive::FragmentReceipt;
use store::receipt::{ReceiptBody, ReceiptEntry};
use store::{Drive, FaultyDisk};

use mend::{Mended, Purpose};

use crate::source::Source;
use crate::world::World;

mod mend;

/// The workers of one node.
pub(crate) struct Works {
    drive: &'static Drive,
    pub(crate) keyring: Keyring,
    device: base::SecretKey,
    run: Option<BackupRun>,
    fetches: BTreeMap<u64, Fetched>,
    source: Source,
    reading: Option<Reading>,
    next_fetch: u64,
    mended: BTreeMap<BlockId, Mended>,
}

struct BackupRun {
    job: JobId,
    session: Session<'static>,
    sealed: Arc<Mutex<Vec<SealedBlock>>>,
    blocks: BTreeMap<BlockId, SealedBlock>,
    receipts: BTreeMap<BlockId, Vec<(u8, FragmentReceipt)>>,
}

struct Fetched {
    block: BlockId,
    manifest: Option<Manifest>,
    fragments: BTreeMap<u8, Vec<u8>>,
    purpose: Purpose,
}

enum Reading {
    Restore { job: JobId, request: u64 },
    Rebuild { root: RootDocument },
}

impl Works {
    pub(crate) fn open(disk: &FaultyDisk, keyring: &[u8], keys: &Keystore) -> Self {
        let drive = Drive::open(Arc::new(disk.clone()), "drive").expect("the drive opens again");
        let space = own_drive(keys.identity(), &keys.storage_root);
        Self {
            // Sessions borrow the drive for as long as they live; a world is short.
            drive: Box::leak(Box::new(drive)),
            keyring: Keyring::open(keyring, space, &keys.storage_root).expect("an own keyring"),
            device: keys.device.clone(),
            run: None,
            fetches: BTreeMap::new(),
            source: Source::default(),
            reading: None,
            next_fetch: 0,
            mended: BTreeMap::new(),
        }
    }

    pub(crate) fn drive(&self) -> &Drive {
        self.drive
    }

    /// A fragment of a sealed block, and its signed manifest.
    pub(crate) fn fragment(&self, block: BlockId, index: u8) -> Option<(Vec<u8>, Vec<u8>)> {
        let Some(sealed) = self.run.as_ref().and_then(|run| run.blocks.get(&block)) else {
            return self.mended_fragment(block, index);
        };
        let bytes = sealed.stripe.fragment(usize::from(index))?.to_vec();
        let manifest = Signed::new(&self.device, Label::Manifest, sealed.manifest.clone());
        Some((bytes, encode(&manifest)))
    }

    pub(crate) fn receipted(
        &mut self,
        body: &ReceiptBody,
        entry: ReceiptEntry,
        supplier: IdentityId,
    ) {
        let receipt = FragmentReceipt {
            supplier,
            contract: body.contract,
            sequence: body.sequence,
            masked_root: entry.masked_root,
            until: body.until,
        };
        self.mended_receipt(body, entry, supplier);
        if let Some(run) = &mut self.run {
            run.receipts.entry(entry.block).or_default().push((entry.index, receipt));
        }
    }

    /// Unmasks a fragment and compares it with the manifest; keeps it if it is right.
    pub(crate) fn accept(
        &mut self,
        (fetch, index): (u64, u8),
        supplier: IdentityId,
        mut bytes: Vec<u8>,
        manifest: &[u8],
    ) -> bool {
        let Some(fetched) = self.fetches.get_mut(&fetch) else { return true };
        let manifest = decode::<Signed<Manifest>>(manifest).map(|signed| signed.body);
        let Ok(manifest) = manifest else { return false };
        if manifest.block_id() != fetched.block {
            return false;
        }
        let mask = Mask::new(self.keyring.mask_root(), supplier, fetched.block, index);
        mask.apply(&mut bytes);
        let is_right = manifest.verify(usize::from(index), &bytes).is_ok();
        if is_right {
            fetched.fragments.insert(index, bytes);
            fetched.manifest = Some(manifest);
        }
        is_right
    }

    fn seal(
        &mut self,
        job: JobId,
        files: &BTreeMap<Vec<u8>, Vec<u8>>,
        settings: &Settings,
    ) -> Vec<Input> {
        let sealed = Arc::new(Mutex::new(vec![]));
        let sink = sealed.clone();
        let sink = Box::new(move |block| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(block);
            Ok(())
        });
        let session = Session::new(self.drive, &self.keyring, settings, sink);
        let mut session = session.expect("the catalog can be read");
        session.enter_directory(ROOT, Meta::default()).expect("the first directory");
        for (name, bytes) in files {
            let stat = Stat { size: bytes.len() as u64, ..Stat::default() };
            session.begin_file(name, Meta::default(), stat).expect("a good name");
            session.write(bytes).expect("nothing stops this run");
            session.end_file(Outcome::Whole { is_settled: false }).expect("nothing stops this run");
        }
        session.leave_directory(true).expect("nothing stops this run");
        session
            .seal_content(vec![ROOT.to_vec()], settings.started, true)
            .expect("nothing stops this run");
        self.run = Some(BackupRun {
            job,
            session,
            sealed,
            blocks: BTreeMap::new(),
            receipts: BTreeMap::new(),
        });
        self.sealed(job, Stage::Content, None)
    }

    /// Hands out what a stage has sealed.
    fn sealed(&mut self, job: JobId, stage: Stage, head: Option<Vec<u8>>) -> Vec<Input> {
        let mut inputs = vec![];
        if let Some(run) = &mut self.run {
            let mut sealed = run.sealed.lock().unwrap_or_else(PoisonError::into_inner);
            for block in sealed.drain(..) {
                let fragment_bytes = block.entry.fragment_bytes;
                inputs.push(Input::Sealed { job, block: block.entry.id, fragment_bytes });
                run.blocks.insert(block.entry.id, block);
            }
        }
        inputs.push(Input::StageSealed { job, stage, head });
        inputs
    }

    fn record(&mut self, block: BlockId) -> Input {
        let run = self.run.as_mut();
        let ok = run.is_some_and(|run| {
            let fragments = run.receipts.remove(&block).unwrap_or_default();
            run.session.placed(&[Placed { block, fragments }]).is_ok()
        });
        Input::Recorded { block, ok }
    }

    fn assemble(&mut self, fetched: Fetched) -> bool {
        let Some(manifest) = fetched.manifest else { return false };
        let verified: Vec<_> = fetched
            .fragments
            .iter()
            .filter_map(|(index, bytes)| manifest.verify(usize::from(*index), bytes).ok())
            .collect();
        let wanted: Vec<usize> = (0..manifest.shape().data()).collect();
        let length = manifest.class().bytes();
        let mut data = vec![0; length * wanted.len()];
        let mut out: Vec<&mut [u8]> = data.chunks_mut(length).collect();
        let coder = BlockCoder::new(manifest.shape());
        let is_rebuilt = coder.rebuild(&manifest, &verified, &wanted, &mut out).is_ok();
        self.source.blocks.insert(fetched.block, data);
        is_rebuilt
    }

    fn assembled(
        &mut self,
        fetch: u64,
        files: &BTreeMap<u64, BTreeMap<Vec<u8>, Vec<u8>>>,
    ) -> Vec<Input> {
        let Some(fetched) = self.fetches.remove(&fetch) else { return vec![] };
        if !matches!(fetched.purpose, Purpose::Read) {
            let mended = self.mend_fetched(fetched);
            return std::iter::once(Input::Assembled { fetch, ok: true }).chain(mended).collect();
        }
        let ok = self.assemble(fetched);
        let mut inputs = vec![Input::Assembled { fetch, ok }];
        inputs.extend(self.read(files));
        inputs
    }

    /// Goes on reading until a block is missing or all is read.
    fn read(&mut self, files: &BTreeMap<u64, BTreeMap<Vec<u8>, Vec<u8>>>) -> Vec<Input> {
        self.source.missing = None;
        let outcome = match &self.reading {
            None => return vec![],
            Some(Reading::Restore { job, request }) => {
                let (job, expected) = (*job, files.get(request));
                let restored = self.restore_newest();
                restored.map(|restored| {
                    assert_eq!(Some(&restored), expected, "a restore gave other bytes");
                    Input::WorkDone { job }
                })
            }
            Some(Reading::Rebuild { root }) => {
                let head = HeadRef::open(&root.head, &self.keyring).expect("an own head");
                let (drive, keyring) = (self.drive, &self.keyring);
                drive::recover::recover(drive, keyring, &head, &mut self.source, &mut |_| {})
                    .map(|_| Input::Rebuilt { ok: true })
            }
        };
        match (outcome, self.source.missing.take()) {
            (Ok(input), _) => {
                self.reading = None;
                self.source = Source::default();
                vec![input]
            }
            (Err(_), Some(block)) => {
                self.next_fetch += 1;
                let fetch = self.next_fetch;
                let fragments = BTreeMap::new();
                let fetched =
                    Fetched { block: block.id, manifest: None, fragments, purpose: Purpose::Read };
                self.fetches.insert(fetch, fetched);
                vec![wanted_for(fetch, &block, Need::Data((0..block.k).collect()))]
            }
            (Err(error), None) => panic!("reading failed although all blocks are here: {error}"),
        }
    }

    fn restore_newest(&mut self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, RestoreError> {
        let versions = Catalog::new(self.drive).versions(0, 1_000)?;
        let version = versions.last().expect("a restore comes after a backup");
        let mut reader = Reader::new(self.drive, &self.keyring, &mut self.source);
        let mut walk = Walk::new(version, Filter::all());
        let mut restored = BTreeMap::new();
        while let Some(step) = walk.next(&mut reader)? {
            let Step::Entry { path, node, .. } = step else { continue };
            let Kind::File { content } = node.kind else { continue };
            let mut bytes = vec![];
            reader.read(&content, &mut |run| {
                match run {
                    Run::Bytes(part) => bytes.extend_from_slice(part),
                    Run::Hole(length) => bytes.resize(bytes.len() + length as usize, 0),
                }
                Ok(())
            })?;
            restored.insert(path, bytes);
        }
        Ok(restored)
    }

    fn withheld(&mut self, fetch: u64, failure: Failure) -> Option<Input> {
        let fetched = self.fetches.remove(&fetch)?;
        if let Some(input) = Self::mend_withheld(&fetched) {
            return Some(input);
        }
        self.source = Source::default();
        match self.reading.take()? {
            Reading::Restore { job, .. } => Some(Input::WorkFailed { job, failure }),
            Reading::Rebuild { .. } => Some(Input::Rebuilt { ok: false }),
        }
    }
}

impl World {
    pub(crate) fn carry_out_work(&mut self, me: usize, output: Output) {
        let random = SymmetricKey(self.chance.bytes());
        let started = self.now.date;
        let Some(life) = self.beings[me].life.as_mut() else { return };
        let works = &mut life.works;
        let inputs = match output {
            Output::StartBackup { job, wish, arrangement } => {
                let files = self.files.get(&wish.request).expect("a known request");
                let settings = settings(&arrangement, started, random);
                works.seal(job, files, &settings)
            }
            Output::NextStage { job, stage } => {
                let Some(run) = works.run.as_mut().filter(|run| run.job == job) else { return };
                let head = match stage {
                    Stage::Content => None,
                    Stage::Index => run.session.seal_index().map(|()| None).expect("all is placed"),
                    Stage::Head => Some(run.session.seal_head(random.0).expect("all is placed")),
                };
                works.sealed(job, stage, head)
            }
            Output::Record { block, .. } => vec![works.record(block)],
            Output::Release { block } => {
                works.release_mended(block);
                if let Some(run) = &mut works.run {
                    run.blocks.remove(&block);
                }
                vec![]
            }
            Output::Conclude { job } => {
                let run = works.run.take().expect("a run that is published");
                run.session.commit_version().expect("the catalog can be written");
                vec![Input::WorkDone { job }]
            }
            Output::StopWork { .. } => {
                works.run = None;
                works.reading = None;
                vec![]
            }
            Output::StartRestore { job, wish } => {
                works.reading = Some(Reading::Restore { job, request: wish.request });
                works.read(&self.files)
            }
            Output::Assemble { fetch, .. } => works.assembled(fetch, &self.files),
            Output::Withhold { fetch, failure } => {
                works.withheld(fetch, failure).into_iter().collect()
            }
            Output::Rebuild { root } => {
                let keys = &self.beings[me].keys;
                let opened = Keyring::open(&root.keyring, root.space, &keys.storage_root);
                self.beings[me].keyring = root.keyring.clone();
                let Some(life) = self.beings[me].life.as_mut() else { return };
                life.works.keyring = opened.expect("an own keyring");
                life.works.reading = Some(Reading::Rebuild { root });
                life.works.read(&self.files)
            }
            other => works.mending(other).into_iter().collect(),
        };
        for input in inputs {
            self.soon(me, input);
        }
    }
}

const ROOT: &[u8] = b"/files";

fn settings(arrangement: &Arrangement, started: base::Date, random: SymmetricKey) -> Settings {
    let spread: Spread = arrangement.spread().expect("arrangements in force fit their policy");
    let shape = Shape::new(spread.data.into(), spread.parity.into()).expect("policies are codes");
    Settings { shape, arrangement: arrangement.number, started, suite: Suite::Aes256Gcm, random }
}

fn wanted_for(fetch: u64, block: &drive::format::BlockEntry, need: Need) -> Input {
    let fragments = u16::from(block.k) + u16::from(block.m);
    let double = block.k == block.m;
    let suppliers = if double { u16::from(block.k) } else { fragments };
    Input::Wanted {
        fetch,
        block: block.id,
        arrangement: block.arrangement,
        spread: Spread {
            data: block.k,
            parity: block.m,
            suppliers: u8::try_from(suppliers).unwrap_or(u8::MAX),
        },
        need,
    }
}
