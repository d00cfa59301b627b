//! Putting in order what a crash left of a compressed image.
//!
//! Our own writing never leaves a wrong entry behind, only a list of free space that is out of date. Other programs, a crash of
//! the host and damage in transport leave entries that point beyond the end or to other units' bytes. A unit that is
//! whole keeps its entry; one that is not loses it, and looks like a null track, or as in the file beneath.

use std::fmt;

use super::{
    header::{OPENED, OPTIONS, WRITTEN},
    store::{Shape, Store},
    tables::{BENEATH, Entry, Owner, Place, Table, Tables},
    track,
};
use crate::media::MediaError;

/// What mending did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Entries of the level-1 table that lost their tables.
    pub tables: usize,
    /// Units that lost their entries.
    pub units: usize,
    /// Entries whose lengths were corrected.
    pub corrected: usize,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mended { tables, units, corrected } = self;
        f.write_str("its free space was found again")?;
        if *corrected > 0 {
            write!(f, ", {corrected} entries with wrong lengths were corrected")?;
        }
        if *tables > 0 {
            write!(f, ", {tables} tables (of up to 256 tracks or groups each) that could not be read were dropped")?;
        }
        if *units > 0 {
            write!(f, ", {units} tracks or groups that were not whole were dropped")?;
        }
        Ok(())
    }
}

impl Store {
    /// What is wrong with a unit that the last file has an entry for; `None` if it is whole, or not there.
    pub fn fault(&mut self, unit: u32) -> Option<MediaError> {
        let (shape, last) = (self.shape, self.layers.len() - 1);
        let layer = &mut self.layers[last];
        let Ok(Place::Stored { offset, .. }) = layer.tables.place(unit) else { return None };
        let mut whole = Vec::new();
        if let Err(error) = layer.fetch((shape, unit), &mut self.codec, &mut self.packed, &mut whole) {
            return Some(error);
        }
        let expected = match shape {
            Shape::Tracks { .. } => track::used(&whole),
            Shape::Groups => Some(shape.longest()),
        };
        if expected == Some(whole.len()) {
            return None;
        }
        let what = match expected {
            Some(expected) => format!("{} bytes where {expected} belong", whole.len()),
            None => "its last record has no end".to_owned(),
        };
        Some(layer.file.damaged(offset, format!("{}: {what}", shape.describe(unit))))
    }

    /// Puts the last file's tables in order: looks at the units whose entries are wrong, or, if `all`, at all of them. Then
    /// the file can be written. `progress` is told how many units there are and how many were looked at.
    pub fn mend(&mut self, all: bool, progress: &mut dyn FnMut(u64, u64)) -> Result<Mended, MediaError> {
        let shape = self.shape;
        let layer = self.last();
        layer.header.options |= OPENED | WRITTEN;
        layer.file.write(OPTIONS, &[layer.header.options])?;
        let mut mended = Mended::default();
        let problems = layer.problems(shape);
        for problem in &problems {
            if let Owner::Table(index) = problem.owner {
                self.drop_table(index)?;
                mended.tables += 1;
            }
        }
        let suspects: Vec<u32> = if all {
            self.last().tables.entries().map(|(unit, _)| unit).collect()
        } else {
            problems
                .iter()
                .filter_map(|problem| if let Owner::Unit(unit) = problem.owner { Some(unit) } else { None })
                .collect()
        };
        let wrong: std::collections::BTreeSet<Owner> = problems.iter().map(|problem| problem.owner).collect();
        for (done, unit) in (0..).zip(&suspects) {
            progress(done, suspects.len() as u64);
            let is_wrong = wrong.contains(&Owner::Unit(*unit));
            let place = self.last().tables.place(*unit);
            let whole = matches!(place, Ok(Place::Stored { .. })) && self.fault(*unit).is_none();
            match place {
                Ok(Place::Stored { length, .. }) if whole && is_wrong => {
                    self.last().correct(*unit, length as u16)?;
                    mended.corrected += 1;
                }
                _ if whole => {}
                Ok(Place::Stored { .. }) => mended.units += self.last().drop_unit(*unit)?,
                _ if is_wrong => mended.units += self.last().drop_unit(*unit)?,
                _ => {}
            }
        }
        mended.units += self.drop_overlapping()?;
        self.prepare_writing();
        Ok(mended)
    }

    fn drop_table(&mut self, index: u32) -> Result<(), MediaError> {
        let layer = self.last();
        let (slot, table) = if layer.tables.shadow { (BENEATH, Table::Beneath) } else { (0, Table::Null) };
        layer.file.write(Tables::level1_offset(index), &slot.to_le_bytes())?;
        layer.tables.level2[index as usize] = table;
        Ok(())
    }

    /// Drops units until no byte has two owners.
    fn drop_overlapping(&mut self) -> Result<usize, MediaError> {
        let mut dropped = 0;
        loop {
            let layer = self.last();
            let mut victims = Vec::new();
            let mut reaching = (0, Owner::Header);
            for (start, end, owner) in layer.tables.extents(layer.header.level1) {
                if start < reaching.0 {
                    match (reaching.1, owner) {
                        (_, Owner::Unit(unit)) | (Owner::Unit(unit), _) => victims.push(unit),
                        _ => {}
                    }
                }
                if end > reaching.0 && victims.last().is_none_or(|victim| Owner::Unit(*victim) != owner) {
                    reaching = (end, owner);
                }
            }
            if victims.is_empty() {
                return Ok(dropped);
            }
            victims.sort_unstable();
            victims.dedup();
            for unit in victims {
                dropped += self.last().drop_unit(unit)?;
            }
        }
    }
}

impl super::store::Layer {
    /// Sets no more bytes aside for a unit than it takes.
    fn correct(&mut self, unit: u32, length: u16) -> Result<(), MediaError> {
        self.change(unit, |entry| Entry { size: length, ..entry })
    }

    fn drop_unit(&mut self, unit: u32) -> Result<usize, MediaError> {
        let gone = if self.tables.shadow { Entry::BENEATH } else { Entry::null(self.header.null_format) };
        self.change(unit, |_| gone)?;
        Ok(1)
    }

    fn change(&mut self, unit: u32, with: impl FnOnce(Entry) -> Entry) -> Result<(), MediaError> {
        let offset = self.tables.entry_offset(unit);
        if let Some(entry) = self.tables.entry_mut(unit) {
            *entry = with(*entry);
            let bytes = entry.emit();
            self.file.write(offset, &bytes)?;
        }
        Ok(())
    }
}
