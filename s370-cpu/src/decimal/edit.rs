//! EDIT and EDIT AND MARK.

use std::ops::RangeInclusive;

use thiserror::Error;

use super::bcd;

/// The pattern byte that is replaced by a source digit once the result is significant.
const DIGIT_SELECTOR: u8 = 0x20;
/// The pattern byte that does the same and makes what follows significant.
const SIGNIFICANCE_STARTER: u8 = 0x21;
/// The pattern byte that begins a new field.
const FIELD_SEPARATOR: u8 = 0x22;

/// The result of EDIT or EDIT AND MARK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edited {
    /// 0 the last field is zero or has no digits, 1 less than zero, 2 greater than zero.
    pub condition_code: u8,
    /// The offset in the result of the byte whose address EDIT AND MARK inserts in bits 8–31 of general register 1: the
    /// last one that is a source digit and made the result significant. None leaves the register unchanged.
    pub mark: Option<u8>,
}

/// Why an editing operation is ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EditException<E> {
    /// Fetching a source byte failed.
    #[error(transparent)]
    Access(E),
    /// A data exception: the left half of a source byte is not a digit. The operation is terminated.
    #[error("data exception: invalid digit code in the left half of a source byte")]
    Data,
}

/// How many source bytes editing may need, whatever their values, at least and at most: it takes one digit for each digit
/// selector and significance starter, and a byte of the source has one digit if it ends in a sign, else two.
#[inline]
#[must_use]
pub fn edit_source_length(pattern: &[u8]) -> RangeInclusive<usize> {
    let digits = pattern.iter().filter(|&&byte| takes_digit(byte)).count();
    digits.div_ceil(2)..=digits
}

/// Whether a pattern byte is a digit selector or significance starter.
#[inline]
const fn takes_digit(byte: u8) -> bool {
    byte | 1 == DIGIT_SELECTOR | SIGNIFICANCE_STARTER
}

/// EDIT and EDIT AND MARK: edits the source under control of the pattern, at most 256 bytes, and replaces the pattern by
/// the result.
///
/// `fetch` is called for each source byte, from left to right, when its first digit is needed: access exceptions are
/// recognized only for bytes that are used.
///
/// # Errors
/// What `fetch` fails with, or a data exception. The bytes of the pattern to the left of the one that called for the
/// source byte are then replaced already: where the operation has to be nullified or suppressed, edit a copy.
#[inline]
pub fn edit<E>(pattern: &mut [u8], mut fetch: impl FnMut() -> Result<u8, E>) -> Result<Edited, EditException<E>> {
    // Words rather than bytes, and masks of all ones rather than flags, so that the choice between fill byte and digit
    // needs no branch: the pattern is the same each time, the digits are not.
    let fill = pattern.first().map_or(0, |&byte| u32::from(byte));
    let mut source = Source::default();
    let mut significant = 0_u32;
    let mut nonzero = 0;
    let mut mark = None;
    for (offset, result) in pattern.iter_mut().enumerate() {
        let byte = u32::from(*result);
        if takes_digit(*result) {
            let (digit, plus) = source.next(&mut fetch)?;
            let zero = u32::from(digit != 0).wrapping_sub(1);
            mark = if significant | zero == 0 { Some(offset as u8) } else { mark };
            significant |= !zero;
            *result = select(significant, 0xF0 | digit, fill);
            significant = (significant | (byte & 1).wrapping_neg()) & !plus;
            nonzero |= digit;
        } else if *result == FIELD_SEPARATOR {
            *result = fill as u8;
            significant = 0;
            nonzero = 0;
        } else {
            *result = select(significant, byte, fill);
        }
    }
    Ok(Edited { condition_code: u8::from(nonzero != 0) << (!significant & 1), mark })
}

/// One of two bytes, by a mask.
#[inline]
const fn select(mask: u32, ones: u32, zeros: u32) -> u8 {
    (zeros ^ (zeros ^ ones) & mask) as u8
}

/// The digits of the source.
#[derive(Default)]
struct Source {
    /// The right half of the last byte, if it is a digit that was not taken yet.
    waiting: Option<u32>,
}

impl Source {
    /// The next digit and, in all bits, whether a plus sign follows it in its byte. A minus sign only ends the byte.
    #[inline]
    fn next<E>(&mut self, fetch: &mut impl FnMut() -> Result<u8, E>) -> Result<(u32, u32), EditException<E>> {
        if let Some(digit) = self.waiting.take() {
            return Ok((digit, 0));
        }
        let byte = u32::from(fetch().map_err(EditException::Access)?);
        let (left, right) = (byte >> 4, byte & 0xF);
        if left > 9 {
            return Err(EditException::Data);
        }
        if right <= 9 {
            self.waiting = Some(right);
            return Ok((left, 0));
        }
        Ok((left, u32::from(bcd::is_minus(u64::from(byte))).wrapping_sub(1)))
    }
}
