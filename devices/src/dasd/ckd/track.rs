//! Tracks in the drive: images, parsed once, and a few of them kept.
//!
//! An image is not trusted: a record whose lengths lead out of it ends the list of records, and marks the track.

use std::ops::Range;

use crate::{
    dasd::{CkdPack, geometry::Model},
    media::MediaError,
};

/// Bytes of a home address: flag, cylinder, head.
pub(super) const HOME_ADDRESS: usize = 5;
/// Bytes of a count area: cylinder, head, record, key length, data length.
pub(super) const COUNT: usize = 8;
/// What follows the last record.
pub(super) const END: [u8; COUNT] = [0xFF; COUNT];
/// Flag of a home address: the track is defective, and R0 names the alternate.
pub(super) const DEFECTIVE: u8 = 0x02;
/// In an image, the high-order bit of a count's cylinder stands for the flag byte's bit of overflow records.
pub(super) const OVERFLOW: u8 = 0x80;

/// Tracks kept, of each drive.
const KEPT: usize = 16;

/// A record on a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Offset of the count area in the image.
    pub(super) at: usize,
    /// Key length.
    pub(super) key: u8,
    /// Data length.
    pub(super) data: u16,
    /// Where on the track it begins, as the capacity formula counts.
    pub(super) start: u32,
}

impl Record {
    /// The count area.
    pub(super) fn count_area(&self) -> Range<usize> {
        self.at..self.at + COUNT
    }

    /// The key area.
    pub(super) fn key_area(&self) -> Range<usize> {
        let from = self.at + COUNT;
        from..from + usize::from(self.key)
    }

    /// The data area.
    pub(super) fn data_area(&self) -> Range<usize> {
        let from = self.key_area().end;
        from..from + usize::from(self.data)
    }
}

/// A track.
#[derive(Debug)]
pub(super) struct Track {
    number: u32,
    /// When it was used last.
    used: u64,
    /// The image, as [`CkdPack`] describes it.
    pub(super) image: Vec<u8>,
    /// The records; the first is R0.
    pub(super) records: Vec<Record>,
    /// Whether the records end with an end mark.
    pub(super) intact: bool,
}

impl Track {
    /// What is kept here is of no track any more.
    fn forget(&mut self) {
        (self.number, self.used) = (u32::MAX, 0);
    }

    fn parse(&mut self, model: &Model) {
        self.records.clear();
        let (mut at, mut start) = (HOME_ADDRESS, 0);
        self.intact = loop {
            let Some(count) = self.image.get(at..).and_then(|rest| rest.first_chunk::<COUNT>()) else { break false };
            if *count == END {
                break true;
            }
            let [.., key, data_high, data_low] = *count;
            let record = Record { at, key, data: u16::from_be_bytes([data_high, data_low]), start };
            if record.data_area().end > self.image.len() {
                break false;
            }
            self.records.push(record);
            at = record.data_area().end;
            start = self.start_after(self.records.len() - 1, model);
        };
    }

    /// Where on the track the record after this one begins.
    pub(super) fn start_after(&self, n: usize, model: &Model) -> u32 {
        let record = &self.records[n];
        if n == 0 {
            model.first_record(record.key, record.data)
        } else {
            record.start + model.record_space(record.key, record.data)
        }
    }

    /// Offset in the image of what follows this record.
    pub(super) fn offset_after(&self, n: usize) -> usize {
        self.records[n].data_area().end
    }

    /// The number of the first record that begins in this sector or later; the number of records if there is none.
    pub(super) fn first_at(&self, sector: u8, model: &Model) -> usize {
        self.records.partition_point(|record| model.sector_of(record.start) < sector)
    }

    /// A record's count area, without the flag of overflow records.
    pub(super) fn count(&self, record: &Record) -> [u8; COUNT] {
        let mut count = [0; COUNT];
        count.copy_from_slice(&self.image[record.count_area()]);
        count[0] &= !OVERFLOW;
        count
    }

    /// Whether the record goes on on the next track.
    pub(super) fn overflows(&self, record: &Record) -> bool {
        self.image[record.at] & OVERFLOW != 0
    }

    /// The track is defective.
    pub(super) fn is_defective(&self) -> bool {
        self.image[0] & DEFECTIVE != 0
    }

    /// The cylinder and head that R0 names.
    pub(super) fn alternate(&self) -> Option<(u32, u32)> {
        let count = self.count(self.records.first()?);
        let half = |at: usize| u32::from(u16::from_be_bytes([count[at], count[at + 1]]));
        Some((half(0), half(2)))
    }
}

/// A pack, and the tracks of it that were used last.
pub(super) struct Tracks {
    pub(super) pack: Box<dyn CkdPack>,
    kept: Vec<Track>,
    uses: u64,
    changes: u64,
    /// The slot of a track that was written to, and what has changed in it: not on the pack yet.
    unwritten: Option<(usize, Range<usize>)>,
}

impl Tracks {
    pub(super) fn new(pack: Box<dyn CkdPack>) -> Tracks {
        let changes = pack.changes();
        Tracks { pack, kept: Vec::new(), uses: 0, changes, unwritten: None }
    }

    /// Forgets what is kept if others have changed the pack; says whether they have.
    pub(super) fn refresh(&mut self) -> bool {
        let changes = self.pack.changes();
        let is_stale = changes != self.changes;
        if is_stale {
            self.changes = changes;
            self.forget();
        }
        is_stale
    }

    /// Forgets what is kept: it may differ from the pack.
    pub(super) fn forget(&mut self) {
        self.unwritten = None;
        self.kept.iter_mut().for_each(Track::forget);
    }

    /// Has a track kept; says where, for [`Tracks::at`].
    pub(super) fn load(&mut self, number: u32) -> Result<usize, MediaError> {
        self.uses += 1;
        if let Some(slot) = self.kept.iter().position(|track| track.number == number) {
            self.kept[slot].used = self.uses;
            return Ok(slot);
        }
        self.flush()?;
        let slot = self.free_slot();
        let track = &mut self.kept[slot];
        track.forget();
        self.pack.read_track(number, &mut track.image)?;
        if track.image.len() < HOME_ADDRESS + COUNT {
            return Err(MediaError::Damaged {
                file: self.pack.name().to_owned(),
                offset: 0,
                what: format!("track {number} has {} bytes", track.image.len()),
            });
        }
        track.parse(self.pack.model());
        (track.number, track.used) = (number, self.uses);
        Ok(slot)
    }

    fn free_slot(&mut self) -> usize {
        if self.kept.len() < KEPT {
            self.kept.push(Track { number: u32::MAX, used: 0, image: Vec::new(), records: Vec::new(), intact: false });
            return self.kept.len() - 1;
        }
        let oldest = self.kept.iter().enumerate().min_by_key(|(_, track)| track.used);
        oldest.map_or(0, |(slot, _)| slot)
    }

    /// A track that is kept.
    pub(super) fn at(&self, slot: usize) -> &Track {
        &self.kept[slot]
    }

    /// As [`Tracks::at`]. What is changed must be [written](Tracks::write).
    pub(super) fn at_mut(&mut self, slot: usize) -> &mut Track {
        &mut self.kept[slot]
    }

    /// Takes note of what has changed in a track's image. It is written when another track changes, or is
    /// [told](Tracks::flush) to be: chains that format write each track once, not once for each record.
    pub(super) fn write(&mut self, slot: usize, changed: Range<usize>) -> Result<(), MediaError> {
        let changed = match self.unwritten.take() {
            Some((other, before)) if other == slot => before.start.min(changed.start)..before.end.max(changed.end),
            other => {
                self.unwritten = other;
                if let Err(error) = self.flush() {
                    self.kept[slot].forget();
                    return Err(error);
                }
                changed
            }
        };
        self.unwritten = Some((slot, changed));
        Ok(())
    }

    /// Writes what is not on the pack yet. If that fails the track is forgotten.
    pub(super) fn flush(&mut self) -> Result<(), MediaError> {
        let Some((slot, changed)) = self.unwritten.take() else { return Ok(()) };
        let track = &mut self.kept[slot];
        let written = self.pack.write_track(track.number, &track.image, changed);
        if written.is_err() {
            track.forget();
        }
        written
    }
}
