//! Backups.

use super::Case;

#[test]
fn case_45_a_restore_when_everything_is_gone() {
    let case = Case::of("45-restore-when-all-is-gone");
    case.run("job-1-backup.yaml").expect_exit(0);
    // The emulator lets nothing go that a flow uses.
    let flows = case.world.resources("source", "flows");
    for flow in &flows {
        let path = format!("/v1/flows/{}", flow["_id"].as_str().unwrap());
        assert_eq!(case.world.call(reqwest::Method::DELETE, "source", &path, None).0, 204);
    }
    for import in case.world.imports("source") {
        case.world.remove("source", import["name"].as_str().unwrap());
    }
    case.world.load_list("source", "flows", &flows);
    assert!(case.world.imports("source").is_empty());
    case.run("job-2-restore.yaml").expect_exit(2).expect_stderr("--empty-target").expect_no_write();
    case.run("job-1-backup.yaml").expect_exit(1);
    case.run_with("job-2-restore.yaml", &["--empty-target"])
        .expect_exit(0)
        .expect_all(2, "restored", "equal");
}
