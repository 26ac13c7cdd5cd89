//! The forms a text of the job file can have, each with the function that reads it.

use std::time::Duration;

use jiff::{Timestamp, civil::Date};

use crate::model::id::is_name_char;

/// The longest time of [`Format::ShortDuration`].
pub(super) const SHORT: Duration = Duration::from_mins(10);

/// What a text must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Any text but an empty one.
    Text,
    /// Any text, an empty one too.
    Free,
    /// The name of a job: one line, 100 characters at most.
    Title,
    /// One line, e.g. the name of an import as a template.
    Line,
    /// The name of an account: letters, digits, `.`, `_`, `-`.
    Name,
    /// An id; a number as written counts as text.
    Id,
    /// `500ms`, `30s`, `10m`, `1h`.
    Duration,
    /// The same, of 10 minutes at most.
    ShortDuration,
    /// A share, as in `5%`.
    Percent,
    /// A date or a time.
    Moment,
    /// A path; `${VAR}` and `~/` are replaced.
    Path,
    /// An address; `${VAR}` is replaced.
    Url,
    /// The name of an environment variable.
    Variable,
    /// A JSON pointer.
    Pointer,
}

impl Format {
    /// What the text must be, for messages.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Text | Self::Free => "a text",
            Self::Title => "a text of one line, at most 100 characters",
            Self::Line => "a text of one line",
            Self::Name => "a name of letters, digits, `.`, `_` and `-`, at most 64",
            Self::Id => "an id",
            Self::Duration => "a time like `500ms`, `30s`, `10m` or `1h`",
            Self::ShortDuration => "a time of at most 10 minutes, like `500ms`, `30s` or `10m`",
            Self::Percent => "a share like `5%`",
            Self::Moment => "a date like `2026-01-31` or a time like `2026-01-31T08:00:00Z`",
            Self::Path => "a path",
            Self::Url => "an address like `https://api.integrator.io`",
            Self::Variable => "the name of an environment variable",
            Self::Pointer => "a JSON pointer like `/http/method/0`",
        }
    }

    /// Whether the text has the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Free => true,
            Self::Path => !text.trim().is_empty() && !text.contains(super::quoting::unprintable),
            Self::Line => !text.trim().is_empty() && !text.contains(char::is_control),
            Self::Text | Self::Url | Self::Id => !text.trim().is_empty(),
            Self::Title => {
                !text.trim().is_empty() && text.chars().count() <= 100 && !text.contains(char::is_control)
            }
            Self::Name => (1..=64).contains(&text.len()) && text.chars().all(is_name_char),
            Self::Duration => duration(text).is_some(),
            Self::ShortDuration => duration(text).is_some_and(|time| time <= SHORT),
            Self::Percent => percent(text).is_some(),
            Self::Moment => moment(text).is_some(),
            Self::Variable => super::env::is_variable(text),
            Self::Pointer => text.starts_with('/'),
        }
    }

    /// The form as a regular expression for the JSON Schema; `None` for any text.
    pub(super) fn pattern(self) -> Option<&'static str> {
        Some(match self {
            Self::Free => return None,
            Self::Text | Self::Url | Self::Id => r"\S",
            Self::Path | Self::Line => r"^[^\u0000-\u001f]*[^\u0000-\u001f\s][^\u0000-\u001f]*$",
            Self::Title => r"^[^\u0000-\u001f]{1,100}$",
            Self::Name => "^[A-Za-z0-9._-]{1,64}$",
            Self::Duration | Self::ShortDuration => "^[0-9]{1,9}(ms|s|m|h)$",
            Self::Percent => r"^[0-9]{1,3}(\.[0-9]+)?%$",
            Self::Moment => r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$",
            Self::Variable => "^[A-Za-z_][A-Za-z0-9_]*$",
            Self::Pointer => "^/",
        })
    }
}

/// `500ms`, `30s`, `10m`, `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.len() > 9 {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        "h" => Some(Duration::from_secs(number * 3600)),
        _ => None,
    }
}

/// `5%` as 0.05; above 0 and up to 100 %.
pub(super) fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?;
    if !number.starts_with(|c: char| c.is_ascii_digit())
        || !number.chars().all(|c| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    let share = number.parse::<f64>().ok()? / 100.0;
    (share > 0.0 && share <= 1.0).then_some(share)
}

/// A date, which means its first moment in UTC, or a time with its offset.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if text.len() == 10 {
        let date: Date = text.parse().ok()?;
        let midnight = date.to_datetime(jiff::civil::Time::midnight());
        return jiff::tz::TimeZone::UTC.to_timestamp(midnight).ok();
    }
    // An offset is needed: a time of day without one would be another moment on another machine.
    text.parse().ok()
}
