//! Scans of a service that lists in unusual ways.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::api::{Api, ApiError, Call, Client, ErrorKind, Meter, Reply, ServerClock, TooLargeSign};
use crate::run_folder::plan_item::AccountFacts;

/// A service that answers with a list for each adaptor.
#[derive(Debug)]
struct Lists {
    plain: &'static str,
    agents: &'static str,
    others: &'static str,
}

#[async_trait::async_trait]
impl Api for Lists {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let body = match &call.target {
            target if target.contains("skip=") => "[]",
            target if target.contains("AiAgentImport") => self.agents,
            target if target.contains("adaptorType=") => self.others,
            _ => self.plain,
        };
        Ok(Reply::new(200, body))
    }
}

#[derive(Default)]
struct Names(Vec<String>);

impl PageVisitor for Names {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.0.clear();
        Ok(())
    }

    fn take(&mut self, head: &Head, _: &str) -> Result<bool, EngineError> {
        self.0.push(head.name.clone());
        Ok(true)
    }
}

fn account_of(api: Arc<dyn Api>) -> Account {
    Account {
        facts: AccountFacts { name: "a".to_owned(), origin: "https://a".to_owned(), user: None },
        client: Client::new(api),
        meter: Arc::new(Meter::default()),
        clock: Arc::new(ServerClock::new()),
        per_second: 300.0,
        burst: 1000.0,
        at_rest: false,
    }
}

async fn scanned(lists: Lists) -> Vec<String> {
    let account = account_of(Arc::new(lists));
    let mut names = Names::default();
    let manner = ScanOptions { steady: true, listed_apart: true, to_the_end: true, ..ScanOptions::default() };
    let seen = list_scan(&account, manner, &Cancel::new(), &mut names).await.unwrap();
    assert_eq!(seen.listed, names.0.len() as u64);
    names.0
}

const PLAIN: &str = r#"[{"_id":"1","name":"one","adaptorType":"HTTPImport"}]"#;

#[tokio::test]
async fn what_is_listed_apart_is_asked_for_by_its_adaptor() {
    let agents = r#"[{"_id":"2","name":"agent","adaptorType":"AiAgentImport"}]"#;
    assert_eq!(scanned(Lists { plain: PLAIN, agents, others: "[]" }).await, ["one", "agent"]);
}

#[tokio::test]
async fn documents_on_a_list_apart_need_not_say_of_which_adaptor_they_are() {
    let agents = r#"[{"_id":"2","name":"agent"}]"#;
    assert_eq!(scanned(Lists { plain: PLAIN, agents, others: "[]" }).await, ["one", "agent"]);
    // A service that does not know the filter returns the plain list again.
    let plain = r#"[{"_id":"1","name":"one"}]"#;
    assert_eq!(scanned(Lists { plain, agents: plain, others: plain }).await, ["one"]);
}

#[tokio::test]
async fn a_list_that_does_not_filter_is_read_for_what_is_sought_wherever_it_stands() {
    let agents = r#"[{"_id":"2","name":"agent","adaptorType":"AiAgentImport"},
        {"_id":"1","name":"one","adaptorType":"HTTPImport"},
        {"_id":"3","name":"other","adaptorType":"AiAgentImport"}]"#;
    assert_eq!(scanned(Lists { plain: PLAIN, agents, others: PLAIN }).await, ["one", "agent", "other"]);
}

/// A service of thirty imports that loses the row between two pages.
#[derive(Debug, Clone, Copy)]
enum Skipping {
    /// Its pages have at most ten entries.
    Tens,
    /// It refuses pages of more than two, and does not count by `skip`.
    Twos,
}

#[async_trait::async_trait]
impl Api for Skipping {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let number = |key: &str| {
            let (_, after) = call.target.split_once(key)?;
            after.split('&').next()?.parse::<usize>().ok()
        };
        let (most, key) = match self {
            Self::Tens => (10, "skip="),
            Self::Twos => (2, "after="),
        };
        let asked = number("limit=").unwrap_or(most);
        if matches!(self, Self::Twos) && asked > most {
            let refused = ApiError::new(call.method, &call.target, ErrorKind::Refused, "too large");
            return Err(ApiError { status: Some(413), too_large: Some(TooLargeSign::Certain), ..refused });
        }
        let (limit, first) = (asked.min(most), number(key).unwrap_or(0));
        let rows: Vec<String> =
            (first..30).take(limit).map(|row| format!(r#"{{"_id":"{row}","name":"{row}"}}"#)).collect();
        let after = first + limit + 1;
        let next = (after < 30).then(|| format!("/v1/imports?limit={limit}&{key}{after}"));
        let body = format!("[{}]", rows.join(","));
        Ok(Reply { next, ..Reply::new(200, body) })
    }
}

/// A service that sorts by newest edit, and whose last import is edited while the page with this number is read.
#[derive(Debug)]
struct Edited {
    rows: Mutex<Vec<u32>>,
    pages: AtomicUsize,
    while_read: usize,
    key: &'static str,
}

#[async_trait::async_trait]
impl Api for Edited {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        if !call.target.contains("/imports") {
            return Ok(Reply::new(204, ""));
        }
        let number = |key: &str| {
            let (_, after) = call.target.split_once(key)?;
            after.split('&').next()?.parse::<usize>().ok()
        };
        let mut rows = self.rows.lock().unwrap();
        if self.pages.fetch_add(1, Ordering::Relaxed) + 1 == self.while_read {
            rows.rotate_right(1);
        }
        let first = match (number("skip="), number("after=")) {
            (Some(skip), _) => skip,
            // The cursor is the last row of the page before.
            (_, Some(last)) => rows.iter().position(|row| *row as usize == last).map_or(0, |at| at + 1),
            _ => 0,
        };
        let limit = number("limit=").unwrap_or(10).min(10);
        let shown: Vec<u32> = rows.iter().skip(first).take(limit).copied().collect();
        let texts: Vec<_> = shown.iter().map(|row| format!(r#"{{"_id":"{row}","name":"{row}"}}"#)).collect();
        let more = first + limit < rows.len();
        let at =
            if self.key == "skip" { first + limit } else { shown.last().map_or(0, |last| *last as usize) };
        let next = more.then(|| format!("/v1/imports?{}={at}&limit={limit}", self.key));
        Ok(Reply { next, ..Reply::new(200, format!("[{}]", texts.join(","))) })
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_moves_an_import_to_the_front_hides_it_from_no_scan() {
    let edits = ["skip", "after"].into_iter().flat_map(|key| (1..12).map(move |page| (key, page)));
    for ((key, while_read), early) in edits.flat_map(|edit| [(edit, false), (edit, true)]) {
        let rows = Mutex::new((0..60).collect());
        let edited = Edited { rows, pages: AtomicUsize::new(0), while_read, key };
        let account = account_of(Arc::new(edited));
        let manner = ScanOptions { steady: true, to_the_end: true, ..ScanOptions::default() };
        let mut names = Names::default();
        let begun = early.then(|| begin_to_read(&account, &Cancel::new()));
        list_scan_of(&account, begun, manner, &Cancel::new(), &mut names).await.unwrap();
        assert_eq!(names.0.len(), 60, "{key}, page {while_read}");
    }
}

#[tokio::test]
async fn of_a_long_list_the_second_look_is_not_waited_for_and_says_what_it_saw() {
    for (while_read, is_confirmed) in [(0, true), (20, false)] {
        let rows = Mutex::new((0..=2 * PAGE).collect());
        let edited = Edited { rows, pages: AtomicUsize::new(0), while_read, key: "after" };
        let account = account_of(Arc::new(edited));
        let manner = ScanOptions { steady: true, to_the_end: true, ..ScanOptions::default() };
        let mut names = Names::default();
        let cancel = Cancel::new();
        let (seen, goes_on) = list_scan_unconfirmed(&account, manner, &cancel, &mut names).await.unwrap();
        assert_eq!(seen.listed, LONG as u64 + u64::from(is_confirmed));
        assert_eq!(goes_on.unwrap().await.unwrap().unwrap(), is_confirmed);
    }
}

#[tokio::test]
async fn a_list_that_loses_a_row_where_two_pages_meet_cannot_be_trusted() {
    for service in [Skipping::Tens, Skipping::Twos] {
        let account = account_of(Arc::new(service));
        let manner =
            ScanOptions { steady: true, listed_apart: false, to_the_end: true, ..ScanOptions::default() };
        let scanned = list_scan(&account, manner, &Cancel::new(), &mut Names::default()).await;
        assert!(
            matches!(scanned, Err(EngineError::Unsteady { .. } | EngineError::CutShort { .. })),
            "{service:?}: {scanned:?}"
        );
    }
}

/// A list of two pages. The first reader's second page disappears, as it may if the list is not read for a long time.
#[derive(Debug, Default)]
struct Forgetful {
    lists: AtomicUsize,
    calls: AtomicUsize,
}

#[async_trait::async_trait]
impl Api for Forgetful {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Some((_, list)) = call.target.split_once("second-of=") else {
            let list = self.lists.fetch_add(1, Ordering::Relaxed);
            let next = Some(format!("/v1/imports?second-of={list}"));
            return Ok(Reply { next, ..Reply::new(200, r#"[{"_id":"1","name":"one"}]"#) });
        };
        if list == "0" {
            let gone = ApiError::new(call.method, &call.target, ErrorKind::NotFound, "the cursor is gone");
            return Err(ApiError { status: Some(404), ..gone });
        }
        Ok(Reply::new(200, r#"[{"_id":"2","name":"two"}]"#))
    }
}

#[tokio::test]
async fn a_list_that_was_begun_early_and_did_not_last_is_read_anew() {
    let account = account_of(Arc::<Forgetful>::default());
    let (mut names, begun) = (Names::default(), begin_to_read(&account, &Cancel::new()));
    let manner = ScanOptions::default();
    let seen = list_scan_of(&account, Some(begun), manner, &Cancel::new(), &mut names).await.unwrap();
    assert_eq!((names.0, seen.listed), (vec!["one".to_owned(), "two".to_owned()], 2));
}

#[tokio::test]
async fn of_pages_in_memory_one_is_read_before_anybody_asks() {
    let api = Arc::<Forgetful>::default();
    let account = account_of(Arc::clone(&api) as Arc<dyn Api>);
    let mut pages = PagesAhead::far(&account, request(None), |_| {});
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.calls.load(Ordering::Relaxed), 1);
    assert_eq!(pages.next(&Cancel::new()).await.unwrap().unwrap().unwrap().len, 1);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.calls.load(Ordering::Relaxed), 2);
}

/// A list of one page.
#[derive(Debug, Default)]
struct Short(AtomicUsize);

#[async_trait::async_trait]
impl Api for Short {
    async fn call(&self, _: &Call) -> Result<Reply, ApiError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Reply::new(200, r#"[{"_id":"1","name":"one"}]"#))
    }
}

#[tokio::test]
async fn of_a_list_that_was_begun_early_both_looks_are_made_before_anybody_asks() {
    let api = Arc::<Short>::default();
    let account = account_of(Arc::clone(&api) as Arc<dyn Api>);
    let (mut names, begun) = (Names::default(), begin_to_read(&account, &Cancel::new()));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.0.load(Ordering::Relaxed), 2);
    let manner = ScanOptions { steady: true, ..ScanOptions::default() };
    let seen = list_scan_of(&account, Some(begun), manner, &Cancel::new(), &mut names).await.unwrap();
    assert_eq!((names.0, seen.listed), (vec!["one".to_owned()], 1));
    assert_eq!(api.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_a_list_shows_twice_is_taken_once_unless_that_does_no_harm() {
    let twice = r#"[{"_id":"1","name":"one"},{"_id":"2","name":"two"},{"_id":"1","name":"one"}]"#;
    let account = account_of(Arc::new(Lists { plain: twice, agents: "[]", others: "[]" }));
    let light = ScanOptions { repeats: Repeats::Allow, ..ScanOptions::default() };
    for (manner, taken) in [
        (ScanOptions::default(), 2),
        (light, 3),
        (ScanOptions { to_the_end: true, ..light }, 2),
        (ScanOptions { steady: true, ..light }, 2),
        (ScanOptions { listed_apart: true, ..light }, 2),
    ] {
        let mut names = Names::default();
        list_scan(&account, manner, &Cancel::new(), &mut names).await.unwrap();
        assert_eq!(names.0.len(), taken, "{manner:?}");
    }
}

#[test]
fn two_looks_that_saw_the_same_imports_do_not_differ_however_often_they_did() {
    let first = HashSet::from([1, 2, 3]);
    for (second, said) in [
        (&[3, 1, 2][..], None),
        (&[1, 1, 2, 3, 3], None),
        (&[1, 1, 2], Some((2, 1))),
        (&[1, 2, 4, 4], Some((3, 1))),
        (&[1, 2, 3, 4], Some((4, 0))),
        (&[], Some((0, 3))),
    ] {
        let said = said.map(|(second, gone)| Disagreement { first: 3, second, gone });
        assert_eq!(differs(first.clone(), &second.iter().copied().collect()), said, "{second:?}");
    }
}
