//! The eligible list, and how many frames the machines in queue are projected to need.

use std::collections::BTreeSet;

use super::task::Queue;
use crate::real::Owner;

/// How many machines behind the first of the eligible list are looked at for one that is small enough.
const LOOK_BEHIND: usize = 8;

/// A machine in the eligible list: its deadline, the order of arrival, itself.
pub(super) type Waiting = (u64, u64, Owner);

/// Frames and who may use them.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    eligible: BTreeSet<Waiting>,
    in_e1: usize,
    /// Machines in queue that wait, by the time from which they may be dropped.
    pub waiting: BTreeSet<(u64, Owner)>,
    /// Frames for paging.
    pub frames: u32,
    /// The percentage of them that may be committed: less than 100 while the system thrashes.
    pub allowance: u8,
    /// The sum of the projected working sets in queue.
    pub committed: u64,
    /// Machines in queue, and those of them that are not favored.
    pub queued: usize,
    pub unfavored: usize,
}

impl Admission {
    pub fn new() -> Admission {
        Admission {
            eligible: BTreeSet::new(),
            in_e1: 0,
            waiting: BTreeSet::new(),
            frames: u32::MAX,
            allowance: 100,
            committed: 0,
            queued: 0,
            unfavored: 0,
        }
    }

    pub fn insert(&mut self, queue: Queue, entry: Waiting) {
        if self.eligible.insert(entry) && queue == Queue::One {
            self.in_e1 += 1;
        }
    }

    pub fn remove(&mut self, queue: Queue, entry: Waiting) {
        if self.eligible.remove(&entry) && queue == Queue::One {
            self.in_e1 -= 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.eligible.is_empty()
    }

    pub fn first(&self) -> Option<Waiting> {
        self.eligible.first().copied()
    }

    /// The few that come after the first.
    pub fn behind(&self) -> impl Iterator<Item = Owner> {
        self.eligible.iter().skip(1).take(LOOK_BEHIND).map(|&(.., owner)| owner)
    }

    /// Machines in E1 and in E2.
    pub fn lengths(&self) -> (usize, usize) {
        (self.in_e1, self.eligible.len() - self.in_e1)
    }

    fn limit(&self) -> u64 {
        u64::from(self.frames) * u64::from(self.allowance) / 100
    }

    /// Whether a machine may be put in queue: it fits, or no other is there but favored ones.
    pub fn fits(&self, working_set: u32) -> bool {
        self.unfavored == 0 || self.committed + u64::from(working_set) <= self.limit()
    }

    /// Whether more is committed than there is, and one more than the one machine that may always stay is in queue.
    pub fn is_overcommitted(&self) -> bool {
        self.unfavored > 1 && self.committed > self.limit()
    }

    pub fn commit(&mut self, working_set: u32, is_favored: bool) {
        self.committed += u64::from(working_set);
        self.queued += 1;
        self.unfavored += usize::from(!is_favored);
    }

    pub fn release(&mut self, working_set: u32, is_favored: bool) {
        self.committed -= u64::from(working_set);
        self.queued -= 1;
        self.unfavored -= usize::from(!is_favored);
    }
}
