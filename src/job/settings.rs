//! The part of a job that carrying out its plan needs; kept with the plan, so that a run can be resumed without the job.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    Account, AccountPlace, Action, BackupSettings, Job, PageSize, Retry, StandIn, Stop, Verify, Waves,
};
use crate::documents::SelectorSpec;
use crate::documents::pointer::Pointer;
use crate::model::Fingerprint;

/// Accounts and manners of a job. It holds where tokens come from, never a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where imports come from.
    pub source: Account,
    /// Where imports go to.
    pub target: Account,
    /// `ignore`: paths that are left out of every comparison.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<Pointer>,
    /// The key `verify`: what is read back.
    pub verify: Verify,
    /// `waves` and `pause`; `None` writes everything in one go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waves: Option<Waves>,
    /// `concurrency`; `None` is `auto`.
    pub concurrency: Option<NonZeroUsize>,
    /// The key `page_size`: how many imports a list call asks for.
    #[serde(default)]
    pub page_size: PageSize,
    /// The key `retry`: how often and how long a call is repeated.
    pub retry: Retry,
    /// The key `stop`: when the run halts.
    pub stop: Stop,
    /// The folder of the job file, where its relative paths begin.
    pub folder: PathBuf,
    /// What a backup stores in the archive; `None` if this is not a backup.
    #[serde(default, rename = "shelved", skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupSettings>,
    /// For a restore: whether flows, APIs and tools that name an import by an id it no longer has are pointed to the new
    /// one. No key of a job: whoever runs it says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repoint_flows: bool,
    /// The account of a CSV that stands for one of the job's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<StandIn>,
}

impl Settings {
    /// Those of no job, to look at one account.
    pub fn of_account(account: &Account, folder: PathBuf) -> Self {
        Self {
            source: account.clone(),
            target: account.clone(),
            ignore: Vec::new(),
            verify: Verify::default(),
            waves: None,
            concurrency: None,
            page_size: PageSize::default(),
            retry: Retry::default(),
            stop: Stop::default(),
            folder,
            backup: None,
            repoint_flows: false,
            stand_in: None,
        }
    }

    /// Those of a job whose file is in `folder`.
    pub fn of(job: &Job, folder: PathBuf) -> Self {
        Self {
            source: job.source.clone(),
            target: job.target.clone(),
            ignore: job.ignore.clone(),
            verify: job.verify,
            waves: job.waves.clone(),
            concurrency: job.concurrency,
            page_size: job.page_size,
            retry: job.retry,
            stop: job.stop,
            folder,
            backup: backup(job),
            repoint_flows: false,
            stand_in: job.stand_in.clone(),
        }
    }

    /// The same settings, with tokens from where later ones say. An account that is elsewhere in those keeps its token.
    #[must_use]
    pub fn with_tokens_of(&self, later: &Self) -> Self {
        let stand_in = self.stand_in.as_ref().map(|row| match &later.stand_in {
            Some(now) => StandIn { account: with_token_of(&row.account, &now.account), ..row.clone() },
            None => row.clone(),
        });
        Self {
            source: with_token_of(&self.source, &later.source),
            target: with_token_of(&self.target, &later.target),
            stand_in,
            ..self.clone()
        }
    }
}

fn with_token_of(account: &Account, later: &Account) -> Account {
    let is_there = account.place.origin() == later.place.origin();
    match (&account.place, &later.place) {
        (AccountPlace::Service { .. }, AccountPlace::Service { .. }) if is_there => {
            Account { place: later.place.clone(), ..account.clone() }
        }
        _ => account.clone(),
    }
}

fn backup(job: &Job) -> Option<BackupSettings> {
    let archive = job.archive.as_ref().filter(|_| job.action == Action::Backup)?;
    Some(BackupSettings {
        tags: archive.tags.clone(),
        selection: in_words(job),
        shrink: archive.shrink,
        keep: archive.keep.clone(),
    })
}

/// The selection of a job in words; the same selection always in the same words. `None` for everything.
fn in_words(job: &Job) -> Option<String> {
    let mut parts = keys_in_words(job.select.selector.spec());
    if let Some(manifest) = &job.select.manifest {
        let rows = manifest.rows.iter().filter_map(|row| row.id.as_deref().or(row.name.as_deref()));
        let hash = Fingerprint::of(rows.collect::<Vec<_>>().join("\n").as_bytes()).to_string();
        parts.push(format!("a manifest of {} rows ({})", manifest.rows.len(), &hash[..8]));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn keys_in_words(spec: &SelectorSpec) -> Vec<String> {
    let lists = [
        ("ids", &spec.ids),
        ("names", &spec.names),
        ("adaptor_types", &spec.adaptor_types),
        ("connections", &spec.connections),
        ("flows", &spec.flows),
        ("integrations", &spec.integrations),
    ];
    let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
    let in_words = |(key, values): (_, &Vec<String>)| {
        let values: Vec<Cow<'_, str>> = values.iter().map(|value| quoted(value)).collect();
        format!("{key}: {}", values.join(", "))
    };
    let mut parts: Vec<String> = lists.map(in_words).collect();
    parts.extend(spec.modified_since.map(|since| format!("modified_since: {since}")));
    parts.extend(spec.filter.as_ref().map(|filter| format!("where: {filter}")));
    if let Some(exclude) = &spec.exclude {
        parts.push(format!("not ({})", keys_in_words(exclude).join("; ")));
    }
    parts
}

/// A value of a list, quoted where it could be taken for several or for the end of the list.
fn quoted(value: &str) -> Cow<'_, str> {
    let is_plain =
        value.trim() == value && !value.is_empty() && !value.contains([',', ';', '(', ')', '"', '\n', '\r']);
    if is_plain { value.into() } else { serde_json::Value::from(value).to_string().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_selections_never_have_the_same_words() {
        let words = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            keys_in_words(&SelectorSpec { names, ..SelectorSpec::default() }).join("; ")
        };
        assert_eq!(words(&["Order *", "b"]), "names: Order *, b");
        let all =
            [&["a", "b"][..], &["a, b"], &["a; ids: b"], &["\"a, b\""], &["a, b "], &["a", "", "b"], &["a)"]];
        let all: std::collections::BTreeSet<String> = all.map(words).into();
        assert_eq!(all.len(), 7, "{all:?}");
    }
}
