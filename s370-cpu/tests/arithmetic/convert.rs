use s370_arch::interruption::{ProgramCode as Code, per};

use crate::machine::{Before, MISSING_PAGE, STORAGE};

#[test]
fn binary_to_decimal_and_back() {
    for (binary, packed) in [
        (0, "000000000000000C"),
        (-1, "000000000000001D"),
        (i32::MAX, "000002147483647C"),
        (i32::MIN, "000002147483648D"),
    ] {
        let stored = Before::new("4E305001").gr(3, binary as u32).gr(5, 0x2FFC).run();
        assert_eq!((stored.storage(0x2FFD, 8).as_str(), stored.code), (packed, None));
        let loaded = Before::new("4F305001").gr(5, 0x2FFC).put(0x2FFD, packed).run();
        assert_eq!((loaded.state.gr[3] as i32, loaded.code), (binary, None));
    }
}

#[test]
fn a_number_too_large_is_loaded_in_part_and_interrupts() {
    for (packed, register) in [
        ("000002147483648C", 0x8000_0000),
        ("000002147483649D", 0x7FFF_FFFF),
        ("999999999999999C", 0xA4C6_7FFF),
        ("000004294967296C", 0),
    ] {
        let machine = || Before::new("4F305000").gr(3, 77).gr(5, 0x2000).put(0x2000, packed);
        let after = machine().run();
        assert_eq!((after.state.gr[3], after.code), (register, Some(Code::FIXED_DIVIDE)), "{packed}");
        // The operation is completed, so the register counts as altered.
        assert_eq!(machine().recorded().run().per.unwrap().code, per::REGISTER);
    }
    // A division that does not complete alters none.
    let division = Before::new("1D45").recorded().run();
    assert_eq!((division.code, division.per), (Some(Code::FIXED_DIVIDE), None));
}

#[test]
fn invalid_codes_are_data_exceptions() {
    for packed in ["0000000000000010", "000000000000A00C", "A00000000000000C", "000000000000000 9"] {
        let machine = || Before::new("4F305000").gr(3, 77).gr(5, 0x2000).put(0x2000, packed);
        machine().run().assert_unchanged(Code::DATA);
        assert_eq!(machine().recorded().run().per, None);
    }
}

#[test]
fn doublewords_may_be_inaccessible() {
    for instruction in ["4F305000", "4E305000"] {
        let at = |address| Before::new(instruction).gr(5, address);
        at(STORAGE - 7).run().assert_unchanged(Code::ADDRESSING);
        at(MISSING_PAGE - 7).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
    }
    let protected = |instruction| Before::new(instruction).gr(5, 0x2000).key(1).put(0x2000, "000000000000000C");
    protected("4E305000").run().assert_unchanged(Code::PROTECTION);
    assert_eq!(protected("4F305000").run().code, None);
}

#[test]
fn pack_unpack_and_move_with_offset() {
    // PACK and UNPK of 3 and 5 bytes, too long, and too short; MVO.
    for (instruction, first, second, expected) in [
        ("F22450006000", "FFFFFF", "F1F2F3F4D5", "12345D"),
        ("F23150006000", "FFFFFFFF", "F1C2", "0000012C"),
        ("F21450006000", "FFFF", "A1B2C3D4E5", "345E"),
        ("F20050006000", "FF", "3C", "C3"),
        ("F34250006000", "0000000000", "12345D", "F1F2F3F4D5"),
        ("F35150006000", "000000000000", "123C", "F0F0F0F1F2C3"),
        ("F31250006000", "0000", "ABCDEF", "FDFE"),
        ("F30050006000", "00", "5C", "C5"),
        ("F13250006000", "7788990C", "123456", "0123456C"),
        ("F11250006000", "770D", "123456", "456D"),
        ("F13050006000", "7788990C", "12", "0000012C"),
    ] {
        let after = Before::new(instruction).gr(5, 0x27FF).gr(6, 0x2FFE).put(0x27FF, first).put(0x2FFE, second).run();
        assert_eq!(after.storage(0x27FF, first.len() / 2), expected, "{instruction}");
        assert_eq!(after.storage(0x2FFE, second.len() / 2), second, "{instruction}");
        assert_eq!((after.code, after.state.psw.cc), (None, 0));
    }
}

/// The halves of the bytes of storage, as if each byte were stored as soon as what it is made of has been fetched.
struct Halves<'a>(&'a mut [u8]);

impl Halves<'_> {
    fn swap(&mut self, to: usize, from: usize) {
        self.0[to] = self.0[from].rotate_left(4);
    }

    fn pack(&mut self, (a, l1): (usize, usize), (b, l2): (usize, usize)) {
        self.swap(a + l1, b + l2);
        for n in 1..=l1 {
            let digit = |k: usize| if k <= l2 { self.0[b + l2 - k] & 15 } else { 0 };
            self.0[a + l1 - n] = digit(2 * n) << 4 | digit(2 * n - 1);
        }
    }

    fn unpack(&mut self, (a, l1): (usize, usize), (b, l2): (usize, usize)) {
        self.swap(a + l1, b + l2);
        let mut fetched = 0;
        for n in 1..=l1 {
            if n % 2 == 1 {
                let k = n / 2 + 1;
                fetched = if k <= l2 { self.0[b + l2 - k] } else { 0 };
            }
            self.0[a + l1 - n] = 0xF0 | if n % 2 == 1 { fetched & 15 } else { fetched >> 4 };
        }
    }

    fn move_with_offset(&mut self, (a, l1): (usize, usize), (b, l2): (usize, usize)) {
        let mut right = self.0[a + l1] & 15;
        for n in 0..=l1 {
            let byte = if n <= l2 { self.0[b + l2 - n] } else { 0 };
            self.0[a + l1 - n] = byte << 4 | right;
            right = byte >> 4;
        }
    }
}

#[test]
fn overlapping_operands_go_byte_by_byte_from_the_right() {
    // Real storage, and two pages that are not next to each other in storage.
    for paged in [false, true] {
        let base = if paged { 0x2FC0 } else { 0x27C0_u32 };
        let fill = |n: usize| (n * 37 + 11) as u8;
        for case in 0..16 * 16 * 40_usize {
            // The first operand begins before the end of the block or page, or after it.
            let start = if case / 256 % 2 == 0 { 0x38 } else { 0x42 };
            let (l1, l2, second) = (case % 16, case / 16 % 16, start + case / 256 - 20);
            for opcode in [0xF1, 0xF2, 0xF3] {
                let mut expected: Vec<u8> = (0..128).map(fill).collect();
                let mut halves = Halves(&mut expected);
                match opcode {
                    0xF1 => halves.move_with_offset((start, l1), (second, l2)),
                    0xF2 => halves.pack((start, l1), (second, l2)),
                    _ => halves.unpack((start, l1), (second, l2)),
                }
                let machine = Before::new(&format!("{opcode:02X}{l1:X}{l2:X}50006000"))
                    .gr(5, base + start as u32)
                    .gr(6, base + second as u32);
                let machine = if paged { machine.paged() } else { machine };
                let real = |n: usize| if paged { (base + n as u32) ^ 0x1000 } else { base + n as u32 };
                (0..128).for_each(|n| machine.storage.put_u8(real(n), fill(n)));
                let after = machine.run();
                let found: Vec<u8> = (0..128).map(|n| after.storage.u8(real(n))).collect();
                assert!(found == expected, "{opcode:02X} {l1} {l2} {start} {second} {paged}");
            }
        }
    }
}

#[test]
fn all_of_both_operands_is_tried_first() {
    for opcode in ["F1", "F2", "F3"] {
        let machine = |a, b| Before::new(&format!("{opcode}3350006000")).gr(5, a).gr(6, b);
        machine(STORAGE - 3, 0x2000).run().assert_unchanged(Code::ADDRESSING);
        machine(0x2000, STORAGE - 3).run().assert_unchanged(Code::ADDRESSING);
        machine(MISSING_PAGE - 3, 0x2000).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
        machine(0x2000, MISSING_PAGE - 3).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
        let keyed = machine(0x27FE, 0x3000).key(1).storage_key(0x2000, 0x10).storage_key(0x2800, 0x20);
        keyed.run().assert_unchanged(Code::PROTECTION);
    }
}
