//! Regions: which instructions are translated together, and what is known about them. A region is made from a recording of what
//! was executed: its blocks are those that were, and branches whose targets registers decide lead where they led then, or
//! out.

use std::collections::{BTreeMap, BTreeSet};

use s370_arch::{format::Instruction, storage_key::BLOCK};

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
/// Instructions of a region whose exits may be long.
const SMALL: usize = 40;
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
    /// The instruction, decoded.
    pub slot: Slot,
    /// The instruction as it stands in storage.
    pub instruction: Instruction,
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

/// A block where a region may be entered.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub block: usize,
    /// What must be in registers, the rightmost 24 bits: the code relies on it.
    pub assumed: Vec<(u8, u32)>,
}

/// What is to be translated: all that the compiler needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// Their numbers by the address of their first instruction.
    pub index: BTreeMap<u32, usize>,
    /// Where it may be entered.
    pub entries: Vec<Entry>,
    /// Registers that are used or changed anywhere.
    pub touched: Registers,
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

    /// Whether registers are put back at the end of each block. Otherwise each exit puts back what may have changed, which
    /// spares loops the stores, but makes exits long.
    pub fn puts_back(&self) -> bool {
        self.instructions() > SMALL
    }

    /// Makes a region of a recording. `decode` gives the instruction at an absolute address, if it is one that stands firm.
    pub fn form(
        recording: &Recording,
        decode: impl Fn(u32) -> Option<(Slot, Instruction)>,
        assume: bool,
    ) -> Option<Plan> {
        let sites = sites(recording, decode);
        let profile = Profile::of(recording, &sites);
        let mut plan = Plan {
            blocks: Vec::new(),
            index: BTreeMap::new(),
            entries: Vec::new(),
            touched: Registers::default(),
            program_mask: recording.program_mask,
            homes: sites.values().map(|site| (site.at & !(BLOCK - 1), site.absolute & !(BLOCK - 1))).collect(),
        };
        for &leader in &profile.leaders {
            plan.add_block(leader, &sites, &profile);
        }
        let roots: Vec<usize> = profile.roots.iter().filter_map(|at| plan.index.get(at).copied()).collect();
        let heads = profile.heads.iter().filter_map(|at| plan.index.get(at).copied());
        // Where the recording happened to begin is no place to enter when there are loops.
        let skipped = usize::from(!profile.heads.is_empty() && profile.begins_in_root);
        let mut blocks: Vec<usize> = roots.iter().copied().skip(skipped).chain(heads).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks.truncate(ENTRIES);
        if blocks.is_empty() {
            return None;
        }
        let unchanged = if assume { plan.unchanged() } else { Known::default() };
        let bases = if assume { plan.bases() } else { Registers::default() };
        // What would be known if it were entered only where the recording was: loops rely on the registers by which
        // their branches are addressed.
        let seeds: Vec<_> = roots.iter().map(|root| (*root, unchanged)).collect();
        let inside = plan.flow(&seeds).0;
        let seeds: Vec<_> = blocks
            .iter()
            .map(|&block| {
                let inside = inside[block].unwrap_or_default();
                let kept = |n: usize| unchanged[n].or(inside[n].filter(|_| bases.has(Registers::general(n as u8))));
                (block, std::array::from_fn(kept))
            })
            .collect();
        let (known, dirty) = plan.flow(&seeds);
        for (n, block) in plan.blocks.iter_mut().enumerate() {
            (block.known, block.dirty) = (known[n].unwrap_or_default(), dirty[n]);
        }
        for block in blocks {
            let known = plan.blocks[block].known;
            let assumed = (0..16).filter_map(|n| Some((n, known[usize::from(n)]?))).collect();
            plan.entries.push(Entry { block, assumed });
        }
        plan.drop_unreached(&known);
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

    /// Registers by which branches are addressed.
    fn bases(&self) -> Registers {
        let last = self.blocks.iter().filter_map(|block| block.sites.last());
        let based = last.filter(|site| site.slot.length == 2).filter_map(|site| decider(&site.slot));
        based.fold(Registers::default(), |all, (register, _)| all.and(Registers::general(register)))
    }

    /// Registers that decide where branches go, and that nothing here changes: the values they had.
    fn unchanged(&self) -> Known {
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
        let mut unchanged = Known::default();
        for (register, values) in values {
            if values.len() == 1 && !changed.has(Registers::general(register)) {
                unchanged[usize::from(register)] = values.first().copied();
            }
        }
        unchanged
    }

    /// What is known, and what is changed, when each block begins, if the region is entered at these blocks with this
    /// knowledge; nothing is known of blocks that are not reached.
    fn flow(&self, seeds: &[(usize, Known)]) -> (Vec<Option<Known>>, Vec<Registers>) {
        let mut known: Vec<Option<Known>> = vec![None; self.blocks.len()];
        let mut dirty = vec![Registers::default(); self.blocks.len()];
        let mut work = Vec::new();
        for &(block, seed) in seeds {
            known[block] = Some(known[block].map_or(seed, |old| meet(&old, &seed)));
            work.push(block);
        }
        while let Some(number) = work.pop() {
            let Some(before) = known[number] else { continue };
            let block = &self.blocks[number];
            let mut survey = Survey::new(before, self.program_mask);
            let next = walk(&mut survey, block);
            let changed = dirty[number].and(survey.changed);
            for (target, after) in successors(block, next, &survey.known) {
                let Some(&to) = self.index.get(&target) else { continue };
                let met = known[to].map_or(after, |old| meet(&old, &after));
                let all = dirty[to].and(changed);
                if known[to] != Some(met) || dirty[to] != all {
                    (known[to], dirty[to]) = (Some(met), all);
                    work.push(to);
                }
            }
        }
        (known, dirty)
    }

    /// Leaves out blocks that are not reached from any entry.
    fn drop_unreached(&mut self, known: &[Option<Known>]) {
        let mut numbers = Vec::new();
        let mut kept = Vec::new();
        for (block, known) in std::mem::take(&mut self.blocks).into_iter().zip(known) {
            numbers.push(kept.len());
            if known.is_some() {
                kept.push(block);
            }
        }
        self.blocks = kept;
        self.index = self.blocks.iter().enumerate().map(|(n, block)| (block.at(), n)).collect();
        for entry in &mut self.entries {
            entry.block = numbers[entry.block];
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
fn sites(recording: &Recording, decode: impl Fn(u32) -> Option<(Slot, Instruction)>) -> BTreeMap<u32, Site> {
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
        let Some((slot, instruction)) = decode(absolute) else { continue };
        let mut survey = Survey::new(Known::default(), recording.program_mask);
        if execute(&mut survey, &slot, 0).is_ok() {
            sites.insert(at, Site { at, absolute, slot, instruction });
        }
    }
    sites
}

/// What a recording says about the flow of control.
struct Profile {
    leaders: BTreeSet<u32>,
    /// Where the recording begins, first of all, and begins again after what cannot be translated.
    roots: Vec<u32>,
    /// Whether the first of them is where it began.
    begins_in_root: bool,
    /// Where loops begin.
    heads: BTreeSet<u32>,
    targets: BTreeMap<u32, BTreeMap<u32, usize>>,
}

impl Profile {
    fn of(recording: &Recording, sites: &BTreeMap<u32, Site>) -> Profile {
        let mut profile = Profile {
            leaders: BTreeSet::new(),
            roots: Vec::new(),
            begins_in_root: recording.visits.first().is_some_and(|visit| sites.contains_key(&visit.at)),
            heads: BTreeSet::new(),
            targets: BTreeMap::new(),
        };
        let mut last: Option<&Site> = None;
        for visit in &recording.visits {
            let before = last.take().filter(|_| visit.is_joined);
            let Some(site) = sites.get(&visit.at) else { continue };
            last = Some(site);
            let Some(before) = before else {
                if !profile.roots.contains(&visit.at) {
                    profile.roots.push(visit.at);
                }
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
                        profile.heads.insert(visit.at);
                    }
                }
            }
        }
        profile.leaders.extend(profile.roots.iter().chain(&profile.heads));
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
