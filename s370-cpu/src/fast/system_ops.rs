//! PSW swaps, masks, keys and control registers for the loop, in the cases that change nothing the loop relies on; and
//! a few operations too long for its arms.

use s370_arch::{
    format::Instruction,
    interruption::{Class, ProgramCode},
    isa::Facility,
    psw::{Psw, system_mask},
};

use super::{cache::Register, code::LazyCode, run::Hot, slot::Slot};
use crate::{
    exec::ADDRESS,
    interruption::{Detail, Interruption, ProgramInterruption},
    state::{ClockState, CpuState},
    storage::window::Spot,
};

/// What became of an attempt to load a new PSW.
pub enum Swap {
    /// It is loaded; go on at this address.
    Done(u32),
    /// It is loaded, and something has changed that the loop relies on.
    Context(u32),
    /// Nothing has changed.
    Declined,
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

/// Whether a PSW is one the loop may load: valid, running, without PER, and nothing is pending that it could let in.
#[inline(always)]
fn is_plain(hot: &Hot<'_>, psw: &Psw) -> bool {
    hot.quiet && !psw.wait && !psw.per() && psw.is_format_valid(hot.state.model.has(Facility::DualAddressSpace))
}

#[inline(always)]
fn same_context(old: &Psw, new: &Psw) -> bool {
    old.key == new.key && old.translation() == new.translation() && old.secondary == new.secondary
}

#[inline(always)]
fn loaded(old: Psw, new: &Psw) -> Swap {
    if same_context(&old, new) { Swap::Done(new.address) } else { Swap::Context(new.address) }
}

/// LOAD PSW.
#[inline(always)]
pub fn load_psw(hot: &mut Hot<'_>, word: u64) -> Swap {
    let new = Psw::parse(word);
    if !is_plain(hot, &new) {
        return Swap::Declined;
    }
    let old = std::mem::replace(&mut hot.state.psw, new);
    loaded(old, &new)
}

/// Takes an interruption if the loop may go on, in some way, after it.
#[inline(always)]
fn take(hot: &mut Hot<'_>, class: Class, interruption: &Interruption, address: u32, cc: u8) -> Swap {
    let state = &mut *hot.state;
    let new = Psw::parse(hot.storage.u64(state.absolute(class.new_psw())));
    // A program new PSW for the problem state may lead to the same interruption for ever, which is noticed elsewhere.
    if !hot.native || state.psw.per() || !is_plain(hot, &new) || new.problem && class == Class::Program {
        return Swap::Declined;
    }
    let state = &mut *hot.state;
    let low = state.absolute(0);
    if hot.storage.is_code(low, 256) || low.saturating_add(256) > hot.storage.size() {
        return Swap::Declined;
    }
    let old = state.psw;
    state.psw.address = address;
    state.psw.cc = cc;
    match state.take(hot.storage, interruption) {
        Ok(()) => loaded(old, &new),
        // `new` was seen to be valid; had it not been, looking at everything again is right.
        Err(_) => Swap::Context(new.address),
    }
}

/// SUPERVISOR CALL, to be followed by the instruction at `next`.
#[inline(always)]
pub fn supervisor_call(hot: &mut Hot<'_>, code: u8, next: u32, cc: u8) -> Swap {
    take(hot, Class::Svc, &Interruption::Svc { code, ilc: 1 }, next, cc)
}

/// A privileged instruction in the problem state.
#[inline(always)]
pub fn privileged(hot: &mut Hot<'_>, next: u32, cc: u8, ilc: u8) -> Swap {
    let program = ProgramInterruption { code: Some(ProgramCode::PRIVILEGED), ilc, detail: Detail::None, per: None };
    take(hot, Class::Program, &Interruption::Program(program), next, cc)
}

/// Whether a new system mask changes nothing but what is masked, with nothing pending.
#[inline(always)]
pub fn mask_change_is_plain(hot: &Hot<'_>, mask: u8) -> bool {
    let unassigned = if hot.state.psw.ec { system_mask::EC_UNASSIGNED | system_mask::PER } else { 0 };
    hot.quiet && mask & unassigned == 0
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
    // Masks of interruptions that are pending, and PER, are looked at only outside the loop.
    if !hot.quiet {
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
    let mut bytes = (u64::from(at.u32()) << 16 | u64::from(at.right(4).u16())).to_be_bytes();
    bytes.rotate_left(2);
    let mut bytes: [u8; 6] = std::array::from_fn(|n| bytes[n]);
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
