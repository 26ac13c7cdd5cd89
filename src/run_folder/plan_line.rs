//! An item of a plan as its line: written and read by hand, in the order of its fields, as serde writes it.
//!
//! Each item is written and read more than once on the way to a plan and to what is shown of it, so what is nothing out of
//! the ordinary takes no detour by a format that knows nothing of it. All else is left to serde.

use std::borrow::Cow;
use std::fmt::Write;

use crate::documents::diff::Change;
use crate::documents::quick::text_before;
use crate::documents::references::Kind;
use crate::documents::verbatim::write_text;
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, Verdict};
use crate::run_folder::document_file::{Span, from_json};
use crate::run_folder::plan_item::{ImportRef, PlanItem, Reason};

/// An item as JSON, in one line.
///
/// # Errors
///
/// It cannot be written as JSON.
pub(crate) fn to_line(item: &PlanItem) -> serde_json::Result<String> {
    let Some(line) = written(item) else { return serde_json::to_string(item) };
    debug_assert_eq!(
        serde_json::to_string(item).ok().as_ref(),
        Some(&line),
        "an item is written as serde does"
    );
    Ok(line)
}

/// The item that a line says.
///
/// # Errors
///
/// The line is not an item.
pub(crate) fn from_line(line: &[u8]) -> serde_json::Result<PlanItem> {
    let Some(item) = str::from_utf8(line).ok().and_then(read) else { return from_json(line) };
    debug_assert_eq!(from_json(line).ok().as_ref(), Some(&item), "an item is read as serde does");
    Ok(item)
}

/// The line of an item that is an import and not a clone.
fn written(item: &PlanItem) -> Option<String> {
    let PlanItem {
        item: number,
        operation,
        name,
        outcome,
        verdict,
        problem,
        kind,
        needs,
        adaptor_type,
        source,
        target,
        sent_sha256,
        compared_sha256,
        wanted,
        clone,
        adjust,
        namesakes,
        changes,
        warnings,
        users,
        used_by,
        used_in_source,
        secrets,
    } = item;
    if *kind != Kind::Imports || clone.is_some() || compared_sha256.is_some() {
        return None;
    }
    let mut line = String::with_capacity(768);
    write!(line, "{{\"item\":{number}").ok()?;
    text(&mut line, ",\"operation\":", operation.as_str());
    text(&mut line, ",\"name\":", &**name);
    text(&mut line, ",\"outcome\":", outcome.map(Outcome::as_str));
    text(&mut line, ",\"verdict\":", verdict.map(Verdict::as_str));
    if let Some(Reason { code, message }) = problem {
        text(&mut line, ",\"trouble\":{\"code\":", &**code);
        text(&mut line, ",\"message\":", &**message);
        line.push('}');
    }
    list(&mut line, ",\"needs\":", needs, |line, need| write!(line, "{need}").unwrap_or_default());
    text(&mut line, ",\"adaptor_type\":", adaptor_type.as_deref());
    import(&mut line, ",\"source\":", source.as_ref());
    import(&mut line, ",\"target\":", target.as_ref());
    print(&mut line, ",\"sent_sha256\":", sent_sha256.as_ref());
    if let Some(Span { offset, length }) = wanted {
        write!(line, ",\"wanted\":{{\"offset\":{offset},\"length\":{length}}}").ok()?;
    }
    line.push_str(if *adjust { ",\"adjust\":true" } else { "" });
    list(&mut line, ",\"namesakes\":", namesakes, |line, id| write_text(id.as_str(), line));
    list(&mut line, ",\"changes\":", changes, |line, Change { path, from, to }| {
        text(line, "{\"path\":", &**path);
        text(line, ",\"from\":", from.as_deref());
        text(line, ",\"to\":", to.as_deref());
        line.push('}');
    });
    list(&mut line, ",\"warnings\":", warnings, |line, warning| write_text(warning, line));
    list(&mut line, ",\"users\":", users, |line, user| write_text(user, line));
    list(&mut line, ",\"used_by\":", used_by, |line, id| write_text(id.as_str(), line));
    list(&mut line, ",\"used_in_source\":", used_in_source, |line, id| write_text(id.as_str(), line));
    list(&mut line, ",\"secrets\":", secrets, |line, secret| write_text(secret, line));
    line.push('}');
    Some(line)
}

/// Writes a text behind its key, where there is one.
fn text<'t>(line: &mut String, key: &str, text: impl Into<Option<&'t str>>) {
    if let Some(text) = text.into() {
        line.push_str(key);
        write_text(text, line);
    }
}

fn print(line: &mut String, key: &str, print: Option<&Fingerprint>) {
    if let Some(print) = print {
        text(line, key, print.digits(&mut [0; 64]));
    }
}

fn import(line: &mut String, key: &str, import: Option<&ImportRef>) {
    let Some(ImportRef { id, name, sha256, modified }) = import else { return };
    line.push_str(key);
    text(line, "{\"id\":", id.as_str());
    text(line, ",\"name\":", &**name);
    print(line, ",\"sha256\":", sha256.as_ref());
    text(line, ",\"modified\":", modified.as_deref());
    line.push('}');
}

/// Writes a list behind its key, where there is anything in it.
fn list<T>(line: &mut String, key: &str, entries: &[T], write: impl Fn(&mut String, &T)) {
    for (at, entry) in entries.iter().enumerate() {
        line.push_str(if at == 0 { key } else { "," });
        line.push_str(if at == 0 { "[" } else { "" });
        write(line, entry);
    }
    line.push_str(if entries.is_empty() { "" } else { "]" });
}

/// The item of a line, if it is written as [`written`] does.
fn read(line: &str) -> Option<PlanItem> {
    let mut line = Line(line);
    line.expect("{\"item\":")?;
    let item = PlanItem {
        item: ItemKey(line.number()?.try_into().ok()?),
        operation: line.word(",\"operation\":", Operation::ALL, Operation::as_str)??,
        name: {
            line.expect(",\"name\":")?;
            line.text()?
        },
        outcome: line.word(",\"outcome\":", Outcome::ALL, Outcome::as_str)?,
        verdict: line.word(",\"verdict\":", Verdict::ALL, Verdict::as_str)?,
        problem: line.member(",\"trouble\":{\"code\":", |line| {
            let code = line.text()?;
            line.expect(",\"message\":")?;
            let message = line.text()?;
            line.expect("}")?;
            Some(Reason { code, message })
        })?,
        kind: Kind::Imports,
        needs: line.list(",\"needs\":", |line| Some(ItemKey(line.number()?.try_into().ok()?)))?,
        adaptor_type: line.member(",\"adaptor_type\":", Line::text)?,
        source: line.member(",\"source\":{\"id\":", Line::import)?,
        target: line.member(",\"target\":{\"id\":", Line::import)?,
        sent_sha256: line.member(",\"sent_sha256\":", Line::print)?,
        compared_sha256: None,
        wanted: line.member(",\"wanted\":{\"offset\":", |line| {
            let offset = line.number()?;
            line.expect(",\"length\":")?;
            let length = line.number()?.try_into().ok()?;
            line.expect("}")?;
            Some(Span { offset, length })
        })?,
        clone: None,
        adjust: line.is_at(",\"adjust\":true"),
        namesakes: line.list(",\"namesakes\":", Line::id)?,
        changes: line.list(",\"changes\":", |line| {
            line.expect("{\"path\":")?;
            let path = line.text()?;
            let from = line.member(",\"from\":", Line::text)?;
            let to = line.member(",\"to\":", Line::text)?;
            line.expect("}")?;
            Some(Change { path, from, to })
        })?,
        warnings: line.list(",\"warnings\":", Line::text)?,
        users: line.list(",\"users\":", Line::text)?,
        used_by: line.list(",\"used_by\":", Line::id)?,
        used_in_source: line.list(",\"used_in_source\":", Line::id)?,
        secrets: line.list(",\"secrets\":", Line::text)?,
    };
    (line.0 == "}").then_some(item)
}

/// What is still to be read of a line.
struct Line<'t>(&'t str);

impl<'t> Line<'t> {
    /// Skips `what` if it comes next.
    fn is_at(&mut self, what: &str) -> bool {
        let rest = self.0.strip_prefix(what);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, what: &str) -> Option<()> {
        self.is_at(what).then_some(())
    }

    fn quoted(&mut self) -> Option<Cow<'t, str>> {
        let (text, rest) = text_before(self.0)?;
        self.0 = rest;
        Some(text)
    }

    fn text(&mut self) -> Option<String> {
        self.quoted().map(Cow::into_owned)
    }

    fn id(&mut self) -> Option<Id> {
        self.quoted().map(|text| Id::from(&*text))
    }

    fn print(&mut self) -> Option<Fingerprint> {
        Fingerprint::parse(&self.quoted()?)
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.len() > 1 && digits.starts_with('0') { None } else { digits.parse().ok() }
    }

    /// What stands behind that key, where it is the next; `None` for what is not to be read.
    #[expect(clippy::option_option, reason = "what is not there is no reason to leave the line to serde")]
    fn member<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.is_at(key) { read(self).map(Some) } else { Some(None) }
    }

    /// One of some words behind that key, as [`Self::member`].
    #[expect(clippy::option_option, reason = "what is not there is no reason to leave the line to serde")]
    fn word<T: Copy>(&mut self, key: &str, words: &[T], word: fn(T) -> &'static str) -> Option<Option<T>> {
        self.member(key, |line| {
            let text = line.quoted()?;
            words.iter().copied().find(|one| word(*one) == text)
        })
    }

    /// What is left of an import on one side, from its id on.
    fn import(&mut self) -> Option<ImportRef> {
        let id = self.id()?;
        self.expect(",\"name\":")?;
        let name = self.text()?;
        let sha256 = self.member(",\"sha256\":", Self::print)?;
        let modified = self.member(",\"modified\":", Self::text)?;
        self.expect("}")?;
        Some(ImportRef { id, name, sha256, modified })
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut entries = Vec::new();
        if self.is_at(key) {
            self.expect("[")?;
            loop {
                entries.push(read(self)?);
                if !self.is_at(",") {
                    break;
                }
            }
            self.expect("]")?;
        }
        Some(entries)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items() -> Vec<PlanItem> {
        let print = Fingerprint::of(b"x").to_string();
        let import =
            json!({"id": "5f7c579b6411271af4e7cefa", "name": "a\"é\n", "sha256": print, "modified": "t"});
        let full = json!({
            "item": 7, "operation": "update", "name": "\u{1f600} \\ \u{7f}\u{1}", "outcome": "conflict", "verdict": "equal",
            "trouble": {"code": "c", "message": "m"}, "needs": [1, 20], "adaptor_type": "HTTPImport", "source": import,
            "target": {"id": "b", "name": ""}, "sent_sha256": print, "wanted": {"offset": 5_000_000_000_u64, "length": 9},
            "adjust": true, "namesakes": ["n"], "changes": [{"path": "/a", "from": "\"b\"", "to": "1"}, {"path": ""}],
            "warnings": ["w", "v"], "users": ["u"], "used_by": ["x", "y"], "used_in_source": ["z"], "secrets": ["/s"],
        });
        let mut items = vec![full.clone()];
        for key in full.as_object().unwrap().keys() {
            let mut less = full.clone();
            less.as_object_mut().unwrap().shift_remove(key);
            items.push(less);
        }
        for word in Operation::ALL {
            items.push(json!({"item": 1, "operation": word, "name": "a"}));
        }
        items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect()
    }

    #[test]
    fn an_item_is_written_and_read_by_hand_as_serde_does() {
        let items = items();
        assert!(items.len() > 20);
        for item in items {
            let line = serde_json::to_string(&item).unwrap();
            assert_eq!(written(&item).as_ref(), Some(&line));
            assert_eq!(read(&line), Some(item));
        }
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_serde() {
        let item = PlanItem { kind: Kind::Scripts, ..items().remove(0) };
        assert_eq!(
            (written(&item), written(&PlanItem { clone: Some(json!({})), ..items().remove(0) })),
            (None, None)
        );
        assert_eq!(from_line(to_line(&item).unwrap().as_bytes()).unwrap(), item);
        for line in [
            r#"{"item": 1,"operation":"none","name":"a"}"#,
            r#"{"operation":"none","item":1,"name":"a"}"#,
            r#"{"item":1,"operation":"none","name":"a","outcome":null}"#,
            r#"{"item":1,"operation":"none","name":"a","warnings":[]}"#,
            r#"{"item":1,"operation":"none","name":"a","more":1}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
            assert!(from_line(line.as_bytes()).is_ok(), "{line}");
        }
        for line in [
            "{\"item\":1,\"operation\":\"none\",\"name\":\"a\nb\"}",
            r#"{"item":01,"operation":"none","name":"a"}"#,
            r#"{"item":1,"operation":"none","name":"a","sent_sha256":"zz"}"#,
            r#"{"item":1,"operation":"no","name":"a"}"#,
            r#"{"item":1,"operation":"none","name":"a"}}"#,
            r#"{"item":1,"operation":"none","name":"a""#,
        ] {
            assert!(read(line).is_none() && from_line(line.as_bytes()).is_err(), "{line}");
        }
    }
}
