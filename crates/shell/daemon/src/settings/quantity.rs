//! Sizes and times of the settings file: texts with units, which come back exactly as they are.

use base::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use base::{ParseQuantityError, parse_bytes, parse_duration};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes: `"10 GiB"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A time in milliseconds: `"72 h"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

const BYTE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

const TIME_UNITS: [(&str, u64); 5] =
    [("d", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)];

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        exactly(self.0, &BYTE_UNITS, f)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        exactly(self.0, &TIME_UNITS, f)
    }
}

/// In the largest unit of which it is a whole number.
fn exactly(
    amount: u64,
    units: &[(&str, u64)],
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    let divides = |unit: &&(&str, u64)| amount > 0 && amount.is_multiple_of(unit.1);
    let smallest = units.last().expect("there are units");
    let (unit, factor) = units.iter().find(divides).unwrap_or(smallest);
    write!(f, "{} {unit}", amount / factor)
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity(deserializer, parse_bytes).map(Self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity(deserializer, parse_duration).map(Self)
    }
}

fn quantity<'de, D: Deserializer<'de>>(
    deserializer: D,
    parse: fn(&str) -> Result<u64, ParseQuantityError>,
) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let has_unit = text.trim().ends_with(|last: char| last.is_ascii_alphabetic());
    if !has_unit && text.trim() != "0" {
        return Err(de::Error::custom(format!("'{text}' has no unit")));
    }
    parse(&text).map_err(de::Error::custom)
}
