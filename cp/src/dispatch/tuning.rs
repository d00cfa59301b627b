//! The numbers of the scheduler's policy.

/// Units of the TOD clock in a microsecond: bit 51 counts microseconds.
pub const MICROSECOND: u64 = 4096;
/// Units of the TOD clock in a millisecond.
pub const MILLISECOND: u64 = 1000 * MICROSECOND;
/// Units of the TOD clock in a second.
pub const SECOND: u64 = 1000 * MILLISECOND;

/// The numbers of the scheduler's policy. Times are in units of the TOD clock.
///
/// VM/370 gave a Model 145 in-queue slices of 300 ms and 2 s and called a machine compute-bound after 50 ms (SY20-0886). A
/// modern host runs about a thousand times as many instructions in a second; people at terminals are as fast as they were.
/// The default slices are between the two: long against a switch, which costs about a microsecond, and short against what
/// an eye can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Real processors, at least 1.
    pub processors: u16,
    /// The longest turn of a machine in queue 1.
    pub dispatch_slice_1: u64,
    /// The longest turn of a machine in queue 2.
    pub dispatch_slice_2: u64,
    /// No turn is shorter, whatever is left of the other slices.
    pub least_turn: u64,
    /// Processor time until a machine is dropped from queue 1.
    pub queue_slice_1: u64,
    /// Processor time until a machine is dropped from queue 2.
    pub queue_slice_2: u64,
    /// A machine earns a microsecond of its slice of queue 1 in so many microseconds: one that is sent terminal input all the
    /// time gets this part of a processor by it, not more.
    pub interactive_refill: u64,
    /// The percentage of processor time that queue 2 gets when queue 1 alone could use all of it.
    pub batch_percent: u8,
    /// A favored percentage is met in every such period.
    pub favored_period: u64,
    /// The percentage of processor time that favored machines are guaranteed together at most; beyond, each gets its part.
    pub favored_limit: u8,
    /// How long a machine in queue may wait for input or output while others are eligible and lack the frames.
    pub wait_limit: u64,
    /// The working set that is assumed of a machine that has not run yet, in frames.
    pub first_working_set: u32,
    /// How often the scheduler looks whether the system is thrashing.
    pub thrash_period: u64,
}

impl Tuning {
    /// The default policy for so many processors.
    #[must_use]
    pub fn new(processors: u16) -> Tuning {
        Tuning {
            processors: processors.max(1),
            dispatch_slice_1: 2 * MILLISECOND,
            dispatch_slice_2: 5 * MILLISECOND,
            least_turn: MILLISECOND / 2,
            queue_slice_1: 40 * MILLISECOND,
            queue_slice_2: 320 * MILLISECOND,
            interactive_refill: 4,
            batch_percent: 10,
            favored_period: 100 * MILLISECOND,
            favored_limit: 99,
            wait_limit: 300 * MILLISECOND,
            first_working_set: 20,
            thrash_period: 250 * MILLISECOND,
        }
    }

    /// The longest turn in a queue.
    pub(super) fn dispatch_slice(&self, queue: super::Queue) -> u64 {
        match queue {
            super::Queue::One => self.dispatch_slice_1,
            super::Queue::Two => self.dispatch_slice_2,
        }
    }
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning::new(1)
    }
}
