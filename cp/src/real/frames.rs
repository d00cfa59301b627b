//! Real storage: who has what of it, and what paging costs whom.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s370_cpu::storage::{BadSize, Storage};
use thiserror::Error;

use super::{
    Owner, PAGE,
    core_table::{Core, Use},
    pieces::UNIT,
    spaces::Counts,
};

/// Real storage is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("real storage is exhausted")]
pub struct NoFrame;

/// What real storage and the page area are used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Frames of 4096 bytes that there are.
    pub frames: u32,
    /// Frames that nobody has.
    pub free: u32,
    /// Frames with control blocks, or with room for more of them.
    pub control: u32,
    /// Frames with pages of virtual machines and shared systems.
    pub pages: u32,
    /// Those of them whose pages are locked.
    pub locked: u32,
    /// Frames of the V=R area while no virtual machine has it.
    pub reserved: u32,
    /// Slots of the page area in use.
    pub slots: u32,
}

/// The real machine's storage, and who has what of it.
///
/// A virtual machine's pages and tables are changed by whoever needs its frames, except while it runs
/// ([`RealStorage::begin_running`]): then only it may do that itself. So what [`super::GuestStorage::locate`] has said of a
/// page holds till the same virtual machine asks for another one, or ends running.
/// One that runs may have all frames: then another one finds none, and has to wait till that has ended running.
#[derive(Debug)]
pub struct RealStorage {
    storage: Arc<Storage>,
    core: Mutex<Core>,
    reserved: u32,
}

impl RealStorage {
    /// Storage of this size in bytes, all free but the first frame, where the processors' assigned locations are.
    ///
    /// # Errors
    /// There can be no storage of this size.
    pub fn new(size: u64) -> Result<RealStorage, BadSize> {
        RealStorage::with_v_equals_r(size, 0)
    }

    /// As [`RealStorage::new`], with the first `area` bytes set apart (a multiple of 4096; the V=R area) for the one
    /// virtual machine at a time whose real addresses are to be its absolute ones, except in its first page
    /// ([`super::GuestStorage::v_equals_r`]).
    ///
    /// # Errors
    /// There can be no storage of this size, or none would be left.
    pub fn with_v_equals_r(size: u64, area: u32) -> Result<RealStorage, BadSize> {
        if u64::from(area) >= size || area > 16 << 20 || !area.is_multiple_of(PAGE) {
            return Err(BadSize(size));
        }
        let storage = Arc::new(Storage::new(size)?);
        let core = Mutex::new(Core::new(Arc::clone(&storage), area / PAGE));
        Ok(RealStorage { storage, core, reserved: area })
    }

    /// The storage itself.
    #[must_use]
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Size of the V=R area in bytes, its first page included.
    #[must_use]
    pub fn v_equals_r(&self) -> u32 {
        self.reserved
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Free storage for a control block: the real address, below 16 MiB, of so many bytes, zeros, on a boundary of 64
    /// bytes; of 4096 bytes if there are as many. Pages of virtual machines that do not run may have to go for it.
    ///
    /// # Errors
    /// Real storage is exhausted, or there is no room in one piece for more than 4096 bytes.
    pub fn allocate(&self, bytes: u32) -> Result<u32, NoFrame> {
        self.core().allocate(to_units(bytes)?, None)
    }

    /// As [`RealStorage::allocate`] for a virtual machine that runs on the calling processor: pages of its own may go, too.
    ///
    /// # Errors
    /// As there.
    pub fn allocate_for(&self, owner: Owner, bytes: u32) -> Result<u32, NoFrame> {
        let mut core = self.core();
        let space = core.spaces.find(owner);
        core.allocate(to_units(bytes)?, space)
    }

    /// Gives free storage back that [`RealStorage::allocate`] gave for as many bytes.
    pub fn release(&self, at: u32, bytes: u32) {
        if let Ok(bytes) = to_units(bytes) {
            self.core().release(at, bytes);
        }
    }

    /// A virtual machine runs on a real processor from now on: nobody else takes its pages.
    pub fn begin_running(&self, owner: Owner) {
        let mut core = self.core();
        if let Some(space) = core.spaces.find(owner) {
            core.spaces.begin(space);
        }
    }

    /// The end of what [`RealStorage::begin_running`] began. If others found no frame meanwhile
    /// ([`super::Missing::NoFrame`]) it may lose some now; so they get on if they try again.
    pub fn end_running(&self, owner: Owner) {
        let mut core = self.core();
        if let Some(space) = core.spaces.find(owner) {
            core.end_running(space);
        }
    }

    /// Notes that the halfword at real address `entry` is a shadow page-table entry that maps (half of) the frame at real
    /// address `frame`; `invalid_bit` is 8 in a table of 4K-byte pages and 4 in one of 2K-byte pages. When the page
    /// goes the entry is made invalid, if it still maps this frame; so a shadow table must never become anything else.
    pub fn note_shadow(&self, frame: u32, entry: u32, invalid_bit: u16) {
        let frame = frame & !(PAGE - 1);
        if let Some(shadows) = self.core().shadows.get_mut((frame / PAGE) as usize) {
            shadows.note(&self.storage, frame, entry, invalid_bit);
        }
    }

    /// Moves pages of a virtual machine that does not run to the page area till it has at most `target` in real storage,
    /// or only locked ones are left; how many it has then. Nothing happens to one that runs.
    pub fn trim(&self, owner: Owner, target: u32) -> u32 {
        let mut core = self.core();
        core.spaces.find(owner).map_or(0, |space| core.trim(space, target))
    }

    /// What paging a virtual machine has caused and suffered; nothing if it has no storage.
    #[must_use]
    pub fn paging(&self, owner: Owner) -> Counts {
        let core = self.core();
        core.spaces.find(owner).map_or_else(Counts::default, |space| core.spaces.space(space).counts)
    }

    /// To be called at the end of an interval in which a virtual machine ran, as when it leaves the queue: estimates its
    /// working set, in pages, as half the pages that it referred to since the last time and half the estimate before.
    /// (What it referred to before its reference bits were sampled for page replacement is not counted.)
    /// Nothing happens to one that runs elsewhere; the estimate is as it was.
    pub fn estimate_working_set(&self, owner: Owner) -> u32 {
        let mut core = self.core();
        let Some(space) = core.spaces.find(owner) else { return 0 };
        if !core.spaces.is_running(space) {
            let referenced = core.count_references(space);
            let estimate = &mut core.spaces.counts(space).working_set;
            *estimate = if *estimate == 0 { referenced } else { (*estimate + referenced).div_ceil(2) };
        }
        core.spaces.space(space).counts.working_set
    }

    /// At most so many pages in the page area from now on (at most 16,777,216).
    pub fn limit_page_area(&self, pages: usize) {
        self.core().area.set_limit(pages);
    }

    /// Frames that nobody has.
    #[must_use]
    pub fn free_frames(&self) -> u32 {
        let core = self.core();
        (core.low.len() + core.high.len()) as u32
    }

    /// What real storage and the page area are used for.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let core = self.core();
        let mut usage =
            Usage { frames: core.frames.len() as u32, slots: core.area.in_use() as u32, ..Usage::default() };
        for frame in &core.frames {
            match frame.used_for {
                Use::Nucleus => {}
                Use::Reserved => usage.reserved += 1,
                Use::Free => usage.free += 1,
                Use::Control => usage.control += 1,
                Use::Page => usage.pages += 1,
            }
            usage.locked += u32::from(frame.locks > 0);
        }
        usage
    }
}

/// What free storage gives for so many bytes.
fn to_units(bytes: u32) -> Result<u32, NoFrame> {
    bytes.max(1).checked_next_multiple_of(UNIT).ok_or(NoFrame)
}
