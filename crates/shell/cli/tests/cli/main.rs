//! The real binary, by recorded output. What needs a daemon asks one that answers from fixed values,
//! over the real API and a real socket.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::expect_file;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

#[path = "../../../api/src/tests/answers.rs"]
mod answers;
mod daemon;
mod errors;
mod help;
mod identity;
mod jobs;
mod show;
mod terminal;

/// A home, with or without a daemon that answers for it.
struct World {
    home: TempDir,
    served: Option<Served>,
}

struct Served {
    runtime: Runtime,
    asked: mpsc::UnboundedReceiver<String>,
    end: oneshot::Sender<()>,
}

impl World {
    /// A home without a daemon.
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), served: None }
    }

    /// A home with a daemon.
    fn served() -> Self {
        let mut world = Self::new();
        let runtime = Runtime::new().unwrap();
        let (end, ended) = oneshot::channel();
        let listener = api::server::bind(&world.path().join("api.sock")).unwrap();
        let asked = runtime.block_on(async {
            let (handle, asked, _journal) = answers::start();
            tokio::spawn(api::server::serve(listener, handle, async move { drop(ended.await) }));
            asked
        });
        world.served = Some(Served { runtime, asked, end });
        world
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    /// The binary with this home and nothing else of the environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bitdust"));
        command.env_clear().env("BITDUST_HOME", self.path()).stdin(Stdio::null()).args(args);
        command
    }

    /// Runs it to its end.
    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().unwrap(), self.path())
    }

    /// Waits until the daemon is asked for `name`.
    fn wait_for(&mut self, name: &str) {
        let served = self.served.as_mut().unwrap();
        let asked = async { while served.asked.recv().await.unwrap() != name {} };
        served.runtime.block_on(asked);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(Served { runtime, end, .. }) = self.served.take() {
            let _ = end.send(());
            runtime.shutdown_background();
        }
    }
}

/// The text with `FREE` for whatever stands between these two, once.
fn without(text: &str, before: &str, after: &str) -> String {
    let found =
        text.split_once(before).and_then(|(head, rest)| Some((head, rest.split_once(after)?)));
    match found {
        Some((head, (_, tail))) => format!("{head}{before}FREE{after}{tail}"),
        None => text.into(),
    }
}

/// What a run of the binary left.
struct Ran {
    exit: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: &Output, home: &Path) -> Self {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let text = text.replace(home.to_str().unwrap(), "HOME");
            // How much room a machine has.
            let text = without(&text, "Warning: only ", " are free");
            without(&text, "\"free_bytes\": ", ",")
        };
        Self { exit: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// All of it as text.
    fn record(&self, args: &[&str]) -> String {
        let exit = self.exit.map_or_else(|| "none".into(), |code| code.to_string());
        let mut text = format!("$ bitdust {}\n", args.join(" "));
        for line in self.out.lines() {
            text.push_str(&format!("{line}\n"));
        }
        for line in self.err.lines() {
            text.push_str(&format!("! {line}\n"));
        }
        text + &format!("= {exit}\n")
    }
}

/// Compares with `golden/NAME.txt`: results as they are, `!` before lines of the standard error, `=`
/// before the exit code.
fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(name);
    expect_file![path].assert_eq(text);
}

/// Runs all command lines in one world and compares the record of all.
fn assert_runs(world: &World, name: &str, lines: &[&[&str]]) {
    let records: Vec<String> = lines.iter().map(|args| world.run(args).record(args)).collect();
    assert_golden(name, &records.join("\n"));
}

/// The words of a file that is written for the test.
fn file(world: &World, name: &str, content: &str) -> PathBuf {
    let path = world.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}
