//! The user's own accounts: `accounts`, and jobs that name them.

use serde_json::Value;

use crate::support::scenario::{Scenario, World};

fn world() -> std::rc::Rc<World> {
    let world = Scenario::migrate(["a", "b"]).start();
    let url = world.url().to_owned();
    for (name, variable) in [("us", "TOKEN_SOURCE"), ("eu", "TOKEN_TARGET")] {
        let ran = world.command(&["accounts", "add", name, "--url", &url, "--token-env", variable]);
        ran.expect_exit(0).expect_stdout(&format!("added `{name}`"));
    }
    world
}

#[test]
fn a_job_may_name_accounts_of_the_user() {
    let world = world();
    let job = "version: 1\nname: own\naction: migrate\nsource: us\ntarget: eu\n";
    std::fs::write(world.path("own.yaml"), job).unwrap();
    world.command(&["check", "own.yaml"]).expect_exit(0);
    let ran =
        world.command(&["run", "own.yaml", "--run-dir", "runs/own"]).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr("from us to eu");
    world.command(&["undo", "runs/own"]).expect_exit(0).expect_target([]);
    // An account of the job comes first.
    let own = "accounts: { us: { emulator: demo-a } }\n";
    std::fs::write(world.path("both.yaml"), format!("{job}{own}")).unwrap();
    world.command(&["list", "both.yaml", "--account", "eu"]).expect_exit(0);
    let list = world.command(&["list", "both.yaml", "--format", "json"]).expect_exit(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert!(list.as_array().unwrap().len() > 2, "the emulator's own imports");
    world.command(&["accounts", "remove", "eu"]).expect_exit(0).expect_stdout("removed `eu`");
    world.command(&["check", "own.yaml"]).expect_exit(2).expect_stderr("names the account `eu`");
    world.command(&["accounts", "remove", "us"]).expect_exit(0);
    world.command(&["check", "own.yaml"]).expect_exit(2).expect_stderr("transship accounts add");
}

#[test]
fn accounts_are_listed_and_tested_and_no_token_is_shown() {
    let world = world();
    let list = world.command(&["accounts", "list"]).expect_exit(0).expect_stdout("variable TOKEN_SOURCE");
    assert!(!list.stdout.contains(world.token("source")));
    let list = world.command(&["accounts", "list", "--format", "json"]).expect_exit(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(
        (&list["accounts"][1]["name"], &list["accounts"][1]["token"]),
        (&"eu".into(), &"variable TOKEN_TARGET".into())
    );
    world
        .command(&["accounts", "test"])
        .expect_exit(0)
        .expect_stdout("us: ")
        .expect_stdout("accepts the token of user");
    world.command(&["accounts", "add", "us", "--emulator", "x"]).expect_exit(2).expect_stderr("already");
    world.command(&["accounts", "add", "x", "--region", "us"]).expect_exit(2).expect_stderr("--token-env");
    world
        .command(&["accounts", "add", "x", "--url", "http://example.com", "--token-env", "T"])
        .expect_exit(2);
    world.command(&["accounts", "add", "bad", "--url", world.url(), "--token-env", "NONE"]).expect_exit(0);
    world.command(&["accounts", "test", "bad"]).expect_exit(2).expect_stderr("NONE");
    let all = world.command(&["accounts", "test", "--format", "json"]).expect_exit(2);
    let all: Value = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!((&all["accounts"][0]["ok"], &all["accounts"][2]["ok"]), (&true.into(), &false.into()));
    world.command(&["accounts", "test", "nobody"]).expect_exit(2).expect_stderr("nobody");
}

#[test]
fn a_file_of_accounts_with_mistakes_is_shown_with_its_lines() {
    let world = world();
    let file = world.path("home/transship/accounts.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  bad: {{ region: mars }}\n")).unwrap();
    world.command(&["accounts", "list"]).expect_exit(2).expect_stderr("accounts.yaml").expect_stderr("mars");
    std::fs::write(
        world.path("own.yaml"),
        "version: 1\nname: own\naction: backup\nsource: us\narchive: { path: a }\n",
    )
    .unwrap();
    world.command(&["check", "own.yaml"]).expect_exit(2).expect_stderr("accounts.yaml:");
    // A job that names only its own accounts does not need the file.
    world.command(&["check", "JOB"]).expect_exit(0);
}
