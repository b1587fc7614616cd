//! A publication is sound and as drawn; written alone is not published.

use automata::{Journal, Line, Live};
use expect_test::{expect, expect_file};

use super::*;

const BRIEF: Publication = Publication::brief();
const HOUR: u64 = base::HOUR_MS;

fn story(journal: &mut Journal) -> String {
    let tell = |line: &Line| {
        assert!(atlas().draws(line), "{line:?}");
        let why = if line.why.is_empty() { String::new() } else { format!(", {}", line.why) };
        format!("{} {} --{}{why}--> {}\n", line.at.0, line.from, line.event, line.to)
    };
    journal.drain().iter().map(tell).collect()
}

fn published(settings: Publication, expires: Tick) -> (Live<Publication>, Journal) {
    let (mut live, mut journal) = (Live::start(settings, "record"), Journal::default());
    assert_eq!(live.feed(Event::Publish { expires }, Tick(0), &mut journal), [Effect::Write]);
    assert_eq!(live.feed(Event::Written, Tick(10), &mut journal), [Effect::ReadBack]);
    assert_eq!(live.feed(Event::SameFound, Tick(20), &mut journal), [Effect::ReportPublished]);
    (live, journal)
}

#[test]
fn is_sound_and_as_drawn() {
    expect_file!["automaton.md"].assert_eq(&atlas().sound().markdown());
}

#[test]
fn is_renewed_before_it_ends() {
    let (mut live, mut journal) = published(BRIEF, Tick(2 * HOUR));
    assert_eq!(live.deadline(), Some(Tick(HOUR)));
    assert_eq!(live.poll(Tick(HOUR), &mut journal), [Effect::Renew]);
    let renewed = Event::Publish { expires: Tick(3 * HOUR) };
    assert_eq!(live.feed(renewed, Tick(HOUR + 5), &mut journal), [Effect::Write]);
    assert_eq!(live.feed(Event::Withdraw, Tick(HOUR + 6), &mut journal), [Effect::Unpublish]);
    expect![[r#"
        0 Idle --Publish--> Writing
        10 Writing --Written--> ReadingBack
        20 ReadingBack --SameFound--> Published
        3600000 Published --Elapsed, it ends soon--> Renewing
        3600005 Renewing --Publish--> Writing
        3600006 Writing --Withdraw--> Withdrawn
    "#]]
    .assert_eq(&story(&mut journal));
}

#[test]
fn a_lasting_record_is_written_again_before_holders_forget_it() {
    let expires = Tick(400 * base::DAY_MS);
    let (mut live, mut journal) = published(Publication::lasting(), expires);
    for _ in 0..443 {
        let now = live.deadline().unwrap();
        assert_eq!(live.poll(now, &mut journal), [Effect::Write]);
        assert_eq!(live.feed(Event::Written, now, &mut journal), [Effect::ReadBack]);
        assert_eq!(live.feed(Event::SameFound, now, &mut journal), [Effect::ReportPublished]);
    }
    let now = live.deadline().unwrap();
    assert_eq!(now, Tick(370 * base::DAY_MS));
    assert_eq!(live.poll(now, &mut journal), [Effect::Renew]);
}

#[test]
fn is_written_until_it_is_read_back() {
    let (mut live, mut journal) = (Live::start(BRIEF, "record"), Journal::default());
    let publish = Event::Publish { expires: Tick(2 * HOUR) };
    let _ = live.feed(publish, Tick(0), &mut journal);
    let mut now = Tick(0);
    let mut waits = vec![];
    for found in [Event::NothingFound, Event::OlderFound, Event::NothingFound] {
        assert_eq!(live.feed(Event::Written, now, &mut journal), [Effect::ReadBack]);
        assert_eq!(live.feed(found, now, &mut journal), []);
        waits.push(live.deadline().unwrap().since(now));
        now = live.deadline().unwrap();
        assert_eq!(live.poll(now, &mut journal), [Effect::Write]);
    }
    assert_eq!(waits, [2_000, 4_000, 8_000]);
    // Neither does silence count.
    assert_eq!(live.poll(now + BRIEF.answer_ms, &mut journal), []);
    assert!(matches!(live.state(), State::Waiting { attempt: 4, .. }));
}

#[test]
fn a_newer_version_of_another_device_is_not_overwritten() {
    let (mut live, mut journal) = (Live::start(BRIEF, "record"), Journal::default());
    let _ = live.feed(Event::Publish { expires: Tick(2 * HOUR) }, Tick(0), &mut journal);
    let _ = live.feed(Event::Written, Tick(10), &mut journal);
    let effects = live.feed(Event::NewerFound, Tick(20), &mut journal);
    assert_eq!(effects, [Effect::ReportSuperseded, Effect::Unpublish]);
    assert_eq!(live.state(), &State::Idle);
}

#[test]
fn a_new_version_starts_anew_in_every_state() {
    for state in [
        State::Writing { attempt: 9, until: Tick(50), expires: Tick(90) },
        State::ReadingBack { attempt: 9, until: Tick(50), expires: Tick(90) },
        State::Waiting { attempt: 9, until: Tick(50), expires: Tick(90) },
        State::Published { until: Tick(50), expires: Tick(90) },
        State::Renewing { until: Tick(90) },
        State::Idle,
    ] {
        let (mut live, mut journal) = (Live::resume(BRIEF, "record", state), Journal::default());
        let publish = Event::Publish { expires: Tick(2 * HOUR) };
        assert_eq!(live.feed(publish, Tick(10), &mut journal), [Effect::Write]);
        assert!(matches!(live.state(), State::Writing { attempt: 1, .. }));
    }
}

#[test]
fn gives_up_when_the_record_has_ended() {
    let (mut live, mut journal) = (Live::start(BRIEF, "record"), Journal::default());
    let _ = live.feed(Event::Publish { expires: Tick(1_000) }, Tick(0), &mut journal);
    let _ = live.feed(Event::WriteFailed, Tick(10), &mut journal);
    let effects = live.poll(live.deadline().unwrap(), &mut journal);
    assert_eq!(effects, [Effect::ReportExpired, Effect::Unpublish]);
}
