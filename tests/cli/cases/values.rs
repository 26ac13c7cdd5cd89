//! Values, references and what a step may cost.

use serde_json::json;

use super::Case;

#[test]
fn case_14_whose_template_it_is_is_asked() {
    let case = Case::of("14-whose-template");
    case.check("job.yaml")
        .expect_exit(0)
        .expect_stderr("job.yaml:7:")
        .expect_stderr("templates of its own at /http/body/0: `name` and `index` were taken for the job's");
    case.world
        .command(&["plan", "job.yaml"])
        .expect_exit(0)
        .expect_stderr("templates of its own at /http/body/0");
    case.run("job.yaml").expect_exit(0);
}

#[test]
fn case_15_a_jq_step_that_asks_for_more_than_there_is() {
    for number in ["9000000000000000000", "1000000000000", "2000000000"] {
        let case = Case::of("15-jq-that-needs-all-memory");
        let text = case.world.read("job.yaml");
        std::fs::write(case.world.path("job.yaml"), text.replace("9000000000000000000", number)).unwrap();
        let ran = case.run("job.yaml").expect_exit(3);
        case.expect();
        let ran = ran.expect_cell("First", "outcome", "failed").expect_cell(
            "First",
            "error_message",
            "step 1 (jq, line 7",
        );
        ran.expect_cell("First", "error_message", "MiB");
    }
}

#[test]
fn case_16_an_id_of_the_source_as_part_of_a_word() {
    let case = Case::of("16-source-id-inside-a-word");
    let ran = case.run("job.yaml").expect_exit(0).expect_all(2, "created", "equal");
    case.expect();
    assert!(ran.audit().iter().all(|row| row["warnings"].contains("/settings/")), "{:?}", ran.audit());
}

#[test]
fn case_17_a_hook_by_its_old_key() {
    for (job, count) in [("job-1-alone.yaml", 1), ("job-2-together.yaml", 2)] {
        let case = Case::of("17-hook-by-its-old-key");
        case.run(job).expect_exit(0).expect_all(count, "created", "equal");
        case.expect();
    }
}

#[test]
fn case_18_a_reference_in_a_tree_that_nobody_reads() {
    let case = Case::of("18-reference-in-a-dead-tree");
    let ran = case.run("job.yaml").expect_exit(0).expect_all(1, "created", "equal");
    let ran = ran.expect_cell("Migrated long ago", "warnings", "/netsuite_da/rawOverride");
    ran.expect_in_target(
        "Migrated long ago",
        "/netsuite_da/rawOverride",
        json!({ "_lookupCacheId": "777777777777777777777777" }),
    );
}

#[test]
fn case_19_blank_and_typed_cells_of_a_table() {
    let case = Case::of("19-blank-and-typed-cells");
    let ran = case.run("job.yaml").expect_exit(0);
    case.expect();
    let blank = case.source(2)["name"].as_str().unwrap().to_owned();
    ran.expect_audit(&blank, "unchanged", "equal");
}
