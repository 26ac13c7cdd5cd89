//! Who listens to a run: bars on a terminal, plain lines elsewhere, log lines when asked for.

use std::time::Duration;

use super::args::{LogFormat, Progress};
use super::log::LogLines;
use super::world::CliContext;
use crate::model::event::{Events, Listener};
use crate::report::{Bars, PlainLines};
use crate::session::Session;

/// The listeners of a run; dropping it takes the bars off the screen.
#[derive(Debug)]
pub(super) struct Listening {
    pub events: Events,
    bars: Option<Bars>,
    beat: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.events.finish();
        if let Some(bars) = &self.bars {
            bars.clear();
        }
        if let Some(beat) = &self.beat {
            beat.abort();
        }
    }
}

impl Listening {
    /// Nobody listens.
    pub(super) fn silent() -> Self {
        Self { events: Events::none(), bars: None, beat: None }
    }
}

/// Bars on a terminal, plain lines elsewhere; log lines with `-v` or `--log-format json`.
pub(super) fn listeners(world: &CliContext, session: &Session) -> Listening {
    let gauge = session.gauge();
    let json = world.global.log_format == LogFormat::Json;
    let progress = match world.global.progress {
        _ if world.global.quiet => Progress::None,
        Progress::Auto if json => Progress::None,
        Progress::Auto if world.stderr_is_terminal && world.host.env.get("TERM") != Some("dumb") => {
            Progress::Bar
        }
        Progress::Auto => Progress::Plain,
        given => given,
    };
    let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
    let (mut bars, mut beat) = (None, None);
    match progress {
        Progress::Bar => {
            let shown = Bars::stderr(world.color_err(), gauge);
            listeners.push(Box::new(shown.clone()));
            bars = Some(shown);
        }
        Progress::Plain | Progress::Auto => {
            let began = tokio::time::Instant::now();
            let lines = PlainLines::new(
                std::io::stderr(),
                world.color_err(),
                gauge,
                Box::new(move || began.elapsed()),
            );
            listeners.push(Box::new(lines.clone()));
            // A run that waits for the service is seen to wait.
            beat = Some(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    lines.beat();
                }
            }));
        }
        Progress::None => {}
    }
    if json || world.global.verbose > 0 {
        listeners.push(Box::new(LogLines));
    }
    let events = Events::to(listeners);
    session.listen(&events);
    Listening { events, bars, beat }
}
