//! Field names in templates: which words of each tag are fields, and their renames.

use super::blocks::{self, Block, Depth, Scope};
use super::clauses;
use super::counts::Counts;
use super::matcher::{Found, Rules, View};
use super::reading;
use super::scope::{Scopes, TemplateContext};
use super::tag_edits::TagEdits;
use super::unchanged::{
    AT_RUN_TIME, BROKEN, CALLED, LENGTH, LOOKUP_AT_RUN_TIME, POSITION, SCOPE, SERVICE_NAME, TEXT, UNREADABLE,
    UNSAYABLE, Unchanged,
};
use super::unsaid::Unsaid;
use crate::handlebars::helpers::{self, Argument, NameOf};
use crate::handlebars::{self, Backslash, Call, Expression, Path, Tag, TagKind, Text};
use crate::path::{Grammar, Piece, Token, extract, print, single};

/// Whether a template may hold something to do or to say.
pub(super) fn may_concern(rules: &Rules, text: &str) -> bool {
    rules.may_concern(text) || NAMING.iter().any(|helper| text.contains(helper)) && text.contains("{{")
}

/// Helpers that take names of fields as texts.
const NAMING: [&str; 4] = ["getValue", "pluck", "hasOwn", "#filter"];

/// The template after the renames, or nothing when it stays as it is.
pub(super) fn rewrite(
    rules: &Rules,
    text: &str,
    context: &TemplateContext,
    counts: &mut Counts,
    unchanged: &mut Unchanged,
) -> Option<String> {
    let backslash = if context.folders { Backslash::SeparatesFolders } else { Backslash::Escapes };
    let template = match handlebars::read(text, backslash) {
        Ok(template) => template,
        Err(_) if context.statement && text.contains(clauses::EACH) => {
            return clauses::rewrite(text, |read| rewrite(rules, read, context, counts, unchanged));
        }
        Err(problem) => {
            let rules = rules.mentioned_in(text);
            if !rules.is_empty() {
                unchanged.push(&text[problem.span], UNREADABLE);
            }
            rules.into_iter().for_each(|at| counts.mentioned[at] = true);
            return None;
        }
    };
    let scopes = Scopes::new(rules, context);
    let (edits, unsaid) = (TagEdits::default(), Unsaid::default());
    let mut walk = Walk { rules, text, context, counts, unchanged, scopes, edits, unsaid };
    for tag in &template.tags {
        walk.tag(tag);
    }
    walk.unsaid.say(rules, walk.counts, walk.unchanged);
    walk.edits.apply(text, &template, backslash).unwrap_or_else(|rules| {
        for rule in rules {
            counts.changed[rule] -= 1;
            counts.mentioned[rule] = true;
        }
        unchanged.push(text, BROKEN);
        None
    })
}

struct Walk<'a> {
    rules: &'a Rules,
    text: &'a str,
    context: &'a TemplateContext,
    counts: &'a mut Counts,
    unchanged: &'a mut Unchanged,
    scopes: Scopes<'a>,
    edits: TagEdits,
    unsaid: Unsaid,
}

impl Walk<'_> {
    fn tag(&mut self, tag: &Tag) {
        let before = self.edits.len();
        match (tag.kind, &tag.call) {
            (TagKind::Close, _) => self.close(tag),
            (TagKind::Else, _) => self.otherwise(tag),
            (_, None) => {}
            (TagKind::Value, Some(call)) => self.value_or_arguments(call, false),
            (TagKind::Open | TagKind::OpenInverse, Some(call)) => self.open(tag, call),
            (TagKind::Partial | TagKind::Decorator | TagKind::Raw, Some(call)) => self.named_by_a_call(call),
            (TagKind::OpenPartial | TagKind::OpenDecorator, Some(call)) => {
                self.named_by_a_call(call);
                let known = tag.kind == TagKind::OpenPartial && !call.has_arguments();
                let scope = if known { self.scopes.blocks.scope() } else { Scope::Unknown };
                self.scopes.blocks.push(Block {
                    otherwise: self.scopes.blocks.scope(),
                    scope,
                    params: Vec::new(),
                    depth: Depth::Same,
                    otherwise_depth: Depth::Same,
                    name: None,
                });
            }
        }
        if self.edits.len() > before {
            for reason in reading::odd(tag, self.text) {
                self.unchanged.push(&self.text[tag.span.clone()], reason);
            }
        }
    }

    fn close(&mut self, tag: &Tag) {
        let block = self.scopes.blocks.pop();
        if let (Some(Block { name: Some(new), .. }), Some(call)) = (block, &tag.call) {
            self.edits.push(call.head.span(), new, None);
        }
    }

    /// What follows is rendered instead of what came before.
    fn otherwise(&mut self, tag: &Tag) {
        self.scopes.blocks.change_last(|block| {
            block.params.clear();
            block.scope = block.otherwise.clone();
            block.depth = block.otherwise_depth;
        });
        let Some(call) = tag.call.as_ref().filter(|_| !self.scopes.blocks.is_empty()) else { return };
        self.value_or_arguments(call, true);
        let inner = self.scopes.inside(call);
        let depth = self.scopes.depth(call, inner.as_ref());
        self.scopes.blocks.change_last(|block| {
            block.params = blocks::params(tag, inner.as_ref());
            if let Some(inner) = inner {
                block.scope = inner;
                block.depth = depth;
            }
        });
    }

    fn open(&mut self, tag: &Tag, call: &Call) {
        let before = self.edits.len();
        self.value_or_arguments(call, false);
        let name = self.edits.part_from(before, self.text, call.head.span());
        let (outer, inner) = (self.scopes.blocks.scope(), self.scopes.inside(call));
        let inverse = tag.kind == TagKind::OpenInverse;
        let depth = self.scopes.depth(call, inner.as_ref());
        let params = blocks::params(tag, inner.as_ref().filter(|_| !inverse));
        let inner = inner.unwrap_or_else(|| outer.clone());
        let (inside, outside) = ((inner, depth), (outer, Depth::Same));
        let ((scope, depth), (otherwise, otherwise_depth)) =
            if inverse { (outside, inside) } else { (inside, outside) };
        self.scopes.blocks.push(Block { scope, otherwise, params, depth, otherwise_depth, name });
    }

    /// Whether the first word is a field rather than the name of a helper.
    fn is_field(&self, call: &Call, path: &Path) -> bool {
        !call.has_arguments()
            && (path.alone().is_none_or(|name| helpers::find(name).is_none()) || self.scopes.is_param(path))
    }

    fn value_or_arguments(&mut self, call: &Call, chained: bool) {
        match &*call.head {
            Expression::Path(path) if self.is_field(call, path) => self.path(path, !chained),
            Expression::Path(path) => {
                self.called(call, path);
                self.arguments(call);
            }
            Expression::Call(inner) => {
                self.called_in(inner);
                self.arguments(call);
            }
            Expression::Text(text) => {
                self.literal(text);
                self.arguments(call);
            }
            Expression::Literal(_) => self.arguments(call),
        }
    }

    /// The first word of a call is a helper's name, or a field that is called by mistake.
    fn called(&mut self, call: &Call, path: &Path) {
        let text = &self.text[path.span.clone()];
        let is_type = self.context.statement && reading::is_field_type(call, path);
        let named = reading::called(self.rules, &self.scopes, call, path, text);
        if !named.is_empty() && !is_type {
            self.mention(&named);
            self.unchanged.push(text, CALLED);
        }
    }

    /// A subexpression, whose first word is always the name of a helper.
    fn called_in(&mut self, call: &Call) {
        match &*call.head {
            Expression::Call(inner) => self.called_in(inner),
            Expression::Path(path) if path.alone().is_some_and(|name| helpers::find(name).is_some()) => {}
            Expression::Path(path) => self.called(call, path),
            Expression::Text(text) => self.literal(text),
            Expression::Literal(_) => {}
        }
        self.arguments(call);
    }

    /// The tag of a partial, whose name may be the result of a call.
    fn named_by_a_call(&mut self, call: &Call) {
        if let Expression::Call(inner) = &*call.head {
            self.called_in(inner);
        }
        self.arguments(call);
    }

    fn mention(&mut self, rules: &[usize]) {
        rules.iter().for_each(|at| self.counts.mentioned[*at] = true);
    }

    fn arguments(&mut self, call: &Call) {
        let helper = call.name().and_then(helpers::find);
        for (at, argument) in call.arguments.iter().enumerate() {
            let kind = helper.map_or(Argument::Value, |helper| helper.argument(at));
            match (kind, argument) {
                (Argument::Word, Expression::Path(_)) | (_, Expression::Literal(_)) => {}
                (Argument::Name(of), Expression::Text(text)) => self.name(text, of, call),
                (Argument::Name(_), argument) => {
                    self.unchanged.push(&self.text[call.span.clone()], AT_RUN_TIME);
                    self.expression(argument);
                }
                (Argument::LookupName, Expression::Text(text))
                    if self.context.lookups.contains(&text.value) => {}
                (Argument::LookupName, argument @ (Expression::Path(_) | Expression::Call(_))) => {
                    let before = self.edits.len();
                    self.expression(argument);
                    if self.edits.len() > before {
                        self.unchanged.push(&self.text[call.span.clone()], LOOKUP_AT_RUN_TIME);
                    }
                }
                (_, argument) => self.expression(argument),
            }
        }
        for (_, value) in &call.hash {
            self.expression(value);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Path(path) => self.path(path, false),
            Expression::Text(text) => self.literal(text),
            Expression::Literal(_) => {}
            Expression::Call(call) => self.called_in(call),
        }
    }

    /// A text that is not a name, as far as known.
    fn literal(&mut self, text: &Text) {
        let named = reading::named_in_text(self.rules, &text.value);
        if !named.is_empty() {
            self.mention(&named);
            self.unchanged.push(&self.text[text.span.clone()], TEXT);
        }
    }

    /// A text that names a field.
    fn name(&mut self, text: &Text, of: NameOf, call: &Call) {
        if !self.rules.may_concern(&text.value) {
            return;
        }
        let scope = self.scopes.scope_of_name(of, call);
        let written = &self.text[text.content.clone()];
        let tokens = match of {
            NameOf::Member => Some(vec![single(written)]),
            _ => extract::parse(written).filter(|path| path.head == 0).map(|path| path.tokens),
        };
        let Some(tokens) = tokens.filter(|_| scope != Scope::Unknown) else {
            return self.literal(text);
        };
        let views = self.scopes.views_in(&scope, &tokens, 0, of == NameOf::Root);
        match self.rules.resolve(&views, &tokens, self.counts) {
            Found::Nothing | Found::Same | Found::Enclosing => {
                if let Some(rule) = reading::of_digits(self.rules, &views, &tokens) {
                    self.mention(&[rule]);
                    self.unchanged.push(written, POSITION);
                } else if reading::may_be_another(written, of, &self.scopes.blocks) {
                    self.literal(text);
                } else {
                    self.unsaid.add(self.rules, written, (&views, &tokens), Grammar::Extract);
                }
            }
            Found::Unsayable(rule) => self.unsayable(rule, written),
            Found::Changed(rule, pieces) => {
                let new = match (of, pieces.as_slice()) {
                    (NameOf::Member, [Piece::New(name, _)]) => Some(name.clone()),
                    (NameOf::Member, _) => None,
                    _ => print(Grammar::Extract, written, &tokens, &pieces, false),
                };
                let spoilt = |new: &String| {
                    new.contains([text.quote, '\\'])
                        || self.breaks_json(new, written)
                        || of != NameOf::Member && new.matches('[').count() != written.matches('[').count()
                };
                match new.filter(|new| !spoilt(new)) {
                    Some(new) => self.edits.push(text.content.clone(), new, Some(rule)),
                    None => self.take_back(rule, &views, &tokens, written),
                }
            }
        }
    }

    fn unsayable(&mut self, rule: usize, text: &str) {
        self.counts.mentioned[rule] = true;
        self.unchanged.push(text, UNSAYABLE);
    }

    /// The change cannot be written, so it was none.
    fn take_back(&mut self, rule: usize, views: &[View], tokens: &[Token], text: &str) {
        self.counts.changed[rule] -= 1;
        for view in views {
            self.rules.note_taken(view, tokens, self.counts);
        }
        self.unsayable(rule, text);
    }

    /// `first`: the path is the first word of its tag, where a bare name may be that of a helper.
    fn path(&mut self, path: &Path, first: bool) {
        let text = &self.text[path.span.clone()];
        self.unsaid.note(&self.scopes, path);
        if path.data || !self.rules.may_concern(text) {
            return;
        }
        if self.scopes.base(path).0 == Scope::Unknown {
            let named = reading::names_in(self.rules, path);
            if !named.is_empty() {
                self.mention(&named);
                self.unchanged.push(text, SCOPE);
            }
            return;
        }
        if self.scopes.may_be_a_field(path) {
            if let Some(rule) = reading::meant(self.rules, &self.scopes, path) {
                self.mention(&[rule]);
                self.unchanged.push(text, SERVICE_NAME);
            }
            return;
        }
        let views = self.scopes.views(path);
        let tokens = reading::without_length(path);
        if tokens.len() < path.tokens.len() {
            let mut ignored = Counts::new(self.rules.all.len());
            if let Found::Changed(rule, pieces) = self.rules.resolve(&views, &path.tokens, &mut ignored)
                && matches!(pieces.last(), Some(Piece::New(..)))
            {
                self.counts.mentioned[rule] = true;
                self.unchanged.push(text, LENGTH);
                return;
            }
        }
        let fits = views.iter().all(|view| view.skip <= tokens.len());
        if tokens.is_empty() || !fits {
            return;
        }
        match self.rules.resolve(&views, tokens, self.counts) {
            Found::Nothing | Found::Same | Found::Enclosing => {
                if let Some((rule, reason)) = reading::unsure(self.rules, &self.scopes, path, tokens) {
                    self.mention(&[rule]);
                    self.unchanged.push(text, reason);
                } else {
                    self.unsaid.add(self.rules, text, (&views, tokens), Grammar::Handlebars);
                }
            }
            Found::Unsayable(rule) => self.unsayable(rule, text),
            Found::Changed(rule, pieces) => {
                let new = print(Grammar::Handlebars, self.text, tokens, &pieces, false);
                match new.filter(|new| self.is_sayable(path, new, text, first)) {
                    Some(new) => {
                        let end = tokens.last().map_or(path.span.end, |token| token.span.end);
                        self.edits.push(path.body..end, new, Some(rule));
                    }
                    None => self.take_back(rule, &views, tokens, text),
                }
            }
        }
    }

    /// Whether a word holds what ends or spoils the JSON text that it stands in, and did not before.
    fn breaks_json(&self, new: &str, old: &str) -> bool {
        let is_mark = |c: char| matches!(c, '"' | '\\') || c.is_control();
        self.context.json && new.contains(|c| is_mark(c) && !old.contains(c))
    }

    /// Whether the new path is read as it is meant.
    fn is_sayable(&self, path: &Path, new: &str, old: &str, first: bool) -> bool {
        if self.breaks_json(new, old) || reading::is_reserved(path) {
            return false;
        }
        let whole = format!("{{{{{}{new}}}}}", &self.text[path.span.start..path.body]);
        let Ok(read) = handlebars::read(&whole, Backslash::Escapes) else { return false };
        let Some(Expression::Path(new)) = read.tags[0].call.as_ref().map(|call| &*call.head) else {
            return false;
        };
        let helper = first && new.alone().is_some_and(|name| helpers::find(name).is_some());
        let captured = self.scopes.is_param(new) != self.scopes.is_param(path);
        // A bare `record` or `0` would lead elsewhere.
        let skipped = |path: &Path| self.scopes.views(path).first().map(|view| view.skip);
        !(helper || captured) && skipped(new).is_some() && skipped(new) == skipped(path)
    }
}
