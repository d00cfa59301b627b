//! Extended operands: 28 hexadecimal digits in a pair of long numbers, in floating-point registers 0 and 2, or 4 and 6.

use super::{Exception, LONG, Masks, Outcome, Sum, characteristic, fraction, range, sign, sign_bit};

/// Bits in an extended fraction, 28 digits.
const EXTENDED: u32 = 2 * LONG;

/// The images of a pair of registers.
///
/// Sign and characteristic of the number are those of the high-order part. Those of the low-order part are ignored in
/// an operand; in a result the sign is the same and the characteristic 14 less, modulo 128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extended {
    /// The high-order part, in register 0 or 4.
    pub high: u64,
    /// The low-order part, in register 2 or 6.
    pub low: u64,
}

impl Extended {
    /// Both parts true zeros.
    pub(super) const TRUE_ZERO: Self = Self { high: 0, low: 0 };

    #[inline(always)]
    const fn fraction(self) -> u128 {
        (fraction::<LONG>(self.high) as u128) << LONG | fraction::<LONG>(self.low) as u128
    }

    /// The sign is that of the long format, in place; the characteristic is taken modulo 128.
    #[inline(always)]
    const fn pack(sign: u64, characteristic: i32, whole: u128) -> Self {
        Self {
            high: super::pack::<LONG>(sign, characteristic, (whole >> LONG) as u64),
            low: super::pack::<LONG>(sign, characteristic - 14, fraction::<LONG>(whole as u64)),
        }
    }

    /// Packs a nonzero fraction with its correct characteristic, which may be out of range. That of the low-order part
    /// is never an exception of its own.
    #[inline(always)]
    pub(super) fn settle(sign: u64, characteristic: i32, fraction: u128, masks: Masks) -> Outcome<Self> {
        let range = range(characteristic, masks);
        let value = if range.true_zero { Self::TRUE_ZERO } else { Self::pack(sign, characteristic, fraction) };
        Outcome { value, exception: range.exception }
    }
}

/// ADD NORMALIZED (AXR).
#[inline]
pub fn add_normalized(a: Extended, b: Extended, masks: Masks) -> Sum<Extended> {
    let (a_characteristic, b_characteristic) = (characteristic::<LONG>(a.high), characteristic::<LONG>(b.high));
    let (larger, smaller) = if a_characteristic >= b_characteristic { (a, b) } else { (b, a) };
    // A shift by more digits than there are leaves zero; 127 does that, too, and is a valid shift.
    let shift = (4 * a_characteristic.abs_diff(b_characteristic)).min(127);
    let aligned = (smaller.fraction() << 4) >> shift;
    let sum = with_sign(larger.high, larger.fraction() << 4) + with_sign(smaller.high, aligned);
    let sum_characteristic = a_characteristic.max(b_characteristic);
    let magnitude = sum.unsigned_abs();
    if magnitude == 0 {
        return zero(sum_characteristic, masks);
    }
    // Carry digit, fraction and guard digit are eight bits more than the fraction.
    let shift = (magnitude.leading_zeros() - (128 - EXTENDED - 8)) & !3;
    let characteristic = sum_characteristic + 1 - (shift / 4) as i32;
    let negative = (sum < 0) as u64;
    let outcome = Extended::settle(negative << 63, characteristic, (magnitude << shift) >> 8, masks);
    // Only an exponent underflow that is not to interrupt can have made the value zero.
    let cc = if outcome.value.high == 0 { 0 } else { 2 - negative as u8 };
    Sum { value: outcome.value, cc, exception: outcome.exception }
}

/// SUBTRACT NORMALIZED (SXR): `a` less `b`.
#[inline]
pub fn subtract_normalized(a: Extended, b: Extended, masks: Masks) -> Sum<Extended> {
    add_normalized(a, Extended { high: b.high ^ sign_bit::<LONG>(), low: b.low }, masks)
}

/// The magnitude with the sign of the high-order part.
#[inline(always)]
const fn with_sign(high: u64, magnitude: u128) -> i128 {
    let negative = (high as i64 >> 63) as i128;
    (magnitude as i128 ^ negative) - negative
}

/// The result for a zero sum: with the significance mask one a positive zero fraction with the characteristic of the
/// intermediate sum and an interruption, else a true zero.
#[cold]
#[inline(never)]
fn zero(characteristic: i32, masks: Masks) -> Sum<Extended> {
    if masks.significance {
        Sum { value: Extended::pack(0, characteristic, 0), cc: 0, exception: Some(Exception::Significance) }
    } else {
        Sum { value: Extended::TRUE_ZERO, cc: 0, exception: None }
    }
}

/// MULTIPLY, extended operands and product (MXR).
#[inline]
pub fn multiply(a: Extended, b: Extended, masks: Masks) -> Outcome<Extended> {
    let (a_fraction, b_fraction) = (a.fraction(), b.fraction());
    if a_fraction == 0 || b_fraction == 0 {
        return Outcome { value: Extended::TRUE_ZERO, exception: None };
    }
    // Prenormalized at the left of 128 bits: the sixteen bits more than a fraction has are the guard digits of the
    // product, of which one can be needed.
    let (a_shift, b_shift) = (a_fraction.leading_zeros() & !3, b_fraction.leading_zeros() & !3);
    let product = high_half(a_fraction << a_shift, b_fraction << b_shift);
    let leading_zero = (product >> 124 == 0) as u32;
    let fraction = (product << (4 * leading_zero)) >> (128 - EXTENDED);
    // Each of the two shifts counts from 128 bits, four digits more than the fraction has.
    let shifted_digits = (a_shift + b_shift) / 4 - 8 + leading_zero;
    let characteristic = characteristic::<LONG>(a.high) + characteristic::<LONG>(b.high) - 64 - shifted_digits as i32;
    Extended::settle(sign::<LONG>(a.high ^ b.high), characteristic, fraction, masks)
}

/// The leftmost 128 bits of the 256-bit product.
#[inline(always)]
const fn high_half(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let low_low = (a & LOW) * (b & LOW);
    let low_high = (a & LOW) * (b >> 64);
    let high_low = (a >> 64) * (b & LOW);
    let middle = (low_low >> 64) + (low_high & LOW) + (high_low & LOW);
    (a >> 64) * (b >> 64) + (low_high >> 64) + (high_low >> 64) + (middle >> 64)
}

/// LOAD ROUNDED, extended to long (LRDR; later called LDXR): a one is added in bit position 72, the leftmost of the
/// low-order fraction. Nothing is normalized, and the sign is kept even with a zero fraction.
#[inline]
pub fn round_to_long(operand: Extended) -> Outcome<u64> {
    let rounded = fraction::<LONG>(operand.high) + (operand.low >> (LONG - 1) & 1);
    let carry = (rounded >> LONG) as u32;
    let characteristic = characteristic::<LONG>(operand.high) + carry as i32;
    // A carry leaves zero digits behind it, so that nothing is lost by the shift. Rounding cannot underflow.
    let range = range(characteristic, Masks::default());
    let value = super::pack::<LONG>(sign::<LONG>(operand.high), characteristic, rounded >> (4 * carry));
    Outcome { value, exception: range.exception }
}
