//! Commented jobs to start from, as `transship new ACTION` prints them.

use super::check::lower;
use super::keys::JOB;
use super::spec::{Dictionary, Key, Table, Type, Word};
use super::{Action, user};

/// A commented starter job for an action; `None` for one that no job file holds.
///
/// What a comment says of a key comes from the table of keys: `<match>` stands for the words of `match`, `<about match>` for
/// the sentence on it, and `<about match name>` for that on its word `name`.
pub fn starter(action: Action) -> Option<String> {
    Some(with_words(text(action)?))
}

fn text(action: Action) -> Option<&'static str> {
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

/// The text with what the table says of each key that is named in it.
fn with_words(text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        filled.push_str(before);
        let named = after.split_once('>').and_then(|(name, behind)| Some((said_of(name)?, behind)));
        match named {
            Some((said, behind)) => {
                filled.push_str(&said);
                rest = behind;
            }
            None => {
                filled.push('<');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// What stands for a name in angle brackets.
fn said_of(name: &str) -> Option<String> {
    let Some(about) = name.strip_prefix("about ") else {
        let words = words_in(&key_of(name)?.holds)?;
        return Some(words.iter().map(|word| word.word).collect::<Vec<_>>().join(" | "));
    };
    let (path, word) = about.split_once(' ').map_or((about, None), |(path, word)| (path, Some(word)));
    let key = key_of(path)?;
    let doc = match word {
        None => key.doc,
        Some(word) => words_in(&key.holds)?.iter().find(|known| known.word == word)?.doc,
    };
    Some(lower(doc))
}

/// The key of a path, which leads through mappings; the names that the user chooses are left out.
fn key_of(path: &str) -> Option<&'static Key> {
    let (mut table, mut found): (&Table, Option<&Key>) = (&JOB, None);
    for word in path.split('.') {
        if let Some(key) = found {
            table = table_in(&key.holds)?;
        }
        found = Some(table.key(word)?);
    }
    found
}

fn table_in(holds: &'static Type) -> Option<&'static Table> {
    match holds {
        Type::Dictionary(Dictionary { holds, .. }) => holds.table(),
        other => other.table(),
    }
}

fn words_in(holds: &'static Type) -> Option<&'static [Word]> {
    match holds {
        Type::Word(words) => Some(words),
        Type::Either(types) => types.iter().find_map(words_in),
        _ => None,
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

/// An account for a starter job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One of a region of the service; its token is looked for in the environment.
    Region(String),
    /// One of the embedded emulator.
    Emulator(String),
    /// One of the user's accounts file.
    Known(String),
}

impl Choice {
    /// What a job calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Region(name) | Self::Emulator(name) | Self::Known(name) => name,
        }
    }

    /// Its entry under `accounts`; none for one that stands in the user's file.
    fn entry(&self) -> Option<String> {
        match self {
            Self::Region(region) => {
                let variable = region.to_uppercase();
                Some(format!("{region}: {{ region: {region}, token: {{ env: CELIGO_TOKEN_{variable} }} }}"))
            }
            Self::Emulator(name) => Some(format!("{}: {{ emulator: {} }}", user::key(name), user::key(name))),
            Self::Known(_) => None,
        }
    }
}

/// Whether the starter job reads from an account; that of `apply` reads a folder of files.
pub fn has_source(starter: &str) -> bool {
    starter.lines().any(|line| line.starts_with("source: ") && !line.starts_with("source: {"))
}

/// Whether the starter job names a target besides its source.
pub fn has_target(starter: &str) -> bool {
    starter.lines().any(|line| line.starts_with("target: "))
}

/// The starter job with its own name, and with these accounts instead of the examples.
pub fn filled(starter: &str, name: &str, source: Option<&Choice>, target: Option<&Choice>) -> String {
    let mut entries: Vec<String> = [source, target].into_iter().flatten().filter_map(Choice::entry).collect();
    entries.dedup();
    let mut text = String::with_capacity(starter.len());
    let mut in_accounts = false;
    for line in starter.lines() {
        let is_block = in_accounts && (line.starts_with(' ') || line.is_empty());
        in_accounts = line == "accounts:" || (in_accounts && line.starts_with(' '));
        if line == "accounts:" {
            if !entries.is_empty() {
                text.push_str("accounts:\n");
                entries.iter().for_each(|entry| text.push_str(&format!("  {entry}\n")));
                text.push('\n');
            }
        } else if is_block {
            // The examples, and the empty line behind them.
        } else if line.starts_with("name: ") {
            text.push_str(&format!("name: {}\n", user::key(name)));
        } else if let (true, Some(source)) = (line.starts_with("source: "), source) {
            text.push_str(&format!("source: {}\n", user::key(source.name())));
        } else if let (true, Some(target)) = (line.starts_with("target: "), target) {
            text.push_str(&format!("target: {}\n", user::key(target.name())));
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
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
            assert!(
                !text.contains('<'),
                "{word} names a key that the table does not have, or that holds no words"
            );
        }
    }

    #[test]
    fn the_words_in_a_starter_are_those_of_the_table() {
        let text = with_words("a: b # <match>; <accounts.region>; <references.missing>; <nothing>; 1 < 2");
        let words = "a: b # name | external_id; us | eu | au | ca; fail | skip | drop; <nothing>; 1 < 2";
        assert_eq!(text, words);
        let about =
            with_words("# <about verify full>; <about references>; <about accounts.token>; <about no>");
        let said = "# each import is read back and compared; how ids of other resources become the target's ids; where the token comes from. Never the token itself; <about no>";
        assert_eq!(about, said);
    }

    #[test]
    fn what_has_a_starter_is_what_the_schema_knows() {
        let schema = crate::job::schema::schema();
        let known = schema["properties"]["action"]["oneOf"].as_array().unwrap();
        let known: Vec<_> = known.iter().map(|one| one["const"].as_str().unwrap()).collect();
        assert_eq!(known, actions().collect::<Vec<_>>());
    }

    #[test]
    fn a_filled_starter_is_a_valid_job_over_the_accounts_that_were_chosen() {
        let clock = Clock::system();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/job");
        for word in actions() {
            let text = &starter(Action::of(word).unwrap()).unwrap();
            let us = Choice::Region("us".to_owned());
            let demo = Choice::Emulator("demo-b".to_owned());
            let choices = [(&us, &demo), (&demo, &us)];
            for (source, target) in choices {
                let (source, target) =
                    (has_source(text).then_some(source), has_target(text).then_some(target));
                let text = filled(text, "spring: cleaning", source, target);
                let read = parse("starter.yaml", text.as_bytes(), &folder, &Env::default(), &clock);
                let job = read.unwrap_or_else(|problems| panic!("{word}: {problems}\n{text}"));
                assert_eq!(job.name, "spring: cleaning");
                if let Some(source) = source {
                    assert_eq!(job.source.name, source.name());
                }
                if let Some(target) = target {
                    assert_eq!(job.target.name, target.name());
                }
            }
        }
    }

    #[test]
    fn accounts_of_the_users_file_are_named_and_not_written_again() {
        let known = Choice::Known("acme".to_owned());
        let text = filled(&starter(Action::Update).unwrap(), "tidy", Some(&known), None);
        assert!(text.contains("\nsource: acme\n") && !text.contains("accounts:\n"), "{text}");
    }
}
