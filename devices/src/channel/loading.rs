//! The channel's part of initial program loading (GA22-7000-10, chapter 4, "Initial Program Loading").

use s370_arch::channel::{ChannelStatus, Csw, UnitStatus};
use s370_cpu::storage::AbsoluteStorage;
use thiserror::Error;

use super::{channels::Channels, program::ChannelProgram, subchannel::State};
use crate::{
    area::Area,
    device::{Command, Device, Initial, Progress},
};

/// Sense bytes that are asked for when loading fails.
const SENSE_LENGTH: usize = 32;

/// The basic sense command.
const SENSE: u8 = 0x04;

/// Events after which a loading program counts as one without end: a few for each of some thousand cards. The processor that
/// loads a virtual machine is lent to nobody meanwhile.
const LONGEST: u32 = 20_000;

/// Why the initial program could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    /// There is no such device.
    #[error("device {0:03X} is not operational")]
    NotOperational(u16),
    /// Some status other than channel end, device end and status modifier.
    #[error(
        "device {address:03X} ({kind}) ended with unit status {unit:02X}, channel status {channel:02X}{}",
        show_sense(.sense)
    )]
    Status {
        /// The device.
        address: u16,
        /// Its type.
        kind: &'static str,
        /// Unit status.
        unit: u8,
        /// Channel status.
        channel: u8,
        /// The sense bytes, if there was a unit check.
        sense: Vec<u8>,
    },
    /// The device waits for something that nobody has done yet.
    #[error("device {0:03X} waits for something outside")]
    Waiting(u16),
    /// The program that was read first goes on and on.
    #[error("the channel program that device {0:03X} read does not end")]
    Endless(u16),
}

fn show_sense(sense: &[u8]) -> String {
    let bytes: String = sense.iter().map(|byte| format!(" {byte:02X}")).collect();
    if bytes.is_empty() { bytes } else { format!(", sense{bytes}") }
}

/// What the device has to say about its last unit check.
pub(super) fn sense(device: &mut dyn Device, now: u64) -> Vec<u8> {
    let mut area = Area::empty(SENSE_LENGTH);
    if let Initial::Accepted(_) = device.start(Command { code: SENSE, chained: false, now }) {
        // No device needs more than a moment for this.
        for _ in 0..10 {
            if matches!(device.transfer(&mut area, now), Progress::Ended(_)) {
                break;
            }
        }
    }
    device.end_of_chain();
    area.read().to_vec()
}

impl Channels {
    /// Reads the initial program, without any instruction being executed meanwhile. The channels have been reset. Gives
    /// the time when that is done; device end may still come, and will interrupt.
    ///
    /// # Errors
    /// The operation could not be done, or ended with unusual status.
    pub fn load(&mut self, address: u16, now: u64, storage: &impl AbsoluteStorage) -> Result<u64, LoadError> {
        let unit = self.unit(address).ok_or(LoadError::NotOperational(address))?;
        let mut program = Box::new(ChannelProgram::initial_program_loading());
        let advance = program.start(unit.device.as_mut(), now);
        unit.state = State::Working(program);
        self.after_step(address, advance, now);
        let mut now = now;
        for _ in 0..LONGEST {
            let unit = self.unit(address).ok_or(LoadError::NotOperational(address))?;
            if let Some(csw) = unit.concluded.take() {
                let checked = check(address, csw, unit.device.as_mut(), now);
                self.answered(address);
                return checked.map(|()| now);
            }
            if self.events.next_time() == u64::MAX {
                return Err(LoadError::Waiting(address));
            }
            now = now.max(self.events.next_time());
            self.let_next_happen(now, storage);
        }
        Err(LoadError::Endless(address))
    }
}

fn check(address: u16, csw: Csw, device: &mut dyn Device, now: u64) -> Result<(), LoadError> {
    let usual = UnitStatus::ENDED | UnitStatus::STATUS_MODIFIER;
    if usual.contains(csw.unit) && csw.unit.contains(UnitStatus::CHANNEL_END) && csw.channel == ChannelStatus::empty() {
        return Ok(());
    }
    let sense = if csw.unit.contains(UnitStatus::UNIT_CHECK) { sense(device, now) } else { Vec::new() };
    Err(LoadError::Status { address, kind: device.kind(), unit: csw.unit.bits(), channel: csw.channel.bits(), sense })
}
