//! ASN translation and ASN authorization (GA22-7000-10, chapter 3).
//!
//! ```text
//! first-table entry   | I 0000000 | second-table origin  0000 |
//! second-table entry  | I 0000000 | authority-table origin 00 | AX (16) | length (12) 0000 |
//!                     | segment-table designation             | linkage-table designation  |
//! authority table     | P S | P S | P S | P S |   two bits for each authorization index
//! ```

use s370_arch::{control_register::cr14, interruption::ProgramCode};

use crate::storage::AbsoluteStorage;
use crate::{
    exec::{ADDRESS, Interpreter, Trap},
    interruption::Detail,
};

/// Bit 0 of an entry of the first or second table.
const INVALID: u32 = 0x8000_0000;
/// Bits 1-7 and 28-31 of a first-table entry.
const FIRST_UNASSIGNED: u32 = 0x7F00_000F;
/// Bits 8-27 of a first-table entry.
const SECOND_TABLE_ORIGIN: u32 = 0x00FF_FFF0;
/// Bits 1-7, 30-31, 60-63 and 97-103 of a second-table entry.
const SECOND_UNASSIGNED: [u32; 4] = [0x7F00_0003, 0x0000_000F, 0, 0x7F00_0000];
/// Bits 8-29 of a second-table entry.
const AUTHORITY_TABLE_ORIGIN: u32 = 0x00FF_FFFC;

/// Why an ASN has no translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AsnFailure {
    /// An exception for every instruction.
    Exception(ProgramCode),
    /// The first-table entry is invalid.
    First,
    /// The second-table entry is invalid.
    Second,
}

/// Bits of an authority-table entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// P: the space may be made the primary one.
    Primary,
    /// S: the space may be made the secondary one.
    Secondary,
}

/// What the second table says of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressSpace {
    pub asn: u16,
    /// For control register 4.
    pub authorization_index: u16,
    /// For control register 1 or 7.
    pub segment_table: u32,
    /// For control register 5.
    pub linkage_table: u32,
    authority_table: u32,
    /// In units of four bytes, less one.
    authority_length: u16,
}

impl AsnFailure {
    /// The exception of PC, PT and SSAR.
    pub fn trap(self, asn: u16) -> Trap {
        let code = match self {
            AsnFailure::Exception(code) => return code.into(),
            AsnFailure::First => ProgramCode::AFX_TRANSLATION,
            AsnFailure::Second => ProgramCode::ASX_TRANSLATION,
        };
        Trap::Program(code, Detail::Number(asn.into()))
    }
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// ASN translation.
    pub(super) fn translate_asn(&self, asn: u16) -> Result<AddressSpace, AsnFailure> {
        let word = |at| self.table_word(at).map_err(|_| AsnFailure::Exception(ProgramCode::ADDRESSING));
        let specify = |valid| {
            if valid { Ok(()) } else { Err(AsnFailure::Exception(ProgramCode::ASN_TRANSLATION_SPECIFICATION)) }
        };
        let (afx, asx) = (u32::from(asn) >> 6, u32::from(asn) & 0x3F);
        let first_table = (self.state.cr[14] & cr14::ASN_FIRST_TABLE_ORIGIN) << 12;
        let first = word(first_table.wrapping_add(afx * 4) & ADDRESS)?;
        if first & INVALID != 0 {
            return Err(AsnFailure::First);
        }
        specify(first & FIRST_UNASSIGNED == 0)?;
        let entry_at = (first & SECOND_TABLE_ORIGIN).wrapping_add(asx * 16) & ADDRESS;
        let entry = self.table_entry(entry_at).map_err(|_| AsnFailure::Exception(ProgramCode::ADDRESSING))?;
        if entry[0] & INVALID != 0 {
            return Err(AsnFailure::Second);
        }
        specify(entry.iter().zip(SECOND_UNASSIGNED).all(|(word, unassigned)| word & unassigned == 0))?;
        Ok(AddressSpace {
            asn,
            authorization_index: (entry[1] >> 16) as u16,
            segment_table: entry[2],
            linkage_table: entry[3],
            authority_table: entry[0] & AUTHORITY_TABLE_ORIGIN,
            authority_length: (entry[1] as u16) >> 4,
        })
    }

    /// ASN authorization: whether programs with this authorization index may use the space.
    pub(super) fn is_authorized(&self, index: u16, space: &AddressSpace, authority: Authority) -> Result<bool, Trap> {
        if index >> 4 > space.authority_length {
            return Ok(false);
        }
        let at = space.authority_table.wrapping_add(u32::from(index) >> 2) & ADDRESS;
        let word = self.table_word(at & !3)?;
        let bit = (at & 3) * 8 + u32::from(index & 3) * 2 + u32::from(authority == Authority::Secondary);
        Ok(word & 0x8000_0000 >> bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bus::NoDevices,
        exec::{
            dual_address_space::tables::{self, asn},
            harness::Harness,
        },
    };

    fn translate(harness: &mut Harness, asn: u16) -> Result<AddressSpace, AsnFailure> {
        Interpreter::new(&mut harness.state, &harness.storage, &mut NoDevices).translate_asn(asn)
    }

    fn authorized(harness: &mut Harness, index: u16, space: &AddressSpace, authority: Authority) -> bool {
        let mut bus = NoDevices;
        let interpreter = Interpreter::new(&mut harness.state, &harness.storage, &mut bus);
        interpreter.is_authorized(index, space, authority).unwrap()
    }

    #[test]
    fn translation_and_its_failures() {
        let exception = AsnFailure::Exception;
        for (number, expected) in [
            (asn::OTHER, Ok(tables::OTHER_SEGMENTS)),
            (asn::INVALID, Err(AsnFailure::Second)),
            (asn::BAD, Err(exception(ProgramCode::ASN_TRANSLATION_SPECIFICATION))),
            (asn::NO_TABLE, Err(AsnFailure::First)),
            (asn::BAD_TABLE, Err(exception(ProgramCode::ASN_TRANSLATION_SPECIFICATION))),
            (asn::LOST_TABLE, Err(exception(ProgramCode::ADDRESSING))),
        ] {
            let found = translate(&mut tables::harness(), number);
            assert_eq!(found.map(|space| space.segment_table), expected, "{number}");
        }
    }

    #[test]
    fn unassigned_bits_of_both_tables() {
        for (at, bits) in [(0xF000, FIRST_UNASSIGNED)].into_iter().chain((0xA020..).step_by(4).zip(SECOND_UNASSIGNED)) {
            for bit in (0..32).map(|n| 1 << n).filter(|bit| bits & bit != 0) {
                let mut harness = tables::harness();
                harness.storage.store_u32(at, harness.storage.u32(at) | bit);
                let expected = AsnFailure::Exception(ProgramCode::ASN_TRANSLATION_SPECIFICATION);
                assert_eq!(translate(&mut harness, asn::OTHER), Err(expected), "{at:X} {bit:X}");
            }
        }
    }

    #[test]
    fn the_first_table_may_lie_outside_of_storage() {
        let mut harness = tables::harness();
        harness.state.cr[14] += 1;
        assert_eq!(translate(&mut harness, asn::OWN), Err(AsnFailure::Exception(ProgramCode::ADDRESSING)));
    }

    #[test]
    fn authority_is_two_bits_an_index() {
        let mut harness = tables::harness();
        let space = translate(&mut harness, asn::OWN).unwrap();
        harness.storage.store_u8(0xB010, 0b1001_1100);
        for (index, primary, secondary) in
            [(0x40, true, false), (0x41, false, true), (0x42, true, true), (0x43, false, false)]
        {
            assert_eq!(authorized(&mut harness, index, &space, Authority::Primary), primary, "{index:X}");
            assert_eq!(authorized(&mut harness, index, &space, Authority::Secondary), secondary, "{index:X}");
        }
        // The table has five times four bytes: 80 indexes.
        harness.storage.store(0xB000, &[0xFF; 32]);
        for (index, expected) in [(0x4F, true), (0x50, false), (0xFFFF, false)] {
            assert_eq!(authorized(&mut harness, index, &space, Authority::Primary), expected, "{index:X}");
        }
    }
}
