//! Which columns of a CSV of accounts a job's templates need.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::documents::template::is_template;

static EXPRESSIONS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{[^{}\n]*\}\}").expect("the pattern is valid"));
static COLUMNS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"\baccount(?:\.(?<field>\w+)|\[\s*\\?["'](?<key>[^"'\\\]]+)\\?["']\s*\])"#;
    Regex::new(pattern).expect("the pattern is valid")
});

/// The columns that the templates of a job file take from the account, as `account.NAME`. A template of the service is none
/// of the job's, and one with a default of its own can do without the column.
pub fn account_columns(job: &str) -> BTreeSet<String> {
    let has_default = |text: &str| text.contains("default") || text.contains(" defined");
    EXPRESSIONS
        .find_iter(job)
        .map(|found| found.as_str())
        .filter(|expression| is_template(expression) && !has_default(expression))
        .flat_map(|expression| COLUMNS.captures_iter(expression))
        .filter_map(|found| found.name("field").or_else(|| found.name("key")))
        .map(|column| column.as_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_the_job_s_templates_are_found_and_no_others() {
        for (text, columns) in [
            (r#"set: { /a: "VAT {{ account.vat }} {{account.no}}" }"#, vec!["no", "vat"]),
            (r#"set: { /a: "{{ account['cost centre'] | upper }}" }"#, vec!["cost centre"]),
            (r#"set: { /a: "{{ account[\"x\"] }}" }"#, vec!["x"]),
            (r#"set: { /a: "{{ account.vat | default('-') }}" }"#, vec![]),
            (r#"set: { /a: "{{#if account.vat}} {{record.account.x}} {{accountName}}" }"#, vec![]),
            ("jq: '.account.vat'", vec![]),
        ] {
            let found = account_columns(text);
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), columns, "{text}");
        }
    }
}
