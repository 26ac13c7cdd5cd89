//! Cases of a service that lags, waits or is slow, on paused time: each as it was reported, and variants of it.

use std::time::Duration;

use tokio::time::Instant;
use transship::api::Method;
use transship::journal::Ending;
use transship::model::cancel::Cancel;

use crate::hostile::{Fate, Migration, paused};

/// Names of so many imports.
fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("Import {number:03}")).collect()
}

fn migration(names: &[String]) -> Migration {
    Migration::of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn case_39_a_create_without_an_answer_and_a_list_that_is_late() {
    let lost = || vec![Fate::DoneBut(0)];
    // As reported; a list that is as late as twice the grace period; a second answer that is lost too; a refusal after the
    // write; a list that is up to date.
    for (lag, fates) in [
        (15, lost()),
        (25, lost()),
        (15, [lost(), lost()].concat()),
        (15, vec![Fate::DoneBut(504)]),
        (0, lost()),
    ] {
        paused(async {
            let mut migration = Migration::of(&["Orders"]);
            migration.target.lag = Duration::from_secs(lag);
            let what = format!("{lag} s, {fates:?}");
            migration.target.fate("Orders", fates);
            let outcome = migration.run().await;
            let there = migration.target.all_names().len();
            let row = outcome.row("Orders");
            assert_eq!(row.outcome.as_str(), "created", "{what}");
            assert_eq!(outcome.end.ending, Ending::Finished, "{what}");
            assert_eq!(row.copies.len() + 1, there, "{what}: one that is not its own is named");
            assert!(lag > 0 || there == 1, "{what}: {there}");
        });
    }
}

#[test]
fn case_40_slow_creates_beside_fast_reads_are_sent_many_at_a_time() {
    let with = |posts: u64, lists: u64| {
        paused(async {
            let mut migration = migration(&names(400));
            migration.target.post_takes = Duration::from_millis(posts);
            migration.target.list_takes = Duration::from_millis(lists);
            let folder = migration.plan().await;
            let began = Instant::now();
            let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
            assert_eq!(outcome.words(), ["created"; 400]);
            (began.elapsed(), migration.target.most_posts())
        })
    };
    let (fast_reads, most) = with(150, 2);
    let (slow_reads, _) = with(150, 150);
    assert!(most >= 30, "{most} at once");
    assert!(fast_reads <= slow_reads, "{fast_reads:?}, and {slow_reads:?} where reads are slow too");
    // A variant: creates that are slower still.
    let (_, most) = with(600, 2);
    assert!(most >= 30, "{most} at once");
}

#[test]
fn case_41_the_second_look_up_begins_when_the_grace_period_is_over() {
    for (cut, most) in [(vec![4], 14), (vec![4, 11], 16), (vec![19], 14)] {
        paused(async {
            let names = names(20);
            let mut migration = migration(&names);
            migration.grace_period = Duration::from_secs(1);
            migration.target.list_takes = Duration::from_secs(1);
            for at in &cut {
                migration.target.fate(&names[*at], [Fate::NotDone(0)]);
            }
            let folder = migration.plan().await;
            let (began, before) = (Instant::now(), migration.target.count(Method::Post));
            let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
            assert_eq!(outcome.words(), ["created"; 20]);
            assert_eq!(migration.target.all_names(), names);
            assert_eq!(migration.target.count(Method::Post) - before, 20 + cut.len());
            assert!(began.elapsed() < Duration::from_secs(most), "{cut:?}: {:?}", began.elapsed());
        });
    }
}
