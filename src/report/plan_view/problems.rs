//! Why imports of a plan cannot be done as they stand.

use std::io::Write;

use crate::report::blocks::Blocks;
use crate::report::groups::Groups;
use crate::report::text::{NARROWEST, Paint};
use crate::report::to_output;
use crate::run_folder::RunFolderError;
use crate::run_folder::plan_file::PlanFile;

/// Writes why imports cannot be done as they stand, equal reasons counted together; nothing where all can.
///
/// # Errors
///
/// The plan cannot be read, or `out` not written.
pub fn problems(
    plan: &PlanFile,
    color: bool,
    columns: usize,
    out: &mut dyn Write,
) -> Result<(), RunFolderError> {
    let mut groups = Groups::default();
    for item in plan.items() {
        groups.problem_of(&item?);
    }
    let blocks = Blocks { paint: Paint { color }, width: columns.max(NARROWEST), word: 8 };
    blocks.reasons("Cannot be done", &groups.attention(), out).map_err(to_output)
}
