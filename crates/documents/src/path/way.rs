//! A plain way through a record: the names of a source that mean the same in both mapping models.

/// The names of a Mapper 1.0 source and where its lists are iterated: `items[*].sku` is `(["items", "sku"], [1])`.
///
/// `None` for templates, grouped rows, indices and anything else that is not a plain way.
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
}
