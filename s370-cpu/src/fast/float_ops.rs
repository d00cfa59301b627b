//! Hexadecimal floating point for the loop: register images in, register image and condition code out, or nothing when
//! there is an exception. A short operand is the left half of its doubleword; the right half of the register stays.

use crate::hfp::{Masks, Outcome, Sum, long, short};

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
    add_short short::add_normalized
    add_long long::add_normalized
    subtract_short short::subtract_normalized
    subtract_long long::subtract_normalized
    add_unnormalized_short short::add_unnormalized
    add_unnormalized_long long::add_unnormalized
    subtract_unnormalized_short short::subtract_unnormalized
    subtract_unnormalized_long long::subtract_unnormalized
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
    short::compare(high(a), high(b))
}

/// COMPARE (long): the condition code.
#[inline(always)]
pub fn compare_long(a: u64, b: u64) -> u8 {
    long::compare(a, b)
}

#[inline(always)]
fn quiet<T>(outcome: Outcome<T>) -> Option<T> {
    outcome.exception.is_none().then_some(outcome.value)
}

/// HALVE (short).
#[inline(always)]
pub fn halve_short(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(short::halve(high(b), Masks::from_program_mask(program_mask))).map(|value| short_value(a, value))
}

/// HALVE (long).
#[inline(always)]
pub fn halve_long(_: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(long::halve(b, Masks::from_program_mask(program_mask)))
}

/// MULTIPLY (short to long).
#[inline(always)]
pub fn multiply_short(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(short::multiply_to_long(high(a), high(b), Masks::from_program_mask(program_mask)))
}

/// MULTIPLY (long).
#[inline(always)]
pub fn multiply_long(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(long::multiply(a, b, Masks::from_program_mask(program_mask)))
}

/// DIVIDE (short).
#[inline(always)]
pub fn divide_short(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(short::divide(high(a), high(b), Masks::from_program_mask(program_mask))).map(|value| short_value(a, value))
}

/// DIVIDE (long).
#[inline(always)]
pub fn divide_long(a: u64, b: u64, program_mask: u8) -> Option<u64> {
    quiet(long::divide(a, b, Masks::from_program_mask(program_mask)))
}
