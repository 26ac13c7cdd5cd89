//! Field names in handlebars: the words of each mustache that are fields, and their renames.

use super::handlebars::{Item, Mustache, Path, Reader, Role, Word};
use super::matcher::{Found, Rules, Tally};
use super::path::{Grammar, print};
use super::scope::{Around, Block, Scope, Scopes};

/// Names the service gives a meaning of their own when they stand alone: `{{timestamp}}` is never a field.
const HELPERS: &[&str] = &[
    "abs",
    "add",
    "and",
    "aws4",
    "avg",
    "base64Decode",
    "base64Encode",
    "capitalize",
    "capitalizeAll",
    "ceil",
    "compare",
    "contains",
    "date",
    "dateAdd",
    "dateFormat",
    "decodeURI",
    "divide",
    "each",
    "else",
    "encodeURI",
    "floor",
    "getValue",
    "hash",
    "hmac",
    "if",
    "ifEven",
    "join",
    "jsonEncode",
    "jsonParse",
    "jsonSerialize",
    "log",
    "lookup",
    "lowercase",
    "modulo",
    "multiply",
    "neither",
    "or",
    "random",
    "regexMatch",
    "regexReplace",
    "regexSearch",
    "replace",
    "round",
    "sort",
    "split",
    "string",
    "substring",
    "subtract",
    "sum",
    "timestamp",
    "toExponential",
    "toFixed",
    "toPrecision",
    "trim",
    "unless",
    "uppercase",
    "uuid",
    "with",
];

/// What was passed over in a template although it may hold the name.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Mustaches that could not be read.
    pub broken: Vec<String>,
    /// Fields that share their name with a helper and stand alone.
    pub helpers: Vec<String>,
    /// Fields that a helper is given as a text.
    pub texts: Vec<String>,
    /// Paths whose new name cannot be said where they stand.
    pub unsayable: Vec<String>,
}

/// The template after the renames, or nothing when it stays as it is.
pub(super) fn rewrite(
    rules: &Rules,
    text: &str,
    around: &Around,
    tally: &mut Tally,
    doubts: &mut Doubts,
) -> Option<String> {
    let mut walk =
        Walk { rules, text, around, tally, doubts, scopes: Scopes::new(around), edits: Vec::new() };
    for item in Reader::new(text, !around.folders) {
        match item {
            Item::Mustache(mustache) => walk.mustache(&mustache),
            Item::Broken(span) if rules.may_concern(&text[span.clone()]) => {
                walk.doubts.broken.push(text[span].chars().take(60).collect());
            }
            Item::Broken(_) => {}
        }
    }
    let edits = walk.edits;
    if edits.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 32);
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(&text[at..span.start]);
        out.push_str(&new);
        at = span.end;
    }
    out.push_str(&text[at..]);
    Some(out)
}

struct Walk<'a> {
    rules: &'a Rules,
    text: &'a str,
    around: &'a Around,
    tally: &'a mut Tally,
    doubts: &'a mut Doubts,
    scopes: Scopes<'a>,
    edits: Vec<(std::ops::Range<usize>, String)>,
}

impl Walk<'_> {
    fn mustache(&mut self, mustache: &Mustache) {
        match mustache.role {
            Role::Value => self.call(&mustache.words, false),
            Role::Partial => self.arguments(&mustache.words, 1),
            Role::Open => self.open(&mustache.words, mustache.inverse),
            Role::Close => {
                let block = self.scopes.blocks.pop();
                if let (Some(Block { name: Some((old, new)), .. }), Some(Word::Path(path))) =
                    (block, mustache.words.first())
                    && self.text[path.span.clone()] == old
                    && old != new
                {
                    self.edits.push((path.span.clone(), new));
                }
            }
            Role::Else => {
                // What follows is rendered outside the block's own part.
                let outer = self.scopes.outer();
                if let Some(block) = self.scopes.blocks.last_mut() {
                    block.params.clear();
                    block.deep = false;
                    block.scope = outer.clone();
                }
                self.call(&mustache.words, true);
                let inner = self.inner(&mustache.words);
                if let Some(block) = self.scopes.blocks.last_mut() {
                    block.deep = inner.is_some();
                    block.scope = inner.unwrap_or(outer);
                }
            }
        }
    }

    fn open(&mut self, words: &[Word], inverse: bool) {
        let before = self.edits.len();
        self.call(words, false);
        let mut name = None;
        let mut scope = self.inner(words);
        if let (Some(Word::Path(path)), None) = (words.first(), &scope)
            && self.is_field(words, path)
        {
            scope = Some(self.scopes.scope_of(path));
            let old = self.text[path.span.clone()].to_owned();
            let new = self.edits.get(before).map_or_else(
                || old.clone(),
                |(_, new)| format!("{}{new}", &self.text[path.span.start..path.body]),
            );
            name = Some((old, new));
        }
        let scope = scope.filter(|_| !inverse);
        let deep = scope.is_some();
        let scope = scope.unwrap_or_else(|| self.scopes.scope());
        let mut params = Vec::new();
        if let Some(Word::Params(names)) = words.last() {
            for (at, name) in names.iter().enumerate() {
                let one = if at == 0 && deep { scope.clone() } else { Scope::Other };
                params.push((name.clone(), one));
            }
        }
        self.scopes.blocks.push(Block { scope, params, deep, name });
    }

    /// What `this` becomes inside `each` and `with`.
    fn inner(&self, words: &[Word]) -> Option<Scope> {
        match (words.first(), words.get(1)) {
            (Some(Word::Path(helper)), argument)
                if matches!(&self.text[helper.span.clone()], "each" | "with") =>
            {
                Some(match argument {
                    Some(Word::Path(path)) => self.scopes.scope_of(path),
                    _ => Scope::Other,
                })
            }
            _ => None,
        }
    }

    /// Whether the first word of a mustache is a field rather than a helper's name.
    fn is_field(&self, words: &[Word], path: &Path) -> bool {
        let alone = words.len() == 1 || matches!(words.get(1), Some(Word::Params(_)));
        let bare = path.tokens.len() == 1 && !path.this && path.parents == 0 && !path.data && !path.root;
        let plain = path.tokens.first().is_some_and(|t| t.span.len() == t.text.len());
        alone
            && !(bare
                && plain
                && HELPERS.contains(&path.tokens[0].text.as_str())
                && !self.scopes.is_param(path))
    }

    fn call(&mut self, words: &[Word], chained: bool) {
        let Some(Word::Path(path)) = words.first() else {
            return self.arguments(words, 0);
        };
        if !chained && self.is_field(words, path) || self.scopes.is_param(path) {
            self.arguments(words, 0);
        } else {
            if words.len() == 1 && !chained {
                let name = &path.tokens[0].text;
                if self.rules.all.iter().any(|rule| rule.from.len() == 1 && rule.from[0] == *name) {
                    self.doubts.helpers.push(name.clone());
                }
            }
            self.arguments(words, 1);
        }
    }

    fn arguments(&mut self, words: &[Word], from: usize) {
        let mut callee = false;
        let reads_text =
            matches!(words.first(), Some(Word::Path(p)) if &self.text[p.span.clone()] == "getValue");
        for word in &words[from.min(words.len())..] {
            match word {
                Word::Path(path) if !callee => self.path(path),
                Word::Literal(span) if reads_text => {
                    let name = self.text[span.clone()].trim_matches(['"', '\'', '\\']);
                    let named = |rule: &super::matcher::Rule| rule.from.join(".") == name;
                    if self.rules.all.iter().any(named) {
                        self.doubts.texts.push(name.to_owned());
                    }
                }
                _ => {}
            }
            callee = matches!(word, Word::Enter);
        }
    }

    fn path(&mut self, path: &Path) {
        let text = &self.text[path.span.clone()];
        if path.data || !self.rules.may_concern(text) {
            return;
        }
        let views = self.scopes.views(path);
        match self.rules.resolve(&views, &path.tokens, self.tally) {
            Found::Nothing | Found::Same | Found::Around => {}
            Found::Unsayable(_) => self.doubts.unsayable.push(text.to_owned()),
            Found::Changed(rule, pieces) => {
                match print(Grammar::Handlebars, self.text, &path.tokens, &pieces, false) {
                    Some(new) if !(self.around.json && new.contains('"') && !text.contains('"')) => {
                        self.edits.push((path.body..path.span.end, new));
                    }
                    _ => {
                        self.tally.changed[rule] -= 1;
                        for view in &views {
                            self.rules.note_taken(view, &path.tokens, self.tally);
                        }
                        self.doubts.unsayable.push(text.to_owned());
                    }
                }
            }
        }
    }
}
