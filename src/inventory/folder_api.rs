//! A folder of import files as an account that can be read: see [`offline_api`](super::offline_api).

use std::collections::HashMap;

use async_trait::async_trait;

use crate::archive::Entry;
use crate::inventory::endpoint::Account;
use crate::inventory::entry_file::EntryWriter;
use crate::inventory::error::EngineError;
use crate::inventory::offline_api::{Texts, Unread, account_of};
use crate::job::{ImportFile, ImportFiles, files};
use crate::model::Id;
use crate::run_folder::plan_item::AccountFacts;

/// The files of a folder as an account called `name`.
///
/// # Errors
///
/// The data about them cannot be written to a temporary file.
pub fn folder(read: &ImportFiles, name: &str) -> Result<Account, EngineError> {
    let failed = || EngineError::file("list the files in", std::env::temp_dir());
    let facts = AccountFacts { name: name.to_owned(), origin: format!("folder:{name}"), user: None };
    let all = || read.lists.iter().flat_map(|(list, files)| files.iter().map(move |file| (list, file)));
    let mut entries = EntryWriter::new().map_err(failed())?;
    for (list, file) in all() {
        entries.push(&entry(list, file)).map_err(failed())?;
    }
    let entries = entries.finish().map_err(failed())?;
    let texts = all().map(|(list, file)| ((list.clone(), file.head.id.clone()), file.clone())).collect();
    Ok(account_of(facts, entries, Box::new(Files(texts))))
}

fn entry(list: &str, file: &ImportFile) -> Entry {
    let head = file.head.clone();
    Entry {
        kind: list.to_owned(),
        id: head.id,
        name: head.name,
        adaptor_type: head.adaptor_type,
        integration: head.integration,
        last_modified: head.last_modified,
        fingerprint: file.fingerprint,
        blob: file.sha256,
        bytes: file.bytes,
    }
}

/// Files by list and id.
#[derive(Debug)]
struct Files(HashMap<(String, Id), ImportFile>);

#[async_trait]
impl Texts for Files {
    async fn text(&self, entry: &Entry) -> Result<Vec<u8>, Unread> {
        let failed = |why: String| Unread::Failed(format!("{}: {why}", entry.name));
        let file = self.0.get(&(entry.kind.clone(), entry.id.clone()));
        let file = file.ok_or_else(|| failed("the folder holds no such file".to_owned()))?;
        let text = files::text(file).map_err(|error| Unread::Failed(format!("{}: {error}", file.shown)))?;
        Ok(text.into_bytes())
    }

    fn holder(&self) -> &'static str {
        "folder"
    }
}
