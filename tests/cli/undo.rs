//! Undo: only what the run is known to have written and nobody touched since; the rest is named.

use serde_json::json;
use transship::emulator::{CloneAnswer, Effect};

use crate::support::scenario::{Fault, Ran, Scenario, World, import};

fn undo(world: &std::rc::Rc<World>) -> Ran {
    world.command(&["undo", "runs/run-1", "--yes"])
}

/// Somebody else writes an import through the service: its `lastModified` moves, whatever else does.
fn touch(world: &World, account: &str, name: &str) {
    let mut document = world.import(account, name);
    document["lastModified"] = json!("2100-02-02T02:02:02.002Z");
    world.load(account, &[document]);
}

#[test]
fn what_somebody_made_by_hand_before_a_run_was_resumed_is_no_copy_and_stays() {
    let world = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(401)).named("b"));
    world.run().expect_exit(6).expect_target(["a"]);
    world.no_faults();
    let mut unlike = copy_of(&world, "c", 'c');
    unlike["description"] = json!("by hand");
    world.load("target", &[copy_of(&world, "b", 'b'), unlike]);
    let ran = world.resume(&world.path("runs/run-1")).expect_exit(3).expect_target(["a", "b", "c"]);
    assert_eq!(ran.summary()["copies"].as_u64().unwrap_or(0), 0);
    ran.expect_cell("b", "outcome", "unchanged").expect_cell("c", "outcome", "conflict");
    undo(&world).expect_exit(0).expect_target(["b", "c"]);
}

#[test]
fn an_interrupted_run_with_doubts_is_undone_and_not_resumed_any_more() {
    let world = Scenario::migrate([]).many(30).job("concurrency", "4").start();
    world.fault(Fault::on_create(Fault::slow_after(300)));
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 6);
    running.signal("KILL").finish().expect_killed();
    world.no_faults();
    let there = world.imports("target").len();
    assert!(there >= 6, "{there}");
    undo(&world).expect_exit(0).expect_target([]);
    world.command(&["resume", "runs/run-1"]).expect_exit(2).expect_stderr("was undone by").expect_target([]);
    undo(&world).expect_exit(0).expect_stderr("nothing to undo");
    // Nothing points to what is refused.
    let ran = world.command(&["runs"]).expect_exit(0);
    assert!(!ran.stderr.contains("resume"), "{}", ran.stderr);
    let ran = world.command(&["verify", "runs/run-1"]).expect_exit(3).expect_stdout("not finished");
    assert!(!ran.stdout.contains("transship resume"), "{}", ran.stdout);
    world.command(&["resume"]).expect_exit(0).expect_stderr("no run in runs is unfinished");
}

#[cfg(debug_assertions)]
#[test]
fn an_undo_that_is_killed_at_its_beginning_has_not_begun_or_is_resumed() {
    let mut begun = 0;
    let first = ["draft.after_keep", "journal.created"].map(|point| format!("{point}:1"));
    let written =
        (1..=4).flat_map(|time| ["before_write", "after_sync"].map(|at| format!("journal.{at}:{time}")));
    let reported = (1..=2).map(|time| format!("report.between_files:{time}"));
    for point in first.into_iter().chain(written).chain(reported) {
        let world =
            Scenario::migrate(["a", "b"]).job("concurrency", "1").env("TRANSSHIP_SETTLE", "0").start();
        world.fault(Fault::on_create(Fault::status(401)).named("b"));
        world.run().expect_exit(6).expect_target(["a"]);
        world.no_faults();
        let mut killed = world.binary(&["undo", "runs/run-1", "--yes"]);
        let killed = killed.env("TRANSSHIP_CRASH", &point).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}");
        let runs = std::fs::read_dir(world.path("runs")).unwrap().map(|entry| entry.unwrap().path());
        let has_begun = |run: &std::path::PathBuf| {
            !run.ends_with("run-1")
                && std::fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|text| text.contains('\n'))
        };
        match runs.filter(has_begun).collect::<Vec<_>>().as_slice() {
            [] => drop(world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a", "b"])),
            [undo] => {
                begun += 1;
                world.resume(undo).expect_exit(0).expect_target([]);
                let ran = world.command(&["verify", "runs/run-1"]).expect_exit(3);
                assert!(!ran.stdout.contains("damaged"), "{point}: {}", ran.stdout);
                world
                    .resume(&world.path("runs/run-1"))
                    .expect_exit(2)
                    .expect_stderr("was undone by")
                    .expect_target([]);
            }
            several => panic!("{point}: {several:?}"),
        }
    }
    assert!((3..=8).contains(&begun), "{begun}");
}

#[test]
fn an_import_whose_last_modified_moved_stays() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.run().expect_exit(0);
    touch(&world, "target", "a");
    undo(&world).expect_exit(3).expect_target(["a"]).expect_stderr("it was changed since the run");
}

#[test]
fn a_clone_that_was_never_seen_and_edited_stays() {
    for answer in [CloneAnswer::Array, CloneAnswer::Document] {
        let world = Scenario::cloning(["a", "b"])
            .job("verify", "none")
            .service(|service| service.clone_answer = answer)
            .start();
        world.run().expect_exit(0);
        touch(&world, "source", "Clone - a");
        undo(&world).expect_exit(3).expect_source(["Clone - a", "a", "b"]);
    }
}

#[test]
fn what_cannot_be_read_by_id_is_left_and_the_rest_is_undone() {
    for status in [403, 404, 451, 500] {
        let world = Scenario::update([])
            .source(&import("a").set("/description", json!("old")))
            .source(&import("b").set("/description", json!("old")))
            .source(&import("c").set("/description", json!("old")))
            .job("transform", "[{ set: { /description: new } }]")
            .start();
        world.run().expect_exit(0);
        let id = world.id("source", "b");
        world.fault(Fault::on("GET", &format!("/v1/imports/{id}"), Fault::status(status)));
        let ran = undo(&world);
        assert!(matches!(ran.exit_code(), Some(0 | 3)), "{ran:?}");
        let left = world.import("source", "b")["description"].clone();
        let ran = ran.expect_in_source("a", "/description", json!("old"));
        assert_eq!(ran.exit_code(), Some(if left == "new" { 3 } else { 0 }), "{status}");
    }
}

#[test]
fn a_read_by_id_that_is_behind_the_list_is_not_gone() {
    let world = Scenario::migrate(["a", "b"]).env("TRANSSHIP_SETTLE", "2").start();
    world.run().expect_exit(0);
    world.fault(Fault::on("GET", "/v1/imports/*", Fault::status(404)).in_account("target").first(2));
    undo(&world).expect_exit(0).expect_target([]);
}

#[test]
fn another_environment_is_refused_before_anything_is_sent() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    world.run().expect_exit(0);
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    for words in [["undo", "runs/run-1"], ["retry", "runs/run-1"], ["undo", "runs/run-1"]] {
        let ran = world.command(&words).expect_exit(2).expect_no_write();
        ran.expect_stderr("another environment").expect_target(["a", "b", "c"]);
    }
}

#[test]
fn two_tokens_of_one_account_are_no_migration() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    world.set_env("TOKEN_TARGET", world.token("source"));
    world.run().expect_exit(2).expect_no_write().expect_stderr("are one account");
}

#[test]
fn without_its_job_a_run_is_undone_all_the_same() {
    let world = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    for file in ["job.yaml", "wanted.jsonl", "report.html", "audit.csv"] {
        std::fs::remove_file(world.path("runs/run-1").join(file)).unwrap();
    }
    undo(&world).expect_exit(0).expect_target([]);
}

/// Two imports that are removed where there is no recycle bin: what brings them back makes them anew.
fn deleted_for_good() -> std::rc::Rc<World> {
    let scenario = Scenario::delete(["a", "b"]).job("select", "{ names: [\"*\"] }");
    let world = scenario
        .job("concurrency", "1")
        .service(|behaviour| behaviour.recycle_days = -1)
        .env("TRANSSHIP_SETTLE", "0")
        .start();
    world.run().expect_exit(0).expect_source([]);
    world
}

/// The folders of the runs that undo another, oldest first.
fn undos(world: &World) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(world.path("runs")).unwrap().map(|entry| entry.unwrap().path());
    let mut undos: Vec<_> = entries.filter(|path| !path.ends_with("run-1")).collect();
    undos.retain(|path| path.join("journal.jsonl").is_file());
    undos.sort_by_key(|path| std::fs::metadata(path.join("plan.json")).unwrap().modified().unwrap());
    undos
}

#[test]
fn what_an_undo_made_anew_is_not_made_once_more_by_the_next() {
    let world = deleted_for_good();
    undo(&world).expect_exit(0).expect_source(["a", "b"]);
    undo(&world).expect_exit(0).expect_source(["a", "b"]).expect_stderr("nothing to undo");
    // Once that is gone again, it comes back.
    let first = undos(&world)[0].display().to_string();
    world.command(&["undo", &first, "--yes"]).expect_exit(0).expect_source([]);
    undo(&world).expect_exit(0).expect_source(["a", "b"]);
    undo(&world).expect_exit(0).expect_source(["a", "b"]).expect_stderr("nothing to undo");
}

#[cfg(debug_assertions)]
#[test]
fn after_an_undo_that_was_killed_the_next_makes_nothing_twice() {
    let mut refused = 0;
    for time in 1..=6 {
        let world = deleted_for_good();
        let mut killed = world.binary(&["undo", "runs/run-1", "--yes"]);
        let killed = killed.env("TRANSSHIP_CRASH", format!("call.after_answer:{time}")).output().unwrap();
        let next = undo(&world);
        if next.exit_code() == Some(2) {
            refused += 1;
            assert_eq!(killed.status.code(), None, "{time}");
            next.expect_stderr("transship resume");
            world.resume(&undos(&world)[0]).expect_exit(0).expect_source(["a", "b"]);
            undo(&world).expect_exit(0).expect_source(["a", "b"]);
        } else {
            next.expect_exit(0).expect_source(["a", "b"]);
        }
    }
    assert!(refused > 0, "none was killed while it was not known what it had made");
}

#[test]
fn an_undo_of_the_folder_one_is_in_lies_beside_it() {
    let world = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    std::fs::create_dir(world.path("runs/run-1/notes")).unwrap();
    world.command(&["undo", "runs/run-1/notes/..", "--yes"]).expect_exit(0).expect_target([]);
    let folders = |path: &str| {
        let entries = std::fs::read_dir(world.path(path)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.join("journal.jsonl").exists()).count()
    };
    assert_eq!((folders("runs"), folders("runs/run-1")), (2, 0));
}

#[test]
fn a_create_that_ended_as_a_conflict_is_named() {
    let world = Scenario::migrate(["a", "b"]).start();
    let unlike =
        Effect::ChangeField { pointer: "/description".into(), value: json!("other"), silently: false };
    world.fault(Fault::on_create(unlike).named("b"));
    world.fault(Fault::cut_after_write("b"));
    world.run().expect_exit(3).expect_cell("b", "outcome", "conflict");
    undo(&world).expect_exit(3).expect_target(["b"]).expect_stderr("it is not known what this run did to it");
}

#[test]
fn an_update_that_was_normalised_without_an_answer_is_known_and_undone() {
    let world = Scenario::update([])
        .source(&import("a").set("/description", json!("old")))
        .source(&import("b").set("/description", json!("old")))
        .job("transform", r#"[{ set: { /description: "  Some   text " } }]"#)
        .start();
    let normal =
        Effect::ChangeField { pointer: "/description".into(), value: json!("some text"), silently: false };
    world.fault(Fault::on("PUT", "/v1/imports/*", normal).named("a"));
    world.fault(Fault::on("PUT", "/v1/imports/*", Effect::CutAfter).named("a").first(1));
    world.run().expect_exit(3).expect_audit("a", "updated", "differs").expect_audit("b", "updated", "equal");
    world.no_faults();
    undo(&world).expect_exit(0).expect_in_source("a", "/description", json!("old"));
}

/// A run that is killed before it has recorded the answer to its only write, resumed after somebody added a field to what it
/// wrote, and undone.
fn edited_before_it_was_seen(scenario: Scenario, account: &str) -> (Ran, std::rc::Rc<World>) {
    let world = scenario.env("TRANSSHIP_CRASH", "call.after_answer:1").start();
    let ran = world.run().expect_killed();
    world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
    world.edit(account, "New a", "/note", json!("by hand"));
    world.resume(ran.folder()).expect_exit(0);
    (undo(&world), world)
}

#[test]
fn what_somebody_added_before_the_run_saw_what_it_had_written_stays() {
    let renamed = |scenario: Scenario| {
        scenario
            .job("transform", r#"[{ rename: { find: "^", replace: "New " } }]"#)
            .env("TRANSSHIP_SETTLE", "0.1")
    };
    let (undone, world) = edited_before_it_was_seen(renamed(Scenario::update(["a"])), "source");
    undone.expect_exit(3).expect_stderr("holds what the run did not send (/note)");
    assert_eq!(world.import("source", "New a")["note"], "by hand");
    let (undone, world) = edited_before_it_was_seen(renamed(Scenario::migrate(["a"])), "target");
    undone
        .expect_exit(3)
        .expect_stderr("the run never saw what it had written, and it was modified since it was made");
    assert_eq!(world.import("target", "New a")["note"], "by hand");
}

#[test]
fn what_the_service_fills_in_by_itself_is_no_edit_of_what_the_run_did_not_see() {
    let filled = Effect::ChangeField { pointer: "/tier".into(), value: json!("x"), silently: false };
    let world = Scenario::update(["a", "b", "c"])
        .job("transform", "[{ set: { /description: new } }]")
        .env("TRANSSHIP_SETTLE", "0.1")
        .fault(Fault::on("PUT", "/v1/imports/*", filled))
        .fault(Fault::on("PUT", "/v1/imports/*", Effect::CutAfter).named("a").first(1))
        .start();
    let ran = world.run().expect_exit(0).expect_count("updated", 3);
    assert!(ran.file("journal.jsonl").contains("\"adopted\":true"));
    assert_eq!(world.import("source", "a")["tier"], "x");
    world.no_faults();
    undo(&world).expect_exit(0);
    assert_eq!(world.import("source", "a").get("description"), None);
}

#[test]
fn many_updates_are_undone_by_reading_pages() {
    let world = Scenario::update([]).many(200).job("transform", "[{ set: { /description: new } }]").start();
    world.run().expect_exit(0);
    let ran = undo(&world).expect_exit(0);
    let calls = world.control().count("GET", "/v1/imports");
    assert!(calls < 30, "{calls}");
    ran.expect_calls("GET", "/v1/imports/{id}", 200).expect_calls("PUT", "/v1/imports/{id}", 200);
}

#[test]
fn a_read_that_is_behind_the_write_is_read_again() {
    let world = Scenario::migrate([])
        .source(&import("a").set("/description", json!("new")))
        .env("TRANSSHIP_SETTLE", "5")
        .start();
    let stale = |find: &str, with: &str| {
        let effect = Effect::ReplaceBytes { find: find.into(), with: with.into() };
        Fault::on("GET", "/v1/imports/*", effect).in_account("target").first(2)
    };
    world.fault(stale("\"description\":\"new\"", "\"description\":\"old\""));
    world.fault(stale("\"lastModified\":\"20", "\"lastModified\":\"19"));
    world.run().expect_exit(0).expect_all(1, "created", "equal");
    // What is the very version that was written differs at once.
    world.fault(stale("\"description\":\"new\"", "\"description\":\"old\""));
    world.load(
        "source",
        &[{
            let mut other = world.import("source", "a");
            other["name"] = json!("b");
            other
        }],
    );
    world.run().expect_exit(3).expect_audit("b", "created", "differs");
}

#[test]
fn an_import_that_cannot_be_read_back_is_not_checked_and_needs_attention() {
    for status in [403, 451, 500] {
        let world = Scenario::migrate(["b"]).start();
        world.fault(Fault::on("GET", "/v1/imports/*", Fault::status(status)).in_account("target"));
        world.run().expect_exit(3).expect_audit("b", "created", "not_checked");
    }
}

#[test]
fn retry_updates_what_it_made_whatever_the_service_made_of_its_name() {
    for name in ["Trimmed", "trimmed  ", "Trim"] {
        let world = Scenario::migrate(["b"]).source(&import("Trimmed  ")).start();
        let stored =
            Effect::ChangeField { pointer: "/name".into(), value: json!(name.trim_end()), silently: false };
        world.fault(Fault::on_create(stored.clone()).named("Trimmed*"));
        world.fault(Fault::on("PUT", "/v1/imports/*", stored).in_account("target"));
        let first = world.run().expect_exit(3);
        assert_eq!(world.imports("target").len(), 2);
        drop(first);
        for _ in 0..2 {
            world.command(&["retry", "runs/run-1"]);
            assert_eq!(world.imports("target").len(), 2, "{name}");
        }
    }
}

#[test]
fn retry_completes_a_clone_whose_put_was_refused_or_says_so() {
    let world = Scenario::cloning(["a"]).job("transform", "[{ set: { /description: new } }]").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::status(422)));
    world.run().expect_exit(3);
    world.command(&["retry", "runs/run-1"]).expect_exit(3);
    assert_eq!(world.imports("source").len(), 2);
    world.no_faults();
    world.command(&["retry", "runs/run-1"]).expect_exit(0);
    assert_eq!(world.imports("source").len(), 2);
    assert_eq!(world.import("source", "Clone - a")["description"], "new");
}

/// A copy of an import of the source as somebody else makes it in the target.
fn copy_of(world: &World, name: &str, id: char) -> serde_json::Value {
    let mut copy = world.as_in_target(name);
    copy["_id"] = json!(format!("5b5b5b5b00000000000000{id}{id}"));
    copy
}

#[test]
fn copies_that_are_equal_and_untouched_are_removed_by_who_agrees_and_the_others_are_named() {
    let world = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_after(400)).named("c"));
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 1);
    let mut copies = [copy_of(&world, "a", 'a'), copy_of(&world, "b", 'b'), copy_of(&world, "c", 'c')];
    copies[2]["description"] = json!("other");
    world.load("target", &copies);
    running.finish().expect_exit(3).expect("three copies", world.imports("target").len() == 6);
    copies[1]["lastModified"] = json!("2100-02-02T02:02:02.002Z");
    world.load("target", &copies[1..2]);
    world.set_env("TRANSSHIP_YES", "0");
    world.command(&["undo", "runs/run-1"]).expect_exit(2).expect_no_write().expect_stderr("nobody agreed");
    let ran = undo(&world).expect_exit(3).expect_target(["b", "c"]);
    assert_eq!(world.id("target", "b"), copies[1]["_id"]);
    assert_eq!(world.id("target", "c"), copies[2]["_id"]);
    ran.expect_stderr("it was changed since it was found").expect_stderr("unlike what the run made");
}

#[test]
fn copies_beside_an_interrupted_run_are_found_by_its_undo() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).named("b"));
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 1);
    running.signal("KILL").finish().expect_killed();
    world.no_faults();
    world.load("target", &[copy_of(&world, "a", 'a')]);
    undo(&world).expect_exit(0).expect_target([]);
}

#[test]
fn what_is_in_doubt_is_not_looked_up_in_another_environment() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_after(1_000)).named("b"));
    let running = world.spawn_run(&[]).until_journal("\"intended\"", 2);
    let since = std::time::Instant::now();
    let running = running.until("it is sent", || since.elapsed().as_millis() > 150);
    running.signal("KILL").finish().expect_killed();
    let token = world.token("target").to_owned();
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    for command in ["undo", "resume"] {
        let ran = world.command(&[command, "runs/run-1"]).expect_exit(2).expect_no_write();
        ran.expect_stderr("another environment");
    }
    world.set_env("TOKEN_TARGET", &token);
    undo(&world).expect_exit(0).expect_target([]);
}

#[test]
fn an_edit_of_what_the_job_ignores_is_an_edit_all_the_same() {
    let world = Scenario::migrate(["a", "b"]).job("ignore", "[/aiDescription]").start();
    world.run().expect_exit(0);
    let mut edited = world.import("target", "a");
    edited["aiDescription"] = json!({ "summary": "by hand" });
    edited["lastModified"] = json!("2100-02-02T02:02:02.002Z");
    world.load("target", &[edited]);
    undo(&world).expect_exit(3).expect_target(["a"]).expect_stderr("it was changed since the run");
}

#[test]
fn an_import_that_a_create_was_answered_with_and_that_stood_there_before_stays() {
    let world = Scenario::migrate(["a", "b"]).target(&import("bystander")).start();
    let bystander = world.import("target", "bystander");
    world.fault(Fault::on_create(Fault::says(201, bystander.clone())).named("a"));
    world.run().expect_exit(3).expect_cell("a", "outcome", "conflict");
    world.no_faults();
    undo(&world).expect_exit(3).expect_target(["bystander"]);
    assert_eq!(world.import("target", "bystander"), bystander);
}

/// Reads that are behind: they show an older version of an import, with an older `lastModified`.
fn behind(world: &World, fault: impl Fn(Effect) -> Fault) {
    let older = |find: &str, with: &str| Effect::ReplaceBytes { find: find.into(), with: with.into() };
    world.fault(fault(older("\"description\":\"new\"", "\"description\":\"old\"")));
    world.fault(fault(older("\"lastModified\":\"20", "\"lastModified\":\"19")));
}

#[test]
fn a_read_before_a_put_that_is_behind_the_plan_is_not_stale() {
    let world = Scenario::update([])
        .source(&import("a").set("/description", json!("new")))
        .job("transform", "[{ set: { /mockOutput: { a: 1 } } }]")
        .env("TRANSSHIP_SETTLE", "3")
        .start();
    behind(&world, |effect| Fault::on("GET", "/v1/imports/*", effect).first(1));
    world.run().expect_exit(0).expect_audit("a", "updated", "equal");
}

#[test]
fn many_updates_whose_list_is_behind_are_read_again_before_they_differ() {
    let world = Scenario::update([])
        .many(60)
        .job("transform", "[{ set: { /description: new } }]")
        .env("TRANSSHIP_SETTLE", "5")
        .start();
    for number in [2, 3] {
        behind(&world, |effect| Fault::on_list(effect).nth(number));
    }
    world.run().expect_exit(0).expect_all(60, "updated", "equal");
}

#[test]
fn retry_leaves_alone_what_it_made_and_somebody_changed_since() {
    let world = Scenario::migrate([]).source(&import("a").set("/description", json!("wanted"))).start();
    let other =
        Effect::ChangeField { pointer: "/description".into(), value: json!("other"), silently: false };
    world.fault(Fault::on_create(other));
    world.run().expect_exit(3).expect_audit("a", "created", "differs");
    world.no_faults();
    let mut theirs = world.import("target", "a");
    theirs["description"] = json!("theirs");
    theirs["lastModified"] = json!("2100-02-02T02:02:02.002Z");
    world.load("target", &[theirs]);
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_no_write();
    ran.expect_stderr("somebody changed it since").expect_in_target("a", "/description", json!("theirs"));
}

#[test]
fn a_run_that_was_undone_before_it_was_finished_is_intact() {
    let world = Scenario::migrate(["a", "b", "c"]).fault(Fault::on_create(Fault::status(401)).nth(3)).start();
    world.run().expect_exit(6);
    world.no_faults();
    world.command(&["verify", "runs/run-1"]).expect_exit(3);
    undo(&world).expect_exit(0);
    let ran = world.command(&["verify", "runs/run-1"]).expect_exit(3);
    assert!(!ran.stdout.contains("damaged"), "{}", ran.stdout);
}
