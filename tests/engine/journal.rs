//! The law of the journal: what it says after a cut is what was so at the cut, wherever the cut falls.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use transship::journal::ItemStates;
use transship::journal::{
    Call, Costs, Ending, Entry, FORMAT, ItemState, Journal, JournalError, JournalOptions, Record, Replay,
    RunHeader, Step, replay,
};
use transship::model::time::Clock;
use transship::model::{Action, Fingerprint, Id, ItemKey, Latencies, Operation, Outcome, RunId, Verdict};

const ITEMS: u32 = 4;

/// Any step, legal or not.
fn step() -> impl Strategy<Value = Step> {
    let id = prop_oneof![Just("a"), Just("b\n\"\u{202e}")].prop_map(Id::from);
    let text = "[ -~\n\u{fc}]{0,12}";
    prop_oneof![
        4 => (prop::bool::ANY, prop::bool::ANY, 1..4_u32).prop_map(|(adjust, before, attempt)| Step::Intended {
            operation: Operation::Clone,
            call: if adjust { Call::Adjust } else { Call::Operation },
            attempt,
            server_time: Some(jiff::Timestamp::UNIX_EPOCH),
            before_sha256: before.then(|| Fingerprint::of(document(attempt).as_bytes())),
        }),
        3 => (id, prop::bool::ANY).prop_map(|(target, adopted)| Step::Applied {
            target, status: Some(201), sends: 1, adopted, sha256: Some(Fingerprint::of(b"x")), modified: None,
        }),
        2 => text.prop_map(|message| Step::Doubted { status: None, message, sends: 1 }),
        1 => Just(Step::Absent),
        1 => Just(Step::Reopened),
        1 => text.prop_map(|message| Step::NotSent { message }),
        1 => text.prop_map(|message| Step::NotTaken { status: Some(429), message, sends: 2 }),
        1 => text.prop_map(|message| Step::Ended {
            outcome: Outcome::Failed, status: Some(422), code: "c".into(), message, sends: 1, found: Some(Id::from("x")),
        }),
        1 => Just(Step::Verified { verdict: Verdict::Equal, sha256: None, differences: vec!["/a".into()], modified: None }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(ItemKey, Step)>> {
    prop::collection::vec(((1..=ITEMS).prop_map(ItemKey), step()), 0..60)
}

fn document(number: u32) -> String {
    format!("{{\"was\":{number}}}")
}

fn opened() -> Entry {
    let nothing = Fingerprint::of(b"");
    Entry::Opened(Box::new(RunHeader {
        format: FORMAT,
        run: RunId("r".into()),
        tool: "t".into(),
        action: Action::Clone.into(),
        items: ITEMS,
        job_sha256: nothing,
        plan_sha256: nothing,
        wanted_sha256: nothing,
        by: None,
        account: None,
        undoes: None,
    }))
}

fn latencies() -> Latencies {
    let mut latencies = Latencies::default();
    for millis in [14, 14, 300] {
        latencies.add(std::time::Duration::from_millis(millis));
    }
    latencies
}

fn closed() -> Entry {
    Entry::Closed {
        ending: Ending::Interrupted,
        calls: [("c".to_owned(), 3)].into(),
        throttled: 0,
        millis: 7,
        costs: Costs {
            waited_ms: 5,
            retries: 1,
            latency: [("create import".to_owned(), latencies())].into(),
        },
        reason: Some("r".into()),
        waits_for: None,
    }
}

/// A journal in a folder of its own, written as a run writes it, and what was so after each of its records.
struct Written {
    folder: tempfile::TempDir,
    states: Vec<ItemStates>,
}

impl Written {
    /// Writes those of `steps` that may follow one another.
    fn of(steps: &[(ItemKey, Step)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut written = Self { folder, states: vec![ItemStates::blank(ITEMS)] };
        let journal = Journal::create(&written.path(), &written.before(), options()).unwrap();
        written.append(journal, std::iter::once(opened()).chain(legal(&ItemStates::blank(ITEMS), steps)));
        written
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    fn before(&self) -> PathBuf {
        self.folder.path().join("before.jsonl")
    }

    fn append(&mut self, journal: Journal, entries: impl Iterator<Item = Entry>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for entry in entries {
            let mut states = self.states.last().unwrap().clone();
            states.take(&record(&entry)).unwrap();
            self.states.push(states);
            let before = match &entry {
                Entry::Item { item, step: Step::Intended { before_sha256: Some(_), attempt, .. } } => {
                    Some(format!("{{\"item\":{item},\"document\":{}}}", document(*attempt)))
                }
                _ => None,
            };
            runtime
                .block_on(async {
                    // Only what names a document has to wait for the disk.
                    if before.is_some() {
                        journal.append(entry, before).await
                    } else {
                        journal.note(entry).await
                    }
                })
                .unwrap();
        }
        journal.close().unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }
}

fn options() -> JournalOptions {
    let clock = Clock::ticking(jiff::Timestamp::UNIX_EPOCH);
    JournalOptions { linger: Duration::ZERO, sync: false, ..JournalOptions::new(clock) }
}

fn record(entry: &Entry) -> Record {
    Record { n: 0, prev: Fingerprint::of(b""), at: jiff::Timestamp::UNIX_EPOCH, entry: entry.clone() }
}

/// The steps that the law lets follow.
fn legal<'a>(states: &ItemStates, steps: &'a [(ItemKey, Step)]) -> impl Iterator<Item = Entry> + use<'a> {
    let mut states: Vec<ItemState> =
        (1..=ITEMS).map(|number| states.state(ItemKey(number)).clone()).collect();
    steps.iter().filter_map(move |(item, step)| {
        let state = &mut states[item.0 as usize - 1];
        *state = state.after(step)?;
        Some(Entry::Item { item: *item, step: step.clone() })
    })
}

fn read_states(path: &Path) -> Result<(ItemStates, Replay), JournalError> {
    let mut states = ItemStates::blank(ITEMS);
    let replay = replay(path, |_, record| states.take(&record))?;
    Ok((states, replay))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 5, ..ProptestConfig::default() })]

    #[test]
    fn every_prefix_of_a_journal_is_what_was_so_when_it_ended_there(steps in steps(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 6)) {
        let written = Written::of(&steps);
        let whole = written.bytes();
        let ends: Vec<usize> = whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
        prop_assert_eq!(ends.len() + 1, written.states.len());
        let at_lines = std::iter::once(0).chain(ends.iter().copied());
        for cut in at_lines.chain(cuts.iter().map(|cut| cut.index(whole.len() + 1))) {
            std::fs::write(written.path(), &whole[..cut]).unwrap();
            let records = ends.iter().filter(|end| **end <= cut).count();
            let (states, replayed) = read_states(&written.path()).unwrap();
            prop_assert_eq!(&states, &written.states[records], "cut at {}", cut);
            prop_assert_eq!(replayed.next, records as u64);
            prop_assert_eq!(replayed.torn, cut > 0 && whole[cut - 1] != b'\n');
        }
    }

    #[test]
    fn a_journal_goes_on_after_any_cut_as_if_the_rest_had_never_been(steps in steps(), more in steps(), cut in any::<prop::sample::Index>()) {
        let mut written = Written::of(&steps);
        let whole = written.bytes();
        let first = 1 + whole.iter().position(|byte| *byte == b'\n').unwrap();
        let cut = first + cut.index(whole.len() - first + 1);
        std::fs::write(written.path(), &whole[..cut]).unwrap();
        let (states, replayed) = read_states(&written.path()).unwrap();
        written.states = vec![states.clone()];
        let journal = Journal::reopen(&written.path(), &written.before(), &replayed, options()).unwrap();
        let resumed = std::iter::once(Entry::Resumed { tool: "t".into(), format: FORMAT });
        written.append(journal, resumed.chain(legal(&states, &more)).chain([closed()]));
        let (states, replayed) = read_states(&written.path()).unwrap();
        prop_assert_eq!(&states, written.states.last().unwrap());
        prop_assert!(!replayed.torn);
        // before.jsonl holds what the journal names, in its order, and nothing of what was cut off.
        let mut named = Vec::new();
        replay(&written.path(), |_, record| {
            if let Entry::Item { item, step: Step::Intended { before_sha256: Some(_), attempt, .. } } = record.entry {
                named.push(format!("{{\"item\":{item},\"document\":{}}}", document(attempt)));
            }
            Ok(())
        }).unwrap();
        let before = std::fs::read_to_string(written.before()).unwrap_or_default();
        prop_assert_eq!(before.lines().collect::<Vec<_>>(), named);
    }

    #[test]
    fn a_flipped_bit_before_the_last_record_is_an_error_with_its_line(steps in steps(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let written = Written::of(&steps);
        let mut bytes = written.bytes();
        let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n');
        prop_assume!(last.is_some());
        let at = at.index(last.unwrap() + 1);
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        bytes[at] ^= 1 << bit;
        std::fs::write(written.path(), bytes).unwrap();
        match read_states(&written.path()) {
            Err(JournalError::Damaged { line: named, .. }) => prop_assert!(named == line || named == line + 1),
            Err(JournalError::Newer { .. }) => prop_assert_eq!(line, 1),
            other => prop_assert!(false, "line {}: {:?}", line, other),
        }
    }

    #[test]
    fn a_step_that_may_not_follow_is_an_error_with_its_line(steps in steps(), item in 1..=ITEMS, step in step()) {
        let mut written = Written::of(&steps);
        let states = written.states.last().unwrap().clone();
        let (item, entry) = (ItemKey(item), Entry::Item { item: ItemKey(item), step: step.clone() });
        prop_assume!(states.state(item).after(&step).is_none());
        let (_, replayed) = read_states(&written.path()).unwrap();
        let journal = Journal::reopen(&written.path(), &written.before(), &replayed, options()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(journal.note(entry)).unwrap();
        journal.close().unwrap();
        written.states.clear();
        match read_states(&written.path()) {
            Err(JournalError::Damaged { line, .. }) => prop_assert_eq!(line, replayed.next + 1),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn a_document_the_journal_names_and_before_lacks_stops_the_run() {
    let intent = Step::Intended {
        operation: Operation::Update,
        call: Call::Operation,
        attempt: 1,
        server_time: None,
        before_sha256: Some(Fingerprint::of(document(1).as_bytes())),
    };
    let written = Written::of(&[(ItemKey(1), intent)]);
    let (_, replayed) = read_states(&written.path()).unwrap();
    assert_eq!(replayed.before_images, 1);
    std::fs::write(written.before(), "").unwrap();
    let error = Journal::reopen(&written.path(), &written.before(), &replayed, options()).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line: 1, .. }), "{error}");
    std::fs::remove_file(written.before()).unwrap();
    let error = Journal::reopen(&written.path(), &written.before(), &replayed, options()).unwrap_err();
    assert!(matches!(error, JournalError::Io { .. }), "{error}");
}

/// A journal as a program of an earlier version left it, line by line.
fn written_by_version_1(folder: &Path, steps: &[Step]) -> PathBuf {
    let mut prev = Fingerprint::of(b"");
    let mut text = String::new();
    let Entry::Opened(header) = opened() else { unreachable!() };
    let opened = Entry::Opened(Box::new(RunHeader { format: 1, ..*header }));
    let steps = steps.iter().map(|step| Entry::Item { item: ItemKey(1), step: step.clone() });
    let resumed = Entry::Resumed { tool: "t".into(), format: 1 };
    for (n, entry) in (0..).zip([opened].into_iter().chain(steps).chain([resumed])) {
        let record = Record { n, prev, ..record(&entry) };
        let line =
            serde_json::to_string(&record).unwrap().replace(r#","tool":"t","format":1}"#, r#","tool":"t"}"#);
        prev = Fingerprint::of(line.as_bytes());
        text.push_str(&line);
        text.push('\n');
    }
    let path = folder.join("journal.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_journal_of_version_1_is_read_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let intended = Step::Intended {
        operation: Operation::Create,
        call: Call::Operation,
        attempt: 1,
        server_time: None,
        before_sha256: None,
    };
    let path = written_by_version_1(folder.path(), std::slice::from_ref(&intended));
    assert!(!std::fs::read_to_string(&path).unwrap().lines().last().unwrap().contains("format"));
    let (states, replayed) = read_states(&path).unwrap();
    assert!(matches!(states.state(ItemKey(1)), ItemState::InDoubt { .. }));
    let before = folder.path().join("before.jsonl");
    let journal = Journal::reopen(&path, &before, &replayed, options()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        journal.append(Entry::Resumed { tool: "t".into(), format: FORMAT }, None).await.unwrap();
        let not_sent = Step::NotSent { message: "interrupted".into() };
        journal.append(Entry::Item { item: ItemKey(1), step: not_sent }, None).await.unwrap();
    });
    journal.close().unwrap();
    let (states, _) = read_states(&path).unwrap();
    assert_eq!(states.state(ItemKey(1)), ItemState::Untouched);
    assert_eq!(states.attempts(ItemKey(1)), 0, "it cannot have had an effect");
}

#[test]
fn a_newer_program_that_took_a_run_up_again_keeps_older_ones_from_it() {
    let mut written = Written::of(&[]);
    let (_, replayed) = read_states(&written.path()).unwrap();
    let journal = Journal::reopen(&written.path(), &written.before(), &replayed, options()).unwrap();
    written.append(journal, std::iter::once(Entry::Resumed { tool: "t".into(), format: FORMAT + 1 }));
    let error = read_states(&written.path()).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found, .. } if found == FORMAT + 1), "{error}");
}
