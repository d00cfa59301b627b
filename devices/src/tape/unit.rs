//! A tape unit and its part of the control unit (GA32-0021 for the 3803 and 3420; the 2803 and 2400 alike).

use s370_arch::channel::UnitStatus;

use super::{
    kind::{Density, Kind},
    order::{Motion, Order},
    sense::{
        BACKWARD, Fault, NEW_SUBSYSTEM, NOT_SET_TO_1600, REJECT_TAPE_UNIT, RESET_KEY, SECURITY_ERASE, SET_TO_1600,
        State, TAPE_INDICATE, TAPE_UNIT_CHECK,
    },
};
use crate::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::{
        MediaError,
        reel::{Direction, LONGEST_BLOCK, Passed, Reel},
    },
};

/// Microseconds of a command that moves no tape.
const SHORT: u32 = 100;
/// The end of a motion that met a tape mark or the end of the tape.
const MOTION_EXCEPTION: UnitStatus =
    UnitStatus::DEVICE_END.union(UnitStatus::CONTROL_UNIT_END).union(UnitStatus::UNIT_EXCEPTION);
/// The end of a motion that failed.
const MOTION_CHECK: UnitStatus =
    UnitStatus::DEVICE_END.union(UnitStatus::CONTROL_UNIT_END).union(UnitStatus::UNIT_CHECK);
/// The end of a data transfer that met a tape mark or the end of the tape.
const DATA_EXCEPTION: UnitStatus = UnitStatus::ENDED.union(UnitStatus::UNIT_EXCEPTION);

/// The command that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    None,
    /// `block` goes to storage.
    Store(Direction),
    /// A block comes from storage.
    Write,
    /// The block is written; this is how it ended.
    End(UnitStatus),
    Sense,
    RequestTrackInError,
    LoopWriteToRead,
}

/// A tape unit.
pub struct TapeUnit {
    kind: &'static Kind,
    reel: Option<Box<dyn Reel>>,
    /// Whether the tape is threaded and loaded.
    is_loaded: bool,
    /// What the next write from load point is to write.
    mode: Density,
    /// What the tape is written with.
    density: Density,
    is_in_write_status: bool,
    is_backward: bool,
    fault: Fault,
    /// Error bits of byte 4.
    unit_fault: u8,
    /// Whether the last operation was an erase gap.
    erased_gap: bool,
    erased_all: bool,
    /// Whether the reset key or an unloading made the unit not ready.
    was_unloaded: bool,
    operation: Operation,
    block: Vec<u8>,
    unsolicited: UnitStatus,
    messages: Vec<String>,
}

impl TapeUnit {
    /// A unit without a tape: not ready.
    #[must_use]
    pub fn new(kind: &'static Kind) -> TapeUnit {
        let density = kind.densities[0];
        TapeUnit {
            kind,
            reel: None,
            is_loaded: false,
            mode: density,
            density,
            is_in_write_status: false,
            is_backward: false,
            fault: Fault::empty(),
            unit_fault: 0,
            erased_gap: false,
            erased_all: false,
            was_unloaded: false,
            operation: Operation::None,
            block: Vec::new(),
            unsolicited: UnitStatus::empty(),
            messages: Vec::new(),
        }
    }

    /// The operator mounts a reel and makes the unit ready; returns the reel that was there. The tape is at the load point.
    pub fn mount(&mut self, reel: Box<dyn Reel>) -> Option<Box<dyn Reel>> {
        let before = self.unmount();
        self.reel = Some(reel);
        self.load();
        before
    }

    /// The operator loads the reel that an unloading left on its hub, if there is one, and makes the unit ready.
    pub fn load(&mut self) {
        if let Some(reel) = self.reel.as_mut().filter(|_| !self.is_loaded) {
            reel.rewind();
            self.is_loaded = true;
            self.is_in_write_status = false;
            self.is_backward = false;
            self.was_unloaded = false;
            self.density = self.mode;
            self.unsolicited = UnitStatus::DEVICE_END;
        }
    }

    /// The operator takes the reel off. The unit is not ready afterwards.
    pub fn unmount(&mut self) -> Option<Box<dyn Reel>> {
        self.is_loaded = false;
        self.is_in_write_status = false;
        self.unsolicited = UnitStatus::empty();
        self.reel.take()
    }

    /// Whether it can read: a reel is mounted and loaded.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_loaded
    }

    /// The reel on the hub, loaded or not.
    #[must_use]
    pub fn reel(&self) -> Option<&dyn Reel> {
        self.reel.as_deref()
    }

    /// The loaded reel.
    fn loaded(&mut self) -> Option<&mut dyn Reel> {
        match &mut self.reel {
            Some(reel) if self.is_loaded => Some(&mut **reel),
            _ => None,
        }
    }

    fn unit_check(&mut self, fault: Fault, status: UnitStatus) -> UnitStatus {
        self.fault |= fault;
        status | UnitStatus::UNIT_CHECK
    }

    fn refuse(&mut self, fault: Fault) -> Initial {
        Initial::Ended(Ending::now(self.unit_check(fault, UnitStatus::empty())))
    }

    /// Tells the operator; what the guest is told.
    fn media_fault(&mut self, error: &MediaError) -> Fault {
        self.messages.push(error.to_string());
        match error {
            MediaError::Damaged { .. } => Fault::DATA_CHECK,
            MediaError::ReadOnly { .. } => Fault::COMMAND_REJECT,
            MediaError::Host { .. } => {
                self.unit_fault |= TAPE_UNIT_CHECK;
                Fault::EQUIPMENT_CHECK
            }
        }
    }

    /// The unit is no longer ready in the middle of an operation.
    fn lost(&mut self, status: UnitStatus) -> UnitStatus {
        self.unit_fault |= REJECT_TAPE_UNIT;
        self.unit_check(Fault::INTERVENTION_REQUIRED, status)
    }

    /// Takes over the density when the tape leaves the load point in writing.
    fn begin_writing(&mut self) {
        if self.reel.as_ref().is_some_and(|reel| reel.is_at_load_point()) {
            self.density = self.mode;
        }
        self.is_in_write_status = true;
        self.is_backward = false;
    }

    fn is_protected(&self) -> bool {
        self.reel.as_ref().is_some_and(|reel| reel.is_protected())
    }

    fn begin(&mut self, order: Order, command: Command) -> Initial {
        let gap = self.kind.gap_time(self.density);
        match order {
            Order::Read(direction) => self.begin_reading(direction),
            Order::Write if self.is_protected() => self.refuse(Fault::COMMAND_REJECT),
            Order::Write => self.accept(Operation::Write, gap),
            Order::LoopWriteToRead => self.accept(Operation::LoopWriteToRead, SHORT),
            Order::RequestTrackInError => self.accept(Operation::RequestTrackInError, SHORT),
            Order::Sense => self.accept(Operation::Sense, SHORT),
            Order::Move(motion) if motion.writes() && self.is_protected() => self.refuse(Fault::COMMAND_REJECT),
            Order::Move(Motion::SecurityErase) if !(command.chained && self.erased_gap) => {
                self.refuse(Fault::COMMAND_REJECT)
            }
            Order::Move(motion) => self.begin_motion(motion),
            Order::SetMode(density) => {
                if let Some(density) = density.filter(|density| self.kind.densities.contains(density)) {
                    self.mode = density;
                }
                Initial::Ended(Ending::now(UnitStatus::ENDED))
            }
            // The 2803 says that it has no data converter; the 3803 ignores all modes of 7-track units.
            Order::SetConverter if !self.kind.is_new => self.refuse(Fault::COMMAND_REJECT),
            Order::SetConverter | Order::Nothing => Initial::Ended(Ending::now(UnitStatus::ENDED)),
            Order::Invalid => self.refuse(Fault::COMMAND_REJECT),
        }
    }

    fn accept(&mut self, operation: Operation, microseconds: u32) -> Initial {
        self.operation = operation;
        Initial::Accepted(Delay::Microseconds(microseconds))
    }

    /// The tape begins to move now, and the block is read; the data goes to storage when it would have passed.
    fn begin_reading(&mut self, direction: Direction) -> Initial {
        self.is_in_write_status = false;
        self.is_backward = direction == Direction::Backward;
        let mut block = std::mem::take(&mut self.block);
        let passed = self.loaded().map(|reel| reel.read(direction, &mut block));
        self.block = block;
        let operation = match passed {
            None => Operation::End(self.lost(UnitStatus::ENDED)),
            Some(Ok(Passed::Block)) => Operation::Store(direction),
            Some(Ok(Passed::TapeMark)) => Operation::End(DATA_EXCEPTION),
            Some(Ok(Passed::LoadPoint)) => Operation::End(UnitStatus::FAILED),
            Some(Ok(Passed::Unrecorded)) => Operation::End(self.unit_check(Fault::DATA_CHECK, UnitStatus::ENDED)),
            Some(Err(error)) => {
                let fault = self.media_fault(&error);
                Operation::End(self.unit_check(fault, UnitStatus::ENDED))
            }
        };
        let time = self.kind.gap_time(self.density) + self.kind.data_time(self.density, self.block.len() as u64);
        self.accept(operation, time)
    }

    fn begin_motion(&mut self, motion: Motion) -> Initial {
        let from = self.reel.as_ref().map_or(0, |reel| reel.offset());
        self.is_backward = matches!(motion, Motion::Block(Direction::Backward) | Motion::File(Direction::Backward));
        if motion.writes() {
            self.begin_writing();
        } else {
            self.is_in_write_status = false;
        }
        let status = match self.move_tape(motion) {
            None => self.lost(MOTION_CHECK),
            Some(Ok(Some(status))) => status,
            Some(Ok(None)) => self.unit_check(Fault::DATA_CHECK, MOTION_CHECK),
            Some(Err(error)) => {
                let fault = self.media_fault(&error);
                self.unit_check(fault, MOTION_CHECK)
            }
        };
        let to = self.reel.as_ref().map_or(0, |reel| reel.offset());
        let time = match motion {
            Motion::Rewind | Motion::Unload => self.kind.rewind_time(self.density, from),
            _ => self.kind.data_time(self.density, from.abs_diff(to)).saturating_add(self.kind.gap_time(self.density)),
        };
        let status = if motion == Motion::Unload { self.unload() } else { status };
        self.erased_gap = motion == Motion::EraseGap;
        self.erased_all = motion == Motion::SecurityErase;
        let later = Some((Delay::Microseconds(time), status));
        Initial::Ended(Ending { status: UnitStatus::CHANNEL_END, later })
    }

    /// Moves the tape; how that ends, or none if it runs off what is recorded.
    fn move_tape(&mut self, motion: Motion) -> Option<Result<Option<UnitStatus>, MediaError>> {
        let reel = self.loaded()?;
        let done = UnitStatus::DEVICE_END;
        let written = |reel: &dyn Reel| if reel.is_past_end_mark() { MOTION_EXCEPTION } else { done };
        Some(match motion {
            Motion::Rewind | Motion::Unload => {
                reel.rewind();
                Ok(Some(done))
            }
            Motion::EraseGap => reel.erase().map(|()| Some(written(reel))),
            Motion::SecurityErase => reel.erase().map(|()| Some(done)),
            Motion::WriteTapeMark => reel.write_tape_mark().map(|()| Some(written(reel))),
            Motion::Block(direction) => reel.space(direction).map(|passed| match passed {
                Passed::Block => Some(done),
                Passed::TapeMark => Some(MOTION_EXCEPTION),
                Passed::LoadPoint => Some(MOTION_CHECK),
                Passed::Unrecorded => None,
            }),
            Motion::File(direction) => loop {
                match reel.space(direction) {
                    Ok(Passed::Block) => {}
                    Ok(Passed::TapeMark) => break Ok(Some(done)),
                    Ok(Passed::LoadPoint) => break Ok(Some(MOTION_CHECK)),
                    Ok(Passed::Unrecorded) => break Ok(None),
                    Err(error) => break Err(error),
                }
            },
        })
    }

    fn unload(&mut self) -> UnitStatus {
        self.is_loaded = false;
        self.was_unloaded = true;
        self.unit_check(Fault::INTERVENTION_REQUIRED, MOTION_CHECK)
    }

    fn write(&mut self, data: &mut dyn Data) -> Progress {
        let mut block = std::mem::take(&mut self.block);
        let is_too_long = fetch_all(data, &mut block);
        self.block = block;
        if self.block.is_empty() {
            let status = self.unit_check(Fault::WORD_COUNT_ZERO, UnitStatus::ENDED);
            return Progress::Ended(Ending::now(status));
        }
        self.begin_writing();
        let status = if is_too_long {
            self.messages.push(format!("a block of more than {LONGEST_BLOCK} bytes was to be written"));
            self.unit_check(Fault::EQUIPMENT_CHECK, UnitStatus::ENDED)
        } else {
            let block = std::mem::take(&mut self.block);
            let result = self.loaded().map(|reel| reel.write_block(&block).map(|()| reel.is_past_end_mark()));
            self.block = block;
            match result {
                None => self.lost(UnitStatus::ENDED),
                Some(Ok(false)) => UnitStatus::ENDED,
                Some(Ok(true)) => DATA_EXCEPTION,
                Some(Err(error)) => {
                    self.media_fault(&error);
                    self.unit_check(Fault::EQUIPMENT_CHECK, UnitStatus::ENDED)
                }
            }
        };
        self.operation = Operation::End(status);
        Progress::Wait(Delay::Microseconds(self.kind.data_time(self.density, self.block.len() as u64)))
    }

    fn state(&self) -> State {
        let Some(reel) = self.reel.as_ref().filter(|_| self.is_loaded) else { return State::STATUS_B };
        let mut state = State::STATUS_A;
        state.set(State::LOAD_POINT, reel.is_at_load_point());
        state.set(State::WRITE_STATUS, self.is_in_write_status);
        state.set(State::FILE_PROTECT, reel.is_protected());
        state
    }

    fn sense(&self) -> [u8; 24] {
        let mut sense = [0; 24];
        sense[0] = self.fault.bits();
        if !self.is_loaded {
            sense[0] |= Fault::INTERVENTION_REQUIRED.bits();
        }
        sense[1] = self.state().bits();
        let is_1600 = self.density == Density::Pe1600;
        sense[3] = if is_1600 { SET_TO_1600 } else { 0 } | if self.is_backward { BACKWARD } else { 0 };
        sense[4] = self.unit_fault & REJECT_TAPE_UNIT;
        if self.kind.is_new {
            let is_past_end = self.is_loaded && self.reel.as_ref().is_some_and(|reel| reel.is_past_end_mark());
            sense[4] = self.unit_fault | if is_past_end { TAPE_INDICATE } else { 0 };
            sense[5] = NEW_SUBSYSTEM;
            sense[6] = self.kind.model | if is_1600 { 0 } else { NOT_SET_TO_1600 };
            sense[7] = if self.was_unloaded { RESET_KEY } else { 0 } | if self.erased_all { SECURITY_ERASE } else { 0 };
        }
        sense
    }
}

/// Takes what the channel has for a block; says whether it has more than a block can hold.
fn fetch_all(data: &mut dyn Data, block: &mut Vec<u8>) -> bool {
    block.clear();
    loop {
        let room = data.room().min(LONGEST_BLOCK + 1 - block.len());
        if room == 0 {
            return block.len() > LONGEST_BLOCK;
        }
        let from = block.len();
        block.resize(from + room, 0);
        let fetched = data.fetch_some(&mut block[from..]);
        block.truncate(from + fetched);
        if fetched < room {
            return false;
        }
    }
}

impl Device for TapeUnit {
    fn kind(&self) -> &'static str {
        self.kind.name
    }

    fn start(&mut self, command: Command) -> Initial {
        let order = Order::of(command.code, self.kind);
        if order != Order::Sense && order != Order::Nothing {
            self.fault = Fault::empty();
            self.unit_fault = 0;
        }
        if order != Order::Sense && !self.is_loaded {
            return self.refuse(Fault::INTERVENTION_REQUIRED);
        }
        let initial = self.begin(order, command);
        if !matches!(order, Order::Move(_) | Order::Sense) {
            self.erased_gap = false;
            self.erased_all = false;
        }
        initial
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        let status = match std::mem::replace(&mut self.operation, Operation::None) {
            Operation::None => UnitStatus::ENDED,
            Operation::End(status) => status,
            Operation::Write => return self.write(data),
            Operation::Store(direction) => {
                match direction {
                    Direction::Forward => data.store(&self.block),
                    Direction::Backward => data.store_backward(&self.block),
                };
                UnitStatus::ENDED
            }
            Operation::Sense => {
                data.store(&self.sense()[..self.kind.sense]);
                self.fault = Fault::empty();
                self.unit_fault = 0;
                UnitStatus::ENDED
            }
            Operation::RequestTrackInError => {
                // No track is in error: what it says of one is of no use.
                data.fetch(&mut [0]);
                UnitStatus::ENDED
            }
            Operation::LoopWriteToRead => {
                let mut block = std::mem::take(&mut self.block);
                fetch_all(data, &mut block);
                self.block = block;
                UnitStatus::ENDED
            }
        };
        Progress::Ended(Ending::now(status))
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.unsolicited)
    }

    fn end_of_chain(&mut self) -> UnitStatus {
        self.erased_gap = false;
        UnitStatus::empty()
    }

    fn halt(&mut self) -> Ending {
        self.operation = Operation::None;
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        self.operation = Operation::None;
        self.fault = Fault::empty();
        self.unit_fault = 0;
        self.erased_gap = false;
        self.mode = self.kind.densities[0];
        self.unsolicited = UnitStatus::empty();
    }

    fn take_messages(&mut self) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.messages);
        if let Some(reel) = &mut self.reel {
            messages.append(&mut reel.take_messages());
        }
        messages
    }
}
