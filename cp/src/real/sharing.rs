//! Saved systems in a virtual machine's storage: loading them, sharing segments, and no longer sharing them.

use std::ops::RangeInclusive;

use s370_arch::storage_key::BLOCK;

use super::{
    NamedSystem, NoFrame, PAGE, SEGMENT, SavedPage, SystemError, SystemExtent,
    area::Page,
    core_table::Core,
    guest::GuestStorage,
    systems::Kept,
    tables::{self, Place, SEGMENT_INVALID, SEGMENT_PROTECTED},
};

/// A saved system that a virtual machine has loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    name: String,
    system: usize,
    /// The segments that it shares.
    shared: Vec<u32>,
    /// The segments above its size that it has because of this.
    above: Vec<u32>,
    /// The pages that are its own.
    private: Vec<u32>,
    extent: SystemExtent,
}

impl Loaded {
    /// Whether a page came, or may have come, with the system.
    fn covers(&self, page: u32) -> bool {
        self.extent.shared.contains(&(page / 16)) || self.private.binary_search(&page).is_ok()
    }
}

impl GuestStorage {
    /// Loads a saved system: its pages take the place of what was there. With `shared`, its shared segments are shared with
    /// all others that do so, and cannot be stored into: the segment-table entry has the protection bit, so that an
    /// instruction that tries is interrupted. Segments above the virtual machine's size become part of its storage.
    /// (A V=R virtual machine shares nothing.) Pages that were locked where shared segments come to be are gone.
    ///
    /// Loaded systems with pages in common with it are purged first, also if it is the same one.
    ///
    /// # Errors
    /// There is no such system. Or real storage is exhausted; then the system is purged.
    pub fn load_system(&self, name: &str, shared: bool) -> Result<SystemExtent, SystemError> {
        let _hold = self.hold();
        let (segments, pages) = self.real.core().pages_of_system(name)?;
        self.purge_overlapping(name, &segments, &pages);
        let mut core = self.real.core();
        let found = core.systems.find(name);
        let Some((system, entry)) = found.and_then(|system| Some((system, core.systems.get(system)?))) else {
            return Err(SystemError::Unknown(name.into()));
        };
        let shared = shared && !self.is_v_equals_r();
        let is_shared = |segment| shared && entry.is_shared(segment);
        let (extent, pages): (_, Vec<(u32, Kept)>) = (entry.extent(), entry.pages().collect());
        let private = pages.into_iter().filter(|&(number, _)| !is_shared(number / 16)).collect::<Vec<_>>();
        let segments = if shared { extent.shared.clone() } else { Vec::new() };
        if !segments.is_empty() {
            core.begin_sharing(system, self.space)?;
        }
        let mut loaded = Loaded {
            name: name.into(),
            system,
            shared: segments.clone(),
            above: Vec::new(),
            private: private.iter().map(|&(number, _)| number).collect(),
            extent: extent.clone(),
        };
        segments.iter().for_each(|&segment| self.attach_shared(&mut core, system, segment));
        let of_private = private.iter().map(|&(number, _)| number / 16);
        for segment in segments.iter().copied().chain(of_private) {
            if (segment + 1) * SEGMENT > self.size() && !self.is_above(segment) {
                self.set_above(segment, true);
                loaded.above.push(segment);
            }
        }
        self.loaded.borrow_mut().push(loaded);
        self.remapped.set(true);
        let result = private.into_iter().try_for_each(|(number, kept)| self.load_page(&mut core, number, kept));
        drop(core);
        match result {
            Ok(()) => Ok(extent),
            Err(no_frame) => {
                self.purge_system(name);
                Err(no_frame.into())
            }
        }
    }

    fn attach_shared(&self, core: &mut Core, system: usize, segment: u32) {
        self.detach_from_any(core, segment);
        self.drop_tables(core, segment);
        if let Some(table) = core.systems.table(system, segment) {
            let entry = tables::SEGMENT_ENTRY | SEGMENT_PROTECTED | table;
            self.storage.store_u32(self.segment_entry(segment), entry);
            tables::add_users(&self.storage, table, 1);
        }
    }

    /// A page of a system becomes one of this virtual machine.
    fn load_page(&self, core: &mut Core, number: u32, kept: Kept) -> Result<(), NoFrame> {
        let segment = number / 16;
        if self.table(segment).is_some_and(|(_, shared)| shared) {
            self.detach_from_any(core, segment);
        }
        let table = match self.table(segment) {
            Some((table, _)) => table,
            None => self.make_tables(core, segment)?,
        };
        let place = Place::new(table, number % 16);
        core.discard(place);
        for half in 0..2 {
            place.forget_saved(&self.storage, half);
            place.set_key(&self.storage, half, kept.keys[half as usize]);
        }
        match (place.frame(&self.storage), kept.slot) {
            // It is locked.
            (Some(frame), slot) => {
                for half in 0..2 {
                    self.storage.set_key(frame + half * BLOCK, kept.keys[half as usize]);
                }
                slot.into_iter().for_each(|slot| self.storage.store(frame, core.area.contents(slot)));
            }
            (None, Some(slot)) => {
                core.area.add_user(slot);
                place.set_slot(&self.storage, Some(slot));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// The saved system that a shared segment is of: its number.
    pub(super) fn system_of(&self, segment: u32) -> Option<usize> {
        self.loaded.borrow().iter().find(|loaded| loaded.shared.contains(&segment)).map(|loaded| loaded.system)
    }

    /// The segment is empty, if it was shared.
    fn detach_from_any(&self, core: &mut Core, segment: u32) {
        let Some((table, true)) = self.table(segment) else { return };
        self.storage.store_u32(self.segment_entry(segment), SEGMENT_INVALID);
        self.forget_mappings(core, table);
        tables::add_users(&self.storage, table, -1);
        let mut ended = None;
        for loaded in self.loaded.borrow_mut().iter_mut() {
            if let Some(n) = loaded.shared.iter().position(|&shared| shared == segment) {
                loaded.shared.swap_remove(n);
                ended = loaded.shared.is_empty().then_some(loaded.system);
            }
        }
        ended.into_iter().for_each(|system| core.end_sharing(system, self.space));
        self.remapped.set(true);
    }

    /// Has everybody look up again where the pages of a shared segment are.
    fn forget_mappings(&self, core: &mut Core, table: u32) {
        for page in 0..16 {
            if let Some(frame) = Place::new(table, page).frame(&self.storage) {
                core.shadows[(frame / PAGE) as usize].invalidate(&self.storage, frame);
            }
        }
        self.storage.purge_tlbs();
    }

    /// Gives this virtual machine pages of its own in place of those of a shared segment, with the same contents and keys.
    /// False if the segment is not shared.
    ///
    /// # Errors
    /// Real storage is exhausted; the segment is still shared.
    pub fn unshare(&self, segment: u32) -> Result<bool, NoFrame> {
        let _hold = self.hold();
        let mut core = self.real.core();
        if segment >= super::guest::SEGMENTS {
            return Ok(false);
        }
        let Some((shared, true)) = self.table(segment) else { return Ok(false) };
        let table = self.lay_out_tables(&mut core)?;
        for page in 0..16 {
            let (from, to) = (Place::new(shared, page), Place::new(table, page));
            let slot = from.slot(&self.storage);
            slot.into_iter().for_each(|slot| core.area.add_user(slot));
            to.set_slot(&self.storage, slot);
            for half in 0..2 {
                let key = self.key_of(from, half);
                to.set_key(&self.storage, half, key);
                to.save(&self.storage, half, key);
            }
        }
        self.detach_from_any(&mut core, segment);
        self.storage.store_u32(self.segment_entry(segment), tables::SEGMENT_ENTRY | table);
        Ok(true)
    }

    /// Whether a segment is shared.
    #[must_use]
    pub fn is_shared(&self, segment: u32) -> bool {
        segment < super::guest::SEGMENTS && self.table(segment).is_some_and(|(_, shared)| shared)
    }

    /// Gives up what was loaded of a saved system: the segments that it shares, and those above its size. What it has of the
    /// system elsewhere becomes zeros. False if the system is not loaded.
    pub fn purge_system(&self, name: &str) -> bool {
        let found = self.loaded.borrow().iter().position(|loaded| loaded.name == name);
        let Some(n) = found else { return false };
        let _hold = self.hold();
        let mut core = self.real.core();
        let shared = self.loaded.borrow()[n].shared.clone();
        shared.into_iter().for_each(|segment| self.detach_from_any(&mut core, segment));
        let loaded = self.loaded.borrow_mut().remove(n);
        let were_shared = loaded.extent.shared.iter().flat_map(|segment| segment * 16..segment * 16 + 16);
        for page in loaded.private.iter().copied().chain(were_shared) {
            if let Some((place, false)) = self.place(page * PAGE) {
                core.discard(place);
            }
        }
        for segment in loaded.above {
            self.set_above(segment, false);
            if segment * SEGMENT >= self.size() {
                self.drop_tables(&mut core, segment);
            }
        }
        self.remapped.set(true);
        true
    }

    /// Purges what has pages in common with a system, and what was loaded under its name.
    fn purge_overlapping(&self, name: &str, segments: &[u32], pages: &[u32]) {
        let overlaps = |loaded: &&Loaded| {
            loaded.name == name
                || pages.iter().any(|page| loaded.covers(*page))
                || segments.iter().any(|segment| (segment * 16..segment * 16 + 16).any(|page| loaded.covers(page)))
        };
        let names: Vec<String> =
            self.loaded.borrow().iter().filter(overlaps).map(|loaded| loaded.name.clone()).collect();
        for name in names {
            self.purge_system(&name);
        }
    }

    /// Purges everything that was loaded.
    pub fn purge_systems(&self) {
        let names: Vec<String> = self.loaded.borrow().iter().map(|loaded| loaded.name.clone()).collect();
        for name in names {
            self.purge_system(&name);
        }
    }

    /// What this virtual machine has loaded under a name, and how many segments of it it shares.
    #[must_use]
    pub fn loaded_system(&self, name: &str) -> Option<(SystemExtent, usize)> {
        let loaded = self.loaded.borrow();
        loaded.iter().find(|loaded| loaded.name == name).map(|loaded| (loaded.extent.clone(), loaded.shared.len()))
    }

    /// Saves pages under a name, with their keys, as SAVESYS does; a system of the same name is replaced.
    ///
    /// `pages` are ranges of page numbers, `shared` the numbers of the segments that others can share, `status` is for
    /// whoever starts the system.
    ///
    /// # Errors
    /// The virtual machine has no such storage, the ranges overlap, or the page area is full; nothing has changed then.
    pub fn save_system(
        &self,
        name: &str,
        pages: &[RangeInclusive<u32>],
        shared: &[u32],
        status: Vec<u8>,
    ) -> Result<(), SystemError> {
        let mut core = self.real.core();
        let mut saved = Vec::new();
        for number in pages.iter().cloned().flatten() {
            if !number.checked_mul(PAGE).is_some_and(|at| self.is_addressable(at)) {
                return Err(SystemError::Addressing(number));
            }
            let (keys, contents) = match self.place(number * PAGE) {
                Some((place, _)) => ([0, 1].map(|half| self.key_of(place, half)), core.contents_of(place)),
                None => ([0; 2], [0; PAGE as usize]),
            };
            saved.push(SavedPage { number, keys, contents: Box::new(contents) });
        }
        saved.sort_by_key(|page| page.number);
        core.define_system(NamedSystem { name: name.into(), shared: shared.to_vec(), pages: saved, status })
    }
}

impl Core {
    /// The numbers of a system's shared segments and of its pages.
    fn pages_of_system(&self, name: &str) -> Result<(Vec<u32>, Vec<u32>), SystemError> {
        let system = self.systems.find(name).and_then(|system| self.systems.get(system));
        let system = system.ok_or_else(|| SystemError::Unknown(name.into()))?;
        Ok((system.extent().shared, system.pages().map(|(number, _)| number).collect()))
    }

    /// What is in a page, wherever it is.
    fn contents_of(&self, place: Place) -> Page {
        let mut page = [0; PAGE as usize];
        match (place.frame(&self.storage), place.slot(&self.storage)) {
            (Some(frame), _) => self.storage.read(frame, &mut page),
            (None, Some(slot)) => page = *self.area.contents(slot),
            (None, None) => {}
        }
        page
    }
}
