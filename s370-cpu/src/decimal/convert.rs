//! The conversions of chapter 7 between the zoned, packed and binary formats: CONVERT TO BINARY, CONVERT TO DECIMAL, MOVE
//! WITH OFFSET, PACK and UNPACK.
//!
//! PACK, UNPACK and MOVE WITH OFFSET check no codes and set no condition code; a result longer than the first operand is
//! cut off on the left by [`store`](super::store), and it has its zeros on the left if it is shorter.

use super::bcd;
use super::{DataException, Packed};

/// The result of CONVERT TO BINARY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Converted {
    /// What is placed in the register: the rightmost 32 bits of the number in two's complement.
    pub register: u32,
    /// The number does not fit a signed 32-bit integer: a fixed-point-divide exception, after the register is loaded.
    pub overflow: bool,
}

/// CONVERT TO BINARY of a doubleword with 15 digits and sign.
///
/// # Errors
/// A data exception for an invalid sign or digit.
#[inline]
pub const fn cvb(doubleword: u64) -> Result<Converted, DataException> {
    let Packed { digits, negative } = match Packed::from_field(doubleword as u128) {
        Ok(packed) => packed,
        Err(exception) => return Err(exception),
    };
    let magnitude = bcd::to_binary(digits as u64) as i64;
    let number = if negative { -magnitude } else { magnitude };
    Ok(Converted { register: number as u32, overflow: number != number as i32 as i64 })
}

/// CONVERT TO DECIMAL: the doubleword for the number in a register, with the preferred sign.
#[inline]
#[must_use]
pub const fn cvd(number: i32) -> u64 {
    let digits = bcd::from_binary(number.unsigned_abs() as u64);
    Packed { digits: digits as u128, negative: number < 0 }.to_field() as u64
}

/// PACK: the packed field of a zoned field. The rightmost byte has its halves swapped, the others lose their zones.
#[inline]
#[must_use]
pub const fn pack(zoned: u128) -> u128 {
    let digits = (without_zones((zoned >> 64) as u64) as u64) << 32 | without_zones(zoned as u64) as u64;
    (digits as u128) << 4 | zoned >> 4 & 0xF
}

/// The rightmost four bits of each byte.
#[inline]
const fn without_zones(zoned: u64) -> u32 {
    let pairs = (zoned & 0x0F0F_0F0F_0F0F_0F0F) | (zoned & 0x0F0F_0F0F_0F0F_0F0F) >> 4;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF) | (pairs & 0x00FF_00FF_00FF_00FF) >> 8;
    (fours & 0x0000_FFFF) as u32 | ((fours & 0x0000_FFFF_0000_FFFF) >> 16) as u32
}

/// UNPACK: the zoned field, 16 bytes long, of a packed field. The rightmost byte has its halves swapped, the other digits
/// get the zone F.
#[inline]
#[must_use]
pub const fn unpk(packed: u128) -> u128 {
    let digits = (packed >> 4) as u64;
    let left = with_zones((digits >> 32) as u32);
    let right = with_zones(digits as u32) ^ (packed as u64 & 0xF ^ 0xF) << 4;
    (left as u128) << 64 | right as u128
}

/// Each four bits in a byte with the zone F.
#[inline]
const fn with_zones(digits: u32) -> u64 {
    let fours = (digits as u64 | (digits as u64) << 16) & 0x0000_FFFF_0000_FFFF;
    let pairs = (fours | fours << 8) & 0x00FF_00FF_00FF_00FF;
    (pairs | pairs << 4) & 0x0F0F_0F0F_0F0F_0F0F | 0xF0F0_F0F0_F0F0_F0F0
}

/// MOVE WITH OFFSET: the second operand to the left of the rightmost four bits of the first, of which only the rightmost
/// byte is used.
#[inline]
#[must_use]
pub const fn mvo(rightmost1: u8, field2: u128) -> u128 {
    field2 << 4 | (rightmost1 & 0xF) as u128
}
