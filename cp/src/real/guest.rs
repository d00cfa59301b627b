//! The storage of a virtual machine: CP's segment, page and swap tables for it, in real storage.

use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
};

use s370_arch::storage_key::BLOCK;
use s370_cpu::storage::Storage;
use thiserror::Error;

use super::{
    NoFrame, Owner, PAGE, RealStorage, SEGMENT,
    core_table::{Core, Use},
    sharing::Loaded,
    tables::{self, PAGE_INVALID, PAGE_TABLE, Place, SEGMENT_INVALID, SEGMENT_PROTECTED},
};

/// Segments of 64K in 16 MiB.
pub(super) const SEGMENTS: u32 = 256;
/// Sizes of storage.
const LEAST: u32 = 8 << 10;
const MOST: u32 = 16 << 20;

/// A virtual machine cannot have the storage that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StorageError {
    /// Sizes are 8K to 16M, multiples of 4K.
    #[error("{0} bytes of storage: 8K to 16M, multiples of 4K")]
    Size(u32),
    /// There is no V=R area of at least 8K, or another virtual machine has it.
    #[error("the V=R area is not available")]
    VEqualsR,
    /// Real storage.
    #[error(transparent)]
    NoFrame(#[from] NoFrame),
}

/// Where a byte of a virtual machine's storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its real address, as long as the page stays where it is; see [`RealStorage`].
    pub real: u32,
    /// The page is shared: it must not be changed.
    pub shared: bool,
}

/// Why a byte cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Missing {
    /// The virtual machine has no such storage.
    #[error("the virtual machine has no such storage")]
    Addressing,
    /// There is no frame to bring the page into. Those that run on other processors may have them all; then it is time to
    /// end running, and try again.
    #[error("there is no frame for the page")]
    NoFrame,
}

impl From<NoFrame> for Missing {
    fn from(NoFrame: NoFrame) -> Missing {
        Missing::NoFrame
    }
}

/// The storage of one virtual machine, by its absolute addresses.
///
/// Who stores at an address that [`GuestStorage::locate`] gave, and not as an instruction that the hardware executes, tells
/// by [`GuestStorage::note_change`]; everything in [`s370_cpu::storage::AbsoluteStorage`] does that itself.
#[derive(Debug)]
pub struct GuestStorage {
    pub(super) real: Arc<RealStorage>,
    pub(super) storage: Arc<Storage>,
    /// See [`Core::changed`].
    changed: Arc<[AtomicU8]>,
    /// Not zero while the virtual machine runs.
    running: Arc<AtomicU32>,
    pub(super) space: u32,
    size: u32,
    /// Real address of the segment table.
    pub(super) segments: u32,
    vmblok: Cell<u32>,
    pub(super) purge: Cell<bool>,
    pub(super) lost: Cell<bool>,
    v_equals_r: bool,
    pub(super) loaded: RefCell<Vec<Loaded>>,
    /// One bit a segment: it is part of the storage though it is above (or partly above) the size.
    above: [Cell<u64>; 4],
    pub(super) remapped: Cell<bool>,
    /// See [`GuestStorage::take_brought_in`].
    brought_in: Cell<u64>,
}

/// The virtual machine counts as running while this lives.
pub(super) struct Hold<'a>(Option<&'a GuestStorage>);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(guest) = self.0 {
            guest.real.core().end_running(guest.space);
        }
    }
}

impl GuestStorage {
    /// Storage of this size, all zeros.
    ///
    /// # Errors
    /// The size is not one that a virtual machine can have, or real storage is exhausted.
    pub fn new(real: Arc<RealStorage>, owner: Owner, size: u32) -> Result<GuestStorage, StorageError> {
        if !(LEAST..=MOST).contains(&size) || !size.is_multiple_of(PAGE) {
            return Err(StorageError::Size(size));
        }
        let storage = Arc::clone(real.storage());
        let mut core = real.core();
        let segments = core.allocate(SEGMENTS * 4, None)?;
        for segment in 0..SEGMENTS {
            storage.store_u32(segments + segment * 4, SEGMENT_INVALID);
        }
        let space = core.spaces.open(Some(owner));
        let (running, changed) = (core.spaces.flag(space), Arc::clone(&core.changed));
        drop(core);
        Ok(GuestStorage {
            real,
            storage,
            changed,
            running,
            space,
            size,
            segments,
            vmblok: Cell::default(),
            purge: Cell::default(),
            lost: Cell::default(),
            v_equals_r: false,
            loaded: RefCell::default(),
            above: Default::default(),
            remapped: Cell::default(),
            brought_in: Cell::default(),
        })
    }

    /// Storage that is the V=R area: every absolute address is the real address too, except in the first page. Its pages
    /// are locked.
    ///
    /// # Errors
    /// There is no V=R area, a virtual machine has it already, or there is no frame for the first page.
    pub fn v_equals_r(real: Arc<RealStorage>, owner: Owner) -> Result<GuestStorage, StorageError> {
        let size = real.v_equals_r();
        if size < LEAST {
            return Err(StorageError::VEqualsR);
        }
        let mut guest = GuestStorage::new(real, owner, size)?;
        guest.v_equals_r = true;
        let mut core = guest.real.core();
        if core.frames[1..(size / PAGE) as usize].iter().any(|frame| frame.used_for != Use::Reserved) {
            return Err(StorageError::VEqualsR);
        }
        for segment in 0..size.div_ceil(SEGMENT) {
            guest.make_tables(&mut core, segment)?;
        }
        for page in 0..size / PAGE {
            let Some((place, _)) = guest.place(page * PAGE) else { continue };
            if page == 0 {
                core.bring_in(guest.space, guest.space, place, true)?;
            } else {
                core.clear_frame(page, [0; 2]);
                core.put_page(page, guest.space, place);
            }
            if let Some(frame) = place.frame(&guest.storage) {
                core.frames[(frame / PAGE) as usize].locks = u32::MAX;
            }
        }
        drop(core);
        Ok(guest)
    }

    /// Whether it is the V=R area.
    #[must_use]
    pub fn is_v_equals_r(&self) -> bool {
        self.v_equals_r
    }

    /// Its size in bytes, as defined.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The segment-table designation for control register 1: CP's own tables, 64K segments and 4K pages, which map the
    /// virtual machine's absolute addresses.
    #[must_use]
    pub fn designation(&self) -> u32 {
        (SEGMENTS / 16 - 1) << 24 | self.segments
    }

    /// The real address of the VMBLOK, which swap tables name (SWPVM).
    pub fn set_vmblok(&self, vmblok: u32) {
        self.vmblok.set(vmblok);
        let _core = self.real.core();
        (0..SEGMENTS).filter_map(|segment| self.table(segment)).for_each(|(table, shared)| {
            if !shared {
                tables::set_vmblok(&self.storage, table, vmblok);
            }
        });
    }

    /// Whether the virtual machine has the byte at an absolute address: below its size, or in a segment of a saved system
    /// that it has loaded.
    #[inline]
    #[must_use]
    pub fn is_addressable(&self, absolute: u32) -> bool {
        absolute < self.size || absolute < MOST && self.is_above(absolute / SEGMENT)
    }

    /// Whether a segment belongs to the storage though it is not below the size.
    pub(super) fn is_above(&self, segment: u32) -> bool {
        self.above[segment as usize / 64].get() & 1 << (segment % 64) != 0
    }

    pub(super) fn set_above(&self, segment: u32, is_above: bool) {
        let word = &self.above[segment as usize / 64];
        let bit = 1 << (segment % 64);
        word.set(if is_above { word.get() | bit } else { word.get() & !bit });
    }

    /// Nobody else takes pages while the result lives.
    pub(super) fn hold(&self) -> Hold<'_> {
        if self.running.load(Ordering::Relaxed) != 0 {
            return Hold(None);
        }
        self.real.core().spaces.begin(self.space);
        Hold(Some(self))
    }

    /// The real address of a segment-table entry.
    pub(super) fn segment_entry(&self, segment: u32) -> u32 {
        self.segments + segment * 4
    }

    /// The page table of a segment, and whether it is shared; none if nothing of the segment was ever used.
    #[inline(always)]
    pub(super) fn table(&self, segment: u32) -> Option<(u32, bool)> {
        let entry = self.storage.u32(self.segment_entry(segment));
        (entry & SEGMENT_INVALID == 0).then_some((entry & PAGE_TABLE, entry & SEGMENT_PROTECTED != 0))
    }

    /// The table entries of the page at an address below 16 MiB.
    #[inline(always)]
    pub(super) fn place(&self, absolute: u32) -> Option<(Place, bool)> {
        let (table, shared) = self.table(absolute / SEGMENT)?;
        Some((Place::new(table, absolute % SEGMENT / PAGE), shared))
    }

    /// Where the byte at an absolute address is; the page is brought in.
    ///
    /// # Errors
    /// There is no such byte, or no frame for it.
    #[inline]
    pub fn locate(&self, absolute: u32) -> Result<Located, Missing> {
        if !self.is_addressable(absolute) {
            return Err(Missing::Addressing);
        }
        if let Some((place, shared)) = self.place(absolute) {
            let entry = self.storage.u16(place.page);
            if entry & PAGE_INVALID == 0 {
                return Ok(Located { real: tables::frame(entry) + absolute % PAGE, shared });
            }
        }
        self.bring_in(absolute, false)
    }

    /// As [`GuestStorage::locate`], the page being moved below 16 MiB if it is above: only there can tables of 2K-byte
    /// pages find it.
    ///
    /// # Errors
    /// As there; also if the page is locked above 16 MiB.
    pub fn locate_low(&self, absolute: u32) -> Result<Located, Missing> {
        let located = self.locate(absolute)?;
        if located.real < 16 << 20 { Ok(located) } else { self.bring_in(absolute, true) }
    }

    #[cold]
    fn bring_in(&self, absolute: u32, low: bool) -> Result<Located, Missing> {
        self.brought_in.set(self.brought_in.get() + 1);
        let mut core = self.real.core();
        let (frame, shared) = self.bring_in_with(&mut core, absolute, low)?;
        Ok(Located { real: frame * PAGE + absolute % PAGE, shared })
    }

    /// The frame of a page, which is brought in if it is not resident, and whether it is shared.
    fn bring_in_with(&self, core: &mut Core, absolute: u32, low: bool) -> Result<(u32, bool), Missing> {
        let (place, shared) = self.make_place(core, absolute)?;
        let frame = match place.frame(&self.storage) {
            Some(frame) if low => core.move_low(frame / PAGE, self.space)?,
            Some(frame) => frame / PAGE,
            None if shared => {
                // Where it is moved to must suit all users.
                let space = self.system_of(absolute / SEGMENT).and_then(|system| core.systems.space(system));
                core.bring_in(space.unwrap_or(self.space), self.space, place, true)?
            }
            None => core.bring_in(self.space, self.space, place, low)?,
        };
        Ok((frame, shared))
    }

    /// The table entries of a page; its segment's tables are made if there are none.
    pub(super) fn make_place(&self, core: &mut Core, absolute: u32) -> Result<(Place, bool), Missing> {
        if !self.is_addressable(absolute) {
            return Err(Missing::Addressing);
        }
        if self.table(absolute / SEGMENT).is_none() {
            self.make_tables(core, absolute / SEGMENT)?;
        }
        self.place(absolute).ok_or(Missing::NoFrame)
    }

    /// Tables of its own for a segment: no page has any contents.
    pub(super) fn make_tables(&self, core: &mut Core, segment: u32) -> Result<u32, NoFrame> {
        let table = self.lay_out_tables(core)?;
        self.storage.store_u32(self.segment_entry(segment), tables::SEGMENT_ENTRY | table);
        Ok(table)
    }

    /// Tables that no segment has yet.
    pub(super) fn lay_out_tables(&self, core: &mut Core) -> Result<u32, NoFrame> {
        let at = core.allocate(tables::LENGTH.next_multiple_of(64), Some(self.space))?;
        Ok(tables::lay_out(&self.storage, at, self.vmblok.get(), None))
    }

    /// Gives up everything in a segment of its own.
    pub(super) fn drop_tables(&self, core: &mut Core, segment: u32) {
        let Some((table, false)) = self.table(segment) else { return };
        for page in 0..16 {
            let place = Place::new(table, page);
            if let Some(frame) = place.frame(&self.storage) {
                core.frames[(frame / PAGE) as usize].locks = 0;
            }
            core.discard(place);
        }
        self.storage.store_u32(self.segment_entry(segment), SEGMENT_INVALID);
        core.release_tables(table);
    }

    /// The page at an absolute address was, or is going to be, changed where [`GuestStorage::locate`] says that it is, by
    /// something else than an instruction that the hardware executes.
    #[inline]
    pub fn note_change(&self, located: Located) {
        if let Some(changed) = self.changed.get((located.real / PAGE) as usize) {
            changed.store(1, Ordering::Relaxed);
        }
    }

    /// Brings a page in and keeps it where it is, below 16 MiB, till it is unlocked as often as it was locked: where its
    /// first byte is. A shared page becomes one of its own first, with all of its segment.
    ///
    /// # Errors
    /// There is no such page, or no frame for it.
    pub fn lock_page(&self, absolute: u32) -> Result<Located, Missing> {
        if !self.is_addressable(absolute) {
            return Err(Missing::Addressing);
        }
        self.unshare(absolute / SEGMENT)?;
        let mut core = self.real.core();
        let (frame, shared) = self.bring_in_with(&mut core, absolute, true)?;
        let locks = &mut core.frames[frame as usize].locks;
        *locks = locks.saturating_add(1);
        Ok(Located { real: frame * PAGE, shared })
    }

    /// Takes back one [`GuestStorage::lock_page`]. False if the page is not locked.
    pub fn unlock_page(&self, absolute: u32) -> bool {
        let mut core = self.real.core();
        if !self.is_addressable(absolute) {
            return false;
        }
        let frame = self.place(absolute).and_then(|(place, _)| place.frame(&self.storage));
        let Some(entry) = frame.and_then(|frame| core.frames.get_mut((frame / PAGE) as usize)) else { return false };
        if entry.locks == 0 || entry.locks == u32::MAX {
            return false;
        }
        entry.locks -= 1;
        true
    }

    /// Releases pages by number, `first` to `last`: frames and slots are free, the pages read as zeros afterwards, and the
    /// keys are as they were (DIAGNOSE X'10'). A locked page keeps its frame; a shared one is as it was.
    ///
    /// # Errors
    /// There are no such pages; nothing is released.
    pub fn release_pages(&self, first: u32, last: u32) -> Result<(), Missing> {
        let addresses = first..=last;
        if first > last || last >= MOST / PAGE || !addresses.clone().all(|page| self.is_addressable(page * PAGE)) {
            return Err(Missing::Addressing);
        }
        let mut core = self.real.core();
        for page in addresses {
            if let Some((place, false)) = self.place(page * PAGE) {
                core.discard(place);
            }
        }
        Ok(())
    }

    /// Whether [`s370_cpu::storage::AbsoluteStorage::purge_tlbs`] was called since the last time.
    pub fn take_purge(&self) -> bool {
        self.purge.take()
    }

    /// Whether, since the last time, segments became shared or no longer shared: shadow tables made before are wrong about
    /// what may be stored into.
    pub fn take_remapped(&self) -> bool {
        self.remapped.take()
    }

    /// How many pages were not where they were needed since the last time.
    pub fn take_brought_in(&self) -> u64 {
        self.brought_in.take()
    }

    /// Whether, since the last time, something could not be stored because neither real storage nor the page area had
    /// room: the virtual machine cannot go on.
    pub fn take_lost(&self) -> bool {
        self.lost.take()
    }

    /// The half of its page (0 or 1) that an address is in.
    pub(super) fn half(absolute: u32) -> u32 {
        absolute % PAGE / BLOCK
    }
}

impl Drop for GuestStorage {
    fn drop(&mut self) {
        self.purge_systems();
        let real = Arc::clone(&self.real);
        let mut core = real.core();
        (0..SEGMENTS).for_each(|segment| self.drop_tables(&mut core, segment));
        core.release(self.segments, SEGMENTS * 4);
        core.close_space(self.space);
    }
}
