//! What comes back, where to, and what is left alone.

use serde_json::{Value, json};

use super::{Stored, backup, now};
use crate::support::scenario::{Fault, id_of, import};

/// What was harmed of an import, and what must not be: whose it is.
fn meaning(document: &Value) -> [Value; 4] {
    ["/_id", "/name", "/description", "/http/relativeURI"]
        .map(|pointer| document.pointer(pointer).cloned().unwrap_or_default())
}

#[test]
fn what_was_changed_is_put_back_and_what_was_deleted_comes_back_with_its_id() {
    let ran = backup(["a", "b", "c"]).run().expect_exit(0);
    let world = &ran.world;
    let before = ["a", "b", "c"].map(|name| world.import("source", name));
    let ids = ["a", "b", "c"].map(|name| world.id("source", name));
    world.edit("source", "a", "/description", json!("harm"));
    world.edit("source", "a", "/http/relativeURI/0", json!("/elsewhere"));
    world.remove("source", "b");
    now(world, "restore", &[]);
    let ran = world
        .run()
        .expect_exit(0)
        .expect_audit("a", "updated", "equal")
        .expect_audit("b", "restored", "equal")
        .expect_audit("c", "unchanged", "equal")
        .expect_cell("a", "changed_paths", "description")
        .expect_source(["a", "b", "c"]);
    let after = ["a", "b", "c"].map(|name| world.import("source", name));
    assert_eq!(before.each_ref().map(meaning), after.each_ref().map(meaning));
    assert_eq!(ids, ["a", "b", "c"].map(|name| world.id("source", name)), "with their ids");
    ran.again().expect_exit(0).expect_all(3, "unchanged", "equal").expect_no_write();
}

#[test]
fn what_a_careless_job_sets_in_every_import_is_put_back_and_what_nobody_knows_is_told() {
    let ran = backup(["a", "b"]).run();
    let world = &ran.world;
    for name in ["a", "b"] {
        world.edit("source", name, "/deleteAfterImport", json!(true));
        world.edit("source", name, "/http/sendPostMappedData", json!(false));
        world.edit("source", name, "/mappings", json!([{ "generate": "id", "extract": "$.id" }]));
    }
    now(world, "restore", &[]);
    world.run().expect_exit(0).expect_all(2, "updated", "equal");
    for import in world.imports("source") {
        assert!(import["deleteAfterImport"].is_null() && import["mappings"].is_null(), "{import}");
        assert_ne!(import["http"]["sendPostMappedData"], false, "{import}");
    }
    // A field that the program does not know may be the service's own.
    for name in ["a", "b"] {
        world.edit("source", name, "/http/tier", json!("gold"));
    }
    let ran = world.run().expect_exit(0).expect_all(2, "unchanged", "equal_with_defaults");
    ran.expect_stderr("/http/tier is the same in every HTTPImport of `source`");
}

#[test]
fn an_import_that_was_changed_and_then_deleted_comes_back_as_it_was_backed_up() {
    for (verify, verdict) in [("full", "equal"), ("response", "equal"), ("none", "not_checked")] {
        let ran = backup(["a"]).run();
        ran.world.edit("source", "a", "/description", json!("harm"));
        let id = ran.world.id("source", "a");
        ran.world.remove("source", "a");
        now(&ran.world, "restore", &[("verify", verify)]);
        let ran = ran.world.run().expect_exit(0).expect_audit("a", "restored", verdict);
        let back = ran.world.import("source", "a");
        assert_eq!((back.get("description"), back["_id"].as_str()), (None, Some(id.as_str())), "{verify}");
    }
}

#[test]
fn one_that_was_renamed_since_is_the_same_import_and_gets_its_name_back() {
    let ran = backup(["a", "b"]).run();
    ran.world.edit("source", "a", "/name", json!("a (old)"));
    now(&ran.world, "restore", &[]);
    let ran = ran.world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    ran.expect_source(["a", "b"]);
}

#[test]
fn what_the_recycle_bin_no_longer_holds_is_made_anew_and_said_so() {
    let ran = backup(["a"]).run();
    let world = &ran.world;
    let id = world.id("source", "a");
    world.remove("source", "a");
    let purged =
        world.call(reqwest::Method::DELETE, "source", &format!("/v1/recycleBinTTL/imports/{id}"), None);
    assert_eq!(purged.0, 204);
    now(world, "restore", &[]);
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    drop(
        plan.expect_stdout("the recycle bin no longer holds it: it is made anew, under a new id")
            .expect_stdout("no longer holds 1 item that the plan restores"),
    );
    let ran = world.run().expect_exit(0).expect_audit("a", "restored", "equal");
    let ran = ran.expect_cell("a", "warnings", &format!("made anew: the recycle bin no longer holds {id}"));
    assert!(!ran.row("a")["warnings"].contains("it is made anew"), "{:?}", ran.row("a"));
    // The plan asked the bin: nothing is asked of it once more, and the calls are those that were forecast.
    let ran = ran.expect_calls("POST", &format!("/v1/recycleBinTTL/imports/{id}/doCascadeRestore"), 0);
    let summary = ran.summary();
    assert_eq!(summary["forecast"]["calls"], summary["calls"], "{summary:#}");
}

#[test]
fn what_the_recycle_bin_holds_is_not_said_to_be_made_anew_and_what_it_does_not_tell_is_not_known() {
    let ran = backup(["a", "b"]).run();
    let world = &ran.world;
    for name in ["a", "b"] {
        world.remove("source", name);
    }
    now(world, "restore", &[]);
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    assert!(!plan.stdout.contains("anew"), "{}", plan.stdout);
    world.fault(Fault::on("GET", "/v1/recycleBinTTL/imports/*", Fault::status(403)).first(1));
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    drop(plan.expect_stdout("it is not known whether the recycle bin still holds"));
}

#[test]
fn an_undo_says_what_the_recycle_bin_no_longer_holds() {
    let world = crate::support::scenario::Scenario::delete(["a"]).job("select", "{ names: [a] }").start();
    let id = world.id("source", "a");
    world.run().expect_exit(0);
    world.call(reqwest::Method::DELETE, "source", &format!("/v1/recycleBinTTL/imports/{id}"), None);
    let undo = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
    drop(undo.expect_stderr("no longer holds 1 item that the plan restores: it is made anew"));
}

#[test]
fn what_somebody_brought_back_beside_one_that_was_made_anew_is_no_copy_that_undo_removes() {
    let ran = backup(["a"]).run();
    let world = &ran.world;
    let original = world.import("source", "a");
    let id = world.id("source", "a");
    world.remove("source", "a");
    world.call(reqwest::Method::DELETE, "source", &format!("/v1/recycleBinTTL/imports/{id}"), None);
    now(world, "restore", &[]);
    let ran = world.run().expect_exit(0).expect_audit("a", "restored", "equal");
    world.load("source", &[original]);
    let run = ran.folder().to_str().unwrap().to_owned();
    let undone = world.command(&["undo", &run, "--yes"]).expect_exit(3).expect_source(["a"]);
    assert_eq!(world.id("source", "a"), id);
    undone.expect_stderr("it is the import that was backed up");
}

#[test]
fn a_restore_into_another_account_finds_its_connections_by_name() {
    let ran = backup(["a", "b"]).target(&import("b").set("/description", json!("theirs"))).run();
    now(&ran.world, "restore", &[("target", "target"), ("on_existing", "skip")]);
    ran.world
        .run()
        .expect_exit(0)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "skipped", "not_checked")
        .expect_in_target("a", "/_connectionId", id_of("target", "connections", "Shop"));
}

#[test]
fn it_works_when_the_account_of_the_backup_is_gone() {
    let ran = backup(["a"]).run();
    now(&ran.world, "restore", &[("target", "target")]);
    let text = ran.world.read("job.yaml");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("  source: ")).collect();
    let without = lines.join("\n") + "\n";
    std::fs::write(ran.world.path("job.yaml"), without).unwrap();
    ran.world.run().expect_exit(0).expect_target(["a"]);
}

#[test]
fn what_is_restored_is_transformed_and_selected_like_anything_else() {
    let ran = backup(["a", "b"]).run();
    let transform = "[{ rename: { find: \"^\", replace: \"EU \" } }]";
    let keys = [("target", "target"), ("select", "{ names: [a] }"), ("transform", transform)];
    now(&ran.world, "restore", &keys);
    ran.world.run().expect_exit(0).expect_target(["EU a"]);
}

#[test]
fn an_undo_takes_a_restore_back_except_where_somebody_edited_since() {
    let ran = backup(["a", "b", "c"]).run();
    let world = &ran.world;
    world.edit("source", "a", "/description", json!("newer"));
    world.edit("source", "b", "/description", json!("newer"));
    world.remove("source", "c");
    now(world, "restore", &[]);
    let ran = world.run().expect_exit(0);
    world.edit("source", "b", "/description", json!("newest"));
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder, "--yes"]).expect_exit(3);
    assert_eq!(world.import("source", "a")["description"], "newer");
    assert_eq!(world.import("source", "b")["description"], "newest");
    ran.expect_source(["a", "b"]);
}

#[test]
fn an_older_snapshot_is_restored_by_the_start_of_its_name() {
    let ran = backup(["a"]).run();
    ran.world.edit("source", "a", "/description", json!("second night"));
    let ran = ran.again().expect_exit(0);
    let first = Stored::of(&ran.world).snapshots()[0].id.to_string();
    now(&ran.world, "restore", &[("archive", &format!("{{ path: archive, snapshot: {first} }}"))]);
    let ran = ran.world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    assert_eq!(ran.world.import("source", "a").get("description"), None);
    now(&ran.world, "restore", &[("archive", "{ path: archive, snapshot: 19990101T }")]);
    ran.world.run().expect_exit(2).expect_stderr("there is no snapshot 19990101T");
    now(&ran.world, "restore", &[("source", "target")]);
    ran.world.run().expect_exit(2).expect_stderr("holds no backup of account `target`; it holds source");
}

#[test]
fn a_damaged_document_is_never_written_and_does_not_take_the_others_with_it() {
    let ran = backup(["a", "b"]).run();
    let stored = Stored::of(&ran.world);
    let snapshot = stored.snapshots().pop().unwrap();
    let entry = stored.entries(&snapshot).into_iter().find(|entry| entry.name == "a").unwrap();
    let blob = entry.blob.to_string();
    let path = ran.world.path(&format!("archive/blobs/{}/{blob}.zst", &blob[..2]));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    now(&ran.world, "compare", &[]);
    ran.world
        .run()
        .expect_exit(3)
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "damaged")
        .expect_audit("b", "unchanged", "equal");
    now(&ran.world, "restore", &[("target", "target")]);
    ran.world
        .run()
        .expect_exit(3)
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "damaged")
        .expect_audit("b", "created", "equal")
        .expect_target(["b"]);
}

#[test]
fn where_the_latest_snapshot_cannot_be_read_an_older_one_is_restored_only_if_it_is_named() {
    let ran = backup(["a"]).run().expect_exit(0);
    ran.world.edit("source", "a", "/description", json!("new"));
    let ran = ran.again().expect_exit(0);
    let ids: Vec<_> = Stored::of(&ran.world).snapshots().into_iter().map(|one| one.id).collect();
    let [first, latest] = &ids[..] else { panic!("{ids:?}") };
    let world = &ran.world;
    let manifest = |id| world.path(&format!("archive/snapshots/{id}.jsonl.zst"));
    std::fs::write(manifest(latest), "harm").unwrap();
    for action in ["restore", "compare"] {
        now(world, action, &[("target", "source")]);
        world
            .run()
            .expect_exit(2)
            .expect_no_write()
            .expect_stderr(&format!("the latest snapshot of account `source`, {latest}, cannot be read"))
            .expect_stderr(&format!("set `archive.snapshot` to {first}"));
    }
    now(world, "restore", &[("archive", &format!("{{ path: archive, snapshot: {first} }}"))]);
    world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    assert_eq!(world.import("source", "a").get("description"), None);
    std::fs::remove_file(manifest(first)).unwrap();
    now(world, "restore", &[]);
    world
        .run()
        .expect_exit(2)
        .expect_stderr("holds no whole backup of account `source`")
        .expect_stderr("cannot be read");
}

#[test]
fn a_masked_secret_is_no_difference_and_never_written() {
    let masked = import("m").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let ran = backup(["a"]).source(&masked).run().expect_exit(0);
    now(&ran.world, "restore", &[]);
    let ran = ran.world.run().expect_exit(0).expect_all(2, "unchanged", "equal").expect_no_write();
    assert!(!ran.stderr.contains("to enter"), "nothing is written, so nothing is lost: {}", ran.stderr);
}

#[test]
fn an_import_without_a_name_is_compared_with_its_backup_by_its_id() {
    for name in ["", "   "] {
        let world = backup(["a", "b"]).start();
        world.edit("source", "b", "/name", json!(name));
        world.run().expect_exit(0);
        now(&world, "compare", &[]);
        drop(world.run().expect_exit(0).expect_audit(name, "unchanged", "equal"));
        world.edit("source", name, "/description", json!("harm"));
        drop(world.run().expect_exit(3).expect_count("skipped", 1));
    }
}

#[test]
fn an_account_is_compared_with_its_backup() {
    let ran = backup(["a", "b", "c"]).run();
    now(&ran.world, "compare", &[]);
    let ran = ran.world.run().expect_exit(0).expect_no_write();
    ran.world.edit("source", "a", "/description", json!("harm"));
    ran.world.remove("source", "b");
    let ran = ran.again().expect_exit(3).expect_no_write();
    let unlike = ran.summary()["unlike"].clone();
    assert_eq!(unlike, json!({ "differs": 1, "only_in_target": 1 }));
}

#[test]
fn an_import_that_was_renamed_since_its_backup_is_one_import_that_differs() {
    let ran = backup(["a", "b"]).run();
    now(&ran.world, "compare", &[]);
    ran.world.edit("source", "a", "/name", json!("renamed"));
    let ran = ran.world.run().expect_exit(3).expect_no_write();
    assert_eq!(ran.summary()["unlike"], json!({ "differs": 1 }));
    ran.expect_cell("renamed", "error_message", "the two differ at /name");
}

#[test]
fn a_script_that_the_other_account_lacks_is_made_from_the_backup() {
    let script = json!({ "name": "Check", "content": "function f() { return 1 }" });
    let hooked =
        import("hooked").set("/hooks/preMap", json!({ "function": "f", "_scriptId": "@scripts/Check" }));
    let ran = backup([]).resource("source", "scripts", script).source(&hooked).run().expect_exit(0);
    let keys = [("target", "target"), ("references", "{ by: name, create: [scripts] }")];
    now(&ran.world, "restore", &keys);
    let ran =
        ran.world.run().expect_exit(0).expect_target(["hooked"]).expect_audit("Check", "created", "equal");
    let id = ran.world.import("target", "hooked")["hooks"]["preMap"]["_scriptId"].clone();
    let (_, made) = ran.world.call(
        reqwest::Method::GET,
        "target",
        &format!("/v1/scripts/{}", id.as_str().unwrap()),
        None,
    );
    assert_eq!(made["content"], "function f() { return 1 }");
}

#[test]
fn the_latest_snapshot_of_an_account_is_its_own_though_another_was_backed_up_since() {
    let ran = backup(["a", "b"]).target(&import("theirs")).run().expect_exit(0);
    now(&ran.world, "backup", &[("source", "target")]);
    ran.world.run().expect_exit(0).expect_all(1, "archived", "equal");
    let snapshots = Stored::of(&ran.world).snapshots();
    // The start of an id means one of the account as well: both begin with this year.
    let year = snapshots[0].id.to_string()[..4].to_owned();
    for named in ["latest", &year] {
        now(&ran.world, "restore", &[("archive", &format!("{{ path: archive, snapshot: \"{named}\" }}"))]);
        ran.world.run().expect_exit(0).expect_all(2, "unchanged", "equal");
    }
    // One that is named in full is that one, whosever it is.
    let theirs = format!("{{ path: archive, snapshot: \"{}\" }}", snapshots[1].id);
    now(&ran.world, "restore", &[("archive", &theirs)]);
    ran.world.run_with(&["--dry-run"]).expect_stderr("theirs");
}

#[test]
fn a_restore_into_an_account_that_has_only_other_imports_waits_for_somebody_to_say_that_it_is_the_one() {
    let ran = backup(["a", "b"]).run().expect_exit(0);
    let world = &ran.world;
    let ids = ["a", "b"].map(|name| world.id("source", name));
    ["a", "b"].iter().for_each(|name| world.remove("source", name));
    world.load("source", &[import("other").in_account("source", 77)]);
    now(world, "restore", &[]);
    // While the recycle bin has one, it is the account.
    let strange = "holds imports, but none of those of the backup";
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    assert!(!plan.stdout.contains(strange), "{}", plan.stdout);
    for id in ids {
        let purged = format!("/v1/recycleBinTTL/imports/{id}");
        assert_eq!(world.call(reqwest::Method::DELETE, "source", &purged, None).0, 204);
    }
    world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout(strange);
    world.run().expect_exit(2).expect_stderr("its token were that of another environment").expect_no_write();
    world.run_with(&["--empty-target"]).expect_exit(0).expect_source(["a", "b", "other"]);
    // What was made anew is known by what it holds.
    world.remove("source", "a");
    world.run().expect_exit(0).expect_source(["a", "b", "other"]);
}

#[test]
fn a_restore_of_all_that_is_gone_is_shown_and_waits_for_somebody_to_say_so() {
    let ran = backup(["a", "b"]).run().expect_exit(0);
    let world = &ran.world;
    let ids = ["a", "b"].map(|name| world.id("source", name));
    ["a", "b"].iter().for_each(|name| world.remove("source", name));
    let purged = format!("/v1/recycleBinTTL/imports/{}", ids[0]);
    assert_eq!(world.call(reqwest::Method::DELETE, "source", &purged, None).0, 204);
    let step = |id: &str| json!([{ "type": "import", "_importId": id }]);
    let routed = json!([{ "branches": [{ "pageProcessors": step(&ids[0]) }] }]);
    let flows = [
        json!({ "_id": "5f0000000000000000000001", "name": "Orders", "pageProcessors": step(&ids[0]) }),
        json!({ "_id": "5f0000000000000000000002", "name": "Routed", "routers": routed }),
        json!({ "_id": "5f0000000000000000000003", "name": "Others", "pageProcessors": step(&ids[1]) }),
    ];
    world.load_list("source", "flows", &flows);
    // One that knows of no instances names the others all the same, each once.
    world.fault(Fault::on("GET", "/v1/flows", Fault::status(400)).with_query("*includeInstances=true*"));
    now(world, "restore", &[]);
    let gone = "lists no imports, but its flows use some";
    world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout(gone).expect_stdout("restore");
    world.run().expect_exit(2).expect_stderr("--empty-target").expect_no_write();
    // Nothing else goes on with such a list.
    now(world, "backup", &[]);
    world.run().expect_exit(1).expect_stderr(gone).expect_no_write();
    world
        .run_with(&["--empty-target"])
        .expect_exit(2)
        .expect_stderr("is for a restore, and the action of this job is backup");
    now(world, "restore", &[]);
    let ran = world
        .run_with(&["--empty-target"])
        .expect_exit(0)
        .expect_audit("a", "restored", "equal")
        .expect_audit("b", "restored", "equal")
        .expect_source(["a", "b"])
        .expect_stderr("still name an import by its old id")
        .expect_cell("a", "warnings", "flow \"Orders\" (5f0000000000000000000001) still names the old id")
        .expect_cell("a", "warnings", "flow \"Routed\"");
    assert!(!ran.row("b")["warnings"].contains("flow"), "it came back with its id");
    assert_eq!(ran.summary()["old_ids_in_use"].as_array().unwrap().len(), 2);
}

/// Two imports of one name, of which one is still there: the other is made anew, and what names its old id is named.
#[test]
fn what_uses_one_of_two_imports_of_a_name_is_named_where_that_one_is_made_anew() {
    let ran = backup(["a", "a"]).run().expect_exit(0);
    let world = &ran.world;
    let ids: Vec<String> =
        world.imports("source").iter().map(|import| import["_id"].as_str().unwrap().to_owned()).collect();
    for list in ["imports", "recycleBinTTL/imports"] {
        let path = format!("/v1/{list}/{}", ids[0]);
        assert_eq!(world.call(reqwest::Method::DELETE, "source", &path, None).0, 204);
    }
    let flow = json!({ "_id": "5f0000000000000000000001", "name": "Orders",
        "pageProcessors": [{ "type": "import", "_importId": ids[0] }] });
    world.load_list("source", "flows", &[flow]);
    now(world, "restore", &[]);
    let ran = world.run().expect_exit(0);
    assert_eq!(ran.summary()["old_ids_in_use"].as_array().map(Vec::len), Some(1), "{}", ran.stderr);
}

#[test]
fn plan_closing_summary_and_report_name_the_snapshot_that_is_read() {
    let ran = backup(["a"]).run().expect_exit(0);
    let id = Stored::of(&ran.world).snapshots()[0].id.to_string();
    now(&ran.world, "restore", &[]);
    let told = format!("{id} of account source, taken 20");
    ran.world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout(&format!("Snapshot  {told}"));
    let ran = ran.world.run().expect_exit(0).expect_stderr(&format!("Read from snapshot {told}"));
    assert_eq!(ran.summary()["snapshots"][0]["id"], json!(id));
    assert!(ran.file("report.html").contains(&format!("Read from snapshot {told}")));
}

#[test]
fn what_an_integration_app_owns_goes_back_to_its_own_account_only() {
    let owned = import("owned").set("/_connectorId", json!("5a00000000000000000000aa"));
    let ran = backup([]).source(&owned).run().expect_exit(0);
    ran.world.edit("source", "owned", "/description", json!("harm"));
    now(&ran.world, "restore", &[]);
    let ran = ran.world.run().expect_exit(0).expect_audit("owned", "updated", "equal");
    now(&ran.world, "restore", &[("target", "target")]);
    ran.world.run().expect_exit(0).expect_audit("owned", "skipped", "not_checked").expect_target([]);
}

#[test]
fn a_script_that_was_deleted_with_its_import_is_made_anew_where_the_job_creates_scripts() {
    let hook = json!({ "preMap": { "function": "f", "_scriptId": "@scripts/Check" } });
    for in_the_bin in [true, false] {
        let ran = backup(["c"])
            .resource("source", "scripts", json!({ "name": "Check", "content": "function f() {}" }))
            .source(&import("a").set("/hooks", hook.clone()))
            .run()
            .expect_exit(0);
        let world = &ran.world;
        let id = world.id("source", "a");
        world.remove("source", "a");
        let script = format!("/v1/scripts/{}", id_of("source", "scripts", "Check"));
        assert_eq!(world.call(reqwest::Method::DELETE, "source", &script, None).0, 204);
        if !in_the_bin {
            world.call(reqwest::Method::DELETE, "source", &format!("/v1/recycleBinTTL/imports/{id}"), None);
        }
        now(world, "restore", &[("references", "{ create: [scripts] }")]);
        let ran = world
            .run()
            .expect_exit(0)
            .expect_audit("Check", "created", "equal")
            .expect_audit("a", "restored", "equal")
            .expect_source(["a", "c"]);
        let made = world.resources("source", "scripts")[0]["_id"].clone();
        assert_eq!(world.import("source", "a")["hooks"]["preMap"]["_scriptId"], made, "{in_the_bin}");
        ran.again().expect_exit(0).expect_no_write();
    }
}

#[test]
fn an_import_that_never_had_a_name_is_restored_as_it_was_and_over_no_other() {
    for name in [json!(""), json!(" "), Value::Null] {
        let world = backup(["a"]).service(|service| service.recycle_days = -1).start();
        let mut nameless = world.import("source", "a");
        let id = nameless["_id"].clone();
        nameless["name"] = name.clone();
        world.load("source", &[nameless.clone()]);
        let ran = world.run().expect_exit(0);
        now(&ran.world, "restore", &[]);
        let ran = ran.world.run().expect_exit(0).expect_all(1, "unchanged", "equal").expect_no_write();
        // Gone for good, with somebody else's beside it.
        let path = format!("/v1/imports/{}", id.as_str().unwrap());
        world.call(reqwest::Method::DELETE, "source", &path, None);
        let mut theirs = nameless.clone();
        theirs["_id"] = json!("0123456789abcdef01234567");
        theirs["description"] = json!("theirs");
        world.load("source", &[theirs]);
        // The emulator makes none without a name.
        let ran = ran.world.run_with(&["--empty-target"]);
        let ran = ran.expect_exit(3).expect_all(1, "failed", "not_checked");
        let all = ran.world.imports("source");
        assert_eq!((all.len(), &all[0]["description"]), (1, &json!("theirs")), "{name}");
        // As an earlier restore left it, under another id.
        nameless["_id"] = json!("0123456789abcdef01234568");
        world.load("source", &[nameless]);
        ran.world.run().expect_exit(0).expect_all(1, "unchanged", "equal").expect_no_write();
    }
}
