//! Storage keys and TEST BLOCK (GA22-7000-10, chapter 10; chapter 3, "Storage Key").
//!
//! Storage has a key for each 2K-byte block. In a block of 4K bytes with one key, both halves are given the same key,
//! and the references and changes recorded in either count for both.

use s370_arch::{
    control_register::cr0,
    format::Instruction,
    interruption::ProgramCode,
    isa::Facility,
    storage_key::{ACCESS, BLOCK, CHANGE, FETCH_PROTECTION, REFERENCE},
};

use super::{ADDRESS, Interpreter, Outcome, Trap, specify};
use crate::storage::AbsoluteStorage;

/// Bytes that ISKE, RRBE, SSKE and TEST BLOCK address.
const BLOCK_4K: u32 = 2 * BLOCK;
/// Bits 1-31 of a register as a real address.
const ADDRESS_31: u32 = 0x7FFF_FFFF;

/// The part of storage whose key an instruction names.
#[derive(Clone, Copy)]
struct Keyed {
    /// Absolute address.
    at: u32,
    /// [`BLOCK`] or [`BLOCK_4K`].
    length: u32,
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// The block of this length at a real address, or an addressing exception.
    fn keyed(&self, real: u32, length: u32) -> Result<Keyed, Trap> {
        let at = self.state.absolute(real & !(length - 1));
        // Storage may end with a single block of 2K bytes.
        if !self.storage.is_available(at) { Err(ProgramCode::ADDRESSING.into()) } else { Ok(Keyed { at, length }) }
    }

    /// The block that ISK, SSK or RRB addresses: 4K bytes where storage has a key for each 4K, if these instructions
    /// are allowed then.
    fn keyed_2k(&self, real: u32) -> Result<Keyed, Trap> {
        self.keyed(real, if self.state.model.single_key_4k { BLOCK_4K } else { BLOCK })
    }

    fn key_instruction_allowed(&self) -> Outcome {
        if self.state.model.single_key_4k && self.state.cr[0] & cr0::STORAGE_KEY_EXCEPTION == 0 {
            return Err(ProgramCode::SPECIAL_OPERATION.into());
        }
        Ok(())
    }

    /// The key: of two, access control and fetch protection are the first one's; reference and change are ORed.
    fn storage_key(&self, block: Keyed) -> u8 {
        let second = if block.length == BLOCK { 0 } else { self.storage.key(block.at + BLOCK) };
        self.storage.key(block.at) | second & (REFERENCE | CHANGE)
    }

    fn set_storage_key(&self, block: Keyed, change: impl Fn(u8) -> u8) {
        for at in (block.at..block.at + block.length).step_by(BLOCK as usize) {
            self.storage.set_key(at, change(self.storage.key(at)));
        }
    }

    pub(super) fn ssk(&mut self, i: Instruction) -> Outcome {
        self.key_instruction_allowed()?;
        let real = self.gr(i.r2());
        specify(real.is_multiple_of(16))?;
        let block = self.keyed_2k(real & ADDRESS)?;
        let mut key = self.gr(i.r1()) as u8;
        if !self.state.model.has(Facility::Translation) {
            key &= ACCESS | FETCH_PROTECTION;
        }
        self.set_storage_key(block, |_| key);
        Ok(())
    }

    pub(super) fn isk(&mut self, i: Instruction) -> Outcome {
        self.key_instruction_allowed()?;
        let real = self.gr(i.r2());
        specify(real.is_multiple_of(16))?;
        let mut key = self.storage_key(self.keyed_2k(real & ADDRESS)?);
        if !self.state.psw.ec {
            key &= ACCESS | FETCH_PROTECTION;
        }
        self.insert_key(i.r1(), key);
        Ok(())
    }

    fn insert_key(&mut self, r: usize, key: u8) {
        self.set_gr(r, self.gr(r) & !0xFF | u32::from(key));
    }

    pub(super) fn rrb(&mut self, i: Instruction) -> Outcome {
        self.key_instruction_allowed()?;
        let block = self.keyed_2k(self.address1(i))?;
        self.reset_reference(block);
        Ok(())
    }

    /// The condition code is the reference and the change bit as they were.
    fn reset_reference(&mut self, block: Keyed) {
        self.set_cc((self.storage_key(block) & (REFERENCE | CHANGE)) >> 1);
        self.set_storage_key(block, |key| key & !REFERENCE);
    }

    /// The 4K-byte block that bits 1-19 of a register address.
    fn keyed_4k(&self, r: usize) -> Result<Keyed, Trap> {
        self.keyed(self.gr(r) & ADDRESS_31, BLOCK_4K)
    }

    pub(super) fn iske(&mut self, i: Instruction) -> Outcome {
        let key = self.storage_key(self.keyed_4k(i.rre2())?);
        self.insert_key(i.rre1(), key);
        Ok(())
    }

    pub(super) fn rrbe(&mut self, i: Instruction) -> Outcome {
        let block = self.keyed_4k(i.rre2())?;
        self.reset_reference(block);
        Ok(())
    }

    pub(super) fn sske(&mut self, i: Instruction) -> Outcome {
        let block = self.keyed_4k(i.rre2())?;
        let key = self.gr(i.rre1()) as u8;
        self.set_storage_key(block, |_| key);
        Ok(())
    }

    /// TEST BLOCK. Our storage is always usable: it is cleared, and as usual a change is recorded. General register 0
    /// would tell how far an interrupted test had come.
    pub(super) fn tb(&mut self, i: Instruction) -> Outcome {
        let real = self.gr(i.rre2()) & ADDRESS_31 & !(BLOCK_4K - 1);
        let block = self.keyed(real, BLOCK_4K)?;
        if self.low_address_protected(real) {
            return Err(ProgramCode::PROTECTION.into());
        }
        let length = if self.storage.is_available(block.at + BLOCK) { block.length } else { BLOCK };
        self.storage.store(block.at, &[0; BLOCK_4K as usize][..length as usize]);
        self.set_storage_key(block, |key| key | REFERENCE | CHANGE);
        self.set_gr(0, 0);
        self.set_cc(0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{exec::harness::Harness, state::Model, storage::Storage};

    const SSK: [u16; 1] = [0x0812];
    const ISK: [u16; 1] = [0x0912];
    const RRB: [u16; 2] = [0xB213, 0x2123];
    const ISKE: [u16; 2] = [0xB229, 0x0012];
    const RRBE: [u16; 2] = [0xB22A, 0x0012];
    const SSKE: [u16; 2] = [0xB22B, 0x0012];
    const TB: [u16; 2] = [0xB22C, 0x0012];
    const ALL: [&[u16]; 7] = [&SSK, &ISK, &RRB, &ISKE, &RRBE, &SSKE, &TB];

    /// General register 2 addresses the second half of the 4K-byte block at 4000; its keys are 3E and C4.
    fn keyed_harness(model: Model) -> Harness {
        let mut harness = Harness::with(model);
        harness.state.gr[2] = 0x8000_4850;
        harness.storage.set_key(0x4000, 0x3A);
        harness.storage.set_key(0x4800, 0xC4);
        harness
    }

    fn single() -> Harness {
        let mut harness = keyed_harness(Model::default());
        harness.state.model.single_key_4k = true;
        harness.storage.set_key(0x4800, 0x3C);
        harness.state.cr[0] |= cr0::STORAGE_KEY_EXCEPTION;
        harness
    }

    fn keys(storage: &Storage) -> [u8; 2] {
        [0x4000, 0x4800].map(|at| storage.key(at))
    }

    #[test]
    fn exceptions() {
        for instruction in ALL {
            assert_eq!(Harness::problem().code(instruction), ProgramCode::PRIVILEGED);
            let mut harness = Harness::new();
            harness.state.gr[2] = 0x0001_0000;
            assert_eq!(harness.code(instruction), ProgramCode::ADDRESSING, "{instruction:04X?}");
            harness.state.prefix = 0x1_0000;
            harness.state.gr[2] = 0x0000_0800;
            assert_eq!(harness.code(instruction), ProgramCode::ADDRESSING, "{instruction:04X?}");
        }
        for instruction in [SSK, ISK] {
            for low in [1, 2, 4, 8] {
                let mut harness = Harness::new();
                harness.state.gr[2] = 0x1_0000 | low;
                assert_eq!(harness.code(&instruction), ProgramCode::SPECIFICATION);
            }
        }
        for instruction in [&SSK[..], &ISK, &RRB] {
            let mut harness = single();
            harness.state.cr[0] = 0;
            harness.state.gr[2] = u32::MAX;
            assert_eq!(harness.code(instruction), ProgramCode::SPECIAL_OPERATION);
        }
    }

    #[test]
    fn keys_of_2k_blocks() {
        let mut harness = keyed_harness(Model::default());
        harness.state.gr[1] = 0x1234_5600;
        harness.cc(&ISK);
        assert_eq!(harness.state.gr[1], 0x1234_56C4);
        harness.state.psw.ec = false;
        harness.cc(&ISK);
        assert_eq!(harness.state.gr[1], 0x1234_56C0);
        harness.state.gr[1] = 0xFFFF_FFB3;
        harness.cc(&SSK);
        assert_eq!(keys(&harness.storage), [0x3A, 0xB2]);
        harness.state.model = Model::default().with(Facility::Translation, false);
        harness.state.gr[1] = 0x7E;
        harness.cc(&SSK);
        assert_eq!(keys(&harness.storage), [0x3A, 0x78]);
    }

    #[test]
    fn keys_are_at_real_addresses() {
        let mut harness = keyed_harness(Model::default());
        harness.state.prefix = 0x4000;
        harness.state.gr[2] = 0x800;
        harness.state.gr[1] = 0;
        harness.storage.store_u16(0x5000, 0);
        harness.cc(&ISK);
        assert_eq!(harness.state.gr[1], 0xC4);
    }

    #[test]
    fn reset_reference_bit() {
        for (key, cc) in [(0x30, 0), (0x32, 1), (0x34, 2), (0x36, 3)] {
            let mut harness = keyed_harness(Model::default());
            harness.storage.set_key(0x4800, key);
            assert_eq!(harness.cc(&RRB), cc);
            assert_eq!(keys(&harness.storage), [0x3A, key & !REFERENCE]);
        }
    }

    #[test]
    fn addresses_of_24_and_of_31_bits() {
        let mut harness = keyed_harness(Model::default());
        harness.state.gr[2] = 0xFF00_4850;
        harness.cc(&ISK);
        assert_eq!(harness.state.gr[1], 0xC4);
        for instruction in [ISKE, RRBE, SSKE, TB] {
            assert_eq!(harness.code(&instruction), ProgramCode::ADDRESSING);
        }
    }

    #[test]
    fn two_keys_as_one() {
        let mut harness = keyed_harness(Model::default());
        harness.state.gr[1] = u32::MAX;
        harness.cc(&ISKE);
        assert_eq!(harness.state.gr[1], 0xFFFF_FF3E);
        assert_eq!(harness.cc(&RRBE), 3);
        assert_eq!(keys(&harness.storage), [0x3A, 0xC0]);
        assert_eq!(harness.cc(&RRBE), 1);
        harness.cc(&SSKE);
        assert_eq!(keys(&harness.storage), [0x3E, 0x3E]);
    }

    #[test]
    fn one_key_for_4k() {
        for (insert, reset, set) in [(&ISK[..], &RRB[..], &SSK[..]), (&ISKE, &RRBE, &SSKE)] {
            let mut harness = single();
            harness.cc(insert);
            assert_eq!(harness.state.gr[1], 0x3E);
            assert_eq!(harness.cc(reset), 3);
            assert_eq!(harness.cc(reset), 1);
            harness.state.gr[1] = 0x92;
            harness.cc(set);
            assert_eq!(keys(&harness.storage), [0x92, 0x92]);
        }
    }

    #[test]
    fn test_block_clears() {
        let mut harness = keyed_harness(Model::default());
        harness.storage.store(0x3FFF, &[0xAA; 0x1002]);
        harness.state.gr[0] = 0;
        harness.state.psw.cc = 3;
        // Neither key nor fetch protection matters.
        harness.state.psw.key = 1;
        assert_eq!(harness.cc(&TB), 0);
        let mut bytes = [0; 0x1002];
        harness.storage.read(0x3FFF, &mut bytes);
        assert!(bytes[1..0x1001].iter().all(|&byte| byte == 0));
        assert_eq!((bytes[0], bytes[0x1001]), (0xAA, 0xAA));
    }

    #[test]
    fn test_block_heeds_low_address_protection() {
        let mut harness = Harness::new();
        harness.state.cr[0] |= cr0::LOW_ADDRESS_PROTECTION;
        harness.storage.store_u8(0x700, 9);
        harness.state.gr[2] = 0xFFF;
        assert_eq!(harness.code(&TB), ProgramCode::PROTECTION);
        assert_eq!(harness.storage.u8(0x700), 9);
    }

    #[test]
    fn storage_may_end_with_half_a_block() {
        let mut harness = Harness::new();
        harness.storage = Storage::new(0x4800).unwrap();
        harness.state.gr[2] = 0x4000;
        harness.storage.store_u8(0x47FF, 1);
        harness.cc(&TB);
        assert_eq!(harness.storage.u8(0x47FF), 0);
        harness.state.gr[1] = 0x50;
        harness.cc(&SSKE);
        assert_eq!(harness.storage.key(0x4000), 0x50);
    }
}
