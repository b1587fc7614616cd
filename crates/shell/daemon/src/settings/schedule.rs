//! Backups that begin by themselves: what, and when next.

use base::{DAY_MS, Date, HOUR_MS, MINUTE_MS};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Span;

/// One backup that begins by itself: `every` or `at`, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// So long after the one before was begun, at least a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Each day at this moment, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Absolute paths.
    pub paths: Vec<String>,
    /// Patterns in gitignore syntax, beside those of all backups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<String>,
    /// Leave out what `.gitignore` files say.
    pub gitignore: bool,
    /// Leave out directories marked by CACHEDIR.TAG.
    pub skip_caches: bool,
    /// Stay on the file system of each path.
    pub one_file_system: bool,
}

/// A moment of each day, UTC: `"03:30"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

impl Schedule {
    /// When it is due, if it was begun last at `last`, and `since` is when it was first seen. A time
    /// that passed while nothing ran is made up for once.
    pub fn due(&self, last: Option<Date>, since: Date) -> Date {
        match (self.every, self.at) {
            (Some(every), _) => last.map_or(since, |last| last.plus_ms(every.0)),
            (None, Some(at)) => at.after(last.unwrap_or(since)),
            (None, None) => Date(u64::MAX),
        }
    }
}

impl Moment {
    /// The first one after `date`.
    fn after(self, date: Date) -> Date {
        let of_day = u64::from(self.hour) * HOUR_MS + u64::from(self.minute) * MINUTE_MS;
        let today = Date(date.0 - date.0 % DAY_MS + of_day);
        if today > date { today } else { today.plus_ms(DAY_MS) }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| de::Error::custom(format!("'{text}' is not HH:MM")))
    }
}

fn parse(text: &str) -> Option<Moment> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str, below: u8| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_plain && *number < below)
    };
    Some(Moment { hour: number(hour, 24)?, minute: number(minute, 60)? })
}
