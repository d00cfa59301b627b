//! The decimal instructions (chapter 8 of the *Principles of Operation*) and those of chapter 7 that work on decimal
//! fields, as pure functions over operands that are already fetched.
//!
//! An operand is a **field**: the 1–16 bytes of storage, right-aligned in a `u128`, with zeros to their left. In the
//! packed format the rightmost four bits are thus the sign and every other four bits a digit. [`load`] makes a field of
//! the bytes, [`store`] puts the rightmost bytes of a field back. Between the two stands one function for each
//! instruction, named by its mnemonic:
//!
//! ```
//! use s370_cpu::decimal::{self, DataException};
//!
//! fn add(operand1: &mut [u8], operand2: &[u8]) -> Result<u8, DataException> {
//!     let result = decimal::ap(decimal::load(operand1), decimal::load(operand2), operand1.len())?;
//!     decimal::store(result.field, operand1);
//!     Ok(result.condition_code)
//! }
//! ```
//!
//! What stays with the caller: access exceptions; the specification exception of MULTIPLY and DIVIDE DECIMAL, which comes
//! before any operand is fetched ([`Lengths::new`]); and the decimal-overflow interruption, which condition code 3 calls
//! for if the program mask has it.
//!
//! # Overlapping operands
//!
//! Fetching both operands before storing the result is what the manual asks for wherever the rightmost bytes of the
//! operands coincide, except in UNPACK. More exactly, with *d* the address of the rightmost byte of the first operand
//! less that of the second, and L2 the length of the second operand in bytes, the result equals the one of processing
//! byte by byte from right to left when
//!
//! * ZERO AND ADD, PACK, MOVE WITH OFFSET: *d* ≥ 0;
//! * UNPACK: *d* ≥ L2 − 2;
//! * the others, which have no defined result otherwise: *d* = 0.
//!
//! In all other overlaps of PACK, UNPACK and MOVE WITH OFFSET the caller has to go byte by byte.

mod arithmetic;
mod bcd;
mod convert;
mod edit;

pub use arithmetic::{DivideException, Lengths, Outcome, ap, cp, dp, mp, sp, srp, zap};
pub use convert::{Converted, cvb, cvd, mvo, pack, unpk};
pub use edit::{EditException, Edited, edit, edit_source_length};

use thiserror::Error;

/// Why an operand causes a data exception (program interruption code X'0007').
///
/// The manual has the operation suppressed when a sign is invalid, whatever else is wrong, and terminated otherwise;
/// so an invalid sign of any operand is the one that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DataException {
    /// A sign code is not one of A–F: the operation is suppressed.
    #[error("data exception: invalid sign code")]
    Sign,
    /// A digit code, or the rounding digit, is not one of 0–9: the operation is terminated.
    #[error("data exception: invalid digit code")]
    Digit,
    /// The multiplicand has fewer leftmost bytes of zeros than the multiplier has bytes: the operation is terminated.
    #[error("data exception: too few leftmost zeros in the multiplicand")]
    LeftmostZeros,
}

impl DataException {
    /// Whether the operation is suppressed; if not, it is terminated.
    #[must_use]
    pub const fn suppresses(self) -> bool {
        matches!(self, Self::Sign)
    }
}

/// A packed decimal number: the digits and the sign of a field that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Up to 31 digits, four bits each, the units in the rightmost four bits; every code is 0–9.
    pub digits: u128,
    /// The sign is minus. Zero may be negative.
    pub negative: bool,
}

impl Packed {
    /// Checks the sign and digit codes of a field and separates the two.
    ///
    /// # Errors
    /// The data exception for an invalid code; the sign has priority.
    #[inline]
    pub const fn from_field(field: u128) -> Result<Self, DataException> {
        if bcd::packed_faults(field) != 0 {
            return Err(fault(field));
        }
        Ok(Self::from_checked(field))
    }

    /// Separates sign and digits of a field whose codes are known to be valid.
    #[inline]
    const fn from_checked(field: u128) -> Self {
        Self { digits: field >> 4, negative: bcd::is_minus(field as u64) }
    }

    /// The field of this number, with the preferred sign code: C for plus, D for minus.
    #[inline]
    #[must_use]
    pub const fn to_field(self) -> u128 {
        self.digits << 4 | sign_code(self.negative) as u128
    }
}

/// The preferred sign code.
#[inline]
const fn sign_code(negative: bool) -> u64 {
    0xC | negative as u64
}

/// Which data exception a field with an invalid code causes.
#[cold]
const fn fault(field: u128) -> DataException {
    if field & 0xF < 0xA { DataException::Sign } else { DataException::Digit }
}

/// Which data exception two fields cause, one of which has an invalid code.
#[cold]
const fn fault_of_two(field1: u128, field2: u128) -> DataException {
    if field1 & 0xF < 0xA || field2 & 0xF < 0xA { DataException::Sign } else { DataException::Digit }
}

/// The field of an operand of 1–16 bytes; of a longer slice, its rightmost 16 bytes.
#[inline]
#[must_use]
pub fn load(bytes: &[u8]) -> u128 {
    // The operand is taken apart into a doubleword, word, halfword and byte from the right, and `store` does the same:
    // a processor passes a value from a store to a load of the same bytes, but stalls on a load of what two stores wrote.
    match bytes.split_last_chunk() {
        Some((left, low)) => u128::from(load_left(left)) << 64 | u128::from(u64::from_be_bytes(*low)),
        None => u128::from(load_short(bytes)),
    }
}

/// The field of the part of an operand that is left of its rightmost doubleword.
#[inline]
fn load_left(bytes: &[u8]) -> u64 {
    bytes.last_chunk().map_or_else(|| load_short(bytes), |all| u64::from_be_bytes(*all))
}

/// The field of at most 7 bytes.
#[inline]
fn load_short(mut bytes: &[u8]) -> u64 {
    let mut field = 0;
    let mut width = 0;
    if let Some((left, word)) = bytes.split_last_chunk() {
        field = u64::from(u32::from_be_bytes(*word));
        width = 32;
        bytes = left;
    }
    if let Some((left, halfword)) = bytes.split_last_chunk() {
        field |= u64::from(u16::from_be_bytes(*halfword)) << width;
        width += 16;
        bytes = left;
    }
    if let Some(&byte) = bytes.last() {
        field |= u64::from(byte) << width;
    }
    field
}

/// Stores the rightmost bytes of a field into an operand of 1–16 bytes; of a longer slice, into its rightmost 16 bytes.
#[inline]
pub fn store(field: u128, bytes: &mut [u8]) {
    match bytes.split_last_chunk_mut() {
        Some((left, low)) => {
            *low = (field as u64).to_be_bytes();
            store_left((field >> 64) as u64, left);
        }
        None => store_short(field as u64, bytes),
    }
}

/// Stores into the part of an operand that is left of its rightmost doubleword.
#[inline]
fn store_left(field: u64, bytes: &mut [u8]) {
    match bytes.last_chunk_mut() {
        Some(all) => *all = field.to_be_bytes(),
        None => store_short(field, bytes),
    }
}

/// Stores into at most 7 bytes.
#[inline]
fn store_short(mut field: u64, mut bytes: &mut [u8]) {
    // Not `split_last_chunk_mut`: its borrow would last through the other branch.
    if bytes.len() >= 4 {
        let (left, word) = bytes.split_at_mut(bytes.len() - 4);
        word.copy_from_slice(&(field as u32).to_be_bytes());
        field >>= 32;
        bytes = left;
    }
    if bytes.len() >= 2 {
        let (left, halfword) = bytes.split_at_mut(bytes.len() - 2);
        halfword.copy_from_slice(&(field as u16).to_be_bytes());
        field >>= 16;
        bytes = left;
    }
    if let Some(byte) = bytes.last_mut() {
        *byte = field as u8;
    }
}
