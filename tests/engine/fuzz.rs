//! A bounded run of the fuzz target of job files: good jobs, cut, doubled and filled with what YAML and jobs are made of.

#[path = "../../fuzz/job_checks.rs"]
mod job_checks;

use proptest::prelude::*;

const JOBS: [&str; 4] = [
    include_str!("../job/everything.yaml"),
    include_str!("../job/backup.yaml"),
    include_str!("../../jobs/rename.yaml"),
    include_str!("../../src/job/starters/migrate.yaml"),
];

const PIECES: [&str; 32] = [
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "#",
    " #",
    "|",
    ">",
    "&a ",
    "*a",
    "!",
    "%",
    "@",
    "`",
    "?",
    ",",
    "\t",
    "{{ name }}",
    "{{ row.x }}",
    "{{",
    "${HOME}",
    "\u{a0}",
    "\u{feff}",
    "null",
    "1e9",
    "\u{2028}",
];

/// Where it is cut, how much is left out, and what stands there instead.
type Cut = (prop::sample::Index, usize, usize);

fn changed(job: &str, cuts: &[Cut]) -> String {
    let mut text: Vec<char> = job.chars().collect();
    for (at, less, piece) in cuts {
        let at = at.index(text.len() + 1);
        let end = (at + less).min(text.len());
        text.splice(at..end, PIECES[*piece].chars());
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_job_file_is_read_or_refused(
        job in 0..JOBS.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, 0..PIECES.len()), 1..5),
    ) {
        job_checks::jobs(changed(JOBS[job], &cuts).as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        job_checks::jobs(&bytes);
    }
}
