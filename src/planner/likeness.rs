//! Compares a wanted document with one of the target, and knows which differences have no meaning. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::documents::diff::Change;
use crate::documents::document::read_tree;
use crate::documents::name::is_same_name;
use crate::documents::normal::{Comparison, Consensus, Ignore, remove_masks};
use crate::model::Verdict;

/// How alike the document that is wanted and one of the target are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The one is what is wanted.
    Equal(Verdict),
    /// They differ only by what the service may have made of what was sent: fields it filled in, and how it writes the name.
    Grew {
        /// JSON pointers of the fields.
        fields: Vec<String>,
        /// Whether the name is written in another way.
        renamed: bool,
        /// Whether some of the fields are filled in by people, as far as is documented.
        of_people: bool,
    },
    /// The documents differ.
    Unlike,
    /// The program panicked over them.
    Unknown,
}

/// A place of the documents of an adaptor that may hold what the service fills in.
pub(crate) type Place = (String, String);

/// Compares the wanted document with the one in the target. `secrets` are the pointers of masked secrets that were
/// removed from the wanted one. Adds places that only the target fills to `asked`.
pub(crate) fn likeness(
    wanted: &Value,
    found: &Value,
    ignore: &Ignore,
    secrets: &[String],
    asked: &mut BTreeSet<Place>,
) -> Likeness {
    // What stands behind a mask on both sides cannot be compared, so it makes no difference.
    let shown = (!secrets.is_empty()).then(|| {
        let mut shown = found.clone();
        remove_masks(&mut shown, secrets);
        shown
    });
    let is_masked = shown.as_ref().is_some_and(|shown| shown != found);
    let found = shown.as_ref().unwrap_or(found);
    let mut comparison = ignore.compare(wanted, found);
    if comparison.is_as_wanted() {
        let is_equal = comparison.verdict == Verdict::Equal && is_masked;
        return Likeness::Equal(if is_equal { Verdict::EqualWithDefaults } else { comparison.verdict });
    }
    let fields = roots(wanted, &comparison);
    let adaptor = adaptor_of(found);
    let of_people = !comparison.of_people.is_empty();
    let asks = |field: &&String| !touches(&comparison.of_people, field);
    asked.extend(fields.iter().filter(asks).map(|field| (adaptor.clone(), field.clone())));
    let renamed = comparison.differences.iter().any(|pointer| pointer == "/name") && {
        let name = |document: &Value| document.get("name").and_then(Value::as_str).map(str::to_owned);
        name(wanted).zip(name(found)).is_some_and(|(one, other)| is_same_name(&one, &other))
    };
    if renamed {
        comparison.differences.retain(|pointer| pointer != "/name");
    }
    if comparison.only_grew() { Likeness::Grew { fields, renamed, of_people } } else { Likeness::Unlike }
}

/// The highest fields that only the target has, by their pointers.
fn roots(wanted: &Value, comparison: &Comparison) -> Vec<String> {
    let mut roots: Vec<String> = comparison.additions().map(|pointer| root_of(wanted, pointer)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots
}

fn root_of(wanted: &Value, pointer: &str) -> String {
    let mut end = 0;
    while let Some(next) = pointer[end + 1..].find('/') {
        let parent = &pointer[..=end + next];
        if wanted.pointer(parent).is_none() {
            return parent.to_owned();
        }
        end += next + 1;
    }
    pointer.to_owned()
}

/// A field that the job removes from an import of the source: if the target still has it, that is a difference, whoever
/// added it.
pub(crate) fn removed(changes: &[Change]) -> Vec<String> {
    let gone = changes.iter().filter(|change| change.to.is_none() && change.path.starts_with('/'));
    gone.map(|change| change.path.clone()).collect()
}

/// Whether one of some pointers leads to, into or above another.
pub(crate) fn touches(pointers: &[String], pointer: &str) -> bool {
    let is_above = |one: &str, other: &str| {
        other.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    pointers.iter().any(|one| is_above(one, pointer) || is_above(pointer, one))
}

/// The adaptor of a document; empty for one that does not say.
pub(crate) fn adaptor_of(document: &Value) -> String {
    document.get("adaptorType").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What the documents of the target have in common, by adaptor: that is the service's own.
#[derive(Debug, Default)]
pub(crate) struct ServiceOwn(BTreeMap<String, Consensus>);

impl ServiceOwn {
    pub(crate) fn asking(places: impl IntoIterator<Item = Place>) -> Self {
        let mut own = Self::default();
        for (adaptor, pointer) in places {
            own.0.entry(adaptor).or_default().ask(&pointer);
        }
        own
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a document of the target into account.
    pub(crate) fn take(&mut self, text: &[u8]) {
        let Ok(document) = read_tree(text) else {
            return;
        };
        if let Some(consensus) = self.0.get_mut(&adaptor_of(&document)) {
            consensus.take(&document);
        }
    }

    pub(crate) fn holds(&self, adaptor: &str, pointer: &str) -> bool {
        self.0.get(adaptor).is_some_and(|consensus| consensus.holds(pointer))
    }

    /// Leaves out of the changes of an import what the service would fill in again. `removed` is what the job removes.
    pub(crate) fn leave_out(&self, adaptor: &str, removed: &[String], changes: &mut Vec<Change>) {
        if self.0.contains_key(adaptor) {
            changes.retain(|change| {
                change.to.is_some() || touches(removed, &change.path) || !self.holds(adaptor, &change.path)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(wanted: &Value, found: &Value, secrets: &[&str], expected: &Likeness) {
        let secrets: Vec<String> = secrets.iter().map(|pointer| (*pointer).to_owned()).collect();
        let found = likeness(wanted, found, &Ignore::new(["/seen"]), &secrets, &mut BTreeSet::new());
        assert_eq!(&found, expected);
    }

    #[test]
    fn what_only_grew_is_told_from_what_differs() {
        let grew = |fields: &[&str], renamed| Likeness::Grew {
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            renamed,
            of_people: false,
        };
        let wanted = json!({"name": "a", "http": {"headers": [{"name": "x"}]}});
        check(&wanted, &wanted, &[], &Likeness::Equal(Verdict::Equal));
        let enabled = json!({"name": "a", "http": {"headers": [{"name": "x", "enabled": true}]}});
        check(&wanted, &enabled, &[], &grew(&["/http/headers/0/enabled"], false));
        let block = json!({"name": "a", "http": {"headers": [{"name": "x"}]}, "limits": {"a": {"b": 1}}});
        check(&wanted, &block, &[], &grew(&["/limits"], false));
        let blanks = json!({"name": "a ", "http": {"headers": [{"name": "x"}]}});
        check(&wanted, &blanks, &[], &grew(&[], true));
        let other = json!({"name": "b", "http": {"headers": [{"name": "x"}]}});
        check(&wanted, &other, &[], &Likeness::Unlike);
        let seen = json!({"name": "a", "seen": 5, "http": {"headers": [{"name": "x"}]}});
        check(&wanted, &seen, &[], &Likeness::Equal(Verdict::Equal));
    }

    #[test]
    fn a_secret_that_both_sides_show_masked_makes_no_difference_and_one_that_was_entered_does() {
        let wanted = json!({"name": "a", "http": {"headers": [{"name": "x"}]}});
        let masked = json!({"name": "a", "http": {"headers": [{"name": "x", "value": "******"}]}});
        let at = "/http/headers/0/value";
        check(&wanted, &masked, &[at], &Likeness::Equal(Verdict::EqualWithDefaults));
        let grew = Likeness::Grew { fields: vec![at.to_owned()], renamed: false, of_people: false };
        check(&wanted, &masked, &[], &grew);
    }

    #[test]
    fn the_changes_of_an_import_leave_out_what_the_service_fills_in_again() {
        let document =
            |name: &str| json!({"name": name, "adaptorType": "HTTPImport", "tier": "x"}).to_string();
        let mut own = ServiceOwn::asking([("HTTPImport".to_owned(), "/tier".to_owned())]);
        own.take(document("a").as_bytes());
        own.take(document("b").as_bytes());
        let change = |path: &str, to: Option<&str>| Change {
            path: path.to_owned(),
            from: Some("\"x\"".to_owned()),
            to: to.map(str::to_owned),
        };
        let mut changes = vec![change("/tier", None), change("/tier", Some("\"y\"")), change("/name", None)];
        let by_the_job = changes.clone();
        own.leave_out("HTTPImport", &["/tier".to_owned()], &mut changes);
        assert_eq!(changes, by_the_job, "what the job removes is shown");
        own.leave_out("HTTPImport", &[], &mut changes);
        assert_eq!(changes, [change("/tier", Some("\"y\"")), change("/name", None)]);
    }
}
