//! The binary as scripts and people meet it: help, exit codes, streams.

use std::process::Stdio;

use crate::support::scenario::{Fault, Ran, Scenario, World, import};
use serde_json::Value;

/// Two imports over two connections.
fn two() -> std::rc::Rc<World> {
    Scenario::migrate(["a", "b, \"quoted\""]).start()
}

#[test]
fn the_help_names_every_command_and_every_exit_code() {
    let ran = two().command(&["--help"]).expect_exit(0);
    assert_eq!(ran.stderr, "");
    insta::assert_snapshot!("help", ran.stdout);
}

#[test]
fn without_a_command_the_help_is_an_error() {
    two().command(&[]).expect_exit(2).expect_stderr("Usage: transship");
}

#[test]
fn bad_arguments_end_with_2_and_say_what_is_meant() {
    let world = two();
    world.command(&["rum", "JOB"]).expect_exit(2).expect_stderr("run");
    world.command(&["run", "JOB", "--no-such"]).expect_exit(2).expect_stderr("--no-such");
    world.command(&["run", "nowhere.yaml"]).expect_exit(2).expect_stderr("nowhere.yaml");
    world.command(&["list", "JOB", "--format", "html"]).expect_exit(2).expect_stderr("csv");
    world.command(&["list", "JOB", "--account", "nobody"]).expect_exit(2).expect_stderr("source, target");
    world.command(&["resume", "no-such-run"]).expect_exit(2).expect_stderr("no-such-run").expect_no_write();
}

#[test]
fn a_bad_job_is_shown_with_its_own_lines_all_problems_at_once() {
    let world = two();
    let text = "version: 1\nname: bad\naction: migrat\naccounts:\n  a: { region: us }\nsource: a\ntaget: b\n";
    std::fs::write(world.path("bad.yaml"), text).unwrap();
    for command in ["check", "plan", "run"] {
        let ran = world.command(&[command, "bad.yaml"]).expect_exit(2);
        assert_eq!(ran.stdout, "");
        assert_eq!(world.control().total(), 0, "nothing was sent");
        insta::assert_snapshot!("bad_job", ran.stderr);
    }
}

#[test]
fn a_token_source_that_gives_nothing_ends_with_2_before_anything_is_sent() {
    let world = Scenario::migrate(["a"]).env("TOKEN_TARGET", "").start();
    world.run().expect_exit(2).expect_stderr("TOKEN_TARGET");
    assert_eq!(world.control().total(), 0);
}

#[test]
fn stdout_is_data_and_stderr_is_for_people() {
    let world = two();
    let run = world.run().expect_exit(0).expect_stderr("created");
    assert_eq!(run.stdout, "", "a run prints no data");
    let list = world.command(&["list", "JOB", "--format", "json"]).expect_exit(0);
    assert!(serde_json::from_str::<Value>(&list.stdout).is_ok(), "{}", list.stdout);
    let plan = world.command(&["plan", "JOB", "--format", "json"]).expect_exit(0);
    assert!(serde_json::from_str::<Value>(&plan.stdout).is_ok(), "{}", plan.stdout);
}

#[test]
fn a_quiet_run_that_is_asked_for_a_log_logs_all_of_it() {
    let ran =
        Scenario::migrate(["a"]).start().run_with(&["--quiet", "-v", "--log-format", "json"]).expect_exit(0);
    ran.expect_stderr("prepare").expect_stderr("write").expect_stderr("verify");
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_the_error_when_not() {
    let world = two();
    let ran = world.run_with(&["--quiet"]).expect_exit(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    world.fault(Fault::on_list(Fault::status(403)));
    world.run_with(&["--quiet"]).expect_exit(1).expect_stderr("error: ");
}

#[test]
fn without_a_terminal_there_is_no_escape_in_any_output() {
    let world = Scenario::migrate(["\u{1b}[31mred\u{7}\u{202e}", "b"]).start();
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    let list = world.command(&["list", "JOB"]).expect_exit(0);
    let ran = world.run().expect_exit(0);
    let show = world.command(&["show", "runs/run-1"]).expect_exit(0);
    for text in [&plan.stdout, &list.stdout, &ran.stderr, &show.stdout] {
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'),
            "{text:?}"
        );
    }
}

#[test]
fn check_says_whether_a_job_is_valid_and_online_whether_it_can_be_done() {
    let world = two();
    world.command(&["check", "JOB"]).expect_exit(0).expect_stdout("a valid job");
    assert_eq!(world.control().total(), 0, "offline");
    world
        .command(&["check", "JOB", "--online"])
        .expect_exit(0)
        .expect_no_write()
        .expect_stdout("2 imports selected");
    let lacking = import("c").set("/_connectionId", "@connections/None".into());
    Scenario::migrate(["a"])
        .source(&lacking)
        .command(["check", "JOB", "--online"])
        .expect_exit(3)
        .expect_stdout("1 of them cannot be done");
}

#[test]
fn a_value_that_is_none_is_told_with_what_to_write() {
    let world = two();
    for (words, said) in [
        (["--limit", "0"], "write a whole number, 1 or more"),
        (["--limit", "some"], "write a whole number, 1 or more"),
        (["--settle", "long"], "write a number of seconds, 0 to 3600"),
        (["--settle", "4000"], "write a number of seconds, 0 to 3600"),
    ] {
        world.command(&["run", "JOB", words[0], words[1]]).expect_exit(2).expect_stderr(said);
    }
}

#[test]
fn all_tokens_that_are_refused_are_named_at_once() {
    let world = two();
    for name in ["TOKEN_SOURCE", "TOKEN_TARGET"] {
        world.set_env(name, "no-such-token");
    }
    for words in [&["check", "JOB", "--online"][..], &["plan", "JOB"]] {
        world
            .command(words)
            .expect_exit(6)
            .expect_stderr("account `source`")
            .expect_stderr("account `target`");
    }
}

#[test]
fn list_is_the_start_of_a_manifest() {
    let world = two();
    let ran = world.command(&["list", "JOB", "--format", "csv"]).expect_exit(0);
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert!(columns.contains(&"id".to_owned()) && columns.contains(&"name".to_owned()), "{columns:?}");
    assert_eq!(reader.records().count(), 2);
    std::fs::write(world.path("imports.csv"), &ran.stdout).unwrap();
    world.write_job("job.yaml", &[("select", "{ manifest: imports.csv }")]);
    world.run().expect_exit(0).expect_all(2, "created", "equal");
}

#[test]
fn list_shows_what_select_sees() {
    let world = Scenario::migrate(["a", "b"]).job("select", "{ names: [a] }").start();
    for format in ["table", "csv", "json"] {
        let ran = world.command(&["list", "JOB", "--format", format]).expect_exit(0).expect_no_write();
        assert!(ran.stdout.contains(&world.id("source", "a")), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains(&world.id("source", "b")), "{format}: {}", ran.stdout);
    }
}

#[test]
fn options_are_environment_variables_too() {
    let ran =
        Scenario::migrate(["a"]).env("TRANSSHIP_FORMAT", "json").command(["list", "JOB"]).expect_exit(0);
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok(), "{}", ran.stdout);
}

/// A run with one import that failed.
fn one_failed() -> Ran {
    Scenario::migrate(["a", "b"]).fault(Fault::on_create(Fault::status(403)).named("b")).run().expect_exit(3)
}

#[test]
fn runs_lists_them_and_show_tells_one_in_full() {
    let world = one_failed().world;
    world.command(&["runs"]).expect_exit(0).expect_stdout("scenario");
    let list = world.command(&["runs", "--format", "json"]).expect_exit(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list[0]["outcomes"]["failed"], 1);
    world.command(&["show", "runs/run-1"]).expect_exit(0).expect_stdout("created").expect_stdout("failed");
    world.command(&["show"]).expect_exit(0).expect_stdout("failed").expect_stdout("Reasons");
    let nobody = world.command(&["show", "--import", "nobody"]);
    nobody.expect_exit(0).expect_stdout("no import of this run is called nobody");
}

#[test]
fn a_report_is_rendered_from_the_journal_in_each_format() {
    let ran = one_failed();
    let (world, audit) = (&ran.world, ran.file("audit.csv"));
    let report =
        |format: &str| world.command(&["report", "runs/run-1", "--format", format]).expect_exit(0).stdout;
    assert_eq!(report("csv"), audit, "the same as the file");
    assert!(serde_json::from_str::<Value>(&report("json")).is_ok());
    assert!(report("junit").contains("<testsuite"));
    assert!(report("html").contains("</html>"));
    assert!(report("markdown").contains('|'));
}

#[test]
fn retry_redoes_what_failed_and_nothing_else() {
    let ran = one_failed();
    ran.world.no_faults();
    ran.world
        .command(&["retry", "runs/run-1"])
        .expect_exit(0)
        .expect_calls("POST", "/v1/imports", 1)
        .expect_target(["a", "b"]);
}

#[test]
fn every_starter_job_is_a_valid_job() {
    let world = two();
    for action in ["migrate", "clone", "update", "delete"] {
        let ran = world.command(&["new", action]).expect_exit(0);
        std::fs::write(world.path("new.yaml"), ran.stdout).unwrap();
        world.command(&["check", "new.yaml"]).expect_exit(0);
    }
    world.command(&["new", "migrate", "made.yaml"]).expect_exit(0);
    world.command(&["check", "made.yaml"]).expect_exit(0);
    assert!(world.path("job.schema.json").is_file(), "editors look for it beside the job");
    world.command(&["new", "migrate", "made.yaml"]).expect_exit(2).expect_stderr("exists already");
    world.command(&["new", "nonsense"]).expect_exit(2).expect_stderr("migrate");
    let quiet = world.command(&["new", "migrate", "quiet.yaml", "--quiet"]).expect_exit(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    world
        .command(&["new", "migrate", "--format", "json"])
        .expect_exit(2)
        .expect_stderr("a job, which is YAML");
    world.command(&["new"]).expect_exit(2).expect_stderr("name the action of the job: migrate, clone");
}

#[test]
fn schema_completions_and_manual_are_printed() {
    let world = two();
    let schema = world.command(&["schema", "--ca", "nowhere.pem"]).expect_exit(0);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    assert!(schema["properties"]["action"].is_object());
    let faults = world.command(&["schema", "faults"]).expect_exit(0);
    let faults: Value = serde_json::from_str(&faults.stdout).unwrap();
    assert!(faults["properties"]["behaviour"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        world.command(&["completions", shell]).expect_exit(0).expect_stdout("transship");
    }
    world.command(&["man"]).expect_exit(0).expect_stdout(".TH");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = two();
    for words in [&["schema"][..], &["list", "JOB"], &["plan", "JOB"], &["completions", "bash"]] {
        let mut command = world.binary(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {stderr}");
        assert!(!stderr.contains("panic") && !stderr.contains("roken pipe"), "{words:?}: {stderr}");
    }
}

#[test]
fn a_run_whose_terminal_goes_away_comes_to_its_end() {
    let world = two();
    let mut command = world.binary(&["run", "JOB", "--run-dir", "runs/gone"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(world.imports("target").len(), 2);
}

#[test]
fn the_files_of_a_run_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let there = import("a").set("/description", "old".into());
    let ran = Scenario::migrate(["a"]).target(&there).job("on_existing", "update").run().expect_exit(0);
    let mut names = Vec::new();
    for file in std::fs::read_dir(ran.folder()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?} has mode {mode:o}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    for name in
        ["job.yaml", "plan.json", "journal.jsonl", "before.jsonl", "audit.csv", "summary.json", "report.html"]
    {
        assert!(names.contains(&name.to_owned()), "{name} is not among {names:?}");
    }
}

#[test]
fn a_run_folder_that_holds_files_is_not_written_into() {
    let world = two();
    world.run().expect_exit(0);
    world.command(&["run", "JOB", "--run-dir", "runs/run-1"]).expect_exit(2).expect_no_write();
}

#[test]
fn an_argument_that_is_not_utf8_is_refused_and_no_panic() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = Scenario::migrate(["a"]).start();
    let mut command = world.binary(&["plan", "JOB", "--only"]);
    let output = command.arg(std::ffi::OsStr::from_bytes(b"caf\xe9")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("invalid UTF-8"), "{stderr}");
}

#[test]
fn a_log_is_added_to_a_log_and_to_nothing_else() {
    let world = Scenario::migrate(["a"]).start();
    let job = world.read("job.yaml");
    world.command(&["plan", "JOB", "--log-file", "job.yaml"]).expect_exit(2).expect_stderr("not a log");
    assert_eq!(world.read("job.yaml"), job);
    for form in ["text", "json"] {
        for _ in 0..2 {
            world.command(&["plan", "JOB", "--log-file", form, "--log-format", form]).expect_exit(0);
        }
        assert!(world.read(form).lines().count() > 3, "{}", world.read(form));
    }
}

#[test]
fn list_leaves_out_what_cannot_be_told_and_says_so() {
    let world = Scenario::migrate(["a", "b", "c"]).job("select", "{ where: \".name.x or true\" }").start();
    let ran = world
        .command(&["list", "JOB", "--format", "csv"])
        .expect_exit(3)
        .expect_stderr("3 imports are not listed: ");
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    world.write_job("job.yaml", &[("select", "{ names: [a, d] }")]);
    world.command(&["list", "JOB"]).expect_exit(0).expect_stderr("`d`").expect_stdout("a");
    std::fs::write(world.path("imports.csv"), "name\na\nd\n").unwrap();
    world.write_job("job.yaml", &[("select", "{ manifest: imports.csv }")]);
    world
        .command(&["list", "JOB"])
        .expect_exit(3)
        .expect_stderr("there is no import \"d\" in account `source`");
}

#[test]
fn names_that_list_wrote_for_spreadsheets_are_written_as_they_were() {
    let names = ["@Acme orders", "- old items", "two\nlines", "'=quoted"];
    let world = Scenario::migrate(names).start();
    let ran = world.command(&["list", "JOB", "--format", "csv"]).expect_exit(0);
    assert!(ran.stdout.contains("'@Acme orders") && ran.stdout.contains("two␊lines"), "{}", ran.stdout);
    let only_names = |csv: &str| {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows = reader.records().map(|row| format!("\"{}\"\n", &row.unwrap()[1]));
        format!("name\n{}", rows.collect::<String>())
    };
    for (manifest, run) in [(ran.stdout.clone(), "by-id"), (only_names(&ran.stdout), "by-name")] {
        std::fs::write(world.path("imports.csv"), &manifest).unwrap();
        let transform = format!("[{{ name: \"{{{{ row.name }}}} {run}\" }}]");
        world.write_job("job.yaml", &[("select", "{ manifest: imports.csv }"), ("transform", &transform)]);
        world.run().expect_exit(0).expect_all(4, "created", "equal");
        for name in names {
            world.id("target", &format!("{name} {run}"));
        }
    }
}
