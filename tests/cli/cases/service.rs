//! The emulator, as clients of the service know it.

use reqwest::Method;

use super::Case;

#[test]
fn case_43_paths_with_a_slash_and_the_lists_of_an_integration() {
    let case = Case::of("43-paths-with-a-slash");
    let get = |path: &str| case.world.call(Method::GET, "source", path, None);
    for list in ["imports", "connections", "flows", "integrations", "exports", "scripts"] {
        assert_eq!(get(&format!("/v1/{list}/")), get(&format!("/v1/{list}")), "{list}");
    }
    let integration = get("/v1/integrations").1[0]["_id"].as_str().unwrap().to_owned();
    for list in ["flows", "connections", "exports", "imports"] {
        let (status, _) = get(&format!("/v1/integrations/{integration}/{list}"));
        assert!(matches!(status, 200 | 204), "{list}: {status}");
    }
    let body = serde_json::json!({ "name": "made" });
    assert_eq!(case.world.call(Method::POST, "source", "/v1/integrations/", Some(&body)).0, 201);
    let (status, said) = get("/v1/accesstokens");
    assert!(status == 200 || !said.to_string().contains("valid _id"), "{status} {said}");
}
