//! Faults to inject: which calls they hit, and what they do to them.
//!
//! Given at the start (see [`FaultFile`]) or added while the server runs.

pub(super) mod apply;
mod armed;
mod problems;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use armed::{Armed, Call};

use super::behaviour::Behaviour;
use super::error::EmulatorError;

/// The JSON Schema of a faults file.
pub const FAULTS_SCHEMA: &str = include_str!("../../faults.schema.json");

/// A faults file: how the service behaves, and which calls go wrong.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultFile {
    /// Switches that differ from the default.
    pub behaviour: Behaviour,
    /// The faults. Each call is checked against every fault, in this order.
    pub faults: Vec<Fault>,
}

impl FaultFile {
    /// Takes what a faults file says, read as JSON.
    ///
    /// # Errors
    ///
    /// When a key or a value is not understood; the reason names it.
    pub fn from_value(value: Value) -> Result<Self, EmulatorError> {
        serde_json::from_value(value).map_err(|error| EmulatorError::Faults { reason: error.to_string() })
    }

    /// What is wrong with faults that can be read: globs that are none, pointers without their slash, and calls that
    /// nobody makes.
    pub fn problems(&self) -> Vec<FaultProblem> {
        let faults = self.faults.iter().enumerate();
        let inside = |index: usize, mut problem: FaultProblem| {
            problem.path.splice(0..0, ["faults".to_owned(), index.to_string()]);
            problem
        };
        faults
            .flat_map(|(index, fault)| problems::of(fault).into_iter().map(move |one| inside(index, one)))
            .collect()
    }
}

/// What is wrong with a value of a faults file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultProblem {
    /// The way to the value, as keys and positions.
    pub path: Vec<String>,
    /// What is wrong, as one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// One fault: an effect on the calls it matches.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The calls that the fault applies to; all calls if not given.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Only the n-th matching call, counting from one.
    #[serde(default)]
    pub nth: Option<u64>,
    /// Only every n-th matching call. Absent: every one.
    #[serde(default)]
    pub every: Option<u64>,
    /// Only the first n matching calls.
    #[serde(default)]
    pub first: Option<u64>,
    /// Only with this probability, from 0 to 1, drawn from `seed`. Absent: always.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The start of the random numbers.
    #[serde(default)]
    pub seed: u64,
    /// Whether a cut resets the connection instead of closing it.
    #[serde(default)]
    pub reset: bool,
    /// The effect on the call.
    pub effect: Effect,
}

impl Fault {
    /// A fault that hits every matching call.
    pub fn new(matches: Match, effect: Effect) -> Self {
        Self {
            matches,
            nth: None,
            every: None,
            first: None,
            probability: None,
            seed: 0,
            reset: false,
            effect,
        }
    }
}

/// Which calls a fault is about; every key given must hold.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// The method, in upper or lower case.
    pub method: Option<String>,
    /// A glob for the path, in which `*` does not match a slash.
    pub path: Option<String>,
    /// A name, or a glob for names: of the document that is sent, or of the stored document whose id is in the path.
    pub name: Option<String>,
    /// The name of the account.
    pub account: Option<String>,
    /// A glob for the query string.
    pub query: Option<String>,
}

/// What happens to a call.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// The call is answered with this status and has no effect.
    Status {
        /// The HTTP status of the answer.
        code: u16,
        /// The value of `Retry-After`; without it, a 429 has no such header.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body: a string is sent as it is, anything else as JSON. Without it, the service's own body for this
        /// status.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The call takes longer.
    Slow {
        /// Time before the call has its effect.
        #[serde(default)]
        before: SignedDuration,
        /// Time between the effect and the answer.
        #[serde(default)]
        after: SignedDuration,
    },
    /// The body of the answer arrives in pieces.
    SlowBody {
        /// Bytes in a piece.
        chunk: usize,
        /// Time before each piece.
        pause: SignedDuration,
    },
    /// The call is answered with this status at once, as by a gateway that timed out, and has its effect all the same,
    /// later.
    Late {
        /// The HTTP status of the answer.
        code: u16,
        /// Time until the effect.
        after: SignedDuration,
    },
    /// The connection is closed, and the call has no effect.
    CutBefore,
    /// The call has its effect, then the connection is closed without an answer.
    CutAfter,
    /// The connection is closed after half of the body.
    CutBody,
    /// A field is missing from the stored document.
    DropField {
        /// JSON pointer to it.
        pointer: String,
        /// Whether the answer to the write still shows it.
        #[serde(default)]
        silently: bool,
    },
    /// A field of the stored document has another value.
    ChangeField {
        /// JSON pointer to it.
        pointer: String,
        /// The value that is set there.
        value: Value,
        /// Whether the answer to the write still shows what was sent.
        #[serde(default)]
        silently: bool,
    },
    /// A list page holds fewer documents and is the last page; with no document, 204.
    ShrunkenList {
        /// How many documents are left on the page; none by default.
        #[serde(default)]
        keep: usize,
    },
    /// A list does not yet show what was created shortly before.
    ListLag {
        /// Time until lists show it.
        by: SignedDuration,
    },
    /// A list page repeats the documents of the previous page.
    RepeatPage,
    /// The documents of a list page are shuffled.
    Reorder {
        /// The start of the random numbers.
        #[serde(default)]
        seed: u64,
    },
    /// The body is cut in the middle, with a matching `Content-Length`.
    BadJson,
    /// The body is an object that contains the expected array.
    NotArray,
    /// Wherever the body has this text, it has other bytes, as from a service that cuts texts between bytes.
    ReplaceBytes {
        /// The text to replace.
        find: String,
        /// The replacement; `\xHH` is the byte HH.
        with: String,
    },
    /// `Content-Length` is wrong by this amount.
    WrongContentLength {
        /// Bytes added to the true length.
        delta: i64,
    },
    /// The body is this long.
    HugeBody {
        /// How many bytes the body has.
        bytes: u64,
    },
    /// `Link` points to another host.
    LinkElsewhere {
        /// Scheme and host, `http://127.0.0.1:9`.
        origin: String,
    },
    /// `Link` points back to the same page.
    LinkCircle,
    /// `Link` is a path without a host.
    LinkRelative,
    /// The call is answered with 200 and an error in the body, and has no effect.
    OkWithErrorBody,
}
