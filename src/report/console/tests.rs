//! What is said when a run is over.

use super::*;
use crate::report::sample;
use crate::run_folder::forecast::Forecast;

fn said(summary: &Summary, extra: Closing<'_>) -> String {
    let mut out = Vec::new();
    closing(summary, &Closing { width: 100, ..extra }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn mixed() -> Summary {
    let outcomes =
        [(Outcome::Created, 280), (Outcome::Skipped, 15), (Outcome::Failed, 4), (Outcome::Conflict, 1)];
    let verdicts = [(Verdict::Equal, 270), (Verdict::EqualWithDefaults, 10), (Verdict::NotChecked, 20)];
    Summary {
        calls: [("create import".to_owned(), 286), ("list imports".to_owned(), 6)].into(),
        planning_calls: [("list imports".to_owned(), 4)].into(),
        forecast: Forecast { total: 291, ..Forecast::default() },
        throttled: 2,
        secrets: 7,
        ..sample::summary(&outcomes, &verdicts)
    }
}

#[test]
fn a_run_ends_with_words_a_manager_understands() {
    let rows = [sample::failed(3, "http.method: Expected field"), sample::failed(9, "two\nlines\x1b[2J")];
    let attention: Vec<_> = rows.iter().filter_map(Attention::of).collect();
    let extra = Closing { folder: Some(Path::new("runs/R")), attention: &attention, ..Closing::default() };
    insta::assert_snapshot!(said(&mixed(), extra), @r#"
    Migrated 280 of 300 imports from demo-a to demo-b; 15 were skipped, 5 need your attention.

            280  created
             15  skipped
              1  conflict
              4  failed

    All 280 were compared with what the target holds and are equal (10 but for defaults the service filled in).
    292 calls (291 foreseen) in 3.4 s, after 4 for the plan; 2 were refused for the rate limit (429) and sent again.
    7 secrets have to be entered by hand: the service never shows them. report.html lists where.

    To look at:
      failed   "Order 3": http.method: Expected field
      failed   "Order 9": two␊lines␛[2J
      … and 3 more, all in audit.csv

    Files:   runs/R (audit.csv, summary.json, report.html)
    "#);
}

#[test]
fn a_run_that_went_well_needs_few_words() {
    let summary = sample::summary(&[(Outcome::Created, 280)], &[(Verdict::Equal, 280)]);
    insta::assert_snapshot!(said(&summary, Closing::default()), @"
    Migrated 280 imports from demo-a to demo-b.

            280  created

    All 280 were compared with what the target holds and are equal.
    0 calls (0 foreseen) in 3.4 s, after 0 for the plan; none was refused for the rate limit.
    ");
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let outcomes = [(Outcome::Updated, 1), (Outcome::Unchanged, 1), (Outcome::Unprocessed, 8)];
    let mut summary = sample::summary(&outcomes, &[(Verdict::Differs, 1), (Verdict::NotChecked, 9)]);
    summary.state = "interrupted".into();
    summary.action = "update".into();
    let extra = Closing { resume: Some("transship resume runs/R"), ..Closing::default() };
    insta::assert_snapshot!(said(&summary, extra), @"
    Updated 1 of 10 imports in demo-b; 1 was already as wanted, 8 were not reached, 1 needs your attention.
    The run was interrupted; nothing is lost.

              1  updated
              1  unchanged
              8  unprocessed

    1 of 1 reads back different: audit.csv says where.
    0 calls (0 foreseen) in 3.4 s, after 0 for the plan; none was refused for the rate limit.
    Go on:   transship resume runs/R
    ");
}

#[test]
fn sums_that_disagree_are_said_aloud() {
    let mut summary = mixed();
    summary.reported = 299;
    assert!(said(&summary, Closing::default()).contains("disagree: 300 selected, but 299 reported"));
}

#[test]
fn items_needing_attention_are_named_up_to_ten_and_counted_beyond() {
    let attention: Vec<_> = (0..12).filter_map(|n| Attention::of(&sample::failed(n, "no"))).collect();
    let mut summary = sample::summary(&[(Outcome::Failed, 12)], &[(Verdict::NotChecked, 12)]);
    summary.seconds = 0.0;
    let text = said(&summary, Closing { attention: &attention, ..Closing::default() });
    assert_eq!(text.matches("failed   \"Order").count(), 10);
    assert!(text.contains("… and 2 more, all in audit.csv"));
}

#[test]
fn the_counts_as_json_read_back() {
    let mut out = Vec::new();
    summary_json(&mixed(), &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<Summary>(&out).unwrap(), mixed());
}
