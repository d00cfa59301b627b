//! Writes. Updates fill areas that are there; formatting writes lay a record down after the one that was located, and
//! erase the rest of the track. What the program leaves out is zeros.
//!
//! A write for which the channel yields no byte at all (a protection check at the first one) leaves the track as it was.

use std::ops::Range;

use super::{
    Check, CkdDrive, Data, ENDED, Located, Outcome, Position,
    operation::Format,
    read::END_OF_FILE,
    track::{COUNT, END, HOME_ADDRESS, OVERFLOW, Record},
};
use crate::dasd::geometry::Model;

/// The command that takes up the update of an overflow record again.
const RESTART_WRITE: u8 = 0x05;

/// Bytes that precede the home address in storage: where the skips around defects of the surface are, which images do not
/// have.
fn skip_bytes(model: &Model) -> usize {
    match model.device {
        0x3340 => 2,
        0x3350 => 6,
        _ => 0,
    }
}

impl CkdDrive {
    /// Writes what has changed of a track that is kept.
    fn commit(&mut self, slot: usize, changed: Range<usize>) -> Result<(), Check> {
        let written = self.tracks()?.write(slot, changed);
        written.map_err(|error| self.trouble(&error))
    }

    /// Write home address: flag, cylinder, head. The rest of the track is erased, R0 too.
    pub(super) fn write_home_address(&mut self, data: &mut dyn Data) -> Outcome {
        self.chain.located = Located::Nothing;
        let slot = self.own_track()?;
        let mut bytes = [0; HOME_ADDRESS + 6];
        let skip = skip_bytes(self.model);
        let mut given = data.fetch(&mut bytes[..HOME_ADDRESS]);
        let mut from = 0;
        if skip > 0 && data.room() > 0 {
            given += data.fetch(&mut bytes[HOME_ADDRESS..HOME_ADDRESS + skip]);
            from = skip;
        }
        if given == 0 {
            return Ok(ENDED);
        }
        let track = self.tracks()?.at_mut(slot);
        track.image[..HOME_ADDRESS].copy_from_slice(&bytes[from..from + HOME_ADDRESS]);
        track.image[HOME_ADDRESS..HOME_ADDRESS + COUNT].copy_from_slice(&END);
        track.records.clear();
        track.intact = true;
        self.commit(slot, 0..HOME_ADDRESS + COUNT)?;
        self.chain.position = Position::HomeAddress;
        self.chain.located = Located::HomeAddress;
        self.forget_index_points();
        Ok(ENDED)
    }

    /// Write R0: count, key and data. The rest of the track is erased.
    pub(super) fn write_record_zero(&mut self, data: &mut dyn Data) -> Outcome {
        self.chain.located = Located::Nothing;
        let slot = self.own_track()?;
        self.lay_down(slot, 0, Format::Normal, data)
    }

    /// Write count, key and data; write special count, key and data; erase.
    pub(super) fn write_record(&mut self, format: Format, data: &mut dyn Data) -> Outcome {
        let Some(n) = std::mem::take(&mut self.chain.located).record() else { return Err(Check::InvalidSequence) };
        let slot = self.data_track()?;
        self.record(slot, n)?;
        self.lay_down(slot, n + 1, format, data)
    }

    /// Lays down the record with this number on a track.
    fn lay_down(&mut self, slot: usize, n: usize, format: Format, data: &mut dyn Data) -> Outcome {
        let mut count = [0; COUNT];
        if data.fetch(&mut count) == 0 {
            return Ok(ENDED);
        }
        // The image has no other place for the flag of overflow records.
        // Deviation: the high-order bit of the cylinder in a count area is lost.
        count[0] = count[0] & !OVERFLOW | if format == Format::Segment { OVERFLOW } else { 0 };
        let [.., key, data_high, data_low] = count;
        let length = u16::from_be_bytes([data_high, data_low]);
        let model = self.model;
        let track = self.tracks()?.at_mut(slot);
        let (at, start) = match n.checked_sub(1) {
            None => (HOME_ADDRESS, 0),
            Some(before) => (track.offset_after(before), track.start_after(before, model)),
        };
        let record = Record { at, key, data: length, start };
        let end = if format == Format::Erase { at } else { record.data_area().end };
        let fits = match (format, n) {
            (Format::Erase, _) => true,
            (_, 0) => model.first_record(key, length) <= model.track_length,
            _ => model.fits(start, key, length),
        };
        if !fits || end + COUNT > track.image.len() {
            return Err(Check::TrackOverrun);
        }
        track.records.truncate(n);
        if format == Format::Erase {
            discard(usize::from(key) + usize::from(length), data);
        } else {
            track.image[record.count_area()].copy_from_slice(&count);
            let areas = &mut track.image[record.key_area().start..end];
            let given = data.fetch(areas);
            areas[given..].fill(0);
            track.records.push(record);
        }
        track.image[end..end + COUNT].copy_from_slice(&END);
        track.intact = true;
        let last = track.records.len().saturating_sub(1);
        self.commit(slot, at..end + COUNT)?;
        self.chain.position = Position::Data(last);
        self.chain.located = Located::Record(last);
        self.forget_index_points();
        Ok(ENDED)
    }

    /// Write data, write key and data: fills the areas of the record that was located, and the data of the segments in
    /// which it goes on.
    pub(super) fn update(&mut self, with_key: bool, data: &mut dyn Data) -> Outcome {
        let Some(n) = std::mem::take(&mut self.chain.located).record() else { return Err(Check::InvalidSequence) };
        let slot = self.data_track()?;
        let record = self.record(slot, n)?;
        let from = if with_key { record.key_area().start } else { record.data_area().start };
        let areas = from..record.data_area().end;
        let is_given = self.fill(slot, areas.clone(), true, data)? > 0;
        if is_given {
            self.commit(slot, areas)?;
        }
        self.chain.position = Position::Data(n);
        self.forget_index_points();
        if record.data == 0 {
            return Ok(END_OF_FILE);
        }
        let mut overflows = is_given && self.tracks()?.at(slot).overflows(&record);
        if !overflows {
            self.chain.located = Located::Record(n);
        }
        while overflows {
            let (slot, n) = self.next_segment(RESTART_WRITE)?;
            self.forget_index_points();
            self.chain.position = Position::Data(n);
            let record = self.record(slot, n)?;
            self.fill(slot, record.data_area(), false, data)?;
            self.commit(slot, record.data_area())?;
            overflows = self.tracks()?.at(slot).overflows(&record);
        }
        Ok(ENDED)
    }

    /// Fills a part of a track's image with what the channel yields, and with zeros; says how many bytes there were. The
    /// first segment of a record is left as it is if there were none.
    fn fill(&mut self, slot: usize, part: Range<usize>, is_first: bool, data: &mut dyn Data) -> Result<usize, Check> {
        let areas = &mut self.tracks()?.at_mut(slot).image[part];
        let given = data.fetch(areas);
        if given > 0 || !is_first {
            areas[given..].fill(0);
        }
        Ok(given)
    }
}

/// Takes bytes that are written nowhere.
fn discard(mut length: usize, data: &mut dyn Data) {
    let mut bytes = [0; 512];
    while length > 0 {
        let part = length.min(bytes.len());
        if data.fetch(&mut bytes[..part]) < part {
            break;
        }
        length -= part;
    }
}
