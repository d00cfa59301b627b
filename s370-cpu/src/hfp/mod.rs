//! Hexadecimal floating point, as pure functions on register images (GA22-7000-10, chapter 9).
//!
//! A module for each format: [`short`] (`u32`, bits 0-31 of a register), [`long`] (`u64`) and [`extended`] (a pair of
//! registers). The functions know no register, storage or PSW. They take the two mask bits that can alter a result
//! ([`Masks`]) and say what follows: the value for the first-operand location, the condition code where the
//! instruction sets one, and the program interruption to be taken, if any.
//!
//! How to use a result: store the value and set the condition code first, then take the interruption. Operations that
//! end in an exponent-overflow, exponent-underflow or significance exception are *completed*. DIVIDE with a zero divisor
//! fraction is *suppressed*; its value is the unchanged dividend, so that storing it changes nothing.
//!
//! The arithmetic is on whole fractions (`u64`, or `u128` for the extended format), never digit by digit: a hexadecimal
//! digit is four bits, so that leading zero digits are the leading zero bits divided by four.

mod addition;
pub mod extended;
pub mod long;
pub mod short;
pub(crate) mod usual;

pub use extended::Extended;

/// The program-mask bits that decide what becomes of an exponent underflow and of a zero sum.
///
/// Each one permits the interruption; with zero the result is made a true zero and no interruption is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masks {
    /// Exponent-underflow mask: PSW bit 38 in the BC mode, bit 22 in the EC mode.
    pub exponent_underflow: bool,
    /// Significance mask: PSW bit 39 in the BC mode, bit 23 in the EC mode.
    pub significance: bool,
}

impl Masks {
    /// The two rightmost bits of the four-bit program mask, which is in the rightmost bits of `program_mask`; the
    /// other bits are ignored.
    #[inline]
    pub const fn from_program_mask(program_mask: u8) -> Self {
        Self { exponent_underflow: program_mask & 2 != 0, significance: program_mask & 1 != 0 }
    }
}

/// A floating-point exception that leads to a program interruption; the mask bits have already been considered.
///
/// The discriminants are the interruption codes (GA22-7000-10, chapter 6, "Program Interruption").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exception {
    /// The characteristic of the result exceeds 127; the one delivered is 128 less than the correct one.
    ExponentOverflow = 0x0C,
    /// The characteristic of the result is below zero; the one delivered is 128 greater than the correct one.
    ExponentUnderflow = 0x0D,
    /// The fraction of a sum or difference is zero; its characteristic is that of the intermediate sum.
    Significance = 0x0E,
    /// The divisor fraction is zero; the operation is suppressed.
    Divide = 0x0F,
}

impl Exception {
    /// The program-interruption code.
    #[inline]
    pub const fn interruption_code(self) -> u16 {
        self as u16
    }
}

/// The result of an operation that sets the condition code: addition or subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum<T> {
    /// The register image for the first-operand location.
    pub value: T,
    /// Condition code: 0 result fraction zero, 1 result less than zero, 2 result greater than zero.
    pub cc: u8,
    /// The program interruption to take after the result has been stored.
    pub exception: Option<Exception>,
}

/// The result of an operation that leaves the condition code unchanged: multiplication, division, halving, rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    /// The register image for the first-operand location.
    pub value: T,
    /// The program interruption to take after the result has been stored.
    pub exception: Option<Exception>,
}

/// Bits in a short fraction, six digits.
const SHORT: u32 = 24;
/// Bits in a long fraction, fourteen digits; also in each half of an extended fraction.
const LONG: u32 = 56;

/// What becomes of a result with a nonzero fraction.
struct Range {
    /// Exponent underflow with the mask bit zero: the result is replaced by a true zero.
    true_zero: bool,
    exception: Option<Exception>,
}

/// Judges the correct characteristic of a final result whose fraction is not zero.
#[inline(always)]
fn range(characteristic: i32, masks: Masks) -> Range {
    if (0..=127).contains(&characteristic) {
        return Range { true_zero: false, exception: None };
    }
    out_of_range(characteristic, masks)
}

#[cold]
#[inline(never)]
fn out_of_range(characteristic: i32, masks: Masks) -> Range {
    if characteristic > 127 {
        Range { true_zero: false, exception: Some(Exception::ExponentOverflow) }
    } else if masks.exponent_underflow {
        Range { true_zero: false, exception: Some(Exception::ExponentUnderflow) }
    } else {
        Range { true_zero: true, exception: None }
    }
}

/// The fraction of a short (`F` = 24) or long (`F` = 56) image.
#[inline(always)]
const fn fraction<const F: u32>(image: u64) -> u64 {
    image & ((1 << F) - 1)
}

/// The characteristic of a short or long image, 0-127.
#[inline(always)]
const fn characteristic<const F: u32>(image: u64) -> i32 {
    (image >> F) as i32 & 0x7F
}

/// The sign bit alone, in place.
#[inline(always)]
const fn sign<const F: u32>(image: u64) -> u64 {
    image & sign_bit::<F>()
}

/// A one in the place of the sign.
#[inline(always)]
const fn sign_bit<const F: u32>() -> u64 {
    1 << (F + 7)
}

/// Puts an image together from a sign in place, a characteristic taken modulo 128, and a fraction.
#[inline(always)]
const fn pack<const F: u32>(sign: u64, characteristic: i32, fraction: u64) -> u64 {
    sign | ((characteristic & 0x7F) as u64) << F | fraction
}

/// Packs a nonzero fraction with its correct characteristic, which may be out of range.
#[inline(always)]
fn settle<const F: u32>(sign: u64, characteristic: i32, fraction: u64, masks: Masks) -> Outcome<u64> {
    let range = range(characteristic, masks);
    let value = if range.true_zero { 0 } else { pack::<F>(sign, characteristic, fraction) };
    Outcome { value, exception: range.exception }
}

/// The condition code of LOAD AND TEST and its kin: the sign counts only with a nonzero fraction.
#[inline(always)]
const fn load_cc<const F: u32>(image: u64) -> u8 {
    if fraction::<F>(image) == 0 { 0 } else { 2 - (image >> (F + 7)) as u8 }
}

/// Shifts a nonzero fraction of `F` bits left until its leftmost digit is nonzero, the characteristic following; that
/// may go below zero, which is no exception for an operand.
#[inline(always)]
const fn prenormalize<const F: u32>(image: u64) -> (u64, i32) {
    let fraction = fraction::<F>(image);
    let shift = (fraction.leading_zeros() - (64 - F)) & !3;
    (fraction << shift, characteristic::<F>(image) - (shift / 4) as i32)
}

/// Brings a nonzero magnitude of `F` + 8 bits (carry digit, fraction, guard digit) to a normalized fraction, and gives
/// the characteristic that goes with it; `characteristic` is that of the unshifted magnitude.
#[inline(always)]
const fn postnormalize<const F: u32>(magnitude: u64, characteristic: i32) -> (u64, i32) {
    let shift = (magnitude.leading_zeros() - (LONG - F)) & !3;
    ((magnitude << shift) >> 8, characteristic + 1 - (shift / 4) as i32)
}

/// HALVE: one bit to the right, the bit shifted out being kept in the guard digit, and normalization.
#[inline(always)]
fn halve<const F: u32>(image: u64, masks: Masks) -> Outcome<u64> {
    let magnitude = fraction::<F>(image) << 3;
    if magnitude == 0 {
        return Outcome { value: 0, exception: None };
    }
    let (fraction, characteristic) = postnormalize::<F>(magnitude, characteristic::<F>(image));
    settle::<F>(sign::<F>(image), characteristic, fraction, masks)
}
