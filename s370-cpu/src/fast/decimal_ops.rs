//! Decimal arithmetic for the loop: fields in, field and condition code out, or nothing when there is an exception or an
//! overflow whose interruption is allowed.

use s370_arch::psw::program_mask;

use super::bytes;
use crate::{
    decimal::{self, DataException, Lengths, Outcome},
    storage::window::Spot,
};

/// A result field, and the condition code if the instruction sets one.
type Result = Option<(u128, Option<u8>)>;

#[inline(always)]
fn checked(outcome: std::result::Result<Outcome, DataException>, program_mask: u8) -> Option<(u128, u8)> {
    let Outcome { field, condition_code } = outcome.ok()?;
    let interrupts = condition_code == 3 && program_mask & program_mask::DECIMAL_OVERFLOW != 0;
    (!interrupts).then_some((field, condition_code))
}

#[inline(always)]
fn with_code(result: Option<(u128, u8)>) -> Result {
    result.map(|(field, code)| (field, Some(code)))
}

/// ZERO AND ADD.
#[inline(always)]
pub fn zero_and_add(_: u128, b: u128, length1: u32, _: u32, program_mask: u8) -> Result {
    with_code(checked(decimal::zap(b, length1 as usize), program_mask))
}

/// ADD DECIMAL.
#[inline(always)]
pub fn add(a: u128, b: u128, length1: u32, _: u32, program_mask: u8) -> Result {
    with_code(checked(decimal::ap(a, b, length1 as usize), program_mask))
}

/// SUBTRACT DECIMAL.
#[inline(always)]
pub fn subtract(a: u128, b: u128, length1: u32, _: u32, program_mask: u8) -> Result {
    with_code(checked(decimal::sp(a, b, length1 as usize), program_mask))
}

/// MULTIPLY DECIMAL.
#[inline(always)]
pub fn multiply(a: u128, b: u128, length1: u32, length2: u32, _: u8) -> Result {
    let lengths = Lengths::new(length1 as usize, length2 as usize)?;
    Some((decimal::mp(a, b, lengths).ok()?, None))
}

/// DIVIDE DECIMAL.
#[inline(always)]
pub fn divide(a: u128, b: u128, length1: u32, length2: u32, _: u8) -> Result {
    let lengths = Lengths::new(length1 as usize, length2 as usize)?;
    Some((decimal::dp(a, b, lengths).ok()?, None))
}

/// SHIFT AND ROUND DECIMAL.
#[inline(always)]
pub fn shift(field: u128, length: u32, address: u32, rounding: u8, program_mask: u8) -> Option<(u128, u8)> {
    checked(decimal::srp(field, length as usize, address, rounding), program_mask)
}

/// CONVERT TO BINARY.
#[inline(always)]
pub fn convert_to_binary(doubleword: u64) -> Option<u32> {
    let converted = decimal::cvb(doubleword).ok()?;
    (!converted.overflow).then_some(converted.register)
}

/// EDIT: the condition code. Pattern and source are equally long.
#[inline]
pub fn edit(to: Spot, from: Spot, length: u32) -> Option<u8> {
    if bytes::overlap(to, length, from, length) {
        return None;
    }
    let mut pattern = [0; 256];
    let pattern = &mut pattern[..length as usize];
    for (byte, n) in pattern.iter_mut().zip(0..) {
        *byte = to.right(n).u8();
    }
    let mut at = from;
    let fetch = || {
        let byte = at.u8();
        at = at.right(1);
        Ok::<u8, ()>(byte)
    };
    let edited = decimal::edit(pattern, fetch).ok()?;
    for (&byte, n) in pattern.iter().zip(0..) {
        to.right(n).put_u8(byte);
    }
    Some(edited.condition_code)
}
