//! Free storage: what nobody has of the frames that hold control blocks.

use std::collections::{BTreeMap, BTreeSet};

use super::PAGE;

/// Control blocks begin at multiples of this, and take such a multiple.
pub const UNIT: u32 = 64;

/// Free pieces of frames. A piece lies inside one frame.
#[derive(Debug, Default)]
pub struct Pieces {
    lengths: BTreeMap<u32, u32>,
    /// The same, by length and address.
    by_length: BTreeSet<(u32, u32)>,
}

impl Pieces {
    fn insert(&mut self, at: u32, length: u32) {
        self.lengths.insert(at, length);
        self.by_length.insert((length, at));
    }

    fn remove(&mut self, at: u32, length: u32) {
        self.lengths.remove(&at);
        self.by_length.remove(&(length, at));
    }

    /// So many bytes, at most a frame's, of the shortest piece that has them.
    pub fn take(&mut self, bytes: u32) -> Option<u32> {
        let &(length, at) = self.by_length.range((bytes, 0)..).next()?;
        self.remove(at, length);
        if length > bytes {
            self.insert(at + bytes, length - bytes);
        }
        Some(at)
    }

    /// Gives a piece of one frame (back). If all of the frame is free now, it is taken out and its address returned.
    pub fn give(&mut self, at: u32, bytes: u32) -> Option<u32> {
        let (mut at, mut bytes) = (at, bytes);
        let frame = at & !(PAGE - 1);
        if let Some((&before, &length)) = self.lengths.range(frame..at).next_back()
            && before + length == at
        {
            self.remove(before, length);
            (at, bytes) = (before, bytes + length);
        }
        if at + bytes < frame + PAGE
            && let Some(&length) = self.lengths.get(&(at + bytes))
        {
            self.remove(at + bytes, length);
            bytes += length;
        }
        if bytes == PAGE {
            return Some(frame);
        }
        self.insert(at, bytes);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_together_again() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.take(64), None);
        assert_eq!(pieces.give(0x5000, 0x800), None);
        assert_eq!(pieces.give(0x4800, 0x800), None);
        assert_eq!(pieces.take(0x1000), None, "they are in two frames");
        let taken: Vec<u32> = (0..3).map(|_| pieces.take(0x400).unwrap()).collect();
        assert_eq!(taken, [0x4800, 0x4C00, 0x5000]);
        assert_eq!(pieces.give(0x4000, 0x800), None);
        assert_eq!(pieces.give(0x4C00, 0x400), None);
        assert_eq!(pieces.give(0x4800, 0x400), Some(0x4000));
        assert_eq!(pieces.take(0x400), Some(0x5400));
        assert_eq!(pieces.take(0x40), None);
    }
}
