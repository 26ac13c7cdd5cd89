//! Events as log lines: with `--log-format json`, or `-v`. Text of the service is made inert first.

use crate::model::event::{Event, Listener};
use crate::report::text::clean;

/// Writes events as log lines.
#[derive(Debug)]
pub(super) struct LogLines;

impl Listener for LogLines {
    fn on(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, total } => {
                tracing::info!(stage = stage.as_str(), total, "stage started");
            }
            Event::StageFinished { stage } => tracing::info!(stage = stage.as_str(), "stage finished"),
            Event::ItemFinished { item, name, outcome, message } => {
                let (outcome, message) = (outcome.as_str(), clean(message.as_deref().unwrap_or_default()));
                let name = clean(name);
                if message.is_empty() {
                    tracing::info!(item = item.0, name = %name, outcome, "item finished");
                } else {
                    tracing::warn!(item = item.0, name = %name, outcome, message, "item finished");
                }
            }
            Event::ItemVerified { item, name, verdict, differences } => {
                let (verdict, name) = (verdict.as_str(), clean(name));
                if differences.is_empty() {
                    tracing::debug!(item = item.0, name = %name, verdict, "item verified");
                } else {
                    tracing::warn!(item = item.0, name = %name, verdict, ?differences, "item verified");
                }
            }
            Event::ItemDoubted { item, message } => {
                let message = clean(message);
                tracing::warn!(item = item.0, message, "item in doubt");
            }
            Event::Paused { until, reason } => {
                let reason = clean(reason);
                tracing::warn!(%until, reason, "paused");
            }
            Event::Stopping { reason } => {
                let reason = clean(reason);
                tracing::warn!(reason, "stopping");
            }
            Event::Noted { message } => {
                let message = clean(message);
                tracing::warn!("{message}");
            }
            Event::ItemStarted { item } => tracing::debug!(item = item.0, "item started"),
            Event::StageAdvanced { .. } => {}
        }
    }
}
