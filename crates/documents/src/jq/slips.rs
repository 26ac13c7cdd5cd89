//! What people write in a filter that other languages have and jq has not.

use jaq_core::load::{lex, parse};

/// What is said of a part that does not belong where it stands.
pub(super) fn unexpected(expected: &parse::Expect<&str>, found: &str) -> String {
    let met = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
    match expected {
        parse::Expect::Nothing => format!("{met} is not expected here"),
        parse::Expect::Term => format!("expected a value or a filter, found {met}"),
        parse::Expect::Key => format!("expected the name of a field, found {met}"),
        other => format!("expected `{}`, found {met}", other.as_str().trim_matches('`')),
    }
}

/// What is said of a text that is not made of the signs of jq; `found` is empty at the end of the program.
pub(super) fn unreadable(expected: &lex::Expect<&str>, found: &str) -> String {
    match expected {
        lex::Expect::Delim("\"") => "this quote is never closed".to_owned(),
        lex::Expect::Delim(open) if found.is_empty() => format!("this `{open}` is never closed"),
        lex::Expect::Delim(open) => format!("expected `{}`, found `{found}`", closing(open)),
        lex::Expect::Escape | lex::Expect::Unicode => "this escape is not one of jq".to_owned(),
        lex::Expect::Token if !found.is_empty() => format!("`{found}` is not expected here"),
        other => format!("expected {}", other.as_str()),
    }
}

/// What closes a sign that opens something.
pub(super) fn closing(open: &str) -> &'static str {
    match open {
        "\"" => "\"",
        "[" => "]",
        "{" => "}",
        _ => ")",
    }
}

/// The remedy for the text at that position of a program that cannot be read, if it is a known mistake.
pub(super) fn help(program: &str, at: usize) -> Option<&'static str> {
    let (before, rest) = program.split_at_checked(at)?;
    let is = |sign: &str| rest.starts_with(sign);
    let follows = |sign: char| before.ends_with(sign);
    Some(match () {
        () if is("===") || is("!==") => "jq compares with `==` and `!=`",
        () if is("=>") || (is(">") && follows('=')) => "write `>=`",
        () if is("=<") || (is("<") && follows('=')) => "write `<=`",
        () if is("<>") || (is(">") && follows('<')) => "jq compares with `!=`",
        () if rest.starts_with(['“', '”', '„', '«', '‘', '’']) => {
            "typographic quotes do not quote in jq: write `\"`"
        }
        () if is("=~") || is("~") => "jq tries a regular expression with `test`: write `.name | test(\"…\")`",
        () if is("&") => "jq has the word `and`",
        () if is("|") && before.ends_with("| ") => "between two filters stands one `|`; jq has the word `or`",
        () if is("||") || (is("|") && follows('|')) => "jq has the word `or`",
        () if is("!") => "jq has the word `not`, behind what it negates: write `… | not`",
        () if is("'") => "jq has texts in double quotes only",
        () if is("(") && follows_a_field(before) => {
            "call a filter behind `|`: write `.name | startswith(\"…\")`"
        }
        () if is("\"") && before.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == ']') => {
            "compare with `==`, as in `.name == \"…\"`, or try a part of it with `contains` or `test`"
        }
        () if is("\\") || follows('\\') => "a backslash in a text is written twice, as in `test(\"\\\\d+\")`",
        () if rest.is_empty() && before.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == '.') => {
            return None;
        }
        () if rest.is_empty() => "write what follows the last sign, or remove that",
        () => return word(first_word(rest)),
    })
}

/// The cure for a word of another language.
fn word(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "is" | "equals" | "eq" | "equal" => "jq compares with `==` and `!=`",
        "isnt" | "ne" | "neq" => "jq compares with `!=`",
        "gt" => "jq compares with `>`",
        "ge" | "gte" => "jq compares with `>=`",
        "lt" => "jq compares with `<`",
        "le" | "lte" => "jq compares with `<=`",
        "like" | "ilike" | "matches" | "match" | "regex" | "test" => {
            "jq tries a regular expression with `test`: write `.name | test(\"…\")`"
        }
        "contains" | "includes" | "has" => "write `.name | contains(\"…\")`",
        "startswith" | "starts" | "begins" => "write `.name | startswith(\"…\")`",
        "endswith" | "ends" => "write `.name | endswith(\"…\")`",
        "in" => "write `.name | IN(\"…\", \"…\")`",
        "between" => "compare twice: write `.x >= 1 and .x <= 9`",
        "and" if word != "and" => "jq has the word `and`, in small letters",
        "or" if word != "or" => "jq has the word `or`, in small letters",
        "not" => "jq has the word `not`, behind what it negates: write `… | not`",
        _ => return None,
    })
}

fn first_word(rest: &str) -> &str {
    &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
}

/// Whether a path of fields ends here: `.name.startswith`.
fn follows_a_field(before: &str) -> bool {
    let name = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    name.len() < before.len() && name.ends_with('.')
}

#[cfg(test)]
mod tests {
    use crate::jq::Filter;

    #[test]
    fn signs_of_other_languages_are_told_with_those_of_jq() {
        for (program, cure) in [
            (".name === \"x\"", "`==`"),
            (".name !== \"x\"", "`!=`"),
            (".name <> \"x\"", "`!=`"),
            (".name =~ \"x\"", "`test`"),
            (".name ~ \"x\"", "`test`"),
            (".name == “x”", "typographic"),
            (".a && .b", "`and`"),
            (".a || .b", "`or`"),
            ("!.a", "`not`"),
            (".name == 'x'", "double quotes"),
            (".a => 3", "write `>=`"),
            (".a =< 3", "write `<=`"),
            (".name is \"x\"", "`is` is not expected here: jq compares with `==`"),
            (".name contains \"x\"", "write `.name | contains(\"…\")`"),
            (".name like \"x\"", "`test`"),
            (".name in [1]", "IN("),
            (".a == 1 AND .b == 2", "in small letters"),
            (".name.startswith(\"x\")", "behind `|`"),
            (".name \"x\"", "compare with `==`"),
            (".a == ", "found the end: write what follows"),
            (".a |", "found the end: write what follows"),
            (".name | test(\"\\d\")", "this escape is not one of jq: a backslash in a text is written twice"),
            (".name == \"x", "this quote is never closed: add the `\"`"),
            ("(.name == \"x\"", "this `(` is never closed: add the `)`"),
            (".a[0)", "expected `]`, found `)`"),
        ] {
            let problem = Filter::condition(program).unwrap_err();
            assert!(problem.in_one_line().contains(cure), "{program}: {}", problem.in_one_line());
        }
    }
}
