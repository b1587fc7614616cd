//! Names that come as texts.

use std::str::FromStr;

use base::{DeviceId, IdentityId, JobId};

use super::error;
use crate::handle::Answer;

const NOTHING: &str = "Nothing was changed.";

/// A supplier's device.
pub(super) fn supplier(text: &str) -> Answer<DeviceId> {
    named(text, "no-such-supplier", "See `bitdust supplier list`.")
}

/// A customer's identity.
pub(super) fn customer(text: &str) -> Answer<IdentityId> {
    named(text, "no-such-customer", "See `bitdust customer list`.")
}

/// A job.
pub(super) fn job(text: &str) -> Answer<JobId> {
    named(text, "no-such-job", "See `bitdust job list`.")
}

fn named<T: FromStr<Err: std::fmt::Display>>(text: &str, code: &str, advice: &str) -> Answer<T> {
    let wrong = |cause: T::Err| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
        error(code, format!("'{shown}' is not a name: {cause}."), NOTHING, advice)
    };
    text.parse().map_err(wrong)
}
