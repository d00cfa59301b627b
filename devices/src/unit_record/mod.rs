//! Card readers, card punches and printers.

pub mod printer;
pub mod punch;
pub mod reader;
#[cfg(test)]
pub(crate) mod testing;

use s370_arch::channel::UnitStatus;

use crate::device::{Data, Ending, Initial, Progress};

/// Bits of sense byte 0 (GA24-3312 for the devices of the 2821; the others agree where they have the bit).
pub mod sense {
    /// Command reject: the device has no such command, or not in this place.
    pub const COMMAND_REJECT: u8 = 0x80;
    /// Intervention required: not ready.
    pub const INTERVENTION_REQUIRED: u8 = 0x40;
    /// Equipment check.
    pub const EQUIPMENT_CHECK: u8 = 0x10;
    /// Data check: an invalid card code; a character that cannot be printed; a channel that is not in the form.
    pub const DATA_CHECK: u8 = 0x08;
    /// Unusual command sequence (2540).
    pub const UNUSUAL_SEQUENCE: u8 = 0x02;
    /// Load check (3203, 3211).
    pub const LOAD_CHECK: u8 = 0x02;
    /// Channel 9 (printers).
    pub const CHANNEL_9: u8 = 0x01;
}

/// The command codes that all these devices have.
const SENSE: u8 = 0x04;
const NO_OPERATION: u8 = 0x03;

/// Sense bytes that a device can have at most.
const MOST_SENSE: usize = 6;

/// What all these devices have: sense bytes, the STOP and START keys, and readiness.
#[derive(Debug)]
struct Front {
    sense: [u8; MOST_SENSE],
    sense_length: usize,
    /// The STOP key was pressed, or something happened that has the same effect.
    stopped: bool,
    ready: bool,
    unsolicited: UnitStatus,
    messages: Vec<String>,
}

impl Front {
    fn new(sense_length: usize, ready: bool) -> Front {
        Front {
            sense: [0; MOST_SENSE],
            sense_length,
            stopped: false,
            ready,
            unsolicited: UnitStatus::empty(),
            messages: Vec::new(),
        }
    }

    /// Takes notice of whether the device is ready now; when it becomes so, device end is due.
    fn set_ready(&mut self, ready: bool) {
        if ready && !self.ready {
            self.unsolicited |= UnitStatus::DEVICE_END;
        }
        if !ready {
            self.unsolicited = UnitStatus::empty();
        }
        self.ready = ready;
    }

    /// A command begins: sense data is kept for a sense command and over a no-operation only.
    fn begin(&mut self, code: u8) {
        if code != SENSE && code != NO_OPERATION {
            self.sense = [0; MOST_SENSE];
        }
    }

    /// Unit check as the initial status; nothing was done.
    fn refuse(&mut self, bits: u8) -> Initial {
        self.sense = [0; MOST_SENSE];
        self.sense[0] = bits;
        Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK))
    }

    /// The data of a sense command, which clears them.
    fn transfer_sense(&mut self, data: &mut dyn Data) -> Progress {
        data.store(&self.sense[..self.sense_length]);
        self.sense = [0; MOST_SENSE];
        Progress::Ended(Ending::now(UnitStatus::ENDED))
    }

    /// The host did not take what the guest gave. The operator has to see to it and to start the device again.
    fn fail(&mut self, message: String) -> UnitStatus {
        self.sense[0] |= sense::EQUIPMENT_CHECK;
        self.messages.push(message);
        self.stopped = true;
        UnitStatus::FAILED
    }

    fn reset(&mut self) {
        self.sense = [0; MOST_SENSE];
        self.unsolicited = UnitStatus::empty();
    }
}
