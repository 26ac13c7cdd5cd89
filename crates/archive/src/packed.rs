//! How a text is packed in an archive: one zstd frame and a checksum that shows every changed bit.
//!
//! The checksum is in a zstd skippable frame with a hash of the frame before it, so `zstd -d` still opens the file by hand.
//! The hash of the text alone would not notice bits that the decompressor overlooks.

use transship_documents::Fingerprint;
use zstd::zstd_safe;

/// Longer texts are refused: the service answers with a few megabytes at most.
pub(super) const LONGEST: u64 = 256 << 20;
/// The length of the frame with the checksum.
pub(super) const CHECKSUM_FRAME: usize = 16;

/// How many bytes a text takes at most, packed and encrypted: what cannot be compressed grows a little.
pub(super) const fn packed_at_most(text: u64) -> u64 {
    text.saturating_add(text / 128).saturating_add(4096)
}

const MAGIC: u32 = 0x184D_2A5E;
const LEVEL: i32 = 6;

/// Why bytes are not a packed text.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("it is empty")]
    Empty,
    #[error("it is cut off")]
    CutOff,
    #[error("something follows its end")]
    Longer,
    #[error("it is not what was written")]
    Foreign,
    #[error("its checksum does not fit")]
    Broken,
    #[error("its length is not to be believed")]
    Length,
    #[error("{0}")]
    Frame(#[from] std::io::Error),
}

fn checksum_frame(frame: &[u8]) -> [u8; CHECKSUM_FRAME] {
    let mut checksum = [0; CHECKSUM_FRAME];
    checksum[..4].copy_from_slice(&MAGIC.to_le_bytes());
    checksum[4..8].copy_from_slice(&8u32.to_le_bytes());
    checksum[8..].copy_from_slice(&Fingerprint::of(frame).0[..8]);
    checksum
}

/// Compresses a text and adds its checksum.
pub(super) fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = zstd::bulk::compress(text, LEVEL)?;
    let checksum = checksum_frame(&packed);
    packed.extend_from_slice(&checksum);
    Ok(packed)
}

/// The text of a packed blob.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, PackError> {
    let (text, length) = unpack_start(packed)?.ok_or(PackError::CutOff)?;
    if length == packed.len() { Ok(text) } else { Err(PackError::Longer) }
}

/// The first packed text of these bytes, and how many of them it took; `None` if they end before it does.
pub(super) fn unpack_start(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, PackError> {
    if bytes.is_empty() {
        return Err(PackError::Empty);
    }
    let known = bytes.len().min(4);
    if bytes[..known] != zstd_safe::MAGICNUMBER.to_le_bytes()[..known] {
        return Err(PackError::Foreign);
    }
    let Ok(frame) = zstd_safe::find_frame_compressed_size(bytes) else { return Ok(None) };
    let Some(checksum) = bytes.get(frame..frame + CHECKSUM_FRAME) else { return Ok(None) };
    if checksum != checksum_frame(&bytes[..frame]) {
        return Err(PackError::Broken);
    }
    let length = zstd_safe::get_frame_content_size(&bytes[..frame]).ok().flatten();
    let length = length.filter(|length| *length <= LONGEST).ok_or(PackError::Length)?;
    let capacity = usize::try_from(length).map_err(|_| PackError::Length)?;
    let text = zstd::bulk::decompress(&bytes[..frame], capacity)?;
    Ok(Some((text, frame + CHECKSUM_FRAME)))
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
        let checksum = checksum_frame(&frame);
        frame.extend_from_slice(&checksum);
        assert!(unpack(&frame).is_err());
    }
}
