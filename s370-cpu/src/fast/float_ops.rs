//! Hexadecimal floating point for the loop: register images in, register image and condition code out, or nothing when
//! there is an exception. Short images are `u32`, long ones `u64`.
//!
//! The usual cases are worked out in place; all others are calls.

use super::{cache::Register, code::LazyCode};
use crate::hfp::{Masks, Outcome, Sum, long, short, usual};

/// The floating-point registers. A short operand is the left half of its register, the right half of which stays.
///
/// They are bytes so that a short operand is always loaded and stored by itself: the host has to wait when it loads
/// eight bytes, of which it has just stored four.
#[derive(Clone, Copy, Debug)]
pub struct FloatRegisters([[u8; 8]; 4]);

impl FloatRegisters {
    /// Registers 0, 2, 4 and 6 with these contents.
    #[inline(always)]
    pub fn new(contents: &[u64; 4]) -> FloatRegisters {
        FloatRegisters(contents.map(u64::to_le_bytes))
    }

    /// The contents of registers 0, 2, 4 and 6.
    #[inline(always)]
    pub fn contents(&self) -> [u64; 4] {
        self.0.map(u64::from_le_bytes)
    }

    /// The operand in the register with this number, halved.
    #[inline(always)]
    pub fn get<T: Image>(&self, register: Register) -> T {
        T::load(&self.0[usize::from(register.number() & 3)])
    }

    /// Puts a result into the register with this number, halved.
    #[inline(always)]
    pub fn set<T: Image>(&mut self, register: Register, image: T) {
        image.store(&mut self.0[usize::from(register.number() & 3)]);
    }
}

/// An operand or result: short or long.
pub trait Image: Copy {
    /// The operand in a register, whose rightmost byte is the first one here.
    fn load(register: &[u8; 8]) -> Self;
    /// Puts a result into a register.
    fn store(self, register: &mut [u8; 8]);
}

impl Image for u32 {
    #[inline(always)]
    fn load(register: &[u8; 8]) -> u32 {
        register.last_chunk().copied().map_or(0, u32::from_le_bytes)
    }

    #[inline(always)]
    fn store(self, register: &mut [u8; 8]) {
        register[4..].copy_from_slice(&self.to_le_bytes());
    }
}

impl Image for u64 {
    #[inline(always)]
    fn load(register: &[u8; 8]) -> u64 {
        u64::from_le_bytes(*register)
    }

    #[inline(always)]
    fn store(self, register: &mut [u8; 8]) {
        *register = self.to_le_bytes();
    }
}

/// The condition code of a sum that is not zero.
#[inline(always)]
fn short_code(sum: u32) -> LazyCode {
    LazyCode::signed(sum)
}

/// The condition code of a sum that is not zero. It is normalized: its rightmost bit is not the only one.
#[inline(always)]
fn long_code(sum: u64) -> LazyCode {
    LazyCode(sum as i64 >> 1)
}

fn quiet<T>(outcome: Outcome<T>) -> Option<T> {
    outcome.exception.is_none().then_some(outcome.value)
}

fn coded<T>(Sum { value, cc, exception }: Sum<T>) -> Option<(T, LazyCode)> {
    exception.is_none().then_some((value, LazyCode::of(cc)))
}

macro_rules! sums {
    ($($name:ident $image:ident $general:path, $sign:literal, $code:ident;)*) => {$(
        /// The instruction's sum and condition code.
        #[inline(always)]
        pub fn $name(a: $image, b: $image, program_mask: &u8) -> Option<($image, LazyCode)> {
            #[cold]
            #[inline(never)]
            fn general(a: $image, b: $image, program_mask: &u8) -> Option<($image, LazyCode)> {
                coded($general(a, b, Masks::from_program_mask(*program_mask)))
            }
            sums!(@$code a, b ^ $sign, general(a, b, program_mask))
        }
    )*};
    (@short $a:expr, $b:expr, $general:expr) => {
        match usual::add_short($a, $b) {
            Some(sum) => Some((sum, short_code(sum))),
            None => $general,
        }
    };
    (@long $a:expr, $b:expr, $general:expr) => {
        match usual::add_long($a, $b) {
            Some(sum) => Some((sum, long_code(sum))),
            None => $general,
        }
    };
}

sums! {
    add_short u32 short::add_normalized, 0, short;
    add_long u64 long::add_normalized, 0, long;
    subtract_short u32 short::subtract_normalized, 0x8000_0000, short;
    subtract_long u64 long::subtract_normalized, 0x8000_0000_0000_0000, long;
}

macro_rules! unnormalized_sums {
    ($($name:ident $image:ident $general:path;)*) => {$(
        /// The instruction's sum and condition code.
        #[inline(always)]
        pub fn $name(a: $image, b: $image, program_mask: &u8) -> Option<($image, LazyCode)> {
            coded($general(a, b, Masks::from_program_mask(*program_mask)))
        }
    )*};
}

unnormalized_sums! {
    add_unnormalized_short u32 short::add_unnormalized;
    add_unnormalized_long u64 long::add_unnormalized;
    subtract_unnormalized_short u32 short::subtract_unnormalized;
    subtract_unnormalized_long u64 long::subtract_unnormalized;
}

macro_rules! loads {
    ($($short:ident $long:ident $image:ident, $sign:ident => $loaded:expr;)*) => {$(
        /// The short form; it has no exceptions.
        #[inline(always)]
        pub fn $short(_: u32, $image: u32, _: &u8) -> Option<(u32, LazyCode)> {
            let $sign: u32 = 1 << 31;
            let loaded = $loaded;
            Some((loaded, if loaded << 8 == 0 { LazyCode(0) } else { LazyCode::signed(loaded) }))
        }

        /// The long form; it has no exceptions.
        #[inline(always)]
        pub fn $long(_: u64, $image: u64, _: &u8) -> Option<(u64, LazyCode)> {
            let $sign: u64 = 1 << 63;
            let loaded = $loaded;
            Some((loaded, LazyCode(if loaded << 8 == 0 { 0 } else { loaded as i64 >> 1 | 1 })))
        }
    )*};
}

loads! {
    test_short test_long image, _sign => image;
    complement_short complement_long image, sign => image ^ sign;
    positive_short positive_long image, sign => image & !sign;
    negative_short negative_long image, sign => image | sign;
}

/// COMPARE (short): the condition code.
#[inline(always)]
pub fn compare_short(a: u32, b: u32) -> LazyCode {
    #[cold]
    #[inline(never)]
    fn general(a: u32, b: u32) -> LazyCode {
        LazyCode::of(short::compare(a, b))
    }
    match usual::compare_short(a, b) {
        Some((a, b)) => LazyCode(i64::from(a) - i64::from(b)),
        None => general(a, b),
    }
}

/// COMPARE (long): the condition code.
#[inline(always)]
pub fn compare_long(a: u64, b: u64) -> LazyCode {
    #[cold]
    #[inline(never)]
    fn general(a: u64, b: u64) -> LazyCode {
        LazyCode::of(long::compare(a, b))
    }
    match usual::compare_long(a, b) {
        Some((a, b)) => LazyCode(i64::from(a > b) - i64::from(a < b)),
        None => general(a, b),
    }
}

macro_rules! without_code {
    ($($name:ident ($($operand:ident)?) $image:ident -> $result:ident: $usual:path, $general:path;)*) => {$(
        /// The instruction's result.
        #[inline(always)]
        pub fn $name(a: $image, b: $image, program_mask: &u8) -> Option<$result> {
            #[cold]
            #[inline(never)]
            fn general(a: $image, b: $image, program_mask: &u8) -> Option<$result> {
                quiet(without_code!(@($($operand)?) $general, a, b, Masks::from_program_mask(*program_mask)))
            }
            match without_code!(@($($operand)?) $usual, a, b) {
                Some(value) => Some(value),
                None => general(a, b, program_mask),
            }
        }
    )*};
    (@(second) $function:path, $a:expr, $b:expr $(, $masks:expr)?) => {{
        let _ = $a;
        $function($b $(, $masks)?)
    }};
    (@() $function:path, $a:expr, $b:expr $(, $masks:expr)?) => { $function($a, $b $(, $masks)?) };
}

without_code! {
    halve_short (second) u32 -> u32: usual::halve_short, short::halve;
    halve_long (second) u64 -> u64: usual::halve_long, long::halve;
    multiply_short () u32 -> u64: usual::multiply_short, short::multiply_to_long;
    multiply_long () u64 -> u64: usual::multiply_long, long::multiply;
    divide_short () u32 -> u32: usual::divide_short, short::divide;
    divide_long () u64 -> u64: usual::divide_long, long::divide;
}
