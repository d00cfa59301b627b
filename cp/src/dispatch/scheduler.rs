//! The scheduler: what can be told to it and asked of it. How machines move between its lists is in `transitions`.

use std::collections::BTreeSet;

use super::{
    admission::Admission,
    lists::{Class, DispatchList},
    load::{Load, Meter},
    task::{
        Activity, Favored, Place, Queue, QueueStatus, State, Task, Tasks, TurnEnd, WEIGHT_UNIT, Wake, clamp_priority,
    },
    thrash::{Sample, Thrash},
    tuning::Tuning,
};
use crate::real::Owner;

/// A machine's leave to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who runs.
    pub owner: Owner,
    /// For how much processor time, in units of the TOD clock.
    pub slice: u64,
    /// From which queue.
    pub queue: Queue,
}

/// A processor that should look for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rouse {
    /// It is idle, and there is a machine for it.
    Idle(u16),
    /// It runs a machine of queue 2 while an interactive one, or one below its favored percentage, is ready: end that turn.
    Preempt(u16),
}

impl Rouse {
    /// Which processor.
    #[must_use]
    pub fn processor(self) -> u16 {
        match self {
            Rouse::Idle(processor) | Rouse::Preempt(processor) => processor,
        }
    }
}

/// There is no such processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no processor {0}")]
pub struct NoProcessor(pub u16);

/// What a processor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// It has not asked yet, or its machine's turn has ended: it is about to ask.
    Asking,
    /// It asked and there was nothing.
    Idle { roused: bool },
    /// It runs a machine.
    Running { preemptible: bool, roused: bool },
}

/// How many machines are where.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub queued: [u64; 2],
    pub page_wait: u64,
    pub running: u64,
    /// The sum of the weights of those that are ready or run.
    pub weight: u64,
    /// The sum of the favored percentages in queue.
    pub favored: u64,
}

/// Who runs next. All times are TOD clock values or spans in its units.
///
/// The caller, for each processor: [`pick`](Scheduler::pick); if there is a turn, run that machine and report with
/// [`ran`](Scheduler::ran); if there is none, sleep until roused. Whoever makes a machine ready calls
/// [`ready`](Scheduler::ready). After each of these calls [`rouse`](Scheduler::rouse) names processors to wake or to
/// interrupt, and [`next_event`](Scheduler::next_event) the time at which [`tick`](Scheduler::tick) is to be called. Calls
/// for machines that were not entered do nothing.
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub(super) tuning: Tuning,
    pub(super) tasks: Tasks,
    pub(super) list: DispatchList,
    pub(super) admission: Admission,
    /// Machines below the queue's head whose favored period begins anew then.
    pub(super) periods: BTreeSet<(u64, Owner)>,
    pub(super) processors: Vec<Processor>,
    /// When each processor last ran something else than a machine below its favored percentage, or nothing.
    relieved: Vec<u64>,
    pub(super) counts: Counts,
    /// The tag that has been reached: that of the last machine taken from queue 2.
    pub(super) reached: u64,
    /// What queue 2 is owed for turns of queue 1: processor time times a percentage.
    pub(super) owed: u64,
    pub(super) sequence: u64,
    /// The latest time that anybody told.
    pub(super) clock: u64,
    has_begun: bool,
    pub(super) meter: Meter,
    thrash: Thrash,
}

impl Scheduler {
    /// A scheduler without machines.
    #[must_use]
    pub fn new(tuning: Tuning) -> Scheduler {
        Scheduler {
            list: DispatchList::new(tuning.processors),
            processors: vec![Processor::Asking; usize::from(tuning.processors)],
            relieved: vec![0; usize::from(tuning.processors)],
            tuning,
            tasks: Tasks::default(),
            admission: Admission::new(),
            periods: BTreeSet::new(),
            counts: Counts::default(),
            reached: 0,
            owed: 0,
            sequence: 0,
            clock: 0,
            has_begun: false,
            meter: Meter::new(),
            thrash: Thrash::new(),
        }
    }

    /// A machine has logged on; it is idle. The priority is that of its directory entry, 0 to 99, where 0 counts as 1.
    pub fn enter(&mut self, owner: Owner, priority: u8) {
        self.tasks.entry(owner).or_insert_with(|| Task::new(priority, self.clock, &self.tuning));
    }

    /// A machine has logged off. If it runs just now, that turn is its last and is still to be reported.
    pub fn leave(&mut self, owner: Owner) {
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        if matches!(task.state, State::Running { .. }) {
            task.leaving = true;
            return;
        }
        self.remove(owner);
        self.admit();
    }

    /// SET PRIORITY: 1 to 99, the lower the more; holds from the next turn on.
    pub fn set_priority(&mut self, owner: Owner, priority: u8) {
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        let before = task.weight();
        task.priority = clamp_priority(priority);
        if matches!(task.state, State::Ready { .. } | State::Running { .. }) {
            self.counts.weight = self.counts.weight - before + task.weight();
        }
    }

    /// SET FAVORED. A percentage counts from now on.
    pub fn set_favored(&mut self, owner: Owner, favored: Favored) {
        let Some(task) = self.tasks.get(&owner) else { return };
        let state = task.state;
        // Taken out under the old terms and put back under the new ones.
        let is_queued = task.is_queued();
        if is_queued {
            self.uncommit(owner);
        }
        if let State::Ready { .. } = state {
            self.unlist(owner);
        }
        let clock = self.clock;
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.favored = favored;
            (task.period, task.in_period) = (clock, 0);
        }
        if is_queued {
            self.commit(owner);
        }
        match state {
            State::Ready { queue, .. } => self.enlist(owner, queue),
            State::Eligible { queue, .. } if favored != Favored::Off => self.make_ready(owner, queue, 1, 0),
            State::Waiting { queue, for_page, .. } => self.make_waiting(owner, queue, for_page),
            _ => {}
        }
        self.trim();
        self.admit();
    }

    /// SET AFFINITY: the machine runs on this processor only, or on any. Holds from the next turn on.
    ///
    /// # Errors
    /// There is no such processor.
    pub fn set_affinity(&mut self, owner: Owner, processor: Option<u16>) -> Result<(), NoProcessor> {
        if let Some(processor) = processor
            && processor >= self.tuning.processors
        {
            return Err(NoProcessor(processor));
        }
        let Some(task) = self.tasks.get_mut(&owner) else { return Ok(()) };
        let state = task.state;
        if !matches!(state, State::Ready { .. }) {
            task.affinity = processor;
            return Ok(());
        }
        self.unlist(owner);
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.affinity = processor;
        }
        if let State::Ready { queue, .. } = state {
            self.enlist(owner, queue);
        }
        Ok(())
    }

    /// The frames that a machine was found to use. It counts when the machine is next dropped from a
    /// queue, or next ceases to be idle.
    pub fn working_set(&mut self, owner: Owner, pages: u32) {
        if let Some(task) = self.tasks.get_mut(&owner) {
            task.working_set.report(pages);
        }
    }

    /// The number of frames for paging. If it shrinks, machines are dropped from the queues at once, or, those that run,
    /// at the end of their turns.
    pub fn frames(&mut self, available: u32) {
        self.admission.frames = available;
        self.trim();
        self.admit();
    }

    /// A machine has something to do. If it runs, it is not forgotten: the wait in which its turn may just be ending does
    /// not hold then. So a machine may have a turn too many, which ends with the same wait again, but never one too few.
    pub fn ready(&mut self, owner: Owner, why: Wake, now: u64) {
        self.advance(now);
        let (clock, tuning) = (self.clock, self.tuning);
        let Some(task) = self.tasks.get_mut(&owner) else { return };
        let state = task.state;
        let interactive = why == Wake::Terminal && task.refill(clock, &tuning) == Queue::One;
        let better = |queue| if interactive { Queue::One } else { queue };
        match state {
            State::Running { .. } => task.note(why),
            State::Idle { was_in } => {
                let again = if task.interactive >= tuning.least_turn { was_in } else { Queue::Two };
                self.make_runnable(owner, better(again));
            }
            State::Eligible { queue: Queue::Two, deadline, .. } if interactive => {
                self.make_eligible(owner, Queue::One, deadline);
            }
            State::Ready { queue: Queue::Two, .. } if interactive => self.make_ready(owner, Queue::One, 1, 0),
            State::Waiting { queue, .. } => self.make_ready(owner, better(queue), 1, 0),
            State::Eligible { .. } | State::Ready { .. } => {}
        }
        self.admit();
    }

    /// The next turn on a processor: marks the machine as running there. None if there is nothing to run, if the processor's
    /// last turn has not been reported, or if there is no such processor.
    pub fn pick(&mut self, processor: u16, now: u64) -> Option<Turn> {
        self.advance(now);
        let owed = self.two_is_owed();
        match self.processors.get_mut(usize::from(processor))? {
            Processor::Running { .. } => return None,
            other => *other = Processor::Idle { roused: false },
        }
        let bound = self.kept_waiting(processor);
        let Some(owner) = bound.or_else(|| self.list.choose(processor, owed)) else {
            self.relieved[usize::from(processor)] = self.clock;
            return None;
        };
        let (turn, class) = self.begin_turn(owner, processor)?;
        if class != Class::Due {
            self.relieved[usize::from(processor)] = self.clock;
        }
        let preemptible = class == Class::Two && !owed && bound.is_none();
        self.processors[usize::from(processor)] = Processor::Running { preemptible, roused: false };
        Some(turn)
    }

    /// A machine with affinity whose processor has run only favored ones for long. Together they leave a part of all
    /// processors to others, but not of each.
    fn kept_waiting(&self, processor: u16) -> Option<Owner> {
        let since = *self.relieved.get(usize::from(processor))?;
        let is_long = self.clock.saturating_sub(since) >= self.tuning.favored_period.saturating_mul(2);
        if is_long { self.list.choose_bound(processor) } else { None }
    }

    /// A machine's turn has ended after so much processor time.
    pub fn ran(&mut self, owner: Owner, used: u64, end: TurnEnd, now: u64) {
        self.advance(now);
        let Some(task) = self.tasks.get(&owner) else { return };
        let State::Running { queue, class, processor } = task.state else { return };
        self.processors[usize::from(processor)] = Processor::Asking;
        self.charge(owner, class, used, end);
        self.end_turn(owner, queue, used, end);
        // Frames that were taken away during the turn.
        self.trim();
        self.admit();
    }

    /// The next processor to rouse, if there is one; call until there is none. A processor is named once until it asks.
    pub fn rouse(&mut self) -> Option<Rouse> {
        let is_promised = |processor: &&Processor| {
            matches!(
                processor,
                Processor::Asking | Processor::Idle { roused: true } | Processor::Running { roused: true, .. }
            )
        };
        let promised = self.processors.iter().filter(is_promised).count();
        let (ready, urgent) = (self.list.any_up_to(Class::Two), self.list.any_up_to(Class::One));
        for number in 0..self.tuning.processors {
            let has_own = self.list.own_class(number).is_some();
            if let Processor::Idle { roused } = &mut self.processors[usize::from(number)]
                && !*roused
                && (ready > promised || has_own)
            {
                *roused = true;
                return Some(Rouse::Idle(number));
            }
        }
        for number in 0..self.tuning.processors {
            let has_own = self.list.own_class(number).is_some_and(|class| class <= Class::One);
            if let Processor::Running { preemptible: true, roused } = &mut self.processors[usize::from(number)]
                && !*roused
                && (urgent > promised || has_own)
            {
                *roused = true;
                return Some(Rouse::Preempt(number));
            }
        }
        None
    }

    /// When something falls due that nobody reports: a favored period begins, a machine that waits has held its frames long
    /// enough, the measure of thrashing. Call [`tick`](Scheduler::tick) then. An idle system has none.
    #[must_use]
    pub fn next_event(&self) -> Option<u64> {
        let period = self.periods.first().map(|&(at, _)| at);
        if self.admission.is_empty() {
            return period;
        }
        let drop = self.admission.waiting.first().map(|&(at, _)| at).filter(|&at| at < u64::MAX);
        let thrash = (self.admission.allowance < 100).then(|| self.thrash.ends(&self.tuning));
        [period, drop, thrash].into_iter().flatten().min()
    }

    /// Does what has fallen due.
    pub fn tick(&mut self, now: u64) {
        self.advance(now);
        self.admit();
    }

    /// Takes note of time.
    pub(super) fn advance(&mut self, now: u64) {
        if !self.has_begun {
            self.has_begun = true;
            self.clock = now;
            self.meter.begin(now);
            self.relieved.fill(now);
            for task in self.tasks.values_mut() {
                (task.interactive_at, task.period) = (now, now);
            }
        }
        let elapsed = now.saturating_sub(self.clock);
        self.clock = self.clock.max(now);
        self.meter.pass(self.clock, self.tuning.processors);
        let idle = self.processors.iter().filter(|processor| matches!(processor, Processor::Idle { .. })).count();
        let sample = Sample {
            now: self.clock,
            elapsed,
            idle_processors: idle as u64,
            page_waiting: self.counts.page_wait > 0,
            several: self.admission.queued > 1,
        };
        if let Some(allowance) = self.thrash.pass(sample, &self.tuning, self.admission.allowance) {
            let before = std::mem::replace(&mut self.admission.allowance, allowance);
            if allowance < before {
                self.trim();
            }
        }
        while let Some(&(at, owner)) = self.periods.first()
            && at <= self.clock
        {
            self.periods.pop_first();
            if let Some(State::Ready { queue, .. }) = self.tasks.get(&owner).map(|task| task.state) {
                self.unlist(owner);
                self.enlist(owner, queue);
            }
        }
        if !self.admission.is_empty() {
            self.admit();
        }
    }

    /// Where a machine is and what it has had.
    #[must_use]
    pub fn status(&self, owner: Owner) -> Option<QueueStatus> {
        let task = self.tasks.get(&owner)?;
        Some(QueueStatus {
            place: place(task.state),
            deadline: self.deadline(task),
            priority: task.priority,
            favored: task.favored,
            affinity: task.affinity,
            working_set: task.working_set.projected,
            usage: task.usage,
        })
    }

    fn deadline(&self, task: &Task) -> u64 {
        match task.state {
            State::Eligible { deadline, .. } => deadline,
            State::Ready { queue, .. } | State::Running { queue, .. } => {
                let processors = u128::from(self.tuning.processors);
                let slice = self.tuning.dispatch_slice(queue);
                let ahead = match queue {
                    Queue::One => u128::from(slice) * u128::from(self.counts.queued[0].max(1)) / processors,
                    Queue::Two => {
                        let tags = task.tag.saturating_sub(self.reached) + task.weighted(slice);
                        u128::from(tags) * u128::from(self.counts.weight) / u128::from(WEIGHT_UNIT) / processors
                    }
                };
                self.clock.saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX))
            }
            State::Idle { .. } | State::Waiting { .. } => 0,
        }
    }

    /// Machines that are not idle, in the order of INDICATE QUEUES: those in queue as they will be dispatched, the running
    /// ones first and the waiting ones last; then E1, then E2, by deadline. The cost is that of sorting them.
    #[must_use]
    pub fn in_order(&self) -> Vec<(Owner, Place)> {
        let mut rows: Vec<_> = self
            .tasks
            .iter()
            .filter_map(|(&owner, task)| {
                let rank = match task.state {
                    State::Idle { .. } => return None,
                    State::Running { class, .. } => (0, class as u64, task.tag, 0),
                    State::Ready { entry, .. } => (1, entry.class as u64, entry.key, entry.sequence),
                    State::Waiting { queue, .. } => (2, queue as u64, task.tag, 0),
                    State::Eligible { queue, deadline, sequence, .. } => (3, queue as u64, deadline, sequence),
                };
                Some((rank, owner, place(task.state)))
            })
            .collect();
        rows.sort_unstable_by_key(|&(rank, owner, _)| (rank, owner));
        rows.into_iter().map(|(_, owner, place)| (owner, place)).collect()
    }

    /// The figures of INDICATE LOAD.
    pub fn load(&mut self, now: u64) -> Load {
        self.advance(now);
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let (e1, e2) = self.admission.lengths();
        let mut load = Load {
            q1: small(self.counts.queued[0]),
            q2: small(self.counts.queued[1]),
            e1: small(e1 as u64),
            e2: small(e2 as u64),
            page_wait: small(self.counts.page_wait),
            running: small(self.counts.running),
            allowance: self.admission.allowance,
            ..Load::default()
        };
        self.meter.fill(&mut load, self.clock, self.tuning.processors);
        load
    }

    /// The sum of the projected working sets in queue, and how many machines that are not favored share it.
    #[must_use]
    pub fn committed(&self) -> (u64, usize) {
        (self.admission.committed, self.admission.unfavored)
    }
}

fn place(state: State) -> Place {
    match state {
        State::Idle { .. } => Place::Idle,
        State::Eligible { queue, .. } => Place::Eligible(queue),
        State::Ready { queue, .. } => Place::Queued(queue, Activity::Ready),
        State::Running { queue, processor, .. } => Place::Queued(queue, Activity::Running(processor)),
        State::Waiting { queue, for_page: true, .. } => Place::Queued(queue, Activity::PageWait),
        State::Waiting { queue, for_page: false, .. } => Place::Queued(queue, Activity::IoWait),
    }
}
