//! Line mode: a network virtual terminal (RFC 854) as the keyboard and the printer of a typewriter.
//!
//! Bytes of the client go in, lines in EBCDIC and keys come out; what the machine types goes in as EBCDIC and comes out as
//! bytes. The client may edit and echo lines itself, or leave both to us.
//!
//! | from the client | is |
//! |---|---|
//! | CR LF, CR NUL, CR, LF | the end of a line |
//! | BS, DEL, IAC EC | erases a character |
//! | Ctrl-U, IAC EL | erases the line |
//! | Ctrl-C, IAC IP, IAC BRK | the REQUEST key |
//! | Ctrl-X | the CANCEL key |
//!
//! Invariant: at most [`LINE_LIMIT`] characters of an unfinished line are kept.

use s370_arch::ebcdic;

use crate::telnet::Command;

/// Characters of a line that are kept; more are answered with the bell.
pub const LINE_LIMIT: usize = 1024;

/// Who shows what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The client edits and shows lines.
    Client,
    /// We do.
    Server,
    /// Nobody: a password is being typed.
    Nobody,
}

/// The characters that the client's terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// ASCII: not sign, cent sign and broken bar become circumflex, backslash and vertical bar, others question marks.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Entered a line: EBCDIC, without its end.
    Line(Vec<u8>),
    /// Pressed REQUEST (attention).
    Request,
    /// Pressed CANCEL.
    Cancel,
}

/// Where in a sequence of bytes the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Text,
    /// After a CR, which a LF or a NUL may follow.
    CarriageReturn,
    /// After ESC.
    Escape,
    /// In a control sequence (ECMA-48): a cursor key and the like, which is left out.
    ControlSequence,
}

/// Keyboard and printer of a client in line mode.
#[derive(Clone, Debug)]
pub struct LineMode {
    characters: Characters,
    echo: Echo,
    reading: Reading,
    /// The unfinished UTF-8 character, at most three bytes.
    partial: Vec<u8>,
    /// The unfinished line, in EBCDIC.
    line: Vec<u8>,
    /// The unfinished line is where the client's cursor is; otherwise what the machine typed is.
    is_line_shown: bool,
    output: Vec<u8>,
}

impl LineMode {
    /// A terminal with nothing typed.
    #[must_use]
    pub fn new(characters: Characters, echo: Echo) -> LineMode {
        LineMode {
            characters,
            echo,
            reading: Reading::Text,
            partial: Vec::new(),
            line: Vec::new(),
            is_line_shown: true,
            output: Vec::new(),
        }
    }

    /// Who shows what is typed from now on.
    pub fn set_echo(&mut self, echo: Echo) {
        self.echo = echo;
    }

    /// Who shows what is typed.
    #[must_use]
    pub fn echo(&self) -> Echo {
        self.echo
    }

    /// What is to be sent to the client now, as telnet data.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.show_line();
        std::mem::take(&mut self.output)
    }

    /// The machine types these EBCDIC characters.
    pub fn print(&mut self, text: &[u8]) {
        const TAB: u8 = 0x05;
        const CARRIAGE_RETURN: u8 = 0x0D;
        const NEW_LINE: u8 = 0x15;
        const BACKSPACE: u8 = 0x16;
        const LINE_FEED: u8 = 0x25;
        const BELL: u8 = 0x2F;
        if text.is_empty() {
            return;
        }
        self.make_way();
        for &code in text {
            match code {
                NEW_LINE => self.output.extend(b"\r\n"),
                CARRIAGE_RETURN => self.output.extend(b"\r\0"),
                TAB | LINE_FEED | BACKSPACE | BELL => self.output.push(ebcdic::to_ascii(code)),
                _ => self.show(ebcdic::to_char(code)),
            }
        }
    }

    /// The carrier returns to the left margin of the next line.
    pub fn carrier_return(&mut self) {
        self.make_way();
        self.output.extend(b"\r\n");
    }

    /// The alarm sounds.
    pub fn alarm(&mut self) {
        self.output.push(0x07);
    }

    /// What was typed and not entered is in the way of what the machine types, which goes to a new line.
    fn make_way(&mut self) {
        if self.echo == Echo::Server && std::mem::take(&mut self.is_line_shown) && !self.line.is_empty() {
            self.output.extend(b"\r\n");
        }
    }

    /// Shows what was typed and not entered after what the machine typed.
    fn show_line(&mut self) {
        if self.echo == Echo::Server && !std::mem::replace(&mut self.is_line_shown, true) {
            self.line.clone().into_iter().for_each(|code| self.show(ebcdic::to_char(code)));
        }
    }

    /// Shows a character; a control is a blank.
    fn show(&mut self, character: char) {
        let shown = match (self.characters, character) {
            (_, ' '..='~') => character,
            (_, character) if character.is_control() => ' ',
            (Characters::Utf8, _) => character,
            (Characters::Ascii, '¬') => '^',
            (Characters::Ascii, '¢') => '\\',
            (Characters::Ascii, '¦') => '|',
            (Characters::Ascii, _) => '?',
        };
        self.output.extend(shown.encode_utf8(&mut [0; 4]).bytes());
    }

    /// Takes data of the client.
    pub fn receive(&mut self, data: &[u8], events: &mut Vec<Event>) {
        for &byte in data {
            self.receive_byte(byte, events);
        }
    }

    /// Takes a telnet command of the client; others than those of the table do nothing.
    pub fn receive_command(&mut self, command: Command, events: &mut Vec<Event>) {
        match command {
            Command::InterruptProcess | Command::Break => events.push(Event::Request),
            Command::EraseCharacter => self.erase_character(),
            Command::EraseLine => self.erase_line(),
            Command::AreYouThere => self.output.extend(b"\r\nYes\r\n"),
            Command::AbortOutput | Command::EndOfRecord => {}
        }
    }

    fn receive_byte(&mut self, byte: u8, events: &mut Vec<Event>) {
        const ESCAPE: u8 = 0x1B;
        match std::mem::replace(&mut self.reading, Reading::Text) {
            Reading::CarriageReturn if matches!(byte, b'\n' | 0) => return,
            Reading::Escape if byte == b'[' || byte == b'O' => {
                self.reading = Reading::ControlSequence;
                return;
            }
            // A final byte ends a control sequence.
            Reading::ControlSequence if (0x20..0x40).contains(&byte) => {
                self.reading = Reading::ControlSequence;
                return;
            }
            Reading::ControlSequence if (0x40..0x7F).contains(&byte) => return,
            Reading::Text | Reading::CarriageReturn | Reading::Escape | Reading::ControlSequence => {}
        }
        match byte {
            b'\r' => {
                self.reading = Reading::CarriageReturn;
                self.end_line(events);
            }
            b'\n' => self.end_line(events),
            0x03 => events.push(Event::Request),
            0x18 => {
                self.erase_line();
                events.push(Event::Cancel);
            }
            0x08 | 0x7F => self.erase_character(),
            0x15 => self.erase_line(),
            ESCAPE => self.reading = Reading::Escape,
            b'\t' => self.type_character('\t'),
            ..0x20 => {}
            0x20..0x7F => {
                self.end_character();
                self.type_character(char::from(byte));
            }
            0x80.. => self.type_byte(byte),
        }
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        self.end_character();
        if self.echo != Echo::Client {
            self.output.extend(b"\r\n");
        }
        events.push(Event::Line(std::mem::take(&mut self.line)));
    }

    /// A byte of a character outside ASCII: UTF-8 if it can be, otherwise Latin-1.
    fn type_byte(&mut self, byte: u8) {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let character = text.chars().next();
                self.partial.clear();
                character.into_iter().for_each(|character| self.type_character(character));
            }
            Err(error) if error.error_len().is_some() => self.end_character(),
            // Not complete.
            Err(_) => {}
        }
    }

    /// What has come of a UTF-8 character is none: it was Latin-1.
    fn end_character(&mut self) {
        for byte in std::mem::take(&mut self.partial) {
            self.type_character(char::from(byte));
        }
    }

    fn type_character(&mut self, character: char) {
        const QUESTION_MARK: u8 = 0x6F;
        if self.line.len() >= LINE_LIMIT {
            self.alarm();
            return;
        }
        self.show_line();
        let code = ebcdic::from_char(character).unwrap_or(QUESTION_MARK);
        self.line.push(code);
        if self.echo == Echo::Server {
            self.show(ebcdic::to_char(code));
        }
    }

    fn erase_character(&mut self) {
        if self.partial.pop().is_some() {
            self.partial.clear();
            return;
        }
        self.show_line();
        if self.line.pop().is_some() && self.echo == Echo::Server {
            self.output.extend(b"\x08 \x08");
        }
    }

    fn erase_line(&mut self) {
        self.partial.clear();
        self.show_line();
        let erased = std::mem::take(&mut self.line).len();
        if self.echo == Echo::Server {
            self.output.extend(b"\x08 \x08".repeat(erased));
        }
    }
}

#[cfg(test)]
mod tests {
    use ebcdic::from_text;
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    fn client() -> LineMode {
        LineMode::new(Characters::Utf8, Echo::Client)
    }

    fn received(line_mode: &mut LineMode, data: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        line_mode.receive(data, &mut events);
        events
    }

    fn line(text: &str) -> Event {
        Event::Line(from_text(text))
    }

    #[test]
    fn all_ends_of_lines() {
        let events = received(&mut client(), b"a\r\nb\r\0c\rd\n\n\r\n");
        assert_eq!(events, [line("a"), line("b"), line("c"), line("d"), line(""), line("")]);
    }

    #[test]
    fn the_client_may_edit_or_leave_it_to_us() {
        assert_eq!(received(&mut client(), b"loo\x08ging\x7F\x7F\x7Fn\r\n"), [line("logn")]);
        let mut server = LineMode::new(Characters::Utf8, Echo::Server);
        assert_eq!(received(&mut server, b"ab\x7Fc\x15\x08x\r\0"), [line("x")]);
        assert_eq!(server.take_output(), b"ab\x08 \x08c\x08 \x08\x08 \x08x\r\n");
    }

    #[test]
    fn a_password_is_not_shown() {
        let mut line_mode = LineMode::new(Characters::Utf8, Echo::Nobody);
        assert_eq!(received(&mut line_mode, b"secres\x7Ft\r\n"), [line("secret")]);
        assert_eq!(line_mode.take_output(), b"\r\n");
    }

    #[test]
    fn keys_of_the_typewriter() {
        let mut line_mode = client();
        assert_eq!(received(&mut line_mode, b"ab\x03c\r"), [Event::Request, line("abc")]);
        assert_eq!(received(&mut line_mode, b"ab\x18c\r"), [Event::Cancel, line("c")]);
        let mut events = Vec::new();
        for command in [Command::InterruptProcess, Command::Break, Command::EraseLine, Command::AbortOutput] {
            line_mode.receive_command(command, &mut events);
        }
        assert_eq!(events, [Event::Request, Event::Request]);
        line_mode.receive_command(Command::AreYouThere, &mut events);
        assert_eq!(line_mode.take_output(), b"\r\nYes\r\n");
    }

    #[test]
    fn what_the_machine_types() {
        let mut line_mode = client();
        line_mode.print(&from_text("IEA101A SPECIFY\u{85}¬¢\u{0}é"));
        line_mode.carrier_return();
        line_mode.alarm();
        assert_eq!(line_mode.take_output(), "IEA101A SPECIFY\r\n¬¢ é\r\n\x07".as_bytes());
        let mut line_mode = LineMode::new(Characters::Ascii, Echo::Client);
        line_mode.print(&from_text("¬¢¦é|~"));
        assert_eq!(line_mode.take_output(), b"^\\|?|~");
    }

    #[test]
    fn what_was_typed_moves_out_of_the_way() {
        let mut line_mode = LineMode::new(Characters::Utf8, Echo::Server);
        received(&mut line_mode, b"quer");
        line_mode.print(&from_text("MSG"));
        line_mode.carrier_return();
        assert_eq!(line_mode.take_output(), b"quer\r\nMSG\r\nquer");
        assert_eq!(received(&mut line_mode, b"y\r"), [line("query")]);
    }

    #[test]
    fn characters_outside_ascii() {
        let mut line_mode = client();
        assert_eq!(received(&mut line_mode, "¬=é€\r".as_bytes()), [line("¬=é?")]);
        assert_eq!(received(&mut line_mode, b"\xAC=\xE9x\r"), [line("¬=éx")], "Latin-1");
    }

    #[test]
    fn cursor_keys_are_left_out() {
        assert_eq!(received(&mut client(), b"a\x1B[Ab\x1BOPc\x1B[15~d\x1Be\r"), [line("abcde")]);
    }

    #[test]
    fn a_line_has_a_limit() {
        let mut line_mode = client();
        received(&mut line_mode, &[b'x'; 5000]);
        assert_eq!(line_mode.take_output().len(), 5000 - LINE_LIMIT);
        assert_eq!(received(&mut line_mode, b"\r"), [line(&"x".repeat(LINE_LIMIT))]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3270), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn any_bytes_are_survived(data: Vec<u8>, text: Vec<u8>, echo in 0..3) {
            let echo = [Echo::Client, Echo::Server, Echo::Nobody][echo as usize];
            let mut line_mode = LineMode::new(Characters::Ascii, echo);
            received(&mut line_mode, &data);
            line_mode.print(&text);
            prop_assert!(line_mode.partial.len() < 4);
            prop_assert!(line_mode.take_output().is_ascii());
        }

        #[test]
        fn a_line_arrives_however_it_is_cut(text in "[ -~¡-ÿ]{0,40}", cut in 0usize..40) {
            let bytes = [text.as_bytes(), b"\r\n"].concat();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut line_mode = client();
            let mut events = received(&mut line_mode, first);
            events.extend(received(&mut line_mode, second));
            prop_assert_eq!(events, [line(&text)]);
        }
    }
}
