//! Reads.

use s370_arch::channel::UnitStatus;

use super::{Check, CkdDrive, Data, ENDED, Ending, Operation, Outcome, Position, operation::Area, track::HOME_ADDRESS};

/// A record of data length zero: the end of a file.
pub(super) const END_OF_FILE: Ending = Ending::now(UnitStatus::ENDED.union(UnitStatus::UNIT_EXCEPTION));

/// The command that takes up the read of an overflow record again.
const RESTART_READ: u8 = 0x06;

impl CkdDrive {
    /// Read home address: flag, cylinder, head.
    pub(super) fn read_home_address(&mut self, multitrack: bool, data: &mut dyn Data) -> Outcome {
        self.await_index(multitrack)?;
        let slot = self.own_track()?;
        data.store(&self.tracks()?.at(slot).image[..HOME_ADDRESS]);
        self.chain.position = Position::HomeAddress;
        self.forget_index_points();
        Ok(ENDED)
    }

    /// Read R0: count, key and data of the first record, whatever its number.
    pub(super) fn read_record_zero(&mut self, multitrack: bool, data: &mut dyn Data) -> Outcome {
        if self.chain.position != Position::HomeAddress {
            self.await_index(multitrack)?;
        }
        let slot = self.own_track()?;
        let track = self.tracks()?.at(slot);
        let Some(record) = track.records.first() else {
            return Err(if track.intact { Check::NoRecordFound } else { Check::InvalidTrack });
        };
        data.store(&track.count(record));
        data.store(&track.image[record.key_area().start..record.data_area().end]);
        let ending = if record.data == 0 { END_OF_FILE } else { ENDED };
        self.chain.position = Position::Data(0);
        self.forget_index_points();
        Ok(ending)
    }

    /// Read count: the next count area.
    pub(super) fn read_count(&mut self, multitrack: bool, data: &mut dyn Data) -> Outcome {
        let (slot, n) = self.next_record(multitrack, false)?;
        let track = self.tracks()?.at(slot);
        data.store(&track.count(&track.records[n]));
        Ok(ENDED)
    }

    /// Read data, read key and data, read count, key and data. What of the record whose count or key area has just passed
    /// is still to come is taken; else it is the next record.
    pub(super) fn read_record(&mut self, area: Area, multitrack: bool, data: &mut dyn Data) -> Outcome {
        let (slot, n) = match (area, self.chain.position) {
            (Area::Data, Position::Key(n)) => (self.data_track()?, n),
            (Area::Key | Area::Data, _) => self.this_or_next_record(multitrack)?,
            (Area::Count, _) => self.next_record(multitrack, false)?,
        };
        self.forget_index_points();
        self.give_record(area, slot, n, data)
    }

    /// Gives the areas of a record from this one on, and the data of the segments in which it goes on.
    fn give_record(&mut self, area: Area, slot: usize, n: usize, data: &mut dyn Data) -> Outcome {
        self.chain.position = Position::Data(n);
        let track = self.tracks()?.at(slot);
        let record = track.records[n];
        let from = match area {
            Area::Count | Area::Key => record.key_area().start,
            Area::Data => record.data_area().start,
        };
        if area == Area::Count {
            data.store(&track.count(&record));
        }
        data.store(&track.image[from..record.data_area().end]);
        if record.data == 0 {
            return Ok(END_OF_FILE);
        }
        let mut overflows = track.overflows(&record);
        while overflows {
            let (slot, n) = self.next_segment(RESTART_READ)?;
            self.forget_index_points();
            self.chain.position = Position::Data(n);
            let track = self.tracks()?.at(slot);
            let record = &track.records[n];
            data.store(&track.image[record.data_area()]);
            overflows = track.overflows(record);
        }
        Ok(ENDED)
    }

    /// Read multiple count, key and data: all records from the next to the end of the track.
    pub(super) fn read_multiple(&mut self, data: &mut dyn Data) -> Outcome {
        let (slot, first) = self.next_record(false, false)?;
        let track = self.tracks()?.at(slot);
        let last = track.records.len() - 1;
        let is_intact = track.intact;
        for record in &track.records[first..] {
            if data.store(&track.count(record)) == 0 {
                break;
            }
            data.store(&track.image[record.key_area().start..record.data_area().end]);
        }
        self.chain.position = Position::Data(last);
        self.forget_index_points();
        if is_intact { Ok(ENDED) } else { Err(Check::InvalidTrack) }
    }

    /// Read IPL: seeks cylinder 0 and head 0, and reads the data of R1.
    pub(super) fn read_ipl(&mut self, data: &mut dyn Data) -> Outcome {
        if !self.chain.mask.permits_seek(Operation::Seek) {
            return Err(Check::FileProtected);
        }
        self.select(0, 0);
        let (slot, n) = self.next_record(false, false)?;
        self.forget_index_points();
        self.give_record(Area::Data, slot, n, data)
    }
}
