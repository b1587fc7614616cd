//! The real daemon in the foreground: ready, alone in its home, reached by commands, ended cleanly.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{World, file};

/// A network of its own, on loopback.
const CONFIG: &str = "\
[network]
name = \"cli-test\"
listen = [\"/ip4/127.0.0.1/tcp/0\"]
[quic]
enabled = false
[mdns]
enabled = false
[log]
level = \"warn\"
";

/// A home with an identity.
fn settled() -> World {
    let world = World::new();
    file(&world, "config.toml", CONFIG);
    assert_eq!(world.run(&["init", "--no-password", "--json"]).exit, Some(0));
    world
}

/// A daemon in the foreground; killed when dropped.
struct Daemon {
    child: Child,
    out: BufReader<ChildStdout>,
    ready: Value,
}

impl Daemon {
    fn start(world: &World, args: &[&str]) -> Self {
        let mut command = world.command(&[&["run", "--json"], args].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, out, ready }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end: the exit code, and what it printed after the ready line.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_when_it_is_ready_and_where() {
    let world = settled();
    let daemon = Daemon::start(&world, &[]);
    assert_eq!(daemon.ready["ready"], true);
    let addresses = daemon.ready["addresses"].as_array().unwrap();
    let address = addresses[0].as_str().unwrap();
    assert!(address.starts_with("/ip4/127.0.0.1/tcp/") && address.contains("/p2p/"), "{address}");
    let status: Value = serde_json::from_str(&world.run(&["status", "--json"]).out).unwrap();
    assert_eq!(status["network"], "cli-test");
    assert_eq!(status["drive"]["state"].as_str().map(str::to_lowercase).as_deref(), Some("ready"));
    daemon.signal(Signal::INT);
    assert_eq!(daemon.end(), (Some(0), String::new()));
    assert!(!world.path().join("api.sock").exists());
    assert_eq!(world.run(&["status"]).exit, Some(4));
}

#[test]
fn a_second_one_on_the_same_home_is_refused_and_harms_nothing() {
    let world = settled();
    let daemon = Daemon::start(&world, &[]);
    for args in [&["run"][..], &["init", "--no-password"], &["password", "change", "--no-password"]]
    {
        let ran = world.run(args);
        assert_eq!(ran.exit, Some(1), "{args:?}");
        assert!(ran.err.contains("[home-in-use]"), "{args:?} {}", ran.err);
    }
    assert_eq!(world.run(&["status"]).exit, Some(0));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
    // And after a clean end it starts again.
    let again = Daemon::start(&world, &[]);
    assert_eq!(world.run(&["stop"]).out, "The node has ended.\n");
    assert_eq!(again.end().0, Some(0));
}

#[test]
fn after_a_kill_it_starts_again() {
    let world = settled();
    let mut daemon = Daemon::start(&world, &[]);
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert!(world.path().join("api.sock").exists());
    assert_eq!(world.run(&["status"]).exit, Some(4));
    let again = Daemon::start(&world, &[]);
    assert_eq!(world.run(&["status"]).exit, Some(0));
    again.signal(Signal::TERM);
    assert_eq!(again.end().0, Some(0));
}

#[test]
fn a_job_outlives_the_kill_of_its_daemon() {
    let world = settled();
    let mut daemon = Daemon::start(&world, &[]);
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("a"), "hello").unwrap();
    // Nobody keeps anything here: the backup waits.
    let source = source.path().to_str().unwrap().to_owned();
    let id = world.run(&["backup", "start", &source, "--detach"]).out.trim().to_owned();
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let show = |expected: &str| {
        let ran = world.run(&["job", "show", &id, "--json"]);
        let job: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&job["kind"], &job["state"]), (&"backup".into(), &expected.into()), "{job}");
    };
    let mut daemon = Daemon::start(&world, &[]);
    show("waiting");
    assert_eq!(world.run(&["job", "pause", &id]).exit, Some(0));
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let mut daemon = Daemon::start(&world, &[]);
    show("paused");
    assert_eq!(world.run(&["job", "cancel"]).exit, Some(0), "it is the only one");
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let daemon = Daemon::start(&world, &[]);
    show("cancelled");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn keys_stay_out_of_core_dumps_and_of_the_swap_or_it_is_said() {
    let world = settled();
    let mut command = world.command(&["run", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let process = format!("/proc/{}", child.id());
    let limits = std::fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    let is_locked = locked.trim() != "0 kB";
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(said.contains("lock its memory"), !is_locked, "{locked} {said}");
}

#[test]
fn the_password_opens_it_and_no_other() {
    let world = World::new();
    file(&world, "config.toml", CONFIG);
    let right = file(&world, "right", "horse\n").to_str().unwrap().to_owned();
    let wrong = file(&world, "wrong", "house\n").to_str().unwrap().to_owned();
    assert_eq!(world.run(&["init", "--password-file", &right, "--json"]).exit, Some(0));
    for (args, code) in
        [(&["run"][..], "password-needed"), (&["run", "--password-file", &wrong], "wrong-password")]
    {
        let ran = world.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (Some(5), ""), "{}", ran.err);
        assert!(ran.err.contains(&format!("[{code}]")), "{}", ran.err);
    }
    // No older generation of the keystore opens with what was the password before.
    let change = ["password", "change", "--password-file", &right, "--new-password-file", &wrong];
    assert_eq!(world.run(&change).exit, Some(0));
    let back = ["password", "change", "--password-file", &wrong, "--new-password-file", &right];
    assert_eq!(world.run(&back).exit, Some(0));
    file(&world, "keystore", "");
    let ran = world.run(&["run", "--password-file", &wrong]);
    assert!(ran.err.contains("[wrong-password]"), "{}", ran.err);
    let daemon = Daemon::start(&world, &["--password-file", &right]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
}

#[test]
fn what_it_cannot_start_with_is_named() {
    let world = settled();
    let odd = file(&world, "odd.toml", "[storage]\nsuppliers = 0\n").to_str().unwrap().to_owned();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
    for (args, exit, code) in [
        (&["run", "--config", &odd][..], 1, "bad-settings"),
        (&["run", "--config", "/no/such/file"], 1, "input-unreadable"),
        (&["run", "--listen", "somewhere"], 1, "bad-settings"),
        (&["run", "--log", "loud=="], 2, "bad-setting"),
        (&["run", "--listen", &taken], 1, "daemon-failed"),
    ] {
        let ran = world.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (Some(exit), ""), "{args:?} {}", ran.err);
        assert!(ran.err.contains(&format!("[{code}]")), "{args:?} {}", ran.err);
        assert!(!world.path().join("api.sock").exists(), "{args:?}");
    }
    let ran = World::new().run(&["run"]);
    assert!(ran.exit == Some(1) && ran.err.contains("[no-home]"), "{}", ran.err);
}

#[test]
fn services_and_settings_are_changed_while_it_runs() {
    let world = settled();
    let daemon = Daemon::start(&world, &[]);
    // It answers before all services have started.
    let is_started = || {
        let ran = world.run(&["service", "list", "--json"]);
        let services: Value = serde_json::from_str(&ran.out).unwrap();
        let schedule = services.as_array().unwrap().iter().find(|each| each["name"] == "schedule");
        schedule.is_some_and(|schedule| schedule["state"] == "on")
    };
    assert!((0..1_000).any(|_| is_started()), "the schedule never starts");
    let ran = world.run(&["service", "stop", "customer", "--dry-run"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    for name in ["customer", "backup", "restore", "schedule"] {
        assert!(ran.out.contains(name), "{}", ran.out);
    }
    assert_eq!(world.run(&["service", "stop", "supplier"]).exit, Some(0));
    assert_eq!(world.run(&["service", "start", "supplier"]).exit, Some(0));
    let ran = world.run(&["service", "stop", "weather"]);
    assert!(ran.exit == Some(1) && ran.err.contains("[no-such-service]"), "{}", ran.err);
    let ran = world.run(&["config", "set", "storage.colour", "red"]);
    assert!(ran.exit == Some(1) && ran.err.contains("[no-such-setting]"), "{}", ran.err);
    let ran = world.run(&["config", "set", "storage.suppliers", "65"]);
    assert!(ran.exit == Some(2) && ran.err.contains("[bad-setting]"), "{}", ran.err);
    let ran = world.run(&["config", "set", "storage.suppliers", "13"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    assert!(ran.out.contains("goes on with 7 until it is started again"), "{}", ran.out);
    let ran = world.run(&["supplier", "offer", "3GiB"]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    assert!(ran.out.contains("is kept and in force"), "{}", ran.out);
    let status: Value = serde_json::from_str(&world.run(&["status", "--json"]).out).unwrap();
    assert_eq!(status["supplier"]["donated_bytes"], 3_u64 << 30);
    let ran = world.run(&["supplier", "offer", "900000TiB"]);
    assert!(ran.err.contains("are free on that disk"), "{}{}", ran.out, ran.err);
    assert_eq!(world.run(&["supplier", "offer", "3GiB"]).exit, Some(0));
    let list: Value =
        serde_json::from_str(&world.run(&["automata", "list", "--json"]).out).unwrap();
    assert!(!list.as_array().unwrap().is_empty());
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
    let config: Value =
        serde_json::from_str(&world.run(&["config", "show", "--json"]).out).unwrap();
    assert_eq!(config["supplier"]["donated"], "3 GiB");
}

#[test]
fn without_suppliers_a_backup_says_so() {
    let world = World::new();
    file(
        &world,
        "config.toml",
        &format!(
            "{CONFIG}[clocks]\nhire_wait = \"1 s\"\nsearch = \"200 ms\"\nsearch_again = \"200 ms\"\n"
        ),
    );
    assert_eq!(world.run(&["init", "--no-password", "--json"]).exit, Some(0));
    let daemon = Daemon::start(&world, &[]);
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("a"), "hello").unwrap();
    let ran = world.run(&["backup", "start", source.path().to_str().unwrap()]);
    assert_eq!(ran.exit, Some(6), "{}", ran.err);
    assert!(ran.err.contains("[too-few-suppliers]"), "{}", ran.err);
    let ran = world.run(&["version", "list"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Some(0), "No versions yet.\n"));
    let ran = world.run(&["restore", "--target", source.path().join("new").to_str().unwrap()]);
    assert!(ran.exit == Some(1) && ran.err.contains("[no-such-version]"), "{}", ran.err);
    assert!(ran.err.contains("nothing has been backed up"), "{}", ran.err);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().0, Some(0));
}
