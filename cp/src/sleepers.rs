//! Virtual machines that wait for a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::real::Owner;

/// When who is to be woken: each at one time, the last that was asked for.
#[derive(Debug, Default)]
pub struct Sleepers {
    queue: BTreeSet<(u64, Owner)>,
    times: BTreeMap<Owner, u64>,
}

impl Sleepers {
    /// A machine waits for this time, and for no other.
    pub fn put(&mut self, owner: Owner, time: u64) {
        if let Some(old) = self.times.insert(owner, time) {
            self.queue.remove(&(old, owner));
        }
        self.queue.insert((time, owner));
    }

    /// The first whose time has come by now.
    pub fn take_due(&mut self, now: u64) -> Option<Owner> {
        let &(time, owner) = self.queue.first().filter(|(time, _)| *time <= now)?;
        self.queue.remove(&(time, owner));
        self.times.remove(&owner);
        Some(owner)
    }

    /// The earliest time.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.queue.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_again_waits_for_one_time_only() {
        let mut sleepers = Sleepers::default();
        // As a machine that is woken by others and whose clock comparator is far away.
        (0..1000).for_each(|n| sleepers.put(Owner(1), 5000 + n));
        sleepers.put(Owner(2), 5500);
        assert_eq!((sleepers.queue.len(), sleepers.times.len()), (2, 2));
        assert_eq!((sleepers.next(), sleepers.take_due(5499)), (Some(5500), None));
        assert_eq!(
            [5500, 5998, 5999, 9999].map(|now| sleepers.take_due(now)),
            [Some(Owner(2)), None, Some(Owner(1)), None]
        );
        assert_eq!(sleepers.next(), None);
    }
}
