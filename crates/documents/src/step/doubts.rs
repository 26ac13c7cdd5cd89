//! Texts of `set` that may be a template of the job or one of the service.

use serde_json::Value;

use super::{FieldRename, Side};
use crate::pointer::Pointer;
use crate::problem::{Problem, Problems};
use crate::rename::Renamer;
use crate::shortened::shortened;
use crate::template::{foreign_template, name_slip, nobodys};

/// Warns of texts that may be a template of the job or one of the service.
pub(super) fn doubts(pointer: &Pointer, value: &Value, way: &mut Vec<String>, warnings: &mut Problems) {
    match value {
        Value::String(text) => {
            let Some((problem, range)) = doubt(pointer, way, text) else { return };
            let help = "write `raw: true` beside `set` to keep the braces for the service, `raw: false` to fill them in";
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

fn doubt(pointer: &Pointer, way: &[String], text: &str) -> Option<(String, std::ops::Range<usize>)> {
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

/// Whether the service fills in templates at a place: whether a field in one would be renamed there.
fn is_template_place(pointer: &Pointer, way: &[String]) -> bool {
    const PROBE: &str = "{{record.transship_probe}}";
    let steps: Vec<&str> = pointer.steps().iter().chain(way).map(String::as_str).collect();
    let document = steps.iter().rev().fold(Value::from(PROBE), |inner, step| {
        if *step == "-" || step.bytes().all(|byte| byte.is_ascii_digit()) {
            Value::Array(vec![inner])
        } else {
            Value::Object([((*step).to_owned(), inner)].into_iter().collect())
        }
    });
    let rename = |side| FieldRename { side, from: "transship_probe".to_owned(), to: "found".to_owned() };
    let Ok(renamer) = Renamer::compile(&[rename(Side::Source), rename(Side::Target)]) else { return false };
    let mut probed = document.clone();
    renamer.apply(&mut probed);
    probed != document
}
