//! The floating-point functions against a model that does the arithmetic digit by digit: on all pairs out of a table of
//! awkward operands, and on random ones.

mod examples;
mod load;
mod model;
mod operands;

use model::{EXTENDED, Image, LONG, Masks, SHORT, Seen};
use operands::{edges, random_pairs};
use s370_cpu::hfp::{self, Exception, Extended, Outcome, Sum, extended, long, short};

/// A crate's or the model's operation on two images (one of which may not matter).
type Operation = fn(Image, Image, Masks) -> Seen;

fn masks(masks: Masks) -> hfp::Masks {
    hfp::Masks { exponent_underflow: masks.underflow, significance: masks.significance }
}

fn code(exception: Option<Exception>) -> Option<u16> {
    exception.map(Exception::interruption_code)
}

fn pair(image: Image) -> Extended {
    Extended { high: image.0, low: image.1 }
}

fn word(image: Image) -> u32 {
    u32::try_from(image.0).expect("a short image")
}

fn sum<T: Into<u64>>(sum: Sum<T>) -> Seen {
    Seen { high: sum.value.into(), low: 0, cc: Some(sum.cc), code: code(sum.exception) }
}

fn outcome<T: Into<u64>>(outcome: Outcome<T>) -> Seen {
    Seen { high: outcome.value.into(), low: 0, cc: None, code: code(outcome.exception) }
}

fn extended_sum(sum: Sum<Extended>) -> Seen {
    Seen { high: sum.value.high, low: sum.value.low, cc: Some(sum.cc), code: code(sum.exception) }
}

fn extended_outcome(outcome: Outcome<Extended>) -> Seen {
    Seen { high: outcome.value.high, low: outcome.value.low, cc: None, code: code(outcome.exception) }
}

fn compared(cc: u8) -> Seen {
    Seen { cc: Some(cc), ..Seen::default() }
}

/// Compares the two on many operands of the format, under all masks. `codes` are the program interruptions that must
/// have arisen on the way, no more and no fewer: a check that meets no overflow proves nothing about overflow.
fn check(length: usize, codes: &[u16], crate_operation: Operation, model_operation: Operation) {
    let mut seen_codes = std::collections::BTreeSet::new();
    let mut check_pair = |a: Image, b: Image| {
        for (underflow, significance) in [(false, false), (false, true), (true, false), (true, true)] {
            let masks = Masks { underflow, significance };
            let expected = model_operation(a, b, masks);
            let result = crate_operation(a, b, masks);
            assert_eq!(result, expected, "operands {a:016x?} and {b:016x?}, {masks:?}");
            seen_codes.extend(expected.code);
        }
    };
    let edges = edges(length);
    for a in &edges {
        for b in &edges {
            check_pair(*a, *b);
        }
    }
    random_pairs(length, &mut check_pair);
    assert_eq!(seen_codes.into_iter().collect::<Vec<_>>(), codes);
}

const OVERFLOW: u16 = 0x0C;
const UNDERFLOW: u16 = 0x0D;
const SIGNIFICANCE: u16 = 0x0E;
const DIVIDE: u16 = 0x0F;

#[test]
fn add_normalized_short() {
    check(
        SHORT,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| sum(short::add_normalized(word(a), word(b), masks(m))),
        |a, b, m| model::add(SHORT, true, a, b, m),
    );
}

#[test]
fn add_normalized_long() {
    check(
        LONG,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| sum(long::add_normalized(a.0, b.0, masks(m))),
        |a, b, m| model::add(LONG, true, a, b, m),
    );
}

#[test]
fn add_normalized_extended() {
    check(
        EXTENDED,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| extended_sum(extended::add_normalized(pair(a), pair(b), masks(m))),
        |a, b, m| model::add(EXTENDED, true, a, b, m),
    );
}

#[test]
fn subtract_normalized_short() {
    check(
        SHORT,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| sum(short::subtract_normalized(word(a), word(b), masks(m))),
        |a, b, m| model::subtract(SHORT, true, a, b, m),
    );
}

#[test]
fn subtract_normalized_long() {
    check(
        LONG,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| sum(long::subtract_normalized(a.0, b.0, masks(m))),
        |a, b, m| model::subtract(LONG, true, a, b, m),
    );
}

#[test]
fn subtract_normalized_extended() {
    check(
        EXTENDED,
        &[OVERFLOW, UNDERFLOW, SIGNIFICANCE],
        |a, b, m| extended_sum(extended::subtract_normalized(pair(a), pair(b), masks(m))),
        |a, b, m| model::subtract(EXTENDED, true, a, b, m),
    );
}

#[test]
fn add_unnormalized_short() {
    check(
        SHORT,
        &[OVERFLOW, SIGNIFICANCE],
        |a, b, m| sum(short::add_unnormalized(word(a), word(b), masks(m))),
        |a, b, m| model::add(SHORT, false, a, b, m),
    );
}

#[test]
fn add_unnormalized_long() {
    check(
        LONG,
        &[OVERFLOW, SIGNIFICANCE],
        |a, b, m| sum(long::add_unnormalized(a.0, b.0, masks(m))),
        |a, b, m| model::add(LONG, false, a, b, m),
    );
}

#[test]
fn subtract_unnormalized_short() {
    check(
        SHORT,
        &[OVERFLOW, SIGNIFICANCE],
        |a, b, m| sum(short::subtract_unnormalized(word(a), word(b), masks(m))),
        |a, b, m| model::subtract(SHORT, false, a, b, m),
    );
}

#[test]
fn subtract_unnormalized_long() {
    check(
        LONG,
        &[OVERFLOW, SIGNIFICANCE],
        |a, b, m| sum(long::subtract_unnormalized(a.0, b.0, masks(m))),
        |a, b, m| model::subtract(LONG, false, a, b, m),
    );
}

#[test]
fn compare_short() {
    check(
        SHORT,
        &[],
        |a, b, _| compared(short::compare(word(a), word(b))),
        |a, b, _| compared(model::compare(SHORT, a, b)),
    );
}

#[test]
fn compare_long() {
    check(LONG, &[], |a, b, _| compared(long::compare(a.0, b.0)), |a, b, _| compared(model::compare(LONG, a, b)));
}

#[test]
fn multiply_short_to_long() {
    check(
        SHORT,
        &[OVERFLOW, UNDERFLOW],
        |a, b, m| outcome(short::multiply_to_long(word(a), word(b), masks(m))),
        |a, b, m| model::multiply(SHORT, LONG, a, b, m),
    );
}

#[test]
fn multiply_long() {
    check(
        LONG,
        &[OVERFLOW, UNDERFLOW],
        |a, b, m| outcome(long::multiply(a.0, b.0, masks(m))),
        |a, b, m| model::multiply(LONG, LONG, a, b, m),
    );
}

#[test]
fn multiply_long_to_extended() {
    check(
        LONG,
        &[OVERFLOW, UNDERFLOW],
        |a, b, m| extended_outcome(long::multiply_to_extended(a.0, b.0, masks(m))),
        |a, b, m| model::multiply(LONG, EXTENDED, a, b, m),
    );
}

#[test]
fn multiply_extended() {
    check(
        EXTENDED,
        &[OVERFLOW, UNDERFLOW],
        |a, b, m| extended_outcome(extended::multiply(pair(a), pair(b), masks(m))),
        |a, b, m| model::multiply(EXTENDED, EXTENDED, a, b, m),
    );
}

#[test]
fn divide_short() {
    check(
        SHORT,
        &[OVERFLOW, UNDERFLOW, DIVIDE],
        |a, b, m| outcome(short::divide(word(a), word(b), masks(m))),
        |a, b, m| model::divide(SHORT, a, b, m),
    );
}

#[test]
fn divide_long() {
    check(
        LONG,
        &[OVERFLOW, UNDERFLOW, DIVIDE],
        |a, b, m| outcome(long::divide(a.0, b.0, masks(m))),
        |a, b, m| model::divide(LONG, a, b, m),
    );
}

#[test]
fn halve_short() {
    check(SHORT, &[UNDERFLOW], |a, _, m| outcome(short::halve(word(a), masks(m))), |a, _, m| model::halve(SHORT, a, m));
}

#[test]
fn halve_long() {
    check(LONG, &[UNDERFLOW], |a, _, m| outcome(long::halve(a.0, masks(m))), |a, _, m| model::halve(LONG, a, m));
}

#[test]
fn load_rounded_long_to_short() {
    check(LONG, &[OVERFLOW], |a, _, _| outcome(long::round_to_short(a.0)), |a, _, _| model::round(LONG, SHORT, a));
}

#[test]
fn load_rounded_extended_to_long() {
    check(
        EXTENDED,
        &[OVERFLOW],
        |a, _, _| outcome(extended::round_to_long(pair(a))),
        |a, _, _| model::round(EXTENDED, LONG, a),
    );
}
