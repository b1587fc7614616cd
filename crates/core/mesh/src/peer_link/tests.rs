//! The link is sound and as drawn, and its patience grows.

use automata::{Journal, Line, Live};
use expect_test::{expect, expect_file};

use super::*;

const LINK: PeerLink = PeerLink::new(0);

fn story(journal: &mut Journal) -> String {
    let tell = |line: &Line| {
        assert!(atlas().draws(line), "{line:?}");
        let why = if line.why.is_empty() { String::new() } else { format!(", {}", line.why) };
        format!("{} {} --{}{why}--> {}\n", line.at.0, line.from, line.event, line.to)
    };
    journal.drain().iter().map(tell).collect()
}

#[test]
fn is_sound_and_as_drawn() {
    expect_file!["automaton.md"].assert_eq(&atlas().sound().markdown());
}

#[test]
fn comes_online_and_comes_back() {
    use Event::*;
    let (mut link, mut journal) = (Live::start(LINK, "peer"), Journal::default());
    assert_eq!(link.poll(Tick(0), &mut journal), [Effect::Dial]);
    assert_eq!(link.feed(Connected, Tick(100), &mut journal), [Effect::Greet]);
    assert_eq!(link.feed(Greeted, Tick(200), &mut journal), [Effect::ReportOnline]);
    assert_eq!(link.deadline(), None);
    assert_eq!(link.feed(Lost, Tick(100_000), &mut journal), [Effect::ReportOffline]);
    assert_eq!(link.poll(Tick(101_000), &mut journal), [Effect::Dial]);
    assert_eq!(link.feed(Unwant, Tick(101_500), &mut journal), [Effect::Close]);
    assert!(link.is_done());
    expect![[r#"
        0 Away --Elapsed--> Dialing
        100 Dialing --Connected--> Greeting
        200 Greeting --Greeted--> Online
        100000 Online --Lost--> Away
        101000 Away --Elapsed--> Dialing
        101500 Dialing --Unwant--> Unwanted
    "#]]
    .assert_eq(&story(&mut journal));
}

#[test]
fn patience_grows_to_its_limit() {
    let (mut link, mut journal) = (Live::start(LINK, "peer"), Journal::default());
    let mut waits = vec![];
    for _ in 0..14 {
        let now = link.deadline().unwrap();
        assert_eq!(link.poll(now, &mut journal), [Effect::Dial]);
        assert_eq!(link.feed(Event::DialFailed, now, &mut journal), [Effect::FindAddress]);
        waits.push(link.deadline().unwrap().since(now) / 1_000);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]);
}

#[test]
fn a_link_that_breaks_at_once_again_and_again_is_tried_less_often() {
    let (mut link, mut journal) = (Live::start(LINK, "peer"), Journal::default());
    let mut waits = vec![];
    for _ in 0..4 {
        let now = link.deadline().unwrap();
        let _ = link.poll(now, &mut journal);
        for event in [Event::Connected, Event::Greeted, Event::Lost] {
            let _ = link.feed(event, now, &mut journal);
        }
        waits.push(link.deadline().unwrap().since(now));
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000]);
}

#[test]
fn a_new_address_is_tried_soon_but_not_at_any_rate() {
    let failures = 9;
    let away = LINK.away(failures, Tick(0));
    let mut journal = Journal::default();
    let mut link = Live::resume(LINK, "peer", away);
    assert_eq!(link.feed(Event::AddressFound, Tick(10), &mut journal), []);
    assert_eq!(link.deadline(), Some(Tick(1_000)));
    assert_eq!(link.feed(Event::AddressFound, Tick(1_500), &mut journal), [Effect::Dial]);
}

#[test]
fn who_dials_in_is_greeted() {
    let mut journal = Journal::default();
    let mut link = Live::resume(LINK, "peer", LINK.away(9, Tick(0)));
    assert_eq!(link.feed(Event::Connected, Tick(10), &mut journal), [Effect::Greet]);
}

#[test]
fn a_peer_that_refuses_the_greeting_is_tried_seldom() {
    let mut journal = Journal::default();
    let until = Tick(50);
    let mut link = Live::resume(LINK, "peer", State::Greeting { failures: 0, until });
    assert_eq!(link.feed(Event::GreetingRefused, Tick(10), &mut journal), [Effect::Close]);
    assert_eq!(link.deadline(), Some(Tick(10 + LINK.wait_ms_max)));
}

#[test]
fn each_link_waits_a_little_differently() {
    let wait = |spread| match PeerLink::new(spread).away(1, Tick(0)) {
        State::Away { until, .. } => until,
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(7).since(wait(0)), 7);
}
