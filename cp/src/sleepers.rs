//! Virtual machines that wait for a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::real::Owner;

/// Who sleeps, and until when: nobody is there twice.
#[derive(Debug, Default)]
struct Book {
    by_time: BTreeSet<(u64, Owner)>,
    times: BTreeMap<Owner, u64>,
}

impl Book {
    fn remove(&mut self, owner: Owner) {
        if let Some(time) = self.times.remove(&owner) {
            self.by_time.remove(&(time, owner));
        }
    }

    fn first(&self) -> u64 {
        self.by_time.first().map_or(u64::MAX, |(time, _)| *time)
    }
}

/// The machines that wait for a time; what each waits for now is what it said last. One that something else has woken stays
/// here till its time, and then has a turn too many, which does no harm.
#[derive(Debug)]
pub(crate) struct Sleepers {
    book: Mutex<Book>,
    /// The earliest time, to be seen without the lock; `u64::MAX` if there is none.
    first: AtomicU64,
}

impl Default for Sleepers {
    fn default() -> Sleepers {
        Sleepers { book: Mutex::default(), first: AtomicU64::new(u64::MAX) }
    }
}

impl Sleepers {
    fn change<R>(&self, act: impl FnOnce(&mut Book) -> R) -> R {
        let mut book: MutexGuard<'_, Book> = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut book);
        self.first.store(book.first(), Ordering::Release);
        result
    }

    /// A machine is to be woken at a time, and not at the one before.
    pub fn put(&self, owner: Owner, time: u64) {
        self.change(|book| {
            book.remove(owner);
            book.by_time.insert((time, owner));
            book.times.insert(owner, time);
        });
    }

    /// A machine is not to be woken.
    pub fn remove(&self, owner: Owner) {
        self.change(|book| book.remove(owner));
    }

    /// When the first is to be woken.
    pub fn first(&self) -> Option<u64> {
        Some(self.first.load(Ordering::Acquire)).filter(|time| *time != u64::MAX)
    }

    /// Takes out those whose time has come.
    pub fn take_due(&self, now: u64) -> Vec<Owner> {
        if self.first().is_none_or(|first| first > now) {
            return Vec::new();
        }
        self.change(|book| {
            let mut due = Vec::new();
            while let Some(&(time, owner)) = book.by_time.first()
                && time <= now
            {
                book.remove(owner);
                due.push(owner);
            }
            due
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let sleepers = Sleepers::default();
        assert_eq!((sleepers.first(), sleepers.take_due(u64::MAX - 1)), (None, vec![]));
        let [one, two, three] = [1, 2, 3].map(Owner);
        (0..1000).for_each(|n| sleepers.put(one, 1_000_000 - n));
        sleepers.put(two, 50);
        sleepers.put(three, 40);
        sleepers.put(three, 60);
        sleepers.put(one, 55);
        assert_eq!((sleepers.first(), sleepers.take_due(49)), (Some(50), vec![]));
        assert_eq!(sleepers.take_due(55), [two, one]);
        sleepers.put(two, 70);
        sleepers.remove(three);
        assert_eq!((sleepers.first(), sleepers.take_due(80)), (Some(70), vec![two]));
        assert_eq!(sleepers.first(), None);
    }
}
