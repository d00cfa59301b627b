//! The machine's side: devices with a listener in front of them, and channel commands given by hand.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use cambridge::{
    listener::{Listener, Settings, TerminalEvent},
    terminals::{Console, Devices, Notice, Seat, Switchboard},
};
use devices::{
    area::Area,
    console::{
        display::{self, Display},
        typewriter::{self, Typewriter, Unattended},
    },
    device::{Command, Device, Initial, Progress},
};
use s370_arch::channel::UnitStatus;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The typewriter's address.
pub const TYPEWRITER: u16 = 0x1F;
/// The displays' addresses.
pub const DISPLAYS: [u16; 2] = [0xC0, 0xC1];

struct Machine(BTreeMap<u16, Box<dyn Device>>);

impl Devices for Machine {
    fn device(&mut self, address: u16) -> Option<&mut dyn Device> {
        self.0.get_mut(&address).map(|device| &mut **device)
    }
}

/// A machine with a 3215 and two 3278s.
pub struct Host {
    listener: Option<Listener>,
    events: mpsc::Receiver<TerminalEvent>,
    machine: Machine,
    switchboard: Switchboard,
    pub messages: Vec<String>,
    pub wakes: Arc<Mutex<u32>>,
}

impl Host {
    pub fn new(settings: Settings) -> Host {
        let wakes = Arc::new(Mutex::new(0));
        let counted = wakes.clone();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let waker = move || *counted.lock().expect("a count") += 1;
        let (listener, events) = Listener::start_with(any_port, settings, waker).expect("a socket");
        let typewriter = Typewriter::new(typewriter::Model::M3215, Unattended::NotReady);
        let mut machine = Machine(BTreeMap::from([(TYPEWRITER, Box::new(typewriter) as Box<dyn Device>)]));
        let mut seats = vec![Seat::new(TYPEWRITER, Console::Typewriter)];
        for address in DISPLAYS {
            machine.0.insert(address, Box::new(Display::new(display::Model::M3278)));
            seats.push(Seat::new(address, Console::Display));
        }
        let switchboard = Switchboard::new(seats);
        Host { listener: Some(listener), events, machine, switchboard, messages: Vec::new(), wakes }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.as_ref().expect("a listener").address()
    }

    /// Stops listening.
    pub fn stop(&mut self) {
        self.listener = None;
    }

    pub fn device(&mut self, address: u16) -> &mut dyn Device {
        self.machine.device(address).expect("a device")
    }

    /// Heeds events until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Host) -> bool) {
        const STEP: Duration = Duration::from_millis(20);
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.switchboard.flush(&mut self.machine);
            if is_so(self) {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}; messages: {:?}", self.messages);
            // What is waited for may be outside of the machine: look again soon.
            if let Ok(event) = self.events.recv_timeout(STEP) {
                for notice in self.switchboard.heed(event, &mut self.machine) {
                    if let Notice::Message(message) = notice {
                        self.messages.push(message);
                    }
                }
            }
        }
    }

    /// Waits until a device presents status by itself.
    #[track_caller]
    pub fn unsolicited(&mut self, address: u16) -> UnitStatus {
        let mut status = UnitStatus::empty();
        self.until("unsolicited status", |host| {
            status = host.device(address).take_unsolicited();
            !status.is_empty()
        });
        status
    }

    /// Runs a command to its end.
    #[track_caller]
    fn run(&mut self, address: u16, code: u8, area: &mut Area) -> UnitStatus {
        match self.device(address).start(Command { code, chained: false, now: 0 }) {
            Initial::Ended(ending) => return ending.status,
            Initial::Accepted(_) => {}
        }
        loop {
            self.until("the end of the command", |host| host.device(address).is_ready());
            if let Progress::Ended(ending) = self.device(address).transfer(area, 0) {
                return ending.status;
            }
        }
    }

    #[track_caller]
    pub fn write(&mut self, address: u16, code: u8, data: &[u8]) -> UnitStatus {
        self.run(address, code, &mut Area::of(data))
    }

    #[track_caller]
    pub fn read(&mut self, address: u16, code: u8) -> (UnitStatus, Vec<u8>) {
        const COUNT: usize = 8192;
        let mut area = Area::empty(COUNT);
        let status = self.run(address, code, &mut area);
        (status, area.read().to_vec())
    }
}
