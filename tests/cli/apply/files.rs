//! Files that cannot be applied: everything is said at once, and nothing is sent.

use serde_json::json;

use super::{add, edit, exported, of, path, read, written};
use crate::support::scenario::import;

#[test]
fn files_that_cannot_be_read_are_all_named_with_their_places_and_nothing_is_sent() {
    let world = exported(of(["a", "b", "c", "d", "e"]));
    std::fs::write(path(&world, "a"), "{\n  \"name\": \"a\",\n}").unwrap();
    std::fs::write(path(&world, "b"), b"{\"name\": \"caf\xe9\"}").unwrap();
    std::fs::write(path(&world, "c"), "{\"name\": \"c\", \"adaptorType\": \"HTTPExport\"}").unwrap();
    std::fs::write(path(&world, "d"), "{\"name\": \"cut \\ud83d\", \"adaptorType\": \"HTTPImport\"}")
        .unwrap();
    for command in [&["run", "JOB"][..], &["plan", "JOB"], &["check", "JOB"]] {
        let ran = world.command(command).expect_exit(2).expect_no_write();
        assert!(world.control().calls().is_empty(), "nothing is sent at all");
        for (name, place, message) in [
            ("a", ":3:1", "this is not JSON: trailing comma"),
            ("b", ":1:14", "the file is not UTF-8 from here on"),
            ("c", ":1:30", "this is not an import, but an export"),
            ("d", ":1:15", "half a character (a lone surrogate) is not text"),
        ] {
            let file = path(&world, name).file_name().unwrap().to_str().unwrap().to_owned();
            assert!(ran.stderr.contains(message), "{name}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("{file}{place}")), "{name}: {}", ran.stderr);
        }
    }
}

#[test]
fn two_files_of_one_id_or_one_name_are_an_error_that_shows_both() {
    let world = exported(of(["a"]));
    let copy = read(&world, "a");
    add(&world, "copy.json", &copy);
    let ran = world.run().expect_exit(2).expect_stderr("two files have the _id");
    assert!(world.control().calls().is_empty());
    let id = copy["_id"].as_str().unwrap();
    ran.expect_stderr(&format!("a.{id}.json")).expect_stderr("new/copy.json:");

    add(&world, "copy.json", &written(&import("a"), "target"));
    let ran = world.run().expect_exit(2).expect_stderr("two files have the name `a`");
    ran.expect_stderr(&format!("a.{id}.json")).expect_stderr("new/copy.json:");
}

#[test]
fn a_name_that_is_edited_into_that_of_another_file_is_an_error_that_shows_both() {
    let world = exported(of(["a", "b"]));
    edit(&world, "b", |file| file["name"] = json!("a"));
    let ran = world.run().expect_exit(2).expect_no_write().expect_stderr("two files have one name, `a`");
    let (a, b) = (world.id("target", "a"), world.id("target", "b"));
    ran.expect_stderr(&format!("b.{b}.json:"))
        .expect_stderr(&format!("a.{a}.json:"))
        .expect_target(["a", "b"]);
}

#[test]
fn a_folder_that_is_not_there_or_holds_no_import_is_an_error() {
    let world = exported(of(["a"]));
    for (folder, message) in [("nowhere", "there is no such folder"), ("runs/backup", "holds no import")] {
        if folder.starts_with("runs") {
            std::fs::create_dir_all(world.path("empty")).unwrap();
        }
        let folder = if folder.starts_with("runs") { "empty" } else { folder };
        world.write_job("job.yaml", &[("source", &format!("{{ folder: {folder} }}"))]);
        world.run().expect_exit(2).expect_stderr(message);
        assert!(world.control().calls().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_and_what_it_points_to_is_not_shown() {
    let world = exported(of(["a"]));
    std::fs::write(world.path("secret"), "the token of somebody").unwrap();
    std::os::unix::fs::symlink(world.path("secret"), world.path("exported/imports/x.json")).unwrap();
    let ran = world.run().expect_exit(2).expect_stderr("this is a link, which is not followed");
    assert!(!ran.stderr.contains("the token of somebody"));
}

#[test]
fn the_folder_of_the_imports_will_do_and_what_they_refer_to_is_found_beside_it() {
    let scenario = super::empty().source(&import("a")).job("source", "{ folder: exported/imports }");
    let world = super::exported_from(scenario, "source");
    world.run().expect_exit(0).expect_target(["a"]);
    let shop = &world.list("target", "connections")[0]["_id"];
    assert_eq!(&world.import("target", "a")["_connectionId"], shop);
}

#[test]
fn an_import_without_a_name_is_applied_by_its_id_and_fails_alone_where_it_has_none() {
    for nameless in [json!(""), json!(" "), json!(null)] {
        let world = exported(of(["a", "b", "c"]));
        for name in ["a", "b"] {
            let file = path(&world, name);
            let id = world.id("target", name);
            edit(&world, name, |file| file["name"] = nameless.clone());
            std::fs::rename(&file, file.with_file_name(format!("{id}.json"))).unwrap();
        }
        world.edit("target", "a", "/name", nameless.clone());
        edit(&world, "c", |file| file["description"] = json!("edited"));
        let ran = world.run().expect_exit(3).expect_audit("c", "updated", "equal");
        let audit = ran.audit();
        let outcomes: Vec<_> =
            audit.iter().map(|row| (row["outcome"].as_str(), row["error_code"].as_str())).collect();
        assert!(outcomes.contains(&("unchanged", "")), "{nameless}: {outcomes:?}");
        assert!(outcomes.contains(&("failed", "no_name")), "{nameless}: {outcomes:?}");
        ran.expect_calls("PUT", "/v1/imports/{id}", 1);
    }
}
