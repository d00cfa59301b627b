//! What a channel keeps: a subchannel and a device at each address, and who asks for an interruption.

use std::collections::VecDeque;

use s370_arch::channel::{ChannelKind, Csw, UnitStatus};

use super::program::ChannelProgram;
use crate::device::Device;

/// What a channel has done since the machine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Operations started at devices.
    pub operations: u64,
    /// Commands sent to devices.
    pub commands: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Interruptions taken.
    pub interruptions: u64,
}

/// State of a subchannel and its device.
#[derive(Debug)]
pub(super) enum State {
    /// Both available.
    Idle,
    /// The subchannel is working.
    Working(Box<ChannelProgram>),
    /// The subchannel is available, the device is working: it will give this status, with device end.
    Ending(UnitStatus),
}

/// A device and its subchannel: each device has one of its own.
pub(super) struct Unit {
    pub device: Box<dyn Device>,
    pub state: State,
    /// The subchannel holds an interruption condition: an operation or chain has been concluded.
    pub concluded: Option<Csw>,
    /// Status that the device holds for an interruption.
    pub held: UnitStatus,
    /// Some of it ends an operation that a program has started.
    pub owes_end: bool,
    /// What is to come next waits for something outside.
    pub waits_outside: bool,
    /// Its address is in [`Channel::asking`].
    pub asks: bool,
}

impl Unit {
    pub fn new(device: Box<dyn Device>) -> Unit {
        Unit {
            device,
            state: State::Idle,
            concluded: None,
            held: UnitStatus::empty(),
            owes_end: false,
            waits_outside: false,
            asks: false,
        }
    }

    /// Whether there is an interruption condition.
    pub fn has_condition(&self) -> bool {
        let program_controlled = matches!(&self.state, State::Working(program) if program.is_program_controlled());
        self.concluded.is_some() || program_controlled || !self.held.is_empty()
    }

    /// Whether a program has started something that it has not been told the end of. Status that the device presents by
    /// itself is not of that kind.
    pub fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle) || self.concluded.is_some() || self.owes_end
    }

    /// The device holds this status of an operation.
    pub fn hold_end(&mut self, status: UnitStatus) {
        self.held |= status;
        self.owes_end |= !status.is_empty();
    }

    /// Takes the status that the device holds.
    pub fn take_held(&mut self) -> UnitStatus {
        self.owes_end = false;
        std::mem::replace(&mut self.held, UnitStatus::empty())
    }

    /// Takes an interruption condition, with the CSW that an interruption stores.
    pub fn take_condition(&mut self) -> Option<Csw> {
        if let Some(csw) = self.concluded.take() {
            return Some(csw);
        }
        if let State::Working(program) = &mut self.state
            && let Some(csw) = program.take_program_controlled()
        {
            return Some(csw);
        }
        let unit = self.take_held();
        // Nothing is left of the operation that the status belongs to.
        (!unit.is_empty()).then(|| Csw { unit, ..Csw::default() })
    }

    /// Forgets operation and status, and resets the device.
    pub fn reset(&mut self) {
        self.device.reset();
        self.state = State::Idle;
        self.concluded = None;
        self.take_held();
        self.waits_outside = false;
        self.asks = false;
    }
}

/// One channel.
pub(super) struct Channel {
    pub kind: ChannelKind,
    /// By the low byte of the I/O address.
    units: Vec<Option<Box<Unit>>>,
    /// Devices with an interruption condition, in the order in which they will interrupt.
    asking: VecDeque<u8>,
    /// The device for which the channel, in the way of a selector channel, is working.
    pub burst: Option<u8>,
    /// The device whose operation was concluded in that way: its interruption condition keeps the one subchannel.
    pub kept: Option<u8>,
    pub activity: Activity,
}

impl Channel {
    pub fn new(kind: ChannelKind) -> Channel {
        let units = std::iter::repeat_with(|| None).take(256).collect();
        Channel { kind, units, asking: VecDeque::new(), burst: None, kept: None, activity: Activity::default() }
    }

    pub fn unit(&mut self, device: u8) -> Option<&mut Unit> {
        self.units[usize::from(device)].as_deref_mut()
    }

    pub fn place(&mut self, device: u8) -> &mut Option<Box<Unit>> {
        &mut self.units[usize::from(device)]
    }

    pub fn units(&self) -> impl Iterator<Item = (u8, &Unit)> {
        (0..=255).zip(&self.units).filter_map(|(device, unit)| Some((device, unit.as_deref()?)))
    }

    pub fn units_mut(&mut self) -> impl Iterator<Item = (u8, &mut Unit)> {
        (0..=255).zip(&mut self.units).filter_map(|(device, unit)| Some((device, unit.as_deref_mut()?)))
    }

    /// The device is to interrupt: after all others, or before them.
    pub fn ask(&mut self, device: u8, first: bool) {
        let Some(unit) = self.unit(device) else { return };
        let asked = std::mem::replace(&mut unit.asks, true);
        if first {
            self.asking.retain(|other| *other != device);
            self.asking.push_front(device);
        } else if !asked {
            self.asking.push_back(device);
        }
    }

    /// The device is not to interrupt, unless it still has a condition; then it comes after all others.
    pub fn answered(&mut self, device: u8) {
        self.asking.retain(|other| *other != device);
        let Some(unit) = self.unit(device) else { return };
        unit.asks = unit.has_condition();
        let (asks, concluded) = (unit.asks, unit.concluded.is_some());
        if asks {
            self.asking.push_back(device);
        }
        if self.kept == Some(device) && !concluded {
            self.kept = None;
        }
    }

    /// The device that would interrupt now. While the channel works for one device, only that one can, with a
    /// program-controlled interruption.
    pub fn candidate(&self) -> Option<u8> {
        match self.burst {
            None => self.asking.front().copied(),
            Some(device) => self.asking.contains(&device).then_some(device),
        }
    }

    /// I/O system reset.
    pub fn reset(&mut self) {
        for (_, unit) in self.units_mut() {
            unit.reset();
        }
        self.asking.clear();
        self.burst = None;
        self.kept = None;
    }
}
