//! A session at the machine: from options to a machine with its operator, and the exit status.

use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
};

use clap::Args;
use devices::{dasd::geometry::Model as Pack, media::disk};

use super::{
    run_loop::{Display, Ended, Event, RunLoop},
    signals,
    system::System,
};
use crate::{
    configuration::{
        self, Configuration,
        device::{Address, DeviceSpec, Options as DeviceOptions, Setting, Value},
        kinds::Kind,
        problem::{Place, Problem},
        variables::{Variables, parse_definition},
    },
    files::{HostFile, Purpose},
    listener::{Listener, TerminalEvent},
    operator,
    panel::{
        model::{Activity, Voice},
        plain::{self, Plain},
        screen::Screen,
    },
    script::{EXIT_FAILURE, EXIT_WRONG, Runner, Script, parse::Action},
};

/// The options of a program without devices, which mean nothing here.
const OF_A_PROGRAM: [&str; 14] =
    ["load", "psw", "gr", "fpr", "cr", "key", "storage", "tod", "until", "limit", "dump", "trace", "json", "engine"];

/// The options of a machine with devices.
#[derive(Debug, Clone, Default, Args)]
pub struct MachineOptions {
    /// A machine with devices: machine.toml, or a configuration file of Hercules
    #[arg(long, value_name = "FILE", help_heading = "A machine with devices", conflicts_with_all = OF_A_PROGRAM)]
    pub config: Option<PathBuf>,
    /// IPL from this device of the configuration; without --config, a deck, reel or pack to IPL from
    #[arg(long, value_name = "ADDR|FILE", help_heading = "A machine with devices", conflicts_with_all = OF_A_PROGRAM)]
    pub ipl: Option<PathBuf>,
    /// An unattended run: obey this script
    #[arg(long, value_name = "FILE", help_heading = "A machine with devices", conflicts_with_all = OF_A_PROGRAM)]
    pub script: Option<PathBuf>,
    /// The value of ${NAME} in the configuration and in the script (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_definition, help_heading = "A machine with devices")]
    pub set: Vec<(String, String)>,
    /// No screen: lines in, lines out
    #[arg(long, help_heading = "A machine with devices")]
    pub plain: bool,
}

/// Where what is to be IPLed goes, if there is no configuration that says so.
const READER: Address = Address(0x00C);
const PUNCH: Address = Address(0x00D);
const PRINTER: Address = Address(0x00E);
const CONSOLE: Address = Address(0x01F);
const TAPE: Address = Address(0x180);
const DISK: Address = Address(0x150);

impl MachineOptions {
    /// Whether any of them was given.
    #[must_use]
    pub fn are_given(&self) -> bool {
        self.config.is_some() || self.ipl.is_some() || self.script.is_some() || self.plain || !self.set.is_empty()
    }

    fn variables(&self) -> Variables {
        Variables { set: self.set.iter().cloned().collect(), environment: true }
    }

    /// The configuration, and the device to IPL from.
    fn configuration(&self) -> Result<(Configuration, Option<Address>), String> {
        let Some(config) = &self.config else {
            return match &self.ipl {
                Some(file) => with_medium(file).map(|(configuration, address)| (configuration, Some(address))),
                None => Ok((default_machine(), None)),
            };
        };
        let configuration = Configuration::load(config, &self.variables()).map_err(|problems| problems.to_string())?;
        let ipl = match &self.ipl {
            None => None,
            Some(address) => Some(address.to_string_lossy().parse().map_err(|what| format!("--ipl: {what}"))?),
        };
        Ok((configuration, ipl))
    }

    fn script(&self) -> Result<Option<Script>, String> {
        let Some(file) = &self.script else { return Ok(None) };
        let name = file.display().to_string();
        let text = configuration::read_text(file).map_err(|what| format!("{name}: {what}"))?;
        let base = file.parent().unwrap_or(Path::new(""));
        Script::parse(&name, &text, base, &self.variables()).map(Some).map_err(|problems| problems.to_string())
    }

    /// Everything that the options ask for: the machine is on, and nothing has happened yet.
    fn prepare(&self) -> Result<Session, String> {
        let (mut configuration, ipl) = self.configuration()?;
        let script = self.script()?;
        if script.is_some() && configuration.console.is_none() {
            configuration.console = first_typewriter(&configuration);
        }
        let mut system = System::new(&configuration)?;
        system.notices.splice(..0, configuration.warnings.iter().map(ToString::to_string));
        let (events, outside) = mpsc::channel();
        let listening = configuration.listen.map(|address| listen(address, events.clone())).transpose()?;
        if let Some((listener, _)) = &listening {
            system.notices.push(format!("Terminals can connect to {}.", listener.address()));
        }
        Ok(Session { system, ipl, script, events, outside, listening })
    }

    /// Sets the machine up and runs it until it is switched off.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let wrong = |what: &dyn std::fmt::Display| {
            eprintln!("cambridge bare: {what}");
            ExitCode::from(EXIT_WRONG)
        };
        let session = match self.prepare() {
            Ok(session) => session,
            Err(what) => return wrong(&what),
        };
        if let Err(error) = signals::listen(session.events.clone()) {
            return wrong(&format_args!("the host's signals: {error}"));
        }
        if session.script.as_ref().is_some_and(|script| !stays(script)) {
            return exit_code(session.run(&mut Plain::new(io::stdout(), io::stderr()), false));
        }
        if self.plain || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            plain::listen(session.events.clone());
            return exit_code(session.run(&mut Plain::new(io::stdout(), io::stderr()), true));
        }
        let ended = match Screen::start(session.events.clone()) {
            Ok(mut screen) => session.run(&mut screen, true),
            Err(error) => return wrong(&format_args!("the terminal: {error}")),
        };
        exit_code(ended)
    }

    /// An unattended run: sets the machine up, and runs it until the script ends or nobody is left who could do anything.
    ///
    /// # Errors
    /// What is wrong with the options, the configuration or the script.
    pub fn unattended(&self, display: &mut dyn Display) -> Result<Ended, String> {
        Ok(self.prepare()?.run(display, false))
    }
}

/// Listens for terminals. For each event of theirs another one wakes the machine.
fn listen(address: SocketAddr, events: Sender<Event>) -> Result<(Listener, Receiver<TerminalEvent>), String> {
    // A waker may be called from several threads.
    let events = Mutex::new(events);
    let wake = move || {
        if let Ok(events) = events.lock() {
            // An error means that the machine is off.
            drop(events.send(Event::Terminal));
        }
    };
    Listener::start(address, wake).map_err(|error| error.to_string())
}

/// Whether a script hands over to the operator.
fn stays(script: &Script) -> bool {
    script.statements.iter().any(|statement| matches!(statement.action, Action::Stay))
}

fn first_typewriter(configuration: &Configuration) -> Option<Address> {
    let mut typewriters =
        configuration.devices.iter().filter(|device| device.kind.class == configuration::kinds::Class::Typewriter);
    typewriters.next().map(|device| device.address)
}

/// A machine, ready to be run.
struct Session {
    system: System,
    ipl: Option<Address>,
    script: Option<Script>,
    events: Sender<Event>,
    outside: Receiver<Event>,
    listening: Option<(Listener, Receiver<TerminalEvent>)>,
}

impl Session {
    fn run(mut self, display: &mut dyn Display, has_operator: bool) -> Ended {
        for notice in self.system.take_notices() {
            display.text(Voice::Message, &format!("{notice}\n"));
        }
        if let Some(address) = self.ipl
            && let Err(error) = operator::obey(&mut self.system, &format!("ipl {address}"))
        {
            display.text(Voice::Message, &format!("{error}\n"));
            if !has_operator {
                return Ended::Script(EXIT_FAILURE);
            }
        }
        if has_operator && self.ipl.is_none() && self.script.is_none() {
            display
                .text(Voice::Message, "The machine is on. /help lists the commands; /ipl and an address starts it.\n");
        }
        let (_listener, terminals) = self.listening.unzip();
        RunLoop {
            system: self.system,
            events: self.outside,
            display,
            script: self.script.map(Runner::new),
            has_operator,
            terminals,
        }
        .run()
    }
}

fn exit_code(ended: Ended) -> ExitCode {
    match ended {
        Ended::Quit | Ended::Nobody(Activity::Waiting | Activity::DisabledWait) => ExitCode::SUCCESS,
        Ended::Script(status) => ExitCode::from(status),
        Ended::Signal(signal) => ExitCode::from(signals::status(signal)),
        Ended::Nobody(activity) => {
            eprintln!("cambridge bare: the processor is in the state {:?}", activity.name());
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

/// The machine without a configuration: a console, a reader, a punch, a printer.
fn default_machine() -> Configuration {
    let mut configuration = Configuration { console: Some(CONSOLE), ..Configuration::default() };
    for (address, name) in [(CONSOLE, "3215"), (READER, "3505"), (PUNCH, "3525"), (PRINTER, "1403")] {
        configuration.devices.extend(device(address, name, &[]));
    }
    configuration
}

fn device(address: Address, name: &str, settings: &[(&str, Value)]) -> Option<DeviceSpec> {
    let kind = Kind::named(name).ok()?;
    let settings: Vec<Setting> = settings
        .iter()
        .map(|(name, value)| Setting { name: (*name).to_owned(), value: value.clone(), place: Place::default() })
        .collect();
    let options = DeviceOptions::check(kind.class, &settings, Path::new(""), false).ok()?;
    Some(DeviceSpec { address, kind, options, place: Place::default() })
}

/// The default machine with this file in the device that it is for.
fn with_medium(file: &Path) -> Result<(Configuration, Address), String> {
    let mut configuration = default_machine();
    let name = Value::Text(file.to_string_lossy().into_owned());
    let device = match recognize(file)? {
        Medium::Deck => {
            configuration.devices.retain(|device| device.address != READER);
            device(READER, "3505", &[("decks", name), ("eof", Value::Flag(true))])
        }
        Medium::Reel => device(TAPE, "3420", &[("file", name)]),
        Medium::Pack(model) => device(DISK, model.name, &[("file", name)]),
    };
    let device = device
        .ok_or_else(|| Problem::new(&Place::default(), format!("{}: no device has it", file.display())).to_string())?;
    let address = device.address;
    configuration.devices.push(device);
    Ok((configuration, address))
}

/// What a file is.
enum Medium {
    Deck,
    Reel,
    Pack(&'static Pack),
}

/// Finds out what a file is: a pack has a header, an AWSTAPE or HET image begins with that of a first block; anything else
/// is a deck.
fn recognize(file: &Path) -> Result<Medium, String> {
    let mut opened = HostFile::open(file, Purpose::Read).map_err(|error| error.to_string())?;
    let header = disk::recognize(&mut opened).map_err(|error| error.to_string())?;
    if let Some(header) = header {
        // The drive becomes the model that the pack is of, if it is of the same type.
        let model = Pack::of_image(header.shape(), 1)
            .ok_or_else(|| format!("{}: a pack of no drive that there is", file.display()))?;
        return Ok(Medium::Pack(model));
    }
    let mut start = [0; 6];
    let length = devices::media::Medium::read_at(&mut opened, 0, &mut start).map_err(|error| error.to_string())?;
    // Nothing came before the first block, which has a beginning and an end.
    let is_reel = length == start.len() && start[2..4] == [0, 0] && start[4] & 0xA0 != 0 && start[..2] != [0, 0];
    let is_named_reel = file.extension().is_some_and(|extension| {
        ["aws", "het", "fkt", "tape"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    Ok(if is_reel || is_named_reel { Medium::Reel } else { Medium::Deck })
}
