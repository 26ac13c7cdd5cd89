//! What a worker does next, by tables.

use jiff::Timestamp;

use super::*;
use crate::fleet::definition::Member;
use crate::job::{FleetWave, Limit, WaveSize};

/// A fleet of accounts `a`, `b`, …, in waves of these sizes; `!` after a size asks for approval.
pub(in crate::fleet) fn fleet(waves: &[(u32, bool)], stop: Option<Limit>) -> Definition {
    let mut names = ('a'..='z').map(String::from);
    let mut accounts = Vec::new();
    for (index, (size, _)) in waves.iter().enumerate() {
        let wave = u32::try_from(index + 1).unwrap();
        accounts.extend(names.by_ref().take(*size as usize).map(|account| Member {
            account,
            wave,
            row: None,
        }));
    }
    let waves =
        waves.iter().map(|(size, approve)| FleetWave { size: WaveSize::Accounts(*size), approve: *approve });
    Definition { stop, ..Definition::sample("f", accounts, waves.collect()) }
}

fn results(of: &[(&str, u8)]) -> BTreeMap<String, AccountResult> {
    let result = |(account, exit_code): &(&str, u8)| AccountResult {
        account: (*account).to_owned(),
        exit_code: *exit_code,
        started_at: Timestamp::UNIX_EPOCH,
        ended_at: Timestamp::UNIX_EPOCH,
        worker: "w".into(),
        attempts: 1,
        counts: None,
        message: None,
        waits_for: None,
        folder: None,
    };
    of.iter().map(|one| (one.0.to_owned(), result(one))).collect()
}

fn start(account: &str) -> Next {
    Next::Start(account.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_wave_begins_only_when_the_one_before_ended_well_or_somebody_approved() {
    let now = Instant::now();
    let check = |asks: bool, ended: &[(&str, u8)], approved: u32, next: Next| {
        let dispatcher = Dispatcher::new(&fleet(&[(1, asks), (2, false)], None), |_| true, 8, true);
        let control = Control { approved, ..Control::default() };
        assert_eq!(dispatcher.next(&control, &results(ended), now), next, "{asks} {ended:?} {approved}");
    };
    check(false, &[], 0, start("a"));
    check(false, &[("a", 0)], 0, start("b"));
    check(true, &[("a", 0)], 0, Next::Wait(Gate::Approval(2), None));
    check(true, &[("a", 0)], 1, start("b"));
    for code in [1, 2, 3, 4, 6] {
        for asks in [false, true] {
            check(asks, &[("a", code)], 0, Next::End(Ending::Unhealthy { wave: 1, bad: 1 }));
            check(asks, &[("a", code)], 1, start("b"));
        }
    }
    check(false, &[("a", 0), ("b", 3), ("c", 0)], 0, Next::End(Ending::Finished));
}

#[tokio::test(start_paused = true)]
async fn too_many_bad_accounts_stop_it_and_what_runs_is_waited_for() {
    let now = Instant::now();
    let mut dispatcher = Dispatcher::new(&fleet(&[(10, false)], Some(Limit::Share(0.2))), |_| true, 8, true);
    let control = Control::default();
    assert_eq!(dispatcher.next(&control, &results(&[("a", 6), ("b", 3)]), now), start("c"));
    let ended = results(&[("a", 6), ("b", 4)]);
    assert_eq!(dispatcher.next(&control, &ended, now), Next::End(Ending::Stopped { bad: 2 }));
    dispatcher.started("c");
    assert_eq!(dispatcher.next(&control, &ended, now), Next::Wait(Gate::Own, None));
    let stopped = Control { state: ControlState::Stopped, ..Control::default() };
    assert_eq!(dispatcher.next(&stopped, &results(&[]), now), Next::Wait(Gate::Own, None));
    assert!(!dispatcher.ended("c", Some(130), now), "it is not over");
    assert_eq!(dispatcher.next(&stopped, &results(&[]), now), Next::End(Ending::StoppedByUser));
    let paused = Control { state: ControlState::Paused, ..Control::default() };
    assert_eq!(dispatcher.next(&paused, &results(&[]), now), Next::Wait(Gate::Paused, None));
}

#[tokio::test(start_paused = true)]
async fn what_another_run_holds_is_tried_again_until_patience_ends() {
    let mut dispatcher = Dispatcher::new(&fleet(&[(2, false)], None), |_| true, 1, true);
    let control = Control::default();
    let none = results(&[]);
    let began = Instant::now();
    for account in ["a", "b"] {
        dispatcher.started(account);
        assert!(!dispatcher.ended(account, Some(7), Instant::now()));
    }
    let next = dispatcher.next(&control, &none, Instant::now());
    assert_eq!(next, Next::Wait(Gate::Held, Some(began + HELD_PAUSE)));
    let mut times = 0;
    let ended = loop {
        match dispatcher.next(&control, &none, Instant::now()) {
            Next::Start(account) => {
                times += 1;
                dispatcher.started(&account);
                dispatcher.ended(&account, Some(7), Instant::now());
            }
            Next::Wait(_, Some(until)) => tokio::time::sleep_until(until).await,
            next => break next,
        }
    };
    assert_eq!(ended, Next::End(Ending::Held(vec!["a".into(), "b".into()])));
    assert!((20..=24).contains(&times), "{times}");
    assert!(began.elapsed() <= HELD_PATIENCE + HELD_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_error_is_tried_three_times_and_a_bad_job_once() {
    let mut dispatcher = Dispatcher::new(&fleet(&[(3, false)], None), |_| true, 1, true);
    for (account, code, results) in [("a", 1, [false, false, true]), ("b", 2, [true; 3])] {
        for is_result in results {
            dispatcher.started(account);
            assert_eq!(dispatcher.ended(account, Some(code), Instant::now()), is_result);
        }
    }
    for _ in 0..ATTEMPTS {
        tokio::time::sleep(HELD_PAUSE).await;
        assert_eq!(
            dispatcher.next(&Control::default(), &results(&[("a", 1), ("b", 2)]), Instant::now()),
            start("c")
        );
        dispatcher.started("c");
        assert!(!dispatcher.ended("c", None, Instant::now()), "killed by a signal");
    }
    tokio::time::sleep(HELD_PAUSE).await;
    let next = dispatcher.next(&Control::default(), &results(&[("a", 1), ("b", 2)]), Instant::now());
    assert_eq!(next, Next::End(Ending::Unfinished(vec!["c".into()])));
}

#[tokio::test(start_paused = true)]
async fn each_worker_does_its_own_accounts_and_waits_for_the_wave_of_all() {
    let now = Instant::now();
    let fleet = fleet(&[(2, false), (2, false)], None);
    let check = |waits: bool, ended: &[(&str, u8)], next: Next| {
        let dispatcher = Dispatcher::new(&fleet, |at| at % 2 == 0, 8, waits);
        assert_eq!(dispatcher.next(&Control::default(), &results(ended), now), next, "{ended:?}");
    };
    check(true, &[], start("a"));
    check(true, &[("a", 0)], Next::Wait(Gate::Others, None));
    check(false, &[("a", 0)], Next::End(Ending::Waiting(Gate::Others)));
    check(true, &[("a", 0), ("b", 0)], start("c"));
}

#[tokio::test(start_paused = true)]
async fn a_wave_without_accounts_asks_for_its_approval_too_and_status_says_so() {
    let now = Instant::now();
    let check = |waves: &[(u32, bool)], ended: &[(&str, u8)], wave: u32, account: &str| {
        let fleet = fleet(waves, None);
        let dispatcher = Dispatcher::new(&fleet, |_| true, 8, true);
        let (before, results) = (Control::default(), results(ended));
        let waits = Next::Wait(Gate::Approval(wave), None);
        assert_eq!(dispatcher.next(&before, &results, now), waits, "{waves:?}");
        let status = crate::fleet::status(&fleet, &before, &results, &[], Timestamp::UNIX_EPOCH);
        let next = status.next.map(|next| next.wave);
        assert_eq!(next, Some(wave), "what is waited for can be approved: {waves:?}");
        let approved = Control { approved: wave - 1, ..Control::default() };
        assert_eq!(dispatcher.next(&approved, &results, now), start(account), "{waves:?}");
    };
    check(&[(0, true), (2, false)], &[], 2, "a");
    check(&[(1, true), (0, false), (2, false)], &[("a", 0)], 3, "b");
    check(&[(1, false), (0, true), (2, false)], &[("a", 0)], 3, "b");
}
