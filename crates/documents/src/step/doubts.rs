//! Texts of steps that may be a template of the job or one of the service, or that nobody fills in.

use serde_json::Value;

use super::{FieldRename, Side};
use crate::pointer::Pointer;
use crate::problem::{Problem, Problems};
use crate::rename::Renamer;
use crate::schema::{self, Holds};
use crate::shortened::shortened;
use crate::template::{cell_or_job, foreign_template, kept_braces, name_slip, nobodys};

/// What is in doubt, where in the text, and what to do about it.
type Doubt = (String, std::ops::Range<usize>, String);

/// Warns of texts that may be a template of the job or one of the service.
pub(super) fn doubts(pointer: &Pointer, value: &Value, way: &mut Vec<String>, warnings: &mut Problems) {
    match value {
        Value::String(text) => {
            let Some((problem, range, help)) = doubt(pointer, way, text) else { return };
            let mut problem = Problem::new(problem).at(range).help(help);
            for key in way.iter().rev() {
                problem = problem.under(key);
            }
            warnings.push(problem.under(pointer.as_str()));
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                way.push(index.to_string());
                doubts(pointer, entry, way, warnings);
                way.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                way.push(key.clone());
                doubts(pointer, member, way, warnings);
                way.pop();
            }
        }
        _ => {}
    }
}

fn doubt(pointer: &Pointer, way: &[String], text: &str) -> Option<Doubt> {
    let found = whose(pointer, way, text).map(|(message, range)| {
        let help =
            "write `raw: true` beside `set` to keep the braces for the service, `raw: false` to fill them in";
        (message, range, help.to_owned())
    });
    found.or_else(|| kept(pointer, way, text))
}

fn whose(pointer: &Pointer, way: &[String], text: &str) -> Option<(String, std::ops::Range<usize>)> {
    let Some(template) = foreign_template(text) else { return slip(pointer, way, text) };
    if let Some(foreign) = template.foreign {
        let message = format!(
            "{} {} not filled in: `{foreign}` is not a template of the job, so the text is written unchanged",
            template.ours,
            if template.is_one { "is" } else { "are" }
        );
        return Some((message, template.range));
    }
    is_template_place(pointer, way).then(|| {
        let message = format!(
            "the service has templates of its own at {}: {} {} taken for the job's",
            pointer.as_str(),
            template.ours,
            if template.is_one { "was" } else { "were" }
        );
        (message, template.range)
    })
}

/// Braces of the service at a place where it fills in nothing.
fn kept(pointer: &Pointer, way: &[String], text: &str) -> Option<Doubt> {
    let range = kept_braces(text).filter(|_| !may_hold_templates(pointer, way))?;
    let braces = &text[range.clone()];
    let message = format!(
        "`{}` is written as it stands: it uses no name of the job, and {} is no place for templates of the service",
        shortened(braces, 40),
        pointer.as_str()
    );
    let word = braces.trim_matches(|c: char| matches!(c, '{' | '}') || c.is_whitespace());
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let field = if is_word { word } else { "description" };
    let help = format!(
        "a field of the import is `{{{{ doc.{field} }}}}`; write `raw: true` beside `set` to keep the braces"
    );
    Some((message, range, help))
}

/// Warns of braces in the texts of a value that a step writes as they stand: those of the job, and at a place where the
/// service fills in nothing those of the service too. `place` is where the value goes, if it is known; `at` are the keys
/// that lead to it in the step.
pub(super) fn unfilled(
    value: &Value,
    place: Option<&Pointer>,
    at: &[&str],
    help: &str,
    warnings: &mut Problems,
) {
    each_text(value, &mut Vec::new(), &mut |way, text| {
        let is_of_the_service = place.is_some_and(|place| may_hold_templates(place, way));
        let ours = cell_or_job(text).map(|word| braces_around(text, &word));
        let range = ours.or_else(|| first_braces(text).filter(|_| !is_of_the_service));
        let Some(range) = range else { return };
        let message = format!(
            "`{}` is not filled in here: the text is written as it stands",
            shortened(&text[range.clone()], 40)
        );
        let problem = Problem::new(message).at(range).help(help);
        let keys = at.iter().copied().chain(way.iter().map(String::as_str));
        warnings.push(keys.rev().fold(problem, Problem::under));
    });
}

fn each_text(value: &Value, way: &mut Vec<String>, found: &mut dyn FnMut(&[String], &str)) {
    let mut inside = |key: String, value: &Value, way: &mut Vec<String>| {
        way.push(key);
        each_text(value, way, found);
        way.pop();
    };
    match value {
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, entry)| inside(index.to_string(), entry, way));
        }
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| inside(key.clone(), member, way));
        }
        Value::String(text) => found(way, text),
        _ => {}
    }
}

/// The braces that a word of a text stands between.
fn braces_around(text: &str, word: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = text[..word.start].rfind("{{").unwrap_or(word.start);
    let end = text[word.end..].find("}}").map_or(text.len(), |found| word.end + found + 2);
    start..end
}

/// The first braces of a text, whosever they are.
fn first_braces(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find("{{")?;
    let end = start + text[start..].find("}}")? + 2;
    Some(start..end)
}

/// A name that is almost one of the job's, where the service fills in nothing either.
fn slip(pointer: &Pointer, way: &[String], text: &str) -> Option<(String, std::ops::Range<usize>)> {
    let Some(slip) = name_slip(text) else { return nobody(text) };
    (!is_template_place(pointer, way)).then(|| {
        let message = format!(
            "the text is left as it stands, for `{}` is not of the job; did you mean `{}`?",
            slip.name, slip.meant
        );
        (message, slip.range)
    })
}

/// Braces that neither the job nor the service can fill in.
fn nobody(text: &str) -> Option<(String, std::ops::Range<usize>)> {
    let range = nobodys(text)?;
    let said = shortened(&text[range.clone()], 40);
    let message = format!(
        "the text is written unchanged: `{said}` uses no name of the job, and the service cannot read it"
    );
    Some((message, range))
}

/// A document with a text at a place and nothing else.
fn document_with(text: &str, pointer: &Pointer, way: &[String]) -> Value {
    let steps: Vec<&str> = pointer.steps().iter().chain(way).map(String::as_str).collect();
    steps.iter().rev().fold(Value::from(text), |inner, step| {
        if *step == "-" || step.bytes().all(|byte| byte.is_ascii_digit()) {
            Value::Array(vec![inner])
        } else {
            Value::Object([((*step).to_owned(), inner)].into_iter().collect())
        }
    })
}

/// Whether a place is one of the table that may hold templates of the service, or is below one.
fn may_hold_templates(pointer: &Pointer, way: &[String]) -> bool {
    let holds_some = |holds| matches!(holds, Holds::Names(..) | Holds::Mapping(..) | Holds::Lookups(_));
    let mut is_known = pointer
        .steps()
        .iter()
        .chain(way)
        .any(|step| step == "lookups" || schema::holds_anywhere(step).any(holds_some));
    schema::walk_those(&document_with("x", pointer, way), holds_some, &mut |_, _, _| is_known = true);
    is_known || is_template_place(pointer, way)
}

/// Whether the service fills in templates at a place: whether a field in one would be renamed there.
fn is_template_place(pointer: &Pointer, way: &[String]) -> bool {
    const PROBE: &str = "{{record.transship_probe}}";
    let document = document_with(PROBE, pointer, way);
    let rename = |side| FieldRename { side, from: "transship_probe".to_owned(), to: "found".to_owned() };
    let Ok(renamer) = Renamer::compile(&[rename(Side::Source), rename(Side::Target)]) else { return false };
    let mut probed = document.clone();
    renamer.apply(&mut probed);
    probed != document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Program, StepSpec};

    /// Where each warning of a step stands: its keys, and what of the text it is about.
    fn told(key: &str, value: serde_json::Value) -> Vec<(String, std::ops::Range<usize>)> {
        let program = Program::compile(vec![StepSpec::new(key, value)]).unwrap();
        let all = program.warnings().iter().map(|found| &found.problem);
        all.map(|one| (one.path.join(" "), one.range.clone().unwrap())).collect()
    }

    #[test]
    fn braces_that_nobody_fills_in_are_told_where_they_stand() {
        for (at, text, range) in [
            ("/description", "{{ description }} (moved)", Some(0..17)),
            ("/description", "a {{ _id }}", Some(2..11)),
            ("/name", "{{{adaptorType}}}", Some(0..17)),
            ("/settings/a", "{{#if record.x}}a{{/if}}", Some(0..16)),
            ("/description", "{{ name }} {{ doc.description }}", None),
            ("/description", "{% raw %}{{x}}{% endraw %}", None),
            ("/http/body/0", "{{ description }}", None),
            ("/http/headers/0/value", "{{record.x}}", None),
            ("/http/relativeURI/0", "/x/{{record.x}}", None),
            ("/http/lookups/0/relativeURI", "/x/{{x}}", None),
            ("/rdbms/query/0", "select {{record.x}}", None),
            ("/mongodb/document", "{{record.x}}", None),
            ("/file/fileName", "{{timestamp}}.csv", None),
            ("/traceKeyTemplate", "{{record.id}}", None),
            ("/salesforce/idLookup/whereClause", "(a = {{{x}}})", None),
            ("/mapping/fields/0/extract", "{{record.x}}", None),
            ("/mappings/0/extract", "{{record.x}}", None),
            ("/aiAgent/openai/instructions", "{{record.x}}", None),
        ] {
            let expected: Vec<_> = range.into_iter().map(|range| (format!("set {at}"), range)).collect();
            assert_eq!(told("set", json!({ at: text })), expected, "{at} {text}");
        }
        let patch =
            |path: &str, value| told("patch", json!([{ "op": "replace", "path": path, "value": value }]));
        let row = |keys| told("edit_mapping", json!({ "target": "b", "set": keys }));
        let lookup = |mut keys: serde_json::Value| {
            keys["name"] = json!("l");
            told("edit_lookup", keys)
        };
        for (told, expected) in [
            (patch("/description", json!("moved {{ job.date }}")), vec![("patch 0 value", 6..20)]),
            (patch("/http", json!({ "body": ["{{ row.v }}"] })), vec![("patch 0 value body 0", 0..11)]),
            (patch("/settings", json!({ "a": ["x {{b}}"] })), vec![("patch 0 value a 0", 2..7)]),
            (patch("/http/body/0", json!("{{name}} {{record.x}}")), vec![]),
            (row(json!({ "hard_coded": "{{ job.date }}" })), vec![("edit_mapping set hard_coded", 0..14)]),
            (row(json!({ "hard_coded": "{{ name }}" })), vec![("edit_mapping set hard_coded", 0..10)]),
            (row(json!({ "default": "{{ job.date }}" })), vec![("edit_mapping set default", 0..14)]),
            (row(json!({ "hard_coded": "{{ row.v }}" })), vec![]),
            (row(json!({ "source": "{{record.v}}" })), vec![]),
            (lookup(json!({ "default": "{{ row.v }}" })), vec![("edit_lookup default", 0..11)]),
            (lookup(json!({ "map": { "a": "{{x}}" } })), vec![("edit_lookup map a", 0..5)]),
            (lookup(json!({ "set": { "relativeURI": "/{{x}}" } })), vec![]),
            (lookup(json!({ "set": { "body": "{{ job.date }}" } })), vec![("edit_lookup set body", 0..14)]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(at, range)| (at.to_owned(), range)).collect();
            assert_eq!(told, expected);
        }
        let add = told("add_mapping", json!({ "target": "b", "hard_coded": "{{ job.date }}" }));
        assert_eq!(add, [("add_mapping hard_coded".to_owned(), 0..14)]);
    }
}
