//! Drives of fixed blocks: 3310 and 3370.
//!
//! A channel program defines an extent, locates a run of blocks in it, and reads or writes them. What it defined and
//! located is gone at its end.

use s370_arch::channel::UnitStatus;

use super::BlockPack;
use crate::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::MediaError,
};

/// Bytes of a block.
pub const BLOCK: usize = 512;
/// Blocks that are moved at a time.
const AT_ONCE: u32 = 128;
/// Bytes of sense data.
const SENSE: usize = 24;
/// Microseconds of a command that moves no arm.
const SHORT: u32 = 100;

/// A model of drive.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// As operators write it.
    pub name: &'static str,
    /// Device type.
    pub device: u16,
    /// Type of its control unit.
    control_unit: u16,
    /// Model number in the sense ID.
    model: u8,
    /// Type in the device characteristics.
    unit: u8,
    /// Blocks.
    pub blocks: u32,
    /// Blocks that pass in a turn.
    pub cyclical: u16,
    /// Blocks that are reached without moving the arm.
    pub access: u16,
    /// Microseconds of a turn.
    turn: u32,
    /// Microseconds of the shortest and of the longest motion of the arm.
    seek: (u32, u32),
}

/// The models that there are.
pub const MODELS: &[Model] = &[
    Model {
        name: "3310",
        device: 0x3310,
        control_unit: 0x4331,
        model: 0x01,
        unit: 0x01,
        blocks: 125_664,
        cyclical: 32,
        access: 352,
        turn: 19_100,
        seek: (9_000, 46_000),
    },
    Model {
        name: "3370-1",
        device: 0x3370,
        control_unit: 0x3880,
        model: 0x00,
        unit: 0x02,
        blocks: 558_000,
        cyclical: 62,
        access: 744,
        turn: 20_200,
        seek: (5_000, 40_000),
    },
    Model {
        name: "3370-2",
        device: 0x3370,
        control_unit: 0x3880,
        model: 0x04,
        unit: 0x05,
        blocks: 712_752,
        cyclical: 62,
        access: 744,
        turn: 20_200,
        seek: (5_000, 40_000),
    },
];

impl Model {
    /// The model of this name; a name without its model number is the smallest of the type.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Model> {
        let is_type = |model: &&Model| model.name.split_once('-').is_some_and(|(device, _)| device == name);
        MODELS.iter().find(|model| model.name == name).or_else(|| MODELS.iter().find(is_type))
    }

    /// Microseconds until this block passes after that one.
    fn access_time(&self, from: u32, to: u32) -> u32 {
        let (from, to) = (from / u32::from(self.access), to / u32::from(self.access));
        let positions = self.blocks / u32::from(self.access);
        let (shortest, longest) = self.seek;
        let arm = match from.abs_diff(to) {
            0 => 0,
            distance => shortest + (u64::from(longest - shortest) * u64::from(distance) / u64::from(positions)) as u32,
        };
        arm + self.turn / 2
    }
}

/// What may be done, from the mask of a define extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mask {
    NoFormatting,
    NoWriting,
    All,
}

/// What a define extent said.
#[derive(Clone, Copy, Debug)]
struct Extent {
    mask: Mask,
    /// Block of the drive where the extent begins.
    physical: u32,
    /// Its first and last block, as the program numbers them.
    first: u32,
    last: u32,
}

/// What a locate asks to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Write,
    Read,
    /// Nothing: the defective block is found to be none.
    Format,
}

/// Blocks of the drive.
#[derive(Clone, Copy, Debug)]
struct Located {
    purpose: Purpose,
    first: u32,
    count: u32,
}

/// The command that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    None,
    ReadInitial,
    DefineExtent,
    Locate,
    Read,
    Write,
    Sense,
    SenseId,
    ReadCharacteristics,
    ReadLog,
    Reserve(bool),
}

/// Sense byte 0, and with it byte 1.
const COMMAND_REJECT: [u8; 2] = [0x80, 0x00];
const WRITE_INHIBITED: [u8; 2] = [0x80, 0x02];
const INTERVENTION_REQUIRED: [u8; 2] = [0x40, 0x00];
const EQUIPMENT_CHECK: [u8; 2] = [0x10, 0x00];
const DATA_CHECK: [u8; 2] = [0x08, 0x00];

/// A drive.
pub struct FixedBlockDrive {
    model: &'static Model,
    pack: Option<Box<dyn BlockPack>>,
    extent: Option<Extent>,
    /// Set by a locate, for the next command only.
    located: Option<Located>,
    /// Where the arm is.
    arm: u32,
    /// The operation before, if it was of the same chain.
    previous: Operation,
    operation: Operation,
    is_reserved: bool,
    fault: [u8; 2],
    unsolicited: UnitStatus,
    messages: Vec<String>,
}

impl FixedBlockDrive {
    /// A drive without a pack: not ready.
    #[must_use]
    pub fn new(model: &'static Model) -> FixedBlockDrive {
        FixedBlockDrive {
            model,
            pack: None,
            extent: None,
            located: None,
            arm: 0,
            previous: Operation::None,
            operation: Operation::None,
            is_reserved: false,
            fault: [0; 2],
            unsolicited: UnitStatus::empty(),
            messages: Vec::new(),
        }
    }

    /// The operator mounts a pack; returns the one that was there.
    pub fn mount(&mut self, pack: Box<dyn BlockPack>) -> Option<Box<dyn BlockPack>> {
        let before = self.unmount();
        self.pack = Some(pack);
        self.unsolicited = UnitStatus::DEVICE_END;
        before
    }

    /// The operator takes the pack out.
    pub fn unmount(&mut self) -> Option<Box<dyn BlockPack>> {
        self.unsolicited = UnitStatus::empty();
        self.pack.take()
    }

    /// The pack in it.
    #[must_use]
    pub fn pack(&self) -> Option<&dyn BlockPack> {
        self.pack.as_deref()
    }

    /// Whether a channel has reserved it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.is_reserved
    }

    /// Blocks that can be used: a pack may be shorter or longer than the model.
    fn blocks(&self) -> u32 {
        self.pack.as_ref().map_or(0, |pack| pack.blocks())
    }

    fn fail(&mut self, fault: [u8; 2]) -> Ending {
        self.fault = fault;
        Ending::now(UnitStatus::FAILED)
    }

    /// Whether a command may come now.
    fn is_in_place(&self, operation: Operation, is_first: bool) -> bool {
        let purpose = self.located.map(|located| located.purpose);
        match operation {
            Operation::None => false,
            Operation::ReadInitial => is_first || self.previous == Operation::ReadInitial,
            Operation::DefineExtent => self.extent.is_none(),
            Operation::Locate => self.extent.is_some(),
            Operation::Read => purpose == Some(Purpose::Read),
            Operation::Write => purpose == Some(Purpose::Write),
            Operation::Reserve(_) => self.extent.is_none(),
            Operation::Sense | Operation::SenseId | Operation::ReadCharacteristics | Operation::ReadLog => true,
        }
    }

    fn define_extent(&mut self, data: &mut dyn Data) -> Ending {
        let mut bytes = [0; 16];
        if data.fetch(&mut bytes) < bytes.len() {
            return self.fail(COMMAND_REJECT);
        }
        let mask = match bytes[0] & 0xC0 {
            0x00 => Mask::NoFormatting,
            0x40 => Mask::NoWriting,
            0xC0 => Mask::All,
            _ => return self.fail(COMMAND_REJECT),
        };
        let (physical, first, last) = (word(&bytes, 4), word(&bytes, 8), word(&bytes, 12));
        let is_inside =
            last.checked_sub(first).is_some_and(|more| u64::from(physical) + u64::from(more) < self.blocks().into());
        // The diagnostic bit asks for no protection that we have; the others are reserved.
        if bytes[0] & 0x3B != 0 || !is_inside {
            return self.fail(COMMAND_REJECT);
        }
        self.extent = Some(Extent { mask, physical, first, last });
        Ending::now(UnitStatus::ENDED)
    }

    fn locate(&mut self, data: &mut dyn Data) -> Ending {
        let mut bytes = [0; 8];
        let Some(extent) = self.extent.filter(|_| data.fetch(&mut bytes) == bytes.len()) else {
            return self.fail(COMMAND_REJECT);
        };
        let (replications, count) = (u32::from(bytes[1]), u32::from(u16::from_be_bytes([bytes[2], bytes[3]])));
        let from = word(&bytes, 4);
        let purpose = match bytes[0] {
            0x01 | 0x05 => Purpose::Write,
            0x06 => Purpose::Read,
            0x02 if count > 0 && replications > 0 && replications.is_multiple_of(count) => Purpose::Read,
            0x04 => Purpose::Format,
            _ => return self.fail(COMMAND_REJECT),
        };
        let is_inside =
            count > 0 && from >= extent.first && u64::from(from) + u64::from(count) <= u64::from(extent.last) + 1;
        let is_allowed = match (purpose, extent.mask) {
            (Purpose::Read, _) | (_, Mask::All) | (Purpose::Write, Mask::NoFormatting) => true,
            (Purpose::Write | Purpose::Format, Mask::NoWriting) | (Purpose::Format, Mask::NoFormatting) => false,
        };
        if !is_inside || !is_allowed {
            return self.fail(COMMAND_REJECT);
        }
        if purpose != Purpose::Read && self.pack.as_ref().is_some_and(|pack| pack.is_read_only()) {
            return self.fail(WRITE_INHIBITED);
        }
        let first = extent.physical + (from - extent.first);
        let time = self.model.access_time(self.arm, first);
        self.arm = first;
        self.located = Some(Located { purpose, first, count });
        Ending::channel_end(time)
    }

    /// Reads blocks of the drive until the channel has enough.
    fn read(&mut self, first: u32, count: u32, data: &mut dyn Data) -> Ending {
        let mut buffer = vec![0; AT_ONCE.min(count) as usize * BLOCK];
        let mut done = 0;
        while done < count {
            let blocks = (count - done).min(AT_ONCE);
            let wanted = &mut buffer[..blocks as usize * BLOCK];
            let Some(pack) = &mut self.pack else { return self.fail(INTERVENTION_REQUIRED) };
            if let Err(error) = pack.read_blocks(first + done, wanted) {
                return self.media_fault(&error);
            }
            if data.store(wanted) < wanted.len() {
                break;
            }
            done += blocks;
        }
        self.arm = first + done.min(count - 1);
        Ending::now(UnitStatus::ENDED)
    }

    /// Writes all blocks that were located, zeros where the channel has nothing more.
    fn write(&mut self, first: u32, count: u32, data: &mut dyn Data) -> Ending {
        let mut buffer = vec![0; AT_ONCE.min(count) as usize * BLOCK];
        let mut done = 0;
        while done < count {
            let blocks = (count - done).min(AT_ONCE);
            let bytes = &mut buffer[..blocks as usize * BLOCK];
            let fetched = data.fetch(bytes);
            bytes[fetched..].fill(0);
            let Some(pack) = &mut self.pack else { return self.fail(INTERVENTION_REQUIRED) };
            if let Err(error) = pack.write_blocks(first + done, bytes) {
                return self.media_fault(&error);
            }
            done += blocks;
        }
        self.arm = first + count - 1;
        Ending::now(UnitStatus::ENDED)
    }

    fn media_fault(&mut self, error: &MediaError) -> Ending {
        self.messages.push(error.to_string());
        self.fail(match error {
            MediaError::Damaged { .. } => DATA_CHECK,
            MediaError::ReadOnly { .. } => WRITE_INHIBITED,
            MediaError::Host { .. } => EQUIPMENT_CHECK,
        })
    }

    fn read_initial(&mut self, data: &mut dyn Data) -> Ending {
        let Some(last) = self.blocks().checked_sub(1) else { return self.fail(COMMAND_REJECT) };
        self.extent = Some(Extent { mask: Mask::NoFormatting, physical: 0, first: 0, last });
        self.read(0, 1, data)
    }

    fn sense_id(&self) -> [u8; 7] {
        let [c0, c1] = self.model.control_unit.to_be_bytes();
        let [d0, d1] = self.model.device.to_be_bytes();
        [0xFF, c0, c1, 0x01, d0, d1, self.model.model]
    }

    fn characteristics(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // Operation modes, features, class of direct-access storage with fixed blocks, type.
        bytes[..4].copy_from_slice(&[0x30, 0x08, 0x21, self.model.unit]);
        bytes[4..6].copy_from_slice(&(BLOCK as u16).to_be_bytes());
        bytes[6..10].copy_from_slice(&u32::from(self.model.cyclical).to_be_bytes());
        bytes[10..14].copy_from_slice(&u32::from(self.model.access).to_be_bytes());
        bytes[14..18].copy_from_slice(&self.blocks().to_be_bytes());
        bytes
    }

    fn store_sense(&mut self, data: &mut dyn Data) -> Ending {
        let mut sense = [0; SENSE];
        sense[..2].copy_from_slice(&self.fault);
        data.store(&sense);
        self.fault = [0; 2];
        Ending::now(UnitStatus::ENDED)
    }

    fn forget_chain(&mut self) {
        self.extent = None;
        self.located = None;
        self.previous = Operation::None;
    }

    /// Microseconds before the data moves.
    fn latency(&self, operation: Operation) -> u32 {
        if operation == Operation::ReadInitial { self.model.access_time(self.arm, 0) } else { SHORT }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

impl Operation {
    /// The operation of a command code; a no-operation and what is no command are none.
    fn of(code: u8) -> Operation {
        match code {
            0x02 => Operation::ReadInitial,
            0x04 => Operation::Sense,
            0x14 | 0xB4 => Operation::Reserve(true),
            0x41 => Operation::Write,
            0x42 => Operation::Read,
            0x43 => Operation::Locate,
            0x63 => Operation::DefineExtent,
            0x64 => Operation::ReadCharacteristics,
            0x94 => Operation::Reserve(false),
            0xA4 => Operation::ReadLog,
            0xE4 => Operation::SenseId,
            _ => Operation::None,
        }
    }
}

const NO_OPERATION: u8 = 0x03;
/// Reserves the drive even from another channel; begins a chain.
const UNCONDITIONAL_RESERVE: u8 = 0x14;

impl Device for FixedBlockDrive {
    fn kind(&self) -> &'static str {
        self.model.name
    }

    fn start(&mut self, command: Command) -> Initial {
        if !command.chained {
            self.forget_chain();
        }
        let operation = Operation::of(command.code);
        let keeps_sense = matches!(operation, Operation::Sense | Operation::Reserve(_)) || command.code == NO_OPERATION;
        if !keeps_sense {
            self.fault = [0; 2];
        }
        let needs_pack = !matches!(operation, Operation::Sense | Operation::SenseId | Operation::Reserve(_));
        if self.pack.is_none() && needs_pack {
            self.fault = INTERVENTION_REQUIRED;
            return Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK));
        }
        if command.code == NO_OPERATION {
            self.located = None;
            return Initial::Ended(Ending::now(UnitStatus::ENDED));
        }
        let is_late = command.code == UNCONDITIONAL_RESERVE && command.chained;
        if is_late || !self.is_in_place(operation, !command.chained) {
            self.located = None;
            return Initial::Ended(self.fail(COMMAND_REJECT));
        }
        if !matches!(operation, Operation::Read | Operation::Write) {
            self.located = None;
        }
        self.operation = operation;
        Initial::Accepted(Delay::Microseconds(self.latency(operation)))
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        let operation = std::mem::replace(&mut self.operation, Operation::None);
        self.previous = operation;
        let ending = match (operation, self.located.take()) {
            (Operation::Read, Some(Located { first, count, .. })) => self.read(first, count, data),
            (Operation::Write, Some(Located { first, count, .. })) => self.write(first, count, data),
            (Operation::None | Operation::Read | Operation::Write, _) => Ending::now(UnitStatus::ENDED),
            (Operation::ReadInitial, _) => self.read_initial(data),
            (Operation::DefineExtent, _) => self.define_extent(data),
            (Operation::Locate, _) => self.locate(data),
            (Operation::Sense, _) => self.store_sense(data),
            (Operation::SenseId, _) => {
                data.store(&self.sense_id());
                Ending::now(UnitStatus::ENDED)
            }
            (Operation::ReadCharacteristics, _) => {
                data.store(&self.characteristics());
                Ending::now(UnitStatus::ENDED)
            }
            // No errors are counted here.
            (Operation::ReadLog, _) => {
                data.store(&[0; SENSE]);
                Ending::now(UnitStatus::ENDED)
            }
            (Operation::Reserve(is_reserved), _) => {
                self.is_reserved = is_reserved;
                self.store_sense(data)
            }
        };
        Progress::Ended(ending)
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.unsolicited)
    }

    fn end_of_chain(&mut self) {
        self.forget_chain();
    }

    fn halt(&mut self) -> Ending {
        self.operation = Operation::None;
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        self.forget_chain();
        self.operation = Operation::None;
        self.is_reserved = false;
        self.fault = [0; 2];
        self.unsolicited = UnitStatus::empty();
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::{Area, chained, command, run};

    const ENDED: UnitStatus = UnitStatus::ENDED;
    const FAILED: UnitStatus = UnitStatus::FAILED;

    /// A pack in storage; block 13 cannot be read, block 14 not be written.
    struct Pack {
        bytes: Vec<u8>,
        read_only: bool,
    }

    impl BlockPack for Pack {
        fn blocks(&self) -> u32 {
            (self.bytes.len() / BLOCK) as u32
        }

        fn name(&self) -> &str {
            "pack"
        }

        fn read_blocks(&mut self, first: u32, into: &mut [u8]) -> Result<(), MediaError> {
            if (first..first + (into.len() / BLOCK) as u32).contains(&13) {
                let (file, what) = ("pack".to_owned(), "no block".to_owned());
                return Err(MediaError::Damaged { file, offset: 13 * 512, what });
            }
            let at = first as usize * BLOCK;
            into.copy_from_slice(&self.bytes[at..at + into.len()]);
            Ok(())
        }

        fn write_blocks(&mut self, first: u32, from: &[u8]) -> Result<(), MediaError> {
            if first == 14 {
                let (file, source) = ("pack".to_owned(), std::io::ErrorKind::StorageFull.into());
                return Err(MediaError::Host { file, offset: 14 * 512, source });
            }
            let at = first as usize * BLOCK;
            self.bytes[at..at + from.len()].copy_from_slice(from);
            Ok(())
        }

        fn is_read_only(&self) -> bool {
            self.read_only
        }
    }

    fn drive() -> FixedBlockDrive {
        let mut drive = FixedBlockDrive::new(Model::named("3370").unwrap());
        let bytes = (0..400u32).flat_map(|block| [block as u8; BLOCK]).collect();
        assert!(drive.mount(Box::new(Pack { bytes, read_only: false })).is_none());
        assert_eq!(drive.take_unsolicited(), UnitStatus::DEVICE_END);
        drive
    }

    fn extent(mask: u8, physical: u32, first: u32, last: u32) -> Area {
        let mut bytes = vec![mask, 0, 0, 0];
        bytes.extend([physical, first, last].into_iter().flat_map(u32::to_be_bytes));
        Area::of(&bytes)
    }

    fn location(operation: u8, replications: u8, count: u16, first: u32) -> Area {
        let mut bytes = vec![operation, replications];
        bytes.extend(count.to_be_bytes());
        bytes.extend(first.to_be_bytes());
        Area::of(&bytes)
    }

    fn define(drive: &mut FixedBlockDrive, mut area: Area) -> UnitStatus {
        run(drive, command(0x63), &mut area).status
    }

    fn locate(drive: &mut FixedBlockDrive, mut area: Area) -> UnitStatus {
        let outcome = run(drive, chained(0x43), &mut area);
        match outcome.later {
            Some(later) => outcome.status | later,
            None => outcome.status,
        }
    }

    fn sense(drive: &mut FixedBlockDrive) -> [u8; 2] {
        let mut area = Area::empty(30);
        assert_eq!(run(drive, command(0x04), &mut area).status, ENDED);
        assert_eq!(area.moved, 24);
        area.read()[..2].try_into().unwrap()
    }

    /// After a locate, reads or writes.
    fn move_data(drive: &mut FixedBlockDrive, code: u8, area: &mut Area) -> UnitStatus {
        run(drive, chained(code), area).status
    }

    #[test]
    fn located_blocks_are_read() {
        let mut drive = drive();
        // The extent is blocks 100 to 199 of the drive, and the program calls them 1000 to 1099.
        assert_eq!(define(&mut drive, extent(0x40, 100, 1000, 1099)), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 3, 1010)), ENDED);
        let mut area = Area::empty(3 * BLOCK);
        assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
        assert_eq!((area.moved, area.is_long), (3 * BLOCK, false));
        assert_eq!((area.bytes[0], area.bytes[BLOCK], area.bytes[3 * BLOCK - 1]), (110, 111, 112));
        // The locate is used up.
        assert_eq!(move_data(&mut drive, 0x42, &mut Area::empty(BLOCK)), FAILED);
        assert_eq!(sense(&mut drive), COMMAND_REJECT);
        // As many as there are: all of a long run, in pieces.
        assert_eq!(define(&mut drive, extent(0x00, 20, 0, 379)), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 380, 0)), ENDED);
        let mut area = Area::empty(400 * BLOCK);
        assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
        assert_eq!((area.moved, area.bytes[379 * BLOCK]), (380 * BLOCK, (399 % 256) as u8));
        // Less room than blocks: the channel finds an incorrect length.
        assert_eq!(locate(&mut drive, location(0x02, 6, 3, 5)), ENDED);
        let mut area = Area::empty(BLOCK + 1);
        assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
        assert!(area.is_long && area.bytes[BLOCK] == 26);
    }

    #[test]
    fn located_blocks_are_written_and_padded() {
        let mut drive = drive();
        assert_eq!(define(&mut drive, extent(0x00, 0, 0, 399)), ENDED);
        assert_eq!(locate(&mut drive, location(0x01, 0, 3, 50)), ENDED);
        let mut area = Area::of(&[0xAB; BLOCK + 10]);
        assert_eq!(move_data(&mut drive, 0x41, &mut area), ENDED);
        assert_eq!(locate(&mut drive, location(0x05, 0, 200, 100)), ENDED);
        assert_eq!(move_data(&mut drive, 0x41, &mut Area::of(&[0xCD; 200 * BLOCK])), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 399 - 49, 49)), ENDED);
        let mut area = Area::empty(350 * BLOCK);
        assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
        let block = |number: usize| &area.bytes[(number - 49) * BLOCK..(number - 48) * BLOCK];
        assert_eq!((block(49)[511], block(50)[0], block(51)[9], block(51)[10]), (49, 0xAB, 0xAB, 0));
        assert_eq!((block(52)[511], block(53)[0]), (0, 53));
        assert_eq!((block(99)[0], block(100)[0], block(299)[511], block(300)[0]), (99, 0xCD, 0xCD, 44));
    }

    #[test]
    fn extents_are_checked() {
        let mut drive = drive();
        for wrong in [
            extent(0x80, 0, 0, 9),
            extent(0x20, 0, 0, 9),
            extent(0x00, 0, 10, 9),
            extent(0x00, 1, 0, 399),
            extent(0x00, 400, 7, 7),
            extent(0x00, u32::MAX, 0, u32::MAX),
            Area::of(&[0; 15]),
        ] {
            assert_eq!(define(&mut drive, wrong.clone()), FAILED, "{wrong:?}");
            assert_eq!(sense(&mut drive), COMMAND_REJECT);
        }
        assert_eq!(define(&mut drive, extent(0x04, 0, u32::MAX - 399, u32::MAX)), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 400, u32::MAX - 399)), ENDED);
        // One in a chain.
        assert_eq!(run(&mut drive, chained(0x63), &mut extent(0x00, 0, 0, 9)).status, FAILED);
        // Gone with the chain.
        drive.end_of_chain();
        assert_eq!(locate(&mut drive, location(0x06, 0, 1, 0)), FAILED);
    }

    #[test]
    fn locations_are_checked() {
        let mut drive = drive();
        for wrong in [
            location(0x06, 0, 0, 1000),
            location(0x06, 0, 1, 999),
            location(0x06, 0, 1, 1100),
            location(0x06, 0, 2, 1099),
            location(0x06, 0, 0xFFFF, u32::MAX),
            location(0x03, 0, 1, 1000),
            location(0x26, 0, 1, 1000),
            location(0x02, 0, 2, 1000),
            location(0x02, 3, 2, 1000),
            Area::of(&[6, 0, 0, 1, 0, 0, 3]),
        ] {
            assert_eq!(define(&mut drive, extent(0xC0, 100, 1000, 1099)), ENDED);
            assert_eq!(locate(&mut drive, wrong.clone()), FAILED, "{wrong:?}");
            assert_eq!(sense(&mut drive), COMMAND_REJECT);
        }
    }

    #[test]
    fn masks_inhibit() {
        let mut drive = drive();
        for (mask, write, format) in [(0x00, ENDED, FAILED), (0x40, FAILED, FAILED), (0xC0, ENDED, ENDED)] {
            for (operation, expected) in [(0x01, write), (0x05, write), (0x04, format), (0x06, ENDED)] {
                assert_eq!(define(&mut drive, extent(mask, 0, 0, 9)), ENDED);
                assert_eq!(locate(&mut drive, location(operation, 0, 1, 0)), expected, "{mask:02X} {operation:02X}");
            }
        }
        // What was located for reading is not written, and the other way round.
        for (operation, code) in [(0x06, 0x41), (0x01, 0x42), (0x04, 0x41), (0x04, 0x42)] {
            assert_eq!(define(&mut drive, extent(0xC0, 0, 0, 9)), ENDED);
            assert_eq!(locate(&mut drive, location(operation, 0, 1, 0)), ENDED);
            assert_eq!(move_data(&mut drive, code, &mut Area::empty(BLOCK)), FAILED);
        }
        drive.mount(Box::new(Pack { bytes: vec![0; 10 * BLOCK], read_only: true }));
        assert_eq!(define(&mut drive, extent(0xC0, 0, 0, 9)), ENDED);
        assert_eq!(locate(&mut drive, location(0x01, 0, 1, 0)), FAILED);
        assert_eq!(sense(&mut drive), WRITE_INHIBITED);
    }

    #[test]
    fn initial_program_loading_reads_block_0() {
        let mut drive = drive();
        let mut area = Area::empty(24);
        assert_eq!(run(&mut drive, command(0x02), &mut area).status, ENDED);
        assert_eq!((area.moved, area.bytes[23]), (24, 0));
        assert_eq!(run(&mut drive, chained(0x02), &mut Area::empty(BLOCK)).status, ENDED);
        // It stands for a define extent of the whole drive.
        assert_eq!(locate(&mut drive, location(0x06, 0, 1, 399)), ENDED);
        let mut area = Area::empty(BLOCK);
        assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
        assert_eq!(area.bytes[0], (399 % 256) as u8);
        assert_eq!(run(&mut drive, chained(0x02), &mut Area::empty(BLOCK)).status, FAILED);
    }

    #[test]
    fn the_drive_tells_what_it_is() {
        let mut drive = drive();
        let mut area = Area::empty(7);
        assert_eq!(run(&mut drive, command(0xE4), &mut area).status, ENDED);
        assert_eq!(area.read(), [0xFF, 0x38, 0x80, 0x01, 0x33, 0x70, 0x00]);
        let mut area = Area::empty(40);
        assert_eq!(run(&mut drive, command(0x64), &mut area).status, ENDED);
        assert_eq!(
            area.read(),
            [
                0x30, 0x08, 0x21, 0x02, 2, 0, 0, 0, 0, 62, 0, 0, 2, 232, 0, 0, 1, 144, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0
            ]
        );
        let mut area = Area::empty(24);
        assert_eq!(run(&mut drive, command(0xA4), &mut area).status, ENDED);
        assert_eq!(area.read(), [0; 24]);
        assert_eq!(Model::named("3370-2").map(|model| model.blocks), Some(712_752));
        assert_eq!(Model::named("3310").map(|model| model.device), Some(0x3310));
        assert_eq!(Model::named("3330"), None);
    }

    #[test]
    fn reservations_come_before_the_extent() {
        let mut drive = drive();
        for (code, expected) in [(0xB4, true), (0x94, false), (0x14, true), (0x94, false)] {
            let mut area = Area::empty(24);
            assert_eq!((run(&mut drive, command(code), &mut area).status, area.moved), (ENDED, 24));
            assert_eq!(drive.is_reserved(), expected);
        }
        assert_eq!(run(&mut drive, chained(0x14), &mut Area::empty(24)).status, FAILED);
        assert_eq!(define(&mut drive, extent(0, 0, 0, 9)), ENDED);
        for code in [0xB4, 0x94, 0x14] {
            assert_eq!(run(&mut drive, chained(code), &mut Area::empty(24)).status, FAILED, "{code:02X}");
        }
        assert!(!drive.is_reserved());
        assert_eq!(run(&mut drive, command(0xB4), &mut Area::empty(24)).status, ENDED);
        drive.reset();
        assert!(!drive.is_reserved());
    }

    #[test]
    fn trouble_is_told() {
        let mut drive = drive();
        for code in [0x01, 0x07, 0x1B, 0x63 ^ 0x80] {
            assert_eq!(run(&mut drive, command(code), &mut Area::empty(8)).status, FAILED, "{code:02X}");
            assert_eq!(sense(&mut drive), COMMAND_REJECT);
        }
        assert_eq!(run(&mut drive, command(0x03), &mut Area::default()).status, ENDED);
        assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 1, 13)), ENDED);
        assert_eq!(move_data(&mut drive, 0x42, &mut Area::empty(BLOCK)), FAILED);
        assert_eq!(sense(&mut drive), DATA_CHECK);
        assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
        assert_eq!(locate(&mut drive, location(0x01, 0, 1, 14)), ENDED);
        assert_eq!(move_data(&mut drive, 0x41, &mut Area::of(&[1; BLOCK])), FAILED);
        assert_eq!(sense(&mut drive), EQUIPMENT_CHECK);
        assert_eq!(drive.take_messages().len(), 2);
        drive.unmount();
        for code in [0x02, 0x03, 0x63, 0x64] {
            assert_eq!(run(&mut drive, command(code), &mut Area::empty(16)).status, UnitStatus::UNIT_CHECK);
            assert_eq!(sense(&mut drive), INTERVENTION_REQUIRED);
        }
        // The pack goes away between locate and read.
        let mut drive = self::drive();
        assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
        assert_eq!(locate(&mut drive, location(0x06, 0, 1, 1)), ENDED);
        assert!(matches!(drive.start(chained(0x42)), Initial::Accepted(_)));
        drive.unmount();
        let ending = drive.transfer(&mut Area::empty(BLOCK), 0);
        assert!(matches!(ending, Progress::Ended(ending) if ending.status == FAILED));
        assert_eq!(sense(&mut drive), INTERVENTION_REQUIRED);
    }

    #[test]
    fn the_arm_takes_its_time() {
        let model = Model::named("3370").unwrap();
        assert_eq!(model.access_time(0, 743), 10_100);
        assert_eq!(model.access_time(0, 744), 10_100 + 5_046);
        assert_eq!(model.access_time(0, 557_999), 10_100 + 5_000 + 34_953);
    }
}
