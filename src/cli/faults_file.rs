//! The file of `emulator --faults`, checked against its schema, so that each problem is shown in its line.

use std::path::Path;

use serde_json::Value;

use super::failure::{Failure, chain};
use super::world::CliContext;
use crate::documents::Problem;
use crate::emulator::{FAULTS_SCHEMA, FaultFile};
use crate::job::{Problems, read_by_schema};

/// Reads the file, or reports what is wrong with it.
pub(super) fn read_faults(world: &CliContext, path: &Path) -> Result<FaultFile, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::BadInput(format!("cannot read {}: {error}", path.display())))?;
    let schema = serde_json::from_str(FAULTS_SCHEMA).map_err(anyhow::Error::new)?;
    faults(&path.display().to_string(), &text, &schema)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))
}

fn faults(name: &str, text: &str, schema: &Value) -> Result<FaultFile, Problems> {
    read_by_schema(name, text, schema, |value| {
        let file = FaultFile::from_value(value).map_err(|error| {
            let help = "`transship schema faults` prints what the file may hold";
            vec![Problem::new(chain(&error)).help(help)]
        })?;
        // What the schema cannot say is asked of the emulator itself.
        let found = file.problems();
        if found.is_empty() {
            return Ok(file);
        }
        let problem = |one: crate::emulator::FaultProblem| {
            let problem = Problem::new(one.message).help(one.help);
            one.path.into_iter().rev().fold(problem, Problem::under)
        };
        Err(found.into_iter().map(problem).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Located;

    /// Line, column, message and help of each problem.
    fn told(text: &str) -> Vec<String> {
        let schema = serde_json::from_str(FAULTS_SCHEMA).unwrap();
        let problems = faults("faults.yaml", text, &schema).err();
        let line = |one: Located| {
            let (line, column) = (one.line.unwrap_or_default(), one.column.unwrap_or_default());
            let help = one.help.unwrap_or_default();
            format!("{line}:{column} {} | {help}", one.message).trim_end_matches([' ', '|']).to_owned()
        };
        problems.iter().flat_map(Problems::located).map(line).collect()
    }

    #[test]
    fn each_slip_in_a_faults_file_is_told_at_its_place_with_what_to_write_instead() {
        for (text, expected) in [
            ("fault: []\n", &["1:1 unknown key `fault` | did you mean `faults`?"] as &[_]),
            (
                "behaviour: { page_caps: 5 }\n",
                &["1:14 unknown key `page_caps` in `behaviour` | did you mean `page_cap`?"],
            ),
            (
                "behaviour: { page_cap: many, link: afer, rate_limited: no }\n",
                &[
                    "1:24 `page_cap` must be a whole number of at least 0, not `many`",
                    "1:36 `link` cannot be `afer` | did you mean `after`?",
                    "1:56 `rate_limited` must be `true` or `false`, not `no` | write `false`",
                ],
            ),
            (
                "faults:\n  - match: { methd: POST }\n    efect: cut_after\n",
                &[
                    "2:14 unknown key `methd` in `match` | did you mean `method`?",
                    "3:5 unknown key `efect` in `faults` | did you mean `effect`?",
                ],
            ),
            (
                "faults:\n  - effect: cut_aftr\n  - effect: status\n  - effect: { cut_after: {} }\n",
                &[
                    "2:13 `effect` cannot be `cut_aftr` | did you mean `cut_after`?",
                    "3:13 `status` needs keys of its own | write `effect: { status: { code: … } }`",
                    "4:15 `cut_after` has no keys of its own | write `effect: cut_after`",
                ],
            ),
            (
                "faults:\n  - effect: { status: { code: 5, retry_after: 2 } }\n  - effect: { slow: { before: 3 } }\n",
                &[
                    "2:31 `code` must be a whole number from 100 to 999, not `5`",
                    "2:47 `retry_after` must be a text, not `2` | put it into quotes: \"2\"",
                    "3:31 `before` must be a time like `500ms`, `3s` or `2m`, not `3` | write the unit: `3s` or `3m`",
                ],
            ),
            (
                "faults:\n  - effect: { status: {} }\n  - match: { method: POST }\n  - effect: { slow: {}, late: {} }\n",
                &[
                    "2:23 `status` needs `code` | add `code: …`: the HTTP status of the answer",
                    "3:5 an item of `faults` needs `effect` | add `effect: …`: the effect on the call",
                    "4:25 `effect` holds both `slow` and `late` | one `effect` holds one of them: begin the second with a `-` of its own",
                ],
            ),
            (
                "faults:\n  - effect: { drop_field: { pointer: description } }\n",
                &[
                    "2:38 `pointer` must be a JSON pointer like `/description`, not `description` | did you mean `/description`?",
                ],
            ),
            (
                "faults:\n  - match: { path: v1/imports, method: POTS, name: \"[a\" }\n    effect: cut_after\n",
                &[
                    "2:20 no path of a call begins like `v1/imports` | write `/v1/imports`",
                    "2:40 no call has the method `POTS` | it is one of GET, POST, PUT, PATCH, DELETE",
                    "2:52 `name` is not a glob: unclosed character class; missing ']' | put a bracket that stands for itself into brackets, as in `[[]`",
                ],
            ),
            (
                "faults: { effect: cut_after }\n",
                &[
                    "1:9 `faults` must be a list, but this is a mapping | write it as a list: `faults: [{ effect: cut_after }]`",
                ],
            ),
            ("", &["0:0 the file is empty | leave the option out, or write at least one key"]),
            ("faults:\n  - effect: cut_after\n", &[]),
            (
                "behaviour: { clock_skew: -90s }\nfaults:\n  - { match: { path: \"**\", method: put }, nth: 2, effect: { slow: { before: 500ms } } }\n",
                &[],
            ),
        ] {
            assert_eq!(told(text), *expected, "{text:?}");
        }
    }
}
