//! Arguments of the commands that look at one run.

use std::path::PathBuf;

use clap::Args;

use super::PlanDetail;

/// `verify`, and others that take one run.
#[derive(Debug, Args)]
pub struct OneRun {
    /// The run: its folder, its address in a store, or its id [default: the last]
    pub run: Option<PathBuf>,
}

/// The run that `show` shows, and how much of it.
#[derive(Debug, Args)]
pub struct ShowRun {
    /// The run: its folder, its address in a store, or its id [default: the last]
    pub run: Option<PathBuf>,
    /// Which imports are shown in full.
    #[command(flatten)]
    pub detail: PlanDetail,
}

/// The run that `report` renders.
#[derive(Debug, Args)]
pub struct Report {
    /// The run: its folder, its address in a store, or its id [default: the last]
    pub run: Option<PathBuf>,
}
