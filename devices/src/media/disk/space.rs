//! Free space of a compressed image.
//!
//! It is found from the tables, never believed from the file: what no table speaks of is free. The list of free pieces is
//! written when the image is closed, for other programs.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::Owner;

/// A remainder shorter than this stays with the piece that is taken: it would serve nobody.
const REMAINDER: u64 = 96;
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

    /// Takes a piece of `length` bytes whose offset is a multiple of `align`: from the shortest free piece that is long
    /// enough, else at the end. Returns its offset, and its length, which is a little more where nothing useful would have
    /// remained and `slack` permits it. `None` if the file would become too long.
    pub fn take(&mut self, length: u64, align: u64, slack: bool) -> Option<(u64, u64)> {
        let found = self.by_length.range((length + align - 1, 0)..).next().copied();
        let Some((free, start)) = found else {
            let offset = self.end.next_multiple_of(align);
            if offset + length > LIMIT {
                return None;
            }
            let gap = self.end;
            self.end = offset + length;
            if offset > gap {
                self.insert(gap, offset - gap);
            }
            return Some((offset, length));
        };
        self.remove(start);
        let offset = start.next_multiple_of(align);
        if offset > start {
            self.insert(start, offset - start);
        }
        let rest = start + free - offset - length;
        if slack && rest < REMAINDER {
            return Some((offset, length + rest));
        }
        if rest > 0 {
            self.insert(offset + length, rest);
        }
        Some((offset, length))
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
        assert_eq!(space.take(900, 1, true), Some((4000, 900)), "100 bytes remain");
        assert_eq!(space.take(50, 1, true), Some((4900, 100)), "50 bytes would remain");
        assert_eq!(space.take(50, 1, false), Some((1000, 50)));
        assert_eq!(space.take(100, 8, false), Some((1056, 100)));
        assert_eq!(space.take(5000, 1, true), Some((6000, 5000)));
        assert_eq!(space.pieces().collect::<Vec<_>>(), [(1050, 6), (1156, 1844)]);
        assert_eq!(space.take(u64::from(u32::MAX) - 11_000, 1, true), None);
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
            steps in prop::collection::vec((any::<bool>(), 1_u64..400, 0_u64..2, any::<prop::sample::Index>()), 1..80),
        ) {
            let mut space = space(&[(0, 100)]);
            let mut taken = vec![(0, 100)];
            for (give, length, align, which) in steps {
                if give && taken.len() > 1 {
                    let (offset, length) = taken.remove(1 + which.index(taken.len() - 1));
                    space.give(offset, length);
                } else {
                    let (offset, got) = space.take(length, 1 + 7 * align, align == 0).expect("room");
                    prop_assert_eq!(offset % (1 + 7 * align), 0);
                    prop_assert!(got >= length && got < length + REMAINDER);
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
