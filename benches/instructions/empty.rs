//! Nothing: cargo wants a target beside benches.
