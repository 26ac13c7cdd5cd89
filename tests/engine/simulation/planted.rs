//! Faults that were the engine's own once, planted back one at a time: the simulator must find each.

use transship::documents::planted::{
    ANY_ANSWER, IDENTITY_BY_TIME, INTENT_BEFORE_PERMIT, NO_LOOK_BEFORE, ONE_LOOK, STALE_WRITE,
    UNREADABLE_AS_EMPTY, plant,
};

use super::{DRIFT, story};

/// Stories after which a fault counts as one that is not found.
const MOST: u64 = 2_000;

/// Plants a fault, and tells stories until one breaks one of these laws. It may break others besides: what a fault leads to
/// depends on the story.
///
/// Stories are told from seed `from` on: where the fault was found last, so that the test is over soon. Where the engine
/// has changed since, it is found a little later.
#[expect(clippy::print_stdout, reason = "what was found is worth a line of the long form")]
fn finds(fault: &'static str, from: u64, laws: &[&str]) {
    let _planted = plant(fault);
    let breaks = |seed: u64| {
        let law = story::tell(seed, DRIFT).result.err()?;
        laws.iter().any(|of| law.contains(of)).then_some((seed, law))
    };
    let (seed, law) = (from..from + MOST)
        .find_map(breaks)
        .unwrap_or_else(|| panic!("{MOST} stories did not find: {fault}"));
    println!("{fault}: seed {seed}: {law}");
}

#[test]
fn identity_by_time_is_found() {
    finds(IDENTITY_BY_TIME, 49, &["was sent again", "silent copy", "somebody else made"]);
}

#[test]
fn an_intent_before_its_permit_is_found() {
    finds(INTENT_BEFORE_PERMIT, 360, &["after the first signal"]);
}

#[test]
fn an_unreadable_document_read_as_an_empty_one_is_found() {
    finds(UNREADABLE_AS_EMPTY, 27, &["that cannot be read"]);
}

#[test]
fn a_create_that_is_sent_again_after_one_look_is_found() {
    finds(ONE_LOOK, 1148, &["was sent again", "silent copy"]);
}

#[test]
fn a_resume_that_does_not_look_first_is_found() {
    finds(NO_LOOK_BEFORE, 253, &["was sent again", "silent copy"]);
}

#[test]
fn an_answer_that_is_believed_whatever_it_names_is_found() {
    finds(ANY_ANSWER, 310, &["somebody else made", "two items own"]);
}

#[test]
fn a_write_over_what_moved_is_found() {
    finds(STALE_WRITE, 157, &["an edit that the engine had seen", "which Colleague wrote last"]);
}
