//! What a spreadsheet makes of ids: numbers, dates, formulas, texts with a quote before them; and what it writes where it has
//! no value.

use super::remedy::shorten;

/// What a spreadsheet wrote into a cell instead of a value, and what to do; `None` for a value.
pub(super) fn no_value(text: &str) -> Option<(String, String)> {
    const ERRORS: [&str; 14] = [
        "#BLOCKED!",
        "#BUSY!",
        "#CALC!",
        "#CONNECT!",
        "#DIV/0!",
        "#FIELD!",
        "#GETTING_DATA",
        "#N/A",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#SPILL!",
        "#VALUE!",
    ];
    let text = text.trim();
    let shown = shorten(text);
    let is_narrow = text.len() > 2 && text.bytes().all(|byte| byte == b'#');
    if text.starts_with('#') && (is_narrow || ERRORS.contains(&&*text.to_ascii_uppercase())) {
        let help = "mend the cell in the spreadsheet, and save it as CSV again".to_owned();
        return Some((format!("`{shown}` is an error value of a spreadsheet"), help));
    }
    let formula = text.strip_prefix('=').filter(|rest| !rest.is_empty() && !rest.starts_with('='))?;
    let inner = formula.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some(match inner {
        Some(inner) => (
            format!("`{shown}` is a formula of a spreadsheet for the text `{}`", shorten(inner)),
            format!("write `{}`, and format the column as text", shorten(inner)),
        ),
        None => {
            let help = "save the values of the sheet as CSV, not its formulas".to_owned();
            (format!("`{shown}` is a formula of a spreadsheet"), help)
        }
    })
}

/// Why a text is not the id it was, and what to do; `None` for a text that no spreadsheet has changed.
pub(super) fn mangled(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let told = |message: &str, help: String| Some((format!("`{text}` is not an id: {message}"), help));
    let again = || "format the column as text, and paste the ids again".to_owned();
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return told("it is between `=\"` and `\"`", format!("write `{inner}`"));
    }
    if let Some(inner) = text.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'').unwrap_or(inner);
        return told("there is a `'` before it", format!("write `{inner}`"));
    }
    if let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return told("it is between `\"`", format!("write `{inner}`"));
    }
    if text.starts_with('=') {
        return told("it is a formula", again());
    }
    if text.starts_with('#') {
        return told("it is an error value of a spreadsheet", again());
    }
    if is_exponential(text) {
        return told("a spreadsheet turned it into a number", again());
    }
    if is_date(text) {
        return told("a spreadsheet turned it into a date", again());
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(|c| matches!(c, '.' | ',' | ' ' | '\'')).count();
    if digits > 0 && others > 0 && digits + others == text.chars().count() {
        return told("a spreadsheet turned it into a number", again());
    }
    None
}

/// `1E+23`, `5.7E+23`, `5,7e+23`, `1.00E23`; not `5e7`, which may stand for nothing but itself.
fn is_exponential(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let signed = exponent.strip_prefix(['+', '-']);
    let exponent = signed.unwrap_or(exponent);
    let number =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    let odd = signed.is_some() || mantissa.contains(['.', ',']) || text.len() < 12;
    odd && number(mantissa)
        && !exponent.is_empty()
        && exponent.len() <= 3
        && exponent.chars().all(|c| c.is_ascii_digit())
}

/// `5/7/2026`, `2026-05-07`, `07.05.2026`, `5-Jul`, `Jul-26`.
fn is_date(text: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<String> =
        text.split(['/', '.', '-', ' ']).filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    let is_number =
        |part: &String| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_month = |part: &String| part.get(..3).is_some_and(|start| MONTHS.contains(&start));
    match parts.as_slice() {
        [first, second] => is_number(first) && is_month(second) || is_month(first) && is_number(second),
        [first, second, third] => {
            is_number(first) && is_number(third) && (is_number(second) || is_month(second))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_is_told_from_what_is_one() {
        for text in ["#N/A", " #REF! ", "#DIV/0!", "#n/a", "########", "=A1", "=\"02134\"", "=SUM(A1:A3)"] {
            assert!(no_value(text).is_some(), "{text}");
        }
        assert!(no_value("=\"02134\"").unwrap().1.contains("write `02134`"));
        for text in ["", "#", "#1", "# 5", "#channel", "a=b", "=", "==", "1E+23", "N/A"] {
            assert_eq!(no_value(text), None, "{text}");
        }
    }

    #[test]
    fn ids_that_went_through_a_spreadsheet_are_recognised() {
        for text in [
            "1E+23",
            "5.7E+23",
            "5,7E+23",
            "1.00e+23",
            "5e7",
            "'5f7c579b6411271af4e7cefa",
            "=\"5f7c579b6411271af4e7cefa\"",
            "\"5f7c579b6411271af4e7cefa\"",
            "=A1",
            "#REF!",
            "#NAME?",
            "########",
            "5/7/2026",
            "2026-05-07",
            "07.05.2026",
            "5-Jul",
            "Jul-26",
            "5. July 2026",
            "100,000,000,000,000,000,000,000",
            "100000000000000000000001.0",
            "100 000 000 000 000 000 000 001",
        ] {
            assert!(mangled(text).is_some(), "{text}");
        }
        for text in [
            "5f7c579b6411271af4e7cefa",
            "507911111111111111111111",
            "5e7911111111111111111111",
            "123456789012345678901e12",
            "123",
            "abc",
            "order-7",
            "id-2026-05-07-x",
            "",
        ] {
            assert_eq!(mangled(text), None, "{text}");
        }
    }
}
