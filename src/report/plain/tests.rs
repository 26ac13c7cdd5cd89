//! What progress looks like without a terminal.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::model::{ItemKey, Outcome, Verdict};
use crate::report::Gauge;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Scene {
    log: Log,
    seconds: Arc<AtomicU64>,
    lines: PlainLines<Log>,
}

fn scene() -> Scene {
    let (log, seconds) = (Log::default(), Arc::new(AtomicU64::new(0)));
    let time = Arc::clone(&seconds);
    let gauge = Gauge {
        in_flight: 12,
        calls: 300,
        waited: Duration::from_millis(3240),
        throttled: 2,
        retries: 1,
        paused: None,
    };
    let lines = PlainLines::new(
        log.clone(),
        false,
        Arc::new(move || gauge.clone()),
        Box::new(move || Duration::from_secs(time.load(Ordering::Relaxed))),
    );
    Scene { log, seconds, lines }
}

impl Scene {
    fn after(&mut self, seconds: u64, event: &Event) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
        self.lines.on(event);
    }

    fn text(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }
}

fn failed(name: &str) -> Event {
    let message = Some("http.method: Expected field".to_owned());
    Event::ItemFinished { item: ItemKey(1), name: name.into(), outcome: Outcome::Failed, message }
}

#[test]
fn a_line_at_the_start_at_the_end_and_every_five_seconds() {
    let mut scene = scene();
    let stage = Stage::Write;
    scene.after(0, &Event::StageStarted { stage, total: Some(1280) });
    for _ in 0..12 {
        scene.after(1, &Event::StageAdvanced { stage, by: 100 });
    }
    scene.after(0, &failed("Order \x1b[31mto EU"));
    let differences = vec!["/http/body/0".to_owned()];
    let verdict = Verdict::Differs;
    scene.after(0, &Event::ItemVerified { item: ItemKey(2), name: "Item".into(), verdict, differences });
    scene.after(0, &Event::ItemDoubted { item: ItemKey(3), message: "the connection was cut".into() });
    scene.after(0, &Event::Stopping { reason: "5 % failed".into() });
    scene.after(5, &Event::StageAdvanced { stage, by: 80 });
    scene.after(1, &Event::StageFinished { stage });
    insta::assert_snapshot!(scene.text(), @r#"
    write: 1,280 imports started
    write: 500 of 1,280 · 100/s · 7.8 s left · in flight 12 · waited 3.2 s for the rate limit · 429s 2 · failed 0 · retries 1
    write: 1,000 of 1,280 · 100/s · 2.8 s left · in flight 12 · waited 3.2 s for the rate limit · 429s 2 · failed 0 · retries 1
    failed   "Order ␛[31mto EU": http.method: Expected field
    differs  "Item" reads back different at /http/body/0
    in doubt item 3: the connection was cut; it is looked up before anything is repeated
    stopping: 5 % failed; what is in flight finishes
    write: 1,280 of 1,280 · 40/s · in flight 12 · waited 3.2 s for the rate limit · 429s 2 · failed 1 · read back different 1 · were in doubt 1 · retries 1
    write: 1,280 imports done in 18 s
    "#);
}

#[test]
fn a_run_that_waits_is_seen_to_wait() {
    let mut scene = scene();
    scene.after(0, &Event::StageStarted { stage: Stage::LookUp, total: None });
    scene.lines.beat();
    scene.seconds.fetch_add(61, Ordering::Relaxed);
    scene.lines.beat();
    insta::assert_snapshot!(scene.text(), @"
    look up: started
    look up: 0 · 0/s · in flight 12 · waited 3.2 s for the rate limit · 429s 2 · failed 0 · retries 1
    ");
}

#[test]
fn thousands_of_failures_do_not_flood() {
    let mut scene = scene();
    scene.after(0, &Event::StageStarted { stage: Stage::Write, total: None });
    (0..5000).for_each(|_| scene.after(0, &failed("x")));
    assert_eq!(scene.text().lines().count(), 22);
    scene.seconds.fetch_add(10, Ordering::Relaxed);
    scene.lines.beat();
    assert!(scene.text().contains("failed 5,000"));
}
