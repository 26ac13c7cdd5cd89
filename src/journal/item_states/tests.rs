//! What is kept of items, step by step.

use super::*;
use crate::journal::record::Call;
use crate::model::Fingerprint;

#[test]
fn a_state_is_small_and_its_id_is_told_as_it_was() {
    assert!(size_of::<ItemState<KeptId>>() <= 15);
    let ids = ["5f7c579b6411271af4e7cefa", "snapshot", "snapshot", "5F7C579B6411271AF4E7CEFA", "snapshot"];
    let mut states = ItemStates::blank(5);
    for (item, id) in (1..).map(ItemKey).zip(ids) {
        let sha256 = Fingerprint::of(b"");
        states.step(item, &Step::Archived { snapshot: Id::from(id), sha256 }).unwrap();
    }
    assert!(states.states().map(|state| state.target().cloned()).eq(ids.map(|id| Some(Id::from(id)))));
    assert_eq!(states.odd.len(), 3);
}

#[test]
fn what_was_sent_again_is_remembered_after_it_is_resolved() {
    let item = ItemKey(1);
    let intended = |operation, attempt| Step::Intended {
        operation,
        call: Call::Operation,
        attempt,
        server_time: None,
        before_sha256: None,
    };
    for (operation, attempts, again) in
        [(Operation::Create, 1, false), (Operation::Create, 2, true), (Operation::Update, 2, false)]
    {
        let mut states = ItemStates::blank(1);
        for attempt in 1..=attempts {
            states.step(item, &intended(operation, attempt)).unwrap();
            states.step(item, &Step::Absent).unwrap();
        }
        assert_eq!(states.made_again(), again, "{operation:?} {attempts}");
    }
}

#[test]
fn the_calls_that_complete_an_import_are_counted_until_one_had_its_effect() {
    let item = ItemKey(1);
    let intended = |call, attempt| Step::Intended {
        operation: Operation::Clone,
        call,
        attempt,
        server_time: None,
        before_sha256: None,
    };
    let applied = Step::Applied {
        target: Id::from("t"),
        status: Some(200),
        sends: 1,
        adopted: false,
        sha256: None,
        modified: None,
    };
    let mut states = ItemStates::blank(1);
    states.step(item, &intended(Call::Operation, 1)).unwrap();
    states.step(item, &applied).unwrap();
    assert_eq!(states.attempts(item), 0);
    for attempt in 1..=3 {
        states.step(item, &intended(Call::Adjust, attempt)).unwrap();
        states.step(item, &Step::Absent).unwrap();
        assert_eq!(states.attempts(item), attempt);
    }
    states.step(item, &intended(Call::Adjust, 4)).unwrap();
    states.step(item, &applied).unwrap();
    assert_eq!(states.attempts(item), 0);
}

#[test]
fn a_clone_is_remembered_as_it_was_made_until_it_is_completed() {
    let item = ItemKey(1);
    let intended = |operation, call| Step::Intended {
        operation,
        call,
        attempt: 1,
        server_time: None,
        before_sha256: None,
    };
    let applied = |modified: &str| Step::Applied {
        target: Id::from("t"),
        status: Some(201),
        sends: 1,
        adopted: false,
        sha256: None,
        modified: Some(modified.to_owned()),
    };
    for (operation, remembered) in [(Operation::Clone, Some("then")), (Operation::Create, None)] {
        let mut states = ItemStates::blank(1);
        states.step(item, &intended(operation, Call::Operation)).unwrap();
        states.step(item, &applied("then")).unwrap();
        let cloned_at = |states: &ItemStates| states.cloned(item).and_then(|cloned| cloned.modified.clone());
        assert_eq!(cloned_at(&states).as_deref(), remembered);
        states.step(item, &intended(operation, Call::Adjust)).unwrap();
        states.step(item, &Step::Absent).unwrap();
        assert_eq!(cloned_at(&states).as_deref(), remembered, "its PUT had no effect");
        states.step(item, &intended(operation, Call::Adjust)).unwrap();
        states.step(item, &applied("later")).unwrap();
        assert_eq!(states.cloned(item), None);
    }
}
