//! Bytes of others cannot lead a reader deeper than the stack goes.

use super::book::{Book, get};
use crate::cache::{Answer, Config, Operation, Refusal, Stamped};

fn nested(levels: usize) -> Operation {
    (0..levels).fold(get("k"), |inner, _| Operation::Batch(vec![inner]))
}

#[test]
fn a_million_batches_in_each_other_are_refused_and_read_by_nobody() {
    let mut bytes = postcard::to_allocvec(&nested(1)).expect("it can be encoded");
    let level = bytes[..2].to_vec();
    for levels in [3, 1_000_000] {
        bytes = level.repeat(levels);
        bytes.extend(postcard::to_allocvec(&get("k")).expect("it can be encoded"));
        assert!(
            postcard::from_bytes::<Operation>(&bytes).is_err(),
            "{levels}"
        );
    }
    bytes.truncate(100_000);
    assert!(Stamped::decode(&bytes).is_err());
}

#[test]
fn a_batch_in_a_batch_is_refused_in_words() {
    let operation = nested(2);
    let bytes = postcard::to_allocvec(&operation).expect("it can be encoded");
    assert_eq!(postcard::from_bytes(&bytes), Ok(operation.clone()));
    let answer = Book::new(Config::default()).does(operation);
    assert_eq!(answer, Answer::Refused(Refusal::BatchInBatch));
}

#[test]
fn answers_nest_as_deep_as_batches_do() {
    let answer = |at, answer: Answer| Answer::BatchNotDone {
        at,
        answer: Box::new(answer),
    };
    let whole = Answer::Batch(vec![Answer::Advanced, Answer::Configured]);
    for good in [answer(1, Answer::Refused(Refusal::KeyEmpty)), whole] {
        let bytes = postcard::to_allocvec(&good).expect("it can be encoded");
        assert_eq!(postcard::from_bytes(&bytes), Ok(good));
    }
    let deep = answer(0, answer(0, Answer::Advanced));
    let bytes = postcard::to_allocvec(&deep).expect("it can be encoded");
    let level = bytes[..2].to_vec();
    let mut deep = level.repeat(1_000_000);
    deep.extend(&bytes);
    assert!(postcard::from_bytes::<Answer>(&deep).is_err());
}
