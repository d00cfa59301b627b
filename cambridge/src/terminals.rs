//! Which terminal sits at which console: what people do at terminals becomes what operators do at devices, and what
//! devices show goes to terminals. A line-mode terminal is a typewriter's, a 3270 a display's.
//!
//! [`Switchboard::heed`] takes an event of the listener; [`Switchboard::flush`] is to be called whenever devices may have
//! something to show: after events, and when the machine has run. Neither waits.

use std::any::Any;

use console::{
    line,
    tn3270::{
        enhanced::{self, Reason},
        session::Kind,
        terminal::{Size, TerminalType},
    },
};
use devices::{
    console::{
        display::{self, Display},
        typewriter::{Keyed, Output, Typewriter},
    },
    device::Device,
};
use s370_arch::display::{Command, Wcc, aid};

use crate::listener::{Happened, Terminal, TerminalEvent, TerminalId, TerminalOutput};

/// Bytes that may wait for a line-mode terminal before its typewriter has to wait.
const BACKLOG: usize = 16 * 1024;

/// The devices that seats are at.
pub trait Devices {
    /// The device with this address.
    fn device(&mut self, address: u16) -> Option<&mut dyn Device>;
}

/// The kinds of consoles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// A [`Typewriter`].
    Typewriter,
    /// A [`Display`].
    Display,
}

/// Where a terminal can sit.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The device's address.
    pub address: u16,
    /// What it is.
    pub console: Console,
    /// A name for it besides its address, for terminals that ask for one.
    pub name: Option<String>,
    occupant: Occupant,
}

#[derive(Clone, Debug)]
enum Occupant {
    Nobody,
    /// Someone without a terminal: the operator's own screen.
    Reserved,
    Terminal {
        terminal: Terminal,
        kind: Kind,
        is_open: bool,
    },
}

impl Seat {
    /// A free seat.
    #[must_use]
    pub fn new(address: u16, console: Console) -> Seat {
        Seat { address, console, name: None, occupant: Occupant::Nobody }
    }

    /// A seat that no terminal gets.
    #[must_use]
    pub fn reserved(address: u16, console: Console) -> Seat {
        Seat { occupant: Occupant::Reserved, ..Seat::new(address, console) }
    }

    fn is_free(&self) -> bool {
        matches!(self.occupant, Occupant::Nobody)
    }

    /// Whether a terminal that asks for this name means this seat.
    fn is_called(&self, name: &str) -> bool {
        self.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
            || u16::from_str_radix(name, 16).is_ok_and(|address| address == self.address)
    }

    /// Its name for terminals.
    fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{:03X}", self.address))
    }
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The device with this address may be ready or have status to present.
    Changed(u16),
    /// The operator should know.
    Message(String),
}

/// All seats.
#[derive(Clone, Debug, Default)]
pub struct Switchboard {
    seats: Vec<Seat>,
}

impl Switchboard {
    /// A switchboard of these seats; terminals get them in this order.
    #[must_use]
    pub fn new(seats: Vec<Seat>) -> Switchboard {
        Switchboard { seats }
    }

    /// Adds a seat, for a device that was attached.
    pub fn add(&mut self, seat: Seat) {
        self.seats.push(seat);
    }

    /// Takes a seat away, of a device that is detached; its terminal is closed.
    pub fn remove(&mut self, address: u16) {
        for seat in self.seats.extract_if(.., |seat| seat.address == address) {
            if let Occupant::Terminal { terminal, .. } = seat.occupant {
                terminal.send(TerminalOutput::Close);
            }
        }
    }

    /// The terminals at their seats: the device's address, what the terminal is, where it comes from.
    pub fn occupants(&self) -> impl Iterator<Item = (u16, Kind, &Terminal)> {
        self.seats.iter().filter_map(|seat| match &seat.occupant {
            Occupant::Terminal { terminal, kind, .. } => Some((seat.address, *kind, terminal)),
            Occupant::Nobody | Occupant::Reserved => None,
        })
    }

    /// Has an event take effect on the device that its terminal sits at.
    pub fn heed(&mut self, event: TerminalEvent, devices: &mut dyn Devices) -> Vec<Notice> {
        if let Happened::Asks { terminal, kind, device } = event.happened {
            return self.admit(terminal, kind, device.as_deref());
        }
        let Some(at) = self.seat_of(event.terminal) else { return Vec::new() };
        let address = self.seats[at].address;
        let message = match event.happened {
            Happened::Opened => self.open(at, devices),
            Happened::Disconnected(reason) => Some(self.leave(at, &reason, devices)),
            happened => {
                if let (Some(device), Occupant::Terminal { terminal, .. }) =
                    (devices.device(address), &self.seats[at].occupant)
                {
                    apply(happened, terminal, device);
                }
                None
            }
        };
        std::iter::once(Notice::Changed(address)).chain(message.map(Notice::Message)).collect()
    }

    /// Sends what devices have to show.
    pub fn flush(&mut self, devices: &mut dyn Devices) {
        for seat in &self.seats {
            let Occupant::Terminal { terminal, is_open: true, .. } = &seat.occupant else { continue };
            let Some(device) = devices.device(seat.address) else { continue };
            match seat.console {
                Console::Typewriter => {
                    if let Some(typewriter) = downcast::<Typewriter>(device)
                        && terminal.backlog() < BACKLOG
                    {
                        typewriter.take_output().into_iter().for_each(|output| print(output, terminal));
                    }
                }
                Console::Display => {
                    if let Some(outbound) = downcast::<Display>(device).and_then(Display::take_outbound) {
                        // A read has no number; the one that it gets is of no write.
                        let number = outbound.number.unwrap_or(0);
                        terminal.send(TerminalOutput::Record(number, outbound.record));
                    }
                }
            }
        }
    }

    fn seat_of(&self, id: TerminalId) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| matches!(&seat.occupant, Occupant::Terminal { terminal, .. } if terminal.id() == id))
    }

    /// Gives a terminal a seat, or tells it why not.
    fn admit(&mut self, terminal: Terminal, kind: Kind, device: Option<&str>) -> Vec<Notice> {
        // A client that goes back on what it was asks again; nobody has sat down yet.
        if let Some(at) = self.seat_of(terminal.id()) {
            self.seats[at].occupant = Occupant::Nobody;
        }
        match self.find(kind, device) {
            Ok(at) => {
                let seat = &mut self.seats[at];
                terminal.send(TerminalOutput::Accept(seat.label()));
                seat.occupant = Occupant::Terminal { terminal, kind, is_open: false };
                Vec::new()
            }
            Err((reason, text)) => {
                let message = format!("{} was turned away: {text}", terminal.peer());
                terminal.send(TerminalOutput::Refuse(reason, text));
                vec![Notice::Message(message)]
            }
        }
    }

    fn find(&self, kind: Kind, device: Option<&str>) -> Result<usize, (Reason, String)> {
        let (console, name) = match kind {
            Kind::Line => (Console::Typewriter, "typewriter"),
            Kind::Display(_) => (Console::Display, "display"),
        };
        let Some(device) = device else {
            let free = self.seats.iter().position(|seat| seat.console == console && seat.is_free());
            return free.ok_or_else(|| (Reason::DeviceInUse, format!("No {name} is free.")));
        };
        let called = self.seats.iter().position(|seat| seat.is_called(device));
        let at = called.ok_or_else(|| (Reason::InvalidName, format!("There is no console {device}.")))?;
        match &self.seats[at] {
            seat if seat.console != console => Err((Reason::TypeNameError, format!("{device} is not a {name}."))),
            seat if !seat.is_free() => Err((Reason::DeviceInUse, format!("{device} is in use."))),
            _ => Ok(at),
        }
    }

    /// A terminal is ready: its device has someone at it.
    fn open(&mut self, at: usize, devices: &mut dyn Devices) -> Option<String> {
        let seat = &mut self.seats[at];
        let label = seat.label();
        let Occupant::Terminal { terminal, kind, is_open } = &mut seat.occupant else { return None };
        *is_open = true;
        let device = devices.device(seat.address)?;
        let name = device.kind();
        match *kind {
            Kind::Line => {
                terminal.send(TerminalOutput::Print(s370_arch::ebcdic::from_text(&format!("{name} at {label}"))));
                terminal.send(TerminalOutput::CarrierReturn);
                downcast::<Typewriter>(device)?.connect();
            }
            Kind::Display(terminal_type) => {
                // A display that is turned on has an empty screen, and its keyboard is not locked.
                let wcc = s370_arch::display::six_bit((Wcc::RESTORE_KEYBOARD | Wcc::RESET_MODIFIED).bits());
                terminal.send(TerminalOutput::Record(0, vec![Command::EraseWrite.stream_code(), wcc]));
                downcast::<Display>(device)?.connect(capabilities(terminal_type));
            }
        }
        Some(format!("{} is at {label}, as a {name}", terminal.peer()))
    }

    fn leave(&mut self, at: usize, reason: &str, devices: &mut dyn Devices) -> String {
        let seat = &mut self.seats[at];
        if let Some(device) = devices.device(seat.address) {
            let device: &mut dyn Any = device;
            if let Some(typewriter) = device.downcast_mut::<Typewriter>() {
                typewriter.disconnect();
            } else if let Some(display) = device.downcast_mut::<Display>() {
                display.disconnect();
            }
        }
        seat.occupant = Occupant::Nobody;
        format!("{}: nobody is there now: {reason}", seat.label())
    }
}

fn downcast<T: Device>(device: &mut dyn Device) -> Option<&mut T> {
    let device: &mut dyn Any = device;
    device.downcast_mut()
}

/// What a display is to know of its terminal.
fn capabilities(terminal: TerminalType) -> display::Terminal {
    display::Terminal { alternate: terminal.model.alternate().map(Size::positions), is_extended: terminal.is_extended }
}

/// What a person or a terminal did, done to the device.
fn apply(happened: Happened, terminal: &Terminal, device: &mut dyn Device) {
    let device: &mut dyn Any = device;
    if let Some(typewriter) = device.downcast_mut::<Typewriter>() {
        match happened {
            Happened::Typed(line::Event::Line(line)) => {
                let keyed = typewriter.enter_line(&line);
                if keyed == Keyed::Full {
                    terminal.send(TerminalOutput::Alarm);
                }
            }
            Happened::Typed(line::Event::Request) => typewriter.request(),
            Happened::Typed(line::Event::Cancel) => typewriter.cancel(),
            _ => {}
        }
    } else if let Some(display) = device.downcast_mut::<Display>() {
        match happened {
            Happened::Record(record) => display.inbound(&record),
            Happened::SystemRequest => display.strike(aid::SYSTEM_REQUEST),
            Happened::Written { number, outcome } => display.written(number, outcome_of(outcome)),
            // A local display has no ATTN key.
            _ => {}
        }
    }
}

fn outcome_of(outcome: enhanced::Outcome) -> display::Outcome {
    match outcome {
        enhanced::Outcome::DeviceEnd => display::Outcome::Done,
        enhanced::Outcome::CommandReject => display::Outcome::CommandReject,
        enhanced::Outcome::InterventionRequired | enhanced::Outcome::Disconnected => {
            display::Outcome::InterventionRequired
        }
        enhanced::Outcome::OperationCheck => display::Outcome::OperationCheck,
    }
}

/// What a typewriter shows, shown. Its lights and what was typed at the terminal itself are not.
fn print(output: Output, terminal: &Terminal) {
    match output {
        Output::Typed(text) => terminal.send(TerminalOutput::Print(text)),
        Output::CarrierReturn => terminal.send(TerminalOutput::CarrierReturn),
        Output::Alarm => terminal.send(TerminalOutput::Alarm),
        Output::Proceed | Output::Lock | Output::Read(_) => {}
    }
}

#[cfg(test)]
mod tests;
