//! The rules of the budget.

use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn budget(per_second: f64, burst: u32, share: f64) -> Budget {
    Budget::new(BudgetOptions { per_second, burst, share }, fastrand::Rng::with_seed(7)).unwrap()
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// The largest number of permits in any window, minus what the window allows. More than 0 is a violation.
fn excess(times: &[Duration], burst: f64, rate: f64) -> f64 {
    // Every relevant window starts and ends at a permit: this is the largest sum of a range (Kadane).
    let (mut worst, mut lowest) = (f64::MIN, f64::MAX);
    for (index, time) in (0..).zip(times) {
        let level = f64::from(index) - rate * time.as_secs_f64();
        lowest = lowest.min(level);
        worst = worst.max(level - lowest + 1.0 - burst);
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_window_there_are_no_more_permits_than_burst_and_rate_allow(
        per_second in 5.0..2000.0_f64,
        burst in 25..1500_u32,
        share in 0.1..=1.0_f64,
        seed: u64,
        refusals in 0..4_u32,
    ) {
        let times = paused(async {
            let budget = budget(per_second, burst, share);
            let start = Instant::now();
            let mut random = fastrand::Rng::with_seed(seed);
            let mut times = Vec::new();
            for _ in 0..20 {
                let wave = (0..random.usize(1..200)).map(|_| async { (budget.permit().await, start.elapsed()) });
                let permits = join_all(wave).await;
                times.extend(permits.iter().map(|(_, time)| *time));
                if random.u32(0..10) < refusals {
                    budget.throttled(permits[0].0, Some(Duration::from_millis(random.u64(0..4000))));
                }
                let rest = if random.u32(0..8) == 0 { 15.0 } else { 0.3 };
                sleep(Duration::from_secs_f64(random.f64() * rest)).await;
            }
            times
        });
        let excess = excess(&times, f64::from(burst), per_second * share);
        prop_assert!(excess <= 1e-6, "{excess} permits too many");
    }
}

#[test]
fn a_fresh_budget_gives_98_percent_of_the_burst_at_once_and_then_the_rate() {
    paused(async {
        let budget = budget(300.0, 1000, 0.9);
        let start = Instant::now();
        for _ in 0..980 {
            assert_eq!(budget.permit().await.waited, Duration::ZERO);
        }
        for _ in 0..2700 {
            let _permit = budget.permit().await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((10.0..10.05).contains(&took), "{took}");
    });
}

#[test]
fn waiting_is_first_come_first_served() {
    paused(async {
        let budget = budget(100.0, 1, 1.0);
        let order = Mutex::new(Vec::new());
        join_all((0..50).map(|number| {
            let (budget, order) = (&budget, &order);
            async move {
                let _permit = budget.permit().await;
                order.lock().unwrap().push(number);
            }
        }))
        .await;
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn dropping_a_waiter_gives_up_its_place_and_spends_nothing() {
    paused(async {
        let budget = budget(100.0, 1, 1.0);
        let _permit = budget.permit().await;
        let start = Instant::now();
        assert!(tokio::time::timeout(Duration::from_millis(3), budget.permit()).await.is_err());
        let _permit = budget.permit().await;
        assert!(start.elapsed() <= Duration::from_millis(12), "{:?}", start.elapsed());
    });
}

#[test]
fn a_pause_holds_everybody_and_only_moves_forward() {
    paused(async {
        let budget = budget(300.0, 1000, 1.0);
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::from_secs(10)));
        budget.throttled(permit, Some(Duration::from_secs(2)));
        let left = budget.paused_for();
        assert!(left >= Duration::from_secs(10) && left <= Duration::from_millis(10_250), "{left:?}");
        let waits = join_all((0..5).map(|_| budget.permit())).await;
        assert!(waits.iter().all(|permit| permit.waited >= Duration::from_secs(10)));
        assert_eq!(budget.paused_for(), Duration::ZERO);
    });
}

#[test]
fn a_pause_set_while_the_first_in_line_sleeps_holds_it_too() {
    paused(async {
        let budget = budget(10.0, 1, 1.0);
        let permit = budget.permit().await;
        let waiting = budget.permit();
        let pausing = async {
            sleep(Duration::from_millis(50)).await;
            budget.throttled(permit, Some(Duration::from_secs(5)));
        };
        let (second, ()) = tokio::join!(waiting, pausing);
        assert!(second.waited >= Duration::from_secs(5));
    });
}

#[test]
fn the_refusals_of_one_episode_cut_the_rate_once() {
    paused(async {
        let budget = budget(300.0, 1000, 1.0);
        let permits = join_all((0..20).map(|_| budget.permit())).await;
        for permit in permits {
            budget.throttled(permit, Some(Duration::from_secs(2)));
        }
        assert!((budget.rate() - 270.0).abs() < 1e-9);
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::from_secs(2)));
        assert!((budget.rate() - 243.0).abs() < 1e-9);
    });
}

#[test]
fn the_rate_comes_back_by_1_percent_a_second_and_no_further_than_configured() {
    paused(async {
        let budget = budget(300.0, 1000, 1.0);
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::from_secs(2)));
        let _resumed = budget.permit().await;
        sleep(Duration::from_secs(5)).await;
        let _later = budget.permit().await;
        assert!((budget.rate() - 285.0).abs() < 0.5, "{}", budget.rate());
        sleep(Duration::from_mins(1)).await;
        let _later = budget.permit().await;
        assert!((budget.rate() - 300.0).abs() < 1e-9);
    });
}

#[test]
fn after_a_pause_80_percent_of_the_refill_can_be_had_at_once() {
    paused(async {
        let budget = budget(300.0, 1000, 1.0);
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::from_secs(2)));
        let _first = budget.permit().await;
        let resumed = Instant::now();
        let mut at_once = 1;
        while budget.permit().await.waited.is_zero() {
            at_once += 1;
        }
        assert!(resumed.elapsed() < Duration::from_millis(10));
        assert!(
            (0.8 * 270.0 * 2.0 - 1.0..0.8 * 270.0 * 2.25 + 1.0).contains(&f64::from(at_once)),
            "{at_once}"
        );
    });
}

#[test]
fn a_service_that_says_retry_after_0_for_ever_is_asked_less_and_less_often() {
    paused(async {
        let budget = budget(300.0, 1000, 1.0);
        let start = Instant::now();
        for _ in 0..20 {
            let permit = budget.permit().await;
            budget.throttled(permit, Some(Duration::ZERO));
        }
        let took = start.elapsed();
        assert!(took > Duration::from_secs(30), "{took:?}");
        budget.accepted();
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::ZERO));
        let left = budget.paused_for();
        assert!(left >= Duration::from_millis(100) && left <= Duration::from_millis(110), "{left:?}");
    });
}

#[test]
fn an_infinite_rate_has_no_limit_but_keeps_pauses() {
    paused(async {
        let budget = budget(f64::INFINITY, 1, 0.9);
        let start = Instant::now();
        for _ in 0..10_000 {
            let _permit = budget.permit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        let permit = budget.permit().await;
        budget.throttled(permit, None);
        assert!(budget.permit().await.waited >= Duration::from_secs(2));
    });
}

#[test]
fn a_budget_that_cannot_be_kept_is_refused_by_name() {
    let new = |per_second, burst, share| {
        Budget::new(BudgetOptions { per_second, burst, share }, fastrand::Rng::with_seed(0)).map(drop)
    };
    assert_eq!(new(0.0, 10, 1.0), Err(BudgetError::Rate(0.0)));
    assert!(matches!(new(f64::NAN, 10, 1.0), Err(BudgetError::Rate(_))));
    assert_eq!(new(1.0, 10, 0.0), Err(BudgetError::Share(0.0)));
    assert_eq!(new(1.0, 10, 1.1), Err(BudgetError::Share(1.1)));
    assert_eq!(new(1.0, 0, 1.0), Err(BudgetError::Burst { burst: 0, least: 1 }));
    assert_eq!(new(1000.0, 5, 1.0), Err(BudgetError::Burst { burst: 5, least: 11 }));
    assert_eq!(new(1000.0, 11, 1.0), Ok(()));
}

/// How many calls a budget lets through in this number of seconds.
async fn calls(budget: &Budget, seconds: u64) -> u32 {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut calls = 0;
    while tokio::time::timeout_at(end, budget.permit()).await.is_ok() {
        calls += 1;
    }
    calls
}

#[test]
fn processes_that_share_an_account_together_take_what_one_would() {
    let holders = |count: u32| NonZeroU32::new(count).unwrap();
    paused(async {
        let budget = budget(100.0, 100, 0.5);
        budget.share_among(holders(4));
        assert!((budget.rate() - 12.5).abs() < 1e-9);
        // A quarter of the burst, which is full at first, and then of the rate.
        let quarter = calls(&budget, 10).await;
        assert!((24 + 123..=24 + 126).contains(&quarter), "{quarter}");
        budget.share_among(holders(1));
        let alone = calls(&budget, 10).await;
        assert!((498..=502).contains(&alone), "{alone}: what others saved up is not taken over");
        // The saved-up calls are divided when processes join.
        tokio::time::sleep(Duration::from_mins(1)).await;
        budget.share_among(holders(2));
        let shared = calls(&budget, 10).await;
        assert!((49 + 248..=49 + 252).contains(&shared), "{shared}");
        // The reduction of the rate after a 429 is kept, in proportion.
        let permit = budget.permit().await;
        budget.throttled(permit, Some(Duration::from_secs(1)));
        let slowed = budget.rate();
        budget.share_among(holders(4));
        assert!((budget.rate() - slowed / 2.0).abs() < 1e-9);
    });
}

#[test]
fn one_that_comes_beside_others_begins_slowly_until_they_have_counted_it() {
    let holders = |count: u32| NonZeroU32::new(count).unwrap();
    paused(async {
        let alone = budget(100.0, 100, 0.5);
        alone.join(holders(1));
        assert!((alone.rate() - 50.0).abs() < 1e-9);
        // A tenth of half the burst, and of half the rate, which comes back slowly.
        let newcomer = budget(100.0, 100, 0.5);
        newcomer.join(holders(2));
        assert!((newcomer.rate() - 2.5).abs() < 1e-9);
        let before = calls(&newcomer, 10).await;
        assert!((25..=50).contains(&before), "{before}");
        // The second time, the others have counted it.
        newcomer.share_among(holders(2));
        assert!((newcomer.rate() - 25.0).abs() < 1e-9);
        let counted = calls(&newcomer, 10).await;
        assert!((248..=254).contains(&counted), "{counted}");
    });
}

/// Sends 10,000 calls from 64 callers to a service whose bucket starts at `level` and loses `others` calls a second to
/// other clients. Returns the time taken, divided by the least that the bucket allows, and the share of calls that were
/// refused.
async fn against_a_bucket(mut level: f64, others: f64) -> (f64, f64) {
    let budget = &budget(300.0, 1000, 1.0);
    let (start, began, calls) = (level, Instant::now(), 10_000);
    let mut seen = began;
    let service = &Mutex::new(move || {
        let gone = seen.elapsed().as_secs_f64();
        seen = Instant::now();
        level = ((level + gone * 300.0).min(1000.0) - gone * others).max(0.0);
        let taken = level >= 1.0;
        level -= f64::from(u8::from(taken));
        taken
    });
    let (done, refused) = (&std::cell::Cell::new(0), &std::cell::Cell::new(0));
    let caller = |number: u64| async move {
        let mut random = fastrand::Rng::with_seed(number);
        while done.get() < calls {
            let permit = budget.permit().await;
            sleep(Duration::from_millis(random.u64(1..8))).await;
            let taken = service.lock().unwrap()();
            if taken {
                budget.accepted();
                done.set(done.get() + 1);
            } else {
                refused.set(refused.get() + 1);
                budget.throttled(permit, Some(Duration::from_secs(2)));
            }
        }
    };
    join_all((0..64).map(caller)).await;
    let all = f64::from(done.get() + refused.get());
    (began.elapsed().as_secs_f64() * (300.0 - others) / (all - start), f64::from(refused.get()) / all)
}

#[test]
fn of_what_the_service_gives_hardly_anything_is_left_unused() {
    for (level, others) in [(1000.0, 0.0), (0.0, 0.0), (1000.0, 100.0)] {
        let (took, refused) = paused(against_a_bucket(level, others));
        assert!(took < 1.03, "a bucket of {level}, {others} a second taken: {took} of the time");
        assert!(
            refused < 0.01,
            "a bucket of {level}, {others} a second taken: {refused} of the calls refused"
        );
    }
}
