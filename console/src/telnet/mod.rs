//! Telnet (RFC 854, RFC 855): commands, options and data in one stream of bytes.
//!
//! [`Telnet::receive`] takes what the other side sent and gives [`Event`]s; what is to be sent is collected until
//! [`Telnet::take_output`]. Which options may be on is told beforehand ([`Telnet::allow_local`], [`Telnet::allow_remote`]).
//!
//! Invariant: what is kept of input is bounded ([`SUBNEGOTIATION_LIMIT`]), and each byte of input makes at most a few
//! bytes of output. No bytes are an error: what makes no sense is left out, as RFC 854 wants it.

mod option;

use option::{Setting, State};

/// Bytes of a subnegotiation that are kept; a longer one is dropped.
pub const SUBNEGOTIATION_LIMIT: usize = 512;

/// Codes of commands after IAC (RFC 854; RFC 885 for the end of a record).
pub mod code {
    /// End of record.
    pub const EOR: u8 = 239;
    /// End of subnegotiation.
    pub const SE: u8 = 240;
    /// No operation.
    pub const NOP: u8 = 241;
    /// Data mark.
    pub const DM: u8 = 242;
    /// Break.
    pub const BRK: u8 = 243;
    /// Interrupt process.
    pub const IP: u8 = 244;
    /// Abort output.
    pub const AO: u8 = 245;
    /// Are you there.
    pub const AYT: u8 = 246;
    /// Erase character.
    pub const EC: u8 = 247;
    /// Erase line.
    pub const EL: u8 = 248;
    /// Go ahead.
    pub const GA: u8 = 249;
    /// Subnegotiation.
    pub const SB: u8 = 250;
    /// The sender wants to begin, or confirms.
    pub const WILL: u8 = 251;
    /// The sender refuses, or ends.
    pub const WONT: u8 = 252;
    /// The sender wants the other side to begin, or confirms.
    pub const DO: u8 = 253;
    /// The sender wants the other side not to begin, or to end.
    pub const DONT: u8 = 254;
    /// Interpret as command.
    pub const IAC: u8 = 255;
}

/// Codes of options.
pub mod option_code {
    /// Eight-bit data (RFC 856).
    pub const BINARY: u8 = 0;
    /// The sender echoes what it gets (RFC 857).
    pub const ECHO: u8 = 1;
    /// No go-ahead (RFC 858).
    pub const SUPPRESS_GO_AHEAD: u8 = 3;
    /// Timing mark (RFC 860).
    pub const TIMING_MARK: u8 = 6;
    /// Terminal type (RFC 1091).
    pub const TERMINAL_TYPE: u8 = 24;
    /// End of record (RFC 885).
    pub const END_OF_RECORD: u8 = 25;
    /// TN3270 enhancements (RFC 2355).
    pub const TN3270E: u8 = 40;
}

/// A command without option or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// BRK.
    Break,
    /// IP.
    InterruptProcess,
    /// AO.
    AbortOutput,
    /// AYT.
    AreYouThere,
    /// EC.
    EraseCharacter,
    /// EL.
    EraseLine,
    /// EOR: the data before it are a record.
    EndOfRecord,
}

impl Command {
    fn of(byte: u8) -> Option<Command> {
        Some(match byte {
            code::BRK => Command::Break,
            code::IP => Command::InterruptProcess,
            code::AO => Command::AbortOutput,
            code::AYT => Command::AreYouThere,
            code::EC => Command::EraseCharacter,
            code::EL => Command::EraseLine,
            code::EOR => Command::EndOfRecord,
            _ => return None,
        })
    }
}

/// Which side an option is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Ours: WILL and WONT are what we say of it.
    Local,
    /// The other: DO and DONT are what we say of it.
    Remote,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Data, with IACs undoubled.
    Data(Vec<u8>),
    /// A command.
    Command(Command),
    /// An option went on or off, or the other side refused it.
    Option {
        /// Whose it is.
        side: Side,
        /// Its code.
        option: u8,
        /// Whether it is on now.
        is_on: bool,
    },
    /// A subnegotiation.
    Subnegotiation {
        /// The option's code.
        option: u8,
        /// What is between the option and IAC SE, with IACs undoubled.
        data: Vec<u8>,
    },
}

/// Where in a command the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Data,
    Command,
    /// After WILL, WONT, DO or DONT.
    OptionOf(u8),
    Subnegotiation,
    /// After an IAC in a subnegotiation.
    SubnegotiationCommand,
}

/// One side of a telnet connection.
#[derive(Clone, Debug)]
pub struct Telnet {
    reading: Reading,
    /// Option and data of the subnegotiation that is being read; one byte more than the limit if it is too long.
    subnegotiation: Vec<u8>,
    local: [Setting; 256],
    remote: [Setting; 256],
    output: Vec<u8>,
}

impl Default for Telnet {
    fn default() -> Telnet {
        Telnet::new()
    }
}

impl Telnet {
    /// A connection on which nothing was said, and that will refuse all options.
    #[must_use]
    pub fn new() -> Telnet {
        Telnet {
            reading: Reading::Data,
            subnegotiation: Vec::new(),
            local: [Setting::default(); 256],
            remote: [Setting::default(); 256],
            output: Vec::new(),
        }
    }

    /// From now on we agree to use this option if asked.
    pub fn allow_local(&mut self, option: u8) {
        self.local[usize::from(option)].is_allowed = true;
    }

    /// From now on we agree that the other side uses this option if it offers.
    pub fn allow_remote(&mut self, option: u8) {
        self.remote[usize::from(option)].is_allowed = true;
    }

    /// Asks to turn an option on or off, unless it is so or asked for already.
    pub fn request(&mut self, side: Side, option: u8, is_on: bool) {
        let state = self.option_mut(side, option);
        state.is_allowed |= is_on;
        if state.request(is_on) {
            self.negotiate(side, option, is_on);
        }
    }

    /// Whether an option is on.
    #[must_use]
    pub fn is_on(&self, side: Side, option: u8) -> bool {
        self.option(side, option).state == State::On
    }

    /// Whether we have asked for a change of the option, and no answer has come.
    #[must_use]
    pub fn is_pending(&self, side: Side, option: u8) -> bool {
        !matches!(self.option(side, option).state, State::On | State::Off)
    }

    fn option(&self, side: Side, option: u8) -> &Setting {
        match side {
            Side::Local => &self.local[usize::from(option)],
            Side::Remote => &self.remote[usize::from(option)],
        }
    }

    fn option_mut(&mut self, side: Side, option: u8) -> &mut Setting {
        match side {
            Side::Local => &mut self.local[usize::from(option)],
            Side::Remote => &mut self.remote[usize::from(option)],
        }
    }

    fn negotiate(&mut self, side: Side, option: u8, is_on: bool) {
        let verb = match (side, is_on) {
            (Side::Local, true) => code::WILL,
            (Side::Local, false) => code::WONT,
            (Side::Remote, true) => code::DO,
            (Side::Remote, false) => code::DONT,
        };
        self.output.extend([code::IAC, verb, option]);
    }

    /// Sends data.
    pub fn send_data(&mut self, data: &[u8]) {
        for &byte in data {
            if byte == code::IAC {
                self.output.push(code::IAC);
            }
            self.output.push(byte);
        }
    }

    /// Sends a record: data and IAC EOR.
    pub fn send_record(&mut self, data: &[u8]) {
        self.send_data(data);
        self.send_command(code::EOR);
    }

    /// Sends a command without option.
    pub fn send_command(&mut self, command: u8) {
        self.output.extend([code::IAC, command]);
    }

    /// Sends a subnegotiation.
    pub fn send_subnegotiation(&mut self, option: u8, data: &[u8]) {
        self.output.extend([code::IAC, code::SB, option]);
        self.send_data(data);
        self.send_command(code::SE);
    }

    /// What is to be sent now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Takes bytes from the other side and appends what they mean.
    pub fn receive(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        let mut data = Vec::new();
        for &byte in bytes {
            let event = match (self.reading, byte) {
                (Reading::Data, code::IAC) => {
                    self.reading = Reading::Command;
                    None
                }
                (Reading::Data, _) => {
                    data.push(byte);
                    None
                }
                (Reading::Command, code::IAC) => {
                    self.reading = Reading::Data;
                    data.push(byte);
                    None
                }
                (Reading::Command, _) => self.command(byte),
                (Reading::OptionOf(verb), _) => {
                    self.reading = Reading::Data;
                    self.hear(verb, byte)
                }
                (Reading::Subnegotiation, code::IAC) => {
                    self.reading = Reading::SubnegotiationCommand;
                    None
                }
                (Reading::Subnegotiation, _) => {
                    self.keep(byte);
                    None
                }
                (Reading::SubnegotiationCommand, code::IAC) => {
                    self.reading = Reading::Subnegotiation;
                    self.keep(byte);
                    None
                }
                (Reading::SubnegotiationCommand, _) => self.end_subnegotiation(byte),
            };
            if let Some(event) = event {
                if !data.is_empty() {
                    events.push(Event::Data(std::mem::take(&mut data)));
                }
                events.push(event);
            }
        }
        if !data.is_empty() {
            events.push(Event::Data(data));
        }
    }

    /// The byte after an IAC among data.
    fn command(&mut self, byte: u8) -> Option<Event> {
        self.reading = match byte {
            code::WILL..=code::DONT => Reading::OptionOf(byte),
            code::SB => {
                self.subnegotiation.clear();
                Reading::Subnegotiation
            }
            _ => Reading::Data,
        };
        Command::of(byte).map(Event::Command)
    }

    fn keep(&mut self, byte: u8) {
        if self.subnegotiation.len() <= SUBNEGOTIATION_LIMIT {
            self.subnegotiation.push(byte);
        }
    }

    /// The byte after an IAC in a subnegotiation, which is not an IAC. Any command but SE means that SE was forgotten.
    fn end_subnegotiation(&mut self, byte: u8) -> Option<Event> {
        if byte != code::SE {
            self.subnegotiation.clear();
            return self.command(byte);
        }
        self.reading = Reading::Data;
        let bytes = std::mem::take(&mut self.subnegotiation);
        let (&option, data) = bytes.split_first()?;
        if data.len() >= SUBNEGOTIATION_LIMIT {
            return None;
        }
        Some(Event::Subnegotiation { option, data: data.to_vec() })
    }

    /// WILL, WONT, DO or DONT of the other side.
    fn hear(&mut self, verb: u8, option: u8) -> Option<Event> {
        let (side, is_on) = match verb {
            code::WILL => (Side::Remote, true),
            code::WONT => (Side::Remote, false),
            code::DO => (Side::Local, true),
            _ => (Side::Local, false),
        };
        let heard = self.option_mut(side, option).hear(is_on);
        if let Some(answer) = heard.answer {
            self.negotiate(side, option, answer);
        }
        heard.change.map(|is_on| Event::Option { side, option, is_on })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;
    use option_code::{BINARY, ECHO, END_OF_RECORD, TERMINAL_TYPE};

    fn received(telnet: &mut Telnet, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        telnet.receive(bytes, &mut events);
        events
    }

    #[test]
    fn a_doubled_iac_is_a_byte_of_data() {
        let mut telnet = Telnet::new();
        assert_eq!(received(&mut telnet, b"A\xFF\xFFB"), [Event::Data(b"A\xFFB".to_vec())]);
        telnet.send_data(b"A\xFFB");
        assert_eq!(telnet.take_output(), b"A\xFF\xFFB");
    }

    #[test]
    fn a_record_ends_with_eor() {
        let mut telnet = Telnet::new();
        assert_eq!(
            received(&mut telnet, b"\x7D\x5D\x6B\xFF\xEF"),
            [Event::Data(b"\x7D\x5D\x6B".to_vec()), Event::Command(Command::EndOfRecord)]
        );
        telnet.send_record(b"\xF5\xC3\xFF");
        assert_eq!(telnet.take_output(), b"\xF5\xC3\xFF\xFF\xFF\xEF");
    }

    #[test]
    fn what_was_not_allowed_is_refused_once() {
        let mut telnet = Telnet::new();
        assert_eq!(received(&mut telnet, b"\xFF\xFB\x27\xFF\xFD\x01"), []);
        assert_eq!(telnet.take_output(), b"\xFF\xFE\x27\xFF\xFC\x01");
        assert_eq!(received(&mut telnet, b"\xFF\xFC\x27\xFF\xFE\x01"), []);
        assert_eq!(telnet.take_output(), b"", "no answer to what is so already");
    }

    #[test]
    fn a_terminal_type_is_asked_for() {
        let mut telnet = Telnet::new();
        telnet.request(Side::Remote, TERMINAL_TYPE, true);
        assert_eq!(telnet.take_output(), b"\xFF\xFD\x18");
        assert!(telnet.is_pending(Side::Remote, TERMINAL_TYPE));
        assert_eq!(
            received(&mut telnet, b"\xFF\xFB\x18"),
            [Event::Option { side: Side::Remote, option: TERMINAL_TYPE, is_on: true }]
        );
        assert!(telnet.is_on(Side::Remote, TERMINAL_TYPE));
        telnet.send_subnegotiation(TERMINAL_TYPE, &[1]);
        assert_eq!(telnet.take_output(), b"\xFF\xFA\x18\x01\xFF\xF0");
        let reply = b"\xFF\xFA\x18\x00IBM-3278-2-E\xFF\xF0";
        let expected = Event::Subnegotiation { option: TERMINAL_TYPE, data: b"\0IBM-3278-2-E".to_vec() };
        assert_eq!(received(&mut telnet, reply), std::slice::from_ref(&expected));
        let mut events = Vec::new();
        reply.iter().for_each(|&byte| telnet.receive(&[byte], &mut events));
        assert_eq!(events, [expected], "byte by byte");
    }

    #[test]
    fn an_offer_is_accepted_and_can_be_withdrawn() {
        let mut telnet = Telnet::new();
        telnet.allow_remote(BINARY);
        let event = |is_on| Event::Option { side: Side::Remote, option: BINARY, is_on };
        assert_eq!(received(&mut telnet, b"\xFF\xFB\x00"), [event(true)]);
        assert_eq!(telnet.take_output(), b"\xFF\xFD\x00");
        assert_eq!(received(&mut telnet, b"\xFF\xFC\x00"), [event(false)]);
        assert_eq!(telnet.take_output(), b"\xFF\xFE\x00");
    }

    #[test]
    fn a_changed_mind_waits_for_the_answer() {
        let mut telnet = Telnet::new();
        telnet.request(Side::Local, ECHO, true);
        telnet.request(Side::Local, ECHO, false);
        assert_eq!(telnet.take_output(), b"\xFF\xFB\x01", "RFC 1143: one question at a time");
        received(&mut telnet, b"\xFF\xFD\x01");
        assert_eq!(telnet.take_output(), b"\xFF\xFC\x01");
        assert_eq!(
            received(&mut telnet, b"\xFF\xFE\x01"),
            [Event::Option { side: Side::Local, option: ECHO, is_on: false }]
        );
    }

    #[test]
    fn a_refusal_is_told() {
        let mut telnet = Telnet::new();
        telnet.request(Side::Remote, END_OF_RECORD, true);
        telnet.take_output();
        assert_eq!(
            received(&mut telnet, b"\xFF\xFC\x19"),
            [Event::Option { side: Side::Remote, option: END_OF_RECORD, is_on: false }]
        );
        assert_eq!(telnet.take_output(), b"");
    }

    #[test]
    fn commands_are_told_and_unknown_ones_left_out() {
        let mut telnet = Telnet::new();
        let events = received(&mut telnet, b"\xFF\xF1a\xFF\xF4\xFF\xF3\xFF\xF5\xFF\xF6\xFF\xF7\xFF\xF8\xFF\x00b");
        let commands = [
            Command::InterruptProcess,
            Command::Break,
            Command::AbortOutput,
            Command::AreYouThere,
            Command::EraseCharacter,
            Command::EraseLine,
        ];
        let expected: Vec<_> = std::iter::once(Event::Data(b"a".to_vec()))
            .chain(commands.map(Event::Command))
            .chain([Event::Data(b"b".to_vec())])
            .collect();
        assert_eq!(events, expected);
    }

    #[test]
    fn a_subnegotiation_has_a_limit_and_may_lack_its_end() {
        let mut telnet = Telnet::new();
        let mut long = b"\xFF\xFA\x18".to_vec();
        long.extend([0x41; 100_000]);
        long.extend(b"\xFF\xF0x");
        assert_eq!(received(&mut telnet, &long), [Event::Data(b"x".to_vec())]);
        assert_eq!(
            received(&mut telnet, b"\xFF\xFA\x18\x00\xFF\xF4y"),
            [Event::Command(Command::InterruptProcess), Event::Data(b"y".to_vec())]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3276), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn data_arrive_however_they_are_cut(data: Vec<u8>, cut in 0usize..64) {
            let mut sender = Telnet::new();
            sender.send_record(&data);
            let bytes = sender.take_output();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut telnet = Telnet::new();
            let mut events = Vec::new();
            telnet.receive(first, &mut events);
            telnet.receive(second, &mut events);
            prop_assert_eq!(events.pop(), Some(Event::Command(Command::EndOfRecord)));
            let arrived: Vec<u8> = events.into_iter().flat_map(|event| match event {
                Event::Data(data) => data,
                other => panic!("{other:?}"),
            }).collect();
            prop_assert_eq!(arrived, data);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(prop_oneof![Just(255u8), 239u8..=255, any::<u8>()], 0..400)) {
            let mut telnet = Telnet::new();
            telnet.allow_local(BINARY);
            telnet.request(Side::Remote, TERMINAL_TYPE, true);
            let asked = telnet.take_output().len();
            received(&mut telnet, &bytes);
            prop_assert!(telnet.subnegotiation.len() <= SUBNEGOTIATION_LIMIT + 1);
            prop_assert!(telnet.take_output().len() + asked <= 2 * bytes.len() + 6);
        }
    }
}
