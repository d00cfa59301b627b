//! The channels of a machine: which devices there are, what they are doing, and when they will go on.

use std::any::Any;

use s370_arch::channel::{ChannelKind, UnitStatus};
use s370_cpu::{state::MICROSECOND, storage::AbsoluteStorage};
use thiserror::Error;

use super::{
    program::{Advance, Conclusion},
    queue::EventQueue,
    subchannel::{Activity, Channel, State, Unit},
};
use crate::device::{Delay, Device};

/// How many channels there can be.
const CHANNELS: usize = 16;

/// With [`Timing::Quick`], how long each step of a device takes, in microseconds.
pub const QUICK_STEP: u64 = 4;

/// With [`Timing::Real`], the least that a step takes, in microseconds: no chain of commands is without end in no time.
const LEAST_STEP: u64 = 1;

/// Most events that are let happen before a processor gets its turn again, when it is far behind the time.
const EVENTS_AT_ONCE: usize = 500;

/// How long devices take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Every step takes [`QUICK_STEP`] microseconds, whatever the device asks for.
    #[default]
    Quick,
    /// As long as the device asks for.
    Real,
}

/// A device cannot be attached.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachError {
    /// There is no such channel.
    #[error("address {0:04X}: there are channels 0 to F only")]
    NoChannel(u16),
    /// Another device has the address.
    #[error("address {address:03X} has a {kind} already")]
    Taken {
        /// The address.
        address: u16,
        /// What is there.
        kind: &'static str,
    },
}

/// A device cannot be detached.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DetachError {
    /// There is none.
    #[error("there is no device {0:03X}")]
    NoDevice(u16),
    /// It is executing a command, or an interruption of one is pending for it.
    #[error("device {0:03X} is busy")]
    Busy(u16),
}

/// The channels of a bare machine, with their devices.
pub struct Channels {
    channels: [Option<Box<Channel>>; CHANNELS],
    pub(super) events: EventQueue,
    timing: Timing,
    /// Channels that ask for an interruption; bit 31 - n: channel n.
    pub(super) asking: u32,
    /// Whether the channel set is connected to the processor.
    pub(super) connected: bool,
    /// Whether a program that asks for the end of an operation finds it nearer each time.
    hurries: bool,
    /// Addresses of coupled devices: what happens at one may concern another.
    coupled: Vec<u16>,
    /// Last words of devices that were detached.
    messages: Vec<(u16, String)>,
}

impl Default for Channels {
    fn default() -> Self {
        Channels::new()
    }
}

/// Channel and device of an I/O address.
pub(super) fn split(address: u16) -> (usize, u8) {
    (usize::from(address >> 8), address as u8)
}

/// The bit of a channel in a mask of channels.
fn mask(channel: usize) -> u32 {
    0x8000_0000 >> channel
}

impl Channels {
    /// No channel, no device.
    #[must_use]
    pub fn new() -> Channels {
        Channels {
            channels: [const { None }; CHANNELS],
            events: EventQueue::default(),
            timing: Timing::default(),
            asking: 0,
            connected: true,
            hurries: false,
            coupled: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// Says what a channel (0-15) is, and makes it operational; false if there is no such channel. Otherwise channel 0 is
    /// a byte multiplexer and the others are block multiplexers, which are operational when they get a device.
    pub fn set_kind(&mut self, channel: u8, kind: ChannelKind) -> bool {
        let Some(place) = self.channels.get_mut(usize::from(channel)) else { return false };
        place.get_or_insert_with(|| Box::new(Channel::new(kind))).kind = kind;
        true
    }

    /// What a channel is; none if it is not operational.
    #[must_use]
    pub fn kind(&self, channel: u8) -> Option<ChannelKind> {
        self.channels.get(usize::from(channel))?.as_deref().map(|channel| channel.kind)
    }

    /// The operational channels, and what they are.
    pub fn kinds(&self) -> impl Iterator<Item = (u8, ChannelKind)> {
        (0..).zip(&self.channels).filter_map(|(number, channel)| Some((number, channel.as_deref()?.kind)))
    }

    /// How long devices take.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Says how long devices take from now on.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Attaches a device.
    ///
    /// # Errors
    /// The address is taken, or its channel cannot be.
    pub fn attach(&mut self, address: u16, device: Box<dyn Device>) -> Result<(), AttachError> {
        let (number, low) = split(address);
        let place = self.channels.get_mut(number).ok_or(AttachError::NoChannel(address))?;
        let usual = if number == 0 { ChannelKind::ByteMultiplexer } else { ChannelKind::BlockMultiplexer };
        let place = place.get_or_insert_with(|| Box::new(Channel::new(usual))).place(low);
        if let Some(unit) = place {
            return Err(AttachError::Taken { address, kind: unit.device.kind() });
        }
        if device.is_coupled() {
            self.coupled.push(address);
        }
        *place = Some(Box::new(Unit::new(device)));
        Ok(())
    }

    /// Detaches a device that has nothing to do. Status that it presented by itself, as device end when it became ready,
    /// goes with it.
    ///
    /// # Errors
    /// There is none, it is busy, or an interruption of an operation is pending for it.
    pub fn detach(&mut self, address: u16) -> Result<Box<dyn Device>, DetachError> {
        let unit = self.unit(address).ok_or(DetachError::NoDevice(address))?;
        if unit.is_busy() {
            return Err(DetachError::Busy(address));
        }
        self.detach_forced(address)
    }

    /// Detaches a device whatever it does, after a selective reset; nothing remains pending for it.
    ///
    /// # Errors
    /// There is no such device.
    pub fn detach_forced(&mut self, address: u16) -> Result<Box<dyn Device>, DetachError> {
        let (number, low) = split(address);
        let channel = self.channel(number).ok_or(DetachError::NoDevice(address))?;
        let unit = channel.unit(low).ok_or(DetachError::NoDevice(address))?;
        if !matches!(unit.state, State::Idle) || unit.has_condition() {
            unit.reset();
        }
        channel.answered(low);
        if channel.burst == Some(low) {
            channel.burst = None;
        }
        let mut unit = channel.place(low).take().ok_or(DetachError::NoDevice(address))?;
        self.messages.extend(unit.device.take_messages().into_iter().map(|text| (address, text)));
        self.coupled.retain(|other| *other != address);
        self.events.cancel(address);
        self.refresh(number);
        Ok(unit.device)
    }

    /// The device of this type at this address.
    pub fn device<D: Device>(&mut self, address: u16) -> Option<&mut D> {
        let device: &mut dyn Any = self.unit(address)?.device.as_mut();
        device.downcast_mut()
    }

    /// The device at this address, whatever it is.
    pub fn any_device(&mut self, address: u16) -> Option<&mut dyn Device> {
        self.unit(address).map(|unit| unit.device.as_mut())
    }

    /// Addresses and kinds of all devices, by ascending address.
    pub fn addresses(&self) -> impl Iterator<Item = (u16, &'static str)> {
        (0..).zip(&self.channels).filter_map(|(number, channel)| Some((number, channel.as_deref()?))).flat_map(
            |(number, channel): (u16, _)| {
                channel.units().map(move |(low, unit)| (number << 8 | u16::from(low), unit.device.kind()))
            },
        )
    }

    /// To be called when something outside was done to a device: an operation that waited for it goes on at once, and
    /// status that the device presents by itself becomes an interruption condition.
    pub fn touched(&mut self, address: u16, now: u64, storage: &impl AbsoluteStorage) {
        let Some(unit) = self.unit(address) else { return };
        if unit.waits_outside && unit.device.is_ready() {
            self.happen(address, now, storage);
        }
        self.look_for_status(address);
        self.look_at_coupled(address, now);
    }

    /// What devices want the operator to know, with their addresses.
    pub fn take_messages(&mut self) -> Vec<(u16, String)> {
        let mut messages = std::mem::take(&mut self.messages);
        for (number, channel) in (0..).zip(&mut self.channels) {
            for (low, unit) in channel.iter_mut().flat_map(|channel| channel.units_mut()) {
                let address: u16 = number << 8 | u16::from(low);
                messages.extend(unit.device.take_messages().into_iter().map(|text| (address, text)));
            }
        }
        messages
    }

    /// What each operational channel has done.
    pub fn activity(&self) -> impl Iterator<Item = (u8, Activity)> {
        (0..).zip(&self.channels).filter_map(|(number, channel)| Some((number, channel.as_deref()?.activity)))
    }

    /// Channels that have a channel program which goes on by itself; bit n: channel n. A program that waits for something
    /// outside, as a read does for whoever types, keeps its subchannel, not the channel.
    #[must_use]
    pub fn working(&self) -> u16 {
        let is_working = |channel: &Channel| {
            channel.units().any(|(_, unit)| matches!(unit.state, State::Working(_)) && !unit.waits_outside)
        };
        let channels = (0..).zip(&self.channels).filter(|(_, channel)| channel.as_deref().is_some_and(is_working));
        channels.fold(0, |working, (number, _): (u32, _)| working | 1 << number)
    }

    /// Whether nothing will happen by itself: no device is going to go on at some time, and no interruption is pending.
    /// Devices may wait for something outside.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.events.next_time() == u64::MAX
            && self.channels.iter().flatten().all(|channel| channel.units().all(|(_, unit)| !unit.has_condition()))
    }

    /// From now on a program that finds an operation going on, as one does that waits for it by TEST I/O, finds it further on
    /// when it asks again, although no time has passed: for a machine that does not wait for its devices.
    pub fn hurry_for_programs(&mut self) {
        self.hurries = true;
    }

    /// Whether devices go on when a program asks for them.
    pub(super) fn hurries(&self) -> bool {
        self.hurries && self.timing == Timing::Quick
    }

    /// Lets the next event happen now, although its time has not come; false if there is none. For whoever has no wish to
    /// wait for a device.
    pub fn hurry(&mut self, now: u64, storage: &impl AbsoluteStorage) -> bool {
        let Some((_, address)) = self.events.pop(u64::MAX) else { return false };
        self.happen(address, now, storage);
        true
    }

    /// Lets everything happen that is due.
    pub(super) fn let_happen(&mut self, now: u64, storage: &impl AbsoluteStorage) {
        for _ in 0..EVENTS_AT_ONCE {
            let Some((time, address)) = self.events.pop(now) else { return };
            self.happen(address, time, storage);
        }
    }

    /// Lets the first event happen, if it is due.
    pub(super) fn let_next_happen(&mut self, now: u64, storage: &impl AbsoluteStorage) {
        if let Some((time, address)) = self.events.pop(now) {
            self.happen(address, time, storage);
        }
    }

    pub(super) fn channel(&mut self, number: usize) -> Option<&mut Channel> {
        self.channels.get_mut(number)?.as_deref_mut()
    }

    pub(super) fn unit(&mut self, address: u16) -> Option<&mut Unit> {
        let (number, low) = split(address);
        self.channel(number)?.unit(low)
    }

    /// Resets all channels and devices.
    pub fn reset(&mut self) {
        self.events.clear();
        self.asking = 0;
        self.connected = true;
        for channel in self.channels.iter_mut().flatten() {
            channel.reset();
        }
    }

    /// Works out again whether a channel asks for an interruption.
    pub(super) fn refresh(&mut self, number: usize) {
        let asks = self.channel(number).is_some_and(|channel| channel.candidate().is_some());
        self.asking = self.asking & !mask(number) | if asks { mask(number) } else { 0 };
    }

    /// What the device at this address waited for has come.
    fn happen(&mut self, address: u16, now: u64, storage: &impl AbsoluteStorage) {
        let Some(unit) = self.unit(address) else { return };
        unit.waits_outside = false;
        match &mut unit.state {
            State::Idle => {}
            State::Working(program) => {
                let mut access = storage;
                let advance = program.proceed(&mut access, unit.device.as_mut(), now);
                self.after_step(address, advance, now);
            }
            State::Ending(status) => {
                let status = *status;
                unit.hold_end(status);
                unit.state = State::Idle;
                self.look_for_status(address);
            }
        }
        self.look_at_coupled(address, now);
    }

    /// A channel program has made a step.
    pub(super) fn after_step(&mut self, address: u16, advance: Advance, now: u64) {
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return };
        let Some(unit) = channel.unit(low) else { return };
        let State::Working(program) = &mut unit.state else { return };
        let counts = program.take_counts();
        let asks = program.is_program_controlled() && !unit.asks;
        channel.activity.commands += counts.commands;
        channel.activity.bytes += counts.bytes;
        match advance {
            Advance::Wait(delay) => {
                self.wait(address, delay, now);
                if asks {
                    self.ask(address, false);
                }
            }
            Advance::Ended(conclusion) => self.conclude(address, conclusion, now),
        }
    }

    /// An operation or a chain is over at the subchannel.
    pub(super) fn conclude(&mut self, address: u16, conclusion: Conclusion, now: u64) {
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return };
        let in_burst = channel.burst == Some(low);
        if in_burst {
            channel.burst = None;
            channel.kept = Some(low);
        }
        let Some(unit) = channel.unit(low) else { return };
        unit.concluded = Some(conclusion.csw);
        self.ask(address, in_burst);
        self.end(address, conclusion.later, now);
    }

    /// The subchannel has no more to do with the operation. The device may have.
    pub(super) fn end(&mut self, address: u16, later: Option<(Delay, UnitStatus)>, now: u64) {
        let Some(unit) = self.unit(address) else { return };
        match later {
            Some((delay, status)) => {
                unit.state = State::Ending(status);
                self.wait(address, delay, now);
            }
            None => {
                unit.state = State::Idle;
                self.look_for_status(address);
            }
        }
    }

    /// Has the device go on when this delay is over.
    pub(super) fn wait(&mut self, address: u16, delay: Delay, now: u64) {
        let timing = self.timing;
        let Some(unit) = self.unit(address) else { return };
        unit.waits_outside = delay == Delay::Outside && !unit.device.is_ready();
        if unit.waits_outside {
            return;
        }
        let microseconds = match (timing, delay) {
            (Timing::Quick, _) => QUICK_STEP,
            (Timing::Real, Delay::Microseconds(microseconds)) => u64::from(microseconds).max(LEAST_STEP),
            (Timing::Real, Delay::Outside) => LEAST_STEP,
        };
        self.events.push(now.saturating_add(microseconds * MICROSECOND), address);
    }

    /// The device has an interruption condition.
    pub(super) fn ask(&mut self, address: u16, first: bool) {
        let (number, low) = split(address);
        if let Some(channel) = self.channel(number) {
            channel.ask(low, first);
            self.refresh(number);
        }
    }

    /// An interruption condition of the device was taken.
    pub(super) fn answered(&mut self, address: u16) {
        let (number, low) = split(address);
        if let Some(channel) = self.channel(number) {
            channel.answered(low);
            self.refresh(number);
        }
    }

    /// Asks a device with nothing to do for status that it presents by itself.
    pub(super) fn look_for_status(&mut self, address: u16) {
        let Some(unit) = self.unit(address) else { return };
        if matches!(unit.state, State::Idle) {
            unit.held |= unit.device.take_unsolicited();
            if !unit.held.is_empty() {
                self.ask(address, false);
            }
        }
    }

    /// Something happened at a device: looks whether that concerns those that it is coupled to.
    pub(super) fn look_at_coupled(&mut self, address: u16, now: u64) {
        if !self.coupled.contains(&address) {
            return;
        }
        for at in 0..self.coupled.len() {
            let other = self.coupled[at];
            if other == address {
                continue;
            }
            if self.unit(other).is_some_and(|unit| unit.waits_outside && unit.device.is_ready()) {
                self.wait(other, Delay::Microseconds(0), now);
            }
            self.look_for_status(other);
        }
    }
}
