//! A run as Markdown: what fits into a ticket or a pull request.

use std::io::{self, Write};

use super::console::{caches, headline, how_it_ended, spent, verified};
use super::reasons::Attention;
use super::text::{clean, number};
use crate::model::{Outcome, Verdict};
use crate::run_folder::summary::Summary;

/// Items that are named; more are counted.
pub(super) const MOST_NAMED: usize = 100;

/// Writes the report.
pub(super) fn write(summary: &Summary, attention: &[Attention], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# {}: {}\n\n{}\n",
        inert(&summary.job),
        inert(&summary.action),
        inert(&headline(summary))
    )?;
    if let Some(how) = how_it_ended(summary) {
        writeln!(out, "{}\n", inert(&how))?;
    }
    if let Some(disagreement) = summary.disagreement() {
        writeln!(out, "**The sums of this run disagree: {disagreement}.**\n")?;
    }
    writeln!(out, "| outcome | imports |\n| --- | ---: |")?;
    for outcome in Outcome::ALL.iter().copied().filter(|outcome| summary.count(*outcome) > 0) {
        writeln!(out, "| {outcome} | {} |", number(summary.count(outcome)))?;
    }
    writeln!(out, "| all | {} |\n\n{}\n\n{}", number(summary.selected), verified(summary), spent(summary))?;
    if let Some(caches) = caches(summary) {
        writeln!(out, "\n{}", inert(&caches))?;
    }
    if !attention.is_empty() {
        writeln!(out, "\n## To look at\n\n| what | import | why |\n| --- | --- | --- |")?;
        for item in attention.iter().take(MOST_NAMED) {
            writeln!(out, "| {} | {} | {} |", item.word, inert(&item.name), inert(&item.reason))?;
        }
        let open = Outcome::ALL.iter().filter(|outcome| outcome.needs_attention());
        let open: u32 =
            open.map(|outcome| summary.count(*outcome)).sum::<u32>() + summary.verdict(Verdict::Differs);
        let more = open.saturating_sub(u32::try_from(attention.len().min(MOST_NAMED)).unwrap_or(0));
        if more > 0 {
            writeln!(out, "\n… and {} more, all in audit.csv", number(more))?;
        }
    }
    writeln!(out, "\nRun {}", inert(&summary.run_id))
}

/// A text that Markdown takes for text: no link, no table cell, no mention, no markup.
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

    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(
            inert("a|b <img> @all [x](y) `c` #1"),
            "a\\|b &lt;img&gt; &#64;all \\[x\\](y) \\`c\\` \\#1"
        );
        assert_eq!(inert("http://x\n# h"), "http&#58;//x␊\\# h");
    }
}
