//! Why a request to the daemon brought nothing.

use std::io;
use std::path::PathBuf;

use daemon::view::ErrorView;

use crate::catalogue;

/// Why a request to the daemon brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens at the socket.
    #[error("no daemon answers at {}", .0.display())]
    NotRunning(PathBuf),
    /// The socket could not be reached.
    #[error("cannot reach the daemon at {}", socket.display())]
    Unreachable {
        /// Where it should be.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to the daemon broke")]
    Broken(#[source] hyper::Error),
    /// The answer ended before its end.
    #[error("the answer of the daemon ended too early")]
    CutShort,
    /// The answer is larger than any that the daemon should give.
    #[error("the answer of the daemon is too large")]
    TooLarge,
    /// The answer is not what this program understands; daemon and command may differ in version.
    #[error("the answer of the daemon cannot be understood")]
    Garbled(#[source] serde_json::Error),
    /// The daemon says no, and why.
    #[error("{} [{}]", .0.happened, .0.code)]
    Refused(ErrorView),
}

impl ClientError {
    /// The error as the user is shown it.
    pub fn view(&self) -> ErrorView {
        let code = match self {
            Self::Refused(error) => return error.clone(),
            Self::NotRunning(_) => "daemon-not-running",
            Self::Unreachable { .. } => "daemon-unreachable",
            Self::Broken(_) | Self::CutShort => "daemon-broke-off",
            Self::TooLarge | Self::Garbled(_) => "daemon-not-understood",
        };
        catalogue::view(code, sentence(self))
    }
}

/// The error and its causes as one sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
