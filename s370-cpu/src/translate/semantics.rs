//! What simple instructions do, written once over an [`Algebra`]. The instruction is a decoded [`Slot`] that is neither part of
//! a pair nor carries a hint.
//!
//! Everything that may leave comes before anything is changed.

use s370_arch::psw::program_mask;

use super::algebra::{Algebra, Choice, Condition, Done, Function, Leave, Next, Operation, Order};
use crate::{
    exec::ADDRESS,
    fast::{
        cache::Register,
        slot::{Code, Slot, is_conditional},
    },
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

/// Puts a signed result into R1 and sets the condition code; the exact value is `exact`.
fn signed_result<A: Algebra>(a: &mut A, s: &Slot, result: A::Word, overflow: A::Truth) -> Done {
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

fn register_arithmetic<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
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
        Code::Lcr | Code::Lpr => {
            let (value, zero, least) = (r2(a, s), a.word(0), a.word(1 << 31));
            let mut result = a.combine(Operation::Subtract, zero, value);
            if s.code == Code::Lpr {
                let is_negative = a.compare(Order::Less, value, zero);
                result = a.select(is_negative, result, value);
            }
            let overflow = a.compare(Order::Equal, result, least);
            signed_result(a, s, result, overflow)?;
        }
        Code::Lnr => {
            let (value, zero) = (r2(a, s), a.word(0));
            let negative = a.combine(Operation::Subtract, zero, value);
            let is_positive = a.compare(Order::Greater, value, zero);
            let result = a.select(is_positive, negative, value);
            set_r1(a, s, result);
            a.set_condition(Condition::Signed(result));
        }
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

fn logical_operation(code: Code) -> Operation {
    match code {
        Code::Nr | Code::N | Code::Ni | Code::Nc => Operation::And,
        Code::Or | Code::O | Code::Oi | Code::Oc => Operation::Or,
        _ => Operation::Xor,
    }
}

fn storage_arithmetic<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
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

fn products_and_shifts<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
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

fn bytes_and_masks<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
    match s.code {
        Code::Tm => {
            let at = address1(a, s);
            let place = a.fetchable(at, 1)?;
            let (byte, mask) = (a.get(place, 0, 1), a.word(s.i.into()));
            let tested = a.combine(Operation::And, byte, mask);
            if s.i.is_power_of_two() {
                // All or none: 0 when zero, else the greatest number.
                let (zero, three, none) = (a.long(0), a.long(i64::MAX as u64), a.word(0));
                let is_none = a.compare(Order::Equal, tested, none);
                let lazy = a.select_long(is_none, zero, three);
                a.set_condition(Condition::Lazy(lazy));
                return Ok(true);
            }
            let zero = a.word(0);
            let (is_none, is_all) = (a.compare(Order::Equal, tested, zero), a.compare(Order::Equal, tested, mask));
            let [none, mixed, all] = [0, 1, 3].map(|code| a.lazy(Condition::Constant(code)));
            let rest = a.select_long(is_all, all, mixed);
            let lazy = a.select_long(is_none, none, rest);
            a.set_condition(Condition::Lazy(lazy));
        }
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
        Code::Clm => {
            let mask = s.r2.number();
            let at = address1(a, s);
            let place = a.fetchable(at, mask.count_ones())?;
            let (register, eight, byte) = (r1(a, s), a.word(8), a.word(0xFF));
            let (mut x, mut y) = (a.word(0), a.word(0));
            for (n, shift) in (0..).zip(shifts(mask)) {
                let shift = a.word(shift);
                let field = a.combine(Operation::ShiftRight, register, shift);
                let field = a.combine(Operation::And, field, byte);
                let (left_x, left_y) =
                    (a.combine(Operation::ShiftLeft, x, eight), a.combine(Operation::ShiftLeft, y, eight));
                let operand = a.get(place, n, 1);
                (x, y) = (a.combine(Operation::Or, left_x, field), a.combine(Operation::Or, left_y, operand));
            }
            a.set_condition(Condition::CompareLogical(x, y));
        }
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

/// Registers that LM and STM move, which decoding has made the length of the operand.
fn registers(s: &Slot) -> impl Iterator<Item = (u32, u8)> {
    let first = s.r1;
    (0..u32::from(s.i) / 4).map(move |n| (4 * n, first.plus(n).number()))
}

/// Longest operands of NC, OC and XC that are spelled out.
const LONGEST_COMBINATION: u32 = 16;

fn runs<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
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

fn branches<A: Algebra>(a: &mut A, s: &Slot, next: u32) -> Option<NextOf<A>> {
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

fn floating<A: Algebra>(a: &mut A, s: &Slot) -> Done<bool> {
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
        let (image, code) = a.function(function, first, second)?;
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

/// The address behind an instruction.
pub fn next_address(s: &Slot, at: u32) -> u32 {
    (at + 2 * u32::from(s.length)) & ADDRESS
}
