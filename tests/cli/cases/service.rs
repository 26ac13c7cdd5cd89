//! The emulator, as clients of the service know it; and what stands between the service and its clients.

use reqwest::Method;
use serde_json::json;

use super::Case;
use crate::support::scenario::{Fault, Scenario};

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
    let body = json!({ "name": "made" });
    assert_eq!(case.world.call(Method::POST, "source", "/v1/integrations/", Some(&body)).0, 201);
    let (status, said) = get("/v1/accesstokens");
    assert!(status == 200 || !said.to_string().contains("valid _id"), "{status} {said}");
}

#[test]
fn case_46_what_something_in_between_answers_is_told_as_what_it_is() {
    let long = format!("<title>Blocked {}</title>", "and blocked ".repeat(500));
    for (status, body, parts) in [
        (403, "<html><title>Blocked by policy 4711</title></html>", &["403", "Blocked by policy 4711"][..]),
        (413, "<html><body><h1>Entity too large</h1></body></html>", &["413", "Entity too large"]),
        (421, "", &["421 without a body"]),
        (200, "<html><title>Sign in</title></html>", &["answered 200", "Sign in"]),
        // Variants: no markup; a title over lines; an escape for the terminal; a very long one; JSON of another make.
        (403, "blocked by the proxy\nticket 7", &["403", "blocked by the proxy"]),
        (451, "<TITLE>\n  Not\n  here </TITLE>", &["451", "Not here"]),
        (403, "<title>a\u{1b}[2Jb</title>", &["403", "b"]),
        (403, &long, &["403", "Blocked and blocked"]),
        (403, "{\"error\":\"policy 4711\"}", &["403", "policy 4711"]),
        (201, "<html><title>Captive portal</title></html>", &["answered 201", "Captive portal"]),
        // JSON that is no document.
        (200, "{\"message\":\"Unauthorized\"}", &["answered 200, JSON", "Unauthorized", "it has no `_id`"]),
        (201, "[]", &["answered 201, JSON: []; it has no `_id`"]),
        (200, "null", &["answered 200, JSON: null"]),
        (400, "[]", &["400, JSON: []"]),
        (204, "", &["answered 204 without a body"]),
    ] {
        let ran = Scenario::migrate(["a"])
            .fault(Fault::on_create(Fault::says(status, json!(body))))
            .run()
            .expect_exit(3)
            .expect_audit("a", "failed", "not_checked");
        let message = ran.row("a")["error_message"].clone();
        for part in parts {
            assert!(message.contains(part), "{status} {body}: {message}");
            assert!(ran.stderr.contains(part), "{status} {body}: {}", ran.stderr);
            assert!(ran.file("report.html").contains(part), "{status} {body}");
        }
        assert!(message.len() < 400 && !message.contains('\u{1b}'), "{status}: {message}");
        assert!(!ran.stderr.contains('\u{1b}'), "{status}: {}", ran.stderr);
    }
}
