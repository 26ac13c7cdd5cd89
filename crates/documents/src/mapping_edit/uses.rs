//! Where an import uses a lookup: rows, conditions and keys that name it, and templates that call it.

use serde_json::Value;

use super::meant::{Then, meant};
use crate::handlebars::{self, Backslash, Call, Expression, Path};
use crate::path::extract;

/// The pointers of every use of the lookup. A longer name that begins alike is another lookup.
///
/// A template calls it as `{{lookup "name" value}}`, `{{lookup.name}}` or `{{lookup.[odd name]}}`, also inside of another
/// expression, or as a text of `getValue`; the spelling does not tell which kind of lookup is meant. `{{#with lookup}}` and
/// every other word for all lookups at once is a use of each. One that cannot be read and holds the name counts as a use.
pub(super) fn of(document: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    meant(document, &mut |key, pointer, value| {
        let Value::String(text) = value else { return Then::Enter };
        let named = key.is_some_and(is_name_of_lookup) && text == name;
        if named || (text.contains("{{") && calls(text, name)) {
            found.push(pointer.to_owned());
        }
        Then::Enter
    });
    found
}

/// `lookupName`, `existingLookupName` and its kind.
fn is_name_of_lookup(key: &str) -> bool {
    key == "lookupName" || key.ends_with("LookupName")
}

/// Whether a template calls the lookup of that name; one that cannot be read does if it holds the name.
fn calls(text: &str, name: &str) -> bool {
    // With a backslash before it a tag is text, or the end of a folder's name: it counts.
    match handlebars::read(text, Backslash::SeparatesFolders) {
        Ok(template) => {
            template.tags.iter().filter_map(|tag| tag.call.as_ref()).any(|call| is_called_in(call, name))
        }
        Err(_) => text.contains("lookup") && text.contains(name),
    }
}

fn is_called_in(call: &Call, name: &str) -> bool {
    let is_lookup = call.name() == Some("lookup");
    let first = call.arguments.first().filter(|_| is_lookup).is_some_and(|argument| match argument {
        Expression::Text(text) => text.value == name,
        // `{{lookup name value}}`: what is meant is not known.
        Expression::Path(path) => names(path).join(".") == name,
        Expression::Literal(_) | Expression::Call(_) => false,
    });
    let by_text = call.name() == Some("getValue")
        && call.arguments.first().is_some_and(|argument| match argument {
            Expression::Text(text) => extract::parse(&text.value)
                .is_some_and(|path| leads_to(&crate::path::names(&path.tokens), name)),
            Expression::Path(_) | Expression::Literal(_) | Expression::Call(_) => false,
        });
    // The name of the helper itself, in front of its arguments.
    let head = if is_lookup && call.has_arguments() { false } else { is_inside(&call.head, name) };
    first
        || by_text
        || head
        || call.arguments.iter().any(|argument| is_inside(argument, name))
        || call.hash.iter().any(|(_, expression)| is_inside(expression, name))
}

fn is_inside(expression: &Expression, name: &str) -> bool {
    match expression {
        Expression::Path(path) => leads_to(&names(path), name),
        Expression::Call(call) => is_called_in(call, name),
        Expression::Text(_) | Expression::Literal(_) => false,
    }
}

/// Whether a path leads to the lookup, into it, or to all lookups at once.
fn leads_to<S: AsRef<str>>(path: &[S], name: &str) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    first.as_ref() == "lookup"
        && (rest.is_empty() || (1..=rest.len()).any(|end| rest[..end].join(".") == name))
}

fn names(path: &Path) -> Vec<&str> {
    path.tokens.iter().map(|token| token.text.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_is_called_in_every_spelling_and_by_its_whole_name() {
        for (text, name, called) in [
            ("/r/{{lookup \"region_code\" record.region}}", "region_code", true),
            ("/r/{{lookup 'region_code' record.region}}", "region_code", true),
            ("{{{lookup \"region_code\" this}}}", "region_code", true),
            ("{\"a\": \"{{lookup \\\"region_code\\\" record.region}}\"}", "region_code", true),
            ("{{lookup.region_code}}", "region_code", true),
            ("{{lookup.region_code_2}}", "region_code", false),
            ("{{lookup \"region_code_2\" record.x}}", "region_code", false),
            ("{{lookup.region_code.id}}", "region_code", true),
            ("{{lookup.[Find Client]}}", "Find Client", true),
            ("{{lookup.[Find Client 2]}}", "Find Client", false),
            ("{{#if (lookup \"a\" record.b)}}x{{/if}}", "a", true),
            ("{{trim (lookup \"a\" (lookup \"b\" record.c))}}", "b", true),
            ("{{#each lookup.a}}{{x}}{{/each}}", "a", true),
            ("{{@root.lookup.a}}", "a", true),
            ("{{lookup a record.b}}", "a", true),
            ("{{lookup \"b\" \"a\"}}", "a", false),
            ("{{#with lookup}}{{a}}{{/with}}", "a", true),
            ("{{#each @root.lookup as |one|}}{{one}}{{/each}}", "a", true),
            ("{{{jsonSerialize lookup}}}", "a", true),
            ("{{lookup}}", "a", true),
            ("{{getValue \"lookup.a\" \"\"}}", "a", true),
            ("{{getValue \"lookup.a_2\"}}", "a", false),
            ("{{getValue \"record.a\" \"lookup.a\"}}", "a", false),
            ("{{#each record.lookup}}{{a}}{{/each}}", "a", false),
            ("{{lookup record.map record.a}}", "a", false),
            ("{{trim (lookup record.map \"a\")}}", "a", false),
            ("{{record.lookup.a}}", "a", false),
            ("lookup.a {{record.x}}", "a", false),
            ("{{!-- {{lookup.a}} --}}", "a", false),
            ("{{lookup.a", "a", true),
        ] {
            assert_eq!(calls(text, name), called, "{text} {name}");
        }
    }
}
