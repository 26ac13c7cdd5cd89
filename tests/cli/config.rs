//! `config`, `man --dir`, and the examples of the help.

use serde_json::Value;

use crate::support::scenario::Scenario;

#[test]
fn every_setting_is_shown_with_its_origin() {
    let world = Scenario::migrate(["a"])
        .env("TRANSSHIP_COLOR", "never")
        .env("TRANSSHIP_PROGRESS", "plain")
        .env("TRANSSHIP_STORE", "s3://bucket/fleets")
        .env("TRANSSHIP_ARCHIVE_PASSPHRASE", "correct horse")
        .job("verify", "response")
        .start();
    let words = ["config", "JOB", "--format", "json", "--progress", "none"];
    let ran = world.command(&words).expect_exit(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let settings = document["settings"].as_array().unwrap();
    for (setting, value, origin, from) in [
        ("--progress", "none", "flag", "--progress"),
        ("--format", "json", "flag", "--format"),
        ("--color", "never", "environment", "TRANSSHIP_COLOR"),
        ("--runs", "runs", "default", "TRANSSHIP_RUNS"),
        ("run --settle", "0.2", "environment", "TRANSSHIP_SETTLE"),
        ("store", "s3://bucket/fleets", "environment", "TRANSSHIP_STORE"),
        ("archive passphrase", "***", "environment", "TRANSSHIP_ARCHIVE_PASSPHRASE"),
        ("pager", "less", "default", "TRANSSHIP_PAGER"),
        ("verify", "response", "job", "job.yaml"),
        ("retry.attempts", "4", "job", "job.yaml"),
        ("retry.timeout", "60s", "default", ""),
        ("source", "source", "job", "job.yaml"),
    ] {
        let found = settings.iter().find(|one| one["setting"] == setting);
        let found = found.unwrap_or_else(|| panic!("no {setting} in {document:#}"));
        let told = (&found["value"], &found["origin"], &found["from"]);
        assert_eq!(told, (&value.into(), &origin.into(), &from.into()), "{setting}");
    }
    let table = world
        .command(&["config"])
        .expect_exit(0)
        .expect_stdout("--log-format")
        .expect_stdout("accounts file");
    assert!(!table.stdout.contains("verify"), "without a job there are no settings of one");
    let secret = world.token("source").to_owned();
    assert!(!table.stdout.contains(&secret) && !ran.stdout.contains(&secret));
    assert_eq!(world.control().total(), 0, "nothing is sent");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let world = Scenario::migrate(["a"]).start();
    world.command(&["man", "--dir", "pages"]).expect_exit(0);
    for page in ["transship.1", "transship-run.1", "transship-archive-list.1", "transship-accounts-add.1"] {
        assert!(world.read(&format!("pages/{page}")).contains(".TH"), "{page}");
    }
    world.command(&["man"]).expect_exit(0).expect_stdout(".TH");
    world.command(&["run", "--help"]).expect_exit(0).expect_stdout("transship run job.yaml --limit 5");
}

#[test]
fn shells_complete_the_names_of_runs_accounts_and_imports() {
    let world = Scenario::migrate(["Order one", "it's $two"]).start();
    world.run().expect_exit(0);
    let own = world.path("own.yaml");
    std::fs::write(&own, "version: 1\naccounts:\n  acme: { region: us, token: { env: X } }\n").unwrap();
    world.set_env("TRANSSHIP_ACCOUNTS", own.to_str().unwrap());
    for (words, names) in [("runs", "run-1\n"), ("accounts", "acme\n"), ("imports", "Order one\nit's $two\n")]
    {
        assert_eq!(world.command(&["complete", words]).expect_exit(0).stdout, names);
    }
    for (shell, part) in [
        ("bash", "_transship_with_names"),
        ("zsh", ":_transship_runs'"),
        ("fish", "seen_subcommand_from resume"),
    ] {
        let script = world.command(&["completions", shell]).expect_exit(0).expect_stdout(part).stdout;
        std::fs::write(world.path(&format!("complete.{shell}")), script).unwrap();
    }
    // In bash as it is used, where there is one.
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_transship")).parent().unwrap().display();
    for (line, offered) in [
        ("undo run", "run-1"),
        ("list --account a", "acme"),
        ("plan --only Or", r"Order\ one"),
        ("plan --only i", r"it\'s\ \$two"),
    ] {
        let ask = format!(
            "PATH={folder}:$PATH; export TRANSSHIP_ACCOUNTS={}; source ./complete.bash; \
             COMP_WORDS=(transship {line}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _transship_with_names; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            own.display()
        );
        let bash =
            std::process::Command::new("bash").args(["-c", &ask]).current_dir(world.path(".")).output();
        let Ok(output) = bash else {
            eprintln!("there is no bash here: what it completes is not checked");
            return;
        };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.lines().any(|word| word == offered), "{line}: {output:?}");
    }
}

#[test]
fn options_for_gateways_are_checked_shown_and_used() {
    let world = Scenario::migrate(["a"]).start();
    std::fs::write(world.path("ca.pem"), "nothing").unwrap();
    world.command(&["plan", "JOB", "--ca", "ca.pem"]).expect_exit(2).expect_stderr("no certificate");
    world.command(&["plan", "JOB", "--ca", "none.pem"]).expect_exit(2).expect_stderr("no such file");
    let secret = "http://me:pass-word@proxy.example:3128";
    let ran = world
        .command(&["config", "--proxy", secret])
        .expect_exit(0)
        .expect_stdout("http://***@proxy.example");
    assert!(!ran.stdout.contains("pass-word"), "{}", ran.stdout);
    let bad = world.command(&["plan", "JOB", "--proxy", "pass-word@proxy"]).expect_exit(2);
    assert!(bad.stderr.contains("`none`") && !bad.stderr.contains("pass-word"), "{}", bad.stderr);
    assert_eq!(world.control().total(), 0, "nothing is sent");
    // Calls to this machine itself go through no proxy.
    world.command(&["plan", "JOB", "--proxy", "http://127.0.0.1:9", "--http1"]).expect_exit(0);
}

#[test]
fn a_proxy_of_the_environment_is_shown_and_one_that_cannot_be_used_is_refused() {
    let world = Scenario::migrate(["a"]).start();
    let job = "version: 1\nname: d\naction: backup\naccounts: { d: { region: us, token: { env: TOKEN_SOURCE } } }\n\
               source: d\narchive: { path: a }\n";
    std::fs::write(world.path("d.yaml"), job).unwrap();
    world.set_env("HTTPS_PROXY", "me:pass-word@proxy.example:3128");
    world.set_env("NO_PROXY", "inside.example");
    let ran = world.command(&["config"]).expect_exit(0).expect_stdout("http://***@proxy.example:3128");
    let ran = ran.expect_stdout("inside.example").expect_stdout("HTTPS_PROXY");
    assert!(!ran.stdout.contains("pass-word"), "{}", ran.stdout);
    world.set_env("HTTPS_PROXY", "socks5://me:pass-word@proxy.example:1");
    world.command(&["config"]).expect_exit(0).expect_stdout("(cannot be used)");
    let ran = world.command(&["plan", "d.yaml"]).expect_exit(2).expect_stderr("HTTPS_PROXY does not name");
    assert!(!ran.stderr.contains("pass-word"), "{}", ran.stderr);
    // Calls to this machine itself use none.
    world.command(&["plan", "JOB"]).expect_exit(0);
}

#[test]
fn an_account_of_the_emulator_is_made_new() {
    let world = Scenario::migrate(["a"]).start();
    let data = ["--data", "demo.jsonl"];
    let reset = |name| world.command(&["emulator", "reset", name, data[0], data[1]]);
    reset("demo-a").expect_exit(2).expect_stderr("no such file");
    let job = "version: 1\nname: d\naction: update\naccounts: { d: { emulator: demo-a } }\nsource: d\n\
               transform: [{ rename: { find: '^', replace: 'X ' } }]\n";
    std::fs::write(world.path("d.yaml"), job).unwrap();
    let run = |code| {
        world.command(&["run", "d.yaml", "--limit", "1", "--emulator-data", "demo.jsonl"]).expect_exit(code)
    };
    let names = || {
        world.command(&["list", "d.yaml", "--emulator-data", "demo.jsonl", "--format", "csv"]).expect_exit(0)
    };
    let before = names().stdout;
    run(0);
    assert_ne!(names().stdout, before);
    reset("demo-a").expect_exit(0).expect_stderr("starts with its demo data");
    assert_eq!(names().stdout, before);
    reset("demo-z").expect_exit(2).expect_stderr("has no data of an account demo-z");
}
