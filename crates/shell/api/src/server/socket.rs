//! The socket as a file: made closed to others, never there half done, never taken from a living daemon.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// Why the socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A daemon answers there already.
    #[error("another daemon answers at {}", .0.display())]
    InUse(PathBuf),
    /// Something else has the name of the socket; it is left alone.
    #[error("{} exists and is not a socket", .0.display())]
    NotSocket(PathBuf),
    /// The path is longer than the system takes for a socket.
    #[error("the path {} is too long for a Unix socket", .0.display())]
    PathTooLong(PathBuf),
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    System {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A socket that listens; nobody is answered before it is served.
#[derive(Debug)]
pub struct Listener {
    socket: net::UnixListener,
    guard: Guard,
}

/// Removes the socket's file in the end.
#[derive(Debug)]
pub(super) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(%error, "the socket of the local API was not removed");
        }
    }
}

impl Listener {
    /// Hands the socket to the runtime.
    pub(super) fn start(self) -> io::Result<(UnixListener, Guard)> {
        self.socket.set_nonblocking(true)?;
        Ok((UnixListener::from_std(self.socket)?, self.guard))
    }
}

/// Listens at `path`. The socket is 0600; its directory, if it has to be made, 0700. The caller holds
/// the lock of the home, so a socket at which nobody answers was left by a daemon that died, and is replaced.
///
/// # Errors
/// Somebody answers there, it is no socket, the path is too long, or the system refuses.
pub fn bind(path: &Path) -> Result<Listener, BindError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    make_private(directory)?;
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(BindError::NotSocket(path.into()));
        }
        Ok(_) if net::UnixStream::connect(path).is_ok() => {
            return Err(BindError::InUse(path.into()));
        }
        Ok(_) | Err(_) => {}
    }
    // Made under another name, closed to others, and only then put in place: nobody can connect
    // while its mode is still wide, and no client finds a socket that does not listen yet.
    let new = path.with_extension("new");
    remove_if_there(&new)?;
    let socket = net::UnixListener::bind(&new).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidInput => BindError::PathTooLong(path.into()),
        _ => system("listen at", &new, source),
    })?;
    std::fs::set_permissions(&new, Permissions::from_mode(0o600))
        .map_err(|source| system("set the mode of", &new, source))?;
    std::fs::rename(&new, path).map_err(|source| system("put in place", path, source))?;
    Ok(Listener { socket, guard: Guard(path.into()) })
}

/// A directory that is there keeps its mode: it may be one of the system.
fn make_private(directory: &Path) -> Result<(), BindError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| system("make", directory, source))
}

fn remove_if_there(path: &Path) -> Result<(), BindError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(system("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn system(doing: &'static str, path: &Path, source: io::Error) -> BindError {
    BindError::System { doing, path: path.into(), source }
}
