//! A document while it is changed: as it is now, and as it was where it changed.
//!
//! A copy of the whole costs nearly as much as parsing it, and most jobs change a few members of the top level. So whoever
//! changes it says first which of them they may touch ([`Touched`]), and those alone are kept as they were.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::diff::{Change, Was, diff, diff_members};
use crate::normal::strip_server_fields;
use crate::place::key_of_step;
use crate::schema::Shape;
use crate::verbatim;
use crate::written::WrittenMembers;

/// What a change may touch: members of the top level, whatever is beneath them. It may touch less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Any member, and their order.
    Everything,
    /// Members of these keys; others stay as they are, and where they are.
    Members(BTreeSet<String>),
}

impl Touched {
    /// Nothing at all.
    pub fn nothing() -> Self {
        Self::Members(BTreeSet::new())
    }

    /// Members of these keys.
    pub fn members<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::Members(keys.into_iter().map(Into::into).collect())
    }

    /// What stands at or beneath JSON pointers, whether there is anything or not.
    pub fn at<'p>(pointers: impl IntoIterator<Item = &'p str>) -> Self {
        let keys: Option<BTreeSet<String>> =
            pointers.into_iter().map(|pointer| split(pointer).map(|(key, _)| key.into_owned())).collect();
        keys.map_or(Self::Everything, Self::Members)
    }

    /// What either of both may touch.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Members(mut one), Self::Members(other)) => {
                one.extend(other);
                Self::Members(one)
            }
            _ => Self::Everything,
        }
    }
}

/// The member of the top level that a pointer leads to or into, and what follows; `None` for the whole document.
fn split(pointer: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = pointer.strip_prefix('/')?;
    let end = inside.find('/').unwrap_or(inside.len());
    let (key, rest) = inside.split_at(end);
    Some((key_of_step(key), rest))
}

/// A document while it is changed.
#[derive(Debug)]
pub struct Edited {
    now: Value,
    /// The shape it had at first.
    shape: Shape,
    before: Before,
    /// The whole as it was, to see that nothing was changed that was not named.
    #[cfg(debug_assertions)]
    whole: Value,
}

#[derive(Debug)]
enum Before {
    Whole(Value),
    Members {
        /// The keys of the top level, in their order.
        order: Vec<String>,
        /// Members that may have changed, as they were; `None` where there was none.
        kept: Vec<(String, Option<Value>)>,
    },
}

impl Edited {
    /// A document before anything is changed in it.
    pub fn new(document: Value) -> Self {
        let order = document.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
        Self {
            shape: Shape::of(&document),
            before: Before::Members { order, kept: Vec::new() },
            #[cfg(debug_assertions)]
            whole: document.clone(),
            now: document,
        }
    }

    /// A document that was changed already.
    pub fn between(before: Value, now: Value) -> Self {
        Self {
            shape: Shape::of(&before),
            #[cfg(debug_assertions)]
            whole: before.clone(),
            before: Before::Whole(before),
            now,
        }
    }

    /// The document as it is.
    pub fn now(&self) -> &Value {
        &self.now
    }

    /// The document, to be changed in what is named.
    pub fn edit(&mut self, touched: &Touched) -> &mut Value {
        match (&mut self.before, touched) {
            (Before::Members { kept, .. }, Touched::Members(keys)) => {
                for key in keys {
                    if kept.iter().all(|(known, _)| known != key) {
                        kept.push((key.clone(), self.now.get(key).cloned()));
                    }
                }
            }
            (Before::Members { .. }, Touched::Everything) => self.before = Before::Whole(self.before()),
            (Before::Whole(_), _) => {}
        }
        &mut self.now
    }

    /// Takes out what the service manages: in comparisons it does not count.
    pub fn strip_server_fields(&mut self) {
        strip_server_fields(&mut self.now);
    }

    /// The document as it was, but for fields of the service that were taken out.
    pub fn before(&self) -> Value {
        match &self.before {
            Before::Whole(whole) => whole.clone(),
            Before::Members { order, .. } => {
                let member = |key: &String| Some((key.clone(), self.member_before(key)?.clone()));
                Value::Object(order.iter().filter_map(member).collect())
            }
        }
    }

    /// What stood at a JSON pointer before, of other members than fields of the service.
    pub fn was(&self, pointer: &str) -> Option<&Value> {
        match split(pointer) {
            Some((key, rest)) => self.member_before(&key)?.pointer(rest),
            None => None,
        }
    }

    fn member_before(&self, key: &str) -> Option<&Value> {
        match &self.before {
            Before::Whole(whole) => whole.get(key),
            Before::Members { kept, .. } => match kept.iter().find(|(known, _)| known == key) {
                Some((_, was)) => was.as_ref(),
                None => self.now.get(key),
            },
        }
    }

    /// Whether a member of the top level may have changed, fields of the service left aside.
    pub fn may_have_changed(&self, key: &str) -> bool {
        match &self.before {
            Before::Whole(_) => true,
            Before::Members { kept, .. } => kept.iter().any(|(known, _)| known == key),
        }
    }

    /// The document as it is, as its text: as [`verbatim::to_text`] writes it. `written` is what it was read from: members that
    /// did not change are copied from there.
    pub fn to_text(&self, written: &WrittenMembers<'_>) -> String {
        let (Before::Members { order, .. }, Value::Object(now)) = (&self.before, &self.now) else {
            return verbatim::to_text(&self.now);
        };
        let mut text = String::with_capacity(written.length() + 64);
        let mut known = order.iter().zip(written.iter());
        for (key, value) in now {
            text.push(if text.is_empty() { '{' } else { ',' });
            let mut ahead = known.clone();
            let found = ahead.find(|(known, _)| *known == key).map(|(_, member)| member);
            if found.is_some() {
                known = ahead;
            }
            match found.flatten().filter(|_| !self.may_have_changed(key)) {
                Some(member) => text.push_str(member),
                None => verbatim::write_member(key, value, &mut text),
            }
        }
        text.push_str(if now.is_empty() { "{}" } else { "}" });
        debug_assert_eq!(text, verbatim::to_text(&self.now), "what is copied is as it would be written");
        text
    }

    /// What changed, in the form of [`diff`].
    pub fn changes(&self) -> Vec<Change> {
        let changes = match &self.before {
            Before::Whole(whole) => diff(whole, &self.now),
            Before::Members { order, kept } => {
                let mut members: Vec<_> =
                    kept.iter().map(|(key, was)| (key.as_str(), was.as_ref())).collect();
                let place = |key: &str| order.iter().position(|known| known == key);
                members.sort_by_cached_key(|(key, _)| place(key));
                let owner = ["name", "generate"].iter().find_map(|key| self.member_before(key));
                let owner = owner.and_then(Value::as_str);
                diff_members(&Was { shape: self.shape, owner, members }, &self.now)
            }
        };
        #[cfg(debug_assertions)]
        self.see_that_these_are_all(&changes);
        changes
    }

    #[cfg(debug_assertions)]
    fn see_that_these_are_all(&self, changes: &[Change]) {
        assert_eq!(changes, diff(&self.whole, &self.now), "something changed that was not named before");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({ "_id": "i", "name": "a", "value": "secret", "http": { "body": ["x"] }, "mapping": {}, "a/b": 1 })
    }

    #[test]
    fn what_was_named_is_kept_and_all_else_is_as_it_is() {
        let mut edited = Edited::new(document());
        let now = edited.edit(&Touched::at(["/http/body/0", "/new/x", "/a~1b"]));
        now["http"]["body"][0] = json!("y");
        now["new"] = json!({ "x": 1 });
        now.as_object_mut().unwrap().shift_remove("a/b");
        assert_eq!(edited.was("/http/body/0"), Some(&json!("x")));
        assert_eq!((edited.was("/new"), edited.was("/a~1b")), (None, Some(&json!(1))));
        assert_eq!(edited.was("/name"), Some(&json!("a")));
        assert_eq!(edited.before().to_string(), document().to_string(), "in its order");
        let paths: Vec<_> = edited.changes().into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["/http/body/0", "/a~1b", "/new"]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "something changed that was not named before")]
    fn a_change_that_was_not_named_is_noticed() {
        let mut edited = Edited::new(document());
        edited.edit(&Touched::members(["name"]))["http"] = json!(7);
        edited.changes();
    }

    #[test]
    fn a_pointer_to_the_whole_document_touches_everything() {
        assert_eq!(Touched::at(["/a", ""]), Touched::Everything);
        let one = Touched::at(["/a/b", "/c"]);
        assert_eq!(one.clone().and(Touched::nothing()), Touched::members(["a", "c"]));
        assert_eq!(one.and(Touched::Everything), Touched::Everything);
    }

    proptest! {
        #[test]
        fn changes_are_told_as_between_two_whole_documents(
            edits in prop::collection::vec((0..6_usize, prop::option::of(0..3_u8), any::<bool>()), 0..6)
        ) {
            let keys = ["name", "value", "http", "mapping", "a/b", "new"];
            let mut edited = Edited::new(document());
            for (key, value, everything) in edits {
                let key = keys[key];
                let touched = if everything { Touched::Everything } else { Touched::members([key]) };
                let members = edited.edit(&touched).as_object_mut().unwrap();
                match value {
                    Some(value) => members.insert(key.to_owned(), json!({ "fields": [], "x": value })),
                    None => members.shift_remove(key),
                };
            }
            prop_assert_eq!(edited.changes(), diff(&document(), edited.now()));
            prop_assert_eq!(edited.before(), document());
        }
    }
}
