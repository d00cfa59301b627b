//! Control commands and sense: what moves arms, selects heads, masks and sectors, and what tells of the drive.

use super::{
    Area, Check, CkdDrive, Data, ENDED, Ending, Located, Operation, Outcome, Position, following, operation::FileMask,
    sense,
};

impl CkdDrive {
    /// No-operation, and restore, which only the 2321 heeds. The areas of the record that is passing are missed.
    pub(super) fn no_operation(&mut self) -> Ending {
        self.chain.located = Located::Nothing;
        self.pass_over();
        ENDED
    }

    /// The areas of the record whose count or key has just passed go by while a control command is executed.
    fn pass_over(&mut self) {
        if let Position::Count(n) | Position::Key(n) = self.chain.position {
            self.chain.position = Position::Data(n);
        }
        self.forget_index_points();
    }

    /// Recalibrate: cylinder 0, head 0.
    pub(super) fn recalibrate(&mut self) -> Ending {
        self.chain.located = Located::Nothing;
        self.move_to(0, 0)
    }

    /// Channel end at once; device end too if the arm need not move.
    fn move_to(&mut self, cylinder: u32, head: u32) -> Ending {
        let distance = cylinder.abs_diff(self.cylinder);
        self.select(cylinder, head);
        if distance == 0 { ENDED } else { Ending::channel_end(self.mechanism.seek(distance)) }
    }

    /// Seek, seek cylinder, seek head: two bytes of zeros, cylinder, head.
    pub(super) fn seek(&mut self, operation: Operation, data: &mut dyn Data) -> Outcome {
        let mut argument = [0; 6];
        if data.fetch_some(&mut argument) < argument.len() {
            return Err(if self.unit.is_early() { Check::SeekAddress } else { Check::ShortCount });
        }
        let [b0, b1, c0, c1, h0, h1] = argument;
        let head = u32::from(u16::from_be_bytes([h0, h1]));
        if operation == Operation::SeekHead {
            if head >= self.model.heads {
                return Err(Check::SeekAddress);
            }
            return Ok(self.move_to(self.cylinder, head));
        }
        let cylinder = u32::from(u16::from_be_bytes([c0, c1]));
        let cylinders = self.tracks()?.pack.cylinders();
        if [b0, b1] != [0, 0] || cylinder >= cylinders || head >= self.model.heads {
            return Err(Check::SeekAddress);
        }
        Ok(self.move_to(cylinder, head))
    }

    /// Set file mask.
    pub(super) fn set_file_mask(&mut self, data: &mut dyn Data) -> Outcome {
        let mut mask = [0; 1];
        if data.fetch(&mut mask) == 0 {
            return Err(Check::ShortCount);
        }
        if mask[0] & self.unit.reserved_in_mask() != 0 {
            return Err(Check::InvalidArgument);
        }
        (self.chain.mask, self.chain.mask_is_set) = (FileMask(mask[0]), true);
        self.pass_over();
        Ok(ENDED)
    }

    /// Space count: passes over the next count area as if it were unreadable. The lengths that the program gives are
    /// those of the record; on an image the record's own are as good.
    pub(super) fn space_count(&mut self, data: &mut dyn Data) -> Outcome {
        self.next_record(false, false)?;
        data.fetch(&mut [0; 3]);
        self.forget_index_points();
        Ok(ENDED)
    }

    /// Set sector: the next record is the first that begins in this sector or later. 255 asks for no sector.
    pub(super) fn set_sector(&mut self, data: &mut dyn Data) -> Outcome {
        let mut sector = [0; 1];
        if data.fetch(&mut sector) == 0 {
            return Err(Check::ShortCount);
        }
        let [sector] = sector;
        self.forget_index_points();
        if sector == 0xFF {
            self.chain.position = Position::Unknown;
            return Ok(ENDED);
        }
        if u32::from(sector) >= self.model.sectors {
            return Err(Check::InvalidArgument);
        }
        self.chain.position = Position::Sector(sector);
        let disk = self.mechanism;
        let distance = disk.distance(disk.place(self.now), self.model.sector_start(sector));
        Ok(Ending::channel_end(disk.pass(distance)))
    }

    /// Read sector: the sector of the record that was found or processed last.
    pub(super) fn read_sector(&mut self, data: &mut dyn Data) -> Outcome {
        let sector = match self.chain.position {
            Position::Count(n) | Position::Key(n) | Position::Data(n) => {
                let slot = self.data_track()?;
                let start = self.record(slot, n)?.start;
                self.model.sector_of(start)
            }
            Position::Sector(sector) => sector,
            Position::Unknown | Position::Index | Position::HomeAddress => 0,
        };
        Ok(self.give(data, &[sector]))
    }

    /// Sense, reserve and release. There is one path to the drive: a reservation keeps nobody else out.
    pub(super) fn give_sense(&mut self, data: &mut dyn Data) -> Ending {
        let sense = std::mem::take(&mut self.sense);
        self.chain.position = Position::Unknown;
        self.forget_index_points();
        self.give(data, &sense[..self.unit.sense_length()])
    }

    /// Read and reset buffered log: usage statistics, of which none are kept.
    pub(super) fn read_buffered_log(&mut self, data: &mut dyn Data) -> Ending {
        let log = sense::usage(self.model, self.place_of_arm());
        self.chain.position = Position::Unknown;
        self.give(data, &log)
    }

    /// Bytes that lie in no track.
    pub(super) fn give(&mut self, data: &mut dyn Data, bytes: &[u8]) -> Ending {
        data.store(bytes);
        ENDED
    }

    /// How long until the area that a command works on has passed under the head.
    pub(super) fn delay(&mut self, operation: Operation, multitrack: bool) -> u32 {
        use Operation as O;
        let disk = self.mechanism;
        let from = self.place();
        let to = match operation {
            O::SearchId(_) => self.place_after(Area::Count, 0, multitrack),
            O::ReadCount | O::SpaceCount => self.place_after(Area::Count, 1, multitrack),
            O::SearchKey(_) => self.place_after(Area::Key, 1, multitrack),
            O::Read(_) | O::ReadMultiple | O::UpdateKeyAndData | O::UpdateData | O::Write(_) => {
                self.place_after(Area::Data, 1, multitrack)
            }
            O::ReadIpl => {
                let arm = disk.seek(self.cylinder);
                return arm + disk.pass(disk.distance(from, 0));
            }
            O::SearchHomeAddress | O::ReadHomeAddress | O::ReadRecordZero => 0,
            O::WriteHomeAddress | O::WriteRecordZero => 0,
            _ => return 0,
        };
        disk.pass(disk.distance(from, to))
    }

    /// What place of the track is under the head.
    fn place(&mut self) -> u32 {
        match self.chain.position {
            Position::Unknown => self.mechanism.place(self.now),
            Position::Sector(sector) => self.model.sector_start(sector),
            Position::Index | Position::HomeAddress => 0,
            Position::Count(n) => self.place_of(n, Area::Count),
            Position::Key(n) => self.place_of(n, Area::Key),
            Position::Data(n) => self.place_of(n, Area::Data),
        }
    }

    /// Where an area of the next record ends, or of the record that is passing if the area is still to come; the first
    /// record that counts is this one. The index point if there is none: what happens then is found out when it happens.
    fn place_after(&mut self, area: Area, first: usize, multitrack: bool) -> u32 {
        let (position, model) = (self.chain.position, self.model);
        let Ok(slot) = self.data_track() else { return 0 };
        let Some(track) = self.track(slot) else { return 0 };
        let n = match (position, area) {
            (Position::Count(n), Area::Key | Area::Data) | (Position::Key(n), Area::Data) => n,
            _ => following(position, track, model).max(first),
        };
        // Behind the last record comes the index point, and then the first again, unless it is that of the next track.
        let n = if n < track.records.len() || multitrack { n } else { first };
        self.place_of(n, area)
    }

    /// Where an area of this record ends; the index point if there is no such record.
    fn place_of(&mut self, n: usize, area: Area) -> u32 {
        let Ok(slot) = self.data_track() else { return 0 };
        let Ok(record) = self.record(slot, n) else { return 0 };
        match area {
            Area::Count => record.start,
            Area::Key => record.start + u32::from(record.key),
            Area::Data => record.start + u32::from(record.key) + u32::from(record.data),
        }
    }
}
