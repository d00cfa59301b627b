//! Storage-to-storage operations on runs of absolute storage that are known to be accessible and without code.

use crate::storage::window::Spot;

/// Moves as MVC does: as if one byte at a time, left to right.
#[inline(always)]
pub fn copy(to: Spot, from: Spot, length: u32) {
    let distance = to.distance_from(from);
    if distance == 0 || distance >= 16 {
        // Every chunk is read before anything it overlaps with is written.
        copy_chunks(to, from, length);
    } else {
        copy_overlapping(to, from, length);
    }
}

#[inline(always)]
fn copy_chunks(mut to: Spot, mut from: Spot, mut length: u32) {
    while length >= 16 {
        to.put_u128(from.u128());
        (to, from, length) = (to.right(16), from.right(16), length - 16);
    }
    if length & 8 != 0 {
        to.put_u64(from.u64());
        (to, from) = (to.right(8), from.right(8));
    }
    if length & 4 != 0 {
        to.put_u32(from.u32());
        (to, from) = (to.right(4), from.right(4));
    }
    if length & 2 != 0 {
        to.put_u16(from.u16());
        (to, from) = (to.right(2), from.right(2));
    }
    if length & 1 != 0 {
        to.put_u8(from.u8());
    }
}

/// The destination begins a few bytes right of the source, which is thus repeated.
#[inline(never)]
fn copy_overlapping(to: Spot, from: Spot, length: u32) {
    if to == from.right(1) {
        fill(to, length, from.u8());
        return;
    }
    for n in 0..length {
        to.right(n).put_u8(from.right(n).u8());
    }
}

/// Fills with one byte.
#[inline(always)]
pub fn fill(mut to: Spot, mut length: u32, byte: u8) {
    let all = u128::from_ne_bytes([byte; 16]);
    while length >= 16 {
        to.put_u128(all);
        (to, length) = (to.right(16), length - 16);
    }
    if length & 8 != 0 {
        to.put_u64(all as u64);
        to = to.right(8);
    }
    for n in 0..length & 7 {
        to.right(n).put_u8(byte);
    }
}

/// Compares without sign: negative, zero or positive as the first operand is low, equal or high.
#[inline(always)]
pub fn compare(mut a: Spot, mut b: Spot, mut length: u32) -> i64 {
    while length > 8 {
        let (x, y) = (a.u64(), b.u64());
        if x != y {
            return order(x, y);
        }
        (a, b, length) = (a.right(8), b.right(8), length - 8);
    }
    // What is read to the right of the operands is shifted out.
    let unused = 64 - 8 * length;
    order(a.u64() >> unused, b.u64() >> unused)
}

#[inline(always)]
fn order(x: u64, y: u64) -> i64 {
    i64::from(x > y) - i64::from(x < y)
}

/// Combines two operands of equal length into the first; all ones that any result byte has.
///
/// The operands must be the same or not overlap.
#[inline(always)]
pub fn combine(to: Spot, from: Spot, length: u32, operation: impl Fn(u64, u64) -> u64) -> u64 {
    let mut any = 0;
    let mut n = 0;
    while n + 8 <= length {
        let result = operation(to.right(n).u64(), from.right(n).u64());
        to.right(n).put_u64(result);
        any |= result;
        n += 8;
    }
    while n < length {
        let result = operation(to.right(n).u8().into(), from.right(n).u8().into()) & 0xFF;
        to.right(n).put_u8(result as u8);
        any |= result;
        n += 1;
    }
    any
}

/// Whether two operands of these lengths have bytes in common.
#[inline(always)]
pub fn overlap(a: Spot, a_length: u32, b: Spot, b_length: u32) -> bool {
    a < b.right(b_length) && b < a.right(a_length)
}

/// The 1-16 bytes at `at`, right-aligned.
#[inline(always)]
pub fn field(at: Spot, length: u32) -> u128 {
    if length <= 8 {
        // What is read to the left of the operand is shifted out.
        let word = at.right(length).left(8).u64();
        return u128::from(word << (64 - 8 * length) >> (64 - 8 * length));
    }
    let low = at.right(length - 8).u64();
    let high = at.right(length).left(16).u64();
    let unused = 128 - 8 * length;
    u128::from(high << unused >> unused) << 64 | u128::from(low)
}

/// Stores the rightmost 1-16 bytes of a field.
#[inline(always)]
pub fn put_field(at: Spot, length: u32, field: u128) {
    let mut left = length;
    let mut field = field;
    if left >= 8 {
        left -= 8;
        at.right(left).put_u64(field as u64);
        field >>= 64;
    }
    if left == 8 {
        at.put_u64(field as u64);
        return;
    }
    let mut field = field as u64;
    if left & 4 != 0 {
        left -= 4;
        at.right(left).put_u32(field as u32);
        field >>= 32;
    }
    if left & 2 != 0 {
        left -= 2;
        at.right(left).put_u16(field as u16);
        field >>= 16;
    }
    if left & 1 != 0 {
        at.put_u8(field as u8);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::{
        Storage,
        window::{Window, lookup},
    };

    /// Storage with a number in each byte, and a way to it.
    fn numbered() -> (Arc<Storage>, impl Fn(u32) -> Spot) {
        let storage = Arc::new(Storage::new(2048).unwrap());
        (0..600).for_each(|n| storage.put_u8(n, (n * 7 + n / 256) as u8));
        let mut window = Window::new(storage.clone());
        window.enter(0, 0, false);
        (storage, move |at| lookup(window.entries(), at).spot(at))
    }

    #[test]
    fn moves_are_as_if_byte_by_byte() {
        for (to, from) in [(300, 0), (100, 100), (101, 100), (107, 100), (116, 100), (100, 103), (100, 120), (130, 100)]
        {
            for length in [1, 2, 3, 7, 8, 15, 16, 17, 31, 40, 255, 256] {
                let ((fast, at), (slow, _)) = (numbered(), numbered());
                copy(at(to), at(from), length);
                (0..length).for_each(|n| slow.put_u8(to + n, slow.u8(from + n)));
                assert!((0..600).all(|n| fast.u8(n) == slow.u8(n)), "{from} to {to} length {length}");
            }
        }
    }

    #[test]
    fn fields_come_back() {
        let (storage, spot) = numbered();
        (0..16).for_each(|n| storage.put_u8(n, !n as u8));
        for length in 1..=16 {
            for at in [0, 1, 5, 300] {
                let expected = (0..length).fold(0, |f, n| f << 8 | u128::from(storage.u8(at + n)));
                assert_eq!(field(spot(at), length), expected, "{length} at {at}");
                let (left, right) = (storage.u8(at.wrapping_sub(1)), storage.u8(at + length));
                put_field(spot(at), length, !expected);
                assert_eq!(field(spot(at), length), !expected & (u128::MAX >> (128 - 8 * length)));
                assert_eq!((left, right), (storage.u8(at.wrapping_sub(1)), storage.u8(at + length)));
            }
        }
    }

    #[test]
    fn comparison_and_combination() {
        let (storage, at) = numbered();
        copy(at(300), at(0), 40);
        assert_eq!(compare(at(0), at(300), 40), 0);
        storage.put_u8(339, storage.u8(39) + 1);
        assert!(compare(at(0), at(300), 40) < 0 && compare(at(300), at(0), 40) > 0);
        assert_ne!(combine(at(0), at(300), 40, |a, b| a ^ b), 0);
        assert!((0..39).all(|n| storage.u8(n) == 0) && storage.u8(39) != 0);
    }
}
