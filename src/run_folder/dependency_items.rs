//! The items of a plan that are not imports, for the items that contain the ids of what they create.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use crate::documents::normal::fingerprint;
use crate::documents::references::{Kind, placeholders};
use crate::journal::ItemStates;
use crate::model::{Fingerprint, Id, ItemKey};
use crate::run_folder::error::RunFolderError;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{PlanItem, Reason};

/// Those items, by number, and the imports whose new ids are written into flows.
#[derive(Debug, Default)]
pub(crate) struct DependencyItems {
    others: HashMap<ItemKey, PlanItem>,
    imports: HashMap<ItemKey, PlanItem>,
}

impl DependencyItems {
    /// Reads them; reads nothing if the plan has none.
    pub(crate) fn of(plan: &PlanFile) -> Result<Self, RunFolderError> {
        let count: u32 = plan.tail().others.values().map(|others| others.items).sum();
        let (mut items, mut imports) = (HashMap::new(), HashMap::new());
        // They come before the imports that need them: usually nothing else is read.
        let mut rest = plan.items();
        while items.len() < count as usize
            && let Some(item) = rest.next()
        {
            let item = item?;
            if !item.is_import() {
                items.insert(item.item, item);
            }
        }
        for need in
            items.values().filter(|item: &&PlanItem| item.holds_placeholders()).flat_map(|item| &item.needs)
        {
            if !items.contains_key(need) {
                imports.insert(*need, plan.item(*need)?);
            }
        }
        Ok(Self { others: items, imports })
    }

    pub(crate) fn get(&self, item: ItemKey) -> Option<&PlanItem> {
        self.others.get(&item)
    }

    /// A restored import, for the resources that will contain its new id.
    pub(crate) fn import(&self, item: ItemKey) -> Option<&PlanItem> {
        self.imports.get(&item)
    }

    /// The kind of an item.
    pub(crate) fn kind(&self, item: ItemKey) -> Kind {
        self.get(item).map_or(Kind::Imports, |item| item.kind)
    }

    /// The id that other items write where they need the item: of what the run made, or of the resource that was found
    /// in its place.
    pub(crate) fn id_of(&self, item: ItemKey, states: &ItemStates) -> Option<Id> {
        let found = || states.found_for(item).filter(|_| self.others.contains_key(&item));
        states.state(item).target().or_else(found).cloned()
    }

    /// The document of `item` as it is sent: with the ids of what was created, if `made` has them.
    ///
    /// # Errors
    ///
    /// It has a placeholder for a resource without a known id: it must not be sent.
    pub(crate) fn filled(
        &self,
        item: &PlanItem,
        text: Vec<u8>,
        made: impl Fn(ItemKey) -> Option<Id>,
    ) -> Result<Bytes, Unfilled> {
        if !item.holds_placeholders() {
            return Ok(text.into());
        }
        let known = item.needs.iter().filter_map(|need| {
            if let Some(old) = self.import(*need).and_then(PlanItem::old_id) {
                // A resource that was not created keeps its current id.
                let id = made(*need).unwrap_or_else(|| old.clone());
                return Some((
                    placeholders::placeholder(Kind::Imports, old.as_str()),
                    id.as_str().to_owned(),
                ));
            }
            let other = self.get(*need)?;
            let placeholder = placeholders::placeholder(other.kind, &other.name);
            Some((placeholder, made(*need)?.as_str().to_owned()))
        });
        let known: BTreeMap<String, String> = known.collect();
        let text = String::from_utf8(text).map_err(|_| Unfilled::NotAText)?;
        placeholders::fill(&text, &known).map(Bytes::from).map_err(|unknown| Unfilled::NoIdOf(unknown.0))
    }

    /// Fingerprint of what is sent for `item`; `None` while that is unknown.
    pub(crate) fn sent_sha256(
        &self,
        item: &PlanItem,
        text: impl FnOnce() -> Option<Vec<u8>>,
        made: impl Fn(ItemKey) -> Option<Id>,
    ) -> Option<Fingerprint> {
        if !item.holds_placeholders() {
            return item.sent_sha256;
        }
        let text = self.filled(item, text()?, made).ok()?;
        let document: Value = serde_json::from_slice(&text).ok()?;
        Some(fingerprint(&document))
    }
}

/// Why a document cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfilled {
    /// A file of the run folder was changed.
    #[error("is not a text")]
    NotAText,
    /// It refers to something that was not created.
    #[error("holds {0}, of which no id is known")]
    NoIdOf(String),
}

/// The error for a file of the run with unexpected contents.
pub(crate) fn damaged_wanted(path: &Path, item: ItemKey, what: &str) -> RunFolderError {
    RunFolderError::BadFile {
        path: path.to_owned(),
        message: format!("the document of item {item} {what}: the run folder was changed"),
    }
}

/// The code of an item that needs something which is not created.
pub(crate) const NOT_CREATED: &str = "reference_not_created";

/// Says that something needs a resource (a `noun`, in a sentence) which is not created.
pub(crate) fn not_created(noun: &str, name: &str, why: &str) -> Reason {
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Reason::new(NOT_CREATED, format!("needs {noun} \"{name}\", which was not created{why}"))
}
