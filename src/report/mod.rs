//! The listeners of a run, and what is shown of it: progress, plan, audit, summary, the page for the person who
//! signs; and the output of the archive commands.
//!
//! Promises: everything about a run is a function of its plan and its journal, so it can be rendered again and
//! compared. Text from the service is data wherever it ends up: it becomes no terminal escape, no formula and no
//! markup. Nothing is shown by colour alone. This folder decides nothing and calls no service.

pub mod archive;
pub mod audit;
mod blocks;
mod changes;
mod columns;
pub mod console;
pub mod evidence;
pub mod fleet;
mod groups;
pub mod html;
pub mod inventory;
mod junit;
mod markdown;
mod notice;
pub mod plain;
mod plan_markdown;
pub mod plan_view;
pub mod progress;
mod reasons;
pub mod references;
pub mod render;
mod rows_json;
#[cfg(test)]
mod sample;
pub mod show;
pub(crate) mod snapshot;
pub mod text;
mod usage;

use std::io;

use crate::run_folder::RunFolderError;

pub use audit::{AuditContext, AuditWriter};
pub use console::{Closing, closing, summary_json};
pub use inventory::{Inventory, InventoryFormat, InventoryRow};
pub use notice::{Gauge, LineStyle, ReadGauge};
pub use plain::{PlainLines, StageTotals, Totals};
pub use plan_markdown::markdown as plan_markdown;
pub use plan_view::{Detail, Diff, PlanViewOptions};
pub use progress::Bars;
pub use reasons::{Attention, ReasonGroup};
pub use render::{Format, Reported, RunView, render, write_files};

/// The requested output could not be written.
fn to_output(source: io::Error) -> RunFolderError {
    RunFolderError::file("write", "the output")(source)
}
