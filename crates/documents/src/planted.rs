//! Named faults that a debug build can be told to have, so that tests prove that they would be found. In a release
//! build nothing of this is left.
//!
//! A fault is planted in one thread, until its guard is dropped: tests beside it do not have it.

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

#[cfg(debug_assertions)]
mod switch {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
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
        PLANTED.get().is_some_and(|planted| planted == fault)
    }
}

#[cfg(debug_assertions)]
pub use switch::{Planted, plant};

/// Whether this thread was told to have the fault.
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
