//! Line printers: 1403 (GA24-3312), 3203 model 5 (GA33-1529) and 3211 (GA24-3543).
//!
//! What is printed is in its sink, and committed, before the guest is told of channel end. Channel 9 and channel 12 are
//! signalled when the form is spaced past or to a line that has them, not when it is skipped.
//!
//! Choices where no manual could be read: a load of the universal character set buffer has effect as a list of the
//! characters on the train, without the 3211's dualing; sense bytes 1-5 of the 3203 and 3211 are zero.

mod characters;
mod command;
pub mod form;
pub mod tape;

use s370_arch::channel::UnitStatus;

use self::{
    characters::CharacterSet,
    command::{Action, Operation},
    form::{Carriage, Form, MOST_LINES, Motion},
};
use super::{Front, sense};
use crate::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::{MediaError, listing::PrintSink},
};

/// Which printer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterKind {
    /// 1403 model N1, with the universal character set feature.
    P1403,
    /// 3203 model 5.
    P3203,
    /// 3211.
    P3211,
}

impl PrinterKind {
    /// Time of a line that is printed and spaced once, in microseconds: 1100, 1200 and 2000 lines a minute.
    const fn line_time(self) -> u32 {
        match self {
            PrinterKind::P1403 => 54_500,
            PrinterKind::P3203 => 50_000,
            PrinterKind::P3211 => 30_000,
        }
    }

    const fn sense_length(self) -> usize {
        match self {
            PrinterKind::P1403 => 1,
            PrinterKind::P3203 | PrinterKind::P3211 => 6,
        }
    }
}

/// Print positions without the 3211's feature for more.
const WIDTH: usize = 132;
/// Print positions with it.
const WIDE: usize = 150;
/// Time of each further line of a movement, in microseconds.
const SPACE_TIME: u32 = 5_000;
const BLANK: u8 = 0x40;

/// A printer.
pub struct Printer {
    kind: PrinterKind,
    front: Front,
    sink: Box<dyn PrintSink>,
    carriage: Carriage,
    characters: CharacterSet,
    /// The print line buffer; its length is the number of print positions.
    line: Vec<u8>,
    operation: Operation,
    /// A diagnostic gate command came in this chain.
    gate: bool,
    /// The command before was UCS gate load.
    load_gate: bool,
    printed: u64,
}

impl Printer {
    /// A printer that is ready at line 1 of [`Form::standard`], and where its lines go.
    #[must_use]
    pub fn new(kind: PrinterKind, sink: Box<dyn PrintSink>) -> Printer {
        Printer {
            kind,
            front: Front::new(kind.sense_length(), true),
            sink,
            carriage: Carriage::new(Form::standard()),
            characters: CharacterSet::new(),
            line: vec![BLANK; WIDTH],
            operation: Operation::Nothing,
            gate: false,
            load_gate: false,
            printed: 0,
        }
    }

    /// Installs the 3211's feature of 150 print positions; other printers have 132.
    pub fn widen(&mut self) {
        if self.kind == PrinterKind::P3211 {
            self.line = vec![BLANK; WIDE];
        }
    }

    /// Puts in other forms and their carriage tape, or the image of them; line 1 is at the print position.
    pub fn change_form(&mut self, form: Form) {
        self.carriage = Carriage::new(form);
    }

    /// Takes off what was printed: the next lines go into another sink. The old one is returned. The form stays where it
    /// is, so what is printed next begins at [`Printer::line`] of its page.
    pub fn take_off(&mut self, sink: Box<dyn PrintSink>) -> Box<dyn PrintSink> {
        std::mem::replace(&mut self.sink, sink)
    }

    /// Has the sink make what is made from the lines afterwards.
    ///
    /// # Errors
    /// The host does not take it.
    pub fn finish_listing(&mut self) -> Result<(), MediaError> {
        self.sink.finish()
    }

    /// Lines printed since the printer was made.
    #[must_use]
    pub fn printed(&self) -> u64 {
        self.printed
    }

    /// The form in the printer.
    #[must_use]
    pub fn form(&self) -> &Form {
        self.carriage.form()
    }

    /// The line at the print position, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.carriage.line()
    }

    /// The STOP key, or the carriage-stop key, or an end of forms: not ready until [`Printer::press_start`].
    pub fn press_stop(&mut self) {
        self.front.stopped = true;
        self.front.set_ready(false);
    }

    /// The START key.
    pub fn press_start(&mut self) {
        self.front.stopped = false;
        self.front.set_ready(true);
    }

    /// Moves the form and tells the sink. What is to be signalled with device end, and how long it takes.
    fn act(&mut self, action: Action) -> (UnitStatus, u32) {
        let mut status = UnitStatus::empty();
        let motion = match action {
            Action::Space(lines) => {
                let motion = self.carriage.space(usize::from(lines));
                if motion.sensed & 1 << 9 != 0 {
                    self.front.sense[0] |= sense::CHANNEL_9;
                    status |= UnitStatus::UNIT_CHECK;
                }
                if motion.sensed & 1 << 12 != 0 {
                    status |= UnitStatus::UNIT_EXCEPTION;
                }
                motion
            }
            Action::Skip(channel) => match self.carriage.skip(channel) {
                Some(motion) => motion,
                None => self.run_away(channel, &mut status),
            },
        };
        for _ in 0..motion.pages {
            self.sink.new_page();
        }
        self.sink.space(motion.lines);
        let lines = motion.pages * self.form().lines() + motion.lines;
        (status, SPACE_TIME * lines.min(MOST_LINES) as u32)
    }

    /// A skip to a channel that the form does not have. Forms run out of a 1403 until somebody stops it: here, after a
    /// page. The others space one line and, unless that is blocked, signal data check.
    fn run_away(&mut self, channel: u8, status: &mut UnitStatus) -> Motion {
        if self.kind == PrinterKind::P1403 {
            self.front.messages.push(format!("forms ran out: the carriage tape has no channel {channel}"));
            self.front.stopped = true;
            return self.carriage.space(self.carriage.form().lines());
        }
        if !self.characters.blocked {
            self.front.sense[0] |= sense::DATA_CHECK;
            *status |= UnitStatus::UNIT_CHECK;
        }
        self.carriage.space(1)
    }

    /// Has the sink keep what it was told; then channel end, and device end with `status`.
    fn finish(&mut self, status: UnitStatus, time: u32) -> Ending {
        let ending = match self.sink.commit() {
            Ok(()) => Ending {
                status: UnitStatus::CHANNEL_END,
                later: Some((Delay::Microseconds(time), UnitStatus::DEVICE_END | status)),
            },
            Err(error) => Ending::now(self.front.fail(error.to_string())),
        };
        if self.front.stopped {
            self.front.set_ready(false);
        }
        ending
    }

    fn fill_line(&mut self, data: &mut dyn Data) {
        self.line.fill(BLANK);
        data.fetch_some(&mut self.line);
    }

    fn write(&mut self, data: &mut dyn Data, action: Action) -> Ending {
        self.fill_line(data);
        let (printed, all) = self.characters.print(&self.line);
        let mut status = UnitStatus::empty();
        if !all && !self.characters.blocked {
            self.front.sense[0] |= sense::DATA_CHECK;
            status |= UnitStatus::UNIT_CHECK;
        }
        self.printed += 1;
        self.sink.print(&indexed(printed, self.form().index()));
        let (signals, time) = self.act(action);
        self.finish(status | signals, self.kind.line_time() + time)
    }

    fn load_form(&mut self, data: &mut dyn Data) -> Ending {
        // An index byte, and the lines.
        let mut image = Vec::with_capacity(MOST_LINES + 1);
        let mut byte = [0];
        while image.len() < MOST_LINES + 1 && data.fetch_some(&mut byte) > 0 {
            image.push(byte[0]);
            // A 3203 takes nothing after the last line; a 3211 takes all, so that its length is never incorrect.
            if self.kind == PrinterKind::P3203 && form::has_last_line(&image) {
                break;
            }
        }
        let mut rest = [0; 256];
        while self.kind == PrinterKind::P3211 && data.fetch_some(&mut rest) > 0 {}
        match Form::of_image(&image, MOST_LINES, self.kind == PrinterKind::P3211) {
            Ok(form) => {
                self.carriage = Carriage::new(form);
                Ending::now(UnitStatus::ENDED)
            }
            Err(form::LoadError) => {
                self.front.sense[0] |= sense::LOAD_CHECK;
                Ending::now(UnitStatus::FAILED)
            }
        }
    }

    fn load_character_set(&mut self, data: &mut dyn Data, fold: bool) -> Ending {
        let mut buffer = vec![0; CharacterSet::size(self.kind).0];
        data.fetch(&mut buffer);
        self.characters.load(self.kind, buffer);
        if self.kind == PrinterKind::P1403 {
            self.characters.fold = fold;
        }
        Ending::now(UnitStatus::ENDED)
    }

    /// The line after the present one, its bits in reverse order: what a diagnostic check read gives.
    fn check_byte(&self) -> u8 {
        (self.line() as u8).wrapping_add(1).reverse_bits()
    }

    /// A control command without data.
    fn control(&mut self, operation: Operation) -> Ending {
        match operation {
            Operation::Move(action) => {
                let (status, time) = self.act(action);
                return self.finish(status, time);
            }
            Operation::Gate => self.gate = true,
            Operation::GateLoad => self.load_gate = true,
            Operation::Fold(fold) => self.characters.fold = fold,
            Operation::BlockDataCheck(blocked) => self.characters.blocked = blocked,
            Operation::RaiseCover if self.kind == PrinterKind::P3211 => {
                self.front.messages.push("the program raised the printer's cover".to_owned());
            }
            _ => {}
        }
        Ending::now(UnitStatus::ENDED)
    }

    /// Whether the commands before permit this one.
    fn is_in_sequence(&self, operation: Operation) -> bool {
        match operation {
            Operation::CheckRead | Operation::ReadCharacterSet | Operation::ReadForm => self.gate,
            Operation::LoadCharacterSet { .. } => self.load_gate || self.kind != PrinterKind::P1403,
            _ => true,
        }
    }
}

/// A line shifted by the index: to the right for positive figures. What leaves the print positions is lost.
fn indexed(mut line: Vec<u8>, index: i8) -> Vec<u8> {
    let positions = usize::from(index.unsigned_abs()).min(line.len());
    if index > 0 {
        line.rotate_right(positions);
        line[..positions].fill(BLANK);
    } else {
        line.rotate_left(positions);
        let kept = line.len() - positions;
        line[kept..].fill(BLANK);
    }
    line
}

impl Device for Printer {
    fn kind(&self) -> &'static str {
        match self.kind {
            PrinterKind::P1403 => "1403",
            PrinterKind::P3203 => "3203",
            PrinterKind::P3211 => "3211",
        }
    }

    fn start(&mut self, command: Command) -> Initial {
        self.front.begin(command.code);
        let Some(operation) = Operation::of(self.kind, command.code) else {
            return self.front.refuse(sense::COMMAND_REJECT);
        };
        self.operation = operation;
        if operation != Operation::Sense && !self.front.ready {
            return self.front.refuse(sense::INTERVENTION_REQUIRED);
        }
        if !self.is_in_sequence(operation) {
            return self.front.refuse(sense::COMMAND_REJECT);
        }
        self.load_gate = false;
        // The 3203 treats control commands as if they had data.
        if operation.is_control() && self.kind != PrinterKind::P3203 {
            Initial::Ended(self.control(operation))
        } else {
            Initial::Accepted(Delay::Microseconds(0))
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, _now: u64) -> Progress {
        let read = |data: &mut dyn Data, bytes: &[u8]| {
            data.store(bytes);
            Ending::now(UnitStatus::ENDED)
        };
        Progress::Ended(match self.operation {
            Operation::Sense => return self.front.transfer_sense(data),
            Operation::Write(action) => self.write(data, action),
            Operation::DiagnosticWrite(action) => {
                self.fill_line(data);
                let (status, time) = self.act(action);
                self.finish(status, time)
            }
            Operation::ReadLine => read(data, &self.line),
            Operation::CheckRead => read(data, &[self.check_byte()]),
            Operation::ReadCharacterSet => read(data, &self.characters.buffer(self.kind)),
            Operation::ReadForm => read(data, &self.form().image()),
            Operation::LoadForm => self.load_form(data),
            Operation::LoadCharacterSet { fold } => self.load_character_set(data, fold),
            control => self.control(control),
        })
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::take(&mut self.front.unsolicited)
    }

    fn end_of_chain(&mut self) -> UnitStatus {
        self.gate = false;
        self.load_gate = false;
        UnitStatus::empty()
    }

    fn reset(&mut self) {
        self.front.reset();
        (self.gate, self.load_gate) = (false, false);
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.front.messages)
    }
}

#[cfg(test)]
mod tests;
