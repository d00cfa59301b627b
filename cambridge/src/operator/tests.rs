use std::path::PathBuf;

use devices::machine::End;
use s370_arch::channel::ChannelKind;

use super::*;
use crate::configuration::{
    Clock, Configuration,
    device::{Address, DeviceSpec, Options},
    kinds::Kind,
    problem::Place,
};

fn device(address: u16, name: &str) -> DeviceSpec {
    let kind = Kind::named(name).expect("a kind");
    DeviceSpec { address: Address(address), kind, options: Options::default(), place: Place::default() }
}

fn system() -> System {
    let configuration = Configuration {
        storage: 64 << 10,
        clock: Clock::Deterministic { start: 1 << 60 },
        console: Some(Address(0x1F)),
        devices: vec![device(0x1F, "3215"), device(0x0C, "3505"), device(0x0E, "1403"), device(0x180, "3420")],
        ..Configuration::default()
    };
    System::new(&configuration).expect("a machine")
}

fn said(system: &mut System, line: &str) -> String {
    obey(system, line).unwrap_or_else(|error| error.what)
}

fn said_all(system: &mut System, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| said(system, line)).collect()
}

/// A file in the host's temporary directory that goes away.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, contents: &[u8]) -> Temporary {
        let path = std::env::temp_dir().join(format!("cambridge-operator-{}-{name}", std::process::id()));
        std::fs::write(&path, contents).expect("a file");
        Temporary(path)
    }

    fn name(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[test]
fn step_shows_each_instruction() {
    let mut system = system();
    // LA 1,5; AR 1,1.
    let altered = said_all(&mut system, &["alter 1000 41100005 1A11", "alter psw 00080000 00001000"]);
    assert!(altered[0].starts_with("001000  41100005 1A11 ") && altered[1].starts_with("PSW  00080000"), "{altered:?}");
    let text = said(&mut system, "step 2");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("001000  41100005") && lines[0].ends_with("GR1=00000005"), "{text}");
    assert!(lines[1].starts_with("001004  1A11") && lines[1].ends_with("cc 2 GR1=0000000A"), "{text}");
    assert!(lines[2].starts_with("stopped: PSW 00082000 00001006"), "{text}");
    assert_eq!(system.instructions, 2);
    let wrong = "STEP: \"0\" is not a number of instructions from 1 to 1000";
    assert_eq!(said(&mut system, "step 0"), wrong);
}

#[test]
fn start_stop_and_address_stop() {
    let mut system = system();
    // LA 1,1(,1); BR 2.
    said_all(&mut system, &["alter 1000 41101001 07F2", "alter g2 1000", "alter psw 0008000000001000"]);
    assert_eq!(said(&mut system, "address stop 1004"), "Address stop at 001004.\n");
    said(&mut system, "start");
    assert_eq!(system.run(1000), End::Stopped);
    assert_eq!(system.take_notices(), ["Address stop at 001004."]);
    assert_eq!((system.bare.state().psw.address, system.bare.state().gr[1]), (0x1004, 1));
    said(&mut system, "start");
    assert_eq!(system.run(1000), End::Stopped);
    assert_eq!(system.bare.state().gr[1], 2);
    assert_eq!(said(&mut system, "ad s off"), "No address stop.\n");
    said(&mut system, "start");
    assert_eq!(system.run(1000), End::Budget);
    assert!(said(&mut system, "stop").starts_with("stopped: PSW "));
    assert_eq!(system.run(1000), End::Stopped);
    assert_eq!(said(&mut system, "store status"), "");
    assert_eq!(system.bare.storage().u64(256), system.bare.state().psw.emit(0, 0));
}

#[test]
fn keys_of_the_machine() {
    let mut system = system();
    // External new PSW and restart new PSW: waits with different addresses.
    said_all(&mut system, &["alter 58 000A000000000123", "alter 0 000A000000000456"]);
    said_all(&mut system, &["alter psw 010A000000000000", "start", "external"]);
    assert_eq!(system.run(10), End::Waiting { until: None });
    assert_eq!(system.bare.state().psw.address, 0x123);
    assert_eq!(system.activity(), Activity::DisabledWait);
    said(&mut system, "restart");
    system.run(10);
    assert_eq!(system.bare.state().psw.address, 0x456);
    assert!(said(&mut system, "reset clear").starts_with("stopped: PSW 00000000 00000000"));
    assert_eq!(system.bare.storage().u64(0), 0);
    said_all(&mut system, &["clock secure", "timer off"]);
    let model = system.bare.state().model;
    assert!(!model.tod_switch_enabled && !model.interval_timer);
    said_all(&mut system, &["clock enabled", "timer on"]);
    let model = system.bare.state().model;
    assert!(model.tod_switch_enabled && model.interval_timer);
}

#[test]
fn a_deck_is_mounted_and_loads_a_program() {
    let mut system = system();
    // The PSW waits with address 77; two CCWs: nothing to be read, no more.
    let mut card = vec![0x40; 80];
    card[..24].copy_from_slice(&[0, 2, 0, 0, 0, 0, 0, 0x77, 3, 0, 0, 0, 0x20, 0, 0, 1, 3, 0, 0, 0, 0x20, 0, 0, 1]);
    let deck = Temporary::new("ipl.deck", &card);
    assert_eq!(said(&mut system, "query 00c"), "00C 3505    card reader: 0 cards in the hopper, 0 read\n");
    let answer = said(&mut system, &format!("mount 00c \"{}\" format=ebcdic eof", deck.name()));
    assert_eq!(answer, "00C 3505    card reader: 1 cards in the hopper, 0 read\n");
    assert_eq!(said(&mut system, "ipl 00c"), "");
    system.run(10);
    assert_eq!((system.activity(), system.bare.state().psw.address), (Activity::DisabledWait, 0x77));
    assert_eq!(said(&mut system, "query 00c"), "00C 3505    card reader: 0 cards in the hopper, 1 read\n");
}

#[test]
fn devices_come_and_go() {
    let mut system = system();
    let paper = Temporary::new("paper", b"");
    let attach = format!("attach 00f 1403 output={}", paper.name());
    assert_eq!(said(&mut system, &attach), "00F 1403    printer: line 1 of 66\n");
    assert_eq!(said(&mut system, "attach 00f 1403"), "ATTACH: address 00F has a 1403 already");
    assert_eq!(said(&mut system, "detach 00f"), "00F detached\n");
    assert_eq!(said(&mut system, "query 00f"), "QUERY: there is no device 00F");
    assert_eq!(
        said(&mut system, "query"),
        "00C 3505    card reader: 0 cards in the hopper, 0 read\n\
         00E 1403    printer: line 1 of 66\n\
         01F 3215    console, the operator's\n\
         180 3420    tape unit: no reel\n"
    );
    // The device end of a reel that has just been mounted goes with the unit.
    let reel = Temporary::new("reel", &[0, 0, 0, 0, 0x40, 0]);
    said_all(&mut system, &[&format!("mount 180 {}", reel.name())]);
    assert!(!system.bare.channels.is_idle(), "device end is pending");
    assert_eq!(said(&mut system, "detach 180"), "180 detached\n");
    said(&mut system, "attach 180 3420");
    let nowhere = "MOUNT: /nonexistent/reel: No such file or directory (os error 2)";
    assert_eq!(said(&mut system, "mount 180 /nonexistent/reel"), nowhere);
    assert_eq!(said(&mut system, "mount 180 a b"), "MOUNT: one reel fits on a tape unit");
    assert_eq!(said(&mut system, "mount 180"), "MOUNT: a file is missing");
    assert_eq!(said(&mut system, "mount 01f x"), "MOUNT: nothing can be mounted on the console 01F");
    assert_eq!(
        said(&mut system, "mount 00c x eod=true"),
        "MOUNT: a card reader has no option \"eod\"; did you mean \"eof\"?"
    );
    assert_eq!(said(&mut system, "not ready 180"), "NOT: UNMOUNT makes a tape unit not ready");
    assert_eq!(
        said(&mut system, "attach 1000 3420"),
        "ATTACH: \"1000\" is not a device address: three hexadecimal digits, channel and unit, as 00C or 150"
    );
}

#[test]
fn the_operator_sits_down_at_another_console() {
    let mut system = system();
    said(&mut system, "attach 009 1052");
    assert_eq!(said(&mut system, "console 009"), "");
    assert_eq!(said(&mut system, "query 009"), "009 1052    console, the operator's\n");
    assert_eq!(said(&mut system, "query 01f"), "01F 3215    console, nobody is there\n");
    assert_eq!(said(&mut system, "console 00c"), "CONSOLE: 00C is a card reader: the operator sits at a typewriter");
}

#[test]
fn channels_are_what_the_configuration_says() {
    let configuration = Configuration {
        storage: 64 << 10,
        clock: Clock::Deterministic { start: 1 << 60 },
        channels: vec![(1, ChannelKind::Selector)],
        devices: vec![device(0x0E, "1403"), device(0x180, "3420"), device(0x280, "3420")],
        ..Configuration::default()
    };
    let mut system = System::new(&configuration).expect("a machine");
    assert_eq!(
        said(&mut system, "query channels"),
        "Channel 0: byte multiplexer, 1 devices, 0 commands, 0 bytes, 0 interruptions\n\
         Channel 1: selector, 1 devices, 0 commands, 0 bytes, 0 interruptions\n\
         Channel 2: block multiplexer, 1 devices, 0 commands, 0 bytes, 0 interruptions\n"
    );
    // STIDC of channel 1.
    said_all(&mut system, &["alter A8 FFFFFFFF", "alter 1000 B2030100", "alter psw 0008000000001000", "step"]);
    assert_eq!(system.bare.storage().u32(0xA8), ChannelKind::Selector.id(0, 0));
}

#[test]
fn an_adapter_has_two_sides() {
    let mut system = system();
    let needs = "ATTACH: an adapter needs the option \"other\": the other side's address";
    assert_eq!(said(&mut system, "attach 5f0 ctca"), needs);
    assert_eq!(said(&mut system, "attach 5f0 ctca other=5f1"), "5F0 CTCA    channel-to-channel adapter\n");
    let wrong = "ATTACH: it is the other side of 5F0, not of 5F2";
    assert_eq!(said(&mut system, "attach 5f1 ctca other=5f2"), wrong);
    assert_eq!(said(&mut system, "attach 5f1 ctca other=5f0"), "5F1 CTCA    channel-to-channel adapter\n");
    said_all(&mut system, &["detach 5f0", "detach 5f1"]);
    assert_eq!(said(&mut system, "attach 5f1 ctca other=5f2"), "5F1 CTCA    channel-to-channel adapter\n");
}

#[test]
fn clear_errors() {
    let mut system = system();
    for (line, answer) in [
        ("ipl", "IPL: a device address is missing"),
        ("ipl 00d", "IPL: there is no device 00D"),
        ("ipl 00c now", "IPL: \"now\" is too much"),
        ("ad 5", "ADDRESS: the form is ADDRESS STOP and an address, or OFF"),
        ("address stop 1000000", "ADDRESS: 1000000 has more than 24 bits"),
        ("timer", "TIMER: the switch is set to ON or OFF"),
        ("trace /nonexistent/t", "TRACE: /nonexistent/t: No such file or directory (os error 2)"),
        ("", ""),
    ] {
        assert_eq!(said(&mut system, line), answer, "{line}");
    }
    assert!(said(&mut system, "ipl 00c").starts_with("IPL: device 00C (3505) ended with unit status 02"), "no cards");
    assert!(said(&mut system, "help mount").contains("decks in the hopper"));
    assert!(said(&mut system, "help").lines().count() >= table::COMMANDS.len());
}

#[test]
fn a_trace_goes_to_a_file() {
    let mut system = system();
    let file = Temporary::new("trace", b"");
    // SVC 5; its new PSW waits.
    said_all(&mut system, &["alter 1000 0A05", "alter psw 0008000000001000", "alter 60 000A000000000000"]);
    said_all(&mut system, &[&format!("trace {}", file.name()), "start"]);
    system.run(10);
    assert_eq!(said(&mut system, "trace off"), "The trace is closed.\n");
    let text = std::fs::read_to_string(&file.0).expect("a trace");
    assert!(text.contains("001000  0A05") && text.contains("svc interruption 0005"), "{text}");
}

#[test]
fn lines_are_for_the_console_or_for_the_machine() {
    assert_eq!(Line::of("r 00,u", true), Line::Console("r 00,u"));
    assert_eq!(Line::of("", true), Line::Console(""));
    assert_eq!(Line::of("/ipl 150", true), Line::Command("ipl 150"));
    assert_eq!(Line::of("//JOB", true), Line::Console("/JOB"));
    assert_eq!(Line::of("ipl 150", false), Line::Command("ipl 150"));
    assert_eq!(Line::of("/ipl 150", false), Line::Command("ipl 150"));
    let system = system();
    assert!(hint(&system, "ipl 150").is_some() && hint(&system, "hello").is_none());
}
