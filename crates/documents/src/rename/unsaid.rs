//! Names in a template that may be those of the values of an object: `{{#each obj}}{{x}}{{/each}}` is `obj.k1.x` then.
//!
//! A block over a list looks the same. That it is one is shown by another name of an entry: where `{{#each a}}` holds `b`, `a.b` is
//! no value of `a`.

use std::collections::HashSet;

use super::counts::Counts;
use super::matcher::{Rules, View};
use super::part::words;
use super::scope::Scopes;
use super::unchanged::{SCOPE, Unchanged};
use crate::handlebars::Path;
use crate::path::{Grammar, Token};

/// What may be names of such values in one template.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    /// The fields of entries, by all names that lead to them.
    of_entries: HashSet<Vec<String>>,
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    text: String,
    views: Vec<View>,
    tokens: Vec<Token>,
    grammar: Grammar,
}

impl Unsaid {
    /// Notes the fields of entries that a path names.
    pub(super) fn note(&mut self, scopes: &Scopes<'_>, path: &Path) {
        let is_in_a_block = !scopes.blocks.is_empty() && !path.data;
        let views = if is_in_a_block { scopes.views(path) } else { Vec::new() };
        for View { context, skip } in views {
            let own = words(path.tokens.get(skip..).unwrap_or_default());
            if context.is_of_each() && !own.is_empty() {
                let names = context.names().chain([own[0]]);
                self.of_entries.insert(names.map(str::to_owned).collect());
            }
        }
    }

    /// Notes a text that no rename is about as it is read.
    pub(super) fn add(
        &mut self,
        rules: &Rules,
        text: &str,
        (views, tokens): (&[View], &[Token]),
        grammar: Grammar,
    ) {
        if views.iter().any(|view| rules.through_values(view, tokens, grammar, &HashSet::new()).is_some()) {
            let (views, tokens) = (views.to_vec(), tokens.to_vec());
            self.names.push(Name { text: text.to_owned(), views, tokens, grammar });
        }
    }

    /// Says what may be names of values, when all of the template has been read.
    pub(super) fn say(self, rules: &Rules, counts: &mut Counts, unchanged: &mut Unchanged) {
        for Name { text, views, tokens, grammar } in self.names {
            let meant = |view: &View| rules.through_values(view, &tokens, grammar, &self.of_entries);
            if let Some(rule) = views.iter().find_map(meant) {
                counts.mentioned[rule] = true;
                unchanged.push(&text, SCOPE);
            }
        }
    }
}
