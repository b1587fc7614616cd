//! Keeps secrets where they are: no core dump of a process that holds keys, and no page of it in the
//! swap, where the system allows that.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What keeps the memory of this process from being locked, for the user.
pub(crate) const NOT_LOCKED: &str = "Note: the system does not let this process lock its memory, so \
                                     keys may come into the swap. Encrypt the swap, or raise the \
                                     limit (LimitMEMLOCK=infinity in systemd, `ulimit -l \
                                     unlimited`).";

/// From now on this process leaves no core dump, and its memory stays out of the swap. Says whether
/// the latter could be had.
pub(crate) fn protect() -> bool {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
    lock()
}

#[cfg(target_os = "linux")]
fn lock() -> bool {
    use rustix::mm::{MlockAllFlags, mlockall};
    let endless = Rlimit { current: None, maximum: None };
    // Only those who may can raise the limit; what counts is what it is then.
    let _ = setrlimit(Resource::Memlock, endless);
    // Under any other limit memory that is asked for later would be refused.
    let may_grow = getrlimit(Resource::Memlock).current.is_none();
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    may_grow && mlockall(all).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn lock() -> bool {
    false
}
