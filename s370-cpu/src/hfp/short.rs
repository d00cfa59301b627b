//! Short operands: a sign, a characteristic and six hexadecimal digits in bits 0-31 of a register, the others of which
//! are ignored in an operand and remain unchanged when a short result is stored.

use super::{
    LONG, Masks, Outcome, SHORT, Sum, addition, characteristic, fraction, halve as halve_image, load_cc, prenormalize,
    settle, sign, sign_bit,
};

/// The sign, in place.
const SIGN: u32 = sign_bit::<SHORT>() as u32;

#[inline(always)]
fn short_sum(sum: Sum<u64>) -> Sum<u32> {
    Sum { value: sum.value as u32, cc: sum.cc, exception: sum.exception }
}

#[inline(always)]
fn short_outcome(outcome: Outcome<u64>) -> Outcome<u32> {
    Outcome { value: outcome.value as u32, exception: outcome.exception }
}

/// ADD NORMALIZED (AER, AE).
#[inline]
pub fn add_normalized(a: u32, b: u32, masks: Masks) -> Sum<u32> {
    short_sum(addition::add::<SHORT, true>(a.into(), b.into(), masks))
}

/// ADD UNNORMALIZED (AUR, AU).
#[inline]
pub fn add_unnormalized(a: u32, b: u32, masks: Masks) -> Sum<u32> {
    short_sum(addition::add::<SHORT, false>(a.into(), b.into(), masks))
}

/// SUBTRACT NORMALIZED (SER, SE): `a` less `b`.
#[inline]
pub fn subtract_normalized(a: u32, b: u32, masks: Masks) -> Sum<u32> {
    short_sum(addition::subtract::<SHORT, true>(a.into(), b.into(), masks))
}

/// SUBTRACT UNNORMALIZED (SUR, SU): `a` less `b`.
#[inline]
pub fn subtract_unnormalized(a: u32, b: u32, masks: Masks) -> Sum<u32> {
    short_sum(addition::subtract::<SHORT, false>(a.into(), b.into(), masks))
}

/// COMPARE (CER, CE). Condition code: 0 equal, 1 first operand low, 2 first operand high.
#[inline]
pub fn compare(a: u32, b: u32) -> u8 {
    addition::compare::<SHORT>(a.into(), b.into())
}

/// MULTIPLY, short operands and long product (MER, ME; later called MDER, MDE). The product is exact.
#[inline]
pub fn multiply_to_long(a: u32, b: u32, masks: Masks) -> Outcome<u64> {
    let (a, b) = (u64::from(a), u64::from(b));
    let product = fraction::<SHORT>(a) * fraction::<SHORT>(b);
    if product == 0 {
        return Outcome { value: 0, exception: None };
    }
    // The product of the fractions is exact in twelve digits: normalizing it once does what the prenormalization and
    // the postnormalization do together.
    let shift = (product.leading_zeros() - (64 - 2 * SHORT)) & !3;
    let characteristic = characteristic::<SHORT>(a) + characteristic::<SHORT>(b) - 64 - (shift / 4) as i32;
    let sign = sign::<SHORT>(a ^ b) << 32;
    settle::<LONG>(sign, characteristic, (product << shift) << (LONG - 2 * SHORT), masks)
}

/// DIVIDE (DER, DE): `a`, the dividend, by `b`, the divisor.
#[inline]
pub fn divide(a: u32, b: u32, masks: Masks) -> Outcome<u32> {
    let (dividend, divisor) = (u64::from(a), u64::from(b));
    if fraction::<SHORT>(divisor) == 0 {
        return Outcome { value: a, exception: Some(super::Exception::Divide) };
    }
    if fraction::<SHORT>(dividend) == 0 {
        return Outcome { value: 0, exception: None };
    }
    let (numerator, dividend_characteristic) = prenormalize::<SHORT>(dividend);
    let (denominator, divisor_characteristic) = prenormalize::<SHORT>(divisor);
    // A quotient of one or more has a digit before the radix point: one digit fewer after it is to be developed.
    let integer_digit = (numerator >= denominator) as u32;
    let quotient = (numerator << (SHORT - 4 * integer_digit)) / denominator;
    let characteristic = dividend_characteristic - divisor_characteristic + 64 + integer_digit as i32;
    short_outcome(settle::<SHORT>(sign::<SHORT>(dividend ^ divisor), characteristic, quotient, masks))
}

/// HALVE (HER).
#[inline]
pub fn halve(operand: u32, masks: Masks) -> Outcome<u32> {
    short_outcome(halve_image::<SHORT>(operand.into(), masks))
}

/// LOAD AND TEST (LTER): the operand, and the condition code 0 fraction zero, 1 less than zero, 2 greater than zero.
#[inline]
pub fn load_and_test(operand: u32) -> (u32, u8) {
    (operand, load_cc::<SHORT>(operand.into()))
}

/// LOAD COMPLEMENT (LCER): the operand with its sign inverted even if the fraction is zero, and the condition code as
/// for [`load_and_test`].
#[inline]
pub fn load_complement(operand: u32) -> (u32, u8) {
    load_and_test(operand ^ SIGN)
}

/// LOAD NEGATIVE (LNER): the operand with its sign made minus even if the fraction is zero, and the condition code 0 or
/// 1.
#[inline]
pub fn load_negative(operand: u32) -> (u32, u8) {
    load_and_test(operand | SIGN)
}

/// LOAD POSITIVE (LPER): the operand with its sign made plus, and the condition code 0 or 2.
#[inline]
pub fn load_positive(operand: u32) -> (u32, u8) {
    load_and_test(operand & !SIGN)
}
