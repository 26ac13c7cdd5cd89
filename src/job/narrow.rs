//! `--only` and `--limit`: a part of what a job selects, for a first try.

use crate::documents::{Selector, SelectorSpec};
use crate::model::{Head, Id};

/// A part of what a job selects; by default all of it.
#[derive(Debug, Default)]
pub struct Narrowing {
    /// The imports that are taken; empty for all.
    pub only: Vec<Only>,
    /// How many imports would be written at most; absent for no limit.
    pub limit: Option<u32>,
}

/// Imports of a name, a pattern or an id.
#[derive(Debug)]
pub struct Only {
    /// As the user wrote it.
    pub text: String,
    selector: Selector,
}

/// What is wrong with the pattern of an [`Only`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(crate::documents::Problem::in_one_line).collect::<Vec<_>>().join("; "))]
pub struct OnlyError(Vec<crate::documents::Problem>);

impl Only {
    /// Reads a name, a glob, a regular expression after `re:`, or an id.
    ///
    /// # Errors
    ///
    /// What is wrong with the pattern.
    pub fn parse(text: &str) -> Result<Self, OnlyError> {
        let id = Id::canonical(text);
        let spec = if Id::looks_like(&id) {
            SelectorSpec { ids: vec![id.into_owned()], ..SelectorSpec::default() }
        } else {
            SelectorSpec { names: vec![text.to_owned()], ..SelectorSpec::default() }
        };
        let selector = Selector::compile(spec).map_err(OnlyError)?;
        Ok(Self { text: text.to_owned(), selector })
    }

    /// Whether it means this import.
    pub fn matches(&self, head: &Head) -> bool {
        let mut unread = || Ok(serde_json::Value::Null);
        self.selector
            .matches(head, crate::documents::selector::Names::default(), &mut unread)
            .unwrap_or(false)
    }
}

impl Narrowing {
    /// Whether all of the selection is taken.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.limit.is_none()
    }

    /// Whether an import is taken.
    pub fn takes(&self, head: &Head) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.matches(head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_named_by_name_pattern_or_id() {
        let head = Head::new(Id::from("5f7c579b6411271af4e7cefa"), "Order lines");
        for (text, takes) in [
            ("Order lines", true),
            ("Order *", true),
            ("re:^order", false),
            ("re:(?i)^order", true),
            ("5f7c579b6411271af4e7cefa", true),
            ("5f7c579b6411271af4e7cefb", false),
            ("Order", false),
        ] {
            let narrowing = Narrowing { only: vec![Only::parse(text).unwrap()], limit: None };
            assert_eq!(narrowing.takes(&head), takes, "{text}");
        }
        assert!(Only::parse("re:(").is_err());
        assert!(Narrowing::default().takes(&head) && Narrowing::default().is_all());
    }
}
