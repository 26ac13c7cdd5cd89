//! `plan.json`: what will be done, item by item; written and read without holding it in memory.
//!
//! It is one JSON document with an item a line, so that people can read it, `jq` can cut it, and an item is found
//! again by its offset.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::documents::Hasher;
use crate::model::{Fingerprint, ItemKey};
use crate::run_folder::document_file::{Span, from_json};
use crate::run_folder::error::RunFolderError;
use crate::run_folder::lines::Lines;
use crate::run_folder::plan_item::{FORMAT, PlanHead, PlanItem, PlanTail};
use crate::run_folder::plan_line::{from_line, to_line};
use crate::run_folder::read_ahead::ReadAhead;
use crate::run_folder::texts_in_order::TextsInOrder;

/// What stands between two items.
const BETWEEN: &[u8] = b",\n";

/// Writes a plan, item by item.
#[derive(Debug)]
pub struct PlanWriter {
    file: BufWriter<File>,
    path: PathBuf,
    head: PlanHead,
    hash: Hasher,
    end: u64,
    lines: Lines,
}

impl PlanWriter {
    /// Makes the file; it must not exist.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn create(path: &Path, head: PlanHead) -> Result<Self, RunFolderError> {
        let mut options = File::options();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(RunFolderError::file("make", path))?;
        let mut writer = Self {
            file: BufWriter::with_capacity(1 << 16, file),
            path: path.to_owned(),
            hash: Hasher::default(),
            end: 0,
            lines: no_lines(),
            head,
        };
        let head = encode(&writer.head);
        // The head's closing brace is left off: items and tail follow inside the same object.
        writer.put(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
        writer.put(b",\n\"items\":[")?;
        Ok(writer)
    }

    /// Appends an item; their numbers must be 1, 2, 3, ...
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn push(&mut self, item: &PlanItem) -> Result<(), RunFolderError> {
        debug_assert_eq!(item.item.0 as usize, self.lines.len() + 1);
        self.put(if self.lines.is_empty() { b"\n" } else { BETWEEN })?;
        let line = encode_item(item);
        let length = u32::try_from(line.len()).unwrap_or(u32::MAX);
        let follows = self.lines.push(Span { offset: self.end, length });
        debug_assert!(follows, "items are written one behind the other");
        self.put(line.as_bytes())
    }

    /// Writes the tail and syncs the file.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn finish(mut self, tail: PlanTail) -> Result<PlanFile, RunFolderError> {
        let text = encode(&tail);
        self.put(b"\n],\n")?;
        self.put(text.strip_prefix('{').unwrap_or(&text).as_bytes())?;
        self.put(b"\n")?;
        let file =
            self.file.into_inner().map_err(|e| RunFolderError::file("write", &self.path)(e.into_error()))?;
        file.sync_all().map_err(RunFolderError::file("sync", &self.path))?;
        let file = File::open(&self.path).map_err(RunFolderError::file("open", &self.path))?;
        Ok(PlanFile {
            file: TextsInOrder::new(file, self.lines.end()),
            path: self.path,
            head: self.head,
            tail,
            lines: self.lines,
            sha256: self.hash.finish(),
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RunFolderError> {
        self.file.write_all(bytes).map_err(RunFolderError::file("write", &self.path))?;
        self.hash.update(bytes);
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// Why all of a plan can be written as JSON.
const PLAIN: &str = "plans hold only texts, numbers and lists";

fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect(PLAIN)
}

fn encode_item(item: &PlanItem) -> String {
    to_line(item).expect(PLAIN)
}

/// A plan on disk. Holds the places of its items, not the items.
#[derive(Debug)]
pub struct PlanFile {
    file: TextsInOrder,
    path: PathBuf,
    head: PlanHead,
    tail: PlanTail,
    lines: Lines,
    sha256: Fingerprint,
}

impl PlanFile {
    /// Opens a plan as [`PlanWriter`] wrote it.
    ///
    /// # Errors
    ///
    /// It cannot be read, was reformatted, or is of a newer version.
    pub fn open(path: &Path) -> Result<Self, RunFolderError> {
        let bad =
            |message: &str| RunFolderError::BadFile { path: path.to_owned(), message: message.to_owned() };
        let file = File::open(path).map_err(RunFolderError::file("open", path))?;
        let mut reader =
            BufReader::with_capacity(1 << 16, File::open(path).map_err(RunFolderError::file("open", path))?);
        let advice = "not a plan as `transship plan --out` writes it: make it again, and do not reformat it";
        let (mut hash, mut offset, mut lines) = (Hasher::default(), 0_u64, no_lines());
        let (mut head, mut tail) = (String::new(), String::new());
        let mut line = String::new();
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(RunFolderError::file("read", path))?;
            if read == 0 {
                break;
            }
            hash.update(line.as_bytes());
            let text = line.trim_end().trim_end_matches(',');
            if text.starts_with("{\"item\":") {
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                if !lines.push(Span { offset, length }) {
                    return Err(bad(advice));
                }
            } else if lines.is_empty() && tail.is_empty() && !line.starts_with(']') {
                head.push_str(&line);
            } else {
                tail.push_str(&line);
            }
            offset += read as u64;
        }
        let head =
            head.trim_end().strip_suffix("\"items\":[").map(|head| head.trim_end().trim_end_matches(','));
        let head: PlanHead = serde_json::from_str(&format!("{}}}", head.ok_or_else(|| bad(advice))?))
            .map_err(|_| bad(advice))?;
        if head.version > FORMAT {
            return Err(bad("this plan was made by a newer transship: use that"));
        }
        let tail = tail.trim_start().strip_prefix("],").ok_or_else(|| bad(advice))?;
        let tail: PlanTail = serde_json::from_str(&format!("{{{tail}")).map_err(|_| bad(advice))?;
        if tail.selected as usize != lines.len() {
            return Err(bad(&format!(
                "it says {} items but holds {}: make it again",
                tail.selected,
                lines.len()
            )));
        }
        Ok(Self {
            file: TextsInOrder::new(file, lines.end()),
            path: path.to_owned(),
            head,
            tail,
            lines,
            sha256: hash.finish(),
        })
    }

    /// The same plan once its file was moved. It is open: what it holds is not read again.
    pub(crate) fn moved_to(self, path: PathBuf) -> Self {
        Self { path, ..self }
    }

    /// What stands before the items.
    pub fn head(&self) -> &PlanHead {
        &self.head
    }

    /// What stands after the items.
    pub fn tail(&self) -> &PlanTail {
        &self.tail
    }

    /// SHA-256 of the file.
    pub fn sha256(&self) -> Fingerprint {
        self.sha256
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many items it has.
    pub fn len(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Reads one item.
    ///
    /// # Errors
    ///
    /// There is no such item, or the file was changed.
    pub fn item(&self, key: ItemKey) -> Result<PlanItem, RunFolderError> {
        self.item_by(key, |span| self.file.read(span), from_line, |item| item.item)
    }

    /// Reads no more of an item than what is asked of one that reads back as it was answered.
    ///
    /// # Errors
    ///
    /// As for [`Self::item`].
    pub(crate) fn sent_item(&self, key: ItemKey) -> Result<SentItem, RunFolderError> {
        self.item_by(key, |span| self.file.read(span), |text| from_json(text), |item: &SentItem| item.item)
    }

    /// Reads the items one after the other.
    pub fn items(&self) -> impl Iterator<Item = Result<PlanItem, RunFolderError>> + '_ {
        let mut ahead = ReadAhead::default();
        (1..=self.len()).map(move |number| {
            let read = |span| self.file.read_by(&mut ahead, span);
            self.item_by(ItemKey(number), read, from_line, |item| item.item)
        })
    }

    fn item_by<T>(
        &self,
        key: ItemKey,
        read: impl FnOnce(Span) -> io::Result<Vec<u8>>,
        parse: impl FnOnce(&[u8]) -> serde_json::Result<T>,
        number: impl FnOnce(&T) -> ItemKey,
    ) -> Result<T, RunFolderError> {
        let bad = |message: String| RunFolderError::BadFile { path: self.path.clone(), message };
        let span = (key.0 as usize).checked_sub(1).and_then(|index| self.lines.get(index));
        let text = read(span.ok_or_else(|| bad(format!("it has no item {key}")))?)
            .map_err(RunFolderError::file("read", &self.path))?;
        let item = parse(&text).map_err(|error| bad(format!("item {key} is damaged: {error}")))?;
        let number = number(&item);
        if number == key {
            Ok(item)
        } else {
            Err(bad(format!("item {number} stands at the place of item {key}")))
        }
    }
}

/// The few fields of a [`PlanItem`] that its read-back asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct SentItem {
    item: ItemKey,
    pub name: String,
    #[serde(default)]
    needs: Vec<IgnoredAny>,
    #[serde(default)]
    sent_sha256: Option<Fingerprint>,
}

impl SentItem {
    /// Fingerprint of what was sent; `None` where that held the ids of other items, which the plan does not know.
    pub(crate) fn sent_sha256(&self) -> Option<Fingerprint> {
        self.sent_sha256.filter(|_| self.needs.is_empty())
    }
}

fn no_lines() -> Lines {
    Lines::apart_by(BETWEEN.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::plan_item::AccountFacts;

    fn settings() -> crate::job::Settings {
        use crate::job::{Account, AccountPlace, Rate, Retry, Settings, Stop, Verify};
        let place = AccountPlace::Emulator { name: "a".into() };
        let account = Account { name: "a".into(), place, rate: Rate::default() };
        Settings {
            source: account.clone(),
            target: account,
            ignore: Vec::new(),
            verify: Verify::Full,
            waves: None,
            page_size: crate::job::PageSize::Auto,
            concurrency: None,
            retry: Retry::default(),
            stop: Stop::default(),
            folder: "jobs".into(),
            backup: None,
            repoint_flows: false,
            stand_in: None,
        }
    }

    fn head() -> PlanHead {
        let account = AccountFacts { name: "a".into(), origin: "emulator:a".into(), user: None };
        PlanHead {
            version: FORMAT,
            tool: "transship".into(),
            job: "j}".into(),
            action: crate::model::Action::Migrate.into(),
            job_sha256: Fingerprint::of(b""),
            made_at: jiff::Timestamp::UNIX_EPOCH,
            source: account.clone(),
            target: account,
            settings: settings(),
            of_run: None,
        }
    }

    fn item(number: u32) -> PlanItem {
        serde_json::from_value(
            serde_json::json!({"item": number, "operation": "create", "name": "],\n{\"item\":"}),
        )
        .unwrap()
    }

    #[test]
    fn a_plan_reads_back_as_it_was_written_and_is_plain_json() {
        for count in [0, 1, 3] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("plan.json");
            let mut writer = PlanWriter::create(&path, head()).unwrap();
            (1..=count).for_each(|number| writer.push(&item(number)).unwrap());
            let tail = PlanTail { selected: count, ..PlanTail::default() };
            let written = writer.finish(tail).unwrap();
            let read = PlanFile::open(&path).unwrap();
            assert_eq!(
                (read.head(), read.tail(), read.sha256()),
                (written.head(), written.tail(), written.sha256())
            );
            assert_eq!(read.sha256(), Fingerprint::of(&std::fs::read(&path).unwrap()));
            let items: Vec<_> = read.items().map(Result::unwrap).collect();
            assert_eq!(items, (1..=count).map(item).collect::<Vec<_>>());
            let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(json["items"].as_array().unwrap().len(), count as usize);
            assert_eq!(json["selected"], count);
        }
    }

    #[test]
    fn what_was_sent_for_an_item_is_read_without_the_rest_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = PlanWriter::create(&folder.path().join("plan.json"), head()).unwrap();
        let sent_sha256 = Some(Fingerprint::of(b"sent"));
        writer.push(&PlanItem { sent_sha256, ..item(1) }).unwrap();
        writer.push(&PlanItem { sent_sha256, needs: vec![ItemKey(1)], ..item(2) }).unwrap();
        writer.push(&item(3)).unwrap();
        let plan = writer.finish(PlanTail { selected: 3, ..PlanTail::default() }).unwrap();
        for (number, known) in [(3, None), (1, sent_sha256), (2, None)] {
            let sent = plan.sent_item(ItemKey(number)).unwrap();
            assert_eq!((sent.sent_sha256(), sent.name), (known, item(number).name));
        }
        assert!(plan.sent_item(ItemKey(4)).is_err());
    }

    #[test]
    fn a_reformatted_plan_is_refused_with_advice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let mut writer = PlanWriter::create(&path, head()).unwrap();
        (1..=2).for_each(|number| writer.push(&item(number)).unwrap());
        writer.finish(PlanTail { selected: 2, ..PlanTail::default() }).unwrap();
        let spaced = std::fs::read_to_string(&path).unwrap().replace("},\n{", "}, \n{");
        for text in ["{\n  \"version\": 1\n}\n", &spaced] {
            std::fs::write(&path, text).unwrap();
            assert!(PlanFile::open(&path).unwrap_err().to_string().contains("make it again"));
        }
    }
}
