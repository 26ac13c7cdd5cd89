//! YAML files that are not jobs, as plain JSON values: a faults file of the emulator, a fleet.

use serde_json::Value;

use super::problem::{Problems, Report};
use super::yaml;

/// Reads the YAML or JSON `text` of a file that people know as `name`.
///
/// The rules are those of job files: no anchors, aliases or tags, one document, no duplicate keys.
///
/// # Errors
///
/// Every problem with its line.
pub fn yaml_value(name: &str, text: &str) -> Result<Value, Problems> {
    let mut report = Report::new(name, text);
    let root = yaml::parse(text, &mut report);
    match root {
        Some(root) if report.errors() == 0 => Ok(root.json()),
        _ => Err(report.finish()),
    }
}
