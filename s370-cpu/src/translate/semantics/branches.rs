//! Branches.

use super::{NextOf, add, address_rx, address1, r1, r2, set_r1};
use crate::{
    fast::{
        cache::Register,
        slot::{Code, Slot, is_conditional},
    },
    translate::algebra::{Algebra, Choice, Condition, Next, Operation, Order},
};

/// The register that decides, with a displacement, where a branch goes: its target is their sum.
pub fn decider(s: &Slot) -> Option<(u8, u32)> {
    match s.code {
        Code::Bcr | Code::BcrAlways | Code::Balr | Code::Basr | Code::Bctr => Some((s.r2.number(), 0)),
        code if is_conditional(code) || matches!(code, Code::Bal | Code::Bas | Code::Bct) => {
            let base = match (s.r2, s.b1) {
                (Register::NONE, base) => base,
                (index, Register::NONE) => index,
                _ => return None,
            };
            (base != Register::NONE).then(|| (base.number(), u32::from(s.d1)))
        }
        Code::Bxh | Code::Bxle if s.b1 != Register::NONE => Some((s.b1.number(), u32::from(s.d1))),
        _ => None,
    }
}

/// What BRANCH AND LINK leaves in its register.
fn link<A: Algebra>(a: &mut A, halfwords: u32, next: u32) -> A::Word {
    let condition = a.condition();
    let mask = u32::from(a.program_mask());
    let constant = a.word(halfwords << 30 | mask << 24 | next);
    if let Condition::Constant(code) = condition {
        let code = a.word(u32::from(code) << 28);
        return a.combine(Operation::Or, constant, code);
    }
    let lazy = a.lazy(condition);
    let [zero, one, two, three] = [0_u32, 1, 2, 3].map(|code| a.word(code << 28));
    let [is_zero, is_low, is_three] =
        [(Order::Equal, 0), (Order::Less, 0), (Order::Equal, i64::MAX as u64)].map(|(order, with)| {
            let with = a.long(with);
            a.compare_long(order, lazy, with)
        });
    let rest = a.select(is_three, three, two);
    let rest = a.select(is_low, one, rest);
    let code = a.select(is_zero, zero, rest);
    a.combine(Operation::Or, constant, code)
}

pub fn branches<A: Algebra>(a: &mut A, s: &Slot, next: u32) -> Option<NextOf<A>> {
    let flow = match s.code {
        Code::Bcr | Code::BcrAlways => {
            let condition = a.condition();
            let choice = a.selects(condition, s.r1.number());
            let target = r2(a, s);
            Next::Branch(choice, a.address(target))
        }
        code if is_conditional(code) => {
            let condition = a.condition();
            let choice = a.selects(condition, s.r1.number());
            Next::Branch(choice, address_rx(a, s))
        }
        Code::Balr | Code::Basr => {
            // The target is worked out before the register that may hold it changes.
            let target = r2(a, s);
            let target = a.address(target);
            let linked = if s.code == Code::Balr { link(a, 1, next) } else { a.word(next) };
            set_r1(a, s, linked);
            if s.r2.number() == 0 { Next::Sequential } else { Next::Branch(Choice::Always, target) }
        }
        Code::Bal | Code::Bas => {
            let target = address_rx(a, s);
            let linked = if s.code == Code::Bal { link(a, 2, next) } else { a.word(next) };
            set_r1(a, s, linked);
            Next::Branch(Choice::Always, target)
        }
        Code::Bct | Code::Bctr => {
            let target = if s.code == Code::Bct {
                address_rx(a, s)
            } else {
                let target = r2(a, s);
                a.address(target)
            };
            let (value, one, zero) = (r1(a, s), a.word(1), a.word(0));
            let count = a.combine(Operation::Subtract, value, one);
            set_r1(a, s, count);
            Next::Branch(Choice::If(a.compare(Order::NotEqual, count, zero)), target)
        }
        Code::Bxh | Code::Bxle => {
            let target = address1(a, s);
            let (increment, limit, value) = (r2(a, s), a.gr(s.r2.odd().number()), r1(a, s));
            let sum = add(a, value, increment);
            set_r1(a, s, sum);
            let order = if s.code == Code::Bxh { Order::Greater } else { Order::LessOrEqual };
            Next::Branch(Choice::If(a.compare(order, sum, limit)), target)
        }
        _ => return None,
    };
    Some(flow)
}
