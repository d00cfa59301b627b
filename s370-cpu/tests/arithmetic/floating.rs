use s370_arch::interruption::ProgramCode as Code;

use crate::machine::{Before, MISSING_PAGE, STORAGE};

const ONE: u64 = 0x4110_0000_0000_0000;

/// The registers that an operand of this opcode may be in: those of R1, and of R2 where there is one.
fn valid_registers(opcode: u8) -> (&'static [u8], Option<&'static [u8]>) {
    const ANY: &[u8] = &[0, 2, 4, 6];
    const PAIR: &[u8] = &[0, 4];
    match opcode {
        0x25 => (ANY, Some(PAIR)),
        0x26 | 0x36 | 0x37 => (PAIR, Some(PAIR)),
        0x27 => (PAIR, Some(ANY)),
        0x67 => (PAIR, None),
        0x20..0x40 => (ANY, Some(ANY)),
        _ => (ANY, None),
    }
}

#[test]
fn invalid_registers_are_specification_exceptions() {
    for opcode in 0x20..0x40 {
        let (valid1, valid2) = valid_registers(opcode);
        for registers in 0..=0xFF_u8 {
            let after = Before::new(&format!("{opcode:02X}{registers:02X}")).fpr(0, ONE).fpr(4, ONE).run();
            let valid = valid1.contains(&(registers >> 4)) && valid2.unwrap().contains(&(registers & 15));
            assert_eq!(after.code == Some(Code::SPECIFICATION), !valid, "{opcode:02X} {registers:02X}");
            if !valid {
                after.assert_unchanged(Code::SPECIFICATION);
            }
        }
    }
}

#[test]
fn registers_are_looked_at_before_storage() {
    for opcode in [0x60].into_iter().chain(0x67..=0x70).chain(0x78..=0x7F) {
        for r1 in 0..16 {
            // The base makes an address beyond the end of storage.
            let after = Before::new(&format!("{opcode:02X}{r1:X}01000")).gr(1, STORAGE).run();
            let valid = valid_registers(opcode).0.contains(&r1);
            after.assert_unchanged(if valid { Code::ADDRESSING } else { Code::SPECIFICATION });
        }
    }
}

/// Registers 0, 2, 4 and 6.
type Registers = [u64; 4];

const UNDERFLOW: u8 = 2;
const SIGNIFICANCE: u8 = 1;

type Row = (&'static str, u8, Registers, Registers, u8, Option<Code>);

/// Instruction, program mask, registers before and after, condition code (which was 3), interruption. The operand of an
/// RX instruction is the long number at 2000.
const RESULTS: &[Row] = &[
    // LER, LE: the right half stays.
    ("3802", 0, [0x1111_2222_3333_4444, !0, 0, 0], [0xFFFF_FFFF_3333_4444, !0, 0, 0], 3, None),
    ("78000000", 0, [!0; 4], [0x4112_3456_FFFF_FFFF, !0, !0, !0], 3, None),
    // LDR, LD.
    ("2864", 0, [0, 0, ONE, 5], [0, 0, ONE, ONE], 3, None),
    ("68200000", 0, [0; 4], [0, 0x4112_3456_789A_BCDE, 0, 0], 3, None),
    // LTER, LCDR, LPER, LNDR with a condition code.
    ("3202", 0, [7, ONE, 0, 0], [ONE | 7, ONE, 0, 0], 2, None),
    ("2300", 0, [ONE, 0, 0, 0], [ONE | 1 << 63, 0, 0, 0], 1, None),
    ("3000", 0, [1 << 63, 0, 0, 0], [0, 0, 0, 0], 0, None),
    ("2100", 0, [ONE, 0, 0, 0], [ONE | 1 << 63, 0, 0, 0], 1, None),
    // CER, CD.
    ("3902", 0, [0, ONE, 0, 0], [0, ONE, 0, 0], 1, None),
    ("69000000", 0, [0x4112_3456_789A_BCDF, 0, 0, 0], [0x4112_3456_789A_BCDF, 0, 0, 0], 2, None),
    // AER, AD, SUR, AW.
    ("3A02", 0, [ONE | 9, ONE, 0, 0], [0x4120_0000_0000_0009, ONE, 0, 0], 2, None),
    ("6A000000", 0, [ONE, 0, 0, 0], [0x4122_3456_789A_BCDE, 0, 0, 0], 2, None),
    ("3F02", 0, [0, ONE, 0, 0], [ONE | 1 << 63, ONE, 0, 0], 1, None),
    ("6E000000", 0, [0x4200_0000_0000_0000, 0, 0, 0], [0x4201_2345_6789_ABCD, 0, 0, 0], 2, None),
    // Exponent overflow: the characteristic is 128 too small.
    ("3A00", 0, [0x7FF0_0000 << 32, 0, 0, 0], [0x001E_0000 << 32, 0, 0, 0], 2, Some(Code::EXPONENT_OVERFLOW)),
    // Exponent underflow, with and without its mask bit.
    ("2B02", UNDERFLOW, [0x0028 << 48, 0x0010 << 48, 0, 0], [0x0018 << 48, 0x0010 << 48, 0, 0], 2, None),
    (
        "2B02",
        UNDERFLOW,
        [0x0011 << 48, 0x0010 << 48, 0, 0],
        [0x7F10 << 48, 0x0010 << 48, 0, 0],
        2,
        Some(Code::EXPONENT_UNDERFLOW),
    ),
    ("2B02", 0, [0x0011 << 48, 0x0010 << 48, 0, 0], [0, 0x0010 << 48, 0, 0], 0, None),
    // Significance, with and without its mask bit.
    ("3B00", SIGNIFICANCE, [ONE | 5, 0, 0, 0], [0x4100_0000_0000_0005, 0, 0, 0], 0, Some(Code::SIGNIFICANCE)),
    ("3B00", UNDERFLOW, [ONE | 5, 0, 0, 0], [5, 0, 0, 0], 0, None),
    // MER makes a long product, MDR too; MXDR and MXD fill a pair, whose first register is the multiplicand.
    ("3C02", 0, [ONE | 5, ONE, 0, 0], [ONE, ONE, 0, 0], 3, None),
    ("6C000000", 0, [ONE, 0, 0, 0], [0x4112_3456_789A_BCDE, 0, 0, 0], 3, None),
    ("2746", 0, [0, 0, ONE, ONE], [0, 0, ONE, 0x3300 << 48], 3, None),
    ("67400000", 0, [0, 0, ONE, !0], [0, 0, 0x4112_3456_789A_BCDE, 0x3300 << 48], 3, None),
    ("2C00", UNDERFLOW, [0x1010 << 48, 0, 0, 0], [0x5F10 << 48, 0, 0, 0], 3, Some(Code::EXPONENT_UNDERFLOW)),
    ("2C00", 0, [0x1010 << 48, 0, 0, 0], [0; 4], 3, None),
    // Division by zero is suppressed.
    ("3D02", 0, [ONE | 5, 0x4100 << 48, 0, 0], [ONE | 5, 0x4100 << 48, 0, 0], 3, Some(Code::FLOATING_POINT_DIVIDE)),
    ("2D02", 0, [ONE, 0x4120 << 48, 0, 0], [0x4080 << 48, 0x4120 << 48, 0, 0], 3, None),
    ("7D000000", 0, [0, 0, 0, 0], [0, 0, 0, 0], 3, None),
    // HER, HDR.
    ("3402", 0, [5, ONE, 0, 0], [0x4080_0000_0000_0005, ONE, 0, 0], 3, None),
    ("2400", UNDERFLOW, [0x0010 << 48, 0, 0, 0], [0x7F80 << 48, 0, 0, 0], 3, Some(Code::EXPONENT_UNDERFLOW)),
    // LRER rounds a long operand, LRDR an extended one.
    ("3502", 0, [5, 0x4112_3456_8000_0000, 0, 0], [0x4112_3457_0000_0005, 0x4112_3456_8000_0000, 0, 0], 3, None),
    ("2504", 0, [5, 0, ONE, 0x3380 << 48], [ONE + 1, 0, ONE, 0x3380 << 48], 3, None),
    ("3500", 0, [0x7FFF_FFFF_8000_0000, 0, 0, 0], [0x0010_0000_8000_0000, 0, 0, 0], 3, Some(Code::EXPONENT_OVERFLOW)),
    // AXR, SXR, MXR.
    ("3604", 0, [ONE, 0, ONE, 0], [0x4120 << 48, 0x3300 << 48, ONE, 0], 2, None),
    ("3700", SIGNIFICANCE, [ONE, 1, 0, 0], [0x4100 << 48, 0x3300 << 48, 0, 0], 0, Some(Code::SIGNIFICANCE)),
    ("2604", 0, [0x4120 << 48, 0, 0x4130 << 48, 0], [0x4160 << 48, 0x3300 << 48, 0x4130 << 48, 0], 3, None),
];

#[test]
fn results_are_placed_and_exceptions_raised() {
    for &(instruction, mask, before, expected, cc, code) in RESULTS {
        // An address of 2000: RX instructions here have X2 and D2 zero.
        let instruction = match instruction.len() {
            8 => format!("{}5000", &instruction[..4]),
            _ => String::from(instruction),
        };
        let mut machine = Before::new(&instruction).gr(5, 0x2000).put(0x2000, "41123456789ABCDE").program_mask(mask);
        machine.state.fpr = before;
        machine.state.psw.cc = 3;
        let after = machine.run();
        assert_eq!(
            after.state.fpr.map(|r| format!("{r:016X}")),
            expected.map(|r| format!("{r:016X}")),
            "{instruction}"
        );
        assert_eq!((after.state.psw.cc, after.code), (cc, code), "{instruction}");
    }
}

#[test]
fn stores_need_no_boundary() {
    let machine = |instruction| {
        Before::new(instruction).fpr(2, 0x0123_4567_89AB_CDEF).gr(5, 0x27FD).put(0x27F0, &"FF".repeat(32))
    };
    assert_eq!(machine("60205000").run().storage(0x27FC, 10), "FF0123456789ABCDEFFF");
    assert_eq!(machine("70205000").run().storage(0x27FC, 10), "FF01234567FFFFFFFFFF");
    let paged = machine("60205000").gr(5, 0x2FFD).paged().run();
    assert_eq!((paged.storage(0x3FFD, 3), paged.storage(0x2000, 5)), ("012345".into(), "6789ABCDEF".into()));
}

#[test]
fn access_exceptions_leave_everything_as_it_was() {
    // LD and STD, LE and STE, the last byte beyond the end of storage or in a page that is not there.
    for (instruction, length) in [("68005000", 8), ("60005000", 8), ("78005000", 4), ("70005000", 4), ("67005000", 8)] {
        let at = |address: u32| Before::new(instruction).fpr(0, ONE).gr(5, address - (length - 1));
        at(STORAGE).run().assert_unchanged(Code::ADDRESSING);
        at(MISSING_PAGE).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
        assert_eq!(at(MISSING_PAGE - 1).paged().run().code, None);
        at(0x3800).key(2).storage_key(0x3000, 0x20).storage_key(0x3800, 0x38).run().assert_unchanged(Code::PROTECTION);
    }
}
