//! Shifts (GA22-7000-10, chapter 7). The amount is the low six bits of the second-operand address.

use s370_arch::{format::Instruction, interruption::ProgramCode, psw::program_mask};

use super::{Interpreter, Outcome, even, fixed::sign_code};
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    fn amount(&self, i: Instruction) -> u32 {
        self.address1(i) & 63
    }

    pub(super) fn sll(&mut self, i: Instruction) -> Outcome {
        let shifted = u64::from(self.gr(i.r1())) << self.amount(i);
        self.set_gr(i.r1(), shifted as u32);
        Ok(())
    }

    pub(super) fn srl(&mut self, i: Instruction) -> Outcome {
        let shifted = u64::from(self.gr(i.r1())) >> self.amount(i);
        self.set_gr(i.r1(), shifted as u32);
        Ok(())
    }

    pub(super) fn sra(&mut self, i: Instruction) -> Outcome {
        let shifted = i64::from(self.gr(i.r1()) as i32) >> self.amount(i);
        self.set_gr(i.r1(), shifted as u32);
        self.signed_result(shifted as i32, false)
    }

    /// The sign stays; overflow when a bit unlike the sign is shifted out of bit position 1.
    pub(super) fn sla(&mut self, i: Instruction) -> Outcome {
        let value = i128::from(self.gr(i.r1()) as i32);
        let exact = value << self.amount(i);
        let result = (exact as i32 & i32::MAX) | (value as i32 & i32::MIN);
        self.set_gr(i.r1(), result as u32);
        self.signed_result(result, exact != i128::from(result))
    }

    pub(super) fn sldl(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        self.set_gr_pair(i.r1(), self.gr_pair(i.r1()) << self.amount(i));
        Ok(())
    }

    pub(super) fn srdl(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        self.set_gr_pair(i.r1(), self.gr_pair(i.r1()) >> self.amount(i));
        Ok(())
    }

    pub(super) fn srda(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        let shifted = self.gr_pair(i.r1()) as i64 >> self.amount(i);
        self.set_gr_pair(i.r1(), shifted as u64);
        self.set_cc(sign_code(shifted));
        Ok(())
    }

    pub(super) fn slda(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        let value = i128::from(self.gr_pair(i.r1()) as i64);
        let exact = value << self.amount(i);
        let result = (exact as i64 & i64::MAX) | (value as i64 & i64::MIN);
        let overflow = exact != i128::from(result);
        self.set_gr_pair(i.r1(), result as u64);
        self.set_cc(if overflow { 3 } else { sign_code(result) });
        if overflow && self.enabled(program_mask::FIXED_OVERFLOW) {
            return Err(ProgramCode::FIXED_OVERFLOW.into());
        }
        Ok(())
    }
}
