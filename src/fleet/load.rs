//! A fleet with everything that its files say, and the place of its store.

use std::path::{Path, PathBuf};

use super::definition::Definition;
use crate::archive::Objects;
use crate::job::{self, Account, AccountChoice, AccountPlace, Action, Env, Fleet, Job, Problems};
use crate::model::id::is_name_char;
use crate::model::time::Clock;

/// A fleet with everything its files say.
#[derive(Debug)]
pub struct Loaded {
    /// Its file, and the rows of its accounts.
    pub fleet: Fleet,
    /// Its job, as it is for the first account.
    pub job: Job,
    /// What the store keeps of it.
    pub definition: Definition,
    /// The archive of which all accounts use the same snapshot, if the job names none of its snapshots.
    pub archive: Option<Account>,
}

/// Why a fleet cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file has problems: all of them.
    #[error("{0}")]
    Problems(Box<Problems>),
    /// The fleet cannot be used as requested.
    #[error("{0}")]
    Refused(String),
}

impl From<Problems> for LoadError {
    fn from(problems: Problems) -> Self {
        Self::Problems(Box::new(problems))
    }
}

/// Loads a fleet file, its CSV and its job; `name` instead of the name in the file. `by` made it, where that is known.
///
/// # Errors
///
/// A file with problems, a name that cannot be one, no account, or a role that no account of the job has.
pub fn load(
    path: &Path,
    name: Option<&str>,
    env: &Env,
    clock: &Clock,
    by: Option<String>,
) -> Result<Loaded, LoadError> {
    let mut fleet = job::load_fleet(path, env, clock)?;
    if let Some(Err(error)) = fleet.store.as_deref().map(Objects::check_location) {
        return Err(LoadError::Refused(format!("`store` of {}: {error}", path.display())));
    }
    if let Some(name) = name {
        let fits = name.chars().all(is_name_char);
        if !fits || !(1..=64).contains(&name.len()) || name.starts_with('.') {
            let message = "--name must be 1 to 64 letters, digits, `.`, `_` and `-`, and not begin with `.`";
            return Err(LoadError::Refused(message.to_owned()));
        }
        name.clone_into(&mut fleet.name);
    }
    let Some(first) = fleet.rows.first() else {
        return Err(LoadError::Refused(format!("{} names no account", fleet.accounts.display())));
    };
    let choice = AccountChoice::Row(first.stand_in(&fleet.role));
    // The path from the current folder, where it is below it, is shorter in messages.
    let shown = fleet.job.strip_prefix(&env.folder).unwrap_or(&fleet.job);
    let job = job::load_as(shown, env, clock, Some(&choice))?;
    let name = &first.account.name;
    if ![&job.source.name, &job.target.name].contains(&name) && job.action != Action::Restore {
        return Err(LoadError::Refused(format!(
            "no account of the job {} is `{}`, so no row would stand for one",
            fleet.job.display(),
            fleet.role
        )));
    }
    let definition = Definition::of(&fleet, &job, clock.now(), by);
    let mut archive = latest_of(&job).cloned();
    if whose(archive.as_ref()).is_some_and(|of| of == first.account.name)
        && let Some(second) = fleet.rows.get(1)
    {
        // Where each account gets backups of its own, there is no one snapshot.
        let choice = AccountChoice::Row(second.stand_in(&fleet.role));
        let other = job::load_as(shown, env, clock, Some(&choice))?;
        archive = archive.filter(|archive| whose(Some(archive)) == whose(latest_of(&other)));
    }
    Ok(Loaded { fleet, job, definition, archive })
}

/// The archive that a job reads, if it names none of its snapshots.
fn latest_of(job: &Job) -> Option<&Account> {
    let is_open = matches!(&job.source.place, AccountPlace::Archive { snapshot: None, .. });
    is_open.then_some(&job.source)
}

/// The account whose backups are read.
fn whose(archive: Option<&Account>) -> Option<&str> {
    match &archive?.place {
        AccountPlace::Archive { of, .. } => Some(of),
        _ => None,
    }
}

/// The location of a store: what was given, by an option or a variable; else what the fleet file says, else the user's file.
///
/// # Errors
///
/// None of them names one, or the user's file has problems.
pub fn location(
    given: Option<&str>,
    of_fleet: Option<&str>,
    env: &Env,
    clock: &Clock,
) -> Result<String, LoadError> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Ok(absolute(env, given));
    }
    if let Some(of_fleet) = of_fleet {
        return Ok(of_fleet.to_owned());
    }
    let users = job::read_user_accounts(env, clock)?;
    users.and_then(|users| users.store).ok_or_else(|| {
        LoadError::Refused(
            "no store is named: give --store, set TRANSSHIP_STORE, or write `store:` into the user's accounts file; where the \
             fleet file has `store:`, give that file in the place of the fleet's name"
                .to_owned(),
        )
    })
}

/// An address as it is; a folder from the current one.
pub fn absolute(env: &Env, location: &str) -> String {
    if location.contains("://") {
        location.to_owned()
    } else {
        // Without the dots in between.
        let path: PathBuf = env.folder.join(location).components().collect();
        path.display().to_string()
    }
}
