//! What is wrong with a text that no template can be read from.

use minijinja::Error;

use super::text_of;
use crate::problem::Problem;

/// What minijinja calls the braces that end an expression, and those that end a statement.
const ENDS: [(&str, &str); 2] = [("end of variable block", "}}"), ("end of block", "%}")];

/// The problem behind an error of minijinja.
pub(super) fn problem(source: &str, error: &Error) -> Problem {
    let range = error.range().filter(|range| range.end <= source.len());
    let said = text_of(error);
    let not_a_template = |said: &str| Problem::new(format!("not a template: {said}")).at(range.clone());
    let is_ended = source.rfind("{%").is_none_or(|start| source[start..].contains("%}"));
    if said == "unexpected end of input, expected end of block" && is_ended {
        return not_a_template("a `{% … %}` is never ended").help("add the `{% endif %}` or `{% endfor %}`");
    }
    let expected = ENDS.iter().find(|(name, _)| said.ends_with(&format!("expected {name}")));
    let Some((name, sign)) = expected else { return not_a_template(&said) };
    let open = if *sign == "}}" { "{{" } else { "{%" };
    let at = range.as_ref().map_or(source.len(), |range| range.start);
    let rest = source.get(at..).unwrap_or_default();
    let help = if rest.contains(sign) && !rest.starts_with('}') {
        format!(
            "between `{open}` and `{sign}` stands one expression, as in `{{{{ name | upper }}}}`; a text in it needs quotes"
        )
    } else {
        format!("close the `{open}` with `{sign}`")
    };
    not_a_template(&said.replace(name, &format!("`{sign}`"))).help(help)
}

#[cfg(test)]
mod tests {
    use crate::template::{Columns, Templates};

    #[test]
    fn a_template_that_is_not_closed_is_told_with_what_closes_it() {
        for (text, told) in [
            ("{{ name }", "not a template: unexpected `}`, expected `}}`: close the `{{` with `}}`"),
            ("{{ name", "not a template: unexpected end of input, expected `}}`: close the `{{` with `}}`"),
            ("{{ name EU }}", "one expression, as in `{{ name | upper }}`"),
            ("{% if name %}x", "`{% endif %}`"),
            ("{% if name }x", "close the `{%` with `%}`"),
            ("{{ name | uper }}", "did you mean `upper`?"),
            ("{{ nmae }}", "did you mean `name`?"),
            ("{{ job.nmae }}", "did you mean `job.name`?"),
            ("{{ row.regoin }}", "did you mean `region`?"),
        ] {
            let mut templates = Templates::default();
            let row = Some(vec!["id".to_owned(), "region".to_owned()]);
            templates.set_columns(Columns { row, account: None });
            let problem = templates.compile(text).unwrap_err().remove(0);
            assert!(problem.in_one_line().contains(told), "{text}: {}", problem.in_one_line());
        }
    }
}
