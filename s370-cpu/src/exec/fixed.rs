//! Fixed-point arithmetic, loads and stores of general registers (GA22-7000-10, chapter 7).

use s370_arch::{format::Instruction, interruption::ProgramCode, psw::program_mask};

use super::{Access, Interpreter, Outcome, even};
use crate::storage::AbsoluteStorage;

/// Condition code of a signed result without overflow: 0 zero, 1 negative, 2 positive.
pub(super) fn sign_code(value: i64) -> u8 {
    match value {
        0 => 0,
        ..0 => 1,
        _ => 2,
    }
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// Ends an instruction whose signed result may have overflowed: condition code 3, and an interruption if the
    /// program mask allows it.
    pub(super) fn signed_result(&mut self, result: i32, overflow: bool) -> Outcome {
        self.set_cc(if overflow { 3 } else { sign_code(result.into()) });
        if overflow && self.enabled(program_mask::FIXED_OVERFLOW) {
            return Err(ProgramCode::FIXED_OVERFLOW.into());
        }
        Ok(())
    }

    fn add(&mut self, r1: usize, operand: u32) -> Outcome {
        let (sum, overflow) = (self.gr(r1) as i32).overflowing_add(operand as i32);
        self.set_gr(r1, sum as u32);
        self.signed_result(sum, overflow)
    }

    fn subtract(&mut self, r1: usize, operand: u32) -> Outcome {
        let (difference, overflow) = (self.gr(r1) as i32).overflowing_sub(operand as i32);
        self.set_gr(r1, difference as u32);
        self.signed_result(difference, overflow)
    }

    /// Adds a value and a carry without sign. The code is bit 1: a carry out, bit 0: the result is not zero.
    fn add_logical(&mut self, r1: usize, operand: u32, carry: bool) -> Outcome {
        let sum = u64::from(self.gr(r1)) + u64::from(operand) + u64::from(carry);
        self.set_gr(r1, sum as u32);
        self.set_cc(u8::from(sum as u32 != 0) | u8::from(sum >> 32 != 0) << 1);
        Ok(())
    }

    fn compare(&mut self, a: u32, b: u32) -> Outcome {
        self.set_cc(sign_code(i64::from(a as i32) - i64::from(b as i32)));
        Ok(())
    }

    fn multiply(&mut self, r1: usize, operand: u32) -> Outcome {
        let product = i64::from(self.gr(r1 + 1) as i32) * i64::from(operand as i32);
        self.set_gr_pair(r1, product as u64);
        Ok(())
    }

    fn divide(&mut self, r1: usize, operand: u32) -> Outcome {
        let (dividend, divisor) = (self.gr_pair(r1) as i64, i64::from(operand as i32));
        let fits = |quotient: i64| i32::try_from(quotient).ok();
        // `checked_div` fails for a divisor of zero and for the one quotient that i64 cannot hold.
        let Some(quotient) = dividend.checked_div(divisor).and_then(fits) else {
            return Err(ProgramCode::FIXED_DIVIDE.into());
        };
        self.set_gr(r1, (dividend % divisor) as u32);
        self.set_gr(r1 + 1, quotient as u32);
        Ok(())
    }

    fn halfword(&mut self, i: Instruction) -> Result<u32, super::Trap> {
        let at = self.address_rx(i);
        Ok(i32::from(self.fetch_u16(at)? as i16) as u32)
    }

    fn word(&mut self, i: Instruction) -> Result<u32, super::Trap> {
        let at = self.address_rx(i);
        self.fetch_u32(at)
    }

    pub(super) fn ar(&mut self, i: Instruction) -> Outcome {
        self.add(i.r1(), self.gr(i.r2()))
    }

    pub(super) fn a(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.add(i.r1(), operand)
    }

    pub(super) fn ah(&mut self, i: Instruction) -> Outcome {
        let operand = self.halfword(i)?;
        self.add(i.r1(), operand)
    }

    pub(super) fn sr(&mut self, i: Instruction) -> Outcome {
        self.subtract(i.r1(), self.gr(i.r2()))
    }

    pub(super) fn s(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.subtract(i.r1(), operand)
    }

    pub(super) fn sh(&mut self, i: Instruction) -> Outcome {
        let operand = self.halfword(i)?;
        self.subtract(i.r1(), operand)
    }

    pub(super) fn alr(&mut self, i: Instruction) -> Outcome {
        self.add_logical(i.r1(), self.gr(i.r2()), false)
    }

    pub(super) fn al(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.add_logical(i.r1(), operand, false)
    }

    pub(super) fn slr(&mut self, i: Instruction) -> Outcome {
        self.add_logical(i.r1(), !self.gr(i.r2()), true)
    }

    pub(super) fn sl(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.add_logical(i.r1(), !operand, true)
    }

    pub(super) fn cr(&mut self, i: Instruction) -> Outcome {
        self.compare(self.gr(i.r1()), self.gr(i.r2()))
    }

    pub(super) fn c(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.compare(self.gr(i.r1()), operand)
    }

    pub(super) fn ch(&mut self, i: Instruction) -> Outcome {
        let operand = self.halfword(i)?;
        self.compare(self.gr(i.r1()), operand)
    }

    pub(super) fn mr(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        self.multiply(i.r1(), self.gr(i.r2()))
    }

    pub(super) fn m(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        let operand = self.word(i)?;
        self.multiply(i.r1(), operand)
    }

    pub(super) fn mh(&mut self, i: Instruction) -> Outcome {
        let operand = self.halfword(i)?;
        self.set_gr(i.r1(), self.gr(i.r1()).wrapping_mul(operand));
        Ok(())
    }

    pub(super) fn dr(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        self.divide(i.r1(), self.gr(i.r2()))
    }

    pub(super) fn d(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        let operand = self.word(i)?;
        self.divide(i.r1(), operand)
    }

    pub(super) fn lr(&mut self, i: Instruction) -> Outcome {
        self.set_gr(i.r1(), self.gr(i.r2()));
        Ok(())
    }

    pub(super) fn ltr(&mut self, i: Instruction) -> Outcome {
        let value = self.gr(i.r2());
        self.set_gr(i.r1(), value);
        self.signed_result(value as i32, false)
    }

    pub(super) fn lcr(&mut self, i: Instruction) -> Outcome {
        let (value, overflow) = (self.gr(i.r2()) as i32).overflowing_neg();
        self.set_gr(i.r1(), value as u32);
        self.signed_result(value, overflow)
    }

    pub(super) fn lpr(&mut self, i: Instruction) -> Outcome {
        let (value, overflow) = (self.gr(i.r2()) as i32).overflowing_abs();
        self.set_gr(i.r1(), value as u32);
        self.signed_result(value, overflow)
    }

    pub(super) fn lnr(&mut self, i: Instruction) -> Outcome {
        let value = (self.gr(i.r2()) as i32).wrapping_abs().wrapping_neg();
        self.set_gr(i.r1(), value as u32);
        self.signed_result(value, false)
    }

    pub(super) fn l(&mut self, i: Instruction) -> Outcome {
        let operand = self.word(i)?;
        self.set_gr(i.r1(), operand);
        Ok(())
    }

    pub(super) fn lh(&mut self, i: Instruction) -> Outcome {
        let operand = self.halfword(i)?;
        self.set_gr(i.r1(), operand);
        Ok(())
    }

    pub(super) fn la(&mut self, i: Instruction) -> Outcome {
        self.set_gr(i.r1(), self.address_rx(i));
        Ok(())
    }

    pub(super) fn st(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        self.store(at, &self.gr(i.r1()).to_be_bytes())
    }

    pub(super) fn sth(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        self.store(at, &(self.gr(i.r1()) as u16).to_be_bytes())
    }

    pub(super) fn lm(&mut self, i: Instruction) -> Outcome {
        let count = register_count(i);
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..count * 4];
        self.resolve(self.address1(i), count as u32 * 4, Access::Fetch)?.read(self.storage, bytes);
        for (n, word) in bytes.as_chunks::<4>().0.iter().enumerate() {
            self.set_gr((i.r1() + n) % 16, u32::from_be_bytes(*word));
        }
        Ok(())
    }

    pub(super) fn stm(&mut self, i: Instruction) -> Outcome {
        let count = register_count(i);
        let mut bytes = [0; 64];
        for (n, word) in bytes.as_chunks_mut::<4>().0[..count].iter_mut().enumerate() {
            *word = self.gr((i.r1() + n) % 16).to_be_bytes();
        }
        self.store(self.address1(i), &bytes[..count * 4])
    }

    /// COMPARE AND SWAP.
    pub(super) fn cs(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        super::aligned(at, 4)?;
        let place = self.resolve(at, 4, Access::Store)?.at(0);
        let (old, new) = (self.gr(i.r1()), self.gr(i.r2()));
        let was = self.storage.compare_and_swap_u32(place, old, new);
        self.swapped(was == old);
        if was != old {
            self.set_gr(i.r1(), was);
        }
        Ok(())
    }

    /// COMPARE DOUBLE AND SWAP.
    pub(super) fn cds(&mut self, i: Instruction) -> Outcome {
        even(i.r1())?;
        even(i.r2())?;
        let at = self.address1(i);
        super::aligned(at, 8)?;
        let place = self.resolve(at, 8, Access::Store)?.at(0);
        let (old, new) = (self.gr_pair(i.r1()), self.gr_pair(i.r2()));
        let was = self.storage.compare_and_swap_u64(place, old, new);
        self.swapped(was == old);
        if was != old {
            self.set_gr_pair(i.r1(), was);
        }
        Ok(())
    }

    fn swapped(&mut self, equal: bool) {
        self.set_cc(u8::from(!equal));
        if !equal {
            // Nothing was stored, so PER sees no storage alteration.
            self.per.store = false;
        }
    }
}

/// How many registers LM, STM, LCTL and STCTL move: from R1 to R3, wrapping from 15 to 0.
pub(super) fn register_count(i: Instruction) -> usize {
    (i.r2() + 16 - i.r1()) % 16 + 1
}
