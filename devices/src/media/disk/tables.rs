//! The tables of a compressed image: where each unit (track, or group of blocks) is in the file.
//!
//! The level-1 table has the offsets of level-2 tables; each of these has 256 entries of eight bytes. Tables are read
//! whole when the image is opened, and written through. No two of them may share bytes of the file, so that storage
//! taken for them is never more than the file's length.

use std::collections::BTreeSet;

use super::{
    file::ImageFile,
    header::{CompressedHeader, HEADER, LEVEL1, LEVEL2, half, word},
};
use crate::media::MediaError;

/// An offset that says: look in the file beneath.
pub(super) const BENEATH: u32 = u32::MAX;
/// Where the number of level-1 entries stands.
const COUNT_OFFSET: u64 = HEADER as u64 + 4;
/// Bytes of an entry of a level-2 table.
pub(super) const ENTRY: u64 = 8;
/// Bytes of a level-2 table.
pub(super) const TABLE: u64 = ENTRY * LEVEL2 as u64;
/// Bytes of the header of a unit in the file.
pub(super) const UNIT_HEADER: usize = 5;

/// An entry of a level-2 table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub offset: u32,
    /// Bytes of the unit.
    pub length: u16,
    /// Bytes that are set aside for it; not below the length.
    pub size: u16,
}

/// Where a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: it looks as this format says.
    Null(u16),
    /// In the file beneath.
    Beneath,
    /// Here.
    Stored { offset: u64, length: usize },
}

impl Entry {
    /// A unit that is in the file beneath.
    pub const BENEATH: Entry = Entry { offset: BENEATH, length: u16::MAX, size: u16::MAX };

    /// A unit that is nowhere.
    pub const fn null(format: u8) -> Entry {
        Entry { offset: 0, length: format as u16, size: format as u16 }
    }

    fn parse(bytes: &[u8]) -> Entry {
        Entry { offset: word(bytes, 0), length: half(bytes, 4), size: half(bytes, 6) }
    }

    pub fn emit(self) -> [u8; ENTRY as usize] {
        let mut bytes = [0; ENTRY as usize];
        bytes[..4].copy_from_slice(&self.offset.to_le_bytes());
        bytes[4..6].copy_from_slice(&self.length.to_le_bytes());
        bytes[6..].copy_from_slice(&self.size.to_le_bytes());
        bytes
    }

    pub fn place(self) -> Place {
        match self.offset {
            0 => Place::Null(self.length),
            BENEATH => Place::Beneath,
            offset => Place::Stored { offset: offset.into(), length: self.length.into() },
        }
    }

    /// The bytes of the file that are its own, if it has any.
    pub fn extent(self) -> Option<(u64, u64)> {
        let Place::Stored { offset, .. } = self.place() else { return None };
        Some((offset, offset + u64::from(self.size.max(self.length))))
    }
}

/// A level-2 table, as the level-1 table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// None: no unit of it is anywhere.
    Null,
    /// None: its units are in the file beneath.
    Beneath,
    /// Here.
    There { offset: u32, entries: Box<[Entry]> },
    /// It cannot be where the level-1 table says.
    Bad { offset: u32 },
}

/// Whose a piece of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The headers' and the level-1 table's.
    Header,
    /// The level-2 table's that has this index.
    Table(u32),
    /// The track's or the group of blocks' that has this number.
    Unit(u32),
}

/// What is wrong with an entry of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It points beyond the end of the file.
    Outside,
    /// It points to bytes that have another owner.
    Overlaps,
    /// It has lengths that cannot be, or a null format that does not exist.
    Impossible,
}

/// An entry that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whose entry.
    pub owner: Owner,
    /// Where in the file the entry is.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// The tables of a file.
#[derive(Debug)]
pub(super) struct Tables {
    pub level2: Vec<Table>,
    /// Whether there is a file beneath.
    pub shadow: bool,
    /// What units look like of which no table speaks.
    pub null_format: u8,
}

impl Tables {
    /// Tables without a level-2 table.
    pub fn empty(units: u32, shadow: bool, null_format: u8) -> Tables {
        let table = if shadow { Table::Beneath } else { Table::Null };
        Tables { level2: vec![table; units.div_ceil(LEVEL2) as usize], shadow, null_format }
    }

    /// Reads the tables of `units` units. Tables that overlap, or are not in the file, are [`Table::Bad`].
    pub fn read(
        file: &mut ImageFile,
        header: &CompressedHeader,
        units: u32,
        shadow: bool,
    ) -> Result<Tables, MediaError> {
        let (count, needed) = (header.level1, units.div_ceil(LEVEL2));
        if count < needed {
            let what = format!("a level-1 table of {count} entries for {units} units, which need {needed}");
            return Err(file.damaged(COUNT_OFFSET, what));
        }
        let length = 4 * u64::from(count);
        if LEVEL1 + length > file.length() {
            let what = format!("a level-1 table of {count} entries is longer than the file");
            return Err(file.damaged(COUNT_OFFSET, what));
        }
        let mut level1 = vec![0; 4 * needed as usize];
        file.read(LEVEL1, &mut level1)?;
        let mut tables = Tables::empty(units, shadow, header.null_format);
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (index, bytes) in level1.chunks_exact(4).enumerate() {
            tables.level2[index] = match word(bytes, 0) {
                0 => Table::Null,
                BENEATH => Table::Beneath,
                offset => {
                    found.push((offset, index));
                    Table::Bad { offset }
                }
            };
        }
        found.sort_unstable();
        let mut free_from = LEVEL1 + length;
        for (offset, index) in found {
            let end = u64::from(offset) + TABLE;
            if u64::from(offset) >= free_from && end <= file.length() {
                let mut bytes = vec![0; TABLE as usize];
                file.read(offset.into(), &mut bytes)?;
                let entries = bytes.chunks_exact(ENTRY as usize).map(Entry::parse).collect();
                tables.level2[index] = Table::There { offset, entries };
                free_from = end;
            }
        }
        Ok(tables)
    }

    /// Where a unit is; `Err` is where the level-1 entry stands whose table cannot be read.
    pub fn place(&self, unit: u32) -> Result<Place, u64> {
        match self.level2.get((unit / LEVEL2) as usize) {
            Some(Table::There { entries, .. }) => Ok(entries[(unit % LEVEL2) as usize].place()),
            Some(Table::Beneath) => Ok(Place::Beneath),
            Some(Table::Bad { .. }) => Err(Tables::level1_offset(unit / LEVEL2)),
            Some(Table::Null) | None => Ok(Place::Null(self.null_format.into())),
        }
    }

    /// Where an entry of the level-1 table stands.
    pub fn level1_offset(index: u32) -> u64 {
        LEVEL1 + 4 * u64::from(index)
    }

    /// Where a unit's entry stands.
    pub fn entry_offset(&self, unit: u32) -> u64 {
        match &self.level2[(unit / LEVEL2) as usize] {
            Table::There { offset, .. } => u64::from(*offset) + ENTRY * u64::from(unit % LEVEL2),
            _ => Tables::level1_offset(unit / LEVEL2),
        }
    }

    /// A unit's entry, if it has one.
    pub fn entry_mut(&mut self, unit: u32) -> Option<&mut Entry> {
        match self.level2.get_mut((unit / LEVEL2) as usize)? {
            Table::There { entries, .. } => entries.get_mut((unit % LEVEL2) as usize),
            _ => None,
        }
    }

    /// All units that have an entry, with it.
    pub fn entries(&self) -> impl Iterator<Item = (u32, Entry)> {
        (0..).step_by(LEVEL2 as usize).zip(&self.level2).flat_map(|(first, table)| {
            let entries = if let Table::There { entries, .. } = table { &**entries } else { &[] };
            (first..).zip(entries.iter().copied())
        })
    }

    /// Bytes that are set aside for units beyond their lengths.
    pub fn slack(&self) -> u64 {
        let stored = self.entries().filter(|(_, entry)| matches!(entry.place(), Place::Stored { .. }));
        stored.map(|(_, entry)| u64::from(entry.size.saturating_sub(entry.length))).sum()
    }

    /// The pieces of the file that have owners, in the order of their offsets.
    pub fn extents(&self, level1: u32) -> Vec<(u64, u64, Owner)> {
        let mut extents = vec![(0, LEVEL1 + 4 * u64::from(level1), Owner::Header)];
        for (index, table) in (0..).zip(&self.level2) {
            if let Table::There { offset, .. } = table {
                extents.push(((*offset).into(), u64::from(*offset) + TABLE, Owner::Table(index)));
            }
        }
        let units = self.entries().filter_map(|(unit, entry)| Some((unit, entry.extent()?)));
        extents.extend(units.map(|(unit, (start, end))| (start, end, Owner::Unit(unit))));
        extents.sort_unstable();
        extents
    }

    /// What is wrong with the tables of a file of this length, whose units take at most `longest` bytes. Of two owners of
    /// one byte that both look right both are named, but for headers and tables, which units must not overlap.
    pub fn problems(&self, level1: u32, length: u64, longest: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, table) in (0..).zip(&self.level2) {
            let fault = match table {
                Table::Bad { offset } if u64::from(*offset) + TABLE > length => Fault::Outside,
                Table::Bad { .. } => Fault::Overlaps,
                Table::Beneath if !self.shadow => Fault::Impossible,
                _ => continue,
            };
            problems.push(Problem { owner: Owner::Table(index), offset: Tables::level1_offset(index), fault });
        }
        for (unit, entry) in self.entries() {
            if let Some(fault) = self.fault(entry, length, longest) {
                problems.push(Problem { owner: Owner::Unit(unit), offset: self.entry_offset(unit), fault });
            }
        }
        let known: BTreeSet<Owner> = problems.iter().map(|problem| problem.owner).collect();
        let overlapping = overlaps(&self.extents(level1)).into_iter();
        problems.extend(overlapping.filter(|unit| !known.contains(&Owner::Unit(*unit))).map(|unit| Problem {
            owner: Owner::Unit(unit),
            offset: self.entry_offset(unit),
            fault: Fault::Overlaps,
        }));
        problems
    }

    fn fault(&self, entry: Entry, length: u64, longest: usize) -> Option<Fault> {
        match entry.place() {
            Place::Null(format) if format < super::track::NULL_FORMATS.into() => None,
            Place::Beneath if self.shadow => None,
            Place::Null(_) | Place::Beneath => Some(Fault::Impossible),
            Place::Stored { length, .. } if length <= UNIT_HEADER || length > longest => Some(Fault::Impossible),
            Place::Stored { .. } if entry.size < entry.length => Some(Fault::Impossible),
            Place::Stored { offset, .. } if offset + u64::from(entry.size) > length => Some(Fault::Outside),
            Place::Stored { .. } => None,
        }
    }
}

/// The units among these sorted pieces that share bytes with another piece, each once.
fn overlaps(extents: &[(u64, u64, Owner)]) -> Vec<u32> {
    let mut units = Vec::new();
    let mut reaching: Option<(u64, Owner)> = None;
    for &(start, end, owner) in extents {
        if let Some((_, before)) = reaching.filter(|(reached, _)| *reached > start) {
            units.extend([before, owner].into_iter().filter_map(|owner| match owner {
                Owner::Unit(unit) => Some(unit),
                _ => None,
            }));
        }
        if reaching.is_none_or(|(reached, _)| end > reached) {
            reaching = Some((end, owner));
        }
    }
    units.sort_unstable();
    units.dedup();
    units
}
