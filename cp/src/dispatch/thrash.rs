//! Thrash control: a system whose processors stand idle because machines wait for pages has too many of them in queue.
//!
//! Projections see each machine alone; what shows that they are too small together is processors without work while pages
//! are on their way. The scheduler then commits a smaller part of the frames, so that fewer machines compete for them, and
//! more again, step by step, when the idleness is over.

use super::tuning::Tuning;

/// Idle for pages so many percent of a period: fewer machines.
const TOO_MUCH: u64 = 50;
/// Idle for pages fewer percent of a period than this: more machines.
const LITTLE: u64 = 10;
/// The least part of the frames that is committed, in percent.
const LEAST: u8 = 20;
/// By how many percent of the frames the part grows in a period.
const STEP: u8 = 5;

/// Measures idleness for pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thrash {
    /// The beginning of the period.
    since: u64,
    /// Time of idle processors while pages were on their way.
    idle: u64,
}

impl Thrash {
    pub fn new() -> Thrash {
        Thrash { since: 0, idle: 0 }
    }

    /// Adds the time since the last call. Gives the percentage of frames that may be committed from now on, if a period
    /// is over.
    pub fn pass(&mut self, sample: Sample, tuning: &Tuning, allowance: u8) -> Option<u8> {
        if sample.page_waiting {
            self.idle = self.idle.saturating_add(sample.elapsed.saturating_mul(sample.idle_processors));
        }
        let period = sample.now.saturating_sub(self.since);
        if period < tuning.thrash_period {
            return None;
        }
        let percent = self.idle.saturating_mul(100) / period.saturating_mul(u64::from(tuning.processors)).max(1);
        *self = Thrash { since: sample.now, idle: 0 };
        if percent > TOO_MUCH && sample.several {
            Some((allowance - allowance / 4).max(LEAST.min(allowance)))
        } else if percent < LITTLE {
            Some((allowance + STEP).min(100))
        } else {
            Some(allowance)
        }
    }

    /// When the period is over.
    pub fn ends(&self, tuning: &Tuning) -> u64 {
        self.since.saturating_add(tuning.thrash_period)
    }
}

/// What was the case for some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub now: u64,
    /// For how long.
    pub elapsed: u64,
    /// Processors that found nothing to run.
    pub idle_processors: u64,
    /// Whether a machine in queue waited for a page.
    pub page_waiting: bool,
    /// Whether more than one machine was in queue.
    pub several: bool,
}
