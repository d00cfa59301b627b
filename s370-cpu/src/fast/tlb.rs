//! Translation-lookaside buffers of the fast interpreter: a pair of [`Window`]s for each context, a combination of
//! everything that decides what an address means and whether it may be used. Contexts are remembered, so that a switch
//! from one to another and back costs nothing.

use std::{cell::Cell, sync::Arc};

use s370_arch::storage_key::BLOCK;

use crate::{
    state::CpuState,
    storage::{
        Storage,
        window::{ENTRIES, Window},
    },
};

/// The contexts that are remembered.
const CONTEXTS: usize = 16;

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
    pub fetch: Window,
    /// For storing.
    pub store: Window,
    /// The blocks that have an entry in either table, for quick clearing.
    used: Vec<u16>,
    /// Which context was selected after this one the last time.
    successor: Cell<usize>,
}

impl Context {
    fn new(key: Key, storage: &Arc<Storage>) -> Context {
        let window = || Window::new(Arc::clone(storage));
        Context { key, fetch: window(), store: window(), used: Vec::new(), successor: Cell::new(0) }
    }

    /// What tells this context's tables from those of another.
    pub fn identity(&self) -> usize {
        self.tables().0
    }

    /// Host addresses of the tables for fetching and storing.
    pub fn tables(&self) -> (usize, usize) {
        (self.fetch.entries().as_ptr() as usize, self.store.entries().as_ptr() as usize)
    }

    fn clear(&mut self) {
        for block in self.used.drain(..) {
            self.fetch.forget(block);
            self.store.forget(block);
        }
    }

    fn enter(&mut self, logical: u32, absolute: u32, store: bool, has_code: bool) {
        let block = ((logical / BLOCK) as usize % ENTRIES) as u16;
        if self.fetch.is_empty(block) && self.store.is_empty(block) {
            self.used.push(block);
        }
        if store {
            self.store.enter(logical, absolute, has_code);
        } else {
            self.fetch.enter(logical, absolute, false);
        }
    }

    /// Says whether the block could be stored into.
    fn drop_absolute(&mut self, absolute: u32) -> bool {
        let (fetch, store) = (&mut self.fetch, &mut self.store);
        let mut was_storable = false;
        self.used.retain(|&block| {
            if fetch.maps(block, absolute) {
                fetch.forget(block);
            }
            if store.maps(block, absolute) {
                store.forget(block);
                was_storable = true;
            }
            !fetch.is_empty(block) || !store.is_empty(block)
        });
        was_storable
    }
}

/// All remembered contexts.
pub struct Tlb {
    storage: Arc<Storage>,
    contexts: Vec<Context>,
    current: Cell<usize>,
    /// The context to be forgotten next when there are too many.
    oldest: usize,
    /// Not zero for absolute blocks that some entry may map.
    mapped: Vec<u8>,
}

impl Tlb {
    /// Without any entry.
    pub fn new(storage: Arc<Storage>) -> Tlb {
        Tlb { storage, contexts: Vec::new(), current: Cell::new(0), oldest: 0, mapped: Vec::new() }
    }

    /// The storage that entries lead to.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Makes the context that `state` selects current.
    pub fn select(&mut self, state: &CpuState) {
        let key = Key::of(state);
        if self.contexts.get(self.current.get()).is_some_and(|context| context.key == key) {
            return;
        }
        if let Some(found) = self.contexts.iter().position(|context| context.key == key) {
            self.current.set(found);
        } else if self.contexts.len() < CONTEXTS {
            self.current.set(self.contexts.len());
            self.contexts.push(Context::new(key, &self.storage));
        } else {
            self.current.set(self.oldest);
            self.oldest = (self.oldest + 1) % CONTEXTS;
            self.contexts[self.current.get()].clear();
            self.contexts[self.current.get()].key = key;
        }
    }

    /// Makes the context that `state` selects current, if it is one of those remembered.
    pub fn switch(&self, state: &CpuState) -> Option<&Context> {
        let key = Key::of(state);
        let successor = &self.current().successor;
        if self.contexts.get(successor.get()).is_none_or(|context| context.key != key) {
            successor.set(self.contexts.iter().position(|context| context.key == key)?);
        }
        self.current.set(successor.get());
        Some(self.current())
    }

    /// The current context. [`Tlb::select`] must have been called.
    pub fn current(&self) -> &Context {
        &self.contexts[self.current.get()]
    }

    /// Enters a block into the current context.
    pub fn enter(&mut self, logical: u32, absolute: u32, store: bool, has_code: bool) {
        self.contexts[self.current.get()].enter(logical, absolute, store, has_code);
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

    /// Forgets what came from the translation tables that these segment-table designations lead to.
    pub fn purge_tables(&mut self, is_meant: impl Fn(u32) -> bool) {
        let of = |key: &Key| key.translation.is_some_and(|(_, designation)| is_meant(designation));
        self.contexts.iter_mut().filter(|context| of(&context.key)).for_each(Context::clear);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.contexts.iter_mut().for_each(Context::clear);
    }

    /// Forgets what is known of one absolute block: its key has changed, or it now holds decoded instructions. Says
    /// whether the block could be stored into.
    pub fn drop_absolute(&mut self, absolute: u32) -> bool {
        let Some(mapped) = self.mapped.get_mut((absolute / BLOCK) as usize) else { return false };
        std::mem::take(mapped) != 0
            && self.contexts.iter_mut().map(|context| context.drop_absolute(absolute)).fold(false, |a, b| a | b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        state::Model,
        storage::window::{HAS_CODE, INVALID, lookup},
    };

    fn flags(window: &Window, at: u32) -> usize {
        lookup(window.entries(), at).flags()
    }

    fn tlb() -> (CpuState, Tlb) {
        (CpuState::new(Model::default()), Tlb::new(Arc::new(Storage::new(1 << 20).unwrap())))
    }

    #[test]
    fn contexts_are_remembered_and_forgotten_by_block() {
        let (mut state, mut tlb) = tlb();
        tlb.select(&state);
        tlb.enter(0x1800, 0x5800, false, false);
        assert_eq!(tlb.storage.absolute_of(lookup(tlb.current().fetch.entries(), 0x1812).spot(0x1812)), 0x5812);
        assert_eq!(flags(&tlb.current().store, 0x1800), INVALID);
        state.psw.key = 5;
        tlb.select(&state);
        assert_eq!(flags(&tlb.current().fetch, 0x1800), INVALID);
        tlb.enter(0x5800, 0x5800, true, true);
        assert_eq!(flags(&tlb.current().store, 0x5800), HAS_CODE);
        assert!(tlb.drop_absolute(0x5FFF));
        assert!(!tlb.drop_absolute(0x5FFF));
        assert_eq!(flags(&tlb.current().store, 0x5800), INVALID);
        state.psw.key = 0;
        tlb.select(&state);
        assert_eq!(flags(&tlb.current().fetch, 0x1800), INVALID);
        assert_eq!(tlb.mapped[11], 0);
    }

    #[test]
    fn there_may_be_more_contexts_than_are_remembered() {
        let (mut state, mut tlb) = tlb();
        for prefix in 0..3 * CONTEXTS as u32 {
            state.prefix = prefix << 12;
            tlb.select(&state);
            assert_eq!(flags(&tlb.current().fetch, 0), INVALID);
            tlb.enter(0, prefix << 12, false, false);
        }
        assert_eq!(tlb.contexts.len(), CONTEXTS);
    }
}
