//! Pages that are too large, too slow or refused, and lists that skip a row where two pages meet.

use crate::support::scenario::{Fault, Ran, Scenario, import};
use serde_json::json;
use transship::emulator::Effect;

/// How often a list of whole imports was asked for with that limit.
fn asked(ran: &Ran, limit: u32) -> bool {
    // Faults count nothing; what was answered in full is seen in the forecast only. So the service is asked to tell.
    ran.stderr.contains(&format!("size={limit}")) || ran.stderr.contains(&format!("size: {limit}"))
}

#[test]
fn a_page_that_the_service_refuses_is_asked_for_at_half_the_size() {
    for code in [400, 413, 422, 500, 504] {
        let world = Scenario::migrate([])
            .many(30)
            .fault(Fault::on_list(Fault::status(code)).with_query("limit=1000"))
            .fault(Fault::on_list(Fault::status(code)).with_query("limit=500"))
            .start();
        let ran = world.run_with(&["-v"]).expect_exit(0).expect_all(30, "created", "equal");
        assert!(asked(&ran, 500) && asked(&ran, 250) && !asked(&ran, 125), "{code}: {}", ran.stderr);
        assert_eq!(ran.world.imports("target").len(), 30);
    }
}

#[test]
fn a_page_that_takes_too_long_is_asked_for_at_half_the_size() {
    Scenario::migrate([])
        .many(12)
        .job("retry", "{ attempts: 3, base: 10ms, cap: 50ms, timeout: 500ms }")
        .fault(Fault::on_list(Fault::slow_before(5_000)).with_query("limit=1000").in_account("source"))
        .run()
        .expect_exit(0)
        .expect_all(12, "created", "equal");
}

#[test]
fn imports_that_are_too_large_for_one_page_are_read_on_several() {
    let mut scenario = Scenario::migrate([]);
    for number in 0..30 {
        let large = import(&format!("Large {number}")).set("/sampleData", json!("x".repeat(400_000)));
        scenario = scenario.source(&large);
    }
    let ran = scenario.run().expect_exit(0).expect_all(30, "created", "equal");
    assert_eq!(ran.world.imports("target").len(), 30);
}

#[test]
fn the_size_of_pages_can_be_set() {
    let ran = Scenario::migrate([])
        .many(25)
        .job("page_size", "10")
        .fault(Fault::on_list(Fault::status(500)).with_query("limit=1000*"))
        .fault(Fault::on_list(Effect::CutAfter).with_query("limit=100*"))
        .run();
    ran.expect_exit(0).expect_all(25, "created", "equal");
}
