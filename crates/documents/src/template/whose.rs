//! Whose template a text is: the job's or the service's, by the rule at the top of the module `template`.

use std::borrow::Cow;

use minijinja::Environment;

use super::NAMES;
use super::words::{Word, words};
use crate::handlebars::{self, Backslash};

/// Whether a text is a template about the manifest's row and nothing else.
pub(crate) fn is_of_the_row(text: &str) -> bool {
    if !is_template(text) {
        return false;
    }
    let environment = Environment::new();
    let Ok(template) = environment.template_from_str(text) else {
        // Compiled as one of ours, so that its problems are reported.
        return words(text).first().is_some_and(|(_, range)| text[range.clone()] == *"row");
    };
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let used = template.undeclared_variables(false);
    used.contains("row") && used.iter().all(|name| name == "row" || globals.contains(&name.as_str()))
}

/// Whether a text of `set` is a template of ours and not the service's handlebars.
pub fn is_template(text: &str) -> bool {
    let shown = without_raw(text);
    // A raw block is one of ours, whatever braces it keeps for the service.
    let mut any = matches!(shown, Cow::Owned(_));
    if !has_marks(&shown) {
        return any;
    }
    let mut expressions = Vec::new();
    let mut rest = &*shown;
    while let Some(start) = rest.find("{{") {
        let inner = &rest[start + 2..];
        let Some(end) = inner.find("}}") else { return false };
        expressions.push(&inner[..end]);
        rest = &inner[end + 2..];
    }
    if expressions.iter().any(|inner| is_marked(inner)) {
        return false;
    }
    if let Some(is_ours) = of_the_whole(&shown) {
        return is_ours;
    }
    any |= !expressions.is_empty();
    any && expressions.into_iter().all(|inner| is_ours(inner) || is_meant_as_ours(inner))
}

/// Whether a text has anything that identifies it as a template of the job.
pub(super) fn has_marks(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whose a text is that reads as a template of ours and, statements aside, uses no name but those that are offered. `None`
/// where that does not tell.
fn of_the_whole(text: &str) -> Option<bool> {
    let environment = Environment::new();
    let template = environment.template_from_str(text).ok()?;
    // The service's templates have none: a name that the job does not offer is a mistake, which is reported when it is
    // compiled.
    if text.contains("{%") {
        return Some(true);
    }
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let is_known = |name: &String| NAMES.contains(&name.as_str()) || globals.contains(&name.as_str());
    if !template.undeclared_variables(false).iter().all(is_known) {
        return None;
    }
    let mut names = words(text)
        .into_iter()
        .filter(|(word, range)| *word == Word::Name && NAMES.contains(&&text[range.clone()]));
    match names.next() {
        // A text or a number alone is read by the service too.
        None => Some(!is_of_handlebars(text)),
        Some(first) => {
            std::iter::once(first).chain(names).all(|(_, range)| is_offered(text, range)).then_some(true)
        }
    }
}

/// Whether an expression begins as only those of the service do: a block, a comment, a field in brackets.
fn is_marked(expression: &str) -> bool {
    expression.trim_start().starts_with(['{', '#', '/', '^', '!', '>', '&', '*', '['])
}

/// Whether the service can read a text.
fn is_of_handlebars(text: &str) -> bool {
    handlebars::read(text, Backslash::Escapes).is_ok()
}

/// Whether an expression that the service cannot read uses a name that the job offers: a template of ours with a slip in it.
fn is_meant_as_ours(expression: &str) -> bool {
    let text = format!("{{{{{expression}}}}}");
    let offered =
        words(&text).into_iter().any(|(word, range)| word == Word::Name && is_offered(&text, range));
    offered && !is_marked(expression) && !is_of_handlebars(&text)
}

/// Whether what stands in a text is a name that the job offers, and no field of the service that is called the same.
fn is_offered(text: &str, range: std::ops::Range<usize>) -> bool {
    let rest = &text[range.end..];
    let field = rest.trim_start().starts_with(['.', '[']);
    match &text[range] {
        "connection" | "integration" => !field,
        "account" => field,
        "job" => !is_of_the_service(rest),
        name => NAMES.contains(&name),
    }
}

/// The first `{{ … }}` of a text that neither the job nor the service can read, and where it stands.
pub(crate) fn nobodys(text: &str) -> Option<std::ops::Range<usize>> {
    let text = &*without_raw(text);
    if is_template(text) || is_of_handlebars(text) {
        return None;
    }
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|found| at + found) {
        let end = text[start..].find("}}").map_or(text.len(), |found| start + found + 2);
        if !is_marked(&text[start + 2..]) && !is_of_handlebars(&text[start..end]) {
            return Some(start..end);
        }
        at = end;
    }
    None
}

/// A text that may be a template of the job or of the service.
pub(crate) struct Doubt {
    /// The names in it that the job offers, for a message: "`name` and `index`".
    pub(crate) ours: String,
    /// Whether it is one name.
    pub(crate) is_one: bool,
    /// The first expression that is not a template of the job: then the whole text is taken as it stands.
    pub(crate) foreign: Option<String>,
    /// Where the first of the names stands.
    pub(crate) range: std::ops::Range<usize>,
}

/// Whether something in a text can be filled in by the job.
pub(crate) fn foreign_template(text: &str) -> Option<Doubt> {
    let is_filled_in = is_template(text);
    let text = &*without_raw(text);
    let (mut ours, mut foreign) = (Vec::new(), None);
    let mut at = if is_filled_in { text.len() } else { 0 };
    if is_filled_in {
        let names = words(text)
            .into_iter()
            .filter(|(word, range)| *word == Word::Name && is_offered(text, range.clone()));
        ours.extend(names.map(|(_, range)| range));
    }
    while let Some(start) = text[at..].find("{{").map(|found| at + found + 2) {
        let end = text[start..].find("}}").map_or(text.len(), |found| start + found);
        let inner = &text[start..end];
        let plain =
            inner.trim_start_matches(|c: char| matches!(c, '{' | '-' | '+' | '(') || c.is_whitespace());
        if is_ours(inner) {
            let length = plain.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(plain.len());
            let from = end - plain.len();
            ours.push(from..from + length);
        } else {
            // `{{ 'no ' ~ row.x }}` was hardly meant for the service.
            if let Some(name) = offered(&text[start - 2..(end + 2).min(text.len())]) {
                ours.push(start - 2 + name.start..start - 2 + name.end);
            }
            foreign.get_or_insert_with(|| plain.split([' ', '}']).next().unwrap_or_default().to_owned());
        }
        at = (end + 2).min(text.len());
    }
    let range = ours.first()?.clone();
    let mut names: Vec<&str> = Vec::new();
    for name in ours.into_iter().map(|range| &text[range]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let is_one = names.len() == 1;
    let ours = match names.as_slice() {
        [all @ .., last] if !is_one => format!("`{}` and `{last}`", all.join("`, `")),
        _ => format!("`{}`", names.concat()),
    };
    Some(Doubt { ours, is_one, foreign, range })
}

/// A name in a text that nobody fills in, and the name of ours that it is most likely a slip of.
pub(crate) struct NameSlip {
    pub(crate) name: String,
    pub(crate) meant: &'static str,
    pub(crate) range: std::ops::Range<usize>,
}

/// The first expression of a text that begins with what is almost a name of ours: `{{ jobs.date }}`.
pub(crate) fn name_slip(text: &str) -> Option<NameSlip> {
    let text = &*without_raw(text);
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|found| at + found + 2) {
        let end = text[start..].find("}}").map_or(text.len(), |found| start + found);
        let inner =
            text[start..end].trim_start_matches(|c: char| matches!(c, '-' | '+' | '(') || c.is_whitespace());
        let from = end - inner.len();
        let length = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let word = &inner[..length];
        let meant = NAMES.into_iter().find(|name| {
            let longest = word.len().max(name.len());
            let far = if longest > 5 { 2 } else { 1 };
            longest > 3 && word != *name && strsim::damerau_levenshtein(word, name) <= far
        });
        if let Some(meant) = meant {
            return Some(NameSlip { name: word.to_owned(), meant, range: from..from + length });
        }
        at = (end + 2).min(text.len());
    }
    None
}

/// The first braces of a text that the job does not fill in, and where they stand.
pub(crate) fn kept_braces(text: &str) -> Option<std::ops::Range<usize>> {
    if is_template(text) {
        return None;
    }
    let text = &*without_raw(text);
    let start = text.find("{{")?;
    let end = text[start..].find("}}").map_or(text.len(), |found| start + found);
    // `{{{ … }}}` has three.
    let length = text[end..].bytes().take_while(|byte| *byte == b'}').count();
    Some(start..end + length)
}

/// The first cell, account or field of the job that a text names between braces, and where it stands.
pub(crate) fn cell_or_job(text: &str) -> Option<std::ops::Range<usize>> {
    let text = &*without_raw(text);
    text.contains("{{").then(|| offered(text)).flatten()
}

/// The text with blanks for each `{% raw %}…{% endraw %}`, so that everything else stands where it stood.
fn without_raw(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    let mut at = 0;
    while let Some((start, inside)) = statement(text, at, "raw") {
        let Some((_, end)) = statement(text, inside, "endraw") else { break };
        shown.to_mut().replace_range(start..end, &" ".repeat(end - start));
        at = end;
    }
    shown
}

/// Where the next `{% word %}` begins and ends.
fn statement(text: &str, mut at: usize, word: &str) -> Option<(usize, usize)> {
    loop {
        let start = at + text[at..].find("{%")?;
        let end = start + text[start..].find("%}")? + 2;
        let inside =
            text[start + 2..end - 2].trim_matches(|c: char| matches!(c, '-' | '+') || c.is_whitespace());
        if inside == word {
            return Some((start, end));
        }
        at = start + 2;
    }
}

/// The first name of a cell or of the job in an expression that begins with something else.
fn offered(expression: &str) -> Option<std::ops::Range<usize>> {
    let handlebars = expression.trim_start_matches('{').starts_with(['#', '/', '^', '!', '>', '&', '*']);
    let found = words(expression).into_iter().find(|(word, range)| {
        let field = expression[range.end..].starts_with(['.', '[']);
        let offered = match &expression[range.clone()] {
            "row" | "account" => true,
            "job" => !is_of_the_service(&expression[range.end..]),
            _ => false,
        };
        *word == Word::Name && field && offered
    });
    found.filter(|_| !handlebars && !expression.starts_with("{{{")).map(|(_, range)| range)
}

/// Whether a field of `job` is one that the service has there: `job.parentJob._id`.
fn is_of_the_service(rest: &str) -> bool {
    let field = rest.trim_start().strip_prefix('.').map(str::trim_start).unwrap_or_default();
    field.starts_with('_')
        || field.strip_prefix("parentJob").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether an expression begins with a name that the job offers.
fn is_ours(expression: &str) -> bool {
    let plain = expression.strip_prefix(['-', '+']).unwrap_or(expression);
    let plain = plain.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    let end = plain.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(plain.len());
    is_offered(plain, 0..end)
}
