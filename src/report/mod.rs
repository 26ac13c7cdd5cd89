//! Who listens to a run: progress, audit, summary.
