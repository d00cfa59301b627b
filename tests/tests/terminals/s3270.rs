//! s3270 at a display.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
};

use cambridge::listener::Settings;
use console::{
    stream::{Inbound, query::QueryReply},
    tn3270::terminal::Size,
};
use s370_arch::{
    channel::UnitStatus,
    display::{Addressing, aid},
    ebcdic::from_text,
};

use crate::host::{DISPLAYS, Host};

const ERASE_WRITE: u8 = 0x05;
const ERASE_WRITE_ALTERNATE: u8 = 0x0D;
const WRITE: u8 = 0x01;
const WRITE_STRUCTURED_FIELD: u8 = 0x11;
const READ_BUFFER: u8 = 0x02;
const READ_MODIFIED: u8 = 0x06;
const SENSE: u8 = 0x04;

/// s3270, driven by its script interface.
pub struct Terminal {
    child: Child,
    commands: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Terminal {
    /// Starts it; `None` if it is not installed. `prefix` stands before the host's name: options and a device name.
    pub fn start(host: &Host, model: &str, prefix: &str) -> Option<Terminal> {
        let target = format!("{prefix}{}", host.address());
        let child = Command::new("s3270")
            .args(["-model", model, "-utf8", "-clear", "blankFill", &target])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: s3270 is not installed");
            return None;
        };
        let commands = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Some(Terminal { child, commands, lines })
    }

    pub fn send(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("s3270 runs");
    }

    /// Waits until the command that was sent is done, and gives its data.
    #[track_caller]
    fn done(&mut self, host: &mut Host) -> Vec<String> {
        let (outcome, data) = self.outcome(host);
        assert_eq!(outcome, "ok", "{data:?}");
        data
    }

    /// As `done`, and gives the outcome too.
    #[track_caller]
    pub fn outcome(&mut self, host: &mut Host) -> (String, Vec<String>) {
        let mut data = Vec::new();
        let mut outcome = None;
        host.until("s3270", |_| {
            for line in self.lines.try_iter() {
                match line.as_str() {
                    "ok" | "error" => outcome = Some(line),
                    _ => data.extend(line.strip_prefix("data: ").map(str::to_owned)),
                }
            }
            outcome.is_some()
        });
        (outcome.unwrap_or_default(), data)
    }

    #[track_caller]
    pub fn command(&mut self, host: &mut Host, command: &str) -> Vec<String> {
        self.send(command);
        self.done(host)
    }

    /// The rows of its screen, without blanks at the end.
    #[track_caller]
    fn screen(&mut self, host: &mut Host) -> Vec<String> {
        let rows = self.command(host, "Ascii()");
        rows.into_iter().map(|row| row.trim_end().to_owned()).collect()
    }
}

/// A prompt, an input field of eight characters with the cursor, and a field after it.
fn form(prompt: &str) -> Vec<u8> {
    let mut data = b"\xC3\x11\x40\x40\x1D\xE8".to_vec();
    data.extend(from_text(prompt));
    data.extend(b"\x11\xC1\x50\x1D\x40\x13\x11\xC1\xD9\x1D\x60");
    data
}

/// Writes, and has the terminal's person answer. The same through TN3270 and TN3270E.
fn dialogue(prefix: &str, expected_state: &str) {
    let mut host = Host::new(Settings::default());
    let Some(mut terminal) = Terminal::start(&host, "3278-2-E", prefix) else { return };
    let display = DISPLAYS[0];
    assert_eq!(host.unsolicited(display), UnitStatus::DEVICE_END);
    // s3270 looks at its script only when there is an input field.
    assert_eq!(host.write(display, ERASE_WRITE, &form("WHO ARE YOU")), UnitStatus::ENDED);
    assert_eq!(terminal.command(&mut host, "Query(ConnectionState)"), [expected_state]);
    let screen = terminal.screen(&mut host);
    assert_eq!((screen.len(), screen[0].as_str()), (24, " WHO ARE YOU"));
    terminal.command(&mut host, "String(\"operator\")");
    terminal.send("Enter()");
    assert_eq!(host.unsolicited(display), UnitStatus::ATTENTION);
    let entered = [b"\x7D\xC1\x5A\x11\xC1\xD1", &from_text("operator")[..]].concat();
    assert_eq!(host.read(display, READ_MODIFIED), (UnitStatus::ENDED, entered));

    assert_eq!(host.write(display, WRITE, &[b"\xC2\x11\xC2\x60", &from_text("HELLO")[..]].concat()), UnitStatus::ENDED);
    terminal.done(&mut host);
    assert_eq!(terminal.screen(&mut host)[..3], [" WHO ARE YOU", " operator", "HELLO"]);
    let (status, buffer) = host.read(display, READ_BUFFER);
    assert_eq!((status, buffer[0]), (UnitStatus::ENDED, aid::NONE));
    assert_eq!(buffer[3..17], *[b"\x1D\xE8", &from_text("WHO ARE YOU")[..], &[0]].concat());

    terminal.send("PF(13)");
    assert_eq!(host.unsolicited(display), UnitStatus::ATTENTION);
    let record = host.read(display, READ_MODIFIED).1;
    assert_eq!((record[0], &record[6..]), (0xC1, &from_text("operator")[..]));
    host.write(display, WRITE, b"\xC2");
    terminal.done(&mut host);
    terminal.send("Clear()");
    assert_eq!(host.unsolicited(display), UnitStatus::ATTENTION);
    assert_eq!(host.read(display, READ_MODIFIED), (UnitStatus::ENDED, vec![aid::CLEAR]));
    host.write(display, WRITE, b"\xC2");
    terminal.done(&mut host);

    drop(terminal);
    host.until("the terminal to be gone", |host| host.messages.iter().any(|message| message.contains("nobody")));
    assert_eq!(host.write(display, WRITE, b"\xC2"), UnitStatus::UNIT_CHECK);
    assert_eq!(host.read(display, SENSE).1, [0x40]);
}

#[test]
fn a_dialogue_in_tn3270() {
    dialogue("N:", "connected-3270");
}

#[test]
fn a_dialogue_in_tn3270e() {
    dialogue("", "connected-tn3270e");
}

#[test]
fn a_terminal_says_what_it_is() {
    let mut host = Host::new(Settings::default());
    let Some(mut terminal) = Terminal::start(&host, "3279-5-E", "") else { return };
    let display = DISPLAYS[0];
    host.unsolicited(display);
    // Row 26, column 131: no screen of model 2 has it.
    let data = [b"\xC3\x11\x77\xE8", &from_text("ENDE")[..]].concat();
    assert_eq!(host.write(display, ERASE_WRITE_ALTERNATE, &data), UnitStatus::ENDED);
    let screen = terminal.screen(&mut host);
    assert_eq!((screen.len(), screen[26].len(), screen[26].trim_start()), (27, 132, "ENDE"));

    assert_eq!(host.write(display, WRITE_STRUCTURED_FIELD, b"\0\x05\x01\xFF\x02"), UnitStatus::ENDED);
    assert_eq!(host.unsolicited(display), UnitStatus::ATTENTION);
    let record = host.read(display, READ_MODIFIED).1;
    let inbound = Inbound::parse(&record, Addressing::TwelveOrFourteen).expect("an inbound record");
    assert_eq!(inbound.aid, aid::STRUCTURED_FIELD);
    let replies = QueryReply::parse_all(inbound.data).expect("query replies");
    let alternate = Size { rows: 27, columns: 132 };
    assert!(replies.contains(&QueryReply::ImplicitPartition { default: Size::DEFAULT, alternate }), "{replies:?}");
    assert!(replies.iter().any(|reply| matches!(reply, QueryReply::Colour(colours) if !colours.is_empty())));
    assert!(replies.iter().any(|reply| matches!(reply, QueryReply::UsableArea { size, .. } if *size == alternate)));
}

#[test]
fn what_a_terminal_does_not_understand_is_an_operation_check() {
    let mut host = Host::new(Settings::default());
    let Some(_terminal) = Terminal::start(&host, "3278-2-E", "") else { return };
    let display = DISPLAYS[0];
    host.unsolicited(display);
    // After structured fields only the terminal knows its screen size: address 1920 is not in it.
    assert_eq!(host.write(display, WRITE_STRUCTURED_FIELD, b"\0\x04\x03\0"), UnitStatus::ENDED);
    assert_eq!(host.write(display, WRITE, b"\xC3\x11\x5E\x40\xC1"), UnitStatus::FAILED);
    assert_eq!(host.read(display, SENSE).1, [0x01]);
}

#[test]
fn a_terminal_gets_the_device_that_it_asks_for() {
    for prefix in ["0C1@", "N:0C1@"] {
        let mut host = Host::new(Settings::default());
        let Some(_terminal) = Terminal::start(&host, "3278-2-E", prefix) else { return };
        assert_eq!(host.unsolicited(DISPLAYS[1]), UnitStatus::DEVICE_END, "{prefix}");
        assert_eq!(host.device(DISPLAYS[0]).take_unsolicited(), UnitStatus::empty());
        let Some(_other) = Terminal::start(&host, "3278-2-E", prefix) else { return };
        host.until("the other to be turned away", |host| {
            host.messages.iter().any(|message| message.ends_with("turned away: 0C1 is in use."))
        });
    }
}
