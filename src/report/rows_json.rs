//! A run as JSON: the rows of the audit with their types and what does not fit into a cell, then the summary.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::audit::{AuditContext, changes, reason};
use crate::model::time::stamp;
use crate::run_folder::rows::Row;
use crate::run_folder::summary::Summary;

/// Writes the rows, one a line.
pub(super) struct JsonRows<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl<'a> JsonRows<'a> {
    pub(super) fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{\"items\":[")?;
        Ok(Self { out, first: true })
    }

    pub(super) fn row(&mut self, context: &AuditContext, row: &Row) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut *self.out, &value(context, row)).map_err(io::Error::from)
    }

    pub(super) fn finish(self, summary: &Summary) -> io::Result<()> {
        self.out.write_all(b"\n],\n\"summary\":")?;
        serde_json::to_writer(&mut *self.out, summary).map_err(io::Error::from)?;
        self.out.write_all(b"}\n")
    }
}

fn value(context: &AuditContext, row: &Row) -> Value {
    let item = &row.item;
    let source = item.source.as_ref();
    json!({
        "run_id": context.run_id,
        "item": item.item,
        "action": context.action,
        "outcome": row.outcome,
        "verdict": row.verdict,
        "source_account": context.source_account,
        "source_id": source.map(|source| &source.id),
        "source_name": source.map(|source| &source.name),
        "target_account": context.target_account,
        "target_id": row.target_id,
        "target_name": item.name,
        "adaptor_type": item.adaptor_type,
        "attempts": row.attempts,
        "http_status": row.http_status,
        "error_code": row.error_code,
        "error_message": reason(row),
        "changes": changes(row),
        "differences": row.differences,
        "warnings": item.warnings,
        "secrets": item.secrets,
        "adopted": row.adopted,
        "source_sha256": source.and_then(|source| source.sha256),
        "sent_sha256": row.sent_sha256,
        "target_sha256": row.target_sha256,
        "started_at": row.started_at.map(stamp),
        "finished_at": row.finished_at.map(stamp),
        "duration_ms": row.millis(),
    })
}
