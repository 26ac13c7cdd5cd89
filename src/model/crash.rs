//! Named places where a debug build can be made to abort, so that tests kill it exactly there. A release build has none
//! of this.
//!
//! `cli` arms one place with `NAME:N`. The N-th time the program passes it, the program aborts: no destructor runs,
//! nothing is flushed.

/// All crash points.
pub const POINTS: [&str; 20] = [
    "draft.before_keep",
    "draft.after_keep",
    "journal.created",
    "segment.before_files",
    "segment.before_put",
    "segment.after_put",
    "before.before_write",
    "before.before_sync",
    "before.after_sync",
    "journal.before_write",
    "journal.torn_write",
    "journal.before_sync",
    "journal.after_sync",
    "call.before_send",
    "call.after_answer",
    "archive.before_finish",
    "archive.after_finish",
    "report.before_files",
    "report.between_files",
    "report.after_files",
];

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::NotArmed;

    #[derive(Debug)]
    struct Armed {
        point: String,
        left: AtomicU64,
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    pub(super) fn arm(spec: &str) -> Result<(), NotArmed> {
        let (point, passage) = spec.split_once(':').unwrap_or((spec, "1"));
        if !super::POINTS.contains(&point) {
            return Err(NotArmed::NoSuchPoint(point.to_owned()));
        }
        let passage = passage.parse::<u64>().ok().filter(|passage| *passage > 0);
        let passage = passage.ok_or_else(|| NotArmed::NoPassage(spec.to_owned()))?;
        ARMED
            .set(Armed { point: point.to_owned(), left: AtomicU64::new(passage) })
            .map_err(|_| NotArmed::Already)
    }

    pub(super) fn due(point: &str) -> bool {
        debug_assert!(super::POINTS.contains(&point), "{point} is not in the list of crash points");
        // Wrapping below zero would take longer than any run.
        ARMED
            .get()
            .is_some_and(|armed| armed.point == point && armed.left.fetch_sub(1, Ordering::SeqCst) == 1)
    }
}

/// Why no crash point was armed.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotArmed {
    /// There is no crash point of that name.
    #[error("there is no crash point `{0}`; there are {points}", points = POINTS.join(", "))]
    NoSuchPoint(String),
    /// The number of the passage is missing.
    #[error("`{0}` does not say at which passage: NAME:1")]
    NoPassage(String),
    /// Only one crash point can be armed in a process.
    #[error("a crash point is armed already")]
    Already,
}

/// Arms a place: `NAME:N` aborts at the N-th passage. Possible once in a process.
///
/// # Errors
///
/// There is no such place, or one is armed already.
#[cfg(debug_assertions)]
pub fn arm(spec: &str) -> Result<(), NotArmed> {
    armed::arm(spec)
}

/// Aborts here if this place is armed.
#[inline]
pub fn point(name: &'static str) {
    if due(name) {
        std::process::abort();
    }
}

/// Whether to abort here; for places that leave something half done first.
#[inline]
pub fn due(name: &'static str) -> bool {
    #[cfg(debug_assertions)]
    return armed::due(name);
    #[cfg(not(debug_assertions))]
    {
        let _ = name;
        false
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_cannot_be_armed() {
        assert!(arm("journal.nowhere:1").unwrap_err().to_string().contains("journal.before_sync"));
        assert!(arm("journal.before_sync:0").unwrap_err().to_string().contains("at which passage"));
        assert!(arm("journal.before_sync:x").unwrap_err().to_string().contains("at which passage"));
    }

    #[test]
    fn nothing_dies_that_was_not_told_to() {
        for name in POINTS {
            assert!(!due(name));
        }
    }
}
