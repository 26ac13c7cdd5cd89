//! Times as the service writes them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A time as the service writes it. The usual form is stored in little memory, because there may be very many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stamp {
    /// `2026-01-01T00:00:00.000Z`, in milliseconds.
    Usual(i64),
    /// Any other text, verbatim.
    Other(Box<Box<str>>),
}

impl Stamp {
    pub(crate) fn of(text: &str) -> Self {
        let usual = text.parse().ok().map(|at: Timestamp| at.as_millisecond()).map(Self::Usual);
        usual.filter(|stamp| stamp.text() == text).unwrap_or_else(|| Self::Other(Box::new(text.into())))
    }

    /// The text that the service wrote.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Usual(_) => self.time().map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
            Self::Other(text) => Some(text.to_string()),
        }
        .unwrap_or_default()
    }

    /// The moment that it names, if it is a time.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Usual(millis) => Timestamp::from_millisecond(*millis).ok(),
            Self::Other(text) => text.parse().ok(),
        }
    }

    /// Whether it is precise enough to tell an edit from the version before it. Whole seconds are not.
    pub(crate) fn is_exact(&self) -> bool {
        self.time().is_some_and(|at| at.subsec_nanosecond() != 0)
    }

    /// Whether both name the same moment, in whatever form.
    pub(crate) fn is_moment_of(&self, other: &Self) -> bool {
        self == other || self.time().is_some_and(|at| Some(at) == other.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_the_service_wrote_it() {
        for text in
            ["2026-01-01T00:00:01.000Z", "2026-01-01T00:00:01Z", "2026-01-01T02:00:01.000+02:00", "", "noon"]
        {
            let stamp = Stamp::of(text);
            assert_eq!((stamp.text().as_str(), Stamp::of(text) == stamp), (text, true));
        }
        assert!(matches!(Stamp::of("2026-01-01T00:00:01.123Z"), Stamp::Usual(1_767_225_601_123)));
    }
}
