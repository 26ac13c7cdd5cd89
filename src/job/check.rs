//! Holds a tree against [`super::keys`]: unknown keys, wrong kinds, bad values. It knows nothing of what they mean.

use super::env::nearest;
use super::forms::Form;
use super::keys::{CREATABLE, KINDS};
use super::not_yet::is_not_yet;
use super::problem::{Report, Span};
use super::spec::{Dictionary, Rule, Table, Type};
use super::tree::{Data, Entry, Node};

/// Reports everything about `node` that does not fit `holds`; `name` is the key it stands under.
pub(super) fn check(node: &Node, holds: &Type, name: &str, report: &mut Report) {
    match (&node.data, holds) {
        (Data::Broken, _) => {}
        (
            Data::List(_) | Data::Text(_) | Data::Number(..) | Data::Null,
            Type::Table(Table { name: "job", .. }),
        ) => {
            let message = format!("a job file is a mapping of keys and values, but this is {}", node.kind());
            report.error(node.span, message).help("`transship new migrate` prints a job to start from");
        }
        (_, Type::Any) => check_any(node, report),
        (Data::Null, Type::OrNull(_)) => {}
        (_, Type::OrNull(inner)) => check(node, inner, name, report),
        (Data::Null, _) => {
            let help = format!("give it {}, or leave the key out", holds.describe());
            report.error(node.span, format!("`{name}` has no value")).help(help);
        }
        (Data::List(items), Type::List(inner)) => {
            if items.is_empty() {
                let help = "write at least one, or leave the key out";
                report.error(node.span, format!("`{name}` is an empty list")).help(help);
            }
            for item in items {
                check(item, inner, name, report);
            }
        }
        (Data::Table(entries), Type::Table(table)) => check_table(node, entries, table, name, report),
        (Data::Table(entries), Type::Dictionary(dictionary)) => {
            check_dictionary(node, entries, dictionary, name, report);
        }
        (Data::List(_), Type::Either(types)) if types.iter().any(|one| matches!(one, Type::List(_))) => {
            let lists = types.iter().filter(|one| matches!(one, Type::List(_)));
            lists.for_each(|one| check(node, one, name, report));
        }
        (Data::Table(_), Type::Either(types)) if types.iter().any(is_mapping) => {
            types.iter().filter(|one| is_mapping(one)).for_each(|one| check(node, one, name, report));
        }
        _ if fits(node, holds) => {
            if let Some(word) = node.text().filter(|word| is_not_yet(name, word)) {
                report
                    .error(node.span, format!("`{name}: {word}` is not supported yet"))
                    .help("a later version of transship will accept it");
            }
        }
        _ => misfit(node, holds, name, report),
    }
}

fn check_table(node: &Node, entries: &[Entry], table: &'static Table, name: &str, report: &mut Report) {
    for entry in entries {
        match table.key(&entry.key) {
            Some(key) => {
                if is_not_yet(table.name, key.word) {
                    not_supported_yet(entry.at, key.word, name, table.name, report);
                }
                check(&entry.node, &key.holds, key.word, report);
            }
            None => unknown_key(entry, table, name, report),
        }
    }
    for key in table.keys.iter().filter(|key| key.required && !node.has(key.word)) {
        let help = format!("add `{}: …`: {}", key.word, lower(key.doc));
        let message = if table.name == "job" {
            format!("the job has no `{}`", key.word)
        } else {
            format!("`{name}` needs `{}`", key.word)
        };
        report.error(node.span, message).help(help);
    }
    if let Rule::OneOf(words, without) = table.rule {
        let given: Vec<&Entry> = entries.iter().filter(|entry| words.contains(&entry.key.as_str())).collect();
        let unknown = entries.iter().any(|entry| table.key(&entry.key).is_none());
        let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let what = if table.name == "step" { "a step" } else { &format!("`{name}`") };
        match given.as_slice() {
            [] if !unknown => {
                let help = format!("add one of {}", known.join(", "));
                report.error(node.span, format!("{what} {without}")).help(help);
            }
            [first, second, ..] => {
                let message = format!("{what} holds both `{}` and `{}`", first.key, second.key);
                let help = if table.name == "step" {
                    "a step does one thing: begin the second with a `-` of its own"
                } else {
                    "keep one of the two"
                };
                report.error(second.at, message).related(first.at, "first here").help(help);
            }
            _ => {}
        }
    }
    if matches!(table.rule, Rule::Some) && entries.is_empty() {
        let help =
            format!("add one of {}", table.keys.iter().map(|key| key.word).collect::<Vec<_>>().join(", "));
        let what = match table.name {
            "keep" => "keeps nothing",
            "notify" => "tells nobody",
            _ => "changes nothing",
        };
        report.error(node.span, format!("`{name}` {what}")).help(help);
    }
    if table.name == "condition" && entries.is_empty() {
        let help = "name something, or leave the key out";
        report.error(node.span, format!("`{name}` is empty: it would hold for every import")).help(help);
    }
}

fn not_supported_yet(at: Span, word: &str, name: &str, table: &str, report: &mut Report) {
    let message = match table {
        "job" => format!("`{word}` is not supported yet"),
        _ => format!("`{word}` in `{name}` is not supported yet"),
    };
    report.error(at, message).help("remove it; a later version of transship will accept it");
}

fn unknown_key(entry: &Entry, table: &'static Table, name: &str, report: &mut Report) {
    let known = || table.keys.iter().map(|key| key.word);
    let help = match nearest(&entry.key, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if table.name == "condition"
            && ["manifest", "integration_apps"].contains(&entry.key.as_str()) =>
        {
            format!("`{}` stands in `select` itself", entry.key)
        }
        None => format!("the keys here are {}", known().collect::<Vec<_>>().join(", ")),
    };
    let message = match table.name {
        "job" => format!("unknown key `{}`", entry.key),
        _ => format!("unknown key `{}` in `{name}`", entry.key),
    };
    report.error(entry.at, message).help(help);
    if table.name == "token" {
        report.black_out(entry.node.span);
    }
}

fn check_dictionary(
    node: &Node,
    entries: &[Entry],
    dictionary: &'static Dictionary,
    name: &str,
    report: &mut Report,
) {
    if entries.is_empty() {
        let help = "name something, or leave the key out";
        report.error(node.span, format!("`{name}` is empty")).help(help);
    }
    for entry in entries {
        let words = dictionary.words;
        if !words.is_empty() && !words.contains(&entry.key.as_str()) {
            let message = format!("`{}` is not a {}", entry.key, dictionary.what);
            let help = match nearest(&entry.key, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}", words.join(", ")),
            };
            report.error(entry.at, message).help(help);
        } else if !dictionary.key.fits(&entry.key) {
            let message = format!("`{}` is not {}", entry.key, dictionary.key.describe());
            let help = (dictionary.key == Form::Pointer).then(|| as_pointer(&entry.key));
            report.error(entry.at, message).maybe_help(help);
        }
        check(&entry.node, &dictionary.holds, &entry.key, report);
    }
}

fn check_any(node: &Node, report: &mut Report) {
    match &node.data {
        Data::OddNumber(written) => {
            let message = format!("JSON has no number `{written}`");
            report.error(node.span, message).help("put it into quotes to make it a text");
        }
        Data::List(items) => items.iter().for_each(|item| check_any(item, report)),
        Data::Table(entries) => entries.iter().for_each(|entry| check_any(&entry.node, report)),
        _ => {}
    }
}

fn is_mapping(holds: &Type) -> bool {
    matches!(holds, Type::Table(_) | Type::Dictionary(_))
}

/// Whether a value that is no collection is what `holds` asks for.
fn fits(node: &Node, holds: &Type) -> bool {
    match holds {
        Type::Text(Form::Id) => node.written().is_some_and(|text| Form::Id.fits(text)),
        Type::Text(form) => node.text().is_some_and(|text| form.fits(text)),
        Type::Word(words) => node.text().is_some_and(|text| words.iter().any(|word| word.word == text)),
        Type::Flag => node.flag().is_some(),
        Type::Whole(low, high) => node.whole().is_some_and(|number| (*low..=*high).contains(&number)),
        Type::Number(low, high) => node.number().is_some_and(|number| number > *low && number <= *high),
        Type::Either(types) => types.iter().any(|one| fits(node, one)),
        Type::OrNull(inner) => matches!(node.data, Data::Null) || fits(node, inner),
        Type::Any => true,
        Type::List(_) | Type::Table(_) | Type::Dictionary(_) => false,
    }
}

fn misfit(node: &Node, holds: &Type, name: &str, report: &mut Report) {
    if let Type::Table(Table { name: "token", .. }) = holds {
        report.black_out(node.span);
        let help = "say where it is: { env: NAME }, { file: PATH }, { command: [..] } or { keyring: NAME }";
        report.error(node.span, "a token is never in a job file").help(help);
        return;
    }
    if matches!(holds, Type::Text(Form::Variable)) {
        // Whoever writes no name here may have written the token itself.
        report.black_out(node.span);
        let help =
            "write the variable's name, e.g. `{ env: CELIGO_TOKEN }`, without `$`; never the token itself";
        report.error(node.span, format!("`{name}` must be the name of an environment variable")).help(help);
        return;
    }
    let message = match (node.written(), same_kind(node, holds)) {
        (Some(text), true) if text.trim().is_empty() => {
            format!("`{name}` is empty: it must be {}", holds.describe())
        }
        (Some(text), true) => format!("`{name}` must be {}, not `{}`", holds.describe(), shorten(text)),
        _ => format!("`{name}` must be {}, but this is {}", holds.describe(), node.kind()),
    };
    report.error(node.span, message).maybe_help(remedy(node, holds, name));
}

/// What to write instead, where that can be said.
fn remedy(node: &Node, holds: &Type, name: &str) -> Option<String> {
    let written = node.written().map(shorten);
    match (holds, &node.data) {
        (Type::Word(_), Data::Text(text)) if name == "create" => not_created(&text.value),
        (Type::Word(words), Data::Text(text)) => {
            let known = words.iter().map(|word| word.word);
            nearest(&text.value, known).map(|near| format!("did you mean `{near}`?"))
        }
        (Type::Either(types), Data::Text(_)) => {
            types.iter().filter(|one| matches!(one, Type::Word(_))).find_map(|one| remedy(node, one, name))
        }
        (Type::Flag, Data::Text(text)) => match text.value.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        (Type::Text(Form::Duration), Data::Number(..)) => {
            Some(format!("write the unit: `{}s` or `{0}ms`", written.unwrap_or_default()))
        }
        (Type::Text(Form::Moment), Data::Text(text)) if text.value.contains('T') => {
            Some("a time needs its offset: `Z` for UTC, or e.g. `+01:00`".to_owned())
        }
        (Type::Text(Form::Percent), Data::Number(..)) => written.map(|number| format!("write `{number}%`")),
        (Type::Text(_), Data::Number(..) | Data::OddNumber(_)) => {
            written.map(|text| format!("put it into quotes: \"{text}\""))
        }
        (Type::Text(_), Data::Flag(flag)) => Some(format!("put it into quotes: \"{flag}\"")),
        (Type::Whole(..) | Type::Number(..), Data::Text(text)) if text.value.parse::<f64>().is_ok() => {
            Some("write it without quotes".to_owned())
        }
        (Type::List(_), Data::Text(_) | Data::Number(..)) => {
            let shown = written.unwrap_or_default();
            Some(format!("write it as a list: `{name}: [\"{shown}\"]`"))
        }
        (Type::List(_), Data::Table(_)) => Some("begin each item with `- `".to_owned()),
        (Type::Text(Form::Pointer), Data::Text(text)) => Some(as_pointer(&text.value)),
        _ => None,
    }
}

fn same_kind(node: &Node, holds: &Type) -> bool {
    match holds {
        Type::Text(Form::Id) | Type::Either(_) => node.written().is_some(),
        Type::Text(_) | Type::Word(_) => node.text().is_some(),
        Type::Whole(..) | Type::Number(..) => matches!(node.data, Data::Number(..) | Data::OddNumber(_)),
        _ => false,
    }
}

/// The JSON pointer that somebody who writes a path in another way may mean.
fn as_pointer(text: &str) -> String {
    let path = text.trim_start_matches(['.', '$', '#', '/']);
    format!("did you mean `/{}`?", path.replace(['.', '['], "/").replace(']', ""))
}

/// Why a kind of resource cannot stand in `references.create`.
fn not_created(word: &str) -> Option<String> {
    if word == "connections" {
        let help = "connections hold secrets, which the service never shows, so they are never created: make them in \
                    the target by hand, under the same names";
        return Some(help.to_owned());
    }
    if KINDS.contains(&word) {
        return Some(format!(
            "{word} are not created: make them in the target by hand, under the same names"
        ));
    }
    nearest(word, CREATABLE.iter().map(|word| word.word)).map(|near| format!("did you mean `{near}`?"))
}

/// At most forty characters of a text.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn lower(doc: &str) -> String {
    let mut chars = doc.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
