//! What single parts of a job file become, and how a stretch of a text becomes one of the file.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::job::FilesRead;
use crate::job::spec::Table;
use crate::job::{AccountPlace, Archive, Keep, Limit, Mirror, OnExisting, Pause, Span, Wave, Waves};
use crate::model::time::Clock;

fn env() -> Env {
    let variables = [("BUCKET".to_owned(), "nightly".to_owned())].into();
    Env { variables, home: Some("/home/me".into()), folder: "/cwd".into() }
}

fn tree(text: &str) -> Node {
    yaml::parse(text, &mut Report::new("x.yaml", text)).unwrap()
}

fn archive(text: &str) -> Option<Archive> {
    let env = env();
    let report = Report::new("x.yaml", text);
    let now = Timestamp::UNIX_EPOCH;
    Reader {
        report,
        env: &env,
        folder: "/jobs".into(),
        whose: "job",
        now,
        meant: Vec::new(),
        otherwise: crate::job::Rate::default(),
        user: None,
        stand_in: None,
        slot: None,
        files: Vec::new(),
    }
    .archive(tree(text).get("archive"))
}

fn messages(report: Report) -> Vec<String> {
    let located = report.finish().located();
    located.into_iter().map(|one| format!("{}: {}", one.line.unwrap_or_default(), one.message)).collect()
}

#[test]
fn an_archive_is_a_folder_or_the_address_of_a_store() {
    let place = |text: &str| archive(text).unwrap().place;
    assert_eq!(place("archive: { path: ./nightly }"), "/jobs/nightly");
    assert_eq!(place("archive: { path: ~/nightly }"), "/home/me/nightly");
    assert_eq!(place("archive: { path: \"s3://${BUCKET}/imports\" }"), "s3://nightly/imports");
    let keep = archive("archive: { path: a, keep: { last: 7, daily: 30, monthly: 12 } }").unwrap().keep;
    assert_eq!(keep, Some(Keep { last: Some(7), daily: Some(30), monthly: Some(12), ..Keep::default() }));
}

#[test]
fn a_stretch_of_a_text_is_found_in_every_way_to_write_it() {
    // The stretch `bc` of the text `a'bc`, or of its second line.
    for (text, range) in [
        ("x: a'bc", 2..4),
        ("x: 'a''bc'", 2..4),
        ("x: \"a'bc\"", 2..4),
        ("x: |\n  a\n  bc\n", 2..4),
        ("x: >\n  a\n  bc\n", 2..4),
        ("x: é\n  bc\n", 3..5),
        ("x: |\r\n  a\r\n    bc\r\n", 4..6),
        ("x:\n- y: |-\n\n    é\n    bc", 4..6),
    ] {
        let root = tree(text);
        let node = root.entries().first().map(|entry| &entry.node).unwrap();
        let node = node.items().first().and_then(|item| item.get("y")).unwrap_or(node);
        let Span { start, end } = node.part(&range);
        assert_eq!(&text[start..end], "bc", "{text:?}");
    }
    // Where it cannot be known, the whole is meant.
    for text in ["x: \"a\\u0041bc\"", "x: \"a\n  bc\""] {
        let root = tree(text);
        let node = root.get("x").unwrap();
        assert_eq!(node.part(&(2..4)), node.span);
    }
}

#[test]
fn relative_paths_begin_at_the_folder_of_the_job() {
    let env = env();
    let text = "version: 1\nname: n\naction: update\naccounts: { a: { region: us, token: { file: t } } }\nsource: a\n\
                transform: [{ remove: [/x] }]\noutput: out\n";
    let job = read("x.yaml", text.as_bytes(), Path::new("jobs"), &env, Timestamp::UNIX_EPOCH, None).unwrap();
    let token = crate::job::TokenSource::File("/cwd/jobs/t".into());
    assert!(
        matches!(job.source.place, crate::job::AccountPlace::Service { token: found, .. } if found == token)
    );
    assert_eq!(job.output, Path::new("/cwd/out"), "but for `output`, which begins at the current folder");
}

#[test]
fn a_step_that_fails_on_an_import_names_its_line_in_the_job() {
    let text = "version: 1\nname: n\naction: update\naccounts: { a: { emulator: demo-a } }\nsource: a\nselect: { where: 'true' }\n\
                transform:\n  - rename: { find: a, replace: b }\n\n  - jq: |\n      .x[]\n";
    let clock = crate::model::time::Clock::new(|| Timestamp::UNIX_EPOCH);
    let job = crate::job::parse("job.yaml", text.as_bytes(), Path::new("/"), &env(), &clock).unwrap();
    let failed = job.program.apply(serde_json::json!({"name": "a"}), &crate::documents::Facts::default());
    assert_eq!(
        failed.unwrap_err().to_string(),
        "step 2 (jq, line 10 of the job): cannot use null as iterable (array or object) (`.x` is null here)"
    );
}

/// Where relative paths of such a job begin.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/job");

/// The job of a text, whatever is wrong with it, and what is wrong with it.
fn job_of(text: &str) -> (Option<Job>, Vec<String>) {
    let env = env();
    let root = tree(text);
    let mut reader = Reader {
        report: Report::new("x.yaml", text),
        env: &env,
        folder: FOLDER.into(),
        whose: "job",
        now: Timestamp::UNIX_EPOCH,
        meant: Vec::new(),
        otherwise: crate::job::Rate::default(),
        user: None,
        stand_in: None,
        slot: None,
        files: Vec::new(),
    };
    let job = reader.job(&root, text, None);
    (job, messages(reader.report))
}

#[test]
fn the_keys_of_apply_mirror_and_running_flows_are_read() {
    let text = include_str!("../../../tests/job/later.yaml");
    let (job, problems) = job_of(text);
    // A warning, if there is no error.
    assert!(
        problems.iter().all(|other| other.ends_with("managed by the service and never compared")),
        "{problems:#?}"
    );

    let job = job.unwrap();
    assert_eq!(job.action, Action::Apply);
    assert_eq!(job.source.name, "./imports");
    assert_eq!(
        job.source.place,
        AccountPlace::Folder { path: Path::new(FOLDER).join("./imports"), read: FilesRead::default() }
    );
    assert_eq!(job.on_existing, OnExisting::Update, "an apply writes what was edited");
    assert_eq!(job.select.selector.spec().flows, ["Orders to NetSuite"]);
    let ignored: Vec<_> = job.ignore.iter().map(crate::documents::pointer::Pointer::as_str).collect();
    assert_eq!(ignored, ["/aiDescription", "/http/ignoreEmptyNodes"]);
    let sizes =
        vec![Wave::Of(Limit::Count(1)), Wave::Of(Limit::Count(10)), Wave::Of(Limit::Share(0.1)), Wave::Rest];
    assert_eq!(job.waves, Some(Waves { sizes, pause: Pause::For(Duration::from_mins(30)) }));
    assert_eq!(job.mirror, Some(Mirror { max_delete: Limit::Share(0.05) }));
    assert!(job.stop.running);
    assert_eq!(job.stop.wait, Duration::from_mins(30));

    let settings = crate::job::Settings::of(&job, "/jobs".into());
    let kept: crate::job::Settings =
        serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
    assert_eq!(kept, settings, "a run that is resumed goes on as its job said");
}

#[test]
fn a_field_that_is_renamed_to_the_name_it_has_is_told() {
    let start =
        "version: 1\nname: n\naction: update\naccounts: { a: { emulator: a } }\nsource: a\ntransform:\n";
    for (step, told) in [
        ("rename_field: { side: source, from: a, to: a }", true),
        ("rename_field: { side: source, from: a, to: b }", false),
    ] {
        let (job, problems) = job_of(&format!("{start}  - {step}\n"));
        assert!(job.is_some(), "{problems:?}");
        assert_eq!(
            problems.iter().any(|one| one.contains("`from` and `to` are the same")),
            told,
            "{problems:?}"
        );
    }
}

#[test]
fn waves_end_with_the_rest() {
    let start = "version: 1\nname: n\naction: migrate\naccounts: { a: { emulator: a }, b: { emulator: b } }\nsource: a\ntarget: b\n";
    let waves = |lines: &str| job_of(&format!("{start}{lines}\n"));
    let (job, _) = waves("waves: [2, 5]");
    let sizes = vec![Wave::Of(Limit::Count(2)), Wave::Of(Limit::Count(5)), Wave::Rest];
    assert_eq!(job.unwrap().waves, Some(Waves { sizes, pause: Pause::Ask }));
    let (job, _) = waves("waves: [1, rest]\npause: never");
    assert_eq!(job.unwrap().waves.unwrap().pause, Pause::Never);
    let (_, problems) = waves("waves: [rest, 5]");
    assert!(
        problems.contains(&"7: `rest` is not the last wave: nothing is left for the next".to_owned()),
        "{problems:?}"
    );
    let (_, problems) = waves("pause: 1m");
    assert!(problems.contains(&"7: `pause` has no meaning without `waves`".to_owned()), "{problems:?}");
    for (wrong, message) in [
        (
            "waves: [0, rest]",
            "`waves` must be a whole number from 1 to 1000000, or a share like `5%`, or `rest`, not `0`",
        ),
        (
            "waves: [all]",
            "`waves` must be a whole number from 1 to 1000000, or a share like `5%`, or `rest`, not `all`",
        ),
        ("waves: []", "`waves` is an empty list"),
        ("ignore: [name]", "`ignore` must be a JSON pointer like `/http/method/0`, not `name`"),
        ("page_size: 0", "`page_size` must be `auto`, or a whole number from 1 to 1000, not `0`"),
        ("mirror: {}", "`mirror` needs `max_delete`"),
    ] {
        let (_, problems) = waves(wrong);
        assert!(problems.iter().any(|problem| problem.ends_with(message)), "{wrong}: {problems:?}");
    }
}

/// Every default of a table and of those in it, with the keys that lead to it.
fn defaults(
    table: &'static Table,
    path: &[&'static str],
    found: &mut Vec<(Vec<&'static str>, &'static str)>,
) {
    for key in table.keys {
        let path = [path, &[key.word]].concat();
        found.extend(key.default.map(|default| (path.clone(), default)));
        if let Some(inner) = key.holds.table().filter(|_| path.len() < 3) {
            defaults(inner, &path, found);
        }
    }
}

#[test]
fn a_default_that_is_written_out_changes_nothing() {
    let mut found = Vec::new();
    defaults(&crate::job::keys::JOB, &[], &mut found);
    found.retain(|(path, _)| path[0] != "transform" && !path.contains(&"exclude"));
    assert!(found.len() >= 15, "{found:?}");
    for (path, default) in found {
        let in_archive = path[0] == "archive";
        let action = if in_archive { "restore" } else { "migrate" };
        let head = format!(
            "version: 1\nname: n\naction: {action}\naccounts: {{ a: {{ emulator: a }}, b: {{ emulator: b }} }}\nsource: a\ntarget: b\n"
        );
        let own =
            |more: &str| if in_archive { format!("archive: {{ path: x{more} }}\n") } else { String::new() };
        let written = match path.as_slice() {
            [key] => format!("{key}: {default}\n"),
            ["archive", key] => own(&format!(", {key}: {default}")),
            [table, key] => format!("{table}: {{ {key}: {default} }}\n"),
            _ => continue,
        };
        let shown = |text: String| {
            let (job, _) = job_of(&text);
            let mut job = job.unwrap_or_else(|| panic!("{text}"));
            job.text.clear();
            format!("{job:?}")
        };
        assert_eq!(shown(format!("{head}{}", own(""))), shown(format!("{head}{written}")), "{path:?}");
    }
}

#[test]
fn a_column_that_the_manifest_does_not_have_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.csv"), "name,region\na,EU\n").unwrap();
    let job = |select: &str, step: &str| {
        let text = format!(
            "version: 1\nname: t\naction: update\naccounts: {{ us: {{ emulator: us }} }}\nsource: us\n{select}transform:\n  - {step}\n"
        );
        let env = Env { folder: folder.path().to_owned(), ..Env::default() };
        let read = crate::job::parse("job.yaml", text.as_bytes(), folder.path(), &env, &Clock::system());
        read.map(drop).map_err(|problems| problems.to_string())
    };
    let manifest = "select: { manifest: rows.csv }\n";
    for known in [
        "name: \"{{ row.region }} {{ row.name }}\"",
        "name: \"{{ row.x | default('none') }}\"",
        "name: \"{% if row.x is defined %}{{ row.x }}{% endif %}{{ name }}\"",
        "set: { /http/body/0: \"{{record.row.x}}\" }",
    ] {
        job(manifest, known).unwrap();
    }
    let told = job(manifest, "name: \"{{ row.regoin }}\"").unwrap_err();
    assert!(told.contains("no column `regoin`") && told.contains("job.yaml:8:"), "{told}");
    let told = job(manifest, "set: { /description: \"{{ row.a | int }}\" }").unwrap_err();
    assert!(told.contains("its columns are name, region"), "{told}");
    let told = job("", "name: \"{{ row.x }}\"").unwrap_err();
    assert!(told.contains("the job has none"), "{told}");
}

#[test]
fn ids_in_capitals_and_names_in_another_spelling_are_the_same() {
    let job = |rest: &str| {
        job_of(&format!(
            "version: 1\nname: n\naction: migrate\naccounts: {{ a: {{ emulator: a }}, b: {{ emulator: b }} }}\n\
             source: a\ntarget: b\n{rest}"
        ))
    };
    let (selected, problems) =
        job("select: { ids: [67C02B17FF4A3760D03F9ABB], exclude: { ids: [63DADE2BB18C46057E4F2699] } }");
    let selection = selected.unwrap().select;
    let spec = selection.selector.spec();
    assert_eq!(spec.ids, ["67c02b17ff4a3760d03f9abb"]);
    assert_eq!(spec.exclude.as_ref().unwrap().ids, ["63dade2bb18c46057e4f2699"]);
    assert_eq!(problems, Vec::<String>::new());
    for (one, other, is_told) in [
        ("NetSuite Prod", "NetSuite  Prod ", true),
        ("Gr\u{f6}\u{df}e", "Gro\u{308}\u{df}e", true),
        ("67C02B17FF4A3760D03F9ABB", "67c02b17ff4a3760d03f9abb", true),
        ("NetSuite Prod", "Netsuite Prod", false),
    ] {
        let map = format!("references: {{ map: {{ connections: {{ \"{one}\": X, \"{other}\": Y }} }} }}");
        let told = vec![format!("7: `{other}` is given twice, in two spellings")];
        assert_eq!(job(&map).1, if is_told { told } else { Vec::new() }, "{one}, {other}");
    }
}

#[test]
fn a_name_in_the_shape_of_a_token_is_refused_where_a_secret_may_stand() {
    let hex = "773f3f4770db427785b7cdcd60931440";
    let refused = |text: &str| {
        let text = text.replace("HEX", hex);
        let job = format!(
            "version: 1\naction: update\nsource: dev\naccounts: {{ dev: {{ emulator: dev }} }}\n{text}\n"
        );
        let problems =
            read("x.yaml", job.as_bytes(), Path::new(""), &env(), Timestamp::UNIX_EPOCH, None).err();
        let problems = problems.map(|problems| problems.located()).unwrap_or_default();
        assert!(problems.iter().all(|problem| !problem.message.contains(hex)));
        problems.iter().any(|problem| problem.message.contains("looks like a token"))
    };
    for named in [
        "transform: [{ edit_lookup: { name: HEX, map: { HEX: a } } }]",
        "transform: [{ remove_lookup: { name: \"HEX\" } }]",
        "transform: [{ add_mapping: { target: q, source: z, lookup: HEX } }]",
        "transform: [{ set: { /externalId: HEX, /http/body/0: 'a HEX b' } }]",
        "transform: [{ patch: [{ op: replace, path: /description, value: HEX }] }]",
        "transform:\n  - jq: |\n      (.. | objects | select(.lookupName == \"HEX\")).lookupName = \"x\"",
        "transform: [{ set: { /externalId: 12345678901234567890123456789012 } }]",
        "select: { names: [HEX] }",
    ] {
        assert!(!refused(named), "{named}");
    }
    for secret in [
        "name: HEX",
        "# HEX",
        "transform: [{ set: { /name: x } }] # HEX",
        "transform:\n  # HEX\n  - set: { /name: x }",
        "transform: [{ set: { /http/headers/0/value: HEX } }]",
        "transform: [{ set: { /http/headers: [{ name: X-Key, value: HEX }] } }]",
        "transform: [{ set: { /http/body/0: 'Bearer HEX' } }]",
        "transform: [{ set: { /http/relativeURI/0: '/x?api_key=HEX' } }]",
        "transform: [{ set: { /http/auth/token: HEX } }]",
        "transform: [{ set: { /http/token: { a: [HEX] } } }]",
        "transform: [{ patch: [{ op: add, path: /settings/apiKey, value: HEX }] }]",
        "transform: [{ add_mapping: { target: access_token, hard_coded: HEX } }]",
        "transform: [{ jq: '.http.headers[0].value = \"HEX\"' }]",
        "transform: [{ jq: '.settings.token = \"HEX\"' }]",
        "select: { names: [a] }\noutput: { path: HEX }",
    ] {
        assert!(refused(secret), "{secret}");
    }
}
