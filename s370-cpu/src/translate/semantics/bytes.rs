//! Immediate operands and bytes under masks.

use super::{address1, arithmetic::logical_operation, r1, set_r1};
use crate::{
    fast::slot::{Code, Slot},
    translate::algebra::{Algebra, Condition, Done, Operation, Order},
};

pub fn bytes_and_masks<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    match s.code {
        Code::Tm => test(a, s)?,
        Code::Cli => {
            let at = address1(a, s);
            let place = a.fetchable(at, 1)?;
            let (byte, immediate) = (a.get(place, 0, 1), a.word(s.i.into()));
            a.set_condition(Condition::CompareLogical(byte, immediate));
        }
        Code::Mvi => {
            let at = address1(a, s);
            let place = a.storable(at, 1)?;
            let immediate = a.word(s.i.into());
            a.put(place, 0, 1, immediate);
        }
        Code::Ni | Code::Oi | Code::Xi => {
            let at = address1(a, s);
            let place = a.storable(at, 1)?;
            let (byte, immediate) = (a.get(place, 0, 1), a.word(s.i.into()));
            let result = a.combine(logical_operation(s.code), byte, immediate);
            a.put(place, 0, 1, result);
            a.set_condition(Condition::Logical(result));
        }
        Code::Icm => insert_under_mask(a, s)?,
        Code::Stcm => {
            let mask = s.r2.number();
            let at = address1(a, s);
            let place = a.storable(at, mask.count_ones())?;
            let value = r1(a, s);
            for (n, shift) in (0..).zip(shifts(mask)) {
                let shift = a.word(shift);
                let byte = a.combine(Operation::ShiftRight, value, shift);
                a.put(place, n, 1, byte);
            }
        }
        Code::Clm => compare_under_mask(a, s)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Where the bytes that a mask selects stand in a register.
fn shifts(mask: u8) -> impl Iterator<Item = u32> {
    [24, 16, 8, 0].into_iter().filter(move |shift| mask & 1 << (shift / 8) != 0)
}

fn insert_under_mask<A: Algebra>(a: &mut A, s: &Slot) -> Done {
    let mask = s.r2.number();
    let at = address1(a, s);
    let place = a.fetchable(at, mask.count_ones())?;
    if mask == 15 {
        let value = a.get(place, 0, 4);
        set_r1(a, s, value);
        a.set_condition(Condition::Signed(value));
        return Ok(());
    }
    let kept = shifts(mask).fold(u32::MAX, |kept, shift| kept & !(0xFF << shift));
    let (old, kept) = (r1(a, s), a.word(kept));
    let mut value = a.combine(Operation::And, old, kept);
    // What was inserted, its first bit leftmost and its bytes side by side.
    let mut inserted = a.word(0);
    for (n, shift) in (0..).zip(shifts(mask)) {
        let byte = a.get(place, n, 1);
        let (shift, beside) = (a.word(shift), a.word(24 - 8 * n));
        let (in_place, in_row) =
            (a.combine(Operation::ShiftLeft, byte, shift), a.combine(Operation::ShiftLeft, byte, beside));
        value = a.combine(Operation::Or, value, in_place);
        inserted = a.combine(Operation::Or, inserted, in_row);
    }
    set_r1(a, s, value);
    a.set_condition(Condition::Signed(inserted));
    Ok(())
}

/// TEST UNDER MASK.
fn test<A: Algebra>(a: &mut A, s: &Slot) -> Done {
    let at = address1(a, s);
    let place = a.fetchable(at, 1)?;
    let (byte, mask, zero) = (a.get(place, 0, 1), a.word(s.i.into()), a.word(0));
    let tested = a.combine(Operation::And, byte, mask);
    let is_none = a.compare(Order::Equal, tested, zero);
    let [none, mixed, all] = [0, 1, 3].map(|code| a.lazy(Condition::Constant(code)));
    // A single bit is never mixed.
    let rest = if s.i.is_power_of_two() {
        all
    } else {
        let is_all = a.compare(Order::Equal, tested, mask);
        a.select_long(is_all, all, mixed)
    };
    let lazy = a.select_long(is_none, none, rest);
    a.set_condition(Condition::Lazy(lazy));
    Ok(())
}

/// COMPARE LOGICAL CHARACTERS UNDER MASK.
fn compare_under_mask<A: Algebra>(a: &mut A, s: &Slot) -> Done {
    let mask = s.r2.number();
    let at = address1(a, s);
    let place = a.fetchable(at, mask.count_ones())?;
    let (register, eight, byte) = (r1(a, s), a.word(8), a.word(0xFF));
    let (mut x, mut y) = (a.word(0), a.word(0));
    for (n, shift) in (0..).zip(shifts(mask)) {
        let shift = a.word(shift);
        let field = a.combine(Operation::ShiftRight, register, shift);
        let field = a.combine(Operation::And, field, byte);
        let (left_x, left_y) = (a.combine(Operation::ShiftLeft, x, eight), a.combine(Operation::ShiftLeft, y, eight));
        let operand = a.get(place, n, 1);
        (x, y) = (a.combine(Operation::Or, left_x, field), a.combine(Operation::Or, left_y, operand));
    }
    a.set_condition(Condition::CompareLogical(x, y));
    Ok(())
}
