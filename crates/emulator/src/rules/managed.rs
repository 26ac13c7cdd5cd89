//! The fields that are the service's own: ignored in what a client sends, kept across a replacement.

use serde_json::{Value, json};

use super::Document;
use crate::store::{Id, Kind};

/// Fields of an import that clients cannot set.
pub(crate) const OF_IMPORTS: [&str; 13] = [
    "_id",
    "createdAt",
    "lastModified",
    "lastModifiedBy",
    "apiIdentifier",
    "sandbox",
    "_sourceId",
    "_templateId",
    "draft",
    "draftExpiresAt",
    "debugUntil",
    "aiDescription",
    "apim",
];
/// Fields of any other resource that clients cannot set.
const OF_OTHERS: [&str; 5] = ["_id", "createdAt", "lastModified", "lastModifiedBy", "_sourceId"];
/// Keys whose text is a secret; no such text is kept, so none can leak.
const SECRETS: [&str; 16] = [
    "password",
    "passphrase",
    "token",
    "tokenId",
    "tokenSecret",
    "accessToken",
    "refreshToken",
    "accessKeyId",
    "secretAccessKey",
    "clientSecret",
    "consumerSecret",
    "apiKey",
    "authKey",
    "privateKey",
    "pgpDecryptKey",
    "encrypted",
];

fn fields(kind: Kind) -> &'static [&'static str] {
    if kind == Kind::Imports { &OF_IMPORTS } else { &OF_OTHERS }
}

/// Removes what clients cannot set.
pub(crate) fn strip(kind: Kind, document: &mut Document) {
    document.retain(|key, _| !fields(kind).contains(&key.as_str()));
}

/// Gives a new document its own id, times and, if an import, identifier.
pub(crate) fn assign(kind: Kind, document: &mut Document, id: Id, now: &str, identifier: String) {
    strip(kind, document);
    document.shift_insert(0, "_id".into(), json!(id));
    document.shift_insert(1, "createdAt".into(), json!(now));
    document.shift_insert(2, "lastModified".into(), json!(now));
    if kind == Kind::Imports {
        document.insert("apiIdentifier".into(), Value::String(identifier));
    }
    document.insert("sandbox".into(), Value::Bool(false));
}

/// Makes `document` the successor of `old`: what is the service's own stays, at the place it was sent.
pub(crate) fn inherit(kind: Kind, document: &mut Document, old: &Document, now: &str) {
    document.retain(|key, _| !fields(kind).contains(&key.as_str()) || old.contains_key(key));
    for (at, key) in ["_id", "createdAt"].into_iter().enumerate() {
        if let Some(value) = old.get(key) {
            match document.get_mut(key) {
                Some(sent) => *sent = value.clone(),
                None => drop(document.shift_insert(at.min(document.len()), key.into(), value.clone())),
            }
        }
    }
    match document.get_mut("lastModified") {
        Some(sent) => *sent = json!(now),
        None => drop(document.shift_insert(2.min(document.len()), "lastModified".into(), json!(now))),
    }
    for key in fields(kind).iter().filter(|key| !matches!(**key, "_id" | "createdAt" | "lastModified")) {
        if let Some(value) = old.get(*key) {
            document.insert((*key).into(), value.clone());
        }
    }
}

/// Masks every secret at any depth.
pub(crate) fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(text) if SECRETS.contains(&key.as_str()) && !text.is_empty() => {
                        "******".clone_into(text);
                    }
                    _ => mask(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}
