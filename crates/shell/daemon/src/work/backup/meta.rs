//! What a scan says of an entry, in the words of the catalog, and back.

use base::hash;
use disk::tree::model::{self, Kind, Meta};
use drive::catalog::Stat;
use drive::format::{Attributes, Time, Xattr};

/// The type bits of a regular file in `st_mode`.
const REGULAR: u32 = 0o100_000;

/// What shows that a file did not change.
pub(super) fn stat_of(meta: &Meta) -> Stat {
    Stat {
        size: meta.size,
        mtime_ns: nanoseconds(meta.attributes.mtime),
        ctime_ns: nanoseconds(meta.ctime),
        inode: meta.identity.inode,
        mode: REGULAR | meta.attributes.mode,
    }
}

/// What a version keeps of an entry.
pub(super) fn meta_of(meta: &Meta, xattrs: Vec<model::Xattr>) -> drive::backup::Meta {
    let model::Attributes { mode, owner, mtime } = &meta.attributes;
    let xattrs = xattrs.into_iter().map(|model::Xattr { name, value }| Xattr { name, value });
    let attributes = Attributes {
        mode: *mode,
        uid: owner.uid,
        gid: owner.gid,
        user: owner.user.as_deref().map(<[u8]>::to_vec),
        group: owner.group.as_deref().map(<[u8]>::to_vec),
        mtime: Time::new(mtime.seconds(), mtime.nanoseconds()),
        xattrs: xattrs.collect(),
    };
    drive::backup::Meta { attributes, hard_link: link_group(meta) }
}

/// The same for all names of one inode, and for no other.
///
/// Numbers of file systems may be dealt out anew at each start of the system, and files without a
/// change keep the group of an earlier run: the change time tells two inodes of one number apart.
pub(super) fn link_group(meta: &Meta) -> Option<u64> {
    let identity = meta.hard_link().filter(|_| meta.kind == Kind::File)?;
    let mut bytes = [0; 28];
    bytes[..8].copy_from_slice(&identity.device.to_le_bytes());
    bytes[8..16].copy_from_slice(&identity.inode.to_le_bytes());
    bytes[16..24].copy_from_slice(&meta.ctime.seconds().to_le_bytes());
    bytes[24..].copy_from_slice(&meta.ctime.nanoseconds().to_le_bytes());
    let mut group = [0; 8];
    group.copy_from_slice(&hash("bitdust hard link group v1", &bytes).0[..8]);
    Some(u64::from_le_bytes(group))
}

/// What a restore gives back.
pub(crate) fn to_disk(attributes: &Attributes) -> (model::Attributes, Vec<model::Xattr>) {
    let xattrs = attributes
        .xattrs
        .iter()
        .map(|xattr| model::Xattr { name: xattr.name.clone(), value: xattr.value.clone() });
    let owner = model::Owner {
        uid: attributes.uid,
        gid: attributes.gid,
        user: attributes.user.as_deref().map(Into::into),
        group: attributes.group.as_deref().map(Into::into),
    };
    let (seconds, nanoseconds) = (attributes.mtime.seconds(), attributes.mtime.nanoseconds());
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let mtime = model::Time::from_nanoseconds(total);
    (model::Attributes { mode: attributes.mode & 0o7777, owner, mtime }, xattrs.collect())
}

/// Nanoseconds since 1970; times beyond the years 1677 and 2262 are all alike.
fn nanoseconds(time: model::Time) -> i64 {
    let total = time.nanoseconds_since_1970();
    i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
}
