//! A source path as its names, in the spellings of both models.

/// The names of a Mapper 1.0 source and where its lists are iterated: `items[*].sku` is `(["items", "sku"], [1])`.
///
/// `None` for templates, grouped rows, indices and anything else that is not a plain way.
pub(super) fn parse_one(text: &str) -> Option<(Vec<String>, Vec<usize>)> {
    if text.contains("{{") || text.starts_with(['*', '$', '{']) || text.trim() != text {
        return None;
    }
    let (mut names, mut stars) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[*]") {
            if names.is_empty() {
                return None;
            }
            stars.push(names.len());
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (name, after) = match inside.chars().next() {
                Some(quote @ ('\'' | '"')) => {
                    let (name, after) = inside[1..].split_once(quote)?;
                    (name, after.strip_prefix(']')?)
                }
                _ => inside.split_once(']')?,
            };
            push(&mut names, name)?;
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            push(&mut names, &rest[..end])?;
            rest = &rest[end..];
        }
        if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() || after.starts_with(['.', '[']) {
                return None;
            }
            rest = after;
        } else if !rest.is_empty() && !rest.starts_with('[') {
            return None;
        }
    }
    let special = names.first().is_some_and(|first| first.starts_with("_PARENT") || first == "_CONTEXT");
    (!names.is_empty() && !special).then_some((names, stars))
}

fn push(names: &mut Vec<String>, name: &str) -> Option<()> {
    let odd = name.is_empty() || name.contains(['"', '\'', '\\', '*', '[', ']']);
    if odd || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    names.push(name.to_owned());
    Some(())
}

/// The Mapper 2.0 spelling, from the root.
pub(super) fn write_two(names: &[String]) -> String {
    let mut text = "$".to_owned();
    for name in names {
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            text.push('.');
            text.push_str(name);
        } else {
            text.push_str("[\"");
            text.push_str(name);
            text.push_str("\"]");
        }
    }
    text
}

/// Whether a template speaks of nothing but the record and so means the same in both models: `{{record.x}}`,
/// `{{trim record.x}}`, `{{{dateFormat "YYYY" record.x.y}}}`; no blocks, no bare names.
pub(super) fn is_of_the_record(template: &str) -> bool {
    if template.starts_with('$') || !template.contains("{{") {
        return false;
    }
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else { return false };
        let inside = inside.strip_prefix('{').unwrap_or(inside);
        if !is_plain_expression(inside.trim()) {
            return false;
        }
        rest = after.strip_prefix('}').unwrap_or(after);
    }
    true
}

fn is_plain_expression(text: &str) -> bool {
    let mut rest = text;
    let mut fields = 0;
    let mut words = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['"', '\'']) {
            let quote = rest.as_bytes()[0] as char;
            let Some((_, after)) = after.split_once(quote) else { return false };
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if !word.chars().all(is_name) {
                return false;
            }
            if word.starts_with("record.") {
                fields += 1;
            } else if words > 0 || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                // Only the helper's name, which stands first, is no field.
                return false;
            }
            rest = after.trim_start();
        }
        words += 1;
    }
    fields > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_of_the_record_alone_means_the_same_in_both_models() {
        for same in
            ["{{record.x}}", "a {{trim record.x}} b {{{record.y.z}}}", "{{dateFormat \"YYYY {\" record.x}}"]
        {
            assert!(is_of_the_record(same), "{same}");
        }
        for other in [
            "x",
            "{{x}}",
            "{{trim x}}",
            "{{record.x}} {{y}}",
            "{{#if record.x}}a{{/if}}",
            "{{settings.flow.x}}",
            "{{record.[0].x}}",
            "{{record.x",
            "${{record.x}}",
            "{{join record.x y}}",
            "{{trim}}",
            "{{trim \"a}}",
        ] {
            assert!(!is_of_the_record(other), "{other}");
        }
    }

    #[test]
    fn a_way_is_the_same_in_both_models() {
        for (one, names, stars, two) in [
            ("id", vec!["id"], vec![], "$.id"),
            ("a.b", vec!["a", "b"], vec![], "$.a.b"),
            ("['Order No']", vec!["Order No"], vec![], "$[\"Order No\"]"),
            ("[Order No]", vec!["Order No"], vec![], "$[\"Order No\"]"),
            ("[a.b]", vec!["a.b"], vec![], "$[\"a.b\"]"),
            ("a['b c'].d", vec!["a", "b c", "d"], vec![], "$.a[\"b c\"].d"),
            ("items[*].sku", vec!["items", "sku"], vec![1], "$.items.sku"),
            ("a.b[*].c[*].d", vec!["a", "b", "c", "d"], vec![2, 3], "$.a.b.c.d"),
        ] {
            let (found, at) = parse_one(one).unwrap();
            assert_eq!((&found, &at), (&names.iter().map(|n| (*n).to_owned()).collect(), &stars), "{one}");
            assert_eq!(write_two(&found), two);
        }
        for odd in
            ["", "*.x", "{{x}}", "$.x", "a[0].b", "a.0.b", "a..b", "a.", "['a", "_PARENT.x", "[*].x", " a"]
        {
            assert_eq!(parse_one(odd), None, "{odd:?}");
        }
    }
}
