//! What is said when a run is over.

use super::*;
use crate::report::reasons::Reasons;
use crate::report::sample;
use crate::run_folder::forecast::Forecast;
use crate::run_folder::lock::Writer;

fn said(summary: &Summary, extra: Closing<'_>) -> String {
    let mut out = Vec::new();
    closing(summary, &Closing { width: 120, ..extra }, &mut out).unwrap();
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
    let mut reasons = Reasons::default();
    for row in rows.iter().chain(&[sample::failed(4, "http.method: Expected field")]) {
        reasons.take(row);
    }
    let reasons: Vec<_> = reasons.sorted().into_iter().map(|(_, group)| group).collect();
    let extra = Closing {
        folder: Some(Path::new("runs/R")),
        retry: Some("transship retry runs/R"),
        undo: Some("transship undo runs/R"),
        reasons: &reasons,
        ..Closing::default()
    };
    insta::assert_snapshot!(said(&mixed(), extra), @r#"
    Migrated 280 of 300 imports from demo-a to demo-b; 15 were skipped, 5 need your attention.

            280  created
             15  skipped
              1  conflict
              4  failed

    All 280 were compared with what the target holds and are equal (10 but for defaults the service filled in).
    292 API calls (forecast 291) in 3.4 s, plus 4 for planning; 2 rate-limit responses (429).
    Enter 7 secrets manually: the service never shows them. report.html lists where.

    Reasons:
      failed           2  http.method: Expected field   Order 3, Order 4
      failed           1  two␊lines␛[2J   Order 9

    Files:   runs/R (audit.csv, summary.json, report.html)
    Again:   transship retry runs/R
    Back:    transship undo runs/R
    "#);
}

#[test]
fn a_run_that_went_well_needs_few_words() {
    let summary = sample::summary(&[(Outcome::Created, 280)], &[(Verdict::Equal, 280)]);
    insta::assert_snapshot!(said(&summary, Closing::default()), @"
    Migrated 280 imports from demo-a to demo-b.

            280  created

    All 280 were compared with what the target holds and are equal.
    0 API calls (forecast 0) in 3.4 s, plus 0 for planning; no rate-limit responses.
    ");
}

#[test]
fn what_was_deleted_is_gone_and_not_equal() {
    let of = |outcomes: &[(Outcome, u32)], equal: u32, unchecked: u32| {
        let verdicts = [(Verdict::Equal, equal), (Verdict::NotChecked, unchecked)];
        verified(&sample::summary(outcomes, &verdicts))
    };
    assert_eq!(of(&[(Outcome::Deleted, 3)], 3, 0), "3 imports are gone from the target.");
    assert_eq!(
        of(&[(Outcome::Deleted, 1), (Outcome::Updated, 2), (Outcome::Stale, 1)], 3, 1),
        "1 import is gone from the target; 2 were compared with what the target holds and are equal."
    );
    assert_eq!(
        of(&[(Outcome::Deleted, 1), (Outcome::Updated, 2)], 2, 1),
        "All 2 were compared with what the target holds and are equal."
    );
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let outcomes = [(Outcome::Updated, 1), (Outcome::Unchanged, 1), (Outcome::Unprocessed, 8)];
    let mut summary = sample::summary(&outcomes, &[(Verdict::Differs, 1), (Verdict::NotChecked, 9)]);
    summary.state = "interrupted".into();
    summary.action = Action::Update.into();
    let extra = Closing { resume: Some("transship resume runs/R"), ..Closing::default() };
    insta::assert_snapshot!(said(&summary, extra), @"
    Updated 1 of 10 imports in demo-b; 1 was already as wanted, 8 were not reached, 1 needs your attention.
    The run was interrupted; nothing is lost.

              1  updated
              1  unchanged
              8  unprocessed

    1 of 1 reads back different: audit.csv says where.
    0 API calls (forecast 0) in 3.4 s, plus 0 for planning; no rate-limit responses.
    Go on:   transship resume runs/R
    ");
}

#[test]
fn the_closing_fits_a_narrow_terminal() {
    let mut reasons = Reasons::default();
    reasons
        .take(&sample::failed(3, "http.method: Expected field, and the connection that it names is offline"));
    let reasons: Vec<_> = reasons.sorted().into_iter().map(|(_, group)| group).collect();
    for columns in [50, 60] {
        let mut out = Vec::new();
        closing(&mixed(), &Closing { width: columns, reasons: &reasons, ..Closing::default() }, &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let widest = text.lines().map(crate::report::text::width).max();
        assert!(widest <= Some(columns), "{columns}: {text}");
    }
}

#[test]
fn sums_that_disagree_are_said_aloud() {
    let mut summary = mixed();
    summary.reported = 299;
    assert!(said(&summary, Closing::default()).contains("disagree: 300 selected, but 299 reported"));
}

#[test]
fn ten_reasons_are_shown_and_the_others_are_counted() {
    let mut reasons = Reasons::default();
    for n in 0..12 {
        reasons.take(&sample::failed(n, &format!("no {n}")));
    }
    let reasons: Vec<_> = reasons.sorted().into_iter().map(|(_, group)| group).collect();
    let mut summary = sample::summary(&[(Outcome::Failed, 12)], &[(Verdict::NotChecked, 12)]);
    summary.seconds = 0.0;
    let text = said(&summary, Closing { reasons: &reasons, ..Closing::default() });
    assert_eq!(text.matches("  failed  ").count(), 10, "{text}");
    assert!(text.contains("… and 2 other reasons"));
}

#[test]
fn the_counts_as_json_read_back() {
    let mut out = Vec::new();
    summary_json(&mixed(), &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<Summary>(&out).unwrap(), mixed());
}

#[test]
fn calls_without_an_answer_are_never_told_as_nothing() {
    let mut summary = sample::summary(&[(Outcome::Unprocessed, 3)], &[]);
    summary.state = "interrupted".into();
    for (count, line) in [
        (1, "The effect of 1 call is unknown: 1 import may or may not exist. `transship resume` finds out."),
        (
            3,
            "The effect of 3 calls is unknown: 3 imports may or may not exist. `transship resume` finds out.",
        ),
    ] {
        summary.in_doubt = count;
        let said = said(&summary, Closing::default());
        assert!(said.contains(line), "{said}");
        assert!(!said.contains("nothing is lost") && !said.contains("Nothing was written"), "{said}");
    }
}

fn killed() -> Summary {
    let outcomes = [(Outcome::Created, 12), (Outcome::Unprocessed, 8)];
    let mut summary = sample::summary(&outcomes, &[(Verdict::NotChecked, 20)]);
    summary.state = "unfinished".into();
    summary.in_doubt = 4;
    summary.not_yet_read_back = 12;
    summary
}

#[test]
fn a_run_that_was_cut_off_is_told_with_what_is_unknown_and_without_figures_that_nobody_recorded() {
    let extra = Closing { resume: Some("transship resume 00ab"), ..Closing::default() };
    insta::assert_snapshot!(said(&killed(), extra), @"
    Migrated 12 of 20 imports from demo-a to demo-b; 4 were not reached.
    The run was cut off: its process ended before the run did.

             12  created
              8  unprocessed

    The effect of 4 calls is unknown: 4 imports may or may not exist. `transship resume` finds out.
    12 imports were written and not read back yet.
    Go on:   transship resume 00ab
    ");
    let resumed = Summary { calls: [("create import".to_owned(), 6)].into(), resumed: 1, ..killed() };
    assert_eq!(
        spent(&resumed).unwrap(),
        "6 API calls in 3.4 s before it was last resumed, plus 0 for planning; no rate-limit responses."
    );
}

#[test]
fn a_run_that_is_being_written_is_told_by_its_writer_and_as_not_done_yet() {
    let writer = Writer { process: "process 7 on build-3".into(), since: None };
    let running = Summary { writer: Some(writer), ..killed() };
    insta::assert_snapshot!(said(&running, Closing::default()), @"
    Migrated 12 of 20 imports from demo-a to demo-b so far; 4 are not done yet.
    This run is being written now by process 7 on build-3.

             12  created
              8  unprocessed

    4 calls have no answer yet.
    12 imports were written and not read back yet.
    ");
}

#[test]
fn what_was_not_read_back_yet_is_never_told_as_compared() {
    let of = |created: u32, not_yet: u32, unchanged: u32, equal: u32, differs: u32| {
        let outcomes = [(Outcome::Created, created), (Outcome::Unchanged, unchanged)];
        let verdicts = [(Verdict::Equal, equal), (Verdict::Differs, differs)];
        verified(&Summary { not_yet_read_back: not_yet, ..sample::summary(&outcomes, &verdicts) })
    };
    let one = "1 import was written and not read back yet.";
    assert_eq!(of(1, 1, 0, 0, 0), one);
    assert_eq!(of(1, 1, 1, 1, 0), format!("{one} 1 that was already there is equal."));
    assert_eq!(
        of(12, 12, 3, 3, 0),
        "12 imports were written and not read back yet. 3 that were already there are equal."
    );
    assert_eq!(
        of(12, 10, 3, 5, 0),
        "10 imports were written and not read back yet. 5 were compared with what the target holds and are equal."
    );
    assert_eq!(
        of(12, 10, 0, 1, 1),
        "10 imports were written and not read back yet. 1 of 2 reads back different: audit.csv says where."
    );
}

#[test]
fn an_interrupted_run_says_why() {
    for (reason, in_doubt, how) in [
        (None, 0, "The run was interrupted; nothing is lost."),
        (Some("interrupted"), 0, "The run was interrupted; nothing is lost."),
        (Some("interrupted"), 2, "The run was interrupted."),
        (Some("the service is away"), 0, "The run was interrupted: the service is away. Nothing is lost."),
        (Some("the service is away"), 2, "The run was interrupted: the service is away."),
    ] {
        let mut summary = sample::summary(&[(Outcome::Unprocessed, 3)], &[]);
        summary.state = "interrupted".into();
        (summary.reason, summary.in_doubt) = (reason.map(str::to_owned), in_doubt);
        assert_eq!(how_it_ended(&summary).as_deref(), Some(how));
    }
}

#[test]
fn a_token_that_is_refused_is_told_with_its_account() {
    let mut summary = sample::summary(&[], &[]);
    summary.state = "unauthorized".into();
    assert!(how_it_ended(&summary).unwrap().contains("the token of account demo-b"));
}

#[test]
fn a_run_that_was_undone_is_not_to_be_resumed() {
    let undone = Summary { undone: Some("20260102T000000Z-undo-c3d4".into()), unread: 1, ..killed() };
    let said = said(&undone, Closing::default());
    assert!(said.contains("It was undone by the run 20260102T000000Z-undo-c3d4."), "{said}");
    assert!(
        said.contains("`transship undo` finds out") && said.contains("`transship undo` reads it again"),
        "{said}"
    );
    assert!(!said.contains("resume"), "{said}");
}
