//! Against a real server that speaks S3, where `TRANSSHIP_S3_URL` names a place on one; `.ci/s3` starts such a server.

use std::time::Duration;

use transship_archive::{Archive, ArchiveOptions, Clock, Policy, PruneOptions, Share};

use super::support::*;

/// Options with the environment, and the place; a place of its own each time.
#[expect(clippy::disallowed_methods, reason = "the test is told by the environment where the server is")]
fn place() -> Option<(String, ArchiveOptions)> {
    let url = std::env::var("TRANSSHIP_S3_URL").ok()?;
    let variables = std::env::vars().collect();
    let options = ArchiveOptions { create: true, variables, ..ArchiveOptions::new(Clock::system()) };
    Some((format!("{url}/{:016x}", fastrand::u64(..)), options))
}

#[tokio::test]
async fn a_bucket_takes_backups_shows_damage_and_is_pruned() {
    let Some((url, options)) = place() else { return };
    let archive = Archive::open(&url, options.clone()).await.unwrap();
    let mut documents = imports(0..300);
    let first = backup(&archive, &documents).await.unwrap();
    assert_eq!(first.new_blobs, 300);
    documents[7] = import(7, 1);
    let second = backup(&archive, &documents).await.unwrap();
    assert_eq!(second.new_blobs, 1);
    let again = Archive::open(&url, options.clone()).await.unwrap();
    assert_eq!(everything_listed_is_whole(&again).await, 2);

    // A backup under way keeps a prune out; one that died leaves nothing that is listed.
    let mut writer = archive.backup(account("eu")).await.unwrap();
    let (facts, text) = import(900, 0);
    writer.add(facts, &text).await.unwrap();
    let prune =
        PruneOptions { grace: Duration::ZERO, ..PruneOptions::new(Policy { last: 1, ..Policy::default() }) };
    assert!(again.prune(prune.clone()).await.is_err());
    drop(writer);
    assert_eq!(again.snapshots().await.unwrap().snapshots.len(), 2);

    let known = options.variables.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let known = known.filter(|(name, _)| name.starts_with("AWS_"));
    let (raw, root) = object_store::parse_url_opts(&url.parse().unwrap(), known).unwrap();
    let blob = entries(&archive, &first.id).await[7].blob.to_string();
    let path = object_store::path::Path::parse(format!("{root}/blobs/{}/{blob}.zst", &blob[..2])).unwrap();
    object_store::ObjectStoreExt::put(&*raw, &path, "harm".into()).await.unwrap();
    let report = archive.check(Share::ALL).await.unwrap();
    assert_eq!((report.damage.len(), report.damage[0].affected_count), (1, 1), "{report:?}");

    // The lease of the dropped one goes in the background; on a clock of seconds the grace must have passed too.
    let mut done = again.prune(prune.clone()).await;
    for _ in 0..50 {
        if done.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        done = again.prune(prune.clone()).await;
    }
    done.unwrap();
    assert_eq!(everything_listed_is_whole(&archive).await, 1);
    assert!(archive.check(Share::ALL).await.unwrap().is_good());
}
