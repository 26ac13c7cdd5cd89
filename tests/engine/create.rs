//! Never twice: creates whose answers are lost, wrong or late, against a hostile service.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use transship::api::Method;
use transship::journal::Ending;
use transship::model::cancel::Cancel;

use crate::hostile::{Fate, Migration, import, paused};

#[test]
fn whatever_the_answer_to_a_create_that_was_done_it_is_made_once() {
    for status in [0, 409, 429, 500, 503, 504] {
        paused(async {
            let migration = Migration::of(&["A", "B", "C"]);
            migration.target.fate("B", [Fate::DoneBut(status)]);
            let outcome = migration.run().await;
            assert_eq!(outcome.end.ending, Ending::Finished, "{status}");
            assert_eq!(outcome.words(), ["created"; 3], "{status}");
            assert_eq!(migration.target.all_names(), ["A", "B", "C"], "{status}");
            assert!(outcome.row("B").adopted, "{status}");
        });
    }
}

#[test]
fn whatever_the_answer_to_a_create_that_was_not_done_it_is_sent_again() {
    for status in [0, 409, 429, 500, 503, 504] {
        paused(async {
            let migration = Migration::of(&["A", "B", "C"]);
            migration.target.fate("B", [Fate::NotDone(status)]);
            let outcome = migration.run().await;
            assert_eq!(outcome.words(), ["created"; 3], "{status}");
            assert_eq!(migration.target.all_names(), ["A", "B", "C"], "{status}");
            assert_eq!(migration.target.count(Method::Post), 4, "{status}");
        });
    }
}

#[test]
fn a_create_that_is_refused_with_409_for_good_fails_with_the_words_of_the_service() {
    paused(async {
        let migration = Migration::of(&["A", "B"]);
        migration.target.fate("B", vec![Fate::NotDone(409); 9]);
        let outcome = migration.run().await;
        assert_eq!(outcome.words(), ["created", "failed"]);
        assert_eq!(outcome.row("B").error_message.as_deref(), Some("no usable answer"));
        assert_eq!(outcome.row("B").http_status, Some(409));
        assert_eq!(migration.target.all_names(), ["A"]);
    });
}

#[test]
fn a_create_that_lands_within_the_grace_period_is_not_sent_again() {
    for seconds in [0, 3, 9] {
        paused(async {
            let migration = Migration::of(&["A", "B"]);
            migration.target.fate("A", [Fate::Late(Duration::from_secs(seconds))]);
            let outcome = migration.run().await;
            assert_eq!(outcome.words(), ["created"; 2], "{seconds}");
            assert_eq!(migration.target.all_names(), ["A", "B"], "{seconds}");
            assert_eq!(migration.target.count(Method::Post), 2, "{seconds}");
        });
    }
}

#[test]
fn the_time_in_documents_decides_nothing() {
    // The service dates everything in 2020; another import of that name stood there before.
    paused(async {
        let migration = Migration::of(&["A"]);
        let mut other = import("A");
        other["description"] = json!("another");
        migration.target.put(other, Duration::ZERO);
        let outcome = migration.run().await;
        assert_eq!(outcome.words(), ["skipped"]);
        let migration = Migration::of(&["A", "B"]);
        migration.target.fate("A", [Fate::DoneBut(0)]);
        assert_eq!(migration.run().await.words(), ["created"; 2]);
        assert_eq!(migration.target.all_names(), ["A", "B"]);
    });
}

#[test]
fn what_a_service_makes_of_names_gives_no_second_import() {
    let cut = |name: &str| name.chars().take(12).collect::<String>();
    let changes: [fn(&str) -> String; 4] =
        [|name| name.trim().to_owned(), str::to_lowercase, |name| name.replace("&amp;", "&"), cut];
    for (number, names) in changes.into_iter().enumerate() {
        paused(async {
            let mut migration = Migration::of(&["Some Orders &amp; more ", "Other"]);
            migration.target.names = names;
            migration.target.fate("Some Orders &amp; more ", [Fate::DoneBut(0)]);
            let folder = migration.plan().await;
            let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
            assert_eq!(outcome.words(), ["created"; 2], "change {number}");
            assert_eq!(migration.target.imports().len(), 2, "change {number}");
        });
    }
}

#[test]
fn a_list_that_lacks_what_was_there_before_proves_nothing() {
    let broken: [fn(usize) -> bool; 4] = [|_| true, |at| at >= 40, |at| at < 40, |at| at % 2 == 0];
    for (number, hides) in broken.into_iter().enumerate() {
        paused(async {
            let mut migration = Migration::of(&["A"]);
            (0..80).for_each(|other| {
                drop(migration.target.put(import(&format!("Other {other}")), Duration::ZERO))
            });
            migration.target.hides = hides;
            migration.target.fate("A", [Fate::DoneBut(0)]);
            let outcome = migration.run().await;
            assert_eq!(migration.target.count(Method::Post), 1, "list {number}: it was sent again");
            let is_its = outcome.words() == ["created"];
            assert_eq!(is_its, !hides(80), "list {number}: {:?}", outcome.words());
        });
    }
}

#[test]
fn a_list_that_lags_proves_nothing_as_long_as_it_lacks_what_was_made() {
    paused(async {
        let mut migration = Migration::of(&["A", "B", "C"]);
        migration.target.lag = Duration::from_secs(15);
        migration.target.fate("B", [Fate::DoneBut(0)]);
        let outcome = migration.run().await;
        assert_eq!(outcome.words(), ["created"; 3]);
        assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
    });
}

#[test]
fn an_answer_with_an_import_that_another_item_has_is_a_conflict() {
    paused(async {
        let migration = Migration::of(&["A", "B"]);
        migration.target.fate("B", [Fate::Same]);
        let outcome = migration.run().await;
        // Which of the two is answered first is not known.
        assert_eq!(migration.target.all_names(), ["A"]);
        let row = outcome.row("B");
        assert_eq!((row.outcome.as_str(), row.error_code.as_deref()), ("conflict", Some("not_its_own")));
        assert_eq!(outcome.row("A").outcome.as_str(), "created");
    });
}

#[test]
fn an_answer_with_an_import_that_stood_there_before_is_a_conflict() {
    paused(async {
        let migration = Migration::of(&["A"]);
        let there = migration.target.put(import("Z"), Duration::ZERO);
        migration.target.fate("A", [Fate::Same]);
        let outcome = migration.run().await;
        let row = outcome.row("A");
        assert_eq!((row.outcome.as_str(), row.error_code.as_deref()), ("conflict", Some("not_its_own")));
        let message = row.error_message.as_ref().unwrap();
        assert!(message.contains(&there) && message.contains("if anything, is not known"), "{message}");
    });
}

#[test]
fn a_run_taken_up_again_looks_before_it_makes() {
    paused(async {
        let migration = Migration::of(&["A", "B", "C"]);
        let folder = migration.plan().await;
        // Somebody helped: one is equal, one differs.
        let equal = migration.target.put(import("A"), Duration::ZERO);
        let mut unlike = import("B");
        unlike["description"] = json!("by hand");
        let unlike = migration.target.put(unlike, Duration::ZERO);
        let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["unchanged", "conflict", "created"]);
        assert_eq!(outcome.row("A").target_id.as_ref().unwrap().as_str(), equal);
        assert!(outcome.row("B").error_message.as_ref().unwrap().contains(&unlike));
        assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
    });
}

#[test]
fn a_run_folder_put_back_from_an_older_copy_makes_nothing_twice() {
    paused(async {
        let migration = Migration::of(&["A", "B", "C"]);
        let folder = migration.plan().await;
        let older = std::fs::read(folder.journal()).unwrap();
        migration.carry_out(&folder, false, &Cancel::new()).await;
        std::fs::write(folder.journal(), older).unwrap();
        let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["unchanged"; 3]);
        assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
    });
}

#[test]
fn a_look_up_with_nothing_else_to_do_waits_no_longer_than_the_grace_period() {
    paused(async {
        let mut migration = Migration::of(&["A"]);
        migration.grace_period = Duration::from_secs(3);
        migration.target.fate("A", [Fate::NotDone(504)]);
        let folder = migration.plan().await;
        let began = Instant::now();
        let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["created"]);
        // Once until it can no longer be executing, and once more until a second one would be seen.
        assert!(began.elapsed() < Duration::from_millis(6_600), "{:?}", began.elapsed());
    });
}

#[test]
fn however_many_are_in_doubt_one_look_answers_them_all_and_none_waits_for_another() {
    paused(async {
        let names: Vec<String> = (0..150).map(|number| format!("Import {number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut migration = Migration::of(&names);
        migration.grace_period = Duration::from_secs(3);
        for name in &names {
            migration.target.fate(name, [Fate::NotDone(504)]);
        }
        let folder = migration.plan().await;
        let (began, before) = (Instant::now(), migration.target.count(Method::Get));
        let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["created"; 150]);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let reads = migration.target.count(Method::Get) - before;
        assert!(reads < 150, "{reads} reads");
    });
}

#[test]
fn a_second_import_that_lands_late_is_named_by_the_run() {
    // Far later than the grace period; and a list that shows nothing for longer than that.
    for (fate, lag) in [(Fate::Late(Duration::from_secs(15)), 0), (Fate::DoneBut(0), 15)] {
        paused(async {
            let mut migration = Migration::of(&["A"]);
            migration.target.lag = Duration::from_secs(lag);
            migration.target.fate("A", [fate]);
            let outcome = migration.run().await;
            assert_eq!(migration.target.all_names(), ["A", "A"]);
            assert_eq!(outcome.end.ending, Ending::Finished);
            assert_eq!(outcome.record.copies.len(), 1);
            let row = outcome.row("A");
            assert_eq!((row.outcome.as_str(), row.copies.len()), ("created", 1));
            assert!(row.copies[0].equal);
            let (own, copy) = (row.target_id.clone().unwrap(), row.copies[0].id.clone());
            assert_ne!(own, copy);
            let warning = row.item.warnings.last().unwrap();
            assert!(warning.contains(own.as_str()) && warning.contains(copy.as_str()), "{warning}");
        });
    }
}

#[test]
fn what_another_engine_makes_at_the_same_time_is_named_and_what_stood_there_is_not() {
    paused(async {
        let migration = Migration::of(&["A", "B", "C"]);
        migration.target.put(import("D"), Duration::ZERO);
        let folder = migration.plan().await;
        let mut copy = import("B");
        copy["name"] = json!(" B  ");
        let copy = migration.target.put(copy, Duration::ZERO);
        let mut unlike = import("C");
        unlike["description"] = json!("another");
        let unlike = migration.target.put(unlike, Duration::ZERO);
        migration.target.put(import("E"), Duration::ZERO);
        let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["created"; 3]);
        let mut copies: Vec<_> =
            outcome.record.copies.iter().map(|copy| (copy.id.to_string(), copy.equal)).collect();
        copies.sort();
        assert_eq!(copies, [(copy, true), (unlike, false)]);
    });
}

#[test]
fn a_run_that_resumes_names_each_copy_once() {
    paused(async {
        let migration = Migration::of(&["A"]);
        let folder = migration.plan().await;
        migration.carry_out(&folder, false, &Cancel::new()).await;
        migration.target.put(import("A"), Duration::ZERO);
        for _ in 0..2 {
            let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
            assert_eq!(outcome.record.copies.len(), 1);
            assert_eq!(outcome.row("A").copies.len(), 1);
        }
    });
}

#[test]
fn however_few_may_be_in_flight_what_is_in_doubt_comes_to_its_end() {
    for in_flight in [0, 1, 2] {
        paused(async {
            let mut migration = Migration::of(&["A", "B", "C"]);
            migration.in_flight = in_flight;
            migration.target.fate("A", [Fate::NotDone(0)]);
            migration.target.fate("B", [Fate::DoneBut(0)]);
            // The last of all needs a place again when nothing else is left to begin.
            migration.target.fate("C", [Fate::NotDone(0), Fate::NotDone(500)]);
            let ran = tokio::time::timeout(Duration::from_hours(1), migration.run()).await;
            assert_eq!(ran.expect("it hangs").words(), ["created"; 3], "{in_flight} in flight");
            assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
        });
    }
}

#[test]
fn a_panic_over_one_item_leaves_the_others_to_their_ends() {
    paused(async {
        let migration = Migration::of(&["A", "B", "C"]);
        migration.target.fate("B", [Fate::Panics]);
        let folder = migration.plan().await;
        let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
        // Its intent was written: whether it had an effect is not known.
        assert_eq!(outcome.words(), ["created", "unprocessed", "created"]);
        assert_eq!(outcome.end.ending, Ending::Broken);
        let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
        assert_eq!(outcome.words(), ["created"; 3]);
        assert_eq!(migration.target.all_names(), ["A", "B", "C"]);
    });
}

/// Services that change names: what each makes of one.
const NAMES: [fn(&str) -> String; 5] = [
    |name| name.trim().to_owned(),
    |name| name.split_whitespace().collect::<Vec<_>>().join(" "),
    str::to_lowercase,
    |name| name.replace("&amp;", "&"),
    |name| name.chars().take(12).collect(),
];

#[test]
fn a_service_that_changes_names_gets_no_second_import_from_a_run_folder_that_is_older_than_its_run() {
    // Cut, the first two have one name; without their names, the first and the last are equal.
    let mut other = import("Some  Orders &amp; returns ");
    other["description"] = json!("of returns");
    let imports = [
        import("Some  Orders &amp; more "),
        other,
        import("Some Orders"),
        import("Some  Orders &amp; invoices"),
    ];
    for (number, names) in NAMES.into_iter().enumerate() {
        // How many lines of the journal are left of the first run: that of the plan alone, or some more.
        for left in [1, 2, 4, 6] {
            paused(async {
                let mut migration = Migration::with(imports.clone());
                migration.target.names = names;
                let folder = migration.plan().await;
                migration.carry_out(&folder, false, &Cancel::new()).await;
                assert_eq!(migration.target.imports().len(), imports.len(), "change {number}");
                let journal = std::fs::read_to_string(folder.journal()).unwrap();
                let older: String = journal.split_inclusive('\n').take(left).collect();
                std::fs::write(folder.journal(), older).unwrap();
                let outcome = migration.carry_out(&folder, true, &Cancel::new()).await;
                let (all, words) = (migration.target.all_names(), outcome.words());
                assert_eq!(all.len(), imports.len(), "change {number}, {left} lines: {all:?} {words:?}");
                let is_told = |word: &&str| ["created", "unchanged", "conflict"].contains(word);
                assert!(words.iter().all(is_told), "change {number}, {left} lines: {words:?}");
            });
        }
    }
}
