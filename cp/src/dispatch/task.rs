//! What the scheduler knows of one virtual machine.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    lists::{Class, Entry},
    tuning::Tuning,
};
use crate::real::Owner;

/// The priority of a machine whose directory entry names none.
pub const DEFAULT_PRIORITY: u8 = 64;
/// The worst priority.
const WORST_PRIORITY: u8 = 99;

/// One of the two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Interactive: Q1, and E1 while eligible.
    One,
    /// Not interactive: Q2, and E2 while eligible.
    Two,
}

/// Why a machine has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Terminal input, or the end of other input or output on its console: it becomes interactive.
    Terminal,
    /// An input/output interruption of another device.
    Io,
    /// A timer interruption.
    Timer,
    /// The page or the real resource that it waited for is there.
    Page,
    /// Anything else: BEGIN, an external interruption, IPL, a message by VMCF.
    Other,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    /// The slice is used up; the machine could go on.
    SliceUsed,
    /// It was interrupted before that, by [`Rouse::Preempt`](super::Rouse::Preempt) for instance, and could go on.
    Preempted,
    /// It waits for a page. It stays in queue.
    PageWait,
    /// It waits for input or output in process, by an enabled wait or for a start that CP delays. It stays in queue.
    IoWait,
    /// Enabled wait with no input or output in process but that of its terminal: it is dropped from the queue.
    Wait,
    /// Disabled wait or CP console function mode: it is dropped from the queue.
    Stopped,
}

/// SET FAVORED (System Programmer's Guide, "Favored Execution").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Favored {
    /// Not favored.
    #[default]
    Off,
    /// Never waits in the eligible list.
    InQueue,
    /// As well, and guaranteed such a percentage of one real processor, 1 to 99, if it can use it.
    Percent(u8),
}

impl Favored {
    /// The percentage, 0 for none.
    pub(super) fn percent(self) -> u64 {
        match self {
            Favored::Off | Favored::InQueue => 0,
            Favored::Percent(percent) => u64::from(percent.min(99)),
        }
    }
}

/// What a machine in queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It waits for a processor.
    Ready,
    /// It runs on this one.
    Running(u16),
    /// It waits for a page.
    PageWait,
    /// It waits for input or output in process.
    IoWait,
}

/// Where a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has nothing to do, or is stopped.
    Idle,
    /// It waits in the eligible list for frames.
    Eligible(Queue),
    /// It is in queue.
    Queued(Queue, Activity),
}

/// What a machine has had since it was entered. Times in units of the TOD clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time.
    pub processor: u64,
    /// Turns begun.
    pub turns: u64,
    /// Turns that lasted their slice.
    pub slices_used: u64,
    /// Turns that ended because a page was missing.
    pub page_waits: u64,
    /// Turns that ended in any other wait.
    pub waits: u64,
    /// Times that it was dropped from a queue.
    pub queue_drops: u64,
    /// Time in the eligible list.
    pub eligible: u64,
    /// Time in queue without a processor, while ready.
    pub ready: u64,
}

/// What [`Scheduler::status`](super::Scheduler::status) tells about a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueStatus {
    /// Where it is.
    pub place: Place,
    /// By when it should have had its next turn, as a TOD clock value: of an eligible machine, the deadline by which the
    /// eligible list is sorted; of one in queue, a forecast from its tag, the priorities in queue and the processors. 0
    /// for one that waits or is idle.
    pub deadline: u64,
    /// SET PRIORITY: 1 to 99, the lower the better.
    pub priority: u8,
    /// SET FAVORED.
    pub favored: Favored,
    /// SET AFFINITY: the processor on which alone it runs.
    pub affinity: Option<u16>,
    /// The projected working set in frames.
    pub working_set: u32,
    /// What it has had.
    pub usage: Usage,
}

/// Where a machine is, with what is needed to find it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `was_in` is the queue to which it returns without terminal input.
    Idle {
        was_in: Queue,
    },
    Eligible {
        queue: Queue,
        deadline: u64,
        sequence: u64,
        since: u64,
    },
    Ready {
        queue: Queue,
        entry: Entry,
        since: u64,
    },
    Running {
        queue: Queue,
        class: Class,
        processor: u16,
    },
    Waiting {
        queue: Queue,
        for_page: bool,
        drop_at: u64,
    },
}

/// The projection of a working set (SY20-0886, DMKSCH): when two projections in a row missed on different sides, the mean
/// of the projection and what was found; otherwise what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WorkingSet {
    pub projected: u32,
    last_error: i64,
    reported: Option<u32>,
}

impl WorkingSet {
    pub fn new(first: u32) -> WorkingSet {
        WorkingSet { projected: first, last_error: 0, reported: None }
    }

    /// Takes note of what was found; [`WorkingSet::project`] uses it.
    pub fn report(&mut self, pages: u32) {
        self.reported = Some(pages);
    }

    /// The projection for the next stay in queue.
    pub fn project(&mut self) {
        let Some(actual) = self.reported.take() else { return };
        let error = i64::from(self.projected) - i64::from(actual);
        let swings = self.last_error.signum() * error.signum() < 0;
        self.projected = if swings { self.projected.midpoint(actual) } else { actual };
        self.last_error = error;
    }
}

/// One virtual machine.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub state: State,
    pub priority: u8,
    pub favored: Favored,
    pub affinity: Option<u16>,
    /// Processor time had, times priority over [`DEFAULT_PRIORITY`], brought near the scheduler's own when it is ready.
    pub tag: u64,
    /// Processor time since it was put in queue.
    pub in_queue: u64,
    /// What is left of its slice of queue 1, and when that was last filled up.
    pub interactive: u64,
    pub interactive_at: u64,
    /// The beginning of its favored period and the processor time that it had in it.
    pub period: u64,
    pub in_period: u64,
    /// Something happened during its turn. A terminal's event is not overwritten by another.
    pub pending: Option<Wake>,
    /// It logged off during its turn.
    pub leaving: bool,
    pub working_set: WorkingSet,
    pub usage: Usage,
}

impl Task {
    pub fn new(priority: u8, now: u64, tuning: &Tuning) -> Task {
        Task {
            state: State::Idle { was_in: Queue::Two },
            priority: clamp_priority(priority),
            favored: Favored::Off,
            affinity: None,
            tag: 0,
            in_queue: 0,
            interactive: tuning.queue_slice_1,
            interactive_at: now,
            period: now,
            in_period: 0,
            pending: None,
            leaving: false,
            working_set: WorkingSet::new(tuning.first_working_set),
            usage: Usage::default(),
        }
    }

    /// So much service counts as this much of the tag.
    pub fn weighted(&self, time: u64) -> u64 {
        let priority = u64::from(self.priority);
        time.saturating_mul(priority) / u64::from(DEFAULT_PRIORITY)
    }

    /// Its part of the weight of all, [`WEIGHT_UNIT`] for the default priority.
    pub fn weight(&self) -> u64 {
        WEIGHT_UNIT * u64::from(DEFAULT_PRIORITY) / u64::from(self.priority)
    }

    /// Whether it is in queue.
    pub fn is_queued(&self) -> bool {
        matches!(self.state, State::Ready { .. } | State::Running { .. } | State::Waiting { .. })
    }

    /// The end of the favored period that `now` is in, after having begun it.
    pub fn roll_period(&mut self, now: u64, length: u64) -> u64 {
        let past = now.saturating_sub(self.period) / length;
        if past > 0 {
            self.period += past * length;
            self.in_period = 0;
        }
        self.period.saturating_add(length)
    }

    /// The queue that terminal input brings it to: what it may use of queue 1 grows with time.
    pub fn refill(&mut self, now: u64, tuning: &Tuning) -> Queue {
        let earned = now.saturating_sub(self.interactive_at) / tuning.interactive_refill.max(1);
        self.interactive = self.interactive.saturating_add(earned).min(tuning.queue_slice_1);
        self.interactive_at = now;
        if self.interactive >= tuning.least_turn { Queue::One } else { Queue::Two }
    }

    /// Remembers what happened during a turn.
    pub fn note(&mut self, why: Wake) {
        if self.pending != Some(Wake::Terminal) {
            self.pending = Some(why);
        }
    }
}

/// All machines. Nothing depends on the order of the table.
pub(super) type Tasks = HashMap<Owner, Task, BuildHasherDefault<OwnerHasher>>;

/// Owners are given out one after the other by the control program, not by guests: a multiplication spreads them well.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnerHasher(u64);

impl Hasher for OwnerHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// The weight of a machine of the default priority.
pub(super) const WEIGHT_UNIT: u64 = 1 << 12;

/// Priorities are 1 to 99; a directory may say 0.
pub(super) fn clamp_priority(priority: u8) -> u8 {
    priority.clamp(1, WORST_PRIORITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_that_swings_is_damped() {
        let mut set = WorkingSet::new(100);
        set.report(60);
        set.project();
        assert_eq!(set.projected, 60, "the first miss is believed");
        set.report(80);
        set.project();
        assert_eq!(set.projected, 70, "missed on the other side: the mean");
        set.report(90);
        set.project();
        assert_eq!(set.projected, 90, "missed on the same side as before");
        set.project();
        assert_eq!(set.projected, 90, "nothing new was found");
    }

    #[test]
    fn weight_and_tag_are_inverse() {
        let mut task = Task::new(32, 0, &Tuning::default());
        assert_eq!((task.weight(), task.weighted(1000)), (2 * WEIGHT_UNIT, 500));
        task.priority = clamp_priority(0);
        assert_eq!(task.priority, 1);
    }

    #[test]
    fn terminal_events_are_not_forgotten() {
        let mut task = Task::new(64, 0, &Tuning::default());
        task.note(Wake::Terminal);
        task.note(Wake::Io);
        assert_eq!(task.pending, Some(Wake::Terminal));
    }
}
