//! Everything that listeners can learn about a plan or a run while it is going on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{ItemKey, Outcome, Verdict};

/// A part of the way, as people see it.
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
    /// What a person reads in front of the bar.
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
    /// A stage began; `total` is its number of imports, where known.
    StageStarted {
        /// The stage that began.
        stage: Stage,
        /// How many imports it is for.
        total: Option<u64>,
    },
    /// So many imports more went through a stage.
    StageAdvanced {
        /// The stage that went on.
        stage: Stage,
        /// How many imports more.
        by: u64,
    },
    /// A stage is over.
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
        /// JSON pointers of what differs.
        differences: Vec<String>,
    },
    /// An attempt's effect is not known; it will be looked up.
    ItemDoubted {
        /// The item that the event is about.
        item: ItemKey,
        /// The name in the target.
        name: Arc<str>,
        /// What happened, as one sentence for people.
        message: String,
    },
    /// Nothing is sent until a moment; told when the pause begins.
    Paused {
        /// When it is over.
        until: jiff::Timestamp,
        /// Who asked for it, or what happened.
        reason: String,
    },
    /// Nothing is left to do but to wait for something outside this run.
    Waiting {
        /// When it is waited for no longer.
        until: jiff::Timestamp,
        /// What is waited for, e.g. `the flow "Orders", which runs`.
        what: String,
    },
    /// The run goes no further; what is in flight finishes.
    Stopping {
        /// Why it goes no further, as one sentence for people.
        reason: String,
    },
    /// Something a person should know, not tied to an item.
    Noted {
        /// The message, on one line.
        message: String,
    },
}

/// Somebody who listens to a run. It must return at once: the run waits for it.
pub trait Listener: Send {
    /// Takes note of an event.
    fn on(&mut self, event: &Event);
}

/// The listeners of a run.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<Box<dyn Listener>>>>);

impl Events {
    /// Events that nobody hears.
    pub fn none() -> Self {
        Self::default()
    }

    /// These listen, each hearing every event in order.
    pub fn to(listeners: Vec<Box<dyn Listener>>) -> Self {
        Self(Arc::new(Mutex::new(listeners)))
    }

    /// Nobody listens any more; the listeners are dropped.
    pub fn finish(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Tells everyone who listens, in the order in which they came.
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
