//! The rules of `audit.csv`.

use proptest::prelude::*;

use super::*;
use crate::model::Action;
use crate::report::sample;
use crate::report::text::clean;

fn context() -> AuditContext {
    AuditContext {
        run_id: "R".into(),
        action: Action::Migrate.into(),
        source_account: "demo-a".into(),
        target_account: "demo-b".into(),
    }
}

fn audit(rows: &[Row]) -> String {
    let mut out = Vec::new();
    let mut writer = AuditWriter::new(&mut out).unwrap();
    for row in rows {
        writer.write(&context(), row).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn read(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_columns_are_pinned_and_lines_end_as_rfc_4180_wants() {
    let mut differing = sample::row(3);
    differing.verdict = Verdict::Differs;
    differing.differences = vec!["/http/body/0".into(), "/name".into()];
    let mut changed = sample::row(4);
    changed.item.changes = serde_json::from_value(serde_json::json!([
        { "path": "/name", "from": "\"a\"", "to": "\"b\"" }, { "path": "mapping[price].source", "to": "\"p\"" },
    ]))
    .unwrap();
    changed.item.warnings = vec!["a script may use it".into()];
    let rows = [
        sample::row(1),
        sample::failed(2, "http.method: Expected field, \"POST\" or \"PUT\""),
        differing,
        changed,
    ];
    let text = audit(&rows);
    assert_eq!(text.matches("\r\n").count(), 5);
    insta::assert_snapshot!(text.replace("\r\n", "\n").replace(&crate::model::Fingerprint::of(b"sent").to_string(), "<sent>"), @r#"
    run_id,item,action,outcome,verdict,source_account,source_id,source_name,target_account,target_id,target_name,adaptor_type,attempts,http_status,error_code,error_message,changed_paths,warnings,source_sha256,sent_sha256,target_sha256,started_at,finished_at,duration_ms
    R,1,migrate,created,equal,demo-a,5f7c579b6411271af4e00001,Order 1,demo-b,60a1579b6411271af4e00001,Order 1,HTTPImport,1,201,,,,,,<sent>,<sent>,2026-01-01T00:00:00.010Z,2026-01-01T00:00:00.145Z,115
    R,2,migrate,failed,not_checked,demo-a,5f7c579b6411271af4e00002,Order 2,demo-b,,Order 2,HTTPImport,1,422,invalid,"http.method: Expected field, ""POST"" or ""PUT""",,,,<sent>,,2026-01-01T00:00:00.020Z,2026-01-01T00:00:00.155Z,115
    R,3,migrate,created,differs,demo-a,5f7c579b6411271af4e00003,Order 3,demo-b,60a1579b6411271af4e00003,Order 3,HTTPImport,1,201,,"reads back different at /http/body/0, /name",,,,<sent>,<sent>,2026-01-01T00:00:00.030Z,2026-01-01T00:00:00.165Z,115
    R,4,migrate,created,equal,demo-a,5f7c579b6411271af4e00004,Order 4,demo-b,60a1579b6411271af4e00004,Order 4,HTTPImport,1,201,,,/name; mapping[price].source,a script may use it,,<sent>,<sent>,2026-01-01T00:00:00.040Z,2026-01-01T00:00:00.175Z,115
    "#);
}

#[test]
fn paths_are_told_as_changed_only_where_something_was_or_two_that_differ_were_left_alone() {
    use crate::model::Outcome;
    let mut row = sample::row(1);
    row.item.changes = serde_json::from_value(serde_json::json!([{ "path": "/name", "to": "x" }])).unwrap();
    for outcome in Outcome::ALL.iter().copied() {
        let nothing = [Outcome::Unchanged, Outcome::Failed, Outcome::Stale, Outcome::Unprocessed];
        let told = if nothing.contains(&outcome) { "" } else { "/name" };
        row.outcome = outcome;
        assert_eq!(read(&audit(std::slice::from_ref(&row)))[1][16], told, "{outcome}");
    }
    (row.outcome, row.may_have_acted) = (Outcome::Unprocessed, true);
    assert_eq!(read(&audit(&[row]))[1][16], "/name", "it may have been changed");
}

#[test]
fn an_item_that_was_not_reached_has_a_row_too() {
    let mut row = sample::row(1);
    (row.outcome, row.verdict) = (crate::model::Outcome::Unprocessed, Verdict::NotChecked);
    (row.attempts, row.http_status, row.started_at, row.finished_at) = (0, None, None, None);
    row.target_id = None;
    let rows = read(&audit(&[row]));
    assert_eq!(rows[1][3..5], ["unprocessed", "not_checked"]);
    assert_eq!(rows[1][12..14], ["0", ""]);
    assert_eq!(rows[1][21..], ["", "", ""]);
}

#[test]
fn a_formula_is_shown_and_not_run() {
    for (cell, wanted) in [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        (" \t", "' \t"),
        ("\0=1", "'\0=1"),
        ("\u{feff}=1", "'\u{feff}=1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("", ""),
    ] {
        assert_eq!(defuse(cell), wanted, "{cell:?}");
    }
}

/// Texts that are likely to break out of a cell.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("=".to_owned()),
        Just("+".to_owned()),
        Just("-".to_owned()),
        Just("@".to_owned()),
        Just("\t".to_owned()),
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just(",".to_owned()),
        Just(" ".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("\0\x1b[31m".to_owned()),
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_cell_is_inert_and_parses_back(name in hostile(), message in hostile(), path in hostile()) {
        let mut row = sample::failed(1, &message);
        row.item.name.clone_from(&name);
        row.item.warnings = vec![path.clone()];
        let context = context();
        let rows = read(&audit(std::slice::from_ref(&row)));
        prop_assert_eq!(rows.len(), 2);
        let wanted = cells(&context, &row);
        for (found, wanted) in rows[1].iter().zip(&wanted) {
            let first = found.trim_start_matches(' ').chars().next();
            prop_assert!(!first.is_some_and(|c| "=+-@\t\r\n".contains(c)), "{:?} would be run", found);
            let undone = if defuse(wanted) == *wanted { found.as_str() } else { found.strip_prefix('\'').unwrap() };
            prop_assert_eq!(undone, clean(wanted));
            let is_raw = crate::report::text::is_raw(found);
            prop_assert!(!is_raw, "{:?} acts on a terminal", found);
        }
        prop_assert_eq!(rows[1].len(), COLUMNS.len());
    }
}

#[test]
fn a_reader_that_went_away_is_told_as_such_and_not_as_some_failure() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let cells = vec!["x".repeat(100); 2000];
    let mut sheet = Sheet::new(Gone, &["a"]).unwrap();
    let error = sheet.row(cells.iter().map(String::as_str)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
