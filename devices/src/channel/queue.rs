//! The ordered queue of what devices will do: by time, and in the order of asking where times are equal.

use std::{cmp::Reverse, collections::BinaryHeap};

/// An event queue. Each I/O address has at most one event in it.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    heap: BinaryHeap<Reverse<(u64, u64, u16)>>,
    sequence: u64,
}

impl EventQueue {
    /// Puts an event of this address at this time into the queue.
    pub fn push(&mut self, time: u64, address: u16) {
        self.heap.push(Reverse((time, self.sequence, address)));
        self.sequence += 1;
    }

    /// Time of the first event; `u64::MAX` if there is none.
    #[inline]
    pub fn next_time(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |Reverse((time, ..))| *time)
    }

    /// Takes the first event out, if it is not after `limit`.
    pub fn pop(&mut self, limit: u64) -> Option<(u64, u16)> {
        if self.next_time() > limit {
            return None;
        }
        self.heap.pop().map(|Reverse((time, _, address))| (time, address))
    }

    /// Takes the event of this address out.
    pub fn cancel(&mut self, address: u16) {
        self.heap.retain(|Reverse((.., other))| *other != address);
    }

    /// Takes every event out.
    pub fn clear(&mut self) {
        self.heap.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_order() {
        let mut queue = EventQueue::default();
        for (time, address) in [(9, 1), (5, 2), (9, 3), (5, 4), (7, 5)] {
            queue.push(time, address);
        }
        queue.cancel(5);
        assert_eq!(queue.next_time(), 5);
        assert_eq!(queue.pop(4), None);
        let all: Vec<_> = std::iter::from_fn(|| queue.pop(u64::MAX)).collect();
        assert_eq!(all, [(5, 2), (5, 4), (9, 1), (9, 3)]);
        assert_eq!(queue.next_time(), u64::MAX);
    }
}
