//! The decimal instructions against the manual's worked examples and against models that work digit by digit.

mod arithmetic;
mod convert;
mod edit;
mod examples;
mod model;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A configuration that runs the same cases each time.
fn config(seed: u64, cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

/// The bytes of a text of hexadecimal digits with blanks between.
fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Bytes of four-bit codes, two in each.
fn bytes_of_codes(codes: &[u8]) -> Vec<u8> {
    codes.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Packed operands of given lengths, often with leading zeros or all nines; about one in 15 has an invalid code.
fn packed(lengths: impl Strategy<Value = usize>) -> impl Strategy<Value = Vec<u8>> {
    let digit = prop_oneof![4 => 0..10_u8, 1 => Just(9_u8), 1 => Just(0_u8)];
    (lengths, vec(digit, 31), 0..40_usize, 0xA..=0xF_u8, weighted(1.0 / 15.0, (0..32_usize, 0..16_u8)), 0..8).prop_map(
        |(length, mut codes, zeros, sign, fault, nines)| {
            if nines == 0 {
                codes.fill(9);
            }
            codes.truncate(2 * length - 1);
            let zeros = zeros.saturating_sub(9).min(codes.len());
            codes[..zeros].fill(0);
            codes.push(sign);
            if let Some((at, code)) = fault {
                let at = at % codes.len();
                codes[at] = code;
            }
            bytes_of_codes(&codes)
        },
    )
}

/// Packed operands of any length.
fn any_packed() -> impl Strategy<Value = Vec<u8>> {
    packed(1..=16_usize)
}
