//! Console typewriters: 1052-7, 3210 and 3215 Console Printer-Keyboard (GA24-3550 for the last).
//!
//! A machine types through [`Typewriter::take_output`]. It reads when PROCEED lights: [`Typewriter::enter_line`] is the
//! operator's line and the END key. The keys REQUEST and CANCEL are methods too. Characters are EBCDIC both ways.
//!
//! Invariant: what is kept for an operator is bounded. While someone is connected a write waits until the output is
//! taken; while nobody is, paper above [`PAPER`] bytes is torn off at its beginning.

use std::collections::VecDeque;

use s370_arch::channel::UnitStatus;

use super::sense;
use crate::device::{Command, Data, Delay, Device, Ending, Initial, Progress};

/// Bytes of output that are kept when nobody is connected.
pub const PAPER: usize = 32 * 1024;

/// Lines that may be typed ahead.
pub const LINES_AHEAD: usize = 64;

/// The longest line that the operator can type. A longer one is cut.
pub const LONGEST_LINE: usize = 4096;

/// Characters that one transfer takes; a longer write comes in several.
const PIECE: usize = 512;

/// Bytes of output that a connected operator may have outstanding before a write waits.
const OUTSTANDING: usize = 8 * 1024;

/// The typewriters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 1052 model 7: 14.8 characters a second.
    M1052,
    /// 3210: 15.5 characters a second.
    M3210,
    /// 3215: 85 characters a second.
    M3215,
}

impl Model {
    /// What operators write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Model::M1052 => "1052",
            Model::M3210 => "3210",
            Model::M3215 => "3215",
        }
    }

    /// Microseconds to print a character.
    const fn character_time(self) -> u32 {
        match self {
            Model::M1052 => 67_568,
            Model::M3210 => 64_516,
            Model::M3215 => 11_765,
        }
    }
}

/// What the typewriter is when nobody is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unattended {
    /// Not ready: commands end with intervention required.
    NotReady,
    /// Ready: it types on paper that nobody sees yet, and a read waits.
    Ready,
}

/// What the operator sees and hears, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The machine types these characters, new lines (X'15') and other controls among them.
    Typed(Vec<u8>),
    /// The carrier returns to the left margin of the next line.
    CarrierReturn,
    /// The alarm sounds.
    Alarm,
    /// PROCEED lights: a read waits for a line.
    Proceed,
    /// PROCEED goes out: the read was cancelled, halted or reset.
    Lock,
    /// A read took this line, which the operator typed: it stands on the paper, followed by a carrier return.
    Read(Vec<u8>),
}

impl Output {
    fn size(&self) -> usize {
        match self {
            Output::Typed(text) | Output::Read(text) => text.len() + 1,
            _ => 1,
        }
    }
}

/// Whether the keyboard took a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// A read was waiting and has it.
    Read,
    /// It is typed ahead: REQUEST was pressed for it, and the next read will have it.
    Ahead,
    /// [`LINES_AHEAD`] lines are typed ahead already; this one is lost.
    Full,
}

/// The command that is being executed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operation {
    Write {
        carrier_return: bool,
    },
    /// A write whose data have come; it ends when the operator has caught up.
    Written,
    Read,
    /// A read that the CANCEL key ended.
    Cancelled,
    Sense,
}

/// A typewriter.
pub struct Typewriter {
    model: Model,
    unattended: Unattended,
    is_connected: bool,
    sense: u8,
    operation: Option<Operation>,
    /// REQUEST was pressed, and no attention was presented for it.
    is_requested: bool,
    /// The device end of becoming ready was not presented.
    has_become_ready: bool,
    /// Lines that the operator typed and no read took.
    lines: VecDeque<Vec<u8>>,
    /// Attention was presented for the first of them.
    is_announced: bool,
    output: VecDeque<Output>,
    /// The sum of the sizes of what is in `output`.
    output_size: usize,
}

impl Typewriter {
    /// A typewriter that nobody is connected to.
    #[must_use]
    pub fn new(model: Model, unattended: Unattended) -> Typewriter {
        Typewriter {
            model,
            unattended,
            is_connected: false,
            sense: 0,
            operation: None,
            is_requested: false,
            has_become_ready: false,
            lines: VecDeque::new(),
            is_announced: false,
            output: VecDeque::new(),
            output_size: 0,
        }
    }

    /// Someone sits down. What was typed before, as far as it was kept, is for them.
    pub fn connect(&mut self) {
        self.has_become_ready |= !self.is_usable();
        self.is_connected = true;
    }

    /// They leave. A read goes on waiting for whoever comes; lines that were typed ahead are gone.
    pub fn disconnect(&mut self) {
        self.is_connected = false;
        self.has_become_ready = false;
        self.is_requested = false;
        self.lines.clear();
        self.tear_off();
    }

    /// Whether someone is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether PROCEED is lit: a read waits for a line.
    #[must_use]
    pub fn is_proceed(&self) -> bool {
        self.operation == Some(Operation::Read) && self.lines.is_empty()
    }

    /// The operator types a line, without its end, in EBCDIC, and presses END.
    ///
    /// If PROCEED is not lit they press REQUEST first, and the line waits for the read that the program then gives. An
    /// empty line then is REQUEST alone.
    pub fn enter_line(&mut self, line: &[u8]) -> Keyed {
        let line = &line[..line.len().min(LONGEST_LINE)];
        if self.is_proceed() {
            self.lines.push_back(line.to_vec());
            return Keyed::Read;
        }
        if line.is_empty() {
            self.request();
        } else if self.lines.len() >= LINES_AHEAD {
            return Keyed::Full;
        } else {
            self.lines.push_back(line.to_vec());
        }
        Keyed::Ahead
    }

    /// The REQUEST key: attention, as soon as no command is being executed. It does nothing while PROCEED is lit.
    pub fn request(&mut self) {
        self.is_requested |= self.is_usable() && !self.is_proceed();
    }

    /// The CANCEL key: ends a waiting read with unit exception. Otherwise it takes back what is typed ahead.
    pub fn cancel(&mut self) {
        if self.is_proceed() {
            self.put(Output::Lock);
            self.operation = Some(Operation::Cancelled);
        } else if self.operation != Some(Operation::Read) {
            self.lines.clear();
        }
    }

    /// What the operator sees and hears since this was last asked.
    pub fn take_output(&mut self) -> Vec<Output> {
        self.output_size = 0;
        self.output.drain(..).collect()
    }

    fn is_usable(&self) -> bool {
        self.is_connected || self.unattended == Unattended::Ready
    }

    fn put(&mut self, output: Output) {
        self.output_size += output.size();
        self.output.push_back(output);
        if !self.is_connected {
            self.tear_off();
        }
    }

    /// Forgets the oldest output when there is too much of it.
    fn tear_off(&mut self) {
        while self.output_size > PAPER
            && let Some(oldest) = self.output.pop_front()
        {
            self.output_size -= oldest.size();
        }
    }

    fn refuse(&mut self, sense: u8) -> Initial {
        self.sense = sense;
        Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK))
    }

    fn accept(&mut self, operation: Operation, delay: Delay) -> Initial {
        self.operation = Some(operation);
        Initial::Accepted(delay)
    }

    fn end(&mut self, status: UnitStatus) -> Progress {
        self.operation = None;
        Progress::Ended(Ending::now(status))
    }

    /// Takes a piece of the text; the carrier returns only after all of it, which may be chained data.
    fn write(&mut self, data: &mut dyn Data, carrier_return: bool) -> Progress {
        let mut piece = [0; PIECE];
        let count = data.fetch_some(&mut piece);
        if count > 0 {
            self.put(Output::Typed(piece[..count].to_vec()));
        }
        if count == PIECE && data.room() > 0 {
            return Progress::Wait(self.typing(count));
        }
        if carrier_return {
            self.put(Output::CarrierReturn);
        }
        self.operation = Some(Operation::Written);
        Progress::Wait(self.typing(count))
    }

    /// How long it takes to type so many characters, or to have the operator catch up.
    fn typing(&self, characters: usize) -> Delay {
        if self.is_caught_up() {
            // At most PIECE characters: the product fits.
            Delay::Microseconds(characters as u32 * self.model.character_time())
        } else {
            Delay::Outside
        }
    }

    fn is_caught_up(&self) -> bool {
        !self.is_connected || self.output_size <= OUTSTANDING
    }

    /// Gives the program a line. The keyboard locks when the count is used up, so that a longer line is no incorrect length.
    fn read(&mut self, data: &mut dyn Data) -> Progress {
        let Some(line) = self.lines.pop_front() else {
            return Progress::Wait(Delay::Outside);
        };
        self.is_announced = false;
        let mut done = 0;
        while done < line.len() {
            let count = data.room().min(line.len() - done);
            if count == 0 {
                break;
            }
            let moved = data.store(&line[done..done + count]);
            if moved == 0 {
                break;
            }
            done += moved;
        }
        self.put(Output::Read(line));
        self.end(UnitStatus::ENDED)
    }
}

impl Device for Typewriter {
    fn kind(&self) -> &'static str {
        self.model.name()
    }

    fn start(&mut self, command: Command) -> Initial {
        const WRITE: u8 = 0x01;
        const WRITE_CARRIER_RETURN: u8 = 0x09;
        const READ_INQUIRY: u8 = 0x0A;
        const ALARM: u8 = 0x0B;
        const NO_OPERATION: u8 = 0x03;
        const SENSE: u8 = 0x04;
        match command.code {
            SENSE => return self.accept(Operation::Sense, Delay::Microseconds(0)),
            NO_OPERATION => return Initial::Ended(Ending::now(UnitStatus::ENDED)),
            WRITE | WRITE_CARRIER_RETURN | READ_INQUIRY | ALARM if self.is_usable() => {}
            WRITE | WRITE_CARRIER_RETURN | READ_INQUIRY | ALARM => return self.refuse(sense::INTERVENTION_REQUIRED),
            _ => return self.refuse(sense::COMMAND_REJECT),
        }
        self.sense = 0;
        match command.code {
            READ_INQUIRY => {
                let initial = self.accept(Operation::Read, Delay::Outside);
                if self.is_proceed() {
                    self.put(Output::Proceed);
                }
                initial
            }
            ALARM => {
                self.put(Output::Alarm);
                Initial::Ended(Ending::now(UnitStatus::ENDED))
            }
            code => {
                let write = Operation::Write { carrier_return: code == WRITE_CARRIER_RETURN };
                self.accept(write, Delay::Microseconds(0))
            }
        }
    }

    fn transfer(&mut self, data: &mut dyn Data, _now: u64) -> Progress {
        match self.operation {
            Some(Operation::Write { .. }) if !self.is_caught_up() => Progress::Wait(Delay::Outside),
            Some(Operation::Write { carrier_return }) => self.write(data, carrier_return),
            Some(Operation::Written) if !self.is_caught_up() => Progress::Wait(Delay::Outside),
            Some(Operation::Written) | None => self.end(UnitStatus::ENDED),
            Some(Operation::Read) => self.read(data),
            Some(Operation::Cancelled) => self.end(UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION),
            Some(Operation::Sense) => {
                data.store(&[self.sense]);
                self.sense = 0;
                self.end(UnitStatus::ENDED)
            }
        }
    }

    fn is_ready(&self) -> bool {
        match self.operation {
            Some(Operation::Read) => !self.lines.is_empty(),
            Some(Operation::Write { .. } | Operation::Written) => self.is_caught_up(),
            Some(Operation::Cancelled | Operation::Sense) | None => true,
        }
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        if std::mem::take(&mut self.has_become_ready) {
            return UnitStatus::DEVICE_END;
        }
        let is_ahead = !self.lines.is_empty() && !self.is_announced;
        if self.is_usable() && (self.is_requested || is_ahead) {
            self.is_requested = false;
            self.is_announced = !self.lines.is_empty();
            return UnitStatus::ATTENTION;
        }
        UnitStatus::empty()
    }

    fn halt(&mut self) -> Ending {
        if self.is_proceed() {
            self.put(Output::Lock);
        }
        self.operation = None;
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        if self.is_proceed() {
            self.put(Output::Lock);
        }
        self.operation = None;
        self.sense = 0;
        self.is_requested = false;
        self.has_become_ready = false;
        self.is_announced = false;
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};
    use s370_arch::ebcdic::from_text;

    use super::*;
    use crate::area::Area;

    const WRITE: u8 = 0x01;
    const WRITE_CARRIER_RETURN: u8 = 0x09;
    const READ: u8 = 0x0A;
    const ALARM: u8 = 0x0B;
    const SENSE: u8 = 0x04;

    fn attended() -> Typewriter {
        let mut typewriter = Typewriter::new(Model::M3215, Unattended::Ready);
        typewriter.connect();
        typewriter
    }

    fn start(typewriter: &mut Typewriter, code: u8) -> Initial {
        typewriter.start(Command { code, chained: false, now: 0 })
    }

    fn write(typewriter: &mut Typewriter, code: u8, text: &str) {
        assert_eq!(start(typewriter, code), Initial::Accepted(Delay::Microseconds(0)));
        let mut area = Area::of(&from_text(text));
        assert_eq!(area.run(typewriter), Some(UnitStatus::ENDED));
        assert!(!area.is_long);
    }

    fn sense(typewriter: &mut Typewriter) -> u8 {
        assert_eq!(start(typewriter, SENSE), Initial::Accepted(Delay::Microseconds(0)));
        let mut area = Area::empty(1);
        assert_eq!(area.run(typewriter), Some(UnitStatus::ENDED));
        area.read()[0]
    }

    fn typed(text: &str) -> Output {
        Output::Typed(from_text(text))
    }

    #[test]
    fn writes_with_and_without_carrier_return() {
        let mut typewriter = attended();
        write(&mut typewriter, WRITE, "HOW MANY? ");
        write(&mut typewriter, WRITE_CARRIER_RETURN, "TEN");
        assert_eq!(typewriter.take_output(), [typed("HOW MANY? "), typed("TEN"), Output::CarrierReturn]);
        assert_eq!(typewriter.take_output(), []);
    }

    #[test]
    fn the_carrier_returns_after_all_chained_data() {
        let mut typewriter = attended();
        start(&mut typewriter, WRITE_CARRIER_RETURN);
        let mut area = Area::of(b"ABCD").in_pieces(&[2, 2]);
        assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(typewriter.take_output(), [Output::Typed(b"ABCD".to_vec()), Output::CarrierReturn]);
    }

    #[test]
    fn a_3215_types_85_characters_a_second() {
        let mut typewriter = attended();
        start(&mut typewriter, WRITE);
        let mut area = Area::of(&[0x40; 85]);
        let Progress::Wait(Delay::Microseconds(time)) = typewriter.transfer(&mut area, 0) else {
            panic!("typing takes time");
        };
        assert!((999_000..1_001_000).contains(&time), "{time} microseconds for 85 characters");
    }

    #[test]
    fn read_inquiry_waits_for_end() {
        let mut typewriter = attended();
        assert!(!typewriter.is_proceed());
        assert_eq!(start(&mut typewriter, READ), Initial::Accepted(Delay::Outside));
        assert!(typewriter.is_proceed() && !typewriter.is_ready());
        assert_eq!(typewriter.enter_line(&from_text("r 00,'u'")), Keyed::Read);
        assert!(!typewriter.is_proceed() && typewriter.is_ready());
        let mut area = Area::empty(80);
        assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(area.read(), from_text("r 00,'u'"));
        assert_eq!(typewriter.take_output(), [Output::Proceed, Output::Read(from_text("r 00,'u'"))]);
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
    }

    #[test]
    fn the_keyboard_locks_when_the_count_is_used_up() {
        let mut typewriter = attended();
        start(&mut typewriter, READ);
        typewriter.enter_line(b"ABCDEFGH");
        let mut area = Area::empty(5).in_pieces(&[2, 3]);
        assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(area.read(), b"ABCDE");
        assert!(!area.is_long);
    }

    #[test]
    fn an_empty_line_ends_a_read_too() {
        let mut typewriter = attended();
        start(&mut typewriter, READ);
        assert_eq!(typewriter.enter_line(b""), Keyed::Read);
        let mut area = Area::empty(80);
        assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(area.read(), b"");
    }

    #[test]
    fn request_is_attention_once() {
        let mut typewriter = attended();
        typewriter.request();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::ATTENTION);
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
        start(&mut typewriter, READ);
        typewriter.request();
        typewriter.enter_line(b"A");
        assert_eq!(Area::empty(1).run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty(), "PROCEED was lit: nothing to request");
        assert_eq!(typewriter.enter_line(b""), Keyed::Ahead);
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::ATTENTION);
    }

    #[test]
    fn each_line_typed_ahead_has_its_attention_and_its_read() {
        let mut typewriter = attended();
        assert_eq!([b"1", b"2"].map(|line| typewriter.enter_line(line)), [Keyed::Ahead; 2]);
        for line in [b"1", b"2"] {
            assert_eq!(typewriter.take_unsolicited(), UnitStatus::ATTENTION);
            assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
            start(&mut typewriter, READ);
            assert!(!typewriter.is_proceed() && typewriter.is_ready());
            let mut area = Area::empty(1);
            assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
            assert_eq!(area.read(), line);
        }
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
        let outcomes: Vec<_> = (0..=LINES_AHEAD).map(|_| typewriter.enter_line(b"X")).collect();
        assert_eq!(outcomes.iter().position(|&keyed| keyed == Keyed::Full), Some(LINES_AHEAD));
    }

    #[test]
    fn a_read_that_comes_first_takes_the_line_without_attention() {
        let mut typewriter = attended();
        typewriter.enter_line(b"A");
        start(&mut typewriter, READ);
        assert_eq!(Area::empty(1).run(&mut typewriter), Some(UnitStatus::ENDED));
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
    }

    #[test]
    fn cancel_ends_a_read_with_unit_exception() {
        let mut typewriter = attended();
        start(&mut typewriter, READ);
        typewriter.cancel();
        assert!(typewriter.is_ready());
        let mut area = Area::empty(80);
        assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION));
        assert_eq!(area.read(), b"");
        assert_eq!(typewriter.take_output(), [Output::Proceed, Output::Lock]);
        typewriter.enter_line(b"A");
        typewriter.cancel();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty(), "the line was taken back");
    }

    #[test]
    fn the_alarm_is_immediate() {
        let mut typewriter = attended();
        assert_eq!(start(&mut typewriter, ALARM), Initial::Ended(Ending::now(UnitStatus::ENDED)));
        assert_eq!(typewriter.take_output(), [Output::Alarm]);
        assert_eq!(start(&mut typewriter, 0x03), Initial::Ended(Ending::now(UnitStatus::ENDED)));
    }

    #[test]
    fn a_command_of_another_device_is_rejected() {
        let mut typewriter = attended();
        for code in [0x02, 0x05, 0x0C, 0x1B, 0xE4] {
            assert_eq!(start(&mut typewriter, code), Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK)));
            assert_eq!(sense(&mut typewriter), 0x80);
            assert_eq!(sense(&mut typewriter), 0x00, "sense clears it");
        }
    }

    #[test]
    fn without_a_client_it_is_not_ready_or_types_on_paper_by_choice() {
        let mut typewriter = Typewriter::new(Model::M1052, Unattended::NotReady);
        assert_eq!(start(&mut typewriter, WRITE), Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK)));
        assert_eq!(sense(&mut typewriter), 0x40);
        typewriter.request();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
        typewriter.connect();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::DEVICE_END);
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());

        let mut typewriter = Typewriter::new(Model::M1052, Unattended::Ready);
        write(&mut typewriter, WRITE, "NOBODY SEES ME");
        typewriter.connect();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
        assert_eq!(typewriter.take_output(), [typed("NOBODY SEES ME")]);
    }

    #[test]
    fn the_end_of_the_paper_is_kept() {
        let mut typewriter = Typewriter::new(Model::M3215, Unattended::Ready);
        for n in 0..1000 {
            write(&mut typewriter, WRITE_CARRIER_RETURN, &format!("{n:0100}"));
        }
        let output = typewriter.take_output();
        assert!(output.iter().map(Output::size).sum::<usize>() <= PAPER);
        assert_eq!(output[output.len() - 2], typed(&format!("{:0100}", 999)));
        assert!(output.len() > 400);
    }

    #[test]
    fn a_write_waits_for_an_operator_who_does_not_read() {
        let mut typewriter = attended();
        start(&mut typewriter, WRITE);
        let mut area = Area::of(&vec![0x40; 60_000]);
        assert_eq!(area.run(&mut typewriter), None);
        assert!(!typewriter.is_ready());
        let mut characters = 0;
        for _ in 0..60_000 {
            characters += typewriter.take_output().iter().map(Output::size).sum::<usize>();
            assert!(typewriter.is_ready());
            if let Some(status) = area.run(&mut typewriter) {
                assert_eq!(status, UnitStatus::ENDED);
                break;
            }
        }
        characters += typewriter.take_output().iter().map(Output::size).sum::<usize>();
        assert_eq!(characters, 60_000 + 60_000_usize.div_ceil(PIECE));
    }

    #[test]
    fn halt_ends_a_read() {
        let mut typewriter = attended();
        start(&mut typewriter, READ);
        assert_eq!(typewriter.halt(), Ending::now(UnitStatus::ENDED));
        assert!(!typewriter.is_proceed());
        assert_eq!(typewriter.take_output(), [Output::Proceed, Output::Lock]);
    }

    #[test]
    fn a_read_outlives_a_client() {
        let mut typewriter = attended();
        start(&mut typewriter, READ);
        typewriter.disconnect();
        assert!(typewriter.is_proceed());
        typewriter.connect();
        assert_eq!(typewriter.enter_line(b"A"), Keyed::Read);
        assert_eq!(Area::empty(1).run(&mut typewriter), Some(UnitStatus::ENDED));
    }

    #[test]
    fn reset_forgets_command_request_and_sense() {
        let mut typewriter = attended();
        start(&mut typewriter, 0x02);
        typewriter.request();
        typewriter.enter_line(b"A");
        start(&mut typewriter, READ);
        typewriter.reset();
        assert_eq!(typewriter.take_unsolicited(), UnitStatus::empty());
        assert!(!typewriter.is_proceed());
        assert_eq!(sense(&mut typewriter), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x327B), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Whatever is keyed in comes to the reads once, in order; whatever is written comes out.
        #[test]
        fn nothing_is_lost(lines in prop::collection::vec("[A-Z]{1,20}", 1..20), ahead in 0usize..20) {
            let mut typewriter = attended();
            let mut read = Vec::new();
            let mut keyed = lines.iter();
            for line in keyed.by_ref().take(ahead) {
                typewriter.enter_line(line.as_bytes());
            }
            for _ in 0..lines.len() {
                start(&mut typewriter, READ);
                if typewriter.is_proceed() {
                    let line = keyed.next().expect("a read without a line has a line to come");
                    prop_assert_eq!(typewriter.enter_line(line.as_bytes()), Keyed::Read);
                }
                let mut area = Area::empty(80);
                prop_assert_eq!(area.run(&mut typewriter), Some(UnitStatus::ENDED));
                read.push(String::from_utf8(area.read().to_vec()).expect("letters"));
            }
            prop_assert_eq!(read, lines);
        }
    }
}
