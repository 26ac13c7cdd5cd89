//! From the steps as data to what a [`Program`](super::Program) applies.

use json_patch::PatchOperation;
use regex::Regex;

use super::fields::FieldRenames;
use super::mapping_edit::{LookupEdit, MappingEdit};
use super::pointer::{self, Pointer};
use super::step::Step;
use super::template::{Fill, Template, Templates};
use super::upgrade::Untyped;
use super::{jq, selector};

#[derive(Debug)]
pub(super) enum Action {
    Rename { find: Regex, replace: String },
    Name(Template),
    Set(Vec<(Pointer, Fill)>),
    Remove(Vec<Pointer>),
    Patch(Vec<PatchOperation>),
    Jq(jq::Filter),
    RenameFields(FieldRenames),
    EditMapping(MappingEdit),
    EditLookup(LookupEdit),
    UpgradeMapper(Untyped),
}

/// A problem before it is known of which step.
pub(super) struct Found {
    pub(super) path: Vec<String>,
    pub(super) range: Option<std::ops::Range<usize>>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

fn found(
    path: &[&str],
    range: Option<std::ops::Range<usize>>,
    message: String,
    help: Option<String>,
) -> Found {
    Found { path: path.iter().map(|&step| step.to_owned()).collect(), range, message, help }
}

/// Compiles a step; what is wrong with it goes to `problems`.
pub(super) fn action(step: Step, templates: &mut Templates, problems: &mut Vec<Found>) -> Option<Action> {
    let kind = step.kind();
    match step {
        Step::Rename { find, replace } => {
            let regex = match selector::regex(&find) {
                Ok(regex) => regex,
                Err((range, message)) => {
                    problems.push(found(&[kind, "find"], range, message, None));
                    return None;
                }
            };
            if let Some(range) = unknown_group(&regex, &replace) {
                let name = replace[range.clone()].trim_matches(['$', '{', '}']);
                let help = match name.find(|c: char| !c.is_ascii_digit()) {
                    Some(digits @ 1..) => format!("write `${{{}}}{}`", &name[..digits], &name[digits..]),
                    _ => "groups are counted from 1; write `$$` for the sign itself".to_owned(),
                };
                let message = format!("`find` has no group `{name}`");
                problems.push(found(&[kind, "replace"], Some(range), message, Some(help)));
                return None;
            }
            Some(Action::Rename { find: regex, replace })
        }
        Step::Name { template } => match templates.compile(&template) {
            Ok(template) => Some(Action::Name(template)),
            Err(problem) => {
                problems.push(found(&[kind], problem.range, problem.message, problem.help));
                None
            }
        },
        Step::Set { values } => {
            let count = problems.len();
            let mut set = Vec::new();
            for (text, value) in values {
                let pointer = writable(&text).map_err(|(message, help)| {
                    problems.push(found(&[kind, &text], None, message, help));
                });
                let fill = templates.compile_value(&value).map_err(|(inner, problem)| {
                    let path = [kind.to_owned(), text.clone()].into_iter().chain(inner).collect();
                    let (range, message) = (problem.range, problem.message);
                    problems.push(Found { path, range, message, help: problem.help });
                });
                if let (Ok(pointer), Ok(fill)) = (pointer, fill) {
                    set.push((pointer, fill));
                }
            }
            (problems.len() == count).then_some(Action::Set(set))
        }
        Step::Remove { pointers } => {
            let count = problems.len();
            let mut remove = Vec::new();
            for (index, text) in pointers.iter().enumerate() {
                match writable(text) {
                    Ok(pointer) => remove.push(pointer),
                    Err((message, help)) => {
                        problems.push(found(&[kind, &index.to_string()], None, message, help));
                    }
                }
            }
            (problems.len() == count).then_some(Action::Remove(remove))
        }
        Step::Patch { operations } => {
            let count = problems.len();
            let mut patch = Vec::new();
            for (index, value) in operations.iter().enumerate() {
                match pointer::operation(value) {
                    Ok(operation) => patch.push(operation),
                    Err(message) => problems.push(found(&[kind, &index.to_string()], None, message, None)),
                }
            }
            (problems.len() == count).then_some(Action::Patch(patch))
        }
        Step::Jq { program } => match jq::Filter::compile(&program) {
            Ok(filter) => Some(Action::Jq(filter)),
            Err(problem) => {
                problems.push(found(&[kind], problem.range, problem.message, problem.help));
                None
            }
        },
        Step::RenameFields { renames } => match FieldRenames::compile(renames) {
            Ok(renames) => Some(Action::RenameFields(renames)),
            Err(message) => {
                problems.push(found(&[kind], None, message, None));
                None
            }
        },
        Step::EditMapping { edit } => Some(Action::EditMapping(edit)),
        Step::EditLookup { edit } => Some(Action::EditLookup(edit)),
        Step::UpgradeMapper { untyped } => Some(Action::UpgradeMapper(untyped)),
    }
}

/// A pointer to something that is sent: what the service manages is stripped, and a step on it would do nothing.
fn writable(text: &str) -> Result<Pointer, (String, Option<String>)> {
    let pointer = Pointer::parse(text).map_err(|message| (message, None))?;
    match pointer.server_field() {
        Some(field) => Err((
            format!("`{field}` is managed by the service and never sent"),
            Some("leave it out: the target sets its own".to_owned()),
        )),
        None => Ok(pointer),
    }
}

/// The first `$group` of a replacement that the expression does not have; regex would put nothing in its place.
fn unknown_group(regex: &Regex, replace: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    while let Some(dollar) = replace[at..].find('$').map(|found| at + found) {
        let rest = &replace[dollar + 1..];
        let (name, end) = if rest.starts_with('$') {
            at = dollar + 2;
            continue;
        } else if let Some(inner) = rest.strip_prefix('{') {
            match inner.find('}') {
                Some(close) => (&inner[..close], dollar + 3 + close),
                None => break,
            }
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (&rest[..end], dollar + 1 + end)
        };
        let known = match name.parse::<usize>() {
            Ok(number) => number < regex.captures_len(),
            Err(_) => name.is_empty() || regex.capture_names().flatten().any(|group| group == name),
        };
        if !known {
            return Some(dollar..end);
        }
        at = end;
    }
    None
}
