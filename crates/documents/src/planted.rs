//! Named faults that a debug build can simulate, so that tests prove that they would be found. A release build has none
//! of this.
//!
//! A fault is planted in one thread, until its guard is dropped: tests beside it do not have it.

use crate::tree::{Seen, Tree};

/// Identity by time: an import whose creation seems older than the plan is taken for one that was there before.
pub const IDENTITY_BY_TIME: &str = "identity by time";
/// An intent is put on disk before its call has a permit, and the call is sent whatever happens until then.
pub const INTENT_BEFORE_PERMIT: &str = "intent before permit";
/// A document that cannot be read is read as an empty one.
pub const UNREADABLE_AS_EMPTY: &str = "unreadable as empty";
/// A create without an answer is sent again once one look shows nothing, however early.
pub const ONE_LOOK: &str = "one look";
/// A run that is taken up again does not look for what it is about to make.
pub const NO_LOOK_BEFORE: &str = "no look before";
/// An answer to a create is believed whatever import it names.
pub const ANY_ANSWER: &str = "any answer";
/// A PUT or DELETE is sent without reading the import again.
pub const STALE_WRITE: &str = "stale write";
/// Comparing panics over documents that are [marked](MARK).
pub const PANIC_COMPARING: &str = "panic comparing";
/// Listing what changes panics over documents that are [marked](MARK).
pub const PANIC_DIFFING: &str = "panic diffing";
/// Making a fingerprint panics over documents that are [marked](MARK).
pub const PANIC_PRINTING: &str = "panic printing";

/// The `description` of a document over which planted panics happen.
pub const MARK: &str = "a planted fault panics over this";

/// Panics over a marked document, where that is planted.
///
/// # Panics
///
/// That is what it is for.
pub(crate) fn panic_over(fault: &'static str, document: &impl Tree) {
    let is_marked =
        || matches!(document.member("description").map(Tree::seen), Some(Seen::Text(text)) if text == MARK);
    assert!(!(is_planted(fault) && is_marked()), "a planted fault");
}

#[cfg(debug_assertions)]
mod switch {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    thread_local! {
        static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// What is planted in all threads.
    static EVERYWHERE: Mutex<Option<&'static str>> = Mutex::new(None);
    /// Whether anything is: most of the time nothing is.
    static IS_ANY: AtomicBool = AtomicBool::new(false);

    fn everywhere() -> MutexGuard<'static, Option<&'static str>> {
        EVERYWHERE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the fault in all threads until it is dropped.
    #[derive(Debug)]
    pub struct PlantedEverywhere(());

    impl Drop for PlantedEverywhere {
        fn drop(&mut self) {
            *everywhere() = None;
            IS_ANY.store(false, Ordering::Relaxed);
        }
    }

    /// Plants a fault in all threads, for work that is done in threads of its own: only one that happens over documents
    /// of the test itself.
    #[must_use]
    pub fn plant_everywhere(fault: &'static str) -> PlantedEverywhere {
        *everywhere() = Some(fault);
        IS_ANY.store(true, Ordering::Relaxed);
        PlantedEverywhere(())
    }

    /// Has the fault until it is dropped.
    #[derive(Debug)]
    pub struct Planted(());

    impl Drop for Planted {
        fn drop(&mut self) {
            PLANTED.set(None);
        }
    }

    /// Plants a fault in this thread; one at a time.
    #[must_use]
    pub fn plant(fault: &'static str) -> Planted {
        PLANTED.set(Some(fault));
        Planted(())
    }

    pub(super) fn has(fault: &str) -> bool {
        let is_of = |planted: &str| planted == fault;
        PLANTED.get().is_some_and(is_of) || IS_ANY.load(Ordering::Relaxed) && everywhere().is_some_and(is_of)
    }
}

#[cfg(debug_assertions)]
pub use switch::{Planted, PlantedEverywhere, plant, plant_everywhere};

/// Whether this thread has the fault.
#[inline]
pub fn is_planted(fault: &'static str) -> bool {
    #[cfg(debug_assertions)]
    return switch::has(fault);
    #[cfg(not(debug_assertions))]
    {
        let _ = fault;
        false
    }
}
