//! What workers write into a fleet: how each account ended, and what each worker is doing.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};

use super::FleetStore;
use crate::archive::ObjectVersion;
use crate::fleet::beat::Beat;
use crate::fleet::error::FleetError;
use crate::fleet::result::AccountResult;

/// How many objects are read at a time.
const IN_FLIGHT: usize = 16;

impl FleetStore {
    /// How an account ended, if it did.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn result(&self, account: &str) -> Result<Option<AccountResult>, FleetError> {
        Ok(self.read(&format!("results/{account}.json")).await?.map(|(result, _)| result))
    }

    /// How every account that ended did, but those that are known: only what is new is read.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads; dropped, `known` may lack results that are gone from the store, and has none that are new.
    pub async fn results(&self, known: &mut BTreeMap<String, AccountResult>) -> Result<(), FleetError> {
        let prefix = self.at("results/");
        let names = self.objects.list(prefix.trim_end_matches('/')).await?;
        let accounts: BTreeSet<String> = names
            .iter()
            .filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(".json"))
            .map(str::to_owned)
            .collect();
        known.retain(|account, _| accounts.contains(account));
        let new = accounts.into_iter().filter(|account| !known.contains_key(account));
        let new: Vec<String> = new.collect();
        let read = futures::stream::iter(new)
            .map(|account| async move { self.result(&account).await })
            .buffer_unordered(IN_FLIGHT);
        let read: Vec<Option<AccountResult>> = read.try_collect().await?;
        known.extend(read.into_iter().flatten().map(|result| (result.account.clone(), result)));
        Ok(())
    }

    /// The accounts that ended, and what tells how each did from how it did before: an account may be run again.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn result_tags(&self) -> Result<BTreeMap<String, Option<String>>, FleetError> {
        let prefix = self.at("results/");
        let tags = self.objects.tags(prefix.trim_end_matches('/')).await?;
        let account = |name: &str| Some(name.strip_prefix(&prefix)?.strip_suffix(".json")?.to_owned());
        Ok(tags.into_iter().filter_map(|(name, tag)| Some((account(&name)?, tag))).collect())
    }

    /// Records how an account ended, unless another worker did already. Gives what is recorded.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, the result may be recorded; the same call again gives what is.
    pub async fn record(&self, result: &AccountResult) -> Result<AccountResult, FleetError> {
        let part = format!("results/{}.json", result.account);
        let text = self.encode(&part, result)?;
        if self.objects.create(&self.at(&part), text).await?.is_some() {
            return Ok(result.clone());
        }
        Ok(self.result(&result.account).await?.unwrap_or_else(|| result.clone()))
    }

    /// Forgets how an account ended, so that it is run again.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the call was sent, the result may be gone; the same call again does no harm.
    pub async fn forget(&self, account: &str) -> Result<(), FleetError> {
        Ok(self.objects.remove(&self.at(&format!("results/{account}.json"))).await?)
    }

    /// Tells what a worker is doing.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, this beat is there or the one before; the next one replaces it.
    pub async fn beat(&self, beat: &Beat) -> Result<(), FleetError> {
        let part = format!("workers/{}.json", beat.worker);
        let text = self.encode(&part, beat)?;
        self.put(&part, text).await
    }

    /// What each worker is doing. A note that cannot be read, of a worker that died while it wrote it or of another version, is
    /// left out: nothing depends on it.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn beats(&self) -> Result<Vec<Beat>, FleetError> {
        let prefix = self.at("");
        let names = self.objects.list(&self.at("workers")).await?;
        let parts: Vec<String> =
            names.iter().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect();
        let read = futures::stream::iter(parts)
            .map(|part| async move {
                match self.read::<Beat>(&part).await {
                    Err(FleetError::Damaged { .. }) => Ok(None),
                    read => read,
                }
            })
            .buffer_unordered(IN_FLIGHT);
        let read: Vec<Option<(Beat, ObjectVersion)>> = read.try_collect().await?;
        let mut beats: Vec<Beat> = read.into_iter().flatten().map(|(beat, _)| beat).collect();
        beats.sort_by(|a, b| a.worker.cmp(&b.worker));
        Ok(beats)
    }
}
