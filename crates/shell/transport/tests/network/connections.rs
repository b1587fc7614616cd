//! Finding, connecting, leaving and coming back.

use std::time::Duration;

use transport::{ConnectError, Event, Medium, OpenError, QueryError, SwitchError};

use crate::nodes::{
    Media, connect, converse, echo, join, limits, network, run, settings, until, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_nodes_find_each_other_through_one() {
    let nodes = network(20, Media::Both).await;
    for (n, node) in nodes.iter().enumerate() {
        let other = &nodes[(n + 7) % nodes.len()].handle;
        let found = within("a search", node.handle.find_peer(other.myself())).await.unwrap();
        let truth = other.listening().await;
        assert!(found.iter().any(|address| truth.contains(address)), "{found:?} of {truth:?}");
        within("a connection", node.handle.connect(other.myself(), found)).await.unwrap();
    }
    let known = nodes[3].handle.table().await;
    assert!(known.len() >= 10, "{} peers in the table", known.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_is_a_valid_start() {
    let first = run(settings(0, Media::Tcp)).await;
    let second = join(1, Media::Tcp, &first).await;
    let third = join(2, Media::Tcp, &second).await;
    let fourth = join(3, Media::Tcp, &third).await;
    let found = within("a search", fourth.handle.find_peer(first.handle.myself())).await.unwrap();
    assert_eq!(found, first.handle.listening().await);
}

#[tokio::test]
async fn without_anybody_to_start_from_it_says_so() {
    let node = run(settings(0, Media::Both)).await;
    assert_eq!(node.handle.bootstrap().await, Err(QueryError::NoPeers));
    let found = within("a search", node.handle.get_record(b"key".to_vec())).await;
    assert_eq!(found, Err(QueryError::NoPeers));
}

#[tokio::test]
async fn an_address_alone_tells_who_answers_there() {
    let (mut one, two) = (run(settings(0, Media::Both)).await, run(settings(1, Media::Both)).await);
    let address = two.handle.listening().await.remove(0);
    let found = within("a dial", one.handle.dial_address(&address)).await.unwrap();
    assert_eq!(found, two.handle.myself());
    let told = until(&mut one, "the peer", |event| match event {
        Event::PeerConnected { peer, path } => Some((peer, path.dialled, path.direct)),
        _ => None,
    });
    assert_eq!(told.await, (found, true, true));
    assert_eq!(one.handle.peers().await[0].paths[0].address, address);
    within("again", one.handle.connect(found, vec![])).await.unwrap();
}

#[tokio::test]
async fn wrong_targets_are_named() {
    let (one, two) = (run(settings(0, Media::Tcp)).await, run(settings(1, Media::Tcp)).await);
    let peer = two.handle.myself();
    let of_two = two.handle.listening().await;
    let connect = |peer, addresses| within("a connection", one.handle.connect(peer, addresses));
    assert_eq!(connect(peer, vec![]).await, Err(ConnectError::NoAddresses));
    assert_eq!(connect(one.handle.myself(), of_two.clone()).await, Err(ConnectError::Myself));
    let bad = connect(peer, vec!["not an address".into()]).await;
    assert!(matches!(bad, Err(ConnectError::Address(bad)) if bad.address == "not an address"));
    let nobody = connect(peer, vec!["/ip4/127.0.0.1/tcp/1".into()]).await;
    assert_eq!(nobody, Err(ConnectError::Unreachable { tried: 1 }));
    let third = run(settings(2, Media::Tcp)).await.handle.myself();
    let other = connect(third, of_two).await;
    assert!(matches!(
        other,
        Err(ConnectError::OtherPeer { .. } | ConnectError::Unreachable { .. })
    ));
    let not_connected = one.handle.open_control(peer).await;
    assert_eq!(not_connected.unwrap_err(), OpenError::NotConnected);
}

#[tokio::test]
async fn a_node_of_another_network_is_sent_away() {
    let mut here = run(settings(0, Media::Both)).await;
    let mut foreign = settings(1, Media::Both);
    foreign.network = "other".into();
    foreign.bootstrap = here.handle.invitations().await;
    let there = run(foreign).await;
    let addresses = here.handle.listening().await;
    let peer = here.handle.myself();
    let refused = within("a refusal", there.handle.connect(peer, addresses)).await;
    assert!(matches!(refused, Err(ConnectError::OtherNetwork | ConnectError::Lost)), "{refused:?}");
    assert_eq!(there.handle.table().await, []);

    // A friend who comes afterwards is the first that is told of and the only one known.
    let friend = join(2, Media::Both, &here).await;
    let first = until(&mut here, "the friend", |event| match event {
        Event::PeerConnected { peer, .. } => Some(peer),
        _ => None,
    });
    assert_eq!(first.await, friend.handle.myself());
    let known: Vec<_> = here.handle.table().await.into_iter().map(|known| known.peer).collect();
    assert_eq!(known, [friend.handle.myself()]);
    assert!(here.handle.counters().other_network + there.handle.counters().other_network > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_leaves_and_comes_back_is_told_and_usable() {
    for media in [Media::Tcp, Media::Quic] {
        let mut here = run(settings(0, media)).await;
        let there = run(settings(1, media)).await;
        let peer = connect(&here, &there).await;
        within("a stop", there.handle.stop()).await;
        let gone = until(&mut here, "the end", |event| match event {
            Event::PeerDisconnected { peer } => Some(peer),
            _ => None,
        });
        assert_eq!(gone.await, peer);
        assert_eq!(here.handle.open_bulk(peer).await.unwrap_err(), OpenError::NotConnected);
        let again = run(settings(1, media)).await;
        connect(&here, &again).await;
        let again = echo(again);
        assert_eq!(again.myself(), peer);
        let stream = within("a stream", here.handle.open_bulk(peer)).await.unwrap();
        within("an echo", converse(stream, b"still here")).await;
    }
}

#[test]
fn a_peer_that_dies_without_a_word_is_reached_again_at_once() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (living, dying) = (runtime(), runtime());
    let here = living.block_on(run(settings(0, Media::Quic)));
    let there = dying.block_on(run(settings(1, Media::Quic)));
    let peer = living.block_on(connect(&here, &there));
    dying.shutdown_background();
    living.block_on(async {
        let again = run(settings(1, Media::Quic)).await;
        connect(&again, &here).await;
        echo(again);
        let stream = within("a stream", here.handle.open_control(peer)).await.unwrap();
        within("an echo", converse(stream, b"risen")).await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_may_dial_at_once() {
    let (one, two) = (run(settings(0, Media::Both)).await, run(settings(1, Media::Both)).await);
    let (to_two, to_one) = tokio::join!(connect(&one, &two), connect(&two, &one));
    let (one, two) = (echo(one), echo(two));
    for (handle, peer) in [(&one, to_two), (&two, to_one)] {
        let stream = within("a stream", handle.open_control(peer)).await.unwrap();
        within("an echo", converse(stream, b"hello")).await;
        assert!(handle.peers().await[0].paths.len() <= 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp_and_quic_are_switched_by_themselves() {
    let (mut one, two) = (run(settings(0, Media::Both)).await, run(settings(1, Media::Both)).await);
    let peer = connect(&one, &two).await;
    for (off, on) in [(Medium::Tcp, Medium::Quic), (Medium::Quic, Medium::Tcp)] {
        one.handle.set_medium(on, true).await.unwrap();
        one.handle.set_medium(off, false).await.unwrap();
        // It may have been the only path.
        loop {
            connect(&one, &two).await;
            let connected = one.handle.peers().await;
            let is_off = |path: &transport::Path| path.medium == off;
            if connected.iter().all(|peer| !peer.paths.iter().any(is_off)) {
                break;
            }
        }
        let paths: Vec<_> = one.handle.peers().await.into_iter().flat_map(|p| p.paths).collect();
        assert!(paths.iter().all(|path| path.medium == on), "{paths:?}");
        let word = if on == Medium::Tcp { "tcp" } else { "udp" };
        until(&mut one, "an address", |event| match event {
            Event::ListeningEnded { .. } => Some(()),
            _ => None,
        })
        .await;
        assert!(one.handle.listening().await.iter().all(|address| address.contains(word)));
    }
    one.handle.set_medium(Medium::Tcp, false).await.unwrap();
    let gone = within("the end", async {
        loop {
            let addresses = two.handle.listening().await;
            match one.handle.connect(peer, addresses).await {
                Ok(()) => {}
                Err(error) => return error,
            }
        }
    });
    assert!(matches!(gone.await, ConnectError::Unreachable { .. } | ConnectError::Lost));
}

#[tokio::test]
async fn the_search_on_the_local_network_is_switched_on_and_off() {
    let node = run(settings(0, Media::Both)).await;
    for _ in 0..2 {
        match node.handle.set_mdns(true).await {
            Ok(()) | Err(SwitchError::LocalNetwork(_)) => {}
            Err(other) => panic!("{other}"),
        }
        node.handle.set_mdns(false).await.unwrap();
    }
    let other = run(settings(1, Media::Both)).await;
    connect(&node, &other).await;
}

#[tokio::test]
async fn an_idle_connection_ends_and_one_with_a_stream_does_not() {
    let brief = |number| {
        let mut settings = settings(number, Media::Tcp);
        settings.limits = limits(|limits| limits.idle_wait = Duration::from_millis(200));
        settings
    };
    let mut here = run(brief(0)).await;
    let (idle, busy) = (run(brief(1)).await, run(brief(2)).await);
    let busy_peer = connect(&here, &busy).await;
    let held = within("a stream", here.handle.open_control(busy_peer)).await.unwrap();
    let idle_peer = connect(&here, &idle).await;
    let gone = until(&mut here, "the end", |event| match event {
        Event::PeerDisconnected { peer } => Some(peer),
        _ => None,
    });
    assert_eq!(gone.await, idle_peer);
    echo(busy);
    within("an echo", converse(held, b"still here")).await;
}

#[tokio::test]
async fn a_full_node_refuses_and_says_how_often() {
    let mut full = settings(0, Media::Tcp);
    full.limits = limits(|limits| limits.connections_max = 4);
    let full = run(full).await;
    let mut let_in = Vec::new();
    for number in 1..=3 {
        let node = run(settings(number, Media::Tcp)).await;
        connect(&node, &full).await;
        let_in.push(node);
    }
    let late = run(settings(9, Media::Tcp)).await;
    let addresses = full.handle.listening().await;
    let refused = late.handle.connect(full.handle.myself(), addresses);
    let refused = within("a refusal", refused).await;
    assert!(matches!(refused, Err(ConnectError::Lost | ConnectError::Unreachable { .. })));
    assert!(full.handle.counters().connections_refused > 0);
    assert_eq!(full.handle.peers().await.len(), 3);
}

/// A network that begins at one node is larger than what that node can be connected to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_start_lets_newcomers_in_and_strands_nobody() {
    let small = |number| {
        let mut settings = settings(number, Media::Tcp);
        settings.limits = limits(|limits| {
            (limits.connections_max, limits.settle_wait) = (8, Duration::from_millis(500));
            limits.bootstrap_pause = Duration::from_millis(500);
        });
        settings
    };
    let first = run(small(0)).await;
    let mut others = Vec::new();
    for number in 1..=20 {
        let mut settings = small(number);
        settings.bootstrap = first.handle.invitations().await;
        others.push(run(settings).await);
    }
    for node in &mut others {
        while node.handle.table().await.len() < 8 {
            until(node, "another peer", |event| {
                matches!(event, Event::Discovered { .. }).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_carries_a_stream_makes_no_room() {
    let mut crowded = settings(0, Media::Tcp);
    crowded.limits = limits(|limits| {
        (limits.connections_max, limits.settle_wait) = (8, Duration::from_millis(10));
    });
    let mut crowded = run(crowded).await;
    let (mut nodes, mut held) = (Vec::new(), Vec::new());
    for number in 1..=6 {
        let node = run(settings(number, Media::Tcp)).await;
        let peer = connect(&crowded, &node).await;
        if number > 2 {
            held.push(within("a stream", crowded.handle.open_control(peer)).await.unwrap());
        }
        nodes.push(node);
    }
    let mut idle: Vec<_> = nodes[..2].iter().map(|node| node.handle.myself()).collect();
    while !idle.is_empty() {
        let gone = until(&mut crowded, "the end", |event| match event {
            Event::PeerDisconnected { peer } => Some(peer),
            _ => None,
        });
        let gone = gone.await;
        assert!(idle.contains(&gone), "a connection with a stream has ended");
        idle.retain(|peer| *peer != gone);
    }
    assert_eq!(crowded.handle.peers().await.len(), 4);
}

#[tokio::test]
async fn a_node_whose_start_is_not_there_yet_tries_again() {
    let first = run(settings(0, Media::Tcp)).await;
    let (address, invitation) = (first.handle.listening().await, first.handle.invitations().await);
    within("a stop", first.handle.stop()).await;
    let mut early = settings(1, Media::Tcp);
    early.bootstrap = invitation;
    early.limits = limits(|limits| limits.bootstrap_pause = Duration::from_millis(100));
    let mut early = run(early).await;
    let mut again = settings(0, Media::Tcp);
    again.listen = address;
    let again = run(again).await;
    let met = until(&mut early, "the first peer", |event| match event {
        Event::PeerConnected { peer, .. } => Some(peer),
        _ => None,
    });
    assert_eq!(met.await, again.handle.myself());
}

/// Somebody else may dial a node before it has reached its own start, which was full or away.
#[tokio::test]
async fn who_knows_one_peer_only_goes_on_looking_for_its_start() {
    let first = run(settings(0, Media::Tcp)).await;
    let (address, invitation) = (first.handle.listening().await, first.handle.invitations().await);
    within("a stop", first.handle.stop()).await;
    let mut early = settings(1, Media::Tcp);
    early.bootstrap = invitation;
    early.limits = limits(|limits| limits.bootstrap_pause = Duration::from_millis(100));
    let mut early = run(early).await;
    let small = run(settings(2, Media::Tcp)).await;
    connect(&small, &early).await;
    let mut again = settings(0, Media::Tcp);
    again.listen = address;
    let again = run(again).await.handle;
    until(&mut early, "the start", |event| match event {
        Event::PeerConnected { peer, .. } => (peer == again.myself()).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn who_stops_to_serve_the_dht_leaves_the_tables() {
    let mut first = run(settings(0, Media::Tcp)).await;
    let second = join(1, Media::Tcp, &first).await;
    for serves in [true, false, true] {
        second.handle.set_dht_server(serves).await;
        while first.handle.table().await.is_empty() == serves {
            until(&mut first, "news of the peer", |event| {
                matches!(event, Event::Discovered { .. }).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn after_the_end_everything_says_so() {
    let mut node = run(settings(0, Media::Both)).await;
    within("a stop", node.handle.stop()).await;
    assert_eq!(node.handle.bootstrap().await, Err(QueryError::Stopped));
    assert_eq!(node.handle.open_control([1; 32]).await.unwrap_err(), OpenError::Stopped);
    within("the last event", async { while node.events.next().await.is_some() {} }).await;
}

#[tokio::test]
async fn bad_settings_are_named() {
    let mut nameless = settings(0, Media::Both);
    nameless.network = "two words".into();
    let error = transport::start(nameless).await.unwrap_err();
    assert!(matches!(error, transport::StartError::Network(name) if name == "two words"));
    let mut nowhere = settings(0, Media::Both);
    nowhere.listen = vec!["/ip4/127.0.0.1/sctp/7".into()];
    let error = transport::start(nowhere).await.unwrap_err();
    assert!(matches!(error, transport::StartError::Address(_)));
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut late = settings(0, Media::Quic);
    late.listen = vec![format!("/ip4/127.0.0.1/udp/{port}/quic-v1")];
    let error = transport::start(late).await.unwrap_err();
    assert!(matches!(error, transport::StartError::Listen { .. }), "{error:?}");
}
