//! The durable memory of a run.
