//! The conversions against models that go byte by byte, or through the host's own numbers and texts.

use super::{any_packed, config, hex, model, packed};
use proptest::collection::vec;
use proptest::prelude::*;
use s370_cpu::decimal::{self, Converted};

/// The instructions that the manual defines as going from right to left, storing each byte before the next is fetched.
#[derive(Clone, Copy, Debug)]
enum Move {
    Pack,
    Unpack,
    WithOffset,
}

/// Executes an instruction byte by byte on operands given by the offset of their rightmost byte, and their length.
fn byte_by_byte(instruction: Move, storage: &mut [u8], operand1: (usize, usize), operand2: (usize, usize)) {
    let mut taken = 0;
    let mut fetch = |storage: &[u8]| {
        taken += 1;
        if taken <= operand2.1 { storage[operand2.0 + 1 - taken] } else { 0 }
    };
    let swapped = |byte: u8| byte.rotate_left(4);
    let (mut stored, mut waiting) = (0, None);
    while stored < operand1.1 {
        let at = operand1.0 - stored;
        storage[at] = match (instruction, stored) {
            (Move::Pack | Move::Unpack, 0) => swapped(fetch(storage)),
            (Move::Pack, _) => {
                let right = fetch(storage) & 0xF;
                (fetch(storage) & 0xF) << 4 | right
            }
            (Move::Unpack, _) => {
                0xF0 | waiting.take().unwrap_or_else(|| {
                    let byte = fetch(storage);
                    waiting = Some(byte >> 4);
                    byte & 0xF
                })
            }
            (Move::WithOffset, _) => {
                let right = if stored == 0 { storage[at] & 0xF } else { waiting.unwrap_or_default() };
                let byte = fetch(storage);
                waiting = Some(byte >> 4);
                byte << 4 | right
            }
        };
        stored += 1;
    }
}

/// Executes an instruction with the functions under test.
fn at_once(instruction: Move, storage: &mut [u8], operand1: (usize, usize), operand2: (usize, usize)) {
    let field2 = decimal::load(&storage[operand2.0 + 1 - operand2.1..=operand2.0]);
    let field = match instruction {
        Move::Pack => decimal::pack(field2),
        Move::Unpack => decimal::unpk(field2),
        Move::WithOffset => decimal::mvo(storage[operand1.0], field2),
    };
    decimal::store(field, &mut storage[operand1.0 + 1 - operand1.1..=operand1.0]);
}

proptest! {
    #![proptest_config(config(7_001, 20_000))]

    #[test]
    fn packing_unpacking_and_offsetting_agree_with_going_byte_by_byte(
        storage in vec(any::<u8>(), 32),
        length1 in 1..=16_usize,
        length2 in 1..=16_usize,
    ) {
        for instruction in [Move::Pack, Move::Unpack, Move::WithOffset] {
            let (mut expected, mut got) = (storage.clone(), storage.clone());
            byte_by_byte(instruction, &mut expected, (15, length1), (31, length2));
            at_once(instruction, &mut got, (15, length1), (31, length2));
            prop_assert_eq!(&got, &expected, "{:?}", instruction);
        }
    }

    #[test]
    fn convert_to_binary_agrees_with_the_model(doubleword in packed(Just(8))) {
        let expected = model::read([&doubleword]).map(|[number]| Converted {
            register: number.value() as u32,
            overflow: i32::try_from(number.value()).is_err(),
        });
        prop_assert_eq!(decimal::cvb(u64::from_be_bytes(doubleword.try_into().unwrap())), expected);
    }

    #[test]
    fn convert_to_decimal_writes_the_digits(number in any::<i32>(), right in 0..32_u32) {
        let number: i32 = number >> right;
        let text = format!("{:015}{}", number.unsigned_abs(), if number < 0 { 'D' } else { 'C' });
        prop_assert_eq!(format!("{:016X}", decimal::cvd(number)), text);
    }

    #[test]
    fn what_is_stored_is_loaded(operand in any_packed(), around in any::<u8>()) {
        let mut storage = [around; 18];
        let area = &mut storage[1..=operand.len()];
        area.copy_from_slice(&operand);
        let expected = operand.iter().fold(0_u128, |field, &byte| field << 8 | u128::from(byte));
        prop_assert_eq!(decimal::load(area), expected);
        decimal::store(!expected, area);
        prop_assert!(area.iter().zip(&operand).all(|(got, byte)| *got == !byte));
        prop_assert!(storage[0] == around && storage[operand.len() + 1..].iter().all(|&byte| byte == around));
    }
}

#[test]
fn convert_to_binary_completes_at_the_limits() {
    let cvb = |text| decimal::cvb(u64::from_be_bytes(hex(text).try_into().unwrap()));
    assert_eq!(cvb("00 00 02 14 74 83 64 7C"), Ok(Converted { register: 0x7FFF_FFFF, overflow: false }));
    assert_eq!(cvb("00 00 02 14 74 83 64 8C"), Ok(Converted { register: 0x8000_0000, overflow: true }));
    assert_eq!(cvb("00 00 02 14 74 83 64 8D"), Ok(Converted { register: 0x8000_0000, overflow: false }));
    assert_eq!(cvb("00 00 02 14 74 83 64 9D"), Ok(Converted { register: 0x7FFF_FFFF, overflow: true }));
    assert_eq!(cvb("99 99 99 99 99 99 99 9F"), Ok(Converted { register: 0xA4C6_7FFF, overflow: true }));
    assert_eq!(cvb("00 00 00 00 00 00 00 0D"), Ok(Converted { register: 0, overflow: false }));
    assert_eq!(decimal::cvd(i32::MIN), 0x0000_0214_7483_648D);
    assert_eq!(decimal::cvd(0), 0xC);
}

#[test]
fn all_overlaps_that_are_said_to_be_harmless_are() {
    let lengths = (1..=16).flat_map(|length1| (1..=16).map(move |length2| (length1, length2)));
    let before: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(37) ^ at.wrapping_mul(at)).collect();
    for ((length1, length2), rightmost1) in lengths.flat_map(|lengths| (15..64).map(move |at| (lengths, at))) {
        let rightmost2 = 31;
        let distance = rightmost1 as isize - rightmost2 as isize;
        for instruction in [Move::Pack, Move::Unpack, Move::WithOffset] {
            let least = if let Move::Unpack = instruction { length2 as isize - 2 } else { 0 };
            if distance < least {
                continue;
            }
            let (mut expected, mut got) = (before.clone(), before.clone());
            byte_by_byte(instruction, &mut expected, (rightmost1, length1), (rightmost2, length2));
            at_once(instruction, &mut got, (rightmost1, length1), (rightmost2, length2));
            assert_eq!(got, expected, "{instruction:?}, lengths {length1} and {length2}, distance {distance}");
        }
    }
}
