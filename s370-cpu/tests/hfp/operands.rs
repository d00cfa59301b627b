//! Where the operands of the checks come from.

use crate::model::{EXTENDED, Image, LONG, SHORT};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The image of a number from a first byte (sign and characteristic) and the rightmost `length` digits of `fraction`.
fn image(length: usize, first_byte: u8, fraction: u128, low_first_byte: u8) -> Image {
    let fraction = fraction & (u128::MAX >> (128 - 4 * length));
    let left = |digits: usize, fraction: u128| u64::from(first_byte) << (4 * digits) | fraction as u64;
    match length {
        EXTENDED => {
            let low = fraction as u64 & (u64::MAX >> 8);
            (left(LONG, fraction >> 56), u64::from(low_first_byte) << 56 | low)
        }
        _ => (left(length, fraction), 0),
    }
}

/// Both signs of characteristics at the ends and in the middle of their range, and one alignment apart, with fractions
/// of zeros, of a single bit at either end and in the middle, of F digits, with and without leading zeros.
pub fn edges(length: usize) -> Vec<Image> {
    let ones = u128::MAX >> (128 - 4 * length);
    let top = 1 << (4 * length - 4);
    let middle = 1 << (2 * length + 3);
    let fractions = [0, 1, 0xF, middle, middle - 1, ones >> 4, top, top - 2, 8 * top, ones - 7, ones];
    let far = 64 - length as u8;
    let mut edges = vec![];
    for characteristic in [0, 1, far, far - 1, 64, 65, 126, 127] {
        for fraction in fractions {
            for sign in [0, 0x80] {
                // The low-order sign and characteristic are nonsense, as they may be.
                edges.push(image(length, sign | characteristic, fraction, 0xA5));
            }
        }
    }
    edges
}

/// Fractions of all kinds: digits missing at the left, at the right, or all.
fn fraction(length: usize) -> impl Strategy<Value = u128> {
    let bits = 4 * length as u32;
    (any::<u128>(), 0..4 * bits, 0..4 * bits, any::<bool>()).prop_map(move |(random, left, right, ones)| {
        let all = u128::MAX >> (128 - bits);
        let digits = if ones { all } else { random & all };
        // Three in four are not shortened at that end.
        let left = left.saturating_sub(3 * bits);
        let right = right.saturating_sub(3 * bits);
        (digits >> left) >> right << right
    })
}

/// Any characteristic; or one that brings products, quotients and sums to the edge of the range.
fn characteristic() -> impl Strategy<Value = u8> {
    prop_oneof![0u8..128, 60u8..70, 0u8..8, 120u8..128, 28u8..36, 92u8..100]
}

fn operand(length: usize) -> impl Strategy<Value = Image> {
    (characteristic(), any::<bool>(), fraction(length), any::<u8>()).prop_map(
        move |(characteristic, negative, fraction, low)| {
            image(length, characteristic | u8::from(negative) << 7, fraction, low)
        },
    )
}

/// A second operand that is unrelated, or so close to the first that a difference loses most of its digits.
fn pair(length: usize) -> impl Strategy<Value = (Image, Image)> {
    let bits = if length == SHORT { 32u32 } else { 64 };
    (operand(length), operand(length), 0u8..3, 0..bits, 0u64..3).prop_map(move |(a, b, relation, bit, distance)| {
        match relation {
            0 => (a, b),
            1 => (a, (a.0 ^ 1 << bit, a.1)),
            _ => (a, (a.0.wrapping_add(distance << (bits - 8)) & (u64::MAX >> (64 - bits)), a.1 ^ 1 << bit)),
        }
    })
}

/// Calls `check` with random pairs, the same ones in every run.
pub fn random_pairs(length: usize, check: &mut impl FnMut(Image, Image)) {
    let config = Config {
        cases: 4_000,
        rng_seed: RngSeed::Fixed(0x0370_0000 + length as u64),
        failure_persistence: None,
        ..Config::default()
    };
    let check = std::cell::RefCell::new(check);
    let result = TestRunner::new(config).run(&pair(length), |(a, b)| {
        (*check.borrow_mut())(a, b);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
