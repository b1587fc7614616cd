//! Jobs are begun, followed and left; they belong to the daemon.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Ran, World, assert_golden};

/// Begins a backup of a file with this name, which tells the daemon how to answer.
fn back_up(world: &World, name: &str, args: &[&str]) -> Ran {
    let path = world.path().join(name);
    std::fs::write(&path, "").unwrap();
    let path = path.to_str().unwrap();
    world.run(&[&["backup", "start", path], args].concat())
}

#[test]
fn a_job_is_followed_to_its_end() {
    let world = World::served();
    let mut record = String::new();
    for (name, args) in [
        ("done", &[][..]),
        ("done", &["--dry-run"]),
        ("done", &["--detach"]),
        ("done", &["--detach", "--quiet"]),
        ("problems", &[]),
        ("failed", &[]),
    ] {
        let all = [&["backup", "start", name], args].concat();
        record.push_str(&(back_up(&world, name, args).record(&all) + "\n"));
    }
    for args in [
        &["restore", "--target", "/tmp/x"][..],
        &[
            "restore",
            "home/ann",
            "--target",
            "/tmp/x",
            "--version",
            "2",
            "--keep-both",
            "--dry-run",
        ],
        &["check", "--percent", "20"],
        &["job", "follow", "job-done"],
        &["job", "follow", "job-problems", "--json"],
        &["job", "follow", "job-failed", "--json"],
        &["job", "follow", "job-cancelled"],
        &["job", "pause", "job-running"],
        &["job", "resume", "job-running"],
        &["job", "cancel", "job-running"],
        &["backup", "show"],
        &["backup", "cancel"],
    ] {
        record.push_str(&(world.run(args).record(args) + "\n"));
    }
    assert_golden("jobs.txt", &record);
}

#[test]
fn the_end_of_a_job_is_one_document() {
    let world = World::served();
    let ran = back_up(&world, "problems", &["--json"]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((document["problems_total"].as_u64(), ran.exit), (Some(1), Some(3)));
    let ran = back_up(&world, "failed", &["--json"]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["error"]["code"], "too-few-suppliers");
    assert_eq!(ran.exit, Some(6));
}

#[test]
fn names_that_are_no_text_are_taken() {
    let world = World::served();
    let path = world.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::write(&path, "").unwrap();
    let output = world.command(&["backup", "start"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let output = world.command(&["cat", "3"]).arg(std::ffi::OsStr::from_bytes(b"\xe9")).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.starts_with("Version 3 has no '\\xe9'."), "{said}");
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Breaks off a follower by `with`; the job is not touched.
fn break_off(args: &[&str], with: Signal) {
    let mut world = World::served();
    std::fs::write(world.path().join("running"), "").unwrap();
    let mut command = world.command(args);
    command.current_dir(world.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    world.wait_for("WatchJob");
    signal(&child, with);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("bitdust job follow job-running"), "{said}");
    assert!(said.contains("bitdust job cancel job-running"), "{said}");
    let served = world.served.as_mut().unwrap();
    assert!(served.asked.try_recv().is_err(), "the job was left alone");
}

#[test]
fn ctrl_c_leaves_the_job_running() {
    break_off(&["backup", "start", "running"], Signal::INT);
}

#[test]
fn sigterm_leaves_the_job_running() {
    break_off(&["job", "follow", "job-running", "--json"], Signal::TERM);
}
