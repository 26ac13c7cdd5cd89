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
    /// Faults, each looked at for every call, in this order.
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
    /// Which calls are looked at; all of them when nothing is said.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Only the n-th matching call, counted from one.
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
    /// What the draws start from.
    #[serde(default)]
    pub seed: u64,
    /// Whether a cut is a reset of the connection rather than its end.
    #[serde(default)]
    pub reset: bool,
    /// What happens to the call.
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
    /// The method, in any case.
    pub method: Option<String>,
    /// A glob over the path, in which `*` stays between slashes.
    pub path: Option<String>,
    /// A name, or a glob over names: of the document sent or, by the id in the path, of the stored one.
    pub name: Option<String>,
    /// The name of the account.
    pub account: Option<String>,
    /// A glob over the query string.
    pub query: Option<String>,
}

/// What happens to a call.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is answered with this status and nothing is done.
    Status {
        /// The HTTP status of the answer.
        code: u16,
        /// `Retry-After`, word for word; a 429 has none without it.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body: a string as it is, anything else as JSON. The service's own for the status when absent.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The answer takes longer.
    Slow {
        /// Time before anything is done.
        #[serde(default)]
        before: SignedDuration,
        /// Time between doing it and answering.
        #[serde(default)]
        after: SignedDuration,
    },
    /// The body of the answer comes in pieces.
    SlowBody {
        /// Bytes in a piece.
        chunk: usize,
        /// Time before each piece.
        pause: SignedDuration,
    },
    /// It is answered with this status at once, as a gateway does that waited long enough, and is done all the same,
    /// later.
    Late {
        /// The HTTP status of the answer.
        code: u16,
        /// Time until it is done.
        after: SignedDuration,
    },
    /// The connection is closed and nothing is done.
    CutBefore,
    /// What was asked for is done, then the connection is closed without an answer.
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
        /// The value that is written there.
        value: Value,
        /// Whether the answer to the write still shows what was sent.
        #[serde(default)]
        silently: bool,
    },
    /// A list page holds fewer documents and is the last; none: 204.
    ShrunkenList {
        /// How many documents are left on the page; none by default.
        #[serde(default)]
        keep: usize,
    },
    /// A list does not show yet what was made so shortly before.
    ListLag {
        /// Time until lists show it.
        by: SignedDuration,
    },
    /// A list page repeats the documents of the page before.
    RepeatPage,
    /// The documents of a list page are shuffled.
    Reorder {
        /// What the shuffle starts from.
        #[serde(default)]
        seed: u64,
    },
    /// The body is cut in the middle, with a length that fits.
    BadJson,
    /// The body is an object around what it should be.
    NotArray,
    /// Other bytes stand in the body wherever it has this text: what a service sends that cuts texts by bytes.
    ReplaceBytes {
        /// The text that is looked for.
        find: String,
        /// What stands in its place; `\xHH` is the byte HH.
        with: String,
    },
    /// `Content-Length` is off by so much.
    WrongContentLength {
        /// Bytes added to the true length.
        delta: i64,
    },
    /// The body is this long.
    HugeBody {
        /// How many bytes the body has.
        bytes: u64,
    },
    /// `Link` leads to another host.
    LinkElsewhere {
        /// Scheme and host, `http://127.0.0.1:9`.
        origin: String,
    },
    /// `Link` leads back to the same page.
    LinkCircle,
    /// `Link` is a path without a host.
    LinkRelative,
    /// It is answered 200 with an error in the body, and nothing is done.
    OkWithErrorBody,
}
