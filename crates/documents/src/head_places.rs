//! The positions of the fields of a head in a document's text. Code that reads the whole text anyway records them, so
//! that reading the head needs no extra pass.

use crate::Head;
use crate::glance::Fields;

/// The keys of the fields.
const KEYS: [&str; 10] = [
    "_id",
    "name",
    "adaptorType",
    "_connectionId",
    "_integrationId",
    "_connectorId",
    "_sourceId",
    "externalId",
    "createdAt",
    "lastModified",
];

/// Where the fields of a head stand in the text of an object. By default no place is known: then the head is read off the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadPlaces {
    /// Of each key the bytes before its value; 0 where it is not there.
    places: [u32; KEYS.len()],
}

impl HeadPlaces {
    /// Records a member whose value begins this many bytes after the start of the text. `None` if the key is
    /// duplicated.
    #[inline]
    pub(crate) fn note(&mut self, key: &[u8], at: usize) -> Option<()> {
        let Some(place) = KEYS.iter().position(|known| known.as_bytes() == key) else { return Some(()) };
        let place = &mut self.places[place];
        (*place == 0).then_some(())?;
        *place = u32::try_from(at).ok()?;
        Some(())
    }

    /// The bytes that [`Self::to_bytes`] writes.
    pub const BYTES: usize = 4 * KEYS.len();

    /// The places, to be kept beside the text.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (place, bytes) in self.places.iter().zip(bytes.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&place.to_le_bytes());
        }
        bytes
    }

    /// Reads them back; bytes that are missing stand for fields that are not there.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut places = [0; KEYS.len()];
        for (place, bytes) in places.iter_mut().zip(bytes.chunks_exact(4)) {
            *place = bytes.try_into().map_or(0, u32::from_le_bytes);
        }
        Self { places }
    }

    /// The head of the text in which they stand, as [`Head::at_a_glance`] reads it.
    pub fn head(&self, text: &str) -> Option<Head> {
        let mut fields = Fields::default();
        for (key, at) in KEYS.iter().zip(self.places).filter(|(_, at)| *at > 0) {
            fields.take(key, text.get(at as usize..)?)?;
        }
        Head::of_fields(fields)
    }
}
