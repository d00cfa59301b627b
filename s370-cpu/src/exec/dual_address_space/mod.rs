//! The dual-address-space facility: address-space numbers, program linkage, moves between two spaces (GA22-7000-10,
//! chapter 3, "Address Spaces"; chapter 5; chapter 10).
//!
//! Deviation: entries in the trace table at location 84 are not made; that facility (DAS tracing) is not installed.

mod asn;
mod linkage;
mod moves;
mod spaces;
#[cfg(test)]
mod tables;

use s370_arch::{
    control_register::{cr3, cr4},
    interruption::ProgramCode,
};

use self::asn::AddressSpace;
use super::{Interpreter, Outcome, Trap};
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// Special-operation exception if translation is off, which it always is in BC mode.
    fn translation_on(&self) -> Outcome {
        if self.state.psw.translation() { Ok(()) } else { Err(ProgramCode::SPECIAL_OPERATION.into()) }
    }

    /// Special-operation exception unless this control-register bit is one.
    fn control_on(&self, register: usize, bit: u32) -> Outcome {
        if self.state.cr[register] & bit != 0 { Ok(()) } else { Err(ProgramCode::SPECIAL_OPERATION.into()) }
    }

    /// A word of a table at a real address, to which protection does not apply; or an addressing exception.
    fn table_word(&self, real: u32) -> Result<u32, Trap> {
        let absolute = self.state.absolute(real);
        if !self.storage.is_available(absolute) {
            return Err(ProgramCode::ADDRESSING.into());
        }
        Ok(self.storage.u32(absolute))
    }

    /// The four words of a table entry that is on a boundary of 16 bytes.
    fn table_entry(&self, real: u32) -> Result<[u32; 4], Trap> {
        let mut words = [0; 4];
        for (at, word) in (real..).step_by(4).zip(&mut words) {
            *word = self.table_word(at)?;
        }
        Ok(words)
    }

    fn primary_asn(&self) -> u16 {
        (self.state.cr[4] & cr4::PRIMARY_ASN) as u16
    }

    fn set_primary_asn(&mut self, asn: u16) {
        self.state.cr[4] = self.state.cr[4] & !cr4::PRIMARY_ASN | u32::from(asn);
    }

    fn secondary_asn(&self) -> u16 {
        (self.state.cr[3] & cr3::SECONDARY_ASN) as u16
    }

    fn set_secondary_asn(&mut self, asn: u16) {
        self.state.cr[3] = self.state.cr[3] & !cr3::SECONDARY_ASN | u32::from(asn);
    }

    /// The PSW-key mask, at the left of the word.
    fn key_mask(&self) -> u32 {
        self.state.cr[3] & cr3::PSW_KEY_MASK
    }

    fn set_key_mask(&mut self, mask: u32) {
        self.state.cr[3] = self.state.cr[3] & !cr3::PSW_KEY_MASK | mask & cr3::PSW_KEY_MASK;
    }

    /// Makes a space the primary one.
    fn enter(&mut self, space: &AddressSpace) {
        self.set_primary_asn(space.asn);
        self.state.cr[4] = self.state.cr[4] & !cr4::AUTHORIZATION_INDEX | u32::from(space.authorization_index) << 16;
        self.state.cr[1] = space.segment_table;
        self.state.cr[5] = space.linkage_table;
    }
}
