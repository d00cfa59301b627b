//! Instruction formats: where the operands of an instruction stand, and how the assembler writes them
//! (GA22-7000-10, chapter 5, "Instruction Formats").

use serde::{Deserialize, Serialize};

use crate::isa::Op;

/// The format of an instruction's operands. The manual's formats are divided further where operands are written
/// differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// `I`: one immediate byte (SVC).
    I,
    /// RR: `R1,R2`.
    Rr,
    /// RR with one register: `R1` (SPM).
    R1,
    /// RR with a mask: `M1,R2` (BCR).
    RrM,
    /// RRE: `R1,R2`.
    Rre,
    /// RRE with one register: `R1`.
    Rre1,
    /// RX: `R1,D2(X2,B2)`.
    Rx,
    /// RX with a mask: `M1,D2(X2,B2)` (BC).
    RxM,
    /// RS: `R1,R3,D2(B2)`.
    Rs,
    /// RS with a mask: `R1,M3,D2(B2)`.
    RsM,
    /// RS with one register: `R1,D2(B2)` (shifts).
    RsS,
    /// SI: `D1(B1),I2`.
    Si,
    /// S with a one-byte operation code, bits 8-15 being ignored: `D2(B2)` (LPSW, SSM, TS; SI in the older manuals).
    SiS,
    /// S: `D2(B2)`.
    S,
    /// S without operand.
    S0,
    /// SS with one length: `D1(L,B1),D2(B2)`.
    Ss,
    /// SS with two lengths: `D1(L1,B1),D2(L2,B2)`.
    Ss2,
    /// SS with an immediate operand: `D1(L1,B1),D2(B2),I3` (SRP).
    SsI,
    /// SS with a length and a key in registers: `D1(R1,B1),D2(B2),R3`.
    SsK,
    /// SSE: `D1(B1),D2(B2)`.
    Sse,
}

/// One operand as it stands in an assembler statement, by the fields of [`Operands`] that it is made of.
///
/// These are all the ways in which an operand is written; [`Format::operands`] is a list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A register number: `r1`.
    Register1,
    /// A register number: `r2`.
    Register2,
    /// A mask, 0-15: `r1`.
    Mask1,
    /// A mask, 0-15: `r2`.
    Mask2,
    /// A byte, 0-255: `immediate`.
    Immediate,
    /// A digit, 0-15: `r2` (the rounding digit of SRP).
    Digit,
    /// `D(B)`: `address1`.
    Storage1,
    /// `D(B)`: `address2`.
    Storage2,
    /// `D(X,B)`: `address1` with the index register `r2`.
    Indexed,
    /// `D(L,B)`: `address1` with a length of 1-256, one more than `immediate`.
    Length,
    /// `D(L,B)`: `address1` with a length of 1-16, one more than `r1`.
    Length1,
    /// `D(L,B)`: `address2` with a length of 1-16, one more than `r2`.
    Length2,
    /// `D(R,B)`: `address1` with the register `r1`, which holds a length.
    LengthRegister,
}

impl Format {
    /// The operands in the order in which the assembler writes them.
    #[must_use]
    pub const fn operands(self) -> &'static [Operand] {
        use Operand::{
            Digit, Immediate, Indexed, Length, Length1, Length2, LengthRegister, Mask1, Mask2, Register1, Register2,
            Storage1, Storage2,
        };
        match self {
            Format::I => &[Immediate],
            Format::Rr | Format::Rre => &[Register1, Register2],
            Format::R1 | Format::Rre1 => &[Register1],
            Format::RrM => &[Mask1, Register2],
            Format::Rx => &[Register1, Indexed],
            Format::RxM => &[Mask1, Indexed],
            Format::Rs => &[Register1, Register2, Storage1],
            Format::RsM => &[Register1, Mask2, Storage1],
            Format::RsS => &[Register1, Storage1],
            Format::Si => &[Storage1, Immediate],
            Format::SiS | Format::S => &[Storage1],
            Format::S0 => &[],
            Format::Ss => &[Length, Storage2],
            Format::Ss2 => &[Length1, Length2],
            Format::SsI => &[Length1, Storage2, Digit],
            Format::SsK => &[LengthRegister, Storage2, Register2],
            Format::Sse => &[Storage1, Storage2],
        }
    }
}

impl Format {
    /// The manual's name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::I | Format::Rr | Format::R1 | Format::RrM => "RR",
            Format::Rre | Format::Rre1 => "RRE",
            Format::Rx | Format::RxM => "RX",
            Format::Rs | Format::RsM | Format::RsS => "RS",
            Format::Si => "SI",
            Format::SiS | Format::S | Format::S0 => "S",
            Format::Ss | Format::Ss2 | Format::SsI | Format::SsK => "SS",
            Format::Sse => "SSE",
        }
    }

    /// The operands as the manual writes them; empty if there are none.
    #[must_use]
    pub const fn syntax(self) -> &'static str {
        match self {
            Format::I => "I",
            Format::Rr | Format::Rre => "R1,R2",
            Format::R1 | Format::Rre1 => "R1",
            Format::RrM => "M1,R2",
            Format::Rx => "R1,D2(X2,B2)",
            Format::RxM => "M1,D2(X2,B2)",
            Format::Rs => "R1,R3,D2(B2)",
            Format::RsM => "R1,M3,D2(B2)",
            Format::RsS => "R1,D2(B2)",
            Format::Si => "D1(B1),I2",
            Format::SiS | Format::S => "D2(B2)",
            Format::S0 => "",
            Format::Ss => "D1(L,B1),D2(B2)",
            Format::Ss2 => "D1(L1,B1),D2(L2,B2)",
            Format::SsI => "D1(L1,B1),D2(B2),I3",
            Format::SsK => "D1(R1,B1),D2(B2),R3",
            Format::Sse => "D1(B1),D2(B2)",
        }
    }
}

/// A storage operand's address as an instruction holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Address {
    /// Base register, 0-15; 0 stands for no base.
    pub base: u8,
    /// Displacement, 0-4095.
    pub displacement: u16,
}

impl Address {
    const fn parse(halfword: [u8; 2]) -> Self {
        Self { base: halfword[0] >> 4, displacement: u16::from_be_bytes(halfword) & 0xFFF }
    }

    const fn emit(self) -> [u8; 2] {
        ((self.base as u16) << 12 | self.displacement & 0xFFF).to_be_bytes()
    }
}

/// The operand fields of an instruction: what an assembler fills in and a disassembler prints.
///
/// Fields that a format does not have are zero. Lengths are as encoded, one less than the true length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Operands {
    /// R1, M1 or L1, 0-15.
    pub r1: u8,
    /// R2, X2, R3, M3, L2 or I3, 0-15.
    pub r2: u8,
    /// I, I2 or L, 0-255.
    pub immediate: u8,
    /// The address in bits 16-31.
    pub address1: Address,
    /// The address in bits 32-47.
    pub address2: Address,
}

impl Operands {
    /// The fields that `format` has, from an instruction. Bits that the format ignores are not looked at.
    #[must_use]
    pub fn parse(instruction: Instruction, format: Format) -> Self {
        let mut operands = Self::default();
        let [_, byte1, byte2, byte3, byte4, byte5] = instruction.0;
        let registers = if format.is_rre() { byte3 } else { byte1 };
        for operand in format.operands() {
            let fields = operand.fields();
            if fields.r1 {
                operands.r1 = registers >> 4;
            }
            if fields.r2 {
                operands.r2 = registers & 15;
            }
            if fields.immediate {
                operands.immediate = byte1;
            }
            if fields.address1 {
                operands.address1 = Address::parse([byte2, byte3]);
            }
            if fields.address2 {
                operands.address2 = Address::parse([byte4, byte5]);
            }
        }
        operands
    }

    /// The instruction `op` with these operands, all bits that its format does not use zero.
    ///
    /// Fields that the format does not have should be zero, and the others in their ranges: excess bits are dropped.
    #[must_use]
    pub fn emit(self, op: Op) -> Instruction {
        let row = op.row();
        let mut bytes = [0; 6];
        bytes[0] = row.first_byte();
        if row.is_two_level() {
            bytes[1] = (row.code & 0xFF) as u8;
        }
        let registers = if row.format.is_rre() { 3 } else { 1 };
        for operand in row.format.operands() {
            let fields = operand.fields();
            if fields.r1 {
                bytes[registers] |= self.r1 << 4;
            }
            if fields.r2 {
                bytes[registers] |= self.r2 & 15;
            }
            if fields.immediate {
                bytes[1] = self.immediate;
            }
            if fields.address1 {
                bytes[2..4].copy_from_slice(&self.address1.emit());
            }
            if fields.address2 {
                bytes[4..6].copy_from_slice(&self.address2.emit());
            }
        }
        Instruction(bytes)
    }
}

/// Which fields of [`Operands`] an operand is made of.
#[derive(Default)]
struct Fields {
    r1: bool,
    r2: bool,
    immediate: bool,
    address1: bool,
    address2: bool,
}

impl Operand {
    fn fields(self) -> Fields {
        let none = Fields::default();
        match self {
            Operand::Register1 | Operand::Mask1 => Fields { r1: true, ..none },
            Operand::Register2 | Operand::Mask2 | Operand::Digit => Fields { r2: true, ..none },
            Operand::Immediate => Fields { immediate: true, ..none },
            Operand::Storage1 => Fields { address1: true, ..none },
            Operand::Storage2 => Fields { address2: true, ..none },
            Operand::Indexed => Fields { r2: true, address1: true, ..none },
            Operand::Length => Fields { immediate: true, address1: true, ..none },
            Operand::Length1 | Operand::LengthRegister => Fields { r1: true, address1: true, ..none },
            Operand::Length2 => Fields { r2: true, address2: true, ..none },
        }
    }
}

impl Format {
    /// Whether the registers are in the fourth byte, bits 8-15 being operation code.
    const fn is_rre(self) -> bool {
        matches!(self, Format::Rre | Format::Rre1)
    }
}

/// The bytes of an instruction, left-aligned in six, with an accessor for every field any format has.
///
/// Each accessor is the plain field at its place; it says nothing about whether the format has it.
///
/// ```text
///        byte 0    byte 1    byte 2    byte 3    byte 4    byte 5
/// RR    | op      | R1 R2  |
/// RX    | op      | R1 X2  | B2 |    D2        |
/// RS    | op      | R1 R3  | B2 |    D2        |
/// SI    | op      |   I2   | B1 |    D1        |
/// S     | op      | op     | B2 |    D2        |
/// RRE   | op      | op     | / / / / | R1  R2  |
/// SS    | op      | L1 L2  | B1 |    D1        | B2 |    D2        |
/// SSE   | op      | op     | B1 |    D1        | B2 |    D2        |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Instruction(pub [u8; 6]);

impl Instruction {
    /// Bits 0-15.
    #[must_use]
    pub const fn first_halfword(self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }

    /// Length in bytes by bits 0 and 1: 2, 4 or 6.
    #[must_use]
    pub const fn length(self) -> u8 {
        crate::isa::instruction_length(self.0[0])
    }

    /// The bytes that belong to the instruction: two, four or six.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[..usize::from(self.length())]
    }

    /// Bits 8-11: R1, M1 or L1.
    #[must_use]
    pub const fn r1(self) -> usize {
        (self.0[1] >> 4) as usize
    }

    /// Bits 12-15: R2, X2, R3, M3, or L2.
    #[must_use]
    pub const fn r2(self) -> usize {
        (self.0[1] & 15) as usize
    }

    /// Bits 8-15: I2, the SVC number or L.
    #[must_use]
    pub const fn i(self) -> u8 {
        self.0[1]
    }

    /// Bits 16-19: the base register of the first storage operand.
    #[must_use]
    pub const fn base1(self) -> usize {
        (self.0[2] >> 4) as usize
    }

    /// Bits 20-31: the displacement of the first storage operand.
    #[must_use]
    pub const fn displacement1(self) -> u32 {
        (self.0[2] as u32 & 15) << 8 | self.0[3] as u32
    }

    /// Bits 32-35: the base register of the second storage operand of SS and SSE.
    #[must_use]
    pub const fn base2(self) -> usize {
        (self.0[4] >> 4) as usize
    }

    /// Bits 36-47: the displacement of the second storage operand of SS and SSE.
    #[must_use]
    pub const fn displacement2(self) -> u32 {
        (self.0[4] as u32 & 15) << 8 | self.0[5] as u32
    }

    /// Bits 24-27: R1 of RRE.
    #[must_use]
    pub const fn rre1(self) -> usize {
        (self.0[3] >> 4) as usize
    }

    /// Bits 28-31: R2 of RRE.
    #[must_use]
    pub const fn rre2(self) -> usize {
        (self.0[3] & 15) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::isa::TABLE;

    fn address() -> impl Strategy<Value = Address> {
        (0u8..16, 0u16..4096).prop_map(|(base, displacement)| Address { base, displacement })
    }

    fn all_fields() -> impl Strategy<Value = Operands> {
        (0u8..16, 0u8..16, any::<u8>(), address(), address())
            .prop_map(|(r1, r2, immediate, address1, address2)| Operands { r1, r2, immediate, address1, address2 })
    }

    /// The same operands with the fields that `format` does not have set to zero, decided by the format's name alone.
    fn of_format(all: Operands, format: Format) -> Operands {
        let Operands { r1, r2, immediate, address1, address2 } = all;
        let none = Operands::default();
        match format {
            Format::I => Operands { immediate, ..none },
            Format::Rr | Format::RrM | Format::Rre => Operands { r1, r2, ..none },
            Format::R1 | Format::Rre1 => Operands { r1, ..none },
            Format::Rx | Format::RxM | Format::Rs | Format::RsM => Operands { r1, r2, address1, ..none },
            Format::RsS => Operands { r1, address1, ..none },
            Format::Si => Operands { immediate, address1, ..none },
            Format::SiS | Format::S => Operands { address1, ..none },
            Format::S0 => none,
            Format::Ss => Operands { immediate, address1, address2, ..none },
            Format::Ss2 | Format::SsI | Format::SsK => Operands { r1, r2, address1, address2, ..none },
            Format::Sse => Operands { address1, address2, ..none },
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4096, rng_seed: RngSeed::Fixed(0x370), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn parse_undoes_emit(row in proptest::sample::select(TABLE), all in all_fields()) {
            let operands = of_format(all, row.format);
            let instruction = operands.emit(row.op);
            prop_assert_eq!(Op::decode(instruction.first_halfword()), Some(row.op));
            prop_assert_eq!(Operands::parse(instruction, row.format), operands);
            prop_assert_eq!(all.emit(row.op), instruction, "a field that the format does not have was used");
        }

        #[test]
        fn emit_keeps_every_bit_that_parse_read(row in proptest::sample::select(TABLE), bytes in any::<[u8; 6]>()) {
            let emitted = Operands::parse(Instruction(bytes), row.format).emit(row.op);
            prop_assert_eq!(Operands::parse(emitted, row.format), Operands::parse(Instruction(bytes), row.format));
            prop_assert!(emitted.0[emitted.bytes().len()..].iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn syntax_has_the_operands() {
        for row in TABLE {
            let syntax = row.format.syntax();
            // Commas between operands are those outside parentheses.
            let outside = syntax.split('(').map(|part| part.rsplit(')').next().unwrap_or("")).collect::<String>();
            let operands = if syntax.is_empty() { 0 } else { outside.matches(',').count() + 1 };
            assert_eq!(operands, row.format.operands().len(), "{syntax}");
        }
    }

    #[test]
    fn fields_stand_where_the_manual_draws_them() {
        let address1 = Address { base: 3, displacement: 0x456 };
        let address2 = Address { base: 7, displacement: 0x89A };
        let operands = Operands { r1: 1, r2: 2, immediate: 0xEF, address1, address2 };
        let cases: [(Op, &[u8]); 12] = [
            (Op::SVC, &[0x0A, 0xEF]),
            (Op::SPM, &[0x04, 0x10]),
            (Op::AR, &[0x1A, 0x12]),
            (Op::L, &[0x58, 0x12, 0x34, 0x56]),
            (Op::SLL, &[0x89, 0x10, 0x34, 0x56]),
            (Op::MVI, &[0x92, 0xEF, 0x34, 0x56]),
            (Op::TIO, &[0x9D, 0x00, 0x34, 0x56]),
            (Op::STCK, &[0xB2, 0x05, 0x34, 0x56]),
            (Op::IPTE, &[0xB2, 0x21, 0x00, 0x12]),
            (Op::MVC, &[0xD2, 0xEF, 0x34, 0x56, 0x78, 0x9A]),
            (Op::SRP, &[0xF0, 0x12, 0x34, 0x56, 0x78, 0x9A]),
            (Op::TPROT, &[0xE5, 0x01, 0x34, 0x56, 0x78, 0x9A]),
        ];
        for (op, bytes) in cases {
            assert_eq!(operands.emit(op).bytes(), bytes, "{op:?}");
        }
    }
}
