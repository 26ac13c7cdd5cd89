//! Commented jobs to start from, as `transship new ACTION` prints them.

use super::Action;

/// A commented starter job for an action; `None` for one that no job file holds.
pub fn starter(action: Action) -> Option<&'static str> {
    match action {
        Action::Migrate => Some(include_str!("starters/migrate.yaml")),
        Action::Clone => Some(include_str!("starters/clone.yaml")),
        Action::Update => Some(include_str!("starters/update.yaml")),
        Action::Delete => Some(include_str!("starters/delete.yaml")),
        Action::Compare => Some(include_str!("starters/compare.yaml")),
        Action::Backup => Some(include_str!("starters/backup.yaml")),
        Action::Restore => Some(include_str!("starters/restore.yaml")),
        Action::Apply => Some(include_str!("starters/apply.yaml")),
        Action::Undo => None,
    }
}

/// The words of the actions that have a starter job.
pub fn actions() -> impl Iterator<Item = &'static str> {
    let all = [
        Action::Migrate,
        Action::Clone,
        Action::Update,
        Action::Delete,
        Action::Backup,
        Action::Restore,
        Action::Compare,
        Action::Apply,
    ];
    all.into_iter().map(Action::as_str)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::job::{Env, parse};
    use crate::model::time::Clock;

    #[test]
    fn every_starter_is_a_valid_job_of_its_action_and_says_what_it_does() {
        for word in actions() {
            let action = Action::of(word).unwrap();
            let text = starter(action).unwrap();
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/job");
            let read = parse("starter.yaml", text.as_bytes(), &folder, &Env::default(), &Clock::system());
            let job = read.unwrap_or_else(|problems| panic!("{word}: {problems}"));
            assert_eq!(job.action, action);
            assert!(job.warnings.is_empty(), "{word}: {}", job.warnings);
            assert!(text.starts_with("# yaml-language-server: $schema=./job.schema.json\n"), "{word}");
        }
    }

    #[test]
    fn what_has_a_starter_is_what_the_schema_knows() {
        let schema = crate::job::schema::schema();
        let known = schema["properties"]["action"]["oneOf"].as_array().unwrap();
        let known: Vec<_> = known.iter().map(|one| one["const"].as_str().unwrap()).collect();
        assert_eq!(known, actions().collect::<Vec<_>>());
    }
}
