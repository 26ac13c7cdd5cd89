//! Clauses for Salesforce, where `items(*).x` is what `items[*].x` is everywhere else.

/// Each entry of a list, in a clause.
pub(super) const EACH: &str = "(*)";

/// The same in every other template.
const USUAL: &str = "[*]";

/// What `rewrite` makes of a clause that is read in the usual spelling; every mark keeps its own.
pub(super) fn rewrite(text: &str, rewrite: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    let usual = text.replace(EACH, USUAL);
    let new = rewrite(&usual)?;
    // Both marks have one length, and no rename adds or removes one.
    let mut marks = usual.match_indices(USUAL).map(|(at, mark)| &text[at..at + mark.len()]);
    let mut parts = new.split(USUAL);
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        spelled.push_str(marks.next().unwrap_or(USUAL));
        spelled.push_str(part);
    }
    Some(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_their_spelling() {
        for text in ["a(*).b", "a[*].b(*)(*) c[*]", "(*", "b"] {
            let renamed = rewrite(text, |read| Some(read.replace('b', "new")));
            assert_eq!(renamed, Some(text.replace('b', "new")));
        }
        assert_eq!(rewrite("a(*)", |_| None), None);
    }
}
