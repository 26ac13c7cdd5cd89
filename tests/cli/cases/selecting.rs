//! What a job selects.

use super::Case;

#[test]
fn case_24_what_selects_nothing_is_told() {
    let case = Case::of("24-nothing-selected");
    for words in [&["plan", "job-1-name.yaml"][..], &["check", "job-1-name.yaml", "--online"]] {
        let ran = case.world.command(words).expect_exit(0);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains("`order *` matches no import") && told.contains("`Order *`"), "{told}");
    }
    case.run("job-1-name.yaml").expect_exit(0).expect_stderr("`order *`");
    case.run_with("job-1-name.yaml", &["--fail-if-empty"]).expect_exit(3);
    for (job, meant) in [("job-2-connection.yaml", "Depot API"), ("job-3-integration.yaml", "Shipping")] {
        for command in ["plan", "run"] {
            let ran = case.world.command(&[command, job]).expect_exit(2).expect_no_write();
            ran.expect_stderr(&format!("did you mean `{meant}`?"));
        }
        case.world.command(&["check", job, "--online"]).expect_exit(2).expect_stderr(meant);
    }
}

#[test]
fn case_25_ids_that_went_through_a_spreadsheet() {
    let case = Case::of("25-ids-from-a-spreadsheet");
    for command in ["check", "plan", "run"] {
        let ran = case.world.command(&[command, "job.yaml"]).expect_exit(2).expect_no_write();
        for line in ["rows.csv:3:1", "rows.csv:4:1", "rows.csv:5:1"] {
            assert!(ran.stderr.contains(line), "{}", ran.stderr);
        }
    }
}

#[test]
fn case_26_an_id_and_a_name_out_of_step() {
    let case = Case::of("26-id-and-name-out-of-step");
    let before = case.world.imports("source");
    let ran = case.run("job.yaml").expect_exit(3).expect_no_write();
    assert_eq!(case.world.imports("source"), before);
    assert!(ran.audit().iter().all(|row| row["outcome"] == "conflict"), "{:?}", ran.audit());
    assert!(ran.audit()[0]["error_message"].contains("line 2"), "{:?}", ran.audit());
}
