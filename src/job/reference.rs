//! The key reference of the job file, made of the same table that the reader follows.

use std::fmt::Write;

use super::Action;
use super::keys::JOB;
use super::spec::{Dictionary, Key, Table, Type};

/// The reference as Markdown: a table of keys for the job and for each mapping in it.
pub fn reference() -> String {
    let mut text = String::from(
        "# The job file\n\n\
         Every key of a job file: what it holds, what holds without it, and what it means. This page is made from the table\n\
         that the reader and `transship schema` follow.\n",
    );
    let mut tables = vec![&JOB];
    let mut next = 0;
    while let Some(table) = tables.get(next).copied() {
        next += 1;
        section(table, &mut text);
        for key in table.keys {
            collect(&key.holds, &mut tables);
        }
    }
    text
}

/// Adds the tables that may stand at a place, each once.
fn collect(holds: &'static Type, tables: &mut Vec<&'static Table>) {
    match holds {
        Type::Table(table) => {
            let is_new = tables.iter().all(|known| known.name != table.name);
            if is_new {
                tables.push(table);
            }
        }
        Type::List(inner) | Type::OrNull(inner) => collect(inner, tables),
        Type::Dictionary(Dictionary { holds, .. }) => collect(holds, tables),
        Type::Either(types) => types.iter().for_each(|one| collect(one, tables)),
        _ => {}
    }
}

fn section(table: &Table, text: &mut String) {
    let title = match table.name {
        name if name == JOB.name => "The keys of the job".to_owned(),
        name => format!("`{name}`"),
    };
    let mut row = |line: std::fmt::Arguments<'_>| {
        // Writing to a text cannot fail.
        let _ = text.write_fmt(line);
    };
    row(format_args!("\n## {title}\n\n| key | holds | default | meaning |\n|---|---|---|---|\n"));
    for key in table.keys {
        let needed = if key.required { " (required)" } else { "" };
        let default = key.default.map(|default| format!("`{default}`")).unwrap_or_default();
        let holds = key.holds.describe().replace('|', "\\|");
        let meaning = meaning(key).replace('|', "\\|");
        row(format_args!("| `{}`{needed} | {holds} | {default} | {meaning} |\n", key.word));
    }
}

/// What a key means, and for which actions it is or is not.
pub(super) fn meaning(key: &Key) -> String {
    let mut text = key.doc.to_owned();
    let refused: Vec<Action> = key.not_for.iter().flat_map(|(actions, _)| actions.iter().copied()).collect();
    let taken: Vec<Action> = Action::ALL.into_iter().filter(|action| !refused.contains(action)).collect();
    match (refused.as_slice(), taken.as_slice()) {
        ([], _) => {}
        (_, taken) if taken.len() < refused.len() => {
            text.push_str(&format!(" Only for {}.", names(taken, "and")))
        }
        (refused, _) => text.push_str(&format!(" Not for {}.", names(refused, "or"))),
    }
    text
}

/// The actions as a list in a sentence.
fn names(actions: &[Action], and: &str) -> String {
    let names: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {and} {last}", rest.join(", ")),
        None => String::new(),
    }
}
