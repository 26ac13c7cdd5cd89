//! Names that are there already, and that a rename makes of other fields or puts them into.

use super::counts::{Counts, Outer};
use super::full_path::{Word, full};
use super::matcher::{Rule, Rules, View};
use crate::path::{Kind, Token};

impl Rules {
    /// Notes when a path that stays as it is, is what some rename makes of another.
    pub(super) fn note_taken(&self, view: &View, tokens: &[Token], counts: &mut Counts) {
        let (full, own) = full(&view.context, &tokens[view.skip..]);
        if let Some((rule, at)) = self.longest(&full, &self.to, |r| &r.to)
            && at.last().is_some_and(|last| *last >= own)
        {
            counts.taken[rule] = true;
        }
        if full.iter().all(|word| word.kind == Kind::Name) {
            let names = full.iter().map(|word| word.text.to_owned()).collect();
            self.note_outer(Outer { names, is_list: false }, counts);
        }
        self.note_lists(&full, counts);
    }

    /// Notes when the name of a field is what some rename puts another field into, that was not inside of it before.
    pub(super) fn note_outer(&self, outer: Outer, counts: &mut Counts) {
        let names = &outer.names;
        for at in names.first().and_then(|first| self.to.get(first)).into_iter().flatten() {
            let Rule { from, to } = &self.all[*at];
            let is_inside = to.len() > names.len() && to.starts_with(names);
            let is_news = counts.outer[*at].as_ref().is_none_or(|known| outer.is_list && !known.is_list);
            if is_inside && is_news {
                let was_inside = (1..from.len()).any(|length| self.rewrite_names(&from[..length]) == *names);
                if !was_inside {
                    counts.outer[*at] = Some(outer.clone());
                }
            }
        }
    }

    /// The same for each list that a path goes through.
    pub(super) fn note_lists(&self, full: &[Word<'_>], counts: &mut Counts) {
        let Some(rules) = full.first().and_then(|first| self.to.get(first.text)) else { return };
        let longest = rules.iter().map(|at| self.all[*at].to.len()).max().unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        for (at, word) in full.iter().enumerate() {
            let is_position = match word.kind {
                Kind::Name if names.len() + 1 == longest => return,
                Kind::Name => false,
                Kind::Digits => !self.have_the_last(&full[..=at]),
                Kind::Index => true,
            };
            if is_position {
                self.note_outer(Outer { names: names.clone(), is_list: true }, counts);
            } else {
                names.push(word.text.to_owned());
            }
        }
    }
}
