//! What holds for any text: shared by the fuzz targets and by a bounded run among the ordinary tests.

use serde_json::json;
use transship_documents::handlebars::{self, Backslash, Expression};
use transship_documents::path::{extract, json_path};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// A template is read or refused, never half-read: spans lie in the text, one behind the other.
pub fn templates(text: &str) {
    for backslash in [Backslash::Escapes, Backslash::SeparatesFolders] {
        match handlebars::read(text, backslash) {
            Ok(template) => {
                let mut end = 0;
                for tag in &template.tags {
                    assert!(tag.span.start >= end && text.get(tag.span.clone()).is_some(), "{text}: {tag:?}");
                    end = tag.span.end;
                    for word in tag.call.iter().flat_map(|call| &call.arguments) {
                        let span = word.span();
                        assert!(span.start >= tag.span.start && span.end <= tag.span.end, "{text}: {word:?}");
                        if let Expression::Path(path) = word {
                            assert!(path.tokens.iter().all(|token| text.get(token.span.clone()).is_some()));
                        }
                    }
                }
            }
            Err(problem) => assert!(text.get(problem.span.clone()).is_some(), "{text}: {problem:?}"),
        }
    }
    round_trip("traceKeyTemplate", text);
}

/// A path is read or refused, and a rename comes back or says that it does not.
pub fn paths(text: &str) {
    for tokens in
        [extract::parse(text).map(|path| path.tokens), json_path::parse(text).map(|path| path.tokens)]
    {
        for token in tokens.into_iter().flatten() {
            assert!(text.get(token.span.clone()).is_some(), "{text}: {token:?}");
        }
    }
    round_trip("pathToMany", text);
}

fn round_trip(key: &str, text: &str) {
    let rename =
        |from: &str, to: &str| [FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() }];
    let before = json!({ key: text });
    let mut document = before.clone();
    let said = rename_fields(&mut document, &rename("a", "zz"));
    // What changes nothing has no reverse: where the new name stands already, that is another rename.
    if document == before {
        return;
    }
    rename_fields(&mut document, &rename("zz", "a"));
    let excused =
        said.iter().any(|one| one.contains("was there before") || one.contains("spell it differently"));
    assert!(document == before || excused, "{text} came back as {document}: {said:?}");
}
