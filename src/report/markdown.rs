//! A run as Markdown: what fits into a ticket or a pull request.

use std::io::{self, Write};

use super::console::{
    by_hand, caches, copies, doubts, headline, how_it_ended, spent, undone, unread, verified,
};
use super::reasons::Attention;
use super::text::{clean, number};
use crate::model::Outcome;
use crate::run_folder::summary::Summary;

/// The maximum number of items that are named; more are counted.
pub(super) const MOST_NAMED: usize = 100;

/// Writes the report.
///
/// `attention` holds the first of the `open` items that need a person.
pub(super) fn write(
    summary: &Summary,
    attention: &[Attention],
    open: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "# {}: {}\n\n{}\n",
        inert(&summary.job),
        inert(summary.action.as_str()),
        inert(&headline(summary))
    )?;
    let told = [how_it_ended(summary), undone(summary), doubts(summary), copies(summary), unread(summary)];
    for line in told.into_iter().flatten() {
        writeln!(out, "{}\n", prose(&line))?;
    }
    if let Some(disagreement) = summary.disagreement() {
        writeln!(out, "**The sums of this run disagree: {disagreement}.**\n")?;
    }
    writeln!(out, "| outcome | imports |\n| --- | ---: |")?;
    for outcome in Outcome::ALL.iter().copied().filter(|outcome| summary.count(*outcome) > 0) {
        writeln!(out, "| {outcome} | {} |", number(summary.count(outcome)))?;
    }
    writeln!(out, "| all | {} |", number(summary.selected))?;
    let told = [Some(verified(summary)), spent(summary), by_hand(summary), caches(summary)];
    for line in told.into_iter().flatten() {
        writeln!(out, "\n{}", prose(&line))?;
    }
    if !attention.is_empty() {
        writeln!(out, "\n## To look at\n\n| what | import | why |\n| --- | --- | --- |")?;
        for item in attention.iter().take(MOST_NAMED) {
            writeln!(out, "| {} | {} | {} |", item.word, inert(&item.name), inert(&item.reason))?;
        }
        let more = open.saturating_sub(attention.len().min(MOST_NAMED) as u64);
        if more > 0 {
            writeln!(out, "\n… and {} more, all in audit.csv", number(more))?;
        }
    }
    writeln!(out, "\nRun {}", inert(&summary.run_id))
}

/// A sentence of this program: between the names and reasons in it, commands in backticks stay code.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("`{part}`") } else { inert(part) }).collect()
}

/// A text escaped so that Markdown shows it as text: no link, no table cell, no mention, no markup.
pub(super) fn inert(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let text = clean(text);
    for (at, c) in text.char_indices() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("&#64;"),
            ':' if text[at..].starts_with("://") => safe.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_is_not_known_what_came_from_elsewhere_and_what_is_left_to_do_is_named() {
        let mut summary = sample::summary(&[(Outcome::Created, 5), (Outcome::Unprocessed, 2)], &[]);
        summary.state = "interrupted".into();
        (summary.in_doubt, summary.copies, summary.unread, summary.secrets) = (2, 1, 1, 3);
        let mut out = Vec::new();
        write(&summary, &[], 0, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        for line in [
            "\n\nThe effect of 2 calls is unknown: 2 imports may or may not exist. `transship resume` finds out.\n",
            "\n\n1 import of the same name appeared that this run did not make: audit.csv names it.\n",
            "\n\n1 import was written and could not be read back. `transship resume` reads it again.\n",
            "\n\nEnter 3 secrets manually: the service never shows them.",
        ] {
            assert!(out.contains(line), "{line}{out}");
        }
    }

    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(
            inert("a|b <img> @all [x](y) `c` #1"),
            "a\\|b &lt;img&gt; &#64;all \\[x\\](y) \\`c\\` \\#1"
        );
        assert_eq!(inert("http://x\n# h"), "http&#58;//x␊\\# h");
    }
}
