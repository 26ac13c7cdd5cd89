//! What a test or harness may ask and tell a running emulator: calls counted, faults added.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;

use super::error::EmulatorError;
use super::fault::{Armed, Call, Effect, Fault};

/// A handle on a running emulator; clones are handles on the same.
#[derive(Debug, Clone, Default)]
pub struct Control {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Mutex<BTreeMap<(String, String, u16), u64>>,
    faults: RwLock<Vec<Armed>>,
}

/// How often one method and path was answered with one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallCount {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, ids replaced by `{id}`.
    pub path: String,
    /// The HTTP status; 0 for a connection that was cut.
    pub status: u16,
    /// How often the call was made.
    pub count: u64,
}

impl Control {
    /// Every kind of call since the start or the last reset.
    pub fn calls(&self) -> Vec<CallCount> {
        let row = |((method, path, status), count): (&(String, String, u16), &u64)| CallCount {
            method: method.clone(),
            path: path.clone(),
            status: *status,
            count: *count,
        };
        self.counts().iter().map(row).collect()
    }

    /// How often `method` was called on `path`, whatever the answer. An id in the path is written `{id}`.
    pub fn count(&self, method: &str, path: &str) -> u64 {
        self.calls()
            .iter()
            .filter(|call| call.method == method && call.path == path)
            .map(|call| call.count)
            .sum()
    }

    /// How many calls there were in all.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    /// Forgets all calls that were counted; faults stay as they are.
    pub fn reset(&self) {
        self.counts().clear();
    }

    /// Adds a fault, which counts calls from now on.
    ///
    /// # Errors
    ///
    /// If one of its globs is invalid.
    pub fn add_fault(&self, fault: Fault) -> Result<(), EmulatorError> {
        let armed = Armed::new(fault)?;
        self.inner.faults.write().unwrap_or_else(PoisonError::into_inner).push(armed);
        Ok(())
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        self.inner.faults.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn counted(&self, method: &str, path: &str, status: u16) {
        let segments: Vec<&str> = path
            .split('/')
            .map(|segment| if super::store::Id::parse(segment).is_some() { "{id}" } else { segment })
            .collect();
        *self.counts().entry((method.to_owned(), segments.join("/"), status)).or_default() += 1;
    }

    /// Whether any fault looks at names, which costs reading the document.
    pub(super) fn asks_for_names(&self) -> bool {
        self.inner.faults.read().unwrap_or_else(PoisonError::into_inner).iter().any(Armed::asks_for_name)
    }

    /// The effects on a call; with each whether a cut is a reset.
    pub(super) fn hits(&self, call: &Call<'_>) -> Vec<(Effect, bool)> {
        let faults = self.inner.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.iter().filter_map(|fault| fault.hit(call)).collect()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(String, String, u16), u64>> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
