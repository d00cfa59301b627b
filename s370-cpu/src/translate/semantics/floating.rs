//! Hexadecimal floating point.

use super::{address_rx, long_operand, usual, word_operand};
use crate::{
    fast::slot::{Code, Slot},
    translate::algebra::{Algebra, Condition, Done, Function, Operation, Order},
};

/// A short operand in a floating-point register.
fn short_register<A: Algebra>(a: &mut A, n: u8) -> A::Long {
    let (image, shift) = (a.fpr(n), a.long(32));
    a.combine_long(Operation::ShiftRight, image, shift)
}

fn set_short<A: Algebra>(a: &mut A, n: u8, image: A::Long) {
    let (old, right, shift) = (a.fpr(n), a.long(0xFFFF_FFFF), a.long(32));
    let right = a.combine_long(Operation::And, old, right);
    let left = a.combine_long(Operation::ShiftLeft, image, shift);
    let value = a.combine_long(Operation::Or, left, right);
    a.set_fpr(n, value);
}

/// The function of a floating-point operation, whether its operands are short, and whether it sets the condition code.
fn function_of(code: Code) -> Option<(Function, bool, bool)> {
    Some(match code {
        Code::Aer | Code::Ae => (Function::AddShort, true, true),
        Code::Adr | Code::Ad => (Function::AddLong, false, true),
        Code::Ser | Code::Se => (Function::SubtractShort, true, true),
        Code::Sdr | Code::Sd => (Function::SubtractLong, false, true),
        Code::Mer | Code::Me => (Function::MultiplyShort, true, false),
        Code::Mdr | Code::Md => (Function::MultiplyLong, false, false),
        Code::Der | Code::De => (Function::DivideShort, true, false),
        Code::Ddr | Code::Dd => (Function::DivideLong, false, false),
        Code::Her => (Function::HalveShort, true, false),
        Code::Hdr => (Function::HalveLong, false, false),
        Code::Cer | Code::Ce => (Function::CompareShort, true, true),
        Code::Cdr | Code::Cd => (Function::CompareLong, false, true),
        _ => return None,
    })
}

fn is_float_rr(code: Code) -> bool {
    (Code::Ler as u8..=Code::Ddr as u8).contains(&(code as u8))
}

pub fn floating<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    let (n1, n2) = (s.r1.number() & 3, s.r2.number() & 3);
    if let Some((function, is_short, sets_code)) = function_of(s.code) {
        let second = match (is_float_rr(s.code), is_short) {
            (true, true) => short_register(a, n2),
            (true, false) => a.fpr(n2),
            (false, true) => {
                let word = word_operand(a, s)?;
                a.unsigned(word)
            }
            (false, false) => long_operand(a, s)?,
        };
        let first = if is_short { short_register(a, n1) } else { a.fpr(n1) };
        let (image, code) = usual::compute(a, function, first, second)?;
        match function {
            Function::CompareShort | Function::CompareLong => {}
            _ if is_short && function != Function::MultiplyShort => set_short(a, n1, image),
            _ => a.set_fpr(n1, image),
        }
        if sets_code {
            a.set_condition(Condition::Lazy(code));
        }
        return Ok(true);
    }
    match s.code {
        Code::Ler => {
            let image = short_register(a, n2);
            set_short(a, n1, image);
        }
        Code::Ldr => {
            let image = a.fpr(n2);
            a.set_fpr(n1, image);
        }
        Code::Le => {
            let word = word_operand(a, s)?;
            let image = a.unsigned(word);
            set_short(a, n1, image);
        }
        Code::Ld => {
            let image = long_operand(a, s)?;
            a.set_fpr(n1, image);
        }
        Code::Ste => {
            let at = address_rx(a, s);
            let place = a.storable(at, 4)?;
            let image = short_register(a, n1);
            let word = a.low(image);
            a.put(place, 0, 4, word);
        }
        Code::Std => {
            let at = address_rx(a, s);
            let place = a.storable(at, 8)?;
            let image = a.fpr(n1);
            a.put_long(place, 0, image);
        }
        _ => return loaded(a, s, n1, n2),
    }
    Ok(true)
}

/// LTER and its like.
fn loaded<A: Algebra>(a: &mut A, s: &Slot, n1: u8, n2: u8) -> Done<bool> {
    let (is_short, operation) = match s.code {
        Code::Lter => (true, None),
        Code::Ltdr => (false, None),
        Code::Lcer => (true, Some(Operation::Xor)),
        Code::Lcdr => (false, Some(Operation::Xor)),
        Code::Lper => (true, Some(Operation::And)),
        Code::Lpdr => (false, Some(Operation::And)),
        Code::Lner => (true, Some(Operation::Or)),
        Code::Lndr => (false, Some(Operation::Or)),
        _ => return Ok(false),
    };
    let image = a.fpr(n2);
    let with = a.long(if operation == Some(Operation::And) { !(1 << 63) } else { 1 << 63 });
    let image = operation.map_or(image, |operation| a.combine_long(operation, image, with));
    let shown = if is_short {
        let left = a.long(0xFFFF_FFFF << 32);
        a.combine_long(Operation::And, image, left)
    } else {
        image
    };
    let (eight, one, zero) = (a.long(8), a.long(1), a.long(0));
    let fraction = a.combine_long(Operation::ShiftLeft, shown, eight);
    let is_zero = a.compare_long(Order::Equal, fraction, zero);
    // Halved, a number keeps its sign and is not the greatest, which stands for condition code 3.
    let half = a.combine_long(Operation::ShiftRightSigned, shown, one);
    let number = a.combine_long(Operation::Or, half, one);
    let lazy = a.select_long(is_zero, zero, number);
    if is_short {
        let shift = a.long(32);
        let left = a.combine_long(Operation::ShiftRight, image, shift);
        set_short(a, n1, left);
    } else {
        a.set_fpr(n1, image);
    }
    a.set_condition(Condition::Lazy(lazy));
    Ok(true)
}
