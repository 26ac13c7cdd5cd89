//! A mistake of this program over one document, planted: it is the failure of that item, and of nothing else. Faults can be
//! planted in builds with debug assertions only.
#![cfg(debug_assertions)]

use serde_json::json;
use transship::documents::planted::{MARK, PANIC_COMPARING, PANIC_DIFFING, PANIC_PRINTING, plant_everywhere};
use transship::model::event::Events;
use transship::model::{Outcome, Verdict};
use transship::run_folder::Row;
use transship::session::{Approval, OpenRequest, PlanRequest};

use crate::two_accounts::Bench;

/// Carries out a job, with a fault planted from its plan on, or from its execution on; gives back the rows of the run.
async fn rows_with(
    bench: &Bench,
    more: &str,
    in_plan: Option<&'static str>,
    later: Option<&'static str>,
) -> Vec<Row> {
    let (job, settings) = bench.job_with(more);
    let session = bench.open(OpenRequest::Write(settings)).await;
    let planted = in_plan.map(plant_everywhere);
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    drop(planted);
    let planted = later.map(plant_everywhere);
    let mut run = session.execute(plan, Approval::NotAsked, &Events::none()).await.unwrap();
    drop(planted);
    run.sound().unwrap();
    assert!(run.record.is_finished(), "{:?}", run.record);
    assert!(run.summary.needs_attention());
    run.rows().unwrap()
}

/// The one test that plants panics: what is planted in all threads is so for one test at a time.
#[tokio::test]
async fn a_panic_over_one_document_is_the_failure_of_its_item_wherever_it_happens() {
    let marked = |description: &str| {
        json!([{ "_id": format!("{:0>24}", "f1"), "name": "Order 1", "adaptorType": "HTTPImport",
            "description": description, "http": { "relativeURI": ["/other"], "method": ["PUT"] } }])
    };
    let marked = |description: &str| marked(description).as_array().unwrap().clone();
    for fault in [PANIC_COMPARING, PANIC_DIFFING, PANIC_PRINTING] {
        let bench = Bench::new();
        bench.load("eu", &marked(MARK));
        let rows = rows_with(&bench, "on_existing: update\n", Some(fault), None).await;
        let row = &rows[0];
        let expected = if fault == PANIC_PRINTING { Outcome::Conflict } else { Outcome::Failed };
        assert_eq!((row.outcome, row.item.name.as_str()), (expected, "Order 1"), "{fault}: {row:#?}");
        let message = row.error_message.as_deref().unwrap_or_default();
        assert!(message.contains("made a mistake with it"), "{fault}: {message}");
        assert!(rows[1..].iter().all(|row| row.outcome == Outcome::Created), "{fault}: {rows:#?}");
    }

    // Preparing one of the source.
    let bench = Bench::new();
    let mut source = marked(MARK);
    source[0]["_id"] = json!(format!("{:024x}", 1));
    bench.load("us", &source);
    let rows = rows_with(&bench, "", Some(PANIC_PRINTING), None).await;
    assert_eq!((rows[0].outcome, rows[0].error_code.as_deref()), (Outcome::Failed, Some("panic")));

    // Reading back what was written.
    for fault in [PANIC_COMPARING, PANIC_PRINTING] {
        let bench = Bench::new();
        source[0]["_connectionId"] = json!(bench.shop);
        bench.load("us", &source);
        let rows = rows_with(&bench, "ignore: [/name]\n", None, Some(fault)).await;
        assert_eq!(rows[0].outcome, Outcome::Created, "{fault}: {:#?}", rows[0]);
        assert!(matches!(rows[0].verdict, Verdict::NotChecked | Verdict::Differs), "{fault}: {:#?}", rows[0]);
        let told = rows[0].differences.join(" ");
        assert!(told.contains("made a mistake with it"), "{fault}: {told}");
        assert!(rows[1..].iter().all(|row| row.verdict == Verdict::Equal), "{fault}: {rows:#?}");
    }
}
