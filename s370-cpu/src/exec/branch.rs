//! Branching, EXECUTE, SUPERVISOR CALL, MONITOR CALL and SET PROGRAM MASK (GA22-7000-10, chapter 7).

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{ADDRESS, Interpreter, Outcome, Trap, specify};
use crate::interruption::Detail;
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    pub(super) fn branch(&mut self, target: u32) {
        self.state.psw.address = target & ADDRESS;
        self.per.branch = true;
    }

    fn branch_if(&mut self, condition: bool, target: u32) -> Outcome {
        if condition {
            self.branch(target);
        }
        Ok(())
    }

    /// What BRANCH AND LINK leaves: instruction-length code, condition code, program mask and the next address.
    fn link_information(&self) -> u32 {
        let psw = &self.state.psw;
        u32::from(self.ilc) << 30 | u32::from(psw.cc) << 28 | u32::from(psw.program_mask) << 24 | psw.address
    }

    fn mask_selects(&self, mask: usize) -> bool {
        mask & 8 >> self.state.psw.cc != 0
    }

    pub(super) fn bcr(&mut self, i: Instruction) -> Outcome {
        self.branch_if(i.r2() != 0 && self.mask_selects(i.r1()), self.gr(i.r2()))
    }

    pub(super) fn bc(&mut self, i: Instruction) -> Outcome {
        self.branch_if(self.mask_selects(i.r1()), self.address_rx(i))
    }

    pub(super) fn balr(&mut self, i: Instruction) -> Outcome {
        let target = self.gr(i.r2());
        self.set_gr(i.r1(), self.link_information());
        self.branch_if(i.r2() != 0, target)
    }

    pub(super) fn bal(&mut self, i: Instruction) -> Outcome {
        let target = self.address_rx(i);
        self.set_gr(i.r1(), self.link_information());
        self.branch_if(true, target)
    }

    pub(super) fn basr(&mut self, i: Instruction) -> Outcome {
        let target = self.gr(i.r2());
        self.set_gr(i.r1(), self.state.psw.address);
        self.branch_if(i.r2() != 0, target)
    }

    pub(super) fn bas(&mut self, i: Instruction) -> Outcome {
        let target = self.address_rx(i);
        self.set_gr(i.r1(), self.state.psw.address);
        self.branch_if(true, target)
    }

    pub(super) fn bctr(&mut self, i: Instruction) -> Outcome {
        let target = self.gr(i.r2());
        self.count(i, i.r2() != 0, target)
    }

    pub(super) fn bct(&mut self, i: Instruction) -> Outcome {
        let target = self.address_rx(i);
        self.count(i, true, target)
    }

    fn count(&mut self, i: Instruction, branches: bool, target: u32) -> Outcome {
        let count = self.gr(i.r1()).wrapping_sub(1);
        self.set_gr(i.r1(), count);
        self.branch_if(branches && count != 0, target)
    }

    pub(super) fn bxh(&mut self, i: Instruction) -> Outcome {
        self.index(i, |sum, limit| sum > limit)
    }

    pub(super) fn bxle(&mut self, i: Instruction) -> Outcome {
        self.index(i, |sum, limit| sum <= limit)
    }

    fn index(&mut self, i: Instruction, branches: fn(i32, i32) -> bool) -> Outcome {
        let target = self.address1(i);
        // The comparand is the odd register of the pair, fetched before R1 changes.
        let (increment, limit) = (self.gr(i.r2()), self.gr(i.r2() | 1));
        let sum = self.gr(i.r1()).wrapping_add(increment);
        self.set_gr(i.r1(), sum);
        self.branch_if(branches(sum as i32, limit as i32), target)
    }

    pub(super) fn ex(&mut self, i: Instruction) -> Outcome {
        let target = self.address_rx(i);
        specify(target.is_multiple_of(2))?;
        let or = if i.r1() == 0 { 0 } else { self.gr(i.r1()) as u8 };
        self.execute_target(target, or)
    }

    pub(super) fn svc(&mut self, i: Instruction) -> Outcome {
        Err(Trap::Svc(i.i()))
    }

    pub(super) fn spm(&mut self, i: Instruction) -> Outcome {
        let value = self.gr(i.r1());
        self.state.psw.cc = (value >> 28) as u8 & 3;
        self.state.psw.program_mask = (value >> 24) as u8 & 15;
        Ok(())
    }

    pub(super) fn mc(&mut self, i: Instruction) -> Outcome {
        specify(i.i() < 16)?;
        if self.state.cr[8] & 0x8000 >> i.i() == 0 {
            return Ok(());
        }
        Err(Trap::Program(ProgramCode::MONITOR_EVENT, Detail::Monitor { class: i.i(), code: self.address1(i) }))
    }
}
