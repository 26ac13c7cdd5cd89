//! `jq: '…'`: a program that gives the whole document.

use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::jq::{DEADLINE, Filter, JqError};
use crate::problem::Problems;

/// The step `jq`: a filter whose result replaces the document.
#[derive(Debug)]
pub(crate) struct Jq {
    filter: Filter,
    source: String,
}

impl Step for Jq {
    const KIND: StepKind = StepKind::new("jq", Some(Missing::Fail));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let source = keys.whole_text().map_err(|problem| vec![problem])?;
        let filter = Filter::compile(source).map_err(|problem| vec![problem])?;
        Ok(Self { filter, source: source.to_owned() })
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        let result = self.filter.one(document, DEADLINE).map_err(|error| match &error {
            // What the program raises speaks of this document; a limit that it meets speaks of the program.
            JqError::Raised(_) => StepError::NotApplicable(format!(
                "{error}{}",
                nulls(&error.to_string(), &self.source, document)
            )),
            _ => StepError::Failed(error.to_string()),
        })?;
        if !result.is_object() {
            return Err(StepError::failed("the result is not an object"));
        }
        if result.get("_id") != document.get("_id") {
            return Err(StepError::failed("the result has another `_id`: it cannot be changed"));
        }
        let mut result = result;
        if !self.source.contains("null") {
            without_made_nulls(document, &mut result);
        }
        *document = result;
        Ok(Vec::new())
    }
}

/// Takes out the keys that a path of the program made on its way to something that is not there: `del(.a.b[]?)` of this
/// jq leaves `"b": null` behind where there was no `b`, and the service refuses a null for a list.
fn without_made_nulls(before: &Value, after: &mut Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            after.retain(|key, value| !value.is_null() || before.contains_key(key));
            for (key, value) in after {
                if let Some(before) = before.get(key) {
                    without_made_nulls(before, value);
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).for_each(|(before, after)| without_made_nulls(before, after));
        }
        _ => {}
    }
}

/// Of a program that stumbled over null: which of the fields it names are null in the document.
fn nulls(error: &str, program: &str, document: &Value) -> String {
    if !error.contains("null") {
        return String::new();
    }
    let mut found: Vec<String> = Vec::new();
    let (mut rest, mut before, mut quoted) = (program, ' ', false);
    while let Some(c) = rest.chars().next() {
        quoted ^= c == '"' && before != '\\';
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if c == '.' && !quoted && !is_name(before) && !matches!(before, ')' | ']' | '"' | '.') {
            let length = rest.find(|c: char| !is_name(c) && c != '.').unwrap_or(rest.len());
            if let Some(path) = null_at(rest[..length].trim_end_matches('.'), document)
                && !found.contains(&path)
            {
                found.push(path);
            }
        }
        before = c;
        rest = &rest[c.len_utf8()..];
    }
    match found.as_slice() {
        [] => String::new(),
        [one] => format!(" (`{one}` is null here)"),
        several => format!(" (`{}` are null here)", several.join("`, `")),
    }
}

/// The part of a path such as `.http.headers` up to what is null or absent in a document.
fn null_at(path: &str, document: &Value) -> Option<String> {
    let mut at = document;
    let mut shown = String::new();
    for name in path.split('.').skip(1).filter(|name| !name.is_empty()) {
        shown.push('.');
        shown.push_str(name);
        at = match at.get(name) {
            None if at.is_object() => return Some(shown),
            Some(Value::Null) => return Some(shown),
            None => return None,
            Some(inner) => inner,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Facts, Program, StepSpec};

    #[test]
    fn a_path_to_nothing_leaves_nothing_behind() {
        let done = |program: &str| {
            let program = Program::compile(vec![StepSpec::new("jq", json!(program))]).unwrap();
            let document = json!({ "name": "x", "http": { "body": null, "method": ["POST"] } });
            program.apply(document, &Facts::default()).unwrap().document["http"].to_string()
        };
        let same = r#"{"body":null,"method":["POST"]}"#;
        assert_eq!(done(r#"del(.http.headers[]? | select(.name == "X"))"#), same);
        assert_eq!(done(r#".http.lookups[]?.name |= "x""#), same);
        assert_eq!(done(".http.method[0] = null"), r#"{"body":null,"method":[null]}"#);
        assert_eq!(done(".http.x = null"), r#"{"body":null,"method":["POST"],"x":null}"#);
    }

    #[test]
    fn a_field_that_is_null_is_named() {
        let document = json!({ "http": { "method": ["GET"], "headers": null }, "name": "x" });
        let told = |program: &str| nulls("cannot use null as iterable", program, &document);
        assert_eq!(told(".http.headers |= map(select(.name != \"X\"))"), " (`.http.headers` is null here)");
        assert_eq!(told(".rdbms.query[0]"), " (`.rdbms` is null here)");
        assert_eq!(told("map(.)[.a.b]"), " (`.a` is null here)");
        assert_eq!(told(".http.method[]"), "");
        assert_eq!(told("\".none\" | .name"), "");
        assert_eq!(nulls("cannot index a text with 1", ".none", &document), "");
    }
}
