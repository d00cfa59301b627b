//! The loop of the fast interpreter.
//!
//! Each arm holds the common path of one instruction. Whatever is unusual (an access the tables do not allow at once, a
//! store into decoded code, an exception, overflow with its interruption allowed) changes nothing and leaves, so that
//! the slow interpreter executes that one instruction.
//!
//! What the arms work on are local variables; no reference to them escapes, so that they stay in host registers. The
//! general registers are followed by zeros: the first of them stands for "no base" and "no index".

use std::hint::{black_box, cold_path};

use s370_arch::{
    interruption::{Class, ProgramCode},
    psw::program_mask,
};

use super::{
    Pending, bytes,
    cache::{Cache, Cursor, Register, Registers, decode_slot, decode_volatile, rehome},
    code::{LazyCode, THREE},
    decimal_ops as decimal, float_ops as float,
    pieces::{Tables, crosses},
    slot::{Code, Slot, is_branch, is_conditional, is_pair},
    system_ops::{self as system, Block, Memo},
    tlb::{Context, Tlb},
};
use crate::{
    exec::ADDRESS,
    state::CpuState,
    storage::{
        Storage,
        window::{ENTRIES, Entry, HAS_CODE, INVALID, lookup},
    },
};

/// What the loop needs.
pub struct Hot<'a> {
    pub state: &'a mut CpuState,
    pub storage: &'a Storage,
    pub cache: &'a Cache,
    pub tlb: &'a Tlb,
    /// Interruptions that an instruction causes are taken here, when nothing else could come between.
    pub native: bool,
    /// What may not be let in by opening masks.
    pub pending: Pending,
    /// TOD-clock units an instruction takes.
    pub instruction_time: u64,
    /// Instructions that may be executed; what is left of them afterwards.
    pub left: u64,
    /// Instructions of the slice behind those.
    pub beyond: u64,
    /// How many entries of regions are to be passed by: the loop executes what stands there itself.
    pub bypass: u32,
}

/// Why the loop was left. The PSW's address is that of the next instruction to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Nothing is left of the budget.
    Budget,
    /// That instruction is for the slow interpreter.
    Slow,
    /// The block at the PSW's address must be opened.
    Enter,
    /// This operand address is not in the table for fetches.
    FetchMiss(u32),
    /// This operand address is not in the table for stores.
    StoreMiss(u32),
    /// The region's entry with this number is reached.
    Region(u16),
    /// An instruction has caused this interruption, which is not taken here.
    Interruption {
        /// Program or supervisor call.
        class: Class,
        /// Interruption code.
        code: u16,
        /// Instruction-length code in halfwords.
        ilc: u8,
    },
    /// PSW or timers have changed such that everything must be looked at again.
    Context,
}

/// What the loop needs now and then.
struct Cold {
    /// The block's absolute address.
    absolute: u32,
    /// EXECUTE's target, or an instruction that is decoded for this time only, is executed in a place of its own; this is
    /// the instruction it stands for.
    origin: Cursor,
    /// And this is where to go on afterwards.
    resume: Cursor,
    /// Where to go on, when that is not where the cursor stands.
    elsewhere: Option<u32>,
    /// Entries of regions still to be passed by.
    bypass: u32,
}

/// Executes instructions from the PSW's address, whose block must be open.
#[expect(clippy::cognitive_complexity, reason = "one arm an instruction: the processor's dispatch table")]
pub fn run<'a>(hot: &mut Hot<'a>) -> Leave {
    let storage = hot.storage;
    let (mut fetch, mut store) = tables(hot.tlb.current());
    let (mut interrupted, mut returned) = (Memo::new((fetch, store)), Memo::new((fetch, store)));
    let mut low = system::plain_low_storage(hot);
    let mut left = hot.left;
    let mut gr = Registers::new(&hot.state.gr);
    let mut fpr = float::FloatRegisters::new(&hot.state.fpr);
    let mut cc = LazyCode::of(hot.state.psw.cc);
    // The block: its logical address, its absolute address, its first slot.
    let mut logical = hot.state.psw.address & !2047;
    let entry = lookup(fetch, logical);
    if entry.flags() & INVALID != 0 {
        return Leave::Enter;
    }
    let absolute = storage.absolute_of(entry.spot(logical));
    let Some((mut cursor, mut base)) = hot.cache.enter(absolute | hot.state.psw.address & 2047) else {
        return Leave::Enter;
    };
    if !hot.cache.is_home(base, logical) {
        rehome(base, logical);
    }
    let scratch = hot.cache.scratch();
    let mut cold = Cold { absolute, origin: cursor, resume: cursor, elsewhere: None, bypass: hot.bypass };
    // What is rarely used is not to compete for the host's registers.
    black_box(&mut cold);

    let leave = 'run: loop {
        /// The slot of the instruction.
        macro_rules! s {
            () => {
                cursor.slot()
            };
        }
        if left <= 1 {
            cold_path();
            if left == 0 {
                if s!().code == Code::Resume {
                    cursor = cold.resume;
                }
                break 'run Leave::Budget;
            }
            if is_pair(s!().code) {
                // No pair fits any more: the first instruction of it alone.
                let halfwords = isize::from(s!().length as i8);
                (cold.origin, cold.resume) = (cursor, cursor.advance(halfwords));
                scratch.advance(halfwords).set(Slot::bare(Code::Resume));
                scratch.set(s!().alone());
                cursor = scratch;
                continue 'run;
            }
        }
        {
            /// Leaves before the instruction.
            macro_rules! leave {
                ($why:expr) => {{
                    cold_path();
                    if cursor == scratch {
                        cursor = cold.origin;
                    }
                    break 'run $why;
                }};
            }
            macro_rules! slow {
                () => {
                    leave!(Leave::Slow)
                };
            }
            /// Goes on after an instruction of this many halfwords.
            macro_rules! next {
                ($halfwords:literal) => {{
                    cursor = cursor.advance($halfwords);
                    left -= 1;
                    continue 'run;
                }};
            }
            macro_rules! r1 {
                () => {
                    gr[s!().r1]
                };
            }
            macro_rules! r2 {
                () => {
                    gr[s!().r2]
                };
            }
            macro_rules! base {
                ($r:expr) => {
                    gr[$r]
                };
            }
            /// D1(B1), or D2(B2) of RS.
            macro_rules! address1 {
                () => {
                    base!(s!().b1).wrapping_add(u32::from(s!().d1)) & ADDRESS
                };
            }
            macro_rules! address2 {
                () => {
                    base!(s!().b2()).wrapping_add(s!().d2()) & ADDRESS
                };
            }
            macro_rules! address_rx {
                () => {
                    base!(s!().r2).wrapping_add(base!(s!().b1)).wrapping_add(u32::from(s!().d1)) & ADDRESS
                };
            }
            /// Where an operand to be fetched is, of 1, 2, 4 or 8 bytes.
            macro_rules! fetchable {
                ($at:expr, $size:literal) => {{
                    let at: u32 = $at;
                    let entry = lookup(fetch, at);
                    if (at as usize & ($size - 1)) | (entry.flags() & INVALID) != 0 {
                        cold_path();
                        if entry.flags() & INVALID != 0 {
                            leave!(Leave::FetchMiss(at));
                        }
                        if (at & 2047) + $size > 2048 {
                            slow!();
                        }
                    }
                    entry.plain_spot(at)
                }};
            }
            /// Where an operand to be stored into is, of 1, 2, 4 or 8 bytes.
            macro_rules! storable {
                ($at:expr, $size:literal) => {{
                    let at: u32 = $at;
                    let entry = lookup(store, at);
                    if (at as usize & ($size - 1)) | (entry.flags() & (INVALID | HAS_CODE)) != 0 {
                        cold_path();
                        if entry.flags() & INVALID != 0 {
                            leave!(Leave::StoreMiss(at));
                        }
                        if (at & 2047) + $size > 2048 {
                            slow!();
                        }
                        if entry.flags() & HAS_CODE != 0
                            && storage.is_code_short(storage.absolute_of(entry.spot(at)), $size)
                        {
                            slow!();
                        }
                    }
                    entry.spot(at)
                }};
            }
            /// Where a run of bytes inside one block is.
            macro_rules! fetchable_run {
                ($at:expr, $length:expr) => {{
                    let (at, length): (u32, u32) = ($at, $length);
                    let entry = lookup(fetch, at);
                    if entry.flags() & INVALID != 0 {
                        leave!(Leave::FetchMiss(at));
                    }
                    if (at & 2047) + length > 2048 {
                        slow!();
                    }
                    entry.plain_spot(at)
                }};
            }
            macro_rules! storable_run {
                ($at:expr, $length:expr) => {{
                    let (at, length): (u32, u32) = ($at, $length);
                    let entry = lookup(store, at);
                    if entry.flags() & INVALID != 0 {
                        leave!(Leave::StoreMiss(at));
                    }
                    if (at & 2047) + length > 2048 {
                        slow!();
                    }
                    if entry.flags() & HAS_CODE != 0
                        && storage.is_code_short(storage.absolute_of(entry.spot(at)), length)
                    {
                        slow!();
                    }
                    entry.spot(at)
                }};
            }
            /// Puts the cursor on an address that may be anywhere.
            macro_rules! locate {
                ($target:expr) => {{
                    let target: u32 = $target;
                    let entry = lookup(fetch, target);
                    if target & 1 != 0 {
                        cold.elsewhere = Some(target);
                        break 'run if left == 0 { Leave::Budget } else { Leave::Slow };
                    }
                    let place = if entry.flags() & INVALID != 0 {
                        None
                    } else {
                        let place = storage.absolute_of(entry.spot(target));
                        hot.cache.enter(place).map(|found| (place, found))
                    };
                    let Some((place, (slot, first))) = place else {
                        cold.elsewhere = Some(target);
                        break 'run if left == 0 { Leave::Budget } else { Leave::Enter };
                    };
                    (cursor, base) = (slot, first);
                    (logical, cold.absolute) = (target & !2047, place & !2047);
                    if !hot.cache.is_home(base, logical) {
                        rehome(base, logical);
                    }
                }};
            }
            /// Goes on there.
            macro_rules! enter {
                ($target:expr) => {{
                    locate!($target);
                    continue 'run;
                }};
            }
            /// A branch that is taken. When the register in the slot still has the value it had when the branch last
            /// stayed in this block, it goes where it went then. Otherwise the target is worked out, and remembered if
            /// one register (`$base`) decides it.
            macro_rules! branch {
                ($target:expr, $base:expr) => {{
                    left -= 1;
                    if gr[s!().hint_register()] == s!().hint_value() {
                        cursor = cursor.step(s!().hint_step());
                        continue 'run;
                    }
                    cold_path();
                    let target: u32 = $target;
                    let base_register: Option<Register> = $base;
                    if target & !2046 == logical {
                        let to = base.advance((target & 2047) as isize / 2);
                        if let Some(register) = base_register {
                            s!().set_hint(register, gr[register], to.step_from(cursor));
                        }
                        cursor = to;
                        continue 'run;
                    }
                    enter!(target);
                }};
            }
            macro_rules! branch_rx {
                () => {
                    branch!(address_rx!(), if s!().r2 == Register::NONE { Some(s!().b1) } else { None })
                };
            }
            macro_rules! branch_rr {
                () => {
                    branch!(r2!() & ADDRESS, Some(s!().r2))
                };
            }
            macro_rules! branch_rx_if {
                ($condition:expr) => {{
                    if $condition {
                        branch_rx!();
                    }
                    next!(2);
                }};
            }
            macro_rules! branch_rr_if {
                ($condition:expr) => {{
                    if $condition {
                        branch_rr!();
                    }
                    next!(1);
                }};
            }
            macro_rules! next_address {
                ($halfwords:literal) => {
                    (logical + cursor.bytes_from(base) + 2 * $halfwords) & ADDRESS
                };
            }
            /// What BRANCH AND LINK leaves in its register.
            macro_rules! link {
                ($halfwords:literal) => {
                    $halfwords << 30
                        | u32::from(cc.code()) << 28
                        | u32::from(hot.state.psw.program_mask) << 24
                        | next_address!($halfwords)
                };
            }
            /// A signed result, unless it overflows with the interruption allowed.
            macro_rules! signed {
                ($result:expr) => {{
                    let (result, overflow) = $result;
                    if overflow {
                        cold_path();
                        if hot.state.psw.program_mask & program_mask::FIXED_OVERFLOW != 0 {
                            slow!();
                        }
                        cc = THREE;
                    } else {
                        cc = LazyCode::signed(result as u32);
                    }
                    r1!() = result as u32;
                }};
            }
            macro_rules! add_logical {
                ($operand:expr, $carry:literal) => {{
                    let sum = u64::from(r1!()) + u64::from($operand) + $carry;
                    r1!() = sum as u32;
                    cc = LazyCode::of(u8::from(sum as u32 != 0) | u8::from(sum >> 32 != 0) << 1);
                }};
            }
            macro_rules! logical {
                ($operator:tt, $operand:expr) => {{
                    let result = r1!() $operator $operand;
                    r1!() = result;
                    cc = LazyCode::logical(result);
                }};
            }
            macro_rules! word {
                () => {
                    fetchable!(address_rx!(), 4).u32()
                };
            }
            macro_rules! halfword {
                () => {
                    fetchable!(address_rx!(), 2).u16() as i16 as i32
                };
            }
            macro_rules! register_pair {
                ($r:expr) => {
                    u64::from(gr[$r]) << 32 | u64::from(gr[$r.odd()])
                };
            }
            macro_rules! set_pair {
                ($r:expr, $value:expr) => {{
                    let value: u64 = $value;
                    gr[$r] = (value >> 32) as u32;
                    gr[$r.odd()] = value as u32;
                }};
            }
            macro_rules! divide {
                ($divisor:expr) => {{
                    let (dividend, divisor) = (register_pair!(s!().r1) as i64, i64::from($divisor as i32));
                    let Some(quotient) = dividend.checked_div(divisor).and_then(|q| i32::try_from(q).ok()) else {
                        slow!();
                    };
                    set_pair!(s!().r1, (dividend % divisor) as u32 as u64 * (1 << 32) | u64::from(quotient as u32));
                }};
            }
            macro_rules! immediate {
                ($operation:expr) => {{
                    let place = storable!(address1!(), 1);
                    let result = $operation(place.u8(), s!().i);
                    place.put_u8(result);
                    cc = LazyCode::logical(result.into());
                }};
            }
            /// For what a function finds to be unusual.
            macro_rules! or_leave {
                ($result:expr) => {
                    match $result {
                        Ok(value) => value,
                        Err(why) => leave!(why),
                    }
                };
            }
            macro_rules! in_pieces {
                () => {
                    Tables { fetch, store, storage }
                };
            }
            /// The operands of an SS instruction with one length.
            macro_rules! combine {
                ($operation:expr) => {{
                    let (to_at, from_at, length) = (address1!(), address2!(), u32::from(s!().i) + 1);
                    if crosses(to_at, length) || crosses(from_at, length) {
                        or_leave!(in_pieces!().combine(to_at, from_at, length, $operation))
                    } else {
                        let from = fetchable_run!(from_at, length);
                        let to = storable_run!(to_at, length);
                        if to != from && bytes::overlap(to, length, from, length) {
                            slow!();
                        }
                        bytes::combine(to, from, length, $operation)
                    }
                }};
            }
            macro_rules! f1 {
                () => {
                    fpr.get(s!().r1)
                };
            }
            macro_rules! f2 {
                () => {
                    fpr.get(s!().r2)
                };
            }
            macro_rules! long_operand {
                () => {
                    fetchable!(address_rx!(), 8).u64()
                };
            }
            /// A floating-point result in the first operand's register, and the condition code; an exception leaves.
            macro_rules! float {
                ($operation:path, $operand:expr) => {{
                    let operand = $operand;
                    match $operation(f1!(), operand, &hot.state.psw.program_mask) {
                        Some((value, code)) => {
                            fpr.set(s!().r1, value);
                            cc = code;
                        }
                        None => slow!(),
                    }
                }};
            }
            /// The same without condition code.
            macro_rules! float_quiet {
                ($operation:path, $operand:expr) => {{
                    let operand = $operand;
                    match $operation(f1!(), operand, &hot.state.psw.program_mask) {
                        Some(value) => fpr.set(s!().r1, value),
                        None => slow!(),
                    }
                }};
            }
            macro_rules! float_compare {
                ($operation:path, $operand:expr) => {{
                    let operand = $operand;
                    cc = $operation(f1!(), operand);
                }};
            }
            /// An instruction on two packed operands.
            macro_rules! decimal {
                ($operation:expr) => {{
                    let (length1, length2) = (u32::from(s!().r1.number()) + 1, u32::from(s!().r2.number()) + 1);
                    let from = fetchable_run!(address2!(), length2);
                    let to = storable_run!(address1!(), length1);
                    // Improper overlap is a data exception of its own.
                    let same_end = to.right(length1) == from.right(length2);
                    if !same_end && bytes::overlap(to, length1, from, length2) {
                        slow!();
                    }
                    let (a, b) = (bytes::field(to, length1), bytes::field(from, length2));
                    match $operation(a, b, length1, length2, hot.state.psw.program_mask) {
                        Some((result, code)) => {
                            bytes::put_field(to, length1, result);
                            cc = code.map_or(cc, LazyCode::of);
                        }
                        None => slow!(),
                    }
                }};
            }
            /// PACK or UNPACK, of operands that do not overlap.
            macro_rules! repack {
                ($operation:path) => {{
                    let (length1, length2) = (u32::from(s!().r1.number()) + 1, u32::from(s!().r2.number()) + 1);
                    let from = fetchable_run!(address2!(), length2);
                    let to = storable_run!(address1!(), length1);
                    if bytes::overlap(to, length1, from, length2) {
                        slow!();
                    }
                    bytes::put_field(to, length1, $operation(bytes::field(from, length2)));
                }};
            }
            /// The time at this instruction.
            macro_rules! now {
                () => {
                    hot.state.time + (hot.left - left) * hot.instruction_time
                };
            }
            /// Goes on at an address, in the context that the PSW now selects.
            macro_rules! switch {
                ($target:expr) => {{
                    let target: u32 = $target;
                    match hot.tlb.switch(hot.state) {
                        Some(context) if !hot.state.psw.secondary => {
                            (fetch, store) = tables(context);
                            enter!(target);
                        }
                        _ => {
                            cold.elsewhere = Some(target);
                            break 'run Leave::Context;
                        }
                    }
                }};
            }
            /// Goes on with a PSW that has been loaded.
            macro_rules! loaded {
                ($word:expr, $memo:ident) => {{
                    left -= 1;
                    cc = LazyCode::of(system::code_of($word));
                    (fetch, store) = $memo.tables;
                    let target = $word as u32 & ADDRESS;
                    match $memo.block {
                        Some(block)
                            if target & !2046 == block.logical && hot.cache.is_home(block.base, block.logical) =>
                        {
                            (logical, cold.absolute, base) = (block.logical, block.absolute, block.base);
                            cursor = base.advance((target & 2047) as isize / 2);
                        }
                        _ => {
                            locate!(target);
                            $memo.block = Some(Block { logical, absolute: cold.absolute, base });
                        }
                    }
                    continue 'run;
                }};
            }
            /// Takes an interruption of the class, with this code and ILC.
            macro_rules! interrupt {
                ($class:expr, $code:expr, $halfwords:literal) => {{
                    let next = (next_address!($halfwords), cc.code());
                    match system::interrupt(hot, low, $class, ($code, $halfwords), next, &mut interrupted) {
                        Some(word) => loaded!(word, interrupted),
                        None if !hot.native => {
                            left -= 1;
                            cold.elsewhere = Some(next.0);
                            break 'run Leave::Interruption { class: $class, code: $code, ilc: $halfwords };
                        }
                        None => slow!(),
                    }
                }};
            }
            /// In the problem state, a privileged-operation exception; in the supervisor state, goes on.
            macro_rules! privileged {
                ($halfwords:literal) => {
                    if hot.state.psw.problem {
                        interrupt!(Class::Program, ProgramCode::PRIVILEGED.0, $halfwords);
                    }
                };
            }
            macro_rules! mask_change {
                ($change:expr) => {
                    match $change {
                        system::MaskChange::Done => next!(2),
                        system::MaskChange::Context => {
                            left -= 1;
                            let target = next_address!(2);
                            switch!(target);
                        }
                        system::MaskChange::Declined => slow!(),
                    }
                };
            }

            macro_rules! do_lr {
                () => {{
                    r1!() = r2!();
                }};
            }
            macro_rules! do_ltr {
                () => {{
                    r1!() = r2!();
                    cc = LazyCode::signed(r1!());
                }};
            }
            macro_rules! do_cr {
                () => {{
                    cc = LazyCode(i64::from(r1!() as i32) - i64::from(r2!() as i32));
                }};
            }
            macro_rules! do_clr {
                () => {{
                    cc = LazyCode::compare(r1!(), r2!());
                }};
            }
            macro_rules! do_ar {
                () => {{
                    signed!((r1!() as i32).overflowing_add(r2!() as i32));
                }};
            }
            macro_rules! do_sr {
                () => {{
                    signed!((r1!() as i32).overflowing_sub(r2!() as i32));
                }};
            }
            macro_rules! do_alr {
                () => {{
                    add_logical!(r2!(), 0);
                }};
            }
            macro_rules! do_xr {
                () => {{
                    logical!(^, r2!());
                }};
            }
            macro_rules! do_nr {
                () => {{
                    logical!(&, r2!());
                }};
            }
            macro_rules! do_l {
                () => {{
                    r1!() = word!();
                }};
            }
            macro_rules! do_la {
                () => {{
                    r1!() = address_rx!();
                }};
            }
            macro_rules! do_st {
                () => {{
                    let place = storable!(address_rx!(), 4);
                    place.put_u32(r1!());
                }};
            }
            macro_rules! do_stc {
                () => {{
                    let place = storable!(address_rx!(), 1);
                    place.put_u8(r1!() as u8);
                }};
            }
            macro_rules! do_ic {
                () => {{
                    let byte = fetchable!(address_rx!(), 1).u8();
                    r1!() = r1!() & !0xFF | u32::from(byte);
                }};
            }
            macro_rules! do_a {
                () => {{
                    let operand = word!() as i32;
                    signed!((r1!() as i32).overflowing_add(operand));
                }};
            }
            macro_rules! do_s {
                () => {{
                    let operand = word!() as i32;
                    signed!((r1!() as i32).overflowing_sub(operand));
                }};
            }
            macro_rules! do_c {
                () => {{
                    let operand = word!() as i32;
                    cc = LazyCode(i64::from(r1!() as i32) - i64::from(operand));
                }};
            }
            macro_rules! do_ch {
                () => {{
                    let operand = halfword!();
                    cc = LazyCode(i64::from(r1!() as i32) - i64::from(operand));
                }};
            }
            macro_rules! do_cl {
                () => {{
                    let operand = word!();
                    cc = LazyCode::compare(r1!(), operand);
                }};
            }
            macro_rules! do_n {
                () => {{
                    logical!(&, word!());
                }};
            }
            macro_rules! do_cli {
                () => {{
                    let byte = fetchable!(address1!(), 1).u8();
                    cc = LazyCode::compare(byte.into(), s!().i.into());
                }};
            }
            macro_rules! do_tm {
                () => {{
                    let tested = fetchable!(address1!(), 1).u8() & s!().i;
                    cc = match tested {
                        0 => LazyCode(0),
                        all if all == s!().i => THREE,
                        _ => LazyCode(-1),
                    };
                }};
            }
            macro_rules! do_mvi {
                () => {{
                    let place = storable!(address1!(), 1);
                    place.put_u8(s!().i);
                }};
            }
            macro_rules! do_clc {
                () => {{
                    let (a_at, b_at, length) = (address1!(), address2!(), u32::from(s!().i) + 1);
                    cc = if crosses(a_at, length) || crosses(b_at, length) {
                        LazyCode(or_leave!(in_pieces!().compare(a_at, b_at, length)))
                    } else {
                        let a = fetchable_run!(a_at, length);
                        let b = fetchable_run!(b_at, length);
                        LazyCode(bytes::compare(a, b, length))
                    };
                }};
            }
            macro_rules! do_lm {
                () => {{
                    let length = u32::from(s!().i);
                    let mut from = fetchable_run!(address1!(), length);
                    if length == 8 {
                        // Two registers are common. They were perhaps stored one by one: the host would have to wait for
                        // both before it could load a doubleword.
                        gr[s!().r1] = from.u32();
                        gr[s!().r1.plus(1)] = from.right(4).u32();
                    } else {
                        let (mut register, end) = (s!().r1, from.right(length));
                        while from != end {
                            gr[register] = from.u32();
                            (register, from) = (register.plus(1), from.right(4));
                        }
                    }
                }};
            }
            macro_rules! do_stm {
                () => {{
                    let length = u32::from(s!().i);
                    let mut to = storable_run!(address1!(), length);
                    if length == 8 {
                        to.put_u64(u64::from(gr[s!().r1]) << 32 | u64::from(gr[s!().r1.plus(1)]));
                    } else {
                        let (mut register, end) = (s!().r1, to.right(length));
                        while to != end {
                            to.put_u32(gr[register]);
                            (register, to) = (register.plus(1), to.right(4));
                        }
                    }
                }};
            }
            macro_rules! do_sll {
                () => {{
                    r1!() = (u64::from(r1!()) << (address1!() & 63)) as u32;
                }};
            }
            macro_rules! do_srl {
                () => {{
                    r1!() = (u64::from(r1!()) >> (address1!() & 63)) as u32;
                }};
            }
            macro_rules! do_ah {
                () => {{
                    let operand = halfword!();
                    signed!((r1!() as i32).overflowing_add(operand));
                }};
            }
            macro_rules! do_lh {
                () => {{
                    r1!() = halfword!() as u32;
                }};
            }
            macro_rules! do_sth {
                () => {{
                    let place = storable!(address_rx!(), 2);
                    place.put_u16(r1!() as u16);
                }};
            }
            macro_rules! do_bct {
                () => {{
                    let count = r1!().wrapping_sub(1);
                    r1!() = count;
                    branch_rx_if!(count != 0);
                }};
            }
            macro_rules! do_balr {
                () => {{
                    r1!() = link!(1);
                    branch_rr_if!(s!().r2.number() != 0);
                }};
            }
            /// BCR 15: mostly a return, so where it went last says little.
            macro_rules! do_return {
                () => {{
                    let target = r2!() & ADDRESS;
                    left -= 1;
                    if target & !2046 == logical {
                        cursor = base.advance((target & 2047) as isize / 2);
                        continue 'run;
                    }
                    enter!(target);
                }};
            }
            macro_rules! do_index {
                ($operator:tt) => {{
                    let (increment, limit) = (r2!(), gr[s!().r2.odd()] as i32);
                    let sum = r1!().wrapping_add(increment);
                    r1!() = sum;
                    if sum as i32 $operator limit {
                        branch!(address1!(), Some(s!().b1));
                    }
                    next!(2);
                }};
            }
            /// From the first instruction of a pair to the second, if that is still what it was.
            macro_rules! follow {
                ($halfwords:literal, $second:pat) => {{
                    cursor = cursor.advance($halfwords);
                    left -= 1;
                    if !matches!(s!().plain, $second) {
                        continue 'run;
                    }
                }};
            }

            macro_rules! do_le {
                () => {{
                    fpr.set(s!().r1, word!());
                }};
            }
            macro_rules! do_me {
                () => {{
                    float_quiet!(float::multiply_short, word!());
                }};
            }
            macro_rules! do_ld {
                () => {{
                    fpr.set(s!().r1, long_operand!());
                }};
            }
            macro_rules! do_md {
                () => {{
                    float_quiet!(float::multiply_long, long_operand!());
                }};
            }
            macro_rules! do_aer {
                () => {{
                    float!(float::add_short, f2!());
                }};
            }
            macro_rules! do_adr {
                () => {{
                    float!(float::add_long, f2!());
                }};
            }
            macro_rules! do_mer {
                () => {{
                    float_quiet!(float::multiply_short, f2!());
                }};
            }
            macro_rules! do_ae {
                () => {{
                    float!(float::add_short, word!());
                }};
            }
            macro_rules! do_mdr {
                () => {{
                    float_quiet!(float::multiply_long, f2!());
                }};
            }
            macro_rules! do_ad {
                () => {{
                    float!(float::add_long, long_operand!());
                }};
            }
            macro_rules! do_bxle {
                () => {
                    do_index!(<=)
                };
            }
            macro_rules! do_bc {
                () => {
                    branch_rx_if!(cc.selects(s!().r1.number()))
                };
            }
            /// Does this, and goes on after an instruction of so many halfwords.
            macro_rules! then {
                ($halfwords:literal, $($body:tt)*) => {{
                    $($body)*;
                    next!($halfwords);
                }};
            }
            /// The first instruction of a pair, of so many halfwords, and the second, which goes on by itself if it branches.
            macro_rules! do_lpsw {
                () => {{
                    privileged!(2);
                    let at = address1!();
                    if at & 7 != 0 {
                        slow!();
                    }
                    let word = fetchable!(at, 8).u64();
                    if !system::load_psw(hot, word, &mut returned) {
                        slow!();
                    }
                    loaded!(word, returned);
                }};
            }
            macro_rules! pair {
                ($first:ident, $halfwords:literal, $code:ident => $second:ident, $second_halfwords:literal) => {{
                    $first!();
                    follow!($halfwords, Code::$code);
                    $second!();
                    next!($second_halfwords);
                }};
                ($first:ident, $halfwords:literal, $code:ident => $second:ident) => {{
                    $first!();
                    follow!($halfwords, Code::$code);
                    $second!();
                }};
            }

            match s!().code {
                Code::Undecoded => {
                    decode_slot(cursor, base, storage, cold.absolute);
                    low = system::plain_low_storage(hot);
                    continue 'run;
                }
                Code::End => {
                    let target = logical.wrapping_add(2048) & ADDRESS;
                    enter!(target);
                }
                Code::Slow => slow!(),
                Code::Volatile | Code::Region => {
                    if s!().code == Code::Region {
                        if cold.bypass == 0 {
                            leave!(Leave::Region(s!().region_number()));
                        }
                        cold.bypass -= u32::from(cold.bypass != u32::MAX);
                    }
                    let slot = decode_volatile(cursor, base, storage, cold.absolute);
                    if is_conditional(slot.code) {
                        if cc.selects(slot.r1.number()) {
                            left -= 1;
                            let index = base!(slot.r2).wrapping_add(base!(slot.b1));
                            let target = index.wrapping_add(u32::from(slot.d1)) & ADDRESS;
                            enter!(target);
                        }
                        next!(2);
                    }
                    if is_branch(slot.code) {
                        slow!();
                    }
                    (cold.origin, cold.resume) = (cursor, cursor.advance(isize::from(slot.length as i8)));
                    scratch.advance(isize::from(slot.length as i8)).set(Slot::bare(Code::Resume));
                    scratch.set(slot);
                    cursor = scratch;
                    continue 'run;
                }
                Code::Resume => {
                    cursor = cold.resume;
                    continue 'run;
                }
                Code::Nop1 => next!(1),
                Code::Nop2 => next!(2),

                Code::Lr => then!(1, do_lr!()),
                Code::Ltr => then!(1, do_ltr!()),
                Code::Lcr => then!(1, signed!((r2!() as i32).overflowing_neg())),
                Code::Lpr => then!(1, signed!((r2!() as i32).overflowing_abs())),
                Code::Lnr => {
                    r1!() = (r2!() as i32).wrapping_abs().wrapping_neg() as u32;
                    cc = LazyCode::signed(r1!());
                    next!(1);
                }
                Code::Ar => then!(1, do_ar!()),
                Code::Sr => then!(1, do_sr!()),
                Code::Alr => then!(1, do_alr!()),
                Code::Slr => then!(1, add_logical!(!r2!(), 1)),
                Code::Cr => then!(1, do_cr!()),
                Code::Clr => then!(1, do_clr!()),
                Code::Nr => then!(1, do_nr!()),
                Code::Or => then!(1, logical!(|, r2!())),
                Code::Xr => then!(1, do_xr!()),
                Code::Mr => {
                    let product = i64::from(gr[s!().r1.odd()] as i32) * i64::from(r2!() as i32);
                    set_pair!(s!().r1, product as u64);
                    next!(1);
                }
                Code::Dr => then!(1, divide!(r2!())),
                Code::Spm => {
                    cc = LazyCode::of((r1!() >> 28) as u8);
                    hot.state.psw.program_mask = (r1!() >> 24) as u8 & 15;
                    next!(1);
                }

                Code::Bcr => branch_rr_if!(cc.selects(s!().r1.number())),
                Code::BcrAlways => do_return!(),
                Code::Balr => do_balr!(),
                Code::Basr => {
                    r1!() = next_address!(1);
                    branch_rr_if!(s!().r2.number() != 0);
                }
                Code::Bctr => {
                    let count = r1!().wrapping_sub(1);
                    r1!() = count;
                    branch_rr_if!(count != 0);
                }
                Code::BctrNone => then!(1, r1!() = r1!().wrapping_sub(1)),

                Code::L => then!(2, do_l!()),
                Code::Lh => then!(2, do_lh!()),
                Code::La => then!(2, do_la!()),
                Code::St => then!(2, do_st!()),
                Code::Sth => then!(2, do_sth!()),
                Code::Stc => then!(2, do_stc!()),
                Code::Ic => then!(2, do_ic!()),
                Code::A => then!(2, do_a!()),
                Code::Ah => then!(2, do_ah!()),
                Code::S => then!(2, do_s!()),
                Code::Sh => {
                    let operand = halfword!();
                    signed!((r1!() as i32).overflowing_sub(operand));
                    next!(2);
                }
                Code::Al => {
                    let operand = word!();
                    add_logical!(operand, 0);
                    next!(2);
                }
                Code::Sl => {
                    let operand = word!();
                    add_logical!(!operand, 1);
                    next!(2);
                }
                Code::C => then!(2, do_c!()),
                Code::Ch => then!(2, do_ch!()),
                Code::Cl => then!(2, do_cl!()),
                Code::N => then!(2, do_n!()),
                Code::O => then!(2, logical!(|, word!())),
                Code::X => then!(2, logical!(^, word!())),
                Code::M => {
                    let operand = word!() as i32;
                    let product = i64::from(gr[s!().r1.odd()] as i32) * i64::from(operand);
                    set_pair!(s!().r1, product as u64);
                    next!(2);
                }
                Code::Mh => {
                    let operand = halfword!();
                    r1!() = r1!().wrapping_mul(operand as u32);
                    next!(2);
                }
                Code::D => {
                    let operand = word!();
                    divide!(operand);
                    next!(2);
                }
                Code::Cvb => {
                    match decimal::convert_to_binary(long_operand!()) {
                        Some(value) => r1!() = value,
                        None => slow!(),
                    }
                    next!(2);
                }
                Code::Cvd => {
                    let place = storable!(address_rx!(), 8);
                    place.put_u64(crate::decimal::cvd(r1!() as i32));
                    next!(2);
                }

                Code::Bc => do_bc!(),
                Code::BcAlways => branch_rx!(),
                Code::BcEqual => branch_rx_if!(cc.0 == 0),
                Code::BcNotEqual => branch_rx_if!(cc.0 != 0),
                Code::BcLow => branch_rx_if!(cc.0 < 0),
                Code::BcNotLow => branch_rx_if!(cc.0 >= 0),
                Code::BcHigh => branch_rx_if!(cc.is_two()),
                Code::BcNotHigh => branch_rx_if!(!cc.is_two()),
                Code::BcOnes => branch_rx_if!(cc == THREE),
                Code::BcNotOnes => branch_rx_if!(cc != THREE),
                Code::Bal => {
                    r1!() = link!(2);
                    branch_rx!();
                }
                Code::Bas => {
                    r1!() = next_address!(2);
                    branch_rx!();
                }
                Code::Bct => do_bct!(),
                Code::Bxh => do_index!(>),
                Code::Bxle => do_bxle!(),
                Code::Ex => {
                    let target = address_rx!();
                    let at = fetchable_run!(target, 6);
                    if target & 1 != 0 {
                        slow!();
                    }
                    let or = if s!().r1.number() == 0 { 0 } else { r1!() as u8 };
                    let slot = system::execute_target(at, or);
                    if is_branch(slot.code) {
                        slow!();
                    }
                    (cold.origin, cold.resume) = (cursor, cursor.advance(2));
                    scratch.advance(isize::from(slot.length as i8)).set(Slot::bare(Code::Resume));
                    scratch.set(slot);
                    cursor = scratch;
                    continue 'run;
                }

                Code::Sll => then!(2, do_sll!()),
                Code::Srl => then!(2, do_srl!()),
                Code::Sla => {
                    let (value, amount) = (i64::from(r1!() as i32), address1!() & 63);
                    // Bits shifted out must all equal the sign.
                    let exact = if amount < 32 { value << amount } else { i64::from(value != 0) << 32 };
                    let result = ((value << amount.min(63)) as i32 & i32::MAX) | (value as i32 & i32::MIN);
                    signed!((result, exact != i64::from(result)));
                    next!(2);
                }
                Code::Sra => {
                    r1!() = (i64::from(r1!() as i32) >> (address1!() & 63)) as u32;
                    cc = LazyCode::signed(r1!());
                    next!(2);
                }
                Code::Sldl => then!(2, set_pair!(s!().r1, register_pair!(s!().r1) << (address1!() & 63))),
                Code::Srdl => then!(2, set_pair!(s!().r1, register_pair!(s!().r1) >> (address1!() & 63))),
                Code::Slda => {
                    let (value, amount) = (register_pair!(s!().r1) as i64, address1!() & 63);
                    let result = (value << amount) & i64::MAX | value & i64::MIN;
                    if i128::from(result) != i128::from(value) << amount {
                        slow!();
                    }
                    set_pair!(s!().r1, result as u64);
                    cc = LazyCode(if result == i64::MAX { 1 } else { result });
                    next!(2);
                }
                Code::Srda => {
                    let result = register_pair!(s!().r1) as i64 >> (address1!() & 63);
                    set_pair!(s!().r1, result as u64);
                    cc = LazyCode(if result == i64::MAX { 1 } else { result });
                    next!(2);
                }

                Code::Lm => then!(2, do_lm!()),
                Code::Stm => then!(2, do_stm!()),
                Code::Icm => {
                    let from = fetchable_run!(address1!(), s!().r2.number().count_ones());
                    let (value, code) = system::insert_under_mask(from, s!().r2.number(), r1!());
                    r1!() = value;
                    cc = LazyCode::of(code);
                    next!(2);
                }
                Code::Stcm => {
                    let to = storable_run!(address1!(), s!().r2.number().count_ones());
                    system::store_under_mask(to, s!().r2.number(), r1!());
                    next!(2);
                }
                Code::Clm => {
                    let from = fetchable_run!(address1!(), s!().r2.number().count_ones());
                    cc = system::compare_under_mask(from, s!().r2.number(), r1!());
                    next!(2);
                }

                Code::Tm => then!(2, do_tm!()),
                Code::Mvi => then!(2, do_mvi!()),
                Code::Ni => then!(2, immediate!(|a, b| a & b)),
                Code::Oi => then!(2, immediate!(|a, b| a | b)),
                Code::Xi => then!(2, immediate!(|a, b| a ^ b)),
                Code::Cli => then!(2, do_cli!()),

                Code::Mvc => {
                    let (to_at, from_at, length) = (address1!(), address2!(), u32::from(s!().i) + 1);
                    if crosses(to_at, length) || crosses(from_at, length) {
                        or_leave!(in_pieces!().copy(to_at, from_at, length));
                    } else {
                        let from = fetchable_run!(from_at, length);
                        let to = storable_run!(to_at, length);
                        bytes::copy(to, from, length);
                    }
                    next!(3);
                }
                Code::Mvn => then!(3, combine!(|a, b| a & 0xF0F0_F0F0_F0F0_F0F0 | b & 0x0F0F_0F0F_0F0F_0F0F)),
                Code::Mvz => then!(3, combine!(|a, b| a & 0x0F0F_0F0F_0F0F_0F0F | b & 0xF0F0_F0F0_F0F0_F0F0)),
                Code::Nc => then!(3, cc = LazyCode::of(u8::from(combine!(|a, b| a & b) != 0))),
                Code::Oc => then!(3, cc = LazyCode::of(u8::from(combine!(|a, b| a | b) != 0))),
                Code::Xc => then!(3, cc = LazyCode::of(u8::from(combine!(|a, b| a ^ b) != 0))),
                Code::XcZero => {
                    let (at, length) = (address1!(), u32::from(s!().i) + 1);
                    if crosses(at, length) {
                        or_leave!(in_pieces!().combine(at, at, length, |a, b| a ^ b));
                    } else {
                        let _ = fetchable_run!(at, length);
                        let to = storable_run!(at, length);
                        bytes::fill(to, length, 0);
                    }
                    cc = LazyCode(0);
                    next!(3);
                }
                Code::Clc => then!(3, do_clc!()),
                Code::Tr => {
                    let (at, table, length) = (address1!(), address2!(), u32::from(s!().i) + 1);
                    or_leave!(in_pieces!().translate(at, table, length));
                    next!(3);
                }
                Code::Trt => {
                    let (at, table, length) = (address1!(), address2!(), u32::from(s!().i) + 1);
                    let found = or_leave!(in_pieces!().test(at, table, length));
                    cc = LazyCode(0);
                    if let Some((n, function)) = found {
                        let (one, two) = (Register::new(1), Register::new(2));
                        gr[one] = gr[one] & !ADDRESS | (at + n) & ADDRESS;
                        gr[two] = gr[two] & !0xFF | u32::from(function);
                        cc = LazyCode(if n + 1 == length { 1 } else { -1 });
                    }
                    next!(3);
                }

                Code::Pack => then!(3, repack!(crate::decimal::pack)),
                Code::Unpk => then!(3, repack!(crate::decimal::unpk)),
                Code::Zap => then!(3, decimal!(decimal::zero_and_add)),
                Code::Ap => then!(3, decimal!(decimal::add)),
                Code::Sp => then!(3, decimal!(decimal::subtract)),
                Code::Mp => then!(3, decimal!(decimal::multiply)),
                Code::Dp => then!(3, decimal!(decimal::divide)),
                Code::Cp => {
                    let (length1, length2) = (u32::from(s!().r1.number()) + 1, u32::from(s!().r2.number()) + 1);
                    let b = fetchable_run!(address2!(), length2);
                    let a = fetchable_run!(address1!(), length1);
                    let fields = (bytes::field(a, length1), bytes::field(b, length2));
                    match crate::decimal::cp(fields.0, fields.1) {
                        Ok(code) => cc = LazyCode::of(code),
                        Err(_) => slow!(),
                    }
                    next!(3);
                }
                Code::Srp => {
                    let length = u32::from(s!().r1.number()) + 1;
                    let to = storable_run!(address1!(), length);
                    let field = bytes::field(to, length);
                    match decimal::shift(field, length, address2!(), s!().r2.number(), hot.state.psw.program_mask) {
                        Some((result, code)) => {
                            bytes::put_field(to, length, result);
                            cc = LazyCode::of(code);
                        }
                        None => slow!(),
                    }
                    next!(3);
                }
                Code::Ed => {
                    let length = u32::from(s!().i) + 1;
                    let to = storable_run!(address1!(), length);
                    // A source as long as the pattern is more than enough.
                    let from = fetchable_run!(address2!(), length);
                    match decimal::edit(to, from, length) {
                        Some(code) => cc = LazyCode::of(code),
                        None => slow!(),
                    }
                    next!(3);
                }

                Code::LtrBc => pair!(do_ltr, 1, Bc => do_bc),
                Code::LrBc => pair!(do_lr, 1, Bc => do_bc),
                Code::CrBc => pair!(do_cr, 1, Bc => do_bc),
                Code::ClrBc => pair!(do_clr, 1, Bc => do_bc),
                Code::ArBc => pair!(do_ar, 1, Bc => do_bc),
                Code::SrBc => pair!(do_sr, 1, Bc => do_bc),
                Code::LaBc => pair!(do_la, 2, Bc => do_bc),
                Code::LBc => pair!(do_l, 2, Bc => do_bc),
                Code::StBc => pair!(do_st, 2, Bc => do_bc),
                Code::ABc => pair!(do_a, 2, Bc => do_bc),
                Code::SBc => pair!(do_s, 2, Bc => do_bc),
                Code::CBc => pair!(do_c, 2, Bc => do_bc),
                Code::ChBc => pair!(do_ch, 2, Bc => do_bc),
                Code::ClBc => pair!(do_cl, 2, Bc => do_bc),
                Code::NBc => pair!(do_n, 2, Bc => do_bc),
                Code::CliBc => pair!(do_cli, 2, Bc => do_bc),
                Code::TmBc => pair!(do_tm, 2, Bc => do_bc),
                Code::ClcBc => pair!(do_clc, 3, Bc => do_bc),
                Code::LaBct => pair!(do_la, 2, Bct => do_bct),
                Code::ArBct => pair!(do_ar, 1, Bct => do_bct),
                Code::StBct => pair!(do_st, 2, Bct => do_bct),
                Code::StcBct => pair!(do_stc, 2, Bct => do_bct),
                Code::MviBxle => pair!(do_mvi, 2, Bxle => do_bxle),
                Code::LaBxle => pair!(do_la, 2, Bxle => do_bxle),
                Code::ArBxle => pair!(do_ar, 1, Bxle => do_bxle),
                Code::StBxle => pair!(do_st, 2, Bxle => do_bxle),
                Code::LL => pair!(do_l, 2, L => do_l, 2),
                Code::LSt => pair!(do_l, 2, St => do_st, 2),
                Code::LLa => pair!(do_l, 2, La => do_la, 2),
                Code::LLr => pair!(do_l, 2, Lr => do_lr, 1),
                Code::LLtr => pair!(do_l, 2, Ltr => do_ltr, 1),
                Code::LA => pair!(do_l, 2, A => do_a, 2),
                Code::LS => pair!(do_l, 2, S => do_s, 2),
                Code::LBalr => pair!(do_l, 2, Balr => do_balr),
                Code::StL => pair!(do_st, 2, L => do_l, 2),
                Code::StLa => pair!(do_st, 2, La => do_la, 2),
                Code::StLr => pair!(do_st, 2, Lr => do_lr, 1),
                Code::StSt => pair!(do_st, 2, St => do_st, 2),
                Code::LaLa => pair!(do_la, 2, La => do_la, 2),
                Code::LaL => pair!(do_la, 2, L => do_l, 2),
                Code::LaSt => pair!(do_la, 2, St => do_st, 2),
                Code::LaLr => pair!(do_la, 2, Lr => do_lr, 1),
                Code::LrLr => pair!(do_lr, 1, Lr => do_lr, 1),
                Code::LrL => pair!(do_lr, 1, L => do_l, 2),
                Code::LrAr => pair!(do_lr, 1, Ar => do_ar, 1),
                Code::LrSr => pair!(do_lr, 1, Sr => do_sr, 1),
                Code::LrSrl => pair!(do_lr, 1, Srl => do_srl, 2),
                Code::LrSll => pair!(do_lr, 1, Sll => do_sll, 2),
                Code::LrBalr => pair!(do_lr, 1, Balr => do_balr),
                Code::XrLr => pair!(do_xr, 1, Lr => do_lr, 1),
                Code::SrlXr => pair!(do_srl, 2, Xr => do_xr, 1),
                Code::SllAlr => pair!(do_sll, 2, Alr => do_alr, 1),
                Code::SllAr => pair!(do_sll, 2, Ar => do_ar, 1),
                Code::ArLr => pair!(do_ar, 1, Lr => do_lr, 1),
                Code::ArL => pair!(do_ar, 1, L => do_l, 2),
                Code::ArSt => pair!(do_ar, 1, St => do_st, 2),
                Code::ASt => pair!(do_a, 2, St => do_st, 2),
                Code::SSt => pair!(do_s, 2, St => do_st, 2),
                Code::MviLa => pair!(do_mvi, 2, La => do_la, 2),
                Code::LmBcrAlways => pair!(do_lm, 2, BcrAlways => do_return),
                Code::LmLpsw => pair!(do_lm, 2, Lpsw => do_lpsw),
                Code::StmL => pair!(do_stm, 2, L => do_l, 2),

                Code::LBcrAlways => pair!(do_l, 2, BcrAlways => do_return),
                Code::SllL => pair!(do_sll, 2, L => do_l, 2),
                Code::LhSll => pair!(do_lh, 2, Sll => do_sll, 2),
                Code::LeMe => pair!(do_le, 2, Me => do_me, 2),
                Code::LdMd => pair!(do_ld, 2, Md => do_md, 2),
                Code::MeAer => pair!(do_me, 2, Aer => do_aer, 1),
                Code::MdAdr => pair!(do_md, 2, Adr => do_adr, 1),
                Code::AerLa => pair!(do_aer, 1, La => do_la, 2),
                Code::AdrLa => pair!(do_adr, 1, La => do_la, 2),
                Code::MerAe => pair!(do_mer, 1, Ae => do_ae, 2),
                Code::MdrAd => pair!(do_mdr, 1, Ad => do_ad, 2),
                Code::Ler => then!(1, fpr.set::<u32>(s!().r1, f2!())),
                Code::Ldr => then!(1, fpr.set::<u64>(s!().r1, f2!())),
                Code::Lter => then!(1, float!(float::test_short, f2!())),
                Code::Ltdr => then!(1, float!(float::test_long, f2!())),
                Code::Lcer => then!(1, float!(float::complement_short, f2!())),
                Code::Lcdr => then!(1, float!(float::complement_long, f2!())),
                Code::Lper => then!(1, float!(float::positive_short, f2!())),
                Code::Lpdr => then!(1, float!(float::positive_long, f2!())),
                Code::Lner => then!(1, float!(float::negative_short, f2!())),
                Code::Lndr => then!(1, float!(float::negative_long, f2!())),
                Code::Her => then!(1, float_quiet!(float::halve_short, f2!())),
                Code::Hdr => then!(1, float_quiet!(float::halve_long, f2!())),
                Code::Cer => then!(1, float_compare!(float::compare_short, f2!())),
                Code::Cdr => then!(1, float_compare!(float::compare_long, f2!())),
                Code::Aer => then!(1, do_aer!()),
                Code::Adr => then!(1, do_adr!()),
                Code::Ser => then!(1, float!(float::subtract_short, f2!())),
                Code::Sdr => then!(1, float!(float::subtract_long, f2!())),
                Code::Aur => then!(1, float!(float::add_unnormalized_short, f2!())),
                Code::Awr => then!(1, float!(float::add_unnormalized_long, f2!())),
                Code::Sur => then!(1, float!(float::subtract_unnormalized_short, f2!())),
                Code::Swr => then!(1, float!(float::subtract_unnormalized_long, f2!())),
                Code::Mer => then!(1, do_mer!()),
                Code::Mdr => then!(1, do_mdr!()),
                Code::Der => then!(1, float_quiet!(float::divide_short, f2!())),
                Code::Ddr => then!(1, float_quiet!(float::divide_long, f2!())),
                Code::Le => then!(2, do_le!()),
                Code::Ld => then!(2, do_ld!()),
                Code::Ste => {
                    let place = storable!(address_rx!(), 4);
                    place.put_u32(f1!());
                    next!(2);
                }
                Code::Std => {
                    let place = storable!(address_rx!(), 8);
                    place.put_u64(f1!());
                    next!(2);
                }
                Code::Ce => then!(2, float_compare!(float::compare_short, word!())),
                Code::Cd => then!(2, float_compare!(float::compare_long, long_operand!())),
                Code::Ae => then!(2, do_ae!()),
                Code::Ad => then!(2, do_ad!()),
                Code::Se => then!(2, float!(float::subtract_short, word!())),
                Code::Sd => then!(2, float!(float::subtract_long, long_operand!())),
                Code::Au => then!(2, float!(float::add_unnormalized_short, word!())),
                Code::Aw => then!(2, float!(float::add_unnormalized_long, long_operand!())),
                Code::Su => then!(2, float!(float::subtract_unnormalized_short, word!())),
                Code::Sw => then!(2, float!(float::subtract_unnormalized_long, long_operand!())),
                Code::Me => then!(2, do_me!()),
                Code::Md => then!(2, do_md!()),
                Code::De => then!(2, float_quiet!(float::divide_short, word!())),
                Code::Dd => then!(2, float_quiet!(float::divide_long, long_operand!())),

                Code::Svc => interrupt!(Class::Svc, s!().i.into(), 1),
                Code::Lpsw => do_lpsw!(),
                Code::Ssm => {
                    privileged!(2);
                    let mask = fetchable!(address1!(), 1).u8();
                    if hot.state.cr[0] & 1 << 30 != 0 {
                        slow!();
                    }
                    mask_change!(system::set_system_mask(hot, mask));
                }
                Code::Stnsm => {
                    privileged!(2);
                    let place = storable!(address1!(), 1);
                    let old = hot.state.psw.system_mask;
                    if !system::mask_change_is_plain(hot, old & s!().i) {
                        slow!();
                    }
                    place.put_u8(old);
                    mask_change!(system::set_system_mask(hot, old & s!().i));
                }
                Code::Stosm => {
                    privileged!(2);
                    let place = storable!(address1!(), 1);
                    let old = hot.state.psw.system_mask;
                    if !system::mask_change_is_plain(hot, old | s!().i) {
                        slow!();
                    }
                    place.put_u8(old);
                    mask_change!(system::set_system_mask(hot, old | s!().i));
                }
                Code::Stctl => {
                    privileged!(2);
                    let (at, count) = (address1!(), register_count(s!()));
                    if at & 3 != 0 {
                        slow!();
                    }
                    let to = storable_run!(at, count * 4);
                    for n in 0..count {
                        to.right(n * 4).put_u32(hot.state.cr[usize::from(s!().r1.plus(n).number())]);
                    }
                    next!(2);
                }
                Code::Lctl => {
                    privileged!(2);
                    let (at, count) = (address1!(), register_count(s!()));
                    if at & 3 != 0 {
                        slow!();
                    }
                    let from = fetchable_run!(at, count * 4);
                    if !system::load_control(hot, from, s!().r1, count) {
                        slow!();
                    }
                    next!(2);
                }
                Code::Isk => {
                    privileged!(1);
                    match system::insert_key(hot, r2!()) {
                        Some(key) => r1!() = r1!() & !0xFF | u32::from(key),
                        None => slow!(),
                    }
                    next!(1);
                }
                Code::Ssk => {
                    privileged!(1);
                    if !system::set_key(hot, r1!(), r2!()) {
                        slow!();
                    }
                    next!(1);
                }
                Code::Rrb => {
                    privileged!(2);
                    match system::reset_reference(hot, address1!()) {
                        Some(code) => cc = LazyCode::of(code),
                        None => slow!(),
                    }
                    next!(2);
                }
                Code::Mc => {
                    if s!().i > 15 || hot.state.cr[8] & 0x8000 >> s!().i != 0 {
                        slow!();
                    }
                    next!(2);
                }
                Code::Spt => {
                    privileged!(2);
                    let at = address1!();
                    if at & 7 != 0 {
                        slow!();
                    }
                    let value = fetchable!(at, 8).u64();
                    if value > i64::MAX as u64 || value <= (left + hot.beyond) * hot.instruction_time {
                        slow!();
                    }
                    hot.state.cpu_timer_base = value.wrapping_add(now!());
                    next!(2);
                }
                Code::Stpt => {
                    privileged!(2);
                    let at = address1!();
                    if at & 7 != 0 {
                        slow!();
                    }
                    let place = storable!(at, 8);
                    place.put_u64(hot.state.cpu_timer_base.wrapping_sub(now!()));
                    next!(2);
                }
                Code::Stck => {
                    let place = storable!(address1!(), 8);
                    let (value, code) = system::store_clock(hot, now!());
                    place.put_u64(value);
                    cc = LazyCode::of(code);
                    next!(2);
                }
                Code::Ipk => {
                    // Authorities in control registers may allow it in the problem state.
                    if hot.state.psw.problem {
                        slow!();
                    }
                    let two = Register::new(2);
                    gr[two] = gr[two] & !0xFF | u32::from(hot.state.psw.key) << 4;
                    next!(2);
                }
                Code::Spka => {
                    // Authorities in control registers may allow it in the problem state.
                    if hot.state.psw.problem {
                        slow!();
                    }
                    let key = (address1!() >> 4) as u8 & 15;
                    if key != hot.state.psw.key {
                        hot.state.psw.key = key;
                        left -= 1;
                        let target = next_address!(2);
                        switch!(target);
                    }
                    next!(2);
                }
                Code::Privileged2 => {
                    privileged!(1);
                    slow!();
                }
                Code::Privileged4 => {
                    privileged!(2);
                    slow!();
                }
            }
        }
    };

    let address = cold.elsewhere.unwrap_or_else(|| logical + cursor.bytes_from(base));
    hot.left = left;
    hot.state.gr.copy_from_slice(gr.contents());
    hot.state.fpr = fpr.contents();
    hot.state.psw.cc = cc.code();
    hot.state.psw.address = address & ADDRESS;
    leave
}

/// The tables of a context.
#[inline(always)]
pub fn tables(context: &Context) -> (&[Entry; ENTRIES], &[Entry; ENTRIES]) {
    (context.fetch.entries(), context.store.entries())
}

/// Registers that LM, STM, LCTL and STCTL move: from R1 to R3, wrapping from 15 to 0.
#[inline(always)]
fn register_count(s: &Slot) -> u32 {
    u32::from((s.r2.number().wrapping_sub(s.r1.number()) & 15) + 1)
}
