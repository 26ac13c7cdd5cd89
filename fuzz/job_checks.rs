//! What holds for any job file: shared by the fuzz target and by a bounded run among the ordinary tests.

use std::path::Path;

use transship::job::{Env, Severity, parse};
use transship::model::time::Clock;

/// A job file is read or refused, with at least one error that can be shown; nothing it says is lost on the way.
pub fn jobs(bytes: &[u8]) {
    let clock = Clock::ticking("2026-06-01T00:00:00Z".parse().expect("a time"));
    let folder = Path::new("/nowhere");
    let env = Env { folder: folder.to_owned(), ..Env::default() };
    match parse("job.yaml", bytes, folder, &env, &clock) {
        Ok(job) => {
            assert!(!job.name.trim().is_empty() && !job.accounts.is_empty());
            assert!(
                job.warnings.iter().all(|one| one.severity != Severity::Error),
                "{}",
                job.warnings.render(false)
            );
            let again = parse("job.yaml", job.text.as_bytes(), folder, &env, &clock);
            assert_eq!(again.map(|again| again.name).ok(), Some(job.name), "a job reads as it is kept");
        }
        Err(problems) => {
            assert!(problems.iter().any(|one| one.severity == Severity::Error));
            let shown = problems.render(false);
            assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}
