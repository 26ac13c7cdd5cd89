//! The service behind one trait: an adapter over HTTP, its budget, its retries.
