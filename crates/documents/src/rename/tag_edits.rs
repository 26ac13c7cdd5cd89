//! The edits of one template, and the template after them.
//!
//! Promises: a template that can be read before can be read after, as the same tags, or there is none.

use std::ops::Range;

use crate::handlebars::{self, Backslash, Template};

/// New words for parts of a template, in any order; no two overlap.
#[derive(Debug, Default)]
pub(super) struct TagEdits {
    all: Vec<TagEdit>,
}

#[derive(Debug)]
struct TagEdit {
    span: Range<usize>,
    new: String,
    /// The rename that asks for it; none for a closing tag, which follows its opening one.
    rule: Option<usize>,
}

impl TagEdits {
    pub(super) fn push(&mut self, span: Range<usize>, new: String, rule: Option<usize>) {
        self.all.push(TagEdit { span, new, rule });
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// What a part of the template becomes by the edits from number `from` on; none when it stays.
    pub(super) fn part_from(&self, from: usize, text: &str, part: Range<usize>) -> Option<String> {
        let is_inside = |edit: &&TagEdit| part.start <= edit.span.start && edit.span.end <= part.end;
        let mut inside: Vec<&TagEdit> = self.all[from..].iter().filter(is_inside).collect();
        inside.sort_by_key(|edit| edit.span.start);
        (!inside.is_empty()).then(|| spliced(text, part, inside))
    }

    /// The template after the edits; `None` without edits.
    ///
    /// # Errors
    ///
    /// The renames of all edits, one for each: together they would make a template that cannot be read, or one of other tags.
    pub(super) fn apply(
        mut self,
        text: &str,
        template: &Template,
        backslash: Backslash,
    ) -> Result<Option<String>, Vec<usize>> {
        if self.all.is_empty() {
            return Ok(None);
        }
        self.all.sort_by_key(|edit| edit.span.start);
        let new = spliced(text, 0..text.len(), &self.all);
        match handlebars::read(&new, backslash) {
            Ok(read) if is_alike(template, &read) => Ok(Some(new)),
            _ => Err(self.all.iter().filter_map(|edit| edit.rule).collect()),
        }
    }
}

/// Whether both have the same tags but for names.
fn is_alike(one: &Template, other: &Template) -> bool {
    let shape = |template: &Template| -> Vec<_> {
        let words = |tag: &handlebars::Tag| {
            tag.call.as_ref().map(|call| (call.has_arguments(), call.arguments.len(), call.hash.len()))
        };
        template.tags.iter().map(|tag| (tag.kind, words(tag), tag.params.len())).collect()
    };
    shape(one) == shape(other)
}

/// A part of the text with the edits in it, which come in order.
fn spliced<'e>(text: &str, part: Range<usize>, edits: impl IntoIterator<Item = &'e TagEdit>) -> String {
    let mut out = String::with_capacity(part.len() + 32);
    let mut at = part.start;
    for TagEdit { span, new, .. } in edits {
        out.push_str(&text[at..span.start]);
        out.push_str(new);
        at = span.end;
    }
    out.push_str(&text[at..part.end]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template with the first word `old` of each tag replaced.
    fn applied(text: &str, words: &[&str]) -> Result<Option<String>, Vec<usize>> {
        let template = handlebars::read(text, Backslash::Escapes).unwrap();
        let mut edits = TagEdits::default();
        for (at, ((start, old), new)) in text.match_indices("old").zip(words).enumerate() {
            edits.push(start..start + old.len(), (*new).to_owned(), Some(at));
        }
        edits.apply(text, &template, Backslash::Escapes)
    }

    #[test]
    fn edits_that_would_break_the_template_are_refused_together() {
        for (text, words, after) in [
            ("{{#old}}x{{/old}}", vec!["new", "new"], Ok(Some("{{#new}}x{{/new}}"))),
            ("{{old}}", vec![], Ok(None)),
            // The closing tag has another name.
            ("{{#old.length}}x{{/old.length}}", vec!["new"], Err(vec![0])),
            ("{{a}}{{#old}}x{{/old}}", vec!["new", "other"], Err(vec![0, 1])),
            // A tag that cannot be read.
            ("{{old}}", vec!["a..b"], Err(vec![0])),
            // One that is read as another.
            ("{{old}}", vec!["#old}}{{/old"], Err(vec![0])),
            ("{{old}}", vec!["!new"], Err(vec![0])),
            ("{{old}}", vec!["a b"], Err(vec![0])),
            ("{{trim old}}", vec!["new other"], Err(vec![0])),
        ] {
            let after = after.map(|text| text.map(str::to_owned));
            assert_eq!(applied(text, &words), after, "{text} {words:?}");
        }
    }

    #[test]
    fn a_part_becomes_what_the_edits_inside_of_it_say() {
        let text = "{{#record.old.length}}";
        let mut edits = TagEdits::default();
        edits.push(0..0, "before".into(), None);
        assert_eq!(edits.part_from(0, text, 3..20), None);
        edits.push(10..13, "new".into(), Some(0));
        assert_eq!(edits.part_from(1, text, 3..20).as_deref(), Some("record.new.length"));
    }
}
