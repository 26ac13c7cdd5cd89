//! What the page embeds of one import: the row of the table, and what stands behind it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::super::audit::{changes, reason};
use crate::model::time::stamp;
use crate::model::{Fingerprint, Id, ItemKey, Outcome, Verdict};
use crate::run_folder::rows::Row;

/// Changes of one item that are embedded.
const MOST_CHANGES: usize = 200;

/// What the table shows and searches; the script knows the places.
#[derive(Debug, Serialize)]
pub(super) struct Short<'a>(
    ItemKey,
    /// Its name; of what is no import with the word for it.
    Cow<'a, str>,
    /// The name of its source, if that is another.
    Option<&'a str>,
    /// The places of its outcome and verdict among all of them.
    usize,
    usize,
    Option<&'a Id>,
    Option<&'a Id>,
    Option<&'a str>,
    u32,
    Option<u16>,
    Option<i64>,
    Said,
    /// How many changes and warnings it has.
    usize,
    usize,
    Option<usize>,
    /// Whether the product can show it: not at all, in the source, in the target too.
    u8,
);

/// Why a row is not as it should be: by the number of a group that says the same, or in words.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Said {
    Group(Option<usize>),
    Words(Option<String>),
}

/// `group` is that of its reason, and `same` whether that says the same as the row.
pub(super) fn short(row: &Row, group: Option<usize>, same: bool) -> Short<'_> {
    let item = &row.item;
    let source = item.source.as_ref();
    Short(
        item.item,
        if item.is_import() {
            item.name.as_str().into()
        } else {
            format!("{} \"{}\"", item.noun(), item.name).into()
        },
        source.filter(|source| source.name != item.name).map(|source| source.name.as_str()),
        Outcome::ALL.iter().position(|outcome| *outcome == row.outcome).unwrap_or_default(),
        Verdict::ALL.iter().position(|verdict| *verdict == row.verdict).unwrap_or_default(),
        source.map(|source| &source.id),
        row.target_id.as_ref(),
        item.adaptor_type.as_deref(),
        row.attempts,
        row.http_status,
        row.millis(),
        if same { Said::Group(group) } else { Said::Words(reason(row)) },
        changes(row).len(),
        item.warnings.len(),
        group,
        match (item.is_import(), row.outcome) {
            (false, _) => 0,
            (true, Outcome::Deleted) => 1,
            (true, _) => 2,
        },
    )
}

/// What stands behind a row.
#[derive(Debug, Serialize)]
pub(super) struct Details<'a> {
    operation: &'static str,
    /// Where, from what and to what.
    changes: Vec<(&'a str, Option<Cow<'a, str>>, Option<Cow<'a, str>>)>,
    warnings: &'a [String],
    secrets: &'a [String],
    differences: &'a [String],
    code: Option<&'a str>,
    adopted: bool,
    source_sha256: Option<Fingerprint>,
    sent_sha256: Option<Fingerprint>,
    target_sha256: Option<Fingerprint>,
    started: Option<String>,
    finished: Option<String>,
}

/// `names` are those of the resources whose ids stand in changes.
pub(super) fn details<'a>(row: &'a Row, names: &BTreeMap<String, String>) -> Details<'a> {
    // An id whose name is known is shown with it.
    let named = |value: &'a Option<String>| {
        let text = value.as_deref()?;
        let id = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let name = id.and_then(|id| names.get(id));
        Some(name.map_or(Cow::Borrowed(text), |name| format!("\"{name}\" ({text})").into()))
    };
    let item = &row.item;
    let changes = changes(row).iter().take(MOST_CHANGES);
    Details {
        operation: item.operation.as_str(),
        changes: changes
            .map(|change| (change.path.as_str(), named(&change.from), named(&change.to)))
            .collect(),
        warnings: &item.warnings,
        secrets: &item.secrets,
        differences: &row.differences,
        code: row.error_code.as_deref(),
        adopted: row.adopted,
        source_sha256: item.source.as_ref().and_then(|source| source.sha256),
        sent_sha256: row.sent_sha256,
        target_sha256: row.target_sha256,
        started: row.started_at.map(stamp),
        finished: row.finished_at.map(stamp),
    }
}
