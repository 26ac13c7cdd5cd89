//! Decides whether anybody has changed what a run left in the target. Pure.

use serde::{Deserialize, Serialize};

use crate::model::Fingerprint;
use crate::model::stamp::Stamp;
use crate::planner::undo::touched::Left;

/// The current state in the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TargetState {
    pub print: Fingerprint,
    /// The import's `lastModified`, as the service shows it.
    pub modified: Option<Stamp>,
    /// The import's `createdAt`, as the service shows it, beside that.
    pub created: Created,
}

/// When an import was made, as its own document says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Created {
    /// It does not say.
    Unknown,
    /// When it was last changed, by the same words.
    AsModified,
    /// When it was last changed, by other words.
    AtThatTime,
    /// At another time.
    Otherwise,
}

impl Created {
    pub(crate) fn of(created: Option<&str>, modified: Option<&Stamp>) -> Self {
        let Some(created) = created.map(Stamp::of) else { return Self::Unknown };
        match modified {
            Some(modified) if created == *modified => Self::AsModified,
            Some(modified) if created.is_moment_of(modified) => Self::AtThatTime,
            _ => Self::Otherwise,
        }
    }
}

impl Left {
    /// Whether something else was read back than the write was answered with, and the times do not tell whether the service made
    /// that of it or somebody else changed it: they are whole seconds, or there are none.
    pub(crate) fn is_overtaken_by(&self, now: &TargetState) -> bool {
        let is_exact = self.was_answered && now.modified.as_ref().is_some_and(Stamp::is_exact);
        self.answer.is_some_and(|answer| answer != now.print) && !is_exact
    }
}

/// The result of comparing what was left with what is there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It is as the run left it.
    Untouched,
    /// Somebody changed it since.
    Edited,
    /// It shows an earlier time than the run saw: this read is behind the write.
    Behind,
    /// The run never saw it, and it was modified since it was made.
    NeverSeen,
    /// The run first saw it when it read it back, and it was not as wanted: somebody may have changed it before that.
    SeenUnlike,
}

/// Judges by `lastModified` and fingerprint as last recorded; where the run never saw it, by whether it was ever modified.
pub(crate) fn judge(left: &Left, now: &TargetState) -> Touch {
    match (left.known.as_ref(), now.modified.as_ref()) {
        (Some(known), Some(modified)) => match (known.time(), modified.time()) {
            (Some(then), Some(at)) if at < then => return Touch::Behind,
            (Some(then), Some(at)) if at > then => return Touch::Edited,
            (None, _) | (_, None) if known != modified => return Touch::Edited,
            _ => {}
        },
        // An answer without a time shows what it holds.
        (None, Some(_)) if left.answer == Some(now.print) => {}
        (None, Some(_)) => match now.created {
            Created::AsModified | Created::AtThatTime if left.is_overwritten => return Touch::Behind,
            Created::AsModified | Created::AtThatTime => {}
            Created::Unknown | Created::Otherwise => return Touch::NeverSeen,
        },
        // A kind of document without times is known by what it holds.
        (_, None) if left.print.is_none() => return Touch::NeverSeen,
        (_, None) => {}
    }
    if left.print.is_some_and(|print| print != now.print) {
        return Touch::Edited;
    }
    // It was found some time after it was made: an edit may have come before that.
    if left.is_made_unseen && now.created == Created::Otherwise {
        return Touch::NeverSeen;
    }
    // It was first seen at the read-back, and was not what was wanted: an edit may have come before that.
    let is_modified = matches!(now.created, Created::AtThatTime | Created::Otherwise);
    if !left.was_answered && left.differs && is_modified {
        return Touch::SeenUnlike;
    }
    Touch::Untouched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(print: Option<&str>, answered: Option<&str>, seen: Option<&str>, differs: bool) -> Left {
        Left { differs, ..Left::of(print.map(|text| Fingerprint::of(text.as_bytes())), answered, seen) }
    }

    fn now(print: &str, created: Option<&str>, modified: Option<&str>) -> TargetState {
        let modified = modified.map(Stamp::of);
        let created = Created::of(created, modified.as_ref());
        TargetState { print: Fingerprint::of(print.as_bytes()), modified, created }
    }

    #[test]
    fn only_what_is_as_the_run_left_it_is_untouched() {
        const T0: Option<&str> = Some("2026-01-01T00:00:00.000Z");
        const T1: Option<&str> = Some("2026-01-01T00:00:01.000Z");
        const T1_ELSEWHERE: Option<&str> = Some("2026-01-01T02:00:01+02:00");
        const T2: Option<&str> = Some("2026-01-01T00:00:02.000Z");
        let a = Some("a");
        let unseen = |left| Left { is_made_unseen: true, ..left };
        let table = [
            ("as answered", left(a, T1, T1, false), now("a", T0, T1), Touch::Untouched),
            ("in another time zone", left(a, T1, None, false), now("a", T0, T1_ELSEWHERE), Touch::Untouched),
            ("changed in what is ignored", left(a, T1, T1, false), now("a", T0, T2), Touch::Edited),
            ("changed before the read-back", left(a, T1, T2, false), now("a", T0, T2), Touch::Edited),
            ("changed within one tick", left(a, T1, T1, false), now("b", T0, T1), Touch::Edited),
            ("a read that is behind", left(a, T2, T2, false), now("b", T0, T1), Touch::Behind),
            ("never seen, never modified", left(None, None, None, false), now("a", T1, T1), Touch::Untouched),
            ("never seen, modified", left(None, None, None, false), now("a", T0, T1), Touch::NeverSeen),
            (
                "answered without a time",
                Left { answer: left(a, None, None, false).print, ..left(a, None, None, false) },
                now("a", T0, T1),
                Touch::Untouched,
            ),
            (
                "answered without a time, and edited",
                Left { answer: left(a, None, None, false).print, ..left(a, None, None, false) },
                now("b", T0, T1),
                Touch::NeverSeen,
            ),
            (
                "overwritten, never seen, never modified: a read that is behind",
                Left { is_overwritten: true, ..left(None, None, None, false) },
                now("a", T1, T1),
                Touch::Behind,
            ),
            ("first seen at the read-back", left(a, None, T1, false), now("a", T0, T1), Touch::Untouched),
            ("first seen, and edited since", left(a, None, T1, false), now("a", T0, T2), Touch::Edited),
            ("first seen different", left(a, None, T1, true), now("a", T0, T1), Touch::SeenUnlike),
            (
                "first seen different, never modified",
                left(a, None, T1, true),
                now("a", T1, T1),
                Touch::Untouched,
            ),
            ("found, never modified", unseen(left(a, T1, None, false)), now("a", T1, T1), Touch::Untouched),
            (
                "found, and modified before",
                unseen(left(a, T1, None, false)),
                now("a", T0, T1),
                Touch::NeverSeen,
            ),
            ("found, nobody knows", unseen(left(a, T1, None, false)), now("a", None, T1), Touch::Untouched),
            ("without times", left(a, None, None, false), now("a", None, None), Touch::Untouched),
            ("without times, edited", left(a, None, None, false), now("b", None, None), Touch::Edited),
            ("without anything", left(None, None, None, false), now("a", None, None), Touch::NeverSeen),
        ];
        for (what, left, now, touch) in table {
            assert_eq!(judge(&left, &now), touch, "{what}");
        }
    }
}
