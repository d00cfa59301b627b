//! Terminals that are only the two ends of a queue, at real devices.

use std::collections::BTreeMap;

use console::tn3270::terminal::Model;
use devices::{
    area::Area,
    console::{display, typewriter},
    device::{self, Initial},
};
use s370_arch::{channel::UnitStatus, ebcdic::from_text};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;

const DISPLAY: Kind = Kind::Display(TerminalType { model: Model::Two, has_colour: false, is_extended: true });

#[derive(Default)]
struct Machine(BTreeMap<u16, Box<dyn Device>>);

impl Devices for Machine {
    fn device(&mut self, address: u16) -> Option<&mut dyn Device> {
        self.0.get_mut(&address).map(|device| &mut **device)
    }
}

impl Machine {
    /// A 3215 at 01F, two 3278s at 0C0 and 0C1.
    fn new() -> (Machine, Switchboard) {
        let mut machine = Machine::default();
        machine.0.insert(0x1F, Box::new(Typewriter::new(typewriter::Model::M3215, typewriter::Unattended::NotReady)));
        let mut seats = vec![Seat::new(0x1F, Console::Typewriter)];
        for address in [0xC0, 0xC1] {
            machine.0.insert(address, Box::new(Display::new(display::Model::M3278)));
            seats.push(Seat::new(address, Console::Display));
        }
        (machine, Switchboard::new(seats))
    }

    fn at(&mut self, address: u16) -> &mut dyn Device {
        self.device(address).expect("a device")
    }

    fn start(&mut self, address: u16, code: u8) -> Initial {
        self.at(address).start(device::Command { code, chained: false, now: 0 })
    }

    /// A write of these bytes, as far as it goes without the terminal.
    fn write(&mut self, address: u16, code: u8, data: &[u8]) -> Area {
        assert!(matches!(self.start(address, code), Initial::Accepted(_)));
        let mut area = Area::of(data);
        area.run(self.at(address));
        area
    }

    /// A read, as far as it goes without the terminal.
    fn read(&mut self, address: u16, code: u8) -> Vec<u8> {
        assert!(matches!(self.start(address, code), Initial::Accepted(_)));
        let mut area = Area::empty(1000);
        area.run(self.at(address));
        area.read().to_vec()
    }
}

/// Someone at a terminal.
struct Person {
    id: TerminalId,
    sent: UnboundedReceiver<TerminalOutput>,
}

impl Person {
    /// Connects, and asks for a device.
    fn ask(
        switchboard: &mut Switchboard,
        machine: &mut Machine,
        number: u64,
        kind: Kind,
        device: Option<&str>,
    ) -> Person {
        let (terminal, sent) = Terminal::unconnected(number);
        let person = Person { id: terminal.id(), sent };
        person.does(switchboard, machine, Happened::Asks { terminal, kind, device: device.map(str::to_owned) });
        person
    }

    fn does(&self, switchboard: &mut Switchboard, machine: &mut Machine, happened: Happened) -> Vec<Notice> {
        switchboard.heed(TerminalEvent::new(self.id, happened), machine)
    }

    fn sees(&mut self) -> Vec<TerminalOutput> {
        std::iter::from_fn(|| self.sent.try_recv().ok()).collect()
    }
}

fn accepted(name: &str) -> TerminalOutput {
    TerminalOutput::Accept(name.to_owned())
}

#[test]
fn a_line_mode_terminal_sits_at_the_typewriter() {
    let (mut machine, mut switchboard) = Machine::new();
    let mut person = Person::ask(&mut switchboard, &mut machine, 1, Kind::Line, None);
    assert_eq!(person.sees(), [accepted("01F")]);
    let notices = person.does(&mut switchboard, &mut machine, Happened::Opened);
    assert_eq!(notices, [Notice::Changed(0x1F), Notice::Message("127.0.0.1:1 is at 01F, as a 3215".to_owned())]);
    assert_eq!(person.sees(), [TerminalOutput::Print(from_text("3215 at 01F")), TerminalOutput::CarrierReturn]);
    assert_eq!(machine.at(0x1F).take_unsolicited(), UnitStatus::DEVICE_END);

    machine.write(0x1F, 0x09, &from_text("SPECIFY"));
    switchboard.flush(&mut machine);
    assert_eq!(person.sees(), [TerminalOutput::Print(from_text("SPECIFY")), TerminalOutput::CarrierReturn]);

    person.does(&mut switchboard, &mut machine, Happened::Typed(line::Event::Request));
    assert_eq!(machine.at(0x1F).take_unsolicited(), UnitStatus::ATTENTION);
    machine.start(0x1F, 0x0A);
    assert!(!machine.at(0x1F).is_ready());
    let line = Happened::Typed(line::Event::Line(from_text("yes")));
    assert_eq!(person.does(&mut switchboard, &mut machine, line), [Notice::Changed(0x1F)]);
    let mut area = Area::empty(1000);
    assert_eq!(area.run(machine.at(0x1F)), Some(UnitStatus::ENDED));
    assert_eq!(area.read(), from_text("yes"));
    machine.start(0x1F, 0x0A);
    person.does(&mut switchboard, &mut machine, Happened::Typed(line::Event::Cancel));
    assert_eq!(area.run(machine.at(0x1F)), Some(UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION));

    let notices = person.does(&mut switchboard, &mut machine, Happened::Disconnected("gone".to_owned()));
    assert_eq!(notices, [Notice::Changed(0x1F), Notice::Message("01F: nobody is there now: gone".to_owned())]);
    assert!(matches!(machine.start(0x1F, 0x09), Initial::Ended(_)), "not ready");
    assert_eq!(switchboard.occupants().count(), 0);
}

#[test]
fn a_3270_sits_at_a_display() {
    let (mut machine, mut switchboard) = Machine::new();
    let mut person = Person::ask(&mut switchboard, &mut machine, 1, DISPLAY, None);
    person.does(&mut switchboard, &mut machine, Happened::Opened);
    assert_eq!(person.sees(), [accepted("0C0"), TerminalOutput::Record(0, vec![0xF5, 0xC3])]);
    machine.at(0xC0).take_unsolicited();

    let mut write = machine.write(0xC0, 0x05, b"\xC3\x11\x40\x40\xC8");
    switchboard.flush(&mut machine);
    assert_eq!(person.sees(), [TerminalOutput::Record(1, b"\xF5\xC3\x11\x40\x40\xC8".to_vec())]);
    assert!(!machine.at(0xC0).is_ready());
    let written = Happened::Written { number: 1, outcome: enhanced::Outcome::DeviceEnd };
    assert_eq!(person.does(&mut switchboard, &mut machine, written), [Notice::Changed(0xC0)]);
    assert_eq!(write.run(machine.at(0xC0)), Some(UnitStatus::ENDED));

    person.does(&mut switchboard, &mut machine, Happened::Record(b"\x7D\x40\x40".to_vec()));
    assert_eq!(machine.at(0xC0).take_unsolicited(), UnitStatus::ATTENTION);
    assert_eq!(machine.read(0xC0, 0x06), b"\x7D\x40\x40");
    person.does(&mut switchboard, &mut machine, Happened::SystemRequest);
    assert_eq!(machine.at(0xC0).take_unsolicited(), UnitStatus::ATTENTION);

    let mut write = machine.write(0xC0, 0x01, b"\xC3\xC8");
    switchboard.flush(&mut machine);
    let written = Happened::Written { number: 2, outcome: enhanced::Outcome::OperationCheck };
    person.does(&mut switchboard, &mut machine, written);
    assert_eq!(write.run(machine.at(0xC0)), Some(UnitStatus::FAILED));
}

#[test]
fn who_sits_where() {
    let (mut machine, mut switchboard) = Machine::new();
    let mut ask = |number, kind, device| {
        let mut person = Person::ask(&mut switchboard, &mut machine, number, kind, device);
        person.sees().pop().expect("an answer")
    };
    let refused = |reason, text: &str| TerminalOutput::Refuse(reason, text.to_owned());
    assert_eq!(ask(1, DISPLAY, Some("0c1")), accepted("0C1"));
    assert_eq!(ask(2, DISPLAY, Some("C1")), refused(Reason::DeviceInUse, "C1 is in use."));
    assert_eq!(ask(3, DISPLAY, Some("01F")), refused(Reason::TypeNameError, "01F is not a display."));
    assert_eq!(ask(4, DISPLAY, Some("LU7")), refused(Reason::InvalidName, "There is no console LU7."));
    assert_eq!(ask(5, DISPLAY, None), accepted("0C0"));
    assert_eq!(ask(6, DISPLAY, None), refused(Reason::DeviceInUse, "No display is free."));
    assert_eq!(ask(7, Kind::Line, None), accepted("01F"));
    assert_eq!(ask(8, Kind::Line, None), refused(Reason::DeviceInUse, "No typewriter is free."));
}

#[test]
fn a_terminal_that_asks_again_has_one_seat() {
    let (mut machine, mut switchboard) = Machine::new();
    let first = Person::ask(&mut switchboard, &mut machine, 1, DISPLAY, None);
    let mut again = Person::ask(&mut switchboard, &mut machine, 1, Kind::Line, None);
    assert_eq!((again.id, again.sees()), (first.id, vec![accepted("01F")]));
    assert_eq!(switchboard.occupants().map(|(address, ..)| address).collect::<Vec<_>>(), [0x1F]);
    again.does(&mut switchboard, &mut machine, Happened::Opened);
    again.does(&mut switchboard, &mut machine, Happened::Disconnected("gone".to_owned()));
    assert_eq!(switchboard.occupants().count(), 0);
}

#[test]
fn seats_have_names_and_can_be_reserved() {
    let (mut machine, _) = Machine::new();
    let named = Seat { name: Some("OPER".to_owned()), ..Seat::new(0xC0, Console::Display) };
    let mut switchboard = Switchboard::new(vec![Seat::reserved(0x1F, Console::Typewriter), named]);
    let mut person = Person::ask(&mut switchboard, &mut machine, 1, DISPLAY, Some("oper"));
    assert_eq!(person.sees(), [accepted("OPER")]);
    let mut other = Person::ask(&mut switchboard, &mut machine, 2, Kind::Line, None);
    assert!(matches!(other.sees()[..], [TerminalOutput::Refuse(..)]));
    switchboard.remove(0xC0);
    assert_eq!(person.sees(), [TerminalOutput::Close]);
}

#[test]
fn a_typewriter_waits_for_a_terminal_that_does_not_read() {
    let (mut machine, mut switchboard) = Machine::new();
    let mut person = Person::ask(&mut switchboard, &mut machine, 1, Kind::Line, None);
    person.does(&mut switchboard, &mut machine, Happened::Opened);
    for written in 0..200 {
        if !matches!(machine.start(0x1F, 0x09), Initial::Accepted(_)) {
            panic!("not ready");
        }
        let mut area = Area::of(&[0x40; 400]);
        let status = area.run(machine.at(0x1F));
        switchboard.flush(&mut machine);
        if status.is_none() && !machine.at(0x1F).is_ready() {
            let lines = person.sees().iter().filter(|output| matches!(output, TerminalOutput::Print(_))).count();
            assert!((30..=written).contains(&lines), "{lines} of {written} lines are under way");
            return;
        }
    }
    panic!("it never waited");
}
