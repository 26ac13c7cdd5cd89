//! The one place where the allocator is chosen, mimalloc, and how soon it gives back what is freed.
//!
//! By itself it waits a second. A run of many imports without a limit of calls frees some megabytes in that time, and its memory
//! grows by what it no longer uses.

use std::ffi::c_long;

pub use mimalloc::MiMalloc;

/// For how many milliseconds freed memory is kept for what is allocated next.
const KEPT: c_long = 10;

/// The same, as mimalloc does it by itself.
const KEPT_BY_ITSELF: c_long = 1000;

/// The number of `mi_option_purge_delay` in `mimalloc.h`: its Rust crate has no name for it.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Has freed memory given back after a hundredth of a second, unless `MIMALLOC_PURGE_DELAY` says how many milliseconds it is kept.
///
/// A program whose allocator is [`MiMalloc`] calls it before anything else, while it has one thread. With another allocator it has no effect.
#[expect(unsafe_code, reason = "mimalloc is asked in C, and has no safe way to be told")]
pub fn give_back_soon() {
    // SAFETY: numbers are read and kept, and the first is that of an option; the memory that is allocated is not touched. Two threads must
    // not do that at once, which the caller sees to.
    unsafe {
        if libmimalloc_sys::mi_option_get(PURGE_DELAY) == KEPT_BY_ITSELF {
            libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(unsafe_code, reason = "as above")]
    fn kept_for() -> c_long {
        // SAFETY: reads a number, and no other thread writes it: this is the only test here.
        unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) }
    }

    #[test]
    fn the_number_is_that_of_the_delay_and_the_delay_is_taken() {
        // After an update of mimalloc it may be another, and then the number that of another option.
        assert_eq!(kept_for(), KEPT_BY_ITSELF);
        give_back_soon();
        assert_eq!(kept_for(), KEPT);
    }
}
