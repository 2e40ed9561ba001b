//! Logarithms and exponentials in fixed point: 16 bits behind the point.

/// One.
pub(super) const ONE: i64 = 1 << 16;

/// `log2` of a positive number; below 1 it counts as 1. The error is below 0.01.
pub(super) fn log2(value: u64) -> i64 {
    let value = value.max(1);
    let whole = value.ilog2();
    let fraction = ((u128::from(value) << 16) >> whole) as i64 - ONE;
    // log2(1 + f) is about f (1.3465 - 0.3465 f), and exactly 0 and 1 at the ends.
    i64::from(whole) * ONE + fraction * (88_246 - fraction * 22_710 / ONE) / ONE
}

/// 2 to the power of a number in fixed point, as a number in fixed point; from -16 to 16.
pub(super) fn exp2(power: i64) -> i64 {
    let power = power.clamp(-16 * ONE, 16 * ONE);
    let fraction = power.rem_euclid(ONE);
    // 2^f is about 1 + f (0.6565 + 0.3435 f), and exactly 1 and 2 at the ends.
    let value = ONE + fraction * (43_024 + fraction * 22_512 / ONE) / ONE;
    let whole = power.div_euclid(ONE);
    if whole >= 0 {
        value << whole
    } else {
        value >> -whole
    }
}

/// The logistic function to the base of 2: from 0 to 1.
pub(super) fn logistic(logit: i64) -> i64 {
    ONE * ONE / (ONE + exp2(-logit))
}
