//! Leases over a store in memory, on paused time.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use super::*;
use crate::archive::ArchiveOptions;
use crate::model::time::Clock;

const NAME: &str = "leases/a.json";

fn store() -> Objects {
    Objects::in_store(Arc::new(InMemory::new()), "memory", &ArchiveOptions::new(Clock::system()))
}

fn note(mark: &str) -> LeaseNote {
    LeaseNote {
        holder: format!("process {mark}"),
        fleet: Some("remap".to_owned()),
        what: "job orders".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        mark: mark.to_owned(),
        renewed: 0,
        released: false,
    }
}

async fn taken(objects: &Objects, mark: &str) -> StoreLease {
    match take(objects, NAME, note(mark), Terms::default()).await.unwrap() {
        Asked::Taken(lease) => lease,
        Asked::Held(by) => panic!("held by {by}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_that_ask_at_once_one_gets_it_and_the_others_are_told_who() {
    let objects = store();
    let asked = (0..8).map(|hand| {
        let objects = objects.clone();
        async move {
            let mark = format!("{hand}");
            match take(&objects, NAME, note(&mark), Terms::default()).await.unwrap() {
                Asked::Taken(lease) => {
                    let _ = tokio::time::timeout(Duration::from_mins(2), lease.keep(|| async {})).await;
                    assert!(lease.still_held(), "it was renewed");
                    None
                }
                Asked::Held(by) => Some((by.to_string(), Instant::now())),
            }
        }
    });
    let began = Instant::now();
    let told: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    assert_eq!(told.len(), 7);
    for (by, when) in told {
        assert!(by.starts_with("fleet `remap`, process ") && by.contains("since 1970"), "{by}");
        assert!(
            when - began <= Duration::from_secs(13),
            "a holder that renews is seen to live within one renewal"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_renewed_is_taken_over_only_after_its_holder_has_given_up() {
    let objects = store();
    let began = Instant::now();
    let first = taken(&objects, "1").await;
    // It stands still: nobody renews it.
    let second = taken(&objects, "2").await;
    assert!(!first.still_held());
    assert!(began.elapsed() >= Duration::from_secs(35) && began.elapsed() <= Duration::from_secs(38));
    // When it wakes up, it finds its version gone and stays without it.
    tokio::time::timeout(Duration::from_mins(1), first.keep(|| async {})).await.unwrap();
    assert!(
        !first.still_held() && first.how_lost().contains("not be renewed in time"),
        "{}",
        first.how_lost()
    );
    first.release().await;
    assert!(second.still_held(), "what the first does is nothing to the second");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_let_go_is_taken_at_once() {
    let objects = store();
    let first = taken(&objects, "1").await;
    first.release().await;
    let began = Instant::now();
    let second = taken(&objects, "2").await;
    assert!(began.elapsed() < Duration::from_secs(1) && second.still_held());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_let_go_while_it_is_renewed_is_taken_at_once_all_the_same() {
    let slow = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
    let objects = Objects::in_store(Arc::clone(&slow) as _, "memory", &ArchiveOptions::new(Clock::system()));
    let first = taken(&objects, "1").await;
    slow.config_mut(|config| config.wait_put_per_call = Duration::from_secs(4));
    let let_go = async {
        tokio::time::sleep(Duration::from_secs(11)).await;
        first.release().await;
    };
    tokio::join!(first.keep(|| async {}), let_go);
    slow.config_mut(|config| config.wait_put_per_call = Duration::ZERO);
    let began = Instant::now();
    let second = taken(&objects, "2").await;
    assert!(began.elapsed() < Duration::from_secs(1) && second.still_held(), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_holder_gives_up_by_its_own_clock_however_it_comes_not_to_renew() {
    let objects = store();
    let lease = taken(&objects, "1").await;
    tokio::time::advance(Duration::from_millis(29_900)).await;
    assert!(lease.still_held());
    tokio::time::advance(Duration::from_millis(200)).await;
    assert!(!lease.still_held());
    // Somebody else wrote over it: it is lost with the next renewal.
    let objects = store();
    let lease = taken(&objects, "1").await;
    objects.put(NAME, encode(&note("2"))).await.unwrap();
    lease.keep(|| async {}).await;
    assert!(!lease.still_held() && lease.how_lost().contains("took"), "{}", lease.how_lost());
}

#[tokio::test(start_paused = true)]
async fn each_renewal_is_told_of() {
    let objects = store();
    let lease = taken(&objects, "1").await;
    let times = AtomicU32::new(0);
    let renewed = || async {
        times.fetch_add(1, Ordering::SeqCst);
    };
    let _ = tokio::time::timeout(Duration::from_secs(65), lease.keep(renewed)).await;
    assert_eq!(times.load(Ordering::SeqCst), 6);
}

#[test]
fn the_name_of_a_lease_tells_the_service_and_the_account() {
    let name = lease_name("https://api.eu.integrator.io 5b5b 5f7c");
    assert!(
        name.starts_with("leases/https+++api.eu.integrator.io+5b5b+5f7c-")
            && name.strip_suffix(".json").is_some(),
        "{name}"
    );
    assert_ne!(lease_name("a/b"), lease_name("a b"));
}
