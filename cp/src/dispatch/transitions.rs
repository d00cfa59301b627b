//! How machines move between the lists of the scheduler (SY20-0886, "User Status Changes").
//!
//! Every change of a machine's state goes through [`Scheduler::place`], which takes it out of the list in which it was, puts it
//! into the one where it belongs now, and keeps the counts and the commitment of frames: so no machine is lost, and none is
//! in two lists.

use super::{
    lists::{Class, Entry},
    load::Snapshot,
    scheduler::{Scheduler, Turn},
    task::{Favored, Queue, State, Task, TurnEnd, Wake},
};
use crate::real::Owner;

/// A turn counts as so long at least, so that even machines that claim to have used nothing take turns.
const LEAST_CHARGE: u64 = super::MICROSECOND;
/// By how many dispatching slices a machine's tag may be ahead of the tag that has been reached.
const REACH: u64 = 4;

impl Scheduler {
    /// Puts a machine into another state. Of the state that is left, only what the machine itself holds may have changed.
    pub(super) fn place(&mut self, owner: Owner, new: State) {
        let Some(task) = self.tasks.get(&owner) else { return };
        let (was_queued, is_queued) = (task.is_queued(), is_queued(new));
        if was_queued && !is_queued {
            self.drop_from_queue(owner);
        }
        self.unlist(owner);
        if !was_queued && is_queued {
            if let Some(task) = self.tasks.get_mut(&owner) {
                task.in_queue = 0;
            }
            self.commit(owner);
        }
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.state = new;
        }
        self.list_again(owner);
    }

    /// Takes a machine out of the list that its state says, and out of the counts.
    pub(super) fn unlist(&mut self, owner: Owner) {
        let clock = self.clock;
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        match task.state {
            State::Idle { .. } => {}
            State::Eligible { queue, deadline, sequence, since } => {
                task.usage.eligible += clock.saturating_sub(since);
                self.admission.remove(queue, (deadline, sequence, owner));
            }
            State::Ready { queue, entry, since } => {
                task.usage.ready += clock.saturating_sub(since);
                self.counts.queued[queue as usize] -= 1;
                self.counts.weight -= task.weight();
                self.list.remove(&entry, owner);
                if entry.class != Class::Due && task.favored.percent() > 0 {
                    self.periods.remove(&(task.period.saturating_add(self.tuning.favored_period), owner));
                }
            }
            State::Running { queue, .. } => {
                self.counts.queued[queue as usize] -= 1;
                self.counts.running -= 1;
                self.counts.weight -= task.weight();
            }
            State::Waiting { queue, for_page, drop_at } => {
                self.counts.queued[queue as usize] -= 1;
                self.counts.page_wait -= u64::from(for_page);
                self.admission.waiting.remove(&(drop_at, owner));
            }
        }
    }

    /// Puts a machine into the list that its state says, and into the counts.
    fn list_again(&mut self, owner: Owner) {
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        match task.state {
            State::Idle { .. } => {}
            State::Eligible { queue, deadline, sequence, .. } => {
                self.admission.insert(queue, (deadline, sequence, owner));
            }
            State::Ready { queue, entry, .. } => {
                self.counts.queued[queue as usize] += 1;
                self.counts.weight += task.weight();
                self.list.insert(&entry, owner);
                if entry.class != Class::Due && task.favored.percent() > 0 {
                    self.periods.insert((task.period.saturating_add(self.tuning.favored_period), owner));
                }
            }
            State::Running { queue, .. } => {
                self.counts.queued[queue as usize] += 1;
                self.counts.running += 1;
                self.counts.weight += task.weight();
            }
            State::Waiting { queue, for_page, drop_at } => {
                self.counts.queued[queue as usize] += 1;
                self.counts.page_wait += u64::from(for_page);
                self.admission.waiting.insert((drop_at, owner));
            }
        }
    }

    /// What belongs to a queue drop besides lists: samples, frames, the next projection.
    fn drop_from_queue(&mut self, owner: Owner) {
        let (e1, e2) = self.admission.lengths();
        self.meter.sample(Snapshot {
            q1: self.counts.queued[0],
            q2: self.counts.queued[1],
            eligible: (e1 + e2) as u64,
            committed: self.admission.committed,
            frames: u64::from(self.admission.frames),
        });
        self.uncommit(owner);
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.usage.queue_drops += 1;
            task.working_set.project();
        }
    }

    /// Counts a machine's working set and favored percentage as in queue.
    pub(super) fn commit(&mut self, owner: Owner) {
        let Some(task) = self.tasks.get(&owner) else { return };
        self.admission.commit(task.working_set.projected, task.favored != Favored::Off);
        self.counts.favored += task.favored.percent();
    }

    /// The contrary.
    pub(super) fn uncommit(&mut self, owner: Owner) {
        let Some(task) = self.tasks.get(&owner) else { return };
        self.admission.release(task.working_set.projected, task.favored != Favored::Off);
        self.counts.favored -= task.favored.percent();
    }

    pub(super) fn remove(&mut self, owner: Owner) {
        self.place(owner, State::Idle { was_in: Queue::Two });
        self.tasks.remove(&owner);
    }

    /// Where a machine of a queue stands in the dispatch list. It begins the favored period that now is in.
    fn entry(&mut self, owner: Owner, queue: Queue) -> Option<Entry> {
        self.sequence += 1;
        let (sequence, clock, length) = (self.sequence, self.clock, self.tuning.favored_period);
        let guarantee = self.guarantee(self.tasks.get(&owner)?);
        let task = self.tasks.get_mut(&owner)?;
        task.roll_period(clock, length);
        let (class, key) = if task.in_period < guarantee {
            // Those that lack the larger part of their guarantees come first: that serves them pro rata.
            (Class::Due, task.in_period.saturating_mul(100) / task.favored.percent().max(1))
        } else {
            (if queue == Queue::One { Class::One } else { Class::Two }, task.tag)
        };
        Some(Entry { class, key, sequence, affinity: task.affinity })
    }

    /// The processor time that a machine is guaranteed in a favored period.
    fn guarantee(&self, task: &Task) -> u64 {
        let period = self.tuning.favored_period;
        let asked = period.saturating_mul(task.favored.percent()) / 100;
        let limit = u64::from(self.tuning.favored_limit) * u64::from(self.tuning.processors);
        if self.counts.favored <= limit { asked } else { asked.saturating_mul(limit) / self.counts.favored }
    }

    /// Puts a machine of a queue that is in none of the lists into the dispatch list, by its tag as it is.
    pub(super) fn enlist(&mut self, owner: Owner, queue: Queue) {
        let Some(entry) = self.entry(owner, queue) else { return };
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.state = State::Ready { queue, entry, since: self.clock };
        }
        self.list_again(owner);
    }

    /// A machine is in queue and ready. Its tag is brought so near to the one that was reached: behind by `credit` slices at
    /// most, ahead by a few, beyond what it has just used.
    pub(super) fn make_ready(&mut self, owner: Owner, queue: Queue, credit: u64, used: u64) {
        let (reached, slice) = (self.reached, self.tuning.dispatch_slice_2);
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        let least = reached.saturating_sub(task.weighted(credit * slice));
        let most = reached.saturating_add(task.weighted(used.saturating_add(REACH * slice)));
        task.tag = task.tag.clamp(least, most);
        if let Some(entry) = self.entry(owner, queue) {
            self.place(owner, State::Ready { queue, entry, since: self.clock });
        }
    }

    /// A machine in queue waits. A favored one stays there however long it waits.
    pub(super) fn make_waiting(&mut self, owner: Owner, queue: Queue, for_page: bool) {
        let Some(task) = self.tasks.get(&owner) else { return };
        let limit = self.clock.saturating_add(self.tuning.wait_limit);
        let drop_at = if task.favored == Favored::Off { limit } else { u64::MAX };
        self.place(owner, State::Waiting { queue, for_page, drop_at });
    }

    /// A machine joins the eligible list, not later than at a deadline that it has already.
    ///
    /// VM/370's scheduling priority: the time, and a bias by the machine's priority. The bias is the time in which, by the
    /// present load, a machine of the default priority gets one in-queue slice; that of E1 is shorter as its slice is.
    pub(super) fn make_eligible(&mut self, owner: Owner, queue: Queue, not_after: u64) {
        let Some(task) = self.tasks.get(&owner) else { return };
        let (e1, e2) = self.admission.lengths();
        let load = (self.admission.queued + e1 + e2) as u64 / u64::from(self.tuning.processors);
        let slice = match queue {
            Queue::One => self.tuning.queue_slice_1,
            Queue::Two => self.tuning.queue_slice_2,
        };
        let bias = task.weighted(slice).saturating_mul(load.max(1));
        let deadline = self.clock.saturating_add(bias).min(not_after);
        self.sequence += 1;
        let sequence = self.sequence;
        self.place(owner, State::Eligible { queue, deadline, sequence, since: self.clock });
    }

    /// A machine that was idle has something to do: it is eligible, or, if favored, in queue at once.
    pub(super) fn make_runnable(&mut self, owner: Owner, queue: Queue) {
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        task.working_set.project();
        if task.favored != Favored::Off {
            self.make_ready(owner, queue, 1, 0);
            self.trim();
        } else {
            self.make_eligible(owner, queue, u64::MAX);
        }
    }

    /// Puts machines from the eligible list in queue as long as they fit.
    ///
    /// The first one may take the place of machines that have waited in queue for too long. Before its deadline, smaller
    /// ones behind it may pass; after it, nobody: so it gets its frames as others are dropped.
    pub(super) fn admit(&mut self) {
        while let Some((deadline, _, owner)) = self.admission.first() {
            let next = if self.fits(owner) {
                Some(owner)
            } else if let Some(&(at, waiting)) = self.admission.waiting.first()
                && at <= self.clock
            {
                self.drop_waiting(waiting);
                continue;
            } else if deadline > self.clock {
                self.admission.behind().find(|&owner| self.fits(owner))
            } else {
                None
            };
            let Some(next) = next else { return };
            let Some(State::Eligible { queue, .. }) = self.tasks.get(&next).map(|task| task.state) else { return };
            self.make_ready(next, queue, 1, 0);
        }
    }

    fn fits(&self, owner: Owner) -> bool {
        self.tasks.get(&owner).is_some_and(|task| self.admission.fits(task.working_set.projected))
    }

    /// Drops a machine that waits from its queue; what it waits for will make it eligible again.
    fn drop_waiting(&mut self, owner: Owner) {
        if let Some(State::Waiting { queue, .. }) = self.tasks.get(&owner).map(|task| task.state) {
            self.place(owner, State::Idle { was_in: queue });
        }
    }

    /// Drops machines that do not run from the queues until the others fit: ready ones from the last, then waiting ones.
    pub(super) fn trim(&mut self) {
        while self.admission.is_overcommitted() {
            let is_unfavored = |owner: &Owner| self.tasks.get(owner).is_some_and(|task| task.favored == Favored::Off);
            let ready = self.list.last_to_first().find(is_unfavored);
            let waiting = || self.admission.waiting.iter().map(|&(_, owner)| owner).find(is_unfavored);
            if let Some(owner) = ready {
                if let Some(State::Ready { queue, .. }) = self.tasks.get(&owner).map(|task| task.state) {
                    self.make_eligible(owner, queue, u64::MAX);
                }
            } else if let Some(owner) = waiting() {
                self.drop_waiting(owner);
            } else {
                return;
            }
        }
    }

    /// Whether queue 2 has waited for so many turns of queue 1 that it is its turn.
    pub(super) fn two_is_owed(&self) -> bool {
        let rest = 100 - u64::from(self.tuning.batch_percent.min(100));
        self.list.count(Class::Two) > 0
            && self.tuning.batch_percent > 0
            && self.owed >= self.tuning.dispatch_slice_2.saturating_mul(rest)
    }

    /// A machine from the dispatch list runs, as one of this class.
    pub(super) fn begin_turn(&mut self, owner: Owner, processor: u16) -> Option<(Turn, Class)> {
        let task = self.tasks.get(&owner)?;
        let State::Ready { queue, entry, .. } = task.state else { return None };
        let left = match queue {
            Queue::One => task.interactive,
            Queue::Two => self.tuning.queue_slice_2.saturating_sub(task.in_queue),
        };
        let mut slice = self.tuning.dispatch_slice(queue).min(left);
        match entry.class {
            Class::Due => slice = slice.min(self.guarantee(task).saturating_sub(task.in_period)),
            Class::One => {}
            Class::Two => self.reached = self.reached.max(task.tag),
        }
        self.place(owner, State::Running { queue, class: entry.class, processor });
        self.tasks.get_mut(&owner)?.usage.turns += 1;
        self.meter.turns += 1;
        Some((Turn { owner, slice: slice.max(self.tuning.least_turn), queue }, entry.class))
    }

    /// Charges a turn to the machine and to its queue.
    pub(super) fn charge(&mut self, owner: Owner, class: Class, used: u64, end: TurnEnd) {
        let percent = u64::from(self.tuning.batch_percent.min(100));
        let slice = self.tuning.dispatch_slice_2;
        match class {
            Class::Due => {}
            Class::One if self.list.count(Class::Two) > 0 => {
                self.owed = self.owed.saturating_add(used.saturating_mul(percent)).min(200 * slice);
            }
            Class::One => {}
            Class::Two => self.owed = self.owed.saturating_sub(used.saturating_mul(100 - percent)),
        }
        self.meter.busy = self.meter.busy.saturating_add(used);
        let (clock, length) = (self.clock, self.tuning.favored_period);
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        task.usage.processor = task.usage.processor.saturating_add(used);
        match end {
            TurnEnd::SliceUsed => task.usage.slices_used += 1,
            TurnEnd::PageWait => task.usage.page_waits += 1,
            TurnEnd::IoWait | TurnEnd::Wait | TurnEnd::Stopped => task.usage.waits += 1,
            TurnEnd::Preempted => {}
        }
        task.tag = task.tag.saturating_add(task.weighted(used.max(LEAST_CHARGE)));
        task.in_queue = task.in_queue.saturating_add(used);
        if let State::Running { queue: Queue::One, .. } = task.state {
            task.interactive = task.interactive.saturating_sub(used);
        }
        task.roll_period(clock, length);
        // Of a turn that began in the period before, only the part in this one counts.
        task.in_period = task.in_period.saturating_add(used.min(clock.saturating_sub(task.period)));
    }

    /// Puts a machine whose turn has ended where it belongs.
    pub(super) fn end_turn(&mut self, owner: Owner, queue: Queue, used: u64, end: TurnEnd) {
        let (clock, tuning) = (self.clock, self.tuning);
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        if task.leaving {
            self.remove(owner);
            return;
        }
        let pending = task.pending.take();
        let interactive = pending == Some(Wake::Terminal) && task.refill(clock, &tuning) == Queue::One;
        let queue = if interactive { Queue::One } else { queue };
        match end {
            TurnEnd::SliceUsed | TurnEnd::Preempted => self.go_on(owner, queue, used, end),
            _ if pending.is_some() => self.go_on(owner, queue, used, end),
            TurnEnd::PageWait => self.make_waiting(owner, queue, true),
            TurnEnd::IoWait => self.make_waiting(owner, queue, false),
            TurnEnd::Wait | TurnEnd::Stopped => self.place(owner, State::Idle { was_in: Queue::Two }),
        }
    }

    /// A machine could go on: in its queue, unless its in-queue slice is used up or others need the frames more.
    fn go_on(&mut self, owner: Owner, queue: Queue, used: u64, end: TurnEnd) {
        let Some(task) = self.tasks.get(&owner) else { return };
        let is_over = match queue {
            Queue::One => task.interactive < self.tuning.least_turn,
            Queue::Two => task.in_queue >= self.tuning.queue_slice_2,
        };
        if task.favored != Favored::Off {
            if is_over {
                self.project_in_queue(owner);
            }
            self.make_ready(owner, if is_over { Queue::Two } else { queue }, REACH, used);
        } else if is_over {
            self.make_eligible(owner, Queue::Two, u64::MAX);
        } else if self.admission.is_overcommitted() || end == TurnEnd::SliceUsed && self.must_yield(queue) {
            self.make_eligible(owner, queue, u64::MAX);
        } else {
            self.make_ready(owner, queue, REACH, used);
        }
    }

    /// Whether a machine of this queue should leave its frames to an interactive one that lacks them.
    ///
    /// Deviation: in VM/370 it waits until somebody is dropped from a queue. Here a machine of queue 2 that has used its
    /// dispatching slice is dropped for it, so that the wait for frames does not grow with in-queue slices.
    fn must_yield(&self, queue: Queue) -> bool {
        let Some((.., first)) = self.admission.first() else { return false };
        let is_interactive =
            self.tasks.get(&first).is_some_and(|task| matches!(task.state, State::Eligible { queue: Queue::One, .. }));
        queue == Queue::Two && is_interactive && !self.fits(first)
    }

    /// A favored machine stays in queue when its in-queue slice is over; its working set is projected as at a queue drop.
    fn project_in_queue(&mut self, owner: Owner) {
        self.uncommit(owner);
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.working_set.project();
            task.in_queue = 0;
        }
        self.commit(owner);
    }
}

fn is_queued(state: State) -> bool {
    matches!(state, State::Ready { .. } | State::Running { .. } | State::Waiting { .. })
}
