//! What is left of a run in its folder: rendered from plan and journal, the same every time.
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use transship::job::{Account, AccountPlace, Rate, Retry, Settings, Stop, Verify};
use transship::journal::{Call, Costs, Ending, Entry, ItemStates, Journal, JournalOptions, RunHeader, Step};
use transship::model::time::Clock;
use transship::model::{Action, Fingerprint, Id, ItemKey, Operation, Outcome, RunId, Verdict};
use transship::report::{Format, RunView, render, write_files};
use transship::run_folder::folder::RunFolder;
use transship::run_folder::plan_file::{PlanFile, PlanWriter};
use transship::run_folder::{RunRecord, read_journal};

const ITEMS: u32 = 300;

/// A run folder as a run leaves it: 300 items, of which some fail, differ, were skipped or not reached.
struct Left {
    _place: tempfile::TempDir,
    folder: RunFolder,
    plan: PlanFile,
    states: ItemStates,
    record: RunRecord,
}

impl Left {
    fn view(&self) -> RunView<'_> {
        RunView { folder: &self.folder, plan: &self.plan, states: &self.states, record: &self.record }
    }

    fn rendered(&self, format: Format) -> String {
        let mut out = Vec::new();
        render(self.view(), format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn settings() -> Settings {
    let account = |name: &str| Account {
        name: name.into(),
        place: AccountPlace::Emulator { name: name.into() },
        rate: Rate::default(),
    };
    Settings {
        source: account("demo-a"),
        target: account("demo-b"),
        ignore: Vec::new(),
        verify: Verify::Full,
        waves: None,
        page_size: transship::job::PageSize::Auto,
        concurrency: None,
        retry: Retry::default(),
        stop: Stop::default(),
        folder: "jobs".into(),
        backup: None,
        repoint_flows: false,
        stand_in: None,
    }
}

fn plan(path: &Path) -> PlanFile {
    let account = |name: &str| json!({ "name": name, "origin": format!("emulator:{name}") });
    let head = json!({
        "version": 1, "tool": "transship 0.1.0", "job": "orders-to-eu", "action": "migrate",
        "job_sha256": Fingerprint::of(b"job"), "made_at": "2026-01-01T00:00:00Z",
        "source": account("demo-a"), "target": account("demo-b"), "settings": settings(),
    });
    let mut writer = PlanWriter::create(path, serde_json::from_value(head).unwrap()).unwrap();
    for number in 1..=ITEMS {
        let id = format!("5f7c579b6411271af4e{number:05x}");
        let name =
            if number == 3 { "=HYPERLINK(\"x\")</script>|".to_owned() } else { format!("Order {number}") };
        let mut item = json!({
            "item": number, "operation": "create", "name": name, "adaptor_type": "HTTPImport",
            "source": { "id": id, "name": name, "sha256": Fingerprint::of(id.as_bytes()) },
        });
        if number % 20 == 0 {
            item["operation"] = json!("none");
            item["outcome"] = json!("skipped");
            item["trouble"] = json!({ "code": "integration_app", "message": "owned by an Integration App" });
        } else if number % 3 == 0 {
            item["changes"] = json!([{ "path": "/name", "from": "\"a\"", "to": "\"b\"" }]);
            item["secrets"] = json!(["/http/auth/token"]);
        }
        writer.push(&serde_json::from_value(item).unwrap()).unwrap();
    }
    let tail = json!({
        "selected": ITEMS, "totals": { "create": 285, "skipped": 15 }, "target_listed": 0, "target_page": 0,
        "spent": { "list imports": 3 }, "forecast": { "calls": { "create import": 285 }, "total": 285, "seconds": 0.5 },
    });
    writer.finish(serde_json::from_value(tail).unwrap()).unwrap()
}

async fn left(reached: u32, ending: Option<Ending>) -> Left {
    let place = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(place.path().join("run")).unwrap();
    let plan = plan(&folder.plan());
    let clock = Clock::ticking("2026-01-01T00:00:00Z".parse().unwrap());
    let options = JournalOptions { linger: Duration::ZERO, sync: false, ..JournalOptions::new(clock) };
    let journal = Journal::create(&folder.journal(), &folder.before(), options).unwrap();
    let taken = RunHeader {
        format: 1,
        run: RunId("20260101T000000Z-orders-to-eu-00ab".into()),
        tool: "transship 0.1.0".into(),
        action: Action::Migrate.into(),
        items: ITEMS,
        job_sha256: Fingerprint::of(b"job"),
        plan_sha256: plan.sha256(),
        wanted_sha256: Fingerprint::of(b""),
        by: None,
        account: None,
        undoes: None,
    };
    journal.append(Entry::Opened(Box::new(taken)), None).await.unwrap();
    for number in (1..=reached).filter(|number| number % 20 != 0) {
        for step in steps(number) {
            journal.append(Entry::Item { item: ItemKey(number), step }, None).await.unwrap();
        }
    }
    if let Some(ending) = ending {
        let calls = [("create import".to_owned(), u64::from(reached))].into();
        let reason = (ending != Ending::Finished).then(|| "interrupted".to_owned());
        journal
            .append(
                Entry::Closed {
                    ending,
                    calls,
                    throttled: 2,
                    millis: 3400,
                    costs: Costs::default(),
                    reason,
                    waits_for: None,
                },
                None,
            )
            .await
            .unwrap();
    }
    journal.close().unwrap();
    let (states, record, _) = read_journal(&folder, &plan).unwrap();
    Left { _place: place, folder, plan, states, record }
}

fn steps(number: u32) -> Vec<Step> {
    let intended = Step::Intended {
        operation: Operation::Create,
        call: Call::Operation,
        attempt: 1,
        server_time: None,
        before_sha256: None,
    };
    if number % 50 == 7 {
        let (code, message) = ("invalid".to_owned(), "http.method: Expected field".to_owned());
        let ended =
            Step::Ended { outcome: Outcome::Failed, status: Some(422), code, message, sends: 1, found: None };
        return vec![intended, ended];
    }
    let target = Id::from(format!("60a1579b6411271af4e{number:05x}"));
    let applied =
        Step::Applied { target, status: Some(201), sends: 1, adopted: false, sha256: None, modified: None };
    let differs = number == 42;
    let verified = Step::Verified {
        verdict: if differs { Verdict::Differs } else { Verdict::Equal },
        sha256: Some(Fingerprint::of(b"held")),
        differences: if differs { vec!["/http/body/0".into()] } else { Vec::new() },
        modified: None,
    };
    vec![intended, applied, verified]
}

#[tokio::test]
async fn a_finished_run_leaves_its_audit_its_summary_and_its_page() {
    let left = left(ITEMS, Some(Ending::Finished)).await;
    let reported = write_files(left.view()).unwrap();
    assert_eq!(reported.summary.disagreement(), None);
    assert_eq!(reported.summary.count(Outcome::Created), 279);
    assert_eq!(reported.summary.count(Outcome::Failed), 6);
    let words: Vec<_> = reported.attention.iter().map(|attention| attention.word).collect();
    assert_eq!(words, ["failed", "differs", "failed", "failed", "failed", "failed", "failed"]);
    let audit = fs::read_to_string(left.folder.audit()).unwrap();
    assert_eq!(audit.matches("\r\n").count(), 301);
    assert!(audit.contains("\"'=HYPERLINK(\"\"x\"\")</script>|\""));
    let summary: Value = serde_json::from_slice(&fs::read(left.folder.summary()).unwrap()).unwrap();
    assert_eq!(summary["outcomes"]["created"], 279);
}

#[tokio::test]
async fn a_run_that_was_cut_off_has_a_row_for_every_import_too() {
    for ending in [None, Some(Ending::Interrupted)] {
        let left = left(100, ending).await;
        let reported = write_files(left.view()).unwrap();
        assert_eq!(reported.summary.disagreement(), None);
        assert_eq!(reported.summary.count(Outcome::Unprocessed), 190);
        let audit = fs::read_to_string(left.folder.audit()).unwrap();
        assert_eq!(audit.matches("\r\n").count(), 301);
        assert_eq!(audit.matches(",unprocessed,not_checked,").count(), 190);
    }
}

#[tokio::test]
async fn what_is_rendered_later_is_what_was_written_then() {
    let left = left(ITEMS, Some(Ending::Finished)).await;
    write_files(left.view()).unwrap();
    assert_eq!(left.rendered(Format::Csv), fs::read_to_string(left.folder.audit()).unwrap());
    assert_eq!(left.rendered(Format::Html), fs::read_to_string(left.folder.report()).unwrap());
    let counted = transship::report::render::count(left.view()).unwrap();
    assert_eq!(counted, write_files(left.view()).unwrap());
}

#[tokio::test]
async fn the_files_of_a_run_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let left = left(20, None).await;
    write_files(left.view()).unwrap();
    for file in [left.folder.audit(), left.folder.summary(), left.folder.report()] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_damaged_journal_leaves_the_files_as_they_were() {
    let left = left(20, None).await;
    fs::write(left.folder.audit(), "before").unwrap();
    let journal = fs::read_to_string(left.folder.journal()).unwrap();
    fs::write(
        left.folder.journal(),
        journal.replacen("created", "deleted", 1).replacen("create", "delete", 1),
    )
    .unwrap();
    write_files(left.view()).unwrap_err();
    assert_eq!(fs::read_to_string(left.folder.audit()).unwrap(), "before");
    assert!(!left.folder.report().exists());
}

#[tokio::test]
async fn json_holds_every_row_with_its_types() {
    let left = left(ITEMS, Some(Ending::Finished)).await;
    let whole: Value = serde_json::from_str(&left.rendered(Format::Json)).unwrap();
    assert_eq!(whole["items"].as_array().unwrap().len(), 300);
    assert_eq!(whole["summary"]["reported"], 300);
    assert_eq!(whole["items"][6]["error_message"], "http.method: Expected field");
    assert_eq!(whole["items"][41]["differences"], json!(["/http/body/0"]));
    assert_eq!(
        whole["items"][0]["duration_ms"], 1,
        "from its intent to its answer: reading back is not its own call"
    );
}

#[tokio::test]
async fn junit_counts_what_a_build_server_counts() {
    let left = left(100, Some(Ending::Interrupted)).await;
    let xml = left.rendered(Format::Junit);
    let head = "tests=\"300\" failures=\"3\" errors=\"190\" skipped=\"15\" time=\"3.400\"";
    assert!(xml.contains(head), "{}", &xml[..400]);
    let found = ["<testcase ", "<failure ", "<error ", "<skipped "].map(|tag| xml.matches(tag).count());
    assert_eq!(found, [300, 3, 190, 15]);
    assert!(xml.contains("name=\"=HYPERLINK(&quot;x&quot;)&lt;/script&gt;|\""));
    assert!(xml.ends_with("</testsuite>\n</testsuites>\n"));
}

#[tokio::test]
async fn markdown_fits_into_a_ticket() {
    let left = left(100, Some(Ending::Interrupted)).await;
    insta::assert_snapshot!(left.rendered(Format::Markdown), @"
    # orders-to-eu: migrate

    Migrated 93 of 300 imports from demo-a to demo-b; 15 were skipped, 190 were not reached, 3 need your attention.

    The run was interrupted; nothing is lost.

    | outcome | imports |
    | --- | ---: |
    | created | 93 |
    | skipped | 15 |
    | failed | 2 |
    | unprocessed | 190 |
    | all | 300 |

    1 of 93 reads back different: audit.csv says where.

    100 API calls (forecast 285) in 3.4 s, plus 3 for planning; 2 rate-limit responses (429).

    Enter 31 secrets manually: the service never shows them. report.html lists where.

    ## To look at

    | what | import | why |
    | --- | --- | --- |
    | failed | Order 7 | http.method: Expected field |
    | differs | Order 42 | reads back different at /http/body/0 |
    | failed | Order 57 | http.method: Expected field |

    Run 20260101T000000Z-orders-to-eu-00ab
    ");
}
