//! Leases over a store in memory, on paused time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use std::time::Duration;

use jiff::Timestamp;

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
        looks: false,
    }
}

/// Nothing is known beforehand.
fn asking(objects: &Objects) -> Asking<'_> {
    static NOTHING: std::sync::LazyLock<EarlierSightings> =
        std::sync::LazyLock::new(EarlierSightings::default);
    Asking { objects, name: NAME, terms: Terms::default(), earlier: &NOTHING }
}

async fn taken(objects: &Objects, mark: &str) -> StoreLease {
    match take(asking(objects), note(mark)).await.unwrap() {
        Asked::Taken(lease) => lease,
        Asked::Held(by) => panic!("held by {by}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_that_ask_at_once_one_gets_it_and_the_others_learn_who() {
    let objects = store();
    let asked = (0..8).map(|hand| {
        let objects = objects.clone();
        async move {
            let mark = format!("{hand}");
            match take(asking(&objects), note(&mark)).await.unwrap() {
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
    let refused: Vec<_> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    assert_eq!(refused.len(), 7);
    for (by, when) in refused {
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
async fn one_whose_renewal_was_dropped_on_its_way_is_taken_at_once_after_it_was_let_go() {
    let slow = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
    let objects = Objects::in_store(Arc::clone(&slow) as _, "memory", &ArchiveOptions::new(Clock::system()));
    let first = taken(&objects, "1").await;
    // What is written is there; that its version is read takes long.
    slow.config_mut(|config| config.wait_get_per_call = Duration::from_secs(4));
    let _ = tokio::time::timeout(Duration::from_secs(11), first.keep(|| async {})).await;
    slow.config_mut(|config| config.wait_get_per_call = Duration::ZERO);
    first.release().await;
    let began = Instant::now();
    let second = taken(&objects, "2").await;
    assert!(began.elapsed() < Duration::from_secs(1) && second.still_held(), "{:?}", began.elapsed());
    // What another one took meanwhile is not let go.
    let lease = taken(&store(), "1").await;
    lease.objects.put(NAME, encode(&note("2"))).await.unwrap();
    lease.release().await;
    let (bytes, _) = lease.objects.read(NAME).await.unwrap().unwrap();
    assert!(!decode(&bytes).unwrap().released);
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
async fn each_renewal_is_reported() {
    let objects = store();
    let lease = taken(&objects, "1").await;
    let times = AtomicU32::new(0);
    let renewed = || async {
        times.fetch_add(1, Ordering::SeqCst);
    };
    let _ = tokio::time::timeout(Duration::from_secs(65), lease.keep(renewed)).await;
    assert_eq!(times.load(Ordering::SeqCst), 6);
}

async fn reading(objects: &Objects, mark: &str) -> SharedLease {
    match read(asking(objects), note(mark)).await.unwrap() {
        Admitted::Reading(lease) => lease,
        Admitted::Held(by) => panic!("held by {by}"),
    }
}

#[tokio::test(start_paused = true)]
async fn readers_count_each_other_at_each_renewal_and_those_that_died_no_longer() {
    let objects = store();
    let first = reading(&objects, "1").await;
    assert_eq!(first.holders().await.unwrap().get(), 1);
    let counted = Mutex::new(Vec::new());
    let began = Instant::now();
    let count = |holders: NonZeroU32| {
        counted.lock().unwrap().push(((Instant::now() - began).as_secs(), holders.get()));
    };
    let others = async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        let second = reading(&objects, "2").await;
        assert_eq!(second.holders().await.unwrap().get(), 2, "it counts before its first call");
        let _third_dies = reading(&objects, "3").await;
        let _ = tokio::time::timeout(Duration::from_secs(50), second.keep(|_| {})).await;
        second.release().await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    };
    tokio::select! {
        () = first.keep(count) => unreachable!("it was not let go"),
        () = others => {}
    }
    let counted = counted.into_inner().unwrap();
    let at =
        |second: u64| counted.iter().find(|(at, _)| *at == second).unwrap_or_else(|| panic!("{counted:?}")).1;
    assert_eq!([at(10), at(20), at(50), at(60), at(70), at(80)], [1, 3, 3, 2, 1, 1], "{counted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_writer_has_an_account_for_itself() {
    let objects = store();
    let reader = reading(&objects, "1").await;
    let writer = async {
        match take(asking(&objects), note("2")).await.unwrap() {
            Asked::Held(by) => assert!(by.holder.contains("process 1"), "{by}"),
            Asked::Taken(_) => panic!("beside a reader"),
        }
        reader.release().await;
    };
    tokio::join!(reader.keep(|_| {}), writer);
    let writer = taken(&objects, "2").await;
    let kept = async {
        match read(asking(&objects), note("3")).await.unwrap() {
            Admitted::Held(by) => assert!(by.holder.contains("process 2"), "{by}"),
            Admitted::Reading(_) => panic!("beside a writer"),
        }
        writer.release().await;
    };
    tokio::join!(writer.keep(|| async {}), kept);
    assert_eq!(reading(&objects, "4").await.holders().await.unwrap().get(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_only_looks_does_so_beside_a_writer_and_shares_its_budget() {
    let objects = store();
    let writer = taken(&objects, "1").await;
    let began = Instant::now();
    let looking = look(asking(&objects), note("2")).await.unwrap();
    assert_eq!((looking.holders().await.unwrap().get(), began.elapsed()), (2, Duration::ZERO));
    assert!(writer.still_held());
    looking.release().await;
    assert_eq!(objects.list("leases").await.unwrap(), [NAME], "nothing of it is left");
}

#[tokio::test(start_paused = true)]
async fn a_writer_begins_beside_whoever_only_looks_and_leaves_it_its_part_of_the_budget() {
    let objects = store();
    let looking = look(asking(&objects), note("1")).await.unwrap();
    let _died = look(asking(&objects), note("2")).await.unwrap();
    let began = Instant::now();
    let writer = taken(&objects, "3").await;
    assert!(began.elapsed() < Duration::from_secs(1) && writer.still_held(), "{:?}", began.elapsed());
    let counted = Mutex::new(Vec::new());
    let count = |holders: NonZeroU32| counted.lock().unwrap().push(holders.get());
    let _ = tokio::time::timeout(Duration::from_secs(15), looking.keep(count)).await;
    assert_eq!(*counted.lock().unwrap(), [2], "it, and the writer");
    looking.release().await;
    assert_eq!(objects.list("leases").await.unwrap(), [NAME], "nothing of it is left");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_died_keeps_a_writer_out_for_as_long_as_a_writer_would() {
    let objects = store();
    let _dead = reading(&objects, "1").await;
    let began = Instant::now();
    let writer = taken(&objects, "2").await;
    assert!(writer.still_held());
    assert!(began.elapsed() >= Duration::from_secs(35) && began.elapsed() <= Duration::from_secs(38));
    assert_eq!(objects.list("leases").await.unwrap(), [NAME], "nothing of it is left");
    // A writer that died is waited for by a reader likewise.
    let began = Instant::now();
    reading(&objects, "3").await;
    assert!(began.elapsed() >= Duration::from_secs(35) && began.elapsed() <= Duration::from_secs(38));
}

#[tokio::test(start_paused = true)]
async fn of_readers_and_a_writer_that_come_at_once_they_are_never_both_admitted() {
    for lag in [0, 1, 3] {
        let slow = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
        slow.config_mut(|config| config.wait_get_per_call = Duration::from_millis(lag));
        let objects = Objects::in_store(slow, "memory", &ArchiveOptions::new(Clock::system()));
        // Each that is admitted works for a minute, and is seen to live.
        let minute = Duration::from_mins(1);
        let writer = async {
            match take(asking(&objects), note("1")).await.unwrap() {
                Asked::Taken(lease) => tokio::time::timeout(minute, lease.keep(|| async {})).await.is_err(),
                Asked::Held(_) => false,
            }
        };
        let reader = async {
            match read(asking(&objects), note("2")).await.unwrap() {
                Admitted::Reading(lease) => tokio::time::timeout(minute, lease.keep(|_| {})).await.is_err(),
                Admitted::Held(_) => false,
            }
        };
        let both = tokio::join!(writer, reader) == (true, true);
        assert!(!both, "{lag} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_has_watched_takes_the_lease_of_a_dead_holder_over_without_watching_anew() {
    let objects = store();
    let seconds = Duration::from_secs;
    let sightings = Sightings::default();
    let dead = taken(&objects, "1").await;
    // It lives for a while, and is watched by a worker on the machine that will take it over.
    let _ = tokio::time::timeout(seconds(25), dead.keep(|| async {})).await;
    let died = Instant::now();
    let _ = tokio::time::timeout(seconds(30), sightings.keep(&objects)).await;
    let earlier = EarlierSightings::read(&sightings.to_json());
    let asking = Asking { earlier: &earlier, ..asking(&objects) };
    let Asked::Taken(lease) = take(asking, note("2")).await.unwrap() else { panic!("held") };
    let waited = died.elapsed();
    assert!(!dead.still_held() && lease.still_held());
    assert!(waited >= seconds(35) && waited <= seconds(38), "{waited:?}: the whole time was watched");
    // A holder that lives is passed on with its old version, if at all: that says nothing of the one it has.
    let _ = tokio::time::timeout(seconds(40), lease.keep(|| async {})).await;
    let holding = lease.keep(|| async {});
    tokio::select! {
        () = holding => panic!("lost"),
        asked = take(asking, note("3")) => assert!(matches!(asked.unwrap(), Asked::Held(_))),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_passed_on_has_an_end_and_leaves_out_leases_whose_holders_live() {
    let objects = store();
    let sightings = Sightings::default();
    for number in 0..2_000 {
        objects.put(&format!("leases/{number}.json"), number.to_string().into()).await.unwrap();
    }
    sightings.look(&objects).await;
    tokio::time::advance(Duration::from_mins(1)).await;
    objects.put("leases/7.json", "another".into()).await.unwrap();
    sightings.look(&objects).await;
    let json = sightings.to_json();
    assert!(json.len() < 70_000 && json.len() > 30_000, "{}", json.len());
    assert!(json.contains(r#""leases/0.json":["#) && !json.contains(r#""leases/7.json""#));
    assert_eq!(
        format!("{:?}", EarlierSightings::read("no JSON")),
        format!("{:?}", EarlierSightings::default())
    );
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
