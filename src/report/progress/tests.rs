//! What the bars draw.

use indicatif::TermLike;

use super::*;
use crate::model::{ItemKey, Outcome};
use crate::report::Gauge;

/// A terminal that remembers everything that was ever written to it.
#[derive(Debug, Clone, Default)]
struct Paper(Arc<Mutex<String>>);

impl TermLike for Paper {
    fn width(&self) -> u16 {
        100
    }
    fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> std::io::Result<()> {
        self.write_str(&format!("{text}\n"))
    }
    fn write_str(&self, text: &str) -> std::io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }
    fn clear_line(&self) -> std::io::Result<()> {
        Ok(())
    }
    fn flush(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn style(color: bool) -> LineStyle {
    LineStyle { color, zone: TimeZone::UTC }
}

fn drawn(color: bool) -> String {
    let paper = Paper::default();
    let gauge =
        Gauge { in_flight: 12, waited: Duration::from_millis(3240), throttled: 2, ..Gauge::default() };
    // Drawn as often as asked: nothing is left out for want of time.
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(paper.clone()), 255);
    let mut bars = Bars::on_target(target, style(color), Arc::new(move || gauge.clone()), Arc::new(|| 100));
    let steer = bars.clone();
    let stage = Stage::Write;
    bars.on(&Event::StageStarted { stage, total: Some(1500) });
    bars.on(&Event::StageAdvanced { stage, by: 1200 });
    let message = Some("Expected field".to_owned());
    let name = "Order\x1b[2J".into();
    bars.on(&Event::ItemFinished { item: ItemKey(1), name, outcome: Outcome::Failed, message });
    bars.on(&Event::StageStarted { stage: Stage::LookUp, total: None });
    {
        // Draws them as they stand, whenever they were drawn last.
        let board = bars.0.lock().unwrap();
        board.stages[0].1.abandon();
        board.figures.as_ref().unwrap().abandon();
    }
    bars.on(&Event::StageFinished { stage });
    steer.clear();
    paper.0.lock().unwrap().clone()
}

#[test]
fn bars_show_the_stage_the_figures_and_who_failed() {
    let text = drawn(false);
    assert!(text.contains("failed   \"Order␛[2J\": Expected field"), "{text}");
    assert!(text.contains("write "), "{text}");
    assert!(text.contains("1,200 of 1,500 · "), "{text}");
    assert!(text.contains("in flight 12 · 429s 2 · failed 1"), "{text}");
    assert!(text.contains("write    1,200 imports in "), "{text}");
    assert!(!text.contains("\x1b[3"), "colours were not asked for: {text:?}");
}

#[test]
fn a_line_about_an_import_is_broken_at_blanks_below_its_name() {
    let mut notices = Notices::new(style(true));
    notices.fit(60);
    let message = "connection closed before anything was answered at all".to_owned();
    let line = notices.take(&Event::ItemDoubted { item: ItemKey(1), name: "Orders to EU".into(), message });
    assert_eq!(
        line.as_deref(),
        Some(
            "\x1b[33min doubt\x1b[0m \"Orders to EU\": connection closed before anything\n         was answered at all; looked up before it is sent\n         again"
        )
    );
}

#[test]
fn a_warning_is_told_as_one() {
    let mut notices = Notices::new(style(false));
    let mut told = |message: &str| notices.take(&Event::Noted { message: message.to_owned() }).unwrap();
    assert_eq!(told("warning: the list moved"), "warning: the list moved");
    assert_eq!(told("the list moved"), "note     the list moved");
}

#[test]
fn what_did_not_happen_is_not_told() {
    let gauge = Gauge { in_flight: 3, waited: Duration::from_millis(200), ..Gauge::default() };
    assert_eq!(Counts::default().line(&gauge, &TimeZone::UTC), "in flight 3");
}

#[test]
fn the_end_of_a_pause_is_a_time_in_the_zone_of_whoever_reads_it() {
    let until = "2026-01-01T12:03:10Z".parse().unwrap();
    let gauge = Gauge { paused: Some((until, "the service asks for 240 s".to_owned())), ..Gauge::default() };
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let line = Counts::default().line(&gauge, &zone);
    assert_eq!(line, "paused until 14:03:10: the service asks for 240 s · in flight 0");
}

#[test]
fn what_is_looked_up_leaves_no_line_behind() {
    let paper = Paper::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(paper.clone()), 255);
    let mut bars = Bars::on_target(target, style(false), Arc::new(Gauge::default), Arc::new(|| 100));
    bars.on(&Event::StageStarted { stage: Stage::LookUp, total: Some(1) });
    bars.on(&Event::StageAdvanced { stage: Stage::LookUp, by: 1 });
    bars.on(&Event::StageFinished { stage: Stage::LookUp });
    assert!(!paper.0.lock().unwrap().contains("1 import in"));
}

#[test]
fn colours_come_when_asked_for() {
    assert!(drawn(true).contains("\x1b[31mfailed  "));
}

#[test]
fn without_a_terminal_bars_hide_and_still_count() {
    let mut bars = Bars::on_target(
        ProgressDrawTarget::hidden(),
        style(false),
        Arc::new(Gauge::default),
        Arc::new(|| 80),
    );
    bars.on(&Event::StageAdvanced { stage: Stage::Read, by: 1 });
    bars.on(&Event::StageFinished { stage: Stage::Read });
    bars.on(&Event::StageStarted { stage: Stage::Read, total: Some(2) });
    bars.on(&Event::StageAdvanced { stage: Stage::Read, by: 2 });
    assert_eq!(bars.0.lock().unwrap().stages[0].1.position(), 2);
    bars.clear();
    assert!(bars.0.lock().unwrap().stages.is_empty());
}

#[test]
fn a_line_fits_the_terminal_whatever_its_size() {
    let line = |total| Line {
        stage: Stage::Write,
        done: 1200,
        total,
        text: "1,200 of 1,500 · 38/s · 7.8 s left".to_owned(),
        elapsed: Duration::ZERO,
    };
    for columns in [10, 40, 50, 60, 80, 200] {
        for total in [Some(1500), Some(0), None] {
            let text = line(total).fit(Paint { color: false }, columns);
            assert!(width(&text) < columns, "{columns}: {text}");
        }
    }
    assert_eq!(
        line(Some(1500)).fit(Paint { color: false }, 80),
        format!("write    {}{} 1,200 of 1,500 · 38/s · 7.8 s left", "━".repeat(22), "─".repeat(6))
    );
    assert_eq!(
        line(Some(1500)).fit(Paint { color: false }, 50),
        "write    1,200 of 1,500 · 38/s · 7.8 s left"
    );
}
