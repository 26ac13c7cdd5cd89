//! The renames of one side in a value: in its texts and its keys.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::edit::{SideRename, TextSyntax, below};
use super::scope::TemplateContext;

impl SideRename<'_> {
    /// Renames in every text of a value, and in keys that are templates.
    pub(super) fn edit_all(
        &mut self,
        value: &mut Value,
        syntax: TextSyntax,
        context: &TemplateContext,
        at: &mut String,
    ) {
        match value {
            Value::String(text) => self.edit(text, syntax, context, at),
            Value::Array(list) => {
                for (index, one) in list.iter_mut().enumerate() {
                    below(at, &index.to_string(), |at| self.edit_all(one, syntax, context, at));
                }
            }
            // A path is a text or a list of them; an object there is something else.
            Value::Object(map) if syntax != TextSyntax::Path => {
                for (key, one) in map.iter_mut() {
                    below(at, key, |at| self.edit_all(one, syntax, context, at));
                }
                if map.keys().any(|key| key.contains("{{")) {
                    self.edit_keys(map, at, |side, key, at| side.edit(key, syntax, context, at));
                }
            }
            _ => {}
        }
    }

    /// Renames in the keys of an object. Where two would become one, a value would be lost: they stay as they are, and that
    /// is said.
    fn edit_keys(
        &mut self,
        map: &mut Map<String, Value>,
        at: &str,
        mut edit: impl FnMut(&mut Self, &mut String, &str),
    ) {
        let (counts, warnings) = (self.counts.clone(), self.warnings.len());
        let mut renamed: Vec<String> = map.keys().cloned().collect();
        renamed.iter_mut().for_each(|key| edit(self, key, at));
        let distinct: HashSet<&String> = renamed.iter().collect();
        if distinct.len() < renamed.len() {
            let mut touched = counts;
            for (rule, changed) in self.counts.changed.iter().enumerate() {
                touched.mentioned[rule] |= *changed > touched.changed[rule] || self.counts.mentioned[rule];
            }
            self.counts = touched;
            self.warnings.truncate(warnings);
            self.warnings.push(format!("{at}: two keys would become one; its keys are left alone"));
        } else if map.keys().ne(&renamed) {
            let old = std::mem::take(map);
            *map = renamed.into_iter().zip(old).map(|(key, (_, value))| (key, value)).collect();
        }
    }

    /// Renames in an object whose keys are field names.
    pub(super) fn edit_names_in_keys(&mut self, found: &mut Value, context: &TemplateContext, at: &str) {
        let Some(map) = found.as_object_mut() else { return };
        self.edit_keys(map, at, |side, key, at| {
            let old = key.clone();
            side.edit(key, TextSyntax::Key, context, at);
            // A field inside of another one can only be named by its path.
            if *key == old && key.contains(['.', '[']) {
                side.edit(key, TextSyntax::Path, context, at);
            }
        });
    }
}

/// Calls `f` with every text in a value and its pointer.
pub(super) fn for_each_text(value: &Value, at: &mut String, f: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => f(text, at),
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                below(at, &index.to_string(), |at| for_each_text(one, at, f));
            }
        }
        Value::Object(map) => {
            for (key, one) in map {
                below(at, key, |at| for_each_text(one, at, f));
            }
        }
        _ => {}
    }
}
