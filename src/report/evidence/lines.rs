//! The files of documents: finds the lines that are not what plan or journal say.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BEFORE, Check, PLAN, WANTED, hashed};
use crate::documents::normal::fingerprint;
use crate::model::{Chunks, Fingerprint, ItemKey};
use crate::run_folder::RunFolderError;
use crate::run_folder::chain::BeforeImage;
use crate::run_folder::folder::{RunFolder, hash_file};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// One line of `wanted.jsonl` and `before.jsonl`.
#[derive(Deserialize)]
struct Line<'a> {
    item: ItemKey,
    #[serde(borrow)]
    document: &'a RawValue,
}

/// Checks the plan by its hash; it is only given back if it is the one the run was opened for.
pub(super) fn plan(folder: &RunFolder, wanted: Fingerprint) -> (Option<PlanFile>, Check) {
    let path = folder.plan();
    match hash_file(&path) {
        Ok(found) if found == wanted => {}
        Ok(_) => return (None, odd_plan_line(&path)),
        Err(error) => return (None, Check::unreadable(PLAN, &error)),
    }
    match PlanFile::open(&path) {
        Ok(plan) => {
            let message = format!("{} items, its SHA-256 is the one the run was opened with", plan.len());
            (Some(plan), Check::fits(PLAN, message))
        }
        Err(error) => (None, Check::unreadable(PLAN, &error)),
    }
}

/// The first line of a changed plan that cannot be right by itself.
fn odd_plan_line(path: &Path) -> Check {
    let changed = "was changed since the run was opened: its SHA-256 is another";
    let (mut expected, mut odd) = (1, None);
    let walked = walk(path, |number, line| {
        let text = line.trim_end().trim_end_matches(',');
        if text.starts_with("{\"item\":") {
            let fits = serde_json::from_str::<PlanItem>(text).is_ok_and(|item| item.item.0 == expected);
            if !fits {
                odd = Some(Check::damaged(PLAN, Some(number), changed).about(ItemKey(expected)));
            }
            expected += 1;
        }
        odd.is_none()
    });
    match (odd, walked) {
        (Some(odd), _) => odd,
        (None, Err(line)) => Check::damaged(PLAN, Some(line), changed),
        (None, Ok(_)) => Check::damaged(PLAN, None, changed),
    }
}

/// Checks the documents to be written by their hash; of changed ones, each is compared with its item of the plan.
pub(super) fn wanted(folder: &RunFolder, wanted: Fingerprint, plan: Option<&PlanFile>) -> Check {
    let path = folder.wanted();
    let check = hashed(WANTED, &path, wanted);
    let Some(plan) = plan else { return check };
    if check.fits {
        return check;
    }
    odd_wanted_line(&path, plan).unwrap_or(check)
}

fn odd_wanted_line(path: &Path, plan: &PlanFile) -> Option<Check> {
    let changed = "is not the document the plan speaks of";
    let mut items = plan.items().filter_map(Result::ok).filter(|item| item.wanted.is_some());
    let (mut odd, mut offset) = (None, 0);
    let walked = walk(path, |number, line| {
        let Some(item) = items.next() else {
            odd = Some(Check::damaged(WANTED, Some(number), "is one more line than the plan speaks of"));
            return false;
        };
        if !is_wanted(&item, line, offset) {
            odd = Some(Check::damaged(WANTED, Some(number), changed).about(item.item));
        }
        offset += line.len() as u64;
        odd.is_none()
    });
    match (odd, walked) {
        (Some(odd), _) => Some(odd),
        (None, Err(0)) => None,
        (None, Err(line)) => Some(Check::damaged(WANTED, Some(line), changed)),
        (None, Ok(lines)) => items.next().map(|item| {
            Check::damaged(WANTED, Some(lines + 1), "is missing: the file ends before it").about(item.item)
        }),
    }
}

/// Whether a line is the document of an item, at its place and byte for byte as this program writes it.
fn is_wanted(item: &PlanItem, line: &str, offset: u64) -> bool {
    let Ok(read) = serde_json::from_str::<Line<'_>>(line) else { return false };
    let Ok(document) = serde_json::from_str::<serde_json::Value>(read.document.get()) else { return false };
    let head = format!("{{\"item\":{},\"document\":", item.item);
    let as_written = format!("{head}{document}}}\n");
    read.item == item.item
        && item.wanted.is_some_and(|span| span.offset == offset + head.len() as u64)
        && item.sent_sha256 == Some(fingerprint(&document))
        && as_written == line
}

/// Checks the documents as they were: one for each intent that names one, in that order. A run that was cut off may
/// have written some whose intent never reached the journal.
pub(super) fn before(folder: &RunFolder, named: &Chunks<BeforeImage>, closed: bool) -> Check {
    let path = folder.before();
    if named.is_empty() && std::fs::metadata(&path).map_or(true, |file| file.len() == 0) {
        return Check::fits(BEFORE, "no documents, for nothing was overwritten or removed");
    }
    let mut expected = named.iter();
    let (mut odd, mut unnamed) = (None, 0_u64);
    let walked = walk(&path, |number, line| {
        let Some(next) = expected.next() else {
            unnamed += 1;
            if closed {
                odd = Some(Check::damaged(
                    BEFORE,
                    Some(number),
                    "is a line that no intent in the journal names",
                ));
            }
            return !closed;
        };
        let fits = serde_json::from_str::<Line<'_>>(line).is_ok_and(|read| {
            let text = read.document.get();
            Fingerprint::of(text.as_bytes()) == next.sha256
                && format!("{{\"item\":{},\"document\":{text}}}\n", next.item) == line
        });
        if !fits {
            let message = "is not the document that the journal names";
            odd = Some(Check::damaged(BEFORE, Some(number), message).about(next.item));
        }
        fits
    });
    if let Some(odd) = odd {
        return odd;
    }
    match (walked, expected.next()) {
        (Ok(lines), Some(next)) => {
            Check::damaged(BEFORE, Some(lines + 1), "is missing: the file ends before it").about(next.item)
        }
        (Err(0), _) => Check::unreadable(
            BEFORE,
            &RunFolderError::file("open", &path)(std::io::ErrorKind::NotFound.into()),
        ),
        (Err(line), _) => Check::damaged(BEFORE, Some(line), "is not text"),
        (Ok(_), None) if unnamed > 0 => {
            let count = named.len();
            Check::fits(
                BEFORE,
                format!("{count} documents, each as the journal names it; what follows was never used"),
            )
        }
        (Ok(_), None) => {
            Check::fits(BEFORE, format!("{} documents, each as the journal names it", named.len()))
        }
    }
}

/// Hands out a file's lines with their numbers, line feeds included, as long as `each` wants more; gives the number of
/// lines seen, or the number of the line that is not text (0 for a file that cannot be opened).
fn walk(path: &Path, mut each: impl FnMut(u64, &str) -> bool) -> Result<u64, u64> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(|_| 0_u64)?);
    let (mut line, mut number) = (String::new(), 0);
    loop {
        line.clear();
        let read = reader.read_line(&mut line).map_err(|_| number + 1)?;
        if read == 0 {
            return Ok(number);
        }
        number += 1;
        if !each(number, &line) {
            return Ok(number);
        }
    }
}
