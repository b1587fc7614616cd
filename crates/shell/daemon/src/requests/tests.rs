//! What the user is told.

use base::{DAY_MS, DeviceId};
use node::input::Failure;
use node::output::Safety;
use storage::wire::Refusal;

use super::errors::failure_view;
use super::views::safety_text;
use super::*;

fn failures() -> Vec<Failure> {
    let device = DeviceId([1; 32]);
    vec![
        Failure::TooFewSuppliers {
            have: 3,
            need: 4,
            missing: vec![(device, Some(20_000 * DAY_MS))],
        },
        Failure::HeldUp { device, reason: Some(Refusal::DiskFull) },
        Failure::OwnDisk { what: "no space left".into() },
        Failure::DriveNotReady,
        Failure::Busy,
        Failure::ServiceOff { service: "backup" },
        Failure::NoVersion { number: None },
        Failure::Unknown { what: "the supplier x".into() },
        Failure::Cancelled,
        Failure::Damaged { what: "a block".into() },
        Failure::Outside { what: "no thread can be started".into() },
        Failure::Setting { what: "7 suppliers with vault".into() },
    ]
}

#[test]
fn each_failure_has_its_code_and_says_what_to_do() {
    let views: Vec<ErrorView> = failures().iter().map(failure_view).collect();
    let mut codes: Vec<&str> = views.iter().map(|view| view.code.as_str()).collect();
    let mut all = FAILURE_CODES.to_vec();
    codes.sort_unstable();
    all.sort_unstable();
    assert_eq!(codes, all);
    for view in views {
        for text in [&view.happened, &view.meaning, &view.advice] {
            assert!(text.ends_with('.') && !text.ends_with(".."), "{text}");
            assert!(
                text.starts_with(char::is_uppercase)
                    || text.starts_with(|c: char| c.is_ascii_digit())
            );
        }
    }
}

#[test]
fn missing_suppliers_are_named_with_the_day() {
    let view = failure_view(&failures()[0]);
    let happened = "3 suppliers are there, 4 are needed. Missing: bddev1qyqszqgpqyqs… (since \
                    2024-10-04T00:00:00Z).";
    assert_eq!(view.happened, happened);
    let none = Failure::TooFewSuppliers { have: 0, need: 7, missing: vec![] };
    assert_eq!(failure_view(&none).happened, "0 suppliers are there, 7 are needed.");
}

#[test]
fn a_refusal_is_told_in_the_suppliers_words() {
    let view = failure_view(&failures()[1]);
    assert_eq!(view.happened, "The supplier bddev1qyqszqgpqyqs…: its disk is full.");
}

#[test]
fn causes_are_told_in_one_sentence() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot start")]
    struct Outer(#[source] std::io::Error);
    let error = Outer(std::io::Error::other("port taken"));
    assert_eq!(sentence(&error), "Cannot start: port taken.");
    let error = std::io::Error::other("storage.suppliers: too many");
    assert_eq!(sentence(&error), "storage.suppliers: too many.");
}

#[test]
fn safety_is_told_in_the_words_of_the_documents() {
    let told = [
        (Safety::Empty, "empty"),
        (Safety::Lost, "lost"),
        (Safety::AtRisk, "at risk"),
        (Safety::Kept, "kept"),
        (Safety::Safe { may_lose: 3 }, "safe, may lose 3"),
    ];
    for (safety, text) in told {
        assert_eq!(safety_text(safety), text);
    }
}
