//! Where the paths of a version are restored.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use disk::tree::model::{BadPath, TreePath};

use crate::view::path_text::from_path;

/// A path in a version: absolute, as the user may write it without its first slash.
pub(crate) fn version_path(path: &[u8]) -> Vec<u8> {
    let mut whole = vec![b'/'];
    let names = path.split(|byte| *byte == b'/');
    for name in names.filter(|name| !name.is_empty() && *name != b".") {
        if whole.len() > 1 {
            whole.push(b'/');
        }
        whole.extend_from_slice(name);
    }
    whole
}

/// The place of an entry below the target: the whole path of the root, and the path below it.
///
/// # Errors
/// The path leads upwards, or is too deep. Nobody but a wrong program makes such versions.
pub(super) fn place_of(root: &[u8], below: &[u8]) -> Result<TreePath, BadPath> {
    let whole = version_path(&[root, b"/", below].concat());
    TreePath::parse(&whole[1..])
}

/// An entry below the target, for those who read.
pub(super) fn text_of(target: &Path, path: &TreePath) -> String {
    if path.is_root() {
        from_path(target)
    } else {
        from_path(&target.join(OsStr::from_bytes(path.as_bytes())))
    }
}
