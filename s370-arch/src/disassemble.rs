//! Instructions as the assembler writes them.
//!
//! Every address is written in full, base and index zero included, so that the text assembles to the same instruction
//! wherever it stands. Immediate bytes are hexadecimal, all other numbers decimal.

use std::fmt;

use crate::format::{Address, Instruction, Operand, Operands};
use crate::isa::Op;

/// An instruction to be displayed as an assembler statement; see [`disassemble`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disassembly(pub Instruction);

/// The assembler statement for an instruction: mnemonic and operands, or `DC` if its operation code is not assigned.
///
/// Bits that the format does not use are not shown.
#[must_use]
pub fn disassemble(instruction: Instruction) -> String {
    Disassembly(instruction).to_string()
}

impl fmt::Display for Disassembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(op) = Op::decode(self.0.first_halfword()) else {
            return write_constant(f, self.0.bytes());
        };
        let row = op.row();
        let operands = Operands::parse(self.0, row.format);
        let mut written = row.format.operands().iter();
        let Some(first) = written.next() else {
            return f.write_str(row.mnemonic);
        };
        write!(f, "{:<5} ", row.mnemonic)?;
        write_operand(f, *first, &operands, op)?;
        for operand in written {
            f.write_str(",")?;
            write_operand(f, *operand, &operands, op)?;
        }
        Ok(())
    }
}

fn write_constant(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("DC    X'")?;
    for byte in bytes {
        write!(f, "{byte:02X}")?;
    }
    f.write_str("'")
}

fn write_operand(f: &mut fmt::Formatter<'_>, operand: Operand, fields: &Operands, op: Op) -> fmt::Result {
    let Operands { r1, r2, immediate, address1, address2 } = *fields;
    match operand {
        Operand::Register1 | Operand::Mask1 => write!(f, "{r1}"),
        Operand::Register2 | Operand::Mask2 | Operand::Digit => write!(f, "{r2}"),
        // A supervisor-call number is a number; the other immediate bytes are masks, characters and patterns.
        Operand::Immediate if op == Op::SVC => write!(f, "{immediate}"),
        Operand::Immediate => write!(f, "X'{immediate:02X}'"),
        Operand::Storage1 => write!(f, "{}({})", address1.displacement, address1.base),
        Operand::Storage2 => write!(f, "{}({})", address2.displacement, address2.base),
        Operand::Indexed | Operand::LengthRegister => {
            let register = if operand == Operand::Indexed { r2 } else { r1 };
            write_qualified(f, address1, u16::from(register))
        }
        Operand::Length => write_qualified(f, address1, u16::from(immediate) + 1),
        Operand::Length1 => write_qualified(f, address1, u16::from(r1) + 1),
        Operand::Length2 => write_qualified(f, address2, u16::from(r2) + 1),
    }
}

/// Writes an address with an index register, a length, or a register that holds a length.
fn write_qualified(f: &mut fmt::Formatter<'_>, address: Address, qualifier: u16) -> fmt::Result {
    write!(f, "{}({qualifier},{})", address.displacement, address.base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::isa::TABLE;

    /// The instruction written in hexadecimal.
    fn instruction(hex: &str) -> Instruction {
        let mut bytes = [0; 6];
        for (i, byte) in bytes.iter_mut().enumerate().take(hex.len() / 2) {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
        }
        Instruction(bytes)
    }

    #[test]
    fn one_instruction_of_each_format() {
        let cases = [
            ("0ACA", "SVC   202"),
            ("1A5F", "AR    5,15"),
            ("0430", "SPM   3"),
            ("07FE", "BCR   15,14"),
            ("B2210034", "IPTE  3,4"),
            ("B2250030", "SSAR  3"),
            ("5853C008", "L     5,8(3,12)"),
            ("47800123", "BC    8,291(0,0)"),
            ("98ECD00C", "LM    14,12,12(13)"),
            ("BF57C000", "ICM   5,7,0(12)"),
            ("8B500010", "SLA   5,16(0)"),
            ("92C11000", "MVI   0(1),X'C1'"),
            ("82001008", "LPSW  8(1)"),
            ("B205F000", "STCK  0(15)"),
            ("9C00A190", "SIO   400(10)"),
            ("9C01A190", "SIOF  400(10)"),
            ("B20D0000", "PTLB"),
            ("D2FF10002004", "MVC   0(256,1),4(2)"),
            ("FA2110002004", "AP    0(3,1),4(2,2)"),
            ("F02510000005", "SRP   0(3,1),5(0),5"),
            ("D91310002004", "MVCK  0(1,1),4(2),3"),
            ("E50110002004", "TPROT 0(1),4(2)"),
            ("83120008", "DIAG  1,2,8(0)"),
        ];
        for (hex, text) in cases {
            assert_eq!(disassemble(instruction(hex)), text);
        }
        for format in TABLE.iter().map(|row| row.format).collect::<std::collections::HashSet<Format>>() {
            let shown = cases.iter().any(|(hex, _)| {
                Op::decode(instruction(hex).first_halfword()).is_some_and(|op| op.row().format == format)
            });
            assert!(shown, "no case has the format {format:?}");
        }
    }

    #[test]
    fn unassigned_operation_codes_are_constants_of_the_instruction_length() {
        assert_eq!(disassemble(instruction("0001FFFFFFFF")), "DC    X'0001'");
        assert_eq!(disassemble(instruction("B2FF1234FFFF")), "DC    X'B2FF1234'");
        assert_eq!(disassemble(instruction("FF0102030405")), "DC    X'FF0102030405'");
    }

    #[test]
    fn bits_that_the_format_ignores_are_not_shown() {
        assert_eq!(disassemble(instruction("043F")), "SPM   3");
        assert_eq!(disassemble(instruction("93AA1000")), "TS    0(1)");
    }
}
