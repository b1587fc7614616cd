//! The paths of a request, checked and put in order.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::view::path_text::{from_path, to_path};
use crate::view::{BackupRequest, ErrorView};
use crate::work::texts;

/// Paths of one backup at most.
const ROOTS_MAX: usize = 1_024;

/// The paths to be backed up: absolute, each once, none within another.
///
/// # Errors
/// A path is none, or leads upwards.
pub(crate) fn roots_of(request: &BackupRequest) -> Result<Vec<PathBuf>, ErrorView> {
    if request.paths.is_empty() {
        return Err(texts::bad_request("There is no path to back up."));
    }
    if request.paths.len() > ROOTS_MAX {
        let happened = format!("More than {ROOTS_MAX} paths cannot be one backup.");
        return Err(texts::bad_request(happened));
    }
    let roots = request.paths.iter().map(|text| absolute(text)).collect::<Result<Vec<_>, _>>()?;
    let is_within =
        |root: &PathBuf| roots.iter().any(|other| other != root && root.starts_with(other));
    let mut kept: Vec<PathBuf> = roots.iter().filter(|root| !is_within(root)).cloned().collect();
    kept.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    kept.dedup();
    Ok(kept)
}

/// An absolute path without `.`, `..` and needless slashes.
pub(crate) fn absolute(text: &str) -> Result<PathBuf, ErrorView> {
    let bad = |why: &str| texts::bad_request(format!("`{text}` {why}."));
    let path = to_path(text).map_err(|error| bad(&format!("is no path: {error}")))?;
    if !path.is_absolute() {
        return Err(bad("is not an absolute path"));
    }
    let mut plain = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir | Component::Prefix(_) => {
                return Err(bad("leads upwards with `..`; give it without"));
            }
        }
    }
    Ok(plain)
}

/// The text of an entry below a root, for those who read.
pub(super) fn text_of(root: &Path, below: &[u8]) -> String {
    use std::ffi::OsStr;
    if below.is_empty() { from_path(root) } else { from_path(&root.join(OsStr::from_bytes(below))) }
}
