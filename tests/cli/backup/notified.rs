//! Who is told in the morning: an address that is called, a file of metrics.

use std::rc::Rc;

use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::backup;
use crate::support::scenario::{Fault, World};

/// A server that only listens, on a runtime of its own.
struct Ear {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Ear {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // Not one of the pool: that would go on listening after it is dropped.
        let server = runtime.block_on(MockServer::builder().start());
        let hears = Mock::given(method("GET")).respond_with(ResponseTemplate::new(200));
        runtime.block_on(hears.mount(&server));
        Self { runtime, server }
    }

    /// What was called, in order: paths, and whether a token came with it.
    fn heard(&self) -> Vec<(String, bool)> {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        requests
            .iter()
            .map(|request| (request.url.path().to_owned(), request.headers.contains_key("authorization")))
            .collect()
    }
}

fn nightly(ear: &Ear) -> Rc<World> {
    let url = ear.server.uri();
    let notify = format!("{{ success: \"{url}/good\", failure: \"{url}/bad\", prometheus: night.prom }}");
    backup(["a", "b"]).job("notify", &notify).start()
}

#[test]
fn the_address_of_a_good_night_is_called_and_no_token_goes_there() {
    let ear = Ear::new();
    let world = nightly(&ear);
    world.run().expect_exit(0);
    assert_eq!(ear.heard(), [("/good".to_owned(), false)]);
    let metrics = world.read("night.prom");
    let labels = "job=\"scenario\",action=\"backup\",account=\"source\"";
    assert!(metrics.contains(&format!("transship_run_success{{{labels}}} 1")), "{metrics}");
    assert!(
        metrics.contains(&format!("transship_run_imports{{{labels},outcome=\"archived\"}} 2")),
        "{metrics}"
    );
}

#[test]
fn a_bad_night_calls_the_other_address_and_so_does_one_that_could_not_even_be_planned() {
    let ear = Ear::new();
    let world = nightly(&ear);
    world.fault(Fault::on_list(Fault::status(500)));
    world.run().expect_exit(1);
    assert_eq!(ear.heard(), [("/bad".to_owned(), false)]);
    assert!(world.read("night.prom").contains("account=\"source\"} 0"));
}

#[test]
fn a_dry_run_tells_nobody_and_an_address_that_does_not_answer_changes_nothing() {
    let ear = Ear::new();
    let world = nightly(&ear);
    world.run_with(&["--dry-run"]).expect_exit(0);
    assert!(ear.heard().is_empty() && !world.path("night.prom").exists());
    drop(ear);
    world
        .run()
        .expect_exit(0)
        .expect_stderr("warning: the address of `notify.success` could not be told: ")
        .expect_all(2, "archived", "equal");
}

#[cfg(debug_assertions)]
#[test]
fn a_resume_that_fails_is_told_as_well_as_one_that_does_not() {
    let ear = Ear::new();
    let world = nightly(&ear);
    let killed = world
        .binary(&["run", "JOB", "--run-dir", "runs/killed"])
        .env("TRANSSHIP_CRASH", "archive.before_finish:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    let blobs = world.path("archive/blobs");
    std::fs::write(&blobs, "in the way").unwrap();
    let ran = world.resume(&world.path("runs/killed"));
    assert_ne!(ran.exit_code(), Some(0));
    assert_eq!(ear.heard(), [("/bad".to_owned(), false)]);
    std::fs::remove_file(&blobs).unwrap();
    world.resume(&world.path("runs/killed")).expect_exit(0);
    assert_eq!(ear.heard()[1..], [("/good".to_owned(), false)]);
}
