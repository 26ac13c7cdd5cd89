//! A model of the service behind `trait Api`: documents, a history of all that happened to them, and faults that one seed
//! decides.
//!
//! The history is the judge: laws are checked against it, never against a journal.

mod endpoints;
mod network;
mod state;

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

pub use network::Weather;
use state::State;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// What stood there before the story.
    Before,
    /// The engine.
    Engine,
    /// A person, or another program.
    Colleague,
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Created,
    Updated,
    Deleted,
}

/// One change of the service's state.
#[derive(Debug, Clone)]
pub struct Change {
    pub at: Instant,
    pub who: Who,
    pub what: What,
    pub id: String,
    /// Who had changed the document last before this.
    pub over: Option<(Who, Instant)>,
    /// The change of the document that the engine had read by id when it sent this, if it had read the last one.
    pub seen: Option<Instant>,
    /// Whether the text that was overwritten or removed cannot be parsed.
    pub over_unreadable: bool,
    /// What a create asked for; the same for each sending of one item's create.
    pub key: Option<String>,
}

/// A create that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub at: Instant,
    /// As in [`Change::key`].
    pub key: String,
    /// Whether its answer, if any, leaves open whether it is still executing.
    pub in_doubt: bool,
}

/// One account of the service.
#[derive(Debug, Clone)]
pub struct Service(Arc<Mutex<State>>);

impl Service {
    /// An empty account whose ids begin with `prefix`, and which stores names as `names` makes them.
    pub fn new(prefix: &'static str, seed: u64, start: Timestamp, names: fn(&str) -> String) -> Self {
        Self(Arc::new(Mutex::new(State::new(prefix, seed, start, names))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap();
        state.settle();
        state
    }

    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Puts a document there, as text; `%ID%` in it becomes its id.
    pub fn put(&self, who: Who, text: &str) -> String {
        let mut state = self.state();
        let id = state.new_id();
        let text = text.replace("%ID%", &id);
        state.store(id.clone(), text, who, None, None);
        id
    }

    /// Lets a colleague change a document.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        let Some(found) = state.standing(id) else { return };
        let Ok(mut value) = serde_json::from_str::<Value>(&found.text) else { return };
        change(&mut value);
        value["lastModified"] = json!(state.node_time().to_string());
        state.store(id.to_owned(), value.to_string(), Who::Colleague, None, None);
    }

    /// Lets a colleague remove a document.
    pub fn remove(&self, id: &str) {
        self.state().delete(id, Who::Colleague, None);
    }

    /// The ids of the documents that stand there.
    pub fn ids(&self) -> Vec<String> {
        let state = self.state();
        state.order.iter().filter(|id| state.standing(id).is_some()).cloned().collect()
    }

    /// The text of a document that stands there.
    pub fn text(&self, id: &str) -> Option<String> {
        self.state().standing(id).map(|found| found.text.clone())
    }

    /// All that happened, in order.
    pub fn history(&self) -> Vec<Change> {
        self.state().history.clone()
    }

    /// When each write of the engine was sent.
    pub fn writes(&self) -> Vec<Instant> {
        self.state().writes.clone()
    }

    /// The creates that the engine sent.
    pub fn creates(&self) -> Vec<Sent> {
        self.state().creates.clone()
    }

    /// Every call and what became of it, a line each: two tellings of one story have the same.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }
}
