//! Translation-lookaside buffers of the fast interpreter.
//!
//! A table has an entry for each of the 8,192 2K blocks of a 24-bit address space, so it needs no tags. An entry is the
//! block's absolute address exclusive-or its logical address; the low bits, which are zero in both, are flags. One test
//! of the flags covers translation, access key and, together with the address's own low bits, alignment.
//!
//! There is one pair of tables for each context: a combination of everything that decides what an address means and
//! whether it may be used. Contexts are remembered, so that a switch from one to another and back costs nothing.

use s370_arch::storage_key::BLOCK;

use crate::state::CpuState;

/// Flag: the entry says nothing.
pub const INVALID: u32 = 1;
/// Flag in a table for stores: the block holds decoded instructions.
pub const HAS_CODE: u32 = 4;
/// Entries of a table.
pub const ENTRIES: usize = 1 << 13;
/// The contexts that are remembered.
const CONTEXTS: usize = 16;

/// A table.
pub type Table = Box<[u32; ENTRIES]>;

/// What decides the meaning of an address in primary-space or real mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Access key.
    access: u8,
    /// Control registers 0 (translation format and low-address protection) and 1, when translation is on.
    translation: Option<(u32, u32)>,
    /// Low-address protection.
    low_protection: bool,
    prefix: u32,
}

impl Key {
    /// The context that a state selects.
    pub fn of(state: &CpuState) -> Key {
        Key {
            access: state.psw.key,
            translation: state.psw.translation().then(|| (state.cr[0] & 0x00F8_0000, state.cr[1])),
            low_protection: state.cr[0] & 1 << 28 != 0,
            prefix: state.prefix,
        }
    }
}

/// The tables of one context.
pub struct Context {
    key: Key,
    /// For fetching operands and instructions.
    pub fetch: Table,
    /// For storing.
    pub store: Table,
    /// The blocks that have an entry in either table, for quick clearing.
    used: Vec<u16>,
}

impl Context {
    fn new(key: Key) -> Context {
        Context { key, fetch: empty_table(), store: empty_table(), used: Vec::new() }
    }

    fn clear(&mut self) {
        for block in self.used.drain(..) {
            self.fetch[usize::from(block)] = INVALID;
            self.store[usize::from(block)] = INVALID;
        }
    }

    /// Enters a block.
    pub fn enter(&mut self, logical: u32, absolute: u32, store: bool, has_code: bool) {
        let block = (logical / BLOCK) as usize % ENTRIES;
        if self.fetch[block] & self.store[block] & INVALID != 0 {
            self.used.push(block as u16);
        }
        let entry = (logical ^ absolute) & !(BLOCK - 1);
        if store {
            self.store[block] = entry | if has_code { HAS_CODE } else { 0 };
        } else {
            self.fetch[block] = entry;
        }
    }

    fn drop_absolute(&mut self, absolute: u32) {
        let (fetch, store) = (&mut self.fetch, &mut self.store);
        let maps = |entry: u32, block: usize| {
            entry & INVALID == 0 && (entry ^ block as u32 * BLOCK) & !(BLOCK - 1) == absolute & !(BLOCK - 1)
        };
        self.used.retain(|&block| {
            let block = usize::from(block);
            if maps(fetch[block], block) {
                fetch[block] = INVALID;
            }
            if maps(store[block], block) {
                store[block] = INVALID;
            }
            fetch[block] & store[block] & INVALID == 0
        });
    }
}

fn empty_table() -> Table {
    vec![INVALID; ENTRIES].into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("the length is ENTRIES"))
}

/// All remembered contexts.
#[derive(Default)]
pub struct Tlb {
    contexts: Vec<Context>,
    current: usize,
    /// The context to be forgotten next when there are too many.
    oldest: usize,
    /// Not zero for absolute blocks that some entry may map.
    mapped: Vec<u8>,
}

impl Tlb {
    /// Makes the context that `state` selects current.
    pub fn select(&mut self, state: &CpuState) {
        let key = Key::of(state);
        if self.contexts.get(self.current).is_some_and(|context| context.key == key) {
            return;
        }
        if let Some(found) = self.contexts.iter().position(|context| context.key == key) {
            self.current = found;
        } else if self.contexts.len() < CONTEXTS {
            self.current = self.contexts.len();
            self.contexts.push(Context::new(key));
        } else {
            self.current = self.oldest;
            self.oldest = (self.oldest + 1) % CONTEXTS;
            self.contexts[self.current].clear();
            self.contexts[self.current].key = key;
        }
    }

    /// The current context. [`Tlb::select`] must have been called.
    pub fn current(&mut self) -> &mut Context {
        &mut self.contexts[self.current]
    }

    /// The current context, and the blocks that some entry may map (not zero), by number.
    pub fn current_and_mapped(&mut self) -> (&Context, &[u8]) {
        (&self.contexts[self.current], &self.mapped)
    }

    /// Notes that an entry maps an absolute block.
    pub fn map(&mut self, absolute: u32) {
        let block = (absolute / BLOCK) as usize;
        if self.mapped.len() <= block {
            self.mapped.resize(block + 1, 0);
        }
        self.mapped[block] = 1;
    }

    /// Forgets everything that came from translation tables: PURGE TLB.
    pub fn purge(&mut self) {
        self.contexts.iter_mut().filter(|context| context.key.translation.is_some()).for_each(Context::clear);
    }

    /// Forgets what is known of one absolute block: its key has changed, or it now holds decoded instructions.
    pub fn drop_absolute(&mut self, absolute: u32) {
        if let Some(mapped) = self.mapped.get_mut((absolute / BLOCK) as usize)
            && std::mem::take(mapped) != 0
        {
            self.contexts.iter_mut().for_each(|context| context.drop_absolute(absolute));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{CpuState, Model};

    #[test]
    fn contexts_are_remembered_and_forgotten_by_block() {
        let mut state = CpuState::new(Model::default());
        let mut tlb = Tlb::default();
        tlb.select(&state);
        tlb.current().enter(0x1800, 0x5800, false, false);
        tlb.map(0x5800);
        assert_eq!(tlb.current().fetch[3] ^ 0x1812, 0x5812);
        assert_eq!(tlb.current().store[3], INVALID);
        state.psw.key = 5;
        tlb.select(&state);
        assert_eq!(tlb.current().fetch[3], INVALID);
        tlb.current().enter(0x5800, 0x5800, true, true);
        assert_eq!(tlb.current().store[11], HAS_CODE);
        tlb.drop_absolute(0x5FFF);
        assert_eq!(tlb.current().store[11], INVALID);
        state.psw.key = 0;
        tlb.select(&state);
        assert_eq!(tlb.current().fetch[3], INVALID);
    }

    #[test]
    fn there_may_be_more_contexts_than_are_remembered() {
        let mut state = CpuState::new(Model::default());
        let mut tlb = Tlb::default();
        for prefix in 0..3 * CONTEXTS as u32 {
            state.prefix = prefix << 12;
            tlb.select(&state);
            assert_eq!(tlb.current().fetch[0], INVALID);
            tlb.current().enter(0, prefix << 12, false, false);
        }
        assert_eq!(tlb.contexts.len(), CONTEXTS);
    }
}
