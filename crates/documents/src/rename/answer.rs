//! The paths of a response, which say where in it the result of a call is found.

use std::collections::HashSet;

use serde_json::Value;

use super::counts::mention;
use super::edit::{SideRename, TextSyntax, below};
use super::matcher::Rules;
use super::part::Part;
use super::scope::TemplateContext;
use super::statement::mentions;
use super::unchanged::{SCOPE, UNREADABLE, short};
use super::values::for_each_text;
use crate::path::extract;
use crate::schema::{self, Holds, Record};

/// Where the resources of a response are in it, for each request of the import.
pub(super) fn resources(block: &Value, rules: &Rules) -> Vec<Part> {
    let path = |value: &Value| {
        let path = value.as_str().and_then(extract::parse);
        path.map(|path| rules.below(&Part::default(), &path.tokens)).unwrap_or_default()
    };
    match block.get("response").and_then(|response| response.get("resourcePath")) {
        Some(Value::Array(paths)) => paths.iter().map(path).collect(),
        Some(one) => vec![path(one)],
        None => Vec::new(),
    }
}

/// Renames in the paths of ids, each of which begins at a resource.
pub(super) fn ids(side: &mut SideRename<'_>, found: &mut Value, resources: &[Part], at: &mut String) {
    match found {
        Value::Array(paths) => {
            for (index, path) in paths.iter_mut().enumerate() {
                let resource = resources.get(index..).unwrap_or_default();
                below(at, &index.to_string(), |at| ids(side, path, &resource[..resource.len().min(1)], at));
            }
        }
        Value::String(path) => {
            let context = resources.first().cloned().unwrap_or_default();
            let context = TemplateContext { context, ..TemplateContext::default() };
            let before = path.clone();
            side.edit(path, TextSyntax::Path, &context, at);
            // Not everybody who writes such a path knows that it begins at the resource.
            if *path == before
                && let Some(counts) = SideRename::would_touch(side.rules, path, TextSyntax::Path)
                && !context.context.is_whole()
            {
                mention(&mut side.counts.mentioned, &counts);
                side.warnings.push(format!("{at}: `{}` {SCOPE}", short(path)));
            }
        }
        _ => {}
    }
}

/// What may be a path of the response and is not changed: a key that the table does not have, or the syntax of XML.
pub(super) fn unknown_paths(side: &mut SideRename<'_>, document: &Value) {
    let mut known = HashSet::new();
    schema::walk(document, &mut |row, at, _| {
        if matches!(row.holds, Holds::Names(_, Record::Answer)) {
            known.insert(at.to_owned());
        }
    });
    let blocks = document.as_object().into_iter().flatten();
    for (block, value) in blocks {
        let places =
            [(format!("/{block}"), Some(value)), (format!("/{block}/response"), value.get("response"))];
        for (at, place) in places {
            for (key, value) in place.and_then(Value::as_object).into_iter().flatten() {
                let at = format!("{at}/{key}");
                let is_of_a_response = at.contains("/response") || block == "rest";
                if is_of_a_response && key.ends_with("Path") {
                    unknown_path(side, value, known.contains(&at), at);
                }
            }
        }
    }
}

fn unknown_path(side: &mut SideRename<'_>, value: &Value, is_known: bool, mut at: String) {
    for_each_text(value, &mut at, &mut |text, at| {
        let is_of_xml = text.contains('/') && side.rules.words().any(|word| mentions(text, word));
        let named = side.rules.mentioned_in(text);
        if is_of_xml && !named.is_empty() {
            named.iter().for_each(|rule| side.counts.mentioned[*rule] = true);
            side.warnings.push(format!("{at}: `{}` {UNREADABLE}", short(text)));
        } else if !is_known && let Some(counts) = SideRename::would_touch(side.rules, text, TextSyntax::Path)
        {
            mention(&mut side.counts.mentioned, &counts);
            side.warnings.push(format!(
                "{at}: the path `{}` names the field, but is not known to be one of the response; it is left alone",
                short(text)
            ));
        }
    });
}
