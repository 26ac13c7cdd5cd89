//! A plain way through a record: the names of a source that mean the same in both mapping models.

/// The names of a Mapper 1.0 source and where its lists are iterated: `items[*].sku` is `(["items", "sku"], [1])`.
///
/// `None` for templates, grouped rows, positions (`[0]`, `[-1:]`, `[?(@.x)]`) and anything else that is not a plain way.
pub fn parse_one(text: &str) -> Option<(Vec<String>, Vec<usize>)> {
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
                _ => inside.split_once(']').filter(|(name, _)| is_plain(name))?,
            };
            push(&mut names, name)?;
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            push(&mut names, Some(&rest[..end]).filter(|name| is_plain(name))?)?;
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

/// Whether a name that has no quotes is no expression, and has no blanks around it, which some readers leave out.
fn is_plain(name: &str) -> bool {
    name.trim() == name && !name.starts_with(['?', '(', '@'])
}

fn push(names: &mut Vec<String>, name: &str) -> Option<()> {
    let odd = name.is_empty() || name.contains(['"', '\'', '\\', '*', '[', ']']);
    // `0`, `-1`, `0:2`, `-1:` and `0, 2` are positions in a list, or slices of it.
    let is_of_positions =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | ':' | ',' | '+');
    if odd || name.chars().all(is_of_positions) {
        return None;
    }
    names.push(name.to_owned());
    Some(())
}

/// The Mapper 2.0 spelling, from the root.
pub fn write_two(names: &[String]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn positions_slices_and_expressions_are_no_names() {
        for inside in [
            "0", "-1", "-1:", ":2", "0:2", "::2", ":", "0,2", "0, 2", "+1", " 0 ", "?(@.x)", "(@.x)", " b ",
            "@",
        ] {
            for path in [format!("a[{inside}].x"), format!("[{inside}].x"), format!("items[*].a[{inside}].b")]
            {
                assert_eq!(parse_one(&path), None, "{path}");
            }
        }
        for path in ["a.-1.x", "a.1:2", "a .b", "a. b", "['-1:'].x"] {
            assert_eq!(parse_one(path), None, "{path}");
        }
        for path in ["a[2024-total]", "a[Amount (USD)]", "a-1", "a[' b ']"] {
            assert!(parse_one(path).is_some(), "{path}");
        }
    }
}
