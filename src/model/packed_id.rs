//! Ids in few bytes, for places with very many of them.

use crate::documents::hex;
use crate::model::Id;

/// The length of a usual id: 24 hexadecimal digits.
const DIGITS: usize = 24;

/// A usual id in half its length.
pub type UsualId = [u8; DIGITS / 2];

/// An id in 16 bytes if it has the usual form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackedId {
    /// 24 lower-case hexadecimal digits.
    Usual(UsualId),
    /// Any other text, stored whole.
    Other(Box<Id>),
}

impl From<&Id> for PackedId {
    fn from(id: &Id) -> Self {
        pack(id).map_or_else(|| Self::Other(Box::new(id.clone())), Self::Usual)
    }
}

impl From<&PackedId> for Id {
    fn from(packed: &PackedId) -> Self {
        match packed {
            PackedId::Usual(usual) => Self::from(unpack(usual)),
            PackedId::Other(id) => (**id).clone(),
        }
    }
}

/// An id of the usual form in half its length. Only for lower-case digits, so that unpacking restores the same text.
pub fn pack(id: &Id) -> Option<UsualId> {
    let text = id.as_str().as_bytes();
    if text.iter().any(u8::is_ascii_uppercase) { None } else { hex::read(text) }
}

/// The id as the service writes it.
pub fn unpack(packed: &UsualId) -> String {
    let mut text = String::with_capacity(DIGITS);
    text.extend(packed.iter().flat_map(|byte| hex::write(*byte)).map(char::from));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_unpacked_as_it_was_and_takes_sixteen_bytes() {
        assert_eq!(size_of::<PackedId>(), 16);
        for id in
            ["5f7c579b6411271af4e7cefa", "5F7C579B6411271AF4E7CEFA", "5f7c579b6411271af4e7cef", "a b", ""]
        {
            let id = Id::from(id);
            assert_eq!(Id::from(&PackedId::from(&id)), id);
        }
        assert!(matches!(PackedId::from(&Id::from("5f7c579b6411271af4e7cefa")), PackedId::Usual(_)));
    }
}
