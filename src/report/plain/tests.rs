//! What progress looks like without a terminal.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;

use super::*;
use crate::model::{ItemKey, Outcome, Verdict};
use crate::report::Gauge;

struct Scene {
    log: Arc<Mutex<String>>,
    seconds: Arc<AtomicU64>,
    lines: PlainLines,
}

fn scene() -> Scene {
    let (log, seconds) = (Arc::<Mutex<String>>::default(), Arc::new(AtomicU64::new(0)));
    let time = Arc::clone(&seconds);
    let gauge = Gauge {
        in_flight: 12,
        calls: 300,
        waited: Duration::from_millis(3240),
        throttled: 2,
        retries: 1,
        paused: None,
    };
    let put = Arc::clone(&log);
    let lines = PlainLines::new(
        LineStyle { color: false, zone: TimeZone::UTC },
        Arc::new(move || gauge.clone()),
        Box::new(move || Duration::from_secs(time.load(Ordering::Relaxed))),
        Box::new(move |told| {
            let line = match told {
                PlainOutput::Line(line) => line.to_owned(),
                PlainOutput::Totals(totals) => totals.to_string(),
            };
            put.lock().unwrap().push_str(&format!("{line}\n"));
        }),
    );
    Scene { log, seconds, lines }
}

impl Scene {
    fn after(&mut self, seconds: u64, event: &Event) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
        self.lines.on(event);
    }

    fn text(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

fn failed(name: &str) -> Event {
    let message = Some("http.method: Expected field".to_owned());
    Event::ItemFinished { item: ItemKey(1), name: name.into(), outcome: Outcome::Failed, message }
}

#[test]
fn totals_every_ten_seconds_and_a_line_for_what_goes_wrong() {
    let mut scene = scene();
    let stage = Stage::Write;
    scene.after(0, &Event::StageStarted { stage, total: Some(1280) });
    for _ in 0..11 {
        scene.after(1, &Event::StageAdvanced { stage, by: 100 });
    }
    scene.after(0, &failed("Order \x1b[31mto EU"));
    let differences = vec!["/http/body/0".to_owned()];
    let verdict = Verdict::Differs;
    scene.after(0, &Event::ItemVerified { item: ItemKey(2), name: "Item".into(), verdict, differences });
    scene.after(
        0,
        &Event::ItemDoubted {
            item: ItemKey(3),
            name: "Orders".into(),
            message: "the connection was cut".into(),
        },
    );
    scene.after(0, &Event::Stopping { reason: "5 % failed".into() });
    scene.after(10, &Event::StageAdvanced { stage, by: 180 });
    scene.after(1, &Event::StageFinished { stage });
    insta::assert_snapshot!(scene.text(), @r#"
    write: 1,000 of 1,280 · 100/s · 2.8 s left · in flight 12 · 429s 2 · retries 1 · calls waited 3.2 s in all for the rate limit
    failed   "Order ␛[31mto EU": http.method: Expected field
    differs  "Item" reads back different at /http/body/0
    in doubt "Orders": the connection was cut; looked up before it is sent again
    stopping: 5 % failed; what is in flight finishes
    write: 1,280 of 1,280 · 25/s · in flight 12 · 429s 2 · failed 1 · read back different 1 · were in doubt 1 · retries 1 · calls waited 3.2 s in all for the rate limit
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
    look up: 0 · 0/s · in flight 12 · 429s 2 · retries 1 · calls waited 3.2 s in all for the rate limit
    ");
}

#[test]
fn thousands_of_failures_do_not_flood() {
    let mut scene = scene();
    scene.after(0, &Event::StageStarted { stage: Stage::Write, total: None });
    (0..5000).for_each(|_| scene.after(0, &failed("x")));
    assert_eq!(scene.text().lines().count(), 21);
    scene.seconds.fetch_add(10, Ordering::Relaxed);
    scene.lines.beat();
    assert!(scene.text().contains("failed 5,000"));
}

#[test]
fn totals_are_told_as_often_as_is_asked_for() {
    let mut scene = scene();
    let _ = scene.lines.clone().every(Duration::from_secs(2));
    scene.after(0, &Event::StageStarted { stage: Stage::Write, total: None });
    for _ in 0..5 {
        scene.after(1, &Event::StageAdvanced { stage: Stage::Write, by: 1 });
    }
    assert_eq!(scene.text().lines().count(), 2);
}
