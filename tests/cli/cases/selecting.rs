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

#[test]
fn variants_of_case_24_an_exclude_that_leaves_nothing_out_is_told_before_what_was_to_be_kept_is_deleted() {
    let case = Case::of("24-nothing-selected");
    let job = |select: &str| {
        let text = case.world.read("job-1-name.yaml").replace("action: update", "action: delete");
        let text = format!("{}select: {select}\n", text.split("select:").next().unwrap());
        std::fs::write(case.world.path("job.yaml"), text).unwrap();
    };
    let ids = "ids: [\"100000000000000000000001\", \"100000000000000000000002\"]";
    for (select, says) in [
        (
            r#"names: ["Order *"], exclude: { names: ["order 1"] }"#,
            "in another case it matches 1 (`Order 1`)",
        ),
        (
            r#"adaptor_types: [HTTPImport], exclude: { names: ["Ordr *"] }"#,
            "`select.exclude.names`: `Ordr *` matches no import",
        ),
        (
            r#"names: ["*"], exclude: { ids: ["100000000000000000000009"] }"#,
            "`100000000000000000000009` matches no import",
        ),
        (&format!(r#"{ids}, exclude: {{ names: ["order 1"] }}"#), "so it leaves nothing out"),
        (r#"names: ["re:^order"]"#, "in another case it matches 2 (`Order 1`): `re:(?i)^order`"),
    ] {
        job(&format!("{{ {select} }}"));
        for words in [&["plan", "job.yaml"][..], &["check", "job.yaml", "--online"]] {
            let ran = case.world.command(words).expect_exit(0);
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert!(told.contains(says), "{select}: {told}");
        }
    }
    job(r#"{ names: ["Order *"], exclude: { names: ["Order 1"] } }"#);
    let ran = case.world.command(&["plan", "job.yaml"]).expect_exit(0);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("matches no import"), "{}", ran.stdout);
}

#[test]
fn variants_of_case_24_a_when_is_held_to_what_it_names() {
    let case = Case::of("24-nothing-selected");
    let base = case.world.read("job-1-name.yaml").replace("[\"order *\"]", "[\"Order *\"]");
    let job = |when: &str, select: &str| {
        let text = base.replace("/description: new }", &format!("/description: new }}\n    when: {when}"));
        let text = text.replace("select: { ", &format!("select: {{ {select}"));
        std::fs::write(case.world.path("job.yaml"), text).unwrap();
    };
    for (when, says) in [
        ("{ connections: [Depot APl] }", "did you mean `Depot API`?"),
        ("{ integrations: [Shiping] }", "did you mean `Shipping`?"),
        ("{ exclude: { connections: [Depot APl] } }", "did you mean `Depot API`?"),
        ("{ flows: [Nothing], integrations: [Shiping] }", "did you mean `Shipping`?"),
        ("{ flows: [Nothing], integrations: [Shiping] }", "has no flow `Nothing`"),
    ] {
        job(when, "");
        for command in ["plan", "run"] {
            let ran = case.world.command(&[command, "job.yaml"]).expect_exit(2).expect_no_write();
            ran.expect_stderr("`when` names what does not exist: step 1 (set, line 8 of the job)")
                .expect_stderr(says);
        }
    }
    job("{ connections: [Depot APl] }", "integrations: [Shiping], ");
    let ran = case.world.command(&["plan", "job.yaml"]).expect_exit(2);
    ran.expect_stderr("the job names what").expect_stderr("`Shipping`").expect_stderr("`Depot API`");
    for (when, says) in [
        (
            r#"{ names: ["order 1"] }"#,
            "step 1 (set, line 8 of the job): `when.names`: `order 1` matches no import; in another case",
        ),
        (r#"{ names: ["Order 1", "Odrer 2"] }"#, "`when.names`: `Odrer 2` matches no import"),
        (
            r#"{ ids: ["100000000000000000000009"] }"#,
            "`when.ids`: `100000000000000000000009` matches no import",
        ),
        (r#"{ exclude: { names: ["order 1"] } }"#, "`when.exclude.names`: `order 1` matches no import, so"),
        (r"{ adaptor_types: [FTPImport] }", "its `when` holds for no import"),
    ] {
        job(when, "");
        case.world.command(&["plan", "job.yaml"]).expect_exit(0).expect_stdout(says);
    }
}

#[test]
fn variants_of_case_24_what_narrows_a_row_of_renames_is_told_where_it_holds_for_nothing() {
    let case = Case::of("24-nothing-selected");
    let table =
        "side,from,to,connection,adaptor_type\nsource,a,b,Depot APl,\nsource,c,d,,FTPImport\nsource,e,f,,\n";
    std::fs::write(case.world.path("fields.csv"), table).unwrap();
    let job = case.world.read("job-1-name.yaml").replace("order *", "Order *");
    let job = job.replace("set: { /description: new }", "rename_fields: fields.csv");
    std::fs::write(case.world.path("job.yaml"), job).unwrap();
    let ran = case.world.command(&["plan", "job.yaml"]).expect_exit(0);
    for says in [
        "`a` (source; no import has the connection `Depot APl`)",
        "`c` (source; no import has the adaptor_type `FTPImport`)",
        "`e` (source)",
    ] {
        assert!(
            format!("{}{}", ran.stdout, ran.stderr).contains(says),
            "{says}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
