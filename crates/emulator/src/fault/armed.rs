//! An active fault: which calls it has seen, and whether it hits the next one.

use std::sync::{Mutex, PoisonError};

use globset::GlobMatcher;

use super::problems::{self, glob};
use super::{Effect, Fault};
use crate::error::EmulatorError;

/// What a fault may look at.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) account: &'a str,
    pub(crate) names: &'a [String],
}

/// A fault with what it remembers between calls.
#[derive(Debug)]
pub(crate) struct Armed {
    fault: Fault,
    path: Option<GlobMatcher>,
    name: Option<GlobMatcher>,
    query: Option<GlobMatcher>,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    seen: u64,
    draws: fastrand::Rng,
}

impl Armed {
    /// Puts a fault on duty.
    ///
    /// # Errors
    ///
    /// If one of its globs is invalid, or a pointer does not begin with `/`.
    pub(crate) fn new(fault: Fault) -> Result<Self, EmulatorError> {
        if let Some(problem) = problems::of(&fault).into_iter().next() {
            let reason = format!("{}: {}; {}", problem.path.join("."), problem.message, problem.help);
            return Err(EmulatorError::Faults { reason });
        }
        let glob = |text: &Option<String>, within_slashes| {
            let Some(text) = text else { return Ok(None) };
            let glob = glob(text, within_slashes);
            let glob = glob.map_err(|error| EmulatorError::Faults { reason: error.to_string() })?;
            Ok::<_, EmulatorError>(Some(glob.compile_matcher()))
        };
        Ok(Self {
            path: glob(&fault.matches.path, true)?,
            name: glob(&fault.matches.name, false)?,
            query: glob(&fault.matches.query, false)?,
            memory: Mutex::new(Memory { seen: 0, draws: fastrand::Rng::with_seed(fault.seed) }),
            fault,
        })
    }

    /// Whether telling if it is hit takes the name of the document.
    pub(crate) fn asks_for_name(&self) -> bool {
        self.name.is_some()
    }

    /// The effect on this call and whether a cut is a reset; none if the call is not hit.
    pub(crate) fn hit(&self, call: &Call<'_>) -> Option<(Effect, bool)> {
        if !self.is_about(call) {
            return None;
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.seen += 1;
        let fault = &self.fault;
        let counted = fault.nth.is_none_or(|nth| memory.seen == nth)
            && fault.every.is_none_or(|every| every > 0 && memory.seen.is_multiple_of(every))
            && fault.first.is_none_or(|first| memory.seen <= first);
        let drawn = fault.probability.is_none_or(|probability| memory.draws.f64() < probability);
        (counted && drawn).then(|| (fault.effect.clone(), fault.reset))
    }

    fn is_about(&self, call: &Call<'_>) -> bool {
        let matches = &self.fault.matches;
        let named = |wanted: &String| {
            call.names
                .iter()
                .any(|name| name == wanted || self.name.as_ref().is_some_and(|glob| glob.is_match(name)))
        };
        matches.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(call.method))
            && matches.account.as_ref().is_none_or(|account| account == call.account)
            && self.path.as_ref().is_none_or(|glob| glob.is_match(call.path))
            && self.query.as_ref().is_none_or(|glob| glob.is_match(call.query))
            && matches.name.as_ref().is_none_or(named)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{FaultFile, Match};
    use super::*;

    fn call<'a>(path: &'a str, names: &'a [String]) -> Call<'a> {
        Call { method: "POST", path, query: "", account: "demo-b", names }
    }

    fn hits(fault: Fault, calls: usize) -> Vec<usize> {
        let armed = Armed::new(fault).unwrap();
        (1..=calls).filter(|_| armed.hit(&call("/v1/imports", &[])).is_some()).collect()
    }

    #[test]
    fn a_fault_counts_only_the_calls_it_matches() {
        let every = |every| Fault { every: Some(every), ..Fault::new(Match::default(), Effect::CutAfter) };
        assert_eq!(hits(every(3), 7), [3, 6]);
        assert_eq!(hits(Fault { nth: Some(2), ..every(1) }, 5), [2]);
        assert_eq!(hits(Fault { first: Some(2), ..every(1) }, 5), [1, 2]);
        let about = Match { method: Some("get".into()), ..Match::default() };
        assert!(hits(Fault::new(about, Effect::CutAfter), 5).is_empty());
    }

    #[test]
    fn the_same_seed_draws_the_same_calls() {
        let fault =
            |seed| Fault { probability: Some(0.2), seed, ..Fault::new(Match::default(), Effect::CutBefore) };
        let drawn = hits(fault(7), 1000);
        assert!((150..250).contains(&drawn.len()), "{}", drawn.len());
        assert_eq!(drawn, hits(fault(7), 1000));
        assert_ne!(drawn, hits(fault(8), 1000));
    }

    #[test]
    fn paths_and_names_are_globs_and_a_name_with_brackets_is_itself() {
        let armed = |path: &str, name: &str| {
            let about = Match { path: Some(path.into()), name: Some(name.into()), ..Match::default() };
            Armed::new(Fault::new(about, Effect::CutAfter)).unwrap()
        };
        let names = ["Order [EU] 1".to_owned()];
        assert!(armed("/v1/*", "Order *").hit(&call("/v1/imports", &names)).is_some());
        assert!(armed("/v1/*", "Order [EU] 1").hit(&call("/v1/imports", &names)).is_some());
        assert!(armed("/v1/*", "Order *").hit(&call("/v1/imports/1", &names)).is_none());
        assert!(armed("/v1/**", "Invoice *").hit(&call("/v1/imports", &names)).is_none());
    }

    #[test]
    fn a_faults_file_refuses_unknown_keys() {
        let file = FaultFile::from_value(json!({
            "behaviour": { "link": "after", "clone_answer": "array", "clock_skew": "90s" },
            "faults": [
                { "match": { "method": "POST", "path": "/v1/imports", "name": "Order *" }, "first": 2, "effect": "cut_after" },
                { "effect": { "slow": { "before": "250ms" } } },
                { "effect": { "status": { "code": 429, "retry_after": "soon" } } },
            ],
        }))
        .unwrap();
        assert_eq!(file.faults.len(), 3);
        assert_eq!(file.behaviour.clock_skew.as_secs(), 90);
        assert_eq!(file.behaviour.page_size, 100, "what is not said stays as it was");
        let again = serde_json::to_value(&file).unwrap();
        assert_eq!(FaultFile::from_value(again).unwrap().faults.len(), 3);
        let pointer = json!({ "faults": [{ "effect": { "drop_field": { "pointer": "description" } } }] });
        let mut file = FaultFile::from_value(pointer).unwrap();
        assert_eq!(file.problems()[0].path, ["faults", "0", "effect", "drop_field", "pointer"]);
        let refused = Armed::new(file.faults.remove(0)).unwrap_err().to_string();
        assert!(
            refused.contains("`description` is not a JSON pointer")
                && refused.contains("write `/description`")
        );
        let wrong = FaultFile::from_value(json!({ "faults": [{ "effects": "cut_after" }] })).unwrap_err();
        assert!(wrong.to_string().contains("effects"), "{wrong}");
    }
}
