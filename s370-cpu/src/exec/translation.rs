//! LOAD REAL ADDRESS, PURGE TLB, INVALIDATE PAGE TABLE ENTRY and TEST PROTECTION (GA22-7000-10, chapter 10).

use s370_arch::{
    format::Instruction,
    interruption::ProgramCode,
    storage_key::{may_fetch, may_store},
};

use super::{ADDRESS, Access, Interpreter, Outcome, Space, Trap};
use crate::dat::{self, Failure, Format, Translation};
use crate::storage::AbsoluteStorage;

/// Bits 8-28 of a segment-table entry.
const PAGE_TABLE_ORIGIN: u32 = 0x00FF_FFF8;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// LOAD REAL ADDRESS, by the tables as they stand, whether translation is on or not.
    pub(super) fn lra(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        let psw = self.state.psw;
        let designation = self.state.cr[if psw.secondary { 7 } else { 1 }];
        let (value, cc) = match dat::translate(self.state, self.storage, designation, at) {
            Ok(translation) => (translation.real, 0),
            Err(Failure::SegmentInvalid(entry)) => (entry, 1),
            Err(Failure::PageInvalid(entry)) => (entry, 2),
            Err(Failure::SegmentLength(entry) | Failure::PageLength(entry)) => (entry, 3),
            Err(failure @ (Failure::Specification | Failure::Addressing)) => return Err(failure.code().into()),
        };
        self.set_gr(i.r1(), value);
        self.set_cc(cc);
        Ok(())
    }

    pub(super) fn ptlb(&mut self, _: Instruction) -> Outcome {
        self.effects.purge = true;
        Ok(())
    }

    /// INVALIDATE PAGE TABLE ENTRY: R1 is a segment-table entry, of which the page-table origin is used; R2 a virtual
    /// address, of which the page index is.
    pub(super) fn ipte(&mut self, i: Instruction) -> Outcome {
        let Some(format) = Format::of(self.state.cr[0]) else {
            return Err(ProgramCode::TRANSLATION_SPECIFICATION.into());
        };
        let page = (self.gr(i.rre2()) & ((1 << format.segment_shift) - 1)) >> format.page_shift;
        let at = (self.gr(i.rre1()) & PAGE_TABLE_ORIGIN).wrapping_add(page * 2) & ADDRESS;
        let entry = self.resolve_with(at, 2, Access::Store, self.state.psw.key, Space::Real)?.at(0);
        let value = self.storage.u16(entry) | format.page_invalid();
        self.storage.store_u16(entry, value);
        // Every CPU's TLB is concerned.
        self.storage.purge_tlbs();
        Ok(())
    }

    /// TEST PROTECTION: the first operand with the key in bits 24-27 of the second operand's address. The reference bit
    /// stays as it is.
    pub(super) fn tprot(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        let key = (self.address2(i) >> 4) as u8 & 15;
        let Some(translation) = self.translation_available(at)? else {
            self.set_cc(3);
            return Ok(());
        };
        let absolute = self.state.absolute(translation.real);
        if !self.storage.is_available(absolute) {
            return Err(ProgramCode::ADDRESSING.into());
        }
        let storage_key = self.storage.key(absolute);
        let stores = may_store(key, storage_key) && !translation.protected && !self.low_address_protected(at);
        self.set_cc(match (may_fetch(key, storage_key), stores) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        });
        Ok(())
    }

    /// Translates as the PSW says; `None` where that would be a segment- or page-translation exception.
    fn translation_available(&self, at: u32) -> Result<Option<Translation>, Trap> {
        let designation = match self.current_space() {
            Space::Real => return Ok(Some(Translation { real: at, protected: false, entry: 0 })),
            Space::Primary => self.state.cr[1],
            Space::Secondary => self.state.cr[7],
        };
        match dat::translate(self.state, self.storage, designation, at) {
            Ok(translation) => Ok(Some(translation)),
            Err(failure @ (Failure::Specification | Failure::Addressing)) => Err(failure.code().into()),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::control_register::cr0;

    use super::*;
    use crate::exec::harness::Harness;

    const LRA: [u16; 2] = [0xB110, 0x2000];
    const PTLB: [u16; 2] = [0xB20D, 0];
    const IPTE: [u16; 2] = [0xB221, 0x0012];
    const TPROT: [u16; 3] = [0xE501, 0x2000, 0x3000];

    /// Pages of 4K, segments of 64K. At 8000 a segment table for segments 0-15: 0 maps onto itself but for its page 3,
    /// 1 is invalid, 2 has a table of one sixteenth, 3 a reserved bit, 4's table lies outside of storage, 5's page 0 has
    /// a reserved bit and its page 1 is not in storage, 6 is protected and maps to 6000. Segments 16 and up: no table.
    fn tables() -> Harness {
        let mut harness = Harness::new();
        harness.state.cr[0] |= cr0::PAGE_SIZE_4K;
        harness.state.cr[1] = 0x0000_8000;
        let segments =
            [0xF000_8100, 0xF000_8101, 0x0000_8100, 0xF800_8100, 0xF001_0000, 0xF000_8140, 0xF000_8164, 0xF001_0001];
        for (at, entry) in (0x8000..).step_by(4).zip(segments) {
            harness.storage.store_u32(at, entry);
        }
        for page in 0..16 {
            let invalid = if page == 3 { 8 } else { 0 };
            harness.storage.store_u16(0x8100 + page * 2, (page as u16) << 4 | invalid);
        }
        harness.storage.store_u32(0x8140, 0x0002_0100);
        harness.storage.store_u16(0x8160, 0x0060);
        harness
    }

    #[test]
    fn privileged_in_the_problem_state() {
        for instruction in [&LRA[..], &PTLB, &IPTE, &TPROT] {
            assert_eq!(Harness::problem().code(instruction), ProgramCode::PRIVILEGED);
        }
    }

    #[test]
    fn real_addresses_and_reasons() {
        for (at, value, cc) in [
            (0x0000_2345, 0x0000_2345, 0),
            (0xFF00_F001, 0x0000_F001, 0),
            (0x0000_3345, 0x0000_8106, 2),
            (0x0001_0000, 0x0000_8004, 1),
            (0x0002_0FFF, 0x0000_0FFF, 0),
            (0x0002_1000, 0x0000_8102, 3),
            (0x0007_0000, 0x0000_801C, 1),
            // The real address is not tested, nor is its protection.
            (0x0005_1234, 0x0001_0234, 0),
            (0x0006_0234, 0x0000_6234, 0),
            (0x0010_0000, 0x0000_8040, 3),
        ] {
            let mut harness = tables();
            harness.state.gr[2] = at;
            assert_eq!(harness.cc(&LRA), cc, "{at:X}");
            assert_eq!(harness.state.gr[1], value, "{at:X}");
        }
    }

    #[test]
    fn load_real_address_exceptions() {
        for (at, code) in [
            (0x3_0000, ProgramCode::TRANSLATION_SPECIFICATION),
            (0x4_0000, ProgramCode::ADDRESSING),
            (0x5_0000, ProgramCode::TRANSLATION_SPECIFICATION),
        ] {
            let mut harness = tables();
            harness.state.gr[2] = at;
            assert_eq!(harness.code(&LRA), code, "{at:X}");
            harness.state.cr[1] = 0x0001_0000;
            assert_eq!(harness.code(&LRA), ProgramCode::ADDRESSING);
            harness.state.cr[0] = 0;
            assert_eq!(harness.code(&LRA), ProgramCode::TRANSLATION_SPECIFICATION);
        }
    }

    #[test]
    fn load_real_address_in_either_space_and_mode() {
        let mut harness = tables();
        harness.state.gr[2] = 0x6_0010;
        harness.state.cr[7] = 0x8000;
        harness.state.cr[1] = 0x1_0000;
        harness.state.psw.secondary = true;
        assert_eq!(harness.cc(&LRA), 0);
        assert_eq!(harness.state.gr[1], 0x6010);
        harness.state.psw.secondary = false;
        harness.state.psw.ec = false;
        assert_eq!(harness.code(&LRA), ProgramCode::ADDRESSING);
    }

    #[test]
    fn purging() {
        let mut harness = Harness::new();
        harness.cc(&PTLB);
        assert!(harness.effects.purge);
    }

    #[test]
    fn page_table_entries_are_invalidated_by_format() {
        for (format, page, entry, invalid) in [
            (cr0::PAGE_SIZE_4K, 0xFF15_3FFF, 0x8106, 8),
            (cr0::PAGE_SIZE_2K, 0xFF15_3FFF, 0x810E, 4),
            (cr0::PAGE_SIZE_4K | cr0::SEGMENT_SIZE_1M, 0xFF15_3FFF, 0x81A6, 8),
            (cr0::PAGE_SIZE_2K | cr0::SEGMENT_SIZE_1M, 0xFF15_3FFF, 0x824E, 4),
        ] {
            let mut harness = Harness::new();
            harness.state.cr[0] = format;
            harness.state.gr[1] = 0xFF00_8107;
            harness.state.gr[2] = page;
            harness.storage.store_u16(entry, 0x4440);
            let mailbox = harness.storage.subscribe();
            harness.cc(&IPTE);
            assert_eq!(harness.storage.u16(entry), 0x4440 | invalid, "{format:X}");
            assert_eq!(mailbox.take(), [crate::storage::notice::Notice::Purge]);
        }
    }

    #[test]
    fn invalidate_page_table_entry_exceptions() {
        let mut harness = Harness::new();
        assert_eq!(harness.code(&IPTE), ProgramCode::TRANSLATION_SPECIFICATION);
        harness.state.cr[0] = cr0::PAGE_SIZE_4K;
        harness.state.gr[1] = 0x1_0000;
        assert_eq!(harness.code(&IPTE), ProgramCode::ADDRESSING);
        harness.state.gr[1] = 0x4000;
        harness.storage.set_key(0x4000, 0x20);
        harness.state.psw.key = 3;
        assert_eq!(harness.code(&IPTE), ProgramCode::PROTECTION);
        harness.state.psw.key = 0;
        harness.state.gr[1] = 0x100;
        harness.state.cr[0] |= cr0::LOW_ADDRESS_PROTECTION;
        assert_eq!(harness.code(&IPTE), ProgramCode::PROTECTION);
    }

    #[test]
    fn protection_without_translation() {
        for (storage_key, access_key, cc) in
            [(0x30, 3, 0), (0x38, 3, 0), (0x38, 0, 0), (0x30, 4, 1), (0x38, 4, 2), (0x00, 1, 1), (0x08, 1, 2)]
        {
            let mut harness = Harness::new();
            harness.state.gr[2] = 0x4000;
            harness.state.gr[3] = 0x1234_560F | access_key << 4;
            harness.storage.set_key(0x4000, storage_key);
            assert_eq!(harness.cc(&TPROT), cc, "{storage_key:X} {access_key:X}");
            assert_eq!(harness.storage.key(0x4000), storage_key);
        }
    }

    #[test]
    fn protection_of_low_addresses_and_what_is_not_there() {
        let mut harness = Harness::new();
        harness.state.cr[0] |= cr0::LOW_ADDRESS_PROTECTION;
        for (at, cc) in [(0x1FF, 1), (0x200, 0)] {
            harness.state.gr[2] = at;
            assert_eq!(harness.cc(&TPROT), cc);
        }
        harness.state.gr[2] = 0x1_0000;
        assert_eq!(harness.code(&TPROT), ProgramCode::ADDRESSING);
    }

    #[test]
    fn protection_with_translation() {
        for (at, expected) in [
            (0x0_2000, Ok(0)),
            (0x0_3000, Ok(3)),
            (0x1_0000, Ok(3)),
            (0x2_1000, Ok(3)),
            (0x6_0000, Ok(1)),
            (0x10_0000, Ok(3)),
            (0x3_0000, Err(ProgramCode::TRANSLATION_SPECIFICATION)),
            (0x4_0000, Err(ProgramCode::ADDRESSING)),
            (0x5_0000, Err(ProgramCode::TRANSLATION_SPECIFICATION)),
            (0x5_1000, Err(ProgramCode::ADDRESSING)),
        ] {
            let mut harness = tables();
            harness.state.psw.system_mask = 4;
            harness.state.gr[2] = at;
            match expected {
                Ok(cc) => assert_eq!(harness.cc(&TPROT), cc, "{at:X}"),
                Err(code) => assert_eq!(harness.code(&TPROT), code, "{at:X}"),
            }
        }
    }

    #[test]
    fn protection_in_the_secondary_space() {
        let mut harness = tables();
        harness.state.psw.system_mask = 4;
        harness.state.psw.secondary = true;
        harness.state.cr[7] = 0x8000;
        harness.state.cr[1] = 0x8000;
        harness.state.gr[2] = 0x6_0000;
        assert_eq!(harness.cc(&TPROT), 1);
        harness.state.cr[7] = 0x1_0000;
        assert_eq!(harness.code(&TPROT), ProgramCode::ADDRESSING);
    }
}
