//! `fleet report`: one audit and one page for all accounts, into the store.

use std::collections::BTreeMap;
use std::io::Write;

use futures::StreamExt;

use super::load::named;
use super::told::standing;
use crate::cli::args::fleet::Named;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::say;
use crate::cli::world::CliContext;
use crate::fleet::{AccountResult, Definition, FleetError, FleetStore, Status};
use crate::report;

/// Carries out `fleet report`.
pub(super) async fn report(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, results) = standing(world, &store, &definition).await?;
    let (page, audit) = write_report(world, &store, &definition, &status, &results).await?;
    world.document.set("fleet", &status);
    world.document.set("report", &page);
    world.document.set("audit", &audit);
    say(world, &format!("Report: {page}\nAudit: {audit}"));
    Ok(Exit::Done)
}

/// Writes the page and the audit; gives where they are.
pub(super) async fn write_report(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
    status: &Status,
    results: &BTreeMap<String, AccountResult>,
) -> Result<(String, String), Failure> {
    let mut page = Vec::new();
    let rows = definition
        .accounts
        .iter()
        .map(|member| (member.account.as_str(), member.wave, results.get(&member.account)));
    let link = |account: &str| Some(format!("runs/{account}/report.html"));
    report::fleet::page(definition, status, rows, link, &mut page)?;
    store.put("report.html", page.into()).await?;
    // An audit may have millions of rows: it is put together in a file, an account at a time.
    let mut audit = tempfile::NamedTempFile::new()?;
    let ended: Vec<&str> = definition
        .accounts
        .iter()
        .map(|member| member.account.as_str())
        .filter(|account| results.contains_key(*account))
        .collect();
    let mut parts = futures::stream::iter(ended)
        .map(|account| async move { store.bytes(&format!("runs/{account}/audit.csv")).await })
        .buffered(8);
    let mut header: Option<Vec<u8>> = None;
    while let Some(part) = parts.next().await {
        let part: Result<_, FleetError> = part;
        // A run that ended before its plan was made has none.
        let Some(part) = part? else { continue };
        let end = part.iter().position(|byte| *byte == b'\n').map_or(part.len(), |at| at + 1);
        let (head, rows) = part.split_at(end);
        match &header {
            None => {
                audit.write_all(head)?;
                header = Some(head.to_vec());
            }
            Some(known) if known == head => {}
            Some(_) => say(world, "warning: an audit of another version is left out of the fleet's"),
        }
        if header.as_deref() == Some(head) {
            audit.write_all(rows)?;
        }
    }
    audit.flush()?;
    store.put_file("audit.csv", audit.path()).await?;
    Ok((store.shown("report.html"), store.shown("audit.csv")))
}
