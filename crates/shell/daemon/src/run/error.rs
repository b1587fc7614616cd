//! Why a daemon does not start, in the words that the user is shown.

use std::path::PathBuf;

use crate::requests::sentence;
use crate::settings::SettingsError;
use crate::view::ErrorView;
use crate::work::OpenDriveError;

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The own drive cannot be opened.
    #[error("the own drive cannot be opened")]
    Drive(#[from] OpenDriveError),
    /// A setting is impossible.
    #[error("a setting cannot be used")]
    Settings(#[from] SettingsError),
    /// The network cannot be started.
    #[error("the network cannot be started")]
    Network(#[from] transport::StartError),
    /// The store of others' fragments cannot be opened.
    #[error("the fragments of others in {} cannot be opened: {what}", path.display())]
    Supplier {
        /// Its directory.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The system gives no threads.
    #[error("the workers cannot be started")]
    Threads(#[from] std::io::Error),
    /// A part of the program broke while it started.
    #[error("a part of the program broke while it started")]
    Broken,
}

impl StartError {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Drive(_) => "home-unusable",
            Self::Settings(_) => "bad-settings",
            Self::Network(_) | Self::Threads(_) | Self::Broken => "daemon-failed",
            Self::Supplier { .. } => "supplier-store-damaged",
        }
    }

    /// As it is shown.
    pub fn view(&self) -> ErrorView {
        let (meaning, advice) = match self {
            Self::Drive(_) => (
                "Nothing is lost: what was safe stays safe at the suppliers.",
                "Check the disk, the path of the home, its owner and its mode; then start again.",
            ),
            Self::Settings(_) => (
                "Nothing was changed; what was safe stays safe.",
                "Put the setting right in config.toml or with `bitdust config set`.",
            ),
            Self::Network(_) => (
                "Nothing is lost: what was safe stays safe.",
                "See whether another program uses the address, or set network.listen to another.",
            ),
            Self::Supplier { .. } => (
                "Your own data is not touched. What was kept for others may be damaged; they hold \
                 other fragments of the same data.",
                "Check the disk. If it cannot be saved, move the directory away or set \
                 supplier.path to another, and start again.",
            ),
            Self::Threads(_) | Self::Broken => (
                "Nothing is lost: what was safe stays safe.",
                "Start again, and report it with the log if it stays.",
            ),
        };
        ErrorView {
            code: self.code().into(),
            happened: sentence(self),
            meaning: meaning.into(),
            advice: advice.into(),
        }
    }
}
