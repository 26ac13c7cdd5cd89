//! How bytes stand in an archive: one zstd frame and a seal that no changed bit survives.
//!
//! The seal is a zstd skippable frame with a hash of the frame before it, so `zstd -d` still opens the file by hand.
//! The hash of the text alone would not notice bits that the decompressor overlooks.

use transship_documents::Fingerprint;
use zstd::zstd_safe;

/// Longer texts are refused: the service answers with a few megabytes at most.
pub(super) const LONGEST: u64 = 256 << 20;
/// The length of the seal.
pub(super) const SEAL: usize = 16;

/// How many bytes a text takes at most, packed and encrypted: what cannot be compressed grows a little.
pub(super) const fn packed_at_most(text: u64) -> u64 {
    text.saturating_add(text / 128).saturating_add(4096)
}

const MAGIC: u32 = 0x184D_2A5E;
const LEVEL: i32 = 6;

/// Why bytes are not a packed text.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealError {
    #[error("it is empty")]
    Empty,
    #[error("it is cut off")]
    CutOff,
    #[error("something follows its end")]
    Longer,
    #[error("it is not what was written")]
    Foreign,
    #[error("its seal does not fit")]
    Broken,
    #[error("its length is not to be believed")]
    Length,
    #[error("{0}")]
    Frame(#[from] std::io::Error),
}

fn seal_of(frame: &[u8]) -> [u8; SEAL] {
    let mut seal = [0; SEAL];
    seal[..4].copy_from_slice(&MAGIC.to_le_bytes());
    seal[4..8].copy_from_slice(&8u32.to_le_bytes());
    seal[8..].copy_from_slice(&Fingerprint::of(frame).0[..8]);
    seal
}

/// Compresses and seals.
pub(super) fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = zstd::bulk::compress(text, LEVEL)?;
    let seal = seal_of(&packed);
    packed.extend_from_slice(&seal);
    Ok(packed)
}

/// The text of a packed blob.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (text, length) = unpack_start(packed)?.ok_or(SealError::CutOff)?;
    if length == packed.len() { Ok(text) } else { Err(SealError::Longer) }
}

/// The first packed text of these bytes, and how many of them it took; `None` if they end before it does.
pub(super) fn unpack_start(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, SealError> {
    if bytes.is_empty() {
        return Err(SealError::Empty);
    }
    let known = bytes.len().min(4);
    if bytes[..known] != zstd_safe::MAGICNUMBER.to_le_bytes()[..known] {
        return Err(SealError::Foreign);
    }
    let Ok(frame) = zstd_safe::find_frame_compressed_size(bytes) else { return Ok(None) };
    let Some(seal) = bytes.get(frame..frame + SEAL) else { return Ok(None) };
    if seal != seal_of(&bytes[..frame]) {
        return Err(SealError::Broken);
    }
    let length = zstd_safe::get_frame_content_size(&bytes[..frame]).ok().flatten();
    let length = length.filter(|length| *length <= LONGEST).ok_or(SealError::Length)?;
    let capacity = usize::try_from(length).map_err(|_| SealError::Length)?;
    let text = zstd::bulk::decompress(&bytes[..frame], capacity)?;
    Ok(Some((text, frame + SEAL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_bit_counts() {
        let packed = pack(br#"{"name":"orders","name2":"orders"}"#).unwrap();
        for bit in 0..packed.len() * 8 {
            let mut changed = packed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unpack(&changed).is_err(), "bit {bit}");
        }
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "cut to {length}");
        }
        assert!(unpack(&[packed.clone(), packed].concat()).is_err());
    }

    #[test]
    fn a_text_that_claims_to_be_huge_is_not_unpacked() {
        let mut frame = zstd::bulk::compress(&[0; 100], 1).unwrap();
        // Single segment with an eight-byte length.
        frame.splice(4..6, [0xe0, 0, 0, 0, 0, 0, 1, 0, 0]);
        let seal = seal_of(&frame);
        frame.extend_from_slice(&seal);
        assert!(unpack(&frame).is_err());
    }
}
