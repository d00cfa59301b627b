//! PSW swaps, masks, keys and control registers for the loop, in the cases that change nothing the loop relies on; and
//! a few operations too long for its arms.

use s370_arch::{
    format::Instruction,
    interruption::Class,
    psw::{Psw, system_mask},
    storage_key::{BLOCK, CHANGE, REFERENCE},
};

use super::{
    cache::{Cursor, Register},
    code::LazyCode,
    run::Hot,
    slot::Slot,
};
use crate::{
    exec::ADDRESS,
    interruption::store_old_psw,
    state::{ClockState, CpuState},
    storage::{
        Unmarked,
        window::{ENTRIES, Entry, Spot},
    },
};

/// Bits of a BC-mode PSW that matter besides the address and the condition code: not the interruption code, the ILC.
const BC_KEPT: u64 = 0xFFFF_0000_0F00_0000;
/// Bits of an EC-mode PSW that matter besides the address and the condition code.
const EC_KEPT: u64 = 0xFFFF_CFFF_FF00_0000;
/// Bit 12 of a PSW.
const EC: u64 = 1 << 51;
/// Bit 15 of a PSW.
const PROBLEM: u64 = 1 << 48;

/// The PSW that was loaded last in one way, and all that follows from it: most programs swap between a few PSWs that
/// differ in their address and condition code.
pub struct Memo<'a> {
    /// The doubleword less address and condition code.
    kept: u64,
    psw: Psw,
    /// The tables for fetching and storing of the context that the PSW selects.
    pub tables: (&'a [Entry; ENTRIES], &'a [Entry; ENTRIES]),
    /// Where such a PSW led last.
    pub block: Option<Block>,
}

/// A block that instructions were executed from.
#[derive(Clone, Copy)]
pub struct Block {
    /// Logical address.
    pub logical: u32,
    /// Absolute address.
    pub absolute: u32,
    /// First slot.
    pub base: Cursor,
}

impl<'a> Memo<'a> {
    /// Knows of no PSW.
    pub fn new(tables: (&'a [Entry; ENTRIES], &'a [Entry; ENTRIES])) -> Memo<'a> {
        // No PSW has a bit of its address kept.
        Memo { kept: 1, psw: Psw::default(), tables, block: None }
    }
}

/// Makes a doubleword the current PSW, if it is one the loop may go on with; address and condition code are the caller's.
#[inline(always)]
pub fn load_psw<'a>(hot: &mut Hot<'a>, word: u64, memo: &mut Memo<'a>) -> bool {
    let kept = word & if word & EC != 0 { EC_KEPT } else { BC_KEPT };
    if memo.kept != kept && !remember(hot, word, kept, memo) {
        return false;
    }
    hot.state.psw = memo.psw;
    true
}

#[cold]
#[inline(never)]
fn remember<'a>(hot: &mut Hot<'a>, word: u64, kept: u64, memo: &mut Memo<'a>) -> bool {
    let psw = Psw::parse(word);
    if psw.secondary || !is_plain(hot, &psw) {
        return false;
    }
    let old = std::mem::replace(&mut hot.state.psw, psw);
    let context = hot.tlb.switch(hot.state);
    hot.state.psw = old;
    let Some(context) = context else { return false };
    *memo = Memo { kept, psw, tables: super::run::tables(context), block: None };
    true
}

/// The condition code of a PSW.
#[inline(always)]
pub fn code_of(word: u64) -> u8 {
    (if word & EC != 0 { word >> 44 } else { word >> 28 }) as u8 & 3
}

/// The absolute address of real location 0, if interruptions may be stored there without a further look: the place is
/// available and holds no decoded instruction.
pub fn plain_low_storage(hot: &Hot<'_>) -> Option<u32> {
    let low = hot.state.absolute(0);
    let is_plain = hot.native && low < hot.storage.size() && !hot.storage.is_code(low, 256);
    is_plain.then_some(low)
}

/// Takes a supervisor-call or program interruption without further detail, of an instruction after which the PSW would
/// be `next` with condition code `cc`; if the loop may go on then, the new PSW.
#[inline(always)]
pub fn interrupt<'a>(
    hot: &mut Hot<'a>,
    low: Option<u32>,
    class: Class,
    identification: (u16, u8),
    (next, cc): (u32, u8),
    memo: &mut Memo<'a>,
) -> Option<u64> {
    let low = low?;
    if hot.storage.is_shared() && hot.storage.is_code(low, 256) {
        return None;
    }
    let old = Psw { address: next, cc, ..hot.state.psw };
    let word = hot.storage.u64(low + class.new_psw());
    // A program new PSW for the problem state may lead to the same interruption for ever, which is noticed elsewhere.
    let is_program_loop = class == Class::Program && word & PROBLEM != 0;
    if is_program_loop || !load_psw(hot, word, memo) {
        return None;
    }
    store_old_psw(&old, &Unmarked::new(hot.storage, low), low, class, identification.0, identification.1);
    Some(word)
}

/// What became of an attempt to change the system mask.
pub enum MaskChange {
    /// It is changed.
    Done,
    /// It is changed, and with it something the loop relies on.
    Context,
    /// Nothing has changed.
    Declined,
}

/// Whether a PSW lets in something that is pending.
#[inline(always)]
fn lets_in(hot: &Hot<'_>, psw: &Psw) -> bool {
    let pending = hot.pending;
    pending.other || pending.external && psw.external() || pending.io && psw.io_channels(hot.state.cr[2]) != 0
}

/// Whether a PSW is one the loop may load: valid, running, without PER, and nothing is pending that it lets in.
#[inline(always)]
fn is_plain(hot: &Hot<'_>, psw: &Psw) -> bool {
    !psw.wait && !psw.per() && hot.state.accepts(psw) && !lets_in(hot, psw)
}

/// Whether a new system mask changes nothing but what is masked, with nothing pending.
#[inline(always)]
pub fn mask_change_is_plain(hot: &Hot<'_>, mask: u8) -> bool {
    let unassigned = if hot.state.psw.ec { system_mask::EC_UNASSIGNED | system_mask::PER } else { 0 };
    mask & unassigned == 0 && !lets_in(hot, &Psw { system_mask: mask, ..hot.state.psw })
}

/// SET SYSTEM MASK and its like, in the supervisor state.
#[inline(always)]
pub fn set_system_mask(hot: &mut Hot<'_>, mask: u8) -> MaskChange {
    if !mask_change_is_plain(hot, mask) {
        return MaskChange::Declined;
    }
    let old = hot.state.psw;
    hot.state.psw.system_mask = mask;
    if old.translation() == hot.state.psw.translation() { MaskChange::Done } else { MaskChange::Context }
}

/// LOAD CONTROL of `count` registers from `first` on: done unless a register the loop relies on changes.
#[inline(always)]
pub fn load_control(hot: &mut Hot<'_>, from: Spot, first: Register, count: u32) -> bool {
    let register = |n: u32| usize::from(first.plus(n).number());
    let value = |n: u32| from.right(n * 4).u32();
    let relied_on = |r: usize| matches!(r, 0 | 1 | 7);
    if (0..count).any(|n| relied_on(register(n)) && value(n) != hot.state.cr[register(n)]) {
        return false;
    }
    // The masks of channels whose interruptions are pending are looked at only outside the loop.
    if hot.pending.io || hot.pending.other {
        return false;
    }
    for n in 0..count {
        hot.state.cr[register(n)] = value(n);
    }
    true
}

/// The absolute address of the block a key instruction names, if the loop may execute it.
#[inline(always)]
fn key_block(hot: &Hot<'_>, r2: u32) -> Option<u32> {
    let absolute = hot.state.absolute(r2 & ADDRESS);
    (r2 & 15 == 0 && absolute < hot.storage.size() && !hot.state.model.single_key_4k).then_some(absolute)
}

/// INSERT STORAGE KEY.
#[inline(always)]
pub fn insert_key(hot: &Hot<'_>, r2: u32) -> Option<u8> {
    let key = hot.storage.key(key_block(hot, r2)?);
    Some(if hot.state.psw.ec { key } else { key & 0xF8 })
}

/// SET STORAGE KEY: done unless a processor's table knows the block and the key changes.
#[inline(always)]
pub fn set_key(hot: &Hot<'_>, r1: u32, r2: u32) -> bool {
    let Some(at) = key_block(hot, r2) else { return false };
    let key = r1 as u8 & s370_arch::storage_key::ALL;
    if hot.storage.is_watched(at) && hot.storage.key(at) != key {
        return false;
    }
    hot.storage.set_key(at, key);
    true
}

/// RESET REFERENCE BIT: the condition code, unless the bit is on in a block that a processor's table knows.
#[inline(always)]
pub fn reset_reference(hot: &Hot<'_>, address: u32) -> Option<u8> {
    let at = key_block(hot, address & !(BLOCK - 1))?;
    let key = hot.storage.key(at);
    if key & REFERENCE != 0 {
        if hot.storage.is_watched(at) {
            return None;
        }
        hot.storage.set_key(at, key & !REFERENCE);
    }
    Some((key & (REFERENCE | CHANGE)) >> 1)
}

/// STORE CLOCK: the value and the condition code.
#[inline(always)]
pub fn store_clock(hot: &mut Hot<'_>, now: u64) -> (u64, u8) {
    let state: &mut CpuState = hot.state;
    let start = std::mem::replace(&mut state.time, now);
    let value = state.unique_tod();
    state.time = start;
    (value, u8::from(state.tod_state == ClockState::NotSet))
}

/// EXECUTE's target, at `at`, with bits 8-15 ORed.
#[inline(always)]
pub fn execute_target(at: Spot, or: u8) -> Slot {
    let [mut bytes @ .., _, _] = at.u64().to_be_bytes();
    bytes[1] |= or;
    Slot::decode(Instruction(bytes))
}

fn shifts(mask: u8) -> impl Iterator<Item = u32> {
    [24, 16, 8, 0].into_iter().filter(move |shift| mask & 1 << (shift / 8) != 0)
}

/// INSERT CHARACTERS UNDER MASK: the register and the condition code.
#[inline]
pub fn insert_under_mask(from: Spot, mask: u8, register: u32) -> (u32, u8) {
    let mut register = register;
    let mut any = 0;
    for (n, shift) in (0..).zip(shifts(mask)) {
        let byte = from.right(n).u8();
        any |= byte;
        register = register & !(0xFF << shift) | u32::from(byte) << shift;
    }
    let code = match (any, from.u8()) {
        (0, _) => 0,
        (_, 0x80..) => 1,
        _ => 2,
    };
    (register, code)
}

/// STORE CHARACTERS UNDER MASK.
#[inline]
pub fn store_under_mask(to: Spot, mask: u8, register: u32) {
    for (n, shift) in (0..).zip(shifts(mask)) {
        to.right(n).put_u8((register >> shift) as u8);
    }
}

/// COMPARE LOGICAL CHARACTERS UNDER MASK.
#[inline]
pub fn compare_under_mask(from: Spot, mask: u8, register: u32) -> LazyCode {
    let (mut a, mut b) = (0, 0);
    for (n, shift) in (0..).zip(shifts(mask)) {
        a = a << 8 | register >> shift & 0xFF;
        b = b << 8 | u32::from(from.right(n).u8());
    }
    LazyCode::compare(a, b)
}
