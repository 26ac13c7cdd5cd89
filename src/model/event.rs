//! Everything that listeners can learn about a plan or a run in progress.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{ItemKey, Outcome, Verdict};

/// A stage of a plan or run, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Reading the source.
    Read,
    /// Transforming documents and resolving references.
    Prepare,
    /// Reading the target and deciding.
    Compare,
    /// Looking up what is in doubt.
    LookUp,
    /// Writing to the target.
    Write,
    /// Putting documents into an archive.
    Store,
    /// Reading back and comparing.
    Verify,
}

impl Stage {
    /// The text in front of the progress bar.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Prepare => "prepare",
            Self::Compare => "compare",
            Self::LookUp => "look up",
            Self::Write => "write",
            Self::Store => "store",
            Self::Verify => "verify",
        }
    }
}

/// Something that happened during a plan or a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stage began; `total` is its number of imports, if known.
    StageStarted {
        /// The stage that began.
        stage: Stage,
        /// How many imports it is for.
        total: Option<u64>,
    },
    /// This many more imports passed a stage.
    StageAdvanced {
        /// The stage that advanced.
        stage: Stage,
        /// How many more imports.
        by: u64,
    },
    /// A stage ended.
    StageFinished {
        /// The stage that ended.
        stage: Stage,
    },
    /// An item's calls began.
    ItemStarted {
        /// The item that the event is about.
        item: ItemKey,
    },
    /// An item has its outcome. A verdict may follow with [`Event::ItemVerified`].
    ItemFinished {
        /// The item that the event is about.
        item: ItemKey,
        /// The name in the target.
        name: Arc<str>,
        /// How the item ended.
        outcome: Outcome,
        /// Why, for outcomes that need attention.
        message: Option<String>,
    },
    /// An item was read back and compared.
    ItemVerified {
        /// The item that the event is about.
        item: ItemKey,
        /// The name in the target.
        name: Arc<str>,
        /// What the comparison said.
        verdict: Verdict,
        /// JSON pointers of the differences.
        differences: Vec<String>,
    },
    /// The effect of an attempt is unknown; it will be looked up.
    ItemDoubted {
        /// The item that the event is about.
        item: ItemKey,
        /// The name in the target.
        name: Arc<str>,
        /// What happened, as one sentence for people.
        message: String,
    },
    /// Nothing is sent until a moment; reported when the pause begins.
    Paused {
        /// When the pause ends.
        until: jiff::Timestamp,
        /// The reason for the pause.
        reason: String,
    },
    /// The run can only wait for something outside it.
    Waiting {
        /// When the wait ends at the latest.
        until: jiff::Timestamp,
        /// What it waits for, e.g. `the flow "Orders", which runs`.
        what: String,
    },
    /// The run stops; what is in flight finishes.
    Stopping {
        /// Why it stops, as one sentence for people.
        reason: String,
    },
    /// Something a person should know, not tied to an item.
    Noted {
        /// The message, on one line.
        message: String,
    },
}

/// A listener of a run. It must return at once: the run waits for it.
pub trait Listener: Send {
    /// Handles an event.
    fn on(&mut self, event: &Event);
}

/// The listeners of a run.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<Box<dyn Listener>>>>);

impl Events {
    /// No listeners: events are dropped.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sends every event to these listeners, in order.
    pub fn to(listeners: Vec<Box<dyn Listener>>) -> Self {
        Self(Arc::new(Mutex::new(listeners)))
    }

    /// Drops the listeners. Later events reach nobody.
    pub fn finish(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Sends an event to every listener, in order.
    pub fn emit(&self, event: &Event) {
        for listener in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            listener.on(event);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
