//! Writing to a compressed image.
//!
//! Invariant: whatever instant the process dies at, the tables in the file speak only of units that are whole. A unit
//! is never written over. Its new form goes to free space, then its entry is changed by one write of eight aligned bytes;
//! what it had before becomes free only then. A level-2 table that another program left at an odd place is moved to an
//! aligned one first, by one write of its level-1 entry. Header and list of free space are written when the image is
//! closed; until then a flag in the header says that they are out of date.
//!
//! Units are written as they are, and compressed when [`WARM`] bytes of others were written after them, or when the image
//! is closed: a guest that writes a track record by record would have it compressed for each, and would wait for it. What free space that leaves is
//! filled from the end of the file when the image is closed.

use std::collections::VecDeque;

use super::{
    codec::Compression,
    header::{HEADER, LEVEL2, OPENED, OPTIONS, WRITTEN},
    space::Space,
    store::{Layer, Store},
    tables::{ENTRY, Entry, Owner, Place, TABLE, Table, Tables, UNIT_HEADER},
};
use crate::media::MediaError;

/// Bytes of the units that may wait to be compressed.
const WARM: usize = 64 << 20;
/// Units shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 512;
/// One byte in so many may be free when an image is closed.
const TOLERABLE: u64 = 8;
/// Compacting ends when so many could not be moved.
const MISSES: u32 = 64;
/// What the list of free space begins with.
const FREE_LIST: &[u8; 8] = b"FREE_BLK";

/// What there is for writing to the last file of a [`Store`].
#[derive(Debug)]
pub(super) struct Writer {
    space: Space,
    /// Whether the file says that it is open.
    opened: bool,
    /// Units that are not compressed yet, the longest written first.
    warm: VecDeque<u32>,
}

impl Store {
    /// Prepares the last file for writing. Its tables must be sound.
    pub fn prepare_writing(&mut self) {
        let layer = self.last();
        let opened = layer.header.options & OPENED != 0;
        let space = Space::around(&layer.tables.extents(layer.header.level1));
        self.writer = Some(Writer { space, opened, warm: VecDeque::new() });
    }

    fn writer(&mut self) -> Result<(&mut Writer, &mut Layer), MediaError> {
        let last = self.layers.len() - 1;
        let layer = &mut self.layers[last];
        match &mut self.writer {
            Some(writer) => Ok((writer, layer)),
            None => Err(MediaError::ReadOnly { file: layer.file.name().to_owned() }),
        }
    }

    /// Writes a unit, header included. On return it survives the death of the process.
    pub fn write(&mut self, unit: u32, whole: &[u8]) -> Result<(), MediaError> {
        self.begin()?;
        let may_wait = WARM / self.shape.longest();
        let entry = self.put(whole)?;
        self.switch(unit, entry)?;
        let (writer, layer) = self.writer()?;
        if Compression::of(layer.header.algorithm) == Some(Compression::None) {
            return Ok(());
        }
        // A guest writes one track many times: its place in the queue is usually the last.
        if let Some(at) = writer.warm.iter().rposition(|warm| *warm == unit) {
            writer.warm.remove(at);
        }
        writer.warm.push_back(unit);
        if writer.warm.len() > may_wait
            && let Some(coldest) = writer.warm.pop_front()
        {
            // What was to be written is. That another unit stays as long as it is does no harm.
            let _ = self.compress(coldest);
        }
        Ok(())
    }

    /// Records that a unit looks as a null format says.
    pub fn write_null(&mut self, unit: u32, format: u8) -> Result<(), MediaError> {
        self.begin()?;
        self.writer()?.0.warm.retain(|warm| *warm != unit);
        self.switch(unit, Entry::null(format))
    }

    /// Says in the file, once, that it is being written to.
    pub fn begin(&mut self) -> Result<(), MediaError> {
        let (writer, layer) = self.writer()?;
        if !writer.opened {
            layer.header.options |= OPENED | WRITTEN;
            layer.file.write(OPTIONS, &[layer.header.options])?;
            writer.opened = true;
        }
        Ok(())
    }

    /// Writes a unit to free space.
    fn put(&mut self, bytes: &[u8]) -> Result<Entry, MediaError> {
        let (writer, layer) = self.writer()?;
        let Some((offset, size)) = writer.space.take(bytes.len() as u64) else { return Err(full(layer)) };
        self.put_at((offset, size), bytes)
    }

    /// Writes a unit to space that was taken for it.
    fn put_at(&mut self, (offset, size): (u64, u64), bytes: &[u8]) -> Result<Entry, MediaError> {
        let (writer, layer) = self.writer()?;
        let beyond = (offset + size).saturating_sub(layer.file.length()).min(size - bytes.len() as u64);
        // Other programs want all that is set aside for a unit to be in the file.
        let written = match beyond {
            0 => layer.file.write(offset, bytes),
            _ => layer.file.write(offset, &[bytes, &vec![0; (size - bytes.len() as u64) as usize]].concat()),
        };
        if let Err(error) = written {
            writer.space.give(offset, size);
            return Err(error);
        }
        Ok(Entry { offset: offset as u32, length: bytes.len() as u16, size: size as u16 })
    }

    /// Changes a unit's entry, and frees what it had.
    fn switch(&mut self, unit: u32, entry: Entry) -> Result<(), MediaError> {
        let (index, within) = ((unit / LEVEL2) as usize, (unit % LEVEL2) as usize);
        let (writer, layer) = self.writer()?;
        match &mut layer.tables.level2[index] {
            Table::There { offset, entries } if u64::from(*offset).is_multiple_of(ENTRY) => {
                let written = layer.file.write(u64::from(*offset) + ENTRY * within as u64, &entry.emit());
                let old = if written.is_ok() { entries[within] } else { entry };
                if let Some((start, end)) = old.extent() {
                    writer.space.give(start, end - start);
                }
                entries[within] = if written.is_ok() { entry } else { entries[within] };
                written
            }
            _ => {
                let Some(place) = writer.space.take_aligned(TABLE, u64::MAX, true) else { return Err(full(layer)) };
                self.move_table(index, place, Some((within, entry)))
            }
        }
    }

    /// Writes a level-2 table to space that was taken for it, perhaps changed in one entry, and frees what it and the entry
    /// had.
    fn move_table(&mut self, index: usize, place: u64, change: Option<(usize, Entry)>) -> Result<(), MediaError> {
        let (writer, layer) = self.writer()?;
        let (old, mut entries) = match &layer.tables.level2[index] {
            Table::There { offset, entries } => (Some(*offset), entries.clone()),
            Table::Beneath => (None, vec![Entry::BENEATH; LEVEL2 as usize].into()),
            Table::Null | Table::Bad { .. } => {
                (None, vec![Entry::null(layer.header.null_format); LEVEL2 as usize].into())
            }
        };
        let replaced = change.and_then(|(within, entry)| std::mem::replace(&mut entries[within], entry).extent());
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.emit()).collect();
        let offset = place as u32;
        let written = layer.file.write(place, &bytes);
        let written =
            written.and_then(|()| layer.file.write(Tables::level1_offset(index as u32), &offset.to_le_bytes()));
        if let Err(error) = written {
            writer.space.give(place, TABLE);
            return Err(error);
        }
        layer.tables.level2[index] = Table::There { offset, entries };
        if let Some(old) = old {
            writer.space.give(old.into(), TABLE);
        }
        if let Some((start, end)) = replaced {
            writer.space.give(start, end - start);
        }
        Ok(())
    }

    /// Moves what is last in the file to free space before it, if there is much.
    fn compact(&mut self) -> Result<(), MediaError> {
        let (writer, layer) = self.writer()?;
        if writer.space.total() <= writer.space.end() / TOLERABLE {
            return Ok(());
        }
        let mut missed = 0;
        for (start, _, owner) in layer.tables.extents(layer.header.level1).into_iter().rev() {
            let (writer, layer) = self.writer()?;
            let moved = match owner {
                Owner::Unit(unit) => {
                    let Ok(Place::Stored { length, .. }) = layer.tables.place(unit) else { continue };
                    let found = writer.space.take_below(length as u64, start);
                    if let Some(place) = found {
                        let mut bytes = vec![0; length];
                        layer.file.read(start, &mut bytes)?;
                        let entry = self.put_at(place, &bytes)?;
                        self.switch(unit, entry)?;
                    }
                    found.is_some()
                }
                Owner::Table(index) => {
                    let found = writer.space.take_aligned(TABLE, start, false);
                    if let Some(place) = found {
                        self.move_table(index as usize, place, None)?;
                    }
                    found.is_some()
                }
                Owner::Header => false,
            };
            missed += u32::from(!moved);
            if missed > MISSES {
                break;
            }
        }
        Ok(())
    }

    /// Gives a unit its shorter form.
    fn compress(&mut self, unit: u32) -> Result<(), MediaError> {
        let shape = self.shape;
        let last = self.layers.len() - 1;
        let layer = &mut self.layers[last];
        let Ok(Place::Stored { length, .. }) = layer.tables.place(unit) else { return Ok(()) };
        let mut whole = Vec::new();
        layer.fetch((shape, unit), &mut self.codec, &mut self.packed, &mut whole)?;
        let how = Compression::of(layer.header.algorithm).unwrap_or_default();
        if shape == super::store::Shape::Groups && whole[UNIT_HEADER..].iter().all(|byte| *byte == 0) {
            return self.switch(unit, Entry::null(0));
        }
        if whole.len() < WORTH_COMPRESSING {
            return Ok(());
        }
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        packed.extend(&whole[..UNIT_HEADER]);
        packed[0] = how as u8;
        let parameter = layer.header.parameter;
        let shorter = self.codec.compress(how, parameter, &whole[UNIT_HEADER..], &mut packed);
        let result = if shorter && packed.len() < length {
            self.put(&packed).and_then(|entry| self.switch(unit, entry))
        } else {
            Ok(())
        };
        self.packed = packed;
        result
    }

    /// Compresses what waits for it, and leaves the file as one that is not in use: with a list of its free space, a true
    /// header, and no more bytes than it needs.
    pub fn settle(&mut self) -> Result<(), MediaError> {
        if !self.writer.as_ref().is_some_and(|writer| writer.opened) {
            return Ok(());
        }
        while let Some(unit) = self.writer()?.0.warm.pop_front() {
            self.compress(unit)?;
        }
        self.compact()?;
        let (writer, layer) = self.writer()?;
        let (space, header) = (&writer.space, &mut layer.header);
        let pieces: Vec<_> = space.pieces().collect();
        let mut list = FREE_LIST.to_vec();
        for (offset, length) in &pieces {
            list.extend((*offset as u32).to_le_bytes());
            list.extend((*length as u32).to_le_bytes());
        }
        header.size = space.end() as u32;
        header.free_number = pieces.len() as u32;
        header.free_embedded = layer.tables.slack() as u32;
        header.free_total = space.total() as u32 + header.free_embedded;
        header.free_largest = space.largest() as u32;
        header.used = header.size - header.free_total;
        let room = pieces.iter().find(|(_, length)| *length >= list.len() as u64);
        let at = room.map_or(space.end(), |(offset, _)| *offset);
        layer.file.set_length(space.end())?;
        header.free = 0;
        if !pieces.is_empty() {
            header.free = at as u32;
            layer.file.write(at, &list)?;
        }
        header.options &= !OPENED;
        layer.file.write(HEADER as u64, &header.emit())?;
        writer.opened = false;
        Ok(())
    }
}

fn full(layer: &Layer) -> MediaError {
    layer.file.damaged(layer.file.length(), "the image has grown to the 4 GB that it can have")
}

impl Drop for Store {
    fn drop(&mut self) {
        // Nobody is left to be told; what could not be written is found again from the tables.
        let _ = self.settle();
    }
}
