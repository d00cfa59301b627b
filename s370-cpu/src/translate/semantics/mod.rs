//! What simple instructions do, written once over an [`Algebra`]. The instruction is a decoded [`Slot`] that is neither part of
//! a pair nor carries a hint.
//!
//! Everything that may leave comes before anything is changed.

mod arithmetic;
mod branches;
mod bytes;
mod floating;
mod runs;
mod shifts;
mod usual;

use self::{
    arithmetic::{register_arithmetic, storage_arithmetic},
    branches::branches,
    bytes::bytes_and_masks,
    floating::floating,
    runs::runs,
    shifts::products_and_shifts,
};
pub use self::{branches::decider, runs::pieces};
use super::algebra::{Algebra, Done, Leave, Next, Operation};
use crate::{
    exec::ADDRESS,
    fast::{cache::Register, slot::Slot},
};

/// Where to go on, in an algebra.
pub type NextOf<A> = Next<<A as Algebra>::Word, <A as Algebra>::Truth>;

/// Executes the instruction behind which the instruction at address `next` stands. An instruction that has no definition
/// here leaves.
pub fn execute<A: Algebra>(a: &mut A, s: &Slot, next: u32) -> Done<NextOf<A>> {
    if let Some(flow) = branches(a, s, next) {
        return Ok(flow);
    }
    if register_arithmetic(a, s)?
        || storage_arithmetic(a, s)?
        || products_and_shifts(a, s)?
        || bytes_and_masks(a, s)?
        || runs(a, s)?
        || floating(a, s)?
    {
        return Ok(Next::Sequential);
    }
    Err(Leave)
}

fn base<A: Algebra>(a: &mut A, register: Register) -> A::Word {
    if register == Register::NONE { a.word(0) } else { a.gr(register.number()) }
}

fn r1<A: Algebra>(a: &mut A, s: &Slot) -> A::Word {
    a.gr(s.r1.number())
}

fn r2<A: Algebra>(a: &mut A, s: &Slot) -> A::Word {
    a.gr(s.r2.number())
}

fn set_r1<A: Algebra>(a: &mut A, s: &Slot, value: A::Word) {
    a.set_gr(s.r1.number(), value);
}

fn add<A: Algebra>(a: &mut A, x: A::Word, y: A::Word) -> A::Word {
    a.combine(Operation::Add, x, y)
}

fn plus<A: Algebra>(a: &mut A, x: A::Word, displacement: u32) -> A::Word {
    if displacement == 0 {
        return x;
    }
    let displacement = a.word(displacement);
    add(a, x, displacement)
}

/// D1(B1), or D2(B2) of RS.
fn address1<A: Algebra>(a: &mut A, s: &Slot) -> A::Word {
    let base = base(a, s.b1);
    let sum = plus(a, base, s.d1.into());
    a.address(sum)
}

/// D2(B2) of SS.
fn address2<A: Algebra>(a: &mut A, s: &Slot) -> A::Word {
    let base = base(a, s.b2());
    let sum = plus(a, base, s.d2());
    a.address(sum)
}

fn address_rx<A: Algebra>(a: &mut A, s: &Slot) -> A::Word {
    let sum = match (s.r2, s.b1) {
        (Register::NONE, only) | (only, Register::NONE) => base(a, only),
        (index, b) => {
            let (index, b) = (base(a, index), base(a, b));
            add(a, index, b)
        }
    };
    let sum = plus(a, sum, s.d1.into());
    a.address(sum)
}

fn word_operand<A: Algebra>(a: &mut A, s: &Slot) -> Done<A::Word> {
    let at = address_rx(a, s);
    let place = a.fetchable(at, 4)?;
    Ok(a.get(place, 0, 4))
}

fn long_operand<A: Algebra>(a: &mut A, s: &Slot) -> Done<A::Long> {
    let at = address_rx(a, s);
    let place = a.fetchable(at, 8)?;
    Ok(a.get_long(place, 0))
}

fn halfword_operand<A: Algebra>(a: &mut A, s: &Slot) -> Done<A::Word> {
    let at = address_rx(a, s);
    let place = a.fetchable(at, 2)?;
    let half = a.get(place, 0, 2);
    let sixteen = a.word(16);
    let left = a.combine(Operation::ShiftLeft, half, sixteen);
    Ok(a.combine(Operation::ShiftRightSigned, left, sixteen))
}

/// The address behind an instruction.
pub fn next_address(s: &Slot, at: u32) -> u32 {
    (at + 2 * u32::from(s.length)) & ADDRESS
}
