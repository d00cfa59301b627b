//! Binary arithmetic and logic in registers and with words and halfwords of storage.

use s370_arch::psw::program_mask;

use super::{add, address_rx, halfword_operand, r1, r2, set_r1, word_operand};
use crate::{
    fast::slot::{Code, Slot},
    translate::algebra::{Algebra, Condition, Done, Operation, Order},
};

/// Puts a signed result into R1 and sets the condition code; the exact value is `exact`.
pub fn signed_result<A: Algebra>(a: &mut A, s: &Slot, result: A::Word, overflow: A::Truth) -> Done {
    let lazy = if a.program_mask() & program_mask::FIXED_OVERFLOW != 0 {
        a.leave_if(overflow)?;
        Condition::Signed(result)
    } else {
        let (three, signed) = (a.long(i64::MAX as u64), a.signed(result));
        Condition::Lazy(a.select_long(overflow, three, signed))
    };
    set_r1(a, s, result);
    a.set_condition(lazy);
    Ok(())
}

/// The signs of two values both differ from that of a third.
fn signs_differ<A: Algebra>(a: &mut A, x: A::Word, y: A::Word, from: A::Word) -> A::Truth {
    let (x, y) = (a.combine(Operation::Xor, x, from), a.combine(Operation::Xor, y, from));
    let (both, zero) = (a.combine(Operation::And, x, y), a.word(0));
    a.compare(Order::Less, both, zero)
}

fn signed_sum<A: Algebra>(a: &mut A, s: &Slot, operand: A::Word) -> Done {
    let first = r1(a, s);
    let sum = add(a, first, operand);
    let overflow = signs_differ(a, first, operand, sum);
    signed_result(a, s, sum, overflow)
}

fn signed_difference<A: Algebra>(a: &mut A, s: &Slot, operand: A::Word) -> Done {
    let first = r1(a, s);
    let difference = a.combine(Operation::Subtract, first, operand);
    let overflow = signs_differ(a, operand, difference, first);
    signed_result(a, s, difference, overflow)
}

/// Condition codes of logical sums: 0 and 2 are zero, 1 and 3 are not; 2 and 3 come with a carry.
fn logical_sum<A: Algebra>(a: &mut A, s: &Slot, operand: A::Word, is_difference: bool) {
    let first = r1(a, s);
    let (result, carry) = if is_difference {
        (a.combine(Operation::Subtract, first, operand), a.compare(Order::AboveOrEqual, first, operand))
    } else {
        let sum = add(a, first, operand);
        (sum, a.compare(Order::Below, sum, first))
    };
    let zero = a.word(0);
    let is_zero = a.compare(Order::Equal, result, zero);
    let [zero, one, two, three] = [0, 1, 2, 3].map(|code| a.lazy(Condition::Constant(code)));
    let without = a.select_long(is_zero, zero, one);
    let with = a.select_long(is_zero, two, three);
    let lazy = a.select_long(carry, with, without);
    set_r1(a, s, result);
    a.set_condition(Condition::Lazy(lazy));
}

fn logical_result<A: Algebra>(a: &mut A, s: &Slot, operation: Operation, operand: A::Word) {
    let first = r1(a, s);
    let result = a.combine(operation, first, operand);
    set_r1(a, s, result);
    a.set_condition(Condition::Logical(result));
}

pub fn register_arithmetic<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    match s.code {
        Code::Nop1 | Code::Nop2 => {}
        Code::Lr => {
            let value = r2(a, s);
            set_r1(a, s, value);
        }
        Code::Ltr => {
            let value = r2(a, s);
            set_r1(a, s, value);
            a.set_condition(Condition::Signed(value));
        }
        Code::Lcr | Code::Lpr | Code::Lnr => complement(a, s)?,
        Code::Ar => {
            let operand = r2(a, s);
            signed_sum(a, s, operand)?;
        }
        Code::Sr => {
            let operand = r2(a, s);
            if s.r1 == s.r2 {
                let zero = a.word(0);
                set_r1(a, s, zero);
                a.set_condition(Condition::Constant(0));
            } else {
                signed_difference(a, s, operand)?;
            }
        }
        Code::Alr | Code::Slr => {
            let operand = r2(a, s);
            logical_sum(a, s, operand, s.code == Code::Slr);
        }
        Code::Cr => {
            let (first, second) = (r1(a, s), r2(a, s));
            a.set_condition(Condition::Compare(first, second));
        }
        Code::Clr => {
            let (first, second) = (r1(a, s), r2(a, s));
            a.set_condition(Condition::CompareLogical(first, second));
        }
        Code::Nr | Code::Or | Code::Xr => {
            let operand = r2(a, s);
            logical_result(a, s, logical_operation(s.code), operand);
        }
        Code::BctrNone => {
            let (value, one) = (r1(a, s), a.word(1));
            let result = a.combine(Operation::Subtract, value, one);
            set_r1(a, s, result);
        }
        Code::La => {
            let at = address_rx(a, s);
            set_r1(a, s, at);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// LCR, LPR and LNR.
fn complement<A: Algebra>(a: &mut A, s: &Slot) -> Done {
    let (value, zero, least) = (r2(a, s), a.word(0), a.word(1 << 31));
    let negative = a.combine(Operation::Subtract, zero, value);
    if s.code == Code::Lnr {
        let is_positive = a.compare(Order::Greater, value, zero);
        let result = a.select(is_positive, negative, value);
        set_r1(a, s, result);
        a.set_condition(Condition::Signed(result));
        return Ok(());
    }
    let result = if s.code == Code::Lpr {
        let is_negative = a.compare(Order::Less, value, zero);
        a.select(is_negative, negative, value)
    } else {
        negative
    };
    let overflow = a.compare(Order::Equal, result, least);
    signed_result(a, s, result, overflow)
}

pub fn logical_operation(code: Code) -> Operation {
    match code {
        Code::Nr | Code::N | Code::Ni | Code::Nc => Operation::And,
        Code::Or | Code::O | Code::Oi | Code::Oc => Operation::Or,
        _ => Operation::Xor,
    }
}

pub fn storage_arithmetic<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    match s.code {
        Code::L => {
            let value = word_operand(a, s)?;
            set_r1(a, s, value);
        }
        Code::Lh => {
            let value = halfword_operand(a, s)?;
            set_r1(a, s, value);
        }
        Code::Ic => {
            let at = address_rx(a, s);
            let place = a.fetchable(at, 1)?;
            let (byte, old, kept) = (a.get(place, 0, 1), r1(a, s), a.word(!0xFF));
            let kept = a.combine(Operation::And, old, kept);
            let value = a.combine(Operation::Or, kept, byte);
            set_r1(a, s, value);
        }
        Code::St | Code::Sth | Code::Stc => {
            let length = match s.code {
                Code::St => 4,
                Code::Sth => 2,
                _ => 1,
            };
            let at = address_rx(a, s);
            let place = a.storable(at, length)?;
            let value = r1(a, s);
            a.put(place, 0, length, value);
        }
        Code::A | Code::Ah | Code::S | Code::Sh => {
            let is_half = matches!(s.code, Code::Ah | Code::Sh);
            let operand = if is_half { halfword_operand(a, s)? } else { word_operand(a, s)? };
            if matches!(s.code, Code::A | Code::Ah) {
                signed_sum(a, s, operand)?;
            } else {
                signed_difference(a, s, operand)?;
            }
        }
        Code::Al | Code::Sl => {
            let operand = word_operand(a, s)?;
            logical_sum(a, s, operand, s.code == Code::Sl);
        }
        Code::C | Code::Ch => {
            let operand = if s.code == Code::C { word_operand(a, s)? } else { halfword_operand(a, s)? };
            let first = r1(a, s);
            a.set_condition(Condition::Compare(first, operand));
        }
        Code::Cl => {
            let operand = word_operand(a, s)?;
            let first = r1(a, s);
            a.set_condition(Condition::CompareLogical(first, operand));
        }
        Code::N | Code::O | Code::X => {
            let operand = word_operand(a, s)?;
            logical_result(a, s, logical_operation(s.code), operand);
        }
        _ => return Ok(false),
    }
    Ok(true)
}
