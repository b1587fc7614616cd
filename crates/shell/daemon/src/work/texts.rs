//! What the user is told when a job cannot be done or a version cannot be read. The codes stand in
//! the catalogue of the API.

use node::input::Failure;

use crate::view::ErrorView;

const NOTHING: &str = "Nothing was changed.";
const SAFE_STAYS: &str = "Nothing is lost: what was safe stays safe.";

/// A request that cannot be: `bad-request`.
pub(crate) fn bad_request(happened: impl Into<String>) -> ErrorView {
    view("bad-request", happened, NOTHING, "Correct it and ask again.")
}

/// A path that is not on this computer or not in the version: `no-such-path`.
pub(crate) fn no_such_path(happened: impl Into<String>) -> ErrorView {
    view("no-such-path", happened, NOTHING, "See `bitdust version show N --recursive`.")
}

/// Too much at once: `busy`.
pub(crate) fn busy(happened: impl Into<String>) -> ErrorView {
    view("busy", happened, NOTHING, "Try again in a moment.")
}

/// Anything else: `job-failed`.
pub(crate) fn failed(happened: impl Into<String>) -> ErrorView {
    view("job-failed", happened, SAFE_STAYS, "Look at the cause that is named, then try again.")
}

fn view(
    code: &'static str,
    happened: impl Into<String>,
    meaning: &'static str,
    advice: &'static str,
) -> ErrorView {
    let (code, meaning, advice) = (code.into(), meaning.into(), advice.into());
    ErrorView { code, happened: happened.into(), meaning, advice }
}

/// A failure of a job.
pub(crate) fn failure_view(failure: &Failure) -> ErrorView {
    match failure {
        // What jobs do not find is a path or a version.
        Failure::Unknown { what } => no_such_path(format!("This does not exist: {what}.")),
        failure => crate::requests::failure_view(failure),
    }
}
