//! Where an import uses a lookup: rows, conditions and keys that name it, and templates that call it.

use std::collections::HashSet;

use serde_json::Value;

use super::meant::{Then, meant};
use crate::handlebars::{self, Backslash, Call, Expression, Path};
use crate::path::extract;
use crate::schema::{self, Holds, Syntax};

/// Where a lookup is used.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The pointers of what names it.
    pub named: Vec<String>,
    /// The pointers of templates that choose a lookup when they run: it may be this one.
    pub chosen: Vec<String>,
}

/// Every use of the lookup that stands at `places`. A longer name that begins alike is another lookup.
///
/// A template calls it as `{{lookup "name" value}}`, `{{lookup.name}}` or `{{lookup.[odd name]}}`, also inside of another
/// expression, or as a text of `getValue`; the spelling does not tell which kind of lookup is meant. `{{#with lookup}}` and
/// every other word for all lookups at once is a use of each. One that cannot be read and holds the name counts as a use.
/// The lookup's own data and texts for people do not count as uses.
pub(super) fn of(document: &Value, name: &str, places: &[String]) -> Uses {
    let (mut folders, mut words) = (HashSet::new(), HashSet::new());
    schema::walk(document, &mut |row, pointer, _| match row.holds {
        Holds::Names(Syntax::FolderTemplate, _) => drop(folders.insert(pointer.to_owned())),
        Holds::Words => drop(words.insert(pointer.to_owned())),
        _ => {}
    });
    let mut uses = Uses::default();
    meant(document, &mut |key, pointer, value| {
        if words.contains(pointer) || places.iter().any(|place| place == pointer) {
            return Then::Skip;
        }
        let Value::String(text) = value else { return Then::Enter };
        if key.is_some_and(is_name_of_lookup) && text == name {
            uses.named.push(pointer.to_owned());
        } else if text.contains("{{") && key != Some("description") {
            let backslash =
                if folders.contains(pointer) { Backslash::SeparatesFolders } else { Backslash::Escapes };
            match calls(text, name, backslash) {
                Called::Yes => uses.named.push(pointer.to_owned()),
                Called::Maybe => uses.chosen.push(pointer.to_owned()),
                Called::No => {}
            }
        }
        Then::Enter
    });
    uses
}

/// `lookupName`, `existingLookupName` and its kind.
fn is_name_of_lookup(key: &str) -> bool {
    key == "lookupName" || key.ends_with("LookupName")
}

/// Whether a template calls a lookup, in the order of certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Called {
    No,
    /// It calls a lookup by a name that is only known when it runs.
    Maybe,
    Yes,
}

impl Called {
    fn when(called: bool) -> Self {
        if called { Self::Yes } else { Self::No }
    }
}

/// Whether a template calls the lookup of that name; one that cannot be read does if it holds the name.
fn calls(text: &str, name: &str, backslash: Backslash) -> Called {
    match handlebars::read(text, backslash) {
        Ok(template) => {
            let calls = template.tags.iter().filter_map(|tag| tag.call.as_ref());
            calls.map(|call| called_in(call, name)).max().unwrap_or(Called::No)
        }
        Err(_) => Called::when(text.contains("lookup") && text.contains(name)),
    }
}

fn called_in(call: &Call, name: &str) -> Called {
    let is_lookup = call.name() == Some("lookup");
    let mut first = match call.arguments.first().filter(|_| is_lookup) {
        Some(Expression::Text(text)) => Called::when(text.value == name),
        // `{{lookup name value}}`: what is meant is not known.
        Some(Expression::Path(path)) if names(path).join(".") == name => Called::Yes,
        Some(Expression::Path(_) | Expression::Call(_)) => Called::Maybe,
        Some(Expression::Literal(_)) | None => Called::No,
    };
    match call.arguments.first().filter(|_| call.name() == Some("getValue")) {
        Some(Expression::Text(text)) => {
            let leads = |path: extract::Path| leads_to(&crate::path::names(&path.tokens), name);
            first = Called::when(extract::parse(&text.value).is_some_and(leads));
        }
        // A path that is put together, which may be that of a lookup.
        Some(Expression::Call(_)) => first = Called::Maybe,
        _ => {}
    }
    // The name of the helper itself, in front of its arguments.
    let head = if is_lookup && call.has_arguments() { Called::No } else { inside(&call.head, name) };
    let arguments = call.arguments.iter().chain(call.hash.iter().map(|(_, expression)| expression));
    arguments.map(|argument| inside(argument, name)).fold(first.max(head), Called::max)
}

fn inside(expression: &Expression, name: &str) -> Called {
    match expression {
        Expression::Path(path) => Called::when(leads_to(&names(path), name)),
        Expression::Call(call) => called_in(call, name),
        Expression::Text(_) | Expression::Literal(_) => Called::No,
    }
}

/// Whether a path leads to the lookup, into it, or to all lookups at once.
fn leads_to<S: AsRef<str>>(path: &[S], name: &str) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    first.as_ref() == "lookup"
        && (rest.is_empty() || (1..=rest.len()).any(|end| rest[..end].join(".") == name))
}

/// The names of a path. Quotation marks in brackets are part of a name, and nobody means them to be.
fn names(path: &Path) -> Vec<&str> {
    let quotes = |c| matches!(c, '"' | '\'');
    path.tokens.iter().map(|token| token.text.trim_matches(quotes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_is_called_in_every_spelling_and_by_its_whole_name() {
        for (text, name, called) in [
            ("/r/{{lookup \"region_code\" record.region}}", "region_code", Called::Yes),
            ("/r/{{lookup 'region_code' record.region}}", "region_code", Called::Yes),
            ("{{{lookup \"region_code\" this}}}", "region_code", Called::Yes),
            ("{\"a\": \"{{lookup \\\"region_code\\\" record.region}}\"}", "region_code", Called::Yes),
            ("{{lookup.region_code}}", "region_code", Called::Yes),
            ("{{lookup.region_code_2}}", "region_code", Called::No),
            ("{{lookup \"region_code_2\" record.x}}", "region_code", Called::No),
            ("{{lookup.region_code.id}}", "region_code", Called::Yes),
            ("{{lookup.[Find Client]}}", "Find Client", Called::Yes),
            ("{{lookup.[\"Find Client\"]}}", "Find Client", Called::Yes),
            ("{{lookup.[Find Client 2]}}", "Find Client", Called::No),
            ("{{#if (lookup \"a\" record.b)}}x{{/if}}", "a", Called::Yes),
            ("{{trim (lookup \"a\" (lookup \"b\" record.c))}}", "b", Called::Yes),
            ("{{#each lookup.a}}{{x}}{{/each}}", "a", Called::Yes),
            ("{{@root.lookup.a}}", "a", Called::Yes),
            ("{{lookup a record.b}}", "a", Called::Yes),
            ("{{lookup \"b\" \"a\"}}", "a", Called::No),
            ("{{#with lookup}}{{a}}{{/with}}", "a", Called::Yes),
            ("{{#each @root.lookup as |one|}}{{one}}{{/each}}", "a", Called::Yes),
            ("{{{jsonSerialize lookup}}}", "a", Called::Yes),
            ("{{lookup}}", "a", Called::Yes),
            ("{{getValue \"lookup.a\" \"\"}}", "a", Called::Yes),
            ("{{getValue \"lookup.a_2\"}}", "a", Called::No),
            ("{{getValue (join \".\" \"lookup\" record.x)}}", "a", Called::Maybe),
            ("{{trim (getValue (join \".\" \"lookup\" lookup.a))}}", "a", Called::Yes),
            ("{{getValue \"record.a\" \"lookup.a\"}}", "a", Called::No),
            ("{{#each record.lookup}}{{a}}{{/each}}", "a", Called::No),
            ("{{lookup record.map record.a}}", "a", Called::Maybe),
            ("{{trim (lookup record.map \"a\")}}", "a", Called::Maybe),
            ("{{lookup (join \"_\" \"a\" record.b) record.c}}{{lookup.b}}", "a", Called::Maybe),
            ("{{lookup record.which lookup.a}}", "a", Called::Yes),
            ("\\{{lookup.a}}", "a", Called::No),
            ("{{record.lookup.a}}", "a", Called::No),
            ("lookup.a {{record.x}}", "a", Called::No),
            ("{{!-- {{lookup.a}} --}}", "a", Called::No),
            ("{{lookup.a", "a", Called::Yes),
        ] {
            assert_eq!(calls(text, name, Backslash::Escapes), called, "{text} {name}");
        }
    }
}
