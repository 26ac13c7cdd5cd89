//! What a path in a template is about, block by block: the record, a part of it, or something else.

use super::handlebars::Path;
use super::matcher::View;
use super::path::{Kind, names};

/// Roots of a template that are not the record. A field of such a name is reached through `record.` only.
const OTHER_ROOTS: &[&str] = &[
    "settings",
    "connection",
    "import",
    "export",
    "lookup",
    "testMode",
    "lastExportDateTime",
    "currentExportDateTime",
];

/// No record is deeper. Blocks in blocks without end would cost the square of their number.
const DEEPEST: usize = 64;

/// What stands around a template.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// Names before every bare path: the record of the place is a part of the record.
    pub context: Vec<String>,
    /// Other parts a bare path may be about: the list a lookup is used from, the child records of `pathToMany`.
    pub others: Vec<Vec<String>>,
    /// The text is JSON, so a name with a quotation mark would break it.
    pub json: bool,
    /// A backslash before `{{` separates folders and escapes nothing.
    pub folders: bool,
}

/// What `this` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// The outermost: `record`, `data`, `settings` and so on; bare names are fields.
    Root,
    /// A part of the record.
    Field(Vec<String>),
    /// Something else.
    Other,
}

/// An open block.
#[derive(Debug)]
pub(super) struct Block {
    /// What `this` is in it.
    pub scope: Scope,
    /// Its block parameters and what they are.
    pub params: Vec<(String, Scope)>,
    /// Whether it changes what `this` is, so that `../` leads out of it.
    pub deep: bool,
    /// The name in the opening mustache and what became of it, for the closing one.
    pub name: Option<(String, String)>,
}

/// The open blocks of a template.
#[derive(Debug)]
pub(super) struct Scopes<'a> {
    around: &'a Around,
    /// From the outermost to the innermost.
    pub blocks: Vec<Block>,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(around: &'a Around) -> Self {
        Self { around, blocks: Vec::new() }
    }

    /// Whether the path begins with a block parameter.
    pub(super) fn is_param(&self, path: &Path) -> bool {
        self.param(path).is_some()
    }

    fn param(&self, path: &Path) -> Option<&Scope> {
        let first = path.tokens.first().filter(|_| !path.this && path.parents == 0)?;
        self.blocks
            .iter()
            .rev()
            .flat_map(|b| b.params.iter())
            .find_map(|(name, scope)| (*name == first.text).then_some(scope))
    }

    /// What `this` is.
    pub(super) fn scope(&self) -> Scope {
        self.blocks.last().map_or(Scope::Root, |b| b.scope.clone())
    }

    /// What `this` is around the innermost block.
    pub(super) fn outer(&self) -> Scope {
        let above = self.blocks.len().saturating_sub(1);
        self.blocks[..above].last().map_or(Scope::Root, |b| b.scope.clone())
    }

    fn above(&self, parents: usize) -> Scope {
        let mut left = parents;
        let mut at = self.blocks.len();
        while left > 0 && at > 0 {
            at -= 1;
            left -= usize::from(self.blocks[at].deep);
        }
        if at == 0 { Scope::Root } else { self.blocks[at - 1].scope.clone() }
    }

    /// The ways to read a path, likeliest first; none when it is not about the record.
    pub(super) fn views(&self, path: &Path) -> Vec<View> {
        let tokens = &path.tokens;
        let list = |at: usize| {
            at + tokens[at.min(tokens.len())..].iter().take_while(|t| t.kind != Kind::Name).count()
        };
        let strict = |context: &Vec<String>, skip: usize| View { context: context.clone(), skip };
        let (scope, skip) = if path.root {
            (Scope::Root, 0)
        } else if let Some(scope) = self.param(path) {
            (scope.clone(), 1)
        } else {
            (self.above(path.parents), 0)
        };
        let first = tokens.get(skip).map(|t| t.text.as_str());
        let free = skip == 0 && !path.this;
        let base = &self.around.context;
        let parent = |at: usize| {
            let here = tokens.get(at).is_some_and(|t| t.text == "_PARENT");
            if here { vec![strict(&Vec::new(), at + 1), strict(base, at)] } else { vec![strict(base, at)] }
        };
        let with_others = |mut views: Vec<View>, at: usize| {
            views
                .extend(self.around.others.iter().map(|context| View { context: context.clone(), skip: at }));
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
                        _ => parent(at),
                    }
                }
                Some(name) if OTHER_ROOTS.contains(&name) => Vec::new(),
                _ => with_others(parent(list(skip)), list(skip)),
            },
            Scope::Field(context) => {
                let at = list(skip);
                let whole = context == *base;
                match first {
                    Some("record") if free && whole => {
                        let mut views = parent(skip + 1);
                        views.push(strict(&context, skip));
                        views
                    }
                    Some("record") if free => {
                        let mut views = vec![strict(&context, skip)];
                        views.extend(parent(skip + 1));
                        views
                    }
                    Some("rows") if free && whole => {
                        let mut views = parent(list(skip + 1));
                        views.push(strict(&context, skip));
                        views
                    }
                    Some("_PARENT") if whole => parent(skip),
                    Some(name) if free && whole && OTHER_ROOTS.contains(&name) => Vec::new(),
                    _ if whole => with_others(vec![strict(&context, at)], at),
                    _ => vec![strict(&context, at)],
                }
            }
            Scope::Other if free && first == Some("record") => parent(skip + 1),
            Scope::Other => Vec::new(),
        }
    }

    /// What `this` is inside a block over that path.
    pub(super) fn scope_of(&self, path: &Path) -> Scope {
        if path.data {
            return Scope::Other;
        }
        if path.tokens.is_empty() {
            return if path.root { Scope::Root } else { self.above(path.parents) };
        }
        let views = self.views(path);
        // Inside a list, `record.x` means the record, not a field of that name.
        let record = path.tokens[0].text == "record" && !path.this && views.len() > 1;
        let view = if record { views.iter().find(|v| v.skip > 0) } else { views.first() };
        match view {
            None => Scope::Other,
            Some(view) => {
                let mut part = view.context.clone();
                part.extend(names(&path.tokens[view.skip.min(path.tokens.len())..]));
                if part.len() > DEEPEST { Scope::Other } else { Scope::Field(part) }
            }
        }
    }
}
