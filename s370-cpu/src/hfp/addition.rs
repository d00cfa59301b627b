//! ADD, SUBTRACT and COMPARE for the short and the long format, which differ only in the length of the fraction.

use super::{Exception, Masks, Sum, characteristic, fraction, postnormalize, settle, sign_bit};

/// An intermediate sum: a signed number of `F` + 4 bits (fraction and guard digit) and a possible carry, with the larger
/// of the two characteristics.
struct IntermediateSum {
    value: i64,
    characteristic: i32,
}

/// Aligns the fractions and adds them. Written without branches: signs and the order of the characteristics are as good
/// as random in many programs.
#[inline(always)]
fn intermediate_sum<const F: u32>(a: u64, b: u64) -> IntermediateSum {
    let (a_characteristic, b_characteristic) = (characteristic::<F>(a), characteristic::<F>(b));
    let (larger, smaller) = if a_characteristic >= b_characteristic { (a, b) } else { (b, a) };
    // A shift by more digits than there are leaves zero; 63 does that, too, and is a valid shift.
    let shift = (4 * a_characteristic.abs_diff(b_characteristic)).min(63);
    let aligned = (fraction::<F>(smaller) << 4) >> shift;
    let value = with_sign::<F>(larger, fraction::<F>(larger) << 4) + with_sign::<F>(smaller, aligned);
    IntermediateSum { value, characteristic: a_characteristic.max(b_characteristic) }
}

/// The magnitude with the sign of the image.
#[inline(always)]
const fn with_sign<const F: u32>(image: u64, magnitude: u64) -> i64 {
    let negative = -((image >> (F + 7)) as i64);
    (magnitude as i64 ^ negative) - negative
}

/// ADD NORMALIZED, or ADD UNNORMALIZED.
#[inline(always)]
pub(super) fn add<const F: u32, const NORMALIZED: bool>(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    let sum = intermediate_sum::<F>(a, b);
    let magnitude = sum.value.unsigned_abs();
    // The guard digit counts for a zero result only where normalization can bring it into the fraction.
    if (if NORMALIZED { magnitude } else { magnitude >> 4 }) == 0 {
        return zero::<F>(sum.characteristic, masks);
    }
    let (fraction, characteristic) = if NORMALIZED {
        postnormalize::<F>(magnitude, sum.characteristic)
    } else {
        let carry = (magnitude >> (F + 4)) as u32;
        (magnitude >> (4 + 4 * carry), sum.characteristic + carry as i32)
    };
    let negative = (sum.value < 0) as u64;
    let outcome = settle::<F>(negative << (F + 7), characteristic, fraction, masks);
    // Only an exponent underflow that is not to interrupt can have made the value zero.
    let cc = if outcome.value == 0 { 0 } else { 2 - negative as u8 };
    Sum { value: outcome.value, cc, exception: outcome.exception }
}

/// SUBTRACT NORMALIZED, or SUBTRACT UNNORMALIZED: addition with the sign of the second operand inverted.
#[inline(always)]
pub(super) fn subtract<const F: u32, const NORMALIZED: bool>(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    add::<F, NORMALIZED>(a, b ^ sign_bit::<F>(), masks)
}

/// COMPARE: the condition code of a normalized subtraction whose difference is not delivered.
#[inline(always)]
pub(super) fn compare<const F: u32>(a: u64, b: u64) -> u8 {
    let difference = intermediate_sum::<F>(a, b ^ sign_bit::<F>()).value;
    (difference < 0) as u8 | ((difference > 0) as u8) << 1
}

/// The result for a zero sum: with the significance mask one a positive zero fraction with the characteristic of the
/// intermediate sum and an interruption, else a true zero.
#[cold]
#[inline(never)]
fn zero<const F: u32>(characteristic: i32, masks: Masks) -> Sum<u64> {
    if masks.significance {
        Sum { value: (characteristic as u64) << F, cc: 0, exception: Some(Exception::Significance) }
    } else {
        Sum { value: 0, cc: 0, exception: None }
    }
}
