//! The exit codes. They never change their meaning; `docs/operations/exit-codes.md` is made of them.

use api::catalogue::Kind;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// It did what it was asked to do.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// A wrong flag, argument or combination.
    Usage = 2,
    /// It finished, but not everything could be read, written or verified.
    Problems = 3,
    /// No daemon answers for this home.
    NotRunning = 4,
    /// A wrong password or wrong words.
    Secret = 5,
    /// Too few suppliers.
    TooFewSuppliers = 6,
    /// A disk of this computer is full or fails.
    NoSpace = 7,
    /// Broken off by Ctrl-C or SIGTERM; a job goes on in the daemon.
    Interrupted = 130,
}

impl ExitCode {
    /// All of them with what they mean, for the page.
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::Done, "It did what it was asked to do."),
        (Self::Failed, "It failed; the error says why."),
        (Self::Usage, "A wrong flag, argument or combination."),
        (
            Self::Problems,
            "It finished, but some files or blocks could not be read, written or verified; they are \
             named.",
        ),
        (Self::NotRunning, "No daemon answers for this home, or it is stopping."),
        (Self::Secret, "A wrong password, wrong words, or a password that is missing."),
        (Self::TooFewSuppliers, "Fewer suppliers than the work needs."),
        (Self::NoSpace, "A disk of this computer is full or fails."),
        (Self::Interrupted, "Broken off by Ctrl-C or SIGTERM; a job goes on in the daemon."),
    ];
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::NotRunning => Self::NotRunning,
            Kind::Secret => Self::Secret,
            Kind::TooFewSuppliers => Self::TooFewSuppliers,
            Kind::NoSpace => Self::NoSpace,
            Kind::Interrupted => Self::Interrupted,
            Kind::Missing
            | Kind::State
            | Kind::Denied
            | Kind::TooLarge
            | Kind::TooBusy
            | Kind::Failed => Self::Failed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(exit: ExitCode) -> Self {
        Self::from(exit as u8)
    }
}
