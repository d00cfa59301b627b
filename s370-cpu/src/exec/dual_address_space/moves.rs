//! MOVE TO PRIMARY, MOVE TO SECONDARY and MOVE WITH KEY (GA22-7000-10, chapter 10).

use s370_arch::{control_register::cr0, format::Instruction};

use crate::exec::{Access, Interpreter, Outcome, Space};
use crate::storage::AbsoluteStorage;

/// How one operand of a move is referred to.
#[derive(Clone, Copy)]
struct Side {
    key: u8,
    space: Space,
}

/// The most that is moved at once.
const LONGEST: u32 = 256;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// The key in bits 24-27 of register R3, if the program may use it.
    fn move_key(&self, i: Instruction) -> Result<u8, super::Trap> {
        let key = (self.gr(i.r2()) >> 4) as u8 & 15;
        self.key_authorized(key)?;
        Ok(key)
    }

    /// Moves as many bytes as register R1 says, at most 256; then condition code 3 says that there are more.
    fn move_between(&mut self, i: Instruction, to: Side, from: Side) -> Outcome {
        let true_length = self.gr(i.r1());
        let length = true_length.min(LONGEST);
        if length != 0 {
            let source = self.resolve_with(self.address2(i), length, Access::Fetch, from.key, from.space)?;
            let target = self.resolve_with(self.address1(i), length, Access::Store, to.key, to.space)?;
            for n in 0..length {
                target.set_u8(self.storage, n, source.u8(self.storage, n));
            }
        }
        self.set_cc(if true_length > LONGEST { 3 } else { 0 });
        Ok(())
    }

    fn two_spaces_allowed(&self) -> Outcome {
        self.control_on(0, cr0::SECONDARY_SPACE)?;
        self.translation_on()
    }

    pub(in super::super) fn mvcp(&mut self, i: Instruction) -> Outcome {
        self.two_spaces_allowed()?;
        let key = self.move_key(i)?;
        let primary = Side { key: self.state.psw.key, space: Space::Primary };
        self.move_between(i, primary, Side { key, space: Space::Secondary })
    }

    pub(in super::super) fn mvcs(&mut self, i: Instruction) -> Outcome {
        self.two_spaces_allowed()?;
        let key = self.move_key(i)?;
        let primary = Side { key: self.state.psw.key, space: Space::Primary };
        self.move_between(i, Side { key, space: Space::Secondary }, primary)
    }

    /// MOVE WITH KEY: the key is that of the source.
    pub(in super::super) fn mvck(&mut self, i: Instruction) -> Outcome {
        let key = self.move_key(i)?;
        let space = self.current_space();
        self.move_between(i, Side { key: self.state.psw.key, space }, Side { key, space })
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::interruption::ProgramCode;

    use super::*;
    use crate::{
        exec::{
            dual_address_space::tables::{self, OTHER_SEGMENTS},
            harness::{Harness, START},
        },
        interruption::Detail,
    };

    /// Length in general register 1, key in 3, to the address in 4, from the address in 5.
    const MVCP: [u16; 3] = [0xDA13, 0x4000, 0x5000];
    const MVCS: [u16; 3] = [0xDB13, 0x4000, 0x5000];
    const MVCK: [u16; 3] = [0xD913, 0x4000, 0x5000];

    /// Two spaces; the secondary one has its page 5 at 6000. Source and target are both at virtual address 5000.
    fn harness(length: u32) -> Harness {
        let mut harness = tables::harness();
        harness.state.cr[7] = OTHER_SEGMENTS;
        harness.state.gr[1] = length;
        harness.state.gr[4] = 0x5000;
        harness.state.gr[5] = 0x5000;
        harness.storage.store(0x5000, &[0xAA; 0x200]);
        harness.storage.store(0x6000, &[0xBB; 0x200]);
        harness
    }

    fn counts(harness: &Harness) -> [usize; 2] {
        [(0x5000, 0xBB), (0x6000, 0xAA)].map(|(at, byte)| {
            let mut bytes = [0; 0x200];
            harness.storage.read(at, &mut bytes);
            bytes.iter().filter(|&&found| found == byte).count()
        })
    }

    #[test]
    fn lengths_and_directions() {
        for (length, moved, cc) in [(0, 0, 0), (1, 1, 0), (256, 256, 0), (257, 256, 3), (u32::MAX, 256, 3)] {
            for secondary_mode in [false, true] {
                let mut harness = harness(length);
                harness.state.psw.secondary = secondary_mode;
                assert_eq!(harness.cc(&MVCP), cc);
                assert_eq!(counts(&harness), [moved, 0]);
                let mut harness = self::harness(length);
                harness.state.psw.secondary = secondary_mode;
                assert_eq!(harness.cc(&MVCS), cc);
                assert_eq!(counts(&harness), [0, moved]);
            }
            let mut harness = harness(length);
            harness.state.psw.system_mask = 0;
            harness.state.gr[5] = 0x6000;
            assert_eq!(harness.cc(&MVCK), cc);
            assert_eq!(counts(&harness), [moved, 0]);
        }
    }

    #[test]
    fn the_key_in_the_register_is_for_the_other_side() {
        // The PSW's key is 2, the register's 3; the target has 2 or 3, the source 3 or 2, and both are protected.
        for (instruction, target, source, target_key, source_key) in
            [(MVCP, 0x5000, 0x6000, 2, 3), (MVCS, 0x6000, 0x5000, 3, 2), (MVCK, 0x5000, 0x6000, 2, 3)]
        {
            let keyed = |target_key: u8, source_key: u8| {
                let mut harness = harness(8);
                if instruction == MVCK {
                    harness.state.psw.system_mask = 0;
                    harness.state.gr[5] = 0x6000;
                }
                harness.state.psw.key = 2;
                harness.state.gr[3] = 0xFFFF_FF3F;
                harness.storage.set_key(target, target_key << 4 | 8);
                harness.storage.set_key(source, source_key << 4 | 8);
                harness
            };
            assert_eq!(keyed(target_key, source_key).cc(&instruction), 0);
            assert_eq!(keyed(source_key, source_key).code(&instruction), ProgramCode::PROTECTION);
            assert_eq!(keyed(target_key, target_key).code(&instruction), ProgramCode::PROTECTION);
        }
    }

    #[test]
    fn problem_state_needs_the_key_in_its_mask() {
        for instruction in [MVCP, MVCS, MVCK] {
            let mut harness = harness(0);
            harness.state.psw.problem = true;
            harness.state.gr[3] = 0x90;
            assert_eq!(harness.cc(&instruction), 0);
            harness.state.gr[3] = 0xC0;
            // Even when nothing is to be moved.
            assert_eq!(harness.code(&instruction), ProgramCode::PRIVILEGED);
        }
    }

    #[test]
    fn two_spaces_must_be_allowed() {
        for instruction in [MVCP, MVCS] {
            let mut harness = harness(1);
            harness.state.cr[0] &= !cr0::SECONDARY_SPACE;
            harness.state.psw.problem = true;
            assert_eq!(harness.code(&instruction), ProgramCode::SPECIAL_OPERATION);
            harness.state.cr[0] |= cr0::SECONDARY_SPACE;
            harness.state.psw.system_mask = 0;
            assert_eq!(harness.code(&instruction), ProgramCode::SPECIAL_OPERATION);
        }
    }

    #[test]
    fn translation_exceptions_name_the_space_and_move_nothing() {
        for (instruction, detail) in [(MVCP, 0x0000_5000), (MVCS, 0x8000_5000)] {
            let mut harness = harness(0x20);
            harness.state.gr[4] = 0x4FF0;
            // Page 5 of the target's space is invalid; the source is in page 6.
            harness.state.gr[5] = 0x6000;
            harness.storage.store_u16(if instruction == MVCP { 0x808A } else { 0x80CA }, 8);
            let expected = (ProgramCode::PAGE_TRANSLATION, Detail::Translation(detail));
            assert_eq!(harness.detail(&instruction), expected);
            assert_eq!(harness.state.psw.address, START);
            assert_eq!(harness.storage.u64(0x4FF0), 0);
        }
    }
}
