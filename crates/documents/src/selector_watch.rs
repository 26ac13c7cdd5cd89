//! Which names and ids of a selector match nothing: most likely a slip, after which an import is not taken, or taken that was
//! to be left out.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use crate::Head;
use crate::first_few::FirstFew;
use crate::name::loose_name_key;
use crate::selector::{Selector, SelectorSpec};

/// Patterns that are watched, at most: each import is held against all that matched nothing yet.
const MOST_WATCHED: usize = 200;

/// Names and ids of a selector, while the imports it is asked about pass by.
#[derive(Debug, Default)]
pub struct SelectorWatch {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// The key it stands under: `select.exclude.names`.
    key: String,
    text: String,
    /// How many `exclude` it stands in.
    depth: usize,
    test: Test,
    matched: bool,
    /// How many names it would match in another case, and the first of them.
    near: u32,
    first: FirstFew<String, 1>,
}

#[derive(Debug)]
enum Test {
    Id,
    /// By its place in `names`, and without regard to case.
    Name(usize, Option<Loose>),
}

/// A pattern without regard to case.
#[derive(Debug)]
enum Loose {
    Literal(String),
    Glob(GlobMatcher),
    Regex(Regex),
}

impl Loose {
    fn of(text: &str) -> Option<Self> {
        if let Some(pattern) = text.strip_prefix("re:") {
            return RegexBuilder::new(pattern).case_insensitive(true).build().ok().map(Self::Regex);
        }
        if !text.contains(['*', '?', '[', '{', '\\']) {
            return Some(Self::Literal(loose_name_key(text)));
        }
        let mut glob = GlobBuilder::new(text);
        glob.literal_separator(false).backslash_escape(true).empty_alternates(true).case_insensitive(true);
        glob.build().ok().map(|glob| Self::Glob(glob.compile_matcher()))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(key) => *key == loose_name_key(name),
            Self::Glob(glob) => glob.is_match(name),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

impl SelectorWatch {
    /// Watches the names of a selector that stands under a key, and what its `exclude` names.
    pub fn of_names(key: &str, spec: &SelectorSpec) -> Self {
        let mut watch = Self::default();
        watch.watch_names(key, spec, 0);
        watch.watch_exclude(key, spec);
        watch
    }

    /// The same, and its ids.
    pub fn of_all(key: &str, spec: &SelectorSpec) -> Self {
        let mut watch = Self::of_exclude(key, spec);
        watch.watch_ids(key, spec, 0);
        watch.watch_names(key, spec, 0);
        watch
    }

    /// Watches only what its `exclude` names.
    pub fn of_exclude(key: &str, spec: &SelectorSpec) -> Self {
        let mut watch = Self::default();
        watch.watch_exclude(key, spec);
        watch
    }

    fn watch_exclude(&mut self, key: &str, spec: &SelectorSpec) {
        let (mut key, mut next, mut depth) = (key.to_owned(), spec.exclude.as_deref(), 0);
        while let Some(spec) = next {
            key.push_str(".exclude");
            depth += 1;
            self.watch_ids(&key, spec, depth);
            self.watch_names(&key, spec, depth);
            next = spec.exclude.as_deref();
        }
    }

    fn watch_ids(&mut self, key: &str, spec: &SelectorSpec, depth: usize) {
        for text in &spec.ids {
            self.push(format!("{key}.ids"), text, depth, || Test::Id);
        }
    }

    fn watch_names(&mut self, key: &str, spec: &SelectorSpec, depth: usize) {
        for (at, text) in spec.names.iter().enumerate() {
            self.push(format!("{key}.names"), text, depth, || Test::Name(at, Loose::of(text)));
        }
    }

    fn push(&mut self, key: String, text: &str, depth: usize, test: impl FnOnce() -> Test) {
        if self.patterns.len() < MOST_WATCHED {
            let (text, test) = (text.to_owned(), test());
            let first = FirstFew::default();
            self.patterns.push(Pattern { key, text, depth, test, matched: false, near: 0, first });
        }
    }

    /// Forgets what passed by.
    pub fn restart(&mut self) {
        for pattern in &mut self.patterns {
            (pattern.matched, pattern.near, pattern.first) = (false, 0, FirstFew::default());
        }
    }

    /// Records an import; `number` is its position among them.
    pub fn take(&mut self, number: u32, head: &Head, selector: &Selector) {
        for pattern in self.patterns.iter_mut().filter(|pattern| !pattern.matched) {
            match &pattern.test {
                Test::Id => pattern.matched = pattern.text == head.id.as_str(),
                Test::Name(at, loose) => {
                    let inner = (0..pattern.depth).try_fold(selector, |outer, _| outer.exclude());
                    if inner.is_some_and(|inner| inner.matches_name(*at, &head.name)) {
                        pattern.matched = true;
                    } else if loose.as_ref().is_some_and(|loose| loose.matches(&head.name)) {
                        pattern.near += 1;
                        pattern.first.take(number, || head.name.clone());
                    }
                }
            }
        }
    }

    /// A note for each of them that matched nothing.
    pub fn notes(&self) -> Vec<String> {
        self.notes_of("no import")
    }

    /// The same, where only some imports passed by; `none` is what they are called.
    pub(crate) fn notes_of(&self, none: &str) -> Vec<String> {
        let idle = self.patterns.iter().filter(|pattern| !pattern.matched);
        idle.map(|Pattern { key, text, depth, near, first, .. }| {
            // Within an `exclude` of an `exclude` it would be taken.
            let so = if depth % 2 == 1 { ", so it leaves nothing out" } else { "" };
            let note = format!("`{key}`: `{text}` matches {none}{so}");
            match (first.iter().next(), text.strip_prefix("re:")) {
                (Some(first), Some(pattern)) => {
                    format!("{note}; in another case it matches {near} (`{first}`): `re:(?i){pattern}`")
                }
                (Some(first), None) => {
                    format!("{note}; in another case it matches {near} (`{}`)", respelled(text, first))
                }
                (None, _) => note,
            }
        })
        .collect()
    }
}

/// A pattern in the case of a name it nearly matches: as far as both agree from the start.
fn respelled(pattern: &str, name: &str) -> String {
    let mut spelled = String::with_capacity(pattern.len());
    let mut letters = name.chars();
    let mut rest = pattern.chars();
    while let (Some(one), Some(other)) = (rest.clone().next(), letters.next()) {
        if one != other && !one.to_lowercase().eq(other.to_lowercase()) {
            break;
        }
        rest.next();
        spelled.push(other);
    }
    spelled.extend(rest);
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    fn head(id: &str, name: &str) -> Head {
        let text = format!(r#"{{ "_id": "{id}", "name": "{name}" }}"#);
        Head { id: Id::from(id), ..serde_json::from_str(&text).unwrap() }
    }

    fn texts<const N: usize>(all: [&str; N]) -> Vec<String> {
        all.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_named_with_what_it_would_match_in_another_case() {
        let names = ["order *", "Order 2", "re:^ship", "nothing", "*"];
        let spec = SelectorSpec { names: texts(names), ..SelectorSpec::default() };
        let selector = Selector::compile(spec.clone()).unwrap();
        let mut watch = SelectorWatch::of_names("select", &spec);
        for name in ["Order 1", "Order 2", "Shipping"] {
            watch.take(0, &head("", name), &selector);
        }
        assert_eq!(
            watch.notes(),
            [
                "`select.names`: `order *` matches no import; in another case it matches 2 (`Order *`)",
                "`select.names`: `re:^ship` matches no import; in another case it matches 1 (`Shipping`): `re:(?i)^ship`",
                "`select.names`: `nothing` matches no import",
            ]
        );
        watch.restart();
        assert_eq!(watch.notes().len(), names.len());
    }

    #[test]
    fn what_an_exclude_names_in_vain_is_told_and_the_first_import_of_the_order_stands_for_the_others() {
        let deepest = SelectorSpec { names: texts(["Order 1", "z"]), ..SelectorSpec::default() };
        let inner = SelectorSpec {
            ids: texts(["5f7c579b6411271af4e7cefa", "5f7c579b6411271af4e7cefb"]),
            names: texts(["order 1", "Order 2"]),
            exclude: Some(Box::new(deepest)),
            ..SelectorSpec::default()
        };
        let ids = texts(["5f7c579b6411271af4e7cefc"]);
        let spec = SelectorSpec { ids, exclude: Some(Box::new(inner)), ..SelectorSpec::default() };
        let selector = Selector::compile(spec.clone()).unwrap();
        let mut watch = SelectorWatch::of_exclude("select", &spec);
        let mut all = SelectorWatch::of_all("when", &spec);
        let (id, other) = ("5f7c579b6411271af4e7cefa", "5f7c579b6411271af4e7ceff");
        for (number, id, name) in [(2, other, "ORDER 1"), (1, id, "Order 1"), (0, other, "Order 2")] {
            watch.take(number, &head(id, name), &selector);
            all.take(number, &head(id, name), &selector);
        }
        let notes = [
            "`select.exclude.ids`: `5f7c579b6411271af4e7cefb` matches no import, so it leaves nothing out",
            "`select.exclude.names`: `order 1` matches no import, so it leaves nothing out; in another case it matches 2 \
             (`Order 1`)",
            "`select.exclude.exclude.names`: `z` matches no import",
        ];
        assert_eq!(watch.notes(), notes);
        assert_eq!(all.notes().len(), notes.len() + 1);
    }

    #[test]
    fn a_pattern_is_spelled_as_the_name_it_nearly_matches() {
        assert_eq!(respelled("order *", "Order 1"), "Order *");
        assert_eq!(respelled("*x", "Ax"), "*x");
        assert_eq!(respelled("order 1", "ORDER 1"), "ORDER 1");
    }
}
