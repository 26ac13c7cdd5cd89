//! What a job may know of the machine: variables, the home folder, the current folder. Captured by the caller.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub(super) use crate::documents::problem::nearest;

/// The environment as a value, so that every rule about it can be tested.
#[derive(Clone, Default)]
pub struct Env {
    /// The environment variables, by name.
    pub variables: BTreeMap<String, String>,
    /// The home folder, for `~/`; absent where the environment names none.
    pub home: Option<PathBuf>,
    /// The current folder, for `output` and for a job that is read from a pipe.
    pub folder: PathBuf,
}

impl Env {
    /// The value of a variable; `None` where it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Env {
    // Variables hold tokens: their names are shown, their values never.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .field("folder", &self.folder)
            .finish()
    }
}

/// Why a text could not be expanded, and which part of it is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unexpanded {
    pub(super) range: std::ops::Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// Replaces each `${VAR}`.
pub(super) fn expand(text: &str, env: &Env) -> Result<String, Vec<Unexpanded>> {
    let mut expanded = String::new();
    let mut wrong = Vec::new();
    let mut rest = 0;
    while let Some(found) = text[rest..].find("${") {
        let start = rest + found;
        expanded.push_str(&text[rest..start]);
        let Some(length) = text[start..].find('}') else {
            let message = "`${` has no `}`".to_owned();
            let help = "write `${NAME}` for the value of an environment variable".to_owned();
            wrong.push(Unexpanded { range: start..text.len(), message, help });
            return Err(wrong);
        };
        let (name, range) = (&text[start + 2..start + length], start..start + length + 1);
        rest = range.end;
        if !is_variable(name) {
            let message = format!("`{name}` is not the name of an environment variable");
            let help =
                "a name is letters, digits and `_`, e.g. `${HOME_DIR}`; there is no `:-` for a default"
                    .to_owned();
            wrong.push(Unexpanded { range, message, help });
        } else if let Some(value) = env.get(name) {
            expanded.push_str(value);
        } else {
            let message = format!("the environment variable `{name}` is not set");
            let near = nearest(name, env.variables.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "set it before starting transship, or write the value out".to_owned(),
            };
            wrong.push(Unexpanded { range, message, help });
        }
    }
    expanded.push_str(&text[rest..]);
    if wrong.is_empty() { Ok(expanded) } else { Err(wrong) }
}

/// The first `${VAR}` whose variable is most likely a secret: by its name, or because its value has the shape of a token.
///
/// A name that ends like the name of a path (`TOKEN_FILE`) does not count.
pub(super) fn secret_in(text: &str, env: &Env) -> Option<std::ops::Range<usize>> {
    const WORDS: [&str; 7] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "API_KEY", "APIKEY"];
    const PLACES: [&str; 6] = ["FILE", "PATH", "DIR", "FOLDER", "HOME", "ROOT"];
    for (start, _) in text.match_indices("${") {
        let Some(length) = text[start..].find('}') else { break };
        let name = &text[start + 2..start + length];
        let upper = name.to_uppercase();
        let by_name = WORDS.iter().any(|word| upper.contains(word))
            && !PLACES.iter().any(|place| upper.ends_with(place));
        let by_value = || env.get(name).is_some_and(|value| super::redact::tokens(value).next().is_some());
        if by_name || by_value() {
            return Some(start..start + length + 1);
        }
    }
    None
}

/// A path of the job file: `${VAR}` and a leading `~/` replaced, then taken from `folder` when relative.
pub(super) fn path(text: &str, folder: &Path, env: &Env) -> Result<PathBuf, Vec<Unexpanded>> {
    let expanded = expand(text, env)?;
    if let Some(rest) = expanded.strip_prefix("~/") {
        return match &env.home {
            Some(home) => Ok(home.join(rest)),
            None => Err(vec![Unexpanded {
                range: 0..1.min(text.len()),
                message: "`~` stands for the home folder, and this user has none".to_owned(),
                help: "write the path out".to_owned(),
            }]),
        };
    }
    Ok(folder.join(expanded))
}

/// Whether the text can be the name of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Env {
        let variables = [("HOST".to_owned(), "eu.example".to_owned())].into();
        Env { variables, home: Some("/home/me".into()), folder: "/cwd".into() }
    }

    #[test]
    fn variables_and_the_home_folder_are_replaced() {
        assert_eq!(expand("https://${HOST}/$x", &env()), Ok("https://eu.example/$x".to_owned()));
        assert_eq!(
            path("~/a/${HOST}.csv", Path::new("/jobs"), &env()),
            Ok("/home/me/a/eu.example.csv".into())
        );
        assert_eq!(path("~x/b", Path::new("/jobs"), &env()), Ok("/jobs/~x/b".into()));
        assert_eq!(path("/abs", Path::new("/jobs"), &env()), Ok("/abs".into()));
    }

    #[test]
    fn every_variable_that_is_not_set_is_named_with_its_place() {
        let wrong = expand("${HOTS}/${A-B}/${", &env()).unwrap_err();
        let ranges: Vec<_> = wrong.iter().map(|one| one.range.clone()).collect();
        assert_eq!(ranges, [0..7, 8..14, 15..17]);
        assert_eq!(wrong[0].help, "did you mean `HOST`?");
    }

    #[test]
    fn the_environment_never_shows_its_values() {
        assert!(!format!("{:?}", env()).contains("example"));
    }
}
