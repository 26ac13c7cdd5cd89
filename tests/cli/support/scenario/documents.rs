//! Imports as tests write them: by name, with references by name too.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

/// The id of a resource: the same name has another id in each account.
pub fn id_of(account: &str, list: &str, name: &str) -> String {
    let mut hash = DefaultHasher::new();
    (account, list, name).hash(&mut hash);
    let prefix = if account == "source" { "5a5a5a5a" } else { "5b5b5b5b" };
    format!("{prefix}{:016x}", hash.finish())
}

/// An import before it belongs to an account. A text `@list/Name` stands for the account's id of that resource.
#[derive(Debug, Clone)]
pub struct Import {
    pub name: String,
    pub document: Value,
}

/// A small HTTP import over the connection `Shop`.
pub fn import(name: &str) -> Import {
    let document = json!({
        "name": name,
        "_connectionId": "@connections/Shop",
        "adaptorType": "HTTPImport",
        "http": { "method": ["POST"], "relativeURI": [format!("/{name}")], "body": ["{{record.id}}"] },
    });
    Import { name: name.to_owned(), document }
}

impl Import {
    /// An import of another kind.
    pub fn of(document: Value) -> Self {
        let name = document["name"].as_str().expect("an import has a name").to_owned();
        Self { name, document }
    }

    /// Sets the value at a JSON pointer; missing objects on the way are made.
    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        put(&mut self.document, pointer, value);
        if let Some(name) = self.document["name"].as_str() {
            name.clone_into(&mut self.name);
        }
        self
    }

    /// The document as it stands in an account.
    pub fn in_account(&self, account: &str, number: usize) -> Value {
        let mut document = json!({
            "_id": id_of(account, "imports", &format!("{} {number}", self.name)),
            "createdAt": "2026-01-02T03:04:05.006Z",
            "lastModified": "2026-01-02T03:04:05.006Z",
            "apiIdentifier": format!("i{number:09x}"),
        });
        let members = document.as_object_mut().unwrap();
        members.extend(self.document.as_object().unwrap().clone());
        resolve(&mut document, account);
        document
    }
}

/// Sets the value at a JSON pointer.
pub fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut at = document;
    for key in pointer.split('/').skip(1) {
        at = match at {
            Value::Array(items) => &mut items[key.parse::<usize>().expect("an index")],
            other => &mut other[key],
        };
    }
    *at = value;
}

/// Turns `@list/Name` into ids.
pub fn resolve(value: &mut Value, account: &str) {
    match value {
        Value::String(text) => {
            if let Some((list, name)) = text.strip_prefix('@').and_then(|text| text.split_once('/')) {
                *text = id_of(account, list, name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, account)),
        Value::Object(members) => members.values_mut().for_each(|value| resolve(value, account)),
        _ => {}
    }
}
