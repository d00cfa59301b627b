//! Main storage, its keys, and the marks that say which halfwords some processor holds in decoded form.
//!
//! Addresses here are absolute. Storage is shared between processors and channels, so every access is through `&self`
//! and may race with others, as on the real machine; a fullword on its boundary is never torn, and
//! COMPARE AND SWAP uses the host's atomic instructions.
//!
//! Processors remember much about storage; what makes that wrong they hear through [`notice`].
//!
//! This is one of the modules that may be `unsafe`. The invariant: `bytes` points at `mask + 1` bytes with [`PADDING`]
//! bytes before and after, which live as long as the `Storage`, and every access is at `address & mask`, at most
//! [`PADDING`] bytes long. So no address, right or wrong, reaches outside; that an address is *available* is for the caller
//! to check against [`Storage::size`]. [`window`] adds a faster way in, with an invariant of its own.

mod absolute;
pub(crate) mod notice;
pub(crate) mod window;

use std::{
    alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error},
    ptr::NonNull,
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
};

use s370_arch::storage_key::{BLOCK, CHANGE, REFERENCE};
use thiserror::Error;

pub use self::absolute::AbsoluteStorage;
use self::notice::{Listeners, Notice};

/// The longest single access, in bytes, is 16; more keeps blocks aligned.
const PADDING: usize = BLOCK as usize;
/// Halfwords in a 2K block.
pub const HALFWORDS: usize = BLOCK as usize / 2;

/// Storage from this size on is to cost nothing before it is used.
const LARGE: usize = 8 << 20;
/// What is at least as large the usual allocators take fresh from the host, whose pages are zero when they are first used;
/// smaller room they may have had before, and then they write zeros. Only addresses are spent.
const SURELY_FRESH: usize = 32 << 20;

/// A storage size that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("storage size {0} bytes: it must be a multiple of 2048, from 2048 to {max} (64 MiB)", max = Storage::MAXIMUM)]
pub struct BadSize(pub u64);

/// Main storage with its keys.
pub struct Storage {
    bytes: NonNull<u8>,
    /// What was allocated: `bytes` and the padding lie inside it.
    allocation: NonNull<u8>,
    layout: Layout,
    size: u32,
    mask: u32,
    keys: Box<[AtomicU8]>,
    /// One bit a halfword: some processor has decoded an instruction that covers it.
    code: Box<[AtomicU64]>,
    /// Not zero for blocks that may hold anything but zeros, or may be marked as code.
    touched: Box<[AtomicU8]>,
    /// Of each block, who has to hear about it; see [`notice`].
    flags: Box<[AtomicU8]>,
    listeners: Listeners,
}

// SAFETY: all access to `bytes` is by single plain, volatile or atomic operations through `&self`; see the module's invariant.
unsafe impl Send for Storage {}
// SAFETY: as above.
unsafe impl Sync for Storage {}

/// An unaligned value: lets the host do one access of any alignment.
#[repr(C, packed)]
#[derive(Clone, Copy)]
struct Unaligned<T: Copy>(T);

/// A host integer that is valid when all its bits are zero.
trait Zeroable {}
impl Zeroable for AtomicU8 {}
impl Zeroable for AtomicU64 {}

/// A table of zeros that costs host memory only where it is used.
fn zeroed<T: Zeroable>(count: usize) -> Box<[T]> {
    // SAFETY: zero bits are a valid `T`.
    unsafe { Box::<[T]>::new_zeroed_slice(count).assume_init() }
}

impl Storage {
    /// The largest size: 26-bit addresses (extended real addressing).
    pub const MAXIMUM: u64 = 64 << 20;

    /// Storage of `size` bytes, all zero, all keys zero.
    ///
    /// # Errors
    /// The size is not a multiple of 2048, zero, or above 64 MiB.
    pub fn new(size: u64) -> Result<Storage, BadSize> {
        if size == 0 || size > Self::MAXIMUM || !size.is_multiple_of(u64::from(BLOCK)) {
            return Err(BadSize(size));
        }
        let span = (size as usize).next_power_of_two();
        // Zeros cost nothing before they are used only if no more than the usual alignment is asked for; so the start of a
        // block is sought here.
        let room = if span < LARGE { span } else { span.max(SURELY_FRESH) } + 3 * PADDING;
        let layout = Layout::from_size_align(room, align_of::<u128>()).map_err(|_| BadSize(size))?;
        // SAFETY: the layout's size is not zero.
        let Some(allocation) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        let to_block = allocation.as_ptr().align_offset(BLOCK as usize);
        assert!(to_block < PADDING, "there is an aligned address among any PADDING bytes");
        // SAFETY: inside the allocation, with PADDING bytes before, and PADDING bytes after `span` more.
        let bytes = unsafe { allocation.add(to_block + PADDING) };
        let blocks = size as usize / BLOCK as usize;
        Ok(Storage {
            bytes,
            allocation,
            layout,
            size: size as u32,
            mask: span as u32 - 1,
            keys: zeroed(blocks),
            // One word more than there are marks: whoever looks for a few may load eight bytes.
            code: zeroed(blocks * HALFWORDS / 64 + 1),
            touched: zeroed(blocks),
            flags: zeroed(blocks),
            listeners: Listeners::default(),
        })
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Makes all storage and all keys zero again, at a cost in proportion to the blocks that were used.
    ///
    /// Blocks count as used once they were stored into by [`Storage::store`] and its like, or once a change was
    /// recorded for them; [`Storage::put_u8`] and its like are for blocks for which that has been done.
    pub fn clear(&mut self) {
        for (block, touched) in self.touched.iter_mut().enumerate() {
            if *touched.get_mut() == 0 {
                continue;
            }
            *touched.get_mut() = 0;
            // SAFETY: block number < number of blocks, so the 2048 bytes lie inside the allocation, which nobody else
            // can reach while `self` is borrowed mutably.
            unsafe { self.bytes.as_ptr().add(block * BLOCK as usize).write_bytes(0, BLOCK as usize) };
            let words = HALFWORDS / 64;
            self.code[block * words..(block + 1) * words].iter_mut().for_each(|word| *word.get_mut() = 0);
        }
        self.keys.iter_mut().for_each(|key| *key.get_mut() = 0);
        self.flags.iter_mut().for_each(|flags| *flags.get_mut() = 0);
        self.post(&[Notice::Everything], None);
    }

    #[inline]
    fn touch(&self, at: u32) {
        if let Some(touched) = self.touched.get((at / BLOCK) as usize) {
            touched.store(1, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn pointer<T>(&self, at: u32) -> *mut T {
        // SAFETY: `at & mask` is inside the allocation.
        unsafe { self.bytes.as_ptr().add((at & self.mask) as usize).cast() }
    }

    #[inline(always)]
    fn get<T: Copy>(&self, at: u32) -> T {
        const { assert!(size_of::<T>() <= 16) };
        // SAFETY: inside the allocation by the module's invariant; any bit pattern is a `T` (only integers are used).
        unsafe { self.pointer::<Unaligned<T>>(at).read_volatile().0 }
    }

    #[inline(always)]
    fn put<T: Copy>(&self, at: u32, value: T) {
        const { assert!(size_of::<T>() <= 16) };
        // SAFETY: inside the allocation by the module's invariant.
        unsafe { self.pointer::<T>(at).write_unaligned(value) }
    }

    /// The byte at `at`.
    #[inline(always)]
    #[must_use]
    pub fn u8(&self, at: u32) -> u8 {
        self.get(at)
    }

    /// The halfword at `at`, of any alignment.
    #[inline(always)]
    #[must_use]
    pub fn u16(&self, at: u32) -> u16 {
        u16::from_be(self.get(at))
    }

    /// The fullword at `at`, of any alignment.
    #[inline(always)]
    #[must_use]
    pub fn u32(&self, at: u32) -> u32 {
        u32::from_be(self.get(at))
    }

    /// The doubleword at `at`, of any alignment.
    #[inline(always)]
    #[must_use]
    pub fn u64(&self, at: u32) -> u64 {
        u64::from_be(self.get(at))
    }

    /// The sixteen bytes at `at`.
    #[inline(always)]
    #[must_use]
    pub fn u128(&self, at: u32) -> u128 {
        u128::from_be(self.get(at))
    }

    /// Stores without looking whether the place is decoded as code: for callers that know it is not.
    #[inline(always)]
    pub fn put_u8(&self, at: u32, value: u8) {
        self.put(at, value);
    }

    /// As [`Storage::put_u8`], a halfword.
    #[inline(always)]
    pub fn put_u16(&self, at: u32, value: u16) {
        self.put(at, value.to_be());
    }

    /// As [`Storage::put_u8`], a fullword.
    #[inline(always)]
    pub fn put_u32(&self, at: u32, value: u32) {
        self.put(at, value.to_be());
    }

    /// As [`Storage::put_u8`], a doubleword.
    #[inline(always)]
    pub fn put_u64(&self, at: u32, value: u64) {
        self.put(at, value.to_be());
    }

    /// As [`Storage::put_u8`], sixteen bytes.
    #[inline(always)]
    pub fn put_u128(&self, at: u32, value: u128) {
        self.put(at, value.to_be());
    }

    /// Stores a byte.
    pub fn store_u8(&self, at: u32, value: u8) {
        self.put_u8(at, value);
        self.note_store(at, 1);
    }

    /// Stores a halfword.
    pub fn store_u16(&self, at: u32, value: u16) {
        self.put_u16(at, value);
        self.note_store(at, 2);
    }

    /// Stores a fullword.
    pub fn store_u32(&self, at: u32, value: u32) {
        self.put_u32(at, value);
        self.note_store(at, 4);
    }

    /// Stores a doubleword.
    pub fn store_u64(&self, at: u32, value: u64) {
        self.put_u64(at, value);
        self.note_store(at, 8);
    }

    /// Copies bytes out of storage. The range must lie inside it.
    pub fn read(&self, at: u32, into: &mut [u8]) {
        let mut at = at;
        let (chunks, rest) = into.as_chunks_mut::<8>();
        for chunk in chunks {
            *chunk = self.u64(at).to_be_bytes();
            at += 8;
        }
        for byte in rest {
            *byte = self.u8(at);
            at += 1;
        }
    }

    /// Stores bytes. The range must lie inside storage.
    pub fn store(&self, at: u32, from: &[u8]) {
        self.put_bytes(at, from);
        self.note_store(at, from.len() as u32);
    }

    /// Stores bytes without looking whether the place is decoded as code: for callers that know it is not.
    #[inline]
    pub fn put_bytes(&self, at: u32, from: &[u8]) {
        let mut at = at;
        let (chunks, rest) = from.as_chunks::<8>();
        for chunk in chunks {
            self.put_u64(at, u64::from_be_bytes(*chunk));
            at += 8;
        }
        for &byte in rest {
            self.put_u8(at, byte);
            at += 1;
        }
    }

    /// COMPARE AND SWAP of an aligned fullword: the old contents; `new` was stored if they equal `old`.
    pub fn compare_and_swap_u32(&self, at: u32, old: u32, new: u32) -> u32 {
        // SAFETY: inside the allocation, which is 64-byte aligned, at a fullword boundary.
        let word = unsafe { AtomicU32::from_ptr(self.pointer(at & !3)) };
        match word.compare_exchange(old.to_be(), new.to_be(), Ordering::SeqCst, Ordering::SeqCst) {
            Ok(was) => {
                self.note_store(at & !3, 4);
                u32::from_be(was)
            }
            Err(was) => u32::from_be(was),
        }
    }

    /// COMPARE DOUBLE AND SWAP of an aligned doubleword, as [`Storage::compare_and_swap_u32`].
    pub fn compare_and_swap_u64(&self, at: u32, old: u64, new: u64) -> u64 {
        // SAFETY: inside the allocation, which is 64-byte aligned, at a doubleword boundary.
        let word = unsafe { AtomicU64::from_ptr(self.pointer(at & !7)) };
        match word.compare_exchange(old.to_be(), new.to_be(), Ordering::SeqCst, Ordering::SeqCst) {
            Ok(was) => {
                self.note_store(at & !7, 8);
                u64::from_be(was)
            }
            Err(was) => u64::from_be(was),
        }
    }

    /// TEST AND SET: the old byte; all ones are stored.
    pub fn test_and_set(&self, at: u32) -> u8 {
        // SAFETY: inside the allocation.
        let byte = unsafe { AtomicU8::from_ptr(self.pointer(at)) };
        let was = byte.swap(0xFF, Ordering::SeqCst);
        self.note_store(at, 1);
        was
    }

    fn key_of(&self, at: u32) -> Option<&AtomicU8> {
        self.keys.get((at / BLOCK) as usize)
    }

    /// The storage key of the block at `at`; zero where there is no storage.
    #[inline]
    #[must_use]
    pub fn key(&self, at: u32) -> u8 {
        self.key_of(at).map_or(0, |key| key.load(Ordering::Relaxed))
    }

    /// Sets the storage key of the block at `at`. The processors that share this storage heed it as soon as they execute
    /// their next instructions.
    pub fn set_key(&self, at: u32, key: u8) {
        if let Some(place) = self.key_of(at) {
            let key = key & s370_arch::storage_key::ALL;
            let old = place.swap(key, Ordering::SeqCst);
            self.note_key(at, old, key);
        }
    }

    /// Has every processor that shares this storage empty its TLB before it executes its next instructions.
    pub fn purge_tlbs(&self) {
        self.post(&[Notice::Purge], None);
    }

    /// Records a fetch from the block at `at`.
    #[inline]
    pub fn record_reference(&self, at: u32) {
        if let Some(key) = self.key_of(at)
            && key.load(Ordering::Relaxed) & REFERENCE == 0
        {
            key.fetch_or(REFERENCE, Ordering::Relaxed);
        }
    }

    /// Records a store into the block at `at`.
    #[inline]
    pub fn record_change(&self, at: u32) {
        self.touch(at);
        if let Some(key) = self.key_of(at)
            && key.load(Ordering::Relaxed) & (REFERENCE | CHANGE) != REFERENCE | CHANGE
        {
            key.fetch_or(REFERENCE | CHANGE, Ordering::Relaxed);
        }
    }

    /// The host address of the marks of decoded halfwords: one bit each, in the order of addresses.
    pub(crate) fn marks_base(&self) -> usize {
        self.code.as_ptr() as usize
    }

    /// Marks the halfwords of an instruction of `length` bytes as decoded.
    pub fn mark_code(&self, at: u32, length: u32) {
        self.touch(at);
        self.touch(at.saturating_add(length - 1));
        for halfword in (at / 2)..at.saturating_add(length).div_ceil(2) {
            if let Some(word) = self.code.get(halfword as usize / 64) {
                word.fetch_or(1 << (halfword % 64), Ordering::SeqCst);
            }
        }
    }

    /// Takes back the mark of one halfword.
    pub fn unmark_code(&self, at: u32) {
        if let Some(word) = self.code.get(at as usize / 128) {
            word.fetch_and(!(1 << (at / 2 % 64)), Ordering::Relaxed);
        }
    }

    /// Whether any halfword touched by `length` bytes (at most 2048) at `at` is decoded.
    #[inline]
    #[must_use]
    pub fn is_code(&self, at: u32, length: u32) -> bool {
        let (first, last) = (at / 2, at.saturating_add(length.max(1) - 1) / 2);
        let (word, end) = (first / 64, last / 64);
        let from = u64::MAX << (first % 64);
        let to = u64::MAX >> (63 - last % 64);
        let marks = |n: u32| self.code.get(n as usize).map_or(0, |w| w.load(Ordering::Relaxed));
        if word == end {
            return marks(word) & from & to != 0;
        }
        marks(word) & from != 0 || marks(end) & to != 0 || (word + 1..end).any(|n| marks(n) != 0)
    }

    /// [`Storage::is_code`], with one look at the marks where the run is short.
    #[inline(always)]
    #[must_use]
    pub fn is_code_short(&self, at: u32, length: u32) -> bool {
        let (first, last) = (at / 2, (at + length - 1) / 2);
        let Some(word) = self.code.get(first as usize / 64) else { return false };
        let marks = word.load(Ordering::Relaxed) >> (first % 64);
        // A run that goes on in the next word is rare; its first halfword's being in this one leaves the rest to the
        // general question.
        if last / 64 != first / 64 {
            return self.is_code(at, length);
        }
        marks & (2_u64 << (last - first)).wrapping_sub(1) != 0
    }

    /// To be called after any store at a place that may be decoded: tells every processor which decoded halfwords it hit.
    pub fn note_store(&self, at: u32, length: u32) {
        for block in at / BLOCK..=(at.saturating_add(length.max(1) - 1)) / BLOCK {
            self.touch(block * BLOCK);
        }
        if !self.is_code(at, length) {
            return;
        }
        let mut news = Vec::new();
        for halfword in (at / 2)..at.saturating_add(length).div_ceil(2) {
            let Some(word) = self.code.get(halfword as usize / 64) else { break };
            let mark = 1 << (halfword % 64);
            // The mark goes, as everyone is going to hear: who decodes the halfword again marks it again.
            if word.load(Ordering::Relaxed) & mark != 0 && word.fetch_and(!mark, Ordering::SeqCst) & mark != 0 {
                news.push(Notice::Stored(halfword * 2));
            }
        }
        self.post(&news, None);
    }
}

/// Where an interruption is stored.
pub(crate) trait Stores {
    /// Stores a fullword.
    fn word(&self, at: u32, value: u32);
    /// Stores a doubleword.
    fn doubleword(&self, at: u32, value: u64);
}

/// Storage into which interruptions are stored like anything else.
pub(crate) struct Through<'a, S>(pub &'a S);

impl<S: AbsoluteStorage> Stores for Through<'_, S> {
    fn word(&self, at: u32, value: u32) {
        self.0.store_u32(at, value);
    }

    fn doubleword(&self, at: u32, value: u64) {
        self.0.store_u64(at, value);
    }
}

/// A block of storage into which may be stored without looking whether the place is decoded as code.
pub(crate) struct Unmarked<'a>(&'a Storage);

impl<'a> Unmarked<'a> {
    /// The block at an absolute address.
    #[inline(always)]
    pub fn new(storage: &'a Storage, at: u32) -> Unmarked<'a> {
        storage.touch(at);
        Unmarked(storage)
    }
}

impl Stores for Unmarked<'_> {
    #[inline(always)]
    fn word(&self, at: u32, value: u32) {
        self.0.put_u32(at, value);
    }

    #[inline(always)]
    fn doubleword(&self, at: u32, value: u64) {
        self.0.put_u64(at, value);
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.allocation.as_ptr(), self.layout) }
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_reaches_outside() {
        let storage = Storage::new(6 * 2048).unwrap();
        for at in [0, 6 * 2048 - 1, 16383, u32::MAX] {
            storage.put_u128(at, u128::MAX);
            assert_eq!(storage.u128(at), u128::MAX);
        }
        assert_eq!(storage.key(u32::MAX), 0);
        storage.record_change(u32::MAX);
        storage.mark_code(u32::MAX - 8, 6);
    }

    #[test]
    fn sizes_that_cannot_be_had() {
        for size in [0, 1, 2047, 4097, Storage::MAXIMUM + 2048] {
            assert_eq!(Storage::new(size).unwrap_err(), BadSize(size));
        }
    }

    #[test]
    fn stores_into_code_are_noticed_exactly() {
        let storage = Storage::new(8192).unwrap();
        let mailbox = storage.subscribe();
        storage.mark_code(0x102, 6);
        for (at, length, hit) in
            [(0x101, 1, false), (0x101, 2, true), (0x107, 1, true), (0x108, 8, false), (0, 2048, true)]
        {
            assert_eq!(storage.is_code(at, length), hit, "{at:X}+{length}");
        }
        storage.store_u32(0x100, 1);
        storage.store_u32(0x108, 1);
        assert_eq!(mailbox.take(), [Notice::Stored(0x102)]);
        assert!(!storage.is_code(0x102, 2) && storage.is_code(0x104, 2));
        storage.store_u16(0x102, 1);
        assert!(!mailbox.has_any());
    }

    #[test]
    fn clearing_leaves_nothing() {
        let mut storage = Storage::new(64 * 1024).unwrap();
        storage.store(2040, &[7; 5000]);
        storage.set_key(4096, 0xF0);
        storage.record_change(0x8000);
        storage.put_u8(0x8001, 1);
        storage.mark_code(2044, 4);
        storage.clear();
        let mut all = vec![1; 64 * 1024];
        storage.read(0, &mut all);
        assert!(all.iter().all(|&byte| byte == 0));
        assert!((0..64 * 1024).step_by(2048).all(|at| storage.key(at) == 0));
        assert!(!storage.is_code(0, 65535));
    }

    #[test]
    fn swaps_are_big_endian() {
        let storage = Storage::new(2048).unwrap();
        storage.put_u64(8, 0x0123_4567_89AB_CDEF);
        assert_eq!(storage.compare_and_swap_u32(12, 0x89AB_CDEF, 5), 0x89AB_CDEF);
        assert_eq!(storage.u64(8), 0x0123_4567_0000_0005);
        assert_eq!(storage.compare_and_swap_u64(8, 1, 2), 0x0123_4567_0000_0005);
        let mut bytes = [0; 11];
        storage.read(5, &mut bytes);
        assert_eq!(bytes, [0, 0, 0, 1, 0x23, 0x45, 0x67, 0, 0, 0, 5]);
    }
}
