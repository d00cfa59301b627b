//! Products, quotients and shifts: what works on pairs of registers.

use super::{address1, arithmetic::signed_result, halfword_operand, r1, r2, set_r1, word_operand};
use crate::{
    fast::{
        cache::Register,
        slot::{Code, Slot},
    },
    translate::algebra::{Algebra, Condition, Done, Operation, Order},
};

/// A pair of registers, of which R1 is the even one.
fn pair<A: Algebra>(a: &mut A, s: &Slot) -> A::Long {
    let (left, right) = (r1(a, s), a.gr(s.r1.odd().number()));
    let (left, right, shift) = (a.unsigned(left), a.unsigned(right), a.long(32));
    let left = a.combine_long(Operation::ShiftLeft, left, shift);
    a.combine_long(Operation::Or, left, right)
}

fn set_pair<A: Algebra>(a: &mut A, s: &Slot, value: A::Long) {
    let shift = a.long(32);
    let left = a.combine_long(Operation::ShiftRight, value, shift);
    let (left, right) = (a.low(left), a.low(value));
    set_r1(a, s, left);
    a.set_gr(s.r1.odd().number(), right);
}

fn product<A: Algebra>(a: &mut A, s: &Slot, operand: A::Word) {
    let odd = a.gr(s.r1.odd().number());
    let (x, y) = (a.signed(odd), a.signed(operand));
    let product = a.combine_long(Operation::Multiply, x, y);
    set_pair(a, s, product);
}

fn quotient<A: Algebra>(a: &mut A, s: &Slot, operand: A::Word) -> Done {
    let (dividend, divisor) = (pair(a, s), a.signed(operand));
    let (zero, least) = (a.long(0), a.long(1 << 63));
    let by_zero = a.compare_long(Order::Equal, divisor, zero);
    a.leave_if(by_zero)?;
    let is_least = a.compare_long(Order::Equal, dividend, least);
    a.leave_if(is_least)?;
    let (quotient, remainder) = a.divide(dividend, divisor);
    let narrow = a.low(quotient);
    let wide = a.signed(narrow);
    let is_long = a.compare_long(Order::NotEqual, wide, quotient);
    a.leave_if(is_long)?;
    let remainder = a.low(remainder);
    set_r1(a, s, remainder);
    a.set_gr(s.r1.odd().number(), narrow);
    Ok(())
}

/// The amount of a shift, 0-63.
fn amount<A: Algebra>(a: &mut A, s: &Slot) -> A::Long {
    if s.b1 == Register::NONE {
        return a.long(u64::from(s.d1 & 63));
    }
    let (at, mask) = (address1(a, s), a.word(63));
    let amount = a.combine(Operation::And, at, mask);
    a.unsigned(amount)
}

pub fn products_and_shifts<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    match s.code {
        Code::Mr => {
            let operand = r2(a, s);
            product(a, s, operand);
        }
        Code::M => {
            let operand = word_operand(a, s)?;
            product(a, s, operand);
        }
        Code::Mh => {
            let operand = halfword_operand(a, s)?;
            let first = r1(a, s);
            let result = a.combine(Operation::Multiply, first, operand);
            set_r1(a, s, result);
        }
        Code::Dr => {
            let operand = r2(a, s);
            quotient(a, s, operand)?;
        }
        Code::D => {
            let operand = word_operand(a, s)?;
            quotient(a, s, operand)?;
        }
        Code::Sll | Code::Srl => {
            let (value, amount) = (r1(a, s), amount(a, s));
            let wide = a.unsigned(value);
            let operation = if s.code == Code::Sll { Operation::ShiftLeft } else { Operation::ShiftRight };
            let shifted = a.combine_long(operation, wide, amount);
            let result = a.low(shifted);
            set_r1(a, s, result);
        }
        Code::Sra => {
            let (value, amount) = (r1(a, s), amount(a, s));
            let wide = a.signed(value);
            let shifted = a.combine_long(Operation::ShiftRightSigned, wide, amount);
            let result = a.low(shifted);
            set_r1(a, s, result);
            a.set_condition(Condition::Signed(result));
        }
        Code::Sla => shift_left_single(a, s)?,
        Code::Sldl | Code::Srdl => {
            let (value, amount) = (pair(a, s), amount(a, s));
            let operation = if s.code == Code::Sldl { Operation::ShiftLeft } else { Operation::ShiftRight };
            let shifted = a.combine_long(operation, value, amount);
            set_pair(a, s, shifted);
        }
        Code::Srda => {
            let (value, amount) = (pair(a, s), amount(a, s));
            let shifted = a.combine_long(Operation::ShiftRightSigned, value, amount);
            set_pair(a, s, shifted);
            double_condition(a, shifted);
        }
        Code::Slda => {
            let (value, amount) = (pair(a, s), amount(a, s));
            // Bits shifted out must all equal the sign: shifted back, nothing is lost.
            let shifted = a.combine_long(Operation::ShiftLeft, value, amount);
            let back = a.combine_long(Operation::ShiftRightSigned, shifted, amount);
            let overflow = a.compare_long(Order::NotEqual, back, value);
            a.leave_if(overflow)?;
            set_pair(a, s, shifted);
            double_condition(a, shifted);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn shift_left_single<A: Algebra>(a: &mut A, s: &Slot) -> Done {
    let (value, amount) = (r1(a, s), amount(a, s));
    // By 32 or more, nothing but the sign stays: the interpreter's.
    let too_far = a.long(31);
    let is_far = a.compare_long(Order::Above, amount, too_far);
    a.leave_if(is_far)?;
    let wide = a.signed(value);
    let exact = a.combine_long(Operation::ShiftLeft, wide, amount);
    let shifted = a.low(exact);
    let (number, sign) = (a.word(i32::MAX as u32), a.word(1 << 31));
    let (number, sign) = (a.combine(Operation::And, shifted, number), a.combine(Operation::And, value, sign));
    let result = a.combine(Operation::Or, number, sign);
    let kept = a.signed(result);
    let overflow = a.compare_long(Order::NotEqual, kept, exact);
    signed_result(a, s, result, overflow)
}

/// The condition code of a signed doubleword.
fn double_condition<A: Algebra>(a: &mut A, value: A::Long) {
    let (three, one) = (a.long(i64::MAX as u64), a.long(1));
    let is_greatest = a.compare_long(Order::Equal, value, three);
    let lazy = a.select_long(is_greatest, one, value);
    a.set_condition(Condition::Lazy(lazy));
}
