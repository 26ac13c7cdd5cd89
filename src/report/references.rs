//! What the selected imports refer to, and what each reference becomes in the target.

use std::io::{self, Write};

use super::text::{clean, count, number, wrap};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::reference_usage::Reference;

/// How many unresolved references are named in a summary; the others are counted.
const MOST_NAMED: usize = 20;

/// Writes a line for each reference, and below it where it is used and why it is not resolved.
///
/// # Errors
///
/// `out` cannot be written.
pub fn table(references: &[Reference], plan: &PlanFile, out: &mut dyn Write) -> io::Result<()> {
    let head = plan.head();
    let (source, target) = (clean(&head.source.name), clean(&head.target.name));
    let imports = count(plan.tail().selected, "import", "imports");
    let way = if head.source == head.target {
        format!("in {target}")
    } else {
        format!("from {source} to {target}")
    };
    writeln!(out, "References of {imports} {way}")?;
    let mut kind = "";
    for reference in references {
        if reference.kind != kind {
            kind = reference.kind;
            writeln!(out, "\n{kind}")?;
        }
        let sign = if reference.is_resolved() { ' ' } else { '!' };
        writeln!(
            out,
            "{sign} {} -> {}",
            named(reference.name.as_deref(), reference.id.as_str()),
            becomes(reference)
        )?;
        writeln!(out, "      {}", used(reference))?;
        if let Some(reason) = &reference.reason {
            writeln!(out, "      it {}", clean(reason))?;
        }
        for other in reference.candidates.iter().filter(|_| reference.resolution == "missing") {
            let other = named(Some(&other.name), other.id.as_str());
            writeln!(out, "      of that name, but of another type: {other}")?;
        }
    }
    writeln!(out)?;
    writeln!(out, "{}", totals(references))
}

/// Writes the references as one JSON document.
///
/// # Errors
///
/// `out` cannot be written.
pub fn json(references: &[Reference], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &serde_json::json!({ "references": references }))
        .map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Writes how many references there are, and those that are not resolved, on lines of the given width where they can
/// be broken.
///
/// # Errors
///
/// `out` cannot be written.
pub fn summary(references: &[Reference], columns: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", wrap(&totals(references), columns, 2))?;
    for reference in references.iter().filter(|reference| reference.resolution == "created").take(MOST_NAMED)
    {
        let what = named(reference.name.as_deref(), reference.id.as_str());
        let imports = count(reference.imports, "import", "imports");
        below(&format!("{} {what}, used by {imports}, will be created", reference.kind), columns, out)?;
    }
    let open = || references.iter().filter(|reference| !reference.is_resolved());
    for reference in open().take(MOST_NAMED) {
        let what = named(reference.name.as_deref(), reference.id.as_str());
        let reason = clean(reference.reason.as_deref().unwrap_or_default());
        let imports = count(reference.imports, "import", "imports");
        below(&format!("{} {what}, used by {imports}, {reason}", reference.kind), columns, out)?;
    }
    let more = open().count().saturating_sub(MOST_NAMED);
    if more > 0 {
        writeln!(out, "  and {} more: `transship plan --references` shows them", number(more as u64))?;
    }
    Ok(())
}

/// A line below another one, broken where it is too long.
fn below(line: &str, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {}", wrap(line, columns.saturating_sub(2), 4).replace('\n', "\n  "))
}

fn totals(references: &[Reference]) -> String {
    if references.is_empty() {
        return "references: none".to_owned();
    }
    let words = [
        ("map", "by the map"),
        ("name", "by name"),
        ("same_id", "by the same id"),
        ("gone", "gone"),
        ("created", "to be created"),
        ("missing", "missing"),
        ("ambiguous", "ambiguous"),
    ];
    let parts: Vec<_> = words
        .into_iter()
        .map(|(word, said)| {
            (references.iter().filter(|reference| reference.resolution == word).count(), said)
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, said)| format!("{} {said}", number(count as u64)))
        .collect();
    format!("references: {}", parts.join(", "))
}

fn named(name: Option<&str>, id: &str) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("\"{}\" ({})", clean(name), clean(id)),
        None => clean(id),
    }
}

fn becomes(reference: &Reference) -> String {
    let Some(target) = &reference.target else {
        return match (reference.resolution, reference.missing) {
            ("created", _) => "will be created".to_owned(),
            ("ambiguous", _) => {
                let all: Vec<_> =
                    reference.candidates.iter().map(|one| named(Some(&one.name), one.id.as_str())).collect();
                format!("ambiguous: {}", all.join(" or "))
            }
            (_, Some("skip")) => "missing: imports that use it are skipped".to_owned(),
            (_, Some("drop")) => "missing: it is left out of the imports that use it".to_owned(),
            _ => "missing: imports that use it fail".to_owned(),
        };
    };
    let how = match reference.resolution {
        "map" => "by the map",
        "name" => "by name",
        "gone" => return "gone from the account: its id stays as it is".to_owned(),
        _ => return "stays as it is".to_owned(),
    };
    format!("{} {how}", named(Some(&target.name), target.id.as_str()))
}

fn used(reference: &Reference) -> String {
    let uses = (reference.uses > 0).then(|| format!("used {}", count(reference.uses, "time", "times")));
    let mentions = (reference.mentions > 0)
        .then(|| format!("mentioned {} in texts", count(reference.mentions, "time", "times")));
    let how = [uses, mentions].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let by: Vec<_> = reference.by.iter().map(|import| format!("\"{}\"", clean(&import.name))).collect();
    let more = match reference.imports.saturating_sub(reference.by.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", number(more)),
    };
    format!("{how} by {}: {}{more}", count(reference.imports, "import", "imports"), by.join(", "))
}
