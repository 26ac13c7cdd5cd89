//! What the source no longer has is deleted in the target: listed first, guarded, and last.

mod guards;
mod many;
mod order;

use serde_json::json;

use crate::support::scenario::{Scenario, import};

/// A migration of these imports that deletes up to ten others in the target.
fn migrate<const N: usize>(names: [&str; N]) -> Scenario {
    Scenario::migrate(names).job("mirror", "{ max_delete: 10 }")
}

#[test]
fn what_the_source_no_longer_has_is_listed_first_and_deleted() {
    let scenario = migrate(["a"]).target(&import("old 1")).target(&import("old 2"));
    let ran = scenario
        .run()
        .expect_exit(0)
        .expect_target(["a"])
        .expect_audit("a", "created", "equal")
        .expect_audit("old 1", "deleted", "equal")
        .expect_audit("old 2", "deleted", "equal");
    let told = ran.stderr.find("To be deleted in target, because source no longer has it").expect("a list");
    let plan = ran.stderr.find("What changes").or(ran.stderr.find("+ create")).expect("the rest of the plan");
    assert!(told < plan, "{}", ran.stderr);
    let ran = ran.expect_stderr("Migrated 1 import from source to target; 2 were deleted there.");
    ran.expect_stderr("1 import selected, 2 to be deleted")
        .expect_stderr("  - old 1")
        .again()
        .expect_exit(0)
        .expect_no_write();
}

#[test]
fn without_the_key_nothing_is_deleted() {
    Scenario::migrate(["a"]).target(&import("old")).run().expect_exit(0).expect_target(["a", "old"]);
}

#[test]
fn an_import_that_was_renamed_in_the_source_is_made_anew_and_the_old_one_goes() {
    let world = migrate(["a", "b"]).start();
    world.run().expect_exit(0).expect_target(["a", "b"]);
    world.edit("source", "a", "/name", json!("a2"));
    world.run().expect_exit(0).expect_target(["a2", "b"]).expect_audit("a", "deleted", "equal");
}

#[test]
fn only_what_select_holds_for_in_the_target_is_deleted() {
    let scenario = migrate(["Order 1", "Stock 1"]).job("select", "{ names: [\"Order *\"] }");
    scenario
        .target(&import("Order 2"))
        .target(&import("Stock 2"))
        .run()
        .expect_exit(0)
        .expect_target(["Order 1", "Stock 2"]);
}

#[test]
fn exclude_protects_on_both_sides() {
    // In the target, by what stands there; in the source, also where the job would give it another name.
    let rename = "[{ rename: { find: \"^\", replace: \"EU \" } }]";
    let scenario = migrate(["kept", "x (old)"])
        .job("select", "{ exclude: { names: [\"* (old)\"] } }")
        .job("transform", rename);
    scenario
        .target(&import("y (old)"))
        .target(&import("x (old)"))
        .target(&import("EU x (old)").set("/name", json!("EU x (old)")))
        .target(&import("gone"))
        .run()
        .expect_exit(0)
        .expect_target(["EU kept", "EU x (old)", "x (old)", "y (old)"]);

    let world = migrate(["kept", "x"])
        .job("select", "{ exclude: { names: [x] } }")
        .job("transform", rename)
        .target(&import("EU x"))
        .target(&import("gone"))
        .start();
    world.run().expect_exit(0).expect_target(["EU kept", "EU x"]);
}

#[test]
fn an_import_of_the_source_that_another_key_leaves_out_keeps_its_own_in_the_target() {
    let ftp = import("f").set("/adaptorType", json!("FTPImport"));
    let scenario = migrate(["a"]).source(&ftp).job("select", "{ adaptor_types: [HTTPImport] }");
    // In the target it is of the type that `select` takes.
    scenario.target(&import("f")).target(&import("gone")).run().expect_exit(0).expect_target(["a", "f"]);
}

#[test]
fn what_an_integration_app_owns_and_what_bears_a_wanted_name_is_left_alone_and_said() {
    let owned = import("o").set("/_connectorId", json!("5a00000000000000000000aa"));
    let scenario =
        migrate(["a"]).target(&import("a")).target(&import("a").set("/description", json!("theirs")));
    let ran = scenario.target(&owned).run().expect_exit(0).expect_no_write();
    ran.expect_stderr("owned by an Integration App")
        .expect_stderr("the name is that of an import of the source");
}

#[test]
fn an_import_that_a_flow_of_the_target_uses_is_a_conflict_and_stays() {
    let world = migrate(["a"]).target(&import("used")).target(&import("old")).start();
    let step = json!([{ "_importId": world.id("target", "used") }]);
    let flow = json!({ "_id": "5b5b5b5b00000000000000f1", "name": "Orders", "pageProcessors": step });
    world.load_list("target", "flows", &[flow]);
    let ran = world.run().expect_exit(3).expect_target(["a", "used"]);
    ran.expect_audit("used", "conflict", "not_checked").expect_cell("used", "error_code", "in_use");
}

#[test]
fn undo_puts_back_what_was_deleted_with_its_id() {
    let world = migrate(["a"]).target(&import("old")).start();
    let id = world.id("target", "old");
    world.run().expect_exit(0).expect_target(["a"]);
    world.command(&["undo", "runs/run-1"]).expect_exit(0).expect_target(["old"]);
    assert_eq!(world.id("target", "old"), id);
}

#[test]
fn an_apply_deletes_the_import_whose_file_is_gone() {
    let world = crate::apply::exported(
        crate::apply::of(["a", "b", "c"])
            .target(&import("twin"))
            .target(&import("twin").set("/description", json!("2"))),
    );
    world.write_job("job.yaml", &[("mirror", "{ max_delete: 10 }")]);
    world.run().expect_exit(0).expect_no_write();
    std::fs::remove_file(crate::apply::path(&world, "b")).unwrap();
    // Of two of one name the ids tell which is gone.
    std::fs::remove_file(crate::apply::path(&world, "twin")).unwrap();
    crate::apply::edit(&world, "c", |file| file["name"] = json!("b"));
    let id = world.id("target", "c");
    let ran = world.run().expect_exit(0).expect_target(["a", "b", "twin"]);
    assert_eq!(ran.world.id("target", "b"), id, "the one that was renamed");
    ran.world.command(&["undo", "runs/run-2"]).expect_exit(0).expect_target(["a", "b", "c", "twin", "twin"]);
}

#[test]
fn a_file_that_select_leaves_out_protects_its_import() {
    let world = crate::apply::exported(crate::apply::of(["a", "b", "c"]));
    crate::apply::edit(&world, "b", |file| file["name"] = json!("b (kept)"));
    std::fs::remove_file(crate::apply::path(&world, "c")).unwrap();
    let select = "{ exclude: { names: [\"* (kept)\"] } }";
    world.write_job("job.yaml", &[("mirror", "{ max_delete: 10 }"), ("select", select)]);
    world.run().expect_exit(0).expect_target(["a", "b"]);
}
