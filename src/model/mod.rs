//! The vocabulary: plain data, no I/O.
