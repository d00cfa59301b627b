//! What paging tells the scheduler: how many frames there are, and how many each virtual machine needs (SY20-0886, DMKSCH:
//! the projected working set at queue drop). The scheduler admits only as many machines as fit.

use std::sync::atomic::Ordering;

use crate::{
    dispatch::{MILLISECOND, Place, TurnEnd},
    real::{Owner, PAGE},
    system::System,
};

/// How often frames are counted.
const COUNT_PERIOD: u64 = 100 * MILLISECOND;
/// An estimate is due when a machine has had so much processor time since the last one: as much as brings it out of queue 2.
const ENOUGH_RUNNING: u64 = 320 * MILLISECOND;
/// One that goes to wait has shown what it needs in less; but an estimate costs as much as the machine has pages, and one of
/// a moment would say too little.
const ENOUGH_WAITING: u64 = 20 * MILLISECOND;
/// Frames are short if fewer than this part of them is free.
const SHORT: u32 = 32;

impl System {
    /// Tells the scheduler how many frames there are for paging, from time to time.
    pub(crate) fn count_frames(&self, now: u64) {
        if now < self.next_count.load(Ordering::Relaxed) {
            return;
        }
        self.next_count.store(now.saturating_add(COUNT_PERIOD), Ordering::Relaxed);
        let usage = self.real.usage();
        let frames = (usage.free + usage.pages).saturating_sub(usage.locked);
        self.schedule(|scheduler| scheduler.frames(frames));
    }

    /// A machine has used so much processor time, and its turn has ended: estimates its working set if that is due.
    /// `since` is the processor time since the last estimate.
    pub(crate) fn estimate(&self, owner: Owner, since: &mut u64, used: u64, end: TurnEnd) {
        *since = since.saturating_add(used);
        let enough = match end {
            TurnEnd::Wait | TurnEnd::Stopped | TurnEnd::IoWait => ENOUGH_WAITING,
            TurnEnd::SliceUsed | TurnEnd::Preempted | TurnEnd::PageWait => ENOUGH_RUNNING,
        };
        if *since < enough {
            return;
        }
        *since = 0;
        let pages = self.real.estimate_working_set(owner);
        self.scheduler().working_set(owner, pages);
    }

    /// A turn is over: if the machine was dropped from its queue and frames are short, what it does not need goes to the
    /// page area now, so that those who get its place need not look for frames one by one.
    pub(crate) fn trim_if_dropped(&self, owner: Owner, place: Option<Place>) {
        let short = self.real.storage().size() / PAGE / SHORT;
        if !matches!(place, Some(Place::Idle | Place::Eligible(_))) || self.real.free_frames() >= short {
            return;
        }
        let paging = self.real.paging(owner);
        if paging.working_set > 0 && paging.resident > paging.working_set {
            self.real.trim(owner, paging.working_set);
        }
    }
}
