//! What is known of instructions without executing them: the registers they use and change, and the addresses that
//! follow from addresses known before.

use super::algebra::{Algebra, Condition, Done, Function, Operation, Order};
use crate::exec::ADDRESS;

/// Rightmost 24 bits of the general registers, where they are known.
pub type Known = [Option<u32>; 16];

/// A set of registers: bits 0-15 general registers, 16-19 floating-point registers, 20 the condition code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers(pub u32);

impl Registers {
    /// The condition code.
    pub const CONDITION: Registers = Registers(1 << 20);

    /// General register `n`.
    pub fn general(n: u8) -> Registers {
        Registers(1 << n)
    }

    /// Floating-point register `2 * n`.
    pub fn floating(n: u8) -> Registers {
        Registers(1 << (16 + n))
    }

    /// Whether all of `other` are in here.
    pub fn has(self, other: Registers) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both sets.
    #[must_use]
    pub fn in_both(self, other: Registers) -> Registers {
        Registers(self.0 & other.0)
    }

    /// What is in either set.
    #[must_use]
    pub fn and(self, other: Registers) -> Registers {
        Registers(self.0 | other.0)
    }
}

/// What instructions refer to.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Registers that are used.
    pub used: Registers,
    /// Registers that are changed.
    pub changed: Registers,
    /// What is known after them.
    pub known: Known,
    program_mask: u8,
}

impl Survey {
    /// Before the first instruction, with this knowledge.
    pub fn new(known: Known, program_mask: u8) -> Survey {
        Survey { used: Registers::default(), changed: Registers::default(), known, program_mask }
    }
}

/// What the rightmost 24 bits of a result are, from those of the operands.
pub fn fold(operation: Operation, a: Option<u32>, b: Option<u32>) -> Option<u32> {
    let (a, b) = (a?, b?);
    let result = match operation {
        Operation::Add => a.wrapping_add(b),
        Operation::Subtract => a.wrapping_sub(b),
        Operation::Multiply => a.wrapping_mul(b),
        Operation::And => a & b,
        Operation::Or => a | b,
        Operation::Xor => a ^ b,
        Operation::ShiftLeft | Operation::ShiftRight | Operation::ShiftRightSigned => return None,
    };
    Some(result & ADDRESS)
}

impl Algebra for Survey {
    type Word = Option<u32>;
    type Long = ();
    type Truth = ();
    type Place = ();

    fn word(&mut self, value: u32) -> Option<u32> {
        Some(value & ADDRESS)
    }
    fn long(&mut self, _: u64) {}
    fn gr(&mut self, n: u8) -> Option<u32> {
        self.used = self.used.and(Registers::general(n));
        self.known[usize::from(n)]
    }
    fn set_gr(&mut self, n: u8, value: Option<u32>) {
        self.changed = self.changed.and(Registers::general(n));
        self.known[usize::from(n)] = value;
    }
    fn fpr(&mut self, n: u8) {
        self.used = self.used.and(Registers::floating(n));
    }
    fn set_fpr(&mut self, n: u8, (): ()) {
        self.changed = self.changed.and(Registers::floating(n));
    }
    fn condition(&mut self) -> Condition<Option<u32>, ()> {
        self.used = self.used.and(Registers::CONDITION);
        Condition::Lazy(())
    }
    fn set_condition(&mut self, _: Condition<Option<u32>, ()>) {
        self.changed = self.changed.and(Registers::CONDITION);
    }
    fn program_mask(&self) -> u8 {
        self.program_mask
    }
    fn combine(&mut self, operation: Operation, a: Option<u32>, b: Option<u32>) -> Option<u32> {
        fold(operation, a, b)
    }
    fn combine_long(&mut self, _: Operation, (): (), (): ()) {}
    fn compare(&mut self, _: Order, _: Option<u32>, _: Option<u32>) {}
    fn compare_long(&mut self, _: Order, (): (), (): ()) {}
    fn select(&mut self, (): (), a: Option<u32>, b: Option<u32>) -> Option<u32> {
        a.filter(|_| a == b)
    }
    fn select_long(&mut self, (): (), (): (), (): ()) {}
    fn signed(&mut self, _: Option<u32>) {}
    fn unsigned(&mut self, _: Option<u32>) {}
    fn low(&mut self, (): ()) -> Option<u32> {
        None
    }
    fn divide(&mut self, (): (), (): ()) -> ((), ()) {
        ((), ())
    }
    fn zeros(&mut self, (): ()) {}
    fn multiply_high(&mut self, (): (), (): ()) {}
    fn address(&mut self, value: Option<u32>) -> Option<u32> {
        value
    }
    fn leave_if(&mut self, (): ()) -> Done {
        Ok(())
    }
    fn fetchable(&mut self, _: Option<u32>, _: u32) -> Done {
        Ok(())
    }
    fn storable(&mut self, _: Option<u32>, _: u32) -> Done {
        Ok(())
    }
    fn get(&mut self, (): (), _: u32, _: u32) -> Option<u32> {
        None
    }
    fn get_long(&mut self, (): (), _: u32) {}
    fn put(&mut self, (): (), _: u32, _: u32, _: Option<u32>) {}
    fn put_long(&mut self, (): (), _: u32, (): ()) {}
    fn distance(&mut self, (): (), (): ()) {}
    fn copy(&mut self, (): (), (): (), _: u32) {}
    fn compare_runs(&mut self, (): (), (): (), _: u32) {}
    fn either(
        &mut self,
        (): (),
        _: bool,
        then: impl FnOnce(&mut Self) -> Done<((), ())>,
        otherwise: impl FnOnce(&mut Self) -> Done<((), ())>,
    ) -> Done<((), ())> {
        then(self)?;
        otherwise(self)
    }
    fn function(&mut self, _: Function, (): (), (): ()) -> Done<((), ())> {
        Ok(((), ()))
    }
}
