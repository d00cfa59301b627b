//! Drives of fixed blocks: 3310 and 3370.
//!
//! A channel program defines an extent, locates a run of blocks in it, and reads or writes them. What it defined and
//! located is gone at its end.

mod model;
#[cfg(test)]
mod tests;

use s370_arch::channel::UnitStatus;

pub use model::{MODELS, Model};

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

    fn end_of_chain(&mut self) -> UnitStatus {
        self.forget_chain();
        UnitStatus::empty()
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
