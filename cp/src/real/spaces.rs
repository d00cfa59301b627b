//! Whose pages there are: virtual machines and shared systems, who of them runs, and what paging they cause.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use super::Owner;

/// No frame.
const NONE: u32 = u32::MAX;

/// What paging a virtual machine has caused and suffered since it began, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pages that are in real storage now, without those that it shares.
    pub resident: u32,
    /// Pages fetched from the page area.
    pub reads: u64,
    /// Pages written to it.
    pub writes: u64,
    /// Pages that were taken from it for others.
    pub taken_by_others: u64,
    /// Pages that were taken from it for itself.
    pub taken_by_itself: u64,
    /// Pages that were taken from others for it.
    pub taken_from_others: u64,
    /// The pages it is thought to need to make progress; see [`super::RealStorage::estimate_working_set`].
    pub working_set: u32,
}

/// A virtual machine, or the shared segments of a saved system.
#[derive(Debug)]
pub struct Space {
    owner: Option<Owner>,
    /// How many storages belong to it.
    users: u32,
    /// Not zero while it runs on a real processor: then nobody else may take its pages, or touch its tables. A shared
    /// system runs when one of its users does.
    running: u32,
    /// The same for [`super::GuestStorage`] to see without the lock.
    flag: Arc<AtomicU32>,
    /// The shared systems that it uses, each as often as it uses it.
    uses: Vec<u32>,
    /// Its resident pages: the ends of the list.
    pub oldest: u32,
    pub newest: u32,
    pub counts: Counts,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Spaces {
    spaces: Vec<Space>,
    unused: Vec<u32>,
    owners: HashMap<Owner, u32>,
}

impl Spaces {
    /// The space of a virtual machine, for one more storage, or a new one for a shared system.
    pub fn open(&mut self, owner: Option<Owner>) -> u32 {
        if let Some(&space) = owner.and_then(|owner| self.owners.get(&owner)) {
            self.spaces[space as usize].users += 1;
            return space;
        }
        let new = Space {
            owner,
            users: 1,
            running: 0,
            flag: Arc::default(),
            uses: Vec::new(),
            oldest: NONE,
            newest: NONE,
            counts: Counts::default(),
        };
        let space = match self.unused.pop() {
            Some(space) => {
                self.spaces[space as usize] = new;
                space
            }
            None => {
                self.spaces.push(new);
                self.spaces.len() as u32 - 1
            }
        };
        if let Some(owner) = owner {
            self.owners.insert(owner, space);
        }
        space
    }

    /// A storage is gone that had no page any more.
    pub fn close(&mut self, space: u32) {
        let entry = &mut self.spaces[space as usize];
        entry.users -= 1;
        if entry.users == 0 {
            if let Some(owner) = entry.owner.take() {
                self.owners.remove(&owner);
            }
            self.unused.push(space);
        }
    }

    /// The space of a virtual machine.
    pub fn find(&self, owner: Owner) -> Option<u32> {
        self.owners.get(&owner).copied()
    }

    pub fn space(&self, space: u32) -> &Space {
        &self.spaces[space as usize]
    }

    /// As [`Spaces::space`], to be changed: the counts and the list.
    pub fn counts_and_list(&mut self, space: u32) -> &mut Space {
        &mut self.spaces[space as usize]
    }

    pub fn counts(&mut self, space: u32) -> &mut Counts {
        &mut self.spaces[space as usize].counts
    }

    /// What tells whether it runs.
    pub fn flag(&self, space: u32) -> Arc<AtomicU32> {
        Arc::clone(&self.spaces[space as usize].flag)
    }

    /// It runs from now on; it may do so several times.
    pub fn begin(&mut self, space: u32) {
        self.add_running(space, 1);
        for used in self.spaces[space as usize].uses.clone() {
            self.add_running(used, 1);
        }
    }

    /// The end of what [`Spaces::begin`] began.
    pub fn end(&mut self, space: u32) {
        if self.spaces[space as usize].running == 0 {
            return;
        }
        self.add_running(space, -1);
        for used in self.spaces[space as usize].uses.clone() {
            self.add_running(used, -1);
        }
    }

    fn add_running(&mut self, space: u32, change: i32) {
        let space = &mut self.spaces[space as usize];
        space.running = space.running.saturating_add_signed(change);
        space.flag.store(space.running, Ordering::Relaxed);
    }

    /// It uses a shared system from now on.
    pub fn attach(&mut self, space: u32, system: u32) {
        let running = self.spaces[space as usize].running;
        self.spaces[space as usize].uses.push(system);
        self.add_running(system, running as i32);
    }

    /// It no longer uses the shared system, once.
    pub fn detach(&mut self, space: u32, system: u32) {
        let entry = &mut self.spaces[space as usize];
        if let Some(n) = entry.uses.iter().position(|&used| used == system) {
            entry.uses.swap_remove(n);
            let running = entry.running;
            self.add_running(system, -(running as i32));
        }
    }

    /// Whether pages may be taken from it for `requester`.
    pub fn is_stealable(&self, space: u32, requester: Option<u32>) -> bool {
        if requester == Some(space) {
            return true;
        }
        let running = self.spaces[space as usize].running;
        let by_requester = requester.map_or(0, |requester| {
            let requester = &self.spaces[requester as usize];
            requester.running * requester.uses.iter().filter(|&&used| used == space).count() as u32
        });
        running == by_requester
    }

    /// A page of a space was taken for somebody.
    pub fn count_steal(&mut self, space: u32, requester: Option<u32>) {
        if requester == Some(space) {
            self.counts(space).taken_by_itself += 1;
            return;
        }
        self.counts(space).taken_by_others += 1;
        requester.into_iter().for_each(|requester| self.counts(requester).taken_from_others += 1);
    }

    /// Whether it runs on some processor.
    pub fn is_running(&self, space: u32) -> bool {
        self.spaces[space as usize].running != 0
    }
}
