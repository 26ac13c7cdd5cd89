//! Kinds of change and reasons as blocks of lines that fit the terminal: shared by plans, shown runs and closings.

use std::io::{self, Write};

use super::groups::Line;
use super::text::{Paint, Tone, count, cut, cut_front, fit, number, width, wrap};

/// The maximum number of entries in a block; more are counted.
const ENTRIES: usize = 10;
/// The maximum number of lines for kinds of change, and for reasons.
const CHANGE_LINES: usize = 12;
const REASON_LINES: usize = 14;
/// The maximum number of lines for one kind of change, and for one reason.
const OF_CHANGE: usize = 2;
const OF_REASON: usize = 3;
/// The minimum width of a text, in columns: if its lead leaves less, the text is on the next line.
const LEAST: usize = 20;
/// Blanks before a text on the line below its lead.
const BELOW: usize = 12;

/// How blocks are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks {
    pub(super) paint: Paint,
    /// Columns of the terminal.
    pub(super) width: usize,
    /// Columns of the word that leads a reason.
    pub(super) word: usize,
}

impl Blocks {
    /// Kinds of change below their heading, and a blank line.
    pub(super) fn changes(self, heading: &str, lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", self.paint.tone(Tone::Strong, heading))?;
        let entries = &lines[..lines.len().min(ENTRIES)];
        let widest = entries.iter().map(|line| width(&line.lead)).max().unwrap_or_default();
        let units = entries.iter().map(|line| width(&line.unit())).max().unwrap_or_default().max(7);
        // Before the place: the number, what is counted, and blanks.
        let left = self.width.saturating_sub(units + 12).max(8);
        let room = widest.min(40).min((self.width / 3).max(16)).min(left);
        let (mut used, mut shown, mut kind) = (0, 0, None);
        for line in entries {
            // What is counted is said once for lines of one kind.
            let unit = if kind == Some(line.kind) { String::new() } else { line.unit() };
            kind = Some(line.kind);
            let place = fit(&cut_front(&line.lead, room), room);
            let lead = format!("  {:>7} {}  {place}  ", number(line.resources), fit(&unit, units));
            let is_below = width(&lead) + LEAST > self.width;
            let indent = if is_below { BELOW } else { width(&lead) };
            let mut text = self.broken(&line.text, indent, OF_CHANGE);
            if is_below {
                text.insert(0, String::new());
            }
            if shown > 0 && used + text.len() > CHANGE_LINES {
                break;
            }
            write_lines(&lead, indent, &text, out)?;
            (used, shown) = (used + text.len(), shown + 1);
        }
        rest(lines.len() - shown, "other kind of change", "other kinds of change", out)?;
        writeln!(out)
    }

    /// Reasons below their heading, each with the first names; no blank line after them.
    pub(super) fn reasons(self, heading: &str, lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", self.paint.tone(Tone::Strong, heading))?;
        let (mut used, mut shown) = (0, 0);
        for line in lines.iter().take(ENTRIES) {
            let counted = number(line.resources);
            let word = self.paint.tone(tone(&line.lead), format!("{:<1$}", line.lead, self.word));
            let (lead, indent) = (format!("  {word} {counted:>6}  "), self.word + 11);
            let names = self.paint.tone(Tone::Dim, &line.names);
            let text = self.broken(&line.text, indent, OF_REASON);
            let room = self.width.saturating_sub(indent).max(LEAST);
            // Names that do not fit behind their reason stand below it.
            let beside = text.len() == 1 && width(&line.text) + 3 + width(&line.names) <= room;
            let lines = text.len() + usize::from(!beside && !line.names.is_empty());
            if shown > 0 && used + lines > REASON_LINES {
                break;
            }
            match (line.names.is_empty(), beside) {
                (true, _) => write_lines(&lead, indent, &text, out)?,
                (false, true) => writeln!(out, "{lead}{}   {names}", line.text)?,
                (false, false) => {
                    write_lines(&lead, indent, &text, out)?;
                    let names = self.paint.tone(Tone::Dim, cut(&line.names, room));
                    writeln!(out, "{:indent$}{names}", "")?;
                }
            }
            (used, shown) = (used + lines, shown + 1);
        }
        rest(lines.len() - shown, "other reason", "other reasons", out)
    }

    /// A text on a limited number of lines after a lead; a longer text is cut.
    fn broken(self, text: &str, indent: usize, most: usize) -> Vec<String> {
        let room = self.width.saturating_sub(indent).max(LEAST);
        let wrapped = wrap(text, room, 0);
        let mut lines: Vec<String> = Vec::new();
        for (at, line) in wrapped.lines().enumerate() {
            match lines.last_mut() {
                Some(last) if at >= most => {
                    last.push(' ');
                    last.push_str(line);
                }
                _ => lines.push(line.to_owned()),
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines.iter().map(|line| cut(line, room).into_owned()).collect()
    }
}

fn write_lines(lead: &str, indent: usize, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    for (at, line) in lines.iter().enumerate() {
        if at == 0 {
            writeln!(out, "{}", format!("{lead}{line}").trim_end())?;
        } else {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    Ok(())
}

fn rest(more: usize, one: &str, many: &str, out: &mut dyn Write) -> io::Result<()> {
    if more == 0 { Ok(()) } else { writeln!(out, "  … and {}", count(more as u64, one, many)) }
}

/// The tone of the word that leads a reason.
fn tone(word: &str) -> Tone {
    match word {
        "skip" | "skipped" | "unprocessed" => Tone::Dim,
        "warning" | "by hand" => Tone::Warn,
        _ => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(lead: &str, resources: u64, text: &str, names: &str) -> Line {
        let kind = crate::documents::references::Kind::Imports;
        Line { lead: lead.into(), kind, resources, text: text.into(), names: names.into() }
    }

    fn reasons(width: usize, lines: &[Line]) -> String {
        let mut out = Vec::new();
        let blocks = Blocks { paint: Paint { color: false }, width, word: 8 };
        blocks.reasons("Needs attention", lines, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const WHY: &str = "connection \"NetSuite\" used at /_connectionId has no counterpart of that name in account eu: map it, or create it there";

    #[test]
    fn a_reason_is_read_to_its_end_on_a_narrow_terminal() {
        insta::assert_snapshot!(reasons(80, &[line("fail", 294, WHY, "Order 1, Order 2, Order 3, …")]), @r#"
        Needs attention
          fail        294  connection "NetSuite" used at /_connectionId has no
                           counterpart of that name in account eu: map it, or create it
                           there
                           Order 1, Order 2, Order 3, …
        "#);
        insta::assert_snapshot!(reasons(200, &[line("fail", 294, WHY, "Order 1, …")]), @r#"
        Needs attention
          fail        294  connection "NetSuite" used at /_connectionId has no counterpart of that name in account eu: map it, or create it there   Order 1, …
        "#);
    }

    #[test]
    fn many_long_reasons_do_not_flood_the_screen() {
        let lines: Vec<Line> = (0..30).map(|n| line("fail", n, &format!("{WHY} {n}"), "Order 1")).collect();
        let text = reasons(60, &lines);
        assert!(text.lines().count() <= REASON_LINES + 2, "{text}");
        assert!(text.ends_with("other reasons\n"), "{text}");
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
    }

    #[test]
    fn a_long_place_keeps_its_end_and_leaves_room_for_what_changes() {
        let mut out = Vec::new();
        let lines = [line(
            "/file/fileDefinition/_fileDefinitionId",
            213,
            "\"Orders of the shop\" → \"Orders of the EU shop\" (43), \"Stock\" → \"EU stock\" (20)",
            "",
        )];
        let blocks = Blocks { paint: Paint { color: false }, width: 80, word: 8 };
        blocks.changes("What changes", &lines, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        What changes
              213 imports  …inition/_fileDefinitionId  "Orders of the shop" → "Orders of
                                                       the EU shop" (43), "Stock" → "EU…
        "#);
    }

    #[test]
    fn what_changes_stands_below_its_place_on_a_narrow_terminal() {
        let kind = crate::documents::references::Kind::FileDefinitions;
        let text = "\"Orders of the shop\" → \"Orders of the EU shop\" (43), \"Stock\" → \"EU stock\" (20)";
        let lines = [
            line("/file/fileDefinition/_fileDefinitionId", 213, text, ""),
            Line { kind, ..line("/_connectionId", 3, "gets the prefix \"EU \"", "") },
        ];
        for width_of in [40, 50, 60, 70] {
            let mut out = Vec::new();
            let blocks = Blocks { paint: Paint { color: false }, width: width_of, word: 8 };
            blocks.changes("What changes", &lines, &mut out).unwrap();
            let shown = String::from_utf8(out).unwrap();
            assert!(shown.lines().all(|line| width(line) <= width_of), "{width_of}\n{shown}");
            assert!(shown.contains("\"Orders of the shop\"") && shown.contains("gets the prefix"), "{shown}");
        }
    }
}
