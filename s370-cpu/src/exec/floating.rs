//! Hexadecimal floating point (GA22-7000-10, chapter 9): operands for [`crate::hfp`], and what becomes of its results.
//!
//! Register numbers are looked at before storage is: an invalid one is a specification exception. Operands in storage
//! need no boundary.

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{Interpreter, Outcome, Trap, specify};
use crate::hfp::{self, Exception, Extended, Masks, Sum, extended, long, short};
use crate::storage::AbsoluteStorage;

/// Which of the four registers `r` is.
fn register(r: usize) -> Result<usize, Trap> {
    specify(r.is_multiple_of(2) && r < 8)?;
    Ok(r / 2)
}

/// The first of the two registers, 0 and 2 or 4 and 6, that hold the extended operand `r`.
fn register_pair(r: usize) -> Result<usize, Trap> {
    specify(r == 0 || r == 4)?;
    Ok(r / 2)
}

/// Bits 0-31 of a register.
fn high(image: u64) -> u32 {
    (image >> 32) as u32
}

/// What an instruction works on: the register of the first operand, and the second operand.
type Operands<T> = (usize, T);

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    fn short_rr(&mut self, i: Instruction) -> Result<Operands<u32>, Trap> {
        Ok((register(i.r1())?, high(self.state.fpr[register(i.r2())?])))
    }

    fn short_rx(&mut self, i: Instruction) -> Result<Operands<u32>, Trap> {
        let r1 = register(i.r1())?;
        Ok((r1, self.fetch_u32(self.address_rx(i))?))
    }

    fn long_rr(&mut self, i: Instruction) -> Result<Operands<u64>, Trap> {
        Ok((register(i.r1())?, self.state.fpr[register(i.r2())?]))
    }

    fn long_rx(&mut self, i: Instruction) -> Result<Operands<u64>, Trap> {
        let r1 = register(i.r1())?;
        Ok((r1, self.fetch_u64(self.address_rx(i))?))
    }

    /// A long second operand and an extended result.
    fn long_to_pair_rr(&mut self, i: Instruction) -> Result<Operands<u64>, Trap> {
        Ok((register_pair(i.r1())?, self.state.fpr[register(i.r2())?]))
    }

    fn long_to_pair_rx(&mut self, i: Instruction) -> Result<Operands<u64>, Trap> {
        let r1 = register_pair(i.r1())?;
        Ok((r1, self.fetch_u64(self.address_rx(i))?))
    }

    fn extended_rr(&mut self, i: Instruction) -> Result<Operands<Extended>, Trap> {
        Ok((register_pair(i.r1())?, self.pair(register_pair(i.r2())?)))
    }

    /// An extended second operand and a long result.
    fn extended_to_long_rr(&mut self, i: Instruction) -> Result<Operands<Extended>, Trap> {
        Ok((register(i.r1())?, self.pair(register_pair(i.r2())?)))
    }

    fn pair(&self, r: usize) -> Extended {
        Extended { high: self.state.fpr[r], low: self.state.fpr[r + 1] }
    }

    fn set_pair(&mut self, r: usize, value: Extended) {
        self.state.fpr[r] = value.high;
        self.state.fpr[r + 1] = value.low;
    }

    /// Bits 32-63 of the register stay as they are.
    fn set_short(&mut self, r: usize, value: u32) {
        self.state.fpr[r] = u64::from(value) << 32 | self.state.fpr[r] & 0xFFFF_FFFF;
    }

    fn masks(&self) -> Masks {
        Masks::from_program_mask(self.state.psw.program_mask)
    }

    fn short_load(&mut self, (r1, b): Operands<u32>, operation: fn(u32) -> (u32, u8)) -> Outcome {
        let (value, cc) = operation(b);
        self.set_short(r1, value);
        self.set_cc(cc);
        Ok(())
    }

    fn long_load(&mut self, (r1, b): Operands<u64>, operation: fn(u64) -> (u64, u8)) -> Outcome {
        let (value, cc) = operation(b);
        self.state.fpr[r1] = value;
        self.set_cc(cc);
        Ok(())
    }

    fn short_compare(&mut self, (r1, b): Operands<u32>, operation: fn(u32, u32) -> u8) -> Outcome {
        self.set_cc(operation(high(self.state.fpr[r1]), b));
        Ok(())
    }

    fn long_compare(&mut self, (r1, b): Operands<u64>, operation: fn(u64, u64) -> u8) -> Outcome {
        self.set_cc(operation(self.state.fpr[r1], b));
        Ok(())
    }

    fn short_sum(&mut self, (r1, b): Operands<u32>, operation: fn(u32, u32, Masks) -> Sum<u32>) -> Outcome {
        let sum = operation(high(self.state.fpr[r1]), b, self.masks());
        self.set_short(r1, sum.value);
        self.set_cc(sum.cc);
        raise(sum.exception)
    }

    fn long_sum(&mut self, (r1, b): Operands<u64>, operation: fn(u64, u64, Masks) -> Sum<u64>) -> Outcome {
        let sum = operation(self.state.fpr[r1], b, self.masks());
        self.state.fpr[r1] = sum.value;
        self.set_cc(sum.cc);
        raise(sum.exception)
    }

    fn extended_sum(
        &mut self,
        (r1, b): Operands<Extended>,
        operation: fn(Extended, Extended, Masks) -> Sum<Extended>,
    ) -> Outcome {
        let sum = operation(self.pair(r1), b, self.masks());
        self.set_pair(r1, sum.value);
        self.set_cc(sum.cc);
        raise(sum.exception)
    }

    fn short_halve(&mut self, (r1, b): Operands<u32>, operation: fn(u32, Masks) -> hfp::Outcome<u32>) -> Outcome {
        let outcome = operation(b, self.masks());
        self.set_short(r1, outcome.value);
        raise(outcome.exception)
    }

    fn long_halve(&mut self, (r1, b): Operands<u64>, operation: fn(u64, Masks) -> hfp::Outcome<u64>) -> Outcome {
        let outcome = operation(b, self.masks());
        self.state.fpr[r1] = outcome.value;
        raise(outcome.exception)
    }

    fn short_round(&mut self, (r1, b): Operands<u64>, operation: fn(u64) -> hfp::Outcome<u32>) -> Outcome {
        let outcome = operation(b);
        self.set_short(r1, outcome.value);
        raise(outcome.exception)
    }

    fn long_round(&mut self, (r1, b): Operands<Extended>, operation: fn(Extended) -> hfp::Outcome<u64>) -> Outcome {
        let outcome = operation(b);
        self.state.fpr[r1] = outcome.value;
        raise(outcome.exception)
    }

    fn short_quotient(
        &mut self,
        (r1, b): Operands<u32>,
        operation: fn(u32, u32, Masks) -> hfp::Outcome<u32>,
    ) -> Outcome {
        let outcome = operation(high(self.state.fpr[r1]), b, self.masks());
        self.set_short(r1, outcome.value);
        raise(outcome.exception)
    }

    /// The product of two short operands is long.
    fn short_product(
        &mut self,
        (r1, b): Operands<u32>,
        operation: fn(u32, u32, Masks) -> hfp::Outcome<u64>,
    ) -> Outcome {
        let outcome = operation(high(self.state.fpr[r1]), b, self.masks());
        self.state.fpr[r1] = outcome.value;
        raise(outcome.exception)
    }

    /// A product or quotient of long operands that is long, too.
    fn long_product(&mut self, (r1, b): Operands<u64>, operation: fn(u64, u64, Masks) -> hfp::Outcome<u64>) -> Outcome {
        let outcome = operation(self.state.fpr[r1], b, self.masks());
        self.state.fpr[r1] = outcome.value;
        raise(outcome.exception)
    }

    /// A product of long operands that is extended: the multiplicand is in the first register of the pair.
    fn long_to_pair_product(
        &mut self,
        (r1, b): Operands<u64>,
        operation: fn(u64, u64, Masks) -> hfp::Outcome<Extended>,
    ) -> Outcome {
        let outcome = operation(self.state.fpr[r1], b, self.masks());
        self.set_pair(r1, outcome.value);
        raise(outcome.exception)
    }

    fn extended_product(
        &mut self,
        (r1, b): Operands<Extended>,
        operation: fn(Extended, Extended, Masks) -> hfp::Outcome<Extended>,
    ) -> Outcome {
        let outcome = operation(self.pair(r1), b, self.masks());
        self.set_pair(r1, outcome.value);
        raise(outcome.exception)
    }

    pub(super) fn ler(&mut self, i: Instruction) -> Outcome {
        let (r1, value) = self.short_rr(i)?;
        self.set_short(r1, value);
        Ok(())
    }

    pub(super) fn le(&mut self, i: Instruction) -> Outcome {
        let (r1, value) = self.short_rx(i)?;
        self.set_short(r1, value);
        Ok(())
    }

    pub(super) fn ldr(&mut self, i: Instruction) -> Outcome {
        let (r1, value) = self.long_rr(i)?;
        self.state.fpr[r1] = value;
        Ok(())
    }

    pub(super) fn ld(&mut self, i: Instruction) -> Outcome {
        let (r1, value) = self.long_rx(i)?;
        self.state.fpr[r1] = value;
        Ok(())
    }

    pub(super) fn ste(&mut self, i: Instruction) -> Outcome {
        let value = high(self.state.fpr[register(i.r1())?]);
        self.store(self.address_rx(i), &value.to_be_bytes())
    }

    pub(super) fn std(&mut self, i: Instruction) -> Outcome {
        let value = self.state.fpr[register(i.r1())?];
        self.store(self.address_rx(i), &value.to_be_bytes())
    }
}

/// The interruption that a result brings with it, once it has been stored.
fn raise(exception: Option<Exception>) -> Outcome {
    exception.map_or(Ok(()), |exception| Err(ProgramCode(exception.interruption_code()).into()))
}

/// A method for each instruction: where its operands are, what becomes of the result, and the operation.
macro_rules! instructions {
    ($($method:ident: $operands:ident, $result:ident, $operation:path;)*) => {
        impl<S: AbsoluteStorage> Interpreter<'_, S> {
            $(pub(super) fn $method(&mut self, i: Instruction) -> Outcome {
                let operands = self.$operands(i)?;
                self.$result(operands, $operation)
            })*
        }
    };
}

instructions! {
    lper: short_rr, short_load, short::load_positive;
    lner: short_rr, short_load, short::load_negative;
    lter: short_rr, short_load, short::load_and_test;
    lcer: short_rr, short_load, short::load_complement;
    her: short_rr, short_halve, short::halve;
    lrer: long_rr, short_round, long::round_to_short;
    cer: short_rr, short_compare, short::compare;
    ce: short_rx, short_compare, short::compare;
    aer: short_rr, short_sum, short::add_normalized;
    ae: short_rx, short_sum, short::add_normalized;
    ser: short_rr, short_sum, short::subtract_normalized;
    se: short_rx, short_sum, short::subtract_normalized;
    aur: short_rr, short_sum, short::add_unnormalized;
    au: short_rx, short_sum, short::add_unnormalized;
    sur: short_rr, short_sum, short::subtract_unnormalized;
    su: short_rx, short_sum, short::subtract_unnormalized;
    mer: short_rr, short_product, short::multiply_to_long;
    me: short_rx, short_product, short::multiply_to_long;
    der: short_rr, short_quotient, short::divide;
    de: short_rx, short_quotient, short::divide;

    lpdr: long_rr, long_load, long::load_positive;
    lndr: long_rr, long_load, long::load_negative;
    ltdr: long_rr, long_load, long::load_and_test;
    lcdr: long_rr, long_load, long::load_complement;
    hdr: long_rr, long_halve, long::halve;
    lrdr: extended_to_long_rr, long_round, extended::round_to_long;
    cdr: long_rr, long_compare, long::compare;
    cd: long_rx, long_compare, long::compare;
    adr: long_rr, long_sum, long::add_normalized;
    ad: long_rx, long_sum, long::add_normalized;
    sdr: long_rr, long_sum, long::subtract_normalized;
    sd: long_rx, long_sum, long::subtract_normalized;
    awr: long_rr, long_sum, long::add_unnormalized;
    aw: long_rx, long_sum, long::add_unnormalized;
    swr: long_rr, long_sum, long::subtract_unnormalized;
    sw: long_rx, long_sum, long::subtract_unnormalized;
    mdr: long_rr, long_product, long::multiply;
    md: long_rx, long_product, long::multiply;
    ddr: long_rr, long_product, long::divide;
    dd: long_rx, long_product, long::divide;

    axr: extended_rr, extended_sum, extended::add_normalized;
    sxr: extended_rr, extended_sum, extended::subtract_normalized;
    mxr: extended_rr, extended_product, extended::multiply;
    mxdr: long_to_pair_rr, long_to_pair_product, long::multiply_to_extended;
    mxd: long_to_pair_rx, long_to_pair_product, long::multiply_to_extended;
}
