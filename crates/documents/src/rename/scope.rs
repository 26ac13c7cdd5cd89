//! What a path in a template refers to, block by block: the record, a part of it, or something else.

use std::collections::HashSet;
use std::rc::Rc;

use super::blocks::{Blocks, Depth, Scope};
use super::matcher::{Rules, View};
use super::part::Part;
use crate::handlebars::helpers::{self, Elements, Inside, NameOf};
use crate::handlebars::{Call, Expression, Path, Text};
use crate::path::{Kind, Token, extract, names};

/// No record is deeper. Blocks in blocks without end would cost the square of their number.
const DEEPEST: usize = 64;

/// What becomes of fields under `_PARENT`, which are those of the source in every place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Parent {
    /// They are renamed as the other fields.
    #[default]
    Renamed,
    /// They stay: fields of the target are renamed.
    Left,
    /// Only they are renamed: fields of the source, where the template sees the mapped record.
    Alone,
}

/// What a template is rendered with.
#[derive(Debug, Clone, Default)]
pub(super) struct TemplateContext {
    /// Names before every bare path: the record of the place is a part of the record.
    pub context: Part,
    /// Where the record of the import is in the record that came in: the child records of `pathToMany`, or all of it.
    pub record: Part,
    /// Other parts a bare path may refer to: the list a lookup is used from.
    pub others: Vec<Part>,
    /// Parts that it may refer to, where that is not known.
    pub perhaps: Vec<Part>,
    /// Names of the document's lookups: such a text is not a field.
    pub lookups: Rc<HashSet<String>>,
    /// The text is JSON, so a name with a quotation mark would break it.
    pub json: bool,
    /// The text is a statement or a clause, whose tags can begin with the type of a field.
    pub statement: bool,
    /// A backslash before `{{` separates folders and escapes nothing.
    pub folders: bool,
    /// What becomes of fields of the parent record.
    pub parent: Parent,
    /// The lists of which the helpers around take the entries one by one, as they were named and as they are.
    pub entries: Vec<(Vec<String>, Vec<String>)>,
}

/// What a template is rendered with, and its open blocks.
#[derive(Debug)]
pub(super) struct Scopes<'a> {
    rules: &'a Rules,
    context: &'a TemplateContext,
    pub blocks: Blocks,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(rules: &'a Rules, context: &'a TemplateContext) -> Self {
        Self { rules, context, blocks: Blocks::default() }
    }

    /// Whether the path begins with a block parameter.
    pub(super) fn is_param(&self, path: &Path) -> bool {
        self.param(path).is_some()
    }

    fn param(&self, path: &Path) -> Option<&Scope> {
        let first = path.tokens.first().filter(|_| !path.this && !path.root && path.parents == 0)?;
        self.blocks.param(&first.text)
    }

    /// What the first name of the path is looked up in, and how many names that takes.
    pub(super) fn base(&self, path: &Path) -> (Scope, usize) {
        if path.root {
            (Scope::Root, 0)
        } else if let Some(scope) = self.param(path) {
            (scope.clone(), 1)
        } else {
            (self.blocks.above(path.parents), 0)
        }
    }

    /// The ways to read a path, likeliest first; none when it does not refer to the record.
    pub(super) fn views(&self, path: &Path) -> Vec<View> {
        let (scope, skip) = self.base(path);
        self.views_in(&scope, &path.tokens, skip, skip == 0 && !path.this)
    }

    /// The same for names in a given scope; `free`: they begin with a bare name.
    pub(super) fn views_in(&self, scope: &Scope, tokens: &[Token], skip: usize, free: bool) -> Vec<View> {
        let list = |at: usize| {
            at + tokens[at.min(tokens.len())..].iter().take_while(|t| t.kind != Kind::Name).count()
        };
        let strict = |context: &Part, skip: usize| View { context: context.clone(), skip };
        let first = tokens.get(skip).map(|t| t.text.as_str());
        let base = &self.context.context;
        let parent = |at: usize| {
            let is_parent = tokens.get(at).is_some_and(|t| t.text == "_PARENT");
            match self.context.parent {
                Parent::Left if is_parent => Vec::new(),
                Parent::Alone if !is_parent => Vec::new(),
                _ if is_parent => vec![strict(&Part::default(), at + 1)],
                _ => vec![strict(base, at)],
            }
        };
        let with_others = |mut views: Vec<View>, at: usize| {
            views.extend(
                self.context.others.iter().map(|context| View { context: context.clone(), skip: at }),
            );
            views
        };
        match scope {
            Scope::Root => match first {
                Some("record" | "$") => with_others(parent(skip + 1), skip + 1),
                Some("data" | "rows") => {
                    let at = list(skip + 1);
                    with_others(parent(at), at)
                }
                Some("batch_of_records") => {
                    let at = list(skip + 1);
                    match tokens.get(at).map(|t| t.text.as_str()) {
                        Some("record") => parent(at + 1),
                        Some("rows") => parent(list(at + 1)),
                        _ => Vec::new(),
                    }
                }
                Some(name) if helpers::is_context_root(name) => Vec::new(),
                _ => with_others(parent(list(skip)), list(skip)),
            },
            Scope::Field(context) => {
                let whole = context == base;
                let is_name = |at: &usize| !whole && self.rules.may_name(context, &tokens[*at]);
                let end = list(skip);
                let at = (skip..end).find(is_name).unwrap_or(end);
                match first {
                    Some("rows") if free && whole => {
                        let mut views = parent(list(skip + 1));
                        views.push(strict(context, skip));
                        views
                    }
                    Some("_PARENT") if whole => parent(skip),
                    Some(name) if free && whole && helpers::is_context_root(name) => Vec::new(),
                    _ if whole => with_others(vec![strict(context, at)], at),
                    _ => vec![strict(context, at)],
                }
            }
            Scope::Batch => {
                let at = list(skip);
                match tokens.get(at).map(|t| t.text.as_str()) {
                    Some("record") => parent(at + 1),
                    Some("rows") => parent(list(at + 1)),
                    _ => Vec::new(),
                }
            }
            Scope::Other | Scope::Unknown => Vec::new(),
        }
    }

    /// Whether a bare path in a block may be meant of the record, and is not: `record` is a field of the element there, and
    /// beside `record` and `rows` an element of `batch_of_records` has none. Not everybody who writes templates knows.
    pub(super) fn seems_of_the_record(&self, path: &Path) -> bool {
        let (scope, skip) = self.base(path);
        let is_record = path.tokens.first().is_some_and(|token| token.text == "record");
        let inside = match scope {
            Scope::Field(_) | Scope::Other => is_record,
            Scope::Batch => !is_record,
            Scope::Root | Scope::Unknown => false,
        };
        inside && skip == 0 && !path.this && !path.root
    }

    /// The ways to read such a path as one of the record.
    pub(super) fn views_of_the_record(&self, path: &Path) -> Vec<View> {
        self.views_in(&Scope::Root, &path.tokens, 0, true)
    }

    /// The ways to read a path as one of the record that leads to an entry of `batch_of_records`, and there neither to `record`
    /// nor to `rows`: nothing else is known to be in one.
    pub(super) fn views_beside_the_record(&self, path: &Path) -> Vec<View> {
        let (scope, skip) = self.base(path);
        let token = |at: usize| path.tokens.get(at);
        let entry = match scope {
            Scope::Root if token(skip).is_some_and(|t| t.text == "batch_of_records") => skip + 1,
            Scope::Batch => skip,
            _ => return Vec::new(),
        };
        let behind = path.tokens.iter().skip(entry).take_while(|t| t.kind != Kind::Name).count();
        match token(entry + behind).map(|t| t.text.as_str()) {
            None | Some("record" | "rows") => Vec::new(),
            Some(_) => vec![View { context: self.context.context.clone(), skip: entry + behind }],
        }
    }

    /// The way to read a path as one of the parent record, where the import takes its children one by one.
    pub(super) fn view_of_the_parent(&self, path: &Path) -> Option<View> {
        let own = self.views(path).into_iter().next()?;
        let is_child = !own.context.is_whole() && own.context == self.context.record;
        is_child.then(|| View { context: Part::default(), skip: own.skip })
    }

    /// The way to read a path in a subrecord as one of the whole record: it is not known which of the two its templates see.
    pub(super) fn view_of_the_whole(&self, path: &Path) -> Option<View> {
        let own = self.views(path).into_iter().next()?;
        let is_part = own.context == self.context.context && own.context != self.context.record;
        is_part.then(|| View { context: self.context.record.clone(), skip: own.skip })
    }

    /// The ways to read a path as one of a part that the template may be about.
    pub(super) fn views_of_parts(&self, path: &Path) -> Vec<View> {
        let own = self.views(path).into_iter().next().filter(|own| own.context == self.context.context);
        let view =
            |skip: usize| self.context.perhaps.iter().map(move |part| View { context: part.clone(), skip });
        own.into_iter().flat_map(|own| view(own.skip)).collect()
    }

    /// The ways to read what stands for the record or a position in a list at the start of a path as names of fields.
    pub(super) fn views_of_fields(&self, path: &Path, views: &[View]) -> Vec<View> {
        let (scope, skip) = self.base(path);
        let names_the_record =
            |token: &Token| matches!(token.text.as_str(), "batch_of_records" | "data" | "record" | "rows");
        let is_field = scope == Scope::Root && path.tokens.get(skip).is_some_and(names_the_record);
        let field = is_field.then(|| View { context: self.context.context.clone(), skip });
        field.into_iter().chain(views_of_digits(views, &path.tokens)).collect()
    }

    /// Whether a bare name that belongs to the service may still be a field.
    pub(super) fn may_be_a_field(&self, path: &Path) -> bool {
        let (scope, skip) = self.base(path);
        let whole = match &scope {
            Scope::Root => !path.root,
            Scope::Field(context) => *context == self.context.context,
            Scope::Batch | Scope::Other | Scope::Unknown => false,
        };
        let first = path.tokens.get(skip).map(|t| t.text.as_str());
        whole && skip == 0 && !path.this && first.is_some_and(helpers::is_context_root)
    }

    /// A path as that of the record of the place.
    pub(super) fn view_of_the_place(&self) -> View {
        View { context: self.context.context.clone(), skip: 0 }
    }

    /// What `this` is inside a block over that path.
    pub(super) fn scope_of(&self, path: &Path) -> Scope {
        if path.data {
            return Scope::Other;
        }
        if path.tokens.is_empty() {
            return if path.root { Scope::Root } else { self.blocks.above(path.parents) };
        }
        let (base, skip) = self.base(path);
        // To some, quotation marks inside brackets are no part of the name.
        if base == Scope::Unknown || path.tokens.iter().any(Token::is_quoted_in_brackets) {
            return Scope::Unknown;
        }
        let first = path.tokens.get(skip).is_some_and(|t| t.text == "batch_of_records");
        let page = match base {
            Scope::Root if first => Some(skip + 1),
            Scope::Batch => Some(skip),
            _ => None,
        };
        if page.is_some_and(|at| names(&path.tokens[at..]).is_empty()) {
            return Scope::Batch;
        }
        if self.seems_of_the_record(path) && path.tokens.len() > 1 {
            return Scope::Unknown;
        }
        let views = self.views(path);
        let may_be_a_name = |view: &View| self.rules.may_name(&view.context, &path.tokens[view.skip]);
        if views_of_digits(&views, &path.tokens).iter().any(may_be_a_name) {
            return Scope::Unknown;
        }
        match views.first() {
            None if !self.views_beside_the_record(path).is_empty() => Scope::Unknown,
            None => Scope::Other,
            Some(view) => {
                let part = self.rules.below(&view.context, path.tokens.get(view.skip..).unwrap_or_default());
                if part.len() > DEEPEST { Scope::Unknown } else { Scope::Field(part) }
            }
        }
    }

    /// What an element of an expression's value is, or the value itself if it is not a list.
    pub(super) fn element_of(&self, expression: Option<&Expression>) -> Scope {
        match expression {
            Some(Expression::Path(path)) => self.scope_of(path),
            Some(Expression::Text(_) | Expression::Literal(_)) => Scope::Other,
            None => Scope::Unknown,
            Some(Expression::Call(call)) => {
                let elements =
                    call.name().and_then(helpers::find).map_or(Elements::Unknown, |helper| helper.elements);
                let first = || self.element_of(call.arguments.first());
                match (elements, call.arguments.get(1)) {
                    (Elements::OfFirst, _) => first(),
                    (Elements::NamedOfFirst, Some(Expression::Text(text))) => self.deeper(first(), text),
                    _ => Scope::Unknown,
                }
            }
        }
    }

    /// What `this` becomes inside a block; nothing when it stays what it is.
    pub(super) fn inside(&self, call: &Call) -> Option<Scope> {
        match call.name().map(|name| (name, helpers::find(name))) {
            // Of an object the values are told one by one, and what a value of the record holds is not known.
            Some(("each", _)) if self.is_the_record(call.arguments.first()) => Some(Scope::Unknown),
            Some((name, Some(helper))) => match helper.block {
                Some(Inside::FirstArgument) => match (call.arguments.first(), name) {
                    // What a helper makes is a list; a field may be an object, whose values are told one by one.
                    (of @ Some(Expression::Path(_)), "each") => Some(self.element_of(of).each()),
                    (of, _) => Some(self.element_of(of)),
                },
                Some(Inside::Same) => None,
                None => Some(Scope::Unknown),
            },
            _ if call.has_arguments() => Some(Scope::Unknown),
            _ => match &*call.head {
                Expression::Path(path) => Some(self.scope_of(path)),
                _ => Some(Scope::Unknown),
            },
        }
    }

    /// Whether `../` leads out of a block over a call, in which `this` becomes `inside`.
    pub(super) fn depth(&self, call: &Call, inside: Option<&Scope>) -> Depth {
        let Some(inside) = inside else { return Depth::Same };
        if !call.has_arguments() && call.name().and_then(helpers::find).is_none() {
            return match &*call.head {
                Expression::Path(path) if !self.is_this(path) => Depth::OfField,
                _ => Depth::Unsure,
            };
        }
        let over_this = matches!(call.arguments.first(), Some(Expression::Path(path)) if self.is_this(path));
        let is_part = !matches!(inside, Scope::Other | Scope::Unknown);
        let is_same = is_part && *inside == self.blocks.scope();
        if call.name() != Some("each") && (over_this || is_same) { Depth::Unsure } else { Depth::Deeper }
    }

    /// Whether a path is `this`, or the value that a block has named.
    fn is_this(&self, path: &Path) -> bool {
        !path.data && (path.tokens.is_empty() || path.tokens.len() == 1 && self.is_param(path))
    }

    /// The ways to read a path in blocks over fields where those are `true`.
    pub(super) fn views_around_fields(&self, path: &Path) -> Vec<View> {
        if path.root || path.data || self.is_param(path) {
            return Vec::new();
        }
        let around = self.blocks.around_fields(path.parents);
        around.iter().flat_map(|scope| self.views_in(scope, &path.tokens, 0, !path.this)).collect()
    }

    /// Whether an expression is the record itself, by its name, or the whole context, and not a list of records.
    fn is_the_record(&self, expression: Option<&Expression>) -> bool {
        let Some(Expression::Path(path)) = expression else { return false };
        let (base, skip) = self.base(path);
        if !matches!(base, Scope::Root | Scope::Batch) || path.data {
            return false;
        }
        match path.tokens.get(skip..).unwrap_or_default() {
            [] => true,
            [one] => matches!(one.text.as_str(), "record" | "$"),
            _ => false,
        }
    }

    /// What a name that is given as a text is looked up in.
    pub(super) fn scope_of_name(&self, of: NameOf, call: &Call) -> Scope {
        match of {
            NameOf::Root => Scope::Root,
            NameOf::Element | NameOf::Member => self.element_of(call.arguments.first()),
        }
    }

    fn deeper(&self, scope: Scope, text: &Text) -> Scope {
        match (scope, extract::parse(&text.value)) {
            (Scope::Field(part), Some(path)) => Scope::Field(self.rules.below(&part, &path.tokens)),
            (Scope::Other, _) => Scope::Other,
            _ => Scope::Unknown,
        }
    }
}

/// The ways to read a path where the positions in a list at its start are names.
pub(super) fn views_of_digits(views: &[View], tokens: &[Token]) -> Vec<View> {
    let mut found = Vec::new();
    for View { context, skip } in views {
        let is_digits = |at: &usize| tokens.get(*at).is_some_and(|token| token.kind == Kind::Digits);
        let skips = (0..*skip).rev().take_while(is_digits);
        found.extend(skips.map(|skip| View { context: context.clone(), skip }));
    }
    found
}
