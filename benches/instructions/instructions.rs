//! How many instructions do the pure parts take, for one import of 2 kB? Counted by valgrind, so that a regression of some
//! per cent shows on a noisy machine.
//!
//! ```sh
//! cargo install gungraun-runner --version 0.20.0    # and valgrind from the system
//! cd benches/instructions && cargo bench
//! ```

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use serde_json::{Value, json};
use transship::documents::diff::{Change, diff};
use transship::documents::normal::{Comparison, compare, fingerprint};
use transship::documents::{Document, Facts, Fingerprint, Program, StepSpec};
use transship::journal::{Call, Entry, Halt, Journal, JournalOptions, Step, Writing};
use transship::model::time::Clock;
use transship::model::{ItemKey, Operation};
use transship::run_folder::plan_item::PlanItem;

fn document() -> Value {
    let fields: Vec<Value> = (0..24)
        .map(|field| json!({"extract": format!("order.lines[*].f{field}"), "generate": format!("target_{field}")}))
        .collect();
    json!({
        "_id": "5f7c579b6411271af4e7cefb",
        "createdAt": "2025-01-01T00:00:00.000Z",
        "lastModified": "2025-01-01T00:00:00.000Z",
        "name": "Orders 000001",
        "_connectionId": "5f7c579b6411271af4e7cefa",
        "apiIdentifier": "i000000001",
        "oneToMany": false,
        "mapping": {"fields": fields, "lists": []},
        "http": {
            "relativeURI": ["/orders/{{record.id}}"],
            "method": ["POST"],
            "body": ["{\"order\":{{{json record}}},\"origin\":\"{{record.f3}}\"}"],
            "lookups": [{"name": "country", "map": {"DE": "49", "FR": "33"}, "allowFailures": true, "default": "1"}],
        },
        "adaptorType": "HTTPImport",
    })
}

/// The document as the service gives it back: with what it fills in.
fn pair() -> (Value, Value) {
    let mut found = document();
    found["ignoreExisting"] = json!(false);
    found["settings"] = Value::Null;
    (document(), found)
}

fn text() -> Vec<u8> {
    document().to_string().into_bytes()
}

fn rename() -> (Program, Value) {
    let keys = json!({ "side": "source", "from": "f3", "to": "contact.f3" });
    let step = StepSpec::new("rename_field", keys);
    (Program::compile(vec![step]).expect("a step that is right"), document())
}

fn renamed() -> (Value, Value) {
    let (program, before) = rename();
    let after = program.apply(before.clone(), &Facts::default()).expect("a document that it fits").document;
    (before, after)
}

fn item() -> PlanItem {
    let (before, after) = renamed();
    let item = json!({"item": 1, "operation": "create", "name": "Orders 000001", "adaptor_type": "HTTPImport",
        "source": {"id": "5f7c579b6411271af4e7cefb", "name": "Orders 000001"}});
    let mut item: PlanItem = serde_json::from_value(item).expect("an item");
    item.changes = diff(&before, &after);
    item.sent_sha256 = Some(fingerprint(&after));
    item
}

fn item_text() -> String {
    serde_json::to_string(&item()).expect("an item can be written")
}

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = JournalOptions { sync: false, writing: Writing::Inline(Halt::default()), ..JournalOptions::new(Clock::system()) };
    let journal = Journal::create(&folder.path().join("journal.jsonl"), &folder.path().join("before.jsonl"), options);
    (folder, journal.expect("a journal"))
}

#[library_benchmark]
#[bench::of_2_kb(text())]
fn read(text: Vec<u8>) -> Document {
    let document = Document::from_bytes(text).expect("JSON");
    black_box(document.tree().is_ok());
    document
}

#[library_benchmark]
#[bench::of_2_kb(document())]
fn normalise(document: Value) -> Fingerprint {
    fingerprint(black_box(&document))
}

#[library_benchmark]
#[bench::of_2_kb(pair())]
fn compare_documents(pair: (Value, Value)) -> Comparison {
    compare(black_box(&pair.0), black_box(&pair.1))
}

#[library_benchmark]
#[bench::of_2_kb(rename())]
fn rename_field(given: (Program, Value)) -> Value {
    let (program, document) = given;
    program.apply(document, &Facts::default()).expect("a document that it fits").document
}

#[library_benchmark]
#[bench::of_2_kb(renamed())]
fn list_changes(pair: (Value, Value)) -> Vec<Change> {
    diff(black_box(&pair.0), black_box(&pair.1))
}

#[library_benchmark]
#[bench::intent(journal())]
fn append_to_the_journal(open: (tempfile::TempDir, Journal)) -> (tempfile::TempDir, Journal) {
    let step = Step::Intended {
        operation: Operation::Create,
        call: Call::Operation,
        attempt: 1,
        server_time: Some(jiff::Timestamp::UNIX_EPOCH),
        before_sha256: None,
    };
    let appended = open.1.append(Entry::Item { item: ItemKey(1), step }, None);
    futures::executor::block_on(appended).expect("a disk that takes it");
    open
}

#[library_benchmark]
#[bench::of_a_rename(item())]
fn write_a_plan_item(item: PlanItem) -> String {
    serde_json::to_string(black_box(&item)).expect("an item can be written")
}

#[library_benchmark]
#[bench::of_a_rename(item_text())]
fn read_a_plan_item(text: String) -> PlanItem {
    serde_json::from_str(black_box(&text)).expect("an item")
}

library_benchmark_group!(
    name = pure;
    benchmarks =
        read,
        normalise,
        compare_documents,
        rename_field,
        list_changes,
        append_to_the_journal,
        write_a_plan_item,
        read_a_plan_item
);

main!(library_benchmark_groups = pure);
