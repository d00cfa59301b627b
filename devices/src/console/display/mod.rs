//! Local displays: a 3277 behind a 3272, a 3278 behind a 3274 (GA23-0059, GA27-2749).
//!
//! The screen itself is a terminal outside. Commands that concern it go out by [`Display::take_outbound`] as records of the
//! 3270 data stream, one at a time; [`Display::written`] and [`Display::inbound`] bring the answers. A key with an
//! attention identifier comes by [`Display::inbound`] too, unasked: it is attention, and what it brought is what Read
//! Modified gives.
//!
//! Invariant: one record at most is on its way out, and one is kept of what came in; both are bounded by [`RECORD_LIMIT`].

mod stream;

use s370_arch::{
    channel::UnitStatus,
    display::{Command as DisplayCommand, Wcc, aid},
};

use self::stream::Position;
use super::sense;
use crate::device::{Command, Data, Delay, Device, Ending, Initial, Progress};

/// Bytes of a record, either way.
pub const RECORD_LIMIT: usize = 128 * 1024;

/// Bytes that one transfer takes.
const PIECE: usize = 4096;

/// The displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 3277 model 2 behind a 3272: 1920 characters, no alternate size, no structured fields.
    M3277,
    /// 3278 behind a 3274: size and features are those of the terminal.
    M3278,
}

/// What the terminal outside is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Positions of its alternate screen size; `None` if not known.
    pub alternate: Option<u16>,
    /// Whether it understands structured fields.
    pub is_extended: bool,
}

/// A record for the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// It begins with a command code of the data stream.
    pub record: Vec<u8>,
    /// The number to give to [`Display::written`]. `None` for a read, which [`Display::inbound`] answers.
    pub number: Option<u32>,
}

/// How the terminal did with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// It does not know the command.
    CommandReject,
    /// It is not ready.
    InterventionRequired,
    /// It found something invalid in the data stream.
    OperationCheck,
}

impl Outcome {
    fn sense(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::CommandReject => sense::COMMAND_REJECT,
            Outcome::InterventionRequired => sense::INTERVENTION_REQUIRED,
            Outcome::OperationCheck => sense::OPERATION_CHECK,
        }
    }
}

/// The command that is being executed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operation {
    /// A write, whose data are being collected.
    Collecting { command: DisplayCommand, data: Vec<u8> },
    /// The terminal has the write with this number; `sense` was found before.
    Writing { number: u32, sense: u8 },
    /// Erase All Unprotected, whose channel end was given.
    Erasing { number: u32 },
    /// The terminal was asked for a record.
    Asking { command: DisplayCommand, from: u16 },
    /// There is a record to give.
    Giving { record: Vec<u8> },
    /// It has failed, and the sense byte says how.
    Failed,
    /// It is done.
    Done,
    /// Sense.
    Sense,
}

/// A display.
pub struct Display {
    model: Model,
    terminal: Option<Terminal>,
    sense: u8,
    operation: Option<Operation>,
    outbound: Option<Outbound>,
    /// The number of the last write.
    number: u32,
    /// The identifier of the key that was struck, until the keyboard is restored.
    aid: Option<u8>,
    /// What came with it, until a write may have changed the screen.
    key_record: Option<Vec<u8>>,
    /// Attention was not presented for it.
    has_attention: bool,
    has_become_ready: bool,
    /// Reads that were halted, whose answers will come.
    halted_reads: u8,
    /// The buffer address at which a chained command goes on.
    position: Position,
    /// Positions of the current screen size, if known.
    size: Option<u16>,
}

/// Positions of the default screen size.
const DEFAULT_SIZE: u16 = 1920;

impl Display {
    /// A display without a terminal: not ready.
    #[must_use]
    pub fn new(model: Model) -> Display {
        Display {
            model,
            terminal: None,
            sense: 0,
            operation: None,
            outbound: None,
            number: 0,
            aid: None,
            key_record: None,
            has_attention: false,
            has_become_ready: false,
            halted_reads: 0,
            position: None,
            size: Some(DEFAULT_SIZE),
        }
    }

    /// A terminal is connected, with an empty screen and the keyboard unlocked: the display becomes ready.
    pub fn connect(&mut self, terminal: Terminal) {
        self.disconnect();
        self.terminal = Some(terminal);
        self.has_become_ready = true;
        self.size = Some(DEFAULT_SIZE);
        self.forget_key();
    }

    /// The terminal is gone: what waits for it ends with intervention required.
    pub fn disconnect(&mut self) {
        self.terminal = None;
        self.has_become_ready = false;
        self.outbound = None;
        self.halted_reads = 0;
        self.forget_key();
        match self.operation {
            Some(Operation::Writing { .. } | Operation::Asking { .. }) => {
                self.sense = sense::INTERVENTION_REQUIRED;
                self.operation = Some(Operation::Failed);
            }
            Some(Operation::Erasing { .. }) => self.operation = None,
            _ => {}
        }
    }

    /// Whether a terminal is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.terminal.is_some()
    }

    /// What is to be sent to the terminal, once.
    pub fn take_outbound(&mut self) -> Option<Outbound> {
        self.outbound.take()
    }

    /// The terminal has executed the write with this number. An old number means nothing.
    pub fn written(&mut self, number: u32, outcome: Outcome) {
        match self.operation {
            Some(Operation::Writing { number: current, sense }) if current == number => {
                self.sense = sense | outcome.sense();
                self.operation = Some(if self.sense == 0 { Operation::Done } else { Operation::Failed });
            }
            Some(Operation::Erasing { number: current }) if current == number => self.operation = None,
            _ => {}
        }
    }

    /// A record came from the terminal: attention identifier, cursor address, data. It is the answer to a read, or a key.
    pub fn inbound(&mut self, record: &[u8]) {
        let Some(&code) = record.first() else { return };
        if self.terminal.is_none() || record.len() > RECORD_LIMIT {
            return;
        }
        // A key that is struck while a read is on its way comes first; the answer has its identifier then.
        let is_answer = code == aid::NONE || Some(code) == self.aid;
        match self.operation {
            _ if is_answer && self.halted_reads > 0 => self.halted_reads -= 1,
            Some(Operation::Asking { command, from }) if is_answer => {
                let record = cut(&self.with_key(record), command, from);
                self.operation = Some(Operation::Giving { record });
            }
            // Nobody asked for it, and no key was struck.
            _ if code == aid::NONE => {}
            _ => {
                self.aid = Some(code);
                self.key_record = Some(record.to_vec());
                self.has_attention = true;
            }
        }
    }

    /// A key was struck that sends its identifier without data: TEST REQ (SYS REQ). Read Modified will ask the terminal.
    pub fn strike(&mut self, code: u8) {
        if self.terminal.is_some() {
            self.aid = Some(code);
            self.key_record = None;
            self.has_attention = true;
        }
    }

    /// A terminal that has forgotten the key says that there was none; the program shall know better.
    fn with_key(&self, record: &[u8]) -> Vec<u8> {
        let mut record = record.to_vec();
        if let (Some(first), Some(code)) = (record.first_mut(), self.aid) {
            *first = code;
        }
        record
    }

    fn forget_key(&mut self) {
        self.aid = None;
        self.key_record = None;
        self.has_attention = false;
    }

    fn refuse(&mut self, sense: u8) -> Initial {
        self.sense = sense;
        Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK))
    }

    fn accept(&mut self, operation: Operation) -> Initial {
        let delay = match operation {
            Operation::Asking { .. } => Delay::Outside,
            _ => Delay::Microseconds(0),
        };
        self.operation = Some(operation);
        Initial::Accepted(delay)
    }

    fn send(&mut self, record: Vec<u8>) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.outbound = Some(Outbound { record, number: Some(self.number) });
        self.number
    }

    /// Read Buffer, Read Modified and Read Modified All.
    fn read(&mut self, command: DisplayCommand, is_chained: bool) -> Initial {
        let from = self.position.take().filter(|_| is_chained).unwrap_or(0);
        if command == DisplayCommand::ReadModified
            && let Some(record) = self.key_record.clone()
        {
            // The program has what the attention was about.
            self.has_attention = false;
            return self.accept(Operation::Giving { record: cut(&record, command, from) });
        }
        self.outbound = Some(Outbound { record: vec![command.stream_code()], number: None });
        self.accept(Operation::Asking { command, from })
    }

    /// Erase All Unprotected: channel end now, device end when the terminal has done it.
    fn erase_unprotected(&mut self) -> Initial {
        self.forget_key();
        // The cursor goes to the first unprotected character, and so does a chained write.
        self.position = None;
        let number = self.send(vec![DisplayCommand::EraseAllUnprotected.stream_code()]);
        self.operation = Some(Operation::Erasing { number });
        let later = Some((Delay::Outside, UnitStatus::DEVICE_END));
        Initial::Ended(Ending { status: UnitStatus::CHANNEL_END, later })
    }

    /// Select: the 3272 reads the buffer of the display into its own, which takes a while.
    fn select(&mut self, keeps_position: bool) -> Initial {
        const BUFFER_TRANSFER_MICROSECONDS: u32 = 7_500;
        if !keeps_position {
            self.position = None;
        }
        Initial::Ended(Ending::channel_end(BUFFER_TRANSFER_MICROSECONDS))
    }

    /// All data of a write have come: they go to the terminal.
    fn dispatch(&mut self, command: DisplayCommand, data: Vec<u8>) -> Progress {
        if data.is_empty() {
            return Progress::Ended(Ending::now(UnitStatus::ENDED));
        }
        if self.terminal.is_none() {
            self.sense = sense::INTERVENTION_REQUIRED;
            return Progress::Ended(Ending::now(UnitStatus::FAILED));
        }
        let (mut record, good) = match command {
            DisplayCommand::WriteStructuredField => self.structured_fields(&data),
            _ => self.orders(command, &data),
        };
        record.insert(0, command.stream_code());
        let is_bad = good < data.len();
        let number = self.send(record);
        self.operation = Some(Operation::Writing { number, sense: if is_bad { sense::OPERATION_CHECK } else { 0 } });
        Progress::Wait(Delay::Outside)
    }

    fn structured_fields(&mut self, data: &[u8]) -> (Vec<u8>, usize) {
        self.position = None;
        self.size = None;
        self.key_record = None;
        if stream::structured_fields_reset(data) {
            self.forget_key();
        }
        (data.to_vec(), data.len())
    }

    /// A write with orders, as the terminal shall get it, and how many bytes are good. What stands before an error is
    /// executed.
    fn orders(&mut self, command: DisplayCommand, data: &[u8]) -> (Vec<u8>, usize) {
        let wcc = Wcc::from_bits_truncate(data[0]);
        let mut record = vec![data[0]];
        match command {
            DisplayCommand::Write => {
                // The terminal would begin at the cursor; a chained write goes on where the one before ended.
                self.position.iter().for_each(|&position| record.extend(stream::set_buffer_address(position)));
            }
            _ => {
                self.size = match (command, self.terminal) {
                    (DisplayCommand::EraseWriteAlternate, Some(terminal)) => terminal.alternate,
                    _ => Some(DEFAULT_SIZE),
                };
                self.position = Some(0);
            }
        }
        self.key_record = None;
        if command != DisplayCommand::Write || wcc.contains(Wcc::RESTORE_KEYBOARD) {
            self.forget_key();
        }
        let walk = stream::walk(&data[1..], self.position, self.size);
        self.position = walk.position;
        record.extend(&data[1..=walk.good]);
        (record, 1 + walk.good)
    }

    /// Takes a piece of the data of a write.
    fn collect(&mut self, channel: &mut dyn Data) -> Progress {
        let Some(Operation::Collecting { command, mut data }) = self.operation.take() else {
            return Progress::Ended(Ending::now(UnitStatus::ENDED));
        };
        let mut piece = [0; PIECE];
        let count = channel.fetch_some(&mut piece);
        data.extend(&piece[..count]);
        if data.len() > RECORD_LIMIT {
            // Deviation: a control unit would write round and round; a terminal is not sent that much.
            self.sense = sense::OPERATION_CHECK;
            return Progress::Ended(Ending::now(UnitStatus::FAILED));
        }
        if count == PIECE && channel.room() > 0 {
            self.operation = Some(Operation::Collecting { command, data });
            return Progress::Wait(Delay::Microseconds(transfer_time(count)));
        }
        self.dispatch(command, data)
    }
}

/// Microseconds to transfer so many bytes to or from a control unit.
fn transfer_time(bytes: usize) -> u32 {
    // 650,000 bytes a second.
    const MICROSECONDS_FOR_13_BYTES: u32 = 20;
    u32::try_from(bytes).unwrap_or(u32::MAX / MICROSECONDS_FOR_13_BYTES) * MICROSECONDS_FOR_13_BYTES / 13
}

/// What a read that begins at a position gives of a record.
fn cut(record: &[u8], command: DisplayCommand, from: u16) -> Vec<u8> {
    match (from, command) {
        (0, _) => record.to_vec(),
        (_, DisplayCommand::ReadBuffer) => stream::buffer_from(record, from),
        _ => stream::modified_from(record, from),
    }
}

impl Device for Display {
    fn kind(&self) -> &'static str {
        match self.model {
            Model::M3277 => "3277",
            Model::M3278 => "3278",
        }
    }

    fn start(&mut self, command: Command) -> Initial {
        const NO_OPERATION: u8 = 0x03;
        const SENSE: u8 = 0x04;
        const SELECTS: [u8; 5] = [0x0B, 0x1B, 0x2B, 0x3B, 0x4B];
        const SELECTS_FROM_POSITION: [u8; 2] = [0x2B, 0x3B];
        match command.code {
            SENSE => {
                self.position = None;
                return self.accept(Operation::Sense);
            }
            _ if self.terminal.is_none() => return self.refuse(sense::INTERVENTION_REQUIRED),
            NO_OPERATION => {
                self.position = None;
                return Initial::Ended(Ending::now(UnitStatus::ENDED));
            }
            _ => {}
        }
        if !command.chained {
            self.position = None;
        }
        self.sense = 0;
        if SELECTS.contains(&command.code) {
            return self.select(SELECTS_FROM_POSITION.contains(&command.code));
        }
        let is_extended = self.terminal.is_some_and(|terminal| terminal.is_extended);
        match DisplayCommand::of_ccw(command.code) {
            None => self.refuse(sense::COMMAND_REJECT),
            Some(
                DisplayCommand::EraseWriteAlternate
                | DisplayCommand::WriteStructuredField
                | DisplayCommand::ReadModifiedAll,
            ) if self.model == Model::M3277 => self.refuse(sense::COMMAND_REJECT),
            Some(DisplayCommand::WriteStructuredField) if !is_extended => {
                self.sense = sense::OPERATION_CHECK;
                Initial::Ended(Ending::now(UnitStatus::FAILED))
            }
            Some(DisplayCommand::EraseAllUnprotected) => self.erase_unprotected(),
            Some(
                read @ (DisplayCommand::ReadBuffer | DisplayCommand::ReadModified | DisplayCommand::ReadModifiedAll),
            ) => self.read(read, command.chained),
            Some(write) => self.accept(Operation::Collecting { command: write, data: Vec::new() }),
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, _now: u64) -> Progress {
        let status = match self.operation.take() {
            Some(operation @ Operation::Collecting { .. }) => {
                self.operation = Some(operation);
                return self.collect(data);
            }
            Some(operation @ (Operation::Writing { .. } | Operation::Asking { .. } | Operation::Erasing { .. })) => {
                self.operation = Some(operation);
                return Progress::Wait(Delay::Outside);
            }
            Some(Operation::Giving { record }) => {
                data.store(&record);
                UnitStatus::ENDED
            }
            Some(Operation::Sense) => {
                data.store(&[self.sense]);
                self.sense = 0;
                UnitStatus::ENDED
            }
            Some(Operation::Failed) => UnitStatus::FAILED,
            Some(Operation::Done) | None => UnitStatus::ENDED,
        };
        Progress::Ended(Ending::now(status))
    }

    fn is_ready(&self) -> bool {
        !matches!(
            self.operation,
            Some(Operation::Writing { .. } | Operation::Asking { .. } | Operation::Erasing { .. })
        )
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        if std::mem::take(&mut self.has_become_ready) {
            return UnitStatus::DEVICE_END;
        }
        if std::mem::take(&mut self.has_attention) {
            return UnitStatus::ATTENTION;
        }
        UnitStatus::empty()
    }

    fn end_of_chain(&mut self) -> UnitStatus {
        self.position = None;
        UnitStatus::empty()
    }

    fn halt(&mut self) -> Ending {
        self.abandon();
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        self.abandon();
        self.sense = 0;
        self.position = None;
        self.has_become_ready = false;
        self.forget_key();
    }
}

impl Display {
    /// Forgets the command. A terminal that was asked for a record will still answer.
    fn abandon(&mut self) {
        let was_taken = self.outbound.is_none();
        if matches!(self.operation, Some(Operation::Asking { .. })) {
            self.outbound = None;
            self.halted_reads = self.halted_reads.saturating_add(u8::from(was_taken));
        }
        self.operation = None;
    }
}

#[cfg(test)]
mod tests;
