//! Checks that a token still opens the account that a plan was made for: an owner has several environments, and the
//! service does not distinguish them. So a plan remembers some ids that it saw, and one of them must exist.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep};

use crate::api::ErrorKind;
use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::{Head, Id};
use crate::run_folder::plan_item::Witness;

/// The most ids of a list that are remembered: the first ones, and the last.
const MOST: usize = 4;
/// The pause between two reads of all of them.
const PAUSE: Duration = Duration::from_millis(500);

/// Remembers some ids of a list while it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remembered {
    first: Vec<(Id, Option<String>)>,
    last: Option<(Id, Option<String>)>,
}

impl Remembered {
    pub(crate) fn take(&mut self, head: &Head) {
        if head.id.as_str().is_empty() {
            return;
        }
        let seen = (head.id.clone(), head.last_modified.clone());
        if self.first.len() < MOST { self.first.push(seen) } else { self.last = Some(seen) }
    }

    /// Whether an import is one of the remembered ones and has not changed since.
    pub(crate) fn is_one(&self, head: &Head) -> bool {
        self.all().any(|(id, modified)| *id == head.id && *modified == head.last_modified)
    }

    /// How many were remembered.
    pub(crate) fn count(&self) -> usize {
        self.all().count()
    }

    fn all(&self) -> impl Iterator<Item = &(Id, Option<String>)> {
        self.first.iter().chain(&self.last)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The imports that were remembered, and some of the account's connections.
    pub(crate) fn witnesses(&self, index: &ResourceIndex) -> Vec<Witness> {
        let imports = self.all().map(|(id, _)| (Kind::Imports.as_str(), id));
        let connections = index.kinds.get(&Kind::Connections).into_iter().flatten().take(MOST);
        imports
            .chain(connections.map(|one| (Kind::Connections.as_str(), &one.id)))
            .map(|(list, id)| Witness { list: list.to_owned(), id: id.clone() })
            .collect()
    }
}

/// Refuses an account that has none of `witnesses`, not even in its recycle bin. Without witnesses nothing is refused.
///
/// # Errors
///
/// [`EngineError::OtherAccount`], or the token is refused.
///
/// # Cancel safety
///
/// It only reads.
pub async fn refuse_another(
    account: &Account,
    witnesses: &[Witness],
    grace_period: Duration,
) -> Result<(), EngineError> {
    let deadline = Instant::now() + grace_period;
    let mut late = witnesses.is_empty();
    while !late {
        // Once more at the end of the grace period: a read by id may lag behind the list.
        late = Instant::now() >= deadline;
        // A witness that cannot be read exists, or its state is unknown.
        if see(account, witnesses).await? != Sight::Absent || late && lies_in_bin(account, witnesses).await {
            return Ok(());
        }
        if late {
            return Err(EngineError::OtherAccount { account: account.facts.name.clone() });
        }
        sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
    }
    Ok(())
}

/// Whether an account has one of `witnesses`, even if only in its recycle bin: then it is the account in which they
/// were seen, whoever opens it. A witness that cannot be read does not count.
///
/// # Errors
///
/// The token is refused.
///
/// # Cancel safety
///
/// It only reads.
pub async fn shows_one(
    account: &Account,
    witnesses: &[Witness],
    grace_period: Duration,
) -> Result<bool, EngineError> {
    let deadline = Instant::now() + grace_period;
    loop {
        let late = witnesses.is_empty() || Instant::now() >= deadline;
        if see(account, witnesses).await? == Sight::Present {
            return Ok(true);
        }
        if late {
            return Ok(lies_in_bin(account, witnesses).await);
        }
        sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
    }
}

/// What an account has of some witnesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// It has at least one of them.
    Present,
    /// None was found, and at least one could not be read.
    Unclear,
    /// It has none of them, and all could be asked for.
    Absent,
}

async fn see(account: &Account, witnesses: &[Witness]) -> Result<Sight, EngineError> {
    let mut answers = futures::stream::iter(witnesses)
        .map(|witness| account.client.get(&witness.list, &witness.id))
        .buffer_unordered(witnesses.len().max(1));
    let mut sight = Sight::Absent;
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(_) => return Ok(Sight::Present),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                return Err(account.failed("read an import")(error));
            }
            Err(_) => sight = Sight::Unclear,
        }
    }
    Ok(sight)
}

/// Whether a witness that was removed since is in the recycle bin of the account: then it existed there.
async fn lies_in_bin(account: &Account, witnesses: &[Witness]) -> bool {
    let mut binned = futures::stream::iter(witnesses)
        .map(|witness| account.client.bin_get(&witness.list, &witness.id))
        .buffer_unordered(witnesses.len().max(1));
    while let Some(answer) = binned.next().await {
        if answer.is_ok() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ids_and_the_last_are_remembered() {
        let mut remembered = Remembered::default();
        for number in 0..9 {
            remembered.take(&Head::new(Id::from(format!("{number}")), ""));
        }
        remembered.take(&Head::new(Id::from(""), ""));
        assert!(
            remembered.is_one(&Head::new(Id::from("8"), "x"))
                && !remembered.is_one(&Head::new(Id::from("7"), ""))
        );
        let ids: Vec<String> =
            remembered.witnesses(&ResourceIndex::default()).iter().map(|one| one.id.to_string()).collect();
        assert_eq!(ids, ["0", "1", "2", "3", "8"]);
    }
}
