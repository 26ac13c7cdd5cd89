//! Secrets that the service shows only masked: no update erases one, and a job can give one anew.

use serde_json::{Value, json};

use crate::apply::{edit, exported, of};
use crate::support::scenario::{Import, Scenario, import};

fn with(headers: &Value) -> Import {
    import("a").set("/http/headers", headers.clone())
}

fn header(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

#[test]
fn an_update_erases_no_secret_of_the_target_whatever_stands_at_its_position() {
    let (auth, trace) = (header("Authorization", "Bearer ******"), header("X-Trace", "on"));
    for (source, target) in [
        (json!([trace]), json!([auth])),
        (json!([trace, auth]), json!([auth, trace])),
        (json!([trace, trace, auth]), json!([trace, auth])),
        (json!([]), json!([auth])),
    ] {
        let ran = Scenario::migrate([])
            .source(&with(&source))
            .target(&with(&target))
            .job("on_existing", "update")
            .run()
            .expect_exit(3)
            .expect_no_write()
            .expect_audit("a", "conflict", "not_checked")
            .expect_cell("a", "error_code", "masked_secret");
        assert_eq!(ran.world.import("target", "a")["http"]["headers"], target, "{source}");
    }
}

#[test]
fn a_secret_that_the_source_shows_is_given_to_the_header_of_that_name() {
    let (auth, trace) = (header("Authorization", "Bearer ******"), header("X-Trace", "on"));
    Scenario::migrate([])
        .source(&with(&json!([trace, header("Authorization", "Bearer new")])))
        .target(&with(&json!([auth])))
        .job("on_existing", "update")
        .run()
        .expect_exit(0)
        .expect_audit("a", "updated", "equal")
        .expect_in_target("a", "/http/headers/1/value", "Bearer new");
}

#[test]
fn a_step_gives_a_secret_anew_or_takes_its_header_away_and_moves_none() {
    let headers = json!([header("Authorization", "Bearer ******"), header("X-Trace", "on")]);
    let updating = |jq: &str| {
        let steps = json!([{ "jq": jq }]).to_string();
        Scenario::update([]).source(&with(&headers)).job("transform", &steps).run()
    };
    for jq in [
        ".http.headers |= reverse",
        ".http.headers[0].name = \"X-Auth\"",
        ".http.auth = .http.headers | del(.http.headers)",
    ] {
        let ran = updating(jq).expect_exit(3).expect_no_write().expect_audit("a", "conflict", "not_checked");
        drop(ran.expect_cell("a", "error_code", "masked_secret"));
    }
    for jq in [".http.headers[0].value = \"Bearer new\"", "del(.http.headers[0])"] {
        drop(updating(jq).expect_exit(0).expect_audit("a", "updated", "equal"));
    }
}

#[test]
fn a_file_gives_a_secret_anew_and_takes_none_away() {
    let masked = json!([header("Authorization", "Bearer ******"), header("X-Trace", "on")]);
    let world = exported(of([]).target(&with(&masked)));
    edit(&world, "a", |file| file["http"]["headers"][0]["value"] = json!("Bearer new"));
    world.run().expect_exit(0).expect_audit("a", "updated", "equal").expect_in_target(
        "a",
        "/http/headers/0/value",
        "Bearer new",
    );
    let world = exported(of([]).target(&with(&masked)));
    edit(&world, "a", |file| file["http"]["headers"] = json!([header("X-New", "1"), masked[0], masked[1]]));
    let ran = world.run().expect_exit(3).expect_no_write().expect_audit("a", "conflict", "not_checked");
    drop(ran.expect_cell("a", "error_code", "masked_secret"));
}

#[test]
fn a_secret_that_a_file_could_not_give_at_first_is_given_by_a_retry() {
    use crate::support::scenario::Fault;

    let world = exported(of([]).target(&with(&json!([header("Authorization", "Bearer ******")]))));
    edit(&world, "a", |file| file["http"]["headers"][0]["value"] = json!("Bearer new"));
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::status(422)));
    world.run().expect_exit(3).expect_audit("a", "failed", "not_checked");
    world.no_faults();
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(0);
    drop(ran.expect_in_target("a", "/http/headers/0/value", "Bearer new"));
}

#[test]
fn an_undo_names_the_secret_that_the_run_took_out() {
    let headers = json!([header("Authorization", "Bearer ******"), header("X-Trace", "on")]);
    let steps = json!([{ "remove": ["/http/headers/0/value"] }]).to_string();
    let ran = Scenario::update([]).source(&with(&headers)).job("transform", &steps).run().expect_exit(0);
    let undo = ran.world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_no_write();
    undo.expect_stderr("the run changed a secret that the service shows only masked (/http/headers/0/value)");
}

#[test]
fn a_clone_keeps_every_secret_wherever_it_is_and_nothing_is_said_to_be_removed() {
    let rules = json!({ "rules": ["equals", ["extract", "a"], "******"], "version": "1" });
    for (pointer, value) in [
        ("/settings", json!({ "pw": "******", "x": 1 })),
        ("/http/lookups", json!([{ "name": "l", "map": { "a": "******", "b": "1" } }])),
        ("/hooks", json!({ "preMap": { "function": "f", "configuration": { "key": "******" } } })),
        ("/filter", json!({ "type": "expression", "expression": rules, "version": "1" })),
        ("/http/headers", json!([header("Authorization", "Bearer ******")])),
    ] {
        let source = import("a").set(pointer, value);
        let scenario = Scenario::of("clone", []).source(&source).job("select", "{ names: [a] }");
        let ran = scenario.job("transform", r#"[{ name: "{{ name }} c" }]"#).run().expect_exit(0);
        let ran = ran.expect_audit("a", "cloned", "equal_with_defaults");
        assert!(!ran.stderr.contains("removed"), "{pointer}: {}", ran.stderr);
        ran.again().expect_exit(0).expect_no_write().expect_audit("a", "unchanged", "equal_with_defaults");
    }
}
