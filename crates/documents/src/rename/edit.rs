//! One text of a document: its renames, and what is to be said about them.

use std::ops::Range;

use serde_json::Value;

use super::matcher::{Found, Rules, Tally, View};
use super::path::{Grammar, Piece, Tok, print, single};
use super::scope::Around;
use super::template::{self, Doubts};
use super::{extract1, jsonpath};

/// How a single text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Handlebars.
    Template,
    /// A Mapper 1.0 extract: handlebars, single braces or a path.
    Extract,
    /// A path as in an extract, nothing else.
    Path,
    /// A Mapper 2.0 extract: a JSON path, handlebars or a literal. True: paths begin with an envelope.
    Extract2 {
        /// Paths begin with `$.record`.
        envelope: bool,
    },
    /// One key, dots and all.
    Key,
    /// Paths between commas.
    List,
}

/// What happened to one side of a document.
#[derive(Debug)]
pub(super) struct Notes {
    /// By rename.
    pub tally: Tally,
    /// Sentences, with the place first.
    pub warnings: Vec<String>,
}

/// Renames in one text; `place` names it in warnings.
pub(super) fn edit(
    rules: &Rules,
    text: &mut String,
    written: Written,
    around: &Around,
    place: &str,
    notes: &mut Notes,
) {
    if !rules.may_concern(text) {
        return;
    }
    let mut doubts = Doubts::default();
    let new = rewrite(rules, text, written, around, &mut notes.tally, &mut doubts);
    report(&doubts, place, notes);
    let Some(new) = new else { return };
    if let Some(reverse) = &rules.reverse {
        let around = Around {
            context: rules.rewrite_names(&around.context),
            others: around.others.iter().map(|names| rules.rewrite_names(names)).collect(),
            ..around.clone()
        };
        let mut tally = Tally::new(reverse.all.len());
        let back = rewrite(reverse, &new, written, &around, &mut tally, &mut Doubts::default());
        if back.as_ref() != Some(text) {
            notes.warnings.push(format!(
                "{place}: `{}` became `{}`; the reverse rename would spell it differently",
                short(text),
                short(&new)
            ));
        }
    }
    *text = new;
}

/// The same for every text in a value; keys are not looked at.
pub(super) fn edit_all(
    rules: &Rules,
    value: &mut Value,
    written: Written,
    around: &Around,
    place: &str,
    notes: &mut Notes,
) {
    match value {
        Value::String(text) => edit(rules, text, written, around, place, notes),
        Value::Array(list) => {
            for one in list {
                edit_all(rules, one, written, around, place, notes);
            }
        }
        // A path is a text or a list of them; an object there is something else.
        Value::Object(map) if written != Written::Path => {
            for one in map.values_mut() {
                edit_all(rules, one, written, around, place, notes);
            }
        }
        _ => {}
    }
}

fn report(doubts: &Doubts, place: &str, notes: &mut Notes) {
    let mut say = |texts: &[String], what: &str| {
        for text in texts {
            notes.warnings.push(format!("{place}: `{}` {what}", short(text)));
        }
    };
    say(&doubts.broken, "could not be read and is left alone");
    say(&doubts.helpers, "calls the helper of that name and is left alone");
    say(&doubts.texts, "names the field as a text and is left alone");
    say(&doubts.unsayable, "cannot be renamed where it stands and is left alone");
}

/// The beginning of a text, for a warning.
pub(super) fn short(text: &str) -> String {
    if text.chars().count() <= 80 {
        text.to_owned()
    } else {
        text.chars().take(77).collect::<String>() + "..."
    }
}

fn rewrite(
    rules: &Rules,
    text: &str,
    written: Written,
    around: &Around,
    tally: &mut Tally,
    doubts: &mut Doubts,
) -> Option<String> {
    let template = match written {
        Written::Template => true,
        Written::Extract => text.contains("{{"),
        Written::Extract2 { .. } => !text.starts_with('$') && text.contains("{{"),
        Written::Path | Written::Key | Written::List => false,
    };
    if template {
        return template::rewrite(rules, text, around, tally, doubts);
    }
    let mut pass = Pass { rules, around, tally, doubts };
    match written {
        Written::Extract => pass.single_braces(text),
        Written::Extract2 { envelope } if text.starts_with('$') => pass.json_path(text, envelope),
        // A literal.
        Written::Extract2 { .. } | Written::Template => None,
        Written::Path => pass.path(text),
        Written::Key => pass.key(text),
        Written::List => pass.list(text),
    }
}

/// Texts that are no templates.
struct Pass<'a> {
    rules: &'a Rules,
    around: &'a Around,
    tally: &'a mut Tally,
    doubts: &'a mut Doubts,
}

impl Pass<'_> {
    /// An extract of the oldest documents, or else a path.
    fn single_braces(&mut self, text: &str) -> Option<String> {
        let braces = extract1::single_braces(text);
        if braces.is_empty() {
            return self.path(text);
        }
        let (mut out, mut at) = (String::new(), 0);
        for span in braces {
            if let Some(new) = self.path(&text[span.clone()]) {
                out.push_str(&text[at..span.start]);
                out.push_str(&new);
                at = span.end;
            }
        }
        out.push_str(&text[at..]);
        (at > 0).then_some(out)
    }

    /// A path as in an extract.
    fn path(&mut self, text: &str) -> Option<String> {
        if !self.rules.may_concern(text) {
            return None;
        }
        let Some(found) = extract1::parse(text) else {
            self.doubts.broken.push(text.to_owned());
            return None;
        };
        let tokens = &found.tokens;
        let context = if found.head > 0 { Vec::new() } else { self.around.context.clone() };
        let views = self.views(tokens, 0, context);
        self.written(&views, Grammar::Extract, text, tokens, found.head..text.len())
    }

    fn json_path(&mut self, text: &str, envelope: bool) -> Option<String> {
        let Some(found) = jsonpath::parse(text) else {
            self.doubts.broken.push(text.to_owned());
            return None;
        };
        if found.opaque.iter().any(|span| self.rules.may_concern(&text[span.clone()])) {
            self.doubts.broken.push(text.to_owned());
        }
        let tokens = &found.tokens;
        let record = tokens.first().is_some_and(|t| t.text == "record");
        let views = match (envelope, record) {
            (true, false) => Vec::new(),
            (_, _) => self.views(tokens, usize::from(envelope), Vec::new()),
        };
        self.written(&views, Grammar::JsonPath, text, tokens, 1..found.end)
    }

    /// The ways to read the tokens from `skip` on: of the parent record, of the record at hand, of a child record.
    fn views(&self, tokens: &[Tok], skip: usize, context: Vec<String>) -> Vec<View> {
        let mut views = Vec::new();
        if tokens.get(skip).is_some_and(|t| t.text == "_PARENT") {
            views.push(View { context: Vec::new(), skip: skip + 1 });
        }
        views.push(View { context, skip });
        views.extend(self.around.others.iter().map(|names| View { context: names.clone(), skip }));
        views
    }

    /// The text with its path renamed; `body` is where the tokens stand.
    fn written(
        &mut self,
        views: &[View],
        grammar: Grammar,
        text: &str,
        tokens: &[Tok],
        body: Range<usize>,
    ) -> Option<String> {
        match self.rules.resolve(views, tokens, self.tally) {
            Found::Nothing | Found::Same | Found::Around => return None,
            Found::Unsayable(_) => {}
            Found::Changed(rule, pieces) => {
                if let Some(new) = print(grammar, text, tokens, &pieces, body.start > 0) {
                    return Some(format!("{}{new}{}", &text[..body.start], &text[body.end..]));
                }
                self.tally.changed[rule] -= 1;
                for view in views {
                    self.rules.note_taken(view, tokens, self.tally);
                }
            }
        }
        self.doubts.unsayable.push(text.to_owned());
        None
    }

    /// A key of Mapper 2.0: one name, whatever is in it.
    fn key(&mut self, text: &str) -> Option<String> {
        let view = View { context: self.around.context.clone(), skip: 0 };
        match self.rules.resolve(std::slice::from_ref(&view), &[single(text)], self.tally) {
            Found::Nothing | Found::Same | Found::Around => return None,
            Found::Unsayable(_) => {}
            Found::Changed(rule, pieces) => {
                if let [Piece::PendingResource(name, _)] = pieces.as_slice() {
                    return Some(name.clone());
                }
                self.tally.changed[rule] -= 1;
                self.rules.note_taken(&view, &[single(text)], self.tally);
            }
        }
        self.doubts.unsayable.push(text.to_owned());
        None
    }

    /// Paths between commas; blanks around them stay.
    fn list(&mut self, text: &str) -> Option<String> {
        let mut changed = false;
        let parts: Vec<String> = text
            .split(',')
            .map(|part| match self.path(part.trim()) {
                Some(new) => {
                    changed = true;
                    part.replacen(part.trim(), &new, 1)
                }
                None => part.to_owned(),
            })
            .collect();
        changed.then(|| parts.join(","))
    }
}
