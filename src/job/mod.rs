//! What the user asked for: the job file, read, checked and turned into a `Job`.
