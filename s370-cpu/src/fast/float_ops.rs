//! Hexadecimal floating point for the loop: register images in, register image and condition code out, or nothing when
//! there is an exception. A short operand is the left half of its doubleword; the right half of the register stays.
//!
//! The usual cases are worked out in place; all others are calls.

use crate::hfp::{Masks, Outcome, Sum, long, short, usual};

/// `register` with its left half from `value`.
#[inline(always)]
pub fn with_short(register: u64, value: u64) -> u64 {
    register & 0xFFFF_FFFF | value & !0xFFFF_FFFF
}

#[inline(always)]
fn high(register: u64) -> u32 {
    (register >> 32) as u32
}

#[inline(always)]
fn short_value(register: u64, value: u32) -> u64 {
    register & 0xFFFF_FFFF | u64::from(value) << 32
}

macro_rules! sums {
    ($($name:ident $module:ident::$function:ident)*) => {$(
        /// The instruction's sum and condition code.
        #[inline(always)]
        pub fn $name(a: u64, b: u64, program_mask: u8) -> Option<(u64, u8)> {
            sums!(@$module $function a b program_mask)
        }
    )*};
    (@short $function:ident $a:ident $b:ident $mask:ident) => {{
        let Sum { value, cc, exception } = short::$function(high($a), high($b), Masks::from_program_mask($mask));
        exception.is_none().then(|| (short_value($a, value), cc))
    }};
    (@long $function:ident $a:ident $b:ident $mask:ident) => {{
        let Sum { value, cc, exception } = long::$function($a, $b, Masks::from_program_mask($mask));
        exception.is_none().then_some((value, cc))
    }};
}

sums! {
    add_unnormalized_short short::add_unnormalized
    add_unnormalized_long long::add_unnormalized
    subtract_unnormalized_short short::subtract_unnormalized
    subtract_unnormalized_long long::subtract_unnormalized
}

macro_rules! normalized_sums {
    ($($name:ident $general:ident $image:ident $sign:literal;)*) => {$(
        #[cold]
        #[inline(never)]
        fn $general(a: u64, b: u64, program_mask: u8) -> Option<(u64, u8)> {
            normalized_sums!(@general $image a b $sign program_mask)
        }

        /// The instruction's sum and condition code.
        #[inline(always)]
        pub fn $name(a: u64, b: u64, program_mask: u8) -> Option<(u64, u8)> {
            match normalized_sums!(@usual $image a b $sign) {
                Some(sum) => Some((sum, 2 - (sum >> 63) as u8)),
                None => $general(a, b, program_mask),
            }
        }
    )*};
    (@general short $a:ident $b:ident $sign:literal $mask:ident) => {{
        let sum = short::add_normalized(high($a), high($b ^ $sign), Masks::from_program_mask($mask));
        sum.exception.is_none().then(|| (short_value($a, sum.value), sum.cc))
    }};
    (@general long $a:ident $b:ident $sign:literal $mask:ident) => {{
        let sum = long::add_normalized($a, $b ^ $sign, Masks::from_program_mask($mask));
        sum.exception.is_none().then_some((sum.value, sum.cc))
    }};
    (@usual short $a:ident $b:ident $sign:literal) => {
        usual::add_short(high($a), high($b ^ $sign)).map(|sum| short_value($a, sum))
    };
    (@usual long $a:ident $b:ident $sign:literal) => { usual::add_long($a, $b ^ $sign) };
}

normalized_sums! {
    add_short general_add_short short 0;
    add_long general_add_long long 0;
    subtract_short general_subtract_short short 0x8000_0000_0000_0000;
    subtract_long general_subtract_long long 0x8000_0000_0000_0000;
}

macro_rules! loads {
    ($($short:ident $long:ident $function:ident)*) => {$(
        /// The short form; it has no exceptions.
        #[inline(always)]
        pub fn $short(a: u64, b: u64, _: u8) -> Option<(u64, u8)> {
            let (value, cc) = short::$function(high(b));
            Some((short_value(a, value), cc))
        }

        /// The long form; it has no exceptions.
        #[inline(always)]
        pub fn $long(_: u64, b: u64, _: u8) -> Option<(u64, u8)> {
            Some(long::$function(b))
        }
    )*};
}

loads! {
    test_short test_long load_and_test
    complement_short complement_long load_complement
    positive_short positive_long load_positive
    negative_short negative_long load_negative
}

/// COMPARE (short): the condition code.
#[inline(always)]
pub fn compare_short(a: u64, b: u64) -> u8 {
    match usual::compare_short(high(a), high(b)) {
        Some((a, b)) => (a < b) as u8 | ((a > b) as u8) << 1,
        None => short::compare(high(a), high(b)),
    }
}

/// COMPARE (long): the condition code.
#[inline(always)]
pub fn compare_long(a: u64, b: u64) -> u8 {
    match usual::compare_long(a, b) {
        Some((a, b)) => (a < b) as u8 | ((a > b) as u8) << 1,
        None => long::compare(a, b),
    }
}

/// A result that is worked out by a call.
#[cold]
#[inline(never)]
fn general<T, R>(function: fn(T, T, Masks) -> Outcome<R>, a: T, b: T, program_mask: u8) -> Option<R> {
    let outcome = function(a, b, Masks::from_program_mask(program_mask));
    outcome.exception.is_none().then_some(outcome.value)
}

/// HALVE (short).
#[inline(always)]
pub fn halve_short(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    let (a_high, b) = (high(a), high(b));
    let value =
        usual::halve_short(b).or_else(|| general(|_, b, masks| short::halve(b, masks), a_high, b, program_mask));
    value.map(|value| short_value(a, value))
}

/// HALVE (long).
#[inline(always)]
pub fn halve_long(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    usual::halve_long(b).or_else(|| general(|_, b, masks| long::halve(b, masks), a, b, program_mask))
}

/// MULTIPLY (short to long).
#[inline(always)]
pub fn multiply_short(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    let (a, b) = (high(a), high(b));
    usual::multiply_short(a, b).or_else(|| general(short::multiply_to_long, a, b, program_mask))
}

/// MULTIPLY (long).
#[inline(always)]
pub fn multiply_long(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    usual::multiply_long(a, b).or_else(|| general(long::multiply, a, b, program_mask))
}

/// DIVIDE (short).
#[inline(always)]
pub fn divide_short(register: u64, b: u64, program_mask: u8) -> Option<u64> {
    let (a, b) = (high(register), high(b));
    let value = usual::divide_short(a, b).or_else(|| general(short::divide, a, b, program_mask));
    value.map(|value| short_value(register, value))
}

/// DIVIDE (long).
#[inline(always)]
pub fn divide_long(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    usual::divide_long(a, b).or_else(|| general(long::divide, a, b, program_mask))
}
