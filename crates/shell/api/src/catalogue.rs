//! All codes of errors that a user can meet: what each is, for HTTP, for the exit code, for the page.

use daemon::view::ErrorView;

mod table;

pub use table::CODES;

/// What sort of failure a code names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for makes no sense: a wrong flag, field or value.
    Usage,
    /// What was named does not exist.
    Missing,
    /// It cannot be done in this state; later or otherwise perhaps.
    State,
    /// It is not allowed.
    Denied,
    /// The request is larger than the limit.
    TooLarge,
    /// The request came too slowly or too often.
    TooBusy,
    /// A password or the words are wrong.
    Secret,
    /// No daemon answers, or it is stopping.
    NotRunning,
    /// Fewer suppliers than the work needs.
    TooFewSuppliers,
    /// A disk or a quota is full.
    NoSpace,
    /// The user broke it off.
    Interrupted,
    /// It was tried and failed.
    Failed,
}

impl Kind {
    /// The HTTP status of an answer with such an error.
    pub fn status(self) -> u16 {
        match self {
            Self::Usage => 400,
            Self::Denied | Self::Secret => 403,
            Self::Missing => 404,
            Self::State | Self::Interrupted => 409,
            Self::TooLarge => 413,
            Self::Failed => 500,
            Self::TooBusy | Self::NotRunning | Self::TooFewSuppliers => 503,
            Self::NoSpace => 507,
        }
    }
}

/// One code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code itself: `too-few-suppliers`. It never changes its meaning.
    pub code: &'static str,
    /// What sort of failure it is.
    pub kind: Kind,
    /// When it comes.
    pub when: &'static str,
    /// What it means for the data.
    pub meaning: &'static str,
    /// What to do.
    pub advice: &'static str,
}

/// The entry of a code, if it is known.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

/// The sort of failure that `code` names; one that is not known counts as [`Kind::Failed`].
pub fn kind_of(code: &str) -> Kind {
    find(code).map_or(Kind::Failed, |known| known.kind)
}

/// An error in the catalogue's words, with what happened this time.
///
/// # Panics
/// If `code` is not in the catalogue; our own codes are.
pub fn view(code: &'static str, happened: String) -> ErrorView {
    let known = find(code).expect("the code is in the catalogue");
    let (meaning, advice) = (known.meaning.into(), known.advice.into());
    ErrorView { code: code.into(), happened, meaning, advice }
}

#[cfg(test)]
mod tests;
