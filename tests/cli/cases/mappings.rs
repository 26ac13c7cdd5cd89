//! Mappings and lookups.

use super::Case;

fn name(case: &Case, number: u32) -> String {
    case.source(number)["name"].as_str().unwrap().to_owned()
}

#[test]
fn case_01_a_lookup_in_use_is_not_removed() {
    let case = Case::of("01-remove-lookup-in-use");
    let ran = case.run("job.yaml").expect_exit(3);
    case.expect();
    let ran = ran.expect_audit(&name(&case, 3), "updated", "equal");
    for number in [1, 2] {
        let row = ran.row(&name(&case, number));
        assert_eq!((row["outcome"].as_str(), row["attempts"].as_str()), ("failed", "0"), "{row:?}");
        assert!(row["error_message"].contains("/http/relativeURI/0"), "{row:?}");
    }
}

#[test]
fn case_02_a_lookup_of_a_subrecord() {
    let case = Case::of("02-lookup-of-a-subrecord");
    case.run("job-1-edit.yaml").expect_exit(0).expect_all(1, "updated", "equal");
    case.expect();
    let case = Case::of("02-lookup-of-a-subrecord");
    let ran = case.run("job-2-add.yaml").expect_exit(3);
    ran.expect_cell(
        &name(&case, 1),
        "error_message",
        "/netsuite_da/mapping/fields/0/subRecordMapping/lookups/0",
    );
}

#[test]
fn case_03_upgraded_mappings_send_what_the_old_ones_sent() {
    let case = Case::of("03-upgrade-arrays-and-bulk-rows");
    case.run("job.yaml").expect_exit(0).expect_all(3, "updated", "equal");
    case.expect();
    for number in [2, 3] {
        let mappings = case.source(number)["mappings"].clone();
        assert_eq!(mappings.as_array().unwrap().len(), 1);
        assert!(mappings[0].get("generate").is_none() && mappings[0].get("sourceDataType").is_none());
    }
}

#[test]
fn case_11_no_first_row_where_the_record_passes_through() {
    let case = Case::of("11-add-mapping-where-none-is");
    let ran = case.run("job.yaml").expect_exit(3).expect_no_write().expect_all(3, "failed", "not_checked");
    for number in [1, 2, 3] {
        let ran = ran.row(&name(&case, number));
        assert!(ran["error_message"].contains("it has no mapping"), "{ran:?}");
    }
    ran.expect_cell(&name(&case, 1), "error_message", "a mapping would send `currency` only");
}

#[test]
fn case_12_steps_over_imports_they_do_not_fit() {
    let case = Case::of("12-steps-where-they-do-not-apply");
    let ran = case.run("job-1-rows.yaml").expect_exit(0);
    case.expect();
    ran.expect_audit(&name(&case, 2), "unchanged", "equal").expect_stderr("does not apply to 1 of 2 imports");
    case.run("job-2-again.yaml").expect_exit(0).expect_all(1, "unchanged", "equal").expect_no_write();
    case.run("job-3-jq.yaml").expect_exit(3).expect_cell(&name(&case, 2), "error_message", "null");
}

#[test]
fn case_13_a_target_with_a_dot_in_its_name() {
    for job in ["job-1-plain.yaml", "job-2-quoted.yaml"] {
        let case = Case::of("13-target-with-a-dot");
        case.run(job).expect_exit(0).expect_all(1, "updated", "equal");
        case.expect();
    }
}
