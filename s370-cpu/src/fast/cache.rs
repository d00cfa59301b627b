//! The decode cache: for each 2K block of absolute storage that instructions were executed from, a slot a halfword.
//!
//! A slot stays decoded until one of the halfwords it covers is stored into; [`Storage`] marks those halfwords and
//! tells which were hit. A slot that is hit again and again becomes [`Code::Volatile`].
//!
//! This is one of the modules that may be `unsafe`: the loop walks slots through [`Cursor`]s. The invariant: a block's
//! slots are a boxed array that neither moves nor is freed except by [`Cache::clear`] and dropping the cache, which
//! need `&mut Cache`; every cursor comes from [`Cache::enter`] and is given up before those. A decoded instruction does
//! not cross the end of its block and the slot past the last halfword is [`Code::End`], so that moving on by the length
//! of the instruction just executed stays inside the array.

use std::{cell::UnsafeCell, collections::HashMap};

use s370_arch::{format::Instruction, isa::instruction_length, storage_key::BLOCK};

use super::slot::{Code, Slot, pair_of};
use crate::storage::{HALFWORDS, Storage};

/// Blocks that may be decoded at once: 16 KiB of host memory each.
const LIMIT: usize = 1024;
/// Hits after which an instruction is decoded each time it is executed.
const PATIENCE: u8 = 3;

/// The slots of a block, and the one past them.
type Block = [Slot; HALFWORDS + 1];

/// The number of a general register, or of a place past them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register(u8);

impl Register {
    /// Stands for "no base" and "no index": reads as zero.
    pub const NONE: Register = Register(16);

    /// Register `number`, of which only the low five bits count.
    #[inline(always)]
    pub const fn new(number: u8) -> Register {
        Register(number & 31)
    }

    /// The number, 0-31.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The odd register of the pair.
    #[inline(always)]
    pub const fn odd(self) -> Register {
        Register(self.0 | 1)
    }

    /// The register `n` further on, wrapping from 15 to 0.
    #[inline(always)]
    pub const fn plus(self, n: u32) -> Register {
        Register((self.0 as u32 + n) as u8 & 15)
    }
}

/// The general registers while the loop runs, followed by zeros. Indexing needs no check, as a [`Register`] is below 32.
pub struct Registers([u32; 32]);

impl Registers {
    /// Registers with these contents.
    #[inline(always)]
    pub fn new(contents: &[u32; 16]) -> Registers {
        let mut all = [0; 32];
        all[..16].copy_from_slice(contents);
        Registers(all)
    }

    /// The general registers proper.
    #[inline(always)]
    pub fn contents(&self) -> &[u32] {
        &self.0[..16]
    }
}

impl std::ops::Index<Register> for Registers {
    type Output = u32;

    #[inline(always)]
    fn index(&self, register: Register) -> &u32 {
        // SAFETY: a `Register` is below 32.
        unsafe { self.0.get_unchecked(usize::from(register.0)) }
    }
}

impl std::ops::IndexMut<Register> for Registers {
    #[inline(always)]
    fn index_mut(&mut self, register: Register) -> &mut u32 {
        // SAFETY: a `Register` is below 32.
        unsafe { self.0.get_unchecked_mut(usize::from(register.0)) }
    }
}

/// A place in a block of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(*mut Slot);

impl Cursor {
    /// The slot.
    #[inline(always)]
    pub fn slot(self) -> &'static Slot {
        // SAFETY: by the module's invariant the cursor points into a live block. The reference is used only while the
        // instruction is executed; meanwhile only its hint, a `Cell`, is written. Slots belong to this one processor's
        // thread.
        unsafe { &*self.0 }
    }

    /// Writes the slot.
    #[inline(always)]
    pub fn set(self, slot: Slot) {
        // SAFETY: as above.
        unsafe { *self.0 = slot }
    }

    /// The place `halfwords` on.
    #[inline(always)]
    #[must_use]
    pub fn advance(self, halfwords: isize) -> Cursor {
        Cursor(self.0.wrapping_offset(halfwords))
    }

    /// The place that a branch leads to: `step` is in bytes of slots, so that nothing need be scaled.
    #[inline(always)]
    #[must_use]
    pub fn step(self, step: i16) -> Cursor {
        Cursor(self.0.wrapping_byte_offset(isize::from(step)))
    }

    /// The step from `other` to here.
    #[inline(always)]
    pub fn step_from(self, other: Cursor) -> i16 {
        const { assert!(size_of::<Slot>() * HALFWORDS <= 1 << 14, "a step must fit") };
        (self.0 as isize).wrapping_sub(other.0 as isize) as i16
    }

    /// Bytes of storage between `base` and here.
    #[inline(always)]
    pub fn bytes_from(self, base: Cursor) -> u32 {
        ((self.0 as usize).wrapping_sub(base.0 as usize) / (size_of::<Slot>() / 2)) as u32
    }
}

/// All decoded instructions of one processor.
pub struct Cache {
    /// One more than the number in `blocks` of each absolute block's slots, or zero.
    index: Vec<u32>,
    blocks: Vec<Box<Block>>,
    /// Absolute blocks that have slots, in the order of `blocks`.
    owners: Vec<u32>,
    /// How often a decoded halfword (absolute address) was stored into.
    hits: HashMap<u32, u8>,
    /// Slots of no block: for EXECUTE's target.
    scratch: Box<UnsafeCell<[Slot; 4]>>,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            index: Vec::new(),
            blocks: Vec::new(),
            owners: Vec::new(),
            hits: HashMap::new(),
            scratch: Box::new(UnsafeCell::new(std::array::from_fn(|_| Slot::bare(Code::Slow)))),
        }
    }
}

impl Cache {
    /// The slot for the instruction at an absolute address, and the first slot of its block; `None` when the block has
    /// no slots yet.
    #[inline(always)]
    pub fn enter(&self, absolute: u32) -> Option<(Cursor, Cursor)> {
        let number = *self.index.get((absolute / BLOCK) as usize)? as usize;
        let block = self.blocks.get(number.wrapping_sub(1))?;
        let base = Cursor(std::ptr::from_ref::<Block>(block).cast::<Slot>().cast_mut());
        Some((base.advance((absolute % BLOCK / 2) as isize), base))
    }

    /// The slots for EXECUTE's target.
    pub fn scratch(&self) -> Cursor {
        Cursor(self.scratch.get().cast())
    }

    /// Whether the hints of a block's branches are for this logical address of the block.
    #[inline(always)]
    pub fn is_home(&self, base: Cursor, logical: u32) -> bool {
        base.advance(HALFWORDS as isize).slot().hint_value() == logical
    }

    /// Whether an absolute block has slots.
    pub fn has(&self, absolute: u32) -> bool {
        self.index.get((absolute / BLOCK) as usize).is_some_and(|&number| number != 0)
    }

    /// Whether the next block that is given slots makes all others be forgotten.
    pub fn is_full(&self) -> bool {
        self.blocks.len() >= LIMIT
    }

    /// Gives a block slots. When there are too many, all are forgotten first.
    pub fn open(&mut self, absolute: u32, storage: &Storage) {
        if self.has(absolute) {
            return;
        }
        if self.is_full() {
            self.clear(storage);
        }
        let number = (absolute / BLOCK) as usize;
        if self.index.len() <= number {
            self.index.resize((storage.size() / BLOCK) as usize + 1, 0);
        }
        let mut block: Box<Block> = vec![Slot::bare(Code::Undecoded); HALFWORDS + 1]
            .into_boxed_slice()
            .try_into()
            .unwrap_or_else(|_| unreachable!("the length is that of a block"));
        block[HALFWORDS] = Slot::bare(Code::End);
        self.blocks.push(block);
        self.owners.push(absolute / BLOCK);
        self.index[number] = self.blocks.len() as u32;
    }

    /// Forgets everything, and takes the marks in storage back if nobody else can rely on them.
    pub fn clear(&mut self, storage: &Storage) {
        let shared = storage.is_shared();
        for (&owner, block) in self.owners.iter().zip(&self.blocks) {
            self.index[owner as usize] = 0;
            if shared {
                continue;
            }
            storage.close(owner * BLOCK);
            for (n, slot) in block.iter().enumerate() {
                if slot.code != Code::Undecoded {
                    for halfword in 0..u32::from(slot.length.max(1)) {
                        storage.unmark_code(owner * BLOCK + (n as u32 + halfword) * 2);
                    }
                }
            }
        }
        self.blocks.clear();
        self.owners.clear();
        self.hits.clear();
    }

    /// Forgets the instructions that cover halfwords which have been stored into.
    pub fn forget(&mut self, stale: &[u32], storage: &Storage) {
        for &halfword in stale {
            let hits = self.hits.entry(halfword).or_default();
            *hits = hits.saturating_add(1);
            let code = if *hits > PATIENCE { Code::Volatile } else { Code::Undecoded };
            let Some((_, base)) = self.enter(halfword) else { continue };
            let place = (halfword % BLOCK / 2) as usize;
            let block_at = halfword & !(BLOCK - 1);
            for (n, at) in (place.saturating_sub(2)..=place).map(|n| (n, base.advance(n as isize))) {
                let length = usize::from(at.slot().length);
                if is_decoded(at.slot().code) && n + length > place {
                    at.set(Slot::bare(code));
                    remark(base, block_at, n, length, storage);
                }
            }
        }
    }
}

/// Makes a block's hints good for another logical address: forgets them.
#[cold]
#[inline(never)]
pub fn rehome(base: Cursor, logical: u32) {
    for n in 0..HALFWORDS {
        base.advance(n as isize).slot().forget_hint();
    }
    base.advance(HALFWORDS as isize).slot().set_hint(Register::NONE, logical, 0);
}

fn is_decoded(code: Code) -> bool {
    !matches!(code, Code::Undecoded | Code::Volatile | Code::Resume | Code::End)
}

/// After slot `n` has been given up: takes back the marks of its halfwords that no other instruction covers. Where another
/// processor may have decoded them, they stay until they are stored into.
fn remark(base: Cursor, block_at: u32, n: usize, length: usize, storage: &Storage) {
    if storage.is_shared() {
        return;
    }
    for halfword in n..(n + length).min(HALFWORDS) {
        let covered = (halfword.saturating_sub(2)..=halfword).any(|other| {
            let slot = base.advance(other as isize).slot();
            is_decoded(slot.code) && other + usize::from(slot.length) > halfword
        });
        if !covered {
            storage.unmark_code(block_at + halfword as u32 * 2);
        }
    }
}

/// The instruction at an absolute address, decoded; [`Code::Slow`] when it crosses the end of its block.
#[inline]
pub fn decode_at(storage: &Storage, absolute: u32) -> Slot {
    let [bytes @ .., _, _] = storage.u64(absolute).to_be_bytes();
    if absolute % BLOCK + u32::from(instruction_length(bytes[0])) > BLOCK {
        return Slot::bare(Code::Slow);
    }
    Slot::decode(Instruction(bytes))
}

/// The instruction at `cursor`, decoded but not remembered. `base` stands for the absolute address `block`.
#[inline(never)]
pub fn decode_volatile(cursor: Cursor, base: Cursor, storage: &Storage, block: u32) -> Slot {
    decode_at(storage, block + cursor.bytes_from(base))
}

/// Decodes the slot at `cursor`, and marks its halfwords. `base` stands for the absolute address `block`.
#[cold]
#[inline(never)]
pub fn decode_slot(cursor: Cursor, base: Cursor, storage: &Storage, block: u32) {
    let absolute = block + cursor.bytes_from(base);
    // What counts is read after it has been marked: whatever another processor stores then is heard of.
    storage.mark_code(absolute, u32::from(decode_at(storage, absolute).length) * 2);
    let mut slot = decode_at(storage, absolute);
    let next = absolute + u32::from(slot.length) * 2;
    if !next.is_multiple_of(BLOCK)
        && let Some(pair) = pair_of(slot.code, decode_at(storage, next).code)
    {
        slot.code = pair;
    }
    cursor.set(slot);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::notice::{Mailbox, Notice};

    /// Heeds what was stored.
    fn forget(cache: &mut Cache, mailbox: &Mailbox, storage: &Storage) {
        let stale = mailbox.take().into_iter().map(|notice| match notice {
            Notice::Stored(halfword) => halfword,
            other => panic!("{other:?}"),
        });
        cache.forget(&stale.collect::<Vec<_>>(), storage);
    }

    fn code_at(cache: &Cache, at: u32) -> Code {
        cache.enter(at).unwrap().0.slot().plain
    }

    fn decode(cache: &mut Cache, storage: &Storage, at: u32) {
        cache.open(at, storage);
        let (cursor, base) = cache.enter(at).unwrap();
        decode_slot(cursor, base, storage, at & !(BLOCK - 1));
    }

    #[test]
    fn a_store_makes_just_the_covering_instruction_stale() {
        let storage = Storage::new(8192).unwrap();
        let mailbox = storage.subscribe();
        storage.put_u64(0x800, 0x5810_1000_1812_1821);
        let mut cache = Cache::default();
        for at in [0x800, 0x804, 0x806] {
            decode(&mut cache, &storage, at);
        }
        storage.store_u16(0x802, 0x2000);
        forget(&mut cache, &mailbox, &storage);
        assert_eq!(code_at(&cache, 0x800), Code::Undecoded);
        assert_eq!(cache.enter(0x804).unwrap().0.slot().plain, Code::Lr);
        assert!(!storage.is_code(0x800, 4) && storage.is_code(0x804, 4));
    }

    #[test]
    fn an_instruction_that_is_often_hit_becomes_volatile_and_unmarked() {
        let storage = Storage::new(4096).unwrap();
        let mailbox = storage.subscribe();
        let mut cache = Cache::default();
        for _ in 0..=PATIENCE {
            storage.put_u32(0, 0x1812_1812);
            decode(&mut cache, &storage, 0);
            storage.store_u16(0, 0x1813);
            forget(&mut cache, &mailbox, &storage);
        }
        assert_eq!(code_at(&cache, 0), Code::Volatile);
        storage.store_u16(0, 0x1814);
        assert!(!mailbox.has_any());
    }

    #[test]
    fn an_instruction_across_the_end_is_slow() {
        let storage = Storage::new(4096).unwrap();
        storage.put_u32(2046, 0x5810_0000);
        assert_eq!(decode_at(&storage, 2046).code, Code::Slow);
    }

    #[test]
    fn cursors_measure_storage() {
        let storage = Storage::new(4096).unwrap();
        let mut cache = Cache::default();
        cache.open(0x804, &storage);
        let (at, base) = cache.enter(0x804).unwrap();
        assert_eq!(at.bytes_from(base), 4);
        assert_eq!(base.advance(2), at);
        assert_eq!(base.advance(HALFWORDS as isize).slot().code, Code::End);
        cache.clear(&storage);
        assert!(cache.enter(0x804).is_none());
    }
}
