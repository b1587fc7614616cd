//! A server whose peers are slow or silent, in a time that passes at once.

use std::sync::Arc;
use std::time::Duration;

use base::ContractId;
use node::input::Input;
use storage::wire::{BulkAnswer, Refusal};
use store::FaultyDisk;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::border::{BULK_ANSWER, BULK_REQUEST, Inward, Letter, Outward, greet};
use crate::bulk::desk::{Desk, Verdict};
use crate::bulk::server::Server;
use crate::bulk::{IDLE_WAIT, body_wait};
use crate::fixtures::{FRAGMENT_BYTES, NETWORK, block, local};
use crate::run::happening::Happening;
use crate::supplier::{Setting, Supplier};

/// The peer's end of a stream that is served, and what the node is told.
struct Served {
    stream: DuplexStream,
    inward: Inward,
    outward: Outward,
    told: mpsc::Receiver<Happening>,
    desk: Desk,
    server: JoinHandle<()>,
}

async fn served() -> Served {
    let (here, there) = (local(1, NETWORK), local(2, NETWORK));
    let (inputs, _) = mpsc::channel(8);
    let setting =
        Setting { disk_floor_bytes: 0, memory_bytes: 1 << 22, look: Duration::from_secs(3600) };
    let disk = Arc::new(FaultyDisk::new(1));
    let (supplier, _) = Supplier::open(disk, setting, here.clone(), inputs).unwrap();
    let (happenings, told) = mpsc::channel(8);
    let desk = Desk::default();
    let server = Server {
        local: here.clone(),
        supplier: Arc::new(supplier),
        desk: desk.clone(),
        happenings,
    };
    let (mut stream, theirs) = duplex(256 * 1024);
    let server = tokio::spawn(server.serve(theirs, there.asker().device));
    let (inward, outward) = greet(&mut stream, here.asker().device, &there).await.unwrap();
    Served { stream, inward, outward, told, desk, server }
}

impl Served {
    async fn ask_to_put(&mut self) -> Vec<u8> {
        let own = block(&local(2, NETWORK).keys.device, 1);
        let payload = base::encode(&own.put(ContractId([1; 32]), 0));
        let id = base::RequestId([1; 32]);
        let letter = Letter { kind: BULK_REQUEST, id, answer_to: None, payload };
        self.outward.send(&mut self.stream, letter).await.unwrap();
        own.fragments[0].clone()
    }

    /// Waits until the node is asked, and decides for it.
    async fn decide(&mut self, verdict: Verdict) {
        match self.told.recv().await.unwrap() {
            Happening::Input(Input::Asked { stream, .. }) => {
                assert!(self.desk.decide(stream, verdict));
            }
            _ => panic!("something else was told"),
        }
    }

    async fn is_told_that_it_is_over(&mut self) -> bool {
        let told = self.told.recv().await;
        matches!(told, Some(Happening::Input(Input::Served { kept: None, .. })))
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_request_is_closed() {
    let mut served = served().await;
    let begun = Instant::now();
    (&mut served.server).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), IDLE_WAIT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn bytes_that_trickle_are_not_waited_for() {
    let mut served = served().await;
    let bytes = served.ask_to_put().await;
    served.decide(Verdict::Serve).await;
    let begun = Instant::now();
    for byte in bytes {
        if served.stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::advance(Duration::from_millis(200)).await;
    }
    assert!(served.is_told_that_it_is_over().await, "the reservation is free again");
    let patience = body_wait(FRAGMENT_BYTES as u32);
    assert!(begun.elapsed() < patience + Duration::from_secs(2), "{:?}", begun.elapsed());
    (&mut served.server).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_while_it_sends_frees_its_reservation() {
    let mut served = served().await;
    let bytes = served.ask_to_put().await;
    served.decide(Verdict::Serve).await;
    served.stream.write_all(&bytes[..100]).await.unwrap();
    let (gone, _) = duplex(1);
    served.stream = gone;
    assert!(served.is_told_that_it_is_over().await);
    (&mut served.server).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_read_past() {
    let mut served = served().await;
    for reason in [Refusal::Quota, Refusal::Closed] {
        let bytes = served.ask_to_put().await;
        served.stream.write_all(&bytes).await.unwrap();
        served.decide(Verdict::Refuse(reason)).await;
        let envelope = served.inward.receive(&mut served.stream, BULK_ANSWER, None).await.unwrap();
        let answer: BulkAnswer = base::decode(&envelope.payload).unwrap();
        assert_eq!(answer, BulkAnswer::Refused { reason });
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_ends_the_stream() {
    let mut served = served().await;
    served.stream.write_all(&[3, 0, 0, 0, 1, 2, 3]).await.unwrap();
    (&mut served.server).await.unwrap();
    let mut rest = vec![];
    served.stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "and nothing is said to it");
}
