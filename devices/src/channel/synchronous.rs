//! What a control program does to the devices of a virtual machine besides the I/O instructions: it executes a channel
//! program at once, without an interruption (VM/370's DIAGNOSE X'18' and X'20'), and it presses keys of devices (its READY,
//! ATTN and RESET commands).

use s370_arch::channel::{Caw, ChannelStatus, Csw, UnitStatus};
use s370_cpu::{state::MICROSECOND, storage::AbsoluteStorage};
use thiserror::Error;

use super::{
    channels::{Channels, split},
    loading,
    program::{Advance, ChannelProgram},
    subchannel::State,
};
use crate::device::{Delay, Device};

/// Steps after which a channel program counts as one without end: 15 blocks, each behind a search that looks at every
/// record of a track twice, are far less. The processor that executes it is lent to nobody meanwhile.
const LONGEST: u32 = 10_000;

/// Why a channel program was not executed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotExecuted {
    /// There is no such device.
    #[error("the device is not operational")]
    NotOperational,
    /// The device or its channel is working, or an interruption is pending.
    #[error("the device is busy")]
    Busy,
    /// The channel did not accept the first CCW.
    #[error("the channel refuses the first CCW")]
    Refused(ChannelStatus),
    /// The device waits for something outside, or the program goes on and on. It was given up.
    #[error("the channel program does not end")]
    Endless,
}

impl Channels {
    /// Whether a device is idle, with nothing pending, and its channel too.
    fn check_idle(&mut self, address: u16) -> Result<(), NotExecuted> {
        let (number, low) = split(address);
        let channel = self.channel(number).ok_or(NotExecuted::NotOperational)?;
        let is_occupied = channel.burst.is_some() || channel.kept.is_some_and(|other| other != low);
        let unit = channel.unit(low).ok_or(NotExecuted::NotOperational)?;
        unit.held |= unit.device.take_unsolicited();
        if is_occupied || unit.has_condition() || !matches!(unit.state, State::Idle) {
            return Err(NotExecuted::Busy);
        }
        Ok(())
    }

    /// Executes a channel program from its beginning to device end, and gives the CSW, with all status in it. There is no
    /// interruption, and sense data stay in the device. For the device the time is `now` and what it asks to wait.
    ///
    /// # Errors
    /// [`NotExecuted`]. Only [`NotExecuted::Endless`] may have done something.
    pub fn execute(
        &mut self,
        address: u16,
        caw: Caw,
        now: u64,
        storage: &impl AbsoluteStorage,
    ) -> Result<Csw, NotExecuted> {
        self.check_idle(address)?;
        let (number, low) = split(address);
        let channel = self.channel(number).ok_or(NotExecuted::NotOperational)?;
        let mut access = storage;
        let mut program = ChannelProgram::begin(caw, &mut access).map_err(NotExecuted::Refused)?;
        let unit = channel.unit(low).ok_or(NotExecuted::NotOperational)?;
        let outcome = complete(&mut program, unit.device.as_mut(), now, storage);
        let counts = program.take_counts();
        channel.activity.operations += 1;
        channel.activity.commands += counts.commands;
        channel.activity.bytes += counts.bytes;
        self.look_for_status(address);
        self.look_at_coupled(address, now);
        outcome
    }

    /// The basic sense command for a device: up to 32 bytes. None if there is no such device or it is busy.
    pub fn sense(&mut self, address: u16, now: u64) -> Option<Vec<u8>> {
        self.check_idle(address).ok()?;
        let unit = self.unit(address)?;
        Some(loading::sense(unit.device.as_mut(), now))
    }

    /// Has a device present this status by itself, as when somebody has pressed a key. False if there is no such device.
    pub fn present(&mut self, address: u16, status: UnitStatus) -> bool {
        let Some(unit) = self.unit(address) else { return false };
        unit.held |= status;
        if matches!(unit.state, State::Idle) {
            self.ask(address, false);
        }
        true
    }

    /// Resets one device: what it does is forgotten, and so is what is pending for it. False if there is no such device.
    pub fn reset_device(&mut self, address: u16) -> bool {
        let (number, low) = split(address);
        let Some(channel) = self.channel(number) else { return false };
        let Some(unit) = channel.unit(low) else { return false };
        unit.reset();
        if channel.burst == Some(low) {
            channel.burst = None;
        }
        self.events.cancel(address);
        self.answered(address);
        true
    }

    /// Whether a device is idle, with no interruption pending for it.
    pub fn is_free(&mut self, address: u16) -> bool {
        self.unit(address).is_some_and(|unit| matches!(unit.state, State::Idle) && !unit.has_condition())
    }

    /// Whether an operation that a program has started is going on at the subchannel or at the device.
    pub fn is_working(&mut self, address: u16) -> bool {
        self.unit(address).is_some_and(|unit| !matches!(unit.state, State::Idle))
    }
}

/// Takes a channel program to its end.
fn complete(
    program: &mut ChannelProgram,
    device: &mut dyn Device,
    mut now: u64,
    storage: &impl AbsoluteStorage,
) -> Result<Csw, NotExecuted> {
    let mut access = storage;
    let mut advance = program.start(device, now);
    for _ in 0..LONGEST {
        match advance {
            Advance::Wait(Delay::Outside) if !device.is_ready() => break,
            Advance::Wait(delay) => {
                now = after(now, delay);
                advance = program.proceed(&mut access, device, now);
            }
            Advance::Ended(conclusion) => {
                let mut csw = conclusion.csw;
                csw.unit |= conclusion.later.map_or(UnitStatus::empty(), |(_, status)| status);
                return Ok(csw);
            }
        }
    }
    // What the device would still have said is said to nobody.
    program.clear(device);
    Err(NotExecuted::Endless)
}

fn after(now: u64, delay: Delay) -> u64 {
    match delay {
        Delay::Microseconds(microseconds) => now.saturating_add(u64::from(microseconds) * MICROSECOND),
        Delay::Outside => now,
    }
}
