//! Documents as the service returns them, of every adaptor, as files.

use serde_json::Value;

use super::{empty, exported};
use crate::support::shared_data;

#[test]
fn documents_of_every_adaptor_are_unchanged_as_files_that_nobody_edited() {
    let Some(folder) = shared_data() else { return };
    let read = |path: std::path::PathBuf| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut scenario = empty();
    for (list, resources) in read(folder.join("related.json")).as_object().unwrap() {
        for resource in resources.as_array().unwrap() {
            scenario.push("target", list, resource.clone());
        }
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("imports")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            scenario.push("target", "imports", read(path));
            count += 1;
        }
    }
    let world = exported(scenario);
    world.run().expect_exit(0).expect_no_write().expect_count("unchanged", count);
}
