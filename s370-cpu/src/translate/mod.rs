//! The translator: hot regions of guest code become host code. What it does not do it leaves, unchanged, to the interpreters.
//!
//! [`record`] finds what is hot, [`plan`] makes a region of it, [`compile`] makes the region host code, and a region's entries
//! stand in the decode cache, as instructions of their own, until something in them is stored into. `docs/translator.md`
//! tells it at length.

mod algebra;
mod compile;
mod emit;
mod entry;
pub mod job;
mod plan;
mod record;
mod semantics;
mod survey;
#[cfg(test)]
mod words;

use std::{cell::Cell, collections::BTreeMap, fmt::Write as _};

use s370_arch::{disassemble::disassemble, format::Instruction, storage_key::BLOCK};

pub use self::compile::Trouble;
use self::{
    emit::{REASONS, Reason, Surroundings},
    entry::{Arena, Frame, Place},
    job::{Finished, Job, Ticket, Worker, Workshop},
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
        Tuning { threshold: 10, recording: 2500, worth: 40, patience: 3 }
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
    /// Nanoseconds of compilation, as far as whoever compiles has a clock.
    pub compile_nanoseconds: u64,
}

/// A region that may be entered.
struct Region {
    /// Where its code is, once it is compiled.
    place: Option<Place>,
    program_mask: u8,
    /// Absolute addresses of its instructions' halfwords.
    halfwords: Vec<u32>,
    /// Where it may be entered: the numbers in the slots, and absolute addresses.
    entries: Vec<(u16, u32)>,
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
    worker: Worker,
    workshop: Option<Box<dyn Workshop>>,
    /// Jobs that are being done.
    outstanding: usize,
    /// How often everything was forgotten.
    epoch: u64,
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
            worker: Worker::default(),
            workshop: None,
            outstanding: 0,
            epoch: 0,
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
        if self.is_off || self.recording.is_some() || self.outstanding != 0 {
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

    /// It has not been executed after all.
    pub fn retract(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.retract();
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
            let [bytes @ .., _, _] = storage.u64(absolute).to_be_bytes();
            is_firm(cursor.slot().code).then(|| (decode_at(storage, absolute), Instruction(bytes)))
        };
        let first = recording.visits.first().map_or(0, |visit| visit.absolute);
        let Some(plan) = Plan::form(&recording, decode, self.samples.failures(first) == 0) else {
            self.samples.failed([first]);
            return;
        };
        if self.entries.len() + plan.entries.len() > ENTRY_NUMBERS {
            self.clear(cache, storage);
        }
        let ticket = Ticket { epoch: self.epoch, number: self.add_region(&plan) };
        let surroundings = Surroundings { storage: storage.host_base(), marks: storage.marks_base() };
        let job = Job { plan, surroundings, lists: self.keeps_listings, ticket };
        let own = match &mut self.workshop {
            Some(workshop) => workshop.submit(job),
            None => Some(job),
        };
        match own {
            Some(job) => {
                let finished = self.worker.work(&job);
                self.take(finished, cache, storage);
            }
            None => self.outstanding += 1,
        }
    }

    /// Takes in what has been compiled meanwhile.
    #[inline]
    pub fn collect(&mut self, cache: &Cache, storage: &Storage) {
        if self.outstanding == 0 {
            return;
        }
        while let Some(finished) = self.workshop.as_mut().and_then(|workshop| workshop.finished()) {
            self.outstanding = self.outstanding.saturating_sub(1);
            self.take(finished, cache, storage);
        }
    }

    /// Has jobs done there from now on.
    pub fn employ(&mut self, workshop: Box<dyn Workshop>) {
        (self.workshop, self.outstanding) = (Some(workshop), 0);
    }

    /// Enters a region whose code is still to come. From now on it is given up if something in it is stored into.
    fn add_region(&mut self, plan: &Plan) -> u32 {
        let number = self.regions.len() as u32;
        let mut entries = Vec::new();
        for (n, entry) in (0..).zip(&plan.entries) {
            let Some(site) = plan.blocks[entry.block].sites.first() else { continue };
            entries.push((self.entries.len() as u16, site.absolute));
            self.entries.push(Entry { region: number, number: n, at: site.at, assumed: entry.assumed.clone() });
        }
        let region = Region {
            place: None,
            program_mask: plan.program_mask,
            halfwords: halfwords(plan),
            entries,
            instructions: plan.instructions() as u64,
            entered: Cell::new(0),
            executed: Cell::new(0),
            refused: Cell::new(0),
        };
        for &halfword in &region.halfwords {
            let numbers = self.by_block.entry(halfword / BLOCK).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
        self.regions.push(Some(region));
        number
    }

    /// A region is compiled, or could not be.
    fn take(&mut self, finished: Finished, cache: &Cache, storage: &Storage) {
        self.counters.compile_nanoseconds += finished.nanoseconds;
        self.listings.extend(finished.listing);
        if finished.ticket.epoch != self.epoch {
            return;
        }
        let number = finished.ticket.number;
        let outcome = finished.outcome.and_then(|code| self.install(number, &code, cache));
        let is_installed = outcome.as_ref().is_ok_and(|is_installed| *is_installed);
        if let Err(trouble) = outcome {
            self.is_off |= !matches!(trouble, Trouble::Compiler { .. });
            self.trouble = Some(trouble);
        }
        if !is_installed {
            self.give_up(number, cache, storage);
        }
    }

    /// Puts a region's entries into the decode cache. It is not done if something in the region is no longer decoded, or there
    /// is no room for the code.
    fn install(&mut self, number: u32, code: &[u8], cache: &Cache) -> Result<bool, Trouble> {
        let arena = match &mut self.arena {
            Some(arena) => arena,
            None => self.arena.insert(Arena::new(ARENA)?),
        };
        let Some(Some(region)) = self.regions.get_mut(number as usize) else { return Ok(true) };
        let stands = |absolute: u32| cache.enter(absolute).is_some_and(|(cursor, _)| is_firm(cursor.slot().code));
        if !region.entries.iter().all(|entry| stands(entry.1)) {
            return Ok(false);
        }
        let Some(place) = arena.add(code) else { return Ok(false) };
        region.place = Some(place);
        for &(entry, absolute) in &region.entries {
            if let Some((cursor, _)) = cache.enter(absolute) {
                cursor.set(Slot::region(entry, cursor.slot().length));
            }
        }
        self.counters.regions += 1;
        self.counters.translated += region.instructions;
        Ok(true)
    }

    /// Executes the region that the slot at the PSW's address names.
    pub fn enter(&mut self, number: u16, state: &mut CpuState, context: &Context, left: &mut u64) -> Outcome {
        let Some(entry) = self.entries.get(usize::from(number)) else { return Outcome::Refused };
        let (Some(Some(region)), Some(arena)) = (self.regions.get(entry.region as usize), &self.arena) else {
            return Outcome::Refused;
        };
        let Some(place) = region.place else { return Outcome::Refused };
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
        let answer = arena.enter(place, frame, entry.number);
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
        for count in [&region.entered, &region.refused, &region.executed] {
            count.set(0);
        }
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
        if let (Some(arena), Some(place)) = (&mut self.arena, region.place) {
            arena.remove(place);
        }
    }

    /// Forgets all regions. The slots of the cache are still there.
    pub fn clear(&mut self, cache: &Cache, storage: &Storage) {
        (0..self.regions.len() as u32).for_each(|number| self.give_up(number, cache, storage));
        self.regions.clear();
        self.epoch += 1;
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
        let _ = write!(text, "block {:06X}", block.at());
        for (n, known) in block.known.iter().enumerate() {
            if let Some(known) = known {
                let _ = write!(text, ", register {n} = {known:06X}");
            }
        }
        for target in &block.targets {
            let _ = write!(text, ", branch to {target:06X}");
        }
        text.push('\n');
        for site in &block.sites {
            let _ = writeln!(text, "  {:06X}  {}", site.at, disassemble(site.instruction));
        }
    }
    let _ = write!(text, "{intermediate}\n{host}");
    text
}

/// Whether a slot holds an instruction that is expected to stay.
fn is_firm(code: Code) -> bool {
    !matches!(code, Code::Undecoded | Code::Volatile | Code::Slow | Code::End)
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
