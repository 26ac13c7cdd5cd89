//! `rename: { find, replace }`: the name, by regular expression; `$1` in `replace` is a group.

use std::ops::Range;

use regex::Regex;
use serde_json::Value;

use super::name::put_name;
use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::edited::Touched;
use crate::problem::{Problem, Problems};
use crate::selector;

/// The step `rename`: a search and replacement in the import's name.
#[derive(Debug)]
pub(crate) struct Rename {
    find: Regex,
    replace: String,
}

impl Step for Rename {
    const KIND: StepKind = StepKind::new("rename", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let (find, replace) = match (keys.text("find"), keys.text("replace")) {
            (Ok(find), Ok(replace)) => (find, replace),
            (find, replace) => return Err(find.err().into_iter().chain(replace.err()).collect()),
        };
        let find = selector::regex(find).map_err(|problem| vec![problem.under("find")])?;
        if let Some(range) = unknown_group(&find, replace) {
            let name = replace[range.clone()].trim_matches(['$', '{', '}']);
            let help = match name.find(|c: char| !c.is_ascii_digit()) {
                Some(digits @ 1..) => format!("write `${{{}}}{}`", &name[..digits], &name[digits..]),
                _ => "groups are counted from 1; write `$$` for the sign itself".to_owned(),
            };
            let message = format!("`find` has no group `{name}`");
            return Err(vec![Problem::new(message).at(range).help(help).under("replace")]);
        }
        if let Some(at) = replace.find("{{") {
            let end = replace[at..].find("}}").map_or(replace.len(), |close| at + close + 2);
            let help = format!(
                "templates stand in the step `name`: `name: \"{} {{{{ name }}}}\"`",
                &replace[at..end]
            );
            let message = "`replace` has no templates: this would stand in the names as it is";
            return Err(vec![Problem::new(message).at(at..end).help(help).under("replace")]);
        }
        Ok(Self { find, replace: replace.to_owned() })
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        let name = document.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| StepError::failed("the import has no name"))?;
        if !self.find.is_match(name) {
            return Err(StepError::not_applicable("`find` does not match the name"));
        }
        let name = self.find.replace_all(name, &self.replace).into_owned();
        put_name(document, name)
    }

    fn touches(&self) -> Touched {
        Touched::members(["name"])
    }
}

/// The first `$group` of a replacement that the expression does not have; regex would put nothing in its place.
fn unknown_group(regex: &Regex, replace: &str) -> Option<Range<usize>> {
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
