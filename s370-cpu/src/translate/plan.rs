//! Regions: which instructions are translated together, and what is known about them. A region is made from a recording of what
//! was executed: its blocks are those that were, and branches whose targets registers decide lead where they led then, or
//! out.

use std::collections::{BTreeMap, BTreeSet};

use s370_arch::storage_key::BLOCK;

use super::{
    algebra::{Choice, Next},
    record::Recording,
    semantics::{decider, execute, next_address},
    survey::{Known, Registers, Survey},
};
use crate::{
    exec::ADDRESS,
    fast::slot::{Code, Slot, is_branch},
};

/// Instructions that a region has at most.
const LONGEST: usize = 700;
/// Targets of one branch that are told apart.
const TARGETS: usize = 6;
/// Places where a region may be entered.
const ENTRIES: usize = 60;

/// An instruction of a region.
#[derive(Clone, Debug)]
pub struct Site {
    /// Logical address.
    pub at: u32,
    /// Absolute address.
    pub absolute: u32,
    /// The instruction.
    pub slot: Slot,
}

/// Instructions that are executed one after the other.
#[derive(Clone, Debug)]
pub struct Block {
    /// The instructions; only the last one may be a branch.
    pub sites: Vec<Site>,
    /// Where the branch led, most frequent first.
    pub targets: Vec<u32>,
    /// Registers changed on some way from an entry to this block.
    pub dirty: Registers,
    /// What is known of registers when it begins.
    pub known: Known,
}

impl Block {
    /// Address of the first instruction.
    pub fn at(&self) -> u32 {
        self.sites.first().map_or(0, |site| site.at)
    }

    /// Address behind the last instruction.
    pub fn next(&self) -> u32 {
        self.sites.last().map_or(0, |site| next_address(&site.slot, site.at))
    }
}

/// What is to be translated: all that the compiler needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// Their numbers by the address of their first instruction.
    pub index: BTreeMap<u32, usize>,
    /// The blocks where it may be entered.
    pub entries: Vec<usize>,
    /// Registers that are used or changed anywhere.
    pub touched: Registers,
    /// Addresses that must be in registers on entry, for no instruction here changes them: the rightmost 24 bits.
    pub assumed: Vec<(u8, u32)>,
    /// The program mask it is good for.
    pub program_mask: u8,
    /// Absolute addresses of the 2K blocks that instructions are in, by logical address.
    pub homes: BTreeMap<u32, u32>,
}

impl Plan {
    /// Instructions in it.
    pub fn instructions(&self) -> usize {
        self.blocks.iter().map(|block| block.sites.len()).sum()
    }

    /// Makes a region of a recording. `decode` gives the instruction at an absolute address, if it is one that stands firm.
    pub fn form(recording: &Recording, decode: impl Fn(u32) -> Option<Slot>, assume: bool) -> Option<Plan> {
        let sites = sites(recording, decode);
        let profile = Profile::of(recording, &sites);
        let mut plan = Plan {
            blocks: Vec::new(),
            index: BTreeMap::new(),
            entries: Vec::new(),
            touched: Registers::default(),
            assumed: Vec::new(),
            program_mask: recording.program_mask,
            homes: sites.values().map(|site| (site.at & !(BLOCK - 1), site.absolute & !(BLOCK - 1))).collect(),
        };
        for &leader in &profile.leaders {
            plan.add_block(leader, &sites, &profile);
        }
        plan.entries = profile.entries.iter().filter_map(|at| plan.index.get(at).copied()).take(ENTRIES).collect();
        if plan.entries.is_empty() {
            return None;
        }
        if assume {
            plan.assume();
        }
        plan.follow();
        Some(plan)
    }

    fn add_block(&mut self, leader: u32, sites: &BTreeMap<u32, Site>, profile: &Profile) {
        let mut block =
            Block { sites: Vec::new(), targets: Vec::new(), dirty: Registers::default(), known: Known::default() };
        let mut at = leader;
        while let Some(site) = sites.get(&at) {
            let ends = is_branch(site.slot.code);
            at = next_address(&site.slot, at);
            block.sites.push(site.clone());
            if ends {
                block.targets = profile.targets_of(site.at);
            }
            if ends || profile.leaders.contains(&at) {
                break;
            }
        }
        let mut survey = Survey::new(Known::default(), self.program_mask);
        for site in &block.sites {
            let _ = execute(&mut survey, &site.slot, 0);
        }
        self.touched = self.touched.and(survey.used).and(survey.changed);
        self.index.insert(leader, self.blocks.len());
        self.blocks.push(block);
    }

    /// Registers that decide where branches go, and that nothing here changes, may be taken to have the values they had.
    fn assume(&mut self) {
        let changed = self.blocks.iter().fold(Registers::default(), |changed, block| {
            let mut survey = Survey::new(Known::default(), self.program_mask);
            walk(&mut survey, block);
            changed.and(survey.changed)
        });
        let mut values: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
        for block in &self.blocks {
            let Some((register, displacement)) = block.sites.last().and_then(|site| decider(&site.slot)) else {
                continue;
            };
            for target in &block.targets {
                values.entry(register).or_default().insert(target.wrapping_sub(displacement) & ADDRESS);
            }
        }
        values.retain(|&register, values| values.len() == 1 && !changed.has(Registers::general(register)));
        self.assumed =
            values.into_iter().filter_map(|(register, values)| Some((register, values.into_iter().next()?))).collect();
    }

    /// Works out what is known, and what is changed, when each block begins.
    fn follow(&mut self) {
        let mut at_entry = Known::default();
        for &(register, value) in &self.assumed {
            at_entry[usize::from(register)] = Some(value);
        }
        let mut known: Vec<Option<Known>> = vec![None; self.blocks.len()];
        for &entry in &self.entries {
            known[entry] = Some(at_entry);
        }
        let mut work: Vec<usize> = self.entries.clone();
        while let Some(number) = work.pop() {
            let Some(before) = known[number] else { continue };
            let block = &self.blocks[number];
            let mut survey = Survey::new(before, self.program_mask);
            let flow = walk(&mut survey, block);
            let dirty = block.dirty.and(survey.changed);
            for (target, after) in successors(block, flow, &survey.known) {
                let Some(&to) = self.index.get(&target) else { continue };
                let met = known[to].map_or(after, |old| meet(&old, &after));
                let all_dirty = self.blocks[to].dirty.and(dirty);
                if known[to] != Some(met) || self.blocks[to].dirty != all_dirty {
                    known[to] = Some(met);
                    self.blocks[to].dirty = all_dirty;
                    work.push(to);
                }
            }
        }
        for (block, known) in self.blocks.iter_mut().zip(known) {
            block.known = known.unwrap_or_default();
        }
    }
}

/// Surveys a block: what its last instruction leads to.
fn walk(survey: &mut Survey, block: &Block) -> Next<Option<u32>, ()> {
    let mut flow = Next::Sequential;
    for site in &block.sites {
        flow = execute(survey, &site.slot, next_address(&site.slot, site.at)).unwrap_or(Next::Sequential);
    }
    flow
}

/// Where a block may lead inside a region, and what is known there.
fn successors(block: &Block, flow: Next<Option<u32>, ()>, known: &Known) -> Vec<(u32, Known)> {
    let sequential = (block.next(), *known);
    let Next::Branch(choice, target) = flow else { return vec![sequential] };
    let mut all = Vec::new();
    if choice != Choice::Always {
        all.push(sequential);
    }
    if choice != Choice::Never {
        match target {
            Some(target) => all.push((target, *known)),
            None => all.extend(block.targets.iter().map(|&target| (target, refined(block, *known, target)))),
        }
    }
    all
}

/// What is known where a branch has led to a target that was not known before.
pub fn refined(block: &Block, known: Known, target: u32) -> Known {
    let mut known = known;
    if let Some((register, displacement)) = block.sites.last().and_then(|site| decider(&site.slot)) {
        known[usize::from(register)] = Some(target.wrapping_sub(displacement) & ADDRESS);
    }
    known
}

fn meet(a: &Known, b: &Known) -> Known {
    std::array::from_fn(|n| a[n].filter(|_| a[n] == b[n]))
}

/// The instructions of a recording that can be translated, by address; the most frequent ones if there are too many.
fn sites(recording: &Recording, decode: impl Fn(u32) -> Option<Slot>) -> BTreeMap<u32, Site> {
    let mut counts: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
    for visit in &recording.visits {
        counts.entry(visit.at).or_insert((visit.absolute, 0)).1 += 1;
    }
    let mut least = 1;
    while counts.values().filter(|(_, count)| *count >= least).count() > LONGEST {
        least += 1;
    }
    let mut sites = BTreeMap::new();
    for (at, (absolute, count)) in counts {
        if count < least {
            continue;
        }
        let Some(slot) = decode(absolute) else { continue };
        let mut survey = Survey::new(Known::default(), recording.program_mask);
        if execute(&mut survey, &slot, 0).is_ok() {
            sites.insert(at, Site { at, absolute, slot });
        }
    }
    sites
}

/// What a recording says about the flow of control.
struct Profile {
    leaders: BTreeSet<u32>,
    entries: BTreeSet<u32>,
    targets: BTreeMap<u32, BTreeMap<u32, usize>>,
}

impl Profile {
    fn of(recording: &Recording, sites: &BTreeMap<u32, Site>) -> Profile {
        let mut profile = Profile { leaders: BTreeSet::new(), entries: BTreeSet::new(), targets: BTreeMap::new() };
        let mut last: Option<&Site> = None;
        for visit in &recording.visits {
            let before = last.take().filter(|_| visit.is_joined);
            let Some(site) = sites.get(&visit.at) else { continue };
            last = Some(site);
            let Some(before) = before else {
                profile.entries.insert(visit.at);
                continue;
            };
            if is_branch(before.slot.code) {
                profile.leaders.insert(visit.at);
                profile.leaders.insert(next_address(&before.slot, before.at));
                if visit.at != next_address(&before.slot, before.at) {
                    *profile.targets.entry(before.at).or_default().entry(visit.at).or_default() += 1;
                    let is_call_or_return =
                        matches!(before.slot.code, Code::BcrAlways | Code::Balr | Code::Basr | Code::Bal | Code::Bas);
                    if visit.at <= before.at && !is_call_or_return {
                        profile.entries.insert(visit.at);
                    }
                }
            }
        }
        profile.leaders.extend(&profile.entries);
        profile.leaders.retain(|at| sites.contains_key(at));
        profile
    }

    fn targets_of(&self, at: u32) -> Vec<u32> {
        let Some(targets) = self.targets.get(&at) else { return Vec::new() };
        let mut targets: Vec<_> = targets.iter().collect();
        targets.sort_by_key(|(target, count)| (std::cmp::Reverse(**count), **target));
        targets.into_iter().map(|(target, _)| *target).take(TARGETS).collect()
    }
}
