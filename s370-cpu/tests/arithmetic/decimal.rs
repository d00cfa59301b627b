use s370_arch::{
    interruption::{ProgramCode as Code, per},
    storage_key::{CHANGE, REFERENCE},
};

use crate::machine::{Before, MISSING_PAGE, STORAGE};

const OVERFLOW: u8 = 4;

/// The machine with the operands at 2000 and 3000.
fn machine(opcode: &str, first: &str, second: &str) -> Before {
    let (l1, l2) = (first.len() / 2 - 1, second.len() / 2 - 1);
    let instruction = format!("{opcode}{l1:X}{l2:X}50006000");
    Before::new(&instruction).gr(5, 0x2000).gr(6, 0x3000).put(0x2000, first).put(0x3000, second)
}

#[test]
fn results_replace_the_first_operand() {
    // Opcode, operands, result, condition code (which was 3).
    for (opcode, first, second, result, cc) in [
        ("F8", "FFFFFF", "123F", "00123C", 2),
        ("F8", "FFFF", "000D", "000C", 0),
        ("F9", "123C", "00124C", "123C", 1),
        ("F9", "000D", "000C", "000D", 0),
        ("FA", "00999C", "1C", "01000C", 2),
        ("FA", "001C", "00002D", "001D", 1),
        ("FB", "1D", "1B", "0C", 0),
        ("FC", "00123D", "3D", "00369C", 3),
        ("FC", "000C", "3D", "000D", 3),
        ("FD", "00123D", "7C", "017D4D", 3),
        ("FD", "0000000C", "00123D", "0D00000C", 3),
    ] {
        let mut before = machine(opcode, first, second);
        before.state.psw.cc = 3;
        let after = before.run();
        assert_eq!(after.storage(0x2000, first.len() / 2), result, "{opcode} {first} {second}");
        assert_eq!(after.storage(0x3000, second.len() / 2), second);
        assert_eq!((after.state.psw.cc, after.code), (cc, None), "{opcode} {first} {second}");
    }
}

#[test]
fn overflow_completes_and_interrupts_if_it_may() {
    // The last is SRP by one digit to the left.
    for (instruction, first, second, result) in [
        ("F81250006000", "FFFF", "12345C", "345C"),
        ("FA1150006000", "999C", "001C", "000C"),
        ("FB1150006000", "999D", "001C", "000D"),
        ("F01050000001", "123D", "", "230D"),
    ] {
        for mask in 0..16 {
            let before = Before::new(instruction).gr(5, 0x2000).gr(6, 0x3000).program_mask(mask);
            let after = before.put(0x2000, first).put(0x3000, second).run();
            assert_eq!((after.storage(0x2000, 2).as_str(), after.state.psw.cc), (result, 3), "{instruction}");
            let code = if mask & OVERFLOW != 0 { Some(Code::DECIMAL_OVERFLOW) } else { None };
            assert_eq!(after.code, code, "{instruction} {mask}");
        }
    }
}

#[test]
fn shifting_takes_its_amount_from_the_address() {
    // D2(B2), rounding digit, first operand, result, condition code.
    for (base, instruction, first, result, cc) in [
        (0, "F0205000003F", "12345C", "01234C", 2),
        (0, "F0255000003F", "12345D", "01235D", 1),
        (0xFFFF_FFC0, "F02050006002", "00123F", "12300C", 2),
        (0x0000_003E, "F02050006000", "00049D", "00000C", 0),
        (0x0000_003E, "F02550006000", "00050D", "00001D", 1),
    ] {
        let after = Before::new(instruction).gr(5, 0x2000).gr(6, base).put(0x2000, first).run();
        assert_eq!((after.storage(0x2000, 3).as_str(), after.state.psw.cc), (result, cc), "{instruction}");
        assert_eq!(after.code, None);
    }
    // A rounding digit is checked even if there is nothing to round.
    for instruction in ["F01A50000000", "F01F50000001", "F01A5000003F"] {
        Before::new(instruction).gr(5, 0x2000).put(0x2000, "123C").run().assert_unchanged(Code::DATA);
    }
}

#[test]
fn invalid_codes_change_nothing_not_even_the_change_bit() {
    for (opcode, first, second) in [
        ("F8", "FFFF", "1234"),
        ("F8", "FFFF", "1A3C"),
        ("F9", "1234", "123C"),
        ("F9", "123C", "A23C"),
        ("FA", "1234", "123C"),
        ("FA", "123C", "12A2"),
        ("FB", "123C", "A23C"),
        ("FB", "1B3C", "123C"),
        ("FC", "001A3C", "2C"),
        ("FC", "00123C", "A2"),
        // The multiplicand has fewer bytes of zeros than the multiplier has bytes.
        ("FC", "01123C", "2C"),
        ("FC", "000123C0", "002C"),
        ("FC", "0001123C", "002C"),
        ("FD", "001234", "2C"),
        ("FD", "00123C", "C2"),
        // Invalid codes come before a divisor of zero.
        ("FD", "00A23C", "0C"),
    ] {
        let case = || machine(opcode, first, second);
        let after = case().run();
        after.assert_unchanged(Code::DATA);
        assert_eq!(after.storage.key(0x2000) & CHANGE, 0, "{opcode} {first} {second}");
        assert_eq!(case().recorded().run().per, None, "{opcode} {first} {second}");
    }
    for first in ["1234", "1A3C"] {
        Before::new("F01050000001").gr(5, 0x2000).put(0x2000, first).run().assert_unchanged(Code::DATA);
    }
}

#[test]
fn stores_are_recorded() {
    for (opcode, stored) in [("F8", true), ("F9", false), ("FA", true), ("FB", true), ("FC", true), ("FD", true)] {
        let case = || machine(opcode, "00123C", "2C");
        let after = case().run();
        let expected = if stored { REFERENCE | CHANGE } else { REFERENCE };
        assert_eq!((after.code, after.storage.key(0x2000)), (None, expected), "{opcode}");
        assert_eq!(after.storage.key(0x3000), REFERENCE);
        assert_eq!(case().recorded().run().per.map_or(0, |event| event.code), if stored { per::STORE } else { 0 });
    }
}

#[test]
fn division_may_be_impossible() {
    for (first, second) in [("00123C", "0C"), ("00123C", "0D"), ("12345C", "1C"), ("01000C", "1C")] {
        machine("FD", first, second).run().assert_unchanged(Code::DECIMAL_DIVIDE);
    }
}

#[test]
fn lengths_are_looked_at_before_operands() {
    for opcode in ["FC", "FD"] {
        for lengths in 0..=0xFF_u8 {
            let (l1, l2) = (lengths >> 4, lengths & 15);
            let after = Before::new(&format!("{opcode}{lengths:02X}50006000")).gr(5, STORAGE).gr(6, STORAGE).run();
            let valid = l2 <= 7 && l2 < l1;
            after.assert_unchanged(if valid { Code::ADDRESSING } else { Code::SPECIFICATION });
        }
    }
}

#[test]
fn operands_may_overlap_in_their_rightmost_bytes() {
    // The operands end together: storage, operand addresses and lengths, result.
    for (instruction, storage, result) in [
        ("FA2250005000", "00123C", "00246C"),
        ("FB2250005000", "00123D", "00000C"),
        ("FB2150005001", "55123C", "55000C"),
        ("FA1250015000", "00123C", "00246C"),
        ("F82150005001", "99123C", "00123C"),
        ("FC2050005002", "00002D", "00004C"),
        ("FD2050005002", "00012C", "006C0C"),
        ("F92250005000", "00123C", "00123C"),
    ] {
        let after = Before::new(instruction).gr(5, 0x2000).put(0x2000, storage).run();
        assert_eq!((after.storage(0x2000, 3).as_str(), after.code), (result, None), "{instruction}");
    }
    // ZAP: the first may end to the right of the second.
    let after = Before::new("F82150015000").gr(5, 0x2000).put(0x2000, "123CFFFF").run();
    assert_eq!((after.storage(0x2000, 4).as_str(), after.code), ("1200123C", None));
}

#[test]
fn improper_overlap_is_a_data_exception() {
    for opcode in ["F9", "FA", "FB", "FC", "FD"] {
        let overlapping =
            |d1, d2| Before::new(&format!("{opcode}20500{d1}500{d2}")).gr(5, 0x2000).put(0x2000, "0C0C0C0C0C");
        for (d1, d2) in [(0, 0), (0, 1), (1, 1), (2, 2), (2, 3)] {
            overlapping(d1, d2).run().assert_unchanged(Code::DATA);
        }
        // The same operands apart.
        let apart = Before::new(&format!("{opcode}2050005003")).gr(5, 0x2000).put(0x2000, "00000C4C").run();
        assert_eq!(apart.code, None, "{opcode}");
    }
    // ZAP, where the second ends to the right of the first.
    for instruction in ["F82250005001", "F82250005002", "F80250005000", "F81250005000"] {
        Before::new(instruction).gr(5, 0x2000).put(0x2000, "000000012C").run().assert_unchanged(Code::DATA);
    }
    assert_eq!(Before::new("F82050005003").gr(5, 0x2000).put(0x2003, "0C").run().code, None);
}

#[test]
fn operands_may_lie_in_two_places_of_storage() {
    // Across the end of page 2, which is exchanged with page 3; and overlapping there.
    let across =
        |instruction: &str| Before::new(instruction).gr(5, 0x2FFE).put(0x3FFE, "0012").put(0x2000, "345C").paged();
    let doubled = across("FA3350005000").run();
    assert_eq!((doubled.storage(0x3FFE, 2), doubled.storage(0x2000, 2)), ("0024".into(), "690C".into()));
    across("FA3150005001").run().assert_unchanged(Code::DATA);
    // Page 3's frame follows in storage, but not page 3.
    let apart = across("FA1150005002").gr(5, 0x2FFE).put(0x3FFE, "001C").run();
    assert_eq!((apart.storage(0x3FFE, 2).as_str(), apart.code), ("346C", None));
}

#[test]
fn all_of_both_operands_is_tried_first() {
    for opcode in ["F8", "F9", "FA", "FB", "FC", "FD"] {
        let at = |a, b| machine(opcode, "00012C", "001C").gr(5, a).gr(6, b);
        at(STORAGE - 2, 0x3000).run().assert_unchanged(Code::ADDRESSING);
        at(0x2000, STORAGE - 1).run().assert_unchanged(Code::ADDRESSING);
        at(MISSING_PAGE - 2, 0x3000).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
        at(0x2000, MISSING_PAGE - 1).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
        let keyed =
            at(0x27FE, 0x3000).put(0x27FE, "00000C").key(1).storage_key(0x2000, 0x10).storage_key(0x2800, 0x20).run();
        if opcode == "F9" {
            assert_eq!(keyed.code, None);
        } else {
            keyed.assert_unchanged(Code::PROTECTION);
        }
        let fetched = at(0x2000, 0x37FF).key(1).storage_key(0x2000, 0x10).storage_key(0x3800, 0x28);
        fetched.run().assert_unchanged(Code::PROTECTION);
    }
    let shifted = |address| Before::new("F01050000001").gr(5, address);
    shifted(STORAGE - 1).run().assert_unchanged(Code::ADDRESSING);
    shifted(MISSING_PAGE - 1).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
    shifted(0x2000).key(1).put(0x2000, "000C").run().assert_unchanged(Code::PROTECTION);
}
