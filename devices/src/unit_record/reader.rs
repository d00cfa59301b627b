//! Card readers: the reader of the 2540 (GA24-3312) and the 3505 (GA21-9124).
//!
//! Cards wait in the hopper; decks can be put on top while the reader runs. A read command takes its data from the
//! card at the read station and, unless it is a read without feed, stacks the card. The reader is ready as long as it
//! has cards and was not stopped. When the last card has left and END OF FILE is on, it stays ready for one more command,
//! which ends with unit exception.

use std::collections::VecDeque;

use s370_arch::channel::UnitStatus;

use super::{Front, NO_OPERATION, SENSE, sense};
use crate::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::deck::{Card, Deck},
};

/// Which reader it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderKind {
    /// The reader of a 2540 card read punch: 1000 cards a minute.
    R2540,
    /// 3505 model B2: 1200 cards a minute.
    R3505,
}

impl ReaderKind {
    /// A card's time in microseconds.
    const fn feed(self) -> u32 {
        match self {
            ReaderKind::R2540 => 60_000,
            ReaderKind::R3505 => 50_000,
        }
    }

    const fn sense_length(self) -> usize {
        match self {
            ReaderKind::R2540 => 1,
            ReaderKind::R3505 => 2,
        }
    }

    /// Read without feed twice, or feed without read. The 3505 has another meaning for the 2540's bit.
    const fn wrong_sequence(self) -> u8 {
        match self {
            ReaderKind::R2540 => sense::UNUSUAL_SEQUENCE,
            ReaderKind::R3505 => sense::COMMAND_REJECT,
        }
    }
}

/// Columns to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Data mode 1: EBCDIC.
    Codes,
    /// Data mode 2: column binary.
    Binary,
}

/// What a command code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Read, feed and select this stacker, 0 to 2; or, without one, only read.
    Read(Mode, Option<u8>),
    /// Feed and select stacker.
    Feed(u8),
    Sense,
    /// No-operation.
    Nothing,
}

impl Operation {
    /// SS D type (GA24-3312, "Command Bytes"): the codes of both readers. The feature for 1400 compatibility is not
    /// installed, nor are optical mark read and read column eliminate.
    fn of(code: u8) -> Option<Operation> {
        let stacker = code >> 6;
        let mode = if code & 0x20 == 0 { Mode::Codes } else { Mode::Binary };
        match code {
            SENSE => Some(Operation::Sense),
            NO_OPERATION => Some(Operation::Nothing),
            0xC2 | 0xE2 => Some(Operation::Read(mode, None)),
            0x02 | 0x42 | 0x82 | 0x22 | 0x62 | 0xA2 => Some(Operation::Read(mode, Some(stacker))),
            0x23 | 0x63 | 0xA3 => Some(Operation::Feed(stacker)),
            _ => None,
        }
    }
}

/// A card reader.
#[derive(Debug)]
pub struct Reader {
    kind: ReaderKind,
    front: Front,
    hopper: VecDeque<Card>,
    end_of_file: bool,
    /// Cards have been fed, and no unit exception has told of their end.
    end_owed: bool,
    /// The card at the read station was read without being fed.
    unfed: bool,
    operation: Operation,
    stacked: [u64; 3],
}

impl Reader {
    /// A reader with an empty hopper and END OF FILE off.
    #[must_use]
    pub fn new(kind: ReaderKind) -> Reader {
        Reader {
            kind,
            front: Front::new(kind.sense_length(), false),
            hopper: VecDeque::new(),
            end_of_file: false,
            end_owed: false,
            unfed: false,
            operation: Operation::Nothing,
            stacked: [0; 3],
        }
    }

    /// Puts a deck behind the cards that are in the hopper. Unless the STOP key was pressed, the reader starts: if it was
    /// not ready, it presents device end.
    pub fn load(&mut self, deck: Deck) {
        self.hopper.extend(deck.cards);
        self.look();
    }

    /// The END OF FILE key. While it is on, the end of the cards is signalled with unit exception, once; then, and without
    /// it, the reader is not ready.
    ///
    /// Deviation: a 2540 turns it off after the unit exception. Here it stays, so that decks can follow each other without
    /// an operator.
    pub fn end_of_file(&mut self, on: bool) {
        self.end_of_file = on;
        self.look();
    }

    /// The STOP key: not ready until [`Reader::press_start`].
    pub fn press_stop(&mut self) {
        self.front.stopped = true;
        self.look();
    }

    /// The START key.
    pub fn press_start(&mut self) {
        self.front.stopped = false;
        self.look();
    }

    /// Takes all cards out of the hopper; says how many. The end of what was read before them is not signalled.
    pub fn empty_hopper(&mut self) -> usize {
        let count = self.hopper.len();
        self.hopper.clear();
        self.end_owed = false;
        self.unfed = false;
        self.look();
        count
    }

    /// Cards that are still to be read.
    #[must_use]
    pub fn cards(&self) -> usize {
        self.hopper.len()
    }

    /// Cards in each stacker: R1, R2 and RP3 of a 2540; 1, 2 and the optional third of a 3505.
    #[must_use]
    pub fn stacked(&self) -> [u64; 3] {
        self.stacked
    }

    fn look(&mut self) {
        let has_work = !self.hopper.is_empty() || self.end_of_file && self.end_owed;
        self.front.set_ready(has_work && !self.front.stopped);
    }

    fn feed(&mut self, stacker: u8) {
        if self.hopper.pop_front().is_some() {
            self.stacked[usize::from(stacker)] += 1;
            self.end_owed = true;
        }
        self.unfed = false;
        self.look();
    }

    /// A command after the last card, with END OF FILE on.
    fn signal_end(&mut self) -> Progress {
        self.end_owed = false;
        self.look();
        Progress::Ended(Ending::now(UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION))
    }

    fn read(&mut self, data: &mut dyn Data, mode: Mode, stacker: Option<u8>) -> Progress {
        let Some(card) = self.hopper.front().copied() else { return self.signal_end() };
        let valid = match mode {
            Mode::Codes => {
                data.store(&card.lossy_codes());
                card.codes().is_ok()
            }
            Mode::Binary => {
                data.store(&card.binary());
                true
            }
        };
        match stacker {
            Some(stacker) => self.feed(stacker),
            None => self.unfed = true,
        }
        Progress::Ended(if !valid {
            self.front.sense[0] |= sense::DATA_CHECK;
            Ending::now(UnitStatus::FAILED)
        } else if stacker.is_some() {
            Ending::channel_end(self.kind.feed())
        } else {
            Ending::now(UnitStatus::ENDED)
        })
    }
}

impl Device for Reader {
    fn kind(&self) -> &'static str {
        match self.kind {
            ReaderKind::R2540 => "2540R",
            ReaderKind::R3505 => "3505",
        }
    }

    fn start(&mut self, command: Command) -> Initial {
        self.front.begin(command.code);
        let Some(operation) = Operation::of(command.code) else { return self.front.refuse(sense::COMMAND_REJECT) };
        self.operation = operation;
        if operation != Operation::Sense && !self.front.ready {
            return self.front.refuse(sense::INTERVENTION_REQUIRED);
        }
        match operation {
            Operation::Nothing => Initial::Ended(Ending::now(UnitStatus::ENDED)),
            Operation::Read(..) if self.unfed => self.front.refuse(self.kind.wrong_sequence()),
            Operation::Feed(_) if !self.unfed => self.front.refuse(self.kind.wrong_sequence()),
            Operation::Feed(stacker) => {
                self.feed(stacker);
                Initial::Ended(Ending::channel_end(self.kind.feed()))
            }
            Operation::Read(..) | Operation::Sense => Initial::Accepted(Delay::Microseconds(0)),
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, _now: u64) -> Progress {
        match self.operation {
            Operation::Sense => self.front.transfer_sense(data),
            Operation::Read(mode, stacker) => self.read(data, mode, stacker),
            Operation::Feed(_) | Operation::Nothing => Progress::Ended(Ending::now(UnitStatus::ENDED)),
        }
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.front.unsolicited)
    }

    fn reset(&mut self) {
        self.front.reset();
        self.unfed = false;
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.front.messages)
    }
}

#[cfg(test)]
mod tests;
