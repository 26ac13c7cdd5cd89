//! `fleet report`: one audit and one page for all accounts, into the store.

use std::collections::BTreeMap;
use std::io::Write;

use futures::StreamExt;

use super::audits::{Journals, is_begun};
use super::load::named;
use super::read_status::read_status;
use crate::cli::args::fleet::Named;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::say;
use crate::cli::world::CliContext;
use crate::fleet::words::some;
use crate::fleet::{AccountResult, Definition, FleetError, FleetStore, Member, Status};
use crate::model::shown::shell_word;
use crate::report;

/// Carries out `fleet report`.
pub(super) async fn report(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, results) = read_status(world, &store, &definition).await?;
    let written = write_report(world, &store, &definition, &status, &results).await?;
    world.document.set("fleet", &status);
    world.document.set("report", &written.page);
    world.document.set("audit", &written.audit);
    say(world, &format!("Report: {}\nAudit: {}", written.page, written.audit));
    Ok(if written.is_whole { Exit::Done } else { Exit::Unexpected })
}

/// The report of a fleet.
pub(super) struct Written {
    /// Where the page is.
    pub page: String,
    /// Where the audit is.
    pub audit: String,
    /// Whether the audit has the rows of every account that ended.
    pub is_whole: bool,
}

/// Writes the page and the audit; an account whose audit is missing is named. The audit has the rows of accounts that have not
/// ended too, where a run of theirs left some; those without are told.
pub(super) async fn write_report(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
    status: &Status,
    results: &BTreeMap<String, AccountResult>,
) -> Result<Written, Failure> {
    // An audit may have millions of rows: it is put together in a file, an account at a time.
    let mut audit = tempfile::NamedTempFile::new()?;
    let begun = |member: &&Member| member.wave <= status.wave || results.contains_key(&member.account);
    let begun: Vec<&str> =
        definition.accounts.iter().filter(begun).map(|member| member.account.as_str()).collect();
    let mut parts = futures::stream::iter(begun)
        .map(|account| async move {
            let audit = store.bytes(&format!("runs/{account}/audit.csv")).await;
            let is_open = !results.contains_key(account) && is_begun(store, account).await?;
            Ok::<_, FleetError>((account, is_open, audit?))
        })
        .buffered(8);
    let (mut header, mut missing): (Option<Vec<u8>>, Vec<String>) = (None, Vec::new());
    let mut open: Vec<String> = Vec::new();
    let (mut journals, mut so_far) = (Journals::new(world, store), BTreeMap::new());
    while let Some(part) = parts.next().await {
        let (account, is_open, mut part) = part?;
        if is_open {
            // What was written at its end so far is not all: it was gone on with, or killed.
            match journals.read(account).await {
                Ok(Some(run)) => {
                    part = Some(run.audit);
                    so_far.insert(account.to_owned(), run.counts);
                }
                Ok(None) => {}
                Err(failure) => {
                    say(
                        world,
                        &format!("warning: the run of `{account}` cannot be read: {}", failure.message()),
                    );
                }
            }
        }
        let Some(part) = part else {
            match results.get(account) {
                None => open.push(account.to_owned()),
                Some(result) if result.counts.is_some() => missing.push(account.to_owned()),
                // A run that ended before its plan was made has none.
                Some(_) => {}
            }
            continue;
        };
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
    let mut page = Vec::new();
    let rows = definition
        .accounts
        .iter()
        .map(|member| (member.account.as_str(), member.wave, results.get(&member.account)));
    let link = |account: &str| Some(format!("runs/{account}/report.html"));
    report::fleet::page(definition, status, rows, &so_far, link, &mut page)?;
    store.put("report.html", page.into()).await?;
    if !so_far.is_empty() {
        let accounts: Vec<String> = so_far.into_keys().collect();
        let message = format!(
            "accounts that have not ended are in the audit with what their journals say so far: {}",
            some(&accounts)
        );
        say(world, &message);
    }
    if !open.is_empty() {
        let message = format!("the audit has no rows yet of what has not ended: {}", some(&open));
        say(world, &message);
    }
    if let Some(first) = missing.first() {
        let run = store.shown(&format!("runs/{first}"));
        let run = shell_word(&run);
        let message = format!(
            "warning: the fleet's audit is not whole: the runs of {} left none in the store; to write one: transship resume {run} and then transship fleet report {}",
            some(&missing),
            status.in_a_command
        );
        say(world, &message);
    }
    let is_whole = missing.is_empty();
    Ok(Written { page: store.shown("report.html"), audit: store.shown("audit.csv"), is_whole })
}
