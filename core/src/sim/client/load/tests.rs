//! How often keys, sizes and gaps are drawn, against what the words promise.

use super::{Load, exponential, log2, power, roots};
use crate::sim::{Distribution, Gaps, Operation, Workload};
use crate::types::{Duration, Instant, Rng};

/// How often each key was asked for in so many draws.
fn counts(workload: &Workload, draws: usize) -> Vec<usize> {
    let mut load = Load::new(workload, Instant::ZERO, 5);
    let mut counts = vec![0; workload.keys as usize];
    for _ in 0..draws {
        let (Operation::Get { key, .. } | Operation::Put { key, .. }, _) = load.draw() else {
            panic!("a workload reads and puts");
        };
        let number: usize = key[1..].parse().expect("k and a number");
        counts[number - 1] += 1;
    }
    counts
}

fn workload(distribution: Distribution) -> Workload {
    Workload {
        distribution,
        ..Workload::new(1_000, 100)
    }
}

#[test]
fn logarithms_and_powers_of_2_agree_with_floats() {
    let roots = roots();
    for number in [1, 2, 3, 7, 10, 1_000, 65_537, 100_000, 1 << 32] {
        let log = log2(number) as f64 / (1_u64 << 32) as f64;
        assert!(
            (log - (number as f64).log2()).abs() < 1e-8,
            "log2 {number}: {log}"
        );
        let power = power(u128::from(log2(number)), &roots) as f64 / (1_u64 << 40) as f64;
        assert!(
            (power - 1.0 / number as f64).abs() < 1e-8,
            "1/{number}: {power}"
        );
    }
}

#[test]
fn a_zipf_key_is_asked_for_as_often_as_its_place_says() {
    let counts = counts(&workload(Distribution::Zipf), 100_000);
    // With exponent 1 the n-th of 100 keys has a share of 1 / n / 5.187.
    for (place, expected) in [(1, 19_277), (2, 9_639), (10, 1_928)] {
        let count = counts[place - 1];
        assert!(
            count.abs_diff(expected) < expected / 10,
            "key {place}: {count}"
        );
    }
    let flat = Workload {
        skew: 0,
        ..workload(Distribution::Zipf)
    };
    let counts = super::tests::counts(&flat, 100_000);
    assert!(counts.iter().all(|count| count.abs_diff(1_000) < 200));
}

#[test]
fn other_distributions_are_what_their_words_say() {
    let uniform = counts(&workload(Distribution::Uniform), 100_000);
    assert!(uniform.iter().all(|count| count.abs_diff(1_000) < 200));
    let scan = counts(&workload(Distribution::Scan), 250);
    assert!(scan[..50].iter().all(|count| *count == 3));
    assert!(scan[50..].iter().all(|count| *count == 2));
}

#[test]
fn popularity_shifts_with_time() {
    let shifting = Workload {
        shift_every: Duration::secs(1),
        gaps: Gaps::Constant,
        ..workload(Distribution::Shifting)
    };
    let mut load = Load::new(&shifting, Instant::ZERO, 5);
    for second in 0..3 {
        let mut counts = vec![0; 100];
        for _ in 0..999 {
            let (Operation::Get { key, .. } | Operation::Put { key, .. }, _) = load.draw() else {
                panic!("a workload reads and puts");
            };
            counts[key[1..].parse::<usize>().expect("a number") - 1] += 1;
        }
        let most = counts.iter().max();
        let popular = counts.iter().position(|count| Some(count) == most);
        assert_eq!(popular, Some(second * 10), "in second {second}");
    }
}

#[test]
fn gaps_have_the_mean_that_the_rate_says() {
    let mut rng = Rng::new(9);
    let draws: Vec<u64> = (0..100_000).map(|_| exponential(&mut rng, 100)).collect();
    let mean = draws.iter().sum::<u64>() / 100_000;
    assert!(mean.abs_diff(10_000) < 200, "{mean}");
    // Of an exponential distribution, 1/e is beyond the mean.
    let beyond = draws.iter().filter(|gap| **gap > 10_000).count();
    assert!(beyond.abs_diff(36_788) < 1_000, "{beyond}");
}

#[test]
fn each_key_has_its_size_and_a_long_tail_has_few_large_ones() {
    let tail = Workload {
        reads_percent: 0,
        value_least: 10,
        value_most: 10_250,
        long_tail: true,
        ..workload(Distribution::Scan)
    };
    let mut load = Load::new(&tail, Instant::ZERO, 5);
    let mut sizes = Vec::new();
    for _ in 0..200 {
        let (Operation::Put { value, .. }, None) = load.draw() else {
            panic!("it only writes");
        };
        sizes.push(value.len());
    }
    assert_eq!(sizes[..100], sizes[100..]);
    assert!(sizes.iter().all(|size| (10..=10_250).contains(size)));
    let large = sizes[..100].iter().filter(|size| **size > 5_130).count();
    assert!(
        (1..25).contains(&large),
        "{large} of 100 are in the upper half"
    );
}
