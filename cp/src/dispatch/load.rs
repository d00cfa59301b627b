//! The figures of INDICATE LOAD and of the monitor.

use super::tuning::SECOND;

/// VM/370 factors processor use into its smoothed value every 30 seconds (GC20-1807, "INDICATE").
const INTERVAL: u64 = 30 * SECOND;
/// Fixed-point one of smoothed values.
const ONE: u64 = 1 << 16;
/// After so many intervals nothing is left of what was before.
const FORGOTTEN: u64 = 64;

/// The state of the system as INDICATE tells it.
///
/// The smoothed values are those of the manual (GC20-1807, "The INDICATE Command"): a quarter of processor use is of the last
/// 30 seconds; the others are sampled whenever a machine is dropped from a queue, and the sample counts a sixteenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Percentage of the time that processors run virtual machines, smoothed. Before the first 30 seconds have passed, the
    /// percentage since the first call.
    pub processor_percent: u8,
    /// Machines in queue 1 and in queue 2 now, waiting ones included.
    pub q1: u32,
    /// As above.
    pub q2: u32,
    /// Machines in the eligible list now.
    pub e1: u32,
    /// As above.
    pub e2: u32,
    /// Machines in queue that wait for a page.
    pub page_wait: u32,
    /// Machines that run now.
    pub running: u32,
    /// Smoothed number of machines in queue 1, in tenths.
    pub smoothed_q1: u32,
    /// Smoothed number of machines in queue 2, in tenths.
    pub smoothed_q2: u32,
    /// Smoothed sum of the working sets in queue as a percentage of the frames for paging; can exceed 100.
    pub storage_percent: u32,
    /// The expansion factor, RATIO: (eligible + in queue) / in queue, smoothed, in tenths; 10 when nobody has to wait.
    pub ratio: u32,
    /// The percentage of the frames that may be committed: below 100, the system has been thrashing.
    pub allowance: u8,
    /// Processor time of all machines, since the first call, in units of the TOD clock. Machines that left count too.
    pub processor_time: u64,
    /// Turns of all machines.
    pub turns: u64,
}

/// What is sampled at a queue drop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    pub q1: u64,
    pub q2: u64,
    pub eligible: u64,
    pub committed: u64,
    pub frames: u64,
}

/// Smoothed values, in fixed point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    start: u64,
    interval: u64,
    busy_at_interval: u64,
    processor: Option<u64>,
    q1: u64,
    q2: u64,
    storage: u64,
    ratio: u64,
    pub busy: u64,
    pub turns: u64,
}

impl Meter {
    pub fn new() -> Meter {
        Meter {
            start: 0,
            interval: 0,
            busy_at_interval: 0,
            processor: None,
            q1: 0,
            q2: 0,
            storage: 0,
            ratio: ONE,
            busy: 0,
            turns: 0,
        }
    }

    /// The first call of all.
    pub fn begin(&mut self, now: u64) {
        (self.start, self.interval) = (now, now);
    }

    /// Takes note of time. An interval that nobody asked about for long counts as several equal ones.
    pub fn pass(&mut self, now: u64, processors: u16) {
        let elapsed = now.saturating_sub(self.interval);
        if elapsed < INTERVAL {
            return;
        }
        let last = fraction(self.busy - self.busy_at_interval, elapsed, processors);
        let mut smoothed = self.processor.unwrap_or(last);
        for _ in 0..(elapsed / INTERVAL).min(FORGOTTEN) {
            smoothed = (3 * smoothed + last) / 4;
        }
        self.processor = Some(smoothed);
        (self.interval, self.busy_at_interval) = (now, self.busy);
    }

    /// Takes a sample before a queue drop.
    pub fn sample(&mut self, snapshot: Snapshot) {
        let smooth = |old: u64, new: u64| (15 * old + new) / 16;
        let queued = snapshot.q1 + snapshot.q2;
        self.q1 = smooth(self.q1, snapshot.q1 * ONE);
        self.q2 = smooth(self.q2, snapshot.q2 * ONE);
        self.storage = smooth(self.storage, snapshot.committed * 100 * ONE / snapshot.frames.max(1));
        let ratio = ((snapshot.eligible + queued) * ONE).checked_div(queued).unwrap_or(ONE);
        self.ratio = smooth(self.ratio, ratio);
    }

    /// Fills in what is smoothed or counted here.
    pub fn fill(&self, load: &mut Load, now: u64, processors: u16) {
        let since_start = fraction(self.busy, now.saturating_sub(self.start), processors);
        load.processor_percent = rounded(self.processor.unwrap_or(since_start), 100).min(100) as u8;
        load.smoothed_q1 = rounded(self.q1, 10);
        load.smoothed_q2 = rounded(self.q2, 10);
        load.storage_percent = rounded(self.storage, 1);
        load.ratio = rounded(self.ratio, 10).max(10);
        load.processor_time = self.busy;
        load.turns = self.turns;
    }
}

/// The part of the processors' time that was used, in fixed point.
fn fraction(busy: u64, elapsed: u64, processors: u16) -> u64 {
    let capacity = u128::from(elapsed) * u128::from(processors);
    let part = u128::from(busy) * u128::from(ONE) / capacity.max(1);
    u64::try_from(part).unwrap_or(ONE).min(ONE)
}

fn rounded(value: u64, scale: u64) -> u32 {
    u32::try_from((value * scale + ONE / 2) / ONE).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(meter: &Meter, now: u64) -> u8 {
        let mut load = Load::default();
        meter.fill(&mut load, now, 2);
        load.processor_percent
    }

    #[test]
    fn processor_use_is_smoothed_by_quarters() {
        let mut meter = Meter::new();
        meter.begin(SECOND);
        let mut now = SECOND + 10 * SECOND;
        meter.busy = 10 * SECOND;
        meter.pass(now, 2);
        assert_eq!(percent(&meter, now), 50, "half of two processors so far");
        now = SECOND + INTERVAL;
        meter.busy = 60 * SECOND;
        meter.pass(now, 2);
        assert_eq!(percent(&meter, now), 100);
        now += INTERVAL;
        meter.pass(now, 2);
        assert_eq!(percent(&meter, now), 75, "a quarter of it is the idle interval");
        now += 1000 * INTERVAL;
        meter.pass(now, 2);
        assert_eq!(percent(&meter, now), 0);
    }

    #[test]
    fn samples_count_a_sixteenth() {
        let mut meter = Meter::new();
        for _ in 0..200 {
            meter.sample(Snapshot { q1: 1, q2: 3, eligible: 2, committed: 150, frames: 100 });
        }
        let mut load = Load::default();
        meter.fill(&mut load, 0, 1);
        assert_eq!((load.smoothed_q1, load.smoothed_q2), (10, 30));
        assert_eq!((load.storage_percent, load.ratio), (150, 15));
        meter.sample(Snapshot { q1: 17, q2: 3, eligible: 2, committed: 150, frames: 100 });
        meter.fill(&mut load, 0, 1);
        assert_eq!(load.smoothed_q1, 20);
    }
}
