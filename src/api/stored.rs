//! Reads the answers that return what the service stored.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Reply;
use super::brought::{Cloned, Document};
use super::page::parsed;
use super::unreadable::UnreadableAnswer;
use crate::documents::beside::head_of_same;
use crate::model::{Head, Id};

/// Whether no call can name it: empty, or (encoded or not) what every URL parser takes for "this folder" or "one up".
pub(super) fn cannot_be_asked_for(id: &Id) -> bool {
    id.as_str().bytes().all(|byte| byte == b'.')
}

/// The document in the answer to a write of `sent`.
pub(super) fn stored(reply: &Reply, sent: &[u8]) -> Result<Document, UnreadableAnswer> {
    // If it is the same as `sent`, it is JSON too, and its head is read at the same time.
    if let (Ok(sent), Ok(text)) = (std::str::from_utf8(sent), std::str::from_utf8(&reply.body))
        && let Some(head) = head_of_same(sent, text)
    {
        return Ok(Document { is_as_sent: true, ..brought(head, text.trim_ascii().into(), reply)? });
    }
    document(reply)
}

/// The document in the answer.
pub(super) fn document(reply: &Reply) -> Result<Document, UnreadableAnswer> {
    // If a head was read, the whole text was parsed and is JSON.
    if let Ok(text) = std::str::from_utf8(&reply.body)
        && let Ok(head) = Head::of(text)
    {
        return brought(head, text.trim_ascii().into(), reply);
    }
    let text: Box<RawValue> =
        parsed(&reply.body).map_err(|why| UnreadableAnswer::not_a_document(reply, &why))?;
    with_head(text, reply)
}

fn with_head(text: Box<RawValue>, reply: &Reply) -> Result<Document, UnreadableAnswer> {
    // A document with a head of unexpected types is still a document if it has an id.
    let head = match Head::of(text.get()) {
        Ok(head) => head,
        Err(error) => Some(Head::read(text.get()))
            .filter(|head| !head.id.as_str().is_empty())
            .ok_or_else(|| UnreadableAnswer::not_a_document(reply, &error))?,
    };
    brought(head, text.into(), reply)
}

fn brought(head: Head, text: Box<str>, reply: &Reply) -> Result<Document, UnreadableAnswer> {
    if cannot_be_asked_for(&head.id) {
        return Err(UnreadableAnswer::NoUsableId);
    }
    let (attempts, date, status) = (reply.attempts, reply.date, reply.status);
    Ok(Document { head, text, is_as_sent: false, attempts, date, status })
}

/// The document `id` in the answer to a write of `sent`.
pub(super) fn stored_at(reply: &Reply, id: &Id, sent: &[u8]) -> Result<Document, UnreadableAnswer> {
    match stored(reply, sent) {
        Ok(document) if document.head.id == *id => Ok(document),
        _ => same(reply, id),
    }
}

/// The document `id`; the recycle bin wraps it in `{"model":..., "doc":...}`.
pub(super) fn same(reply: &Reply, id: &Id) -> Result<Document, UnreadableAnswer> {
    #[derive(Deserialize)]
    struct Wrapped {
        doc: Box<RawValue>,
    }
    let wrapped = || {
        let wrapped: Wrapped = parsed(&reply.body).ok()?;
        with_head(wrapped.doc, reply).ok()
    };
    let document = document(reply).or_else(|why| wrapped().ok_or(why))?;
    if document.head.id == *id { Ok(document) } else { Err(UnreadableAnswer::AnotherDocument) }
}

/// Reads `{"_id":...}` or `[{"model":"Import","_id":...}, ...]`.
pub(super) fn cloned(reply: &Reply, source: &Id) -> Result<Cloned, UnreadableAnswer> {
    #[derive(Deserialize)]
    struct Made {
        model: String,
        #[serde(rename = "_id")]
        id: Id,
    }
    let (id, document, others) = if reply.body.trim_ascii_start().starts_with(b"[") {
        let made: Vec<Made> = serde_json::from_slice(&reply.body)
            .map_err(UnreadableAnswer::not_json("the answer to the clone"))?;
        let (mut imports, others): (Vec<_>, Vec<_>) =
            made.into_iter().partition(|made| made.model == "Import");
        let (Some(import), true) = (imports.pop(), imports.is_empty()) else {
            return Err(UnreadableAnswer::NotOneClone);
        };
        (import.id, None, others.into_iter().map(|made| (made.model, made.id)).collect())
    } else {
        let document = document(reply)?;
        (document.head.id.clone(), Some(document), Vec::new())
    };
    if cannot_be_asked_for(&id) {
        return Err(UnreadableAnswer::NoUsableId);
    }
    if id == *source {
        return Err(UnreadableAnswer::ClonedIntoItself);
    }
    Ok(Cloned { id, document, others, attempts: reply.attempts, date: reply.date, status: reply.status })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"name":"a","adaptorType":"HTTPImport","http":{"method":["POST"]}}"#;

    fn answer(text: &str) -> Result<Document, UnreadableAnswer> {
        stored(&Reply::new(201, text.to_owned()), SENT.as_bytes())
    }

    #[test]
    fn an_answer_that_only_adds_what_means_nothing_is_as_sent_and_has_the_head_that_a_parser_reads() {
        let text = r#"{"_id":"1","lastModified":"t","name":"a","adaptorType":"HTTPImport",
            "http":{"method":["POST"],"sendPostMappedData":true},"filter":{"type":"expression","version":"1"},"sandbox":false}"#;
        let document = answer(&format!(" {text}\n")).unwrap();
        assert_eq!((document.is_as_sent, &*document.text), (true, text));
        assert_eq!(document.head, Head::of(text).unwrap());
    }

    #[test]
    fn any_other_answer_is_read_as_ever() {
        for other in [
            r#"{"_id":"1","name":"b","adaptorType":"HTTPImport","http":{"method":["POST"]}}"#,
            r#"{"_id":"1","name":"a","adaptorType":"HTTPImport","http":{"method":["POST"],"body":["x"]}}"#,
            r#"{"_id":"1"}"#,
        ] {
            let document = answer(other).unwrap();
            assert_eq!((document.is_as_sent, document.head.id.as_str()), (false, "1"), "{other}");
        }
        let spoilt = [
            SENT.replace('{', r#"{"_id":"","#),
            SENT.replacen('{', r#"{"_id":"1","#, 1).replace("}}", "}"),
            SENT.replacen('{', r#"{"_id":1,"#, 1),
            format!("{SENT}x"),
            SENT.to_owned(),
        ];
        for spoilt in spoilt {
            assert!(answer(&spoilt).is_err(), "{spoilt}");
        }
    }

    #[test]
    fn the_answer_to_a_put_is_of_the_document_that_was_put() {
        let reply = Reply::new(200, SENT.replacen('{', r#"{"_id":"1","#, 1));
        assert!(stored_at(&reply, &Id::from("1"), SENT.as_bytes()).unwrap().is_as_sent);
        assert!(stored_at(&reply, &Id::from("2"), SENT.as_bytes()).is_err());
    }
}
