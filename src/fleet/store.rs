//! Where each part of a fleet is in the store, and how it is read and changed.
//!
//! ```text
//! fleets/<name>/fleet.json              what it is; written once
//! fleets/<name>/planned.json            what it would be, by `fleet plan`; written over
//! fleets/<name>/control.json            stop, pause, approvals; replaced on condition
//! fleets/<name>/snapshot.json           the snapshot of an archive that all accounts get
//! fleets/<name>/plans.json              what `fleet plan` found of each account
//! fleets/<name>/plans/<account>.json    what would be done there
//! fleets/<name>/runs/<account>/         its run folder; in a bucket in segments, see `run_folder::shared`
//! fleets/<name>/results/<account>.json  how it ended
//! fleets/<name>/workers/<worker>.json   what each worker is doing
//! fleets/<name>/report.html, audit.csv  the whole of it
//! leases/<service + account>.json       who writes to an account
//! ```

mod file;
mod results;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::control::Control;
use super::definition::{Definition, FORMAT};
use super::error::FleetError;
pub use super::store_options::StoreOptions;
use crate::archive::{ObjectVersion, Objects};

/// How often a change is tried while others change the same object.
const TRIES: u32 = 20;

/// A fleet in a store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FleetStore {
    objects: Objects,
    name: String,
    /// Its file as a command names it, where a command did.
    file: Option<String>,
}

impl FleetStore {
    /// The fleet of that name; it need not be there yet.
    pub fn new(objects: Objects, name: &str) -> Self {
        Self { objects, name: name.to_owned(), file: None }
    }

    /// The store, in which leases are too.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// What the fleet is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store as messages call it.
    pub fn place(&self) -> &str {
        self.objects.place()
    }

    /// Tries whether the store honours conditional writes, which the parts of a fleet and leases need.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the small object that was tried with, below `tmp/`, until one tries an hour later or more;
    /// the fleet is not touched.
    pub async fn keeps_conditions(&self) -> Result<bool, FleetError> {
        Ok(self.objects.keeps_conditions().await?)
    }

    fn at(&self, part: &str) -> String {
        format!("fleets/{}/{part}", self.name)
    }

    /// A part of the fleet as people name it: a path, or an address.
    pub fn shown(&self, part: &str) -> String {
        match self.folder(part) {
            Some(path) => path.display().to_string(),
            None => format!("{}/{}", self.place().trim_end_matches('/'), self.at(part)),
        }
    }

    /// A part of the fleet as a path, where the store is a folder.
    pub fn folder(&self, part: &str) -> Option<PathBuf> {
        self.objects.folder().map(|folder| folder.join(self.at(part)))
    }

    /// Reports that a part of the fleet is not what was written there.
    pub(super) fn damaged(&self, part: &str) -> impl FnOnce(serde_json::Error) -> FleetError + use<> {
        let (name, place) = (self.at(part), self.place().to_owned());
        move |source| FleetError::Damaged { name, place, source }
    }

    async fn read<T: DeserializeOwned>(&self, part: &str) -> Result<Option<(T, ObjectVersion)>, FleetError> {
        let Some((bytes, version)) = self.objects.read(&self.at(part)).await? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes).map_err(self.damaged(part))?;
        Ok(Some((read, version)))
    }

    /// A part of the fleet, if it exists.
    pub(super) async fn part<T: DeserializeOwned>(&self, part: &str) -> Result<Option<T>, FleetError> {
        Ok(self.read(part).await?.map(|(read, _)| read))
    }

    fn encode(&self, part: &str, value: &impl Serialize) -> Result<Bytes, FleetError> {
        let mut text = serde_json::to_vec_pretty(value).map_err(self.damaged(part))?;
        text.push(b'\n');
        Ok(text.into())
    }

    /// Reads a part of the fleet as it is.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn bytes(&self, part: &str) -> Result<Option<Bytes>, FleetError> {
        Ok(self.objects.read(&self.at(part)).await?.map(|(bytes, _)| bytes))
    }

    /// Writes a part of the fleet, whatever was there.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, the part holds either the old bytes or the new ones.
    pub async fn put(&self, part: &str, bytes: Bytes) -> Result<(), FleetError> {
        Ok(self.objects.put(&self.at(part), bytes).await?)
    }

    /// Writes a part of the fleet if there is none, and says whether it did. The bytes must be unlike all others: that is
    /// how a write is recognised whose answer was lost.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, the part may be there; the same call with the same bytes then says
    /// that it was written.
    pub async fn create(&self, part: &str, bytes: Bytes) -> Result<bool, FleetError> {
        Ok(self.objects.create(&self.at(part), bytes).await?.is_some())
    }

    /// Writes a part of the fleet from a file of any size.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, the part is either the old one or the new one as a whole. A bucket
    /// may keep what was sent of an unfinished upload until its own rules remove it.
    pub async fn put_file(&self, part: &str, path: &Path) -> Result<(), FleetError> {
        Ok(self.objects.put_file(&self.at(part), path).await?)
    }

    /// What the fleet is.
    ///
    /// # Errors
    ///
    /// There is no such fleet, a newer program made it, it is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn definition(&self) -> Result<Definition, FleetError> {
        if let Some(definition) = self.begun().await? {
            return Ok(definition);
        }
        if self.planned().await?.is_some() {
            return Err(FleetError::Refused(format!(
                "the fleet `{}` in {} was planned and not begun yet: transship fleet run {}",
                self.name,
                self.place(),
                self.file()
            )));
        }
        let known = self.fleets().await?;
        let known = if known.is_empty() {
            "it holds none".to_owned()
        } else {
            format!("it holds {}", known.join(", "))
        };
        Err(FleetError::Refused(format!("{} has no fleet `{}`; {known}", self.place(), self.name)))
    }

    /// What the fleet is, if it was begun.
    ///
    /// # Errors
    ///
    /// A newer program made it, it is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn begun(&self) -> Result<Option<Definition>, FleetError> {
        let found = self.read::<Definition>("fleet.json").await?.map(|(definition, _)| definition);
        if found.as_ref().is_some_and(|definition| definition.version > FORMAT) {
            return Err(FleetError::Refused(format!(
                "the fleet `{}` is of a newer version of transship: update this one",
                self.name
            )));
        }
        Ok(found)
    }

    /// What the fleet would be, where it was planned.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn planned(&self) -> Result<Option<Definition>, FleetError> {
        Ok(self.read("planned.json").await?.map(|(definition, _)| definition))
    }

    /// Keeps what the fleet would be: it may be planned anew with another job, other accounts and other waves.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, `planned.json` is either the old one or this one.
    pub async fn plan(&self, definition: &Definition) -> Result<(), FleetError> {
        let text = self.encode("planned.json", definition)?;
        self.put("planned.json", text).await
    }

    /// The fleets of the store.
    async fn fleets(&self) -> Result<Vec<String>, FleetError> {
        let names = self.objects.list("fleets").await?;
        let fleets =
            names.iter().filter_map(|name| name.strip_prefix("fleets/")?.strip_suffix("/fleet.json"));
        Ok(fleets.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    /// Refuses a fleet if one of its name was begun as another.
    ///
    /// # Errors
    ///
    /// A fleet of that name was begun with another job, other accounts or other waves, or by a newer program; what is there is
    /// damaged; the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn refuse_another(&self, definition: &Definition) -> Result<(), FleetError> {
        let Some(begun) = self.begun().await? else { return Ok(()) };
        match definition.unlike(&begun) {
            Some(unlike) => Err(FleetError::Refused(begun.refusal(&unlike))),
            None => Ok(()),
        }
    }

    /// Begins a fleet, or goes on with it: how much it does at once and when it stops may be changed.
    ///
    /// # Errors
    ///
    /// A fleet of that name was begun with another job, other accounts or other waves, or
    /// by a newer program; what is there is damaged; the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, the fleet may have begun or been changed; the same call continues it.
    pub async fn begin(&self, definition: &Definition) -> Result<Definition, FleetError> {
        let text = self.encode("fleet.json", definition)?;
        if self.objects.create(&self.at("fleet.json"), text).await?.is_some() {
            return Ok(definition.clone());
        }
        let known = self.definition().await?;
        if let Some(unlike) = definition.unlike(&known) {
            return Err(FleetError::Refused(known.refusal(&unlike)));
        }
        let (made_at, made_by) = (known.made_at, known.made_by.clone());
        let merged = Definition { made_at, made_by, ..definition.clone() };
        if merged != known {
            let text = self.encode("fleet.json", &merged)?;
            self.put("fleet.json", text).await?;
        }
        Ok(merged)
    }

    /// Lets the rows of accounts change: nothing was done with them, and one that is wrong has to be put right.
    ///
    /// # Errors
    ///
    /// As [`Self::change_part`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, the rows may be held no more; the same call again does no harm.
    pub async fn release_rows(&self, accounts: &[&str]) -> Result<(), FleetError> {
        if accounts.is_empty() {
            return Ok(());
        }
        self.change_part("fleet.json", |found: Option<Definition>| {
            let gone = || FleetError::Refused(format!("the fleet `{}` is gone", self.name));
            let mut definition = found.ok_or_else(gone)?;
            for member in &mut definition.accounts {
                if accounts.contains(&member.account.as_str()) {
                    member.row = None;
                }
            }
            Ok(definition)
        })
        .await?;
        Ok(())
    }

    /// What people asked for.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn control(&self) -> Result<Control, FleetError> {
        Ok(self.read("control.json").await?.map(|(control, _)| control).unwrap_or_default())
    }

    /// Changes what people asked for; others may do so at the same time, and none of it is lost. Gives what it is then.
    ///
    /// # Errors
    ///
    /// As [`Self::change_part`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, the change may have been made.
    pub async fn change(
        &self,
        change: impl Fn(&mut Control) -> Result<(), FleetError>,
    ) -> Result<Control, FleetError> {
        self.change_part("control.json", |found: Option<Control>| {
            let mut control = found.unwrap_or_default();
            change(&mut control)?;
            Ok(control)
        })
        .await
    }

    /// Changes a part of the fleet, which may not be there yet; others may do so at the same time, and none of it is lost.
    /// Gives what it is then.
    ///
    /// # Errors
    ///
    /// What `change` says; what is there is damaged; others changed it 20 times meanwhile; the store cannot write on condition,
    /// or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, the change may have been made; the part is whole either way.
    pub async fn change_part<T: Serialize + DeserializeOwned>(
        &self,
        part: &str,
        change: impl Fn(Option<T>) -> Result<T, FleetError>,
    ) -> Result<T, FleetError> {
        let name = self.at(part);
        for _ in 0..TRIES {
            let (found, version) = self.read::<T>(part).await?.unzip();
            let changed = change(found)?;
            let text = self.encode(part, &changed)?;
            let written = match version {
                Some(version) => self.objects.replace(&name, text, &version).await?,
                None => self.objects.create(&name, text).await?,
            };
            if written.is_some() {
                return Ok(changed);
            }
        }
        Err(FleetError::Contended { name, place: self.place().to_owned() })
    }
}
