//! Long operands: a sign, a characteristic and fourteen hexadecimal digits.

use super::{
    Exception, Extended, LONG, Masks, Outcome, SHORT, Sum, addition, characteristic, fraction, halve as halve_image,
    load_cc, pack, prenormalize, range, settle, sign, sign_bit,
};

/// The sign, in place.
const SIGN: u64 = sign_bit::<LONG>();

/// ADD NORMALIZED (ADR, AD).
#[inline]
pub fn add_normalized(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    addition::add::<LONG, true>(a, b, masks)
}

/// ADD UNNORMALIZED (AWR, AW).
#[inline]
pub fn add_unnormalized(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    addition::add::<LONG, false>(a, b, masks)
}

/// SUBTRACT NORMALIZED (SDR, SD): `a` less `b`.
#[inline]
pub fn subtract_normalized(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    addition::subtract::<LONG, true>(a, b, masks)
}

/// SUBTRACT UNNORMALIZED (SWR, SW): `a` less `b`.
#[inline]
pub fn subtract_unnormalized(a: u64, b: u64, masks: Masks) -> Sum<u64> {
    addition::subtract::<LONG, false>(a, b, masks)
}

/// COMPARE (CDR, CD). Condition code: 0 equal, 1 first operand low, 2 first operand high.
#[inline]
pub fn compare(a: u64, b: u64) -> u8 {
    addition::compare::<LONG>(a, b)
}

/// The exact product of two nonzero fractions, in 28 digits and with one leading zero digit at most, and its
/// characteristic.
#[inline(always)]
fn product(a: u64, b: u64) -> (u128, i32) {
    let (a_fraction, a_characteristic) = prenormalize::<LONG>(a);
    let (b_fraction, b_characteristic) = prenormalize::<LONG>(b);
    (u128::from(a_fraction) * u128::from(b_fraction), a_characteristic + b_characteristic - 64)
}

/// MULTIPLY, long operands and product (MDR, MD).
#[inline]
pub fn multiply(a: u64, b: u64, masks: Masks) -> Outcome<u64> {
    if fraction::<LONG>(a) == 0 || fraction::<LONG>(b) == 0 {
        return Outcome { value: 0, exception: None };
    }
    let (product, characteristic) = product(a, b);
    // Fifteen digits are enough: a leading zero moves one guard digit into the fraction.
    let guarded = (product >> (LONG - 4)) as u64;
    let leading_zero = (guarded >> LONG == 0) as u32;
    let fraction = guarded >> (4 - 4 * leading_zero);
    settle::<LONG>(sign::<LONG>(a ^ b), characteristic - leading_zero as i32, fraction, masks)
}

/// MULTIPLY, long operands and extended product (MXDR, MXD). The product is exact.
#[inline]
pub fn multiply_to_extended(a: u64, b: u64, masks: Masks) -> Outcome<Extended> {
    if fraction::<LONG>(a) == 0 || fraction::<LONG>(b) == 0 {
        return Outcome { value: Extended::TRUE_ZERO, exception: None };
    }
    let (product, characteristic) = product(a, b);
    let leading_zero = (product >> (2 * LONG - 4) == 0) as u32;
    let fraction = product << (4 * leading_zero);
    Extended::settle(sign::<LONG>(a ^ b), characteristic - leading_zero as i32, fraction, masks)
}

/// DIVIDE (DDR, DD): `a`, the dividend, by `b`, the divisor.
#[inline]
pub fn divide(a: u64, b: u64, masks: Masks) -> Outcome<u64> {
    if fraction::<LONG>(b) == 0 {
        return Outcome { value: a, exception: Some(Exception::Divide) };
    }
    if fraction::<LONG>(a) == 0 {
        return Outcome { value: 0, exception: None };
    }
    let (numerator, a_characteristic) = prenormalize::<LONG>(a);
    let (denominator, b_characteristic) = prenormalize::<LONG>(b);
    // A quotient of one or more has a digit before the radix point: one digit fewer after it is to be developed.
    let integer_digit = (numerator >= denominator) as u32;
    let quotient = ((u128::from(numerator) << (LONG - 4 * integer_digit)) / u128::from(denominator)) as u64;
    let characteristic = a_characteristic - b_characteristic + 64 + integer_digit as i32;
    settle::<LONG>(sign::<LONG>(a ^ b), characteristic, quotient, masks)
}

/// HALVE (HDR).
#[inline]
pub fn halve(operand: u64, masks: Masks) -> Outcome<u64> {
    halve_image::<LONG>(operand, masks)
}

/// LOAD ROUNDED, long to short (LRER; later called LEDR): a one is added in bit position 32. Nothing is normalized, and
/// the sign is kept even with a zero fraction.
#[inline]
pub fn round_to_short(operand: u64) -> Outcome<u32> {
    let rounded = (fraction::<LONG>(operand) + (1 << 31)) >> 32;
    let carry = (rounded >> SHORT) as u32;
    let characteristic = characteristic::<LONG>(operand) + carry as i32;
    // A carry leaves zero digits behind it, so that nothing is lost by the shift. Rounding cannot underflow.
    let range = range(characteristic, Masks::default());
    let value = pack::<SHORT>(sign::<LONG>(operand) >> 32, characteristic, rounded >> (4 * carry));
    Outcome { value: value as u32, exception: range.exception }
}

/// LOAD AND TEST (LTDR): the operand, and the condition code 0 fraction zero, 1 less than zero, 2 greater than zero.
#[inline]
pub fn load_and_test(operand: u64) -> (u64, u8) {
    (operand, load_cc::<LONG>(operand))
}

/// LOAD COMPLEMENT (LCDR): the operand with its sign inverted even if the fraction is zero, and the condition code as
/// for [`load_and_test`].
#[inline]
pub fn load_complement(operand: u64) -> (u64, u8) {
    load_and_test(operand ^ SIGN)
}

/// LOAD NEGATIVE (LNDR): the operand with its sign made minus even if the fraction is zero, and the condition code 0 or
/// 1.
#[inline]
pub fn load_negative(operand: u64) -> (u64, u8) {
    load_and_test(operand | SIGN)
}

/// LOAD POSITIVE (LPDR): the operand with its sign made plus, and the condition code 0 or 2.
#[inline]
pub fn load_positive(operand: u64) -> (u64, u8) {
    load_and_test(operand & !SIGN)
}
