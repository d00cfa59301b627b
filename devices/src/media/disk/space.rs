//! Free space of a compressed image.
//!
//! It is found from the tables, never believed from the file: what no table speaks of is free. The list of free pieces is
//! written when the image is closed, for other programs.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::Owner;

/// A remainder shorter than this stays with the piece that is taken: it would serve nobody.
const REMAINDER: u64 = 96;
/// Tables are at multiples of this; pieces for units end at one, so that tables fit behind them.
const GRAIN: u64 = 8;
/// Pieces that are looked at when not any will do.
const TRIES: usize = 64;
/// Offsets have 32 bits, and the highest means something else.
const LIMIT: u64 = u32::MAX as u64 - 1;

/// Free pieces between offset 0 and an end, behind which everything is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Space {
    /// Lengths by offset; no two pieces touch, and none touches the end.
    pieces: BTreeMap<u64, u64>,
    /// The same as (length, offset).
    by_length: BTreeSet<(u64, u64)>,
    end: u64,
}

impl Space {
    /// What these pieces, in the order of their offsets, leave free. They may overlap.
    pub fn around(extents: &[(u64, u64, Owner)]) -> Space {
        let mut space = Space::default();
        for &(start, end, _) in extents {
            if start > space.end {
                space.insert(space.end, start - space.end);
            }
            space.end = space.end.max(end);
        }
        space
    }

    /// Where everything that is taken ends.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Free pieces: offset and length.
    pub fn pieces(&self) -> impl ExactSizeIterator<Item = (u64, u64)> {
        self.pieces.iter().map(|(offset, length)| (*offset, *length))
    }

    /// Free bytes before the end.
    pub fn total(&self) -> u64 {
        self.pieces.values().sum()
    }

    /// The longest piece's length.
    pub fn largest(&self) -> u64 {
        self.by_length.last().map_or(0, |(length, _)| *length)
    }

    fn insert(&mut self, offset: u64, length: u64) {
        self.pieces.insert(offset, length);
        self.by_length.insert((length, offset));
    }

    fn remove(&mut self, offset: u64) -> Option<u64> {
        let length = self.pieces.remove(&offset)?;
        self.by_length.remove(&(length, offset));
        Some(length)
    }

    /// Takes a piece for a unit: at least `length` bytes, a little more where that keeps offsets even or where nothing useful
    /// would remain. It is the shortest free piece that is long enough, else at the end. Returns offset and length. `None` if
    /// the file would become too long.
    pub fn take(&mut self, length: u64) -> Option<(u64, u64)> {
        self.take_below(length, u64::MAX).or_else(|| {
            let offset = self.end;
            let end = (offset + length).next_multiple_of(GRAIN);
            self.end = (end <= LIMIT).then_some(end)?;
            Some((offset, end - offset))
        })
    }

    /// As [`Space::take`], but from pieces that begin below this offset only, and of these from some of the shortest.
    pub fn take_below(&mut self, length: u64, below: u64) -> Option<(u64, u64)> {
        let mut fitting = self.by_length.range((length, 0)..).take(TRIES);
        let (piece, offset) = fitting.find(|(_, offset)| *offset < below).copied()?;
        self.remove(offset);
        let end = (offset + length).next_multiple_of(GRAIN).min(offset + piece);
        let rest = offset + piece - end;
        if rest < REMAINDER {
            return Some((offset, piece));
        }
        self.insert(end, rest);
        Some((offset, end - offset))
    }

    /// Takes exactly `length` bytes at an offset that is a multiple of 8, from a piece below this offset. With `extend`
    /// from behind the end if there is no such piece.
    pub fn take_aligned(&mut self, length: u64, below: u64, extend: bool) -> Option<u64> {
        let mut fitting = self.by_length.range((length + GRAIN - 1, 0)..).take(TRIES);
        let found = fitting.find(|(_, offset)| *offset < below).copied();
        let (offset, start, free) = match found {
            Some((piece, start)) => {
                self.remove(start);
                (start.next_multiple_of(GRAIN), start, piece)
            }
            None if extend => {
                let (start, offset) = (self.end, self.end.next_multiple_of(GRAIN));
                self.end = (offset + length <= LIMIT).then_some(offset + length)?;
                (offset, start, self.end - start)
            }
            None => return None,
        };
        for (from, to) in [(start, offset), (offset + length, start + free)] {
            if to > from {
                self.insert(from, to - from);
            }
        }
        Some(offset)
    }

    /// Gives a piece back.
    pub fn give(&mut self, offset: u64, length: u64) {
        let (mut start, mut end) = (offset, offset + length);
        let before = self.pieces.range(..start).next_back().map(|(offset, length)| (*offset, *length));
        if let Some((before, length)) = before.filter(|(before, length)| before + length == start) {
            self.remove(before);
            start -= length;
        }
        if let Some(length) = self.remove(end) {
            end += length;
        }
        if end >= self.end {
            self.end = start;
        } else if end > start {
            self.insert(start, end - start);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    fn space(taken: &[(u64, u64)]) -> Space {
        let extents: Vec<_> = taken.iter().map(|(start, end)| (*start, *end, Owner::Header)).collect();
        Space::around(&extents)
    }

    #[test]
    fn what_nobody_has_is_free() {
        let space = space(&[(0, 1000), (1500, 3500), (1600, 1700), (3500, 4000), (4100, 4200)]);
        assert_eq!(space.pieces().collect::<Vec<_>>(), [(1000, 500), (4000, 100)]);
        assert_eq!((space.end(), space.total(), space.largest()), (4200, 600, 500));
    }

    #[test]
    fn the_shortest_piece_that_is_long_enough_is_taken() {
        let mut space = space(&[(0, 1000), (3000, 4000), (5000, 6000)]);
        assert_eq!(space.take(900), Some((4000, 904)), "96 bytes remain");
        assert_eq!(space.take(50), Some((4904, 96)), "40 bytes would remain");
        assert_eq!(space.take(51), Some((1000, 56)));
        assert_eq!(space.take_aligned(100, 1056, false), None);
        assert_eq!(space.take_aligned(100, 1057, false), Some(1056));
        assert_eq!(space.take(4999), Some((6000, 5000)));
        assert_eq!(space.take_aligned(2048, u64::MAX, false), None);
        assert_eq!(space.take_aligned(2048, u64::MAX, true), Some(11_000));
        assert_eq!(space.pieces().collect::<Vec<_>>(), [(1156, 1844)]);
        assert_eq!(space.take(u64::from(u32::MAX) - 11_000), None);
        assert_eq!(space.take_aligned(u64::from(u32::MAX) - 13_048, u64::MAX, true), None);
    }

    #[test]
    fn pieces_that_touch_become_one_and_those_at_the_end_vanish() {
        let mut space = space(&[(0, 6000)]);
        space.give(1000, 500);
        space.give(2000, 500);
        space.give(1500, 500);
        assert_eq!(space.pieces().collect::<Vec<_>>(), [(1000, 1500)]);
        space.give(5000, 1000);
        assert_eq!((space.end(), space.total()), (5000, 1500));
        space.give(2500, 2500);
        assert_eq!((space.end(), space.total(), space.largest()), (1000, 0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 200, rng_seed: RngSeed::Fixed(0x376), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// No byte has two owners, and none is lost.
        #[test]
        fn every_byte_is_free_or_has_one_owner(
            steps in prop::collection::vec((any::<bool>(), 1_u64..400, any::<bool>(), any::<prop::sample::Index>()), 1..80),
        ) {
            let mut space = space(&[(0, 100)]);
            let mut taken = vec![(0, 100)];
            for (give, length, aligned, which) in steps {
                if give && taken.len() > 1 {
                    let (offset, length) = taken.remove(1 + which.index(taken.len() - 1));
                    space.give(offset, length);
                } else if aligned {
                    let offset = space.take_aligned(length, u64::MAX, true).expect("room");
                    prop_assert_eq!(offset % GRAIN, 0);
                    taken.push((offset, length));
                } else {
                    let (offset, got) = space.take(length).expect("room");
                    prop_assert!(got >= length && got < length + REMAINDER + GRAIN);
                    taken.push((offset, got));
                }
                let mut extents: Vec<_> =
                    taken.iter().map(|(offset, length)| (*offset, offset + length, Owner::Header)).collect();
                extents.sort_unstable();
                prop_assert!(extents.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", extents);
                prop_assert_eq!(&space, &Space::around(&extents));
            }
        }
    }
}
