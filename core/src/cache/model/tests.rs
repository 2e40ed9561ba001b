use super::*;
use crate::types::Rng;

fn entry(recency: u64, returns: u32, size: u64) -> Features {
    Features {
        recency,
        age: recency + 10,
        frequency: returns + 1,
        returns,
        size,
        gaps: [(returns > 0).then_some(100), None, None],
        time_to_expiry: None,
    }
}

fn sample(features: Features, after: Option<u64>) -> Sample {
    let outcome = match after {
        Some(after) => Outcome::Again { after },
        None => Outcome::NotAgain { within: 4_000 },
    };
    Sample { features, outcome }
}

/// A model after a few thousand samples: what returned comes back soon, the rest seldom.
fn taught() -> Model {
    let (mut model, mut rng) = (Model::new(), Rng::new(1));
    for _ in 0..3_000 {
        let returns = rng.below(2) as u32;
        let comes = rng.chance(if returns > 0 { 900_000 } else { 50_000 });
        let after = comes.then(|| rng.between(1, 400));
        model.learn(&sample(entry(rng.below(1_000), returns, 100), after));
    }
    model
}

#[test]
fn what_comes_back_is_worth_more() {
    let model = taught();
    for recency in [10, 100, 500, 900] {
        let (comes, stays_away) = (entry(recency, 1, 100), entry(recency, 0, 100));
        // Ten times the rate is 3.3 octaves; it must have learned at least two of them.
        let difference = model.score(&stays_away) - model.score(&comes);
        assert!(
            i64::from(difference) > 2 * POINTS_PER_OCTAVE,
            "{difference}"
        );
    }
}

#[test]
fn the_larger_of_two_alike_goes_first() {
    let model = Model::new();
    let twice = model.score(&entry(5, 0, 2_000)) - model.score(&entry(5, 0, 1_000));
    assert!((11_900..=12_100).contains(&twice), "{twice}");
}

#[test]
fn the_rate_is_what_was_seen() {
    // Asked for after 100 ticks each time: a rate of 1 in 100 is 2^-6.6.
    let mut model = Model::new();
    for _ in 0..5_000 {
        model.learn(&sample(entry(7, 1, 1), Some(100)));
    }
    let rate = model.rate(&entry(7, 1, 1)) as f64 / ONE as f64;
    assert!((rate + 6.64).abs() < 0.1, "{rate}");
}

#[test]
fn the_same_samples_give_the_same_model() {
    assert_eq!(taught(), taught());
}

#[test]
fn a_decoded_model_goes_on_as_before() {
    let mut model = taught();
    let mut decoded = Model::decode(&model.encode()).expect("it was encoded");
    assert_eq!(decoded, model);
    let next = sample(entry(3, 1, 64), Some(9));
    model.learn(&next);
    decoded.learn(&next);
    assert_eq!(decoded.encode(), model.encode());
}

#[test]
fn what_is_no_model_is_refused() {
    let good = taught().encode();
    let of_another = postcard::to_allocvec(&9_u16).expect("integers have an encoding");
    let found = DecodeError::Format { found: 9 };
    assert_eq!(Model::decode(&of_another), Err(found));
    for length in 1..good.len().min(200) {
        assert_eq!(Model::decode(&good[..length]), Err(DecodeError::Malformed));
    }
    let bad = [
        (vec![(1_u32, 0_i32, 0_u32)]),
        vec![(2, 1, 1), (1, 1, 1)],
        vec![(u32::MAX, 1, 1)],
    ];
    for weights in bad {
        let bytes = postcard::to_allocvec(&(1_u16, 0_u64, weights)).expect("so have these");
        assert_eq!(Model::decode(&bytes), Err(DecodeError::Malformed));
    }
    let longer = [good, vec![0]].concat();
    assert_eq!(Model::decode(&longer), Err(DecodeError::Malformed));
}
