//! How a job is done: plan, then run.
