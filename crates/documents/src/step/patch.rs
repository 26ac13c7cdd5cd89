//! `patch: [...]`: RFC 6902.

use std::borrow::Cow;

use json_patch::PatchOperation;
use serde_json::Value;

use super::doubts::unfilled;
use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::pointer::{self, Pointer};
use crate::problem::{Problem, Problems};
use crate::template::Fill;

/// The step `patch`: operations of RFC 6902.
#[derive(Debug)]
pub(crate) struct Patch(Vec<Operation>);

#[derive(Debug)]
struct Operation {
    operation: PatchOperation,
    /// Its value, where a number in it may have been meant as a text.
    value: Option<Fill>,
}

impl Step for Patch {
    const KIND: StepKind = StepKind::new("patch", Some(Missing::Fail));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut operations = Vec::new();
        let mut is_tested = false;
        for (index, item) in keys.items().map_err(|problem| vec![problem])?.iter().enumerate() {
            let mut item = item.clone();
            let mut value =
                item.get("value").map(Fill::literal).filter(|fill| !matches!(fill, Fill::Literal(_)));
            if let (Some(fill), Some(plain)) = (&value, item.get_mut("value")) {
                let doubts = fill.spellings().into_iter();
                context
                    .warnings
                    .extend(doubts.map(|problem| problem.under("value").under(index.to_string())));
                *plain = fill.plain(None);
            }
            match pointer::operation(&item) {
                Ok(operation) => {
                    let place = item.get("path").and_then(Value::as_str).map(Pointer::parse);
                    if let (Some(Ok(place)), Some(value)) = (place, item.get("value"))
                        && !matches!(operation, PatchOperation::Test(_))
                    {
                        let (index, help) = (index.to_string(), "the texts of `set` are filled in");
                        let at = [index.as_str(), "value"];
                        unfilled(value, Some(&place), &at, help, &mut context.warnings);
                    }
                    is_tested |= matches!(operation, PatchOperation::Test(_));
                    let again = again(&operation).filter(|_| context.runs_again && !is_tested);
                    context
                        .warnings
                        .extend(again.map(|problem| problem.under("path").under(index.to_string())));
                    operations.push(Operation { operation, value: value.take() });
                }
                Err(problem) => problems.push(problem.under(index.to_string())),
            }
        }
        if problems.is_empty() { Ok(Self(operations)) } else { Err(problems) }
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        // An operation that cannot be applied, `test` among them, is how a patch says what it is for.
        let mut patched = document.clone();
        for (index, one) in self.0.iter().enumerate() {
            let operation = one.for_document(&patched);
            let done = pointer::apply(&mut patched, &operation);
            done.map_err(|error| StepError::NotApplicable(format!("operation {}: {error}", index + 1)))?;
        }
        *document = patched;
        Ok(Vec::new())
    }
}

impl Operation {
    /// The operation with the value that suits what it replaces, or is tested.
    fn for_document(&self, document: &Value) -> Cow<'_, PatchOperation> {
        let Some(fill) = &self.value else { return Cow::Borrowed(&self.operation) };
        let mut operation = self.operation.clone();
        let (path, value) = match &mut operation {
            PatchOperation::Add(op) => (&op.path, &mut op.value),
            PatchOperation::Replace(op) => (&op.path, &mut op.value),
            PatchOperation::Test(op) => (&op.path, &mut op.value),
            _ => return Cow::Owned(operation),
        };
        *value = fill.plain(document.pointer(path.as_str()));
        Cow::Owned(operation)
    }
}

/// The note about an operation that changes something again in each further run.
fn again(operation: &PatchOperation) -> Option<Problem> {
    let (path, is_taken) = match operation {
        PatchOperation::Add(op) => (op.path.as_str(), false),
        PatchOperation::Copy(op) => (op.path.as_str(), false),
        PatchOperation::Move(op) if Pointer::parse(op.path.as_str()).is_ok_and(|path| path.is_entry()) => {
            (op.path.as_str(), false)
        }
        PatchOperation::Move(op) => (op.from.as_str(), true),
        PatchOperation::Remove(op) => (op.path.as_str(), true),
        PatchOperation::Replace(_) | PatchOperation::Test(_) => return None,
    };
    let pointer = Pointer::parse(path).ok()?;
    let appends = !is_taken && pointer.steps().last().is_some_and(|last| last == "-");
    (appends || pointer.is_entry()).then_some(())?;
    let message = if is_taken {
        format!(
            "`{path}` is a place in a list: each further run takes out the entry that stands there by then"
        )
    } else {
        format!("`{path}` is a place in a list: each further run adds another entry")
    };
    let help = "put a `test` of what stands there before it, and `missing: skip` beside the patch";
    Some(Problem::new(message).help(help))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Facts, Program, StepSpec};

    #[test]
    fn what_a_second_run_would_do_again_is_told() {
        let told = |key: &str, value: Value| {
            let program = Program::compile(vec![StepSpec::new(key, value)]).unwrap();
            program.warnings().iter().map(|one| one.problem.path.join(" ")).collect::<Vec<_>>()
        };
        let add = json!({ "op": "add", "path": "/http/headers/0", "value": 1 });
        assert_eq!(told("remove", json!(["/a", "/http/headers/0", "/0", "/a/0/b"])), ["remove 1"]);
        assert_eq!(told("patch", json!([add])), ["patch 0 path"]);
        let test = json!({ "op": "test", "path": "/http/headers/0", "value": 2 });
        assert_eq!(told("patch", json!([test, add])), [""; 0]);
        for (op, count) in [
            (json!({ "op": "add", "path": "/l/-", "value": 1 }), 1),
            (json!({ "op": "remove", "path": "/l/1" }), 1),
            (json!({ "op": "move", "from": "/l/1", "path": "/a" }), 1),
            (json!({ "op": "copy", "from": "/a", "path": "/l/1" }), 1),
            (json!({ "op": "copy", "from": "/l/1", "path": "/a" }), 0),
            (json!({ "op": "replace", "path": "/l/1", "value": 1 }), 0),
            (json!({ "op": "add", "path": "/a", "value": 1 }), 0),
        ] {
            assert_eq!(told("patch", json!([op])).len(), count, "{op}");
        }
    }

    #[test]
    fn an_entry_that_is_set_at_the_end_of_a_list_is_there_once() {
        let program = Program::compile(vec![StepSpec::new("set", json!({ "/l/-": { "a": 1 } }))]).unwrap();
        let mut document = json!({ "name": "x" });
        for _ in 0..2 {
            document = program.apply(document, &Facts::default()).unwrap().document;
        }
        assert_eq!(document, json!({ "name": "x", "l": [{ "a": 1 }] }));
    }

    #[test]
    fn a_number_that_was_meant_as_a_text_is_one_where_a_text_stands() {
        let value = crate::spelling::as_written;
        let document =
            json!({ "name": "x", "zip": "01234", "n": 7, "_connectionId": "6e0000000000000000000001" });
        let of = |pairs: &[(&str, &str)]| -> Value {
            pairs
                .iter()
                .map(|(key, number)| ((*key).to_owned(), value(number)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let mut set = of(&[
            ("/zip", "02134"),
            ("/n", "007"),
            ("/new", "0x1F"),
            ("/_connectionId", "600000000000000000000001"),
            ("/id", "6e0000000000000000000002"),
            ("/e", "1e5"),
        ]);
        set["/list"] = Value::Array(vec![value("010")]);
        let program = Program::compile(vec![StepSpec::new("set", set)]).unwrap();
        let told: Vec<_> = program.warnings().iter().map(|one| one.problem.path.join(" ")).collect();
        assert_eq!(told, ["set /zip", "set /n", "set /new", "set /list 0"]);
        let done = program.apply(document.clone(), &Facts::default()).unwrap();
        assert_eq!(
            done.document.to_string(),
            r#"{"name":"x","zip":"02134","n":7,"_connectionId":"600000000000000000000001","new":31,"id":"6e0000000000000000000002","e":1e5,"list":[10]}"#
        );
        let mut patch = json!([{ "op": "test", "path": "/zip" }, { "op": "replace", "path": "/zip" }, { "op": "add", "path": "/a" }]);
        patch[0]["value"] = value("01234");
        patch[1]["value"] = value("02134");
        patch[2]["value"] = of(&[("b", "+5")]);
        let program = Program::compile(vec![StepSpec::new("patch", patch)]).unwrap();
        let done = program.apply(document.clone(), &Facts::default()).unwrap().document;
        assert_eq!((&done["zip"], done["a"].to_string()), (&json!("02134"), r#"{"b":5}"#.to_owned()));
        let plain =
            Program::compile(vec![StepSpec::new("set", json!({ "/zip": 2134, "/n": true, "/name": "y" }))])
                .unwrap();
        let said: Vec<_> = plain
            .apply(document, &Facts::default())
            .unwrap()
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            said,
            ["/zip: was a text and becomes the number `2134`: put it into quotes to keep it a text"]
        );
        let raw = StepSpec::new("set", of(&[("/zip", "02134")])).option("raw", json!(true));
        let done =
            Program::compile(vec![raw]).unwrap().apply(json!({ "name": "x" }), &Facts::default()).unwrap();
        assert_eq!(done.document["zip"], 2134);
    }
}
