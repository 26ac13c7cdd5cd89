//! Audit and summary, rendered again from plan and journal and compared with what is there.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde_json::Value;

use super::{AUDIT, Check, PAGE, SUMMARY};
use crate::model::Fingerprint;
use crate::report::render::count;
use crate::report::{Format, RunView, render, summary_json, to_output};
use crate::run_folder::RunFolderError;
use crate::run_folder::folder::RunFolder;

/// Compares every report of the run.
pub(super) fn reports(view: RunView<'_>) -> Vec<Check> {
    let mut checks = vec![
        compare(AUDIT, view.folder.audit(), |out| render(view, Format::Csv, out)),
        compare(PAGE, view.folder.report(), |out| render(view, Format::Html, out)),
        compare(SUMMARY, view.folder.summary(), |out| summary(view, out)),
    ];
    match count(view).map(|reported| reported.summary.disagreement()) {
        Ok(None) => {}
        Ok(Some(sums)) => checks.push(Check::damaged(SUMMARY, None, format!("its sums disagree: {sums}"))),
        Err(error) => checks.push(Check::unreadable(SUMMARY, &error)),
    }
    checks
}

fn compare(
    file: &'static str,
    path: PathBuf,
    again: impl FnOnce(&mut dyn Write) -> Result<(), RunFolderError>,
) -> Check {
    let there = match File::open(&path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::damaged(file, None, "is missing: `transship resume` writes it again");
        }
        Err(error) => return Check::unreadable(file, &RunFolderError::file("open", path)(error)),
    };
    let mut against = Against::new(BufReader::with_capacity(1 << 16, there));
    if let Err(error) = again(&mut against) {
        return Check::unreadable(file, &error);
    }
    match against.first_difference() {
        Ok(None) => Check::fits(file, "byte for byte what plan and journal say"),
        Ok(Some(line)) => Check::damaged(file, Some(line), "is not what plan and journal say"),
        Err(error) => Check::unreadable(file, &RunFolderError::file("read", path)(error)),
    }
}

fn summary(view: RunView<'_>, out: &mut dyn Write) -> Result<(), RunFolderError> {
    summary_json(&count(view)?.summary, out).map_err(to_output)
}

/// The summary as it would be written.
pub(super) fn render_summary(view: RunView<'_>) -> Result<Vec<u8>, RunFolderError> {
    let mut text = Vec::new();
    summary(view, &mut text)?;
    Ok(text)
}

/// The summary as it is there, and its word for the journal's last record.
pub(super) fn stored_head(folder: &RunFolder) -> Option<(Value, Fingerprint)> {
    let stored: Value = serde_json::from_slice(&std::fs::read(folder.summary()).ok()?).ok()?;
    let head = Fingerprint::parse(stored.get("journal_sha256")?.as_str()?)?;
    Some((stored, head))
}

/// Compares what is written to it with what is there, without holding either.
struct Against<R> {
    there: R,
    line: u64,
    differs: Option<u64>,
}

impl<R: BufRead> Against<R> {
    fn new(there: R) -> Self {
        Self { there, line: 1, differs: None }
    }

    /// The first line that differs, from 1.
    fn first_difference(mut self) -> io::Result<Option<u64>> {
        if self.differs.is_none() && !self.there.fill_buf()?.is_empty() {
            return Ok(Some(self.line));
        }
        Ok(self.differs)
    }
}

impl<R: BufRead> Write for Against<R> {
    fn write(&mut self, wanted: &[u8]) -> io::Result<usize> {
        let mut left = wanted;
        while self.differs.is_none() && !left.is_empty() {
            let there = self.there.fill_buf()?;
            let same = there.iter().zip(left).take_while(|(a, b)| a == b).count();
            self.line += there[..same].iter().filter(|byte| **byte == b'\n').count() as u64;
            if same < left.len().min(there.len()) || there.is_empty() {
                self.differs = Some(self.line);
            }
            self.there.consume(same);
            left = &left[same..];
        }
        Ok(wanted.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(there: &str, wanted: &[&str]) -> Option<u64> {
        let mut against = Against::new(BufReader::with_capacity(3, there.as_bytes()));
        wanted.iter().for_each(|part| against.write_all(part.as_bytes()).unwrap());
        against.first_difference().unwrap()
    }

    #[test]
    fn the_first_line_that_differs_is_named_however_it_is_cut_into_writes() {
        assert_eq!(differs("ab\ncd\n", &["a", "b\nc", "d\n"]), None);
        assert_eq!(differs("ab\ncX\n", &["ab\ncd\n"]), Some(2));
        assert_eq!(differs("ab\ncd\n", &["ab\ncd\nef\n"]), Some(3), "cut off");
        assert_eq!(differs("ab\ncd\nef\n", &["ab\ncd\n"]), Some(3), "added");
        assert_eq!(differs("", &["a"]), Some(1));
        assert_eq!(differs("", &[]), None);
    }
}
