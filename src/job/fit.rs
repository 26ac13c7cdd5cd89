//! Whether a single value is what a key asks for.

use super::forms::Format;
use super::spec::Type;
use super::tree::{Data, Node};

/// Whether a value that is not a collection is what `holds` asks for.
pub(super) fn fits(node: &Node, holds: &Type) -> bool {
    match holds {
        Type::Text(Format::Id) => node.written().is_some_and(|text| Format::Id.fits(text)),
        Type::Text(form) => node.text().is_some_and(|text| form.fits(text)),
        Type::Word(words) => node.text().is_some_and(|text| words.iter().any(|word| word.word == text)),
        Type::Bool => node.flag().is_some(),
        Type::Integer(low, high) => node.whole().is_some_and(|number| (*low..=*high).contains(&number)),
        Type::Number(low, high) => node.number().is_some_and(|number| number > *low && number <= *high),
        Type::Either(types) => types.iter().any(|one| fits(node, one)),
        Type::OrNull(inner) => matches!(node.data, Data::Null) || fits(node, inner),
        Type::Any => true,
        Type::List(_) | Type::Table(_) | Type::Dictionary(_) => false,
    }
}
