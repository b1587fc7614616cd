//! Dates that do not go back, and those that must.

use super::*;

#[test]
fn a_small_step_back_is_not_seen() {
    let clock = Clock::new();
    assert_eq!(clock.date(10 * HOUR_MS), Date(10 * HOUR_MS));
    assert_eq!(clock.date(10 * HOUR_MS - 1), Date(10 * HOUR_MS));
    assert_eq!(clock.date(10 * HOUR_MS + 1), Date(10 * HOUR_MS + 1));
}

#[test]
fn a_clock_that_was_far_ahead_is_put_right() {
    let clock = Clock::new();
    clock.date(100 * HOUR_MS);
    assert_eq!(clock.date(98 * HOUR_MS), Date(98 * HOUR_MS));
}

#[test]
fn a_deadline_at_the_end_of_time_can_be_waited_for() {
    let clock = Clock::new();
    assert!(clock.instant(Tick::MAX) > Instant::now());
    assert!(clock.instant(Tick(0)) <= Instant::now());
}
