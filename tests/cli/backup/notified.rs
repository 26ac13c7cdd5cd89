//! Who is told in the morning: an address that is called, a file of metrics.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::backup;
use crate::support::scenario::{Fault, World};

/// Paths that were called, and whether a token came with each.
type Heard = Arc<Mutex<Vec<(String, bool)>>>;

/// A server that only listens, on a thread of its own.
struct Ear {
    address: SocketAddr,
    heard: Heard,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Ear {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Heard::default());
        let hears = Arc::clone(&heard);
        let server = std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let head: Vec<String> = BufReader::new(socket.try_clone().unwrap())
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let Some(path) = head.first().and_then(|line| line.strip_prefix("GET ")) else { return };
                let path = path.split(' ').next().unwrap().to_owned();
                let token = head.iter().any(|line| line.to_ascii_lowercase().starts_with("authorization:"));
                hears.lock().unwrap().push((path, token));
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { address, heard, server: Some(server) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was called, in order.
    fn heard(&self) -> Vec<(String, bool)> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Ear {
    /// Ends the thread, so that nobody listens there any more.
    fn drop(&mut self) {
        if let Ok(mut socket) = std::net::TcpStream::connect(self.address) {
            let _ = socket.write_all(b"\r\n");
        }
        let _ = self.server.take().unwrap().join();
    }
}

fn nightly(ear: &Ear) -> Rc<World> {
    let url = ear.url();
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
        .expect_stderr("warning: the address of `notify.success` could not be notified: ")
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
