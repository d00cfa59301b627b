//! Saved systems: pages with their keys, under a name, for any virtual machine to begin with; some segments of them may be
//! shared (VM/370 System Programmer's Guide, GC20-1807, "Saved Systems" and "Shared Segments").
//!
//! The pages are slots of the page area. A virtual machine that loads a system gets swap tables that name the same slots,
//! and a slot of its own for a page that it changes. A shared segment has one page table for all its users.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use s370_arch::{
    ebcdic,
    storage_key::{ACCESS, FETCH_PROTECTION},
};
use thiserror::Error;

use super::{
    NoFrame, PAGE, RealStorage, SEGMENT,
    area::Page,
    core_table::Core,
    guest::SEGMENTS,
    tables::{self, Place},
};

/// Pages in 16 MiB.
const PAGES: u32 = 4096;
/// Offsets in SHRTABLE (Data Areas, "SHRTABLE").
const SHRNAME: u32 = 0x08;
const SHRTSIZE: u32 = 0x10;
const SHRUSECT: u32 = 0x12;
const SHRSEGCT: u32 = 0x14;
const SHRSEGNM: u32 = 0x18;

/// A page of a saved system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPage {
    /// Its number: the absolute address by 4096.
    pub number: u32,
    /// The storage keys of its halves. Reference and change bits are not kept.
    pub keys: [u8; 2],
    /// Its 4096 bytes.
    pub contents: Box<Page>,
}

/// A saved system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedSystem {
    /// One to eight characters.
    pub name: String,
    /// The numbers of the segments (of 64K bytes) that those who want to can share.
    pub shared: Vec<u32>,
    /// The pages, in the order of their numbers.
    pub pages: Vec<SavedPage>,
    /// What else was saved, for whoever starts the system: its meaning is theirs.
    pub status: Vec<u8>,
}

/// What is known of a saved system without its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemExtent {
    /// The absolute address of its first byte.
    pub first: u32,
    /// The absolute address of its last byte; shared segments count as a whole.
    pub last: u32,
    /// The numbers of its shared segments.
    pub shared: Vec<u32>,
    /// How many pages were saved.
    pub pages: u32,
    /// The virtual machines that share segments of it now.
    pub users: u32,
    /// See [`NamedSystem::status`].
    pub status: Vec<u8>,
}

/// A saved system cannot be defined, loaded or saved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SystemError {
    /// No system has this name.
    #[error("there is no saved system {0}")]
    Unknown(String),
    /// Names have one to eight characters that EBCDIC has.
    #[error("{0:?} is no name for a saved system: one to eight characters")]
    Name(String),
    /// A page number is beyond 16 MiB, or given twice, or not in ascending order.
    #[error("page {0} of a saved system: pages are 0 to 4095, in ascending order")]
    Page(u32),
    /// A segment number is beyond 16 MiB.
    #[error("shared segment {0}: segments are 0 to 255")]
    Segment(u32),
    /// There is nothing to save.
    #[error("a saved system without pages")]
    Empty,
    /// The virtual machine has no such storage.
    #[error("page {0} is not in the virtual machine's storage")]
    Addressing(u32),
    /// The page area is full.
    #[error("the page area is full")]
    PageArea,
    /// Real storage.
    #[error(transparent)]
    NoFrame(#[from] NoFrame),
}

/// A page in the page area.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// None: zeros.
    pub slot: Option<u32>,
    pub keys: [u8; 2],
}

/// The tables of shared segments.
#[derive(Debug)]
struct Shared {
    space: u32,
    /// The page table of each shared segment.
    tables: BTreeMap<u32, u32>,
    /// SHRTABLE and its length.
    shrtable: (u32, u32),
    users: u32,
}

/// A saved system.
#[derive(Debug)]
pub struct System {
    name: String,
    /// It can be found by its name; if not, it only waits for its last user to leave.
    is_defined: bool,
    segments: BTreeSet<u32>,
    pages: BTreeMap<u32, Kept>,
    status: Vec<u8>,
    shared: Option<Shared>,
}

impl System {
    pub fn pages(&self) -> impl Iterator<Item = (u32, Kept)> {
        self.pages.iter().map(|(&number, &kept)| (number, kept))
    }

    pub fn is_shared(&self, segment: u32) -> bool {
        self.segments.contains(&segment)
    }

    pub fn extent(&self) -> SystemExtent {
        let segments = self.segments.iter().map(|segment| (segment * SEGMENT, segment * SEGMENT + (SEGMENT - 1)));
        let pages = self.pages.keys().map(|page| (page * PAGE, page * PAGE + (PAGE - 1)));
        let (first, last) =
            segments.chain(pages).fold((u32::MAX, 0), |(first, last), (a, b)| (first.min(a), last.max(b)));
        SystemExtent {
            first,
            last,
            shared: self.segments.iter().copied().collect(),
            pages: self.pages.len() as u32,
            users: self.shared.as_ref().map_or(0, |shared| shared.users),
            status: self.status.clone(),
        }
    }
}

/// All saved systems, by numbers that are used again.
#[derive(Debug, Default)]
pub struct Systems(Vec<Option<System>>);

impl Systems {
    /// The number of the system with a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        let is_it = |system: &System| system.is_defined && system.name == name;
        self.0.iter().position(|system| system.as_ref().is_some_and(is_it))
    }

    pub fn get(&self, system: usize) -> Option<&System> {
        self.0.get(system)?.as_ref()
    }

    fn shared_mut(&mut self, system: usize) -> Option<&mut Shared> {
        self.0.get_mut(system)?.as_mut()?.shared.as_mut()
    }

    /// The page table of a shared segment that is in use.
    pub fn table(&self, system: usize, segment: u32) -> Option<u32> {
        self.get(system)?.shared.as_ref()?.tables.get(&segment).copied()
    }

    /// The space whose pages shared segments are made of, if they are in use.
    pub fn space(&self, system: usize) -> Option<u32> {
        Some(self.get(system)?.shared.as_ref()?.space)
    }
}

impl Core {
    /// Where a system's shared segments have their tables: they are made for the first user.
    pub fn begin_sharing(&mut self, system: usize, requester: u32) -> Result<(), NoFrame> {
        if self.systems.space(system).is_none() {
            self.make_shared(system, requester)?;
        }
        if let Some(shared) = self.systems.shared_mut(system) {
            shared.users += 1;
            let (at, users) = (shared.shrtable.0, shared.users);
            self.storage.store_u16(at + SHRUSECT, users as u16);
            let space = shared.space;
            self.spaces.attach(requester, space);
        }
        Ok(())
    }

    fn make_shared(&mut self, system: usize, requester: u32) -> Result<(), NoFrame> {
        let Some(entry) = self.systems.get(system) else { return Ok(()) };
        let segments = entry.segments.clone();
        let name = entry.name.clone();
        let count = segments.len() as u32;
        let bytes = SHRSEGNM + count.next_multiple_of(4) + 4 * count;
        let length = bytes.next_multiple_of(64);
        let shrtable = self.allocate(length, Some(requester))?;
        let mut tables = BTreeMap::new();
        for &segment in &segments {
            match self.allocate(tables::LENGTH.next_multiple_of(64), Some(requester)) {
                Ok(at) => tables.insert(segment, tables::lay_out(&self.storage, at, 0, Some(shrtable))),
                Err(no_frame) => {
                    tables.values().for_each(|&table| self.release_tables(table));
                    self.release(shrtable, length);
                    return Err(no_frame);
                }
            };
        }
        for (n, (&segment, &table)) in tables.iter().enumerate() {
            tables::set_users(&self.storage, table, 0);
            self.storage.store_u8(shrtable + SHRSEGNM + n as u32, segment as u8);
            let pointer = shrtable + SHRSEGNM + count.next_multiple_of(4) + 4 * n as u32;
            self.storage.store_u32(pointer, tables::SEGMENT_ENTRY | tables::SEGMENT_PROTECTED | table);
        }
        let padded: Vec<u8> = ebcdic::from_text(&format!("{name:8}"));
        self.storage.store(shrtable + SHRNAME, &padded[..padded.len().min(8)]);
        self.storage.store_u16(shrtable + SHRTSIZE, bytes.div_ceil(8) as u16);
        self.storage.store_u32(shrtable + SHRSEGCT, count);
        self.name_slots(system, &tables);
        let space = self.spaces.open(None);
        if let Some(Some(entry)) = self.systems.0.get_mut(system) {
            entry.shared = Some(Shared { space, tables, shrtable: (shrtable, length), users: 0 });
        }
        Ok(())
    }

    fn name_slots(&mut self, system: usize, tables: &BTreeMap<u32, u32>) {
        let Some(entry) = self.systems.get(system) else { return };
        for (number, kept) in entry.pages() {
            if let Some(&table) = tables.get(&(number / 16)) {
                let place = Place::new(table, number % 16);
                kept.slot.into_iter().for_each(|slot| self.area.add_user(slot));
                place.set_slot(&self.storage, kept.slot);
                (0..2).for_each(|half| place.set_key(&self.storage, half, kept.keys[half as usize]));
            }
        }
    }

    pub fn release_tables(&mut self, table: u32) {
        self.release(table - tables::PAGCORE, tables::LENGTH.next_multiple_of(64));
    }

    /// A virtual machine no longer shares anything of a system. After the last one the tables and frames are free.
    pub fn end_sharing(&mut self, system: usize, user: u32) {
        let Some(shared) = self.systems.shared_mut(system) else { return };
        shared.users -= 1;
        let (users, space, at) = (shared.users, shared.space, shared.shrtable.0);
        self.storage.store_u16(at + SHRUSECT, users as u16);
        self.spaces.detach(user, space);
        if users > 0 {
            return;
        }
        let Some(Some(entry)) = self.systems.0.get_mut(system) else { return };
        let (gone, is_defined) = (entry.shared.take(), entry.is_defined);
        if let Some(shared) = gone {
            for &table in shared.tables.values() {
                for page in 0..16 {
                    let place = Place::new(table, page);
                    if let Some(frame) = place.frame(&self.storage) {
                        self.frames[(frame / PAGE) as usize].locks = 0;
                    }
                    self.discard(place);
                }
                self.release_tables(table);
            }
            self.release(shared.shrtable.0, shared.shrtable.1);
            self.close_space(shared.space);
        }
        if !is_defined {
            self.forget_system(system);
        }
    }

    /// Frees the slots of a system.
    fn forget_system(&mut self, system: usize) {
        let gone = self.systems.0.get_mut(system).and_then(Option::take);
        for kept in gone.iter().flat_map(|gone| gone.pages.values()) {
            kept.slot.into_iter().for_each(|slot| self.area.drop_user(slot));
        }
    }

    /// The system can no longer be found. Who shares it goes on sharing it.
    fn undefine(&mut self, system: usize) {
        if let Some(Some(entry)) = self.systems.0.get_mut(system) {
            entry.is_defined = false;
            if entry.shared.is_none() {
                self.forget_system(system);
            }
        }
    }

    /// Adds a system, in place of one of the same name.
    pub fn define_system(&mut self, system: NamedSystem) -> Result<(), SystemError> {
        validate(&system)?;
        let mut pages = BTreeMap::new();
        for page in &system.pages {
            let keys = page.keys.map(|key| key & (ACCESS | FETCH_PROTECTION));
            let slot = if page.contents.iter().all(|&byte| byte == 0) {
                None
            } else if let Some(slot) = self.area.take() {
                *self.area.contents_mut(slot) = *page.contents;
                Some(slot)
            } else {
                let taken = pages.values().filter_map(|kept: &Kept| kept.slot);
                taken.for_each(|slot| self.area.drop_user(slot));
                return Err(SystemError::PageArea);
            };
            pages.insert(page.number, Kept { slot, keys });
        }
        self.systems.find(&system.name).into_iter().for_each(|old| self.undefine(old));
        let NamedSystem { name, shared, status, .. } = system;
        let new =
            System { name, is_defined: true, segments: shared.into_iter().collect(), pages, status, shared: None };
        match self.systems.0.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(new),
            None => self.systems.0.push(Some(new)),
        }
        Ok(())
    }

    fn copy_of_system(&self, system: usize) -> Option<NamedSystem> {
        let entry = self.systems.get(system)?;
        let pages = entry.pages().map(|(number, kept)| SavedPage {
            number,
            keys: kept.keys,
            contents: Box::new(kept.slot.map_or([0; PAGE as usize], |slot| *self.area.contents(slot))),
        });
        Some(NamedSystem {
            name: entry.name.clone(),
            shared: entry.segments.iter().copied().collect(),
            pages: pages.collect(),
            status: entry.status.clone(),
        })
    }

    /// Counts where slots are named by systems and their shared segments.
    pub fn add_slots_of_systems(&self, slots: &mut HashMap<u32, u32>) {
        for system in self.systems.0.iter().flatten() {
            let of_tables = system.shared.iter().flat_map(|shared| shared.tables.values());
            let places = of_tables.flat_map(|&table| (0..16).map(move |page| Place::new(table, page)));
            let named = places.filter_map(|place| place.slot(&self.storage));
            for slot in system.pages.values().filter_map(|kept| kept.slot).chain(named) {
                *slots.entry(slot).or_insert(0) += 1;
            }
        }
    }
}

fn validate(system: &NamedSystem) -> Result<(), SystemError> {
    let name = &system.name;
    let is_name = (1..=8).contains(&name.chars().count()) && name.chars().all(|c| ebcdic::from_char(c).is_some());
    if !is_name {
        return Err(SystemError::Name(name.clone()));
    }
    if let Some(&segment) = system.shared.iter().find(|&&segment| segment >= SEGMENTS) {
        return Err(SystemError::Segment(segment));
    }
    if system.pages.is_empty() {
        return Err(SystemError::Empty);
    }
    if let Some(page) = system.pages.iter().find(|page| page.number >= PAGES) {
        return Err(SystemError::Page(page.number));
    }
    match system.pages.windows(2).find(|pair| pair[0].number >= pair[1].number) {
        Some(pair) => Err(SystemError::Page(pair[1].number)),
        None => Ok(()),
    }
}

impl RealStorage {
    /// Adds a saved system. One of the same name is no longer found; virtual machines that have it keep it.
    ///
    /// # Errors
    /// The system is not one (see [`SystemError`]), or the page area is full; then nothing has changed.
    pub fn define_system(&self, system: NamedSystem) -> Result<(), SystemError> {
        self.core().define_system(system)
    }

    /// What is known of the system with this name.
    #[must_use]
    pub fn find_system(&self, name: &str) -> Option<SystemExtent> {
        let core = self.core();
        Some(core.systems.get(core.systems.find(name)?)?.extent())
    }

    /// The system with this name, to be kept elsewhere.
    #[must_use]
    pub fn copy_system(&self, name: &str) -> Option<NamedSystem> {
        let core = self.core();
        core.copy_of_system(core.systems.find(name)?)
    }

    /// The names of all systems.
    #[must_use]
    pub fn systems(&self) -> Vec<String> {
        let core = self.core();
        let defined = core.systems.0.iter().flatten().filter(|system| system.is_defined);
        defined.map(|system| system.name.clone()).collect()
    }

    /// Removes a saved system; virtual machines that have it keep it. False if there is none of this name.
    pub fn remove_system(&self, name: &str) -> bool {
        let mut core = self.core();
        let Some(system) = core.systems.find(name) else { return false };
        core.undefine(system);
        true
    }
}
