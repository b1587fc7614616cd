//! What the user is told when it did not work, and the page that lists all of it.

use std::error::Error;
use std::fmt;

use api::catalogue;
use api::client::ClientError;
use daemon::view::{ErrorView, JobView};

use crate::exit::ExitCode;

#[cfg(test)]
mod tests;

/// Why a command did not do what it was asked to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user is told what happened, what it means for the data and what to do.
    Told(ErrorView),
    /// The reader of the output went away: nobody is left to be told.
    Unread,
}

/// What came of a part of a command.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// The catalogue's words for `code`, with what happened this time.
    pub(crate) fn of(code: &'static str, happened: impl Into<String>) -> Self {
        Self::Told(catalogue::view(code, happened.into()))
    }

    /// The same with the chain of causes.
    pub(crate) fn caused(code: &'static str, doing: &str, cause: &dyn Error) -> Self {
        Self::of(code, format!("{doing}: {}.", chain(cause)))
    }

    /// What a job that is over says of itself, if it did not reach its end.
    pub(crate) fn of_job(job: &JobView) -> Option<Self> {
        match (job.state.as_str(), &job.error) {
            ("cancelled", _) => {
                Some(Self::of("job-cancelled", format!("The {} was cancelled.", job.kind)))
            }
            (_, Some(error)) => Some(Self::Told(error.clone())),
            ("failed", None) => Some(Self::of("job-failed", format!("The {} failed.", job.kind))),
            _ => None,
        }
    }

    /// How the command ends.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Told(error) => catalogue::kind_of(&error.code).into(),
            Self::Unread => ExitCode::Done,
        }
    }
}

/// The error and its causes, from the outermost.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl fmt::Display for Failure {
    /// Three lines: what happened, what it means for the data, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(ErrorView { code, happened, meaning, advice }) => {
                write!(f, "{happened} [{code}]\n{meaning}\n{advice}")
            }
            Self::Unread => f.write_str("the output was not read"),
        }
    }
}

impl Error for Failure {}

impl From<ErrorView> for Failure {
    fn from(error: ErrorView) -> Self {
        Self::Told(error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Told(error.view())
    }
}
