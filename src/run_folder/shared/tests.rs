//! Journals over a store in memory: what another machine finds, which process may continue, and a store that does not
//! answer.

use std::fs;

use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use super::*;
use crate::archive::ArchiveOptions;
use crate::journal::{Call, Entry, FORMAT, Journal, JournalError, JournalOptions, RunHeader, Step, replay};
use crate::model::time::Clock;
use crate::model::{Action, Fingerprint, ItemKey, Operation, RunId};

/// A store that machines share, whose answers can be delayed.
struct Store(Arc<ThrottledStore<InMemory>>);

/// A machine with its own copies.
struct Machine {
    runs: SharedRuns,
    _copies: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        Self(Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default())))
    }

    fn objects(&self) -> Objects {
        let options =
            ArchiveOptions { deadline: Duration::from_millis(50), ..ArchiveOptions::new(Clock::system()) };
        Objects::in_store(Arc::clone(&self.0) as _, "memory", &options)
    }

    fn machine(&self, mark: &str, patience: Duration) -> Machine {
        let copies = tempfile::tempdir().unwrap();
        let options = SharedOptions {
            copies: copies.path().to_owned(),
            holder: format!("process {mark}"),
            mark: mark.to_owned(),
            patience,
        };
        Machine { runs: SharedRuns::start(self.objects(), options).unwrap(), _copies: copies }
    }

    fn write_takes(&self, time: Duration) {
        self.0.config_mut(|config| config.wait_put_per_call = time);
    }
}

impl Machine {
    fn options(&self) -> JournalOptions {
        let mirrors: Arc<dyn Mirrors> = Arc::new(self.runs.clone());
        JournalOptions { mirrors: Some(mirrors), sync: false, ..JournalOptions::new(Clock::system()) }
    }

    /// Begins a run: the files of its folder, and a journal that is open.
    async fn begin(&self, id: &str) -> Result<Journal, JournalError> {
        let folder = self.runs.copy("one");
        fs::create_dir_all(&folder).unwrap();
        for name in BEGUN {
            fs::write(folder.join(name), format!("{name} of {id}")).unwrap();
        }
        let (path, before) = (folder.join("journal.jsonl"), folder.join("before.jsonl"));
        let journal = Journal::create(&path, &before, self.options())?;
        let header = RunHeader {
            format: FORMAT,
            run: RunId(id.to_owned()),
            tool: "test".to_owned(),
            action: Action::Update.into(),
            items: 9,
            job_sha256: Fingerprint::of(b""),
            plan_sha256: Fingerprint::of(b""),
            wanted_sha256: Fingerprint::of(b""),
            by: None,
            account: None,
            undoes: None,
        };
        journal.append(Entry::Opened(Box::new(header)), None).await?;
        Ok(journal)
    }

    /// Continues a run from its copy.
    async fn go_on(&self) -> Result<Journal, JournalError> {
        let folder = self.runs.copy("one");
        let (path, before) = (folder.join("journal.jsonl"), folder.join("before.jsonl"));
        let read = replay(&path, |_, _| Ok(()))?;
        let journal = Journal::reopen(&path, &before, &read, self.options())?;
        journal.append(Entry::Resumed { tool: "test".to_owned(), format: FORMAT }, None).await?;
        Ok(journal)
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.runs.copy("one").join(name)).unwrap()
    }
}

/// Writes the intent to update an item, with the document as it was.
async fn intend(journal: &Journal, item: u32) -> Result<(), JournalError> {
    let before = format!("{{\"item\":{item},\"document\":{{\"n\":{item}}}}}");
    let step = Step::Intended {
        operation: Operation::Update,
        call: Call::Operation,
        attempt: 1,
        server_time: None,
        before_sha256: Some(Fingerprint::of(b"")),
    };
    journal.append(Entry::Item { item: ItemKey(item), step }, Some(before)).await
}

const LONG: Duration = Duration::from_mins(5);

#[tokio::test]
async fn another_machine_finds_every_intent_byte_for_byte_and_goes_on_with_it() {
    let store = Store::new();
    let one = store.machine("1", LONG);
    assert!(!one.runs.fetch("one").await.unwrap());
    let journal = one.begin("r1").await.unwrap();
    let group = futures::future::join_all((1..=5).map(|item| intend(&journal, item))).await;
    assert!(group.iter().all(Result::is_ok));
    intend(&journal, 6).await.unwrap();
    // The first one is killed: its disk is lost.
    let kept = [one.file("journal.jsonl"), one.file("before.jsonl")];
    let segments = store.objects().list("one/journal").await.unwrap();
    assert!(segments.len() >= 3 && segments.len() <= 7, "{segments:?}");
    let other = store.machine("2", LONG);
    assert!(other.runs.fetch("one").await.unwrap());
    assert_eq!([other.file("journal.jsonl"), other.file("before.jsonl")], kept);
    for name in BEGUN {
        assert_eq!(other.file(name), format!("{name} of r1"));
    }
    let journal = other.go_on().await.unwrap();
    intend(&journal, 7).await.unwrap();
    journal.close().unwrap();
    let third = store.machine("3", LONG);
    third.runs.fetch("one").await.unwrap();
    assert_eq!(third.file("journal.jsonl"), other.file("journal.jsonl"));
    assert_eq!(third.file("before.jsonl").lines().count(), 7);
}

#[tokio::test]
async fn a_copy_that_nobody_waits_for_any_more_ends_and_is_not_in_the_way_of_the_next() {
    let store = Store::new();
    let (one, other) = (store.machine("1", LONG), store.machine("2", LONG));
    let journal = one.begin("r1").await.unwrap();
    intend(&journal, 1).await.unwrap();
    store.0.config_mut(|config| config.wait_get_per_call = Duration::from_millis(5));
    for _ in 0..3 {
        let mut dropped = Box::pin(other.runs.fetch("one"));
        assert!(futures::poll!(&mut dropped).is_pending());
        drop(dropped);
        assert!(other.runs.fetch("one").await.unwrap());
        assert_eq!(other.file("journal.jsonl"), one.file("journal.jsonl"));
    }
}

#[tokio::test]
async fn one_that_was_taken_for_dead_writes_no_more_intents_here_or_there() {
    let store = Store::new();
    let (one, other) = (store.machine("1", LONG), store.machine("2", LONG));
    let stalled = one.begin("r1").await.unwrap();
    intend(&stalled, 1).await.unwrap();
    let own = one.file("journal.jsonl");
    other.runs.fetch("one").await.unwrap();
    let journal = other.go_on().await.unwrap();
    for item in 2..4 {
        let error = intend(&stalled, item).await.unwrap_err();
        assert!(matches!(&error, JournalError::Taken { place } if place == "memory/one"), "{error}");
    }
    assert_eq!(one.file("journal.jsonl"), own, "an intent that was refused is nowhere");
    // It does not overwrite the other's report either.
    fs::write(one.runs.copy("one").join("audit.csv"), "stale").unwrap();
    assert!(one.runs.publish().await.is_empty());
    assert!(store.objects().read("one/audit.csv").await.unwrap().is_none());
    intend(&journal, 5).await.unwrap();
    fs::write(other.runs.copy("one").join("audit.csv"), "right").unwrap();
    assert!(other.runs.publish().await.is_empty());
    assert_eq!(store.objects().read("one/audit.csv").await.unwrap().unwrap().0, "right");
}

#[tokio::test]
async fn of_two_that_begin_or_go_on_at_the_same_time_one_does() {
    let store = Store::new();
    let (one, other) = (store.machine("1", LONG), store.machine("2", LONG));
    let (a, b) = tokio::join!(one.begin("r1"), other.begin("r2"));
    let (winner, loser) = if a.is_ok() { ("r1", b) } else { ("r2", a) };
    assert!(matches!(loser, Err(JournalError::Taken { .. })), "{loser:?}");
    // The other process never got far enough for its files to count.
    for machine in [&one, &other] {
        assert!(machine.runs.fetch("one").await.unwrap());
        assert_eq!(machine.file("plan.json"), format!("plan.json of {winner}"));
    }
    // Two processes make the same record at the same time: it is still two segments.
    let (a, b) = tokio::join!(one.go_on(), other.go_on());
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|is_ok| **is_ok).count(), 1);
}

#[tokio::test]
async fn what_others_wrote_until_this_one_may_write_is_read_again() {
    let store = Store::new();
    let (one, other) = (store.machine("1", LONG), store.machine("2", LONG));
    let journal = one.begin("r1").await.unwrap();
    other.runs.fetch("one").await.unwrap();
    other.runs.refresh().await.unwrap();
    intend(&journal, 1).await.unwrap();
    drop(journal);
    other.runs.refresh().await.unwrap();
    assert_eq!(other.file("journal.jsonl").lines().count(), 2);
    other.go_on().await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_away_takes_no_intent_and_is_tried_again_until_patience_is_over() {
    let store = Store::new();
    let one = store.machine("1", Duration::from_millis(700));
    let journal = one.begin("r1").await.unwrap();
    let own = one.file("journal.jsonl");
    // It answers again in time.
    store.write_takes(Duration::from_secs(10));
    let (intended, ()) = tokio::join!(intend(&journal, 1), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(one.file("journal.jsonl"), own, "not here before it is there");
        store.write_takes(Duration::ZERO);
    });
    intended.unwrap();
    // It does not answer in time.
    let own = one.file("journal.jsonl");
    store.write_takes(Duration::from_secs(10));
    let error = intend(&journal, 2).await.unwrap_err();
    assert!(matches!(error, JournalError::Away { .. }), "{error}");
    assert!(matches!(intend(&journal, 3).await, Err(JournalError::Away { .. })));
    assert!(matches!(journal.close(), Err(JournalError::Away { .. })));
    assert_eq!(one.file("journal.jsonl"), own);
    store.write_takes(Duration::ZERO);
    let other = store.machine("2", LONG);
    other.runs.fetch("one").await.unwrap();
    assert_eq!(other.file("journal.jsonl"), own);
    other.go_on().await.unwrap();
}

#[tokio::test]
async fn whoever_is_to_stop_does_not_wait_for_a_store_that_is_away() {
    let store = Store::new();
    let one = store.machine("1", LONG);
    let journal = one.begin("r1").await.unwrap();
    let cancel = Cancel::new();
    one.runs.stop_with(&cancel);
    store.write_takes(Duration::from_secs(10));
    cancel.abort();
    let began = std::time::Instant::now();
    assert!(matches!(intend(&journal, 1).await, Err(JournalError::Away { .. })));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_segment_that_is_missing_or_changed_is_named() {
    let store = Store::new();
    let one = store.machine("1", LONG);
    let journal = one.begin("r1").await.unwrap();
    for item in 1..4 {
        intend(&journal, item).await.unwrap();
    }
    let objects = store.objects();
    let (second, _) = objects.read("one/journal/000002.jsonl").await.unwrap().unwrap();
    objects.remove("one/journal/000002.jsonl").await.unwrap();
    let error = one.runs.fetch("one").await.unwrap_err().to_string();
    assert!(error.contains("memory/one") && error.contains("segment 2 is missing"), "{error}");
    objects.put("one/journal/000002.jsonl", second.slice(..second.len() - 1)).await.unwrap();
    let error = one.runs.fetch("one").await.unwrap_err().to_string();
    assert!(error.contains("segment 2") && error.contains("torn"), "{error}");
    // A flipped byte is detected when the chain is checked.
    let mut flipped = second.to_vec();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    objects.put("one/journal/000002.jsonl", flipped.into()).await.unwrap();
    one.runs.fetch("one").await.unwrap();
    assert!(replay(&one.runs.copy("one").join("journal.jsonl"), |_, _| Ok(())).is_err());
}
