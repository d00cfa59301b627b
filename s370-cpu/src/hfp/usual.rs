//! The usual cases of arithmetic on short and long operands, for the fast engine: normalized operands, results that
//! are neither zero nor out of range. Everything else is `None` here, and the functions of [`short`](super::short) and
//! [`long`](super::long) know what becomes of it.
//!
//! What makes these functions quick is that characteristic and fraction stay side by side, as they are in an image: a
//! carry out of the fraction counts up the characteristic by itself, and a characteristic above 127 or below zero shows
//! in the place of the sign.

macro_rules! formats {
    ($($image:ident $signed:ident $fraction:literal $add:ident $compare:ident $halve:ident;)*) => {$(
        /// ADD NORMALIZED; with the sign of the second operand inverted, SUBTRACT NORMALIZED. The sum is normalized.
        #[inline(always)]
        pub(crate) fn $add(a: $image, b: $image) -> Option<$image> {
            const SIGN: $image = 1 << ($fraction + 7);
            const CHARACTERISTIC: $image = 0x7F << $fraction;
            const FRACTION: $image = (1 << $fraction) - 1;
            const LEADING_DIGIT: $image = 0xF << ($fraction - 4);
            // Ordered by characteristic, then by fraction.
            let (a_magnitude, b_magnitude) = (a & !SIGN, b & !SIGN);
            let (magnitude, smaller) = (a_magnitude.max(b_magnitude), a_magnitude.min(b_magnitude));
            if magnitude & LEADING_DIGIT == 0 {
                return None;
            }
            let fraction = smaller & FRACTION;
            // A shift by more digits than there are leaves zero; that by one bit less than an image has does, too.
            let shift = (4 * ((magnitude >> $fraction) - (smaller >> $fraction))).min($image::BITS as $image - 1);
            if (a ^ b) & SIGN == 0 {
                // The guard digit counts only where a result is shifted to the left, and this one never is.
                let sum = magnitude + (fraction >> shift);
                if (sum ^ magnitude) & CHARACTERISTIC == 0 {
                    return Some(sum | a & SIGN);
                }
                let carry = 1 << ($fraction - 4) | (sum & FRACTION) >> 4;
                return (sum & SIGN == 0).then_some(sum & CHARACTERISTIC | carry | a & SIGN);
            }
            // The leftmost digit of the fraction is leftmost here, too; one guard digit stays.
            let difference = (magnitude << 8) - ((fraction << 8) >> shift & !0xF);
            if difference == 0 {
                return None;
            }
            let zeros = (difference.leading_zeros() & !3) as $image;
            let characteristic = (magnitude & CHARACTERISTIC).wrapping_sub(zeros << ($fraction - 2));
            let larger = if a_magnitude >= b_magnitude { a } else { b };
            let value = characteristic | (difference << zeros) >> 8 | larger & SIGN;
            (characteristic & SIGN == 0).then_some(value)
        }

        /// COMPARE: numbers that are in the same order as the operands.
        #[inline(always)]
        pub(crate) fn $compare(a: $image, b: $image) -> Option<($signed, $signed)> {
            const SIGN: $image = 1 << ($fraction + 7);
            const LEADING_DIGIT: $image = 0xF << ($fraction - 4);
            let larger = (a & !SIGN).max(b & !SIGN);
            // What is negative has its other bits inverted, so that it is the lower the greater its magnitude.
            let ordered = |image: $image| image as $signed ^ (image as $signed >> ($image::BITS - 1)) & $signed::MAX;
            (larger & LEADING_DIGIT != 0).then(|| (ordered(a), ordered(b)))
        }

        /// HALVE. The characteristic must not be zero, from which one could have to be taken.
        #[inline(always)]
        pub(crate) fn $halve(operand: $image) -> Option<$image> {
            const CHARACTERISTIC: $image = 0x7F << $fraction;
            const FRACTION: $image = (1 << $fraction) - 1;
            const LEADING_DIGIT: $image = 0xF << ($fraction - 4);
            if operand & LEADING_DIGIT == 0 || operand & CHARACTERISTIC == 0 {
                return None;
            }
            let (rest, fraction) = (operand & !FRACTION, operand & FRACTION);
            // A leading digit of one becomes a zero, and eight or more once it is shifted out.
            let shifted = rest.wrapping_sub(1 << $fraction) | fraction << 3;
            Some(if fraction >> ($fraction - 3) != 0 { rest | fraction >> 1 } else { shifted })
        }
    )*};
}

formats! {
    u32 i32 24 add_short compare_short halve_short;
    u64 i64 56 add_long compare_long halve_long;
}

const SHORT_SIGN: u32 = 1 << 31;
const SHORT_CHARACTERISTIC: u32 = 0x7F << 24;
const SHORT_FRACTION: u32 = (1 << 24) - 1;
const SHORT_LEADING_DIGIT: u32 = 0xF << 20;
const LONG_SIGN: u64 = 1 << 63;
const LONG_CHARACTERISTIC: u64 = 0x7F << 56;
const LONG_FRACTION: u64 = (1 << 56) - 1;
const LONG_LEADING_DIGIT: u64 = 0xF << 52;

/// A value whose characteristic may be out of range. The sign's place is the eighth bit of the characteristic, taken
/// modulo 256: that tells -128 to -1 and 128 to 255, more than two characteristics can come to, from 0 to 127.
#[inline(always)]
fn in_range(characteristic: u64, fraction: u64, sign: u64) -> Option<u64> {
    (characteristic & LONG_SIGN == 0).then_some(characteristic | fraction | sign)
}

/// MULTIPLY, short operands and long product.
#[inline(always)]
pub(crate) fn multiply_short(a: u32, b: u32) -> Option<u64> {
    let product = u64::from(a & SHORT_FRACTION) * u64::from(b & SHORT_FRACTION);
    if product == 0 {
        return Some(0);
    }
    // The leftmost digit of twelve stands leftmost.
    let zeros = u64::from((product << 16).leading_zeros() & !3);
    let characteristics = u64::from(a & SHORT_CHARACTERISTIC) + u64::from(b & SHORT_CHARACTERISTIC);
    let characteristic = (characteristics << 32).wrapping_sub((64 << 56) + (zeros << 54));
    in_range(characteristic, (product << 16 << zeros) >> 8, u64::from((a ^ b) & SHORT_SIGN) << 32)
}

/// MULTIPLY, long.
#[inline(always)]
pub(crate) fn multiply_long(a: u64, b: u64) -> Option<u64> {
    // Fifteen digits of the product.
    let wide = u128::from((a & LONG_FRACTION) << 8) * u128::from((b & LONG_FRACTION) << 4);
    let guarded = (wide >> 64) as u64;
    // With two leading zeros or more, digits that are not here would be wanted.
    if guarded >> 52 == 0 {
        return None;
    }
    let zeros = u64::from(guarded >> 56 == 0);
    let characteristics = (a & LONG_CHARACTERISTIC).wrapping_add(b & LONG_CHARACTERISTIC);
    let characteristic = characteristics.wrapping_sub((64 << 56) + (zeros << 56));
    in_range(characteristic, guarded >> (4 - 4 * zeros), (a ^ b) & LONG_SIGN)
}

/// DIVIDE, short.
#[inline(always)]
pub(crate) fn divide_short(a: u32, b: u32) -> Option<u32> {
    if a & SHORT_LEADING_DIGIT == 0 || b & SHORT_LEADING_DIGIT == 0 {
        return None;
    }
    let (numerator, denominator) = (a & SHORT_FRACTION, b & SHORT_FRACTION);
    // A quotient of one or more has seven digits, the last of which is dropped.
    let integer_digit = u32::from(numerator >= denominator);
    let quotient = ((u64::from(numerator) << 24) / u64::from(denominator)) as u32;
    let characteristic = (a & SHORT_CHARACTERISTIC)
        .wrapping_sub(b & SHORT_CHARACTERISTIC)
        .wrapping_add((64 << 24) + (integer_digit << 24));
    let value = characteristic | quotient >> (4 * integer_digit) | (a ^ b) & SHORT_SIGN;
    (characteristic & SHORT_SIGN == 0).then_some(value)
}

/// DIVIDE, long.
#[inline(always)]
pub(crate) fn divide_long(a: u64, b: u64) -> Option<u64> {
    if a & LONG_LEADING_DIGIT == 0 || b & LONG_LEADING_DIGIT == 0 {
        return None;
    }
    let (numerator, denominator) = (a & LONG_FRACTION, b & LONG_FRACTION);
    // A quotient of one or more has fifteen digits, the last of which is dropped.
    let integer_digit = u64::from(numerator >= denominator);
    let quotient = ((u128::from(numerator) << 56) / u128::from(denominator)) as u64;
    let characteristic = (a & LONG_CHARACTERISTIC)
        .wrapping_sub(b & LONG_CHARACTERISTIC)
        .wrapping_add((64 << 56) + (integer_digit << 56));
    in_range(characteristic, quotient >> (4 * integer_digit), (a ^ b) & LONG_SIGN)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::{
        super::{Masks, Outcome, Sum, long, short},
        *,
    };

    const MASKS: [Masks; 2] = [
        Masks { exponent_underflow: false, significance: false },
        Masks { exponent_underflow: true, significance: true },
    ];

    /// What there is of a quick sum is the sum, whatever the masks, and the code is that of its sign.
    fn assert_sum<T: Copy + PartialEq + std::fmt::Debug>(quick: Option<T>, negative: bool, sum: Sum<T>, what: &str) {
        if let Some(value) = quick {
            assert_eq!(sum, Sum { value, cc: 2 - u8::from(negative), exception: None }, "{what}");
        }
    }

    fn assert_outcome<T: Copy + PartialEq + std::fmt::Debug>(quick: Option<T>, outcome: Outcome<T>, what: &str) {
        if let Some(value) = quick {
            assert_eq!(outcome, Outcome { value, exception: None }, "{what}");
        }
    }

    fn assert_comparison<T: Ord>(quick: Option<(T, T)>, cc: u8, what: &str) {
        if let Some((a, b)) = quick {
            assert_eq!(cc, [1, 0, 2][(a.cmp(&b) as i8 + 1) as usize], "{what}");
        }
    }

    fn assert_short(a: u32, b: u32) {
        let what = format!("{a:08X} {b:08X}");
        for masks in MASKS {
            let sum = add_short(a, b);
            assert_sum(sum, sum.unwrap_or(0) >> 31 != 0, short::add_normalized(a, b, masks), &what);
            assert_outcome(halve_short(b), short::halve(b, masks), &what);
            assert_outcome(multiply_short(a, b), short::multiply_to_long(a, b, masks), &what);
            assert_outcome(divide_short(a, b), short::divide(a, b, masks), &what);
        }
        assert_comparison(compare_short(a, b), short::compare(a, b), &what);
    }

    fn assert_long(a: u64, b: u64) {
        let what = format!("{a:016X} {b:016X}");
        for masks in MASKS {
            let sum = add_long(a, b);
            assert_sum(sum, sum.unwrap_or(0) >> 63 != 0, long::add_normalized(a, b, masks), &what);
            assert_outcome(halve_long(b), long::halve(b, masks), &what);
            assert_outcome(multiply_long(a, b), long::multiply(a, b, masks), &what);
            assert_outcome(divide_long(a, b), long::divide(a, b, masks), &what);
        }
        assert_comparison(compare_long(a, b), long::compare(a, b), &what);
    }

    /// Fractions with a one, a full digit or a zero at either end, normalized or not, in the short format.
    const FRACTIONS: [u32; 22] = [
        0, 1, 0xF, 0x10, 0xFFFF, 0x0F_FFFF, 0x10_0000, 0x10_0001, 0x10_000F, 0x10_0010, 0x1F_FFFF, 0x20_0000,
        0x7F_FFFF, 0x80_0000, 0x80_0001, 0xEF_FFFF, 0xF0_0000, 0xF0_0001, 0xFF_FFF0, 0xFF_FFFE, 0xFF_FFFF, 0x12_3456,
    ];
    const CHARACTERISTICS: [u32; 22] =
        [0, 1, 2, 5, 6, 7, 8, 13, 14, 15, 16, 31, 32, 63, 64, 65, 66, 71, 79, 80, 126, 127];

    #[test]
    fn awkward_operands() {
        let images: Vec<u32> = (CHARACTERISTICS.iter())
            .flat_map(|c| FRACTIONS.iter().flat_map(move |f| [c << 24 | f, 0x80 << 24 | c << 24 | f]))
            .collect();
        for &a in &images {
            for &b in &images {
                assert_short(a, b);
                // The same digits at the left of a long fraction, with zeros or with full digits at the right.
                let (a, b) = (u64::from(a) << 32, u64::from(b) << 32);
                assert_long(a, b | (0xFFFF_FFFF * (b >> 32 & 1)));
            }
        }
    }

    #[test]
    fn usual_operands_have_results() {
        assert_eq!(add_short(0x4110_0000, 0x4120_0000), Some(0x4130_0000));
        assert_eq!(add_long(0x42F0_0000_0000_0000, 0x4210_0000_0000_0000), Some(0x4310_0000_0000_0000));
        assert_eq!(add_long(0x4310_0000_0000_0000, 0xC210_0000_0000_0001), Some(0x42EF_FFFF_FFFF_FFFF));
        assert_eq!(compare_short(0x4110_0000, 0xC110_0000).map(|(a, b)| a > b), Some(true));
        assert_eq!(halve_long(0x4110_0000_0000_0000), Some(0x4080_0000_0000_0000));
        assert_eq!(multiply_short(0x4120_0000, 0xC130_0000), Some(0xC160_0000_0000_0000));
        assert_eq!(multiply_long(0x4120_0000_0000_0000, 0x4130_0000_0000_0000), Some(0x4160_0000_0000_0000));
        assert_eq!(divide_short(0x4160_0000, 0x4130_0000), Some(0x4120_0000));
        assert_eq!(divide_long(0x4110_0000_0000_0000, 0x4140_0000_0000_0000), Some(0x4040_0000_0000_0000));
    }

    /// Two images whose characteristics are often near one another, and whose fractions often agree in their leftmost
    /// digits or have few ones.
    fn images() -> impl Strategy<Value = (u64, u64)> {
        let mask = prop_oneof![2 => Just(u64::MAX), 1 => (0..64_u32).prop_map(|n| u64::MAX << n), 1 => any::<u64>()];
        let near = prop_oneof![3 => -15..16_i64, 1 => -128..128_i64];
        (any::<u64>(), any::<u64>(), mask.clone(), mask, near, 0..72_u32, any::<u64>()).prop_map(
            |(a, b, a_mask, b_mask, near, agreeing, sign)| {
                let a_fraction = a & a_mask & LONG_FRACTION;
                let same = LONG_FRACTION & !(LONG_FRACTION.checked_shr(agreeing).unwrap_or(0));
                let b_fraction = if agreeing < 56 {
                    a_fraction & same | b & b_mask & LONG_FRACTION & !same
                } else {
                    b & b_mask & LONG_FRACTION
                };
                let characteristic = ((a >> 56) as i64 + near).rem_euclid(128) as u64;
                (a & !LONG_FRACTION | a_fraction, sign & LONG_SIGN | characteristic << 56 | b_fraction)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 200_000,
            rng_seed: RngSeed::Fixed(3705),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn any_operands((a, b) in images()) {
            assert_long(a, b);
            assert_short((a >> 32) as u32, (b >> 32) as u32);
        }
    }
}
