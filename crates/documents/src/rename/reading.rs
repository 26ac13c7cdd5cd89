//! How a path in a template is read where its words can be taken in more than one way.

use super::blocks::{Blocks, Scope};
use super::counts::Counts;
use super::matcher::{Found, Rule, Rules, View};
use super::scope::{Scopes, views_of_digits};
use super::unchanged::{BESIDE, BLANK, ELEMENT, OF_FIELD, PARENT, PARTIAL, POSITION, QUOTED, SCOPE};
use crate::handlebars::helpers::NameOf;
use crate::handlebars::{Call, Path, Tag, TagKind, helpers};
use crate::path::{Kind, RESERVED, Style, Token};

/// The renames that a text may be about which is no name of a field as far as is known.
pub(super) fn named_in_text(rules: &Rules, text: &str) -> Vec<usize> {
    let named = rules.named_by(text);
    if named.is_empty() { rules.named_by(plain_name(text)) } else { named }
}

/// Whether a name that is given as a text, and that no rename is about from the root, may be another than it looks: in a
/// block that of an element, and with blanks around it or behind `this.` one that is read in a way that is not known.
pub(super) fn may_be_another(text: &str, of: NameOf, blocks: &Blocks) -> bool {
    of == NameOf::Root && (!blocks.is_empty() || plain_name(text) != text)
}

fn plain_name(text: &str) -> &str {
    let plain = text.trim();
    ["this.", "@root.", "./"].iter().find_map(|begin| plain.strip_prefix(begin)).unwrap_or(plain)
}

/// The rename that a path may be about which is about none as it is read, and why it stays.
pub(super) fn unsure(
    rules: &Rules,
    scopes: &Scopes<'_>,
    path: &Path,
    tokens: &[Token],
) -> Option<(usize, &'static str)> {
    if let Some(rule) = meant_without_quotes(rules, scopes, path, tokens) {
        return Some((rule, QUOTED));
    }
    if let Some(rule) = would_change(rules, scopes.views_around_fields(path), tokens) {
        return Some((rule, OF_FIELD));
    }
    if scopes.seems_of_the_record(path)
        && let Some(rule) = would_change(rules, scopes.views_of_the_record(path), tokens)
    {
        return Some((rule, ELEMENT));
    }
    if let Some(rule) = would_change(rules, scopes.views_beside_the_record(path), tokens) {
        return Some((rule, BESIDE));
    }
    let views = scopes.views(path);
    if let Some(rule) = would_change(rules, scopes.views_of_fields(path, &views), tokens) {
        return Some((rule, POSITION));
    }
    let parent = scopes.view_of_the_parent(path).into_iter().collect();
    if let Some(rule) = would_change(rules, parent, tokens) {
        return Some((rule, PARENT));
    }
    let whole = scopes.view_of_the_whole(path).into_iter().collect();
    if let Some(rule) = would_change(rules, whole, tokens) {
        return Some((rule, SCOPE));
    }
    would_change(rules, scopes.views_of_parts(path), tokens).map(|rule| (rule, SCOPE))
}

/// The rename that a path would be about if quotation marks inside its brackets were no part of the name.
fn meant_without_quotes(rules: &Rules, scopes: &Scopes<'_>, path: &Path, tokens: &[Token]) -> Option<usize> {
    let bare: Vec<Token> = tokens.iter().map(Token::without_quotes).collect();
    let views = scopes.views(path);
    if bare == tokens || views.is_empty() || views.iter().any(|view| view.skip >= bare.len()) {
        return None;
    }
    would_change(rules, views, &bare)
}

/// The rename that a name given as a text would be about if what is read as a position in a list were a name.
pub(super) fn of_digits(rules: &Rules, views: &[View], tokens: &[Token]) -> Option<usize> {
    would_change(rules, views_of_digits(views, tokens), tokens)
}

/// The rename that a path would be about if it were that of a field, also where it begins with a name of the service.
pub(super) fn meant(rules: &Rules, scopes: &Scopes<'_>, path: &Path) -> Option<usize> {
    let views =
        if scopes.may_be_a_field(path) { vec![scopes.view_of_the_place()] } else { scopes.views(path) };
    would_change(rules, views, &path.tokens)
}

/// The renames that the first word of a call may be about, where it should be the name of a helper.
pub(super) fn called(rules: &Rules, scopes: &Scopes<'_>, call: &Call, path: &Path, text: &str) -> Vec<usize> {
    if path.alone().is_some_and(|name| helpers::find(name).is_some()) {
        // With arguments it is the helper, and alone it is, too, unless the record has a field of that name.
        let found = if call.has_arguments() { None } else { meant(rules, scopes, path) };
        return found.into_iter().collect();
    }
    let named = rules.named_by(text);
    if !named.is_empty() || path.data || !rules.may_concern(text) {
        return named;
    }
    match scopes.base(path).0 {
        Scope::Unknown => names_in(rules, path),
        _ => would_change(rules, scopes.views(path), &path.tokens).into_iter().collect(),
    }
}

fn would_change(rules: &Rules, mut views: Vec<View>, tokens: &[Token]) -> Option<usize> {
    views.retain(|view| view.skip <= tokens.len());
    match rules.resolve(&views, tokens, &mut Counts::new(rules.all.len())) {
        Found::Changed(rule, _) | Found::Unsayable(rule) => Some(rule),
        Found::Nothing | Found::Same | Found::Enclosing => None,
    }
}

/// The renames whose last name stands somewhere in the path.
pub(super) fn names_in(rules: &Rules, path: &Path) -> Vec<usize> {
    let named = |rule: &Rule| {
        rule.from != rule.to
            && rule.from.last().is_some_and(|last| path.tokens.iter().any(|t| t.text == *last))
    };
    rules.all.iter().enumerate().filter(|(_, rule)| named(rule)).map(|(at, _)| at).collect()
}

/// The renames whose last name is a word of a text that is not a path.
pub(super) fn worded_in(rules: &Rules, text: &str) -> Vec<usize> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && !"_- ".contains(c)).map(str::trim).collect();
    let is_word = |rule: &Rule| rule.from.last().is_some_and(|last| words.contains(&last.as_str()));
    rules.mentioned_in(text).into_iter().filter(|at| is_word(&rules.all[*at])).collect()
}

/// Whether the first word may be the type of a Salesforce field: `{{{email customer.email}}}`.
pub(super) fn is_field_type(call: &Call, path: &Path) -> bool {
    call.arguments.len() == 1 && call.hash.is_empty() && path.bare().is_some_and(helpers::is_field_type)
}

/// Whether a name of a path is a word of the language that does not stand in brackets: no reader agrees on those, and a
/// rename could not be taken back.
pub(super) fn is_reserved(path: &Path) -> bool {
    path.tokens.iter().any(|token| token.style == Style::Plain && RESERVED.contains(&token.text.as_str()))
}

/// The names of a path without a final `length`, which is that of a list or text.
pub(super) fn without_length(path: &Path) -> &[Token] {
    match path.tokens.as_slice() {
        [rest @ .., last]
            if last.text == "length"
                && last.kind == Kind::Name
                && last.style == Style::Plain
                && (!rest.is_empty() || path.this || path.root) =>
        {
            rest
        }
        all => all,
    }
}

/// What is to be said of a tag in which names were changed.
pub(super) fn odd(tag: &Tag, text: &str) -> impl Iterator<Item = &'static str> {
    let undocumented = match tag.kind {
        TagKind::Value => text[tag.span.start..].trim_start_matches(['{', '~']).starts_with('&'),
        TagKind::Partial
        | TagKind::Decorator
        | TagKind::OpenPartial
        | TagKind::OpenDecorator
        | TagKind::OpenInverse => true,
        TagKind::Open | TagKind::Else | TagKind::Close | TagKind::Raw => false,
    };
    let reasons = [(tag.leading_blank, BLANK), (undocumented, PARTIAL)];
    reasons.into_iter().filter_map(|(applies, reason)| applies.then_some(reason))
}
