//! Why something came to nothing, in the words that the user is shown: what happened, what it means
//! for the data, what to do now. Codes never change their meaning.

use std::error::Error;

use base::{Date, DeviceId};
use node::input::Failure;
use storage::wire::Refusal;

use super::error;
use crate::view::ErrorView;

/// The codes of all failures of the node.
pub const FAILURE_CODES: [&str; 12] = [
    "too-few-suppliers",
    "held-up",
    "own-disk",
    "drive-not-ready",
    "busy",
    "service-off",
    "no-such-version",
    "unknown",
    "job-cancelled",
    "damaged",
    "outside",
    "setting",
];

/// Letters of a device's name that are shown in a sentence.
const DEVICE_LETTERS: usize = 18;
/// Suppliers that are named in a sentence; the rest is counted.
const NAMED_MAX: usize = 64;

/// A failure of the node as it is shown.
pub fn failure_view(failure: &Failure) -> ErrorView {
    match failure {
        Failure::TooFewSuppliers { have, need, missing } => error(
            "too-few-suppliers",
            too_few(*have, *need, missing),
            "Nothing is lost by waiting: each supplier keeps its fragments. What needs the missing \
             ones is to be had again when enough of them are back.",
            "Wait for them, or look at `bitdust supplier list`. For a first backup let more nodes \
             join, or ask for fewer suppliers with `bitdust config set storage.suppliers N`.",
        ),
        Failure::HeldUp { device, reason: Some(Refusal::Quota) } => error(
            "held-up",
            format!("The quota of the contract with the supplier {} is used up.", short(*device)),
            "What is safe already stays safe; the rest of this backup is not stored.",
            "Set how much you need in all with `bitdust config set storage.needed SIZE` and start \
             the daemon again; then replace the suppliers with small contracts, one after the \
             other: `bitdust supplier end DEVICE` (what each keeps is made anew at another one, \
             `bitdust durability` tells when). Start the backup again: nothing that is safe is \
             sent twice.",
        ),
        Failure::HeldUp { device, reason } => error(
            "held-up",
            match reason {
                Some(reason) => format!("The supplier {}: {reason}.", short(*device)),
                None => format!("The supplier {} takes nothing.", short(*device)),
            },
            "What is safe already stays safe; the rest of this backup is not stored.",
            "Look at `bitdust supplier list`. Start the backup again: nothing that is safe is sent \
             twice.",
        ),
        Failure::OwnDisk { what } => error(
            "own-disk",
            format!("The disk of this computer failed or is full: {what}."),
            "What was reported as safe stays safe at the suppliers.",
            "Make room or check the disk, then start it again.",
        ),
        Failure::DriveNotReady => error(
            "drive-not-ready",
            "The drive is not in hand yet: it is still looked for in the network.".into(),
            "Nothing was changed. Nothing is published before it is known what is there already.",
            "Wait until `bitdust status` says that the drive is ready. Suppliers must be reachable; \
             give the address of a running node with `bitdust peer connect ADDRESS`.",
        ),
        Failure::Busy => error(
            "busy",
            "Another backup runs.".into(),
            "It goes on; nothing was changed by this request.",
            "Follow it with `bitdust job list`, and start this one afterwards.",
        ),
        other => other_view(other),
    }
}

fn other_view(failure: &Failure) -> ErrorView {
    let nothing = "Nothing was changed.";
    match failure {
        Failure::ServiceOff { service } => error(
            "service-off",
            format!("The service `{service}`, which is needed, does not run."),
            nothing,
            "Start it with `bitdust service start`; `bitdust service list` shows all.",
        ),
        Failure::NoVersion { number } => error(
            "no-such-version",
            match number {
                Some(number) => format!("There is no version {number}."),
                None => "There is no version yet: nothing has been backed up.".into(),
            },
            nothing,
            "See `bitdust version list`. Make one with `bitdust backup start PATH`. After \
             `bitdust init --recover` wait until `bitdust status` says that the drive is ready.",
        ),
        Failure::Unknown { what } => error(
            "unknown",
            format!("There is nothing here that is named like this: {what}."),
            nothing,
            "See `bitdust supplier list`, `bitdust customer list`, `bitdust service list` or \
             `bitdust job list`.",
        ),
        Failure::Cancelled => error(
            "job-cancelled",
            "It was ended by the user.".into(),
            "What is safe already stays safe; a file that was being restored is not left half done.",
            "Start it again when you want; nothing that is safe is sent twice.",
        ),
        Failure::Damaged { what } => error(
            "damaged",
            format!("Data at the suppliers contradicts what was signed: {what}."),
            "No wrong byte was written. Other fragments of the same data may still bring it back.",
            "Run `bitdust check --percent 100` and look at `bitdust supplier list`.",
        ),
        Failure::Setting { what } => error(
            "setting",
            format!("A setting does not allow it: {what}."),
            nothing,
            "Change it with `bitdust config set`; `bitdust config show` prints what is in force.",
        ),
        Failure::Outside { what } => error(
            "outside",
            format!("{}.", capitalised(what.trim_end_matches('.'))),
            "What was safe stays safe; nothing was written outside its place.",
            "Look at the cause that is named, then start it again.",
        ),
        // Shown by `failure_view`.
        Failure::TooFewSuppliers { .. }
        | Failure::HeldUp { .. }
        | Failure::OwnDisk { .. }
        | Failure::DriveNotReady
        | Failure::Busy => failure_view(failure),
    }
}

fn too_few(have: u8, need: u8, missing: &[(DeviceId, Option<u64>)]) -> String {
    let mut text = format!("{have} suppliers are there, {need} are needed.");
    if missing.is_empty() {
        return text;
    }
    let named = missing.iter().take(NAMED_MAX).map(|(device, seen)| match seen {
        Some(seen) => format!("{} (since {})", short(*device), Date(*seen)),
        None => format!("{} (never seen)", short(*device)),
    });
    text += &format!(" Missing: {}", named.collect::<Vec<_>>().join(", "));
    if missing.len() > NAMED_MAX {
        text += &format!(" and {} more", missing.len() - NAMED_MAX);
    }
    text + "."
}

/// The beginning of a device's name, which tells it apart from all others of a list.
fn short(device: DeviceId) -> String {
    let mut text = device.to_string();
    text.truncate(DEVICE_LETTERS);
    text + "…"
}

/// The daemon ends and takes nothing more.
pub(super) fn stopping() -> ErrorView {
    error(
        "daemon-stopping",
        "The daemon is stopping and took no more requests.".into(),
        "Nothing was changed by this request; what was safe stays safe.",
        "Start it again with `bitdust run`.",
    )
}

/// An error with all its causes as one sentence.
pub(crate) fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = capitalised(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some libraries say their cause themselves.
        if !text.ends_with(&next) {
            text += &format!(": {next}");
        }
        cause = error.source();
    }
    text + "."
}

/// Whether a text begins like `storage.suppliers: …`.
fn is_setting(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    name.contains('.') && name.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        // What begins with the name of a setting stays as it is.
        Some(_) if is_setting(text) => text.into(),
        // So does what begins with a path.
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
