//! The socket as a file, and who may enter.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net;

use daemon::handle::Handle;

use super::*;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_socket_and_new_directories_are_closed_to_others() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = home.path().join("api.sock");
    let listener = bind(&socket).unwrap();
    assert_eq!((mode(home.path()), mode(&socket)), (0o755, 0o600));
    let new = home.path().join("deep/new/api.sock");
    let other = bind(&new).unwrap();
    assert_eq!((mode(new.parent().unwrap()), mode(&new)), (0o700, 0o600));
    drop((listener, other));
    assert!(!socket.exists() && !new.exists());
}

#[test]
fn the_socket_of_a_dead_daemon_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("api.sock");
    drop(net::UnixListener::bind(&socket).unwrap());
    drop(net::UnixListener::bind(socket.with_extension("new")).unwrap());
    let _listener = bind(&socket).unwrap();
    assert!(net::UnixStream::connect(&socket).is_ok());
}

#[test]
fn a_living_daemon_and_other_files_are_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("api.sock");
    let living = bind(&socket).unwrap();
    assert!(matches!(bind(&socket), Err(BindError::InUse(_))));
    assert!(net::UnixStream::connect(&socket).is_ok());
    drop(living);
    std::fs::write(&socket, "mine").unwrap();
    assert!(matches!(bind(&socket), Err(BindError::NotSocket(_))));
    assert_eq!(std::fs::read(&socket).unwrap(), b"mine");
}

#[test]
fn a_path_that_is_too_long_is_named() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("x".repeat(120)).join("api.sock");
    assert!(matches!(bind(&socket), Err(BindError::PathTooLong(path)) if path == socket));
}

#[test]
fn only_the_own_user_and_root_may_enter() {
    assert!(may_enter(1_000, 1_000));
    assert!(may_enter(0, 1_000));
    assert!(!may_enter(1_001, 1_000));
    assert!(!may_enter(1_000, 0));
}

#[tokio::test]
async fn the_system_names_the_peer() {
    let (near, _far) = UnixStream::pair().unwrap();
    assert!(is_peer_allowed(&near));
}

/// Answers that do not come are broken off after [`END_WAIT`]; the clock only jumps.
#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("api.sock");
    let (handle, mut requests, _journal) = Handle::new();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let listener = bind(&socket).unwrap();
    let served = tokio::spawn(serve(listener, handle, async move { drop(ended.await) }));
    let client = crate::client::Client::new(&socket);
    let asked = tokio::spawn(async move { client.status().await });
    let _unanswered = requests.recv().await.unwrap();
    let before = tokio::time::Instant::now();
    end.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(before.elapsed() >= END_WAIT);
    assert_eq!(asked.await.unwrap().unwrap_err().view().code, "daemon-broke-off");
}
