//! The fast interpreter: instructions decoded once, storage reached through flat tables, the common path only. What it
//! does not do it leaves, unchanged, to the slow interpreter.

pub(crate) mod bytes;
pub(crate) mod cache;
pub(crate) mod code;
mod decimal_ops;
pub(crate) mod float_ops;
mod pieces;
mod run;
pub(crate) mod slot;
mod system_ops;
pub(crate) mod tlb;

use std::sync::Arc;

use s370_arch::storage_key::{BLOCK, CHANGE, REFERENCE};

pub use self::run::Leave;
use self::{cache::Cache, run::Hot, tlb::Tlb};
use crate::{
    exec::{Access, Effects, Space},
    state::CpuState,
    storage::{
        Storage,
        notice::{Mailbox, Notice},
        window::{INVALID, lookup},
    },
    translate::{self, Translator},
};

/// What is pending when a slice begins; nothing is added while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// An external interruption that control register 0 allows.
    pub external: bool,
    /// Perhaps an I/O interruption.
    pub io: bool,
    /// Something that the PSW does not mask.
    pub other: bool,
}

/// What the loop is to know for a slice of instructions.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Instructions that may be executed.
    pub budget: u64,
    /// See [`Hot::native`].
    pub native: bool,
    /// What is pending.
    pub pending: Pending,
    /// TOD-clock units an instruction takes.
    pub instruction_time: u64,
    /// Hot regions are translated.
    pub translate: bool,
}

/// All that the fast interpreter remembers. It can be dropped between any two instructions.
pub struct Fast {
    tlb: Tlb,
    cache: Cache,
    mailbox: Arc<Mailbox>,
    /// The translator, which is at work if the slice says so.
    pub translator: Translator,
}

impl Fast {
    /// Remembers nothing yet.
    pub fn new(storage: Arc<Storage>) -> Fast {
        Fast {
            mailbox: storage.subscribe(),
            tlb: Tlb::new(storage),
            cache: Cache::default(),
            translator: Translator::default(),
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self, storage: &Storage) {
        self.tlb.clear();
        self.translator.clear(&self.cache, storage);
        self.cache.clear(storage);
    }

    /// Forgets what came from translation tables.
    pub fn purge(&mut self) {
        self.tlb.purge();
    }

    /// Forgets what came from some translation tables.
    pub fn purge_tables(&mut self, is_meant: impl Fn(u32) -> bool) {
        self.tlb.purge_tables(is_meant);
    }

    /// Executes instructions until something is met that is not for the loop. Returns how many were executed, and why
    /// the loop was left: [`Leave::Budget`], [`Leave::Slow`] or [`Leave::Context`].
    pub fn run(&mut self, state: &mut CpuState, storage: &Storage, slice: Slice) -> (u64, Leave) {
        // The loop does not look for facilities.
        if state.psw.per() || state.psw.secondary || state.psw.wait || !state.model.is_full() {
            return (0, Leave::Slow);
        }
        // A channel, another processor or whoever runs this one may have changed storage since.
        self.heed(storage);
        if slice.translate {
            self.translator.collect(&self.cache, storage);
        }
        self.tlb.select(state);
        let mut left = slice.budget;
        let mut in_regions = 0;
        // Entries of regions that the loop is to pass by.
        let mut bypass = if slice.translate { 0 } else { u32::MAX };
        // Where a region has used up the budget, whatever stands there is not executed any more.
        while left != 0 {
            if !self.reach(state, storage) {
                return (slice.budget - left, Leave::Slow);
            }
            let leave = if slice.translate && self.translator.is_recording() {
                bypass = 0;
                self.record(state, storage, slice, &mut left)
            } else {
                let share = (left, bypass);
                self.enter_loop(state, storage, slice, &mut left, share)
            };
            // The loop may have gone to another context without telling.
            self.tlb.select(state);
            let filled = match leave {
                Leave::Enter => true,
                Leave::Region(number) => {
                    let before = left;
                    bypass = self.enter_region(state, storage, number, &mut left);
                    in_regions += before - left;
                    continue;
                }
                Leave::FetchMiss(at) => self.fill(state, storage, at, Access::Fetch),
                Leave::StoreMiss(at) => self.fill(state, storage, at, Access::Store),
                Leave::Budget if left != 0 => continue,
                Leave::Budget | Leave::Slow | Leave::Context | Leave::Interruption { .. } => {
                    if leave == Leave::Budget && slice.translate && in_regions < slice.budget / 2 {
                        self.sample(state);
                    }
                    return (slice.budget - left, leave);
                }
            };
            if bypass == 1 {
                bypass = 0;
            }
            if !filled {
                return (slice.budget - left, Leave::Slow);
            }
        }
        (slice.budget, Leave::Budget)
    }

    /// Makes sure that the loop can begin at the PSW's address.
    fn reach(&mut self, state: &mut CpuState, storage: &Storage) -> bool {
        let address = state.psw.address;
        if address & 1 != 0 {
            return false;
        }
        if self.entry(address).is_none() && !self.fill(state, storage, address, Access::Fetch) {
            return false;
        }
        self.open(storage, address);
        true
    }

    /// Executes one instruction and records it.
    fn record(&mut self, state: &mut CpuState, storage: &Storage, slice: Slice, left: &mut u64) -> Leave {
        let absolute = self.entry(state.psw.address).unwrap_or(0);
        self.translator.note(absolute, state, self.tlb.current());
        let leave = self.enter_loop(state, storage, slice, left, (1, u32::MAX));
        match leave {
            Leave::Budget => self.translator.led_to(state.psw.address),
            // It is about to be executed again.
            Leave::Enter | Leave::FetchMiss(_) | Leave::StoreMiss(_) => self.translator.retract(),
            Leave::Slow | Leave::Context | Leave::Interruption { .. } | Leave::Region(_) => {}
        }
        self.translator.translate(&self.cache, storage);
        leave
    }

    /// Executes a region. Says how many entries of regions the loop is to pass by afterwards.
    fn enter_region(&mut self, state: &mut CpuState, storage: &Storage, number: u16, left: &mut u64) -> u32 {
        let before = *left;
        let outcome = self.translator.enter(number, state, self.tlb.current(), left);
        self.translator.review(&self.cache, storage, number);
        match outcome {
            // What is left of the budget is for the interpreter.
            translate::Outcome::Budget => u32::MAX,
            translate::Outcome::Refused | translate::Outcome::Left => u32::from(*left == before),
        }
    }

    /// Tells the translator where the interpreter stands.
    fn sample(&mut self, state: &CpuState) {
        if let Some(absolute) = self.entry(state.psw.address) {
            self.translator.sample(absolute, state, self.tlb.current());
        }
    }

    /// Executes so many instructions of what is left in the loop, passing by some entries of regions.
    fn enter_loop(
        &mut self,
        state: &mut CpuState,
        storage: &Storage,
        slice: Slice,
        left: &mut u64,
        (share, bypass): (u64, u32),
    ) -> Leave {
        let executed = slice.budget - *left;
        let start = state.time;
        // The loop reckons the time from its own start.
        state.time = start.wrapping_add(executed * slice.instruction_time);
        let mut hot = Hot {
            state,
            storage,
            cache: &self.cache,
            tlb: &self.tlb,
            native: slice.native,
            pending: slice.pending,
            instruction_time: slice.instruction_time,
            left: share,
            beyond: *left - share,
            bypass,
        };
        let leave = run::run(&mut hot);
        *left -= share - hot.left;
        hot.state.time = start;
        leave
    }

    /// The absolute address of a logical address that is in the table for fetches.
    fn entry(&self, address: u32) -> Option<u32> {
        let entry = lookup(self.tlb.current().fetch.entries(), address);
        (entry.flags() & INVALID == 0).then(|| self.tlb.storage().absolute_of(entry.spot(address)))
    }

    /// Gives the block at a logical address, which is in the table, slots for its instructions.
    fn open(&mut self, storage: &Storage, address: u32) {
        if let Some(absolute) = self.entry(address)
            && !self.cache.has(absolute)
        {
            if self.cache.is_full() {
                self.translator.clear(&self.cache, storage);
            }
            self.cache.open(absolute, storage);
            // Entries for stores must now say that there is code.
            self.tlb.drop_absolute(absolute);
            storage.open(absolute, &self.mailbox);
            storage.watch(absolute);
            self.tlb.enter(address, absolute, false, false);
        }
    }

    /// Puts a block into a table, if it may be referred to in this way.
    fn fill(&mut self, state: &mut CpuState, storage: &Storage, at: u32, access: Access) -> bool {
        let space = if state.psw.translation() { Space::Primary } else { Space::Real };
        let allowed = || crate::exec::check(state, storage, at, access, state.psw.key, space).ok();
        let Some(absolute) = allowed() else { return false };
        // From here on a change of the key is heard of; it may just have changed.
        storage.watch(absolute);
        if allowed() != Some(absolute) {
            return false;
        }
        let store = access == Access::Store;
        if store && at < BLOCK && state.cr[0] & 1 << 28 != 0 {
            // Low-address protection covers part of the block.
            return false;
        }
        // An entry must not record what the instruction may yet fail to do: the slow interpreter refers to the block first.
        let recorded = if store { REFERENCE | CHANGE } else { REFERENCE };
        if storage.key(absolute) & recorded != recorded {
            return false;
        }
        self.tlb.enter(at, absolute, store, storage.is_opened(absolute));
        true
    }

    /// After the slow interpreter has executed an instruction: forgets what it made wrong.
    pub fn apply(&mut self, effects: Effects, storage: &Storage) {
        if effects.purge {
            self.tlb.purge();
        }
        self.heed(storage);
    }

    /// Forgets what storage, other processors and channels have made wrong.
    fn heed(&mut self, storage: &Storage) {
        if !self.mailbox.has_any() {
            return;
        }
        let mut stale = Vec::new();
        for notice in self.mailbox.take() {
            match notice {
                Notice::Stored(halfword) => stale.push(halfword),
                Notice::Key(block) => {
                    self.tlb.drop_absolute(block);
                }
                // Stores that did not look for code yet may have come after the other processor has decoded it.
                Notice::Opened(block) => {
                    if self.tlb.drop_absolute(block) {
                        storage.note_store(block, BLOCK);
                    }
                }
                Notice::Purge => self.tlb.purge(),
                Notice::Everything => self.clear(storage),
            }
        }
        self.cache.forget(&stale, storage);
        self.translator.forget(&stale, &self.cache, storage);
    }
}
