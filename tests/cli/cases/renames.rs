//! Renames of fields.

use super::Case;

#[test]
fn case_04_names_that_helpers_take_as_texts() {
    let case = Case::of("04-rename-names-as-texts");
    let ran = case.run("job.yaml").expect_exit(0);
    case.expect();
    assert!(!ran.stderr.contains("none of these fields"), "{}", ran.stderr);
    for number in [2, 3] {
        let import = case.source(number);
        let (name, uri) =
            (import["name"].as_str().unwrap(), import["http"]["relativeURI"][0].as_str().unwrap());
        let changed = uri.contains("label.mark") || uri.contains("station");
        assert!(changed || ran.row(name)["warnings"].contains("/http/relativeURI/0"), "{name}: {uri}");
    }
}

#[test]
fn case_05_blocks_whose_inside_is_about_another_record() {
    let case = Case::of("05-rename-inside-blocks");
    let ran = case.run("job.yaml").expect_exit(0);
    case.expect();
    let unknown = case.source(3)["name"].as_str().unwrap().to_owned();
    ran.expect_audit(&unknown, "unchanged", "equal")
        .expect_cell(&unknown, "warnings", "/traceKeyTemplate")
        .expect_cell(&unknown, "warnings", "weight");
}

#[test]
fn case_06_templates_that_are_no_handlebars_or_rare_handlebars() {
    let case = Case::of("06-rename-reading-handlebars");
    let before = [1, 2, 4].map(|number| case.source(number)["traceKeyTemplate"].clone());
    let ran = case.run("job.yaml").expect_exit(0);
    case.expect();
    assert_eq!([1, 2, 4].map(|number| case.source(number)["traceKeyTemplate"].clone()), before);
    for number in [1, 2] {
        let name = case.source(number)["name"].as_str().unwrap().to_owned();
        assert!(ran.row(&name)["warnings"].contains("/traceKeyTemplate"), "{:?}", ran.row(&name));
    }
}

#[test]
fn case_07_the_transform_of_the_response_is_another_record() {
    let case = Case::of("07-rename-touches-the-response");
    let before = case.source(1)["responseTransform"].clone();
    let ran = case.run("job.yaml").expect_exit(0);
    case.expect();
    assert_eq!(case.source(1)["responseTransform"], before);
    let name = case.source(1)["name"].as_str().unwrap().to_owned();
    ran.expect_audit(&name, "updated", "equal").expect_cell(&name, "warnings", "/responseTransform");
}

#[test]
fn case_08_names_that_the_service_provides() {
    let case = Case::of("08-rename-envelope-and-roots");
    case.run("job.yaml").expect_exit(0).expect_all(3, "updated", "equal");
    case.expect();
}

#[test]
fn case_09_places_that_are_passed_over_in_silence() {
    let case = Case::of("09-rename-silent-places");
    let ran = case.run("job.yaml").expect_exit(0).expect_all(4, "unchanged", "equal");
    case.expect();
    for (number, at) in
        [(1, "/inputFilter/expression/rules"), (2, "/transform/rules"), (3, "/mappings"), (4, "/mappings/0")]
    {
        let name = case.source(number)["name"].as_str().unwrap().to_owned();
        assert!(ran.row(&name)["warnings"].contains(at), "{:?}", ran.row(&name));
    }
}

#[test]
fn case_10_a_table_of_any_size_renames() {
    for rows in [600, 1500] {
        let case = Case::of("10-rename-table-too-large");
        let mut table = String::from("side,from,to\nsource,depot,station\n");
        for row in 0..rows {
            table.push_str(&format!("source,f{row:04}{},t{row:04}\n", "a".repeat(220)));
        }
        std::fs::write(case.world.path("rows.csv"), table).unwrap();
        case.run("job.yaml").expect_exit(0).expect_all(1, "updated", "equal");
        case.expect();
    }
}
