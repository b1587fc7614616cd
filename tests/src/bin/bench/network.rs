//! Bulk bytes over loopback, beside raw TCP in the same run.

use std::sync::Arc;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transport::{Event, Settings, Verdict, start};

use crate::cost::{Begun, Cost};
use crate::report::Table;
use crate::scale::Scale;

const WRITE_BYTES: usize = 256 * 1024;

/// Over what, on how many streams at once.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    name: &'static str,
    /// `tcp` or `quic`; raw TCP without the library if none.
    medium: Option<&'static str>,
    streams: usize,
}

const RAW: Case = Case { name: "raw TCP, 1 stream", medium: None, streams: 1 };
/// What a daemon does over TCP.
pub(crate) const TCP: Case = Case { name: "TCP, 4 streams", medium: Some("tcp"), streams: 4 };
/// What a daemon does over QUIC.
pub(crate) const QUIC: Case = Case { name: "QUIC, 4 streams", medium: Some("quic"), streams: 4 };
const CASES: [Case; 5] = [
    RAW,
    Case { name: "TCP, 1 stream", medium: Some("tcp"), streams: 1 },
    TCP,
    Case { name: "QUIC, 1 stream", medium: Some("quic"), streams: 1 },
    QUIC,
];

/// The table.
pub(crate) async fn run(scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let mut best = [None; CASES.len()];
    for _ in 0..scale.rounds() {
        for (best, case) in best.iter_mut().zip(CASES) {
            let cost = transfer(case, scale.network_bytes()).await?;
            *best = Some(least(*best, cost));
        }
    }
    let gb = scale.network_bytes() as f64 / 1e9;
    let title = format!("Network: {} MiB over loopback, both ends", scale.network_bytes() >> 20);
    let mut table = Table::new(title, &["", "MB/s", "CPU-s/GB", "of raw TCP"]);
    let raw = best[0].map(|cost| cost.cpu_s);
    for (case, cost) in CASES.iter().zip(best) {
        let cost = cost.context("at least one round")?;
        let ratio = raw.map(|raw| cost.cpu_s / raw);
        let speed = gb * 1000.0 / cost.wall_s;
        table.row(vec![case.name.into(), speed.into(), (cost.cpu_s / gb).into(), ratio.into()]);
    }
    Ok(vec![table])
}

/// The least of the rounds, of each by itself.
fn least(best: Option<Cost>, cost: Cost) -> Cost {
    let best = best.unwrap_or(cost);
    Cost { wall_s: best.wall_s.min(cost.wall_s), cpu_s: best.cpu_s.min(cost.cpu_s) }
}

/// Sends so many bytes from one end to the other.
pub(crate) async fn transfer(case: Case, bytes: u64) -> anyhow::Result<Cost> {
    let bytes = usize::try_from(bytes)?;
    match case.medium {
        None => raw(bytes).await,
        Some(medium) => ours(medium, case.streams, bytes).await,
    }
}

async fn raw(bytes: usize) -> anyhow::Result<Cost> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let reader = tokio::spawn(async move { drain(listener.accept().await?.0).await });
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let begun = Begun::now();
    fill(stream, bytes).await?;
    anyhow::ensure!(reader.await?? == bytes, "bytes are missing");
    Ok(begun.cost())
}

async fn ours(medium: &str, streams: usize, bytes: usize) -> anyhow::Result<Cost> {
    let settings = |seed: u8| {
        let accept = |_: &[u8], _: &[u8], _: Option<&[u8]>| Verdict::Accept { publisher: [0; 32] };
        let mut settings = Settings::new("bench", [seed; 32].into(), Arc::new(accept));
        settings.listen =
            ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"].map(String::from).to_vec();
        settings.tcp = medium == "tcp";
        settings.quic = medium == "quic";
        settings
    };
    let (sender, _events) = start(settings(1)).await?;
    let (receiver, mut events) = start(settings(2)).await?;
    let peer = receiver.myself();
    sender.connect(peer, receiver.listening().await).await?;
    let begun = Begun::now();
    let reading = tokio::spawn(async move {
        let mut readers = vec![];
        while readers.len() < streams {
            if let Event::InboundBulk(stream) = events.next().await.context("it ended")? {
                readers.push(tokio::spawn(drain(stream)));
            }
        }
        let mut total = 0;
        for reader in readers {
            total += reader.await??;
        }
        anyhow::Ok(total)
    });
    let mut writers = vec![];
    for _ in 0..streams {
        writers.push(tokio::spawn(fill(sender.open_bulk(peer).await?, bytes / streams)));
    }
    for writer in writers {
        writer.await??;
    }
    anyhow::ensure!(reading.await?? == bytes, "bytes are missing");
    let cost = begun.cost();
    tokio::join!(sender.stop(), receiver.stop());
    Ok(cost)
}

async fn fill(mut stream: impl AsyncWrite + Unpin, bytes: usize) -> anyhow::Result<()> {
    let buffer: Vec<u8> = (0..WRITE_BYTES).map(|n| (n * 31 / 7) as u8).collect();
    for _ in 0..bytes / WRITE_BYTES {
        stream.write_all(&buffer).await?;
    }
    Ok(stream.shutdown().await?)
}

async fn drain(mut stream: impl AsyncRead + Unpin) -> anyhow::Result<usize> {
    let mut buffer = vec![0; WRITE_BYTES];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(total),
            bytes => total += bytes,
        }
    }
}
