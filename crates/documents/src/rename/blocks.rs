//! The open blocks of a template.
//!
//! Blocks nest as deep as a template is long, so nothing is looked for in them one by one.

use std::collections::HashMap;

use super::part::Part;
use crate::handlebars::Tag;

/// What `this` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// The outermost: `record`, `data`, `settings` and so on; bare names are fields.
    Root,
    /// An element of `batch_of_records`, which holds `record` or `rows`; another bare name is not a field.
    Batch,
    /// A part of the record.
    Field(Part),
    /// Something outside the record.
    Other,
    /// The meaning of names in this scope is unknown.
    Unknown,
}

impl Scope {
    /// An entry of it, or a value.
    pub(super) fn each(self) -> Self {
        match self {
            Self::Field(part) => Self::Field(part.each()),
            other => other,
        }
    }
}

/// Whether a block changes what `this` is, so that `../` leads out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// It does not: `this` stays what it is.
    Same,
    /// It does: `this` is another value in it.
    Deeper,
    /// It makes `this` of what may be the same value: newer versions of the language do not count such a block.
    Unsure,
    /// It is a block over a field. Where the field is `true`, `this` stays what it is.
    OfField,
}

/// An open block.
#[derive(Debug)]
pub(super) struct Block {
    /// What `this` is in it.
    pub scope: Scope,
    /// What `this` is behind `{{else}}`.
    pub otherwise: Scope,
    /// Its block parameters and what they are.
    pub params: Vec<(String, Scope)>,
    /// Whether `../` leads out of it.
    pub depth: Depth,
    /// The same, behind `{{else}}`.
    pub otherwise_depth: Depth,
    /// The new name in the opening tag, for the closing one; `None` if it is not changed.
    pub name: Option<String>,
}

/// The block parameters of a tag: the first is what the names inside are looked up in, the others are no fields.
pub(super) fn params(tag: &Tag, inside: Option<&Scope>) -> Vec<(String, Scope)> {
    let scope = |at: usize| inside.filter(|_| at == 0).cloned().unwrap_or(Scope::Other);
    tag.params.iter().enumerate().map(|(at, name)| (name.clone(), scope(at))).collect()
}

/// Nobody opens more blocks over fields in each other, and templates are as long as they like.
const MOST_FIELDS: usize = 16;

/// More blocks over fields are open in each other than are looked at.
struct TooMany;

/// The open blocks, from the outermost to the innermost.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: Vec<Open>,
    /// By block parameter, which blocks have it, the innermost last.
    by_param: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Open {
    block: Block,
    /// The innermost of the blocks around it that changes what `this` is.
    deep_around: Option<usize>,
}

impl Blocks {
    pub(super) fn push(&mut self, block: Block) {
        let deep_around = self.deep_in(self.open.len());
        self.open.push(Open { block, deep_around });
        self.list_params();
    }

    pub(super) fn pop(&mut self) -> Option<Block> {
        self.unlist_params();
        self.open.pop().map(|open| open.block)
    }

    /// Changes the innermost block, if any is open.
    pub(super) fn change_last(&mut self, change: impl FnOnce(&mut Block)) {
        self.unlist_params();
        if let Some(last) = self.open.last_mut() {
            change(&mut last.block);
        }
        self.list_params();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What `this` is.
    pub(super) fn scope(&self) -> Scope {
        self.scope_in(self.open.len())
    }

    /// What `this` is, this many times `../` above.
    pub(super) fn above(&self, parents: usize) -> Scope {
        let Some(at) = self.place_above(parents) else { return Scope::Unknown };
        match self.place_above_fields(parents) {
            Ok(Some(other)) if self.scope_in(other) != self.scope_in(at) => Scope::Unknown,
            Ok(_) => self.scope_in(at),
            Err(TooMany) => Scope::Unknown,
        }
    }

    /// What `this` is there where the field of the innermost block, or of more blocks around it, is `true`.
    pub(super) fn around_fields(&self, parents: usize) -> Vec<Scope> {
        let Some(mut at) = self.place_above(parents) else { return Vec::new() };
        let mut found = Vec::new();
        while let Some(deep) = self.field_in(at)
            && found.len() < MOST_FIELDS
        {
            at = deep;
            found.push(self.scope_in(at));
        }
        found
    }

    /// In how many blocks a name stands, this many times `../` above. `None` where that is not known.
    fn place_above(&self, parents: usize) -> Option<usize> {
        let mut at = self.open.len();
        for _ in 0..parents {
            // Older versions of the language counted every block, so that where none is left this may lead anywhere.
            at = self.deep_in(at).filter(|deep| self.open[*deep].block.depth != Depth::Unsure)?;
        }
        Some(at)
    }

    /// The same where the fields of all blocks over fields are `true`, so that these do not count. `None` where that leads out of
    /// the template.
    fn place_above_fields(&self, parents: usize) -> Result<Option<usize>, TooMany> {
        let (mut at, mut passed) = (self.open.len(), 0);
        for _ in 0..parents {
            while let Some(deep) = self.field_in(at) {
                (at, passed) = (deep, passed + 1);
                if passed > MOST_FIELDS {
                    return Err(TooMany);
                }
            }
            match self.deep_in(at) {
                Some(deep) => at = deep,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Which of the first `count` blocks is the innermost that changes what `this` is, if it is one over a field.
    fn field_in(&self, count: usize) -> Option<usize> {
        self.deep_in(count).filter(|deep| self.open[*deep].block.depth == Depth::OfField)
    }

    /// What a block parameter is.
    pub(super) fn param(&self, name: &str) -> Option<&Scope> {
        let block = &self.open[*self.by_param.get(name)?.last()?].block;
        block.params.iter().find_map(|(known, scope)| (known == name).then_some(scope))
    }

    /// What `this` is in the innermost of the first `count` blocks.
    fn scope_in(&self, count: usize) -> Scope {
        count.checked_sub(1).map_or(Scope::Root, |at| self.open[at].block.scope.clone())
    }

    /// Which of the first `count` blocks is the innermost that changes what `this` is.
    fn deep_in(&self, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        if self.open[last].block.depth == Depth::Same { self.open[last].deep_around } else { Some(last) }
    }

    fn list_params(&mut self) {
        let Some((last, outer)) = self.open.split_last() else { return };
        for (name, _) in &last.block.params {
            self.by_param.entry(name.clone()).or_default().push(outer.len());
        }
    }

    fn unlist_params(&mut self) {
        for (name, _) in self.open.last().into_iter().flat_map(|last| &last.block.params) {
            self.by_param.get_mut(name).and_then(Vec::pop);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::part::Segment;
    use super::*;

    /// Block number `at`, whose `this` is the field of that name, with these parameters; `deep` or not.
    fn block(at: usize, params: &[u8], deep: bool) -> Block {
        let field = |name: String| {
            let mut part = Part::default();
            part.push(Segment::Name(name));
            Scope::Field(part)
        };
        let param = |(nth, param): (usize, &u8)| (format!("p{param}"), field(format!("{at} {nth}")));
        Block {
            scope: field(at.to_string()),
            otherwise: Scope::Other,
            params: params.iter().enumerate().map(param).collect(),
            depth: if deep { Depth::Deeper } else { Depth::Same },
            otherwise_depth: Depth::Same,
            name: None,
        }
    }

    /// The same, block by block.
    fn param<'b>(open: &'b [Block], name: &str) -> Option<&'b Scope> {
        let params = open.iter().rev().flat_map(|block| &block.params);
        params.into_iter().find_map(|(known, scope)| (known == name).then_some(scope))
    }

    fn above(open: &[Block], parents: usize) -> Scope {
        let (mut left, mut at) = (parents, open.len());
        while left > 0 && at > 0 {
            at -= 1;
            left -= usize::from(open[at].depth != Depth::Same);
        }
        match at {
            _ if left > 0 => Scope::Unknown,
            0 => Scope::Root,
            at => open[at - 1].scope.clone(),
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_search_block_by_block_finds(
            steps in prop::collection::vec((0..4_u8, prop::collection::vec(0..4_u8, 0..3), any::<bool>()), 0..30)
        ) {
            let (mut blocks, mut open) = (Blocks::default(), Vec::new());
            for (at, (step, params, deep)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 => {
                        blocks.push(block(at, &params, deep));
                        open.push(block(at, &params, deep));
                    }
                    2 => {
                        blocks.change_last(|last| *last = block(at, &params, deep));
                        open.iter_mut().rev().take(1).for_each(|last| *last = block(at, &params, deep));
                    }
                    _ => prop_assert_eq!(blocks.pop().is_some(), open.pop().is_some()),
                }
                for name in ["p0", "p1", "p2", "p3", "q"] {
                    prop_assert_eq!(blocks.param(name), param(&open, name));
                }
                for parents in 0..5 {
                    prop_assert_eq!(blocks.above(parents), above(&open, parents));
                }
            }
        }
    }
}
