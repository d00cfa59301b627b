//! PSW and control-register instructions, CPU identification, DIAGNOSE and direct control (GA22-7000-10, chapter 10).

use s370_arch::{control_register::cr0, format::Instruction, interruption::ProgramCode, isa::Facility, psw::Psw};

use super::{Access, Interpreter, Operand, Outcome, Space, Trap, aligned, fixed::register_count};
use crate::{bus::Diagnose, storage::AbsoluteStorage};

/// ILC of the specification exception that SSM and STOSM cause by the mask they leave, in halfwords.
const MASK_ILC: u8 = 2;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// Privileged-operation exception in the problem state, unless the extraction-authority control allows it.
    pub(super) fn extraction_authorized(&self) -> Outcome {
        let allowed =
            self.state.model.has(Facility::DualAddressSpace) && self.state.cr[0] & cr0::EXTRACTION_AUTHORITY != 0;
        if self.state.psw.problem && !allowed { Err(ProgramCode::PRIVILEGED.into()) } else { Ok(()) }
    }

    /// Privileged-operation exception in the problem state, unless the PSW-key mask allows the key.
    pub(super) fn key_authorized(&self, key: u8) -> Outcome {
        let allowed =
            self.state.model.has(Facility::DualAddressSpace) && self.state.cr[3] & 0x8000_0000 >> (key & 15) != 0;
        if self.state.psw.problem && !allowed { Err(ProgramCode::PRIVILEGED.into()) } else { Ok(()) }
    }

    fn is_psw_valid(&self) -> bool {
        self.state.accepts(&self.state.psw)
    }

    /// Replaces the system mask.
    fn set_system_mask(&mut self, mask: u8) -> Outcome {
        self.state.psw.system_mask = mask;
        self.effects.context = true;
        if self.is_psw_valid() { Ok(()) } else { Err(Trap::EarlyPsw(MASK_ILC)) }
    }

    pub(super) fn ssm(&mut self, i: Instruction) -> Outcome {
        if self.state.cr[0] & cr0::SSM_SUPPRESSION != 0 {
            return Err(ProgramCode::SPECIAL_OPERATION.into());
        }
        let mask = self.fetch_u8(self.address1(i))?;
        self.set_system_mask(mask)
    }

    pub(super) fn stnsm(&mut self, i: Instruction) -> Outcome {
        let mask = self.state.psw.system_mask;
        self.store(self.address1(i), &[mask])?;
        self.set_system_mask(mask & i.i())
    }

    pub(super) fn stosm(&mut self, i: Instruction) -> Outcome {
        let mask = self.state.psw.system_mask;
        self.store(self.address1(i), &[mask])?;
        self.set_system_mask(mask | i.i())
    }

    pub(super) fn lpsw(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 8)?;
        self.state.psw = Psw::parse(self.fetch_u64(at)?);
        self.effects.context = true;
        if self.is_psw_valid() { Ok(()) } else { Err(Trap::EarlyPsw(0)) }
    }

    /// SET PSW KEY FROM ADDRESS: bits 24-27 of the address.
    pub(super) fn spka(&mut self, i: Instruction) -> Outcome {
        let key = (self.address1(i) >> 4) as u8 & 15;
        self.key_authorized(key)?;
        self.state.psw.key = key;
        self.effects.context = true;
        Ok(())
    }

    /// INSERT PSW KEY, into bits 24-27 of general register 2; bits 28-31 become zeros.
    pub(super) fn ipk(&mut self, _: Instruction) -> Outcome {
        self.extraction_authorized()?;
        self.set_gr(2, self.gr(2) & !0xFF | u32::from(self.state.psw.key) << 4);
        Ok(())
    }

    pub(super) fn stctl(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 4)?;
        let count = register_count(i);
        let mut bytes = [0; 64];
        for (n, word) in bytes.as_chunks_mut::<4>().0[..count].iter_mut().enumerate() {
            *word = self.state.cr[(i.r1() + n) % 16].to_be_bytes();
        }
        self.store(at, &bytes[..count * 4])
    }

    pub(super) fn lctl(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 4)?;
        let count = register_count(i);
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..count * 4];
        self.resolve(at, count as u32 * 4, Access::Fetch)?.read(self.storage, bytes);
        for (n, word) in bytes.as_chunks::<4>().0.iter().enumerate() {
            self.state.cr[(i.r1() + n) % 16] = u32::from_be_bytes(*word);
        }
        self.effects.context = true;
        Ok(())
    }

    pub(super) fn stidp(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 8)?;
        self.store(at, &self.state.model.cpu_id.to_be_bytes())
    }

    /// DIAGNOSE.
    ///
    /// What it does is up to the model ("may affect any part of the machine"): the bus hears of it, and on the bare machine
    /// does nothing. For virtual machines the control program gives it a meaning.
    pub(super) fn diag(&mut self, i: Instruction) -> Outcome {
        let diagnose = Diagnose { r1: i.r1(), r3: i.r2(), code: self.address1(i), ilc: self.ilc };
        self.bus.diagnose(diagnose);
        Ok(())
    }

    /// The operand of READ and WRITE DIRECT, which is in real storage where there is IPTE (GA22-7000-10, Appendix I).
    fn direct_operand(&mut self, i: Instruction, access: Access) -> Result<Operand, Trap> {
        let space = if self.state.model.has(Facility::Extended) { Space::Real } else { self.current_space() };
        self.resolve_with(self.address1(i), 1, access, self.state.psw.key, space)
    }

    /// WRITE DIRECT: the byte and the timing signals go out on lines to which nothing is attached.
    pub(super) fn wrd(&mut self, i: Instruction) -> Outcome {
        self.direct_operand(i, Access::Fetch).map(drop)
    }

    /// READ DIRECT: with nothing attached, the eight direct-in lines are inactive, which reads as zeros, and so is the
    /// hold-in line, which would make it wait.
    pub(super) fn rdd(&mut self, i: Instruction) -> Outcome {
        self.direct_operand(i, Access::Store)?.set_u8(self.storage, 0, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::interruption::Ending;

    use super::*;
    use crate::{
        exec::harness::{Harness, START},
        interruption::Interruption,
        state::Model,
    };

    const SSM: [u16; 2] = [0x8000, 0x0200];
    const LPSW: [u16; 2] = [0x8200, 0x0200];

    /// A block at 4000 that must neither be stored into nor fetched from.
    fn protect(harness: &mut Harness) {
        harness.storage.set_key(0x4000, 0x38);
        harness.state.psw.key = 5;
    }

    #[test]
    fn privileged_in_the_problem_state() {
        let instructions: [&[u16]; 11] = [
            &SSM,
            &LPSW,
            &[0xAC00, 0x0200],
            &[0xAD00, 0x0200],
            &[0xB600, 0x0200],
            &[0xB700, 0x0200],
            &[0xB202, 0x0200],
            &[0x8300, 0x0200],
            &[0x8400, 0x0200],
            &[0x8500, 0x0200],
            &[0xB20B, 0],
        ];
        for instruction in instructions {
            let mut harness = Harness::problem();
            // Privileged comes before everything that depends on the operand.
            harness.state.cr[0] |= cr0::SSM_SUPPRESSION;
            let program = harness.interruption(instruction);
            assert_eq!((program.code, program.ilc), (Some(ProgramCode::PRIVILEGED), 2), "{instruction:04X?}");
        }
    }

    #[test]
    fn operands_must_be_aligned_and_accessible() {
        let unaligned: [[u16; 2]; 4] = [[0x8200, 0x0204], [0xB600, 0x0202], [0xB700, 0x0202], [0xB202, 0x0204]];
        for instruction in unaligned {
            assert_eq!(Harness::new().code(&instruction), ProgramCode::SPECIFICATION, "{instruction:04X?}");
        }
        for operation in [0x8000, 0x8200, 0xAC00, 0xAD00, 0xB600, 0xB700, 0xB202, 0x8400, 0x8500] {
            let mut harness = Harness::new();
            protect(&mut harness);
            harness.state.gr[4] = 0x4000;
            assert_eq!(harness.code(&[operation, 0x4000]), ProgramCode::PROTECTION, "{operation:04X}");
            harness.state.gr[4] = 0x1_0000;
            assert_eq!(harness.code(&[operation, 0x4000]), ProgramCode::ADDRESSING, "{operation:04X}");
            assert_eq!(harness.state.psw.system_mask, 0);
        }
    }

    #[test]
    fn system_masks() {
        for (instruction, old, expected) in [
            (SSM, 0x07, 0x41),
            ([0xAC05, 0x0200], 0x07, 0x05),
            ([0xAC00, 0x0200], 0x47, 0x00),
            ([0xAD43, 0x0200], 0x04, 0x47),
        ] {
            let mut harness = Harness::new();
            harness.storage.store_u8(0x200, 0x41);
            harness.state.psw.system_mask = old;
            // Translation is on in some of these: one segment of one page table maps everything to itself.
            identity(&mut harness);
            harness.cc(&instruction);
            assert_eq!(harness.state.psw.system_mask, expected, "{instruction:04X?}");
            let stored = if instruction == SSM { 0x41 } else { old };
            assert_eq!(harness.storage.u8(0x200), stored);
            assert!(harness.effects.context);
        }
    }

    fn identity(harness: &mut Harness) {
        harness.state.cr[0] |= cr0::PAGE_SIZE_4K;
        harness.state.cr[1] = 0x8000;
        harness.storage.store_u32(0x8000, 0xF000_8040);
        for page in 0..16 {
            harness.storage.store_u16(0x8040 + page * 2, (page as u16) << 4);
        }
    }

    #[test]
    fn ssm_can_be_suppressed() {
        let mut harness = Harness::new();
        harness.state.cr[0] |= cr0::SSM_SUPPRESSION;
        harness.state.psw.address = START;
        assert_eq!(harness.code(&[0x80FF, 0xFFFF]), ProgramCode::SPECIAL_OPERATION);
    }

    #[test]
    fn masks_of_invalid_format_are_in_place_when_the_interruption_comes() {
        for (instruction, old, new) in [(SSM, 0, 0x80), ([0xAD10, 0x0200], 1, 0x11)] {
            let mut harness = Harness::new();
            harness.storage.store_u8(0x200, 0x80);
            harness.state.psw.system_mask = old;
            let program = harness.interruption(&instruction);
            assert_eq!((program.code, program.ilc), (Some(ProgramCode::SPECIFICATION), 2));
            assert_eq!((harness.state.psw.system_mask, harness.state.psw.address), (new, START + 4));
            harness.state.psw = Psw::default();
            harness.step(&instruction).expect("every mask is valid in BC mode");
        }
    }

    #[test]
    fn stosm_with_invalid_format_has_stored() {
        let mut harness = Harness::new();
        identity(&mut harness);
        harness.state.psw.system_mask = 0x40;
        harness.state.cr[9] = 0x2000_0000;
        harness.state.cr[11] = 0xFFFF;
        let program = harness.interruption(&[0xAD80, 0x0300]);
        assert_eq!(program.stored_code(), 0x0086);
        assert_eq!(harness.storage.u8(0x300), 0x40);
        assert_eq!(ProgramCode::SPECIFICATION.ending(), Ending::Suppression);
    }

    #[test]
    fn load_psw_of_either_mode() {
        for word in [0x0708_2A00_0000_3000, 0xFF05_1234_5500_3000, 0x0008_0000_0000_3001] {
            let mut harness = Harness::new();
            harness.storage.store_u64(0x200, word);
            harness.step(&LPSW).unwrap();
            assert_eq!(harness.state.psw, Psw::parse(word));
            assert!(harness.effects.context);
        }
    }

    #[test]
    fn load_psw_of_invalid_format() {
        for (word, with_secondary) in [(0x8008_0000_0000_3000, true), (0x0008_8000_0000_3000, false)] {
            let mut harness = Harness::with(Model::default().with(Facility::DualAddressSpace, with_secondary));
            harness.storage.store_u64(0x200, word);
            let program = harness.interruption(&LPSW);
            assert_eq!((program.code, program.ilc), (Some(ProgramCode::SPECIFICATION), 0));
            assert_eq!(harness.state.psw.emit(0, 0), word);
        }
    }

    #[test]
    fn set_psw_key() {
        let spka = [0xB20A, 0x40A5];
        let mut harness = Harness::new();
        harness.state.gr[4] = 0x10;
        harness.cc(&spka);
        assert_eq!(harness.state.psw.key, 0xB);
        assert!(harness.effects.context);
        let mut harness = Harness::problem();
        harness.state.cr[3] = 0x8000_0000 >> 10;
        harness.cc(&spka);
        assert_eq!(harness.state.psw.key, 0xA);
        assert_eq!(harness.code(&[0xB20A, 0x00B0]), ProgramCode::PRIVILEGED);
        assert_eq!(harness.state.psw.key, 0xA);
        harness.state.cr[3] = u32::MAX;
        harness.state.model = Model::default().with(Facility::DualAddressSpace, false);
        assert_eq!(harness.code(&spka), ProgramCode::PRIVILEGED);
    }

    #[test]
    fn insert_psw_key() {
        let mut harness = Harness::problem();
        harness.state.cr[0] |= cr0::EXTRACTION_AUTHORITY;
        harness.state.psw.key = 9;
        harness.state.gr[2] = 0x1234_56FF;
        harness.cc(&[0xB20B, 0]);
        assert_eq!(harness.state.gr[2], 0x1234_5690);
    }

    #[test]
    fn control_registers_wrap_from_15_to_0() {
        let mut harness = Harness::new();
        for (n, at) in (0x400..0x410).step_by(4).enumerate() {
            harness.storage.store_u32(at, 0x1111_1111 * (n as u32 + 1));
        }
        harness.cc(&[0xB7E1, 0x0400]);
        let cr = harness.state.cr;
        assert_eq!([cr[14], cr[15], cr[0], cr[1]], [0x1111_1111, 0x2222_2222, 0x3333_3333, 0x4444_4444]);
        assert!(harness.effects.context);
        harness.state.psw.system_mask = 0;
        harness.cc(&[0xB6F0, 0x0500]);
        assert_eq!(harness.storage.u64(0x500), 0x2222_2222_3333_3333);
        assert_eq!(harness.storage.u32(0x508), 0);
    }

    #[test]
    fn load_control_changes_nothing_when_an_operand_word_is_not_there() {
        let mut harness = Harness::new();
        let before = harness.state.cr;
        harness.storage.store_u32(0xFFFC, 7);
        harness.state.gr[4] = 0xFFFC;
        assert_eq!(harness.code(&[0xB701, 0x4000]), ProgramCode::ADDRESSING);
        assert_eq!(harness.state.cr, before);
    }

    #[test]
    fn identification_diagnose_and_direct_control() {
        let mut harness = Harness::new();
        harness.storage.store_u64(0x200, u64::MAX);
        harness.cc(&[0xB202, 0x0200]);
        assert_eq!(harness.storage.u64(0x200), harness.state.model.cpu_id);
        let before = (harness.state.clone(), harness.storage.u64(0x200));
        harness.cc(&[0x8312, 0x0200]);
        harness.cc(&[0x8412, 0x0200]);
        assert_eq!((harness.state.gr, harness.storage.u64(0x200)), (before.0.gr, before.1));
        harness.cc(&[0x8512, 0x0201]);
        assert_eq!(harness.storage.u16(0x200), 0);
    }

    #[test]
    fn a_bad_psw_loaded_by_load_psw_is_the_old_psw() {
        let mut harness = Harness::new();
        harness.storage.store_u64(0x200, 0x0008_0001_0000_3000);
        let Err(interruption @ Interruption::Program(_)) = harness.step(&LPSW) else { panic!("no interruption") };
        harness.state.take(&harness.storage, &interruption).unwrap();
        assert_eq!(harness.storage.u64(40), 0x0008_0001_0000_3000);
        assert_eq!(harness.storage.u32(140), 0x0000_0006);
    }
}
