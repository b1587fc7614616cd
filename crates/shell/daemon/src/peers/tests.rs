//! Links, addresses, networks and the pace of messages.

use std::time::Duration;

use base::{ContractId, RequestId};
use mesh::Refusal;
use storage::wire::Message;
use tokio::io::duplex;
use tokio::time::Instant;

use super::addresses::{Addresses, Anchor};
use super::pace::Pace;
use super::*;
use crate::border::{CONTROL, Letter, greet};
use crate::fixtures::{NETWORK, keys, local};
use crate::run::happening::Happening;

fn path() -> transport::Path {
    transport::Path {
        medium: transport::Medium::Tcp,
        address: "/ip4/198.51.100.7/tcp/1".into(),
        direct: true,
        dialled: false,
    }
}

fn new_link(number: u64, is_own: bool, room: usize) -> (Link, mpsc::Receiver<Post>) {
    let (outgoing, posts) = mpsc::channel(room);
    let asker = local(2, NETWORK).asker();
    (Link { number, asker, outgoing, path: path(), is_own }, posts)
}

fn post() -> Post {
    let message = Message::AskStanding { contract: None };
    Post { id: RequestId([1; 32]), answer_to: None, message }
}

#[test]
fn a_peer_is_online_from_its_first_link_to_its_last() {
    let mut links = Links::default();
    let device = keys(2).device_id();
    let (first, mut first_posts) = new_link(1, false, 4);
    let network = Some(0x00c6_3364);
    assert!(matches!(
        links.up(first),
        Some(Input::Online { peer, network: found }) if peer.device == device && found == network
    ));
    let (second, mut second_posts) = new_link(2, true, 4);
    assert!(links.up(second).is_none(), "it is online already");
    assert!(links.send(device, &post()));
    assert!(second_posts.try_recv().is_ok(), "the newest link carries");
    assert!(links.down(device, 2).is_none(), "one is left");
    assert!(links.send(device, &post()));
    assert!(first_posts.try_recv().is_ok());
    assert!(
        matches!(links.down(device, 1), Some(Input::Offline { device: gone }) if gone == device)
    );
    assert!(links.down(device, 1).is_none());
    assert!(!links.send(device, &post()));
}

#[test]
fn a_newer_link_of_the_same_direction_takes_the_place_of_the_older() {
    let mut links = Links::default();
    let device = keys(2).device_id();
    let (old, mut old_posts) = new_link(1, false, 4);
    let (new, mut new_posts) = new_link(2, false, 4);
    links.up(old);
    assert!(links.up(new).is_none());
    assert!(matches!(old_posts.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
    assert!(links.send(device, &post()));
    assert!(new_posts.try_recv().is_ok());
    assert!(links.down(device, 1).is_none(), "the end of the old one is no news");
    assert!(links.of(device).is_some());
}

#[test]
fn links_end_with_their_connection() {
    let mut links = Links::default();
    let device = keys(2).device_id();
    let (link, mut posts) = new_link(1, true, 4);
    links.up(link);
    links.cut(keys(3).device_id());
    assert!(matches!(posts.try_recv(), Err(mpsc::error::TryRecvError::Empty)));
    links.cut(device);
    assert!(matches!(posts.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
    assert!(links.down(device, 1).is_some(), "its task has told that it ended");

    let (link, mut posts) = new_link(2, false, 4);
    links.up(link);
    links.cut_all();
    assert!(matches!(posts.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
}

#[test]
fn a_peer_that_takes_no_messages_is_cut_off() {
    let mut links = Links::default();
    let device = keys(2).device_id();
    let (link, mut posts) = new_link(1, false, 2);
    links.up(link);
    assert!(links.send(device, &post()) && links.send(device, &post()));
    assert!(!links.send(device, &post()));
    posts.close();
    assert!(posts.try_recv().is_ok() && posts.try_recv().is_ok());
    assert!(matches!(posts.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
}

#[test]
fn an_attempt_that_led_nowhere_is_told_once() {
    let mut links = Links::default();
    let device = keys(2).device_id();
    assert!(links.begin_connecting(device));
    assert!(!links.begin_connecting(device));
    assert!(matches!(links.end_connecting(device), Some(Input::Unreachable { .. })));
    assert!(links.end_connecting(device).is_none());
    assert!(links.begin_connecting(device));
    links.up(new_link(1, false, 1).0);
    assert!(links.end_connecting(device).is_none(), "it called us meanwhile");
}

#[test]
fn networks_are_told_apart_and_local_ones_are_none() {
    let one = network_of("/ip4/203.0.113.5/tcp/4001");
    assert!(one.is_some());
    assert_eq!(one, network_of("/ip4/203.0.113.250/udp/9/quic-v1"));
    assert_ne!(one, network_of("/ip4/203.0.114.5/tcp/4001"));
    let six = network_of("/ip6/2001:db8:1:2::3/tcp/1");
    assert_eq!(six, network_of("/ip6/2001:db8:1:ffff::9/tcp/1"));
    assert_ne!(six, network_of("/ip6/2001:db8:2::3/tcp/1"));
    assert_eq!(one, network_of("/ip6/::ffff:203.0.113.9/tcp/1"), "the same in another dress");
    for local in [
        "/ip4/127.0.0.1/tcp/1",
        "/ip4/192.168.1.2/tcp/1",
        "/ip4/10.0.0.1/tcp/1",
        "/ip4/169.254.0.1/tcp/1",
        "/ip6/::1/tcp/1",
        "/ip6/fe80::1/tcp/1",
        "/ip6/fd00::1/tcp/1",
        "/dns4/example.org/tcp/1",
        "/ip4/no/tcp/1",
        "/",
        "",
    ] {
        assert_eq!(network_of(local), None, "{local}");
    }
    assert!(is_loopback("/ip4/127.0.0.9/tcp/1") && !is_loopback("/ip4/192.168.1.2/tcp/1"));
}

#[test]
fn the_pace_allows_a_burst_and_then_fifty_a_second() {
    let begun = Instant::now();
    let mut pace = Pace::new(begun);
    let mut next = begun;
    for _ in 0..100 {
        next = pace.take(next.max(begun));
    }
    assert!(next <= begun, "a hundred at once");
    for _ in 0..500 {
        next = pace.take(next.max(begun));
    }
    assert_eq!((next - begun).as_secs(), 10);
    // A silence fills the bucket, and not more than that.
    let later = next + Duration::from_secs(3600);
    next = later;
    for _ in 0..150 {
        next = pace.take(next.max(later));
    }
    assert_eq!(next - later, Duration::from_secs(1));
}

#[test]
fn proven_peers_are_remembered_and_nobody_can_push_them_out() {
    let mut addresses = Addresses::default();
    let friend = keys(2).device_id();
    addresses.learn(friend, vec!["/ip4/1.2.3.4/tcp/1".into(), "/ip4/1.2.3.4/tcp/2".into()]);
    addresses.prove(friend);
    for number in 0..3000_u32 {
        let mut made_up = [0; 32];
        made_up[..4].copy_from_slice(&number.to_le_bytes());
        let address = format!("/ip4/9.9.9.9/tcp/{number}");
        addresses.learn(base::DeviceId(made_up), vec![address, "no address".into()]);
    }
    assert_eq!(addresses.of(friend), ["/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/tcp/2"]);
    addresses.learn(friend, vec!["/ip4/1.2.3.4/tcp/2".into()]);
    let expected = ["/ip4/1.2.3.4/tcp/2".to_owned(), "/ip4/1.2.3.4/tcp/1".to_owned()];
    let anchor = Anchor { device: friend, addresses: expected.to_vec() };
    assert_eq!(addresses.anchors().0, [anchor], "the newest address first, no others");
    let bytes = base::encode(&addresses.anchors());
    assert_eq!(base::decode::<addresses::Anchors>(&bytes), Ok(addresses.anchors()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_messages_waits_in_its_stream() {
    let (here, there) = (local(1, NETWORK), local(2, NETWORK));
    let (mut stream, theirs) = duplex(64 * 1024);
    let (happenings, mut told) = mpsc::channel(8);
    let peer = there.asker().device;
    let begin = link::Begin { stream: theirs, peer, path: path(), is_own: false, number: 1 };
    let running = tokio::spawn(link::run(begin, here.clone(), happenings));
    let (_, mut outward) = greet(&mut stream, here.asker().device, &there).await.unwrap();
    let Some(Happening::LinkUp(_link)) = told.recv().await else { panic!("no link") };
    let begun = Instant::now();
    let flood = async {
        for _ in 0..300 {
            let payload = base::encode(&Message::AskStanding { contract: None });
            let id = RequestId([1; 32]);
            let letter = Letter { kind: CONTROL, id, answer_to: None, payload };
            outward.send(&mut stream, letter).await.unwrap();
        }
    };
    let heard = async {
        for _ in 0..300 {
            assert!(matches!(told.recv().await, Some(Happening::Input(Input::Received { .. }))));
        }
    };
    tokio::join!(flood, heard);
    let seconds = begun.elapsed().as_secs_f64();
    assert!((3.9..4.5).contains(&seconds), "300 messages take {seconds} s");
    drop(stream);
    assert!(matches!(told.recv().await, Some(Happening::LinkDown { number: 1, .. })));
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_ends_the_link() {
    let (here, there) = (local(1, NETWORK), local(2, NETWORK));
    let (mut stream, theirs) = duplex(64 * 1024);
    let (happenings, mut told) = mpsc::channel(8);
    let peer = there.asker().device;
    let begin = link::Begin { stream: theirs, peer, path: path(), is_own: false, number: 1 };
    let running = tokio::spawn(link::run(begin, here.clone(), happenings));
    let (_, mut outward) = greet(&mut stream, here.asker().device, &there).await.unwrap();
    let Some(Happening::LinkUp(_link)) = told.recv().await else { panic!("no link") };
    let mut payload = base::encode(&Message::AskStanding { contract: Some(ContractId([1; 32])) });
    payload.push(0);
    let letter = Letter { kind: CONTROL, id: RequestId([1; 32]), answer_to: None, payload };
    outward.send(&mut stream, letter).await.unwrap();
    assert!(matches!(told.recv().await, Some(Happening::LinkDown { .. })));
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_greets_wrongly_never_gets_a_link() {
    let (here, there) = (local(1, NETWORK), local(2, "elsewhere"));
    let (mut stream, theirs) = duplex(64 * 1024);
    let (happenings, mut told) = mpsc::channel(8);
    let peer = there.asker().device;
    let begin = link::Begin { stream: theirs, peer, path: path(), is_own: true, number: 1 };
    let running = tokio::spawn(link::run_own(begin, here.clone(), happenings));
    let greeted = greet(&mut stream, here.asker().device, &there).await;
    let refused = matches!(greeted, Err(crate::border::BorderError::Refused(Refusal::Network)));
    assert!(refused);
    assert!(matches!(told.recv().await, Some(Happening::ConnectEnded { .. })));
    running.await.unwrap();
    assert!(told.recv().await.is_none());
}
