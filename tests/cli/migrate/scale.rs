//! Lists of many pages and accounts of many imports.

use crate::support::scenario::{Fault, Scenario, import};
use transship::emulator::{Effect, LinkForm};

#[test]
fn pages_of_either_form_are_followed_to_the_end() {
    for link in [LinkForm::Skip, LinkForm::After] {
        for count in [9, 10, 11] {
            Scenario::migrate([])
                .many(count)
                .service(|service| (service.link, service.page_cap) = (link, 10))
                .run()
                .expect_exit(0)
                .expect_all(count, "created", "equal");
        }
    }
}

/// So many imports in the source, all but the last three of them in the target too.
fn all_but_three(count: usize) -> Scenario {
    let mut scenario = Scenario::migrate([]).many(count);
    for number in 1..=count - 3 {
        scenario = scenario.target(&import(&format!("Import {number:05}")));
    }
    scenario
}

#[test]
fn a_full_page_and_one_import_more_or_less_are_told_apart() {
    // The page that the program asks for; smaller pages, of which the service gives fewer, are in the test above.
    for (link, count) in [(LinkForm::Skip, 1000), (LinkForm::After, 1001)] {
        all_but_three(count)
            .service(|service| service.link = link)
            .run()
            .expect_exit(0)
            .expect_calls("POST", "/v1/imports", 3)
            .expect_count("created", 3)
            .expect_count("unchanged", count as u64 - 3);
    }
}

#[test]
fn an_account_of_many_pages_costs_pages_and_not_imports() {
    let ran = all_but_three(1500).run().expect_exit(0).expect_count("unchanged", 1497);
    let total = ran.world.control().total();
    assert!(total < 30, "{total} calls for 1500 imports that are there");
}

#[test]
fn a_long_list_of_which_a_second_look_sees_less_is_planned_anew() {
    let world = all_but_three(2003).start();
    let cut = || {
        let cut = Fault::on_list(Effect::ShrunkenList { keep: 1 });
        cut.with_query("limit=900&include=name").in_account("source")
    };
    world.fault(cut().first(1));
    world.run().expect_exit(0).expect_count("created", 3).expect_count("unchanged", 2000);
    world.fault(cut());
    world.run().expect_exit(1).expect_stderr("cannot be trusted").expect_no_write();
}

#[test]
fn many_creates_cost_little_more_than_one_call_each() {
    let ran = Scenario::migrate([]).many(400).run().expect_exit(0).expect_all(400, "created", "equal");
    let total = ran.world.control().total();
    assert!(total <= 424, "{total} calls for 400 imports");
    ran.again().expect_no_write().expect_count("unchanged", 400);
}

#[test]
fn the_forecast_of_calls_is_what_is_spent() {
    let ran = Scenario::migrate([]).many(150).run().expect_exit(0);
    let summary = ran.summary();
    let spent: u64 =
        summary["calls"].as_object().unwrap().values().map(|calls| calls.as_u64().unwrap()).sum();
    assert_eq!(summary["forecast"]["total"], spent, "{summary:#}");
    assert_eq!(summary["total_calls"], ran.world.control().total(), "{summary:#}");
}
