//! Instruction formats: where the operands of an instruction stand, and how the assembler writes them
//! (GA22-7000-10, chapter 5, "Instruction Formats").

use serde::{Deserialize, Serialize};

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
    /// SI without immediate operand: `D1(B1)`.
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
