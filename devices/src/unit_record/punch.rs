//! Card punches: the punch of the 2540 (GA24-3312) and the 3525 (GA21-9124).
//!
//! Blank cards never run out. A punched card is in its sink before the guest is told of channel end.

use s370_arch::channel::UnitStatus;

use super::{Front, NO_OPERATION, SENSE, sense};
use crate::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::deck::{COLUMNS, Card, CardSink},
};

/// Which punch it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PunchKind {
    /// The punch of a 2540 card read punch: 300 cards a minute. Punch feed read is not installed.
    P2540,
    /// 3525 model P3: 300 cards a minute. Neither card read nor card print is installed.
    P3525,
}

/// A card's time in microseconds.
const FEED: u32 = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Punch, feed and select this stacker, 1 to 3; in column binary or not.
    Punch {
        binary: bool,
        stacker: u8,
    },
    Sense,
    /// No-operation.
    Nothing,
}

impl Operation {
    /// SS D 00001 (GA24-3312, "Command Bytes").
    fn of(code: u8) -> Option<Operation> {
        match code {
            SENSE => Some(Operation::Sense),
            NO_OPERATION => Some(Operation::Nothing),
            0x01 | 0x41 | 0x81 | 0x21 | 0x61 | 0xA1 => {
                Some(Operation::Punch { binary: code & 0x20 != 0, stacker: (code >> 6) + 1 })
            }
            _ => None,
        }
    }
}

/// A card punch.
pub struct Punch {
    kind: PunchKind,
    front: Front,
    sink: Box<dyn CardSink>,
    operation: Operation,
    punched: u64,
}

impl Punch {
    /// A punch that is ready, and where its cards go.
    #[must_use]
    pub fn new(kind: PunchKind, sink: Box<dyn CardSink>) -> Punch {
        let sense_length = match kind {
            PunchKind::P2540 => 1,
            PunchKind::P3525 => 2,
        };
        Punch { kind, front: Front::new(sense_length, true), sink, operation: Operation::Nothing, punched: 0 }
    }

    /// Takes the cards out of the stackers: the next go into another sink. The old one is returned.
    pub fn empty_stackers(&mut self, sink: Box<dyn CardSink>) -> Box<dyn CardSink> {
        self.punched = 0;
        std::mem::replace(&mut self.sink, sink)
    }

    /// Cards punched into the present sink.
    #[must_use]
    pub fn punched(&self) -> u64 {
        self.punched
    }

    /// The STOP key: not ready until [`Punch::press_start`].
    pub fn press_stop(&mut self) {
        self.front.stopped = true;
        self.front.set_ready(false);
    }

    /// The START key.
    pub fn press_start(&mut self) {
        self.front.stopped = false;
        self.front.set_ready(true);
    }

    fn punch(&mut self, data: &mut dyn Data, binary: bool, stacker: u8) -> Ending {
        const BLANK: u8 = 0x40;
        let card = if binary {
            let mut bytes = [0; 2 * COLUMNS];
            data.fetch_some(&mut bytes);
            Card::from_binary(&bytes)
        } else {
            let mut codes = [BLANK; COLUMNS];
            data.fetch_some(&mut codes);
            Card::from_codes(&codes)
        };
        match self.sink.take(&card, stacker) {
            Ok(()) => {
                self.punched += 1;
                Ending::channel_end(FEED)
            }
            Err(error) => {
                let status = self.front.fail(error.to_string());
                self.front.set_ready(false);
                Ending::now(status)
            }
        }
    }
}

impl Device for Punch {
    fn kind(&self) -> &'static str {
        match self.kind {
            PunchKind::P2540 => "2540P",
            PunchKind::P3525 => "3525",
        }
    }

    fn start(&mut self, command: Command) -> Initial {
        self.front.begin(command.code);
        let Some(operation) = Operation::of(command.code) else { return self.front.refuse(sense::COMMAND_REJECT) };
        self.operation = operation;
        match operation {
            Operation::Sense => Initial::Accepted(Delay::Microseconds(0)),
            _ if !self.front.ready => self.front.refuse(sense::INTERVENTION_REQUIRED),
            Operation::Nothing => Initial::Ended(Ending::now(UnitStatus::ENDED)),
            Operation::Punch { .. } => Initial::Accepted(Delay::Microseconds(0)),
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, _now: u64) -> Progress {
        match self.operation {
            Operation::Sense => self.front.transfer_sense(data),
            Operation::Punch { binary, stacker } => Progress::Ended(self.punch(data, binary, stacker)),
            Operation::Nothing => Progress::Ended(Ending::now(UnitStatus::ENDED)),
        }
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.front.unsolicited)
    }

    fn reset(&mut self) {
        self.front.reset();
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.front.messages)
    }
}

#[cfg(test)]
mod tests;
