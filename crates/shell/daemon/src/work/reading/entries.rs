//! The entries of a version, as they are told.

use disk::tree::model::Time;
use drive::Stop;
use drive::format::{Kind, Name, Node, Version};
use drive::restore::{Filter, Reader, RestoreError, Step, Walk, find, list};

use super::{PAGE_ENTRIES, Reading, no_such_path};
use crate::view::EntryView;
use crate::view::path_text::from_bytes;
use crate::work::restore::version_path;

/// Everything below a path.
pub(super) fn all_below(
    reading: &Reading<EntryView>,
    version: &Version,
    path: &[u8],
    reader: &mut Reader<'_>,
) -> Result<(), RestoreError> {
    let mut walk = Walk::new(version, Filter::paths([path.to_vec()]));
    let mut count = 0_u64;
    while let Some(step) = walk.next(reader)? {
        let (root, below, node) = match step {
            Step::Enter { root, path, node } | Step::Entry { root, path, node } => {
                (root, path, node)
            }
            Step::Leave { .. } => continue,
        };
        let name = version.roots.get(root).map_or(&[][..], |root| &root.path);
        let whole = version_path(&[name, b"/", &below].concat());
        // Directories on the way to the path are none of its entries.
        if is_below(&whole, path) {
            count += 1;
            if whole != path || !node.kind.is_directory() {
                give(reading, &whole, &node)?;
            }
        }
    }
    if count == 0 { reading.refuse(no_such_path(path, version)) } else { Ok(()) }
}

/// What stands in a directory.
pub(super) fn one_level(
    reading: &Reading<EntryView>,
    version: &Version,
    path: &[u8],
    reader: &mut Reader<'_>,
) -> Result<(), RestoreError> {
    match find(version, path, reader)? {
        Some(node) if node.kind.is_directory() => children(reading, (path, &node), reader),
        Some(node) => give(reading, path, &node),
        None => {
            // Above the paths that were backed up there is nothing but the way to them.
            let mut count = 0;
            for root in version.roots.iter().filter(|root| is_below(&root.path, path)) {
                count += 1;
                give(reading, &root.path, &root.node)?;
            }
            if count == 0 { reading.refuse(no_such_path(path, version)) } else { Ok(()) }
        }
    }
}

fn children(
    reading: &Reading<EntryView>,
    (path, directory): (&[u8], &Node),
    reader: &mut Reader<'_>,
) -> Result<(), RestoreError> {
    let mut after: Option<Name> = None;
    loop {
        let page = list(directory, after.as_ref(), PAGE_ENTRIES, reader)?;
        for entry in &page {
            let whole = version_path(&[path, b"/", entry.name.as_bytes()].concat());
            give(reading, &whole, &entry.node)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE_ENTRIES => after = Some(last.name.clone()),
            _ => return Ok(()),
        }
    }
}

fn give(reading: &Reading<EntryView>, path: &[u8], node: &Node) -> Result<(), RestoreError> {
    let (kind, target) = match &node.kind {
        Kind::File { .. } => ("file", None),
        Kind::Directory { .. } => ("dir", None),
        Kind::Symlink { target } => ("symlink", Some(from_bytes(target))),
    };
    let bytes = match &node.kind {
        Kind::File { content } => content.bytes,
        Kind::Directory { .. } | Kind::Symlink { .. } => 0,
    };
    let mtime = node.attributes.mtime;
    let mtime = i128::from(mtime.seconds()) * 1_000_000_000 + i128::from(mtime.nanoseconds());
    let mtime = Time::from_nanoseconds(mtime).nanoseconds_since_1970();
    let view = EntryView {
        path: from_bytes(path),
        kind: kind.into(),
        bytes,
        mode: node.attributes.mode,
        mtime_ns: i64::try_from(mtime).unwrap_or(if mtime < 0 { i64::MIN } else { i64::MAX }),
        target,
    };
    reading.give(view).map_err(|Stop| RestoreError::Stopped)
}

/// Whether `path` is `above` or lies below it.
fn is_below(path: &[u8], above: &[u8]) -> bool {
    match path.strip_prefix(above) {
        None => false,
        Some(rest) => rest.is_empty() || rest[0] == b'/' || above == b"/",
    }
}
