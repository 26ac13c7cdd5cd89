//! What holds for any manifest of a snapshot: shared by the fuzz target and by a bounded run among the ordinary tests.

use std::path::Path;

use sha2::{Digest, Sha256};
use transship_archive::{Archive, ArchiveOptions, Clock, Share};

/// The name of the snapshot whose manifest is written.
const ID: &str = "20260301T020000Z-us-1a2b";

/// A frame of zstd, and behind it the frame with the first bytes of its hash, as `FORMAT.md` has it.
fn sealed(text: &[u8]) -> Vec<u8> {
    let mut frame = zstd::encode_all(text, 1).expect("memory can be written");
    let hash = Sha256::digest(&frame);
    frame.extend(0x184D_2A5E_u32.to_le_bytes());
    frame.extend(8_u32.to_le_bytes());
    frame.extend(&hash[..8]);
    frame
}

/// Any head and any body are read or refused: nothing panics, and what is handed out was found whole.
///
/// `folder` is an empty folder.
pub async fn manifests(folder: &Path, head: &str, body: &str) {
    let clock: Clock = Clock::system();
    let options = || ArchiveOptions { create: true, ..ArchiveOptions::new(clock.clone()) };
    let place = folder.display().to_string();
    drop(Archive::open(&place, options()).await.expect("a new archive"));
    let body = sealed(body.as_bytes());
    let hash =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let head = head.replace("BYTES", &body.len().to_string()).replace("HASH", &hash(&body));
    let mut file = sealed(format!("{head}\n").as_bytes());
    file.extend(&body);
    let snapshots = folder.join("snapshots");
    std::fs::create_dir_all(&snapshots).expect("a folder");
    std::fs::write(snapshots.join(format!("{ID}.jsonl.zst")), &file).expect("a file");
    let sum = format!("{}  {ID}.jsonl.zst\n", hash(&file));
    std::fs::write(snapshots.join(format!("{ID}.sha256")), sum).expect("a file");
    let archive = Archive::open(&place, options()).await.expect("the header is whole");
    let listing = archive.snapshots().await.expect("the folder can be listed");
    assert_eq!(listing.snapshots.len() + listing.damaged.len(), 1, "it is listed, or named as damaged");
    for snapshot in &listing.snapshots {
        if let Ok((read, entries)) = archive.entries(&snapshot.id).await {
            assert_eq!(read.id, snapshot.id);
            if let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() {
                assert_eq!(entries.len() as u64, read.entries);
            }
        }
    }
    let report = archive.check(Share::ALL).await.expect("the folder can be read");
    assert!(report.snapshots == 1 || !report.damage.is_empty(), "{report:?}");
}
