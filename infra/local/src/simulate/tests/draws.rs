//! The distributions, by sampling them.

use crate::simulate::Profile;
use crate::simulate::draws::{Draw, Draws, Failure, Fault};

const CALLS: usize = 100_000;

fn draws(profile: Profile, seed: u64) -> Vec<Draw> {
    let mut draws = Draws::new(profile, seed);
    (0..CALLS).map(|_| draws.next()).collect()
}

fn share(draws: &[Draw], of: impl Fn(Fault) -> bool) -> f64 {
    let count = draws.iter().filter(|draw| draw.fault.is_some_and(&of)).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(draws.len()).unwrap())
}

fn assert_near(measured: f64, expected: f64) {
    assert!((measured - expected).abs() < expected * 0.05, "{measured} should be about {expected}");
}

#[test]
fn latencies_have_a_median_of_4_ms_and_a_99th_percentile_of_15_ms() {
    let mut latencies: Vec<_> = draws(Profile::Aws, 1).iter().map(|draw| draw.latency).collect();
    latencies.sort_unstable();
    assert_near(latencies[CALLS / 2].as_secs_f64(), 0.004);
    assert_near(latencies[CALLS * 99 / 100].as_secs_f64(), 0.015);
    assert!(!latencies[0].is_zero());
}

#[test]
fn the_effect_falls_anywhere_within_the_latency() {
    let draws = draws(Profile::Aws, 1);
    assert!(draws.iter().all(|draw| draw.effect_after <= draw.latency));
    let sum: f64 = draws.iter().map(|draw| draw.effect_after.div_duration_f64(draw.latency)).sum();
    assert_near(sum / 100_000.0, 0.5);
}

#[test]
fn a_fifth_of_the_calls_fails_half_of_those_after_their_effect() {
    let draws = draws(Profile::Faults, 1);
    assert_near(share(&draws, |fault| fault.takes_effect), 0.10);
    assert_near(share(&draws, |fault| !fault.takes_effect), 0.10);
}

#[test]
fn each_failure_is_a_third_of_the_faults() {
    let draws = draws(Profile::Faults, 1);
    for failure in [Failure::Internal, Failure::Throttled, Failure::Cut] {
        assert_near(share(&draws, |fault| fault.failure == failure), 0.2 / 3.0);
    }
}

#[test]
fn what_is_throttled_never_took_effect() {
    let draws = draws(Profile::Faults, 1);
    assert!(share(&draws, |fault| fault.takes_effect && fault.failure == Failure::Throttled) < f64::EPSILON);
}

#[test]
fn without_the_faults_profile_nothing_fails() {
    assert!(share(&draws(Profile::Aws, 1), |_| true) < f64::EPSILON);
}

#[test]
fn the_same_seed_gives_the_same_draws_and_another_seed_others() {
    assert_eq!(draws(Profile::Faults, 1), draws(Profile::Faults, 1));
    assert_ne!(draws(Profile::Faults, 1), draws(Profile::Faults, 2));
}

#[test]
fn both_profiles_draw_the_same_latencies() {
    let latencies = |profile| draws(profile, 1).into_iter().map(|draw| draw.latency).collect::<Vec<_>>();
    assert_eq!(latencies(Profile::Aws), latencies(Profile::Faults));
}
