//! One run of a backup through its three stages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codec::{Shape, Suite};
use drive::Stop;
use drive::backup::{SealedBlock, Session, Settings, Sink};
use node::input::{Failure, Input};
use storage::backup::Stage;
use storage::terms::{Arrangement, Place};

use super::desk::Desk;
use super::mailbox::Mailbox;
use super::walk::Walker;
use super::{count, roots};
use crate::view::BackupRequest;
use crate::work::JobRequest;
use crate::work::clock::{date, random};
use crate::work::halt::Halt;
use crate::work::jobs::Job;
use crate::work::shared::Shared;

/// Does all of it; blocks of the run may still be in memory afterwards.
pub(super) fn run(
    shared: &Arc<Shared>,
    job: &Job,
    mailbox: &Mailbox,
    arrangement: &Arrangement,
) -> Result<(), Halt> {
    job.begin();
    let JobRequest::Backup(request) = &*job.request else {
        return Err(outside("the job is no backup"));
    };
    let shape = shape_of(arrangement).ok_or_else(|| outside("the arrangement has no code"))?;
    let keyring = shared.keyring().ok_or(Halt::Failed(Failure::DriveNotReady))?;
    let own_disk = |error: store::DatabaseError| Failure::OwnDisk { what: error.to_string() };
    let kept = shared.keep_arrangements(std::slice::from_ref(arrangement));
    kept.map_err(|error| Halt::Failed(own_disk(error)))?;
    let settings = Settings {
        shape,
        arrangement: arrangement.number,
        started: date(),
        suite: Suite::for_this_machine(),
        random: base::SymmetricKey(random()),
    };
    let block_bytes = shape.full_class().bytes() * shape.total();
    let mut desk = Desk::new(shared, job, mailbox, block_bytes);
    let sink = sink(shared, job, mailbox, arrangement.places.clone().into());
    let mut session = Session::new(&shared.drive, &keyring, &settings, sink)?;
    let done = stages(shared, job, request, (&mut session, &mut desk));
    // What was placed is kept, however the run ends.
    let written = desk.write_down(&mut session);
    done.and(written)?;
    let committed = session.commit_version()?;
    job.update(|view| view.version = Some(committed.version.number));
    if let Err(error) = shared.home.settle(false) {
        // Harmless: the mark only says that there may be no version yet.
        tracing::warn!(%error, "the mark of a new drive could not be removed");
    }
    Ok(())
}

/// Up to the moment when the version is published.
fn stages(
    shared: &Shared,
    job: &Job,
    request: &BackupRequest,
    (session, desk): (&mut Session<'_>, &mut Desk<'_>),
) -> Result<(), Halt> {
    let paths = roots::roots_of(request).map_err(|error| outside(&error.happened))?;
    let is_over = AtomicBool::new(false);
    job.phase("reading files");
    let options = super::walk::options_of(shared, request);
    std::thread::scope(|scope| {
        let counting = || count::count(job, &paths, &options, &is_over);
        // Without the thread there are no totals and no estimates.
        let _ =
            std::thread::Builder::new().name("backup-count".into()).spawn_scoped(scope, counting);
        let walked = Walker::new(job, request, &options, (&mut *session, &mut *desk)).walk(&paths);
        is_over.store(true, Ordering::Relaxed);
        walked
    })?;
    let names = paths.iter().map(|path| path.as_os_str().as_encoded_bytes().to_vec()).collect();
    let number = session.seal_content(names, date(), true)?.number;
    let moved = session.totals().sealed_bytes;
    job.update(|view| {
        view.version = Some(number);
        view.bytes_moved = moved;
        (view.files_total, view.bytes_total) = (view.files_done, view.bytes_done);
    });
    job.phase("placing the last blocks");
    let sealed = |stage, head| Input::StageSealed { job: job.id, stage, head };
    shared.tell(sealed(Stage::Content, None));
    desk.until_stage(Stage::Index, session)?;
    job.phase("placing the index");
    session.seal_index()?;
    shared.tell(sealed(Stage::Index, None));
    desk.until_stage(Stage::Head, session)?;
    job.phase("placing the list of versions");
    let head = session.seal_head(random())?;
    shared.tell(sealed(Stage::Head, Some(head)));
    desk.until_published(session)
}

/// Takes the blocks of the session into memory and tells the node of each.
fn sink<'a>(
    shared: &'a Arc<Shared>,
    job: &'a Job,
    mailbox: &'a Mailbox,
    places: Arc<[Place]>,
) -> Sink<'a> {
    Box::new(move |sealed: SealedBlock| {
        if mailbox.is_stopped() {
            return Err(Stop);
        }
        let entry = shared.sealed.add(sealed, &places, &shared.device);
        let (block, fragment_bytes) = (entry.id, entry.fragment_bytes);
        shared.tell(Input::Sealed { job: job.id, block, fragment_bytes });
        Ok(())
    })
}

fn shape_of(arrangement: &Arrangement) -> Option<Shape> {
    let spread = arrangement.spread()?;
    Shape::new(spread.data.into(), spread.parity.into()).ok()
}

fn outside(what: &str) -> Halt {
    Halt::Failed(Failure::Outside { what: what.into() })
}
