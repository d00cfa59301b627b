//! PROGRAM CALL and PROGRAM TRANSFER (GA22-7000-10, chapter 10; chapter 5, "PC-Number Translation").
//!
//! ```text
//! linkage-table entry | I 0000000 | entry-table origin | length (6) |
//! entry-table entry   | AKM (16) | ASN (16) | 00000000 | instruction address | P |
//!                     | entry parameter     | EKM (16) | ...                     |
//! ```

use s370_arch::{
    control_register::{cr1, cr4, cr5, cr14},
    format::Instruction,
    interruption::ProgramCode,
};

use super::{super::specify, asn::Authority};
use crate::storage::AbsoluteStorage;
use crate::{
    exec::{ADDRESS, Interpreter, Outcome, Trap},
    interruption::Detail,
};

/// Bits 12-31 of the operand address of PROGRAM CALL.
const PC_NUMBER: u32 = 0x000F_FFFF;
/// Bit 0 of a linkage-table entry.
const LX_INVALID: u32 = 0x8000_0000;
/// Bits 1-7 of a linkage-table entry.
const LINKAGE_UNASSIGNED: u32 = 0x7F00_0000;
/// Bits 8-25 of a linkage-table entry.
const ENTRY_TABLE_ORIGIN: u32 = 0x00FF_FFC0;
/// Bits 26-31 of a linkage-table entry: in units of four entries, less one.
const ENTRY_TABLE_LENGTH: u32 = 0x3F;
/// Bits 32-39 of an entry-table entry, and bits 0-7 of the address operand of PROGRAM TRANSFER.
const ADDRESS_UNASSIGNED: u32 = 0xFF00_0000;
/// Bits 8-30 of a word with an instruction address.
const INSTRUCTION_ADDRESS: u32 = 0x00FF_FFFE;
/// Bit 31 of a word with an instruction address.
const PROBLEM_STATE: u32 = 1;

/// What an entry-table entry says.
struct Entry {
    /// Authorization-key mask, at the left of the word.
    authorization_key_mask: u32,
    asn: u16,
    /// Instruction address, and the problem state in bit 31.
    address: u32,
    parameter: u32,
    /// Entry-key mask, at the left of the word.
    key_mask: u32,
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// PC and PT are for the primary-space mode, with linkage allowed.
    fn linkage_allowed(&self) -> Outcome {
        self.translation_on()?;
        if self.state.psw.secondary {
            return Err(ProgramCode::SPECIAL_OPERATION.into());
        }
        self.control_on(5, cr5::SUBSYSTEM_LINKAGE)
    }

    /// PC-number translation.
    fn entry(&self, number: u32) -> Result<Entry, Trap> {
        let missing = |code| Err(Trap::Program(code, Detail::Number(number)));
        let designation = self.state.cr[5];
        let (lx, ex) = (number >> 8, number & 0xFF);
        if lx >> 5 > designation & cr5::LINKAGE_TABLE_LENGTH {
            return missing(ProgramCode::LX_TRANSLATION);
        }
        let linkage = self.table_word((designation & cr5::LINKAGE_TABLE_ORIGIN).wrapping_add(lx * 4) & ADDRESS)?;
        if linkage & LX_INVALID != 0 {
            return missing(ProgramCode::LX_TRANSLATION);
        }
        if linkage & LINKAGE_UNASSIGNED != 0 {
            return Err(ProgramCode::PC_TRANSLATION_SPECIFICATION.into());
        }
        if ex >> 2 > linkage & ENTRY_TABLE_LENGTH {
            return missing(ProgramCode::EX_TRANSLATION);
        }
        let entry = self.table_entry((linkage & ENTRY_TABLE_ORIGIN).wrapping_add(ex * 16) & ADDRESS)?;
        if entry[1] & ADDRESS_UNASSIGNED != 0 {
            return Err(ProgramCode::PC_TRANSLATION_SPECIFICATION.into());
        }
        Ok(Entry {
            authorization_key_mask: entry[0] & 0xFFFF_0000,
            asn: entry[0] as u16,
            address: entry[1],
            parameter: entry[2],
            key_mask: entry[3],
        })
    }

    pub(in super::super) fn pc(&mut self, i: Instruction) -> Outcome {
        self.linkage_allowed()?;
        let entry = self.entry(self.address1(i) & PC_NUMBER)?;
        if self.state.psw.problem && entry.authorization_key_mask & self.key_mask() == 0 {
            return Err(ProgramCode::PRIVILEGED.into());
        }
        let space = if entry.asn == 0 {
            None
        } else {
            self.control_on(14, cr14::ASN_TRANSLATION)?;
            Some(self.translate_asn(entry.asn).map_err(|failure| failure.trap(entry.asn))?)
        };
        let psw = self.state.psw;
        let (old_primary, old_segment_table) = (self.primary_asn(), self.state.cr[1]);
        self.set_gr(3, self.key_mask() | u32::from(old_primary));
        self.set_gr(14, psw.address & INSTRUCTION_ADDRESS | u32::from(psw.problem));
        self.set_gr(4, entry.parameter);
        self.set_key_mask(self.key_mask() | entry.key_mask);
        self.set_secondary_asn(old_primary);
        self.state.cr[7] = old_segment_table;
        self.transfer(entry.address);
        let Some(space) = space else { return Ok(()) };
        self.enter(&space);
        self.space_switched(old_primary, old_segment_table)
    }

    pub(in super::super) fn pt(&mut self, i: Instruction) -> Outcome {
        self.linkage_allowed()?;
        let (masks, target) = (self.gr(i.rre1()), self.gr(i.rre2()));
        if self.state.psw.problem && target & PROBLEM_STATE == 0 {
            return Err(ProgramCode::PRIVILEGED.into());
        }
        specify(target & ADDRESS_UNASSIGNED == 0)?;
        let asn = masks as u16;
        let (old_primary, old_segment_table) = (self.primary_asn(), self.state.cr[1]);
        let space = if asn == old_primary {
            None
        } else {
            self.control_on(14, cr14::ASN_TRANSLATION)?;
            let space = self.translate_asn(asn).map_err(|failure| failure.trap(asn))?;
            let index = ((self.state.cr[4] & cr4::AUTHORIZATION_INDEX) >> 16) as u16;
            if !self.is_authorized(index, &space, Authority::Primary)? {
                return Err(Trap::Program(ProgramCode::PRIMARY_AUTHORITY, Detail::Number(asn.into())));
            }
            Some(space)
        };
        self.set_key_mask(self.key_mask() & masks);
        self.set_secondary_asn(asn);
        self.transfer(target);
        if let Some(space) = space {
            self.enter(&space);
        }
        self.state.cr[7] = self.state.cr[1];
        if space.is_some() { self.space_switched(old_primary, old_segment_table) } else { Ok(()) }
    }

    /// Goes on at another instruction address, in the state that its bit 31 says.
    fn transfer(&mut self, target: u32) {
        self.branch(target & INSTRUCTION_ADDRESS);
        self.state.psw.problem = target & PROBLEM_STATE != 0;
        self.effects.context = true;
    }

    /// The space-switch event, if the old or the new primary space asks for it.
    fn space_switched(&mut self, old_primary: u16, old_segment_table: u32) -> Outcome {
        if (old_segment_table | self.state.cr[1]) & cr1::SPACE_SWITCH_EVENT == 0 {
            return Ok(());
        }
        let old_control = old_segment_table & cr1::SPACE_SWITCH_EVENT;
        Err(Trap::Program(ProgramCode::SPACE_SWITCH, Detail::Number(old_control << 31 | u32::from(old_primary))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::{
        dual_address_space::tables::{self, LINKAGE, OTHER_SEGMENTS, OWN_SEGMENTS, asn},
        harness::{Harness, START},
    };

    /// PROGRAM CALL of the number in general register 2.
    const PC: [u16; 2] = [0xB218, 0x2000];
    const PT: [u16; 2] = [0xB228, 0x00AB];

    /// Entries of entry table 0, which has eight.
    mod ex {
        pub const SAME_SPACE: u32 = 0;
        pub const OTHER_SPACE: u32 = 1;
        pub const BAD: u32 = 2;
        pub const INVALID_SPACE: u32 = 3;
        pub const EVENT: u32 = 4;
    }

    fn harness() -> Harness {
        let mut harness = tables::harness();
        let storage = &harness.storage;
        for (at, entry) in (0xC000..).step_by(4).zip([0x0000_D001, 0x8000_D000, 0x0100_D000, 0x0001_0000]) {
            storage.store_u32(at, entry);
        }
        let other = u32::from(asn::OTHER);
        for (index, entry) in [
            (ex::SAME_SPACE, [0x0010_0000, 0x0000_3000, 0x1234_5678, 0x8001_FFFF]),
            (ex::OTHER_SPACE, [0x0001_0000 | other, 0x0000_3101, 0x9ABC_DEF0, 0x0000_FFFF]),
            (ex::BAD, [0xFFFF_0000, 0x0100_3000, 0, 0]),
            (ex::INVALID_SPACE, [0x0010_0000 | u32::from(asn::INVALID), 0x3000, 0, 0]),
            (ex::EVENT, [0x0010_0000 | u32::from(asn::EVENT), 0x3000, 0, 0]),
        ] {
            for (at, word) in (0xD000 + index * 16..).step_by(4).zip(entry) {
                storage.store_u32(at, word);
            }
        }
        harness.state.gr[2] = 0xFFF0_0000;
        harness
    }

    /// A control register that is not as it must be, and the exception.
    fn without(change: impl Fn(&mut Harness)) -> Harness {
        let mut harness = harness();
        change(&mut harness);
        harness
    }

    #[test]
    fn a_call_in_the_same_space() {
        let mut harness = harness();
        harness.state.psw.problem = true;
        harness.state.psw.key = 7;
        harness.state.psw.cc = 2;
        harness.state.cr[3] = 0x00F0_0009;
        harness.state.cr[7] = 0x1234;
        harness.step(&PC).unwrap();
        let state = &harness.state;
        assert_eq!((state.psw.address, state.psw.problem, state.psw.key, state.psw.cc), (0x3000, false, 7, 2));
        assert_eq!((state.gr[3], state.gr[14], state.gr[4]), (0x00F0_0001, START + 4 + 1, 0x1234_5678));
        assert_eq!((state.cr[3], state.cr[7]), (0x80F1_0001, OWN_SEGMENTS));
        assert_eq!((state.cr[1], state.cr[4], state.cr[5]), (OWN_SEGMENTS, tables::INDEX << 16 | 1, LINKAGE));
        assert!(harness.effects.context);
    }

    #[test]
    fn a_call_of_another_space_and_the_return() {
        let mut harness = harness();
        harness.state.gr[2] |= ex::OTHER_SPACE;
        harness.step(&PC).unwrap();
        let state = &harness.state;
        assert_eq!((state.psw.address, state.psw.problem), (0x3100, true));
        assert_eq!((state.gr[3], state.gr[14], state.gr[4]), (0x00F0_0001, START + 4, 0x9ABC_DEF0));
        assert_eq!((state.cr[1], state.cr[7]), (OTHER_SEGMENTS, OWN_SEGMENTS));
        assert_eq!((state.cr[3], state.cr[4], state.cr[5]), (0x00F0_0001, 0x0046_0002, LINKAGE | 0x7F));
        harness.state.psw.problem = false;
        harness.state.cr[3] |= 0xFF00_0000;
        // General registers 3 and 14, as PROGRAM CALL left them.
        harness.step(&[0xB228, 0x003E]).unwrap();
        let state = &harness.state;
        assert_eq!((state.psw.address, state.psw.problem), (START + 4, false));
        assert_eq!((state.cr[1], state.cr[7]), (OWN_SEGMENTS, OWN_SEGMENTS));
        assert_eq!((state.cr[3], state.cr[4], state.cr[5]), (0x00F0_0001, tables::INDEX << 16 | 1, LINKAGE));
    }

    #[test]
    fn numbers_that_lead_nowhere() {
        for (number, code) in [
            (0x0_2000, ProgramCode::LX_TRANSLATION),
            (0xF_FFFF, ProgramCode::LX_TRANSLATION),
            (0x0_0100, ProgramCode::LX_TRANSLATION),
            (0x0_0200, ProgramCode::PC_TRANSLATION_SPECIFICATION),
            (0x0_0300, ProgramCode::ADDRESSING),
            (0x0_0304, ProgramCode::EX_TRANSLATION),
            (0x0_0008, ProgramCode::EX_TRANSLATION),
            (ex::BAD, ProgramCode::PC_TRANSLATION_SPECIFICATION),
        ] {
            let mut harness = harness();
            harness.state.gr[2] |= number;
            let before = harness.state.clone();
            let (found, detail) = harness.detail(&PC);
            assert_eq!(found, code, "{number:X}");
            let nullified = matches!(code, ProgramCode::LX_TRANSLATION | ProgramCode::EX_TRANSLATION);
            assert_eq!(detail, if nullified { Detail::Number(number) } else { Detail::None });
            assert_eq!(harness.state.psw.address, if nullified { START } else { START + 4 });
            assert_eq!((harness.state.gr, harness.state.cr), (before.gr, before.cr));
        }
        let mut harness = without(|harness| harness.state.cr[5] = 0x8001_0000);
        assert_eq!(harness.code(&PC), ProgramCode::ADDRESSING);
    }

    #[test]
    fn calls_that_are_not_allowed() {
        for mut harness in [
            without(|harness| harness.state.psw.system_mask = 0),
            without(|harness| harness.state.psw.ec = false),
            without(|harness| harness.state.psw.secondary = true),
            without(|harness| harness.state.cr[5] &= !cr5::SUBSYSTEM_LINKAGE),
        ] {
            // Special operation comes before everything else.
            harness.state.gr[2] = 0x0_2000;
            harness.state.psw.problem = true;
            assert_eq!(harness.code(&PC), ProgramCode::SPECIAL_OPERATION);
            assert_eq!(harness.code(&PT), ProgramCode::SPECIAL_OPERATION);
        }
        let mut harness = without(|harness| harness.state.psw.problem = true);
        harness.state.gr[2] = ex::OTHER_SPACE;
        harness.state.cr[14] = 0;
        assert_eq!(harness.code(&PC), ProgramCode::PRIVILEGED);
        harness.state.cr[3] |= 0x0001_0000;
        assert_eq!(harness.code(&PC), ProgramCode::SPECIAL_OPERATION);
    }

    #[test]
    fn a_call_of_a_space_that_is_not_there() {
        let mut harness = without(|harness| harness.state.gr[2] = ex::INVALID_SPACE);
        let before = harness.state.clone();
        let expected = (ProgramCode::ASX_TRANSLATION, Detail::Number(asn::INVALID.into()));
        assert_eq!(harness.detail(&PC), expected);
        assert_eq!((harness.state.gr, harness.state.cr), (before.gr, before.cr));
        assert_eq!(harness.state.psw.address, START);
    }

    #[test]
    fn space_switch_events() {
        for (bit, index, detail) in [(0, ex::EVENT, 0x0000_0001), (1, ex::OTHER_SPACE, 0x8000_0001)] {
            let mut harness = without(|harness| harness.state.gr[2] = index);
            harness.state.cr[1] |= bit;
            assert_eq!(harness.detail(&PC), (ProgramCode::SPACE_SWITCH, Detail::Number(detail)));
            assert_ne!(harness.state.psw.address, START + 4);
            assert_ne!(harness.state.cr[4] as u16, asn::OWN);
        }
        // Only a switch can be one.
        let mut harness = without(|harness| harness.state.cr[1] |= 1);
        harness.step(&PC).unwrap();
        assert_eq!(harness.state.psw.address, 0x3000);
    }

    /// Before PROGRAM TRANSFER to a space, with half of the keys.
    fn transfer_to(asn: u16) -> Harness {
        let mut harness = harness();
        harness.state.gr[10] = 0x0030_0000 | u32::from(asn);
        harness.state.gr[11] = 0x0000_3001;
        harness
    }

    #[test]
    fn a_transfer_in_the_same_space() {
        let mut harness = transfer_to(asn::OWN);
        harness.state.cr[3] = 0x00F0_0009;
        harness.state.cr[7] = OTHER_SEGMENTS;
        harness.step(&PT).unwrap();
        let state = &harness.state;
        assert_eq!((state.psw.address, state.psw.problem), (0x3000, true));
        assert_eq!((state.cr[3], state.cr[7]), (0x0030_0001, OWN_SEGMENTS));
        assert!(harness.effects.context);
    }

    #[test]
    fn a_transfer_to_another_space() {
        let mut harness = transfer_to(asn::OTHER);
        harness.state.gr[11] = 0x0000_3000;
        harness.step(&PT).unwrap();
        let state = &harness.state;
        assert_eq!((state.psw.address, state.psw.problem), (0x3000, false));
        assert_eq!((state.cr[1], state.cr[7]), (OTHER_SEGMENTS, OTHER_SEGMENTS));
        assert_eq!((state.cr[3], state.cr[4], state.cr[5]), (0x0030_0002, 0x0046_0002, LINKAGE | 0x7F));
        let mut harness = transfer_to(asn::EVENT);
        assert_eq!(harness.detail(&PT), (ProgramCode::SPACE_SWITCH, Detail::Number(1)));
        assert_eq!(harness.state.psw.address, 0x3000);
    }

    #[test]
    fn transfers_that_fail() {
        for (to, code) in [
            (asn::INVALID, ProgramCode::ASX_TRANSLATION),
            (asn::NO_TABLE, ProgramCode::AFX_TRANSLATION),
            (asn::BAD, ProgramCode::ASN_TRANSLATION_SPECIFICATION),
            (asn::LOST_TABLE, ProgramCode::ADDRESSING),
            (asn::NO_AUTHORITY_TABLE, ProgramCode::ADDRESSING),
            (asn::CLOSED, ProgramCode::PRIMARY_AUTHORITY),
            (asn::SHORT, ProgramCode::PRIMARY_AUTHORITY),
        ] {
            let mut harness = transfer_to(to);
            let before = harness.state.clone();
            let (found, detail) = harness.detail(&PT);
            assert_eq!(found, code, "{to}");
            let suppressed = matches!(code, ProgramCode::ASN_TRANSLATION_SPECIFICATION | ProgramCode::ADDRESSING);
            assert_eq!(detail, if suppressed { Detail::None } else { Detail::Number(to.into()) });
            assert_eq!((harness.state.gr, harness.state.cr), (before.gr, before.cr));
        }
    }

    #[test]
    fn transfers_that_are_not_allowed() {
        let mut harness = transfer_to(asn::OTHER);
        harness.state.psw.problem = true;
        harness.state.cr[14] = 0;
        harness.state.gr[11] = 0x0100_3000;
        assert_eq!(harness.code(&PT), ProgramCode::PRIVILEGED);
        harness.state.gr[11] = 0x0100_3001;
        assert_eq!(harness.code(&PT), ProgramCode::SPECIFICATION);
        harness.state.gr[11] = 0x0000_3001;
        assert_eq!(harness.code(&PT), ProgramCode::SPECIAL_OPERATION);
    }
}
