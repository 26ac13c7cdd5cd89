//! One text of a document: its renames, and what is to be said about them.

use std::collections::HashSet;
use std::ops::Range;

use super::counts::Counts;
use super::escapes;
use super::filters;
use super::matcher::{Found, Rules, View};
use super::part::Part;
use super::reading;
use super::scope::{Parent, TemplateContext};
use super::template;
use super::unchanged::{ANY_CHILD, ENVELOPE, PARENT, SCOPE, UNREADABLE, UNSAYABLE, Unchanged, short};
use crate::envelope::{self, Envelope};
use crate::path::{Grammar, Kind, Piece, Style, Token, extract, json_path, print, single};
use crate::place::push_key;

/// How a single text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextSyntax {
    /// A template in the language of handlebars.
    Template,
    /// A Mapper 1.0 extract: handlebars, single braces or a path.
    Extract,
    /// A path as in an extract, nothing else.
    Path,
    /// A Mapper 2.0 extract: a JSON path, handlebars or a literal.
    Extract2(Envelope),
    /// One key, dots and all.
    Key,
    /// Paths between commas.
    List,
}

/// The renames of one side of a document, and what they did in it.
#[derive(Debug)]
pub(super) struct SideRename<'a> {
    /// The renames to carry out.
    pub rules: &'a Rules,
    /// What happened, by rename.
    pub counts: Counts,
    /// Sentences, with the JSON pointer first.
    pub warnings: Vec<String>,
    /// The renames that could not be said where their field stands.
    pub unsayable: Vec<usize>,
}

impl<'a> SideRename<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        Self { rules, counts: Counts::new(rules.all.len()), warnings: Vec::new(), unsayable: Vec::new() }
    }

    /// Renames in one text; `at` is its JSON pointer.
    pub(super) fn edit(
        &mut self,
        text: &mut String,
        syntax: TextSyntax,
        context: &TemplateContext,
        at: &str,
    ) {
        let rules = self.rules;
        let is_path = matches!(syntax, TextSyntax::Path | TextSyntax::Key | TextSyntax::List);
        let concerned = if is_path { rules.may_concern(text) } else { template::may_concern(rules, text) };
        let alone = context.parent == Parent::Alone;
        if !alone && !is_path {
            let rewrite = |text: &str, counts: &mut Counts| {
                rewrite(rules, text, syntax, context, counts, &mut Unchanged::default());
            };
            for rule in escapes::left(rules, text, rewrite) {
                self.counts.mentioned[rule] = true;
                let name = rules.all[rule].from.last().map_or("", String::as_str);
                self.warnings.push(format!(
                    "{at}: `{name}` is written with escapes (`\\u....`) there and is left alone"
                ));
            }
        }
        if !concerned || alone && !text.contains("_PARENT") {
            return;
        }
        let mentioned = alone.then(|| self.counts.mentioned.clone());
        let mut unchanged = Unchanged::default();
        let new = rewrite(rules, text, syntax, context, &mut self.counts, &mut unchanged);
        if let Some(mentioned) = mentioned {
            unchanged.keep_of_the_parent();
            if unchanged.reasons.is_empty() {
                self.counts.mentioned = mentioned;
            }
        }
        self.unsayable.append(&mut unchanged.unsayable);
        for (found, reason) in &unchanged.reasons {
            self.warnings.push(format!("{at}: `{}` {reason}", short(found)));
        }
        let Some(new) = new else { return };
        if let Some(reverse) = &rules.reverse {
            let context = TemplateContext {
                context: rules.rewrite_part(&context.context),
                record: rules.rewrite_part(&context.record),
                others: context.others.iter().map(|part| rules.rewrite_part(part)).collect(),
                entries: context.entries.iter().map(|(old, new)| (new.clone(), old.clone())).collect(),
                ..context.clone()
            };
            let mut counts = Counts::new(reverse.all.len());
            let back = rewrite(reverse, &new, syntax, &context, &mut counts, &mut Unchanged::default());
            if back.as_ref() != Some(text) {
                self.warnings.push(format!(
                    "{at}: `{}` became `{}`; the reverse rename would spell it differently",
                    short(text),
                    short(&new)
                ));
            }
        }
        *text = new;
    }

    /// Whether the renames would change the text or have something to say about it.
    pub(super) fn would_touch(rules: &Rules, text: &str, syntax: TextSyntax) -> Option<Counts> {
        if !rules.may_concern(text) {
            return None;
        }
        let (mut counts, mut unchanged) = (Counts::new(rules.all.len()), Unchanged::default());
        let new = rewrite(rules, text, syntax, &TemplateContext::default(), &mut counts, &mut unchanged);
        let said = counts.mentioned.iter().any(|mentioned| *mentioned);
        (new.is_some() || said).then_some(counts)
    }
}

/// Calls `f` with the pointer of a member.
pub(super) fn below<T>(at: &mut String, key: &str, f: impl FnOnce(&mut String) -> T) -> T {
    let length = at.len();
    push_key(at, key);
    let result = f(at);
    at.truncate(length);
    result
}

fn rewrite(
    rules: &Rules,
    text: &str,
    syntax: TextSyntax,
    context: &TemplateContext,
    counts: &mut Counts,
    unchanged: &mut Unchanged,
) -> Option<String> {
    let template = match syntax {
        TextSyntax::Template => true,
        TextSyntax::Extract => text.contains("{{"),
        TextSyntax::Extract2(_) => !text.starts_with('$') && text.contains("{{"),
        TextSyntax::Path | TextSyntax::Key | TextSyntax::List => false,
    };
    if template {
        let new = template::rewrite(rules, text, context, counts, unchanged);
        if syntax == TextSyntax::Extract {
            Pass { rules, context, counts, unchanged }.braces_beside(text);
        }
        return new;
    }
    let mut pass = Pass { rules, context, counts, unchanged };
    match syntax {
        TextSyntax::Extract => pass.single_braces(text),
        TextSyntax::Extract2(envelope) if text.starts_with('$') => pass.json_path(text, envelope),
        // A literal.
        TextSyntax::Extract2(_) | TextSyntax::Template => None,
        TextSyntax::Path => pass.path(text),
        TextSyntax::Key => pass.key(text),
        TextSyntax::List => pass.list(text),
    }
}

/// Texts that are no templates.
struct Pass<'a> {
    rules: &'a Rules,
    context: &'a TemplateContext,
    counts: &'a mut Counts,
    unchanged: &'a mut Unchanged,
}

impl Pass<'_> {
    /// An extract of the oldest documents, or else a path.
    fn single_braces(&mut self, text: &str) -> Option<String> {
        let braces = extract::single_braces(text);
        if braces.is_empty() {
            return self.path(text);
        }
        let (mut out, mut at) = (String::new(), 0);
        for span in braces {
            let inside = &text[span.clone()];
            if inside.trim() != inside {
                self.leave(&self.rules.named_by(inside.trim()), &text[span.start - 1..=span.end], UNREADABLE);
            } else if let Some(new) = self.path(inside) {
                out.push_str(&text[at..span.start]);
                out.push_str(&new);
                at = span.end;
            }
        }
        out.push_str(&text[at..]);
        (at > 0).then_some(out)
    }

    /// Single braces beside tags: nobody knows whether the service fills them in there.
    fn braces_beside(&mut self, text: &str) {
        for span in extract::single_braces(text) {
            let is_of_a_tag = text[..span.start - 1].ends_with('{') || text[span.end + 1..].starts_with('}');
            if !is_of_a_tag {
                let named = self.rules.named_by(text[span.clone()].trim());
                self.leave(&named, &text[span.start - 1..=span.end], UNREADABLE);
            }
        }
    }

    /// A path that no rename is about as it is read: it may be about the parent record, or hold marks of no known meaning.
    fn unsure(&mut self, text: &str, tokens: &[Token], skip: usize, marks: &[char]) {
        if !self.context.record.is_whole() && tokens.get(skip).is_none_or(|t| t.text != "_PARENT") {
            let view = View { context: Part::default(), skip };
            let mut ignored = Counts::new(self.rules.all.len());
            let found = self.rules.resolve(std::slice::from_ref(&view), tokens, &mut ignored);
            if let Found::Changed(rule, _) | Found::Unsayable(rule) = found {
                return self.leave(&[rule], text, PARENT);
            }
        }
        // A subrecord may see its part of the record, or all of it: that a path begins with that part says the second.
        if self.context.context.begins(&self.context.record, &tokens[skip..]) {
            let view = View { context: self.context.record.clone(), skip };
            let mut ignored = Counts::new(self.rules.all.len());
            let found = self.rules.resolve(std::slice::from_ref(&view), tokens, &mut ignored);
            if let Found::Changed(rule, _) | Found::Unsayable(rule) = found {
                return self.leave(&[rule], text, SCOPE);
            }
        }
        if tokens.iter().any(|t| t.style == Style::Plain && t.kind == Kind::Name && t.text.contains(marks)) {
            self.leave(&reading::worded_in(self.rules, text), text, UNREADABLE);
        }
    }

    /// A path that no rename is about as it is read, through all children of an object.
    fn any_child(&mut self, text: &str, views: &[View], tokens: &[Token], grammar: Grammar) {
        let meant = |view: &View| self.rules.through_values(view, tokens, grammar, &HashSet::new());
        self.leave(views.iter().find_map(meant).as_slice(), text, ANY_CHILD);
    }

    fn leave(&mut self, rules: &[usize], text: &str, reason: &'static str) {
        rules.iter().for_each(|at| self.counts.mentioned[*at] = true);
        if !rules.is_empty() {
            self.unchanged.push(text, reason);
        }
    }

    /// A path as in an extract.
    fn path(&mut self, text: &str) -> Option<String> {
        if !self.rules.may_concern(text) {
            return None;
        }
        let Some(found) = extract::parse(text) else {
            self.leave(&self.rules.mentioned_in(text), text, UNREADABLE);
            return None;
        };
        let tokens = &found.tokens;
        let context = if found.head > 0 { &self.context.record } else { &self.context.context };
        let views = self.views(tokens, 0, context.clone());
        let new = self.rename_path(&views, Grammar::Extract, text, tokens, found.head..text.len());
        if new.is_none() {
            self.any_child(text, &views, tokens, Grammar::Extract);
            self.unsure(text, tokens, 0, if text.contains("(*)") { &['('] } else { &['{', '}'] });
        }
        new
    }

    fn json_path(&mut self, text: &str, envelope: Envelope) -> Option<String> {
        let Some(found) = json_path::parse(text) else {
            self.leave(&self.rules.mentioned_in(text), text, UNREADABLE);
            return None;
        };
        let tokens = &found.tokens;
        let record = tokens.first().is_some_and(|t| t.text == "record");
        let views = |tokens: &[Token]| match (envelope, record) {
            (Envelope::Yes, false) => Vec::new(),
            (Envelope::Yes, true) => self.views(tokens, 1, self.context.record.clone()),
            _ => self.views(tokens, 0, self.context.record.clone()),
        };
        if filters::would_break(self.rules, &found, views) {
            self.leave(&self.rules.mentioned_in(text), text, UNREADABLE);
            return None;
        }
        let views = views(tokens);
        let other = match (envelope, record) {
            (Envelope::Unclear, true) => Some(1),
            (Envelope::Yes, true) => Some(0),
            (Envelope::Yes, false) if tokens.first().is_some_and(|t| !envelope::is_member(&t.text)) => {
                Some(0)
            }
            _ => None,
        };
        let new = self.rename_path(&views, Grammar::JsonPath, text, tokens, 1..found.end);
        for span in &found.opaque {
            let left = if new.is_some() { &text[span.clone()] } else { text };
            self.leave(&self.rules.mentioned_in(&text[span.clone()]), left, UNREADABLE);
        }
        if let (None, Some(skip)) = (&new, other) {
            let mut ignored = Counts::new(self.rules.all.len());
            let views = self.views(tokens, skip, self.context.record.clone());
            if let Found::Changed(rule, _) = self.rules.resolve(&views, tokens, &mut ignored) {
                self.leave(&[rule], text, ENVELOPE);
            }
        } else if new.is_none() && !views.is_empty() {
            self.any_child(text, &views, tokens, Grammar::JsonPath);
            self.unsure(text, tokens, views[0].skip, &[',', '|', '(', '$']);
        }
        new
    }

    /// The ways to read the tokens from `skip` on: of the parent record, of the record at hand, of a child record.
    fn views(&self, tokens: &[Token], skip: usize, context: Part) -> Vec<View> {
        let mut views = Vec::new();
        if tokens.get(skip).is_some_and(|t| t.text == "_PARENT") {
            views.push(View { context: Part::default(), skip: skip + 1 });
        }
        views.push(View { context, skip });
        views.extend(self.context.others.iter().map(|part| View { context: part.clone(), skip }));
        views
    }

    /// The text with its path renamed; `body` is where the tokens stand.
    fn rename_path(
        &mut self,
        views: &[View],
        grammar: Grammar,
        text: &str,
        tokens: &[Token],
        body: Range<usize>,
    ) -> Option<String> {
        let rule = match self.rules.resolve(views, tokens, self.counts) {
            Found::Nothing | Found::Same | Found::Enclosing => return None,
            Found::Unsayable(rule) => rule,
            Found::Changed(rule, pieces) => {
                let stays = !self.leaves_its_list(tokens, &pieces);
                let new = if stays { print(grammar, text, tokens, &pieces, body.start > 0) } else { None };
                if let Some(new) = new {
                    return Some(format!("{}{new}{}", &text[..body.start], &text[body.end..]));
                }
                self.counts.changed[rule] -= 1;
                for view in views {
                    self.rules.note_taken(view, tokens, self.counts);
                }
                rule
            }
        };
        self.leave(&[rule], text, UNSAYABLE);
        self.unchanged.unsayable.push(rule);
        None
    }

    /// Whether a path would lead out of the list of a helper around it, or into one: there it is read for each entry.
    fn leaves_its_list(&self, tokens: &[Token], pieces: &[Piece]) -> bool {
        let kept = |at: usize| (tokens[at].kind != Kind::Index).then(|| tokens[at].text.clone());
        let name = |piece: &Piece| match piece {
            Piece::Kept(at) => kept(*at),
            Piece::New(name, _) => Some(name.clone()),
        };
        let before: Vec<String> = (0..tokens.len()).filter_map(kept).collect();
        let after: Vec<String> = pieces.iter().filter_map(name).collect();
        self.context.entries.iter().any(|(old, new)| before.starts_with(old) != after.starts_with(new))
    }

    /// A key of Mapper 2.0: one name, whatever is in it.
    fn key(&mut self, text: &str) -> Option<String> {
        let view = View { context: self.context.context.clone(), skip: 0 };
        let rule = match self.rules.resolve(std::slice::from_ref(&view), &[single(text)], self.counts) {
            Found::Nothing | Found::Same | Found::Enclosing => return None,
            Found::Unsayable(rule) => rule,
            Found::Changed(rule, pieces) => {
                if let [Piece::New(name, _)] = pieces.as_slice() {
                    return Some(name.clone());
                }
                self.counts.changed[rule] -= 1;
                self.rules.note_taken(&view, &[single(text)], self.counts);
                rule
            }
        };
        self.leave(&[rule], text, UNSAYABLE);
        self.unchanged.unsayable.push(rule);
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
