//! The worked examples of Appendix A of the *Principles of Operation* (GA22-7000-10, and of its predecessors for the System/370
//! and System/360 where they have others).

use super::hex;
use s370_cpu::decimal::{self, Converted, DivideException, Edited, Lengths, Outcome};

/// The operand, condition code and length are those of the example.
fn assert_result(outcome: Outcome, operand1: &str, condition_code: u8) {
    let expected = hex(operand1);
    let mut bytes = vec![0; expected.len()];
    decimal::store(outcome.field, &mut bytes);
    assert_eq!((bytes, outcome.condition_code), (expected, condition_code));
}

/// The field of an operand.
fn field(operand: &str) -> u128 {
    decimal::load(&hex(operand))
}

#[test]
fn add_decimal() {
    assert_result(decimal::ap(field("38 46 0D"), field("01 12 34 5C"), 3).unwrap(), "73 88 5C", 2);
}

#[test]
fn compare_decimal() {
    assert_eq!(decimal::cp(field("17 25 35 6D"), field("72 14 2D")), Ok(1));
}

#[test]
fn divide_decimal() {
    let lengths = Lengths::new(5, 2).unwrap();
    assert_eq!(decimal::dp(field("01 23 45 67 8C"), field("32 1D"), lengths), Ok(field("38 46 0D 01 8C")));
    let lengths = Lengths::new(5, 1).unwrap();
    let too_long = decimal::dp(field("01 23 45 67 8C"), field("1D"), lengths);
    assert_eq!(too_long, Err(DivideException::DecimalDivide));
}

/// Edits with the pattern of the examples.
fn edit(source: &str) -> (Vec<u8>, Edited) {
    let mut pattern = hex("40 20 20 6B 20 21 20 4B 20 20 40 C3 D9");
    let mut source = hex(source).into_iter();
    let edited = decimal::edit(&mut pattern, || source.next().ok_or("source exhausted")).unwrap();
    assert_eq!(source.next(), None);
    (pattern, edited)
}

#[test]
fn edit_and_edit_and_mark() {
    let positive = (hex("40 40 F2 6B F5 F7 F4 4B F2 F6 40 40 40"), Edited { condition_code: 2, mark: Some(2) });
    assert_eq!(edit("02 57 42 6C"), positive);
    let negative = (hex("40 40 40 40 40 40 F0 4B F2 F6 40 C3 D9"), Edited { condition_code: 1, mark: None });
    assert_eq!(edit("00 00 02 6D"), negative);
}

#[test]
fn multiply_decimal() {
    let multiplicand = decimal::zap(field("38 46 0D"), 5).unwrap();
    assert_result(multiplicand, "00 00 38 46 0D", 1);
    let lengths = Lengths::new(5, 2).unwrap();
    assert_eq!(decimal::mp(multiplicand.field, field("32 1D"), lengths), Ok(field("01 23 45 66 0C")));
}

#[test]
fn shift_and_round_decimal() {
    assert_result(decimal::srp(field("00 01 23 45 67 8C"), 6, 3, 0).unwrap(), "12 34 56 78 00 0C", 2);
    assert_result(decimal::srp(field("01 23 45 67 8C"), 5, 64 - 1, 0).unwrap(), "00 12 34 56 7C", 2);
    assert_result(decimal::srp(field("12 39 60 0D"), 4, 64 - 3, 5).unwrap(), "00 01 24 0D", 1);
}

#[test]
fn zero_and_add() {
    assert_result(decimal::zap(field("38 46 0D"), 5).unwrap(), "00 00 38 46 0D", 1);
}

#[test]
fn convert_to_binary() {
    let doubleword = u64::from_be_bytes(hex("00 00 00 00 00 25 59 4C").try_into().unwrap());
    assert_eq!(decimal::cvb(doubleword), Ok(Converted { register: 0x63FA, overflow: false }));
}

#[test]
fn convert_to_decimal() {
    assert_eq!(decimal::cvd(0x5B41).to_be_bytes().to_vec(), hex("00 00 00 00 00 23 36 1C"));
    assert_eq!(decimal::cvd(0x0F0F).to_be_bytes().to_vec(), hex("00 00 00 00 00 03 85 5C"));
}

#[test]
fn move_with_offset() {
    let moved = |operand1: &str, operand2: &str| {
        let mut bytes = hex(operand1);
        let result = decimal::mvo(*bytes.last().unwrap(), field(operand2));
        decimal::store(result, &mut bytes);
        bytes
    };
    assert_eq!(moved("77 88 99 0C", "12 34 56"), hex("01 23 45 6C"));
    assert_eq!(moved("12 34 56 78 9C", "12 34 56"), hex("00 01 23 45 6C"));
}

#[test]
fn pack() {
    assert_eq!(decimal::pack(field("F1 F2 F3 F4 C5")), field("00 00 12 34 5C"));
}

#[test]
fn unpack() {
    let mut bytes = [0; 5];
    decimal::store(decimal::unpk(field("12 34 5D")), &mut bytes);
    assert_eq!(bytes.to_vec(), hex("F1 F2 F3 F4 D5"));
}
