//! Blacks out what looks like a secret, byte for byte, so that positions stay true.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    // Words of ASCII: the tables of Unicode's cost each start of the program more than the rest of it.
    let patterns = [
        // `token: xyz` and `"token": "xyz"`, on one line.
        r#"(?m)(?-u:\b)token["']?[ \t]*:[ \t]*(?<literal>[^\s{\[#&*|>][^\n,}]*)"#,
        // `https://user:password@host`.
        r#"://(?<user>[^/"'\n]+)@"#,
        // `?sig=xyz` and the like of an address.
        r#"(?i)[?&][^=&\s"']*(?-u:key|sig|signature|token|secret|passw(?:or)?d|pwd|auth|credential)[^=&\s"']*=(?<query>[^&\s"',}]+)"#,
        r"(?i)(?-u:\bbearer[ \t]+)(?<bearer>[^\s{}$]+)",
    ];
    Regex::new(&patterns.join("|")).expect("the pattern is valid")
});

/// Tokens of the service as seen: exactly 32 hex digits.
static TOKENS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b[0-9A-Fa-f]{32}\b)").expect("the pattern is valid"));

/// Where the text holds something with the shape of a token.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    TOKENS.find_iter(text).map(|found| found.range())
}

/// The text without anything with the shape of a token; as long as before.
pub(super) fn without_tokens(text: &str) -> String {
    let mut shown = text.to_owned();
    tokens(text).for_each(|range| black_out(&mut shown, range));
    shown
}

/// The text of a file without what looks like a secret; as long as before.
pub(super) fn redact(text: &str) -> String {
    let mut shown = without_tokens(text);
    for captures in SECRETS.captures_iter(text) {
        for found in captures.iter().skip(1).flatten() {
            black_out(&mut shown, found.range());
        }
    }
    shown
}

/// Writes stars over a stretch, each as wide as a byte; line breaks stay.
pub(super) fn black_out(text: &mut String, range: Range<usize>) {
    let stars: String = text[range.clone()]
        .chars()
        .map(|c| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) })
        .collect();
    text.replace_range(range, &stars);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blacked_out_and_positions_stay_true() {
        let check = |text: &str, shown: &str| assert_eq!(redact(text), shown);
        check("a: 0123456789abcdef0123456789abcdef", "a: ********************************");
        check("{ token: geheim, x: 1 }", "{ token: ******, x: 1 }");
        check("\"token\": \"s é\"}", "\"token\": ******}");
        check("token: { env: X }", "token: { env: X }");
        check("url: https://me:pw@host/", "url: https://*****@host/");
        check("path: \"s3://key:se cret@host/x\"", "path: \"s3://***********@host/x\"");
        check(
            "url: https://host/ping?a=1&api_key=geheim&b=2",
            "url: https://host/ping?a=1&api_key=******&b=2",
        );
        check(
            "url: https://host/?clé_API_key_für_uns=geheim",
            "url: https://host/?clé_API_key_für_uns=******",
        );
        check("Authorization: BEARER geheim", "Authorization: BEARER ******");
        check("5f7c579b6411271af4e7cefa", "5f7c579b6411271af4e7cefa");
    }
}
