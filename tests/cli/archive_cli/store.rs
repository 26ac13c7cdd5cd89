//! An archive made night by night, and the binary to look into it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use serde_json::Value;
use transship::archive::{Archive, ArchiveOptions, Facts, Key, Notes, SnapshotId};
use transship::documents::normal;
use transship::model::Id;
use transship::model::time::Clock;

use super::support::{Document, Hands, account, files, import};
use crate::support::process::Bench;

pub struct Store {
    pub bench: Bench,
    hands: Hands,
    key: Option<Key>,
}

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Store {
    pub fn new() -> Self {
        Self::with_key(None)
    }

    pub fn with_key(key: Option<Key>) -> Self {
        Self { bench: Bench::new(), hands: Hands::at("2026-03-01T02:00:00Z"), key }
    }

    pub fn path(&self) -> PathBuf {
        self.bench.path("archive")
    }

    pub fn open(&self) -> Archive {
        let options =
            ArchiveOptions { create: true, key: self.key.clone(), ..ArchiveOptions::new(self.hands.clock()) };
        now(Archive::open(self.path().to_str().unwrap(), options)).unwrap()
    }

    /// A backup; then a day goes by.
    pub fn night(&self, documents: &[Document]) -> SnapshotId {
        self.night_of("eu", documents, &[])
    }

    pub fn night_of(&self, name: &str, documents: &[Document], tags: &[&str]) -> SnapshotId {
        let archive = self.open();
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let made = now(async {
            let mut writer = archive.backup(account(name)).await.unwrap();
            for (facts, text) in documents {
                writer.add(facts.clone(), text).await.unwrap();
            }
            writer.finish(Notes { tags, ..Notes::default() }).await.unwrap()
        });
        self.hands.pass(SignedDuration::from_hours(24));
        made.id
    }

    /// Runs `transship archive COMMAND archive …`.
    pub fn run(&self, command: &str, rest: &[&str]) -> Said {
        self.run_with(command, rest, &[])
    }

    pub fn run_with(&self, command: &str, rest: &[&str], variables: &[(&str, &str)]) -> Said {
        let arguments = [&["archive", command, "archive"], rest].concat();
        Said::of(&self.bench.transship(&arguments).envs(variables.iter().copied()).output().unwrap())
    }

    pub fn json(&self, command: &str, rest: &[&str]) -> (Option<i32>, Value) {
        let said = self.run(command, &[rest, &["--format", "json"]].concat());
        let value =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.told()));
        (said.code, value)
    }

    /// Makes every blob three days old: young ones are left alone by a prune.
    pub fn age(&self) {
        let then = Clock::system().now().as_second().unsigned_abs() - 72 * 3600;
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(then);
        for file in files(&self.path()).iter().filter(|file| file.starts_with("blobs")) {
            std::fs::File::open(self.path().join(file)).unwrap().set_modified(then).unwrap();
        }
    }

    /// The file of the blob that holds this text.
    pub fn blob(&self, text: &[u8]) -> PathBuf {
        let name = transship::model::Fingerprint::of(text).to_string();
        self.path().join(format!("blobs/{}/{name}.zst", &name[..2]))
    }

    pub fn manifest(&self, id: &SnapshotId) -> PathBuf {
        self.path().join(format!("snapshots/{id}.jsonl.zst"))
    }
}

impl Said {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn told(&self) -> String {
        format!("{:?}\n{}{}", self.code, self.out, self.err)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.told());
        self
    }

    #[track_caller]
    pub fn complains(self, part: &str) -> Self {
        assert!(self.err.contains(part), "no {part:?} in: {}", self.told());
        self
    }

    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.out.contains(part), "no {part:?} in: {}", self.told());
        self
    }
}

pub fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Changes one bit of a file.
pub fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// A document of another kind than imports.
pub fn script(number: usize, code: &str) -> Document {
    let id = format!("{:024x}", 0xf000 + number);
    let name = format!("script {number}");
    let document = serde_json::json!({ "_id": id, "name": name, "content": code });
    let facts = Facts {
        kind: "scripts".to_owned(),
        id: Id::from(id),
        name,
        adaptor_type: None,
        integration: None,
        last_modified: None,
        fingerprint: normal::fingerprint(&document),
    };
    (facts, document.to_string().into_bytes())
}

/// Three nights of an account: in the second an import changed, in the third one was gone and one new.
pub fn three_nights() -> (Store, [SnapshotId; 3]) {
    let store = Store::new();
    let code = script(1, "return 1;");
    let nights = [
        store.night(&[import(1, 0), import(2, 0), code.clone()]),
        store.night(&[import(1, 1), import(2, 0), code.clone()]),
        store.night_of("eu", &[import(1, 1), import(3, 0), code], &["release"]),
    ];
    (store, nights)
}

/// Compares with a snapshot of the output; the four hex digits that make names differ, and what they do to sizes, are taken out.
#[macro_export]
macro_rules! redacted {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => vec![(r"-[0-9a-f]{4}\b", "-xxxx"), (r"\(\d+ B\)", "(n B)")] }, {
            insta::assert_snapshot!($name, $text);
        })
    };
}
