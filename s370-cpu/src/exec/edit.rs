//! EDIT and EDIT AND MARK (GA22-7000-10, chapter 8).
//!
//! Access exceptions of the source are for the bytes that are used only, and which these are depends on the bytes
//! themselves. So a copy of the pattern is edited, after all of the pattern has been checked; it replaces the pattern when
//! nothing more can happen. Access and data exceptions thus leave everything as it was.

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{ADDRESS, Interpreter, Outcome, Trap};
use crate::decimal::{self, EditException, Edited};
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    pub(super) fn ed(&mut self, i: Instruction) -> Outcome {
        self.edit(i).map(drop)
    }

    pub(super) fn edmk(&mut self, i: Instruction) -> Outcome {
        if let Some(mark) = self.edit(i)?.mark {
            let marked = self.address1(i).wrapping_add(mark.into()) & ADDRESS;
            self.set_gr(1, self.gr(1) & !ADDRESS | marked);
        }
        Ok(())
    }

    fn edit(&mut self, i: Instruction) -> Result<Edited, Trap> {
        let length = u32::from(i.i()) + 1;
        let target = self.resolve_target(self.address1(i), length)?;
        let mut bytes = [0; 256];
        let bytes = &mut bytes[..length as usize];
        target.operand.read(self.storage, bytes);
        let mut source = self.address2(i);
        let edited = decimal::edit(bytes, || {
            let byte = self.fetch_u8(source)?;
            source = source.wrapping_add(1) & ADDRESS;
            Ok(byte)
        })?;
        self.replace(&target, bytes);
        self.set_cc(edited.condition_code);
        Ok(edited)
    }
}

impl From<EditException<Trap>> for Trap {
    fn from(exception: EditException<Trap>) -> Trap {
        match exception {
            EditException::Access(trap) => trap,
            EditException::Data => ProgramCode::DATA.into(),
        }
    }
}
