//! The I/O instructions and interruptions: condition codes by the state of channel, subchannel and device, and what is
//! stored (GA22-7000-10, chapter 13, "Condition Code" and the description of each instruction; chapter 10 for channel
//! sets).

use s370_arch::{
    assigned_storage as at,
    channel::{Caw, ChannelKind, ChannelStatus, Csw, UnitStatus},
    control_register::cr0,
};
use s370_cpu::{
    bus::{Bus, IoOperation, IoRequest, Signal, SignalAnswer},
    storage::AbsoluteStorage,
};

use super::{
    channels::{Channels, split},
    program::{Advance, ChannelProgram},
    subchannel::State,
};

/// Condition codes. What the four mean depends on the instruction.
mod cc {
    pub const DONE: u8 = 0;
    pub const STORED: u8 = 1;
    pub const BUSY: u8 = 2;
    pub const NOT_OPERATIONAL: u8 = 3;
}

/// The one channel set.
const CHANNEL_SET: u16 = 0;

/// Stores a whole CSW.
fn store_csw(csw: Csw, prefix: u32, storage: &impl AbsoluteStorage) {
    storage.store_u64(prefix + at::CSW, csw.emit());
}

/// Stores bits 32-47 of a CSW and leaves the rest as it is.
fn store_status(unit: UnitStatus, channel: ChannelStatus, prefix: u32, storage: &impl AbsoluteStorage) {
    storage.store_u16(prefix + at::CSW + 4, Csw { unit, channel, ..Csw::default() }.status());
}

/// Whether an operation that is started now keeps a channel of this kind until channel end.
fn is_in_burst_mode(kind: ChannelKind, cr0: u32) -> bool {
    match kind {
        ChannelKind::Selector => true,
        ChannelKind::ByteMultiplexer => false,
        ChannelKind::BlockMultiplexer => cr0 & cr0::BLOCK_MULTIPLEXING == 0,
    }
}

impl Channels {
    /// Whether one of these channels (bit 31 - n: channel n) asks for an interruption.
    #[must_use]
    pub fn asks_for(&self, channels: u32) -> bool {
        self.asking & channels != 0 && self.connected
    }

    /// Whether some channel asks for an interruption.
    #[must_use]
    pub fn attention(&self) -> bool {
        self.asking != 0 && self.connected
    }

    /// The time of the next event, or `u64::MAX`.
    #[must_use]
    pub fn next_event(&self) -> u64 {
        self.events.next_time()
    }

    /// START I/O, and START I/O FAST RELEASE executed as START I/O. That is no deviation. GA22-7000-10, chapter 13, "START
    /// I/O": "Either an SIO or SIOF function is performed, depending on the instruction, the channel, and the
    /// block-multiplexing-control bit". An earlier edition, GA22-7000-4, has the rule in one sentence: "When block
    /// multiplexing is specified, START I/O FAST RELEASE, depending on the channel, may cause either the SIO or the SIOF
    /// function to be performed." None of our channels has the SIOF function, so there is no deferred condition code.
    fn start_io(&mut self, request: &IoRequest, storage: &impl AbsoluteStorage) -> u8 {
        let &IoRequest { address, prefix, now, .. } = request;
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return cc::NOT_OPERATIONAL };
        let burst_mode = is_in_burst_mode(channel.kind, request.cr0);
        let is_occupied = channel.burst.is_some() || channel.kept.is_some();
        let Some(unit) = channel.unit(low) else { return cc::NOT_OPERATIONAL };
        if is_occupied || unit.concluded.is_some() || matches!(unit.state, State::Working(_)) {
            return cc::BUSY;
        }
        let mut access = storage;
        let mut program = match ChannelProgram::begin(Caw::parse(storage.u32(prefix + at::CAW)), &mut access) {
            Ok(program) => Box::new(program),
            Err(check) => {
                store_status(UnitStatus::empty(), check, prefix, storage);
                return cc::STORED;
            }
        };
        if matches!(unit.state, State::Idle) {
            unit.held |= unit.device.take_unsolicited();
        }
        let is_ending = matches!(unit.state, State::Ending(_));
        if is_ending || !unit.held.is_empty() {
            // The device is busy, or hands over what it held; the command is not executed.
            let status = unit.take_held() | UnitStatus::BUSY;
            let csw = program.take_program_controlled().unwrap_or_default();
            store_status(status, csw.channel, prefix, storage);
            self.answered(address);
            return cc::STORED;
        }
        let advance = program.start(unit.device.as_mut(), now);
        unit.state = State::Working(program);
        let code = if let Advance::Ended(conclusion) = advance {
            let counts = match &mut unit.state {
                State::Working(program) => program.take_counts(),
                _ => Default::default(),
            };
            channel.activity.operations += 1;
            channel.activity.commands += counts.commands;
            store_status(conclusion.csw.unit, conclusion.csw.channel, prefix, storage);
            self.end(address, conclusion.later, now);
            cc::STORED
        } else {
            channel.activity.operations += 1;
            channel.burst = burst_mode.then_some(low);
            self.after_step(address, advance, now);
            self.refresh(number);
            cc::DONE
        };
        self.look_at_coupled(address, now);
        code
    }

    fn test_io(&mut self, request: &IoRequest, storage: &impl AbsoluteStorage) -> u8 {
        let &IoRequest { address, prefix, .. } = request;
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return cc::NOT_OPERATIONAL };
        let is_occupied = channel.burst.is_some() || channel.kept.is_some_and(|other| other != low);
        let Some(unit) = channel.unit(low) else { return cc::NOT_OPERATIONAL };
        if is_occupied || matches!(unit.state, State::Working(_)) {
            return cc::BUSY;
        }
        if let Some(csw) = unit.concluded.take() {
            store_csw(csw, prefix, storage);
            self.answered(address);
            return cc::STORED;
        }
        if matches!(unit.state, State::Ending(_)) {
            store_status(UnitStatus::BUSY, ChannelStatus::empty(), prefix, storage);
            return cc::STORED;
        }
        let held = unit.take_held() | unit.device.take_unsolicited();
        if held.is_empty() {
            return cc::DONE;
        }
        store_status(held, ChannelStatus::empty(), prefix, storage);
        self.answered(address);
        cc::STORED
    }

    fn clear_io(&mut self, request: &IoRequest, storage: &impl AbsoluteStorage) -> u8 {
        if request.cr0 & cr0::BLOCK_MULTIPLEXING == 0 {
            return self.test_io(request, storage);
        }
        let &IoRequest { address, prefix, now, .. } = request;
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return cc::NOT_OPERATIONAL };
        let works_for_another = channel.burst.is_some_and(|other| other != low);
        let Some(unit) = channel.unit(low) else { return cc::NOT_OPERATIONAL };
        if works_for_another {
            return cc::BUSY;
        }
        if let Some(csw) = unit.concluded.take() {
            store_csw(csw, prefix, storage);
            self.answered(address);
            return cc::STORED;
        }
        let State::Working(program) = &mut unit.state else { return cc::DONE };
        // A device that is about to end its operation by itself does so when it was to.
        let goes_on = program.awaits_device_end();
        let conclusion = program.clear(unit.device.as_mut());
        store_csw(conclusion.csw, prefix, storage);
        match conclusion.later {
            Some((_, status)) if goes_on => unit.state = State::Ending(status),
            later => {
                unit.waits_outside = false;
                self.events.cancel(address);
                self.end(address, later, now);
            }
        }
        if let Some(channel) = self.channel(number)
            && channel.burst == Some(low)
        {
            channel.burst = None;
        }
        self.answered(address);
        self.look_at_coupled(address, now);
        cc::STORED
    }

    fn halt_io(&mut self, request: &IoRequest, storage: &impl AbsoluteStorage) -> u8 {
        let &IoRequest { operation, address, prefix, now, .. } = request;
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return cc::NOT_OPERATIONAL };
        let kept = channel.kept.is_some();
        match channel.burst {
            // HALT I/O ends whatever the channel is working at.
            Some(device) if operation == IoOperation::HaltIo => {
                self.halt(address & 0xFF00 | u16::from(device), now);
                return cc::BUSY;
            }
            Some(device) if device != low => return cc::BUSY,
            _ => {}
        }
        let Some(unit) = channel.unit(low) else { return cc::NOT_OPERATIONAL };
        if kept || unit.concluded.is_some() {
            return cc::DONE;
        }
        self.halt(address, now);
        store_status(UnitStatus::empty(), ChannelStatus::empty(), prefix, storage);
        cc::STORED
    }

    /// Ends the operation at a device, if there is one that can be ended.
    fn halt(&mut self, address: u16, now: u64) {
        let Some(unit) = self.unit(address) else { return };
        let State::Working(program) = &mut unit.state else { return };
        if let Some(conclusion) = program.halt(unit.device.as_mut()) {
            unit.waits_outside = false;
            self.events.cancel(address);
            self.conclude(address, conclusion, now);
            self.look_at_coupled(address, now);
        }
    }

    fn test_channel(&mut self, address: u16) -> u8 {
        match self.channel(split(address).0) {
            None => cc::NOT_OPERATIONAL,
            Some(channel) if channel.burst.is_some() => cc::BUSY,
            Some(channel) if channel.candidate().is_some() => cc::STORED,
            Some(_) => cc::DONE,
        }
    }

    fn store_channel_id(&mut self, request: &IoRequest, storage: &impl AbsoluteStorage) -> u8 {
        let Some(channel) = self.channel(split(request.address).0) else { return cc::NOT_OPERATIONAL };
        // A channel that can be of two kinds is what an operation that is started now would find.
        let inhibited = channel.kind == ChannelKind::BlockMultiplexer && is_in_burst_mode(channel.kind, request.cr0);
        let kind = if inhibited { ChannelKind::Selector } else { channel.kind };
        storage.store_u32(request.prefix + at::CHANNEL_ID, kind.id(0, 0));
        cc::DONE
    }

    /// CONNECT CHANNEL SET and DISCONNECT CHANNEL SET: there is one set, and one processor that it can belong to.
    fn switch_channel_set(&mut self, request: &IoRequest, connect: bool) -> u8 {
        if request.address != CHANNEL_SET {
            return cc::NOT_OPERATIONAL;
        }
        self.connected = connect;
        cc::DONE
    }
}

impl<S: AbsoluteStorage> Bus<S> for Channels {
    fn io(&mut self, request: &IoRequest, storage: &S) -> u8 {
        match request.operation {
            IoOperation::ConnectChannelSet => return self.switch_channel_set(request, true),
            IoOperation::DisconnectChannelSet => return self.switch_channel_set(request, false),
            _ if !self.connected => return cc::NOT_OPERATIONAL,
            _ => {}
        }
        let code = match request.operation {
            IoOperation::StartIo | IoOperation::StartIoFast => self.start_io(request, storage),
            IoOperation::TestIo => self.test_io(request, storage),
            IoOperation::ClearIo => self.clear_io(request, storage),
            IoOperation::HaltIo | IoOperation::HaltDevice => self.halt_io(request, storage),
            IoOperation::TestChannel => self.test_channel(request.address),
            IoOperation::StoreChannelId => self.store_channel_id(request, storage),
            IoOperation::ConnectChannelSet | IoOperation::DisconnectChannelSet => cc::NOT_OPERATIONAL,
        };
        if code == cc::BUSY && self.hurries() {
            self.hurry(request.now, storage);
        }
        code
    }

    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &S) -> Option<u16> {
        if !self.asks_for(channels) {
            return None;
        }
        let number = (self.asking & channels).leading_zeros() as usize;
        let channel = self.channel(number)?;
        let low = channel.candidate()?;
        let condition = channel.unit(low).and_then(|unit| unit.take_condition());
        channel.activity.interruptions += u64::from(condition.is_some());
        let address = (number as u16) << 8 | u16::from(low);
        self.answered(address);
        store_csw(condition?, prefix, storage);
        Some(address)
    }

    fn attention(&self) -> bool {
        Channels::attention(self)
    }

    fn asks_for(&self, channels: u32) -> bool {
        Channels::asks_for(self, channels)
    }

    fn next_event(&self) -> u64 {
        Channels::next_event(self)
    }

    fn advance(&mut self, now: u64, storage: &S) {
        self.let_happen(now, storage);
    }

    fn reset_channels(&mut self) {
        self.reset();
    }

    fn signal(&mut self, _: Signal) -> SignalAnswer {
        SignalAnswer::NotOperational
    }
}
