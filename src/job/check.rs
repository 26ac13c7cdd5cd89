//! Validates a tree against [`super::keys`]: unknown keys, wrong kinds, bad values. It does not interpret the values.

use super::cut::{cut, is_text_meant, not_meant};
use super::env::nearest;
use super::fit::fits;
use super::forms::Format;
use super::problem::Report;
use super::quoting::{is_invisible, name_of, quoted, unprintable};
use super::remedy::{Written, as_pointer, remedy, shorten};
use super::spec::{Dictionary, Key, Rule, Table, Type};
use super::synonyms;
use super::tree::{Data, Entry, Node};

/// Reports everything about `node` that does not fit `holds`; `name` is the key it stands under.
pub(super) fn check(node: &Node, holds: &Type, name: &str, report: &mut Report) {
    check_at(node, holds, Subject::Key(name), report);
}

/// Whose value it is.
#[derive(Clone, Copy)]
pub(super) enum Subject<'n> {
    /// That of a key.
    Key(&'n str),
    /// One of the list under a key.
    Item(&'n str),
}

impl Subject<'_> {
    /// The key itself, without saying more.
    pub(super) fn name(&self) -> &str {
        let (Self::Key(name) | Self::Item(name)) = self;
        name
    }
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(name) => write!(f, "`{name}`"),
            Self::Item(name) => write!(f, "an item of `{name}`"),
        }
    }
}

fn check_at(node: &Node, holds: &Type, subject: Subject<'_>, report: &mut Report) {
    let name = subject.name();
    match (&node.data, holds) {
        (Data::Broken, _) => {}
        (Data::List(_) | Data::Text(_) | Data::Number(..) | Data::Null, Type::Table(table))
            if is_root(table) =>
        {
            let (what, help) = match table.noun {
                Some("the fleet") => ("fleet", "see docs/fleet.md for one to start from"),
                _ => ("job", "`transship new migrate` prints a job to start from"),
            };
            let message =
                format!("a {what} file is a mapping of keys and values, but this is {}", node.kind());
            report.error(node.span, message).help(help);
        }
        (_, Type::Any) => check_any(node, report),
        (Data::Null, Type::OrNull(_)) => {}
        (_, Type::OrNull(inner)) => check_at(node, inner, subject, report),
        (Data::Null, _) => {
            let help = match report.comment_behind(node.span).filter(|comment| is_text_meant(comment)) {
                Some(comment) => format!("what follows ` #` is a comment: write {}", quoted(comment)),
                None if matches!(subject, Subject::Item(_)) => {
                    format!("write {} behind the `-`, or remove it", holds.describe())
                }
                None => format!("give it {}, or leave the key out", holds.describe()),
            };
            report.error(node.span, format!("{subject} has no value")).help(help);
        }
        (Data::List(items), Type::List(inner)) => {
            if items.is_empty() {
                let help = "write at least one, or leave the key out";
                report.error(node.span, format!("`{name}` is an empty list")).help(help);
            }
            for item in items {
                check_at(item, inner, Subject::Item(name), report);
            }
        }
        (Data::Table(entries), Type::Table(table)) => check_table(node, entries, table, name, report),
        (Data::Table(entries), Type::Dictionary(dictionary)) => {
            check_dictionary(node, entries, dictionary, name, report);
        }
        (Data::List(_), Type::Either(types)) if types.iter().any(|one| matches!(one, Type::List(_))) => {
            let lists = types.iter().filter(|one| matches!(one, Type::List(_)));
            lists.for_each(|one| check_at(node, one, subject, report));
        }
        (Data::Table(_), Type::Either(types)) if types.iter().any(Type::is_mapping) => {
            types.iter().filter(|one| one.is_mapping()).for_each(|one| check_at(node, one, subject, report));
        }
        _ if fits(node, holds) => {
            if is_free(holds) {
                not_meant(node, report);
            }
        }
        _ => misfit(node, holds, subject, report),
    }
}

fn check_table(node: &Node, entries: &[Entry], table: &'static Table, name: &str, report: &mut Report) {
    for entry in entries {
        match table.key(&entry.key) {
            Some(key) => check(&entry.node, &key.holds, key.word, report),
            None => unknown_key(entry, table, name, report),
        }
    }
    let meant = meant(entries, table);
    let missing = |key: &&Key| key.required && !node.has(key.word) && !meant.contains(&key.word);
    for key in table.keys.iter().filter(missing) {
        let help = format!("add `{}: …`: {}", key.word, lower(key.doc));
        let message = match table.noun {
            Some(noun) => format!("{noun} has no `{}`", key.word),
            None => format!("`{name}` needs `{}`", key.word),
        };
        report.error(node.span, message).help(help);
    }
    if let Rule::OneOf(words, without, with_two) = table.rule {
        let given: Vec<&Entry> = entries.iter().filter(|entry| words.contains(&entry.key.as_str())).collect();
        let unknown = entries.iter().any(|entry| table.key(&entry.key).is_none());
        let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let what = table.noun.map_or_else(|| format!("`{name}`"), str::to_owned);
        match given.as_slice() {
            [] if !unknown => {
                let help = format!("add one of {}", known.join(", "));
                report.error(node.span, format!("{what} {without}")).help(help);
            }
            [first, second, ..] => {
                let message = format!("{what} holds both `{}` and `{}`", first.key, second.key);
                report.error(second.at, message).related(first.at, "first here").help(with_two);
            }
            _ => {}
        }
    }
    if let (Rule::Some(without), []) = (&table.rule, entries) {
        let known: Vec<_> = table.keys.iter().map(|key| format!("`{}`", key.word)).collect();
        let help = format!("add one of {}, or leave the key out", known.join(", "));
        report.error(node.span, format!("`{name}` {without}")).help(help);
    }
}

fn is_root(table: &Table) -> bool {
    matches!(table.noun, Some("the job" | "the fleet"))
}

/// The keys that are most likely meant by those that the table does not know.
///
/// Consequences of their absence are not reported, only the unknown key.
pub(super) fn meant(entries: &[Entry], table: &Table) -> Vec<&'static str> {
    // Nobody mistypes more keys than that; the bound keeps a file of a hundred thousand keys quick.
    let unknown = entries.iter().filter(|entry| table.key(&entry.key).is_none()).take(100);
    let mut meant = Vec::new();
    for entry in unknown {
        let near = spelled(&entry.key, table).or_else(|| likely(&entry.key, table));
        if let Some(near) = near.filter(|near| !meant.contains(near)) {
            meant.push(near);
        }
    }
    meant
}

/// The key that is written with invisible characters, or without the space behind its colon.
fn spelled(written: &str, table: &Table) -> Option<&'static str> {
    let plain: String = written.chars().filter(|c| !is_invisible(*c)).collect();
    let word = plain.split(':').next().unwrap_or_default().trim();
    table.keys.iter().map(|key| key.word).find(|key| *key == word)
}

/// The key that is called otherwise in other programs, or that is written almost so.
fn likely(written: &str, table: &Table) -> Option<&'static str> {
    let known = || table.keys.iter().map(|key| key.word);
    if is_below(written, table).is_some() {
        return None;
    }
    synonyms::key(written, known()).or_else(|| nearest(written, known()))
}

/// The key of the table under which a mapping may hold the key that was written.
fn is_below(written: &str, table: &Table) -> Option<&'static str> {
    let mut below =
        table.keys.iter().filter(|key| key.holds.table().is_some_and(|of| of.key(written).is_some()));
    below.next().map(|key| key.word)
}

fn unknown_key(entry: &Entry, table: &'static Table, name: &str, report: &mut Report) {
    let known = || table.keys.iter().map(|key| key.word);
    let odd = entry.key.chars().find(|c| is_invisible(*c)).filter(|_| spelled(&entry.key, table).is_some());
    // Nobody reads more proposals than that; the bound keeps a file of a hundred thousand keys quick.
    let near = if report.len() < 1000 { likely(&entry.key, table) } else { None };
    let help = match near {
        _ if let Some(odd) = odd => format!("it holds {}: delete the line and type it again", name_of(odd)),
        _ if let (Some(key), Some((_, value))) = (spelled(&entry.key, table), entry.key.split_once(':')) => {
            format!("there is no space after the colon: write `{key}: {value}`")
        }
        _ if let Some((_, help)) = table.elsewhere.iter().find(|(key, _)| *key == entry.key) => {
            (*help).to_owned()
        }
        _ if let Some(above) = is_below(&entry.key, table) => {
            format!("it belongs under `{above}`: write `{above}: {{ {}: … }}`", entry.key)
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys here are {}", known().collect::<Vec<_>>().join(", ")),
    };
    let message = match table.noun {
        Some(_) if is_root(table) => format!("unknown key `{}`", entry.key),
        _ => format!("unknown key `{}` in `{name}`", entry.key),
    };
    report.error(entry.at, message).help(help);
    if table.secret.is_some() {
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
                None => match (dictionary.holds.is_mapping(), entry.node.written()) {
                    (true, Some(value)) => format!(
                        "name the kind first, as in `connections: {{ {}: {} }}`; the kinds are {}",
                        entry.key,
                        shorten(value),
                        words.join(", ")
                    ),
                    _ => format!("it is one of {}", words.join(", ")),
                },
            };
            report.error(entry.at, message).help(help);
            // What it holds is of a kind that is not known.
            continue;
        } else if !dictionary.key.fits(&entry.key) {
            let message = format!("`{}` is not {}", entry.key, dictionary.key.describe());
            let help = (dictionary.key == Format::Pointer).then(|| as_pointer(&entry.key));
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
        Data::Text(_) => not_meant(node, report),
        Data::List(items) => items.iter().for_each(|item| check_any(item, report)),
        Data::Table(entries) => entries.iter().for_each(|entry| check_any(&entry.node, report)),
        _ => {}
    }
}

fn misfit(node: &Node, holds: &Type, subject: Subject<'_>, report: &mut Report) {
    if let Type::Table(Table { secret: Some(help), .. }) = holds {
        report.black_out(node.span);
        report.error(node.span, "a token is never in a job file").help(*help);
        return;
    }
    if matches!(holds, Type::Text(Format::Variable)) {
        // Whoever writes no name here may have written the token itself.
        report.black_out(node.span);
        let help =
            "write the variable's name, e.g. `{ env: CELIGO_TOKEN }`, without `$`; never the token itself";
        report.error(node.span, format!("{subject} must be the name of an environment variable")).help(help);
        return;
    }
    let message = match (node.written(), same_kind(node, holds)) {
        (Some(text), true) if (is_path(holds) || is_line(holds)) && text.contains(unprintable) => {
            let what = match (text.contains('\t'), text.contains('\n')) {
                (true, true) => "a tab and a line break",
                (true, false) => "a tab",
                (false, true) => "a line break",
                (false, false) => "a control character",
            };
            let whose = if is_line(holds) { "should not be in a name" } else { "no path has" };
            format!("{subject} holds {what}, which {whose}")
        }
        (Some(text), true) if text.trim().is_empty() => {
            format!("{subject} is empty: it must be {}", holds.describe())
        }
        (Some(text), true) => format!("{subject} must be {}, not `{}`", holds.describe(), shorten(text)),
        _ => format!("{subject} must be {}, but this is {}", holds.describe(), node.kind()),
    };
    let is_block = super::cut::is_block(node, report);
    let written = Written { name: subject.name(), is_block, source: report.text_of(node.span) };
    let help = remedy(node, holds, &written).or_else(|| cut_off(node, holds, report));
    report.error(node.span, message).maybe_help(help);
}

/// What to write where a comment took the rest of a value with it.
fn cut_off(node: &Node, holds: &Type, report: &Report) -> Option<String> {
    let found = cut(node, report)?;
    let comment = report.text_of(found.span);
    let (end, value) = comment.split_once(": ").filter(|_| holds.is_mapping())?;
    let key = quoted(&format!("{} {end}", node.written()?));
    Some(format!("what follows ` #` is a comment: write {}: {value}`", key.trim_end_matches('`')))
}

/// Whether a text of the user's own choice may stand there.
fn is_free(holds: &Type) -> bool {
    use Format::{Free, Id, Line, Path, Text, Title};
    match holds {
        Type::Text(form) => matches!(form, Text | Free | Title | Line | Path | Id),
        Type::Either(types) => types.iter().any(is_free),
        Type::OrNull(inner) => is_free(inner),
        _ => false,
    }
}

fn is_line(holds: &Type) -> bool {
    matches!(holds, Type::Text(Format::Line))
}

fn is_path(holds: &Type) -> bool {
    match holds {
        Type::Text(Format::Path) => true,
        Type::Either(types) => types.iter().any(is_path),
        _ => false,
    }
}

fn same_kind(node: &Node, holds: &Type) -> bool {
    match holds {
        Type::Text(Format::Id) | Type::Either(_) => node.written().is_some(),
        Type::Text(_) | Type::Word(_) => node.text().is_some(),
        Type::Integer(..) | Type::Number(..) => matches!(node.data, Data::Number(..) | Data::OddNumber(_)),
        _ => false,
    }
}

/// A sentence that goes on in another one.
pub(super) fn lower(doc: &str) -> String {
    let mut chars = doc.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
