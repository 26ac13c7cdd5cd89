//! Lists what a selection sees, without changing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::resource_index::{self, ResourceNames};
use crate::inventory::select::{Mind, SelectRequest, select};
use crate::inventory::wanted::{Absent, WhyAbsent, named_before};
use crate::job::Selection;
use crate::model::Head;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::run_folder::document_file::stored_document;

/// An import a selection sees.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The import's id, name and what else a list shows of it.
    pub head: Head,
    /// The name of its connection, if known.
    pub connection_name: Option<String>,
    /// The names of the integrations it belongs to, if known: its own, or those of what uses it.
    pub integration_name: Option<String>,
}

/// The result of a selection.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The selected imports.
    pub imports: Vec<Listed>,
    /// Notes for the user: patterns that match nothing.
    pub notes: Vec<String>,
    /// What is unknown or missing, each in a sentence: a plan would fail these items.
    pub problems: Vec<String>,
}

/// How many imports are named if it is unknown whether they are selected; the rest are counted.
const MOST_NAMED: usize = 3;

/// Lists what a selection sees in an account, in the service's order. `folder` is for temporary files.
///
/// # Errors
///
/// A list that cannot be read or trusted.
///
/// # Cancel safety
///
/// Dropping the future is safe: the account is only read. Files of documents may be left in `folder`.
pub async fn inventory(
    account: &Account,
    selection: &Selection,
    folder: &Path,
    cancel: &Cancel,
    events: &Events,
) -> Result<Listing, EngineError> {
    let mut directory = ResourceIndex::default();
    let kinds = BTreeSet::from([Kind::Connections, Kind::Integrations]);
    resource_index::fill(account, &mut directory, &kinds).await?;
    let known = &directory;
    let asked = UserLists::asked_by(selection.selector.spec());
    // An import does not say to which integrations it belongs, but its users do.
    let usage = &Arc::new(FlowUsage::read(account, Some(UserLists::All), cancel).await?);
    usage.complete(account, asked)?;
    let request = SelectRequest {
        account,
        selection,
        known,
        usage,
        mind: Mind::Nothing,
        waits: true,
        folder,
        cancel,
        events,
    };
    let mut picks = select(request).await?;
    let names = ResourceNames::of(&directory);
    let mut imports = Vec::with_capacity(picks.items.len());
    let mut left_out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pick in picks.items.iter() {
        let text = picks.documents.read(pick.span())?;
        let head = stored_document(text, folder)?.head().clone();
        if let Some(problem) = pick.problem().and_then(|at| picks.problems.get(at as usize)) {
            left_out.entry(problem.message.clone()).or_default().push(head.name);
            continue;
        }
        imports.push(Listed {
            connection_name: names.name(Kind::Connections, head.connection.as_ref()).map(str::to_owned),
            integration_name: integration_names(&head, usage, &names),
            head,
        });
    }
    let absent = picks.absent.iter().map(|Absent { asked, place, why }| match why {
        WhyAbsent::Unread(why) => format!("\"{asked}\" is not listed: {why} ({place})"),
        WhyAbsent::NamedBefore(line) => named_before(place, *line),
        WhyAbsent::Gone => {
            format!("there is no import \"{asked}\" in {} ({place})", account.facts.described())
        }
    });
    let mut problems: Vec<String> = left_out.iter().map(|(why, names)| not_listed(why, names)).collect();
    problems.extend(absent);
    let mut notes = picks.notes;
    let unread = usage.notes(&account.facts.name).into_iter();
    notes.extend(unread.map(|why| format!("{why}: integrations that this would tell are left out")));
    Ok(Listing { imports, notes, problems })
}

/// The names of the integrations of an import: its own if it belongs to an Integration App, else those of what uses it.
fn integration_names(head: &Head, usage: &FlowUsage, names: &ResourceNames) -> Option<String> {
    let own = head.integration.as_ref().filter(|id| !id.as_str().is_empty());
    let of_users = usage.users_of(&head.id).filter_map(|user| user.integration.as_ref());
    let ids = own.map_or_else(|| of_users.collect(), |own| BTreeSet::from([own]));
    let told: BTreeSet<&str> = ids.iter().filter_map(|id| names.name(Kind::Integrations, Some(id))).collect();
    (!told.is_empty()).then(|| told.into_iter().collect::<Vec<_>>().join(", "))
}

/// Why some imports are not listed, in a sentence.
fn not_listed(why: &str, names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = match names.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (count, verb) = (names.len(), if names.len() == 1 { "import is" } else { "imports are" });
    format!("{count} {verb} not listed: {why} ({}{more})", named.join(", "))
}
