//! Bulk bytes over loopback, beside raw TCP in the same run: MB/s and CPU seconds per GB of both
//! ends together. `cargo run --release -p transport --example throughput [MiB] [rounds]`
#![expect(clippy::print_stdout, reason = "a table for the reader is what it is for")]
#![expect(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use transport::{Event, Settings, Verdict, start};

const WRITE_BYTES: usize = 256 * 1024;
const MIB: usize = 1024 * 1024;

/// What is measured: over what, on how many streams at once.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    medium: Option<&'static str>,
    streams: usize,
}

const CASES: [Case; 5] = [
    Case { name: "raw tokio TCP, 1 stream", medium: None, streams: 1 },
    Case { name: "TCP+TLS+Yamux, 1 stream", medium: Some("tcp"), streams: 1 },
    Case { name: "TCP+TLS+Yamux, 4 streams", medium: Some("tcp"), streams: 4 },
    Case { name: "QUIC, 1 stream", medium: Some("quic"), streams: 1 },
    Case { name: "QUIC, 4 streams", medium: Some("quic"), streams: 4 },
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let bytes = arguments.next().unwrap_or(1024) * MIB;
    let rounds = arguments.next().unwrap_or(3);
    println!("{:<28} {:>8} {:>12} {:>8} {:>8}", "", "MB/s", "CPU-s/GB", "user", "system");
    for _ in 0..rounds {
        for case in CASES {
            let (user, system) = cpu();
            let time = run(case, bytes).await;
            let (user, system) = (cpu().0 - user, cpu().1 - system);
            let gb = bytes as f64 / 1e9;
            println!(
                "{:<28} {:>8.0} {:>12.2} {:>8.2} {:>8.2}",
                case.name,
                bytes as f64 / 1e6 / time.as_secs_f64(),
                (user + system) / gb,
                user / gb,
                system / gb,
            );
        }
    }
}

async fn run(case: Case, bytes: usize) -> Duration {
    match case.medium {
        None => raw(bytes).await,
        Some(medium) => ours(medium, case.streams, bytes).await,
    }
}

async fn raw(bytes: usize) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let reader =
        tokio::spawn(async move { drain(listener.accept().await.expect("a peer").0).await });
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let begun = Instant::now();
    fill(stream, bytes).await;
    assert_eq!(reader.await.expect("a reader"), bytes);
    begun.elapsed()
}

async fn ours(medium: &str, streams: usize, bytes: usize) -> Duration {
    let settings = |seed: u8| {
        let accept = |_: &[u8], _: &[u8], _: Option<&[u8]>| Verdict::Accept { publisher: [0; 32] };
        let mut settings = Settings::new("throughput", [seed; 32].into(), Arc::new(accept));
        settings.listen =
            ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"].map(String::from).to_vec();
        settings.tcp = medium == "tcp";
        settings.quic = medium == "quic";
        settings
    };
    let (sender, _events) = start(settings(1)).await.expect("a start");
    let (receiver, mut events) = start(settings(2)).await.expect("a start");
    let peer = receiver.myself();
    sender.connect(peer, receiver.listening().await).await.expect("a connection");
    let begun = Instant::now();
    let reading = tokio::spawn(async move {
        let mut readers = Vec::new();
        while readers.len() < streams {
            if let Some(Event::InboundBulk(stream)) = events.next().await {
                readers.push(tokio::spawn(drain(stream)));
            }
        }
        let mut total = 0;
        for reader in readers {
            total += reader.await.expect("a reader");
        }
        total
    });
    let mut writers = Vec::new();
    for _ in 0..streams {
        let stream = sender.open_bulk(peer).await.expect("a stream");
        writers.push(tokio::spawn(fill(stream, bytes / streams)));
    }
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert_eq!(reading.await.expect("a reader"), bytes);
    let time = begun.elapsed();
    tokio::join!(sender.stop(), receiver.stop());
    time
}

async fn fill(mut stream: impl AsyncWrite + Unpin, bytes: usize) {
    let buffer: Vec<u8> = (0..WRITE_BYTES).map(|n| (n * 31 / 7) as u8).collect();
    for _ in 0..bytes / WRITE_BYTES {
        stream.write_all(&buffer).await.expect("a write");
    }
    stream.shutdown().await.expect("an end");
}

async fn drain(mut stream: impl AsyncRead + Unpin) -> usize {
    let mut buffer = vec![0; WRITE_BYTES];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await.expect("a read") {
            0 => return total,
            bytes => total += bytes,
        }
    }
}

/// CPU seconds of this process so far, user and system, from `proc_pid_stat(5)`.
fn cpu() -> (f64, f64) {
    /// What Linux calls USER_HZ, the same on all machines.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit(')').next().expect("a name in brackets");
    let field = |n: usize| -> f64 {
        fields.split_whitespace().nth(n).expect("a field").parse().expect("a number")
    };
    (field(11) / TICKS_PER_SECOND, field(12) / TICKS_PER_SECOND)
}
