//! What a program asks for that there is not, and what was most likely meant.

use crate::problem::Problem;

use super::place;

/// A filter that there is, and how many values it takes in brackets.
pub(super) type Known<'k> = (&'k str, usize);

/// Filters of jq that see more than the document.
const OUTSIDE: [&str; 11] = [
    "now",
    "localtime",
    "strflocaltime",
    "env",
    "$ENV",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    "input",
    "inputs",
];

/// What is wrong with a name that the program uses and nobody defines; `what` is its sort.
pub(super) fn undefined<'k>(
    program: &str,
    name: &str,
    what: &str,
    known: impl Iterator<Item = Known<'k>>,
) -> Problem {
    let range = place(program, name);
    let problem = |message: String| Problem::new(message).at(range.clone());
    if OUTSIDE.contains(&name) {
        return problem(format!("undefined {what} `{name}`"))
            .help("a filter sees the document only: no clock, environment, input or output");
    }
    if what == "variable" {
        return problem(format!("undefined {what} `{name}`"))
            .help(format!("give it a value first, as in `.name as {name} | …`"));
    }
    if what != "filter" {
        return problem(format!("undefined {what} `{name}`"));
    }
    let known: Vec<Known<'_>> = known.filter(|(name, _)| is_public(name)).collect();
    let mut takes: Vec<usize> =
        known.iter().filter(|(known, _)| *known == name).map(|(_, takes)| *takes).collect();
    takes.sort_unstable();
    takes.dedup();
    if !takes.is_empty() {
        let forms: Vec<String> = takes.into_iter().map(|count| form(name, count)).collect();
        return problem(format!("`{name}` is not used like this"))
            .help(format!("write {}", forms.join(" or ")));
    }
    let is_call = program[range.end..].trim_start().starts_with('(');
    let near = near(name, known.iter().map(|(name, _)| *name));
    let meant = near.map(|near| format!("did you mean `{near}`?"));
    let undefined = problem(format!("undefined {what} `{name}`"));
    if is_call {
        return match meant {
            Some(meant) => undefined.help(meant),
            None => undefined,
        };
    }
    let before = program[..range.start].trim_end();
    let compared = before.ends_with(['=', '<', '>']) || before.ends_with('(') && is_text_wanted(before);
    let help = match (meant, word_of_others(name)) {
        (_, Some(word)) => format!("jq writes `{word}`"),
        (_, None) if compared => format!("a text needs double quotes: write `\"{name}\"`"),
        (Some(meant), None) => format!("{meant} for a field write `.{name}`"),
        (None, None) => format!("a field begins with a dot: write `.{name}`"),
    };
    undefined.help(help)
}

/// Whether what stands in the brackets of a filter is a text more often than not.
fn is_text_wanted(before: &str) -> bool {
    let filters = [
        "test(",
        "startswith(",
        "endswith(",
        "contains(",
        "index(",
        "has(",
        "split(",
        "ltrimstr(",
        "rtrimstr(",
    ];
    filters.iter().any(|filter| before.ends_with(filter))
}

/// What jq calls a word of another language.
fn word_of_others(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "true" => "true",
        "false" => "false",
        "null" | "none" | "nil" | "undefined" => "null",
        "and" => "and",
        "or" => "or",
        "not" => "not",
        _ => return None,
    })
}

/// Names with a mark at the start are those of this crate and of jaq.
fn is_public(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn form(name: &str, count: usize) -> String {
    match count {
        0 => format!("`{name}`"),
        count => format!("`{name}({})`", vec!["…"; count].join("; ")),
    }
}

/// A name that is a slip of the finger away. Looser likeness would offer a filter for the name of any field.
fn near<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let plain = name.to_lowercase().replace(['_', '-'], "");
    let near = |other: &&str| plain == *other || name.len() > 3 && strsim::osa_distance(&plain, other) == 1;
    known.filter(near).min_by_key(|other| (strsim::osa_distance(&plain, other), *other))
}

#[cfg(test)]
mod tests {
    use crate::jq::Filter;

    #[test]
    fn what_was_meant_by_a_name_that_is_not_defined_is_told() {
        for (program, told) in [
            (".name == Order", "undefined filter `Order`: a text needs double quotes: write `\"Order\"`"),
            ("name == \"x\"", "undefined filter `name`: a field begins with a dot: write `.name`"),
            (".a | test(Order)", "undefined filter `Order`: a text needs double quotes: write `\"Order\"`"),
            (
                ".a | lenght > 3",
                "undefined filter `lenght`: did you mean `length`? for a field write `.lenght`",
            ),
            (".name | startsWith(\"x\")", "undefined filter `startsWith`: did you mean `startswith`?"),
            (".name | starts_with(\"x\")", "undefined filter `starts_with`: did you mean `startswith`?"),
            (".name | test", "`test` is not used like this: write `test(…)` or `test(…; …)`"),
            (".a | keys(1)", "`keys` is not used like this: write `keys`"),
            (".a == None", "undefined filter `None`: jq writes `null`"),
            (".a == True", "undefined filter `True`: jq writes `true`"),
            (".a == $x", "undefined variable `$x`: give it a value first, as in `.name as $x | …`"),
            (".a | frobnicate(1)", "undefined filter `frobnicate`"),
        ] {
            assert_eq!(Filter::condition(program).unwrap_err().in_one_line(), told, "{program}");
        }
    }
}
