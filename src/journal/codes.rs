//! Codes of ends that the journal itself tells apart.

/// The code with which an item ends whose call was never sent.
pub const NOT_SENT: &str = "not_sent";

/// The code of an item whose call was sent several times, and the last time nothing came back.
pub const NO_ANSWER: &str = "no_answer";

/// The code of an item whose call was sent several times, and the last answer does not say that it had its effect, or that it never will.
pub const GIVEN_UP: &str = "given_up";
