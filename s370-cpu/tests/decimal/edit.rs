//! EDIT and EDIT AND MARK against a model.

use super::{config, hex};
use proptest::collection::vec;
use proptest::prelude::*;
use s370_cpu::decimal::{EditException, Edited, edit, edit_source_length};

/// What the model and the function are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    end: Result<Edited, EditException<()>>,
    /// The pattern afterwards; of an operation that was ended early, none.
    result: Option<Vec<u8>>,
    /// How many source bytes were asked for.
    fetched: usize,
}

/// Runs the function on a source that ends with an access exception.
fn run(pattern: &[u8], source: &[u8]) -> Run {
    let mut result = pattern.to_vec();
    let mut fetched = 0;
    let end = edit(&mut result, || {
        fetched += 1;
        source.get(fetched - 1).copied().ok_or(())
    });
    Run { end, result: end.is_ok().then_some(result), fetched }
}

/// A digit of the source, with what else its examination shows.
enum Examined {
    Digit { digit: u8, plus: bool },
    Invalid,
    Missing,
}

/// All digits of the source and the number of the byte, from 1, that each is in.
fn examinations(source: &[u8]) -> Vec<(Examined, usize)> {
    let mut list = Vec::new();
    for (number, byte) in (1..).zip(source) {
        let plus = [0xA, 0xC, 0xE, 0xF].contains(&(byte % 16));
        if byte / 16 > 9 {
            list.push((Examined::Invalid, number));
        } else {
            list.push((Examined::Digit { digit: byte / 16, plus }, number));
            if byte % 16 < 10 {
                list.push((Examined::Digit { digit: byte % 16, plus: false }, number));
            }
        }
    }
    list.push((Examined::Missing, source.len() + 1));
    list
}

/// The table that summarizes the editing functions in the manual, applied row by row.
fn model(pattern: &[u8], source: &[u8]) -> Run {
    let fill = pattern[0];
    let mut digits = examinations(source).into_iter();
    let (mut indicator, mut result, mut fetched, mut mark) = (false, Vec::new(), 0, None);
    let mut field = Vec::new();
    for (offset, &byte) in pattern.iter().enumerate() {
        let zoned = |digit: u8| 240 + digit;
        let (replaced, on) = match byte {
            0x20 | 0x21 => {
                let (examined, number) = digits.next().unwrap();
                fetched = number;
                let (digit, plus) = match examined {
                    Examined::Missing => return Run { end: Err(EditException::Access(())), result: None, fetched },
                    Examined::Invalid => return Run { end: Err(EditException::Data), result: None, fetched },
                    Examined::Digit { digit, plus } => (digit, plus),
                };
                field.push(digit);
                if !indicator && digit > 0 {
                    mark = Some(offset as u8);
                }
                match (byte, indicator, digit) {
                    (0x20, false, 0) => (fill, false),
                    (0x21, false, 0) => (fill, !plus),
                    _ => (zoned(digit), !plus),
                }
            }
            0x22 => {
                field.clear();
                (fill, false)
            }
            _ if indicator => (byte, true),
            _ => (fill, false),
        };
        result.push(replaced);
        indicator = on;
    }
    let condition_code = match (field.iter().any(|&digit| digit > 0), indicator) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    };
    Run { end: Ok(Edited { condition_code, mark }), result: Some(result), fetched }
}

/// Patterns mostly of digit selectors.
fn patterns() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![9 => Just(0x20), 2 => Just(0x21), 1 => Just(0x22), 3 => Just(0x6B), 1 => any::<u8>()];
    let fill = prop_oneof![4 => Just(0x40), 1 => 0x1F..=0x23_u8, 1 => any::<u8>()];
    (fill, vec(byte, 0..40)).prop_map(|(fill, rest)| [vec![fill], rest].concat())
}

/// Sources of digits with many zeros, some signs, and now and then any byte.
fn sources() -> impl Strategy<Value = Vec<u8>> {
    let digit = prop_oneof![2 => Just(0_u8), 1 => 0..10_u8];
    let right = prop_oneof![5 => prop_oneof![2 => Just(0_u8), 1 => 0..10_u8], 2 => 0xA..=0xF_u8];
    let byte = prop_oneof![60 => (digit, right).prop_map(|(left, right)| left << 4 | right), 1 => any::<u8>()];
    vec(byte, 0..30)
}

proptest! {
    #![proptest_config(config(8_002, 30_000))]

    #[test]
    fn editing_agrees_with_the_table(pattern in patterns(), source in sources()) {
        let run = run(&pattern, &source);
        prop_assert_eq!(&run, &model(&pattern, &source));
        let needed = edit_source_length(&pattern);
        prop_assert!(run.fetched <= *needed.end());
        prop_assert!(run.end.is_err() || run.fetched >= *needed.start());
    }
}

#[test]
fn a_pattern_without_digits_fetches_nothing() {
    let run = run(&hex("5C 22 C1 C2"), &[]);
    assert_eq!(run.end, Ok(Edited { condition_code: 0, mark: None }));
    assert_eq!((run.result, run.fetched), (Some(hex("5C 5C 5C 5C")), 0));
    assert_eq!(edit_source_length(&hex("5C 22 C1 C2")), 0..=0);
}

#[test]
fn a_fill_byte_that_selects_a_digit_does_both() {
    let run = run(&hex("20 6B 20"), &hex("70"));
    assert_eq!(run.result, Some(hex("F7 6B F0")));
    assert_eq!(run.end, Ok(Edited { condition_code: 1, mark: Some(0) }));
}

#[test]
fn the_condition_code_and_the_mark_are_those_of_the_last_field() {
    // The minus sign after 2 leaves the indicator on, so the zero that follows it is significant.
    let run3 = run(&hex("40 20 20 22 20 20 22 20 20"), &hex("1C 0C 2D 00 3D 7C"));
    assert_eq!(run3.result, Some(hex("40 F1 40 40 F2 F0 40 40 F3")));
    assert_eq!((run3.end, run3.fetched), (Ok(Edited { condition_code: 1, mark: Some(8) }), 5));
    assert_eq!(run(&hex("40 20 22 20"), &hex("1C 2D")).end, Ok(Edited { condition_code: 1, mark: Some(3) }));
    assert_eq!(run(&hex("40 20 22 20"), &hex("1C 0D")).end, Ok(Edited { condition_code: 0, mark: Some(1) }));
    assert_eq!(run(&hex("40 20 22"), &hex("1D")).end, Ok(Edited { condition_code: 0, mark: Some(1) }));
}

#[test]
fn a_sign_in_the_left_half_is_a_data_exception() {
    let run = run(&hex("40 20 20 20"), &hex("12 C3"));
    assert_eq!((run.end, run.fetched), (Err(EditException::Data), 2));
}
