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

#[cfg(test)]
mod tests {
    use super::*;

    /// Floats are fine to judge integers by.
    fn float(value: i64) -> f64 {
        value as f64 / ONE as f64
    }

    #[test]
    fn logarithms_and_powers_are_near_the_true_ones() {
        for value in (1..5_000).chain([1 << 20, 1 << 40, u64::MAX]) {
            let error = float(log2(value)) - (value as f64).log2();
            assert!(error.abs() < 0.01, "log2({value}) is off by {error}");
        }
        for power in (-8 * ONE..=16 * ONE).step_by(997) {
            let (ours, true_one) = (float(exp2(power)), float(power).exp2());
            let error = (ours - true_one).abs();
            assert!(
                error < 0.01 * true_one + 0.0001,
                "2^{} is {ours}",
                float(power)
            );
        }
    }

    #[test]
    fn more_is_never_less() {
        for value in 1..5_000 {
            assert!(log2(value) <= log2(value + 1));
        }
        for power in (-17 * ONE..17 * ONE).step_by(101) {
            assert!(exp2(power) <= exp2(power + 101));
        }
    }
}
