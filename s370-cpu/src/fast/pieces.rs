//! Storage-to-storage operands that cross from one 2K block into the next: done in pieces that do not.
//!
//! Pieces are processed left to right, and inside a piece bytes are; so the result is that of one byte at a time, however
//! the operands overlap.

use super::{bytes, run::Leave};
use crate::storage::{
    Storage,
    window::{ENTRIES, Entry, HAS_CODE, INVALID, Spot, lookup},
};

/// Bytes of a block.
const BLOCK: u32 = 2048;

/// The tables, and the storage they lead to.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// For fetching.
    pub fetch: &'a [Entry; ENTRIES],
    /// For storing.
    pub store: &'a [Entry; ENTRIES],
    /// Where marks of code are.
    pub storage: &'a Storage,
}

/// Whether a run of bytes crosses into the next block.
#[inline(always)]
pub fn crosses(at: u32, length: u32) -> bool {
    (at % BLOCK) + length > BLOCK
}

impl Tables<'_> {
    /// Where a byte to be fetched is.
    #[inline]
    fn fetchable(self, at: u32) -> Result<Spot, Leave> {
        let entry = lookup(self.fetch, at);
        if entry.flags() & INVALID != 0 { Err(Leave::FetchMiss(at)) } else { Ok(entry.spot(at)) }
    }

    /// Where a run inside a block, to be stored into, is.
    #[inline]
    fn storable(self, at: u32, length: u32) -> Result<Spot, Leave> {
        let entry = lookup(self.store, at);
        if entry.flags() & INVALID != 0 {
            return Err(Leave::StoreMiss(at));
        }
        let spot = entry.spot(at);
        if entry.flags() & HAS_CODE != 0 && self.storage.is_code(self.storage.absolute_of(spot), length) {
            return Err(Leave::Slow);
        }
        Ok(spot)
    }

    /// The two runs of an operand that may cross: the first, its length, and the second.
    #[inline]
    fn fetch_runs(self, at: u32, length: u32) -> Result<Runs, Leave> {
        let split = BLOCK - at % BLOCK;
        let first = self.fetchable(at)?;
        let second = if length > split { self.fetchable(next_block(at))? } else { first };
        Ok(Runs { first, second, split })
    }

    #[inline]
    fn store_runs(self, at: u32, length: u32) -> Result<Runs, Leave> {
        let split = BLOCK - at % BLOCK;
        let first = self.storable(at, length.min(split))?;
        let second = if length > split { self.storable(next_block(at), length - split)? } else { first };
        Ok(Runs { first, second, split })
    }

    /// MOVE.
    #[inline(never)]
    pub fn copy(self, to: u32, from: u32, length: u32) -> Result<(), Leave> {
        let (from, to) = (self.fetch_runs(from, length)?, self.store_runs(to, length)?);
        for (to, from, length) in pieces(to, from, length) {
            bytes::copy(to, from, length);
        }
        Ok(())
    }

    /// AND, OR and EXCLUSIVE OR, and MOVE NUMERICS and ZONES: whether any result bit is one.
    #[inline(never)]
    pub fn combine(
        self,
        to: u32,
        from: u32,
        length: u32,
        operation: impl Fn(u64, u64) -> u64 + Copy,
    ) -> Result<u64, Leave> {
        let (from, to) = (self.fetch_runs(from, length)?, self.store_runs(to, length)?);
        let mut any = 0;
        for (to, from, length) in pieces(to, from, length) {
            any |= if to != from && bytes::overlap(to, length, from, length) {
                let single = |n| bytes::combine(to.right(n), from.right(n), 1, operation);
                (0..length).map(single).fold(0, |any, result| any | result)
            } else {
                bytes::combine(to, from, length, operation)
            };
        }
        Ok(any)
    }

    /// COMPARE LOGICAL: negative, zero or positive.
    #[inline(never)]
    pub fn compare(self, a: u32, b: u32, length: u32) -> Result<i64, Leave> {
        let (a, b) = (self.fetch_runs(a, length)?, self.fetch_runs(b, length)?);
        let order = pieces(a, b, length).map(|(a, b, length)| bytes::compare(a, b, length)).find(|&order| order != 0);
        Ok(order.unwrap_or(0))
    }

    /// TRANSLATE.
    #[inline(never)]
    pub fn translate(self, to: u32, table: u32, length: u32) -> Result<(), Leave> {
        let (table, to) = (self.fetch_runs(table, 256)?, self.store_runs(to, length)?);
        for n in 0..length {
            let byte = to.byte(n);
            byte.put_u8(table.byte(byte.u8().into()).u8());
        }
        Ok(())
    }

    /// TRANSLATE AND TEST: the number of the first argument whose function byte is not zero, and that byte.
    #[inline(never)]
    pub fn test(self, from: u32, table: u32, length: u32) -> Result<Option<(u32, u8)>, Leave> {
        let (table, from) = (self.fetch_runs(table, 256)?, self.fetch_runs(from, length)?);
        Ok((0..length).map(|n| (n, table.byte(from.byte(n).u8().into()).u8())).find(|&(_, function)| function != 0))
    }
}

fn next_block(at: u32) -> u32 {
    ((at & !(BLOCK - 1)) + BLOCK) & crate::exec::ADDRESS
}

/// An operand in one or two runs.
#[derive(Clone, Copy)]
struct Runs {
    first: Spot,
    second: Spot,
    /// Length of the first run, if there is a second.
    split: u32,
}

impl Runs {
    #[inline(always)]
    fn byte(self, n: u32) -> Spot {
        if n < self.split { self.first.right(n) } else { self.second.right(n - self.split) }
    }
}

/// The pieces of two operands of equal length.
fn pieces(a: Runs, b: Runs, length: u32) -> impl Iterator<Item = (Spot, Spot, u32)> {
    let mut ends = [a.split.min(length), b.split.min(length), length];
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().filter_map(move |end| {
        let from = std::mem::replace(&mut start, end);
        (end > from).then(|| (a.byte(from), b.byte(from), end - from))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::window::Window;

    /// Storage whose logical blocks are in reverse order, with a number in each logical byte.
    fn reversed() -> (Arc<Storage>, Window) {
        let storage = Arc::new(Storage::new(8192).unwrap());
        let mut window = Window::new(storage.clone());
        for block in 0..4 {
            window.enter(block * BLOCK, (3 - block) * BLOCK, false);
        }
        (0..8192).for_each(|at| spot(&window, at).put_u8((at * 7 + at / 256) as u8));
        (storage, window)
    }

    fn spot(window: &Window, at: u32) -> Spot {
        lookup(window.entries(), at).spot(at)
    }

    fn contents(window: &Window) -> Vec<u8> {
        (0..8192).map(|at| spot(window, at).u8()).collect()
    }

    #[test]
    fn pieces_do_as_single_bytes_would() {
        for (to, from) in
            [(2000, 4000), (4000, 2000), (2040, 2038), (2038, 2040), (2040, 2047), (2047, 2046), (2000, 2000)]
        {
            for length in [1, 2, 9, 48, 49, 100, 256] {
                let ((storage, window), (_, model)) = (reversed(), reversed());
                let tables = Tables { fetch: window.entries(), store: window.entries(), storage: &storage };
                tables.copy(to, from, length).unwrap();
                (0..length).for_each(|n| spot(&model, to + n).put_u8(spot(&model, from + n).u8()));
                assert_eq!(contents(&window), contents(&model), "move {from} to {to} length {length}");

                tables.combine(to, from, length, |a, b| a ^ b).unwrap();
                (0..length)
                    .for_each(|n| spot(&model, to + n).put_u8(spot(&model, from + n).u8() ^ spot(&model, to + n).u8()));
                assert_eq!(contents(&window), contents(&model), "XOR {from} to {to} length {length}");

                let strings = |at: u32| contents(&model)[at as usize..(at + length) as usize].to_vec();
                let order = tables.compare(to, from, length).unwrap();
                assert_eq!(order.signum(), strings(to).cmp(&strings(from)) as i64, "{to} {from} {length}");

                tables.translate(to, from, length).unwrap();
                (0..length).for_each(|n| {
                    let byte = spot(&model, to + n);
                    byte.put_u8(spot(&model, from + u32::from(byte.u8())).u8());
                });
                assert_eq!(contents(&window), contents(&model), "translate {to} by {from} length {length}");
            }
        }
    }

    #[test]
    fn blocks_that_are_not_in_the_table_are_named() {
        let (storage, mut window) = reversed();
        window.forget(2);
        let tables = Tables { fetch: window.entries(), store: window.entries(), storage: &storage };
        assert_eq!(tables.copy(100, 4000, 200), Err(Leave::FetchMiss(4096)));
        assert_eq!(tables.copy(4000, 100, 200), Err(Leave::StoreMiss(4096)));
        assert_eq!(tables.test(100, 4000, 1), Err(Leave::FetchMiss(4096)));
    }
}
