//! The drives for packs of count, key and data tracks, each with its part of the control unit: 2311 (2841), 2314, 2305
//! (2835), 3330, 3340 and 3350 (3830), 3375 and 3380 (3880).
//!
//! The manuals are the component descriptions: A26-5988 (2841), GA26-3599 (2314), GA26-1592 (3830 and 3330), GA26-1619
//! (3340), GA26-1638 (3350), GA26-1661 (3880). Where they differ, [`operation::ControlUnit`] tells.
//!
//! A chain of commands sees the track through three things, kept in `Chain`: the *position* (which area has just passed
//! under the head), the number of *index points* passed, and what the commands before have *located*, without which no
//! write begins. What a chain writes is on the pack before the program is told of its end, or by a program-controlled
//! interruption of its progress.

mod motion;
mod operation;
mod read;
mod search;
mod sense;
mod timing;
mod track;
mod write;

#[cfg(test)]
pub(super) mod harness;
#[cfg(test)]
mod tests;

use s370_arch::channel::UnitStatus;
use thiserror::Error;

use self::{
    operation::{Area, ControlUnit, FileMask, Operation},
    sense::{Check, OverflowEnd, Place, Sense},
    timing::Mechanism,
    track::{Record, Track, Tracks},
};
use crate::{
    dasd::{CkdPack, geometry::Model},
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::MediaError,
};

/// What has passed under the head last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// Nothing known. Deviation: a command that takes the next record then takes the first one after the index point; a
    /// real drive takes the one that happens to come next.
    #[default]
    Unknown,
    /// The gap before this sector.
    Sector(u8),
    /// The index point.
    Index,
    /// The home address.
    HomeAddress,
    /// The count area of the record with this number on the track; R0 is 0.
    Count(usize),
    /// Its key area.
    Key(usize),
    /// Its data area.
    Data(usize),
}

/// What the commands before have located for a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Located {
    /// Nothing: no write.
    #[default]
    Nothing,
    /// The home address, searched for and found equal, or written: R0 may be written.
    HomeAddress,
    /// A record's identifier, searched for and found equal: it may be updated, and records formatted after it.
    Id(usize),
    /// A record's key, searched for and found equal: its data may be updated, and records formatted after it.
    Key(usize),
    /// A record: others may be formatted after it.
    Record(usize),
}

impl Located {
    /// What is still located when this command is executed.
    fn under(self, operation: Operation) -> Located {
        match (operation, self) {
            (Operation::Read(Area::Data), Located::Id(n) | Located::Key(n))
            | (Operation::Read(Area::Key), Located::Id(n)) => Located::Record(n),
            (Operation::ReadSector, located) => located,
            (write, located) if write.is_write() => located,
            _ => Located::Nothing,
        }
    }

    /// Whether this write may follow.
    fn permits(self, write: Operation) -> bool {
        match write {
            Operation::WriteHomeAddress => true,
            Operation::WriteRecordZero => self == Located::HomeAddress,
            Operation::Write(_) => self.record().is_some(),
            Operation::UpdateKeyAndData => matches!(self, Located::Id(_)),
            _ => matches!(self, Located::Id(_) | Located::Key(_)),
        }
    }

    /// The record.
    fn record(self) -> Option<usize> {
        match self {
            Located::Nothing | Located::HomeAddress => None,
            Located::Id(n) | Located::Key(n) | Located::Record(n) => Some(n),
        }
    }
}

/// What lasts for a chain of commands.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    position: Position,
    located: Located,
    /// Index points passed since home address or data were read or anything was written or controlled.
    index_points: u8,
    mask: FileMask,
    mask_is_set: bool,
    /// Why the pack refused a write when it was too late to tell.
    refused: Option<Check>,
}

/// A pack of another device type was to be mounted.
#[derive(Debug, Error)]
#[error("{pack}: a pack of a {is} does not fit into a {drive}")]
pub struct WrongPack {
    /// The pack's name.
    pub pack: String,
    /// The type of device that the pack is of.
    pub is: &'static str,
    /// The type of the drive.
    pub drive: &'static str,
}

/// A drive with its part of the control unit.
pub struct CkdDrive {
    /// The model that it was made as.
    made_as: &'static Model,
    /// The model that it is with the pack that is in it.
    model: &'static Model,
    unit: ControlUnit,
    mechanism: Mechanism,
    tracks: Option<Tracks>,
    /// Number of the drive at its control unit, for sense data.
    number: u8,
    cylinder: u32,
    head: u32,
    /// Where the track under the heads is kept, if it is.
    slot: Option<usize>,
    chain: Chain,
    accepted: Option<(Operation, bool)>,
    /// The time of the last command, in units of the TOD clock.
    now: u64,
    sense: Sense,
    unsolicited: UnitStatus,
    messages: Vec<String>,
}

/// Messages that are kept for the operator: a program may cause the same one without end.
const MESSAGES: usize = 16;

/// How a command ends, or why it does not.
type Outcome = Result<Ending, Check>;

/// Channel end and device end.
const ENDED: Ending = Ending::now(UnitStatus::ENDED);

impl CkdDrive {
    /// A drive with a pack, ready.
    #[must_use]
    pub fn new(pack: Box<dyn CkdPack>) -> CkdDrive {
        let mut drive = CkdDrive::empty(pack.model());
        drive.tracks = Some(Tracks::new(pack));
        drive
    }

    /// A drive without a pack: not ready.
    #[must_use]
    pub fn empty(model: &'static Model) -> CkdDrive {
        CkdDrive {
            made_as: model,
            model,
            unit: ControlUnit::of(model),
            mechanism: Mechanism::of(model),
            tracks: None,
            number: 0,
            cylinder: 0,
            head: 0,
            slot: None,
            chain: Chain::default(),
            accepted: None,
            now: 0,
            sense: [0; 24],
            unsolicited: UnitStatus::empty(),
            messages: Vec::new(),
        }
    }

    /// Tells the drive its number at the control unit, which sense data contains: the low-order bits of its address.
    pub fn set_number(&mut self, number: u8) {
        self.number = number;
    }

    /// The pack in the drive.
    #[must_use]
    pub fn pack(&self) -> Option<&dyn CkdPack> {
        self.tracks.as_ref().map(|tracks| &*tracks.pack)
    }

    /// Where the access mechanism and the heads are: cylinder and head.
    #[must_use]
    pub fn address(&self) -> (u32, u32) {
        (self.cylinder, self.head)
    }

    /// Puts another pack in, in place of the one that is there. The drive becomes ready and will say so. It is of the
    /// pack's model then; what the pack leaves open is decided by the drive.
    ///
    /// # Errors
    ///
    /// [`WrongPack`] if the pack is not of the drive's device type; nothing has changed then.
    pub fn mount(&mut self, mut pack: Box<dyn CkdPack>) -> Result<(), WrongPack> {
        pack.regard_as(self.made_as);
        let model = pack.model();
        if (model.device, model.heads) != (self.model.device, self.model.heads) {
            return Err(WrongPack { pack: pack.name().to_owned(), is: model.name, drive: self.model.name });
        }
        self.unmount();
        (self.model, self.mechanism) = (model, Mechanism::of(model));
        self.tracks = Some(Tracks::new(pack));
        self.unsolicited = UnitStatus::DEVICE_END;
        Ok(())
    }

    /// Takes the pack out. The drive is not ready then, and the arm is at cylinder 0.
    pub fn unmount(&mut self) -> Option<Box<dyn CkdPack>> {
        self.keep_writes();
        (self.cylinder, self.head, self.slot) = (0, 0, None);
        self.chain = Chain::default();
        self.unsolicited = UnitStatus::empty();
        self.tracks.take().map(|tracks| tracks.pack)
    }

    fn tracks(&mut self) -> Result<&mut Tracks, Check> {
        self.tracks.as_mut().ok_or(Check::NotReady)
    }

    fn say(&mut self, message: String) {
        if self.messages.len() < MESSAGES && !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }

    /// Tells the operator of trouble with the image, and makes it a check.
    fn trouble(&mut self, error: &MediaError) -> Check {
        self.slot = None;
        self.say(format!("cylinder {} head {}: {error}", self.cylinder, self.head));
        match error {
            MediaError::Host { .. } => Check::Equipment,
            MediaError::Damaged { .. } => Check::Data,
            MediaError::ReadOnly { .. } => Check::WriteInhibited,
        }
    }

    /// Has the track under the heads kept; says where.
    fn own_track(&mut self) -> Result<usize, Check> {
        if let Some(slot) = self.slot {
            return Ok(slot);
        }
        let slot = self.load(self.cylinder, self.head)?;
        self.slot = Some(slot);
        Ok(slot)
    }

    fn load(&mut self, cylinder: u32, head: u32) -> Result<usize, Check> {
        let number = cylinder * self.model.heads + head;
        self.tracks()?.load(number).map_err(|error| self.trouble(&error))
    }

    /// Has the track kept on which the data is: the one under the heads, or its alternate if it is defective.
    fn data_track(&mut self) -> Result<usize, Check> {
        let slot = self.own_track()?;
        let tracks = self.tracks()?;
        let track = tracks.at(slot);
        if !track.is_defective() {
            return Ok(slot);
        }
        let alternate = track.alternate();
        let cylinders = tracks.pack.cylinders();
        // The early control units leave it to the program to seek the alternate.
        if self.unit.is_early() || !self.chain.mask.permits_head_switching() {
            return Err(Check::TrackCondition);
        }
        match alternate {
            Some((cylinder, head)) if cylinder < cylinders && head < self.model.heads => self.load(cylinder, head),
            _ => Err(Check::TrackCondition),
        }
    }

    /// A track that is kept.
    fn track(&self, slot: usize) -> Option<&Track> {
        self.tracks.as_ref().map(|tracks| tracks.at(slot))
    }

    /// The record with this number on a track that is kept.
    fn record(&mut self, slot: usize, n: usize) -> Result<Record, Check> {
        self.tracks()?.at(slot).records.get(n).copied().ok_or(Check::NoRecordFound)
    }

    /// Selects the next head of the cylinder, at the index point.
    fn next_head(&mut self) -> Result<(), Check> {
        if !self.chain.mask.permits_head_switching() {
            return Err(Check::FileProtected);
        }
        if self.head + 1 >= self.model.heads {
            return Err(Check::EndOfCylinder);
        }
        self.select(self.cylinder, self.head + 1);
        self.chain.position = Position::Index;
        Ok(())
    }

    /// Moves the arm and selects a head. Orientation is lost.
    fn select(&mut self, cylinder: u32, head: u32) {
        if (cylinder, head) != (self.cylinder, self.head) {
            self.slot = None;
            (self.cylinder, self.head) = (cylinder, head);
        }
        (self.chain.position, self.chain.index_points) = (Position::Unknown, 0);
    }

    /// Waits for the index point; multitrack, for that of the next track.
    fn await_index(&mut self, multitrack: bool) -> Result<(), Check> {
        if multitrack {
            return self.next_head();
        }
        self.chain.index_points += 1;
        if self.chain.index_points > 1 {
            return Err(Check::NoRecordFound);
        }
        self.chain.position = Position::Index;
        Ok(())
    }

    /// Waits for the next count area and says whose it is: where its track is kept, and its number there. R0 is passed
    /// over unless it is asked for.
    fn next_record(&mut self, multitrack: bool, with_record_zero: bool) -> Result<(usize, usize), Check> {
        if self.chain.position == Position::Unknown {
            self.await_index(false)?;
        }
        loop {
            let slot = self.data_track()?;
            let model = self.model;
            let track = self.track(slot).ok_or(Check::NotReady)?;
            let n = following(self.chain.position, track, model).max(usize::from(!with_record_zero));
            if n < track.records.len() {
                self.chain.position = Position::Count(n);
                return Ok((slot, n));
            }
            if !track.intact {
                let (cylinder, head) = self.address();
                let name = self.pack().map(|pack| pack.name().to_owned()).unwrap_or_default();
                self.say(format!("{name}: cylinder {cylinder} head {head}: record {n} runs over the end of the track"));
                return Err(Check::InvalidTrack);
            }
            self.await_index(multitrack)?;
        }
    }

    /// Like [`CkdDrive::next_record`], but the record whose count area has just passed is taken as it is.
    fn this_or_next_record(&mut self, multitrack: bool) -> Result<(usize, usize), Check> {
        if let Position::Count(n) = self.chain.position {
            return Ok((self.data_track()?, n));
        }
        self.next_record(multitrack, false)
    }

    /// Home address or data was read, something was written or controlled: index points are counted anew.
    fn forget_index_points(&mut self) {
        self.chain.index_points = 0;
    }

    /// Where an overflow record goes on: its first segment's data has passed, and the next is that of the first record
    /// of the next track.
    fn next_segment(&mut self, restart: u8) -> Result<(usize, usize), Check> {
        self.next_head().map_err(|check| match check {
            Check::EndOfCylinder => Check::Overflow(OverflowEnd::Cylinder, restart),
            _ => Check::Overflow(OverflowEnd::Mask, restart),
        })?;
        self.next_record(false, false)
    }

    /// What makes a command impossible from the outset.
    fn refusal(&self, operation: Operation, chained: bool) -> Option<Check> {
        let tracks = match &self.tracks {
            None => return (operation != Operation::Sense).then_some(Check::NotReady),
            Some(tracks) => tracks,
        };
        if operation.is_write() {
            if !self.chain.mask.permits_write(operation) {
                return Some(Check::WriteNotPermitted);
            }
            if tracks.pack.is_read_only() {
                return Some(Check::WriteInhibited);
            }
            return (!self.chain.located.permits(operation)).then_some(Check::InvalidSequence);
        }
        match operation {
            Operation::Seek | Operation::SeekCylinder | Operation::SeekHead | Operation::Recalibrate => {
                (!self.chain.mask.permits_seek(operation)).then_some(Check::FileProtected)
            }
            Operation::SetFileMask | Operation::ReadIpl => self.chain.mask_is_set.then_some(Check::InvalidSequence),
            Operation::Reserve | Operation::Release | Operation::UnconditionalReserve => {
                chained.then_some(Check::InvalidSequence)
            }
            _ => None,
        }
    }

    /// Unit check at the initial selection.
    fn refuse(&mut self, check: Check) -> Initial {
        self.set_sense(check);
        Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK))
    }

    fn set_sense(&mut self, check: Check) {
        self.sense = sense::sense_bytes(check, self.model, self.place_of_arm());
        self.chain.located = Located::Nothing;
        self.chain.position = Position::Unknown;
    }

    fn place_of_arm(&self) -> Place {
        Place { drive: self.number, cylinder: self.cylinder, head: self.head }
    }

    fn execute(&mut self, operation: Operation, multitrack: bool, data: &mut dyn Data) -> Outcome {
        use Operation as O;
        self.chain.located = self.chain.located.under(operation);
        match operation {
            O::Nothing | O::Restore => Ok(self.no_operation()),
            O::Recalibrate => Ok(self.recalibrate()),
            O::Seek | O::SeekCylinder | O::SeekHead => self.seek(operation, data),
            O::SetFileMask => self.set_file_mask(data),
            O::SpaceCount => self.space_count(data),
            O::SetSector => self.set_sector(data),
            O::ReadSector => self.read_sector(data),
            O::SearchHomeAddress => self.search_home_address(multitrack, data),
            O::SearchId(relation) => self.search_id(relation, multitrack, data),
            O::SearchKey(relation) => self.search_key(relation, multitrack, data),
            O::ReadHomeAddress => self.read_home_address(multitrack, data),
            O::ReadRecordZero => self.read_record_zero(multitrack, data),
            O::ReadCount => self.read_count(multitrack, data),
            O::Read(area) => self.read_record(area, multitrack, data),
            O::ReadMultiple => self.read_multiple(data),
            O::ReadIpl => self.read_ipl(data),
            O::WriteHomeAddress => self.write_home_address(data),
            O::WriteRecordZero => self.write_record_zero(data),
            O::Write(format) => self.write_record(format, data),
            O::UpdateKeyAndData => self.update(true, data),
            O::UpdateData => self.update(false, data),
            O::Sense | O::Reserve | O::UnconditionalReserve | O::Release => Ok(self.give_sense(data)),
            O::ReadBufferedLog => Ok(self.read_buffered_log(data)),
            O::SenseId => Ok(self.give(data, &sense::sense_id(self.model))),
            O::ReadDeviceCharacteristics => Ok(self.give(data, &sense::device_characteristics(self.model))),
        }
    }
}

/// The number of the record whose count area comes next on a track.
fn following(position: Position, track: &Track, model: &Model) -> usize {
    match position {
        Position::Unknown | Position::Index | Position::HomeAddress => 0,
        Position::Sector(sector) => track.first_at(sector, model),
        Position::Count(n) | Position::Key(n) | Position::Data(n) => n + 1,
    }
}

impl Device for CkdDrive {
    fn kind(&self) -> &'static str {
        self.model.name
    }

    fn start(&mut self, command: Command) -> Initial {
        if !command.chained {
            self.chain = Chain::default();
            if self.tracks.as_mut().is_some_and(Tracks::refresh) {
                self.slot = None;
            }
        }
        let Some((operation, multitrack)) = Operation::of(command.code, self.unit) else {
            return self.refuse(if self.tracks.is_some() { Check::InvalidCommand } else { Check::NotReady });
        };
        if let Some(check) = self.refusal(operation, command.chained) {
            return self.refuse(check);
        }
        if !operation.keeps_sense() {
            self.sense = [0; 24];
        }
        self.now = command.now;
        match operation {
            Operation::Nothing | Operation::Restore => Initial::Ended(self.no_operation()),
            Operation::Recalibrate => Initial::Ended(self.recalibrate()),
            _ => {
                self.accepted = Some((operation, multitrack));
                Initial::Accepted(Delay::Microseconds(self.delay(operation, multitrack)))
            }
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, now: u64) -> Progress {
        let Some((operation, multitrack)) = self.accepted.take() else { return Progress::Ended(ENDED) };
        self.now = now;
        Progress::Ended(match self.execute(operation, multitrack, data) {
            Ok(ending) => ending,
            Err(check) => {
                self.set_sense(check);
                Ending::now(UnitStatus::FAILED)
            }
        })
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.unsolicited)
    }

    fn end_of_chain(&mut self) -> UnitStatus {
        self.keep_writes();
        let refused = self.chain.refused;
        self.chain = Chain::default();
        match refused {
            None => UnitStatus::empty(),
            Some(check) => {
                self.set_sense(check);
                UnitStatus::UNIT_CHECK
            }
        }
    }

    fn keep_writes(&mut self) {
        if let Some(Err(error)) = self.tracks.as_mut().map(Tracks::flush) {
            self.chain.refused = Some(self.trouble(&error));
        }
    }

    fn halt(&mut self) -> Ending {
        self.accepted = None;
        ENDED
    }

    fn reset(&mut self) {
        self.accepted = None;
        self.end_of_chain();
        self.sense = [0; 24];
        self.unsolicited = UnitStatus::empty();
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }
}
