//! The rules of `report.html`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::report::sample;

fn page(rows: &[Row]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let items: Vec<_> = rows.iter().map(|row| row.item.clone()).collect();
    let plan = sample::plan(folder.path(), &items, &json!({}));
    let record = RunRecord::default();
    let mut summary = Summary::begin(&plan, &record);
    let mut out = Vec::new();
    let mut page = Page::begin(&mut out, &plan, &record).unwrap();
    for row in rows {
        summary.add(row);
        page.row(row).unwrap();
    }
    page.finish(&summary).unwrap();
    String::from_utf8(out).unwrap()
}

/// The rows and details as the script would read them.
fn embedded(page: &str, class: &str) -> Vec<Value> {
    let open = format!("<script type=\"application/json\" class=\"{class}\">");
    let chunks = page.split(&open).skip(1).map(|rest| rest.split("</script>").next().unwrap());
    chunks.flat_map(|chunk| serde_json::from_str::<Vec<Value>>(chunk).unwrap()).collect()
}

#[test]
fn it_loads_nothing_and_says_so_to_the_browser() {
    let page = page(&[sample::row(1)]);
    assert!(
        page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';")
    );
    for forbidden in ["http://", "https://", "src=", "@import", "url(", "fetch(", "innerHTML", "eval("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_row_is_there_and_so_is_what_stands_behind_it() {
    let mut rows: Vec<_> = (1..=2500).map(sample::row).collect();
    rows[7] = sample::failed(8, "http.method: Expected field");
    rows[8].verdict = Verdict::Differs;
    rows[8].differences = vec!["/http/body/0".into()];
    let page = page(&rows);
    let (shown, behind) = (embedded(&page, "rows"), embedded(&page, "details"));
    assert_eq!((shown.len(), behind.len()), (2500, 2500));
    assert_eq!((&shown[7][0], &shown[7][11], &shown[7][14]), (&json!(8), &json!(0), &json!(0)));
    assert!(page.contains("[\"failed\",\"http.method: Expected field\",true,1]"), "a reason is there once");
    assert_eq!(behind[8]["differences"], json!(["/http/body/0"]));
    assert_eq!(page.matches("class=\"rows\"").count(), 3, "in chunks, so that it opens fast");
    assert!(page.contains("Migrated 2,499 of 2,500 imports from demo-a to demo-b; 2 need your attention."));
    assert!(page.contains("<b>2,499</b> created"));
    assert!(page.contains("<td class=\"num\" data-unit=\"import\">1</td>"), "one import is not 1 imports");
    assert!(page.contains("href=\"#all\" data-group=\"1\""), "a reason leads to its rows");
}

#[test]
fn what_turns_the_reading_around_turns_no_sentence_around() {
    let page = page(&[sample::failed(1, "the name \u{202e}sredro is taken")]);
    let reasons = page.split("<h2>Reasons</h2>").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(reasons.contains("the name \u{fffd}sredro is taken"), "{reasons}");
}

#[test]
fn ids_in_changes_have_their_names_and_imports_lead_to_the_product() {
    let mut row = sample::row(1);
    row.item.changes = serde_json::from_value(
        json!([{ "path": "/_connectionId", "from": "\"5f7c579b6411271af4e7cefa\"", "to": "\"x\"" }]),
    )
    .unwrap();
    let names = BTreeMap::from([("5f7c579b6411271af4e7cefa".to_owned(), "Shop API".to_owned())]);
    let change = &json!(details(&row, &names))["changes"][0];
    assert_eq!(*change, json!(["/_connectionId", "\"Shop API\" (\"5f7c579b6411271af4e7cefa\")", "\"x\""]));
    assert_eq!(
        product("https://api.eu.integrator.io"),
        Some("https://eu.integrator.io/imports/edit/imports/")
    );
    assert_eq!(product("https://api.eu.integrator.io.example.com"), None);
    assert_eq!(json!(short(&row, None, false))[15], 2);
    row.outcome = Outcome::Deleted;
    assert_eq!(json!(short(&row, None, false))[15], 1, "what is gone cannot be shown");
    assert!(margins("2026-x\"; } body { display: none").contains("content: \"2026-xbodydisplaynone\""));
}

#[test]
fn the_same_run_gives_the_same_page() {
    let rows: Vec<_> = (1..=30).map(sample::row).collect();
    assert_eq!(page(&rows), page(&rows));
}

#[test]
fn a_run_that_sent_nothing_has_a_page_too() {
    let mut row = sample::row(1);
    (row.outcome, row.verdict) = (Outcome::Unchanged, Verdict::Equal);
    (row.started_at, row.answered_at, row.finished_at, row.attempts) = (None, None, None, 0);
    assert!(!page(&[row]).contains("<figure>"));
    assert!(page(&[]).ends_with("</html>\n"));
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("</script>".to_owned()),
        Just("</SCRIPT >".to_owned()),
        Just("<script>alert(1)</script>".to_owned()),
        Just("<!--<script>".to_owned()),
        Just("-->".to_owned()),
        Just("]]>".to_owned()),
        Just("<img src=x onerror=alert(1)>".to_owned()),
        Just("\" onmouseover=\"x".to_owned()),
        Just("' x='".to_owned()),
        Just("&lt;".to_owned()),
        Just("\u{2028}\0\r\n".to_owned()),
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    #[test]
    fn no_text_of_the_service_becomes_markup_or_script(name in hostile(), message in hostile(), path in hostile()) {
        let calm = page(&[{
            let mut row = sample::failed(1, "calm");
            row.item.secrets = vec!["/calm".into()];
            row.item.changes =
                serde_json::from_value(json!([{ "path": "/calm", "from": "calm", "to": "calmer" }])).unwrap();
            row.outcome = Outcome::Created;
            row.verdict = Verdict::Differs;
            row
        }]);
        let mut row = sample::failed(1, &message);
        row.item.name.clone_from(&name);
        row.item.secrets = vec![path.clone()];
        row.item.warnings = vec![path.clone()];
        row.outcome = Outcome::Created;
        row.verdict = Verdict::Differs;
        row.item.changes = serde_json::from_value(json!([{ "path": path, "from": name, "to": message }])).unwrap();
        let wild = page(&[row]);
        // Whatever the texts hold, the page has as many tags and as many quotes in them as with harmless ones.
        for mark in ['<', '>'] {
            prop_assert_eq!(wild.matches(mark).count(), calm.matches(mark).count());
        }
        let rows = embedded(&wild, "rows");
        prop_assert_eq!(rows[0][1].as_str(), Some(name.as_str()));
        let behind = embedded(&wild, "details");
        prop_assert_eq!(behind[0]["changes"][0][0].as_str(), Some(path.as_str()));
        let visible = &wild[wild.find("<header>").unwrap()..wild.rfind("<script>").unwrap()];
        let harmless = &calm[calm.find("<header>").unwrap()..calm.rfind("<script>").unwrap()];
        for quote in ['"', '\''] {
            prop_assert_eq!(visible.matches(quote).count(), harmless.matches(quote).count());
        }
    }
}
