//! `set: { /pointer: value }`; texts in the values are templates. Beside it, `raw: true` takes them as they stand, `raw: false`
//! fills in all that have braces, and `blank: set` writes an empty text where a cell is blank.

use serde_json::Value;

use super::doubts::doubts;
use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings, blank_cells};
use crate::edited::Touched;
use crate::pointer::{self, Pointer};
use crate::problem::{Problem, Problems, under};
use crate::template::{Blank, Fill, Filling, made_without};

/// The step `set`: values for places.
#[derive(Debug)]
pub(crate) struct Set {
    values: Vec<(Pointer, Fill)>,
    blank: Blank,
}

impl Step for Set {
    const KIND: StepKind = StepKind::new("set", Some(Missing::Skip)).with_options(&["raw", "blank"]);

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let Some(values) = keys.value().as_object() else {
            return Err(vec![Problem::new("must be a mapping")]);
        };
        let raw = keys.option("raw").and_then(Value::as_bool);
        let blank = match keys.option("blank").and_then(Value::as_str) {
            Some("set") => Blank::Set,
            _ => Blank::Leave,
        };
        let mut problems = Vec::new();
        let mut set = Vec::new();
        for (text, value) in values {
            let pointer = Pointer::writable(text).map_err(|problem| problems.push(problem.with_key(text)));
            let fill = match raw {
                Some(true) => Ok(Fill::literal(value)),
                Some(false) => context.templates.compile_all(value),
                None => context.templates.compile_value(value),
            };
            let fill = fill.map_err(|found| problems.extend(under(found, text)));
            if let (Ok(pointer), Ok(fill)) = (pointer, fill) {
                if raw.is_none() {
                    doubts(&pointer, value, &mut Vec::new(), &mut context.warnings);
                }
                context.warnings.extend(fill.spellings().into_iter().map(|problem| problem.under(text)));
                set.push((pointer, fill));
            }
        }
        if problems.is_empty() { Ok(Self { values: set, blank }) } else { Err(problems) }
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        let failed = |error: &dyn std::fmt::Display| StepError::failed(error.to_string());
        let (mut left, mut warnings, mut is_changed) = (Vec::new(), Vec::new(), false);
        for (pointer, fill) in &self.values {
            let there = document.pointer(pointer.as_str());
            let (templates, mut inside) = (context.templates, Vec::new());
            let with = Filling { document, facts: context.facts, blank: self.blank };
            let value = templates.fill_at(pointer.as_str(), fill, &with, there, &mut inside);
            match value.map_err(|error| failed(&error))? {
                Some(value) => {
                    fill.other_types(there, &value, pointer.as_str(), &mut warnings);
                    if self.blank == Blank::Leave {
                        warnings.extend(made_without(pointer.as_str(), &fill.blank_cells(context.facts)));
                    }
                    pointer::set(document, pointer, value).map_err(|error| failed(&error))?;
                    is_changed = true;
                    left.append(&mut inside);
                }
                None => left.push(pointer.as_str().to_owned()),
            }
        }
        if left.is_empty() {
            return Ok(warnings);
        }
        let told = blank_cells(&left);
        if !is_changed {
            return Err(StepError::NotApplicable(told));
        }
        warnings.push(told);
        Ok(warnings)
    }

    fn touches(&self) -> Touched {
        Touched::at(self.values.iter().map(|(pointer, _)| pointer.as_str()))
    }

    fn needs_names(&self) -> bool {
        self.values.iter().any(|(_, fill)| fill.uses_names())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Facts, Program, StepSpec};

    fn warnings(step: StepSpec) -> Vec<(String, String, std::ops::Range<usize>)> {
        let program = Program::compile(vec![step]).unwrap();
        let all = program.warnings().iter().map(|found| &found.problem);
        all.map(|one| (one.path.join(" "), one.message.clone(), one.range.clone().unwrap())).collect()
    }

    #[test]
    fn whose_template_it_is_is_asked_where_the_service_has_its_own() {
        let body = json!({ "/http/body/0": "a {{name}} {{index}}" });
        let told = warnings(StepSpec::new("set", body.clone()));
        assert_eq!(told.len(), 1);
        let (path, message, range) = &told[0];
        assert_eq!((path.as_str(), range.clone()), ("set /http/body/0", 4..8));
        assert!(message.contains("`name` and `index` were taken for the job's"), "{message}");
        let one = warnings(StepSpec::new("set", json!({ "/http/body/0": "{{name}} {{ name }}" })));
        assert!(one[0].1.contains("`name` was taken for the job's"), "{one:?}");
        for raw in [true, false] {
            assert_eq!(warnings(StepSpec::new("set", body.clone()).option("raw", json!(raw))), []);
        }
        for quiet in [
            json!({ "/description": "{{ name }}" }),
            json!({ "/http/body/0": "{{record.x}}" }),
            json!({ "/http/body/0": "plain" }),
            json!({ "/http/body/0": "{% raw %}{{name}} {{index}}{% endraw %}" }),
            json!({ "/http/body/0": "{%- raw -%}{{#each data}}{{name}}{{/each}}{%- endraw -%}" }),
        ] {
            assert_eq!(warnings(StepSpec::new("set", quiet)), []);
        }
        let nested = warnings(StepSpec::new(
            "set",
            json!({ "/http/headers": [{ "name": "X", "value": "{{row.x}}" }] }),
        ));
        assert_eq!(nested[0].0, "set /http/headers 0 value");
        let mixed = warnings(StepSpec::new("set", json!({ "/description": "{{ name }} {{record.x}}" })));
        assert!(mixed[0].1.starts_with("`name` is not filled in: `record.x` is not a template"), "{mixed:?}");
        for nobodys in
            ["{{ 'EU ' ~ zone }}", "{{ upper(zone) }} {{record.x}}", "as it {{ was", "{{ x | upcase }}"]
        {
            let told = warnings(StepSpec::new("set", json!({ "/description": nobodys })));
            assert!(
                told.len() == 1 && told[0].1.contains("the service cannot read it"),
                "{nobodys} {told:?}"
            );
        }
        for theirs in
            ["{{#if row.x}}a{{/if}}", "{{{trim row.x}}}", "{{trim record.row.x}}", "{{lookup \"row.x\" a}}"]
        {
            assert_eq!(warnings(StepSpec::new("set", json!({ "/http/body/0": theirs }))), [], "{theirs}");
        }
    }

    #[test]
    fn a_slip_in_a_name_of_the_job_is_told_where_the_service_fills_in_nothing() {
        for (text, meant) in [
            ("{{ jobs.date }}", "`jobs` is not of the job; did you mean `job`?"),
            ("On {{ rows.x }}", "did you mean `row`?"),
            ("{{names}}", "did you mean `name`?"),
            ("{{ connections }}", "did you mean `connection`?"),
        ] {
            let told = warnings(StepSpec::new("set", json!({ "/description": text })));
            assert!(told.len() == 1 && told[0].1.contains(meant), "{text}: {told:?}");
        }
        let (_, _, range) = &warnings(StepSpec::new("set", json!({ "/description": "On {{ jobs.x }}" })))[0];
        assert_eq!(*range, 6..10);
        for (at, text) in [
            ("/http/body/0", "{{ jobs.date }}"),
            ("/http/body/0", "{{now}}"),
            ("/http/body/0", "{{record.x}} {{data.x}} {{#each rows}}{{/each}} {{{jobs}}}"),
        ] {
            assert_eq!(warnings(StepSpec::new("set", json!({ at: text }))), [], "{at} {text}");
        }
    }

    #[test]
    fn whose_template_a_text_is_is_told_by_what_it_is_made_of() {
        let set = |text: &str| StepSpec::new("set", json!({ "/description": text }));
        let row = [("x".to_owned(), "y".to_owned())].into();
        let facts = Facts { row, index: 3, ..Facts::default() };
        let document = json!({ "name": "Note", "description": "as it was" });
        for (text, made) in [
            ("{{ 'EU ' ~ name }}", "EU Note"),
            (r#"{{ "a" ~ doc.name }}"#, "aNote"),
            ("{{ not name }}", "false"),
            ("{{ 1 + index }}", "4"),
            ("{{ 'no ' ~ row.x }}", "no y"),
            ("{{ range(index) | length }}", "3"),
            ("{{ 1 + 1 }}", "2"),
            ("{% if row.x == 'y' %}yes{% else %}no{% endif %}", "yes"),
            ("{% set a = name %}{{ a }}", "Note"),
        ] {
            let program = Program::compile(vec![set(text)]).unwrap();
            assert!(program.warnings().is_empty(), "{text}: {:?}", program.warnings());
            let done = program.apply(document.clone(), &facts).unwrap().document;
            let read =
                done["description"].as_str().map_or_else(|| done["description"].to_string(), str::to_owned);
            assert_eq!(read, made, "{text}");
        }
        for (wrong, message) in [
            ("{{ upper(name) }}", "unknown name `upper` in the template"),
            ("{{ 'a' ~ name ~ nme }}", "unknown name `nme` in the template"),
            ("{% if nme %}x{% endif %}", "unknown name `nme` in the template"),
        ] {
            assert_eq!(
                Program::compile(vec![set(wrong)]).unwrap_err()[0].problem.message,
                message,
                "{wrong}"
            );
        }
        for (text, raw) in
            [("{{ nme }}", "nme"), ("{{ name }} {{record.x}}", "record"), ("{{ trim a }}", "a")]
        {
            let told = Program::compile(vec![set(text).option("raw", json!(false))]).unwrap_err();
            assert!(!told[0].problem.message.is_empty(), "{raw}");
            assert!(Program::compile(vec![set(text)]).is_ok(), "{text}");
        }
        for theirs in
            ["{{ trim name }}", "{{[name]}}", "{{ 'x' }}", "{{connection.name}}", "{{ not record.x }}"]
        {
            let program = Program::compile(vec![set(theirs)]).unwrap();
            assert_eq!(program.apply(document.clone(), &facts).unwrap().document["description"], theirs);
        }
    }

    #[test]
    fn raw_keeps_the_braces() {
        let step = StepSpec::new("set", json!({ "/http/body/0": "{{name}}" })).option("raw", json!(true));
        let program = Program::compile(vec![step]).unwrap();
        let document = json!({ "name": "Note", "http": { "body": ["none"] } });
        let done = program.apply(document, &Facts::default()).unwrap().document;
        assert_eq!(done["http"]["body"][0], "{{name}}");
        let block = json!({ "/http/body/0": "{{name}}: {% raw %}{{record.x}} {{name}}{% endraw %}" });
        let step = StepSpec::new("set", block).option("raw", json!(false));
        let program = Program::compile(vec![step]).unwrap();
        let document = json!({ "name": "Note", "http": { "body": ["none"] } });
        let done = program.apply(document, &Facts::default()).unwrap().document;
        assert_eq!(done["http"]["body"][0], "Note: {{record.x}} {{name}}");
        let wrong = StepSpec::new("jq", json!(".")).option("raw", json!(true));
        assert!(Program::compile(vec![wrong]).is_err());
    }

    #[test]
    fn a_blank_cell_leaves_the_field_unless_the_job_says_otherwise() {
        let set = || {
            StepSpec::new(
                "set",
                json!({ "/description": "{{ row.text }}", "/maxAttempts": "{{ row.attempts }}" }),
            )
        };
        let facts = |text: &str, attempts: &str| {
            let row = [("text", text), ("attempts", attempts)];
            let row = row.map(|(key, cell)| (key.to_owned(), cell.to_owned())).into();
            Facts { row, ..Facts::default() }
        };
        let document = json!({ "name": "x", "description": "as it was", "maxAttempts": 3 });
        let program = Program::compile(vec![set()]).unwrap();
        let done = program.apply(document.clone(), &facts("new", "5")).unwrap().document;
        assert_eq!(done, json!({ "name": "x", "description": "new", "maxAttempts": 5 }));
        assert_eq!(program.apply(document.clone(), &facts("", "")).unwrap().document, document);
        assert_eq!(program.notes().len(), 1);
        let done = program.apply(document.clone(), &facts("new", "")).unwrap();
        assert_eq!((&done.document["maxAttempts"], done.warnings.len()), (&json!(3), 1));
        let of_account =
            json!({ "/description": "{{ account.zone }}", "/maxAttempts": "{{ account.tries }}" });
        let program = Program::compile(vec![StepSpec::new("set", of_account)]).unwrap();
        let account = ["zone", "tries"].map(|key| (key.to_owned(), String::new())).into();
        let blank = Facts { account, ..Facts::default() };
        assert_eq!(program.apply(document.clone(), &blank).unwrap().document, document);
        for (value, there) in [
            (json!({ "/l": ["{{ row.text }}"] }), json!({ "l": ["/o"] })),
            (
                json!({ "/s": { "a": "{{ row.text }}", "t": "{{ row.text }}" } }),
                json!({ "s": { "a": 1, "t": "x" } }),
            ),
            (json!({ "/s": { "a": ["{{ row.text }}"] } }), json!({ "s": { "a": [1], "b": 2 } })),
            (json!({ "/t": "{% if row.text %}{{ row.text }}{% endif %}" }), json!({ "t": "x" })),
            (json!({ "/t": "{{ '' ~ row.text }}" }), json!({ "t": "x" })),
            (json!({ "/t": "{{ row.text }}{{ row.attempts }}" }), json!({ "t": "x" })),
            (json!({ "/l": ["{{ row.text }}"], "/s": { "a": "{{ row.text }}" } }), json!({})),
        ] {
            let program = Program::compile(vec![StepSpec::new("set", value.clone())]).unwrap();
            assert_eq!(program.apply(there.clone(), &facts("", "")).unwrap().document, there, "{value}");
        }
        let mixed = json!({ "/s": { "a": "{{ row.text }}", "n": "{{ row.attempts }}", "l": [1, "{{ row.text }}", "{{ row.text }}"] } });
        let program = Program::compile(vec![StepSpec::new("set", mixed)]).unwrap();
        let done = program.apply(json!({ "s": { "a": 1, "n": 2, "l": [0, 8] } }), &facts("", "5")).unwrap();
        assert_eq!(done.document, json!({ "s": { "a": 1, "n": 5, "l": [1, 8] } }));
        assert_eq!(done.warnings.len(), 1);
        assert!(done.warnings[0].contains("/s/a, /s/l/1, /s/l/2"), "{:?}", done.warnings);
        let erases = Program::compile(vec![set().option("blank", json!("set"))]).unwrap();
        let done = erases.apply(document, &facts("", "5")).unwrap().document;
        assert_eq!(done["description"], "");
    }

    #[test]
    fn a_field_whose_type_changes_is_named() {
        let set = json!({ "/ignoreExisting": "{{ row.flag }}", "/maxAttempts": "{{ row.count }}", "/l": ["{{ row.count }}"],
            "/o": { "a": "x {{ row.flag }}", "n": "{{ row.flag }}" }, "/description": "{{ row.flag }}" });
        let program = Program::compile(vec![StepSpec::new("set", set)]).unwrap();
        let document = json!({ "name": "x", "ignoreExisting": true, "maxAttempts": 3, "l": [1], "o": { "a": false, "n": null },
            "description": "d" });
        let said = |flag: &str, count: &str| {
            let row = [("flag", flag), ("count", count)]
                .map(|(key, cell)| (key.to_owned(), cell.to_owned()))
                .into();
            let done = program.apply(document.clone(), &Facts { row, ..Facts::default() }).unwrap();
            done.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            said("FALSE", "5"),
            ["/o/a: was true or false and becomes the text `x FALSE`, which cannot be read as true or false"]
        );
        let all = said("ja", "1,5");
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(all[1].starts_with("/maxAttempts: was a number and becomes the text `1,5`"), "{all:?}");
        assert!(all[2].starts_with("/l/0: was a number"), "{all:?}");
        let fixed = Program::compile(vec![StepSpec::new("set", json!({ "/maxAttempts": "many" }))]).unwrap();
        assert!(
            fixed.apply(document.clone(), &Facts::default()).unwrap().warnings.is_empty(),
            "it is what the job says"
        );
    }

    #[test]
    fn a_job_of_the_service_is_not_the_job() {
        let uri = "/x/{{job.parentJob._id}}";
        let program =
            Program::compile(vec![StepSpec::new("set", json!({ "/http/relativeURI/0": uri }))]).unwrap();
        assert!(program.warnings().is_empty(), "{:?}", program.warnings());
        let document = json!({ "name": "x", "http": { "relativeURI": ["/y"] } });
        let done = program.apply(document, &Facts::default()).unwrap().document;
        assert_eq!(done["http"]["relativeURI"][0], uri);
        let wrong =
            Program::compile(vec![StepSpec::new("set", json!({ "/description": "at {{ job.dat }}" }))])
                .unwrap_err();
        assert_eq!(wrong[0].problem.message, "`job` has no `dat` here");
    }
}
