//! Instructions that set and inspect address spaces (GA22-7000-10, chapter 10).

use s370_arch::{
    control_register::{cr0, cr1, cr3, cr4, cr14},
    format::Instruction,
    interruption::ProgramCode,
    storage_key::{ACCESS, FETCH_PROTECTION},
};

use super::{
    super::{ADDRESS, Interpreter, Outcome, Trap, aligned, specify},
    asn::{AddressSpace, AsnFailure, Authority},
};
use crate::interruption::Detail;
use crate::storage::AbsoluteStorage;

/// Bits 29-31 of the second-operand address of LOAD ADDRESS SPACE PARAMETERS.
mod lasp {
    /// ASNs are translated even if they stay the same.
    pub const FORCE_TRANSLATION: u32 = 4;
    /// The authorization index is the first operand's.
    pub const OWN_INDEX: u32 = 2;
    /// The secondary ASN needs no authority.
    pub const SKIP_AUTHORITY: u32 = 1;
}

/// The control registers that LOAD ADDRESS SPACE PARAMETERS will load.
struct Parameters {
    primary_segment_table: u32,
    secondary_segment_table: u32,
    linkage_table: u32,
    authorization_index: u16,
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    pub(in super::super) fn epar(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.extraction_authorized()?;
        self.set_gr(i.rre1(), self.primary_asn().into());
        Ok(())
    }

    pub(in super::super) fn esar(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.extraction_authorized()?;
        self.set_gr(i.rre1(), self.secondary_asn().into());
        Ok(())
    }

    /// INSERT ADDRESS SPACE CONTROL: bits 16-23 of R1 become PSW bit 16 with zeros at its left.
    pub(in super::super) fn iac(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.extraction_authorized()?;
        let secondary = self.state.psw.secondary;
        self.set_gr(i.rre1(), self.gr(i.rre1()) & !0xFF00 | u32::from(secondary) << 8);
        self.set_cc(u8::from(secondary));
        Ok(())
    }

    /// SET ADDRESS SPACE CONTROL: bits 20-23 of the operand address are 0 for the primary-space mode, 1 for the
    /// secondary-space mode.
    pub(in super::super) fn sac(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.control_on(0, cr0::SECONDARY_SPACE)?;
        let mode = self.address1(i) >> 8 & 15;
        specify(mode <= 1)?;
        self.state.psw.secondary = mode == 1;
        self.effects.context = true;
        Ok(())
    }

    /// INSERT VIRTUAL STORAGE KEY: access control and fetch protection, with zeros at their right.
    pub(in super::super) fn ivsk(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.extraction_authorized()?;
        let (real, _) = self.to_real(self.gr(i.rre2()) & ADDRESS, self.current_space())?;
        let absolute = self.state.absolute(real);
        if !self.storage.is_available(absolute) {
            return Err(ProgramCode::ADDRESSING.into());
        }
        let key = self.storage.key(absolute) & (ACCESS | FETCH_PROTECTION);
        self.set_gr(i.rre1(), self.gr(i.rre1()) & !0xFF | u32::from(key));
        Ok(())
    }

    /// SET SECONDARY ASN.
    pub(in super::super) fn ssar(&mut self, i: Instruction) -> Outcome {
        self.translation_on()?;
        self.control_on(14, cr14::ASN_TRANSLATION)?;
        let asn = self.gr(i.rre1()) as u16;
        let segment_table = if asn == self.primary_asn() {
            self.state.cr[1]
        } else {
            let space = self.translate_asn(asn).map_err(|failure| failure.trap(asn))?;
            let index = ((self.state.cr[4] & cr4::AUTHORIZATION_INDEX) >> 16) as u16;
            if !self.is_authorized(index, &space, Authority::Secondary)? {
                return Err(Trap::Program(ProgramCode::SECONDARY_AUTHORITY, Detail::Number(asn.into())));
            }
            space.segment_table
        };
        self.set_secondary_asn(asn);
        self.state.cr[7] = segment_table;
        self.effects.context = true;
        Ok(())
    }

    /// LOAD ADDRESS SPACE PARAMETERS: the first operand has PSW-key mask, secondary ASN, authorization index and primary
    /// ASN. Control registers change only with condition code 0.
    pub(in super::super) fn lasp(&mut self, i: Instruction) -> Outcome {
        self.control_on(14, cr14::ASN_TRANSLATION)?;
        let at = self.address1(i);
        aligned(at, 8)?;
        let operand = self.fetch_u64(at)?;
        match self.parameters(operand, self.address2(i))? {
            Err(cc) => self.set_cc(cc),
            Ok(parameters) => {
                let (masks, primary) = ((operand >> 32) as u32, operand as u32);
                self.state.cr[1] = parameters.primary_segment_table;
                self.state.cr[3] = masks & (cr3::PSW_KEY_MASK | cr3::SECONDARY_ASN);
                self.state.cr[4] = u32::from(parameters.authorization_index) << 16 | primary & cr4::PRIMARY_ASN;
                self.state.cr[5] = parameters.linkage_table;
                self.state.cr[7] = parameters.secondary_segment_table;
                self.effects.context = true;
                self.set_cc(0);
            }
        }
        Ok(())
    }

    /// What LOAD ADDRESS SPACE PARAMETERS is to load, or the condition code that says why not.
    fn parameters(&self, operand: u64, functions: u32) -> Result<Result<Parameters, u8>, Trap> {
        let (secondary, own_index, primary) = ((operand >> 32) as u16, (operand >> 16) as u16, operand as u16);
        let force = functions & lasp::FORCE_TRANSLATION != 0;
        let mut parameters = Parameters {
            primary_segment_table: self.state.cr[1],
            secondary_segment_table: self.state.cr[7],
            linkage_table: self.state.cr[5],
            authorization_index: ((self.state.cr[4] & cr4::AUTHORIZATION_INDEX) >> 16) as u16,
        };
        if force || primary != self.primary_asn() {
            let Some(space) = self.available_space(primary)? else { return Ok(Err(1)) };
            if (self.state.cr[1] | space.segment_table) & cr1::SPACE_SWITCH_EVENT != 0 {
                return Ok(Err(3));
            }
            parameters.primary_segment_table = space.segment_table;
            parameters.linkage_table = space.linkage_table;
            parameters.authorization_index = space.authorization_index;
        }
        if functions & lasp::OWN_INDEX != 0 {
            parameters.authorization_index = own_index;
        }
        let needs_authority = functions & lasp::SKIP_AUTHORITY == 0;
        if secondary == primary {
            parameters.secondary_segment_table = parameters.primary_segment_table;
        } else if force || needs_authority || secondary != self.secondary_asn() {
            let Some(space) = self.available_space(secondary)? else { return Ok(Err(2)) };
            if needs_authority && !self.is_authorized(parameters.authorization_index, &space, Authority::Secondary)? {
                return Ok(Err(2));
            }
            parameters.secondary_segment_table = space.segment_table;
        }
        Ok(Ok(parameters))
    }

    /// ASN translation for which an invalid entry is no exception.
    fn available_space(&self, asn: u16) -> Result<Option<AddressSpace>, Trap> {
        match self.translate_asn(asn) {
            Ok(space) => Ok(Some(space)),
            Err(AsnFailure::First | AsnFailure::Second) => Ok(None),
            Err(failure @ AsnFailure::Exception(_)) => Err(failure.trap(asn)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::{
        dual_address_space::tables::{INDEX, LINKAGE, OTHER_SEGMENTS, OWN_SEGMENTS, asn, harness},
        harness::Harness,
    };

    const EPAR: [u16; 2] = [0xB226, 0x0010];
    const ESAR: [u16; 2] = [0xB227, 0x0010];
    const IAC: [u16; 2] = [0xB224, 0x0010];
    const IVSK: [u16; 2] = [0xB223, 0x0012];
    const SAC: [u16; 2] = [0xB219, 0x2000];
    const SSAR: [u16; 2] = [0xB225, 0x0010];
    /// The first operand is at 4000; general register 2 has the function bits.
    const LASP: [u16; 3] = [0xE500, 0x4000, 0x2000];

    #[test]
    fn extraction() {
        let mut harness = harness();
        harness.state.psw.problem = true;
        harness.state.cr[3] = 0xFFFF_1234;
        harness.state.gr[1] = u32::MAX;
        harness.cc(&EPAR);
        assert_eq!(harness.state.gr[1], u32::from(asn::OWN));
        harness.cc(&ESAR);
        assert_eq!(harness.state.gr[1], 0x1234);
        for secondary in [false, true] {
            harness.state.psw.secondary = secondary;
            harness.state.gr[1] = 0xAAAA_AAAA;
            assert_eq!(harness.cc(&IAC), u8::from(secondary));
            assert_eq!(harness.state.gr[1], if secondary { 0xAAAA_01AA } else { 0xAAAA_00AA });
        }
    }

    #[test]
    fn virtual_storage_keys() {
        let mut harness = harness();
        harness.storage.set_key(0x5800, 0x3E);
        harness.storage.set_key(0x6800, 0xCE);
        harness.state.psw.key = 4;
        harness.state.gr[2] = 0xFF00_5FFF;
        harness.state.gr[1] = u32::MAX;
        harness.cc(&IVSK);
        assert_eq!(harness.state.gr[1], 0xFFFF_FF38);
        harness.state.cr[7] = OTHER_SEGMENTS;
        harness.state.psw.secondary = true;
        harness.cc(&IVSK);
        assert_eq!(harness.state.gr[1], 0xFFFF_FFC8);
        harness.storage.store_u16(0x80CA, 0x1000);
        assert_eq!(harness.code(&IVSK), ProgramCode::ADDRESSING);
        harness.storage.store_u16(0x80CA, 8);
        assert_eq!(harness.detail(&IVSK), (ProgramCode::PAGE_TRANSLATION, Detail::Translation(0x8000_5FFF)));
    }

    #[test]
    fn special_operation_comes_before_privilege() {
        for instruction in [EPAR, ESAR, IAC, IVSK] {
            let mut harness = harness();
            harness.state.psw.problem = true;
            harness.state.cr[0] &= !cr0::EXTRACTION_AUTHORITY;
            assert_eq!(harness.code(&instruction), ProgramCode::PRIVILEGED);
            harness.state.psw.system_mask = 0;
            assert_eq!(harness.code(&instruction), ProgramCode::SPECIAL_OPERATION);
        }
    }

    #[test]
    fn setting_the_mode() {
        let mut harness = harness();
        for (address, secondary) in [(0x00FF_F1FF, true), (0x0000_0000, false)] {
            harness.state.gr[2] = address;
            harness.cc(&SAC);
            assert_eq!(harness.state.psw.secondary, secondary);
            assert!(harness.effects.context);
        }
        harness.state.gr[2] = 0x200;
        assert_eq!(harness.code(&SAC), ProgramCode::SPECIFICATION);
        harness.state.cr[0] &= !cr0::SECONDARY_SPACE;
        assert_eq!(harness.code(&SAC), ProgramCode::SPECIAL_OPERATION);
        harness.state.cr[0] |= cr0::SECONDARY_SPACE;
        harness.state.psw.system_mask = 0;
        assert_eq!(harness.code(&SAC), ProgramCode::SPECIAL_OPERATION);
    }

    #[test]
    fn setting_the_secondary_space() {
        for (number, segments) in [(asn::OTHER, OTHER_SEGMENTS), (asn::OWN, OWN_SEGMENTS), (asn::EVENT, 0x8001)] {
            let mut harness = harness();
            harness.state.cr[7] = 0x1234;
            harness.state.gr[1] = 0xFFFF_0000 | u32::from(number);
            harness.cc(&SSAR);
            assert_eq!((harness.state.cr[3], harness.state.cr[7]), (0x00F0_0000 | u32::from(number), segments));
            assert!(harness.effects.context);
        }
    }

    #[test]
    fn secondary_spaces_that_cannot_be_had() {
        for (number, code) in [
            (asn::INVALID, ProgramCode::ASX_TRANSLATION),
            (asn::NO_TABLE, ProgramCode::AFX_TRANSLATION),
            (asn::BAD_TABLE, ProgramCode::ASN_TRANSLATION_SPECIFICATION),
            (asn::NO_AUTHORITY_TABLE, ProgramCode::ADDRESSING),
            (asn::ONLY_PRIMARY, ProgramCode::SECONDARY_AUTHORITY),
            (asn::SHORT, ProgramCode::SECONDARY_AUTHORITY),
        ] {
            let mut harness = harness();
            let before = harness.state.cr;
            harness.state.gr[1] = number.into();
            let (found, detail) = harness.detail(&SSAR);
            assert_eq!(found, code);
            let suppressed = matches!(code, ProgramCode::ASN_TRANSLATION_SPECIFICATION | ProgramCode::ADDRESSING);
            assert_eq!(detail, if suppressed { Detail::None } else { Detail::Number(number.into()) });
            assert_eq!(harness.state.cr, before);
        }
        let mut harness = harness();
        harness.state.cr[14] = 0;
        assert_eq!(harness.code(&SSAR), ProgramCode::SPECIAL_OPERATION);
        harness.state.cr[14] = cr14::ASN_TRANSLATION;
        harness.state.psw.system_mask = 0;
        assert_eq!(harness.code(&SSAR), ProgramCode::SPECIAL_OPERATION);
    }

    /// Before LOAD ADDRESS SPACE PARAMETERS of key mask 1234 and authorization index 44.
    fn loading(secondary: u16, primary: u16, functions: u32) -> Harness {
        let mut harness = harness();
        let operand = 0x1234_0000_0044_0000 | u64::from(secondary) << 32 | u64::from(primary);
        harness.state.gr[4] = 0x4000;
        harness.state.gr[2] = 0xFFFF_FFF8 | functions;
        harness.storage.store_u64(0x4000, operand);
        harness
    }

    #[test]
    fn loading_address_space_parameters() {
        let old = 0x1111_0000;
        for (secondary, primary, functions, primary_segments, index, secondary_segments) in [
            // Nothing has to be translated.
            (asn::OWN, asn::OWN, 0, OWN_SEGMENTS, INDEX, OWN_SEGMENTS),
            (asn::OWN, asn::OWN, 2, OWN_SEGMENTS, 0x44, OWN_SEGMENTS),
            (asn::CLOSED, asn::OWN, 1, OWN_SEGMENTS, INDEX, old),
            // Forced.
            (asn::OWN, asn::OWN, 4, OWN_SEGMENTS, 0x45, OWN_SEGMENTS),
            (asn::CLOSED, asn::OWN, 5, OWN_SEGMENTS, 0x45, OWN_SEGMENTS),
            // Another primary space.
            (asn::OTHER, asn::OTHER, 0, OTHER_SEGMENTS, 0x46, OTHER_SEGMENTS),
            (asn::OWN, asn::OTHER, 0, OTHER_SEGMENTS, 0x46, OWN_SEGMENTS),
            (asn::CLOSED, asn::OTHER, 3, OTHER_SEGMENTS, 0x44, old),
            // Another secondary space.
            (asn::OTHER, asn::OWN, 0, OWN_SEGMENTS, INDEX, OTHER_SEGMENTS),
            (asn::ONLY_PRIMARY, asn::OWN, 1, OWN_SEGMENTS, INDEX, OWN_SEGMENTS),
        ] {
            let mut harness = loading(secondary, primary, functions);
            harness.state.cr[3] = u32::from(asn::CLOSED);
            harness.state.cr[7] = old;
            let case = format!("{secondary} {primary} {functions}");
            assert_eq!(harness.cc(&LASP), 0, "{case}");
            let cr = &harness.state.cr;
            assert_eq!(cr[1], primary_segments, "{case}");
            assert_eq!(cr[3], 0x1234_0000 | u32::from(secondary), "{case}");
            assert_eq!(cr[4], index << 16 | u32::from(primary), "{case}");
            assert_eq!(cr[5], if primary == asn::OTHER { LINKAGE | 0x7F } else { LINKAGE }, "{case}");
            assert_eq!(cr[7], secondary_segments, "{case}");
            assert!(harness.effects.context);
        }
    }

    #[test]
    fn parameters_that_are_not_loaded() {
        for (secondary, primary, functions, cc) in [
            (asn::OWN, asn::INVALID, 0, 1),
            (asn::OWN, asn::NO_TABLE, 0, 1),
            (asn::INVALID, asn::OWN, 0, 2),
            (asn::NO_TABLE, asn::OWN, 1, 2),
            (asn::CLOSED, asn::OWN, 0, 2),
            (asn::ONLY_PRIMARY, asn::OWN, 0, 2),
            (asn::SHORT, asn::OWN, 0, 2),
            (asn::INVALID, asn::EVENT, 0, 3),
        ] {
            let mut harness = loading(secondary, primary, functions);
            let before = harness.state.cr;
            assert_eq!(harness.cc(&LASP), cc, "{secondary} {primary} {functions}");
            assert_eq!(harness.state.cr, before);
        }
        let mut harness = loading(asn::OWN, asn::OTHER, 0);
        harness.state.cr[1] |= 1;
        assert_eq!(harness.cc(&LASP), 3);
    }

    #[test]
    fn load_address_space_parameters_exceptions() {
        for (secondary, primary, code) in [
            (asn::OWN, asn::BAD, ProgramCode::ASN_TRANSLATION_SPECIFICATION),
            (asn::BAD_TABLE, asn::OWN, ProgramCode::ASN_TRANSLATION_SPECIFICATION),
            (asn::OWN, asn::LOST_TABLE, ProgramCode::ADDRESSING),
            (asn::NO_AUTHORITY_TABLE, asn::OWN, ProgramCode::ADDRESSING),
        ] {
            assert_eq!(loading(secondary, primary, 0).code(&LASP), code);
        }
        let mut harness = loading(asn::OWN, asn::OWN, 0);
        harness.state.gr[4] = 0x4004;
        assert_eq!(harness.code(&LASP), ProgramCode::SPECIFICATION);
        harness.state.cr[14] = 0;
        assert_eq!(harness.code(&LASP), ProgramCode::SPECIAL_OPERATION);
        harness.state.psw.problem = true;
        assert_eq!(harness.code(&LASP), ProgramCode::PRIVILEGED);
    }

    #[test]
    fn load_address_space_parameters_works_in_either_mode() {
        let mut harness = loading(asn::OTHER, asn::OTHER, 0);
        harness.state.psw.ec = false;
        harness.state.psw.system_mask = 0;
        assert_eq!(harness.cc(&LASP), 0);
        assert_eq!(harness.state.cr[1], OTHER_SEGMENTS);
    }
}
