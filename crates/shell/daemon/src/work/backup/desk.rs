//! Between two steps of reading: writes down what was placed, and holds the reading back while too
//! much is on its way.
//!
//! The session seals only within its own calls, and only between them can it write down. So the
//! memory for sealed blocks is looked at here: a step may exceed it by what one call seals, at most
//! 8 MiB of a file and a block; only the index of a run is sealed at once, about 60 bytes for each
//! chunk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base::{BlockId, ContractId};
use drive::backup::Session;
use drive::catalog::Placed;
use node::input::{Failure, Input};
use storage::backup::Stage;
use store::Receipt;

use super::mailbox::Mailbox;
use crate::work::halt::Halt;
use crate::work::jobs::Job;
use crate::work::shared::Shared;

/// Placed blocks wait at most so long for others, to be written with one commit.
const GATHER: Duration = Duration::from_millis(50);
/// So many are written at once at the latest.
const GATHERED_MAX: usize = 32;

/// The desk of one run.
pub(super) struct Desk<'a> {
    shared: &'a Shared,
    job: &'a Job,
    mailbox: &'a Mailbox,
    /// Bytes that the session itself holds of blocks, with their parity.
    session_bytes: usize,
    placed: Vec<BlockId>,
    since: Option<Instant>,
    next: Option<Stage>,
    must_conclude: bool,
}

impl<'a> Desk<'a> {
    /// The desk of a run whose full blocks have so many bytes, parity included.
    pub(super) fn new(
        shared: &'a Shared,
        job: &'a Job,
        mailbox: &'a Mailbox,
        block_bytes: usize,
    ) -> Self {
        // One that is being filled, and two that wait to be filled.
        let session_bytes = 3 * block_bytes;
        Self {
            shared,
            job,
            mailbox,
            session_bytes,
            placed: Vec::new(),
            since: None,
            next: None,
            must_conclude: false,
        }
    }

    /// Does what is due, and blocks while there is no room for another block.
    pub(super) fn turn(&mut self, session: &mut Session<'_>) -> Result<(), Halt> {
        loop {
            self.take_mail(session)?;
            let is_full = self.shared.sealed.is_full(self.session_bytes);
            let is_due = self.since.is_some_and(|since| since.elapsed() >= GATHER);
            if !self.placed.is_empty() && (is_full || is_due || self.placed.len() >= GATHERED_MAX) {
                self.write_down(session)?;
            }
            if !self.shared.sealed.is_full(self.session_bytes) {
                return Ok(());
            }
            self.job.flush();
            self.mailbox.wait();
        }
    }

    /// Blocks until this stage may begin: when the node says so, and all before it is written down.
    pub(super) fn until_stage(
        &mut self,
        stage: Stage,
        session: &mut Session<'_>,
    ) -> Result<(), Halt> {
        self.until(session, |desk, session| desk.next == Some(stage) && session.unplaced() == 0)
    }

    /// Blocks until the version is published.
    pub(super) fn until_published(&mut self, session: &mut Session<'_>) -> Result<(), Halt> {
        self.until(session, |desk, _| desk.must_conclude)
    }

    fn until(
        &mut self,
        session: &mut Session<'_>,
        is_so: impl Fn(&Self, &Session<'_>) -> bool,
    ) -> Result<(), Halt> {
        self.job.flush();
        loop {
            self.take_mail(session)?;
            self.write_down(session)?;
            if is_so(self, session) {
                return Ok(());
            }
            self.mailbox.wait();
        }
    }

    fn take_mail(&mut self, session: &mut Session<'_>) -> Result<(), Halt> {
        let mail = self.mailbox.take();
        mail.spare.into_iter().for_each(|stripe| session.give_back(stripe));
        if !mail.placed.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.placed.extend(mail.placed);
        }
        self.next = mail.next.or(self.next);
        self.must_conclude |= mail.must_conclude;
        if mail.is_stopped { Err(Halt::Stopped) } else { Ok(()) }
    }

    /// Writes down, durably, what was placed.
    pub(super) fn write_down(&mut self, session: &mut Session<'_>) -> Result<(), Halt> {
        self.since = None;
        let blocks = std::mem::take(&mut self.placed);
        if blocks.is_empty() {
            return Ok(());
        }
        let mut placed = Vec::with_capacity(blocks.len());
        let mut receipts = BTreeMap::new();
        for block in &blocks {
            if let Some((row, whole)) = self.shared.sealed.placed(*block) {
                placed.push(row);
                receipts.extend(whole.into_iter().map(|receipt| (key(&receipt), receipt)));
            }
        }
        // One receipt may name fragments of several blocks.
        let receipts: Vec<Receipt> = receipts.into_values().collect();
        let written = write(self.shared, session, &placed, &receipts);
        for block in blocks {
            let is_known = placed.iter().any(|row| row.block == block);
            self.shared.tell(Input::Recorded { block, ok: written.is_ok() && is_known });
        }
        written
    }
}

fn write(
    shared: &Shared,
    session: &mut Session<'_>,
    placed: &[Placed],
    receipts: &[Receipt],
) -> Result<(), Halt> {
    if !receipts.is_empty() {
        let own_disk = |error: store::DatabaseError| {
            Halt::Failed(Failure::OwnDisk { what: error.to_string() })
        };
        shared.drive.record_receipts(receipts).map_err(own_disk)?;
    }
    Ok(session.placed(placed)?)
}

fn key(receipt: &Receipt) -> (ContractId, u64) {
    (receipt.body.contract, receipt.body.sequence)
}
