//! Renames of fields of the response, in the paths that say where its parts are.

use serde_json::json;
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

fn rename(side: Side, from: &str, to: &str) -> FieldRename {
    FieldRename { side, from: from.to_owned(), to: to.to_owned() }
}

#[test]
fn the_paths_of_the_response_follow_names_of_the_response_only() {
    let document = |name: &str, id: &str| {
        json!({ "http": { "relativeURI": ["/{{user.name}}", "/x"], "response": {
            "resourcePath": [null, "user.list"], "resourceIdPath": ["user.name", id],
            "successPath": ["", name], "successValues": [[""], ["user.name"]],
            "failPath": [null, name], "failValues": [["user.name"], [null]], "errorPath": format!("$.{name}") } } })
    };
    let mut found = document("user.name", "no");
    assert_eq!(
        rename_fields(
            &mut found,
            &[
                rename(Side::Response, "user.list.no", "user.list.id"),
                rename(Side::Response, "user.name", "user.login")
            ]
        ),
        Vec::<String>::new()
    );
    let mut wanted = document("user.login", "id");
    wanted["http"]["response"]["resourceIdPath"][0] = json!("user.login");
    assert_eq!(found, wanted);
    let mut moved = document("user.name", "no");
    rename_fields(&mut moved, &[rename(Side::Response, "user", "person")]);
    assert_eq!(moved["http"]["response"]["resourcePath"][1], "person.list");
    assert_eq!(moved["http"]["response"]["resourceIdPath"], json!(["person.name", "no"]));
    for side in [Side::Source, Side::Target] {
        let mut other = document("user.name", "no");
        let said = rename_fields(&mut other, &[rename(side, "user.list.no", "user.list.id")]);
        assert_eq!((other, said), (document("user.name", "no"), Vec::new()));
    }
}

#[test]
fn what_may_be_a_path_of_the_response_is_left_alone_and_said() {
    for (block, at) in [
        (
            json!({ "http": { "response": { "newPath": ["user.name"] } } }),
            "/http/response/newPath/0: the path `user.name`",
        ),
        (
            json!({ "rest": { "responseIdPath": [null, "user.name"] } }),
            "/rest/responseIdPath/1: the path `user.name`",
        ),
        (
            json!({ "http": { "response": { "successPath": ["/user/name/text()"] } } }),
            "/http/response/successPath/0: `/user/name/text()`",
        ),
        (
            json!({ "http": { "response": { "resourcePath": ["list"], "resourceIdPath": ["user.name"] } } }),
            "/http/response/resourceIdPath/0: `user.name` stands where",
        ),
    ] {
        let mut document = block.clone();
        let said = rename_fields(&mut document, &[rename(Side::Response, "user.name", "user.login")]);
        assert_eq!(document, block);
        assert!(matches!(said.as_slice(), [one] if one.starts_with(at)), "{at}: {said:?}");
    }
}
