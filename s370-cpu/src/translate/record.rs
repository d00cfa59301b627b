//! What is worth translating: where time is spent, found by looking now and then at where the interpreter stands, and what is
//! executed there, found by recording some thousand instructions one by one.

use std::collections::{BTreeSet, HashMap};

use s370_arch::storage_key::BLOCK;

/// An instruction that was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Logical address.
    pub at: u32,
    /// Absolute address.
    pub absolute: u32,
    /// The one recorded before it led here.
    pub is_joined: bool,
}

/// Instructions in the order in which they were executed, in one context and with one program mask.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The instructions.
    pub visits: Vec<Visit>,
    /// The program mask.
    pub program_mask: u8,
    /// Which context it is.
    context: usize,
    /// Instructions still to be recorded.
    left: usize,
    /// Where the instruction recorded last led.
    expected: Option<u32>,
}

impl Recording {
    /// Records so many instructions.
    pub fn new(length: usize, program_mask: u8, context: usize) -> Recording {
        Recording { visits: Vec::with_capacity(length), program_mask, context, left: length, expected: None }
    }

    /// An instruction is about to be executed.
    pub fn note(&mut self, at: u32, absolute: u32, program_mask: u8, context: usize) {
        self.left = self.left.saturating_sub(1);
        let is_joined = self.expected.take() == Some(at);
        if program_mask == self.program_mask && context == self.context {
            self.visits.push(Visit { at, absolute, is_joined });
        }
    }

    /// The instruction noted last has not been executed yet.
    pub fn retract(&mut self) {
        let last = self.visits.pop();
        self.expected = last.filter(|visit| visit.is_joined).map(|visit| visit.at);
        self.left += 1;
    }

    /// It has been executed, and that one is the next.
    pub fn led_to(&mut self, at: u32) {
        self.expected = Some(at);
    }

    /// Whether enough is recorded.
    pub fn is_complete(&self) -> bool {
        self.left == 0
    }
}

/// What is known of a small part of storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Heat {
    samples: u32,
    /// How often something was translated here that proved no good, or did not pay.
    failures: u32,
}

/// Bytes that are counted together.
const GRANULE: u32 = 256;

/// Where the interpreter was found.
#[derive(Debug, Default)]
pub struct Samples {
    heat: HashMap<u32, Heat>,
}

impl Samples {
    /// The interpreter stands at this absolute address: whether that has happened often enough. `threshold` is doubled with
    /// each failure; after `patience` failures, it is never often enough.
    pub fn note(&mut self, absolute: u32, threshold: u32, patience: u32) -> bool {
        let heat = self.heat.entry(absolute / GRANULE).or_default();
        heat.samples += 1;
        if heat.failures >= patience || heat.samples < threshold << (2 * heat.failures).min(16) {
            return false;
        }
        heat.samples = 0;
        true
    }

    /// What was translated at these absolute addresses has had to be given up, or did not pay.
    pub fn failed(&mut self, places: impl IntoIterator<Item = u32>) {
        let granules: BTreeSet<u32> = places.into_iter().map(|absolute| absolute / GRANULE).collect();
        for granule in granules {
            let heat = self.heat.entry(granule).or_default();
            (heat.failures, heat.samples) = (heat.failures.saturating_add(1), 0);
        }
    }

    /// How often that was said.
    pub fn failures(&self, absolute: u32) -> u32 {
        self.heat.get(&(absolute / GRANULE)).map_or(0, |heat| heat.failures)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.heat.clear();
    }
}

const _: () = assert!(BLOCK.is_multiple_of(GRANULE));
