//! Storage-to-storage operations on runs of absolute storage that are known to be accessible and without code.

use crate::storage::Storage;

/// Moves as MVC does: as if one byte at a time, left to right.
#[inline(always)]
pub fn copy(storage: &Storage, to: u32, from: u32, length: u32) {
    let distance = to.wrapping_sub(from);
    if distance == 0 || distance >= 16 {
        // Every chunk is read before anything it overlaps with is written.
        copy_chunks(storage, to, from, length);
    } else {
        copy_overlapping(storage, to, from, length);
    }
}

#[inline(always)]
fn copy_chunks(storage: &Storage, mut to: u32, mut from: u32, mut length: u32) {
    while length >= 16 {
        storage.put_u128(to, storage.u128(from));
        (to, from, length) = (to + 16, from + 16, length - 16);
    }
    if length & 8 != 0 {
        storage.put_u64(to, storage.u64(from));
        (to, from) = (to + 8, from + 8);
    }
    if length & 4 != 0 {
        storage.put_u32(to, storage.u32(from));
        (to, from) = (to + 4, from + 4);
    }
    if length & 2 != 0 {
        storage.put_u16(to, storage.u16(from));
        (to, from) = (to + 2, from + 2);
    }
    if length & 1 != 0 {
        storage.put_u8(to, storage.u8(from));
    }
}

/// The destination begins a few bytes right of the source, which is thus repeated.
fn copy_overlapping(storage: &Storage, to: u32, from: u32, length: u32) {
    if to == from + 1 {
        fill(storage, to, length, storage.u8(from));
        return;
    }
    for n in 0..length {
        storage.put_u8(to + n, storage.u8(from + n));
    }
}

/// Fills with one byte.
#[inline(always)]
pub fn fill(storage: &Storage, mut to: u32, mut length: u32, byte: u8) {
    let all = u128::from_ne_bytes([byte; 16]);
    while length >= 16 {
        storage.put_u128(to, all);
        (to, length) = (to + 16, length - 16);
    }
    for n in 0..length {
        storage.put_u8(to + n, byte);
    }
}

/// Compares without sign: negative, zero or positive as the first operand is low, equal or high.
#[inline(always)]
pub fn compare(storage: &Storage, a: u32, b: u32, length: u32) -> i64 {
    let mut n = 0;
    while n + 8 <= length {
        let (x, y) = (storage.u64(a + n), storage.u64(b + n));
        if x != y {
            return if x < y { -1 } else { 1 };
        }
        n += 8;
    }
    while n < length {
        let difference = i64::from(storage.u8(a + n)) - i64::from(storage.u8(b + n));
        if difference != 0 {
            return difference;
        }
        n += 1;
    }
    0
}

/// Combines two operands of equal length into the first; all ones that any result byte has.
///
/// The operands must be the same or not overlap.
#[inline(always)]
pub fn combine(storage: &Storage, to: u32, from: u32, length: u32, operation: impl Fn(u64, u64) -> u64) -> u64 {
    let mut any = 0;
    let mut n = 0;
    while n + 8 <= length {
        let result = operation(storage.u64(to + n), storage.u64(from + n));
        storage.put_u64(to + n, result);
        any |= result;
        n += 8;
    }
    while n < length {
        let result = operation(storage.u8(to + n).into(), storage.u8(from + n).into()) & 0xFF;
        storage.put_u8(to + n, result as u8);
        any |= result;
        n += 1;
    }
    any
}

/// Whether two operands of these lengths have bytes in common.
#[inline(always)]
pub fn overlap(a: u32, a_length: u32, b: u32, b_length: u32) -> bool {
    a < b + b_length && b < a + a_length
}

/// The 1-16 bytes at `at`, right-aligned.
#[inline(always)]
pub fn field(storage: &Storage, at: u32, length: u32) -> u128 {
    if at + length < 16 {
        // There is no storage to the left of the operand.
        return (0..length).fold(0, |field, n| field << 8 | u128::from(storage.u8(at + n)));
    }
    if length <= 8 {
        // What is read to the left of the operand is shifted out.
        let word = storage.u64(at.wrapping_add(length).wrapping_sub(8));
        return u128::from(word << (64 - 8 * length) >> (64 - 8 * length));
    }
    let low = storage.u64(at + length - 8);
    let high = storage.u64((at + length).wrapping_sub(16));
    let unused = 128 - 8 * length;
    u128::from(high << unused >> unused) << 64 | u128::from(low)
}

/// Stores the rightmost 1-16 bytes of a field.
#[inline(always)]
pub fn put_field(storage: &Storage, at: u32, length: u32, field: u128) {
    let mut left = length;
    let mut field = field;
    if left >= 8 {
        left -= 8;
        storage.put_u64(at + left, field as u64);
        field >>= 64;
    }
    if left == 8 {
        storage.put_u64(at, field as u64);
        return;
    }
    let mut field = field as u64;
    if left & 4 != 0 {
        left -= 4;
        storage.put_u32(at + left, field as u32);
        field >>= 32;
    }
    if left & 2 != 0 {
        left -= 2;
        storage.put_u16(at + left, field as u16);
        field >>= 16;
    }
    if left & 1 != 0 {
        storage.put_u8(at, field as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered() -> Storage {
        let storage = Storage::new(2048).unwrap();
        (0..600).for_each(|n| storage.put_u8(n, (n * 7 + n / 256) as u8));
        storage
    }

    #[test]
    fn moves_are_as_if_byte_by_byte() {
        for (to, from) in [(300, 0), (100, 100), (101, 100), (107, 100), (116, 100), (100, 103), (100, 120), (130, 100)]
        {
            for length in [1, 2, 3, 7, 8, 15, 16, 17, 31, 40, 255, 256] {
                let (fast, slow) = (numbered(), numbered());
                copy(&fast, to, from, length);
                (0..length).for_each(|n| slow.put_u8(to + n, slow.u8(from + n)));
                assert!((0..600).all(|n| fast.u8(n) == slow.u8(n)), "{from} to {to} length {length}");
            }
        }
    }

    #[test]
    fn fields_come_back() {
        let storage = numbered();
        (0..16).for_each(|n| storage.put_u8(n, !n as u8));
        for length in 1..=16 {
            for at in [0, 1, 5, 300] {
                let expected = (0..length).fold(0, |f, n| f << 8 | u128::from(storage.u8(at + n)));
                assert_eq!(field(&storage, at, length), expected, "{length} at {at}");
                let (left, right) = (storage.u8(at.wrapping_sub(1)), storage.u8(at + length));
                put_field(&storage, at, length, !expected);
                assert_eq!(field(&storage, at, length), !expected & (u128::MAX >> (128 - 8 * length)));
                assert_eq!((left, right), (storage.u8(at.wrapping_sub(1)), storage.u8(at + length)));
            }
        }
    }

    #[test]
    fn comparison_and_combination() {
        let storage = numbered();
        copy(&storage, 300, 0, 40);
        assert_eq!(compare(&storage, 0, 300, 40), 0);
        storage.put_u8(339, storage.u8(39) + 1);
        assert!(compare(&storage, 0, 300, 40) < 0 && compare(&storage, 300, 0, 40) > 0);
        assert_ne!(combine(&storage, 0, 300, 40, |a, b| a ^ b), 0);
        assert!((0..39).all(|n| storage.u8(n) == 0) && storage.u8(39) != 0);
    }
}
