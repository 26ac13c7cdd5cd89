//! What a night stores, and what it refuses to call a backup.

use serde_json::{Value, json};

use super::{Stored, backup, now};
use crate::support::scenario::{Fault, id_of, import};

#[test]
fn every_import_is_archived_as_it_is_read_back_and_said_so() {
    let ran = backup(["a", "b", "c"]).run();
    let stored = Stored::of(&ran.world);
    let snapshot = stored.snapshots().pop().unwrap();
    assert_eq!(snapshot.counts["imports"], 3);
    for (name, text) in stored.newest("imports") {
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), ran.world.import("source", &name));
    }
    let id = snapshot.id.to_string();
    ran.expect_exit(0)
        .expect_all(3, "archived", "equal")
        .expect_cell("a", "target_id", &id)
        .expect_cell("a", "target_account", "archive")
        .expect_stderr("backup of source: good: 3 of 3 imports archived")
        .expect_no_write();
}

#[test]
fn the_text_is_kept_byte_for_byte_as_the_service_sent_it() {
    let odd = import("odd").set(
        "/settings",
        json!({ "big": 1.0, "tiny": 1e-7, "none": null, "text": "\u{1F4E6} \\ \" / \u{7f}" }),
    );
    let ran = backup([]).source(&odd).run();
    let (_, sent) = ran.world.call(reqwest::Method::GET, "source", "/v1/imports?limit=10", None);
    assert_eq!(Stored::of(&ran.world).newest("imports")[0].1, sent[0].to_string());
}

#[test]
fn a_night_on_which_one_import_changed_stores_one_document_and_one_manifest() {
    let ran = backup([]).job("archive", "{ path: archive }").many(30).run().expect_exit(0);
    ran.world.edit("source", "Import 00007", "/description", json!("new"));
    let ran = ran.again().expect_exit(0);
    let snapshots = Stored::of(&ran.world).snapshots();
    assert_eq!((snapshots[0].new_blobs, snapshots[1].new_blobs), (31, 1));
    let ran = ran.again();
    assert_eq!(Stored::of(&ran.world).snapshots()[2].new_blobs, 0);
}

#[test]
fn what_imports_refer_to_is_kept_beside_them_and_no_secret_of_a_connection() {
    let script = json!({ "name": "S", "content": "function preMap() { return 1 }" });
    let flow = |name: &str, import: &str| {
        let id = id_of("source", "imports", &format!("{import} 1"));
        json!({ "name": name, "pageProcessors": [{ "type": "import", "_importId": id }] })
    };
    let secret = json!({ "name": "Shop 2", "type": "http",
        "http": { "baseURI": "https://user:geheim@example.com", "unencrypted": { "key": "geheim" } } });
    let ran = backup(["a"])
        .resource("source", "scripts", script)
        .resource("source", "connections", secret)
        .resource("source", "filedefinitions", json!({ "name": "F", "version": "1" }))
        .resource("source", "flows", flow("uses it", "a"))
        .resource("source", "flows", flow("does not", "z"))
        .run()
        .expect_exit(0);
    let stored = Stored::of(&ran.world);
    assert!(stored.newest("scripts")[0].1.contains("function preMap"), "with its code");
    let names = |kind| stored.newest(kind).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("connections"), ["Shop", "Shop 2"]);
    assert_eq!((names("filedefinitions"), names("flows")), (vec!["F".into()], vec!["uses it".into()]));
    assert!(stored.newest("connections").iter().all(|(_, text)| !text.contains("geheim")));
    // A script that did not change is not read again.
    ran.again().expect_calls("GET", "/v1/scripts", 1).expect_calls("GET", "/v1/scripts/*", 0).expect_exit(0);
}

#[test]
fn a_list_that_the_token_may_not_read_is_named_and_the_imports_are_kept_all_the_same() {
    let refused = Fault::on("GET", "/v1/scripts", Fault::says(403, json!({ "message": "Forbidden" })));
    let ran = backup(["a"]).fault(refused).run().expect_exit(0).expect_all(1, "archived", "equal");
    ran.expect_stderr("the list of scripts could not be read to its end and is not in the backup: ");
}

#[test]
fn what_cannot_be_read_tonight_is_named_and_the_night_that_has_it_is_kept() {
    let refused = |id: &str, status| {
        Fault::on("GET", &format!("/v1/scripts/{id}"), Fault::says(status, json!({ "message": "Forbidden" })))
    };
    for (status, missing, note) in [
        (403, ("scripts", "two"), "script `two` ("),
        (404, ("scripts", "two"), "it is listed but not there"),
        (204, ("connections", "Shop"), "the list of connections is empty, although imports refer to some"),
    ] {
        let script = |name: &str| json!({ "name": name, "content": format!("code of {name}") });
        let world = backup(["a"])
            .resource("source", "scripts", script("one"))
            .resource("source", "scripts", script("two"))
            .resource("source", "scripts", script("zwei"))
            .job("archive", "{ path: archive, keep: { last: 1 } }")
            .start();
        let names = || {
            let stored = Stored::of(&world);
            let of = |kind: &'static str| stored.newest(kind).into_iter().map(move |(name, _)| (kind, name));
            of("connections").chain(of("scripts")).collect::<Vec<_>>()
        };
        world.run().expect_exit(0);
        let whole = names();
        let mut two = String::new();
        // What did not change is not read again.
        for mut script in world.resources("source", "scripts") {
            let id = script["_id"].as_str().unwrap().to_owned();
            script["content"] = json!("new");
            let (put, _) =
                world.call(reqwest::Method::PUT, "source", &format!("/v1/scripts/{id}"), Some(&script));
            assert_eq!(put, 200);
            two = if script["name"] == "two" { id } else { two };
        }
        let list = Fault::on("GET", "/v1/connections", Fault::status(204));
        world.fault(if status == 204 { list } else { refused(&two, status) });
        world.run().expect_exit(0).expect_stderr(note);
        assert_eq!(Stored::of(&world).snapshots().len(), 2, "{note}");
        let lacking = names();
        assert!(lacking.iter().all(|(kind, name)| (*kind, name.as_str()) != missing), "{lacking:?}");
        assert!(
            lacking.iter().any(|(kind, name)| (*kind, name.as_str()) == ("scripts", "zwei")),
            "{lacking:?}"
        );
        world.no_faults();
        world.run().expect_exit(0);
        assert_eq!((names(), Stored::of(&world).snapshots().len()), (whole, 1));
    }
}

#[test]
fn an_account_that_suddenly_shows_far_fewer_imports_fails_loudly_and_keeps_the_old_snapshots() {
    let ran = backup([]).many(10).run().expect_exit(0);
    for number in 1..=3 {
        ran.world.remove("source", &format!("Import {number:05}"));
    }
    let ran = ran
        .again()
        .expect_exit(1)
        .expect_stderr("account `source` lists 7 imports, and of the 10 in its last backup 3 are gone: 30 %")
        .expect_stderr("back up once with a larger `shrink`");
    assert_eq!(Stored::of(&ran.world).snapshots().len(), 1);
    now(&ran.world, "backup", &[("archive", "{ path: archive, shrink: 30% }")]);
    ran.world.run().expect_exit(0);
    assert_eq!(Stored::of(&ran.world).snapshots().len(), 2);
}

#[test]
fn an_account_that_shows_as_many_imports_and_none_of_last_night_is_taken_for_another() {
    let ran = backup([]).many(10).run().expect_exit(0);
    let mut others = ran.world.imports("source");
    for (number, import) in others.iter_mut().enumerate() {
        import["_id"] = format!("{number:024x}").into();
    }
    ran.world.reset_imports("source", &others);
    let ran = ran
        .again()
        .expect_exit(1)
        .expect_stderr(
            "account `source` lists 10 imports, and of the 10 in its last backup 10 are gone: 100 %",
        )
        .expect_stderr("whether the token is that of another one");
    assert_eq!(Stored::of(&ran.world).snapshots().len(), 1);
    now(&ran.world, "backup", &[("archive", "{ path: archive, shrink: 100% }")]);
    ran.world.run().expect_exit(0);
}

#[test]
fn a_selection_of_few_is_no_account_that_shrank() {
    let ran = backup([]).many(10).run().expect_exit(0);
    now(&ran.world, "backup", &[("select", "{ names: [\"Import 00001\"] }")]);
    ran.world.run().expect_exit(0).expect_count("archived", 1);
    let ran = ran.world.run().expect_exit(0);
    assert_eq!(Stored::of(&ran.world).snapshots()[2].selection.as_deref(), Some("names: Import 00001"));
}

#[test]
fn a_list_that_cannot_be_trusted_or_read_makes_no_snapshot() {
    let ran = backup(["a", "b"]).fault(Fault::on_list(Fault::status(500))).run().expect_exit(1);
    assert!(!ran.world.path("archive/snapshots").exists());
    ran.world.no_faults();
    ran.world.run().expect_exit(0);
}

#[test]
fn a_plan_of_a_backup_makes_no_archive_and_says_what_would_be_kept() {
    let ran = backup(["a", "b"]).command(["plan", "JOB"]);
    assert!(!ran.world.path("archive").exists());
    ran.expect_exit(0).expect_stdout("archive        2").expect_no_write();
}

#[test]
fn what_keep_does_not_keep_is_pruned_when_the_backup_is_good_and_only_of_its_own_account() {
    let ran = backup(["a"]).target(&import("t")).job("archive", "{ path: archive, keep: { last: 2 } }").run();
    now(&ran.world, "backup", &[("source", "target")]);
    ran.world.run().expect_exit(0);
    now(&ran.world, "backup", &[]);
    for _ in 0..3 {
        ran.world.run().expect_exit(0);
    }
    let accounts: Vec<_> =
        Stored::of(&ran.world).snapshots().into_iter().map(|snapshot| snapshot.account.name).collect();
    let count = |name: &str| accounts.iter().filter(|account| *account == name).count();
    assert_eq!((count("source"), count("target")), (2, 1));
}

#[test]
fn several_accounts_are_backed_up_at_once_and_one_that_fails_does_not_stop_the_others() {
    let ran = backup(["a", "b"]).target(&import("t")).start();
    now(&ran, "backup", &[("source", "~"), ("sources", "[source, target]")]);
    let text = ran.read("job.yaml").replace("source: ~\n", "");
    std::fs::write(ran.path("job.yaml"), text).unwrap();
    ran.command(&["run", "JOB"])
        .expect_exit(0)
        .expect_stderr("backup of source: good: 2 of 2")
        .expect_stderr("backup of target: good: 1 of 1")
        .expect_stderr("scenario: good: 2 of 2 accounts backed up");
    ran.fault(Fault::on_list(Fault::status(500)).in_account("target"));
    ran.command(&["run", "JOB"])
        .expect_exit(1)
        .expect_stderr("backup of target: NOT good")
        .expect_stderr("scenario: NOT good: 1 of 2 accounts backed up");
    let accounts: Vec<_> =
        Stored::of(&ran).snapshots().into_iter().map(|snapshot| snapshot.account.name).collect();
    assert_eq!(accounts.iter().filter(|name| *name == "source").count(), 2);
}

#[test]
fn an_encrypted_archive_holds_nothing_in_the_clear_and_opens_with_its_passphrase_only() {
    let archive = "{ path: archive, encryption: { passphrase: { env: PHRASE } } }";
    let secret = import("a").set("/description", json!("in the clear"));
    let ran = backup([]).source(&secret).job("archive", archive).env("PHRASE", "correct horse").run();
    for file in walk(&ran.world.path("archive")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(12).any(|part| part == b"in the clear"), "{}", file.display());
    }
    let folder = ran.folder().to_owned();
    for file in walk(&folder) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("correct horse") && !text.contains("in the clear"), "{}", file.display());
    }
    let ran = ran.expect_exit(0);
    now(&ran.world, "restore", &[("target", "source"), ("archive", archive)]);
    ran.world.run().expect_exit(0).expect_all(1, "unchanged", "equal");
    let wrong = archive.replace("PHRASE", "TOKEN_SOURCE");
    now(&ran.world, "restore", &[("target", "source"), ("archive", &wrong)]);
    ran.world.run().expect_exit(2).expect_stderr("the passphrase is wrong").expect_no_write();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_job_of_several_accounts_is_planned_and_checked_for_each() {
    let world = backup(["a", "b"]).target(&import("t")).start();
    let text = world.read("job.yaml").replace("source: source\n", "sources: [source, target]\n");
    std::fs::write(world.path("job.yaml"), text).unwrap();
    world
        .command(&["plan", "JOB"])
        .expect_exit(0)
        .expect_stdout("archive        2")
        .expect_stdout("archive        1");
    world
        .command(&["check", "JOB", "--online"])
        .expect_exit(0)
        .expect_stdout("account `source`")
        .expect_stdout("account `target`")
        .expect_stdout("the first backup makes it");
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(2).expect_stderr("leave `--out` out");
    assert!(!world.path("archive").exists());
    for name in ["TOKEN_SOURCE", "TOKEN_TARGET"] {
        world.set_env(name, "no-such-token");
    }
    let refused = world.command(&["check", "JOB", "--online"]).expect_exit(6);
    refused.expect_stderr("account `source`").expect_stderr("account `target`");
}
