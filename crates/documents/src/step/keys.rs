//! The value of a step, read with typed questions.

use serde_json::{Map, Value};

use crate::problem::Problem;

/// What stands under the key of a step.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'v> {
    value: &'v Value,
    options: Option<&'v Map<String, Value>>,
}

impl<'v> Keys<'v> {
    /// The keys of a value.
    pub fn new(value: &'v Value) -> Self {
        Self { value, options: None }
    }

    /// The same keys, with those that stand beside the step.
    #[must_use]
    pub fn with_options(self, options: &'v Map<String, Value>) -> Self {
        Self { options: Some(options), ..self }
    }

    /// A key that stands beside the step, where it is given.
    pub fn option(self, key: &str) -> Option<&'v Value> {
        self.options?.get(key)
    }

    /// The value itself.
    pub fn value(self) -> &'v Value {
        self.value
    }

    /// A value that is one text.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn whole_text(self) -> Result<&'v str, Problem> {
        self.value.as_str().ok_or_else(|| Problem::new("must be a text"))
    }

    /// A value that is a list.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn items(self) -> Result<&'v [Value], Problem> {
        self.value.as_array().map(Vec::as_slice).ok_or_else(|| Problem::new("must be a list"))
    }

    /// The value of a key, where it is given.
    pub fn get(self, key: &str) -> Option<&'v Value> {
        self.value.get(key)
    }

    /// The text of a key.
    ///
    /// # Errors
    ///
    /// The key is missing, or holds something else.
    pub fn text(self, key: &str) -> Result<&'v str, Problem> {
        self.maybe_text(key)?.ok_or_else(|| Problem::new(format!("needs `{key}`")))
    }

    /// The text of a key that may be missing.
    ///
    /// # Errors
    ///
    /// The key holds something else.
    pub fn maybe_text(self, key: &str) -> Result<Option<&'v str>, Problem> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::new("must be a text").under(key)),
        }
    }

    /// The keys of a key that holds a mapping; empty where it is not given.
    ///
    /// # Errors
    ///
    /// The key holds something else.
    pub fn entries(self, key: &str) -> Result<Vec<(&'v String, &'v Value)>, Problem> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(entries)) => Ok(entries.iter().collect()),
            Some(_) => Err(Problem::new("must be a mapping").under(key)),
        }
    }
}
