//! What people write in a filter that other languages have and jq has not.

/// The cure for what stands at that place of a program that cannot be read, where it is a known one.
pub(super) fn help(program: &str, at: usize) -> Option<&'static str> {
    let (before, rest) = program.split_at_checked(at)?;
    let is = |sign: &str| rest.starts_with(sign);
    let follows = |sign: char| before.ends_with(sign);
    Some(match () {
        () if is("===") || is("!==") => "jq compares with `==` and `!=`",
        () if is("<>") || (is(">") && follows('<')) => "jq compares with `!=`",
        () if rest.starts_with(['“', '”', '„', '«', '‘', '’']) => {
            "typographic quotes do not quote in jq: write `\"`"
        }
        () if is("=~") || is("~") => "jq tries a regular expression with `test`: write `.name | test(\"…\")`",
        () if is("&") => "jq has the word `and`",
        () if is("||") || (is("|") && follows('|')) => "jq has the word `or`",
        () if is("!") => "jq has the word `not`, behind what it negates: write `… | not`",
        () if is("'") => "jq has texts in double quotes only",
        () => return None,
    })
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
        ] {
            let problem = Filter::condition(program).unwrap_err();
            assert!(problem.in_one_line().contains(cure), "{program}: {}", problem.in_one_line());
        }
        assert!(!Filter::condition(".a |").unwrap_err().in_one_line().contains("jq has"));
    }
}
