//! LOAD AND TEST, COMPLEMENT, NEGATIVE and POSITIVE: what they do to the sign, and the condition code.

use crate::model::{LONG, SHORT};
use crate::operands::edges;
use s370_cpu::hfp::{long, short};

#[test]
fn loads_change_the_sign_alone_and_test_the_result() {
    // operand, then sign byte and condition code for LT, LC, LN, LP
    let rows = [
        ("41100000", ["41", "c1", "c1", "41"], [2, 1, 1, 2]),
        ("c1100000", ["c1", "41", "c1", "41"], [1, 2, 1, 2]),
        // The smallest fraction is not zero.
        ("80000001", ["80", "00", "80", "00"], [1, 2, 1, 2]),
        // With a zero fraction the sign is changed all the same, and does not show in the condition code.
        ("43000000", ["43", "c3", "c3", "43"], [0, 0, 0, 0]),
        ("80000000", ["80", "00", "80", "00"], [0, 0, 0, 0]),
        ("00000000", ["00", "80", "80", "00"], [0, 0, 0, 0]),
    ];
    for (operand, bytes, codes) in rows {
        let image = |byte: &str| u32::from_str_radix(&format!("{byte}{}", &operand[2..]), 16).expect("hexadecimal");
        let expected: Vec<(u32, u8)> = bytes.iter().zip(codes).map(|(byte, cc)| (image(byte), cc)).collect();
        let x = image(&operand[..2]);
        let loads =
            [short::load_and_test(x), short::load_complement(x), short::load_negative(x), short::load_positive(x)];
        assert_eq!(loads.as_slice(), expected, "{operand}");
        // The long format, with the digits at the right end of the fraction.
        let widen = |image: u32| u64::from(image >> 24) << 56 | u64::from(image & 0x00FF_FFFF);
        let expected: Vec<(u64, u8)> = expected.iter().map(|(image, cc)| (widen(*image), *cc)).collect();
        let x = widen(x);
        let loads = [long::load_and_test(x), long::load_complement(x), long::load_negative(x), long::load_positive(x)];
        assert_eq!(loads.as_slice(), expected, "{operand}");
    }
}

#[test]
fn load_and_test_agrees_with_a_comparison_with_zero() {
    for (high, _) in edges(SHORT) {
        let operand = high as u32;
        assert_eq!(short::load_and_test(operand), (operand, short::compare(operand, 0)), "{operand:08x}");
    }
    for (operand, _) in edges(LONG) {
        assert_eq!(long::load_and_test(operand), (operand, long::compare(operand, 0)), "{operand:016x}");
    }
}
