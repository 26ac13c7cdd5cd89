//! Documents as the service returns them, of every adaptor: moved, verified, and found unchanged by a second run.

use crate::support::scenario::Scenario;
use crate::support::shared_data;
use serde_json::Value;

/// Ids of the source with their first half exchanged; the target's resources bear them.
fn elsewhere(resource: &mut Value) {
    let id = resource["_id"].as_str().unwrap().to_owned();
    resource["_id"] = Value::from(format!("{:0>12}{}", "b0b0", &id[12..]));
}

#[test]
fn documents_of_every_adaptor_arrive_equal_and_stay_unchanged() {
    let Some(folder) = shared_data() else { return };
    let read = |path: std::path::PathBuf| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let related = read(folder.join("related.json"));
    let mut scenario = Scenario::migrate([]).job("select", "{ integration_apps: true }");
    for (list, resources) in related.as_object().unwrap() {
        for resource in resources.as_array().unwrap() {
            scenario.push("source", list, resource.clone());
            let mut resource = resource.clone();
            elsewhere(&mut resource);
            scenario.push("target", list, resource);
        }
    }
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("imports")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in &files {
        scenario.push("source", "imports", read(file.clone()));
    }
    let count = files.len() as u64;
    let ran = scenario.run().expect_exit(0).expect_count("created", count);
    let verdicts = ran.summary()["verdicts"].clone();
    assert_eq!(verdicts["differs"], 0);
    assert_eq!(verdicts["not_checked"], 0);
    ran.again().expect_exit(0).expect_no_write().expect_count("unchanged", count);
}
