//! The translator: hot regions of guest code become host code. What it does not do it leaves, unchanged, to the interpreters.
//!
//! [`record`] finds what is hot, [`plan`] makes a region of it, [`compile`] makes the region host code, and a region's entries
//! stand in the decode cache, as instructions of their own, until something in them is stored into. `docs/translator.md`
//! tells it at length.

mod algebra;
mod compile;
mod emit;
mod entry;
mod plan;
mod record;
mod semantics;
mod survey;

use std::{cell::Cell, collections::BTreeMap, fmt::Write as _};

use s370_arch::storage_key::BLOCK;

pub use self::compile::Trouble;
use self::{
    compile::Compiler,
    emit::{REASONS, Reason, Surroundings},
    entry::{Arena, Frame, Place},
    plan::Plan,
    record::{Recording, Samples},
};
use crate::{
    exec::ADDRESS,
    fast::{
        cache::{Cache, decode_at, decode_slot},
        code::LazyCode,
        slot::{Code, Slot},
        tlb::Context,
    },
    state::CpuState,
    storage::Storage,
};

/// Bytes of host code that are kept.
const ARENA: usize = 16 << 20;

/// When translation is thought to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// How often the interpreter must be found at a place.
    pub threshold: u32,
    /// Instructions that are then recorded.
    pub recording: usize,
    /// Instructions that a region must execute each time it is entered, on the average, to be kept.
    pub worth: u64,
    /// How often a region at a place may fail, or be modified, before the place is left to the interpreter.
    pub patience: u32,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning { threshold: 4, recording: 3000, worth: 40, patience: 2 }
    }
}

impl Tuning {
    /// Everything is translated as soon as it has been executed once: for tests.
    #[must_use]
    pub fn eager(recording: usize) -> Tuning {
        Tuning { threshold: 1, recording, worth: 0, patience: 1000 }
    }
}

/// What the translator has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Regions that were compiled.
    pub regions: u64,
    /// Guest instructions in them.
    pub translated: u64,
    /// Bytes of host code that are in use.
    pub code_bytes: u64,
    /// How often a region was entered.
    pub entries: u64,
    /// Instructions executed in regions.
    pub executed: u64,
    /// How often a region was left because the budget was nearly spent.
    pub exits_budget: u64,
    /// How often a region was left before a rare instruction.
    pub exits_rare: u64,
    /// How often the flow of control led out of a region.
    pub exits_outside: u64,
    /// Regions given up because something in them was stored into.
    pub invalidated: u64,
    /// Regions given up because they did not pay.
    pub retired: u64,
}

/// A region that may be entered.
struct Region {
    place: Place,
    program_mask: u8,
    /// Absolute addresses of its instructions' halfwords.
    halfwords: Vec<u32>,
    /// Where it may be entered: logical and absolute addresses.
    entries: Vec<(u32, u32)>,
    instructions: u64,
    entered: Cell<u64>,
    executed: Cell<u64>,
    refused: Cell<u64>,
}

/// An entry of a region.
struct Entry {
    region: u32,
    /// Its number in the region.
    number: u32,
    /// Its logical address.
    at: u32,
    /// What must be in registers, the rightmost 24 bits.
    assumed: Vec<(u8, u32)>,
}

/// How a region was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not at all.
    Refused,
    /// Until the budget was nearly spent.
    Budget,
    /// Until something else came up.
    Left,
}

/// What is translated, and what is known about what could be.
pub struct Translator {
    /// When translation is thought to pay.
    pub tuning: Tuning,
    /// What has been done.
    pub counters: Counters,
    /// Regions are to be listed.
    pub keeps_listings: bool,
    /// The listings, for whoever wants to see them to take.
    pub listings: Vec<String>,
    /// Why nothing is translated any more, or what could not be.
    pub trouble: Option<Trouble>,
    samples: Samples,
    recording: Option<Recording>,
    compiler: Option<Compiler>,
    arena: Option<Arena>,
    regions: Vec<Option<Region>>,
    /// Regions by the absolute block that they have instructions in.
    by_block: BTreeMap<u32, Vec<u32>>,
    /// Entries by the number in their slots.
    entries: Vec<Entry>,
    exits: [u64; REASONS],
    is_off: bool,
    frame: Frame,
}

impl Default for Translator {
    fn default() -> Translator {
        Translator {
            tuning: Tuning::default(),
            counters: Counters::default(),
            keeps_listings: false,
            listings: Vec::new(),
            trouble: None,
            samples: Samples::default(),
            recording: None,
            compiler: None,
            arena: None,
            regions: Vec::new(),
            by_block: BTreeMap::new(),
            entries: Vec::new(),
            exits: [0; REASONS],
            is_off: false,
            frame: Frame::default(),
        }
    }
}

/// Entries that slots can tell apart.
const ENTRY_NUMBERS: usize = 1 << 16;

impl Translator {
    /// The counters, brought up to date.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let [exits_budget, exits_rare, exits_outside] = self.exits;
        let code_bytes = self.arena.as_ref().map_or(0, Arena::used) as u64;
        Counters { exits_budget, exits_rare, exits_outside, code_bytes, ..self.counters.clone() }
    }

    /// Whether instructions are being recorded.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// The interpreter is found at an absolute address, having executed much.
    pub fn sample(&mut self, absolute: u32, state: &CpuState, context: &Context) {
        if self.is_off || self.recording.is_some() {
            return;
        }
        if self.samples.note(absolute, self.tuning.threshold, self.tuning.patience) {
            let recording = Recording::new(self.tuning.recording, state.psw.program_mask, context.identity());
            self.recording = Some(recording);
        }
    }

    /// The instruction at the PSW's address, and at this absolute address, is about to be executed alone.
    pub fn note(&mut self, absolute: u32, state: &CpuState, context: &Context) {
        if let Some(recording) = &mut self.recording {
            recording.note(state.psw.address, absolute, state.psw.program_mask, context.identity());
        }
    }

    /// It has been executed in the loop, and led there.
    pub fn led_to(&mut self, at: u32) {
        if let Some(recording) = &mut self.recording {
            recording.led_to(at);
        }
    }

    /// Makes a region of the recording, if that is complete.
    pub fn translate(&mut self, cache: &Cache, storage: &Storage) {
        if !self.recording.as_ref().is_some_and(Recording::is_complete) {
            return;
        }
        let Some(recording) = self.recording.take() else { return };
        let decode = |absolute: u32| {
            let (cursor, _) = cache.enter(absolute)?;
            let is_firm = !matches!(cursor.slot().code, Code::Undecoded | Code::Volatile | Code::Slow | Code::End);
            is_firm.then(|| decode_at(storage, absolute))
        };
        let first = recording.visits.first().map_or(0, |visit| visit.absolute);
        let Some(plan) = Plan::form(&recording, decode, self.samples.failures(first) == 0) else {
            self.samples.failed([first]);
            return;
        };
        if let Err(trouble) = self.install(&plan, cache, storage) {
            self.is_off = !matches!(trouble, Trouble::Compiler { .. });
            self.samples.failed([first]);
            self.trouble = Some(trouble);
        }
    }

    fn install(&mut self, plan: &Plan, cache: &Cache, storage: &Storage) -> Result<(), Trouble> {
        if self.arena.is_none() {
            self.arena = Some(Arena::new(ARENA)?);
        }
        if self.compiler.is_none() {
            self.compiler = Some(Compiler::new()?);
        }
        let surroundings = Surroundings { storage: storage.host_base(), marks: storage.marks_base() };
        let (Some(compiler), Some(_)) = (&mut self.compiler, &self.arena) else { return Ok(()) };
        let code = compiler.compile(plan, surroundings, self.keeps_listings)?;
        if self.keeps_listings {
            self.listings.push(list(plan, &compiler.listing()));
        }
        if self.entries.len() + plan.entries.len() > ENTRY_NUMBERS {
            self.clear(cache, storage);
        }
        let mut place = self.arena.as_mut().and_then(|arena| arena.add(&code));
        if place.is_none() {
            // Rarely: everything begins anew.
            self.clear(cache, storage);
            place = self.arena.as_mut().and_then(|arena| arena.add(&code));
        }
        let Some(place) = place else { return Ok(()) };
        let number = self.regions.len() as u32;
        let mut region = Region {
            place,
            program_mask: plan.program_mask,
            halfwords: halfwords(plan),
            entries: Vec::new(),
            instructions: plan.instructions() as u64,
            entered: Cell::new(0),
            executed: Cell::new(0),
            refused: Cell::new(0),
        };
        for (n, entry) in (0..).zip(&plan.entries) {
            let Some(site) = plan.blocks[entry.block].sites.first() else { continue };
            region.entries.push((site.at, site.absolute));
            let slot = Slot::region(self.entries.len() as u16, site.slot.length);
            self.entries.push(Entry { region: number, number: n, at: site.at, assumed: entry.assumed.clone() });
            if let Some((cursor, _)) = cache.enter(site.absolute) {
                cursor.set(slot);
            }
        }
        for &halfword in &region.halfwords {
            let numbers = self.by_block.entry(halfword / BLOCK).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
        self.counters.regions += 1;
        self.counters.translated += region.instructions;
        self.regions.push(Some(region));
        Ok(())
    }

    /// Executes the region that the slot at the PSW's address names.
    pub fn enter(&mut self, number: u16, state: &mut CpuState, context: &Context, left: &mut u64) -> Outcome {
        let Some(entry) = self.entries.get(usize::from(number)) else { return Outcome::Refused };
        let (Some(Some(region)), Some(arena)) = (self.regions.get(entry.region as usize), &self.arena) else {
            return Outcome::Refused;
        };
        let fits = region.program_mask == state.psw.program_mask
            && entry.at == state.psw.address
            && entry.assumed.iter().all(|(register, value)| state.gr[usize::from(*register)] & ADDRESS == *value);
        if !fits {
            region.refused.set(region.refused.get() + 1);
            return Outcome::Refused;
        }
        let frame = &mut self.frame;
        (frame.gr, frame.fpr) = (state.gr, state.fpr);
        (frame.condition, frame.left) = (LazyCode::of(state.psw.cc).0, *left);
        (frame.fetch, frame.store) = context.tables();
        let answer = arena.enter(region.place, frame, entry.number);
        (state.gr, state.fpr) = (frame.gr, frame.fpr);
        state.psw.cc = LazyCode(frame.condition).code();
        state.psw.address = answer as u32 & ADDRESS;
        let executed = *left - frame.left;
        *left = frame.left;
        self.counters.entries += 1;
        self.counters.executed += executed;
        region.entered.set(region.entered.get() + 1);
        region.executed.set(region.executed.get() + executed);
        let reason = (answer >> 32) as usize % REASONS;
        self.exits[reason] += 1;
        if reason == Reason::Budget as usize { Outcome::Budget } else { Outcome::Left }
    }

    /// Looks after a while whether regions pay, and gives up those that do not.
    pub fn review(&mut self, cache: &Cache, storage: &Storage, number: u16) {
        const OFTEN: u64 = 500;
        let Some(&Entry { region: number, .. }) = self.entries.get(usize::from(number)) else { return };
        let Some(Some(region)) = self.regions.get(number as usize) else { return };
        let entered = region.entered.get() + region.refused.get();
        if entered < OFTEN {
            return;
        }
        let pays = region.executed.get() >= entered * self.tuning.worth;
        [&region.entered, &region.refused, &region.executed].map(|count| count.set(0));
        if !pays {
            self.counters.retired += 1;
            self.give_up(number, cache, storage);
        }
    }

    /// Forgets regions with an instruction that covers one of these halfwords (absolute addresses).
    pub fn forget(&mut self, stale: &[u32], cache: &Cache, storage: &Storage) {
        for halfword in stale {
            let Some(numbers) = self.by_block.get(&(halfword / BLOCK)) else { continue };
            let hit: Vec<u32> = numbers
                .iter()
                .copied()
                .filter(|number| {
                    let region = self.regions.get(*number as usize).and_then(Option::as_ref);
                    region.is_some_and(|region| region.halfwords.binary_search(&(halfword & !1)).is_ok())
                })
                .collect();
            for number in hit {
                self.counters.invalidated += 1;
                self.give_up(number, cache, storage);
            }
        }
    }

    /// Gives a region up. Its slots are decoded again, for they must not cease to be decoded while halfwords are marked.
    fn give_up(&mut self, number: u32, cache: &Cache, storage: &Storage) {
        let Some(region) = self.regions.get_mut(number as usize).and_then(Option::take) else { return };
        self.samples.failed(region.entries.iter().map(|entry| entry.1));
        for &(_, absolute) in &region.entries {
            let Some((cursor, base)) = cache.enter(absolute) else { continue };
            let slot = cursor.slot();
            let is_ours = slot.code == Code::Region
                && self.entries.get(usize::from(slot.region_number())).is_some_and(|entry| entry.region == number);
            if is_ours {
                decode_slot(cursor, base, storage, absolute & !(BLOCK - 1));
            }
        }
        for block in region.halfwords.iter().map(|halfword| halfword / BLOCK) {
            if let Some(numbers) = self.by_block.get_mut(&block) {
                numbers.retain(|other| *other != number);
            }
        }
        if let Some(arena) = &mut self.arena {
            arena.remove(region.place);
        }
    }

    /// Forgets all regions. The slots of the cache are still there.
    pub fn clear(&mut self, cache: &Cache, storage: &Storage) {
        (0..self.regions.len() as u32).for_each(|number| self.give_up(number, cache, storage));
        self.regions.clear();
        self.entries.clear();
        self.by_block.clear();
        self.samples.clear();
        self.recording = None;
    }
}

/// A region's listing: the guest's instructions by blocks, then the compiler's form of them, then the host's.
fn list(plan: &Plan, (intermediate, host): &(String, String)) -> String {
    let mut text = format!("region of {} instructions, entered at", plan.instructions());
    for entry in &plan.entries {
        let _ = write!(text, " {:06X}", plan.blocks[entry.block].at());
        for (register, value) in &entry.assumed {
            let _ = write!(text, ", register {register} = {value:06X}");
        }
        text.push(';');
    }
    text.push('\n');
    for block in &plan.blocks {
        let _ = writeln!(text, "block {:06X}, branch to {:06X?}, known {:?}", block.at(), block.targets, block.known);
        for site in &block.sites {
            let _ = writeln!(text, "  {:06X}  {:?}", site.at, site.slot.code);
        }
    }
    let _ = write!(text, "{intermediate}\n{host}");
    text
}

/// The halfwords that instructions of a plan cover, in order.
fn halfwords(plan: &Plan) -> Vec<u32> {
    let sites = plan.blocks.iter().flat_map(|block| &block.sites);
    let mut all: Vec<u32> =
        sites.flat_map(|site| (0..u32::from(site.slot.length)).map(move |n| site.absolute + 2 * n)).collect();
    all.sort_unstable();
    all.dedup();
    all
}
