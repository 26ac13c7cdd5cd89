//! The job file: what is accepted means what it says, what is not is shown where it stands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use insta::{Settings, assert_snapshot};
use proptest::prelude::*;
use transship::documents::references::{Kind, Missing};
use transship::job::{
    self, AccountChoice, AccountPlace, CapturedData, Env, Job, KeySource, Limit, MatchBy, OnExisting,
    Problems, TokenSource, Verify,
};
use transship::model::time::Clock;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/job")
}

fn env() -> Env {
    let variables = [("EU_HOST", "api.eu.integrator.io"), ("CELIGO_HOST", "x")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Env { variables: variables.into(), home: Some("/home/me".into()), folder: here() }
}

fn clock() -> Clock {
    Clock::ticking("2026-06-01T00:00:00Z".parse().expect("a time"))
}

fn load(path: &str) -> Result<Job, Problems> {
    job::load(Path::new(path), &env(), &clock())
}

fn parse(text: &str) -> Result<Job, Problems> {
    job::parse("job.yaml", text.as_bytes(), &here(), &env(), &clock())
}

/// A small valid job with some lines more.
fn with(more: &str) -> String {
    let accounts = "accounts:\n  us: { emulator: demo-a }\n  eu: { emulator: demo-b }\n";
    format!("version: 1\nname: n\naction: migrate\n{accounts}source: us\ntarget: eu\n{more}")
}

#[test]
fn each_bad_job_is_shown_with_its_line() {
    let mut files: Vec<_> =
        std::fs::read_dir(here().join("bad")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 40);
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../job/shown");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            let problems = load(&format!("bad/{name}")).expect_err(name);
            assert!(problems.iter().any(|problem| problem.severity == job::Severity::Error), "{name}");
            let shown = problems.render(false);
            for secret in ["geheim", "0123456789abcdef"] {
                assert!(!shown.contains(secret), "{name} shows a secret");
                assert!(!format!("{problems:?}").contains(secret), "{name} keeps a secret");
            }
            assert_snapshot!(name.split('.').next().unwrap().to_owned(), shown);
        }
    });
}

#[test]
fn every_key_means_what_it_says() {
    let job = load("everything.yaml").unwrap();
    assert_eq!((job.name.as_str(), job.action), ("everything", job::Action::Migrate));
    assert_eq!((job.source.name.as_str(), job.target.name.as_str()), ("us", "eu"));
    let names: Vec<_> = job.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["us", "eu", "au", "ca", "local", "demo"]);
    let places: Vec<_> = job.accounts.iter().map(|account| account.place.clone()).collect();
    let service = |origin: &str, token| AccountPlace::Service { origin: origin.parse().unwrap(), token };
    assert_eq!(
        places,
        [
            service("https://api.integrator.io", TokenSource::Env("CELIGO_TOKEN_US".to_owned())),
            service("https://api.eu.integrator.io", TokenSource::File("/home/me/eu.token".into())),
            service(
                "https://api.au.integrator.io",
                TokenSource::Command(["pass", "show", "au"].map(str::to_owned).to_vec())
            ),
            service("https://api.ca.integrator.io", TokenSource::Keyring("ca".to_owned())),
            service("http://127.0.0.1:8080", TokenSource::File(here().join("local.token"))),
            AccountPlace::Emulator { name: "demo-a".to_owned() },
        ]
    );
    let rates: Vec<_> =
        job.accounts.iter().map(|one| (one.rate.per_second, one.rate.burst, one.rate.share)).collect();
    assert_eq!(rates[0], (100.0, 200, 0.5), "an account's own rate goes over that of the job, key by key");
    assert_eq!(rates[1], (100.0, 200, 0.9));
    assert_eq!(rates[5], (1000.0, 50, 1.0));

    let spec = job.select.selector.spec();
    assert_eq!(spec.ids[1..], ["507911111111111111111111", "5e7911111111111111111111"], "as written");
    assert_eq!(spec.names, ["Order *", "re:^Customer .* v[0-9]+$", "yes"]);
    assert_eq!(spec.modified_since, Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(spec.filter.as_deref(), Some(".http.method // [] | index(\"POST\")"));
    let exclude = spec.exclude.as_ref().unwrap();
    assert_eq!(exclude.modified_since, Some("2026-02-01T07:00:00Z".parse().unwrap()));
    assert_eq!(exclude.exclude.as_ref().unwrap().ids, ["5f7c579b6411271af4e7cefb"]);
    assert!(job.select.integration_apps);

    let manifest = job.select.manifest.as_ref().unwrap();
    assert_eq!(manifest.rows.len(), 2, "empty rows do not count");
    assert_eq!(
        (manifest.rows[0].line, manifest.rows[0].id.as_deref()),
        (2, Some("5f7c579b6411271af4e7cefa"))
    );
    assert_eq!((manifest.rows[1].line, manifest.rows[1].name.as_deref()), (4, Some("Order \"new\"")));
    assert_eq!(manifest.rows[1].columns["region"], "US");

    assert!(job.references.by_name);
    assert_eq!(job.references.create.len(), 4);
    assert_eq!(job.references.missing, Missing::Drop);
    assert_eq!(
        job.references.missing(Kind::Scripts),
        Missing::Skip,
        "a kind of its own goes over the default"
    );
    assert_eq!(job.references.missing(Kind::Stacks), Missing::Drop);
    assert_eq!(
        job.references.map[0],
        (Kind::Connections, "NetSuite Prod".to_owned(), "NetSuite EU".to_owned())
    );
    assert_eq!(job.references.map[1].2, "NetSuite, EU");
    assert!(!job.program.is_empty());
    assert!(job.program.needs_names(), "a row of the CSV is for a connection by name");
    assert_eq!(job.captured_data, CapturedData::Drop);

    assert_eq!(job.match_by, MatchBy::ExternalId);
    assert_eq!(job.on_existing, OnExisting::Update);
    assert_eq!(job.verify, Verify::Response);
    assert_eq!(job.concurrency.map(std::num::NonZeroUsize::get), Some(8));
    let retry = (job.retry.attempts, job.retry.base, job.retry.cap);
    assert_eq!(retry, (3, Duration::from_millis(250), Duration::from_mins(1)));
    let waits = (job.retry.patience, job.retry.timeout);
    assert_eq!(waits, (Duration::from_mins(20), Duration::from_secs(90)));
    assert_eq!(job.page_size, job::PageSize::Fixed(500.try_into().unwrap()));
    assert_eq!(job.stop.failures, Some(Limit::Share(0.025)));
    assert_eq!((job.stop.consecutive, job.stop.differs), (Some(10), Some(Limit::Count(3))));
    assert_eq!(job.output, here().join("out/runs"));
}

#[test]
fn what_is_created_is_named_by_kind() {
    let job = parse(&with("references: { create: [scripts, asynchelpers], missing: skip }\n")).unwrap();
    assert_eq!(job.references.create, [Kind::Scripts, Kind::AsyncHelpers].into());
    assert!(!parse(&with("references: { by: none }\n")).unwrap().references.by_name);
    assert!(parse(&with("")).unwrap().references.create.is_empty(), "nothing is, unless it is said");
}

#[test]
fn the_sample_jobs_are_sound() {
    let folder = here().join("../../jobs");
    let mut seen = 0;
    for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "yaml") {
            let job = job::load(&file, &env(), &clock()).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(job.warnings.is_empty(), "{}", job.warnings);
            for account in &job.accounts {
                let emulated = matches!(account.place, AccountPlace::Emulator { .. });
                assert!(emulated, "{} runs out of the box", file.display());
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 13);
}

/// `transship schema > jobs/job.schema.json`; here with `TRANSSHIP_WRITE=1`, as a test reads no arguments.
#[test]
fn the_schema_beside_the_sample_jobs_is_the_one_of_this_version() {
    let kept = here().join("../../jobs/job.schema.json");
    let made = format!("{:#}\n", job::schema::schema());
    if option_env!("TRANSSHIP_WRITE").is_some() {
        std::fs::write(&kept, &made).unwrap();
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    assert!(kept == made, "write the output of `transship schema` to jobs/job.schema.json");
}

/// Written with `TRANSSHIP_WRITE=1`, as the schema is.
#[test]
fn the_key_reference_is_the_one_of_this_version() {
    let kept = here().join("../../docs/job-file.md");
    let made = job::reference::reference();
    if option_env!("TRANSSHIP_WRITE").is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, &made).unwrap();
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    assert!(
        kept == made,
        "docs/job-file.md is not that of this version: run this test with TRANSSHIP_WRITE=1"
    );
}

/// Whether the schema's keys take every key of the value.
fn takes(schema: &serde_json::Value, root: &serde_json::Value, value: &serde_json::Value) {
    use serde_json::Value;
    let schema = match schema["$ref"].as_str() {
        Some(name) => root.pointer(&name[1..]).expect("a table of the schema"),
        None => schema,
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match schema["properties"].get(key) {
                    Some(inner) => takes(inner, root, value),
                    None if schema["additionalProperties"].is_object() => {
                        takes(&schema["additionalProperties"], root, value);
                    }
                    None => assert!(schema.get("type").is_none(), "the schema does not know `{key}`"),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| takes(&schema["items"], root, item)),
        _ => {}
    }
}

#[test]
fn the_schema_takes_every_key_the_reader_takes_and_no_other() {
    let schema = job::schema::schema();
    let mut text = String::new();
    for file in ["everything.yaml", "backup.yaml", "restore.yaml"] {
        let one = std::fs::read_to_string(here().join(file)).unwrap();
        takes(&schema, &schema, &job::yaml_value(file, &one).unwrap());
        text.push_str(&one);
    }
    text.push_str(&std::fs::read_to_string(here().join("later.yaml")).unwrap());
    // The other way round: a key of the schema stands somewhere in the job that holds them all.
    let mut stack = vec![&schema];
    while let Some(value) = stack.pop() {
        for key in value["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(text.contains(&format!("{key}:")), "no sample holds `{key}`");
        }
        stack.extend(value.as_object().into_iter().flatten().map(|(_, inner)| inner));
        stack.extend(value.as_array().into_iter().flatten());
    }
}

#[test]
fn a_backup_goes_to_its_archive_from_each_of_its_accounts() {
    let job = load("backup.yaml").unwrap();
    let names: Vec<_> = job.sources.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["eu", "us"]);
    let archive = job.archive.as_ref().unwrap();
    assert_eq!((archive.shrink, archive.tags.as_slice()), (0.05, ["nightly".to_owned()].as_slice()));
    let key = Some(KeySource::Passphrase(TokenSource::Env("PHRASE".to_owned())));
    let place = "s3://nightly/imports".to_owned();
    let of_origin = job.sources[0].place.origin();
    let of = "eu".to_owned();
    assert_eq!(job.target.place, AccountPlace::Archive { place, of, of_origin, snapshot: None, key });
    assert_eq!(job.notify.success.as_ref().unwrap().as_str(), "https://api.eu.integrator.io/ok");
    assert_eq!(job.notify.prometheus, Some(here().join("metrics/transship.prom")));
    let settings = job::Settings::of(&job, here());
    let backup = settings.backup.unwrap();
    assert_eq!(
        backup.selection.as_deref(),
        Some("names: Order *; not (adaptor_types: FTPImport)"),
        "snapshots of one selection are compared with each other"
    );
    assert_eq!(backup.keep.unwrap().tags, ["release"]);
}

#[test]
fn an_archive_is_where_a_job_may_say_that_it_is() {
    for address in [
        "file:///nightly",
        "s3://nightly",
        "s3a://nightly/x",
        "gs://nightly",
        "az://nightly",
        "azure://nightly",
        "abfs://nightly",
        "abfss://nightly",
        "adl://nightly",
        "s3://nightly?region=eu",
        "s3://me:it@nightly",
        "ftp://nightly",
        "http://nightly",
        "https://nightly",
    ] {
        let text = "version: 1\nname: x\naction: backup\naccounts: { us: { emulator: us } }\nsource: us\n";
        let read = parse(&format!("{text}archive: {{ path: \"{address}\" }}\n"));
        let opened = transship_archive::Objects::check_location(address);
        assert_eq!(read.is_ok(), opened.is_ok(), "{address}: {read:?} and {opened:?}");
    }
}

#[test]
fn a_restore_reads_the_backup_of_an_account_that_need_not_be_there_any_more() {
    let job = load("restore.yaml").unwrap();
    let place = here().join("archive").display().to_string();
    let (of, snapshot) = ("us".to_owned(), Some("20260131T0".to_owned()));
    let key = Some(KeySource::File("/home/me/archive.key".into()));
    assert_eq!(job.source.place, AccountPlace::Archive { place, of, of_origin: None, snapshot, key });
    assert_eq!((job.source.name.as_str(), job.target.name.as_str()), ("us", "eu"));
    assert_eq!(job.on_existing, OnExisting::Update, "to restore is to put back");
    assert!(!job.in_place());
}

#[test]
fn what_is_not_given_has_its_default() {
    let job = parse(&with("")).unwrap();
    assert_eq!(job.source.rate, job::Rate::default());
    assert_eq!((job.concurrency, job.retry, job.stop), (None, job::Retry::default(), job::Stop::default()));
    assert_eq!(job.captured_data, CapturedData::Keep);
    assert_eq!((job.match_by, job.on_existing, job.verify), (MatchBy::Name, OnExisting::Skip, Verify::Full));
    assert!(job.references.by_name && job.references.map.is_empty());
    assert!(job.select.manifest.is_none() && !job.select.integration_apps && job.program.is_empty());
    assert_eq!(job.output, here().join("runs"));
    assert!(job.warnings.is_empty(), "{}", job.warnings);
}

#[test]
fn json_is_read_too_tabs_and_surrogates_included() {
    let text = "{\n\t\"version\": 1, \"name\": \"\\ud83d\\ude00\",\n\t\"action\": \"clone\", \"accounts\": \
                {\"a\": {\"emulator\": \"x\"}}, \"source\": \"a\", \"transform\": [{\"name\": \"{{ name }} 2\"}] }";
    let job = parse(text).unwrap();
    assert_eq!(job.name, "\u{1f600}");
    assert!(job.in_place());
}

#[test]
fn a_byte_order_mark_and_crlf_do_no_harm() {
    let text = format!("\u{feff}{}", with("verify: response\n").replace('\n', "\r\n"));
    assert_eq!(parse(&text).unwrap().verify, Verify::Response);
}

#[test]
fn a_valid_job_says_what_is_most_likely_not_meant() {
    let text = with(
        "select:\n  ids: [123]\n  adaptor_types: [HttpImport]\n  modified_since: 2030-01-01\n  where: '.name | test(\"a\")'\n\
         concurrency: 100\nverify: none\non_existing: create\n",
    );
    let text = text.replace("  us:", "  spare: { emulator: demo-c }\n  us:");
    let job = parse(&text).unwrap();
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../job/shown");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!("warnings", job.warnings.render(false)));
}

#[test]
fn thirty_thousand_mistakes_are_told_in_the_time_of_one_reading() {
    let lines: String = (0..30_000).map(|number| format!("x{number}: 1\n")).collect();
    let unknown = parse(&with(&lines)).unwrap_err();
    assert_eq!(unknown.len(), 30_000);
    assert_eq!(unknown.located().last().and_then(|one| one.line), Some(30_008));
    assert!(unknown.render(false).len() < 100_000, "the first hundred are shown");
    let keys: String = (0..30_000).map(|number| format!("x{number}: 1, ")).collect();
    let one_line = parse(&with(&format!("retry: {{ {keys} }}\n"))).unwrap_err();
    assert_eq!(one_line.located().len(), 30_000);
}

#[test]
fn a_text_that_reads_otherwise_than_it_looks_is_a_warning() {
    let text = with(
        "transform:\n  - name: Order #1 {{ name }}\n  - rename: { find: ^.*$, replace: “New” }\n  - set: { /name: x }\n\
         \x20 - when: { names: [a] }\n    name: b # for that one\n",
    );
    let told: Vec<_> = parse(&text).unwrap().warnings.located();
    let told: Vec<_> = told.iter().map(|one| format!("{} {}", one.line.unwrap(), one.message)).collect();
    assert_eq!(
        told,
        [
            "10 a `name` without a variable gives all selected imports the same name",
            "10 what follows ` #` is a comment, and not part of the text",
            "11 typographic quotes are part of the text",
            "11 a `rename` without a variable gives all selected imports the same name",
            "12 a `set` without a variable gives all selected imports the same name",
        ]
    );
}

#[test]
fn how_names_are_told_apart_is_said_in_the_language_of_the_step() {
    for (step, help) in [
        ("jq: '.name = \"x\"'", "`.name |= "),
        ("patch: [{ op: replace, path: /name, value: x }]", "use the step `name` with a variable"),
        ("set: { /name: x }", "use a variable, e.g. `{{ name }}`"),
    ] {
        let told = parse(&with(&format!("transform:\n  - {step}\n"))).unwrap().warnings.render(false);
        assert!(told.contains(help), "{step}: {told}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_problem_too() {
    let problems = load("nowhere.yaml").unwrap_err();
    assert_eq!(problems.located()[0].message, "there is no such file");
    assert_eq!(problems.located()[0].file, "nowhere.yaml");
    assert_eq!(load("bad").unwrap_err().located()[0].message, "this is a folder, not a job file");
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let problems = load("bad/many_problems_at_once.yaml").unwrap_err();
    let mut plain = String::new();
    let colored = problems.render(true);
    let mut rest = colored.as_str();
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('m').unwrap() + 1..];
    }
    plain.push_str(rest);
    assert_eq!(plain, problems.render(false));
    assert_ne!(colored, plain);
}

#[test]
fn control_characters_of_a_file_never_reach_the_terminal() {
    let shown = parse(&with("\"a\\e[31mb\": 1\n")).unwrap_err().render(false);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

/// Every span lies in a file, on a character, and rendering never panics.
fn check_spans(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = job::parse("job.yaml", bytes, &here(), &env(), &clock());
    let problems = match read {
        Ok(job) => job.warnings,
        Err(problems) => {
            assert!(!problems.is_empty());
            problems
        }
    };
    problems.render(true);
    for problem in &problems {
        if let Some(span) = problem.span {
            assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {}", text.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_spans(&bytes);
    }

    #[test]
    fn no_yaml_makes_it_panic(text in r##"([a-z]{0,3}|[ \n\t]{1,3}|[-:,?|>'"#&*!%@`{}\[\]~é😀\\]{1,2}|[0-9.]{1,3}){0,40}"##) {
        check_spans(text.as_bytes());
    }

    #[test]
    fn a_job_with_a_piece_cut_out_or_put_in_never_makes_it_panic(at in 0usize..3000, cut in 0usize..40, put in r#"[ \n:'"{}\[\]a|0-9é*-]{0,6}"#) {
        let mut text = std::fs::read_to_string(here().join("everything.yaml")).unwrap();
        let start = text.floor_char_boundary(at.min(text.len()));
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        text.replace_range(start..end.max(start), &put);
        check_spans(text.as_bytes());
    }
}

#[test]
fn no_line_of_a_job_that_is_shown_drives_a_terminal() {
    for sign in ["\u{9b}31m", "\u{85}", "\u{202e}", "\u{7f}", "\u{1b}[2J"] {
        for text in
            [with(&format!("select: {{ names: [\"a{sign}\"], foo: 1 }}\n")), with(&format!("a{sign}b: 1\n"))]
        {
            let shown = parse(&text).unwrap_err().render(false);
            let is_raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!shown.contains(is_raw), "{shown:?}");
        }
    }
}

#[test]
fn a_row_has_the_rate_of_the_account_it_stands_for_unless_the_user_gave_it_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("accounts.csv", "name,emulator\nrow,shop-1\nplain,\nrated,\n");
    write(
        "users.yaml",
        "version: 1\naccounts:\n  plain: { emulator: shop-2 }\n  rated: { emulator: shop-3, rate: { burst: 30 } }\n",
    );
    let variables = [("TRANSSHIP_ACCOUNTS".to_owned(), "users.yaml".to_owned())].into();
    let env = Env { variables, home: None, folder: folder.path().to_owned() };
    let rows = job::load_accounts(Path::new("accounts.csv"), &env, &clock()).unwrap();
    let rate = |own: &str, sources: &str, choice: &AccountChoice| {
        let head = if sources.is_empty() { "update" } else { "backup\narchive: { path: a }" };
        let steps = if sources.is_empty() { "transform: [{ remove: [/x] }]\n" } else { sources };
        let text = format!(
            "version: 1\nname: n\naction: {head}\naccounts: {{ one: {{ emulator: a{own} }}, two: {{ emulator: b }} }}\n\
             source: one\nrate: {{ per_second: 10, share: 0.5 }}\n{steps}"
        );
        write("job.yaml", &text);
        let job = job::load_as(Path::new("job.yaml"), &env, &clock(), Some(choice)).unwrap();
        let rate = job.source.rate;
        assert_eq!(job.accounts[0].rate, rate, "{text}");
        (rate.per_second, rate.burst, rate.share)
    };
    for (row, own, expected) in [
        (0, "", (10.0, 1000, 0.5)),
        (0, ", rate: { share: 0.2 }", (10.0, 1000, 0.2)),
        (1, "", (10.0, 1000, 0.5)),
        (2, "", (10.0, 30, 0.5)),
        (2, ", rate: { share: 0.2, burst: 40 }", (10.0, 30, 0.2)),
    ] {
        let chosen = AccountChoice::Row(rows[row].stand_in("source"));
        assert_eq!(rate(own, "", &chosen), expected, "row {row} with `{own}`");
        // What a plan keeps of it comes to the same.
        let AccountChoice::Row(kept) = chosen else { unreachable!() };
        let kept = serde_json::from_value(serde_json::to_value(&kept).unwrap()).unwrap();
        assert_eq!(rate(own, "", &AccountChoice::Row(kept)), expected, "row {row} with `{own}`, kept");
        let name = rows[row].account.name.clone();
        let of_sources = AccountChoice::OfSources { name, role: "source".to_owned() };
        let found = rate(own, "sources: accounts.csv\n", &of_sources);
        assert_eq!(found, expected, "row {row} of the sources with `{own}`");
    }
    let of_job = AccountChoice::OfSources { name: "two".to_owned(), role: "source".to_owned() };
    assert_eq!(rate(", rate: { share: 0.2 }", "sources: [one, two]\n", &of_job), (10.0, 1000, 0.5));
}
