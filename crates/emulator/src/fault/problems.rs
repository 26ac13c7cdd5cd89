//! What a fault says that can be read and does nothing: globs that are none, pointers without their slash, calls that nobody
//! makes.

use globset::{Glob, GlobBuilder};

use super::{Effect, Fault, FaultProblem};

/// The glob of a text; within slashes `*` stays between two of them.
pub(super) fn glob(text: &str, within_slashes: bool) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).literal_separator(within_slashes).build()
}

/// What is wrong with a fault.
pub(super) fn of(fault: &Fault) -> Vec<FaultProblem> {
    const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let matches = &fault.matches;
    let mut found = Vec::new();
    let mut add = |path: &[&str], message: String, help: &str| {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        found.push(FaultProblem { path, message, help: help.to_owned() });
    };
    let bracket = "put a bracket that stands for itself into brackets, as in `[[]`";
    let globs =
        [("path", &matches.path, true), ("query", &matches.query, false), ("name", &matches.name, false)];
    for (key, text, within_slashes) in globs {
        let Some(error) = text.as_ref().and_then(|text| glob(text, within_slashes).err()) else { continue };
        add(&["match", key], format!("`{key}` is not a glob: {}", error.kind()), bracket);
    }
    if let Some(path) =
        matches.path.as_ref().filter(|path| path.starts_with(|c: char| c.is_ascii_alphanumeric()))
    {
        add(
            &["match", "path"],
            format!("no path of a call begins like `{path}`"),
            &format!("write `/{path}`"),
        );
    }
    if let Some(method) =
        matches.method.as_ref().filter(|method| !METHODS.iter().any(|one| one.eq_ignore_ascii_case(method)))
    {
        let help = format!("it is one of {}", METHODS.join(", "));
        add(&["match", "method"], format!("no call has the method `{method}`"), &help);
    }
    let field = match &fault.effect {
        Effect::DropField { pointer, .. } => Some(("drop_field", pointer)),
        Effect::ChangeField { pointer, .. } => Some(("change_field", pointer)),
        _ => None,
    };
    if let Some((effect, pointer)) = field.filter(|(_, pointer)| !pointer.starts_with('/')) {
        let message = format!("`{pointer}` is not a JSON pointer like `/description`");
        add(&["effect", effect, "pointer"], message, &format!("write `/{pointer}`"));
    }
    found
}
