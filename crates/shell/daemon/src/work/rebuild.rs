//! Makes the catalog anew from what the suppliers keep.

use std::sync::Arc;

use drive::format::HeadRef;
use drive::recover::recover;
use node::input::Input;
use spaces::Keyring;
use storage::terms::RootDocument;

use super::fetches::Source;
use super::gate::Gate;
use super::shared::Shared;

/// Why the drive could not be brought back; it is tried again.
#[derive(Debug, thiserror::Error)]
enum RebuildError {
    #[error("the keyring of the root document")]
    Keyring(#[from] spaces::OpenError),
    #[error("the keyring cannot be kept")]
    Keep(#[from] disk::document::SaveError),
    #[error("the reference to the catalog's head")]
    Head(#[from] drive::HeadError),
    #[error("the database of the drive")]
    Database(#[from] store::DatabaseError),
    #[error("the catalog at the suppliers")]
    Catalog(#[from] drive::restore::RestoreError),
    #[error("the marks in the home")]
    Settle(#[from] super::opening::SettleError),
}

/// Begins; answered by `Rebuilt`.
pub(super) fn start(shared: &Arc<Shared>, root: RootDocument) {
    let own = shared.clone();
    let started = shared.spawn("rebuild", move || {
        let result = run(&own, &root);
        if let Err(error) = &result {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, "the drive could not be brought back");
        }
        own.tell(Input::Rebuilt { ok: result.is_ok() });
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread can be started");
        shared.tell_later(Input::Rebuilt { ok: false });
    }
}

fn run(shared: &Arc<Shared>, root: &RootDocument) -> Result<(), RebuildError> {
    let keyring = Keyring::open(&root.keyring, shared.space, &shared.storage_root)?;
    shared.home.keep_keyring(&root.keyring)?;
    shared.keep_arrangements(&root.arrangements)?;
    // Masks are needed for the first fragment already.
    shared.set_keyring(keyring.clone());
    let is_empty = root.head.is_empty();
    if !is_empty {
        let head = HeadRef::open(&root.head, &keyring)?;
        let closing = shared.clone();
        let gate = Gate::abandoned_when(move || closing.is_closing());
        let mut source = Source::new(shared.clone(), Arc::new(gate));
        recover(&shared.drive, &keyring, &head, &mut source, &mut |recovered| {
            let (segments, of) = (recovered.segments, recovered.of);
            tracing::info!(segments, of, "the catalog is being brought back");
        })?;
    }
    Ok(shared.home.settle(is_empty)?)
}
