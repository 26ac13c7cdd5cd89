//! Nothing here but tests: see `tests/rename.rs`.
