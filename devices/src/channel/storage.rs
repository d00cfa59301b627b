//! The storage that a channel program works in: absolute addresses, an access key, and what can go wrong.

use s370_arch::{
    channel::ChannelStatus,
    storage_key::{BLOCK, may_fetch, may_store},
};
use s370_cpu::storage::AbsoluteStorage;

/// Why an access was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessCheck {
    /// The key does not match.
    Protection,
    /// There is no such location.
    Addressing,
}

impl AccessCheck {
    /// The channel status that it leads to ("Channel Status").
    #[must_use]
    pub fn status(self) -> ChannelStatus {
        match self {
            AccessCheck::Protection => ChannelStatus::PROTECTION_CHECK,
            AccessCheck::Addressing => ChannelStatus::PROGRAM_CHECK,
        }
    }
}

/// How far an access came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Bytes that moved.
    pub count: usize,
    /// What stopped it; none if everything moved.
    pub check: Option<AccessCheck>,
}

impl Moved {
    /// Everything moved.
    #[must_use]
    pub const fn all(count: usize) -> Moved {
        Moved { count, check: None }
    }

    /// What moved before a check.
    #[must_use]
    pub const fn checked(count: usize, check: AccessCheck) -> Moved {
        Moved { count, check: Some(check) }
    }
}

/// Something that yields storage to a channel program: real storage, or that of a virtual machine.
///
/// Addresses are absolute. Reference and change are recorded. A run of bytes is handed over whole; where it cannot all be
/// accessed, what comes before the first byte that cannot is moved.
pub trait ChannelStorage {
    /// Moves bytes from ascending addresses, the first at `at`.
    fn fetch_run(&mut self, at: u32, key: u8, into: &mut [u8]) -> Moved;

    /// Moves bytes to ascending addresses, the first to `at`.
    fn store_run(&mut self, at: u32, key: u8, from: &[u8]) -> Moved;

    /// Moves bytes to descending addresses, the *last* to `at`: for reading backward. `from` is in ascending order.
    fn store_run_backward(&mut self, at: u32, key: u8, from: &[u8]) -> Moved;
}

/// Bytes from `at` to the end of its block.
fn left_in_block(at: u32) -> usize {
    (BLOCK - at % BLOCK) as usize
}

impl<S: AbsoluteStorage> ChannelStorage for &S {
    fn fetch_run(&mut self, at: u32, key: u8, into: &mut [u8]) -> Moved {
        let (mut at, mut done) = (at, 0);
        while done < into.len() {
            if !self.is_available(at) {
                return Moved::checked(done, AccessCheck::Addressing);
            }
            if !may_fetch(key, self.key(at)) {
                return Moved::checked(done, AccessCheck::Protection);
            }
            self.record_reference(at);
            let length = left_in_block(at).min(into.len() - done);
            self.read(at, &mut into[done..done + length]);
            done += length;
            at += length as u32;
        }
        Moved::all(done)
    }

    fn store_run(&mut self, at: u32, key: u8, from: &[u8]) -> Moved {
        let (mut at, mut done) = (at, 0);
        while done < from.len() {
            if !self.is_available(at) {
                return Moved::checked(done, AccessCheck::Addressing);
            }
            if !may_store(key, self.key(at)) {
                return Moved::checked(done, AccessCheck::Protection);
            }
            self.record_change(at);
            let length = left_in_block(at).min(from.len() - done);
            AbsoluteStorage::store(*self, at, &from[done..done + length]);
            done += length;
            at += length as u32;
        }
        Moved::all(done)
    }

    fn store_run_backward(&mut self, at: u32, key: u8, from: &[u8]) -> Moved {
        let (mut at, mut left) = (at, from.len());
        while left > 0 {
            let done = from.len() - left;
            if !self.is_available(at) {
                return Moved::checked(done, AccessCheck::Addressing);
            }
            if !may_store(key, self.key(at)) {
                return Moved::checked(done, AccessCheck::Protection);
            }
            self.record_change(at);
            let length = ((at % BLOCK) as usize + 1).min(left);
            AbsoluteStorage::store(*self, at + 1 - length as u32, &from[left - length..left]);
            left -= length;
            // Below zero there is nothing: the address becomes one that no storage has.
            at = at.wrapping_sub(length as u32);
        }
        Moved::all(from.len())
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::storage_key::{CHANGE, REFERENCE};
    use s370_cpu::storage::Storage;

    use super::*;

    fn storage() -> Storage {
        let storage = Storage::new(8192).unwrap();
        storage.set_key(0x0800, 0x50);
        storage.set_key(0x1000, 0x38);
        storage
    }

    #[test]
    fn keys_are_checked_block_by_block() {
        let storage = storage();
        let mut access = &storage;
        // Block 0 has key 0, block 1 key 5 without and block 2 key 3 with fetch protection.
        assert_eq!(access.store_run(0x0FFE, 5, &[1; 4]), Moved::checked(2, AccessCheck::Protection));
        assert_eq!(access.store_run(0x0FFE, 0, &[2; 4]), Moved::all(4));
        assert_eq!(access.store_run(0x07FF, 5, &[3; 4]), Moved::checked(0, AccessCheck::Protection));
        let mut bytes = [0; 4];
        assert_eq!(access.fetch_run(0x0FFE, 5, &mut bytes), Moved::checked(2, AccessCheck::Protection));
        assert_eq!(access.fetch_run(0x0FFE, 3, &mut bytes), Moved::all(4));
        assert_eq!(bytes, [2; 4]);
    }

    #[test]
    fn there_is_nothing_above_and_nothing_below() {
        let storage = storage();
        let mut access = &storage;
        assert_eq!(access.store_run(8190, 0, &[1, 2, 3]), Moved::checked(2, AccessCheck::Addressing));
        assert_eq!(access.fetch_run(8190, 0, &mut [0; 3]), Moved::checked(2, AccessCheck::Addressing));
        assert_eq!(access.store_run_backward(1, 0, &[7, 8, 9]), Moved::checked(2, AccessCheck::Addressing));
        assert_eq!(storage.u16(0), 0x0809);
        assert_eq!(access.store_run_backward(u32::MAX, 0, &[1]), Moved::checked(0, AccessCheck::Addressing));
    }

    #[test]
    fn backward_is_downward() {
        let storage = storage();
        let mut access = &storage;
        assert_eq!(access.store_run_backward(0x0801, 0, &[1, 2, 3, 4]), Moved::all(4));
        assert_eq!(storage.u32(0x07FE), 0x0102_0304);
        assert_eq!(access.store_run_backward(0x1001, 3, &[5, 6, 7]), Moved::checked(2, AccessCheck::Protection));
        assert_eq!((storage.u8(0x0FFF), storage.u16(0x1000)), (0, 0x0607));
    }

    #[test]
    fn reference_and_change_are_recorded() {
        let storage = storage();
        let mut access = &storage;
        access.fetch_run(0, 0, &mut [0; 1]);
        access.store_run(0x1800, 0, &[0]);
        access.store_run_backward(0x0800, 5, &[0]);
        assert_eq!(storage.key(0) & (REFERENCE | CHANGE), REFERENCE);
        assert_eq!(storage.key(0x1800) & (REFERENCE | CHANGE), REFERENCE | CHANGE);
        assert_eq!(storage.key(0x0800), 0x50 | REFERENCE | CHANGE);
    }
}
