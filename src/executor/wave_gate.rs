//! What is reported about waves, and who is asked between two of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// The result of a wave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaveReport {
    /// Its number, from 1.
    pub number: u32,
    /// How many waves there are.
    pub of: u32,
    /// How many imports were to be written.
    pub imports: u32,
    /// The names of the first of them.
    pub names: Vec<String>,
    /// How many ended with each outcome, by its name in the audit.
    pub outcomes: BTreeMap<&'static str, u32>,
    /// How many were read back, or compared with the answer, and are equal.
    pub equal: u32,
    /// How many differ from what was sent.
    pub differ: u32,
    /// How long it took.
    pub took: Duration,
}

/// What the next wave would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NextWave {
    /// Its number, from 1.
    pub number: u32,
    /// How many waves there are.
    pub of: u32,
    /// How many imports would be written.
    pub imports: u32,
    /// How many of them there are for each operation, by its name in the plan.
    pub operations: BTreeMap<&'static str, u32>,
    /// The first 200: operation and name.
    pub items: Vec<(&'static str, String)>,
    /// Seconds at the allowed rate, with one call for each import.
    pub seconds: f64,
}

/// Receives the results of waves, and is asked between two of them under `pause: ask`.
#[async_trait]
pub trait WaveGate: fmt::Debug + Send + Sync {
    /// A wave ended and was verified.
    fn ended(&self, report: &WaveReport);

    /// Whether the next wave may begin.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped once the run is being stopped: the answer is then no longer needed, and no wave begins.
    async fn may_begin(&self, report: &WaveReport, next: &NextWave) -> bool;
}

/// Asks nobody, so no further wave begins under `pause: ask`; the run can be resumed.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyAsked;

#[async_trait]
impl WaveGate for NobodyAsked {
    fn ended(&self, _: &WaveReport) {}

    async fn may_begin(&self, _: &WaveReport, _: &NextWave) -> bool {
        false
    }
}
