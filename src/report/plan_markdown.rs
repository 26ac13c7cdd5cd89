//! A plan as Markdown: what is posted to a pull request for review.

use std::io::{self, Write};

use super::markdown::inert;
use super::plan_view::{PlanViewOptions, table, totals};
use super::to_output;
use crate::run_folder::RunFolderError;
use crate::run_folder::plan_file::PlanFile;

/// The maximum number of bytes of the plan that are shown: GitHub accepts comments of 65,536 characters.
const MOST: usize = 60_000;

/// Writes the plan: a heading, the totals, and below that the plan as it is printed, escaped so that no name of an
/// import becomes markup.
///
/// # Errors
///
/// The plan cannot be read, or `out` not written.
pub fn markdown(
    plan: &PlanFile,
    options: PlanViewOptions<'_>,
    out: &mut dyn Write,
) -> Result<(), RunFolderError> {
    let mut text = Vec::new();
    table(plan, &mut text, PlanViewOptions { color: false, ..options })?;
    let head = plan.head();
    let way = format!("{} → {}", head.source.name, head.target.name);
    let title = format!("### {}: {} {}", inert(&head.job), inert(head.action.as_str()), inert(&way));
    write(&title, &inert(&totals(plan)), &String::from_utf8_lossy(&text), out).map_err(to_output)
}

fn write(title: &str, totals: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut end = text.len().min(MOST);
    if end < text.len() {
        end = text[..text.floor_char_boundary(end)].rfind('\n').unwrap_or(0);
    }
    // Longer than any that a name could hold, so that none ends the block.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    writeln!(out, "{title}\n\n{totals}\n\n{fence}text\n{}\n{fence}", text[..end].trim_end())?;
    let left = text[end..].trim_start_matches('\n').lines().count();
    if left > 0 {
        writeln!(out, "\n… and {left} more lines: `transship plan` prints all of them")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write("### t", "create 1", text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_name_ends_the_block() {
        let text = written("+ a ```\n# b ````` c\n");
        assert_eq!(text, "### t\n\ncreate 1\n\n``````text\n+ a ```\n# b ````` c\n``````\n");
        assert!(written("plain\n").contains("\n```text\nplain\n```\n"));
    }

    #[test]
    fn a_plan_that_is_too_long_for_a_comment_is_cut_between_lines() {
        let text = written(&"0123456789é\n".repeat(10_000));
        assert!(text.len() < 61_000 && text.contains(" more lines: `transship plan`"));
        let shown = text.matches("0123456789é\n").count();
        assert!(text.contains(&format!("{} more lines", 10_000 - shown)), "{shown}");
    }
}
