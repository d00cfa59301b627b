//! The dispatch list: machines in queue that wait for a processor.

use std::collections::BTreeSet;

use crate::real::Owner;

/// What a processor looks at first, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A favored percentage is not met yet in this period.
    Due,
    /// Queue 1.
    One,
    /// Queue 2.
    Two,
}

const CLASSES: [Class; 3] = [Class::Due, Class::One, Class::Two];

/// Where a machine stands in the dispatch list. The least key is first; of equal keys, the one that came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub class: Class,
    pub key: u64,
    pub sequence: u64,
    pub affinity: Option<u16>,
}

type Line = BTreeSet<(u64, u64, Owner)>;

/// A line for each class.
#[derive(Clone, Debug, Default)]
struct Lines([Line; 3]);

impl Lines {
    fn first(&self, class: Class) -> Option<(u64, u64, Owner)> {
        self.0[class as usize].first().copied()
    }
}

/// The dispatch list: lines for machines that may run anywhere, and for those of each processor.
#[derive(Clone, Debug)]
pub(super) struct DispatchList {
    any: Lines,
    own: Vec<Lines>,
    counts: [usize; 3],
}

impl DispatchList {
    pub fn new(processors: u16) -> DispatchList {
        DispatchList { any: Lines::default(), own: vec![Lines::default(); usize::from(processors)], counts: [0; 3] }
    }

    fn line(&mut self, entry: &Entry) -> Option<&mut Line> {
        let lines = match entry.affinity {
            None => &mut self.any,
            Some(processor) => self.own.get_mut(usize::from(processor))?,
        };
        Some(&mut lines.0[entry.class as usize])
    }

    pub fn insert(&mut self, entry: &Entry, owner: Owner) {
        let Some(line) = self.line(entry) else { return };
        if line.insert((entry.key, entry.sequence, owner)) {
            self.counts[entry.class as usize] += 1;
        }
    }

    pub fn remove(&mut self, entry: &Entry, owner: Owner) {
        let Some(line) = self.line(entry) else { return };
        if line.remove(&(entry.key, entry.sequence, owner)) {
            self.counts[entry.class as usize] -= 1;
        }
    }

    /// The machine that a processor should run, looking into the classes in order, or into queue 2 before queue 1.
    pub fn choose(&self, processor: u16, two_first: bool) -> Option<Owner> {
        let order = if two_first { [Class::Due, Class::Two, Class::One] } else { CLASSES };
        order.into_iter().find_map(|class| self.first(processor, class)).map(|(.., owner)| owner)
    }

    fn first(&self, processor: u16, class: Class) -> Option<(u64, u64, Owner)> {
        let own = self.own.get(usize::from(processor)).and_then(|lines| lines.first(class));
        match (self.any.first(class), own) {
            (Some(any), Some(own)) => Some(any.min(own)),
            (any, own) => any.or(own),
        }
    }

    /// The machine that only this processor may run and that is first of those without an unmet favored percentage.
    pub fn choose_bound(&self, processor: u16) -> Option<Owner> {
        let lines = self.own.get(usize::from(processor))?;
        [Class::One, Class::Two].into_iter().find_map(|class| lines.first(class)).map(|(.., owner)| owner)
    }

    /// The best class of a machine that only this processor may run.
    pub fn own_class(&self, processor: u16) -> Option<Class> {
        let lines = self.own.get(usize::from(processor))?;
        CLASSES.into_iter().find(|&class| lines.first(class).is_some())
    }

    /// How many machines that may run anywhere are in a class or a better one.
    pub fn any_up_to(&self, class: Class) -> usize {
        self.any.0[..=class as usize].iter().map(BTreeSet::len).sum()
    }

    /// How many machines are in a class.
    pub fn count(&self, class: Class) -> usize {
        self.counts[class as usize]
    }

    /// The machines from the last of queue 2 to the first of queue 1, of each line.
    pub fn last_to_first(&self) -> impl Iterator<Item = Owner> {
        let lines = || std::iter::once(&self.any).chain(&self.own);
        [Class::Two, Class::One, Class::Due]
            .into_iter()
            .flat_map(move |class| lines().flat_map(move |lines| lines.0[class as usize].iter().rev()))
            .map(|&(.., owner)| owner)
    }
}
