//! The worked examples of GA22-7000-10, appendix A, and the cases its programming notes single out.

use s370_cpu::hfp::{Exception, Extended, Masks, Outcome, Sum, extended, long, short};

const ALL: Masks = Masks { exponent_underflow: true, significance: true };
const NONE: Masks = Masks { exponent_underflow: false, significance: false };

#[test]
fn add_normalized_ae() {
    // -82.1 and +1.23456, hexadecimal, the first unnormalized
    let sum = short::add_normalized(0xC308_2100, 0x4112_3456, ALL);
    assert_eq!(sum, Sum { value: 0xC280_ECBB, cc: 1, exception: None });
}

#[test]
fn add_unnormalized_au() {
    // The same numbers: the guard digit takes part in the addition and is dropped.
    let sum = short::add_unnormalized(0xC308_2100, 0x4112_3456, ALL);
    assert_eq!(sum, Sum { value: 0xC308_0ECB, cc: 1, exception: None });
}

#[test]
fn compare_cdr_with_a_zero_of_large_characteristic() {
    assert_eq!(long::compare(0x4300_0000_0000_0000, 0x3512_3456_789A_BCDE), 1, "one digit is left, in the guard digit");
    assert_eq!(long::compare(0x4300_0000_0000_0000, 0x3412_3456_789A_BCDE), 0, "all digits are shifted out");
}

#[test]
fn compare_unnormalized_equal_whatever_the_last_digit() {
    for digit in 0..16 {
        let second = 0x3F12_3456_789A_BC00 | digit;
        assert_eq!(long::compare(0x4100_1234_5678_9ABC, second), 0, "{second:016x}");
    }
    // The digit before it is kept as the guard digit.
    assert_eq!(long::compare(0x4100_1234_5678_9ABC, 0x3F12_3456_789A_BC10), 1);
}

#[test]
fn compare_zero_fractions_whatever_sign_and_characteristic() {
    assert_eq!(short::compare(0xC300_0000, 0x0000_0000), 0);
    assert_eq!(long::compare(0x7F00_0000_0000_0000, 0x8000_0000_0000_0000), 0);
}

#[test]
fn halve_keeps_a_lone_rightmost_bit() {
    assert_eq!(short::halve(0x4600_0001, ALL), Outcome { value: 0x4080_0000, exception: None });
    let lost = Outcome { value: 0, exception: None };
    assert_eq!(short::halve(0x0500_0001, NONE), lost, "a true zero only by exponent underflow");
    let wrapped = Outcome { value: 0x7F80_0000, exception: Some(Exception::ExponentUnderflow) };
    assert_eq!(short::halve(0x0500_0001, ALL), wrapped);
}

#[test]
fn divide_zero_by_zero_is_suppressed() {
    let suppressed = Outcome { value: 0xC300_0000, exception: Some(Exception::Divide) };
    assert_eq!(short::divide(0xC300_0000, 0x7F00_0000, NONE), suppressed);
    let quotient = Outcome { value: 0, exception: None };
    assert_eq!(short::divide(0xC300_0000, 0x0000_0001, ALL), quotient, "a zero dividend gives a true zero");
}

#[test]
fn a_zero_sum_with_the_significance_mask_one() {
    let five = 0x4150_0000;
    let sum = Sum { value: 0x4100_0000, cc: 0, exception: Some(Exception::Significance) };
    assert_eq!(short::subtract_normalized(five, five, ALL), sum);
    assert_eq!(short::subtract_normalized(five, five, NONE), Sum { value: 0, cc: 0, exception: None });
}

#[test]
fn an_operand_is_lost_in_alignment_with_an_unnormalized_one() {
    // Zero is not neutral when its characteristic is large: the digits shifted past the guard digit are gone.
    let sum = short::add_normalized(0x4700_0000, 0x4112_3456, NONE);
    assert_eq!(sum, Sum { value: 0x4110_0000, cc: 2, exception: None });
    let sum = short::add_normalized(0x4800_0000, 0x4112_3456, NONE);
    assert_eq!(sum, Sum { value: 0, cc: 0, exception: None });
}

#[test]
fn an_extended_number_may_have_a_low_order_part_below_the_range() {
    // 16**-64 and 16**-78: the low-order characteristic is 128 greater than the correct one, without an exception.
    let a = Extended { high: 0x0110_0000_0000_0000, low: 0 };
    let b = Extended { high: 0x0000_0000_0000_0000, low: 0x0000_0000_0000_0010 };
    let sum = extended::add_normalized(a, b, ALL);
    let value = Extended { high: 0x0110_0000_0000_0000, low: 0x7300_0000_0000_0001 };
    assert_eq!(sum, Sum { value, cc: 2, exception: None });
}

#[test]
fn a_product_normalized_back_into_the_range_does_not_overflow() {
    // The intermediate characteristic is 128, and one leading zero digit brings it to 127.
    let product = long::multiply(0x6020_0000_0000_0000, 0x6020_0000_0000_0000, ALL);
    assert_eq!(product, Outcome { value: 0x7F40_0000_0000_0000, exception: None });
    let product = long::multiply(0x6040_0000_0000_0000, 0x6040_0000_0000_0000, ALL);
    assert_eq!(product, Outcome { value: 0x0010_0000_0000_0000, exception: Some(Exception::ExponentOverflow) });
}

#[test]
fn masks_are_the_two_rightmost_bits_of_the_program_mask() {
    let masks = |underflow, significance| Masks { exponent_underflow: underflow, significance };
    assert_eq!(Masks::from_program_mask(0b1100), masks(false, false));
    assert_eq!(Masks::from_program_mask(0b0010), masks(true, false));
    assert_eq!(Masks::from_program_mask(0b1101), masks(false, true));
    assert_eq!(Masks::from_program_mask(0b1111), masks(true, true));
}
