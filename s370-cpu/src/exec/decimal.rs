//! Decimal arithmetic (GA22-7000-10, chapter 8): operands for [`crate::decimal`], and what becomes of its results.
//!
//! Nothing is stored before the whole result is known, so an operation that ends in a data exception leaves everything
//! as it was, whether the manual says that it is suppressed or that it is terminated.
//!
//! Operands that overlap must have one rightmost byte. Otherwise the sign of one is a digit of the other, so that the
//! check of the codes finds a data exception in any case; only ZERO AND ADD, which does not check its first operand, has
//! to look for it.

use s370_arch::{format::Instruction, interruption::ProgramCode, psw::program_mask};

use super::{Access, Interpreter, Outcome, Trap, access::Target, convert::lengths};
use crate::decimal::{self, DivideException, Lengths};
use crate::storage::AbsoluteStorage;

/// The operands of a decimal instruction: where the result goes, and the two fields.
struct Operands {
    target: Target,
    field1: u128,
    field2: u128,
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    fn decimal_operands(&mut self, i: Instruction) -> Result<Operands, Trap> {
        let (length1, length2) = lengths(i);
        let second = self.resolve(self.address2(i), length2, Access::Fetch)?;
        let target = self.resolve_target(self.address1(i), length1)?;
        Ok(Operands { field1: self.field(&target.operand), field2: self.field(&second), target })
    }

    fn replace_field(&mut self, target: &Target, field: u128) {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..target.operand.length() as usize];
        decimal::store(field, bytes);
        self.replace(target, bytes);
    }

    /// Ends an instruction whose result may not have fitted: it is stored in any case, and condition code 3 asks for an
    /// interruption if the program mask allows it.
    fn decimal_result(&mut self, target: &Target, outcome: decimal::Outcome) -> Outcome {
        self.replace_field(target, outcome.field);
        self.set_cc(outcome.condition_code);
        if outcome.condition_code == 3 && self.enabled(program_mask::DECIMAL_OVERFLOW) {
            return Err(ProgramCode::DECIMAL_OVERFLOW.into());
        }
        Ok(())
    }

    /// ZERO AND ADD. The first operand may also end to the right of the second. Where it ends to the left, its sign would
    /// replace a digit of the second before that is fetched.
    pub(super) fn zap(&mut self, i: Instruction) -> Outcome {
        let (length1, length2) = lengths(i);
        let second = self.resolve(self.address2(i), length2, Access::Fetch)?;
        let target = self.resolve_target(self.address1(i), length1)?;
        if second.has_left_of_rightmost(target.operand.rightmost()) {
            return Err(ProgramCode::DATA.into());
        }
        let outcome = decimal::zap(self.field(&second), length1 as usize)?;
        self.decimal_result(&target, outcome)
    }

    pub(super) fn ap(&mut self, i: Instruction) -> Outcome {
        let Operands { target, field1, field2 } = self.decimal_operands(i)?;
        self.decimal_result(&target, decimal::ap(field1, field2, target.operand.length() as usize)?)
    }

    pub(super) fn sp(&mut self, i: Instruction) -> Outcome {
        let Operands { target, field1, field2 } = self.decimal_operands(i)?;
        self.decimal_result(&target, decimal::sp(field1, field2, target.operand.length() as usize)?)
    }

    pub(super) fn cp(&mut self, i: Instruction) -> Outcome {
        let (length1, length2) = lengths(i);
        let first = self.resolve(self.address1(i), length1, Access::Fetch)?;
        let second = self.resolve(self.address2(i), length2, Access::Fetch)?;
        self.set_cc(decimal::cp(self.field(&first), self.field(&second))?);
        Ok(())
    }

    pub(super) fn mp(&mut self, i: Instruction) -> Outcome {
        let lengths = decimal_lengths(i)?;
        let Operands { target, field1, field2 } = self.decimal_operands(i)?;
        self.replace_field(&target, decimal::mp(field1, field2, lengths)?);
        Ok(())
    }

    pub(super) fn dp(&mut self, i: Instruction) -> Outcome {
        let lengths = decimal_lengths(i)?;
        let Operands { target, field1, field2 } = self.decimal_operands(i)?;
        self.replace_field(&target, decimal::dp(field1, field2, lengths)?);
        Ok(())
    }

    /// SHIFT AND ROUND DECIMAL. The second-operand address is a number; nothing is fetched from there.
    pub(super) fn srp(&mut self, i: Instruction) -> Outcome {
        let (length, _) = lengths(i);
        let target = self.resolve_target(self.address1(i), length)?;
        let outcome = decimal::srp(self.field(&target.operand), length as usize, self.address2(i), i.r2() as u8)?;
        self.decimal_result(&target, outcome)
    }
}

/// The lengths of MULTIPLY and DIVIDE DECIMAL.
fn decimal_lengths(i: Instruction) -> Result<Lengths, Trap> {
    let (length1, length2) = lengths(i);
    Lengths::new(length1 as usize, length2 as usize).ok_or_else(|| ProgramCode::SPECIFICATION.into())
}

impl From<DivideException> for Trap {
    fn from(exception: DivideException) -> Trap {
        match exception {
            DivideException::Data(exception) => exception.into(),
            DivideException::DecimalDivide => ProgramCode::DECIMAL_DIVIDE.into(),
        }
    }
}
