//! The decimal-arithmetic instructions: ADD, COMPARE, DIVIDE, MULTIPLY, SHIFT AND ROUND and SUBTRACT DECIMAL, and ZERO AND
//! ADD.
//!
//! Lengths are in bytes, 1–16 (one more than the length code of the instruction). The first operand's length matters only
//! where the result may not fit, so not every function takes it.

use thiserror::Error;

use super::bcd::{self, CHUNK, WORD};
use super::{DataException, Packed, fault, fault_of_two, sign_code};

/// The result of ADD, SHIFT AND ROUND, SUBTRACT DECIMAL or ZERO AND ADD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What replaces the first operand; its bytes left of the first operand are zero.
    pub field: u128,
    /// 0 result zero, 1 less than zero, 2 greater than zero; 3 decimal overflow, where the field is to be stored all the
    /// same and the program mask decides on the interruption.
    pub condition_code: u8,
}

impl Outcome {
    /// The outcome for a result of which all digits are given, with its sign, and the length of the first operand.
    #[inline]
    const fn new(digits: u128, negative: bool, length1: usize) -> Self {
        // Only a result that is zero before digits are lost turns positive: after overflow the manual keeps the sign.
        let negative = negative && digits != 0;
        let field = Packed { digits, negative }.to_field();
        if digits >> (8 * length1 - 4) != 0 {
            return Self::overflow(field, length1);
        }
        Self { field, condition_code: sense(digits != 0, negative) }
    }

    /// [`Self::new`] for a result of up to 16 digits.
    #[inline]
    const fn new_narrow(digits: u64, negative: bool, length1: usize) -> Self {
        let negative = negative && digits != 0;
        if length1 > 8 {
            let field = Packed { digits: digits as u128, negative }.to_field();
            return Self { field, condition_code: sense(digits != 0, negative) };
        }
        let field = digits << 4 | sign_code(negative);
        if digits >> (8 * length1 - 4) != 0 {
            return Self::overflow(field as u128, length1);
        }
        Self { field: field as u128, condition_code: sense(digits != 0, negative) }
    }

    /// Decimal overflow: what is left of the first operand is lost.
    #[cold]
    const fn overflow(field: u128, length1: usize) -> Self {
        Self { field: field & (u128::MAX >> (128 - 8 * length1)), condition_code: 3 }
    }
}

/// The condition code for a result without overflow, or for the sense of a comparison.
#[inline]
const fn sense(nonzero: bool, negative: bool) -> u8 {
    (2 - negative as u8) * nonzero as u8
}

/// Checks two fields.
#[inline]
const fn check_two(field1: u128, field2: u128) -> Result<(Packed, Packed), DataException> {
    if bcd::packed_faults(field1) | bcd::packed_faults(field2) != 0 {
        return Err(fault_of_two(field1, field2));
    }
    Ok((Packed::from_checked(field1), Packed::from_checked(field2)))
}

/// Whether both fields have at most 15 digits, which is all that most programs use, and fits a register.
#[inline]
const fn are_narrow(field1: u128, field2: u128) -> bool {
    (field1 | field2) >> 64 == 0
}

/// ZERO AND ADD: the second operand, with the preferred sign, replaces the first, which is not looked at.
///
/// # Errors
/// A data exception for an invalid sign or digit of the second operand.
#[inline]
pub const fn zap(field2: u128, length1: usize) -> Result<Outcome, DataException> {
    if bcd::packed_faults(field2) != 0 {
        return Err(fault(field2));
    }
    let Packed { digits, negative } = Packed::from_checked(field2);
    if are_narrow(field2, 0) {
        return Ok(Outcome::new_narrow(digits as u64, negative, length1));
    }
    Ok(Outcome::new(digits, negative, length1))
}

/// ADD DECIMAL: the sum of the operands.
///
/// # Errors
/// A data exception for an invalid sign or digit of either operand.
#[inline]
pub const fn ap(field1: u128, field2: u128, length1: usize) -> Result<Outcome, DataException> {
    add_or_subtract(field1, field2, length1, false)
}

/// SUBTRACT DECIMAL: the first operand less the second.
///
/// # Errors
/// A data exception for an invalid sign or digit of either operand.
#[inline]
pub const fn sp(field1: u128, field2: u128, length1: usize) -> Result<Outcome, DataException> {
    add_or_subtract(field1, field2, length1, true)
}

/// The algebraic sum or difference.
#[inline]
const fn add_or_subtract(field1: u128, field2: u128, length1: usize, subtract: bool) -> Result<Outcome, DataException> {
    if !are_narrow(field1, field2) {
        return add_or_subtract_wide(field1, field2, length1, subtract);
    }
    let (a, b) = (field1 as u64, field2 as u64);
    if bcd::packed_faults_64(a) | bcd::packed_faults_64(b) != 0 {
        return Err(fault_of_two(field1, field2));
    }
    let (negative1, negative2) = (bcd::is_minus(a), bcd::is_minus(b) != subtract);
    let (a, b) = (a >> 4, b >> 4);
    let differ = negative1 != negative2;
    let digits = if a < b { bcd::combine_64(b, a, differ) } else { bcd::combine_64(a, b, differ) };
    Ok(Outcome::new_narrow(digits, negative1 != (differ & (a < b)), length1))
}

/// [`add_or_subtract`] for more than 15 digits.
const fn add_or_subtract_wide(
    field1: u128,
    field2: u128,
    length1: usize,
    subtract: bool,
) -> Result<Outcome, DataException> {
    let (a, b) = match check_two(field1, field2) {
        Ok(operands) => operands,
        Err(exception) => return Err(exception),
    };
    let differ = a.negative != (b.negative != subtract);
    let (larger, smaller) = if a.digits < b.digits { (b.digits, a.digits) } else { (a.digits, b.digits) };
    let digits = bcd::combine_128(larger, smaller, differ);
    Ok(Outcome::new(digits, a.negative != (differ & (a.digits < b.digits)), length1))
}

/// COMPARE DECIMAL: the condition code; 0 operands equal, 1 first operand low, 2 first operand high. Zeros of either sign
/// are equal.
///
/// # Errors
/// A data exception for an invalid sign or digit of either operand.
#[inline]
pub const fn cp(field1: u128, field2: u128) -> Result<u8, DataException> {
    let (a, b) = match check_two(field1, field2) {
        Ok(operands) => operands,
        Err(exception) => return Err(exception),
    };
    // Digits compare like binary integers, and 124 bits of them leave room for a sign.
    let a = if a.negative { -(a.digits as i128) } else { a.digits as i128 };
    let b = if b.negative { -(b.digits as i128) } else { b.digits as i128 };
    Ok((a < b) as u8 | ((a > b) as u8) << 1)
}

/// SHIFT AND ROUND DECIMAL: the digits of the first operand shifted by the second-operand address, of which the rightmost
/// six bits are used, as a signed number of digits to the left. In a right shift the rounding digit (the I3 field) is
/// added to the last digit shifted out.
///
/// # Errors
/// A data exception for an invalid sign or digit of the first operand and for a rounding digit above 9, however the shift
/// goes.
#[inline]
pub const fn srp(field1: u128, length1: usize, address: u32, rounding: u8) -> Result<Outcome, DataException> {
    if bcd::packed_faults(field1) != 0 {
        return Err(fault(field1));
    }
    if rounding > 9 {
        return Err(DataException::Digit);
    }
    let Packed { digits, negative } = Packed::from_checked(field1);
    let distance = address & 0x3F;
    if distance < 0x20 {
        return Ok(shift_left(digits, negative, length1, distance));
    }
    Ok(shift_right(digits, negative, length1, 0x40 - distance, rounding))
}

/// A shift of 1–32 digits to the right, with rounding.
#[inline]
const fn shift_right(digits: u128, negative: bool, length1: usize, distance: u32, rounding: u8) -> Outcome {
    let last_out = (digits >> (4 * (distance - 1))) as u8 & 0xF;
    // The 32nd digit from the right, the last one out of the longest shift, is not there and so never rounds up.
    let shifted = if distance == 32 { 0 } else { digits >> (4 * distance) };
    let carry = last_out + rounding > 9;
    if shifted >> 60 == 0 {
        return Outcome::new_narrow(bcd::combine_64(shifted as u64, carry as u64, false), negative, length1);
    }
    Outcome::new(bcd::combine_128(shifted, carry as u128, false), negative, length1)
}

/// A shift of 0–31 digits to the left.
#[inline]
const fn shift_left(digits: u128, negative: bool, length1: usize, distance: u32) -> Outcome {
    // Digits may be shifted out of the word, where Outcome::new would miss them.
    let shifted = digits << (4 * distance);
    if shifted >> (4 * distance) == digits {
        return Outcome::new(shifted, negative, length1);
    }
    Outcome::overflow(Packed { digits: shifted, negative }.to_field(), length1)
}

/// The operand lengths of MULTIPLY and DIVIDE DECIMAL: the second at most 8 bytes and shorter than the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// The first operand's, in bytes.
    first: u32,
    /// The second operand's, in bytes.
    second: u32,
}

impl Lengths {
    /// The lengths, in bytes, of the two operands. None is a specification exception, which comes before the operands are
    /// fetched.
    #[inline]
    #[must_use]
    pub const fn new(length1: usize, length2: usize) -> Option<Self> {
        if length2 == 0 || length2 > 8 || length2 >= length1 || length1 > 16 {
            return None;
        }
        Some(Self { first: length1 as u32, second: length2 as u32 })
    }
}

/// MULTIPLY DECIMAL: the field of the product, whose sign follows the rules of algebra even if it is zero.
///
/// # Errors
/// A data exception for an invalid sign or digit of either operand, or if the first operand does not begin with as many
/// bytes of zeros as the second has bytes.
#[inline]
pub const fn mp(field1: u128, field2: u128, lengths: Lengths) -> Result<u128, DataException> {
    let (multiplicand, multiplier) = match check_two(field1, field2) {
        Ok(operands) => operands,
        Err(exception) => return Err(exception),
    };
    if field1 >> (8 * (lengths.first - lengths.second)) != 0 {
        return Err(DataException::LeftmostZeros);
    }
    let digits = if multiplicand.digits >> 64 == 0 {
        multiply_16(multiplicand.digits as u64, multiplier.digits as u64)
    } else {
        multiply_29(multiplicand.digits, multiplier.digits as u64)
    };
    Ok(Packed { digits, negative: multiplicand.negative != multiplier.negative }.to_field())
}

/// The product of up to 16 and up to 15 digits.
#[inline]
const fn multiply_16(a: u64, b: u64) -> u128 {
    // Long multiplication in the base of the chunks keeps every step in one register, where 128-bit division would not.
    let ((a1, a0), (b1, b0)) = (bcd::to_chunks(a), bcd::to_chunks(b));
    let place0 = a0 * b0;
    let place1 = a1 * b0 + a0 * b1 + place0 / CHUNK;
    let place2 = a1 * b1 + place1 / CHUNK;
    let right = bcd::from_chunks(place1 % CHUNK, place0 % CHUNK);
    if place2 == 0 {
        return right as u128;
    }
    (bcd::from_binary(place2) as u128) << 64 | right as u128
}

/// The product of up to 29 and up to 15 digits that has at most 31 digits.
const fn multiply_29(a: u128, b: u64) -> u128 {
    let ((a3, a2), (a1, a0)) = (bcd::to_chunks((a >> 64) as u64), bcd::to_chunks(a as u64));
    let (b1, b0) = bcd::to_chunks(b);
    let place0 = a0 * b0;
    let place1 = a1 * b0 + a0 * b1 + place0 / CHUNK;
    let place2 = a2 * b0 + a1 * b1 + place1 / CHUNK;
    let place3 = a3 * b0 + a2 * b1 + place2 / CHUNK;
    let left = bcd::from_chunks(place3, place2 % CHUNK);
    let right = bcd::from_chunks(place1 % CHUNK, place0 % CHUNK);
    (left as u128) << 64 | right as u128
}

/// Why DIVIDE DECIMAL is not executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DivideException {
    /// A data exception.
    #[error(transparent)]
    Data(DataException),
    /// A decimal-divide exception (code X'000B'): the divisor is zero or the quotient does not fit its L1 − L2 bytes.
    #[error("decimal-divide exception")]
    DecimalDivide,
}

/// DIVIDE DECIMAL: the field that replaces the dividend: the quotient, whose sign follows the rules of algebra, in the
/// leftmost L1 − L2 bytes, and the remainder, with the sign of the dividend, in the rightmost L2, either sign even if zero.
///
/// # Errors
/// A data exception for an invalid sign or digit of either operand, or else a decimal-divide exception.
#[inline]
pub const fn dp(field1: u128, field2: u128, lengths: Lengths) -> Result<u128, DivideException> {
    let (dividend, divisor) = match check_two(field1, field2) {
        Ok(operands) => operands,
        Err(exception) => return Err(DivideException::Data(exception)),
    };
    let quotient_length = lengths.first - lengths.second;
    // The trial subtraction of the manual: the leftmost digit of the divisor stands under the second one of the dividend.
    if divisor.digits << (8 * quotient_length - 4) <= dividend.digits {
        return Err(DivideException::DecimalDivide);
    }
    let (quotient, remainder) = if dividend.digits >> 64 == 0 {
        divide_16(dividend.digits as u64, divisor.digits as u64)
    } else {
        divide_31(dividend.digits, divisor.digits as u64)
    };
    let quotient = Packed { digits: quotient, negative: dividend.negative != divisor.negative };
    let remainder = Packed { digits: remainder as u128, negative: dividend.negative };
    Ok(quotient.to_field() << (8 * lengths.second) | remainder.to_field())
}

/// The digits of quotient and remainder of up to 16 digits by up to 15; the divisor is not zero.
#[inline]
const fn divide_16(dividend: u64, divisor: u64) -> (u128, u64) {
    let (dividend, divisor) = (bcd::to_binary(dividend), bcd::to_binary(divisor));
    (bcd::from_binary(dividend / divisor) as u128, bcd::from_binary(dividend % divisor))
}

/// The digits of quotient and remainder of up to 31 digits by up to 15; the divisor is not zero.
const fn divide_31(dividend: u128, divisor: u64) -> (u128, u64) {
    // Long division in the base 10^16: each place of the quotient is below the base, the remainders below the divisor.
    let divisor = bcd::to_binary(divisor);
    let (left, right) = (bcd::to_binary((dividend >> 64) as u64), bcd::to_binary(dividend as u64));
    let rest = (left % divisor) as u128 * WORD as u128 + right as u128;
    let (place1, place0) = (left / divisor, (rest / divisor as u128) as u64);
    // The remainder is below 2^64, so the multiplication may lose what is left of that.
    let remainder = (rest as u64).wrapping_sub(place0.wrapping_mul(divisor));
    ((bcd::from_binary(place1) as u128) << 64 | bcd::from_binary(place0) as u128, bcd::from_binary(remainder))
}
