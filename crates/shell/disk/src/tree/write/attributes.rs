//! Gives an entry its owner, extended attributes, mode and time back, in the order in which none of
//! them undoes another: a change of owner clears set-user bits, and an ACL changes the mode.

use borsh::{BorshDeserialize, BorshSerialize};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, Gid, Mode, RawMode, Timespec, Timestamps, UTIME_OMIT, Uid, chownat, fchmod, fchown,
    futimens, utimensat,
};

use super::super::cause::Cause;
use super::super::model::{Attributes, NAME_BYTES_MAX, TreePath, Xattr};
use super::OwnerRule;
use super::error::{Doing, WriteError};
use super::shared::Shared;

const MODE_BITS: u32 = 0o777;
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// The kernel's bound for one value.
const XATTR_VALUE_BYTES_MAX: usize = 64 << 10;

/// What one entry may carry altogether; more is left out.
const XATTRS_BYTES_MAX: usize = 1 << 20;

/// The attributes that an entry gets on this machine, by this user and these options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Given {
    mode: u32,
    /// User and group; the kernel leaves those that are nothing.
    owner: [Option<u32>; 2],
    seconds: i64,
    nanoseconds: u32,
}

impl Given {
    fn times(&self) -> Timestamps {
        Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: self.seconds, tv_nsec: self.nanoseconds.into() },
        }
    }

    fn owner(&self) -> Option<(Option<Uid>, Option<Gid>)> {
        let [uid, gid] = self.owner;
        let owner = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        (owner != (None, None)).then_some(owner)
    }
}

impl Shared {
    /// The number −1 means "leave it" to the kernel and is treated so.
    pub(super) fn given(&self, attributes: &Attributes) -> Given {
        let owner = &attributes.owner;
        let (uid, gid) = match self.options.owners {
            OwnerRule::Nobody => (u32::MAX, u32::MAX),
            OwnerRule::ByNumber => (owner.uid, owner.gid),
            OwnerRule::ByName => self.owners.local_numbers(owner),
        };
        // A program that runs with its owner's rights gets them from no other owner.
        let is_its = |number: u32| self.options.owners == OwnerRule::Nobody || number != u32::MAX;
        let allowed = match self.options.keeps_special_bits {
            false => MODE_BITS,
            true => {
                let user = if is_its(uid) { SET_USER } else { 0 };
                let group = if is_its(gid) { SET_GROUP } else { 0 };
                MODE_BITS | STICKY | user | group
            }
        };
        Given {
            mode: attributes.mode & allowed,
            owner: [uid, gid].map(|number| (number != u32::MAX).then_some(number)),
            seconds: attributes.mtime.seconds(),
            nanoseconds: attributes.mtime.nanoseconds(),
        }
    }

    /// Applies everything to an open file or directory; what fails is reported, not fatal.
    pub(super) fn apply(&self, path: &TreePath, file: impl AsFd, given: &Given, xattrs: &[Xattr]) {
        if let Some((uid, gid)) = given.owner() {
            self.note(path, Doing::SetOwner, fchown(&file, uid, gid));
        }
        for xattr in xattrs {
            self.note(path, Doing::SetXattr, super::super::xattr::set(&file, xattr));
        }
        let mode = Mode::from_raw_mode(given.mode as RawMode);
        self.note(path, Doing::SetMode, fchmod(&file, mode));
        self.note(path, Doing::SetTime, futimens(&file, &given.times()));
    }

    /// Applies what a symbolic link has to the link itself.
    pub(super) fn apply_to_link(&self, path: &TreePath, at: &OwnedFd, name: &[u8], given: &Given) {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        if let Some((uid, gid)) = given.owner() {
            self.note(path, Doing::SetOwner, chownat(at, name, uid, gid, flags));
        }
        self.note(path, Doing::SetTime, utimensat(at, name, &given.times(), flags));
    }

    /// The extended attributes that may be set; the others are counted.
    ///
    /// `security.*` and `trusted.*` can give rights (capabilities, labels), so a catalog alone does
    /// not set them.
    pub(super) fn wanted_xattrs(&self, xattrs: &[Xattr]) -> Vec<Xattr> {
        let allows_privileged = self.options.keeps_privileged_xattrs && self.is_superuser;
        let mut bytes = 0;
        let is_wanted = |xattr: &&Xattr| {
            let name = xattr.name.as_slice();
            let is_sound = !name.contains(&0)
                && name.len() <= NAME_BYTES_MAX
                && xattr.value.len() <= XATTR_VALUE_BYTES_MAX;
            bytes += name.len() + xattr.value.len();
            is_sound && bytes <= XATTRS_BYTES_MAX && is_allowed(name, allows_privileged)
        };
        let wanted: Vec<Xattr> = xattrs.iter().filter(is_wanted).cloned().collect();
        let dropped = xattrs.len() - wanted.len();
        if dropped > 0 {
            self.report().xattrs_dropped += dropped as u64;
        }
        wanted
    }

    fn note<E: Into<Cause>>(&self, path: &TreePath, doing: Doing, done: Result<(), E>) {
        if let Err(error) = done {
            self.report().problem(path, WriteError::of(doing)(error));
        }
    }
}

fn is_allowed(name: &[u8], allows_privileged: bool) -> bool {
    if name.starts_with(b"security.") || name.starts_with(b"trusted.") {
        return allows_privileged;
    }
    // Other systems than Linux have no namespaces for users' attributes.
    !cfg!(target_os = "linux")
        || name.starts_with(b"user.")
        || name == b"system.posix_acl_access"
        || name == b"system.posix_acl_default"
}
