//! The bucket, under a clock of the test's own.

use std::time::Duration;

use tokio::time::Instant;

use crate::simulate::capacity::{Bucket, Rate};

/// How many of `attempts` writes of one unit are taken, `every` so often.
fn taken(bucket: &mut Bucket, from: Instant, every: Duration, attempts: u32) -> usize {
    (0..attempts).filter(|attempt| bucket.take(from + every * *attempt, 1.0)).count()
}

#[test]
fn a_thousand_units_a_second_are_taken_for_ever() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert_eq!(taken(&mut bucket, start, Duration::from_millis(1), 10_000), 10_000);
}

#[test]
fn of_ten_thousand_units_in_a_second_a_thousand_and_the_burst_are_taken() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    let taken = taken(&mut bucket, start, Duration::from_micros(100), 10_000);
    assert!((1_099..=1_100).contains(&taken), "{taken}");
}

#[test]
fn a_burst_is_a_tenth_of_a_second() {
    let start = Instant::now();
    assert_eq!(taken(&mut Bucket::full(Rate::WRITE, start), start, Duration::ZERO, 1_000), 100);
    assert_eq!(taken(&mut Bucket::full(Rate::READ, start), start, Duration::ZERO, 1_000), 300);
}

#[test]
fn a_pause_saves_up_no_more_than_the_burst() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert_eq!(taken(&mut bucket, start, Duration::ZERO, 1_000), 100);
    let later = start + Duration::from_hours(1);
    assert_eq!(taken(&mut bucket, later, Duration::ZERO, 1_000), 100);
}

#[test]
fn what_is_larger_than_the_burst_is_taken_once_and_paid_for_afterwards() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert!(bucket.take(start, 800.0));
    assert!(!bucket.take(start + Duration::from_millis(700), 1.0));
    assert!(bucket.take(start + Duration::from_millis(702), 1.0));
}

#[test]
fn a_refused_attempt_costs_nothing() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert!(bucket.take(start, 100.0));
    assert_eq!(taken(&mut bucket, start, Duration::ZERO, 1_000), 0);
    assert!(bucket.take(start + Duration::from_millis(2), 1.0));
}

#[test]
fn a_correction_is_paid_before_the_next_unit() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert!(bucket.take(start, 100.0));
    bucket.settle(50.0);
    assert!(!bucket.take(start + Duration::from_millis(50), 1.0));
    assert!(bucket.take(start + Duration::from_millis(52), 1.0));
}

#[test]
fn a_clock_that_goes_back_gives_no_units() {
    let start = Instant::now() + Duration::from_secs(10);
    let mut bucket = Bucket::full(Rate::WRITE, start);
    assert!(bucket.take(start, 100.0));
    assert!(!bucket.take(start.checked_sub(Duration::from_secs(5)).unwrap(), 1.0));
    assert!(!bucket.take(start, 1.0));
}
