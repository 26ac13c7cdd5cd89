//! Templates that mean the same in both mapping models.

use crate::handlebars::{self, Backslash, Call, Expression, Path, TagKind};
use crate::path::Kind;

/// Whether a template speaks of nothing but the record and so means the same in both models: `{{record.x}}`,
/// `{{trim record.x}}`, `{{{dateFormat "YYYY" record.x.y}}}`; no blocks, no bare names.
pub(super) fn is_of_the_record(template: &str) -> bool {
    if template.starts_with('$') || !template.contains("{{") {
        return false;
    }
    let Ok(read) = handlebars::read(template, Backslash::Escapes) else { return false };
    let plain = |tag: &handlebars::Tag| {
        tag.kind == TagKind::Value && !tag.leading_blank && tag.call.as_ref().is_some_and(is_plain)
    };
    !read.tags.is_empty() && read.tags.iter().all(plain)
}

/// A field of the record, or a helper of fields and texts with at least one field.
fn is_plain(call: &Call) -> bool {
    match &*call.head {
        Expression::Path(path) if !call.has_arguments() => is_field(path),
        Expression::Path(path) if path.bare().is_some() && call.hash.is_empty() => {
            let fields =
                call.arguments.iter().filter(|word| matches!(word, Expression::Path(path) if is_field(path)));
            let texts = call.arguments.iter().filter(|word| matches!(word, Expression::Text(_)));
            let found = fields.count();
            found > 0 && found + texts.count() == call.arguments.len()
        }
        _ => false,
    }
}

/// `record.a.b`, without positions.
fn is_field(path: &Path) -> bool {
    let plain = !path.this && !path.root && !path.data && path.parents == 0;
    let names = path.tokens.iter().all(|token| token.kind == Kind::Name && token.separator <= 1);
    plain && names && path.tokens.len() > 1 && path.tokens[0].text == "record"
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
}
