//! Reads a job: from a file, from a pipe, from memory.

use std::io::Read;
use std::path::Path;

use super::env::Env;
use super::problem::Problems;
use super::stand_in::AccountChoice;
use super::{Job, read};
use crate::model::time::Clock;

/// Reads a job file and the files it names; `-` is the standard input.
///
/// Relative paths in it begin at its folder, those of a job from a pipe at the current folder.
///
/// # Errors
///
/// Everything that is wrong with it, at once. Secrets are blacked out.
pub fn load(path: &Path, env: &Env, clock: &Clock) -> Result<Job, Problems> {
    load_as(path, env, clock, None)
}

/// As [`load`], with an account that stands for one of the job's.
///
/// # Errors
///
/// Everything that is wrong with it, at once. Secrets are blacked out.
pub fn load_as(
    path: &Path,
    env: &Env,
    clock: &Clock,
    choice: Option<&AccountChoice>,
) -> Result<Job, Problems> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        return match std::io::stdin().lock().take(READ_LIMIT).read_to_end(&mut bytes) {
            Ok(_) => parse_as("<stdin>", &bytes, &env.folder, env, clock, choice),
            Err(error) => Err(unreadable("<stdin>", &error)),
        };
    }
    let shown = path.display().to_string();
    let file = std::fs::File::open(env.folder.join(path));
    match file.and_then(|file| file.take(READ_LIMIT).read_to_end(&mut bytes)) {
        Ok(_) => parse_as(&shown, &bytes, path.parent().unwrap_or(path), env, clock, choice),
        Err(error) => Err(unreadable(&shown, &error)),
    }
}

/// Reads a job from memory: `name` is what problems call it, `folder` where its relative paths begin.
///
/// # Errors
///
/// Everything that is wrong with it, at once. Secrets are blacked out.
pub fn parse(name: &str, bytes: &[u8], folder: &Path, env: &Env, clock: &Clock) -> Result<Job, Problems> {
    parse_as(name, bytes, folder, env, clock, None)
}

/// As [`parse`], with an account that stands for one of the job's.
///
/// # Errors
///
/// Everything that is wrong with it, at once. Secrets are blacked out.
pub fn parse_as(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    env: &Env,
    clock: &Clock,
    choice: Option<&AccountChoice>,
) -> Result<Job, Problems> {
    read::read(name, bytes, folder, env, clock.now(), choice)
}

fn unreadable(name: &str, error: &std::io::Error) -> Problems {
    Problems::unreadable(name, error, "a job file", "`transship new migrate` prints a job to start from")
}

/// More than any job file may have, so that one that is too large is still recognised as such.
const READ_LIMIT: u64 = 8 << 20;
