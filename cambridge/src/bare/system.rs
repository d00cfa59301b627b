//! The machine that the operator has before them: the bare machine with its devices, switches and counters.

use std::{collections::BTreeMap, fs::File, io::BufWriter, net::SocketAddr, time::Duration};

use devices::{
    channel::{Channels, Timing as ChannelTiming},
    console::typewriter::{Keyed, Typewriter},
    device::Device,
    machine::{BareMachine, End},
};
use s370_arch::{psw::Psw, tod};
use s370_cpu::{
    processor::Engine,
    state::{Model, RunState},
};

use super::{
    clock::{HostTime, tod_at_power_on},
    paper::Paper,
    trace::Trace,
};
use crate::{
    attachment::{self, Adapters},
    configuration::{
        Clock, Configuration, Timing,
        device::{Address, DeviceSpec},
        kinds::Class,
    },
    listener::TerminalEvent,
    panel::model::{Activity, Voice},
    terminals::{Console, Devices, Notice, Seat, Switchboard},
    workshop,
};

/// Interruptions that one instruction can lead to, for the trace.
const INTERRUPTIONS_A_STEP: usize = 8;

/// Instructions that are executed one by one, for a trace or an address stop, before other things get their turn.
const WATCHED: u64 = 20_000;

/// The machine before the operator.
pub struct System {
    /// Processor, storage, channels.
    pub bare: BareMachine,
    /// What is attached, and with which options.
    pub devices: BTreeMap<Address, DeviceSpec>,
    /// The console that is the operator's.
    pub console: Option<Address>,
    /// The instruction address at which the processor is to stop.
    pub address_stop: Option<u32>,
    /// Where every instruction is written.
    pub trace: Option<Trace<BufWriter<File>>>,
    /// The operator asked for the end.
    pub is_ended: bool,
    /// Instructions executed.
    pub instructions: u64,
    /// What the operator is to be told.
    pub notices: Vec<String>,
    /// Who sits at which console.
    switchboard: Switchboard,
    adapters: Adapters,
    paper: Paper,
    host_time: Option<HostTime>,
}

/// The devices that terminals are connected to.
struct Attached<'a>(&'a mut Channels);

impl Devices for Attached<'_> {
    fn device(&mut self, address: u16) -> Option<&mut dyn Device> {
        self.0.any_device(address)
    }
}

impl System {
    /// The machine of a configuration, after power-on reset. What devices want to say about their media is in
    /// [`System::notices`].
    ///
    /// # Errors
    /// A device cannot be made, a file cannot be opened: what and where.
    pub fn new(configuration: &Configuration) -> Result<System, String> {
        let mut model = Model::default();
        model.cpu_id = configuration.processor.cpu_id();
        model.interval_timer = configuration.interval_timer;
        let mut bare = BareMachine::new(configuration.storage, model).map_err(|error| format!("storage: {error}"))?;
        let tod = tod_at_power_on(configuration.clock).map_err(|what| format!("clock: {what}"))?;
        bare.machine.processor.engine = configuration.processor.engine;
        if configuration.processor.engine == Engine::Translator {
            bare.machine.processor.translator_mut().employ(Box::new(workshop::Thread::default()));
        }
        bare.machine.processor.state.set_tod(tod);
        bare.channels.set_timing(match configuration.timing {
            Timing::Quick => ChannelTiming::Quick,
            Timing::Real => ChannelTiming::Real,
        });
        for &(channel, kind) in &configuration.channels {
            bare.channels.set_kind(channel, kind);
        }
        let host_time = matches!(configuration.clock, Clock::Host { .. }).then(HostTime::start);
        if host_time.is_some() {
            bare.use_host_clock();
        }
        let mut system = System {
            bare,
            devices: BTreeMap::new(),
            console: configuration.console,
            address_stop: None,
            trace: None,
            is_ended: false,
            instructions: 0,
            notices: Vec::new(),
            switchboard: Switchboard::default(),
            adapters: Adapters::default(),
            paper: Paper::default(),
            host_time,
        };
        for spec in &configuration.devices {
            let at = if spec.place.file.is_empty() { String::new() } else { format!("{}: ", spec.place) };
            system.attach(spec.clone()).map_err(|what| format!("{at}device {}: {what}", spec.address))?;
        }
        // Typewriters without an operator of their own are for whoever dials in.
        if let Some(console) = system.console {
            system.sit_down_at(console);
        }
        Ok(system)
    }

    /// Attaches a device.
    ///
    /// # Errors
    /// It cannot be made, or its address is taken.
    pub fn attach(&mut self, spec: DeviceSpec) -> Result<(), String> {
        let address = spec.address;
        let built = attachment::build(&spec, &mut self.adapters)?;
        self.bare.channels.attach(spec.address.0, built.device).map_err(|error| error.to_string())?;
        self.notices.extend(built.notes.into_iter().map(|note| format!("{}: {note}", spec.address)));
        self.devices.insert(spec.address, spec);
        self.seat(address);
        Ok(())
    }

    /// Gives a console its seat at the switchboard, anew: the operator's is no terminal's.
    fn seat(&mut self, address: Address) {
        self.switchboard.remove(address.0);
        let Some(spec) = self.devices.get(&address) else { return };
        let console = match spec.kind.class {
            Class::Typewriter => Console::Typewriter,
            Class::Display => Console::Display,
            _ => return,
        };
        let is_operators = self.console == Some(address);
        let mut seat = if is_operators { Seat::reserved } else { Seat::new }(address.0, console);
        seat.name = spec.options.word("lu").map(str::to_owned);
        self.switchboard.add(seat);
    }

    /// Something happened at a terminal.
    pub fn heed(&mut self, event: TerminalEvent) {
        for notice in self.switchboard.heed(event, &mut Attached(&mut self.bare.channels)) {
            match notice {
                Notice::Changed(address) => self.bare.touched(address),
                Notice::Message(text) => self.notices.push(text),
            }
        }
    }

    /// Sends terminals what their consoles have to show.
    pub fn flush_terminals(&mut self) {
        self.switchboard.flush(&mut Attached(&mut self.bare.channels));
        // A write may have waited for that.
        let occupied: Vec<u16> = self.switchboard.occupants().map(|(address, ..)| address).collect();
        occupied.into_iter().for_each(|address| self.bare.touched(address));
    }

    /// Where the terminal at a console comes from.
    #[must_use]
    pub fn visitor(&self, console: Address) -> Option<SocketAddr> {
        let mut occupants = self.switchboard.occupants();
        occupants.find(|(address, ..)| *address == console.0).map(|(_, _, terminal)| terminal.peer())
    }

    /// Detaches a device.
    ///
    /// # Errors
    /// There is none, or it is busy and this is not `forced`.
    pub fn detach(&mut self, address: Address, forced: bool) -> Result<(), String> {
        self.finish(address);
        let channels = &mut self.bare.channels;
        let detached = if forced { channels.detach_forced(address.0) } else { channels.detach(address.0) };
        let device = detached.map_err(|error| error.to_string())?;
        if let Some(spec) = self.devices.remove(&address) {
            self.adapters.detached(address, &spec.options, device);
        }
        self.seat(address);
        if self.console == Some(address) {
            self.console = None;
        }
        Ok(())
    }

    /// Finishes what a device has in a host file.
    fn finish(&mut self, address: Address) {
        let Some(spec) = self.devices.get(&address) else { return };
        let notes = attachment::finish(&mut self.bare, address, spec.kind.class);
        self.notices.extend(notes.into_iter().map(|note| format!("{address}: {note}")));
    }

    /// To be called before the machine is switched off: finishes what devices have in host files. What there is to be said
    /// of that is in [`System::notices`].
    pub fn finish_all(&mut self) {
        let addresses: Vec<Address> = self.devices.keys().copied().collect();
        addresses.into_iter().for_each(|address| self.finish(address));
    }

    /// The device at an address.
    ///
    /// # Errors
    /// There is none.
    pub fn spec(&self, address: Address) -> Result<&DeviceSpec, String> {
        self.devices.get(&address).ok_or_else(|| format!("there is no device {address}"))
    }

    /// Makes this console the operator's.
    pub fn sit_down_at(&mut self, console: Address) {
        if let Some(before) = self.console.replace(console)
            && before != console
            && let Some(typewriter) = self.bare.channels.device::<Typewriter>(before.0)
        {
            typewriter.disconnect();
            self.bare.touched(before.0);
            self.seat(before);
        }
        self.seat(console);
        if let Some(typewriter) = self.bare.channels.device::<Typewriter>(console.0) {
            typewriter.connect();
            self.bare.touched(console.0);
        }
    }

    /// The only console typewriter, or the one that the operator has already.
    #[must_use]
    pub fn likely_console(&self) -> Option<Address> {
        self.console.or_else(|| {
            self.devices.values().find(|spec| spec.kind.class == Class::Typewriter).map(|spec| spec.address)
        })
    }

    fn with_console<R>(&mut self, act: impl FnOnce(&mut Typewriter) -> R) -> Option<R> {
        let address = self.console?.0;
        let result = act(self.bare.channels.device(address)?);
        self.bare.touched(address);
        Some(result)
    }

    /// Types a line on the operator's console and presses END; REQUEST before it unless PROCEED is lit.
    ///
    /// # Errors
    /// There is no console, or the line cannot be typed.
    pub fn type_line(&mut self, line: &str) -> Result<(), String> {
        let mut codes = Vec::with_capacity(line.len());
        for character in line.chars() {
            let code = s370_arch::ebcdic::from_char(character);
            codes.push(code.ok_or_else(|| format!("the console has no key for {character:?}"))?);
        }
        match self.with_console(|typewriter| typewriter.enter_line(&codes)) {
            Some(Keyed::Read | Keyed::Ahead) => Ok(()),
            Some(Keyed::Full) => Err("too many lines are typed ahead: this one is lost".to_owned()),
            None => Err("the operator has no console".to_owned()),
        }
    }

    /// The console's REQUEST key: attention.
    ///
    /// # Errors
    /// There is no console.
    pub fn request_key(&mut self) -> Result<(), String> {
        self.with_console(Typewriter::request).ok_or_else(|| "the operator has no console".to_owned())
    }

    /// The console's CANCEL key.
    ///
    /// # Errors
    /// There is no console.
    pub fn cancel_key(&mut self) -> Result<(), String> {
        self.with_console(Typewriter::cancel).ok_or_else(|| "the operator has no console".to_owned())
    }

    /// Whether the operator's console waits for a line.
    #[must_use]
    pub fn is_proceed(&mut self) -> bool {
        let Some(console) = self.console else { return false };
        self.bare.channels.device::<Typewriter>(console.0).is_some_and(|typewriter| typewriter.is_proceed())
    }

    /// What was typed on the operator's console, and by whom, since this was last asked.
    pub fn take_typed(&mut self) -> Vec<(Voice, String)> {
        let Some(console) = self.console else { return Vec::new() };
        let output = match self.bare.channels.device::<Typewriter>(console.0) {
            Some(typewriter) => typewriter.take_output(),
            None => return Vec::new(),
        };
        if output.is_empty() {
            return Vec::new();
        }
        // A write may have waited for that.
        self.bare.touched(console.0);
        self.paper.text(&output)
    }

    /// What there is to tell the operator since this was last asked.
    pub fn take_notices(&mut self) -> Vec<String> {
        let from_devices = self.bare.channels.take_messages();
        self.notices.extend(from_devices.into_iter().map(|(address, text)| format!("{}: {text}", Address(address))));
        std::mem::take(&mut self.notices)
    }

    /// Lets the host's time pass.
    pub fn pass_time(&mut self) {
        if let Some(time) = self.host_time {
            self.bare.set_time(time.now());
        }
    }

    /// How long it takes the host until this time of the machine.
    #[must_use]
    pub fn until(&self, time: u64) -> Duration {
        self.host_time.map_or(Duration::ZERO, |host| host.until(time))
    }

    /// When channels or timers will next bring something about, in TOD-clock units since power-on; none if never.
    #[must_use]
    pub fn next_event(&self) -> Option<u64> {
        let next = self.bare.machine.processor.next_event_time(&self.bare.channels);
        (next != u64::MAX).then_some(next)
    }

    /// Whether the machine's time is the host's.
    #[must_use]
    pub fn has_host_clock(&self) -> bool {
        self.host_time.is_some()
    }

    /// Runs for about so many instructions.
    pub fn run(&mut self, budget: u64) -> End {
        self.pass_time();
        if self.trace.is_some() || self.address_stop.is_some() {
            return self.run_watched(budget.min(WATCHED));
        }
        let (executed, end) = self.bare.run(budget);
        self.instructions += executed;
        end
    }

    fn run_watched(&mut self, budget: u64) -> End {
        for _ in 0..budget {
            let before = self.instructions;
            let end = self.one();
            if end != End::Budget {
                return end;
            }
            let state = self.bare.state();
            if self.instructions != before && self.address_stop == Some(state.psw.address) && !state.psw.wait {
                self.notices.push(format!("Address stop at {:06X}.", state.psw.address));
                return self.stop();
            }
            self.pass_time();
        }
        End::Budget
    }

    /// One instruction, or the end of one wait, written to the trace.
    fn one(&mut self) -> End {
        let machine = &mut self.bare.machine;
        machine.log.taken.clear();
        machine.log.capacity = if self.trace.is_some() { INTERRUPTIONS_A_STEP } else { 0 };
        let (executed, end) = self.bare.run(1);
        self.instructions += executed;
        if let Some(trace) = &mut self.trace {
            trace.show(&self.bare.machine, executed, 0);
        }
        self.bare.machine.log.capacity = 0;
        end
    }

    /// Executes one instruction, or ends one wait, and stops. Gives the trace of it.
    pub fn step(&mut self) -> (End, String) {
        self.pass_time();
        let mut written = Vec::new();
        self.bare.machine.log.taken.clear();
        self.bare.machine.log.capacity = INTERRUPTIONS_A_STEP;
        let mut trace = Trace::new(&self.bare.machine, &mut written);
        self.bare.start();
        let (executed, end) = self.bare.run(1);
        let state = &mut self.bare.machine.processor.state;
        if state.run_state == RunState::Operating {
            state.run_state = RunState::Stopped;
        }
        trace.show(&self.bare.machine, executed, 0);
        // A vector takes what is written.
        drop(trace.finish());
        self.bare.machine.log.capacity = 0;
        self.instructions += executed;
        (end, String::from_utf8_lossy(&written).into_owned())
    }

    /// Sets the interval-timer switch. The timer does not catch up with the time in which it was off.
    pub fn switch_interval_timer(&mut self, on: bool) {
        let state = &mut self.bare.machine.processor.state;
        if on && !state.model.interval_timer {
            // 1/300ths of a second, as the processor counts them.
            state.interval_timer_ticks = (u128::from(state.time) * 300 / u128::from(tod::SECOND)) as u64;
        }
        state.model.interval_timer = on;
    }

    /// The stop key: the processor is in the stopped state afterwards, unless it is check-stopped.
    pub fn stop(&mut self) -> End {
        self.bare.stop();
        self.bare.run(0).1
    }

    /// What the processor is doing.
    #[must_use]
    pub fn activity(&self) -> Activity {
        let state = self.bare.state();
        match state.run_state {
            RunState::CheckStop => Activity::CheckStop,
            RunState::Stopped => Activity::Stopped,
            RunState::Operating | RunState::Stopping { .. } if !state.psw.wait => Activity::Running,
            RunState::Operating | RunState::Stopping { .. } if is_enabled(&state.psw) => Activity::Waiting,
            RunState::Operating | RunState::Stopping { .. } => Activity::DisabledWait,
        }
    }
}

/// Whether anything outside may interrupt.
fn is_enabled(psw: &Psw) -> bool {
    psw.external() || psw.io_channels(u32::MAX) != 0
}
