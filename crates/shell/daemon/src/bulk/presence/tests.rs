//! Who is silent, in a time that passes at once.

use tokio::time::advance;

use super::*;

#[tokio::test(start_paused = true)]
async fn whoever_is_asked_and_says_nothing_is_silent_until_heard() {
    let presence = Presence::new();
    advance(SILENT_AFTER * 10).await;
    assert!(!presence.falls_silent(), "nobody asked");
    let _asked = presence.ask();
    assert!(!presence.falls_silent(), "the time begins with the question");
    advance(SILENT_AFTER).await;
    assert!(presence.falls_silent());
    assert!(!presence.falls_silent(), "told once");
    assert!(!presence.is_back());
    presence.hear();
    assert!(presence.is_back());
    assert!(!presence.is_back(), "told once");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_is_not_silent() {
    let presence = Presence::new();
    let _asked = presence.ask();
    for _ in 0..100 {
        advance(SILENT_AFTER / 2).await;
        assert!(!presence.falls_silent());
        presence.hear();
    }
    advance(presence.due() - Instant::now()).await;
    assert!(presence.falls_silent());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_asked_any_more_gets_another_chance() {
    let presence = Presence::new();
    let (one, other) = (presence.ask(), presence.ask());
    advance(SILENT_AFTER).await;
    assert!(presence.falls_silent());
    drop(one);
    assert!(!presence.is_back());
    drop(other);
    assert!(presence.is_back());
}
