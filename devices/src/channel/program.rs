//! The one interpreter of channel programs (GA22-7000-10, chapter 13, "Execution of Input/Output Operations").
//!
//! [`ChannelProgram`] is a state machine. It runs one command at a time against a device and something that yields storage,
//! and says after each step how long to wait before the next, or how the chain ended. Who owns it keeps the time, the
//! interruption conditions and the condition codes.
//!
//! What the manual leaves open is decided so:
//! - CCWs and IDAWs are fetched when they take control, never earlier; data is fetched when the device takes it.
//! - Incorrect length is not indicated together with a program or a protection check.
//! - The count after a check is that of the area in use, less what has moved.

use s370_arch::channel::{Caw, Ccw, CcwFlags, ChannelStatus, CommandKind, Csw, UnitStatus};

use super::{
    storage::ChannelStorage,
    transfer::{Area, LIMIT, List, Mover},
};
use crate::device::{Command, Delay, Device, Ending, Initial, Progress};

/// Unit status with which a chain does not go on ("Command Chaining").
const UNUSUAL: UnitStatus = UnitStatus::ATTENTION
    .union(UnitStatus::CONTROL_UNIT_END)
    .union(UnitStatus::BUSY)
    .union(UnitStatus::UNIT_CHECK)
    .union(UnitStatus::UNIT_EXCEPTION);

/// What a channel program wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// [`ChannelProgram::proceed`] is to be called when this is over. A delay of zero microseconds still is a step: who
    /// takes it without letting time pass may go round in a chain for ever.
    Wait(Delay),
    /// The subchannel is done with the device.
    Ended(Conclusion),
}

/// How a channel program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The CSW that describes the end. If the program ended in [`ChannelProgram::start`], only its status is to be stored.
    pub csw: Csw,
    /// The status, with device end in it, that the device will give after this time.
    pub later: Option<(Delay, UnitStatus)>,
}

/// What a channel program has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commands sent to the device.
    pub commands: u64,
    /// Bytes moved, skipped ones too.
    pub bytes: u64,
}

/// Why a CCW is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// The CAW designates it.
    Start,
    /// For the next command.
    CommandChaining,
    /// For more storage for the same command.
    DataChaining,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first command is to be sent.
    Start,
    /// The device has accepted the command, and will move its data.
    Transfer,
    /// Channel end was there; device end comes with this status.
    DeviceEnd(UnitStatus),
    /// The last command has ended with this status; the next CCW is to be fetched.
    Next(UnitStatus),
    /// It is all over.
    Over,
}

/// One execution of a channel program: what a subchannel holds between START I/O and channel end.
#[derive(Clone, Debug)]
pub struct ChannelProgram {
    pub(super) key: u8,
    /// An address eight higher than that of the CCW in use.
    next: u32,
    /// The code of the command; data chaining does not change it.
    pub(super) command: u8,
    pub(super) flags: CcwFlags,
    pub(super) area: Area,
    /// Bytes that the command has moved.
    pub(super) moved: u32,
    /// The device wanted to move more than the count allows.
    pub(super) long_block: bool,
    pub(super) check: ChannelStatus,
    /// A CCW with the PCI flag has taken control, and no interruption has told yet.
    program_controlled: bool,
    /// Initial program loading ignores the PCI flag.
    loading: bool,
    chained: bool,
    halted: bool,
    phase: Phase,
    pub(super) counts: Counts,
}

impl ChannelProgram {
    fn new(key: u8, next: u32) -> ChannelProgram {
        ChannelProgram {
            key,
            next,
            command: 0,
            flags: CcwFlags::empty(),
            area: Area::default(),
            moved: 0,
            long_block: false,
            check: ChannelStatus::empty(),
            program_controlled: false,
            loading: false,
            chained: false,
            halted: false,
            phase: Phase::Start,
            counts: Counts::default(),
        }
    }

    /// Fetches and checks the first CCW. The device is not involved yet.
    ///
    /// # Errors
    /// The channel status that START I/O stores: program check or protection check.
    pub fn begin<S: ChannelStorage>(caw: Caw, storage: &mut S) -> Result<ChannelProgram, ChannelStatus> {
        let mut program = ChannelProgram::new(caw.key, caw.address);
        if caw.reserved != 0 || !caw.address.is_multiple_of(8) {
            return Err(ChannelStatus::PROGRAM_CHECK);
        }
        let ccw = program.fetch_ccw(storage, Fetch::Start)?;
        program.command = ccw.command;
        program.use_ccw(ccw);
        Mover { program: &mut program, storage }.check_indirect_address();
        if program.check.is_empty() { Ok(program) } else { Err(program.check) }
    }

    /// The program that loads the initial program: its first CCW is implied and reads 24 bytes to location 0, chains
    /// commands and suppresses the length indication; the next is at location 8 ("Initial Program Loading", chapter 4).
    #[must_use]
    pub fn initial_program_loading() -> ChannelProgram {
        let mut program = ChannelProgram::new(0, 8);
        program.loading = true;
        program.command = 0x02;
        program.use_ccw(Ccw {
            command: 0x02,
            flags: CcwFlags::CHAIN_COMMAND | CcwFlags::SUPPRESS_LENGTH,
            count: 24,
            ..Ccw::default()
        });
        program
    }

    /// Sends the first command to the device. If the result is [`Advance::Ended`], START I/O stores the status and sets
    /// condition code 1; otherwise condition code 0.
    pub fn start(&mut self, device: &mut dyn Device, now: u64) -> Advance {
        self.send(device, now)
    }

    /// Does what is due, at the time when the last wait is over.
    pub fn proceed<S: ChannelStorage>(&mut self, storage: &mut S, device: &mut dyn Device, now: u64) -> Advance {
        match self.phase {
            Phase::Start => self.send(device, now),
            Phase::Transfer => match device.transfer(&mut Mover { program: &mut *self, storage: &mut *storage }, now) {
                Progress::Wait(delay) => Advance::Wait(delay),
                Progress::Ended(ending) => self.end_transfer(ending, storage, device, now),
            },
            Phase::DeviceEnd(status) if self.goes_on_after(status) => self.chain(status, storage, device, now),
            // Channel end was accepted before: it is not shown again.
            Phase::DeviceEnd(status) => self.conclude(Ending::now(status), device),
            Phase::Next(status) => self.chain(status, storage, device, now),
            Phase::Over => Advance::Ended(Conclusion { csw: self.csw(UnitStatus::empty()), later: None }),
        }
    }

    /// HALT I/O or HALT DEVICE: nothing is chained any more, and the operation at the device ends if it is one that moves
    /// data. None if the subchannel still waits for device end.
    pub fn halt(&mut self, device: &mut dyn Device) -> Option<Conclusion> {
        self.halted = true;
        let ending = match self.phase {
            Phase::Transfer => {
                let ending = device.halt();
                self.indicate_length();
                ending
            }
            Phase::Next(status) => Ending::now(status),
            // A mechanical operation that moves no data goes on.
            Phase::DeviceEnd(_) => return None,
            Phase::Start | Phase::Over => Ending::now(UnitStatus::empty()),
        };
        match self.conclude(ending, device) {
            Advance::Ended(conclusion) => Some(conclusion),
            Advance::Wait(_) => None,
        }
    }

    /// CLEAR I/O: the subchannel gives the operation up. The CSW has the state of this moment, without status of the
    /// device; what the device will give later is in the conclusion.
    pub fn clear(&mut self, device: &mut dyn Device) -> Conclusion {
        let later = match self.phase {
            Phase::Transfer => {
                let Ending { status, later } = device.halt();
                Some(later.map_or((Delay::Microseconds(0), status), |(delay, last)| (delay, status | last)))
            }
            Phase::DeviceEnd(status) => Some((Delay::Microseconds(0), status)),
            Phase::Start | Phase::Next(_) | Phase::Over => None,
        };
        let csw = self.csw(UnitStatus::empty());
        let _ = self.conclude(Ending::now(UnitStatus::empty()), device);
        Conclusion { csw, later }
    }

    /// Whether the subchannel waits for nothing but device end.
    #[must_use]
    pub fn awaits_device_end(&self) -> bool {
        matches!(self.phase, Phase::DeviceEnd(_))
    }

    /// Whether a CCW with the PCI flag asks for an interruption.
    #[must_use]
    pub fn is_program_controlled(&self) -> bool {
        self.program_controlled
    }

    /// Takes the program-controlled-interruption condition, with its CSW.
    pub fn take_program_controlled(&mut self) -> Option<Csw> {
        self.program_controlled.then(|| {
            let csw = self.csw(UnitStatus::empty());
            self.program_controlled = false;
            csw
        })
    }

    /// What was done since this was last asked.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Fetches the CCW that follows, over a transfer in channel.
    pub(super) fn fetch_ccw<S: ChannelStorage>(&mut self, storage: &mut S, why: Fetch) -> Result<Ccw, ChannelStatus> {
        let mut ccw = self.fetch_doubleword(storage, self.next)?;
        if ccw.is_transfer_in_channel() {
            if why == Fetch::Start || !ccw.address.is_multiple_of(8) {
                return Err(ChannelStatus::PROGRAM_CHECK);
            }
            let after_transfer = self.next;
            ccw = self.fetch_doubleword(storage, ccw.address).inspect_err(|&status| {
                if status == ChannelStatus::PROGRAM_CHECK {
                    // The transfer in channel itself is to blame.
                    self.next = after_transfer;
                }
            })?;
            if ccw.is_transfer_in_channel() {
                return Err(ChannelStatus::PROGRAM_CHECK);
            }
        }
        let has_command = why == Fetch::DataChaining || CommandKind::of(ccw.command).is_some();
        let has_list = !ccw.flags.contains(CcwFlags::INDIRECT) || ccw.address.is_multiple_of(4);
        let valid = has_command && has_list && ccw.count != 0 && !ccw.flags.intersects(CcwFlags::RESERVED);
        if valid { Ok(ccw) } else { Err(ChannelStatus::PROGRAM_CHECK) }
    }

    fn fetch_doubleword<S: ChannelStorage>(&mut self, storage: &mut S, at: u32) -> Result<Ccw, ChannelStatus> {
        self.next = at.wrapping_add(8);
        if at >= LIMIT {
            return Err(ChannelStatus::PROGRAM_CHECK);
        }
        let mut bytes = [0; 8];
        match storage.fetch_run(at, self.key, &mut bytes).check {
            Some(check) => Err(check.status()),
            None => Ok(Ccw::parse(bytes)),
        }
    }

    /// Makes a CCW current.
    pub(super) fn use_ccw(&mut self, ccw: Ccw) {
        self.flags = ccw.flags;
        let list = ccw.flags.contains(CcwFlags::INDIRECT).then(|| List::new(ccw.address));
        self.area = Area { address: ccw.address, count: ccw.count, list };
        self.program_controlled |= ccw.flags.contains(CcwFlags::PROGRAM_CONTROLLED) && !self.loading;
    }

    /// Sends the current command to the device.
    fn send(&mut self, device: &mut dyn Device, now: u64) -> Advance {
        self.moved = 0;
        self.long_block = false;
        self.counts.commands += 1;
        if self.program_controlled && self.chained {
            device.keep_writes();
        }
        match device.start(Command { code: self.command, chained: self.chained, now }) {
            Initial::Accepted(delay) => {
                self.phase = Phase::Transfer;
                Advance::Wait(delay)
            }
            // Immediate: no data, no incorrect length.
            Initial::Ended(ending) => match self.wait_for_next(ending) {
                None => self.conclude(ending, device),
                Some(delay) => {
                    self.phase = match ending.later {
                        Some((_, status)) => Phase::DeviceEnd(status),
                        None => Phase::Next(ending.status),
                    };
                    Advance::Wait(delay)
                }
            },
        }
    }

    /// The command that the device had accepted has ended.
    fn end_transfer<S: ChannelStorage>(
        &mut self,
        ending: Ending,
        storage: &mut S,
        device: &mut dyn Device,
        now: u64,
    ) -> Advance {
        self.indicate_length();
        let Some(delay) = self.wait_for_next(ending) else { return self.conclude(ending, device) };
        match ending.later {
            Some((_, status)) => {
                self.phase = Phase::DeviceEnd(status);
                Advance::Wait(delay)
            }
            None => self.chain(ending.status, storage, device, now),
        }
    }

    /// Indicates an incorrect length, if the command that moved data ends now.
    fn indicate_length(&mut self) {
        // Without a chain of data only; with one, the flag that suppresses is ignored.
        let suppressed = self.flags & (CcwFlags::SUPPRESS_LENGTH | CcwFlags::CHAIN_DATA) == CcwFlags::SUPPRESS_LENGTH;
        if self.check.is_empty() && !suppressed && (self.long_block || self.area.count != 0) {
            self.check |= ChannelStatus::INCORRECT_LENGTH;
        }
    }

    /// How long it takes until the next command of the chain can be sent; none if the chain ends with this channel end.
    fn wait_for_next(&self, Ending { status, later }: Ending) -> Option<Delay> {
        if !status.contains(UnitStatus::CHANNEL_END) || !self.goes_on_after(status) {
            return None;
        }
        match later {
            None => status.contains(UnitStatus::DEVICE_END).then_some(Delay::Microseconds(0)),
            Some((delay, _)) => Some(delay),
        }
    }

    /// Whether a command is chained after this status.
    fn goes_on_after(&self, status: UnitStatus) -> bool {
        self.flags & (CcwFlags::CHAIN_COMMAND | CcwFlags::CHAIN_DATA) == CcwFlags::CHAIN_COMMAND
            && self.check.is_empty()
            && !self.halted
            && !status.intersects(UNUSUAL)
    }

    /// Goes on to the next command, after device end with this status.
    fn chain<S: ChannelStorage>(
        &mut self,
        status: UnitStatus,
        storage: &mut S,
        device: &mut dyn Device,
        now: u64,
    ) -> Advance {
        if status.contains(UnitStatus::STATUS_MODIFIER) {
            self.next = self.next.wrapping_add(8);
        }
        self.chained = true;
        match self.fetch_ccw(storage, Fetch::CommandChaining) {
            Ok(ccw) => {
                self.command = ccw.command;
                self.use_ccw(ccw);
                Mover { program: &mut *self, storage: &mut *storage }.check_indirect_address();
            }
            Err(status) => self.check |= status,
        }
        if self.check.is_empty() {
            self.send(device, now)
        } else {
            // The chain stops before the device has seen the command: no unit status, not even that of the last.
            self.conclude(Ending::now(UnitStatus::empty()), device)
        }
    }

    fn conclude(&mut self, ending: Ending, device: &mut dyn Device) -> Advance {
        self.phase = Phase::Over;
        let trouble = device.end_of_chain();
        Advance::Ended(Conclusion { csw: self.csw(ending.status | trouble), later: ending.later })
    }

    /// The CSW as of now.
    fn csw(&self, unit: UnitStatus) -> Csw {
        let pci = if self.program_controlled { ChannelStatus::PROGRAM_CONTROLLED } else { ChannelStatus::empty() };
        Csw {
            key: self.key,
            address: self.next & (LIMIT - 1),
            unit,
            channel: self.check | pci,
            count: self.area.count,
            ..Csw::default()
        }
    }
}
