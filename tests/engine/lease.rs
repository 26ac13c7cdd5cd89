//! The right to write, asked with the permit in hand: once it is lost, nothing more is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use transship::api::Method;
use transship::journal::Ending;
use transship::model::cancel::Cancel;
use transship::model::{AlwaysHeld, Lease, LeaseUntil};

use crate::hostile::{Migration, paused};

/// A lease that is held whenever it is asked, so many times.
#[derive(Debug)]
struct HeldTimes(AtomicU32);

impl Lease for HeldTimes {
    fn still_held(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }

    fn how_lost(&self) -> String {
        "another took it".to_owned()
    }
}

#[test]
fn a_lease_that_ends_while_a_write_waits_for_its_permit_holds_it_back() {
    paused(async {
        let mut migration = Migration::of(&["A", "B", "C"]);
        let folder = migration.plan().await;
        // The second create has its permit after a second.
        migration.per_second = 1.0;
        migration.lease = Arc::new(LeaseUntil::new(Instant::now() + Duration::from_millis(500)));
        let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
        assert_eq!(migration.target.count(Method::Post), 1);
        assert_eq!(outcome.words(), ["created", "unprocessed", "unprocessed"]);
        assert_eq!(outcome.end.ending, Ending::Interrupted);
        let reason = "the lease of the target was lost: it was not renewed in time";
        assert_eq!(outcome.end.reason.as_deref(), Some(reason));
        let journal = std::fs::read_to_string(folder.journal()).unwrap();
        assert_eq!(journal.matches("\"intended\"").count(), 1, "{journal}");
        migration.lease = Arc::new(AlwaysHeld);
        let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["created"; 3]);
        assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
    });
}

#[test]
fn wherever_a_lease_is_found_to_be_lost_nothing_is_sent_after_and_a_resumed_run_ends_as_undisturbed() {
    for times in 0..8 {
        paused(async {
            let mut migration = Migration::of(&["A", "B", "C"]);
            migration.in_flight = 1;
            let folder = migration.plan().await;
            migration.lease = Arc::new(HeldTimes(AtomicU32::new(times)));
            let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
            // It is asked before the intent is put on disk, and after that.
            let sent = (times / 2).min(3) as usize;
            assert_eq!(migration.target.count(Method::Post), sent, "held {times} times");
            let journal = std::fs::read_to_string(folder.journal()).unwrap();
            let [intended, not_sent] =
                ["\"intended\"", "\"not_sent\""].map(|step| journal.matches(step).count());
            assert_eq!(intended - not_sent, sent, "held {times} times: {journal}");
            let expected = if sent == 3 { Ending::Finished } else { Ending::Interrupted };
            assert_eq!(outcome.end.ending, expected, "held {times} times: {:?}", outcome.end.reason);
            migration.lease = Arc::new(AlwaysHeld);
            migration.carry_out(&folder, true, &Cancel::new()).await;
            assert_eq!(migration.target.all_names(), ["A", "B", "C"], "held {times} times");
        });
    }
}
