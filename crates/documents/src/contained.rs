//! Work on one document that cannot take others with it: a panic in it is a failure of that document.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// This program panicked over a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this program made a mistake with it: please report it")]
pub struct Mistake;

/// Does work on one document. What it leaves half done must not be used after a panic.
///
/// # Errors
///
/// It panicked.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Mistake> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Mistake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_its_document() {
        let outcome = contained(|| "é"[..1].len());
        assert_eq!(outcome.unwrap_err().to_string(), "this program made a mistake with it: please report it");
        assert_eq!(contained(|| 1), Ok(1));
    }
}
