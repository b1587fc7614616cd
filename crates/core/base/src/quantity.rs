//! Sizes and durations as people write them: `10 GiB`, `72 h`.

use crate::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// Why a text is not a size or a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseQuantityError {
    /// No number at the start.
    #[error("'{0}' does not start with a number")]
    Number(String),
    /// A unit that is not known.
    #[error("'{found}' is not a unit; use {known}")]
    Unit {
        /// What was found.
        found: String,
        /// The units that are known.
        known: &'static str,
    },
    /// Larger than can be counted.
    #[error("'{0}' is too large")]
    TooLarge(String),
}

const BYTE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

const TIME_UNITS: [(&str, u64); 5] =
    [("d", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("ms", 1), ("s", SECOND_MS)];

/// A number of bytes: `4096`, `10 GiB`, `1.5 TB`.
///
/// # Errors
/// Not a number, an unknown unit, or more than `u64` holds.
pub fn parse_bytes(text: &str) -> Result<u64, ParseQuantityError> {
    parse(text, &BYTE_UNITS, "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB", 1)
}

/// A duration in milliseconds: `90 s`, `72 h`, `60 d`; a bare number counts seconds.
///
/// # Errors
/// Not a number, an unknown unit, or more than `u64` holds.
pub fn parse_duration(text: &str) -> Result<u64, ParseQuantityError> {
    parse(text, &TIME_UNITS, "ms, s, min, h or d", SECOND_MS)
}

/// `bytes` with a binary unit and at most one decimal: `1.5 GiB`.
pub fn format_bytes(bytes: u64) -> String {
    for (unit, factor) in &BYTE_UNITS[..4] {
        if bytes >= *factor {
            return with_one_decimal(bytes, *factor, unit);
        }
    }
    format!("{bytes} B")
}

/// `ms` with its largest fitting unit and at most one decimal: `2.5 h`.
pub fn format_duration(ms: u64) -> String {
    for (unit, factor) in [TIME_UNITS[0], TIME_UNITS[1], TIME_UNITS[2], TIME_UNITS[4]] {
        if ms >= factor {
            return with_one_decimal(ms, factor, unit);
        }
    }
    format!("{ms} ms")
}

fn with_one_decimal(amount: u64, factor: u64, unit: &str) -> String {
    let tenths = (u128::from(amount) * 10 + u128::from(factor) / 2) / u128::from(factor);
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

fn parse(
    text: &str,
    units: &[(&str, u64)],
    known: &'static str,
    bare: u64,
) -> Result<u64, ParseQuantityError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let factor = if unit.is_empty() {
        bare
    } else {
        let found = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        found.ok_or_else(|| ParseQuantityError::Unit { found: unit.into(), known })?.1
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let not_a_number = || ParseQuantityError::Number(text.into());
    if whole.is_empty() || fraction.contains('.') || fraction.len() > 9 {
        return Err(not_a_number());
    }
    let too_large = || ParseQuantityError::TooLarge(text.into());
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let mut total = u128::from(whole) * u128::from(factor);
    if !fraction.is_empty() {
        let digits: u64 = fraction.parse().map_err(|_| not_a_number())?;
        total += u128::from(digits) * u128::from(factor) / 10_u128.pow(fraction.len() as u32);
    }
    u64::try_from(total).map_err(|_| too_large())
}
