//! The part of a job that carrying out its plan needs; kept with the plan, so that a run can be resumed without the job.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Account, Job, Retry, Stop, Verify};

/// Accounts and manners of a job. It holds where tokens come from, never a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where imports come from.
    pub source: Account,
    /// Where they go.
    pub target: Account,
    /// `verify`.
    pub verify: Verify,
    /// `concurrency`; `None` is `auto`.
    pub concurrency: Option<NonZeroUsize>,
    /// `retry`.
    pub retry: Retry,
    /// `stop`.
    pub stop: Stop,
    /// The folder of the job file, where its relative paths begin.
    pub folder: PathBuf,
}

impl Settings {
    /// Those of a job whose file is in `folder`.
    pub fn of(job: &Job, folder: PathBuf) -> Self {
        Self {
            source: job.source.clone(),
            target: job.target.clone(),
            verify: job.verify,
            concurrency: job.concurrency,
            retry: job.retry,
            stop: job.stop,
            folder,
        }
    }
}
