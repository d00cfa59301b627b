//! A client's connection, from its first byte: which kind of terminal it is is negotiated, its owner gives it a device or
//! none, and then records or lines go both ways.
//!
//! ```text
//! offer TN3270E -> device type -> ask the owner -> functions -> open     a TN3270E client
//!        refused -> terminal type -> EOR and binary -> ask the owner -> open     a TN3270 client
//!                        another type, or refused -> ask the owner -> open       a line-mode client
//! ```
//!
//! The caller gives what comes from the client to [`Session::receive`], heeds the events, and sends
//! [`Session::take_output`] after each call. A client that does not negotiate at all (it is not telnet) gets its line mode
//! from [`Session::time_out`].
//!
//! Invariant: what is kept of a client's bytes is bounded: a record by [`RECORD_LIMIT`], what it types before it is open by
//! [`EARLY_LIMIT`], its attempts to negotiate by [`ATTEMPTS`].

use s370_arch::ebcdic;

use super::{
    enhanced::{DataType, Functions, Header, Message, Outcome, Reason, Resource, Wanted},
    terminal::TerminalType,
};
use crate::{
    line::{self, Characters, Echo, LineMode},
    telnet::{
        Command, Event as TelnetEvent, Side, Telnet,
        option_code::{BINARY, ECHO, END_OF_RECORD, SUPPRESS_GO_AHEAD, TERMINAL_TYPE, TN3270E},
    },
};

/// Bytes of a record from a client.
pub const RECORD_LIMIT: usize = 64 * 1024;
/// Bytes that a line-mode client may type before it is open.
pub const EARLY_LIMIT: usize = 4096;
/// Terminal types, device types and lists of functions that a client may go through.
pub const ATTEMPTS: u8 = 16;

/// The functions of TN3270E that are served.
const SERVED: Functions = Functions::RESPONSES.union(Functions::SYSTEM_REQUEST);

/// What the owner of sessions chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether TN3270E is offered.
    pub is_enhanced: bool,
    /// Characters of line-mode clients.
    pub characters: Characters,
    /// Who echoes lines.
    pub echo: Echo,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { is_enhanced: true, characters: Characters::Utf8, echo: Echo::Client }
    }
}

/// The kinds of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines: a typewriter.
    Line,
    /// A 3270 display.
    Display(TerminalType),
}

/// What came of a client's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client is known. The owner answers with [`Session::accept`] or [`Session::refuse`], maybe later.
    Asks {
        /// What it is.
        kind: Kind,
        /// The name of the device that it wants.
        device: Option<String>,
    },
    /// Records or lines may be sent from now on.
    Open,
    /// A person at a line-mode client did something.
    Typed(line::Event),
    /// An inbound 3270 data stream.
    Record(Vec<u8>),
    /// The ATTN key of a display.
    Attention,
    /// The SYS REQ key of a display.
    SystemRequest,
    /// The answer to the record with this number.
    Response {
        /// The number that [`Session::send_record`] returned.
        sequence: u16,
        /// How the display did.
        outcome: Outcome,
    },
    /// The client is to be disconnected, for this reason.
    Hopeless(&'static str),
}

/// How far the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// TN3270E was offered; then a device type is awaited.
    Offering,
    /// The owner is asked for a TN3270E client.
    AskingEnhanced { device_type: String },
    /// A list of functions is awaited; `proposed` is ours.
    Functions { proposed: Option<Functions> },
    /// A terminal type is awaited.
    TerminalType,
    /// The options of TN3270 are awaited.
    Options { terminal: TerminalType, device: Option<String> },
    /// The owner is asked for a client without TN3270E.
    Asking(Kind),
    /// Lines.
    Line,
    /// TN3270.
    Display,
    /// TN3270E.
    Enhanced { functions: Functions },
    /// Refused: what else comes is left out.
    Closed,
}

/// One client's connection.
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    telnet: Telnet,
    state: State,
    line_mode: LineMode,
    /// The last terminal type that the client told.
    last_type: String,
    attempts: u8,
    /// The record that is being received.
    record: Vec<u8>,
    /// What a line-mode client typed before it was open.
    early: Vec<u8>,
    sequence: u16,
}

impl Session {
    /// A connection that was just made.
    #[must_use]
    pub fn new(settings: Settings) -> Session {
        let mut session = Session {
            settings,
            telnet: Telnet::new(),
            state: State::Offering,
            line_mode: LineMode::new(settings.characters, settings.echo),
            last_type: String::new(),
            attempts: 0,
            record: Vec::new(),
            early: Vec::new(),
            sequence: 0,
        };
        session.telnet.allow_remote(TERMINAL_TYPE);
        for option in [SUPPRESS_GO_AHEAD, END_OF_RECORD, BINARY] {
            session.telnet.allow_remote(option);
            session.telnet.allow_local(option);
        }
        if settings.is_enhanced {
            session.telnet.request(Side::Remote, TN3270E, true);
        } else {
            session.ask_terminal_type();
        }
        session
    }

    /// What is to be sent to the client now.
    pub fn take_output(&mut self) -> Vec<u8> {
        let lines = self.line_mode.take_output();
        if matches!(self.state, State::Line | State::Closed) {
            self.telnet.send_data(&lines);
        }
        self.telnet.take_output()
    }

    /// Whether records or lines may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Line | State::Display | State::Enhanced { .. })
    }

    /// Whether the client has still to say what it is.
    #[must_use]
    pub fn is_negotiating(&self) -> bool {
        matches!(self.state, State::Offering | State::Functions { .. } | State::TerminalType | State::Options { .. })
    }

    /// The typewriter of a line-mode client; `None` for displays.
    pub fn line_mode(&mut self) -> Option<&mut LineMode> {
        (self.state == State::Line).then_some(&mut self.line_mode)
    }

    /// Changes who echoes the lines of a line-mode client.
    pub fn set_echo(&mut self, echo: Echo) {
        self.line_mode.set_echo(echo);
        if self.state == State::Line {
            // A client that is told that we echo does not, and sends each character (RFC 857, RFC 858).
            let is_ours = echo != Echo::Client;
            self.telnet.request(Side::Local, ECHO, is_ours);
            self.telnet.request(Side::Local, SUPPRESS_GO_AHEAD, is_ours);
        }
    }

    /// Takes bytes from the client and appends what came of them.
    pub fn receive(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        let mut heard = Vec::new();
        self.telnet.receive(bytes, &mut heard);
        for event in heard {
            match event {
                TelnetEvent::Data(data) => self.receive_data(&data, events),
                TelnetEvent::Command(command) => self.receive_command(command, events),
                TelnetEvent::Option { side, option, is_on } => self.option_changed(side, option, is_on, events),
                TelnetEvent::Subnegotiation { option: TERMINAL_TYPE, data } => self.receive_type(&data, events),
                TelnetEvent::Subnegotiation { option: TN3270E, data } => match Message::parse(&data) {
                    Some(message) => self.receive_message(message, events),
                    None => self.hear_of_no_device(Reason::UnsupportedRequest, events),
                },
                TelnetEvent::Subnegotiation { .. } => {}
            }
        }
    }

    /// The client has had long enough to say what it is: it is no telnet client, and gets lines.
    pub fn time_out(&mut self, events: &mut Vec<Event>) {
        if self.is_negotiating() {
            self.telnet.request(Side::Remote, TN3270E, false);
            self.be_line(events);
        }
    }

    fn ask_terminal_type(&mut self) {
        self.state = State::TerminalType;
        if self.telnet.is_on(Side::Remote, TERMINAL_TYPE) {
            self.send_type_request();
        } else {
            self.telnet.request(Side::Remote, TERMINAL_TYPE, true);
        }
    }

    fn send_type_request(&mut self) {
        const SEND: u8 = 1;
        self.telnet.send_subnegotiation(TERMINAL_TYPE, &[SEND]);
    }

    fn send_message(&mut self, message: &Message) {
        self.telnet.send_subnegotiation(TN3270E, &message.emit());
    }

    fn be_line(&mut self, events: &mut Vec<Event>) {
        self.state = State::Asking(Kind::Line);
        events.push(Event::Asks { kind: Kind::Line, device: None });
    }

    fn option_changed(&mut self, side: Side, option: u8, is_on: bool, events: &mut Vec<Event>) {
        match (&self.state, option, is_on) {
            (State::Offering, TN3270E, true) => self.send_message(&Message::SendDeviceType),
            (State::Offering | State::AskingEnhanced { .. } | State::Functions { .. }, TN3270E, false) => {
                self.ask_terminal_type();
            }
            (State::TerminalType, TERMINAL_TYPE, true) => self.send_type_request(),
            (State::TerminalType, TERMINAL_TYPE, false) => self.be_line(events),
            (State::Options { .. }, BINARY | END_OF_RECORD, _) => self.options_changed(events),
            (State::Display | State::Enhanced { .. }, BINARY | END_OF_RECORD | TN3270E, false)
                if side == Side::Remote || option == TN3270E =>
            {
                self.give_up("the client left 3270 mode", events);
            }
            _ => {}
        }
    }

    fn give_up(&mut self, reason: &'static str, events: &mut Vec<Event>) {
        self.state = State::Closed;
        events.push(Event::Hopeless(reason));
    }

    /// Counts an attempt to negotiate; whether it was one too many.
    fn is_hopeless(&mut self, events: &mut Vec<Event>) -> bool {
        self.attempts += 1;
        let is_hopeless = self.attempts > ATTEMPTS;
        if is_hopeless {
            self.give_up("the client does not stop negotiating", events);
        }
        is_hopeless
    }

    /// TERMINAL-TYPE IS (RFC 1091). A client may have several; it tells the last one twice.
    fn receive_type(&mut self, data: &[u8], events: &mut Vec<Event>) {
        const IS: u8 = 0;
        let [IS, name @ ..] = data else { return };
        if self.state != State::TerminalType || self.is_hopeless(events) {
            return;
        }
        let name = String::from_utf8_lossy(name).into_owned();
        // TN3270 has no device names; clients append one to the type.
        let (terminal, device) = match name.split_once('@') {
            Some((terminal, device)) => (terminal, Some(device)),
            None => (name.as_str(), None),
        };
        let device = device.filter(|device| device.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned);
        if let Some(terminal) = TerminalType::parse(terminal) {
            self.state = State::Options { terminal, device };
            for option in [END_OF_RECORD, BINARY] {
                self.telnet.request(Side::Remote, option, true);
                self.telnet.request(Side::Local, option, true);
            }
            self.options_changed(events);
        } else if name == self.last_type {
            self.be_line(events);
        } else {
            self.last_type = name;
            self.send_type_request();
        }
    }

    /// Goes on when all options of TN3270 are answered.
    fn options_changed(&mut self, events: &mut Vec<Event>) {
        const ALL: [(Side, u8); 4] = [
            (Side::Remote, END_OF_RECORD),
            (Side::Local, END_OF_RECORD),
            (Side::Remote, BINARY),
            (Side::Local, BINARY),
        ];
        if ALL.iter().any(|&(side, option)| self.telnet.is_pending(side, option)) {
            return;
        }
        let State::Options { terminal, device } = &self.state else { return };
        if ALL.iter().all(|&(side, option)| self.telnet.is_on(side, option)) {
            let (kind, device) = (Kind::Display(*terminal), device.clone());
            self.state = State::Asking(kind);
            events.push(Event::Asks { kind, device });
        } else {
            self.be_line(events);
        }
    }

    /// A subnegotiation of TN3270E.
    fn receive_message(&mut self, message: Message, events: &mut Vec<Event>) {
        if !self.telnet.is_on(Side::Remote, TN3270E) || self.is_hopeless(events) {
            return;
        }
        match (&self.state, message) {
            (State::Offering, Message::DeviceTypeRequest { device_type, resource }) => {
                let device = match resource {
                    Resource::Any => None,
                    Resource::Connect(name) => Some(name),
                    // There are no printers.
                    Resource::Associate(_) => return self.hear_of_no_device(Reason::InvalidAssociate, events),
                };
                let Some(terminal) = TerminalType::parse(&device_type) else {
                    return self.hear_of_no_device(Reason::InvalidDeviceType, events);
                };
                self.state = State::AskingEnhanced { device_type };
                events.push(Event::Asks { kind: Kind::Display(terminal), device });
            }
            (State::Functions { .. }, Message::FunctionsRequest(wanted)) => {
                let functions = wanted & SERVED;
                if functions == wanted {
                    self.send_message(&Message::FunctionsIs(functions));
                    self.open(State::Enhanced { functions }, events);
                } else {
                    self.send_message(&Message::FunctionsRequest(functions));
                    self.state = State::Functions { proposed: Some(functions) };
                }
            }
            (&State::Functions { proposed: Some(proposed) }, Message::FunctionsIs(agreed)) => {
                self.open(State::Enhanced { functions: proposed & agreed }, events);
            }
            _ => {}
        }
    }

    /// Rejects a request for a device that need not be shown to the owner.
    fn hear_of_no_device(&mut self, reason: Reason, events: &mut Vec<Event>) {
        if self.state == State::Offering && !self.is_hopeless(events) {
            self.send_message(&Message::DeviceTypeReject(reason));
        }
    }

    fn open(&mut self, state: State, events: &mut Vec<Event>) {
        let is_line = state == State::Line;
        self.state = state;
        events.push(Event::Open);
        let early = std::mem::take(&mut self.early);
        if is_line {
            self.set_echo(self.settings.echo);
            self.receive_data(&early, events);
        }
    }

    /// The owner has a device, of this name, for a client that asked.
    pub fn accept(&mut self, name: &str, events: &mut Vec<Event>) {
        match self.state.clone() {
            State::Asking(Kind::Line) => self.open(State::Line, events),
            State::Asking(Kind::Display(_)) => self.open(State::Display, events),
            State::AskingEnhanced { device_type } => {
                self.send_message(&Message::DeviceTypeIs { device_type, name: name.to_owned() });
                self.state = State::Functions { proposed: None };
            }
            _ => {}
        }
    }

    /// The owner has no device. The text tells why; then the connection is to be closed, when the output is sent.
    pub fn refuse(&mut self, reason: Reason, text: &str) {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::AskingEnhanced { .. } => {
                self.send_message(&Message::DeviceTypeReject(reason));
                self.telnet.request(Side::Remote, TN3270E, false);
                self.send_text(text);
            }
            State::Asking(Kind::Display(_)) | State::Display => {
                let screen = text_screen(text);
                self.telnet.send_record(&screen);
            }
            State::Enhanced { .. } => self.send_enhanced(Wanted::Nothing, &text_screen(text)),
            _ => self.send_text(text),
        }
    }

    fn send_text(&mut self, text: &str) {
        self.line_mode.print(&ebcdic::from_text(text));
        self.line_mode.carrier_return();
    }

    /// Sends an outbound 3270 data stream. If an answer is wanted and the client can answer, its number.
    pub fn send_record(&mut self, wanted: Wanted, data: &[u8]) -> Option<u16> {
        match self.state {
            State::Enhanced { functions } if functions.contains(Functions::RESPONSES) => {
                self.send_enhanced(wanted, data);
                (wanted != Wanted::Nothing).then_some(self.sequence)
            }
            State::Enhanced { .. } => {
                self.send_enhanced(Wanted::Nothing, data);
                None
            }
            State::Display => {
                self.telnet.send_record(data);
                None
            }
            _ => None,
        }
    }

    fn send_enhanced(&mut self, wanted: Wanted, data: &[u8]) {
        if wanted != Wanted::Nothing {
            // Numbers go from 0 to 32767 (RFC 2355, 8.1.4).
            self.sequence = (self.sequence + 1) & 0x7FFF;
        }
        let header = Header::for_data(wanted, self.sequence).emit();
        self.telnet.send_data(&header);
        self.telnet.send_record(data);
    }

    fn receive_data(&mut self, data: &[u8], events: &mut Vec<Event>) {
        match self.state {
            State::Line => {
                let mut typed = Vec::new();
                self.line_mode.receive(data, &mut typed);
                events.extend(typed.into_iter().map(Event::Typed));
            }
            State::Display | State::Enhanced { .. } => {
                if self.record.len() + data.len() > RECORD_LIMIT {
                    self.record.clear();
                    self.give_up("the client sent a record that is too long", events);
                } else {
                    self.record.extend(data);
                }
            }
            State::Closed => {}
            _ => {
                let room = EARLY_LIMIT - self.early.len();
                self.early.extend(&data[..data.len().min(room)]);
            }
        }
    }

    fn receive_command(&mut self, command: Command, events: &mut Vec<Event>) {
        match (&self.state, command) {
            (State::Line, _) => {
                let mut typed = Vec::new();
                self.line_mode.receive_command(command, &mut typed);
                events.extend(typed.into_iter().map(Event::Typed));
            }
            (State::Display, Command::EndOfRecord) => events.push(Event::Record(std::mem::take(&mut self.record))),
            (State::Enhanced { .. }, Command::EndOfRecord) => {
                let record = std::mem::take(&mut self.record);
                events.extend(read_enhanced(&record));
            }
            (State::Display | State::Enhanced { .. }, Command::InterruptProcess | Command::Break) => {
                events.push(Event::Attention);
            }
            (State::Display | State::Enhanced { .. }, Command::AbortOutput) => events.push(Event::SystemRequest),
            _ => {}
        }
    }
}

/// What a data message of TN3270E says; nothing if it is none for a host of displays.
fn read_enhanced(record: &[u8]) -> Option<Event> {
    let (header, data) = Header::parse(record)?;
    match header.data_type {
        DataType::Data3270 => Some(Event::Record(data.to_vec())),
        DataType::Response => Some(Event::Response { sequence: header.sequence, outcome: Outcome::of(header, data) }),
        _ => None,
    }
}

/// A 3270 screen with a line of text: erase/write, keyboard restored.
fn text_screen(text: &str) -> Vec<u8> {
    const ERASE_WRITE: u8 = 0xF5;
    const RESTORE: u8 = 0xC2;
    let graphic = ebcdic::from_text(text).into_iter().map(|code| if code < 0x40 { 0x40 } else { code });
    [ERASE_WRITE, RESTORE].into_iter().chain(graphic).collect()
}

#[cfg(test)]
mod tests;
