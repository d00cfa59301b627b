//! Shadow tables: what stands in for the translation tables of a virtual machine while the real processor works for it.
//!
//! A virtual machine's own tables lead from its virtual addresses to what it takes for real ones; CP's tables lead from there
//! to frames. A shadow table does both at once, in the format of the virtual machine's own. Its entries are made when they
//! are missed, and go when the virtual machine says that its TLB is to be purged, or when CP takes the frame away: they are
//! the virtual machine's TLB (GA22-7000-10, chapter 3, "Translation-Lookaside Buffer").
//!
//! Each combination of table designation, format and prefix is a *space*; the last few are remembered, so that a virtual
//! machine that goes back and forth between address spaces finds them as it left them. Without translation, CP's own tables
//! serve, but for a virtual machine that has set a prefix.
//!
//! Invariant: storage that was once a shadow page table is never anything else again, so that a note which says that a
//! frame is mapped at some address can at worst be out of date. [`TablePool`] sees to that.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use s370_arch::control_register::cr0;
use s370_cpu::{
    dat::{self, Format},
    state::CpuState,
};

use crate::real::{GuestStorage, Missing, NoFrame, RealStorage};

/// Spaces that are remembered.
pub const SPACES: usize = 16;

/// 64K-byte segments and 4K-byte pages: the format of CP's own tables.
pub const CP_FORMAT: u32 = cr0::PAGE_SIZE_4K | cr0::SEGMENT_SIZE_64K;

/// A segment-table entry's invalid bit, and the bit that protects the segment against stores.
const SEGMENT_INVALID: u32 = 1;
const SEGMENT_PROTECTED: u32 = 4;

/// Pages and segment tables of shadow spaces that nobody uses, by their size in bytes.
#[derive(Debug)]
pub struct TablePool {
    real: Arc<RealStorage>,
    free: Mutex<HashMap<u32, Vec<u32>>>,
}

impl TablePool {
    /// An empty pool.
    #[must_use]
    pub fn new(real: Arc<RealStorage>) -> TablePool {
        TablePool { real, free: Mutex::default() }
    }

    fn take(&self, bytes: u32) -> Result<u32, NoFrame> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&bytes).and_then(Vec::pop);
        free.map_or_else(|| self.real.allocate(bytes), Ok)
    }

    fn give(&self, bytes: u32, tables: impl Iterator<Item = u32>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).entry(bytes).or_default().extend(tables);
    }
}

/// What decides how addresses are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// Bits 8-12 of control register 0, and control register 1; none when translation is off.
    tables: Option<(u32, u32)>,
    prefix: u32,
}

impl Key {
    fn of(state: &CpuState) -> Key {
        let tables = state.psw.translation().then(|| (state.cr[0] & cr0::TRANSLATION_FORMAT, state.cr[1]));
        Key { tables, prefix: state.prefix }
    }

    fn format(self) -> Option<Format> {
        Format::of(self.tables.map_or(CP_FORMAT, |(format, _)| format))
    }
}

/// An entry that was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    /// Its real address.
    at: u32,
    /// The address of the virtual machine's own page-table entry that it was made from.
    from: u32,
}

/// The shadow tables of one address space.
#[derive(Debug)]
struct Space {
    key: Key,
    /// Real address of the segment table.
    table: u32,
    /// Segments that have a page table, and where.
    page_tables: Vec<(u32, u32)>,
    made: Vec<Made>,
    /// When it was selected last.
    used: u64,
}

/// What became of a missing translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The entry is made: the instruction can be tried again.
    Done,
    /// The virtual machine's own tables do not translate the address, or lead outside its storage: it is to have an
    /// interruption.
    Guest,
    /// There is no frame for a page or a table.
    NoFrame,
}

/// What the real processor's control registers 0 and 1 need for a virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Translation format, for control register 0.
    pub format: u32,
    /// Segment-table designation, for control register 1.
    pub designation: u32,
    /// The tables are new: what a processor knows of this designation it knows of another space that had them before.
    pub is_new: bool,
}

/// The address spaces of a virtual machine.
#[derive(Debug)]
pub struct Shadows {
    real: Arc<RealStorage>,
    pool: Arc<TablePool>,
    spaces: Vec<Space>,
    /// The space in use; none when CP's own tables serve.
    current: Option<usize>,
    clock: u64,
    /// Entries made since the beginning.
    pub filled: u64,
}

impl Shadows {
    /// No space yet.
    #[must_use]
    pub fn new(real: Arc<RealStorage>, pool: Arc<TablePool>) -> Shadows {
        Shadows { real, pool, spaces: Vec::new(), current: None, clock: 0, filled: 0 }
    }

    /// Selects the space that the virtual machine's state calls for. None if its format is invalid, so that nothing can be
    /// translated; otherwise the real tables.
    ///
    /// # Errors
    /// There is no frame for a table.
    pub fn select(&mut self, state: &CpuState, storage: &GuestStorage) -> Result<Option<Selected>, NoFrame> {
        let key = Key::of(state);
        if key.tables.is_none() && key.prefix == 0 {
            self.current = None;
            return Ok(Some(Selected { format: CP_FORMAT, designation: storage.designation(), is_new: false }));
        }
        let Some(format) = key.format() else { return Ok(None) };
        self.clock += 1;
        let known = match self.current {
            Some(index) if self.spaces[index].key == key => Some(index),
            _ => self.spaces.iter().position(|space| space.key == key),
        };
        let index = match known {
            Some(index) => index,
            None => self.add(key, format)?,
        };
        self.spaces[index].used = self.clock;
        self.current = Some(index);
        let selected = key.tables.map_or(CP_FORMAT, |(format, _)| format);
        let designation = designation(&self.spaces[index], format);
        Ok(Some(Selected { format: selected, designation, is_new: known.is_none() }))
    }

    /// Makes a space, in place of the one that was not used for the longest time if there are enough.
    fn add(&mut self, key: Key, format: Format) -> Result<usize, NoFrame> {
        if self.spaces.len() >= SPACES
            && let Some((oldest, _)) = self.spaces.iter().enumerate().min_by_key(|(_, space)| space.used)
        {
            let space = self.spaces.swap_remove(oldest);
            self.give_up(space);
            self.current = None;
        }
        let table = self.pool.take(segment_table_size(format))?;
        let storage = self.real.storage();
        for at in (table..table + segment_table_size(format)).step_by(4) {
            storage.store_u32(at, SEGMENT_INVALID);
        }
        self.spaces.push(Space { key, table, page_tables: Vec::new(), made: Vec::new(), used: self.clock });
        Ok(self.spaces.len() - 1)
    }

    fn give_up(&self, space: Space) {
        let Some(format) = space.key.format() else { return };
        let storage = self.real.storage();
        let invalid = format.page_invalid();
        space.made.iter().for_each(|made| storage.store_u16(made.at, invalid));
        self.pool.give(page_table_size(format), space.page_tables.iter().map(|(_, table)| *table));
        self.pool.give(segment_table_size(format), std::iter::once(space.table));
    }

    /// Makes the entry for a virtual address of the selected space, bringing the page in.
    pub fn fill(&mut self, state: &CpuState, storage: &GuestStorage, address: u32) -> Filled {
        match self.try_fill(state, storage, address) {
            Ok(filled) => filled,
            Err(NoFrame) => Filled::NoFrame,
        }
    }

    fn try_fill(&mut self, state: &CpuState, storage: &GuestStorage, address: u32) -> Result<Filled, NoFrame> {
        let address = address & 0x00FF_FFFF;
        let translation = match state.psw.translation() {
            false => dat::Translation { real: address, protected: false, entry: 0 },
            true => match dat::translate(state, storage, state.cr[1], address) {
                Ok(translation) => translation,
                Err(_) => return Ok(Filled::Guest),
            },
        };
        let absolute = state.absolute(translation.real);
        // The entries of tables of 2K-byte pages have no room for more bits of a frame's address.
        let format = self.current.and_then(|index| self.spaces[index].key.format());
        let found = match format {
            Some(Format { page_shift: 11, .. }) => storage.locate_low(absolute),
            _ => storage.locate(absolute),
        };
        let located = match found {
            Ok(located) => located,
            Err(Missing::Addressing) => return Ok(Filled::Guest),
            Err(Missing::NoFrame) => return Err(NoFrame),
        };
        self.filled += 1;
        let Some(index) = self.current else { return Ok(Filled::Done) };
        let Some(format) = self.spaces[index].key.format() else { return Ok(Filled::Guest) };
        let segment = address >> format.segment_shift;
        let protected = translation.protected || located.shared;
        let table = self.page_table(index, format, segment, protected)?;
        let page = (address & ((1 << format.segment_shift) - 1)) >> format.page_shift;
        let at = table + page * 2;
        let frame = located.real & !((1 << format.page_shift) - 1);
        let entry = if format.page_shift == 12 {
            (frame >> 8 & 0xFFF0) as u16 | (frame >> 23 & 6) as u16
        } else {
            (frame >> 8 & 0xFFF8) as u16
        };
        self.real.storage().store_u16(at, entry);
        self.real.note_shadow(located.real & !0xFFF, at, format.page_invalid());
        self.spaces[index].made.push(Made { at, from: translation.entry });
        Ok(Filled::Done)
    }

    /// The page table of a segment, made if there is none.
    fn page_table(&mut self, index: usize, format: Format, segment: u32, protected: bool) -> Result<u32, NoFrame> {
        let place = self.spaces[index].table + segment * 4;
        let storage = self.real.storage();
        let entry = storage.u32(place);
        let table = if entry & SEGMENT_INVALID == 0 {
            entry & 0x00FF_FFF8
        } else {
            let bytes = page_table_size(format);
            let table = self.pool.take(bytes)?;
            (table..table + bytes).step_by(2).for_each(|at| storage.store_u16(at, format.page_invalid()));
            self.spaces[index].page_tables.push((segment, table));
            table
        };
        // A segment of which a part is protected is protected: CP looks at stores into it one by one.
        let was_protected = entry & SEGMENT_INVALID == 0 && entry & SEGMENT_PROTECTED != 0;
        let protection = if protected || was_protected { SEGMENT_PROTECTED } else { 0 };
        storage.store_u32(place, 0xF000_0000 | table | protection);
        Ok(table)
    }

    /// The virtual machine purges its TLB. Says whether there was anything.
    pub fn purge(&mut self) -> bool {
        let mut any = false;
        for space in &mut self.spaces {
            any |= !space.made.is_empty();
            let Some(format) = space.key.format() else { continue };
            for made in space.made.drain(..) {
                self.real.storage().store_u16(made.at, format.page_invalid());
            }
            // Protection is found out again with each page.
            for (segment, table) in &space.page_tables {
                self.real.storage().store_u32(space.table + segment * 4, 0xF000_0000 | table);
            }
        }
        any
    }

    /// The virtual machine invalidates one of its page-table entries, at this address.
    pub fn invalidate(&mut self, entry: u32) {
        for space in &mut self.spaces {
            let Some(format) = space.key.format() else { continue };
            let storage = self.real.storage();
            space.made.retain(|made| {
                let is_meant = made.from == entry && space.key.tables.is_some();
                if is_meant {
                    storage.store_u16(made.at, format.page_invalid());
                }
                !is_meant
            });
        }
    }

    /// Whether a real segment-table designation is that of one of the spaces.
    pub fn has(&self, real: u32) -> bool {
        self.spaces.iter().any(|space| space.table == real & 0x00FF_FFC0)
    }
}

impl Drop for Shadows {
    fn drop(&mut self) {
        for space in std::mem::take(&mut self.spaces) {
            self.give_up(space);
        }
    }
}

/// Bytes of a segment table for 16 MiB.
fn segment_table_size(format: Format) -> u32 {
    (4 << (24 - format.segment_shift)).max(64)
}

/// Bytes of a page table for a whole segment.
fn page_table_size(format: Format) -> u32 {
    2 << (format.segment_shift - format.page_shift)
}

fn designation(space: &Space, format: Format) -> u32 {
    (segment_table_size(format) / 64 - 1) << 24 | space.table
}
