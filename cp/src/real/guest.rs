//! The storage of a virtual machine: CP's segment, page and swap tables for it, in real storage, and access through them.

use std::{cell::Cell, sync::Arc};

use s370_cpu::storage::AbsoluteStorage;
use thiserror::Error;

use super::{NoFrame, Owner, PAGE, RealStorage, SEGMENT};

/// Segments of 64K in 16 MiB.
const SEGMENTS: u32 = 256;
/// Bytes of a page table with what precedes it (PAGTABLE), which the hardware does not see.
const PAGTABLE: u32 = 48;
/// Offset of the first entry, which a segment-table entry points at.
const PAGCORE: u32 = 16;
/// A page-table entry's invalid bit, 4K-byte pages.
const PAGE_INVALID: u16 = 8;
/// A segment-table entry's invalid bit.
const SEGMENT_INVALID: u32 = 1;

/// A virtual machine cannot have the storage that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StorageError {
    /// Sizes are 8K to 16M, multiples of 4K.
    #[error("{0} bytes of storage: 8K to 16M, multiples of 4K")]
    Size(u32),
    /// Real storage.
    #[error(transparent)]
    NoFrame(#[from] NoFrame),
}

/// Where a byte of a virtual machine's storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its real address, as long as the virtual machine is not paged out.
    pub real: u32,
    /// The page is shared: it must not be changed.
    pub shared: bool,
}

/// Why a byte cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The virtual machine has no such storage.
    Addressing,
    /// There is no frame to bring the page into.
    NoFrame,
}

/// The storage of one virtual machine, by its absolute addresses.
#[derive(Debug)]
pub struct GuestStorage {
    real: Arc<RealStorage>,
    size: u32,
    /// Real address of the segment table.
    segments: u32,
    purge: Cell<bool>,
}

impl GuestStorage {
    /// Storage of this size, all zeros.
    ///
    /// # Errors
    /// The size is not one that a virtual machine can have, or real storage is exhausted.
    pub fn new(real: Arc<RealStorage>, _: Owner, size: u32) -> Result<GuestStorage, StorageError> {
        if !(8 << 10..=16 << 20).contains(&size) || !size.is_multiple_of(PAGE) {
            return Err(StorageError::Size(size));
        }
        let segments = real.allocate(SEGMENTS * 4)?;
        for segment in 0..SEGMENTS {
            real.storage().store_u32(segments + segment * 4, SEGMENT_INVALID);
        }
        Ok(GuestStorage { real, size, segments, purge: Cell::new(false) })
    }

    /// The segment-table designation for control register 1: CP's own tables, 64K segments and 4K pages, which map the
    /// virtual machine's absolute addresses.
    #[must_use]
    pub fn designation(&self) -> u32 {
        (SEGMENTS / 16 - 1) << 24 | self.segments
    }

    /// Where the byte at an absolute address is; the page is brought in.
    ///
    /// # Errors
    /// There is no such byte, or no frame for it.
    pub fn locate(&self, absolute: u32) -> Result<Located, Missing> {
        if absolute >= self.size {
            return Err(Missing::Addressing);
        }
        let storage = self.real.storage();
        let place = self.segments + absolute / SEGMENT * 4;
        let mut segment = storage.u32(place);
        if segment & SEGMENT_INVALID != 0 {
            let table = self.real.allocate(PAGTABLE).map_err(|NoFrame| Missing::NoFrame)? + PAGCORE;
            (0..16).for_each(|page| storage.store_u16(table + page * 2, PAGE_INVALID));
            segment = 0xF000_0000 | table;
            storage.store_u32(place, segment);
        }
        let place = (segment & 0x00FF_FFF8) + absolute % SEGMENT / PAGE * 2;
        let mut page = storage.u16(place);
        if page & PAGE_INVALID != 0 {
            let frame = self.real.take_frame().map_err(|NoFrame| Missing::NoFrame)?;
            page = entry(frame);
            storage.store_u16(place, page);
        }
        Ok(Located { real: frame(page) | absolute % PAGE, shared: false })
    }

    fn place(&self, at: u32) -> u32 {
        // The caller has checked the address; a system without any frame left cannot go on.
        self.locate(at).map_or(0, |located| located.real)
    }

    /// Whether [`AbsoluteStorage::purge_tlbs`] was called since the last time.
    pub fn take_purge(&self) -> bool {
        self.purge.take()
    }
}

/// The page-table entry for a frame: bits 13 and 14 are two more bits of its address.
fn entry(frame: u32) -> u16 {
    (frame >> 8 & 0xFFF0) as u16 | (frame >> 23 & 6) as u16
}

/// The frame of a page-table entry.
fn frame(entry: u16) -> u32 {
    u32::from(entry & 0xFFF0) << 8 | u32::from(entry & 6) << 23
}

/// Splits a run of bytes at the ends of pages: offset in the run, address, length.
fn pieces(at: u32, length: usize) -> impl Iterator<Item = (usize, u32, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = at + done as u32;
        let piece = ((PAGE - at % PAGE) as usize).min(length - done);
        let offset = done;
        done += piece;
        (piece > 0).then_some((offset, at, piece))
    })
}

impl AbsoluteStorage for GuestStorage {
    fn size(&self) -> u32 {
        self.size
    }

    fn read(&self, at: u32, into: &mut [u8]) {
        for (offset, at, length) in pieces(at, into.len()) {
            self.real.storage().read(self.place(at), &mut into[offset..offset + length]);
        }
    }

    fn store(&self, at: u32, from: &[u8]) {
        for (offset, at, length) in pieces(at, from.len()) {
            self.real.storage().store(self.place(at), &from[offset..offset + length]);
        }
    }

    fn compare_and_swap_u32(&self, at: u32, old: u32, new: u32) -> u32 {
        self.real.storage().compare_and_swap_u32(self.place(at), old, new)
    }

    fn compare_and_swap_u64(&self, at: u32, old: u64, new: u64) -> u64 {
        self.real.storage().compare_and_swap_u64(self.place(at), old, new)
    }

    fn test_and_set(&self, at: u32) -> u8 {
        self.real.storage().test_and_set(self.place(at))
    }

    fn key(&self, at: u32) -> u8 {
        self.real.storage().key(self.place(at))
    }

    fn set_key(&self, at: u32, key: u8) {
        self.real.storage().set_key(self.place(at), key);
    }

    fn purge_tlbs(&self) {
        self.purge.set(true);
    }
}
