//! Runs of bytes: LM, STM, and storage-to-storage instructions of moderate length.

use super::{address1, address2, arithmetic::logical_operation};
use crate::{
    fast::slot::{Code, Slot},
    translate::algebra::{Algebra, Condition, Done, Operation, Order},
};

/// Registers that LM and STM move, which decoding has made the length of the operand.
fn registers(s: &Slot) -> impl Iterator<Item = (u32, u8)> {
    let first = s.r1;
    (0..u32::from(s.i) / 4).map(move |n| (4 * n, first.plus(n).number()))
}

/// Longest operands of NC, OC and XC that are spelled out.
const LONGEST_COMBINATION: u32 = 16;

pub fn runs<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    let length = u32::from(s.i) + 1;
    match s.code {
        Code::Lm => {
            let at = address1(a, s);
            let place = a.fetchable(at, s.i.into())?;
            for (offset, register) in registers(s) {
                let value = a.get(place, offset, 4);
                a.set_gr(register, value);
            }
        }
        Code::Stm => {
            let at = address1(a, s);
            let place = a.storable(at, s.i.into())?;
            for (offset, register) in registers(s) {
                let value = a.gr(register);
                a.put(place, offset, 4, value);
            }
        }
        Code::Mvc => {
            let (to, from) = (address1(a, s), address2(a, s));
            let from = a.fetchable(from, length)?;
            let to = a.storable(to, length)?;
            a.copy(to, from, length);
        }
        Code::Clc => {
            let (x, y) = (address1(a, s), address2(a, s));
            let x = a.fetchable(x, length)?;
            let y = a.fetchable(y, length)?;
            compare_storage(a, x, y, length);
        }
        Code::Nc | Code::Oc | Code::Xc if length <= LONGEST_COMBINATION => {
            let (to, from) = (address1(a, s), address2(a, s));
            let from = a.fetchable(from, length)?;
            let to = a.storable(to, length)?;
            // Operands that overlap but are not the same are the interpreter's.
            let (distance, longest) = (a.distance(to, from), a.long(2 * u64::from(length) - 2));
            let zero = a.long(0);
            let moved = a.long(u64::from(length) - 1);
            let around = a.combine_long(Operation::Add, distance, moved);
            let is_near = a.compare_long(Order::BelowOrEqual, around, longest);
            let is_other = a.compare_long(Order::NotEqual, distance, zero);
            let (yes, no) = (a.word(1), a.word(0));
            let near = a.select(is_near, yes, no);
            let overlaps = a.select(is_other, near, no);
            let overlaps = a.compare(Order::NotEqual, overlaps, no);
            a.leave_if(overlaps)?;
            let any = combine_storage(a, s, to, from, length);
            a.set_condition(Condition::Logical(any));
        }
        Code::XcZero if length <= 64 => {
            let at = address1(a, s);
            a.fetchable(at, length)?;
            let to = a.storable(at, length)?;
            let (zero, long) = (a.word(0), a.long(0));
            for (offset, size) in pieces(length) {
                if size == 8 {
                    a.put_long(to, offset, long);
                } else {
                    a.put(to, offset, size, zero);
                }
            }
            a.set_condition(Condition::Constant(0));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A run in pieces of 8, 4, 2 and 1 bytes: offsets and lengths.
pub fn pieces(length: u32) -> impl Iterator<Item = (u32, u32)> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let size = [8, 4, 2, 1].into_iter().find(|size| offset + size <= length)?;
        offset += size;
        Some((offset - size, size))
    })
}

/// NC, OC and XC: all ones that the result has, in a word.
fn combine_storage<A: Algebra>(a: &mut A, s: &Slot, to: A::Place, from: A::Place, length: u32) -> A::Word {
    let operation = logical_operation(s.code);
    let mut any = a.word(0);
    for (offset, size) in pieces(length) {
        let ones = if size == 8 {
            let (x, y) = (a.get_long(to, offset), a.get_long(from, offset));
            let result = a.combine_long(operation, x, y);
            a.put_long(to, offset, result);
            let shift = a.long(32);
            let high = a.combine_long(Operation::ShiftRight, result, shift);
            let (high, low) = (a.low(high), a.low(result));
            a.combine(Operation::Or, high, low)
        } else {
            let (x, y) = (a.get(to, offset, size), a.get(from, offset, size));
            let result = a.combine(operation, x, y);
            a.put(to, offset, size, result);
            result
        };
        any = a.combine(Operation::Or, any, ones);
    }
    any
}

fn compare_storage<A: Algebra>(a: &mut A, x: A::Place, y: A::Place, length: u32) {
    let condition = match length {
        1 | 2 | 4 => {
            let (x, y) = (a.get(x, 0, length), a.get(y, 0, length));
            Condition::CompareLogical(x, y)
        }
        3 | 5..=8 => {
            // What is read to the right of the operands is shifted out.
            let (x, y, unused) = (a.get_long(x, 0), a.get_long(y, 0), a.long(u64::from(64 - 8 * length)));
            let x = a.combine_long(Operation::ShiftRight, x, unused);
            let y = a.combine_long(Operation::ShiftRight, y, unused);
            Condition::CompareLogicalLong(x, y)
        }
        _ => Condition::Lazy(a.compare_runs(x, y, length)),
    };
    a.set_condition(condition);
}
