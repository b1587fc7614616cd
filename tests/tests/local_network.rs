//! Two nodes that know no address find each other on a local network: two network namespaces with a
//! cable between them, which the test makes itself.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use fleet::Daemon;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, interval, timeout};

/// Peers that are there are found within this time; the first question goes out at once, the next
/// ones after half a second, one second, two seconds, and so on.
const FOUND_MAX: Duration = Duration::from_secs(60);

/// Makes both networks, says which process holds the other one, and keeps them until its input ends.
const LAYOUT: &str = r#"
set -e
ip link set lo up
ip link add here type veth peer name there
exec 3<&0
unshare --net cat <&3 &
other=$!
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do :; done
ip link set there netns $other
ip address add 10.9.0.1/24 dev here
ip link set here up
ip route add default dev here
nsenter --target $other --net sh -ec '
    ip link set lo up
    ip address add 10.9.0.2/24 dev there
    ip link set there up
    ip route add default dev there'
echo $other
exec cat
"#;

/// Two hosts on one cable, each with a program that runs something there.
struct Cable {
    root: TempDir,
    hosts: [PathBuf; 2],
    _holder: Child,
    _end: ChildStdin,
}

impl Cable {
    /// `None` where the system lets nobody make networks.
    async fn lay() -> anyhow::Result<Option<Self>> {
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "sh", "-c", LAYOUT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start `unshare`")?;
        let end = holder.stdin.take().context("it has an input")?;
        let mut said = BufReader::new(holder.stdout.take().context("it has an output")?);
        let mut line = String::new();
        said.read_line(&mut line).await?;
        let (Some(here), Ok(there)) = (holder.id(), line.trim().parse::<u32>()) else {
            return Ok(None);
        };
        let root = tempfile::Builder::new().prefix("bitdust-e2e-").tempdir()?;
        let program = e2e::program()?;
        let hosts = [("here", here), ("there", there)].map(|(name, pid)| -> anyhow::Result<_> {
            let path = root.path().join(name);
            let enter = format!("nsenter --target {pid} --user --preserve-credentials --net");
            std::fs::write(
                &path,
                format!("#!/bin/sh\nexec {enter} {} \"$@\"\n", program.display()),
            )?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
            Ok(path)
        });
        let [here, there] = hosts;
        Ok(Some(Self { root, hosts: [here?, there?], _holder: holder, _end: end }))
    }

    async fn node(&self, host: usize, mdns: bool) -> anyhow::Result<Daemon> {
        let home = self.root.path().join(format!("home-{host}"));
        if !home.exists() {
            std::fs::create_dir(&home)?;
            fleet::init(&self.hosts[host], &home).await?;
        }
        std::fs::write(home.join("config.toml"), settings(mdns))?;
        Daemon::restart(&self.hosts[host], &home).await
    }
}

fn settings(mdns: bool) -> String {
    format!("[network]\nname = \"cable\"\nbootstrap = []\n[mdns]\nenabled = {mdns}\n")
}

/// Waits until a node has a peer; says whether it came.
async fn has_peer(node: &Daemon, wait: Duration) -> anyhow::Result<bool> {
    let (end, mut look) = (Instant::now() + wait, interval(Duration::from_millis(100)));
    while Instant::now() < end {
        look.tick().await;
        if !node.client.peers().await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_on_one_cable_find_each_other_if_they_are_to() -> anyhow::Result<()> {
    let Some(cable) = timeout(FOUND_MAX, Cable::lay()).await?? else {
        eprintln!("SKIPPED: this system allows no network namespaces");
        return Ok(());
    };
    // Who does not look is not found: the default.
    let silent = cable.node(0, false).await?;
    let other = cable.node(1, true).await?;
    ensure!(!has_peer(&other, Duration::from_secs(4)).await?, "found a node that is silent");
    // The switch works while it runs.
    silent.client.start_service("mdns").await?;
    ensure!(has_peer(&silent, FOUND_MAX).await?, "nobody was found");
    ensure!(has_peer(&other, FOUND_MAX).await?, "nobody was found");
    let found: Vec<String> =
        other.client.peers().await?.into_iter().map(|peer| peer.device).collect();
    ensure!(found == [silent.device.clone()], "{found:?}");
    ensure!(silent.stop().await && other.stop().await, "they did not end cleanly");
    Ok(())
}
