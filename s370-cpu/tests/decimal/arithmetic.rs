//! Decimal arithmetic against the model.

use super::{any_packed, config, hex, model, packed};
use model::Result1;
use proptest::prelude::*;
use s370_cpu::decimal::{self, DataException, DivideException, Lengths, Outcome, Packed};

/// The bytes and the condition code of an outcome.
fn stored(outcome: Result<Outcome, DataException>, length1: usize) -> Result<Result1, DataException> {
    let outcome = outcome?;
    let mut bytes = vec![0xEE; length1];
    decimal::store(outcome.field, &mut bytes);
    assert_eq!(decimal::load(&bytes), outcome.field, "nothing stands left of the first operand");
    Ok(Result1 { bytes, condition_code: outcome.condition_code })
}

fn zap(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    stored(decimal::zap(decimal::load(operand2), operand1.len()), operand1.len())
}

fn ap(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    stored(decimal::ap(decimal::load(operand1), decimal::load(operand2), operand1.len()), operand1.len())
}

fn sp(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    stored(decimal::sp(decimal::load(operand1), decimal::load(operand2), operand1.len()), operand1.len())
}

fn cp(operand1: &[u8], operand2: &[u8]) -> Result<u8, DataException> {
    decimal::cp(decimal::load(operand1), decimal::load(operand2))
}

fn srp(operand1: &[u8], address: u32, rounding: u8) -> Result<Result1, DataException> {
    stored(decimal::srp(decimal::load(operand1), operand1.len(), address, rounding), operand1.len())
}

fn mp(operand1: &[u8], operand2: &[u8]) -> Result<Vec<u8>, DataException> {
    let lengths = Lengths::new(operand1.len(), operand2.len()).unwrap();
    let field = decimal::mp(decimal::load(operand1), decimal::load(operand2), lengths)?;
    let mut bytes = vec![0xEE; operand1.len()];
    decimal::store(field, &mut bytes);
    Ok(bytes)
}

fn dp(operand1: &[u8], operand2: &[u8]) -> Result<Vec<u8>, DivideException> {
    let lengths = Lengths::new(operand1.len(), operand2.len()).unwrap();
    let field = decimal::dp(decimal::load(operand1), decimal::load(operand2), lengths)?;
    let mut bytes = vec![0xEE; operand1.len()];
    decimal::store(field, &mut bytes);
    Ok(bytes)
}

/// Lengths that MULTIPLY and DIVIDE DECIMAL accept.
fn lengths() -> impl Strategy<Value = (usize, usize)> {
    (1..=8_usize).prop_flat_map(|length2| (length2 + 1..=16, Just(length2)))
}

/// Operands of MULTIPLY DECIMAL, most with enough leftmost zeros.
fn factors() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (lengths(), 0..10).prop_flat_map(|((length1, length2), zeros)| {
        (packed(Just(length1)), packed(Just(length2))).prop_map(move |(mut operand1, operand2)| {
            if zeros > 0 {
                operand1[..length2].fill(0);
            }
            (operand1, operand2)
        })
    })
}

/// Operands of DIVIDE DECIMAL; in some the dividend is the divisor, moved to where the quotient just does not fit, or one
/// less, where it just does.
fn dividend_and_divisor() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (lengths(), 0..6_i128).prop_flat_map(|((length1, length2), limit)| {
        (packed(Just(length1)), packed(Just(length2))).prop_map(move |(operand1, operand2)| {
            let Ok([divisor]) = model::read([&operand2]) else { return (operand1, operand2) };
            if limit > 1 || divisor.magnitude == 0 {
                return (operand1, operand2);
            }
            let places = (2 * (length1 - length2) - 1) as u32;
            let magnitude = divisor.magnitude * 10_i128.pow(places) - limit;
            (model::write(model::Number { magnitude, ..divisor }, length1).0, operand2)
        })
    })
}

proptest! {
    #![proptest_config(config(8_001, 20_000))]

    #[test]
    fn add_and_subtract_agree_with_the_model(operand1 in any_packed(), operand2 in any_packed()) {
        prop_assert_eq!(ap(&operand1, &operand2), model::ap(&operand1, &operand2));
        prop_assert_eq!(sp(&operand1, &operand2), model::sp(&operand1, &operand2));
    }

    #[test]
    fn zero_and_add_agrees_with_the_model(length1 in 1..=16_usize, operand2 in any_packed()) {
        let operand1 = vec![0xEE; length1];
        prop_assert_eq!(zap(&operand1, &operand2), model::zap(&operand1, &operand2));
    }

    #[test]
    fn compare_agrees_with_the_model(operand1 in any_packed(), operand2 in any_packed(), same in 0..4) {
        let operand2 = if same == 0 { operand1.clone() } else { operand2 };
        prop_assert_eq!(cp(&operand1, &operand2), model::cp(&operand1, &operand2));
    }

    #[test]
    fn shift_agrees_with_the_model(operand1 in any_packed(), address in any::<u32>(), rounding in 0..12_u8) {
        prop_assert_eq!(srp(&operand1, address, rounding), model::srp(&operand1, address, rounding));
    }

    #[test]
    fn multiply_agrees_with_the_model((operand1, operand2) in factors()) {
        prop_assert_eq!(mp(&operand1, &operand2), model::mp(&operand1, &operand2));
    }

    #[test]
    fn divide_agrees_with_the_model((operand1, operand2) in dividend_and_divisor()) {
        prop_assert_eq!(dp(&operand1, &operand2), model::dp(&operand1, &operand2));
    }
}

#[test]
fn all_pairs_of_one_byte_operands_agree_with_the_model() {
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second))) {
        let (operand1, operand2) = ([first], [second]);
        assert_eq!(ap(&operand1, &operand2), model::ap(&operand1, &operand2), "AP {first:02X} {second:02X}");
        assert_eq!(sp(&operand1, &operand2), model::sp(&operand1, &operand2), "SP {first:02X} {second:02X}");
        assert_eq!(cp(&operand1, &operand2), model::cp(&operand1, &operand2), "CP {first:02X} {second:02X}");
        assert_eq!(zap(&operand1, &operand2), model::zap(&operand1, &operand2), "ZAP {first:02X} {second:02X}");
    }
}

#[test]
fn each_invalid_code_is_found_at_each_position() {
    for length in 1..=16 {
        for (position, code) in (0..2 * length).flat_map(|position| (0..16_u8).map(move |code| (position, code))) {
            let mut codes = vec![5; 2 * length];
            codes[2 * length - 1] = 0xF;
            codes[position] = code;
            let operand = super::bytes_of_codes(&codes);
            let expected = model::read([&operand]).map(|[number]| number.negative);
            let got = Packed::from_field(decimal::load(&operand)).map(|packed| packed.negative);
            assert_eq!(got, expected, "length {length}, code {code:X} at {position}");
        }
    }
}

#[test]
fn every_shift_of_the_largest_operands_agrees_with_the_model() {
    for (length, sign, address) in
        (1..=16).flat_map(|length| [0xC, 0xD].into_iter().flat_map(move |sign| (0..64).map(move |a| (length, sign, a))))
    {
        let mut operand = vec![0x99; length];
        operand[length - 1] = 0x90 | sign;
        for rounding in [0, 1, 5, 9] {
            let got = srp(&operand, address, rounding);
            assert_eq!(got, model::srp(&operand, address, rounding), "{length} bytes by {address}, {rounding}");
        }
    }
}

#[test]
fn a_zero_result_is_negative_only_after_overflow() {
    let negative_overflow = Ok(Result1 { bytes: hex("00 0D"), condition_code: 3 });
    assert_eq!(ap(&hex("99 9D"), &hex("1D")), negative_overflow);
    assert_eq!(sp(&hex("99 9D"), &hex("1C")), negative_overflow);
    assert_eq!(zap(&hex("00 00"), &hex("01 00 0B")), negative_overflow);
    assert_eq!(srp(&hex("10 0D"), 1, 0), negative_overflow);
    let zero = Ok(Result1 { bytes: hex("00 0C"), condition_code: 0 });
    assert_eq!(ap(&hex("00 0D"), &hex("0D")), zero);
    assert_eq!(sp(&hex("00 5D"), &hex("5D")), zero);
    assert_eq!(zap(&hex("00 00"), &hex("00 00 0D")), zero);
    assert_eq!(srp(&hex("00 4D"), 63, 5), zero);
    assert_eq!(srp(&hex("00 0D"), 31, 0), zero);
}

#[test]
fn multiplication_and_division_keep_the_sign_of_zero() {
    assert_eq!(mp(&hex("00 00 0C"), &hex("5D")), Ok(hex("00 00 0D")));
    assert_eq!(mp(&hex("00 00 0D"), &hex("0B")), Ok(hex("00 00 0C")));
    assert_eq!(dp(&hex("00 00 0D"), &hex("7C")), Ok(hex("00 0D 0D")));
}

#[test]
fn lengths_that_cause_a_specification_exception_are_refused() {
    for (length1, length2) in (1..=16).flat_map(|length1| (1..=16).map(move |length2| (length1, length2))) {
        let valid = length2 <= 8 && length2 < length1;
        assert_eq!(Lengths::new(length1, length2).is_some(), valid, "{length1} {length2}");
    }
}

#[test]
fn an_invalid_sign_has_priority_over_every_other_fault() {
    assert_eq!(ap(&hex("A5 0C"), &hex("12 34")), Err(DataException::Sign));
    assert_eq!(srp(&hex("A5 04"), 0, 15), Err(DataException::Sign));
    assert_eq!(mp(&hex("12 34 5C"), &hex("11")), Err(DataException::Sign));
    assert_eq!(dp(&hex("12 34 5C"), &hex("01")), Err(DivideException::Data(DataException::Sign)));
    assert_eq!(dp(&hex("12 3A 5C"), &hex("0C")), Err(DivideException::Data(DataException::Digit)));
    assert!(DataException::Sign.suppresses());
    assert!(!DataException::Digit.suppresses() && !DataException::LeftmostZeros.suppresses());
}
